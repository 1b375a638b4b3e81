"""Orders on the wire: the keys of the page's samples, and what each kind of order says of itself."""

import pytest
from feed_world import ALICE, BLOCK, START, Market

from livetrio.exchange.api.views import (
    frontend_orders,
    frontend_view,
    open_orders,
    order_status,
    order_view,
    status_view,
    update_view,
)
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import OrderUpdate
from livetrio.exchange.chain.order import NewOrder, Status, Tif, Trigger
from livetrio.exchange.chain.placing import place, place_child
from livetrio.exchange.chain.prices import fire_triggers

CLOID = "0xa1f0cddc17303d07f3fd128d5b35071d"


@pytest.fixture
def market():
    return Market()


def last_update(order):
    return OrderUpdate(order, order.status, order.status_time, order.sz)


def new_trigger(market, side="sell", px=900_000, kind="sl", is_market=True, **more):
    """BTC's prices are in tenths."""
    trigger = Trigger(px=px, is_market=is_market, is_take_profit=kind == "tp")
    return NewOrder(
        instrument=market.ledger.listing.perps[0],
        is_buy=side == "buy",
        px=px,
        sz=1_000,
        trigger=trigger,
        **more,
    )


# openOrders and orderUpdates.


def test_an_open_order_has_the_keys_of_the_pages_sample_in_their_order(market):
    order = market.place(market.alice, "buy", 31_795, 0.00037, cloid=CLOID)

    assert list(order_view(order, order.sz).items()) == [
        ("coin", "BTC"),
        ("limitPx", "31795.0"),
        ("oid", order.oid),
        ("side", "B"),
        ("sz", "0.00037"),
        ("timestamp", START),
        ("origSz", "0.00037"),
        ("cloid", CLOID),
    ]


def test_an_update_has_the_same_in_another_order(market):
    order = market.place(market.alice, "buy", 31_795, 0.00037, cloid=CLOID)
    view = update_view(last_update(order))

    assert list(view) == ["order", "status", "statusTimestamp"]
    assert list(view["order"].items()) == [
        ("coin", "BTC"),
        ("side", "B"),
        ("limitPx", "31795.0"),
        ("sz", "0.00037"),
        ("oid", order.oid),
        ("timestamp", START),
        ("origSz", "0.00037"),
        ("cloid", CLOID),
    ]
    assert (view["status"], view["statusTimestamp"]) == ("open", START)
    assert type(view["status"]) is str


def test_what_there_is_nothing_to_say_of_is_left_out(market):
    market.trade(91_000, 0.5)  # Bob is short
    plain = market.place(market.bob, "buy", 90_000, 0.5)
    reducing = market.place(market.bob, "buy", 90_000, 0.5, reduce_only=True)
    views = [order_view(each, each.sz) for each in (plain, reducing)]
    updates = [update_view(last_update(each))["order"] for each in (plain, reducing)]

    for first, second in (views, updates):
        assert "cloid" not in first
        assert "reduceOnly" not in first
        assert second["reduceOnly"] is True


def test_an_order_that_ended_keeps_what_was_left_of_it(market):
    order = market.place(market.alice, "buy", 91_000, 0.5)
    market.place(market.bob, "sell", 91_000, 0.2)
    market.block()
    market.cancel(order)
    view = status_view(last_update(order))

    assert (view["order"]["sz"], view["order"]["origSz"]) == ("0.3", "0.5")
    assert (view["status"], view["statusTimestamp"]) == ("canceled", START + BLOCK)
    assert view["order"]["timestamp"] == START


def test_a_filled_order_has_nothing_left(market):
    market.place(market.bob, "sell", 91_000, 0.5)
    order = market.place(market.alice, "buy", 91_000, 0.5)
    view = status_view(last_update(order))

    assert (view["order"]["sz"], view["status"]) == ("0.0", "filled")


# frontendOpenOrders.


def test_the_full_view_has_the_keys_of_what_was_captured_in_their_order(market):
    order = market.place(market.alice, "sell", 95_000, 0.5, tif=Tif.ALO)

    assert list(frontend_view(order, order.sz).items()) == [
        ("coin", "BTC"),
        ("side", "A"),
        ("limitPx", "95000.0"),
        ("sz", "0.5"),
        ("oid", order.oid),
        ("timestamp", START),
        ("triggerCondition", "N/A"),
        ("isTrigger", False),
        ("triggerPx", "0.0"),
        ("children", []),
        ("isPositionTpsl", False),
        ("reduceOnly", False),
        ("orderType", "Limit"),
        ("origSz", "0.5"),
        ("tif", "Alo"),
        ("cloid", None),
    ]


