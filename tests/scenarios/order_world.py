"""A strategy that is busy with orders in every way, for runs in which things go wrong."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import attrs
import trio

from livetrio import Strategy
from livetrio.model import OrderEvent, OrderFilled, OrderSide, TickEvent
from livetrio.model.order import CLOSED_STATUSES

BTC = "BTC-USD-PERP.HYPERLIQUID"
ETH = "ETH-USD-PERP.HYPERLIQUID"

SIZES = {BTC: Decimal("0.01"), ETH: Decimal("0.2")}


@attrs.define
class Busy(Strategy):
    """At each tick it does a few things with orders, drawn from its seed; and it notes what may never be."""

    seed: int = 0
    most: int = 12
    """Orders at once."""
    events: Counter = attrs.field(factory=Counter, init=False)
    wrong: list = attrs.field(factory=list, init=False)
    closed: dict = attrs.field(factory=dict, init=False)
    fills: set = attrs.field(factory=set, init=False)
    is_quiet: bool = attrs.field(default=False, init=False)

    def on_start(self) -> None:
        self.random = random.Random(self.seed)
        for instrument in SIZES:
            self.ctx.subscribe_quotes(instrument)

    def on_tick(self, tick: TickEvent) -> None:
        if self.is_quiet:
            return
        for _ in range(self.random.randint(0, 3)):
            self._act()

    def _act(self) -> None:
        working = [each for each in self.ctx.orders() if each.is_open]
        draw = self.random.random()
        if working and draw < 0.35:
            self.ctx.cancel_order(self.random.choice(working))
        elif working and draw < 0.5:
            order = self.random.choice(working)
            if order.price is not None:
                self.ctx.modify_order(order, price=order.price * (1 + self._offset(order.side) / 10))
        elif len(self.ctx.orders()) < self.most:
            self._place()

    def _place(self) -> None:
        instrument = self.random.choice(list(SIZES))
        quote = self.ctx.cache.get_quote(instrument)
        if quote is None or quote.mid_price is None:
            return
        side = self.random.choice(list(OrderSide))
        if abs(self.ctx.position(instrument)) > 5 * SIZES[instrument]:
            side = OrderSide.SELL if self.ctx.position(instrument) > 0 else OrderSide.BUY
        price = quote.mid_price * (1 + self._offset(side))
        kind = self.random.random()
        if kind < 0.2:
            self.ctx.submit_order(instrument, side, SIZES[instrument])
        else:
            self.ctx.submit_order(instrument, side, SIZES[instrument], price=price, post_only=kind < 0.4)

    def _offset(self, side: OrderSide) -> Decimal:
        away = Decimal(self.random.randint(-5, 40)) / 10_000
        return -away if side is OrderSide.BUY else away

    def on_order(self, event: OrderEvent) -> None:
        self._note(event)

    def on_fill(self, event: OrderFilled) -> None:
        self._note(event)
        if event.fill.fill_id in self.fills:
            self.wrong.append(("a fill twice", event.fill))
        self.fills.add(event.fill.fill_id)

    def _note(self, event: OrderEvent) -> None:
        self.events[type(event).__name__] += 1
        key = event.order.client_order_id
        if event.previous in CLOSED_STATUSES and event.status is not event.previous:
            self.wrong.append(("a closed status was left", event))
        if event.status in CLOSED_STATUSES:
            before = self.closed.setdefault(key, event.status)
            if before is not event.status:
                self.wrong.append(("closed twice, and differently", event))


async def until_quiet(run, strategy: Busy) -> None:
    """Let the strategy rest, and wait until all that is under way is settled."""
    strategy.is_quiet = True
    await wait_settled(run)


async def wait_settled(run, limit: float = 90) -> None:
    """Wait until the gate is open, and nothing is on its way or unknown."""
    desk = run.desk
    with trio.fail_after(limit):
        while not is_settled(desk):
            with trio.move_on_after(0.2):
                await desk.tracker.progress().wait()
    await trio.sleep(2)


def is_settled(desk) -> bool:
    """Whether the gate is open, and nothing is on its way or unknown."""
    now = desk.execution._now()
    return all(account.link.gate.reason(now) is None for account in desk.accounts) and not any(
        each.order.is_inflight
        or each.order.is_canceling
        or each.missing
        or each.order.pending_revision is not None
        for each in desk.tracker.working()
    )
