"""A running engine with what `[operations]` runs beside it, in virtual time; and time spent on purpose."""

from __future__ import annotations

from contextlib import asynccontextmanager

from livetrio.app.watching import WatchedEngine
from livetrio.clock import SIMULATED_EPOCH, Clock
from livetrio.operations.config import OperationsConfig
from livetrio.operations.service import Operations
from livetrio.testing import run_strategy

BTC = "BTC-USD-PERP.HYPERLIQUID"


class Stopwatch:
    """What `Clock.stopwatch` says: it moves when a test moves it."""

    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


@asynccontextmanager
async def operated(*strategies, stopwatch=None, prepare=lambda engine: None, **more):
    """Yields the run, and its `Operations`."""
    services = []

    def add(engine):
        services.append(Operations(OperationsConfig(http="127.0.0.1:1"), WatchedEngine(engine)))
        engine.add_service("operations", services[0].run)
        prepare(engine)

    clock = Clock(SIMULATED_EPOCH, stopwatch=stopwatch)
    async with run_strategy(*strategies, clock=clock, prepare=add, **more) as run:
        yield run, services[0]
