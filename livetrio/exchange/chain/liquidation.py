"""Liquidation: what happens to positions that an account cannot keep.

As the venue does it (docs page *liquidations*, 2026-08-22; §5.12), judged by the mark price:

- What is worth less than its maintenance margin goes to the book: the resting orders on it are canceled, and
  a market order closes it; all cross positions together, an isolated one alone. Of a position above 100,000
  USD it is a fifth, and then for 30 seconds all of whatever must be liquidated.
- What is worth less than two thirds of it, also after that, is taken over by the liquidator, with all that
  there is behind it: the cross positions and the whole cash of cross margin, or an isolated position and its
  own cash. No trade is printed.

A market order has a limit here, of which the page says nothing: the price at which nothing would be left if
the whole position were closed there. So the book never makes anybody owe money; the liquidator takes what is
worse. It keeps what it takes, and no other trader has to give up a position for it (auto-deleveraging).
"""

from __future__ import annotations

from collections.abc import Iterable

from livetrio.exchange.chain.account import Account, Position, Role
from livetrio.exchange.chain.events import Fill, Liquidated
from livetrio.exchange.chain.ledger import Ledger, trade_id
from livetrio.exchange.chain.listing import Perp
from livetrio.exchange.chain.margin import (
    account_value,
    isolated_value,
    maintenance_margin,
    position_maintenance,
)
from livetrio.exchange.chain.matching import end, take
from livetrio.exchange.chain.money import USD, note, usd_text
from livetrio.exchange.chain.order import Order, Status, Tif
from livetrio.exchange.chain.settlement import change_position
from livetrio.exchange.chain.units import RATE, format_units, round_to_tick

LIQUIDATOR = "0xdededededededededededededededededededede"
"""The vault that takes over what the book does not. No key of it is known."""

LARGE_POSITION = 100_000 * USD
"""Above it, only a part is sent at first."""

SLICES = 5
"""Of how many of them a large position consists: 20 %."""

COOLDOWN = 30_000
"""ms for which all of an account's positions are sent whole, once a part was sent."""

Held = list[tuple[Perp, Position]]
"""Positions that stand or fall together."""


def check(ledger: Ledger, assets: Iterable[int]) -> None:
    """Liquidate whoever cannot keep a position, among those who have one in an asset whose mark has moved."""
    accounts: dict[str, Account] = {}
    for asset in sorted(assets):
        holders = ledger.holders.get(asset)
        if holders:
            for address, account in list(holders.items()):
                if account.positions[asset].szi:
                    accounts[address] = account
                else:
                    del holders[address]
    for account in accounts.values():
        _check_account(ledger, account)


def _check_account(ledger: Ledger, account: Account) -> None:
    needed = maintenance_margin(ledger, account)
    if needed and account_value(ledger, account) < needed:
        _liquidate(ledger, account, None)
    for asset, position in list(account.positions.items()):
        if position.szi and not position.is_cross and _is_short(ledger, account, asset, 1, 1):
            _liquidate(ledger, account, asset)


def _is_short(ledger: Ledger, account: Account, isolated: int | None, parts: int, of: int) -> bool:
    """Whether the value is below so many parts of the maintenance margin: of cross margin, or isolated."""
    if isolated is None:
        value, needed = account_value(ledger, account), maintenance_margin(ledger, account)
    else:
        position = account.positions[isolated]
        value = isolated_value(ledger, isolated, position)
        needed = position_maintenance(ledger, isolated, position)
    return value * of < needed * parts


def _held(ledger: Ledger, account: Account, isolated: int | None) -> Held:
    """The positions concerned, the largest first."""
    perps = ledger.listing.perps
    held = [
        (perps[asset], position)
        for asset, position in account.positions.items()
        if position.szi and (position.is_cross if isolated is None else asset == isolated)
    ]
    return sorted(held, key=lambda each: -abs(each[1].szi) * ledger.marks[each[0].asset])


def _liquidate(ledger: Ledger, account: Account, isolated: int | None) -> None:
    """Close what must be closed: in the book, or else by the liquidator."""
    ledger.begin_tx()
    held = _held(ledger, account, isolated)
    _announce(ledger, account, isolated, held)
    if not _is_short(ledger, account, isolated, 2, 3):
        _send_to_book(ledger, account, isolated, held)
        if not _is_short(ledger, account, isolated, 2, 3):
            return
    _hand_over(ledger, account, isolated)


def _announce(ledger: Ledger, account: Account, isolated: int | None, held: Held) -> None:
    """Tell the account (§2.5)."""
    if isolated is None:
        value = account_value(ledger, account)
    else:
        value = isolated_value(ledger, isolated, account.positions[isolated])
    ntl = sum(abs(position.szi) * ledger.marks[perp.asset] for perp, position in held)
    ledger.events.append(
        Liquidated(
            account=account,
            liquidation_id=ledger.take_oid(),
            liquidator=LIQUIDATOR,
            ntl=ntl,
            account_value=value,
            time=ledger.time,
        )
    )
    delta = {
        "type": "liquidation",
        "liquidatedNtlPos": usd_text(ntl),
        "accountValue": usd_text(value),
        "leverageType": "Cross" if isolated is None else "Isolated",
        "liquidatedPositions": [
            {"coin": perp.coin, "szi": format_units(position.szi, perp.sz_decimals)}
            for perp, position in held
        ],
    }
    note(ledger, account, delta)


