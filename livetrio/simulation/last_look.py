"""last_look: when the last engine has stopped, do journal, cache and exchange say the same (I2, I3)?"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from livetrio.exchange import LocalExchange
from livetrio.simulation.invariants import ALL_AGREE, NONE_TWICE, Broken
from livetrio.simulation.process import Process
from livetrio.simulation.way import Way
from livetrio.testing.agreement import disagreements
from livetrio.testing.money_agreement import disagreements_of_balances
from livetrio.testing.runs import StrategyRun


@attrs.define
class _Stopped(StrategyRun):
    """A run whose journal is sealed."""

    began: int

    @property
    def since(self) -> int:
        """From when on the exchange's fills count, UTC nanoseconds."""
        return self.began


def last_look(process: Process, exchange: LocalExchange, way: Way, since: int) -> Iterator[Broken]:
    """Where they differ. Of an order that the engine names as left it says itself that it does not know.

    So of its instrument the position and the money may be others, too; whoever takes up the journal has to
    find that out.

    Args:
      process: the last one, which has stopped.
      exchange: where it traded.
      way: by which.
      since: from when on the exchange's fills count, UTC nanoseconds: asked while the journal was open.
    """
    run = _Stopped(process.engine, exchange, way, process.journal, since)
    named = {
        str(each)
        for order in process.left
        for each in (order.client_order_id, order.venue_order_id, order.instrument_id)
        if each
    }
    balances = set(disagreements_of_balances(run)) if named else ()
    for broken in differences(run):
        if broken.sentence not in balances and not any(name in broken.sentence for name in named):
            yield broken


def differences(run: StrategyRun) -> Iterator[Broken]:
    """Where journal, cache and exchange differ."""
    for sentence in disagreements(run):
        yield Broken(NONE_TWICE if "was placed" in sentence else ALL_AGREE, sentence)
