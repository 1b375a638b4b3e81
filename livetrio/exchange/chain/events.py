"""Events: what happened in a block, for those who tell clients of it. Times are ms, the block's own.

They are msgspec Structs and not attrs classes because several are made for every match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from livetrio.exchange.chain.listing import Instrument, Perp
from livetrio.exchange.chain.order import Order, Status

if TYPE_CHECKING:
    from livetrio.exchange.chain.account import Account


class OrderUpdate(msgspec.Struct, frozen=True, eq=False):
    """An order's status, as it was then: the order itself has perhaps gone on."""

    order: Order
    status: Status
    time: int
    sz: int
    """What was left of it."""


class Fill(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One side of a match."""

    account: Account
    order: Order
    px: int
    sz: int
    is_taker: bool
    time: int
    start_position: int
    """Before it: signed lots of a perpetual; of a pair, the base token in its smallest unit."""
    closed_pnl: int
    """Realized, before fees, in millionths of a USD; of a pair, in units of its price × size."""
    fee: int
    """The builder's included; in millionths of a USD, or of a pair, in the smallest unit of ``fee_token``.
    Below zero: a rebate."""
    builder_fee: int
    fee_token: int
    """By index."""
    tid: int
    tx: str
    """The hash of the transaction that took."""
    dir: str
    """A label for people (§2.5)."""
    liquidated: Account | None = None
    """Whose liquidation it was part of."""
    liquidation_mark: int = 0
    """The mark price then."""
    is_backstop: bool = False
    """Whether the liquidator took the position over, at the mark price and without the book."""


class PublicTrade(msgspec.Struct, frozen=True, eq=False):
    """A match, as everybody sees it."""

    instrument: Instrument
    is_buy: bool
    """Whether the aggressor bought."""
    px: int
    sz: int
    time: int
    tid: int
    tx: str
    buyer: str
    seller: str


class FundingPaid(msgspec.Struct, frozen=True, eq=False):
    """An hour's funding of one position."""

    account: Account
    perp: Perp
    usdc: int
    """Received (above zero) or paid."""
    szi: int
    rate: int
    """In units of 1e-10."""
    time: int


class FundingRate(msgspec.Struct, frozen=True, eq=False):
    """What an hour's funding of a perpetual was."""

    perp: Perp
    rate: int
    premium: int
    """Both in units of 1e-10."""
    time: int


class LedgerUpdate(msgspec.Struct, frozen=True, eq=False):
    """Money that came, went or moved other than by trading: ``delta`` as the wire has it (§2.5)."""

    account: Account
    delta: dict[str, Any]
    time: int
    tx: str


class Liquidated(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """An account could not keep its positions."""

    account: Account
    liquidation_id: int
    liquidator: str
    ntl: int
    account_value: int
    time: int


class AccountChanged(msgspec.Struct, frozen=True, eq=False):
    """Something about an account changed that no other event tells: a leverage, an agent, isolated margin."""

    account: Account
    time: int


Event = (
    OrderUpdate | Fill | PublicTrade | FundingPaid | FundingRate | LedgerUpdate | Liquidated | AccountChanged
)