# In the book.


def _send_to_book(ledger: Ledger, account: Account, isolated: int | None, held: Held) -> None:
    assets = {perp.asset for perp, _ in held}
    for order in list(account.orders.values()):
        if order.is_resting and order.instrument.asset in assets:
            end(ledger, order, Status.LIQUIDATED_CANCELED)
    in_part = False
    ledger.liquidating = account
    for perp, position in held:
        sz = abs(position.szi)
        if sz * ledger.marks[perp.asset] > LARGE_POSITION and ledger.time >= account.cooldown_until:
            sz = -(-sz // SLICES)
            in_part = True
        _close(ledger, account, isolated, perp, position, sz)
    ledger.liquidating = None
    if in_part:
        account.cooldown_until = ledger.time + COOLDOWN


def _close(
    ledger: Ledger, account: Account, isolated: int | None, perp: Perp, position: Position, sz: int
) -> None:
    """Close so much of a position at the book's prices, up to the limit."""
    is_buy = position.szi < 0
    order = Order(
        oid=ledger.take_oid(),
        account=account,
        instrument=perp,
        is_buy=is_buy,
        px=_limit(ledger, account, isolated, perp, position),
        sz=sz,
        orig_sz=sz,
        tif=Tif.LIQUIDATION_MARKET,
        reduce_only=True,
        timestamp=ledger.time,
    )
    if not ledger.books[perp.asset].would_match(order.px, is_buy=is_buy):
        return
    ledger.update(order, Status.OPEN)
    take(ledger, order)
    ledger.update(order, Status.CANCELED if order.sz else Status.FILLED)


def _limit(ledger: Ledger, account: Account, isolated: int | None, perp: Perp, position: Position) -> int:
    """The worst price at which something is left; the fee is thought of as twice what it is at the mark."""
    mark, size = ledger.marks[perp.asset], abs(position.szi)
    value = account_value(ledger, account)
    if isolated is not None:
        value = isolated_value(ledger, isolated, position)
    fee = -(-2 * size * mark * account.perp_taker_rate // RATE)
    slack = max(value - fee, 0) // size
    px = mark + slack if position.szi < 0 else max(mark - slack, 1)
    return round_to_tick(px, perp.px_decimals, up=position.szi > 0)


# To the liquidator.


def _hand_over(ledger: Ledger, account: Account, isolated: int | None) -> None:
    """The liquidator takes positions at the mark, and all the money that answered for them."""
    liquidator = _liquidator(ledger)
    before = account.cash
    for perp, position in _held(ledger, account, isolated):
        for order in list(account.orders.values()):
            if order.instrument is perp and order.oid in account.orders:
                end(ledger, order, Status.LIQUIDATED_CANCELED)
        _take_over(ledger, account, liquidator, perp, position)
    taken = account.cash if isolated is None else account.cash - before
    account.cash -= taken
    liquidator.cash += taken


def _liquidator(ledger: Ledger) -> Account:
    liquidator = ledger.account(LIQUIDATOR)
    liquidator.is_house = liquidator.exists = True
    liquidator.role = Role.VAULT
    liquidator.name = "liquidator"
    return liquidator


def _take_over(ledger: Ledger, account: Account, liquidator: Account, perp: Perp, position: Position) -> None:
    """One position changes hands at the mark; the account is told of it as of a fill without a fee."""
    szi, px, is_cross = position.szi, ledger.marks[perp.asset], position.is_cross
    closed_pnl = change_position(ledger, account, position, perp, -szi, px)
    change_position(ledger, liquidator, liquidator.position(perp.asset), perp, szi, px)
    order = Order(
        oid=ledger.take_oid(),
        account=account,
        instrument=perp,
        is_buy=szi < 0,
        px=px,
        sz=0,
        orig_sz=abs(szi),
        tif=Tif.LIQUIDATION_MARKET,
        reduce_only=True,
        timestamp=ledger.time,
    )
    fill = Fill(
        account=account,
        order=order,
        px=px,
        sz=abs(szi),
        is_taker=True,
        time=ledger.time,
        start_position=szi,
        closed_pnl=closed_pnl,
        fee=0,
        builder_fee=0,
        fee_token=0,
        tid=trade_id(order.oid, order.oid),
        tx=ledger.tx,
        dir=f"Liquidated {'Cross' if is_cross else 'Isolated'} {'Long' if szi > 0 else 'Short'}",
        liquidated=account,
        liquidation_mark=px,
        is_backstop=True,
    )
    account.fills.append(fill)
    ledger.events.append(fill)
