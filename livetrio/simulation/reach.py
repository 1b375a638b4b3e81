"""Reach: whether an engine may trade, by what is seen from outside of it and not by its own gate."""

from __future__ import annotations

from livetrio.app.order_desk import OrderDesk
from livetrio.model import ConnectionEvent, ConnectionState


class Reach:
    """Of one process: it is told what that publishes of its connections."""

    def __init__(self) -> None:
        self._is_up = False
        self._recoveries = 0
        """How many had come to their end when the account's stream came up."""

    def hear(self, event: ConnectionEvent, desk: OrderDesk | None) -> None:
        """A connection has changed its state."""
        if event.connection.endswith("/account"):
            self._is_up = event.state is ConnectionState.CONNECTED
            self._recoveries = _recoveries(desk)

    def why_not(self, desk: OrderDesk | None) -> str | None:
        """Why no order may leave; None: one may."""
        if not self._is_up:
            return "the account's stream is down"
        if _recoveries(desk) == self._recoveries:
            return "nothing was compared with the exchange since the account's stream has come up"
        return None


def _recoveries(desk: OrderDesk | None) -> int:
    return 0 if desk is None or not desk.accounts else desk.accounts[0].recovery.count
