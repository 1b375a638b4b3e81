"""Order: one order at the exchange, from its placing to its end, and what may be asked for."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import attrs
import msgspec

from livetrio.exchange.chain.listing import Instrument

if TYPE_CHECKING:
    from livetrio.exchange.chain.account import Account


class Tif(StrEnum):
    """Time in force, as the wire spells it (§5.3)."""

    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"
    """Add liquidity only, which is post-only elsewhere."""
    FRONTEND_MARKET = "FrontendMarket"
    """The website's market order: an IOC with another label."""
    LIQUIDATION_MARKET = "LiquidationMarket"
    """The exchange's own, closing a position that cannot be kept."""


class Status(StrEnum):
    """All statuses of the venue that this exchange gives (§4.7)."""

    OPEN = "open"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELED = "canceled"
    MARGIN_CANCELED = "marginCanceled"
    SELF_TRADE_CANCELED = "selfTradeCanceled"
    REDUCE_ONLY_CANCELED = "reduceOnlyCanceled"
    SIBLING_FILLED_CANCELED = "siblingFilledCanceled"
    LIQUIDATED_CANCELED = "liquidatedCanceled"
    SCHEDULED_CANCEL = "scheduledCancel"
    TICK_REJECTED = "tickRejected"
    MIN_TRADE_NTL_REJECTED = "minTradeNtlRejected"
    PERP_MARGIN_REJECTED = "perpMarginRejected"
    REDUCE_ONLY_REJECTED = "reduceOnlyRejected"
    BAD_ALO_PX_REJECTED = "badAloPxRejected"
    IOC_CANCEL_REJECTED = "iocCancelRejected"
    BAD_TRIGGER_PX_REJECTED = "badTriggerPxRejected"
    MARKET_ORDER_NO_LIQUIDITY_REJECTED = "marketOrderNoLiquidityRejected"
    INSUFFICIENT_SPOT_BALANCE_REJECTED = "insufficientSpotBalanceRejected"
    TOO_MANY_OPEN_ORDERS_REJECTED = "tooManyOpenOrdersRejected"

    @property
    def is_live(self) -> bool:
        """Whether the order may still trade."""
        return self in (Status.OPEN, Status.TRIGGERED)

    @property
    def is_users_own(self) -> bool:
        """Whether this is an end that the user asked for, or that a match gave it."""
        return self in (Status.OPEN, Status.TRIGGERED, Status.FILLED, Status.CANCELED)


@attrs.frozen(kw_only=True)
class Trigger:
    """When a trigger order becomes an order, and which."""

    px: int
    """Of the mark price."""
    is_market: bool
    """Whether it takes what is there up to its limit price, or rests at that."""
    is_take_profit: bool
    """False: a stop loss."""

    def fires(self, mark: int, *, is_buy: bool) -> bool:
        """Whether at this mark price: a sell's stop below, its take-profit above; a buy mirrored (§5.3)."""
        return mark >= self.px if self.is_take_profit != is_buy else mark <= self.px


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: an order of signed input whose numbers were found to be valid."""

    instrument: Instrument
    is_buy: bool
    px: int
    sz: int
    tif: Tif = Tif.GTC
    reduce_only: bool = False
    cloid: str | None = None
    trigger: Trigger | None = None


@attrs.frozen
class Builder:
    """Who gets a fee of the order's on top (§5.3)."""

    address: str
    tenths_of_bps: int


class Order(msgspec.Struct, kw_only=True, eq=False):
    """One order. Only the chain changes it."""

    oid: int
    account: Account
    instrument: Instrument
    is_buy: bool
    px: int
    sz: int
    """What is left of it. It stays when the order ends, so ``orig_sz - sz`` is what was filled."""
    orig_sz: int
    tif: Tif
    reduce_only: bool = False
    cloid: str | None = None
    timestamp: int
    """When it was placed, ms."""
    trigger: Trigger | None = None
    is_triggered: bool = False
    """Whether a trigger order has become an order."""
    is_position_tpsl: bool = False
    """Whether it closes whatever the position is when it triggers."""
    builder: Builder | None = None
    status: Status = Status.OPEN
    status_time: int = 0
    is_resting: bool = False
    """Whether it is in the book now."""
    parent: Order | None = None
    """The order whose fill lets this one come into being (``normalTpsl``)."""
    children: list[Order] = []

    @property
    def filled(self) -> int:
        """How much of it has traded."""
        return self.orig_sz - self.sz

    @property
    def waits_for_trigger(self) -> bool:
        """Whether it is an order only when its price comes."""
        return self.trigger is not None and not self.is_triggered
