"""Events of an account as the wire has them: fills, funding, transfers, liquidations (§2.5, §4.9-4.13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livetrio.exchange.api.texts import px_text, rate_text, side_text, sz_text, usd_text
from livetrio.exchange.chain.events import Fill, FundingPaid, LedgerUpdate, Liquidated
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import SpotPair
from livetrio.exchange.chain.placing import average_price
from livetrio.exchange.chain.units import SPOT_DECIMALS, USD_DECIMALS, format_units

View = dict[str, Any]

NO_HASH = "0x" + "0" * 64
"""Of what no transaction did."""


# Fills.


def fill_view(ledger: Ledger, fill: Fill) -> View:
    """A fill, its fields in the order of those captured on mainnet (2026-07-25; with a builder's fee, a
    client order id and a liquidation: 2026-02-01, 2026-06-28)."""
    order = fill.order
    instrument = order.instrument
    token = ledger.listing.tokens[fill.fee_token]
    fee_decimals = USD_DECIMALS if instrument.is_perp else token.wei_decimals
    view: View = {
        "coin": instrument.coin,
        "px": px_text(instrument, fill.px),
        "sz": sz_text(instrument, fill.sz),
        "side": side_text(order.is_buy),
        "time": fill.time,
        "startPosition": format_units(fill.start_position, _position_decimals(fill)),
        "dir": fill.dir,
        "closedPnl": format_units(fill.closed_pnl, _pnl_decimals(fill)),
        "hash": fill.tx,
        "oid": order.oid,
        "crossed": fill.is_taker,
        "fee": format_units(fill.fee, fee_decimals),
    }
    if fill.builder_fee:
        view["builderFee"] = format_units(fill.builder_fee, fee_decimals)
    view["tid"] = fill.tid
    if order.cloid is not None:
        view["cloid"] = order.cloid
    if fill.liquidated is not None:
        view["liquidation"] = {
            "liquidatedUser": fill.liquidated.address,
            "markPx": px_text(instrument, fill.liquidation_mark),
            "method": "backstop" if fill.is_backstop else "market",
        }
    view["feeToken"] = token.name
    view["twapId"] = None
    return view


def fill_views(ledger: Ledger, fills: Sequence[Fill], *, aggregate: bool = False) -> list[View]:
    """Several fills; if wanted, those that an order had in one block as one (§4.9).

    Args:
      ledger: for the names of tokens.
      fills: the newest first, or last.
      aggregate: whether to put them together. So it is for a resting order, too, that was matched several
        times in a block (docs page *info-endpoint*, 2026-08-22).
    """
    if not aggregate:
        return [fill_view(ledger, fill) for fill in fills]
    groups: dict[tuple[int, int, bool], list[Fill]] = {}
    for fill in fills:
        groups.setdefault((fill.order.oid, fill.time, fill.is_taker), []).append(fill)
    return [_merged_view(ledger, group) for group in groups.values()]


def _merged_view(ledger: Ledger, fills: list[Fill]) -> View:
    """The sum of several fills of one order; its number is that of the first of them."""
    buys = fills[0].order.is_buy
    first = min(fills, key=lambda fill: fill.start_position if buys else -fill.start_position)
    view = fill_view(ledger, first)
    if len(fills) == 1:
        return view
    instrument = first.order.instrument
    sz = sum(fill.sz for fill in fills)
    view["px"] = average_price(sum(fill.px * fill.sz for fill in fills), sz, instrument.px_decimals)
    view["sz"] = sz_text(instrument, sz)
    if len({fill.dir for fill in fills}) > 1:
        view["dir"] = "Short > Long" if buys else "Long > Short"
    view["closedPnl"] = format_units(sum(fill.closed_pnl for fill in fills), _pnl_decimals(first))
    decimals = USD_DECIMALS if instrument.is_perp else ledger.listing.tokens[first.fee_token].wei_decimals
    view["fee"] = format_units(sum(fill.fee for fill in fills), decimals)
    if "builderFee" in view:
        view["builderFee"] = format_units(sum(fill.builder_fee for fill in fills), decimals)
    return view


def _position_decimals(fill: Fill) -> int:
    """A pair's position is its base token's whole balance [docs page *subscriptions*: 10659.65434798]."""
    instrument = fill.order.instrument
    if isinstance(instrument, SpotPair):
        return instrument.base.wei_decimals
    return instrument.sz_decimals


def _pnl_decimals(fill: Fill) -> int:
    """A pair's has eight decimals [a client's captures, 2026-10]."""
    return USD_DECIMALS if fill.order.instrument.is_perp else SPOT_DECIMALS


# Money.


def funding_view(paid: FundingPaid) -> View:
    """An hour's funding, as on the socket (§2.5)."""
    perp = paid.perp
    return {
        "time": paid.time,
        "coin": perp.coin,
        "usdc": usd_text(paid.usdc),
        "szi": sz_text(perp, paid.szi),
        "fundingRate": rate_text(paid.rate),
        "nSamples": None,
    }


def nested_funding_view(paid: FundingPaid) -> View:
    """The same as ``userFunding`` has it (§4.13). It belongs to no transaction."""
    delta = funding_view(paid)
    time = delta.pop("time")
    return {"time": time, "hash": NO_HASH, "delta": {"type": "funding", **delta}}


def ledger_view(update: LedgerUpdate) -> View:
    """Money that came, went or moved."""
    return {"time": update.time, "hash": update.tx, "delta": update.delta}


def liquidation_view(news: Liquidated) -> View:
    """What ``userEvents`` says of a liquidation; its names are written otherwise than all others (§2.5)."""
    return {
        "lid": news.liquidation_id,
        "liquidator": news.liquidator,
        "liquidated_user": news.account.address,
        "liquidated_ntl_pos": usd_text(news.ntl),
        "liquidated_account_value": usd_text(news.account_value),
    }
