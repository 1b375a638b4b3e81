"""Interval: a period that may be changed while somebody waits for it."""

from __future__ import annotations

import trio


class Interval:
    """Seconds between two beats, or None for none at all."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._changed = trio.Event()

    @property
    def seconds(self) -> float | None:
        """The period in force."""
        return self._seconds

    def set(self, seconds: float | None) -> None:
        """Put another period in force; whoever waits begins to wait for the new one, from now."""
        if seconds is not None and seconds <= 0:
            raise ValueError(f"an interval is longer than 0 s, found {seconds!r}")
        self._seconds = seconds
        self._changed.set()
        self._changed = trio.Event()

    async def wait_until(self, deadline: float) -> bool:
        """Wait for a moment of trio's clock; False, at once, if the period is changed meanwhile."""
        changed = self._changed
        with trio.move_on_at(deadline):
            await changed.wait()
        return not changed.is_set()

    async def wait_changed(self) -> None:
        """Wait until the period is changed."""
        await self._changed.wait()
