"""Table: what was measured, beside what was aimed at; for people and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import msgspec
import trio


@attrs.frozen(kw_only=True)
class Row:
    """One figure, measured once or several times."""

    name: str
    unit: str
    values: Sequence[float]
    more_is_better: bool = False
    target: float | None = None
    """What is to be reached, in the unit; None: for information."""
    note: str = ""

    @property
    def best(self) -> float:
        """The best of the measurements: noise of a shared machine only ever makes them worse."""
        return max(self.values) if self.more_is_better else min(self.values)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """Whether the target was reached: ``yes``, ``best only``, ``no``, or nothing where there is none."""
        if self.target is None:
            return ""
        if self._reaches(self.median):
            return "yes"
        return "best only" if self._reaches(self.best) else "no"

    def _reaches(self, value: float) -> bool:
        assert self.target is not None
        return value >= self.target if self.more_is_better else value <= self.target

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return attrs.asdict(self) | {"best": self.best, "median": self.median, "verdict": self.verdict}


def print_table(rows: Iterable[Row]) -> None:
    """Print the rows for people."""
    head = ("", "best", "median", "unit", "target", "reached", "")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head) - 1)]
    for line in lines:
        name, best, median, unit, target, verdict, note = line
        print(
            f"{name:<{widths[0]}}  {best:>{widths[1]}}  {median:>{widths[2]}}  {unit:<{widths[3]}}  "
            f"{target:>{widths[4]}}  {verdict:<{widths[5]}}  {note}".rstrip()
        )


def _cells(row: Row) -> tuple[str, ...]:
    relation = "≥" if row.more_is_better else "≤"
    target = "" if row.target is None else f"{relation} {_number(row.target)}"
    return (row.name, _number(row.best), _number(row.median), row.unit, target, row.verdict, row.note)


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "trio": trio.__version__,
        "msgspec": msgspec.__version__,
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(": ")[2]
    except OSError:
        pass
    return platform.processor() or platform.machine()
