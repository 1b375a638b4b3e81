"""Orders, fills and events, whatever they may be, for the tests in this folder."""

from decimal import Decimal

from hypothesis import strategies as st

from livetrio.model import (
    Fill,
    FundingPayment,
    Liquidity,
    Order,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
)

BTC = "BTC-USD-PERP.HYPERLIQUID"
TIMES = st.integers(0, 2**62)
AMOUNTS = st.decimals("0.00000001", "99999999", places=8)
MAYBE = st.none() | AMOUNTS
WORDS = st.none() | st.text("abc \"'%é«»\n\t☃,;", max_size=20)


def name_order(number):
    """A client order id."""
    return f"0x6c74{number:028x}"


ORDERS = st.builds(
    Order,
    client_order_id=st.integers(0, 2**112 - 1).map(name_order),
    venue_order_id=st.none() | st.integers(0, 2**50).map(str),
    instrument_id=st.just(BTC),
    strategy=st.sampled_from([None, "mm", "trend"]),
    side=st.sampled_from(OrderSide),
    order_type=st.sampled_from(OrderType),
    quantity=AMOUNTS,
    price=MAYBE,
    trigger_price=MAYBE,
    time_in_force=st.sampled_from(TimeInForce),
    post_only=st.booleans(),
    reduce_only=st.booleans(),
    filled_quantity=AMOUNTS | st.just(Decimal(0)),
    average_price=MAYBE,
    status=st.sampled_from(OrderStatus),
    reason=WORDS,
    revision=st.integers(0, 65535),
    pending_revision=st.none() | st.integers(0, 65535),
    is_canceling=st.booleans(),
    ts_init=TIMES,
    ts_submitted=st.none() | TIMES,
    ts_event=TIMES,
    expires=st.none() | TIMES,
)


def order(number=1, status=OrderStatus.ACCEPTED, **changes):
    values = {
        "client_order_id": f"0x6c74{number:028x}", "venue_order_id": str(number), "instrument_id": BTC,
        "strategy": "mm", "side": OrderSide.BUY, "order_type": OrderType.LIMIT, "quantity": Decimal("1.50"),
        "price": Decimal("100.10"), "status": status, "ts_init": number, "ts_event": number,
    }  # fmt: skip
    return Order(**values | changes)


def fill(number=1, **changes):
    values = {
        "fill_id": f"BTC:{number}", "venue_order_id": "1", "client_order_id": order().client_order_id,
        "instrument_id": BTC, "side": OrderSide.BUY, "price": Decimal("100.10"), "quantity": Decimal("0.50"),
        "fee": Decimal("-0.0015"), "fee_currency": "USDC", "liquidity": Liquidity.MAKER,
        "realized_pnl": Decimal("0.0"), "position_before": Decimal(0), "ts_event": number, "ts_init": number,
    }  # fmt: skip
    return Fill(**values | changes)


def payment(number=1):
    return FundingPayment(
        instrument_id=BTC, amount=Decimal("-1.5"), currency="USDC", rate=Decimal("0.0000125"),
        quantity=Decimal(2), ts_event=number, ts_init=number,
    )  # fmt: skip
