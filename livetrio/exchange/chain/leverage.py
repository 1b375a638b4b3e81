"""Leverage: how an account wants to trade a perpetual, and what its isolated positions have of their own.

Each function returns None, or why not, in the venue's words: those of §5.6 and §5.9, those that clients have
logged, and those that a public list has found in the venue's own program (2026-04-02). Where a text is this
exchange's own it says so.
"""

from __future__ import annotations

from livetrio.exchange.chain.account import Account, Leverage, Position
from livetrio.exchange.chain.events import AccountChanged
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Perp
from livetrio.exchange.chain.margin import (
    TRANSFER_DIVISOR,
    free_margin,
    initial_margin,
    isolated_value,
    withdrawable,
)
from livetrio.exchange.chain.units import NotANumber, TooFine, parse_units

INVALID_ASSET = "Invalid asset"  # the text is ours
INVALID_LEVERAGE = "Invalid leverage value"
NO_CROSS = "Cross margin is not allowed for this asset."
NO_SWITCH = "Cannot switch leverage type with open position."
CROSS_TOO_LOW = (
    "Cross position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, deposit more collateral."
)
ISOLATED_TOO_LOW = (
    "Isolated position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, add margin to the position."
)
NO_CHANGE = "Update to isolated margin cannot be zero."
NO_POSITION = "Cannot update margin for empty position."
NOT_ISOLATED = "Position does not use isolated margin."
TOO_MUCH_IN = "Account does not have sufficient margin available for increase."
TOO_MUCH_OUT = "Position does not have sufficient margin for reduction."
STAYS_IN = "Cannot remove isolated margin for this asset. To remove margin, reduce the position."
NOT_STRICT = "Asset not strict isolated"

_LEVERAGE_DECIMALS = 6
"""Of the leverage that an isolated position is topped up to, a number in a text."""


def update_leverage(
    ledger: Ledger, account: Account, asset: int, leverage: int, *, is_cross: bool
) -> str | None:
    """Set how an account trades a perpetual.

    A higher leverage is always good. A lower one must be covered: by the free margin, or by what an isolated
    position has already; no money moves. Without a position the kind may change whatever rests in the book.
    """
    perp = _find(ledger, asset)
    if perp is None:
        return INVALID_ASSET
    if not 1 <= leverage <= perp.max_leverage:
        return INVALID_LEVERAGE
    if is_cross and perp.only_isolated:
        return NO_CROSS
    position = account.positions.get(asset)
    has_position = position is not None and position.szi != 0
    old = ledger.leverage(account, asset)
    if has_position and old.is_cross != is_cross:
        return NO_SWITCH
    before = account.leverages.get(asset)
    account.leverages[asset] = Leverage(leverage, is_cross)
    if leverage < old.value and not _covers(ledger, account, asset, position if has_position else None):
        if before is None:
            del account.leverages[asset]
        else:
            account.leverages[asset] = before
        return CROSS_TOO_LOW if is_cross else ISOLATED_TOO_LOW
    ledger.events.append(AccountChanged(account, ledger.time))
    return None


def update_isolated_margin(ledger: Ledger, account: Account, asset: int, usd: int) -> str | None:
    """Move money into an isolated position, or with an amount below zero out of it; millionths of a USD.

    What is left, on the side that gives, must do for a transfer (docs page *margining*): the initial margin,
    and a tenth of what the positions are worth.
    """
    perp = _find(ledger, asset)
    if perp is None:
        return INVALID_ASSET
    if usd == 0:
        return NO_CHANGE
    position = account.positions.get(asset)
    if position is None or position.szi == 0:
        return NO_POSITION
    if position.is_cross:
        return NOT_ISOLATED
    if usd > 0:
        if usd > withdrawable(ledger, account):
            return TOO_MUCH_IN
    elif perp.only_isolated:
        return STAYS_IN
    elif -usd > _removable(ledger, account, asset, position):
        return TOO_MUCH_OUT
    account.cash -= usd
    position.cash += usd
    ledger.events.append(AccountChanged(account, ledger.time))
    return None


def top_up_isolated_only_margin(ledger: Ledger, account: Account, asset: int, leverage: str) -> str | None:
    """Move money into a position until it is worth ``leverage`` times its margin; one that has it stays.

    Only for perpetuals that do not allow cross margin, as at the venue.
    """
    perp = _find(ledger, asset)
    if perp is None:
        return INVALID_ASSET
    if not perp.only_isolated:
        return NOT_STRICT
    position = account.positions.get(asset)
    if position is None or position.szi == 0:
        return NO_POSITION
    try:
        wanted = parse_units(leverage, _LEVERAGE_DECIMALS)
    except (NotANumber, TooFine):
        return INVALID_LEVERAGE
    if wanted == 0:
        return INVALID_LEVERAGE
    ntl = abs(position.szi) * ledger.marks[asset]
    usd = -(-ntl * 10**_LEVERAGE_DECIMALS // wanted) - isolated_value(ledger, asset, position)
    return update_isolated_margin(ledger, account, asset, usd) if usd > 0 else None


def _find(ledger: Ledger, asset: int) -> Perp | None:
    found = ledger.listing.by_asset.get(asset)
    return found if isinstance(found, Perp) else None


def _covers(ledger: Ledger, account: Account, asset: int, position: Position | None) -> bool:
    """Whether the margin suffices at the leverage that is set now."""
    if position is not None and not position.is_cross:
        if isolated_value(ledger, asset, position) < initial_margin(ledger, account, asset):
            return False
        position = None  # the account's margin is asked for its orders only
    return (position is None and not _has_orders(account, asset)) or free_margin(ledger, account) >= 0


def _has_orders(account: Account, asset: int) -> bool:
    resting = account.resting.get(asset)
    return resting is not None and (resting.bid_sz > 0 or resting.ask_sz > 0)


def _removable(ledger: Ledger, account: Account, asset: int, position: Position) -> int:
    """What an isolated position has beyond what it must keep."""
    ntl = abs(position.szi) * ledger.marks[asset]
    needed = max(initial_margin(ledger, account, asset), -(-ntl // TRANSFER_DIVISOR))
    return isolated_value(ledger, asset, position) - needed
