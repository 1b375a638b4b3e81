"""Patrol: what is asked, and in which order its answers are believed. (All of it at work: the scenarios.)"""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.portfolio import Portfolio
from livetrio.engines.risk import RiskEngine
from livetrio.engines.risk_config import RiskConfig
from livetrio.engines.tracker import OrderTracker
from livetrio.engines.watchlist import Watch
from livetrio.errors import HttpError
from livetrio.model import Order, OrderReport, OrderSide, OrderStatus, OrderType
from livetrio.supervision.patrol import Patrol

S = OrderStatus
BTC = "BTC-USD-PERP.HYPERLIQUID"
ID = "0x6c74" + "0" * 28


def report(status, revision, venue_id):
    return OrderReport(
        client_order_id=ID, venue_order_id=venue_id, instrument_id=BTC, status=status, quantity=Decimal(1),
        remaining_quantity=Decimal(1), revision=revision, side=OrderSide.BUY, price=Decimal(100), ts_event=1,
        ts_init=1,
    )  # fmt: skip


class Venue:
    """The old leg of the order has ended there, and the one that it was modified to rests."""

    name = "HYPERLIQUID"

    def __init__(self):
        self.asked = []
        self.is_down = False

    def ask_open_orders(self):
        return "open", [report(S.ACCEPTED, 1, "2")]

    def ask_order(self, order, revision):
        status = S.CANCELED if revision == 0 else S.ACCEPTED
        return f"order {revision}", report(status, revision, str(revision + 1))

    async def ask(self, question):
        name, answer = question
        self.asked.append(name)
        if self.is_down:
            raise HttpError("no answer")
        return answer


class World:
    """A tracker that knows of the order what a journal without its end has."""

    def __init__(self):
        self.clock = Clock.simulated()
        bus, cache, nothing = MessageBus(), Cache(), lambda *_: None
        portfolio = Portfolio(cache, bus)
        risk = RiskEngine(RiskConfig(), cache, portfolio, now=self.clock.now, on_breach=nothing)
        journal = SimpleNamespace(
            record_event=nothing, record_order=nothing, record_timeline=nothing, put=nothing
        )
        self.tracker = OrderTracker(
            bus, cache, risk=risk, portfolio=portfolio, journal=journal, now=self.clock.now
        )
        self.order = Order(
            client_order_id=ID, venue_order_id="1", instrument_id=BTC, strategy="mm", side=OrderSide.BUY,
            order_type=OrderType.LIMIT, quantity=Decimal(1), price=Decimal(99), status=S.ACCEPTED,
            is_canceling=True, ts_event=0,
        )  # fmt: skip
        self.tracker.track(self.order)
        self.venue = Venue()
        self.canceled = []
        link = SimpleNamespace(
            trading=self.venue, venue=self.venue, venue_offset=0, send_cancel=self.canceled.append
        )
        self.patrol = Patrol(
            link,
            self.venue,
            SimpleNamespace(),
            self.tracker,
            self.clock,
            retry_interval=1.0,
            submit_timeout=5.0,
        )

    async def look(self):
        await self.patrol.look_at([Watch(ID, "a test", 0, 0)])


@pytest.fixture
def world(autojump_clock):
    return World


async def test_until_all_was_compared_what_rests_is_asked_before_what_has_ended(world):
    there = world()
    await there.look()

    assert there.venue.asked == ["open", "order 1"]
    assert (there.order.status, there.order.revision) == (S.ACCEPTED, 1)
    assert there.canceled == [there.order]


async def test_where_that_has_no_answer_nothing_is_judged_and_it_is_looked_at_again(world):
    there = world()
    there.venue.is_down = True
    await there.look()

    assert there.venue.asked == ["open"]
    assert there.order.status is S.ACCEPTED
    assert there.tracker.watchlist.get(ID).asked == 1


async def test_once_all_was_compared_every_leg_is_known_and_its_end_is_the_orders(world):
    there = world()
    there.patrol.is_compared = True
    await there.look()

    assert there.venue.asked == ["order 0"]
    assert there.order.status is S.CANCELED
