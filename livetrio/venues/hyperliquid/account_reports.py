"""AccountReports: orders, fills and payments as the venue tells them, in our words.

The stream and the answers to questions tell them alike, so both are read here. A number that is none is a
`FrameError`. A coin that is not listed is one too (``unknown-instrument``): who reads several things at once
looks for that first.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from livetrio.model import (
    Fill,
    FundingPayment,
    InstrumentId,
    InstrumentKind,
    Liquidity,
    OrderReport,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from livetrio.venues.hyperliquid import ids
from livetrio.venues.hyperliquid.account_messages import (
    FundingDelta,
    WireFill,
    WireLiquidation,
    WireOrder,
)
from livetrio.venues.hyperliquid.instruments import Listing
from livetrio.venues.hyperliquid.numbers import signed, size
from livetrio.venues.hyperliquid.statuses import reason_of
from livetrio.venues.hyperliquid.wire import NANOSECONDS_PER_MILLISECOND as MS

MARGIN_CURRENCY = "USDC"
"""In which perpetuals are settled, funding is paid, and margin money is kept."""

SIDES: Mapping[str, OrderSide] = {"B": OrderSide.BUY, "A": OrderSide.SELL}

ORDER_TYPES: Mapping[str, OrderType] = {
    "Market": OrderType.MARKET,
    "Limit": OrderType.LIMIT,
    "Stop Market": OrderType.STOP_MARKET,
    "Stop Limit": OrderType.STOP_LIMIT,
    "Take Profit Market": OrderType.TAKE_PROFIT_MARKET,
    "Take Profit Limit": OrderType.TAKE_PROFIT_LIMIT,
}
"""The venue's words; others, such as ``Twap Slice``, are of what nobody here can place."""

TIMES_IN_FORCE: Mapping[str, tuple[TimeInForce, bool]] = {
    "Gtc": (TimeInForce.GTC, False),
    "Alo": (TimeInForce.GTC, True),
    "Ioc": (TimeInForce.IOC, False),
    "FrontendMarket": (TimeInForce.IOC, False),
    "LiquidationMarket": (TimeInForce.IOC, False),
}
"""Time in force, and whether it is post-only."""

ORDINARY = frozenset(
    {
        "Open Long",
        "Open Short",
        "Close Long",
        "Close Short",
        "Long > Short",
        "Short > Long",
        "Buy",
        "Sell",
    }
)
"""Labels of fills that somebody's order made. Whatever else is there is worth a note, and decides nothing."""


def order_report(
    order: WireOrder, status: OrderStatus, word: str, listing: Listing, *, ts_event: int, ts_init: int
) -> OrderReport:
    """How an order stands; ``word`` is the venue's for its status."""
    client_order_id, revision = _name(order.cloid)
    time_in_force, post_only = TIMES_IN_FORCE.get(order.tif or "", (None, None))
    return OrderReport(
        client_order_id=client_order_id,
        revision=revision,
        venue_order_id=str(order.oid),
        instrument_id=listing[order.coin].instrument_id,
        side=SIDES[order.side],
        order_type=ORDER_TYPES.get(order.orderType or ""),
        status=status,
        quantity=None if order.origSz is None else size(order.origSz),
        remaining_quantity=size(order.sz),
        price=_price(order.limitPx),
        trigger_price=_price(order.triggerPx),
        time_in_force=time_in_force,
        post_only=post_only,
        reduce_only=order.reduceOnly,
        reason=reason_of(word),
        ts_event=ts_event,
        ts_init=ts_init,
    )


def fill(wire_fill: WireFill, listing: Listing, user: str, ts_init: int) -> Fill:
    """A trade of the account whose address ``user`` is.

    Its id is made of all that it takes: both sides of a trade share the ``tid``, which is 0 where dust is
    converted, and is the venue's only together with coin and time (websocket/subscriptions, 2026-08-22).
    """
    client_order_id, revision = _name(wire_fill.cloid)
    instrument_id = listing[wire_fill.coin].instrument_id
    return Fill(
        fill_id=f"{wire_fill.coin}:{wire_fill.time}:{wire_fill.tid}:{wire_fill.oid}",
        venue_order_id=str(wire_fill.oid),
        client_order_id=client_order_id,
        revision=revision,
        instrument_id=instrument_id,
        side=SIDES[wire_fill.side],
        price=size(wire_fill.px),  # 0 is possible: what is settled may be worth nothing
        quantity=size(wire_fill.sz),
        fee=signed(wire_fill.fee),
        fee_currency=wire_fill.feeToken,
        liquidity=Liquidity.TAKER if wire_fill.crossed else Liquidity.MAKER,
        realized_pnl=signed(wire_fill.closedPnl),
        position_before=None if _is_spot(instrument_id, listing) else signed(wire_fill.startPosition),
        note=_note(wire_fill, user),
        ts_event=wire_fill.time * MS,
        ts_init=ts_init,
    )


def funding_payment(delta: FundingDelta, time: int, listing: Listing, ts_init: int) -> FundingPayment:
    """A payment, received or paid; ``time`` is the venue's, milliseconds."""
    return FundingPayment(
        instrument_id=listing[delta.coin].instrument_id,
        amount=signed(delta.usdc),
        currency=MARGIN_CURRENCY,
        rate=signed(delta.fundingRate),
        quantity=signed(delta.szi),
        ts_event=time * MS,
        ts_init=ts_init,
    )


def is_listed(coin: str, listing: Listing) -> bool:
    """Whether we have an instrument for a coin. Others' exchanges and outcome markets are not listed."""
    return listing.instrument_id_of(coin) is not None


def _name(cloid: str | None) -> tuple[str | None, int]:
    return (None, 0) if cloid is None else ids.from_wire(cloid)


def _price(text: str | None) -> Decimal | None:
    """A price, or None where the venue writes 0 for there being none."""
    return None if text is None else size(text) or None


def _is_spot(name: InstrumentId, listing: Listing) -> bool:
    instrument = listing.instruments.get(name)
    if instrument is None:
        return name.partition(".")[0].endswith("-SPOT")
    return instrument.kind is InstrumentKind.SPOT


def _note(wire_fill: WireFill, user: str) -> str | None:
    notes = [] if wire_fill.dir in ORDINARY else [wire_fill.dir]
    if wire_fill.liquidation is not None and _is_of(wire_fill.liquidation, user):
        liquidation = wire_fill.liquidation
        notes.append(f"liquidation ({liquidation.method}) at a mark price of {liquidation.markPx}")
    return ", ".join(notes) or None


def _is_of(liquidation: WireLiquidation, user: str) -> bool:
    """Whether it was we who were liquidated: whoever traded with them is told of it too."""
    return liquidation.liquidatedUser is None or liquidation.liquidatedUser.lower() == user.lower()
