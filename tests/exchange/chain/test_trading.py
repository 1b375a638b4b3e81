"""The actions about orders: batches, groups, cancels, modifies, the dead man's switch, in wire words."""

import msgspec
import pytest
from chain_world import START, USD, World

from livetrio.exchange.chain.actions import (
    BatchModifyAction,
    CancelAction,
    CancelByCloidAction,
    ModifyAction,
    OrderAction,
    ScheduleCancelAction,
)
from livetrio.exchange.chain.order import Status
from livetrio.exchange.chain.trading import (
    Refusal,
    cancel_orders,
    fire_switch,
    modify_order,
    modify_orders,
    place_orders,
    schedule_cancel,
)

CLOID = "0xa1f0cddc17303d07f3fd128d5b35071d"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def client(world):
    return world.accounts[0]


def limit(px="91000", sz="0.01", buy=True, tif="Gtc", asset=0, reduce_only=False, cloid=None):
    order = {"a": asset, "b": buy, "p": px, "s": sz, "r": reduce_only, "t": {"limit": {"tif": tif}}}
    return order if cloid is None else order | {"c": cloid}


def trigger(px="80000", trigger_px="90000", sz="0.01", buy=False, tpsl="sl", reduce_only=True, market=True):
    kind = {"isMarket": market, "triggerPx": trigger_px, "tpsl": tpsl}
    return {"a": 0, "b": buy, "p": px, "s": sz, "r": reduce_only, "t": {"trigger": kind}}


def act(world, client, *orders, grouping="na", **more):
    action = msgspec.convert({"type": "order", "orders": orders, "grouping": grouping, **more}, OrderAction)
    response = place_orders(world.ledger, client, action)

    assert response["type"] == "order"
    return response["data"]["statuses"]


def cancel(world, client, *cancels, by_cloid=False, **more):
    kind = CancelByCloidAction if by_cloid else CancelAction
    tag = "cancelByCloid" if by_cloid else "cancel"
    action = msgspec.convert({"type": tag, "cancels": cancels, **more}, kind)
    response = cancel_orders(world.ledger, client, action)

    assert response["type"] == "cancel"
    return response["data"]["statuses"]


def modify(world, client, oid, order, **more):
    action = msgspec.convert({"type": "modify", "oid": oid, "order": order, **more}, ModifyAction)
    return modify_order(world.ledger, client, action)


def open_position(world, client, sz="0.01"):
    world.place(world.accounts[1], "sell", 91375, sz)
    world.place(client, "buy", 91375, sz)
    world.take_events()


# Orders.


def test_each_order_of_a_batch_has_its_own_result(world, client):
    good, tick, small = act(world, client, limit(cloid=CLOID), limit("91000.5"), limit(sz="0.0001"))
    (order,) = client.orders.values()

    assert good == {"resting": {"oid": order.oid, "cloid": CLOID}}
    assert tick == {"error": "Price must be divisible by tick size. asset=0"}
    assert small == {"error": "Order must have minimum value of $10. asset=0"}


@pytest.mark.parametrize(
    "bad, error",
    [
        (limit(sz="0"), "Order has zero size. asset=0"),
        (limit(sz="0.000001"), "Order has invalid size. asset=0"),
        (limit(sz="0.010"), "Order has invalid size. asset=0"),
        (limit(sz="-1"), "Order has invalid size. asset=0"),
        (limit("91000.0"), "Order has invalid price. asset=0"),
        (limit("91000.55"), "Order has invalid price. asset=0"),
        (limit("0"), "Order has invalid price. asset=0"),
        (limit("1e5"), "Order has invalid price. asset=0"),
        (limit("NaN"), "Order has invalid price. asset=0"),
        (limit("18000"), "Order price cannot be more than 80% away from the reference price asset=0"),
        (limit("165000"), "Order price cannot be more than 80% away from the reference price asset=0"),
        (limit(asset=77), "Invalid asset. asset=77"),
    ],
)
def test_an_order_that_makes_no_sense_refuses_the_batch_with_one_error(world, client, bad, error):
    assert act(world, client, limit(), bad, limit()) == [{"error": error}]
    assert not client.orders


def test_a_family_waits_for_its_parent(world, client):
    statuses = act(
        world, client, limit(), trigger("95000", "95000", tpsl="tp"), trigger(), grouping="normalTpsl"
    )

    assert list(statuses[0]) == ["resting"]
    assert statuses[1:] == ["waitingForFill", "waitingForFill"]
    assert len(client.orders) == 3


