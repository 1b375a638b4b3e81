"""Margin: what positions and orders need of an account's perpetual money, and what that leaves free.

The rules (docs pages *margining* and *liquidations*, 2026-08-22; §5.12):

- A position needs its value at the mark price by the account's leverage (**initial margin**), and is kept
  while half of what it would need at the perpetual's highest leverage is there (**maintenance margin**).
- All cross positions share the account's cash; its **value** is that cash and what they are worth. An
  isolated position has cash of its own and answers with nothing else.
- What may be **transferred** away leaves the initial margin, and a tenth of what the positions are worth.

What resting orders reserve, no page says. Here it is, of each perpetual and of the side that needs more, the
initial margin of what the orders in the book (reduce-only ones excepted) would add: at their limit prices,
and beyond turning a cross position over to the same size on the other side, which needs no more than the
position does. Turning an isolated one over closes it first, and needs new money for all that comes after.

All margins are rounded up, to a millionth of a USD. Nothing here changes anything. Accounts of the house need
no margin: they may place and fill whatever they want.
"""

from __future__ import annotations

from livetrio.exchange.chain.account import Account, Position
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.order import NewOrder, Order, Tif

TRANSFER_DIVISOR = 10
"""The part of their value that positions must have left after a transfer (docs page *margining*)."""

_TAKERS = (Tif.IOC, Tif.FRONTEND_MARKET, Tif.LIQUIDATION_MARKET)


# What positions are worth and need.


def position_value(ledger: Ledger, asset: int, position: Position) -> int:
    """What a position is worth at the mark price; a short one is worth less than nothing."""
    return position.szi * ledger.marks[asset]


def isolated_value(ledger: Ledger, asset: int, position: Position) -> int:
    """What an isolated position and its own cash are worth together: its margin."""
    return position.cash + position.szi * ledger.marks[asset]


def account_value(ledger: Ledger, account: Account) -> int:
    """What the cash of cross margin and the cross positions are worth together."""
    return _value_and_used(ledger, account)[0]


