"""Area: the lines below the log, and the bytes that show and remove them.

The cursor rests above the area, where the next line of the log goes. So whoever writes without knowing of
the area, a traceback for one, writes in the right place; and the area is removed by erasing from the
cursor on, however the terminal has wrapped its lines meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

ERASE = b"\x1b[J"
"""All from the cursor on."""

_SAVE, _RESTORE = b"\x1b7", b"\x1b8"
_DOWN = b"\x1bD"
"""A line down, scrolling where there is none, and in the same column."""


class Area:
    """Of one terminal."""

    def __init__(self) -> None:
        self._shown: tuple[str, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether there is something to erase before other text."""
        return bool(self._shown)

    def show(self, lines: Sequence[str], *, whole: bool = False) -> bytes:
        """What shows these lines instead of those that are shown: the lines that differ, or all."""
        before, self._shown = self._shown, tuple(lines)
        if not lines:
            return ERASE if before else b""
        if whole or len(before) != len(lines):
            return self._show_all()
        changed = [at for at, line in enumerate(lines) if line != before[at]]
        if not changed:
            return b""
        steps = [at - previous for previous, at in zip([-1, *changed], changed, strict=False)]
        texts = b"".join(
            b"\x1b[%dB\r%b\x1b[K" % (step, _bytes(lines[at])) for step, at in zip(steps, changed, strict=True)
        )
        return _SAVE + texts + _RESTORE

    def _show_all(self) -> bytes:
        count = len(self._shown)
        room = _DOWN * count + b"\x1b[%dA" % count  # so that it does not scroll between save and restore
        text = b"".join(b"\r\n" + _bytes(line) for line in self._shown)
        return room + _SAVE + ERASE + text + _RESTORE

    def forget(self) -> bytes:
        """What removes it, so that other text can come; `show` shows all of it again."""
        if not self._shown:
            return b""
        self._shown = ()
        return ERASE


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace")
