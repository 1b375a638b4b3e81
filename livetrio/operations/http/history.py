"""History: what was, as far as the page draws it: prices and results of the last minutes, and the last fills.

Kept only where the page is served, and bounded: half an hour of 20 instruments takes some 10 MB.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import structlog
import trio

from livetrio.errors import SlowConsumerError
from livetrio.model import OrderFilled
from livetrio.operations.watched import Watched

log = structlog.get_logger()

INTERVAL = 1.0
"""Seconds from one point to the next."""

POINTS = 1800
INSTRUMENTS = 20
"""Those that had a quote first."""

FILLS = 500

NANOSECONDS = 1_000_000_000


class History:
    """Of one run."""

    def __init__(self, engine: Watched) -> None:
        self._engine = engine
        self._prices: dict[str, deque[tuple[float, Decimal, Decimal]]] = {}
        self._results: deque[tuple[float, Decimal, Decimal]] = deque(maxlen=POINTS)
        self._fills: deque[Mapping[str, Any]] = deque(maxlen=FILLS)
        self._count = 0

    async def run(self) -> None:
        """Take notes, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._note_fills, name="fills")
            due = trio.current_time()
            while True:
                self._note_figures()
                due = max(due + INTERVAL, trio.current_time())
                await trio.sleep_until(due)

    def _note_figures(self) -> None:
        at = self._engine.clock.now() / NANOSECONDS
        for quote in self._engine.cache.get_all_quotes():
            if quote.bid_price is None or quote.ask_price is None:
                continue
            points = self._prices.get(quote.instrument_id)
            if points is None:
                if len(self._prices) == INSTRUMENTS:
                    continue
                points = self._prices[quote.instrument_id] = deque(maxlen=POINTS)
            points.append((at, quote.bid_price, quote.ask_price))
        desk = self._engine.desk
        if desk is not None:
            self._results.append((at, desk.portfolio.pnl(), desk.portfolio.day_pnl()))

    async def _note_fills(self) -> None:
        while True:
            with self._engine.bus.subscribe("order.*") as events:
                try:
                    async for event in events:
                        if isinstance(event, OrderFilled):
                            self._note_fill(event)
                except SlowConsumerError:
                    log.warning("the page lacks some fills: too many came at once")

    def _note_fill(self, event: OrderFilled) -> None:
        fill = event.fill
        self._count += 1
        self._fills.append(
            {
                "number": self._count,
                "time": fill.ts_event / NANOSECONDS,
                "instrument_id": fill.instrument_id,
                "side": fill.side.value,
                "quantity": fill.quantity,
                "price": fill.price,
                "fee": fill.fee,
                "strategy": event.order.strategy,
                "client_order_id": event.order.client_order_id,
            }
        )

    # Reading. Times are seconds since the epoch, as charts want them.

    def prices(self, instrument: str) -> list[tuple[float, Decimal, Decimal]]:
        """Time, bid and ask, the oldest first."""
        return list(self._prices.get(instrument, ()))

    def results(self) -> list[tuple[float, Decimal, Decimal]]:
        """Time, profit since the journal began, and of the day."""
        return list(self._results)

    def fills(self, after: int = 0) -> list[Mapping[str, Any]]:
        """Those with a higher number."""
        return [each for each in self._fills if each["number"] > after]
