"""What a user reads of orders and positions that the journal cannot account for."""

from decimal import Decimal

from livetrio.engines.difference import PositionDifference
from livetrio.engines.unaccounted import refused_orders, refused_positions
from livetrio.model import Order, OrderSide, OrderStatus, OrderType

BTC = "BTC-USD-PERP.HYPERLIQUID"
LOST = "0x6c74" + "0" * 28


def order(name="HYPERLIQUID-7", price="91000.0", **more):
    return Order(
        client_order_id=name,
        instrument_id=BTC,
        side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal("0.3"),
        price=None if price is None else Decimal(price),
        strategy=None,
        status=OrderStatus.ACCEPTED,
        ts_event=0,
        **more,
    )


def test_an_order_is_named_with_who_made_it_and_what_is_to_be_set():
    assert refused_orders([order(filled_quantity=Decimal("0.1"))]) == (
        f"orders rest at the venue that are not in the journal: buy 0.2 {BTC} at 91000.0 "
        "(HYPERLIQUID-7, made by somebody else); cancel them there, or let execution.foreign_orders be "
        "adopt or cancel"
    )


def test_orders_of_both_kinds_name_both_settings_and_of_many_only_the_first_are_named():
    words = refused_orders([order(), order(LOST, None), order("HYPERLIQUID-8"), order(), order()])

    assert f"buy 0.3 {BTC} at the market ({LOST}, made by livetrio)" in words
    assert " and 2 more; cancel them there" in words
    assert words.endswith("let execution.foreign_orders and execution.lost_orders be adopt or cancel")


def test_a_position_is_named_with_both_sizes():
    difference = PositionDifference(BTC, Decimal(0), Decimal("0.5"), None)

    assert refused_positions([difference], "no fill explains it") == (
        f"a position is not accounted for (no fill explains it): {BTC}: 0.5 there, 0 here; "
        "start with execution.foreign_positions set to adopt or cancel"
    )
