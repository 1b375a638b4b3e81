"""Pause: only what makes positions smaller may leave, because somebody has said so.

It stands until somebody resumes, as a halt by hand does: the journal has it, so an engine that is started
again by itself after its operator has paused it does not begin to trade.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from livetrio.engines.locks import Remember
from livetrio.engines.risk import RiskEngine
from livetrio.engines.trading_state import TradingState

log = structlog.get_logger()

PAUSE = "pause"
"""The journal's kind of state."""


class Pause:
    """Of one engine."""

    def __init__(self, risk: RiskEngine, *, remember: Remember) -> None:
        self._risk = risk
        self._remember = remember
        self.reason: str | None = None
        """Why trading is paused, in words; None: it is not. A halt goes before it, and does not end it."""

    def restore(self, states: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """A pause of an earlier run stands. To be called after the kill switch's."""
        state = states.get(PAUSE, {}).get("")
        if state is not None:
            self.reason = state["reason"]
            log.warning("trading was paused by hand, and stays so until it is resumed", reason=self.reason)
            self.hold()

    def begin(self, reason: str) -> None:
        """Let only what makes positions smaller leave, from now on and after a restart."""
        self.reason = reason
        self._remember(PAUSE, "", {"reason": reason})
        self.hold()

    def hold(self) -> None:
        """Let the pause count, if there is one and nothing stricter holds."""
        if self.reason is not None and self._risk.state is not TradingState.HALTED:
            self._risk.set_state(TradingState.REDUCING, self.reason)

    def end(self) -> None:
        """Forget it. What may leave then is for the caller to say."""
        if self.reason is not None:
            self.reason = None
            self._remember(PAUSE, "", None)
