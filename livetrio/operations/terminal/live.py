"""LiveView: the task that paints what an engine does, twice a second and when the log has moved it."""

from __future__ import annotations

from collections.abc import Callable

import trio

from livetrio.operations.terminal.rates import Rates
from livetrio.operations.terminal.render import Style, render
from livetrio.operations.terminal.screen import Screen
from livetrio.operations.view import View

INTERVAL = 0.5
"""Seconds between two pictures."""

SETTLE = 0.05
"""Seconds: when the log has taken its place, so long is waited for more of it before it is shown again."""

WHOLE = 10
"""Each so many pictures are painted whole: others may have written to the terminal, unknown to us."""


class LiveView:
    """Of one engine, on one terminal."""

    def __init__(self, screen: Screen, look: Callable[[], View], style: Style) -> None:
        self._screen = screen
        self._look = look
        self._style = style
        self._rates = Rates()

    async def run(self) -> None:
        """Paint, until cancelled; then the area is empty."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._screen.drain)
                await self._paint()
        finally:
            self._screen.show(())

    async def _paint(self) -> None:
        number = 0
        size = (0, 0)
        due = trio.current_time()
        while not self._screen.is_gone:
            view = self._look()
            before, size = size, self._screen.size()
            lines = render(view, size, self._style, self._rates.take(view))
            self._screen.show(lines, whole=size != before or number % WHOLE == 0)
            number += 1
            due = max(due + INTERVAL, trio.current_time())
            with trio.move_on_at(due):
                while True:
                    await self._screen.disturbed.wait()
                    await trio.sleep(SETTLE)
                    self._screen.disturbed = trio.Event()
                    self._screen.show(lines)
        await trio.sleep_forever()  # the terminal is gone; that it was closed is for the signals to tell
