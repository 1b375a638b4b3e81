"""Ablation: where the time goes between the bare loop and the engine, in µs for each message.

The engine is run again and again with more of it in place each time; what a layer costs is what it
adds. Unlike a profiler's, these figures are not distorted by measuring.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import msgspec
import trio

from benchmarks.bare import run_bare
from benchmarks.engine import Adder, run_engine
from benchmarks.feeder import Settings
from benchmarks.processes import Feeder, work
from benchmarks.table import Row
from benchmarks.throughput import KINDS
from livetrio.app.engine import LiveTradingEngine
from livetrio.engines.data import DataEngine
from livetrio.model import OrderBook, Quote, Trade
from livetrio.strategy.base import Strategy
from livetrio.strategy.context import Context
from livetrio.venues.base import Message
from livetrio.venues.hyperliquid.config import HyperliquidConfig
from livetrio.venues.hyperliquid.messages import BookFrame, Frame, QuoteFrame, TradesFrame
from livetrio.venues.hyperliquid.venue import HyperliquidCodec, HyperliquidVenue

STAGES = {
    "receive": "trio's receive_some of 64 KiB",
    "cut": "+ FrameCutter",
    "decode": "+ msgspec                      = the bare loop",
    "session": "+ the lane under trio-websocket, Session.take",
    "events": "+ checks, Decimals, events in our words",
    "cache": "+ DataEngine, cache",
    "bus": "+ bus, subscription, the strategy's queue read",
    "engine": "+ the strategy's handler       = the engine",
}
"""By name, what is in place."""

POLL = 0.005
"""Seconds between looks at how far a stage without a strategy is."""


def measure(*, quick: bool) -> list[Row]:
    """A row for each kind and stage: the whole up to there, and in the note what the stage adds."""
    repetitions = 1 if quick else 3
    rows: list[Row] = []
    for name, (kind, _) in KINDS.items():
        pool = 50_000 if name == "books" else 250_000
        rounds = 1 if quick else 2
        with Feeder(Settings(kinds=(kind,), pool=pool, rounds=rounds)) as feeder:
            taken: dict[str, list[float]] = {stage: [] for stage in STAGES}
            for _ in range(repetitions):
                for stage, values in taken.items():
                    found = work(
                        "ablation", stage=stage, url=feeder.url, kind=kind, expected=feeder.ready.count
                    )
                    feeder.sums()
                    values.append(found["seconds"] / feeder.ready.count * 1e6)
        before = 0.0
        for stage, words in STAGES.items():
            best = min(taken[stage])
            rows.append(
                Row(name=f"{name}: {words}", unit="µs", values=taken[stage], note=f"adds {best - before:.2f}")
            )
            before = best
    return rows


def run(*, stage: str, url: str, kind: str, expected: int) -> dict[str, Any]:
    """The worker's part: one stage once."""
    match stage:
        case "receive" | "cut" | "decode":
            return run_bare(url, [kind], expected, depth=stage)  # type: ignore[arg-type]  # just matched
        case "engine":
            strategy = Adder([kind], expected)
            run_engine(url, strategy)
            return strategy.seen()
        case "bus":
            return _watch(url, kind, expected)
        case "cache":
            return _watch(url, kind, expected, prepare=lambda engine: engine.data.pause())
        case "events":
            return _watch(url, kind, expected, data=_Dropping)
        case _:
            return _watch(url, kind, expected, venue=_Undecoded(HyperliquidConfig(base_url=url)))


class _Deaf(Adder):
    """Subscribes, and has no handlers; its queue is read all the same."""

    on_trade, on_quote, on_book = Strategy.on_trade, Strategy.on_quote, Strategy.on_book


class _Dropping(DataEngine):
    """Takes market data and does nothing with it."""

    def process(self, event: object) -> bool:
        return isinstance(event, Quote | Trade | OrderBook)


class _Undecoded(HyperliquidVenue):
    """Its codec decodes, and makes nothing of market data."""

    def open_codec(self, generation: int) -> HyperliquidCodec:
        codec = super().open_codec(generation)
        codec.decode = _reader(codec.decode)
        return codec


def _reader(decode: Callable[[bytes, int], Sequence[Message]]) -> Callable[[bytes, int], Sequence[Message]]:
    read = msgspec.json.Decoder(Frame).decode
    nothing: tuple[Message, ...] = ()

    def read_only(frame: bytes, ts_init: int) -> Sequence[Message]:
        if isinstance(read(frame), QuoteFrame | TradesFrame | BookFrame):
            return nothing
        return decode(frame, ts_init)

    return read_only


def _watch(
    url: str,
    kind: str,
    expected: int,
    *,
    venue: HyperliquidVenue | None = None,
    data: type[DataEngine] = DataEngine,
    prepare: Callable[[LiveTradingEngine], object] = lambda _engine: None,
) -> dict[str, Any]:
    """Run the engine and look at its count of messages now and then: nobody else notices the end."""
    marks: list[tuple[int, float]] = []

    def add_watch(engine: LiveTradingEngine) -> None:
        engine.set_data_engine(data(engine.bus, engine.cache))
        prepare(engine)

        async def watch(context: Context) -> None:
            while (count := engine.connection_status()[0].messages_received) < expected:
                if count > len(STAGES):  # acknowledgements are few
                    marks.append((count, perf_counter()))
                await trio.sleep(POLL)
            context.stop("everything has come")

        engine.add_strategy(watch)

    run_engine(url, _Deaf([kind], expected), venue=venue, prepare=add_watch)
    (first, began), (last, ended) = marks[0], marks[-1]
    return {"seconds": (ended - began) / (last - first) * expected}
