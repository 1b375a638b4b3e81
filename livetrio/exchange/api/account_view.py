"""What an account has, as the wire has it: positions and margin, spot balances (§4.11, §4.12, §4.15)."""

from __future__ import annotations

from typing import Any

from livetrio.exchange.api.texts import px_text, ratio_text, sz_text, token_text, usd_text
from livetrio.exchange.chain.account import Account, Position
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Perp
from livetrio.exchange.chain.margin import (
    account_value,
    available_to_trade,
    cross_margin_used,
    isolated_value,
    liquidation_px,
    maintenance_margin,
    margin_used,
    withdrawable,
)
from livetrio.exchange.chain.money import usdc_value
from livetrio.exchange.chain.units import RATE_DECIMALS, USD_DECIMALS

View = dict[str, Any]


# Perpetuals.


def clearinghouse_state(ledger: Ledger, account: Account) -> View:
    """Positions and margin (§4.11). Perpetuals without a position are not told of."""
    held = _held(ledger, account)
    isolated = [(perp, position) for perp, position in held if not position.is_cross]
    cross_ntl = sum(_ntl(ledger, perp, position) for perp, position in held if position.is_cross)
    isolated_ntl = sum(_ntl(ledger, perp, position) for perp, position in isolated)
    own_cash = sum(position.cash for _, position in isolated)
    own_value = sum(isolated_value(ledger, perp.asset, position) for perp, position in isolated)
    value, used = account_value(ledger, account), cross_margin_used(ledger, account)
    return {
        "marginSummary": _summary(
            value + own_value, cross_ntl + isolated_ntl, account.cash + own_cash, used + own_value
        ),
        "crossMarginSummary": _summary(value, cross_ntl, account.cash, used),
        "crossMaintenanceMarginUsed": usd_text(maintenance_margin(ledger, account)),
        "withdrawable": usd_text(withdrawable(ledger, account)),
        "assetPositions": [
            {"type": "oneWay", "position": _position(ledger, account, perp, position)}
            for perp, position in held
        ],
        "time": ledger.time,
    }


def _held(ledger: Ledger, account: Account) -> list[tuple[Perp, Position]]:
    """By asset, those that are not flat."""
    perps = ledger.listing.perps
    return [(perps[asset], position) for asset, position in sorted(account.positions.items()) if position.szi]


def _ntl(ledger: Ledger, perp: Perp, position: Position) -> int:
    return abs(position.szi) * ledger.marks[perp.asset]


def _summary(value: int, ntl: int, cash: int, used: int) -> View:
    return {
        "accountValue": usd_text(value),
        "totalNtlPos": usd_text(ntl),
        "totalRawUsd": usd_text(cash),
        "totalMarginUsed": usd_text(used),
    }


def _position(ledger: Ledger, account: Account, perp: Perp, position: Position) -> View:
    """A position; its entry price is rounded to the decimals of the price grid, half to even, as a position
    recorded on mainnet has it (2026-07-30: 1000000 at 53751.452781 in all, ``entryPx`` 0.053751).

    The return is that on the initial margin at the entry prices, as the page's sample has it (§4.11).
    """
    asset, size = perp.asset, abs(position.szi)
    leverage = ledger.leverage(account, asset).value
    ntl, entry = _ntl(ledger, perp, position), position.entry_ntl
    pnl = ntl - entry if position.szi > 0 else entry - ntl
    liquidation = liquidation_px(ledger, account, asset)
    return {
        "coin": perp.coin,
        "szi": sz_text(perp, position.szi),
        "leverage": _leverage(leverage, None if position.is_cross else position.cash),
        "entryPx": ratio_text(entry, size * 10**perp.px_decimals, perp.px_decimals),
        "positionValue": usd_text(ntl),
        "unrealizedPnl": usd_text(pnl),
        "returnOnEquity": ratio_text(pnl * leverage, entry, RATE_DECIMALS),
        "liquidationPx": None if liquidation is None else px_text(perp, liquidation),
        "marginUsed": usd_text(margin_used(ledger, account, asset)),
        "maxLeverage": perp.max_leverage,
        "cumFunding": {
            "allTime": usd_text(position.funding_all_time),
            "sinceOpen": usd_text(position.funding_since_open),
            "sinceChange": usd_text(position.funding_since_change),
        },
    }


def _leverage(value: int, raw_usd: int | None) -> View:
    """Cross, or with money of its own, isolated."""
    if raw_usd is None:
        return {"type": "cross", "value": value}
    return {"type": "isolated", "value": value, "rawUsd": usd_text(raw_usd)}


def active_asset_data(ledger: Ledger, account: Account, perp: Perp) -> View:
    """How an account trades a perpetual, and how much more of it could be bought and sold (§2.5)."""
    asset, mark = perp.asset, ledger.marks[perp.asset]
    setting = ledger.leverage(account, asset)
    position = account.positions.get(asset)
    raw_usd = None if setting.is_cross else 0 if position is None else position.cash
    available = [available_to_trade(ledger, account, asset, is_buy=is_buy) for is_buy in (True, False)]
    return {
        "user": account.address,
        "coin": perp.coin,
        "leverage": _leverage(setting.value, raw_usd),
        "maxTradeSzs": [sz_text(perp, usd * setting.value // mark) for usd in available],
        "availableToTrade": [usd_text(usd) for usd in available],
        "markPx": px_text(perp, mark),
    }


# Spot.


def spot_state(ledger: Ledger, account: Account) -> View:
    """Spot balances, what orders hold included (§4.12).

    What an account has nothing of is not told of; but USDC is, as soon as there is anything.
    """
    usdc = ledger.listing.usdc
    has_any = any(account.balances.values()) or any(account.holds.values())
    balances = []
    for token in ledger.listing.tokens:
        total, hold = account.balances.get(token.index, 0), account.holds.get(token.index, 0)
        if total or hold or (token is usdc and has_any):
            entry = 0 if token is usdc else account.entry_ntls.get(token.index, 0)
            balances.append(
                {
                    "coin": token.name,
                    "token": token.index,
                    "hold": token_text(token, hold),
                    "total": token_text(token, total),
                    "entryNtl": token_text(usdc, entry),
                }
            )
    return {"balances": balances}


# Together.


def perp_value(ledger: Ledger, account: Account) -> int:
    """What perpetual money and all positions are worth together, millionths of a USD."""
    held = _held(ledger, account)
    isolated = sum(isolated_value(ledger, perp.asset, each) for perp, each in held if not each.is_cross)
    return account_value(ledger, account) + isolated


def spot_value(ledger: Ledger, account: Account) -> int:
    """What its spot balances are worth at the marks, millionths of a USD."""
    wei = sum(
        usdc_value(ledger, token, account.balances.get(token.index, 0)) for token in ledger.listing.tokens
    )
    return int(wei // 10 ** (ledger.listing.usdc.wei_decimals - USD_DECIMALS))
