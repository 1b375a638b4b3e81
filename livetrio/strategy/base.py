"""Strategy: the class that authors derive from.

Write the handlers you need; the others cost nothing. A handler is a plain ``def``, or an ``async def``
where it has to wait; one is called at a time, in the order in which the events were published, so a
strategy's own state needs no locks. While an ``async def`` handler waits, events queue up.

    @attrs.define
    class Spread(Strategy):
        instrument: str
        limit: Decimal = Decimal(5)

        def on_start(self) -> None:
            self.ctx.subscribe_quotes(self.instrument)

        def on_quote(self, quote: Quote) -> None:
            ...

The attrs fields are the strategy's parameters: ``[strategies.params]`` of the configuration is checked
against them before anything starts.

There is another way to write a strategy, as a function: ``async def strategy(ctx, instrument): …``. It
reads its events from ``ctx.events``, or from the channels that ``ctx.quotes(…)`` and its like open.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from livetrio.model import (
    Account,
    Bar,
    ConnectionEvent,
    FeedEvent,
    MarketContext,
    MidPrices,
    OrderBook,
    OrderEvent,
    OrderFilled,
    Position,
    Quote,
    TickEvent,
    Trade,
)

if TYPE_CHECKING:
    from livetrio.strategy.context import Context

Outcome = Awaitable[None] | None
"""What a handler returns: nothing, or something to await."""


class Strategy:
    """Derive from it, decorate with ``@attrs.define``, and write the handlers you need."""

    ctx: Context
    """All that the strategy may see and do; there from just before `on_start`."""

    def on_start(self) -> Outcome:
        """The engine is up: subscribe to what you need. Events come only after this has returned."""

    def on_quote(self, quote: Quote) -> Outcome:
        """Best bid or ask of an instrument you subscribed to has changed."""

    def on_trade(self, trade: Trade) -> Outcome:
        """A public trade. Those with ``is_history`` happened before the subscription."""

    def on_book(self, book: OrderBook) -> Outcome:
        """A whole new order book."""

    def on_bar(self, bar: Bar) -> Outcome:
        """A bar's period has ended."""

    def on_context(self, context: MarketContext) -> Outcome:
        """Mark and oracle price, funding, open interest."""

    def on_mids(self, mids: MidPrices) -> Outcome:
        """The mid prices of all that a venue lists."""

    def on_tick(self, tick: TickEvent) -> Outcome:
        """The clock's tick, every ``tick_interval_ms``. Never two at once: see ``missed``."""

    def on_connection(self, event: ConnectionEvent) -> Outcome:
        """A connection of the engine came up, went down, or is being tried again."""

    def on_feed(self, event: FeedEvent) -> Outcome:
        """A feed has fallen silent, speaks again, or was refused."""

    def on_order(self, event: OrderEvent) -> Outcome:
        """Something has happened to an order of the strategy's. Fills come here only without `on_fill`."""

    def on_fill(self, event: OrderFilled) -> Outcome:
        """An order of the strategy's was filled, or a part of it."""

    def on_position(self, position: Position) -> Outcome:
        """The account's position in an instrument you subscribed to has changed."""

    def on_account(self, account: Account) -> Outcome:
        """An account's money has changed, if you subscribed to that."""

    def on_stop(self) -> Outcome:
        """The engine stops, or this strategy failed. Connections are still up; be done within
        ``stop_timeout_ms``."""
