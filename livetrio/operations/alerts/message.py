"""Message: what is sent to people, in words, and its form for programs."""

from __future__ import annotations

from typing import Any

import attrs

from livetrio.clock import format_instant
from livetrio.operations.alerts.config import Level
from livetrio.secrets import mask

MAX_LINES = 8
"""Things in one message; of more, how many."""

MAX_TEXT = 1_500
"""Characters. The shortest limit of the usual services is Discord's, 2000 with the title."""


@attrs.frozen(kw_only=True)
class Message:
    """Something has begun, or is over."""

    engine: str
    rule: str
    level: Level
    title: str
    lines: tuple[str, ...]
    is_over: bool
    ts: int
    """When it was noticed, UTC nanoseconds."""

    @property
    def head(self) -> str:
        """``livetrio demo: gate closed``."""
        return mask(f"livetrio {self.engine}: {self.title}")

    @property
    def text(self) -> str:
        """What, which thing, since when, and what the engine does about it; without secrets."""
        lines = [_one_line(each) for each in self.lines[:MAX_LINES]]
        if len(self.lines) > MAX_LINES:
            lines.append(f"… and {len(self.lines) - MAX_LINES} more")
        text = mask("\n".join(lines))
        return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"

    def to_dict(self) -> dict[str, Any]:
        """For a webhook."""
        return {
            "engine": self.engine,
            "rule": self.rule,
            "level": self.level,
            "state": "over" if self.is_over else "begun",
            "title": self.head,
            "text": self.text,
            "at": format_instant(self.ts),
        }


def _one_line(text: str) -> str:
    """Venues and URLs have a say in it."""
    return "".join(each if each.isprintable() else " " for each in text).strip()
