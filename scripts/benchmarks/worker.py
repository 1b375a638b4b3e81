"""Worker: runs one job in a process of its own and prints what it found as a line of JSON.

``python -m benchmarks.worker throughput '{"url": …}'``; `benchmarks.processes.work` does that.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from benchmarks import (
    ablation,
    bare,
    bare_orders,
    exchange,
    idle,
    latency,
    memory,
    micro,
    orders,
    throughput,
    watching,
    worlds,
)

JOBS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "throughput": throughput.run,
    "bare": bare.run,
    "latency": latency.run,
    "bare latency": latency.run_bare,
    "idle": idle.run,
    "memory": memory.run,
    "micro": micro.run,
    "ablation": ablation.run,
    "matching": exchange.run_matching,
    "trading": exchange.run_trading,
    "listening": exchange.run_listening,
    "decisions": orders.run_decisions,
    "bare decisions": bare_orders.run,
    "sustained orders": orders.run_sustained,
    "signing": orders.run_signing,
    "world": worlds.run,
    "watched": watching.run,
}
"""By name; each takes its settings as keywords."""


def main(name: str, settings: str) -> None:
    """Run the job."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    print(json.dumps(JOBS[name](**json.loads(settings))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
