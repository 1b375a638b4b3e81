"""Memory: how much the engine's process grows between one million messages and five, trades and quotes."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any

from benchmarks.engine import Adder, faults_of, run_engine
from benchmarks.feeder import Settings
from benchmarks.processes import Feeder, check, work
from benchmarks.table import Row

POOL = 250_000
KINDS = ("trades", "bbo")


def measure(*, quick: bool) -> list[Row]:
    """Growth in megabytes, and in bytes for each message."""
    rounds = 2 if quick else 20
    with Feeder(Settings(kinds=KINDS, pool=POOL, rounds=rounds)) as feeder:
        early, late = feeder.ready.count // 5, feeder.ready.count
        found = work("memory", url=feeder.url, kinds=KINDS, early=early, late=late)
        check(found, feeder.sums())
    growth = found["late_bytes"] - found["early_bytes"]
    note = f"{found['early_bytes'] / 2**20:.1f} MiB after {early:,} messages, then after {late:,}"
    return [
        Row(name="memory growth", unit="MiB", values=[growth / 2**20], target=1, note=note),
        Row(name="  for each message", unit="bytes", values=[growth / (late - early)]),
    ]


class _Weighed(Adder):
    """Takes the size of the process early and late."""

    def __init__(self, kinds: list[str], early: int, late: int) -> None:
        super().__init__(kinds, late)
        self.early = early
        self.early_bytes = self.late_bytes = 0

    def note(self) -> None:
        super().note()
        if self.count == 1:
            self.mark = self.early
        elif self.count == self.early:
            self.early_bytes = resident_bytes()
            self.mark = self.expected
        elif self.count == self.expected:
            self.late_bytes = resident_bytes()


def run(*, url: str, kinds: list[str], early: int, late: int) -> dict[str, Any]:
    """The worker's part."""
    strategy = _Weighed(kinds, early, late)
    engine = run_engine(url, strategy)
    return strategy.seen() | {
        "early_bytes": strategy.early_bytes,
        "late_bytes": strategy.late_bytes,
        "faults": faults_of(engine),
    }


def resident_bytes() -> int:
    """Memory of this process that is in RAM; where the system does not tell, the most it ever was."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
