"""KillSwitch: lets nothing leave any more, cancels everything, and closes all positions if told to.

A halt by hand stands until somebody forgives it: the journal has it, so an engine that is started again by
itself after its operator has halted it does not begin to trade.

To close positions takes more than one order. One that was being canceled may have been filled meanwhile, the
market may have taken only a part, and the account's stream may be down. So all is looked at again every
second, until nothing is held and no order is left that could change that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import structlog

from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.locks import Remember
from livetrio.engines.trading_state import TradingState
from livetrio.model import InstrumentId, InstrumentKind, Order, Position, SubmitOrder

log = structlog.get_logger()

SECOND = 1_000_000_000

LONGEST_WAIT = 30 * SECOND
"""Nanoseconds, at the most, from one attempt to close a position to the next."""

HALT = "halt"
"""The journal's kind of state."""


@attrs.define
class _Closing:
    """How a position is being closed."""

    order: Order | None = None
    tries: int = 0
    due: int = 0
    """When to try again, UTC nanoseconds."""
    told: str | None = None
    """Why it could not be closed, as far as that was logged."""


class KillSwitch:
    """Of one engine."""

    def __init__(self, execution: ExecutionEngine, *, now: Callable[[], int], remember: Remember) -> None:
        self.is_flattening = False
        """Whether positions are being closed."""
        self._execution = execution
        self._tracker = execution.tracker
        self._risk = execution.tracker.risk
        self._now = now
        self._remember = remember
        self._is_remembered = False
        self.breach: str | None = None
        """What was lost, if that is among the reasons for which trading is halted; a hand cannot end this."""
        self._closing: dict[InstrumentId, _Closing] = {}

    def restore(self, states: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """A halt of an earlier run stands, and what it was to close is still to be closed."""
        state = states.get(HALT, {}).get("")
        if state is not None:
            self._is_remembered = True
            self.is_flattening = state["flatten"]
            log.error("trading was halted by hand, and stays so until it is forgiven", reason=state["reason"])
            self._risk.set_state(TradingState.HALTED, state["reason"])

    def forgive(self) -> None:
        """A halt of an earlier run is over."""
        self._forget()
        self._risk.set_state(TradingState.ACTIVE)

    def resume(self) -> None:
        """A halt by hand is over; of what was lost nothing is forgiven. Not while there is a `breach`."""
        self._forget()
        self._risk.set_state(TradingState.ACTIVE, is_forgiven=False)

    def halt(self, reason: str, *, flatten: bool = False, is_remembered: bool = True) -> None:
        """Let nothing leave any more, cancel all that rests, whoever placed it, and close positions if asked
        to.

        Args:
          reason: in words for people.
          flatten: close all positions, however long that takes; once asked for, it stays asked for.
          is_remembered: whether it stands after a restart. (Who finds the reason again need not.)
        """
        log.error("trading is halted", reason=reason, flatten=flatten)
        self.is_flattening |= flatten
        if not is_remembered:
            self.breach = reason
        self._risk.set_state(TradingState.HALTED, reason)
        if is_remembered or self._is_remembered:
            self._is_remembered = True
            self._remember(HALT, "", {"reason": reason, "flatten": self.is_flattening})
        closing = [each.order for each in self._closing.values()]
        for tracked in self._tracker.working():
            order = tracked.order
            if order not in closing and self._execution.client_of(order.instrument_id) is not None:
                self._execution.cancel_order(order.client_order_id)
        self.look()

    def look(self) -> None:
        """Close what is held and should not be; to be called every second or so."""
        if self._risk.state is not TradingState.HALTED:
            self._forget()
        if not self.is_flattening:
            return
        positions = self._positions()
        for position in positions:
            self._close(position)
        if not positions and not self._tracker.working():
            log.warning("all positions are closed")
            self._tracker.portfolio.hand_over(ts=self._now())
            self._tracker.note_positions()
            self.is_flattening = False
            self._closing.clear()
            if self._is_remembered:
                self._remember(HALT, "", {"reason": self._risk.reason, "flatten": False})

    @property
    def can_flatten(self) -> bool:
        """Whether positions are being closed, and an order that does so could leave or is on its way."""
        if not self.is_flattening:
            return False
        return any(self._execution.why_closed(each.instrument_id) is None for each in self._positions())

    def _positions(self) -> list[Position]:
        """All but the dust that fees in kind have left: less than can be traded."""
        cache = self._tracker.cache
        return [
            each
            for each in cache.get_all_positions()
            if (instrument := cache.get_instrument(each.instrument_id)) is None
            or abs(each.quantity) >= instrument.size_step
        ]

    def _forget(self) -> None:
        self.is_flattening = False
        self.breach = None
        self._closing.clear()
        if self._is_remembered:
            self._is_remembered = False
            self._remember(HALT, "", None)

    def _close(self, position: Position) -> None:
        name = position.instrument_id
        closing = self._closing.setdefault(name, _Closing())
        if closing.order is not None and closing.order.is_working:
            return
        if closing.order is not None and closing.order.filled_quantity:
            closing.tries = 0
        closed = self._execution.why_closed(name)
        if closed is not None:
            self._tell(closing, name, closed)
            return
        now = self._now()
        if now < closing.due:
            return
        closing.due = now + min(SECOND * 2**closing.tries, LONGEST_WAIT)
        closing.tries = min(closing.tries + 1, 10)
        with self._risk.closing():
            closing.order = self._execution.submit_order(self._order(position))
        if closing.order.is_closed:
            self._tell(closing, name, closing.order.reason or closing.order.status.value)

    def _order(self, position: Position) -> SubmitOrder:
        instrument = self._tracker.cache.get_instrument(position.instrument_id)
        # What is held of a spot instrument is money, of which no venue knows that it is to be reduced.
        is_spot = instrument is not None and instrument.kind is InstrumentKind.SPOT
        return SubmitOrder.closing(position.instrument_id, position.quantity, reduce_only=not is_spot)

    def _tell(self, closing: _Closing, name: InstrumentId, reason: str) -> None:
        words = reason.partition(" (since")[0]
        if closing.told != words:
            closing.told = words
            log.error("a position cannot be closed, for now", instrument=name, because=reason)