def initial_margin(ledger: Ledger, account: Account, asset: int) -> int:
    """What a position of an account needs at its leverage, cross or isolated."""
    position = account.positions.get(asset)
    if position is None:
        return 0
    ntl = abs(position.szi) * ledger.marks[asset]
    return -(-ntl // ledger.leverage(account, asset).value)


def margin_used(ledger: Ledger, account: Account, asset: int) -> int:
    """``marginUsed`` of a position (§4.11): its initial margin, or of an isolated one, what it has."""
    position = account.positions.get(asset)
    if position is not None and not position.is_cross:
        return isolated_value(ledger, asset, position)
    return initial_margin(ledger, account, asset)


def cross_margin_used(ledger: Ledger, account: Account) -> int:
    """The initial margins of all cross positions."""
    return _value_and_used(ledger, account)[1]


def position_maintenance(ledger: Ledger, asset: int, position: Position) -> int:
    """What a position needs so as not to be liquidated."""
    ntl = abs(position.szi) * ledger.marks[asset]
    return -(-ntl // (2 * ledger.listing.perps[asset].max_leverage))


def maintenance_margin(ledger: Ledger, account: Account) -> int:
    """What all cross positions need so as not to be liquidated."""
    return sum(
        position_maintenance(ledger, asset, position)
        for asset, position in account.positions.items()
        if position.szi and position.is_cross
    )


def _value_and_used(ledger: Ledger, account: Account) -> tuple[int, int]:
    """Account value and cross margin used, in one walk over the positions."""
    marks = ledger.marks
    value, used = account.cash, 0
    for asset, position in account.positions.items():
        szi = position.szi
        if szi and position.is_cross:
            worth = szi * marks[asset]
            value += worth
            used -= (-worth if worth > 0 else worth) // ledger.leverage(account, asset).value
    return value, used


# What orders reserve, and what is left.


def order_margin(ledger: Ledger, account: Account) -> int:
    """What the resting orders of an account reserve, for cross and isolated positions to come."""
    total = 0
    for asset, resting in account.resting.items():
        bid_ntl, ask_ntl = resting.bid_ntl, resting.ask_ntl
        position = account.positions.get(asset)
        if position is not None and position.szi:
            if position.szi < 0:
                bid_ntl = _uncovered(position, resting.bid_sz, bid_ntl)
            else:
                ask_ntl = _uncovered(position, resting.ask_sz, ask_ntl)
        ntl = bid_ntl if bid_ntl > ask_ntl else ask_ntl
        if ntl:
            total -= -ntl // ledger.leverage(account, asset).value
    return total


def free_margin(ledger: Ledger, account: Account) -> int:
    """What neither positions nor orders need; below zero where losses have used up more than that."""
    value, used = _value_and_used(ledger, account)
    return value - used - order_margin(ledger, account)


def withdrawable(ledger: Ledger, account: Account) -> int:
    """What may be transferred away; gains that are not realized yet are part of it."""
    value, used = _value_and_used(ledger, account)
    ntl = sum(
        abs(position.szi) * ledger.marks[asset]
        for asset, position in account.positions.items()
        if position.szi and position.is_cross
    )
    needed = max(used, -(-ntl // TRANSFER_DIVISOR))
    return max(value - needed - order_margin(ledger, account), 0)


def available_to_trade(ledger: Ledger, account: Account, asset: int, *, is_buy: bool) -> int:
    """What could be used as initial margin for orders of one side: ``availableToTrade`` (§2.5).

    That is the free margin; and against a cross position, twice the margin that this one uses.
    """
    free = free_margin(ledger, account)
    position = account.positions.get(asset)
    if position is not None and position.is_cross and (position.szi < 0 if is_buy else position.szi > 0):
        free += 2 * initial_margin(ledger, account, asset)
    return max(free, 0)


def _uncovered(position: Position, sz: int, ntl: int) -> int:
    """Of orders against a position, with this size and price × size together: what is beyond it."""
    covered = abs(position.szi) * (2 if position.is_cross else 1)
    return -(-ntl * (sz - covered) // sz) if sz > covered else 0


# Whether orders may be placed and matched.


def can_place(ledger: Ledger, account: Account, new: NewOrder | Order) -> bool:
    """Whether the free margin covers what an order for a perpetual would add to what is reserved.

    An order that opens nothing may be placed whatever the margin is: it stays, with all others of its side,
    within an opposite position, or it stays within that itself and cannot rest. A sell may be matched far
    above its limit; it needs as much as at the mark price.
    """
    if account.is_house:
        return True
    asset, is_buy, sz = new.instrument.asset, new.is_buy, new.sz
    resting = account.resting.get(asset)
    position = account.positions.get(asset)
    szi = 0 if position is None else position.szi
    closable = max(-szi if is_buy else szi, 0)
    if sz <= closable and new.tif in _TAKERS:
        return True
    bid_sz, bid_ntl, ask_sz, ask_ntl = (
        (0, 0, 0, 0)
        if resting is None
        else (resting.bid_sz, resting.bid_ntl, resting.ask_sz, resting.ask_ntl)
    )
    if (bid_sz if is_buy else ask_sz) + sz <= closable:
        return True
    before = _worse_side(position, bid_sz, bid_ntl, ask_sz, ask_ntl)
    if is_buy:
        after = _worse_side(position, bid_sz + sz, bid_ntl + sz * new.px, ask_sz, ask_ntl)
    else:
        px = max(new.px, ledger.marks[asset])
        after = _worse_side(position, bid_sz, bid_ntl, ask_sz + sz, ask_ntl + sz * px)
    leverage = ledger.leverage(account, asset).value
    added = -(-after // leverage) + -before // leverage
    return max(added, 0) <= free_margin(ledger, account)


def _worse_side(position: Position | None, bid_sz: int, bid_ntl: int, ask_sz: int, ask_ntl: int) -> int:
    """Price × size of what the resting orders of the side that adds more would add to a position."""
    if position is not None and position.szi < 0:
        bid_ntl = _uncovered(position, bid_sz, bid_ntl)
    elif position is not None and position.szi > 0:
        ask_ntl = _uncovered(position, ask_sz, ask_ntl)
    return max(bid_ntl, ask_ntl)


def can_fill(ledger: Ledger, order: Order, sz: int, px: int | None = None) -> bool:
    """Whether an order's account has the initial margin after a match of this size, at its price or another.

    What its other orders reserve does not count: each is looked at when it is matched. A match that only
    reduces a position needs no margin; but it must not cost more, against the mark price, than there is.
    """
    account = order.account
    if account.is_house:
        return True
    asset, is_buy = order.instrument.asset, order.is_buy
    px = order.px if px is None else px
    mark = ledger.marks[asset]
    position = account.positions.get(asset)
    szi = 0 if position is None else position.szi
    closing = min(max(-szi if is_buy else szi, 0), sz)
    is_good = px <= mark if is_buy else px >= mark
    if closing == sz and is_good:
        return True
    signed = sz if is_buy else -sz
    leverage = ledger.leverage(account, asset)
    is_cross = leverage.is_cross if szi == 0 or position is None else position.is_cross
    if not is_cross:
        own = 0 if position is None or not closing else position.cash + szi * px
        if closing == sz:
            return own >= 0
        value, used = _value_and_used(ledger, account)
        new_margin = -(-(sz - closing) * px // leverage.value)
        return own >= 0 and new_margin <= value - used + own and _covers_loss(new_margin, signed, mark, px)
    value, used = _value_and_used(ledger, account)
    value += signed * (mark - px)
    if closing == sz:
        return value >= 0
    used -= -(-abs(szi) * mark // leverage.value)
    used += -(-abs(szi + signed) * mark // leverage.value)
    return value >= used


def _covers_loss(new_margin: int, signed: int, mark: int, px: int) -> bool:
    """Whether an isolated position's own money is more than what it costs to be opened off the mark."""
    return new_margin + signed * (mark - px) > 0


# When a position is liquidated.


def liquidation_px(ledger: Ledger, account: Account, asset: int) -> int | None:
    """The last mark price at which a position is kept, all other prices being what they are.

    At this price the maintenance margin is there; one unit further against the position it is not. None:
    there is no position, or no price above zero is like that.

    Solved from the docs page *liquidations* (2026-08-22), ``liq_price = price - side * margin_available /
    position_size / (1 - l * side)`` with ``l`` = 1 / (2 × highest leverage): what the position's money is
    beyond it, ``rest``, must satisfy ``rest + szi × p >= |szi| × p × l``. The page's form has the same
    solution; this one is rounded once only.
    """
    position = account.positions.get(asset)
    if position is None or position.szi == 0 or account.is_house:
        return None
    own = position_value(ledger, asset, position)
    if position.is_cross:
        rest = account_value(ledger, account) - own
        rest -= maintenance_margin(ledger, account) - position_maintenance(ledger, asset, position)
    else:
        rest = position.cash
    twice = 2 * ledger.listing.perps[asset].max_leverage
    size = abs(position.szi)
    long = position.szi > 0
    px = -(rest * twice // (size * (twice - 1))) if long else rest * twice // (size * (twice + 1))
    return px if px > 0 else None
