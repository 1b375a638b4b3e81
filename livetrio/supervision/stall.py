"""Stall: when we were busy, what came meanwhile is read first and judged afterwards.

Whoever judges a silence does so at a moment that it waited for. If it wakes late, the whole program was
busy (a handler that blocked, a machine that was paused), and what the venue sent meanwhile is still
unread. Even if it wakes in time, the reader may have been woken by the same turn of the loop, and come
after it. Neither may look like a dead venue.
"""

from __future__ import annotations

import trio

LATE = 0.1
"""Seconds of oversleeping that count as a stall of the program."""

GRACE = 1.0
"""Seconds to read what piled up during a stall."""

_TURNS = 10
"""Turns of trio's loop that let a reader through all its layers (TLS has some)."""


async def let_backlog_in(due: float) -> None:
    """Let the readers read what is there; to be called on waking, before silence is judged.

    Args:
      due: the moment of trio's clock that was waited for.
    """
    if trio.current_time() - due > LATE:
        await trio.sleep(GRACE)
    for _ in range(_TURNS):
        await trio.lowlevel.checkpoint()
