"""Views of an engine as a test wants it, and somebody who is told; for the tests in this folder."""

from __future__ import annotations

from decimal import Decimal

import attrs
import trio

from livetrio.clock import SIMULATED_EPOCH
from livetrio.errors import AlertNotSent
from livetrio.operations.alerts.config import AlertConfig
from livetrio.operations.alerts.message import Message
from livetrio.operations.alerts.watcher import Watcher
from livetrio.operations.view import (
    ConnectionView,
    EndingView,
    GateView,
    OrderView,
    StrategyView,
    TradingView,
    View,
)


def gate(*reasons, closed_for=None):
    return GateView(
        venue="HYPERLIQUID",
        account_id="HYPERLIQUID-0x5c10776f204e3082d2c407de323017f9f861d8a7",
        is_open=not reasons,
        reasons=reasons,
        waiting=0,
        closed_for=closed_for,
    )


def order(name="0xa1", status="unknown", since=0.0, strategy="Maker"):
    return OrderView(
        client_order_id=name,
        venue_order_id=None,
        instrument_id="BTC-USD-PERP.HYPERLIQUID",
        strategy=strategy,
        side="buy",
        order_type="limit",
        quantity=Decimal("0.01"),
        filled_quantity=Decimal(0),
        price=Decimal(91000),
        trigger_price=None,
        status=status,
        is_canceling=False,
        reason="no answer in 5 s",
        age=since,
        since=since,
    )


def connection(name="hyperliquid/market", state="connected", stale=(), attempts=0, error=None):
    return ConnectionView(
        name=name,
        endpoint="wss://venue.test/ws",
        state=state,
        age=0.1,
        latency_ms=1.0,
        reconnects=0,
        attempts=attempts,
        messages=1,
        uptime=1.0,
        feeds=3,
        stale_feeds=stale,
        faults={},
        last_error=error,
    )


def strategy(name="Maker", error=None):
    return StrategyView(
        name=name,
        state="running" if error is None else "failed",
        events=1,
        per_event_us=None,
        queued=0,
        lag=0.0,
        dropped=0,
        conflated=0,
        errors=0 if error is None else 1,
        error=error,
        orders=0,
        pnl=None,
    )


def trading(**changes):
    values = {
        "state": "active",
        "reason": None,
        "gates": (gate(),),
        "orders": (),
        "counts": {},
        "fills": 0,
        "positions": (),
        "accounts": (),
        "pnl": Decimal(0),
        "day_pnl": Decimal(0),
        "is_priced": True,
        "locks": (),
        "journal": "orders.journal",
    }
    return TradingView(**values | changes)


def view(at=0.0, *, connections=(), strategies=(), ending=None, life="running", **changes):
    """At so many seconds since the start; ``changes`` are of what is done with orders."""
    return View(
        version="0",
        now=SIMULATED_EPOCH + round(at * 1e9),
        started=SIMULATED_EPOCH,
        life=life,
        connections=connections,
        quotes=(),
        strategies=strategies,
        trading=trading(**changes),
        refused={},
        warnings=(),
        ending=None if ending is None else EndingView(reason=ending, message="some reason"),
    )


def watch(rule, **settings):
    """A watcher of one rule."""
    return Watcher("demo", [AlertConfig(rule=rule, **settings)])


def told(watcher, seen, **more):
    """What a look tells: titles and texts."""
    return [(message.title, message.text) for _, message in watcher.look(seen, **more)]


def message(number=1, at=0.0):
    return Message(
        engine="demo",
        rule="gate_closed",
        level="warning",
        title="gate closed",
        lines=(f"message {number}",),
        is_over=False,
        ts=SIMULATED_EPOCH + round(at * 1e9),
    )


@attrs.define
class Reader:
    """Somebody who is told, by a channel that may be out of order or slow."""

    texts: list = attrs.field(factory=list)
    messages: list = attrs.field(factory=list)
    is_down: bool = False
    delay: float = 0.0
    attempts: list = attrs.field(factory=list)
    """When each was made, in trio's time."""

    async def send(self, message):
        self.attempts.append(trio.current_time())
        await trio.sleep(self.delay)
        if self.is_down:
            raise AlertNotSent("it is down")
        self.messages.append(message)
        self.texts.append(message.text)

    @property
    def titles(self):
        return [each.title for each in self.messages]
