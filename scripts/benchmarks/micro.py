"""Micro: single calls in a loop, without sockets: the bus, the cache, the cutter, the decoder, the engine.

The loop itself, some 10 ns a turn, is in the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import repeat
from time import perf_counter
from typing import Any

import trio

from benchmarks.engine import INSTRUMENT
from benchmarks.frames import build_blocks, build_messages
from benchmarks.processes import work
from benchmarks.table import Row
from livetrio.app.run import freeze_garbage_collector
from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.engines.data import DataEngine
from livetrio.model import InstrumentId, Order, OrderSide, OrderStatus, OrderType, Quote
from livetrio.supervision.frames import FrameCutter
from livetrio.topics import quotes
from livetrio.venues.hyperliquid.config import HyperliquidConfig
from livetrio.venues.hyperliquid.venue import HyperliquidVenue

_TARGETS = {"publish, one subscriber": 1000.0, "cache.get_quote": 100.0, "cache.get_order": 100.0}
_KINDS = {"trade": "trades", "quote": "bbo", "book": "l2Book"}
_BATCH = 1_000


def measure(*, quick: bool) -> list[Row]:
    """All of them, several times over."""
    found = work("micro", repetitions=2 if quick else 5, scale=10 if quick else 30)
    rows = []
    for name, values in found.items():
        if name.endswith("frames/s"):
            rows.append(
                Row(name=name.removesuffix(" frames/s"), unit="/s", values=values, more_is_better=True)
            )
        else:
            rows.append(Row(name=name, unit="ns", values=values, target=_TARGETS.get(name)))
    return rows


def run(*, repetitions: int, scale: int) -> dict[str, Any]:
    """The worker's part: for each name the figures, in ns unless the name says otherwise."""
    return trio.run(_run, repetitions, scale)


async def _run(repetitions: int, scale: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    frames = {name: _messages(kind, 200 * scale) for name, kind in _KINDS.items()}
    blocks = [block.data for block in build_blocks(build_messages(["bbo"], 2_000 * scale))]
    freeze_garbage_collector()
    for _ in range(repetitions):
        once = _bus(10 * scale) | _cache(10_000 * scale) | _cutter(blocks)
        for name, payloads in frames.items():
            once |= _path(name, payloads)
        for name, value in once.items():
            found.setdefault(name, []).append(value)
    return found


def _bus(batches: int) -> dict[str, float]:
    bus = MessageBus()
    topic, quote = str(quotes(INSTRUMENT)), _quote()
    publish = bus.publish
    alone = _time(lambda: publish(topic, quote), batches * _BATCH)
    published = drained = 0.0
    with bus.subscribe(topic) as subscription:
        take = subscription.receive_nowait
        for _ in range(batches):
            began = perf_counter()
            for _ in repeat(None, _BATCH):
                publish(topic, quote)
            between = perf_counter()
            for _ in repeat(None, _BATCH):
                take()
            published += between - began
            drained += perf_counter() - between
        assert subscription.received == batches * _BATCH
    scale = 1e9 / (batches * _BATCH)
    return {
        "publish, nobody subscribed": alone,
        "publish, one subscriber": published * scale,
        "  and taking it out again": drained * scale,
    }


def _cache(count: int) -> dict[str, float]:
    cache = Cache()
    cache.update_quote(_quote())
    cache.update_order(_order())
    get_quote, get_order = cache.get_quote, cache.get_order
    return {
        "cache.get_quote": _time(lambda: get_quote(INSTRUMENT), count),
        "cache.get_order": _time(lambda: get_order("order-1"), count),
    }


def _cutter(blocks: list[bytes]) -> dict[str, float]:
    cutter = FrameCutter(max_message_bytes=2**24)
    began = perf_counter()
    for block in blocks:
        cutter.feed(block)
    return {"FrameCutter, quotes frames/s": cutter.messages / (perf_counter() - began)}


def _path(name: str, payloads: list[bytes]) -> dict[str, float]:
    """Decoding, and what the data engine does with the events, nobody subscribed."""
    venue = HyperliquidVenue(HyperliquidConfig(base_url="http://unused"))
    decode = venue.open_codec("market", 1).decode
    began = perf_counter()
    events = [decode(payload, 0) for payload in payloads]
    decoded = perf_counter()
    process = DataEngine(MessageBus(), Cache()).process
    between = perf_counter()
    for each in events:
        for event in each:
            process(event)
    ended = perf_counter()
    scale = 1e9 / len(payloads)
    return {
        f"decode a {name}": (decoded - began) * scale,
        f"DataEngine.process a {name}": (ended - between) * scale,
    }


def _time(call: Callable[[], object], count: int) -> float:
    """Nanoseconds of one call, less those of calling a function that does nothing."""
    began = perf_counter()
    for _ in repeat(None, count):
        call()
    full = perf_counter() - began
    nothing: Callable[[], object] = lambda: None  # noqa: E731
    began = perf_counter()
    for _ in repeat(None, count):
        nothing()
    return (full - (perf_counter() - began)) / count * 1e9


def _messages(kind: str, count: int) -> list[bytes]:
    return [message.payload for message in build_messages([kind], count)]


def _quote() -> Quote:
    return Quote(InstrumentId(INSTRUMENT), Decimal(91374), Decimal(1), Decimal(91375), Decimal(2), 1, 1)


def _order() -> Order:
    return Order(
        client_order_id="order-1",
        instrument_id=InstrumentId(INSTRUMENT),
        side=OrderSide.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal(1),
        price=Decimal(91374),
        status=OrderStatus.ACCEPTED,
        ts_event=1,
    )
