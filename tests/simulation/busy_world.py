"""A world with a strategy that always has something to do, and a program that prints its digest."""

from __future__ import annotations

import random
import sys
from decimal import Decimal

import attrs

from livetrio import LiveTradingConfig, Strategy
from livetrio.model import OrderSide
from livetrio.simulation.plan import Plan
from livetrio.simulation.subject import Subject
from livetrio.simulation.world import run_world

BTC = "BTC-USD-PERP.HYPERLIQUID"


@attrs.define
class Busy(Strategy):
    """At each tick it places, modifies or cancels."""

    size: Decimal = Decimal("0.01")

    def on_start(self):
        self.random = random.Random(1)
        self.ctx.subscribe_quotes(BTC)

    def on_tick(self, tick):
        quote = self.ctx.cache.get_quote(BTC)
        if quote is None:
            return
        working = [each for each in self.ctx.orders() if each.is_open]
        draw = self.random.random()
        if working and draw < 0.4:
            self.ctx.cancel_order(self.random.choice(working))
        elif working and draw < 0.5:
            self.ctx.modify_order(working[0], price=working[0].price * Decimal("0.9999"))
        elif len(working) < 8:
            side = OrderSide.SELL if self.ctx.position(BTC) > 0 else OrderSide.BUY
            away = Decimal(self.random.randint(-3, 20)) / 10_000
            price = quote.mid_price * (1 - away if side is OrderSide.BUY else 1 + away)
            self.ctx.submit_order(BTC, side, self.size, price=price)


def busy_subject(**more):
    return Subject(
        strategies=(lambda engine: engine.add_strategy(Busy()),),
        engine=LiveTradingConfig(tick_interval_ms=1000, handle_signals=False),
        **more,
    )


def busy_world(*faults, seed=1, seconds=60.0, trace=None, **more):
    return run_world(Plan(seed, seconds, faults), busy_subject(**more), trace=trace)


class Idle(Strategy):
    """Looks on."""

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)


def idle_world(*faults, seed=1, seconds=20.0, **more):
    subject = Subject(
        strategies=(lambda engine: engine.add_strategy(Idle()),),
        engine=LiveTradingConfig(handle_signals=False),
        **more,
    )
    return run_world(Plan(seed, seconds, faults), subject)


if __name__ == "__main__":
    sys.stdout.write(busy_world(*sys.argv[1:]).digest + "\n")
