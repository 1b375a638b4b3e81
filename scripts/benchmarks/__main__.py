"""The command: ``scripts/bench [--quick] [--only NAME …] [--ablation] [--watched] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    ablation,
    exchange,
    idle,
    latency,
    memory,
    micro,
    orders,
    startup,
    throughput,
    watching,
    worlds,
)
from benchmarks.engine import WATCHED
from benchmarks.processes import CheckFailed
from benchmarks.table import Row, machine, print_table

BENCHMARKS: Mapping[str, Callable[..., list[Row]]] = {
    "throughput": throughput.measure,
    "latency": latency.measure,
    "idle": idle.measure,
    "memory": memory.measure,
    "micro": micro.measure,
    "exchange": exchange.measure,
    "orders": orders.measure,
    "worlds": worlds.measure,
    "startup": startup.measure,
    "watching": watching.measure,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code: 1 if a run lost or changed anything."""
    options = _parse(arguments)
    if options.watched:
        os.environ[WATCHED] = "1"  # the workers inherit it
    chosen = {"ablation": ablation.measure} if options.ablation else BENCHMARKS
    chosen = {name: chosen[name] for name in options.only or chosen}
    began = time.perf_counter()
    rows: list[Row] = []
    for name, measure in chosen.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += measure(quick=options.quick)
        except CheckFailed as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
    seconds = time.perf_counter() - began
    about = machine()
    print(" · ".join(f"{key} {value}" for key, value in about.items()))
    print_table(rows)
    print(f"{seconds:.0f} s; best and median are of the repetitions: noise only ever makes them worse")
    if options.json is not None:
        found = {"machine": about, "quick": options.quick, "seconds": seconds}
        options.json.write_text(
            json.dumps(found | {"rows": [row.as_json() for row in rows]}, indent=1) + "\n"
        )
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure how fast the engine is.")
    parser.add_argument("--quick", action="store_true", help="once and shorter: to see that all works")
    parser.add_argument(
        "--only", action="append", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS)
    )
    parser.add_argument(
        "--ablation", action="store_true", help="instead: what each layer of the engine costs"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--watched", action="store_true", help="with all that [operations] measures of a running engine"
    )
    options = parser.parse_args(arguments)
    if options.ablation and options.only:
        parser.error("--ablation and --only exclude each other")
    return options


if __name__ == "__main__":
    sys.exit(main())
