"""Totals: what the sessions of a connection did, all together."""

from __future__ import annotations

import attrs

from livetrio.supervision.session import Session


@attrs.frozen(kw_only=True)
class Totals:
    """Of some sessions, one after the other."""

    uptime: float = 0.0
    """Seconds in them."""
    messages: int = 0
    latency: float | None = None
    """Seconds of the last heartbeat that was answered, there and back."""
    last_message: float | None = None
    """When the last message came; trio's time."""

    def plus(self, session: Session, now: float) -> Totals:
        """These, and a session that has ended or goes on, up to now."""
        return Totals(
            uptime=self.uptime + (now - session.opened),
            messages=self.messages + session.messages,
            latency=self.latency if session.latency is None else session.latency,
            last_message=session.last_received if session.messages else self.last_message,
        )