@pytest.mark.parametrize(
    "side, kind, is_market, order_type, condition",
    [
        ("sell", "sl", True, "Stop Market", "Price below 90000.5"),
        ("buy", "sl", False, "Stop Limit", "Price above 90000.5"),
        ("sell", "tp", True, "Take Profit Market", "Price above 90000.5"),
        ("buy", "tp", False, "Take Profit Limit", "Price below 90000.5"),
    ],
)
def test_a_trigger_order_says_at_which_price_and_has_no_tif(
    market, side, kind, is_market, order_type, condition
):
    order = market.place(market.alice, "buy", 90_000, 0.5)
    order.trigger = Trigger(px=900_005, is_market=is_market, is_take_profit=kind == "tp")
    order.is_buy = side == "buy"
    view = frontend_view(order, order.sz)

    assert (view["isTrigger"], view["triggerPx"], view["tif"]) == (True, "90000.5", None)
    assert (view["orderType"], view["triggerCondition"]) == (order_type, condition)


def test_a_price_is_told_without_point_in_prose(market):
    placed = place(market.ledger, market.alice, new_trigger(market, px=635_150))

    assert frontend_view(placed.order, 1)["triggerCondition"] == "Price below 63515"


@pytest.mark.parametrize("tif", [Tif.FRONTEND_MARKET, Tif.LIQUIDATION_MARKET])
def test_a_market_order_is_called_so(market, tif):
    market.place(market.bob, "sell", 91_000, 0.5)
    order = market.place(market.alice, "buy", 91_000, 0.5, tif=tif)
    view = frontend_view(order, order.sz)

    assert (view["orderType"], view["tif"]) == ("Market", tif.value)


def test_a_trigger_order_stays_one_when_its_price_has_come(market):
    order = place(market.ledger, market.alice, new_trigger(market)).order
    market.ledger.marks[0] = 890_000
    fire_triggers(market.ledger, [0])
    view = frontend_view(order, order.sz)

    assert order.is_triggered
    assert (view["isTrigger"], view["orderType"], view["tif"]) == (True, "Stop Market", None)


# Families.


def test_children_stand_under_their_parent_until_it_is_filled(market):
    parent = market.place(market.alice, "buy", 90_000, 0.01)
    child = place_child(market.ledger, market.alice, new_trigger(market, reduce_only=True), parent).order
    (view,) = frontend_orders(market.ledger, market.alice)
    plain = open_orders(market.ledger, market.alice)

    assert view["oid"] == parent.oid
    assert [each["oid"] for each in view["children"]] == [child.oid]
    assert [each["oid"] for each in plain] == [parent.oid]

    market.place(market.bob, "sell", 90_000, 0.01)
    (alone,) = frontend_orders(market.ledger, market.alice)

    assert (alone["oid"], alone["reduceOnly"]) == (child.oid, True)
    assert frontend_view(parent, 0)["children"] == []
    assert [each["oid"] for each in open_orders(market.ledger, market.alice)] == [child.oid]


def test_open_orders_stand_in_the_order_in_which_they_came(market):
    orders = [market.place(market.alice, "buy", 90_000 - i, 0.01) for i in range(3)]
    market.cancel(orders[1])
    live = [orders[0].oid, orders[2].oid]

    assert [each["oid"] for each in open_orders(market.ledger, market.alice)] == live
    assert [each["oid"] for each in frontend_orders(market.ledger, market.alice)] == live
    assert open_orders(market.ledger, Account(ALICE)) == []


# orderStatus.


def test_the_answer_to_an_order_status_is_nested_twice(market):
    order = market.place(market.alice, "buy", 91_000, 0.5)
    answer = order_status(order)

    assert answer == {
        "status": "order",
        "order": {
            "order": frontend_view(order, order.sz),
            "status": Status.OPEN.value,
            "statusTimestamp": START,
        },
    }
    assert order_status(None) == {"status": "unknownOid"}
