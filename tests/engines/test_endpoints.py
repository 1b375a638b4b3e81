"""OrderEndpoints: what is no command is told to whoever sent it, and harms nobody."""

from decimal import Decimal

import pytest
from tracker_world import BTC, World

from livetrio.engines.endpoints import OrderEndpoints
from livetrio.errors import EndpointNotFound, OrderNotFound, UsageError
from livetrio.model import CancelOrder, ModifyOrder, OrderSide, QueryOrder, SubmitOrder

NAMES = ["submit", "cancel", "modify", "query", "cancel_all"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("nonsense", [None, "0x1234", {"client_order_id": "0x1234"}, Decimal(1), SubmitOrder])
def test_what_is_no_command_is_told_to_whoever_sent_it(name, nonsense):
    world = World()
    OrderEndpoints(world.bus, world.execution).register()

    with pytest.raises(UsageError, match=r"expected a \w+, found"):
        world.bus.request(f"order.{name}", nonsense)
    assert world.tracker.working() == []
    assert world.journal.events == []


def test_the_command_of_another_endpoint_is_no_command():
    world = World()
    OrderEndpoints(world.bus, world.execution).register()
    submit = SubmitOrder(instrument_id=BTC, side=OrderSide.BUY, quantity=Decimal(1))

    with pytest.raises(UsageError, match="expected a CancelOrder, found SubmitOrder"):
        world.bus.request("order.cancel", submit)


def test_an_order_that_is_not_there_cannot_be_canceled_or_changed_and_is_not_found():
    world = World()
    OrderEndpoints(world.bus, world.execution).register()

    with pytest.raises(OrderNotFound, match="there is no order '0x1'"):
        world.bus.request("order.cancel", CancelOrder(client_order_id="0x1"))
    with pytest.raises(OrderNotFound, match="there is no order '0x1'"):
        world.bus.request("order.modify", ModifyOrder(client_order_id="0x1", price=Decimal(1)))
    assert world.bus.request("order.query", QueryOrder(client_order_id="0x1")) is None


def test_endpoints_that_are_deregistered_are_gone():
    world = World()
    endpoints = OrderEndpoints(world.bus, world.execution)
    endpoints.register()
    endpoints.deregister()

    for name in NAMES:
        with pytest.raises(EndpointNotFound):
            world.bus.request(f"order.{name}", None)