def test_a_family_whose_parent_fills_at_once_waits_for_its_prices(world, client):
    world.place(world.accounts[1], "sell", 91000, "0.01")
    statuses = act(world, client, limit(), trigger(), grouping="normalTpsl")

    assert list(statuses[0]) == ["filled"]
    assert statuses[1] == "waitingForTrigger"
    assert len(world.ledger.triggers[0]) == 1


def test_a_family_whose_parent_is_refused_does_not_come_into_being(world, client):
    statuses = act(world, client, limit("91000.5"), trigger(), grouping="normalTpsl")

    assert [list(each) for each in statuses] == [["error"], ["error"]]
    assert not client.orders


@pytest.mark.parametrize(
    "orders, grouping, error",
    [
        ([limit()], "normalTpsl", "Unexpected number of trigger orders"),
        ([limit(), limit()], "normalTpsl", "Unexpected number of trigger orders"),
        ([trigger(), trigger()], "normalTpsl", "Unexpected number of trigger orders"),
        ([limit()], "positionTpsl", "Unexpected number of trigger orders"),
        ([limit(), trigger(buy=True)], "normalTpsl", "Invalid TP/SL price."),
        ([limit()], {"p": 1000}, "Priority is for orders that are all Ioc, or all Alo."),
    ],
)
def test_a_group_of_the_wrong_kind_is_refused(world, client, orders, grouping, error):
    assert act(world, client, *orders, grouping=grouping) == [{"error": error}]


def test_priority_is_for_takers_or_for_post_only_orders(world, client):
    assert "resting" in act(world, client, limit(tif="Alo"), grouping={"p": 1000})[0]


def test_a_stop_bound_to_the_position_closes_whatever_that_is(world, client):
    open_position(world, client, "0.03")
    (status,) = act(world, client, trigger(sz="0.01"), grouping="positionTpsl")
    (order,) = client.orders.values()

    assert status == {"resting": {"oid": order.oid}}
    assert order.is_position_tpsl


def test_trigger_orders_are_for_perpetuals(world, client):
    wire = trigger() | {"a": 10_000, "p": "0.18", "s": "100"}

    assert act(world, client, wire) == [{"error": "Trigger orders are for perpetuals only. asset=10000"}]


def test_a_builder_needs_to_be_approved(world, client):
    builder = {"b": "0x" + "b" * 40, "f": 10}
    with pytest.raises(Refusal, match="Builder fee has not been approved"):
        act(world, client, limit(), builder=builder)
    client.builder_limits["0x" + "b" * 40] = 10

    assert "resting" in act(world, client, limit(), builder=builder)[0]
    assert "resting" in act(world, client, limit(), builder=builder | {"f": 0})[0]


# Cancels.


def test_cancels_are_told_one_by_one_and_by_what_they_name(world, client):
    act(world, client, limit(), limit("90000", cloid=CLOID))
    first = next(iter(client.orders))
    by_id = cancel(world, client, {"a": 0, "o": first}, {"a": 0, "o": first}, {"a": 1, "o": first + 1})
    by_cloid = cancel(
        world, client, {"asset": 0, "cloid": CLOID.upper().replace("X", "x")}, {"asset": 0, "cloid": CLOID},
        by_cloid=True,
    )  # fmt: skip
    gone = {"error": "Order was never placed, already canceled, or filled. asset=0"}
    other = {"error": "Order was never placed, already canceled, or filled. asset=1"}

    assert by_id == ["success", gone, other]
    assert by_cloid == ["success", gone]


def test_a_trigger_order_cannot_be_canceled_fast(world, client):
    open_position(world, client)
    act(world, client, limit("90000"), trigger())
    order, stop = client.orders
    statuses = cancel(world, client, {"a": 0, "o": order}, {"a": 0, "o": stop}, f=True)

    assert statuses == ["success", {"error": "Trigger orders cannot be canceled fast. asset=0"}]
    assert list(client.orders) == [stop]


def test_nobody_cancels_the_order_of_another(world, client):
    act(world, client, limit())
    (oid,) = client.orders

    assert "error" in cancel(world, world.accounts[1], {"a": 0, "o": oid})[0]
    assert oid in client.orders


# Modifies.


