"""DeskWatch: hears what one process gives to its journal before it acts, and holds it to account (I4, I6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from livetrio.app.order_desk import OrderDesk
from livetrio.journal.reading import read_fills
from livetrio.model import Fill, InstrumentId, Position
from livetrio.simulation.fill_sums import FillSums
from livetrio.simulation.invariants import FILLS_SUM, Broken, Life, Watch, change_may_leave


class DeskWatch:
    """Of one process, from when its journal is open."""

    def __init__(self, life: Life, desk: OrderDesk, watch: Watch) -> None:
        self._life = life
        self._desk = desk
        self._watch = watch
        recorded = (each.fill for each in read_fills(desk.keeper.journal.path))
        self._sums = FillSums(desk.portfolio, recorded, watch.adoptions)
        self._accuse(self._sums.begin())
        self._listen()

    def hear(self, position: Position) -> None:
        """The engine tells of a position."""
        self._accuse(self._sums.look_at(position))

    def look(self) -> None:
        """Look at all positions."""
        self._accuse(self._sums.look())

    def _listen(self) -> None:
        keeper, portfolio = self._desk.keeper, self._desk.portfolio
        record_request, record_fill, adopt = keeper.record_request, keeper.record_fill, portfolio.adopt

        def heard_request(
            nonce: int, kind: str, client_order_ids: Sequence[str], expires: int | None, ts: int
        ) -> None:
            self._take_request(kind, client_order_ids)
            record_request(nonce, kind, client_order_ids, expires, ts)

        def heard_fill(fill: Fill, strategy: str | None) -> None:
            if not self._life.is_killed:
                self._accuse(self._sums.take_fill(fill, self._watch.account))
            record_fill(fill, strategy)

        def heard_adoption(instrument_id: InstrumentId, quantity: Decimal, *more: Any, **how: Any) -> None:
            if not self._life.is_killed:
                self._sums.take_adoption(instrument_id, quantity)
            adopt(instrument_id, quantity, *more, **how)

        keeper.record_request = heard_request  # type: ignore[method-assign]
        keeper.record_fill = heard_fill  # type: ignore[method-assign]
        portfolio.adopt = heard_adoption  # type: ignore[method-assign]

    def _take_request(self, kind: str, client_order_ids: Sequence[str]) -> None:
        if self._life.is_killed:
            return
        known = (self._desk.tracker.get(each) for each in client_order_ids)
        orders = [each.order for each in known if each is not None]
        for broken in change_may_leave(self._life, kind, orders):
            self._watch.accuse(broken)

    def _accuse(self, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            self._watch.accuse(Broken(FILLS_SUM, sentence))
