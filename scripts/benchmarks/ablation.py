"""Ablation: where the time goes between the bare loop and the engine, in µs for each message.

Each stage has one layer more than the one before; what a layer costs is what it adds. Unlike a
profiler's, these figures are not distorted by measuring. A block of frames goes through all stages one
after the other before the next block does, so that the moods of a shared machine meet all of them alike,
and of the blocks the lower quartile is taken. There is no feeder: only `receive` uses a socket.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Any

import trio
import trio.testing

from benchmarks.bare import CHUNK_BYTES, read_frame
from benchmarks.engine import Adder, subscribe_to
from benchmarks.frames import BLOCK_BYTES, build_blocks, build_messages
from benchmarks.processes import work
from benchmarks.table import Row
from benchmarks.throughput import KINDS
from livetrio.app.run import freeze_garbage_collector
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.data import DataEngine
from livetrio.strategy.base import Strategy
from livetrio.strategy.context import Context
from livetrio.strategy.runner import StrategyRunner
from livetrio.supervision.frames import FrameCutter
from livetrio.supervision.session import Receiver, Session
from livetrio.venues.base import Message
from livetrio.venues.hyperliquid.config import HyperliquidConfig
from livetrio.venues.hyperliquid.venue import HyperliquidCodec, HyperliquidVenue

Stage = Callable[[bytes], Awaitable[float]]
"""Deals with a block of frames and returns the seconds that took."""

STAGES: Mapping[str, str] = {
    "receive": "trio's receive_some of 64 KiB",
    "cut": "+ FrameCutter",
    "decode": "+ msgspec                      = the bare loop",
    "session": "+ Session.take",
    "events": "+ checks, Decimals, events in our words",
    "cache": "+ DataEngine, cache",
    "bus": "+ bus, subscription, the strategy's queue read",
    "engine": "+ the strategy's handler       = the engine",
}
"""By name, what is in place."""


def measure(*, quick: bool) -> list[Row]:
    """A row for each kind and stage: all up to there, and in the note what the stage adds."""
    rows: list[Row] = []
    for name, (kind, _) in KINDS.items():
        found = work("ablation", kind=kind, blocks=60 if quick else 600, groups=1 if quick else 3)
        before = 0.0
        for stage, words in STAGES.items():
            row = Row(name=f"{name}: {words}", unit="µs", values=found[stage])
            rows.append(
                Row(name=row.name, unit="µs", values=row.values, note=f"adds {row.median - before:.2f}")
            )
            before = row.median
    return rows


def run(*, kind: str, blocks: int, groups: int) -> dict[str, Any]:
    """The worker's part: for each stage the µs for each message, once for each group of blocks."""
    return trio.run(_run, kind, blocks, groups)


async def _run(kind: str, blocks: int, groups: int) -> dict[str, list[float]]:
    length = len(next(build_messages([kind], 1)).payload)
    pool = build_blocks(build_messages([kind], blocks * BLOCK_BYTES // length))
    taken: dict[str, list[float]] = {name: [] for name in STAGES}
    async with AsyncExitStack() as sockets, trio.open_nursery() as nursery:
        stages = await _open_stages(kind, nursery, sockets)
        freeze_garbage_collector()
        for block in pool:
            for name, stage in stages.items():
                taken[name].append(await stage(block.data) / block.sums.messages * 1e6)
        nursery.cancel_scope.cancel()
    size = len(pool) // groups
    found = {
        name: [_lower_quartile(values[start : start + size]) for start in range(0, size * groups, size)]
        for name, values in taken.items()
    }
    # No other stage has received its block, so that is added here.
    received = found["receive"]
    return {
        name: values if name == "receive" else [sum(both) for both in zip(values, received, strict=True)]
        for name, values in found.items()
    }


def _lower_quartile(values: list[float]) -> float:
    return statistics.quantiles(values, n=4)[0]


async def _open_stages(kind: str, nursery: trio.Nursery, sockets: AsyncExitStack) -> dict[str, Stage]:
    quiet = DataEngine(MessageBus(), Cache())
    quiet.pause()
    return {
        "receive": await _receive_stage(sockets),
        "cut": _plain_stage(lambda messages: None),
        "decode": _plain_stage(_read_all),
        "session": _plain_stage(_session(_take, decode=_read).take),
        "events": _plain_stage(_session(_take).take),
        "cache": _plain_stage(_session(quiet.process).take),
        "bus": await _strategy_stage(_Deaf(kind), nursery),
        "engine": await _strategy_stage(Adder([kind], 0), nursery),
    }


async def _receive_stage(sockets: AsyncExitStack) -> Stage:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        sender = await sockets.enter_async_context(
            await trio.testing.open_stream_to_socket_listener(listener)
        )
        receiver = await sockets.enter_async_context(await listener.accept())

    async def receive(data: bytes) -> float:
        await sender.send_all(data)
        missing = len(data)
        began = perf_counter()
        while missing:
            missing -= len(await receiver.receive_some(CHUNK_BYTES))
        return perf_counter() - began

    return receive


def _plain_stage(take: Callable[[list[bytes]], object]) -> Stage:
    """Cuts, and does that with the messages."""
    cutter = FrameCutter(max_message_bytes=2**24)

    async def stage(data: bytes) -> float:
        began = perf_counter()
        take(cutter.feed(data)[0])
        return perf_counter() - began

    return stage


async def _strategy_stage(strategy: Strategy, nursery: trio.Nursery) -> Stage:
    """A session with everything behind it, down to a strategy in a task of its own."""
    bus, cache, clock = MessageBus(), Cache(), Clock.live()
    data = DataEngine(bus, cache)
    context = Context(name="bench", bus=bus, cache=cache, clock=clock, data=data, stop=lambda _reason: None)
    runner = StrategyRunner(
        strategy=strategy,
        context=context,
        clock=clock,
        on_error="stop",
        on_failure=lambda _runner, _error: None,
        stop_timeout=1.0,
    )
    nursery.start_soon(runner.run)
    await trio.testing.wait_all_tasks_blocked()  # it has subscribed
    cutter = FrameCutter(max_message_bytes=2**24)
    take, events = _session(data.process).take, context.events
    published = 0

    async def stage(block: bytes) -> float:
        nonlocal published
        began = perf_counter()
        messages = cutter.feed(block)[0]
        take(messages)
        published += len(messages)
        while events.received < published:
            await trio.lowlevel.checkpoint()
        return perf_counter() - began

    return stage


class _Deaf(Strategy):
    """Subscribes, and has no handlers; its queue is read all the same."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def on_start(self) -> None:
        """As the one with handlers does."""
        subscribe_to(self.ctx, [self.kind])


def _session(receive: Receiver, decode: Callable[[bytes, int], Sequence[Message]] | None = None) -> Session:
    codec = HyperliquidVenue(HyperliquidConfig(base_url="http://unused")).open_codec("market", 1)
    assert isinstance(codec, HyperliquidCodec)
    codec.decode = decode or codec.decode
    return Session(
        connection="bench",
        generation=1,
        codec=codec,
        receive=receive,
        receive_other=lambda _event: False,
        clock=Clock.live(),
        max_bad_messages=1,
        faults=Counter(),
        on_refused=lambda _notice: None,
    )


def _take(_event: object) -> bool:
    return True


def _read(frame: bytes, _ts_init: int) -> Sequence[Message]:
    read_frame(frame)
    return ()


def _read_all(messages: list[bytes]) -> None:
    for message in messages:
        read_frame(message)