def test_a_modify_is_a_cancel_and_a_new_order_with_another_number(world, client):
    act(world, client, limit(cloid=CLOID))
    (old,) = client.orders.values()
    answer = modify(world, client, CLOID, limit("90500", sz="0.02", cloid=CLOID))
    (new,) = client.orders.values()

    assert answer == {"type": "default"}
    assert old.status is Status.CANCELED
    assert (new.px, new.sz, new.cloid, str(new.tif)) == (905_000, 2000, CLOID, "Alo")
    assert new.oid > old.oid
    assert client.by_cloid[CLOID] is new


def test_a_modify_that_would_match_loses_the_old_order_and_says_so(world, client):
    world.place(world.accounts[1], "sell", 91375, "0.01")
    act(world, client, limit())
    (oid,) = client.orders
    with pytest.raises(Refusal, match=r"^Error placing new order during modify: Post only order would have"):
        modify(world, client, oid, limit("91400"))

    assert not client.orders


def test_a_modify_that_always_places_may_match(world, client):
    world.place(world.accounts[1], "sell", 91375, "0.01")
    act(world, client, limit())
    (oid,) = client.orders
    modify(world, client, oid, limit("91400"), a=True)

    assert world.szi(client) == 1000


@pytest.mark.parametrize("new", [limit(tif="Ioc"), trigger(buy=True)])
def test_a_modify_only_adds_liquidity_unless_it_always_places(world, client, new):
    act(world, client, limit())
    (oid,) = client.orders
    with pytest.raises(Refusal, match="Only Alo and Gtc"):
        modify(world, client, oid, new)

    assert oid in client.orders


def test_what_is_gone_cannot_be_modified(world, client):
    with pytest.raises(Refusal, match=r"^Cannot modify canceled or filled order$"):
        modify(world, client, 5, limit())


def test_a_modify_of_nonsense_leaves_the_old_order(world, client):
    act(world, client, limit())
    (oid,) = client.orders
    for bad in (limit(sz="0"), limit("91000", asset=1), limit(buy=False)):
        with pytest.raises(Refusal):
            modify(world, client, oid, bad)

    assert oid in client.orders


def test_a_batch_of_modifies_tells_the_new_numbers(world, client):
    act(world, client, limit(), limit("90000"))
    first, second = client.orders
    wire = {"type": "batchModify", "modifies": [
        {"oid": first, "order": limit("90900")},
        {"oid": 7, "order": limit()},
        {"oid": second, "order": limit("90100", sz="0.00001")},
    ]}  # fmt: skip
    response = modify_orders(world.ledger, client, msgspec.convert(wire, BatchModifyAction))
    (left,) = client.orders
    statuses = response["data"]["statuses"]

    assert response["type"] == "order"
    assert statuses[0] == {"resting": {"oid": left}}
    assert statuses[1] == {"error": "Cannot modify canceled or filled order"}
    assert statuses[2]["error"].startswith("Error placing new order during modify: Order must have minimum")


# The dead man's switch.


def test_the_switch_cancels_everything_when_it_fires(world, client):
    act(world, client, limit(), limit(), trigger(), grouping="na")
    schedule_cancel(world.ledger, client, ScheduleCancelAction(time=START + 5_000), 0)
    armed = dict(world.ledger.armed)
    orders = list(client.orders.values())
    fire_switch(world.ledger, client)

    assert armed == {client.address: client}
    assert {each.status for each in orders} == {Status.SCHEDULED_CANCEL}
    assert not client.orders
    assert not world.ledger.armed
    assert client.cancel_at is None


def test_the_switch_can_be_taken_back(world, client):
    schedule_cancel(world.ledger, client, ScheduleCancelAction(time=START + 5_000), 0)
    schedule_cancel(world.ledger, client, ScheduleCancelAction(), 0)

    assert not world.ledger.armed


@pytest.mark.parametrize(
    "volume, time, fired, error",
    [
        (0, START + 60_000, 0, r"enough volume traded. Required: \$1000000. Traded: \$0.00"),
        (10**6, START + 4_999, 0, "at least 5 seconds"),
        (10**6, START + 60_000, 10, "too many times today"),
    ],
)
def test_the_switch_has_its_conditions(world, client, volume, time, fired, error):
    client.volume = volume * USD
    client.switch_day, client.switch_count = START // 86_400_000, fired
    with pytest.raises(Refusal, match=error):
        schedule_cancel(world.ledger, client, ScheduleCancelAction(time=time), 10**6 * USD)
