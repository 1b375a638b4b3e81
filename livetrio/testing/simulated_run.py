"""SimulatedRun: what a strategy did in a simulated world, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

from livetrio.model import Fill, InstrumentId, Order, OrderEvent
from livetrio.simulation.outcome import Violation
from livetrio.simulation.plan import Plan
from livetrio.simulation.record import Money, Record
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import StrategyFunction


@attrs.frozen(kw_only=True)
class SimulatedRun:
    """One world that was run to its end. The world's own order, by which it tries the engine, is left out."""

    plan: Plan
    """What was to happen in it."""
    violation: Violation | None
    """The first thing that did not hold, of the invariants and of one's own checks; None: all held."""
    digest: str
    """Of all that happened: two runs of one plan have the same."""
    counts: Mapping[str, int]
    """How often: ``starts`` of the engine's process, ``connections`` dialed, ``messages`` that the engine
    published; ``orders`` and ``fills`` as the exchange counts them, the world's own and each revision
    included; and the faults that happened, by name (``kill``, ``rst``)."""
    record: Record = attrs.field(repr=False)
    """All that was done."""
    strategies: Sequence[Strategy | StrategyFunction] = attrs.field(default=(), repr=False)
    """The strategies of the engine's last start, as they are now. Empty where the world was run by another
    process."""
    again: tuple[str, ...] = ()
    """How to see it again: the call, and for a configuration the command, if there is one."""

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order that the strategies wanted, as it stood at the end, the oldest first."""
        return self.record.orders

    def events(self, order: Order) -> tuple[OrderEvent, ...]:
        """All that happened to an order, in that order."""
        return self.record.events[order.client_order_id]

    @property
    def fills(self) -> tuple[Fill, ...]:
        """The oldest first."""
        return self.record.fills

    @property
    def positions(self) -> Mapping[InstrumentId, Decimal]:
        """Of perpetuals, what is held at the exchange, negative short; those that are flat are not there."""
        return self.record.positions

    def position(self, instrument_id: InstrumentId | str) -> Decimal:
        """What is held of a perpetual at the exchange; 0 where it is flat."""
        return self.record.positions.get(InstrumentId(instrument_id), Decimal(0))

    @property
    def money(self) -> Money:
        """What came of it, as the exchange has it: equity, profit, fees, funding."""
        return self.record.money

    @property
    def starts(self) -> int:
        """How often the engine's process was started."""
        return self.counts["starts"]
