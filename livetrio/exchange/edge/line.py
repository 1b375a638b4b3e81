"""Line: one client's connection while it speaks HTTP, in the hands of whoever lets connections go wrong.

What an `Outbox` is to a WebSocket, as far as ends are concerned: the calls are the same.
"""

from __future__ import annotations

import trio

from livetrio.exchange.edge.outbox import HALF_OPEN_LIMIT
from livetrio.exchange.edge.streams import ignore, reset_on_close


class Line:
    """One connection. Its calls may be made at any time, and end what the client is waiting for."""

    def __init__(self) -> None:
        self.life = trio.CancelScope()
        """Around all that is done for the connection."""
        self._is_dead = False
        self._was_reset = False

    def kill(self, after: float) -> None:
        """End it in so many seconds, in an orderly way."""
        self.life.deadline = trio.current_time() + after

    def drop(self, last: bytes = b"") -> None:
        """Reset it at once; there are no frames, so nothing goes before that."""
        self._was_reset = True
        self.life.cancel(reason="reset")

    def go_dead(self) -> None:
        """Leave it half open: nothing leaves, nothing received counts, and nobody is told."""
        self._is_dead = True
        self.life.cancel(reason="half open")

    async def leave(self, stream: trio.abc.Stream) -> None:
        """Do what is left to do before the stream is closed, once `life` has ended."""
        if self._is_dead:
            await ignore(stream, HALF_OPEN_LIMIT)
        elif self._was_reset:
            reset_on_close(stream)
