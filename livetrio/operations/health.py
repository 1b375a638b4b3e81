"""Health: whether an engine lives, and whether it is ready to trade; and if not, why, in words.

`is_alive` is for whoever restarts a program that hangs: that it can be asked at all shows that the loop
turns, and the rest is how late it was. `why_not_ready` is for whoever waits until the engine does what it
is there for. A venue that is down makes it not ready, and is no reason to restart it.
"""

from __future__ import annotations

from collections.abc import Iterator

import trio

from livetrio.model import ConnectionState
from livetrio.operations.loop_times import LoopTimes
from livetrio.operations.watched import Watched
from livetrio.secrets import mask
from livetrio.strategy.runner import StrategyState

LATE = 10.0
"""Seconds that the loop may be late, now or when it was last looked at."""


def is_alive(loop: LoopTimes | None = None) -> bool:
    """Whether the loop turns; with ``loop`` also whether it does so in time."""
    if loop is None:
        return True
    return trio.current_time() - loop.looked < LATE and loop.lag < LATE


def why_not_ready(engine: Watched) -> list[str]:
    """What keeps the engine from doing what it is there for; empty: nothing does."""
    return [mask(each) for each in _obstacles(engine)]


def _obstacles(engine: Watched) -> Iterator[str]:
    if engine.life != "running":
        yield f"the engine is {engine.life}"
    for status in engine.connection_status():
        if status.state is not ConnectionState.CONNECTED:
            because = f": {status.last_error}" if status.last_error else ""
            yield f"{status.name} is {status.state.value}{because}"
        elif status.stale_feeds:
            yield f"{status.name}: {len(status.stale_feeds)} feeds are silent, as {status.stale_feeds[0]}"
    for runner in engine.runners:
        if runner.state is StrategyState.FAILED:
            yield f"the strategy {runner.name} has failed"
    desk = engine.desk
    if desk is None:
        return
    now = engine.clock.now()
    for account in desk.accounts:
        if not account.recovery.done.is_set():
            yield f"{account.venue.name}: the account was not compared with the venue's yet"
        reason = account.link.gate.reason(now)
        if reason is not None:
            yield f"{account.venue.name}: no orders may leave: {reason}"
    halted = desk.risk.why_halted()
    if halted is not None:
        yield halted
