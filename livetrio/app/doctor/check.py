"""Check: one thing that was looked at, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import attrs

from livetrio.app.tables import one_line

WIDTH = 23
"""Of the names, as they are as a rule."""


class Verdict(Enum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


OK, WARNING, FAILED = Verdict.OK, Verdict.WARNING, Verdict.FAILED


@attrs.frozen
class Check:
    """One thing."""

    name: str
    verdict: Verdict
    found: str
    advice: str | None = None
    """What to do, where there is something."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return attrs.asdict(self) | {"verdict": self.verdict.value}

    def render(self) -> str:
        """A line in words, and one with what to do."""
        line = f"{self.verdict.value:<7}  {one_line(self.name):<{WIDTH}}  {one_line(self.found)}"
        return line if self.advice is None else f"{line}\n{'':{WIDTH + 11}}{one_line(self.advice)}"


def all_well(checks: Sequence[Check]) -> bool:
    """Whether none has failed."""
    return all(each.verdict is not FAILED for each in checks)
