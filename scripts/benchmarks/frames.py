"""Frames: ready-made market data in Hyperliquid's exact shapes, and the sums of what is in it.

Prices walk on the grid of BTC, sizes vary, trade ids are unique, times never go backwards. What a
strategy should see is known as whole numbers: price ticks and size lots, summed.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

BLOCK_BYTES = 64 * 1024
"""About as much is handed to the socket at once."""

SIZE_DECIMALS = 5
LOTS = 10**SIZE_DECIMALS
"""Lots in one unit of size. A tick of the price is 1: five significant figures of a five-digit price."""

_TIME_HEAD = 1_793_628
"""The first seven digits of all times in a pool; later rounds of the same pool count them up."""
_TIME_TAIL = 10**6
_DEPTH = 20
_FIRST_PRICE = 91_374


class Sums(NamedTuple):
    """What is in some frames, or what a strategy saw."""

    messages: int = 0
    price_ticks: int = 0
    """Trades: their prices. Quotes: the bids. Books: the best bids."""
    size_lots: int = 0
    """Trades: their sizes. Quotes: of the asks. Books: of the best asks."""

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(*(mine + its for mine, its in zip(self, other, strict=True)))


class Message(NamedTuple):
    """One message and what is in it."""

    payload: bytes
    price_ticks: int
    size_lots: int


class Block(NamedTuple):
    """Whole frames to be sent at once."""

    data: bytes
    sums: Sums

    def in_round(self, number: int) -> bytes:
        """The same frames, each a thousand seconds later than in the round before; round 0 as built."""
        if number == 0:
            return self.data
        return self.data.replace(b'"time":%d' % _TIME_HEAD, b'"time":%d' % (_TIME_HEAD + number))


def build_messages(kinds: Iterable[str], count: int, seed: int = 1) -> Iterator[Message]:
    """``count`` messages; of several kinds (by the venue's names) one after the other in turn."""
    rng = random.Random(seed)
    makers = [_MAKERS[kind](rng) for kind in kinds]
    for number in range(count):
        yield next(makers[number % len(makers)])


def build_blocks(messages: Iterable[Message]) -> list[Block]:
    """The messages as frames, in blocks of about `BLOCK_BYTES`."""
    blocks: list[Block] = []
    frames: list[bytes] = []
    sums, size = Sums(), 0
    for message in messages:
        frames.append(frame(message.payload))
        size += len(frames[-1])
        sums = Sums(
            sums.messages + 1, sums.price_ticks + message.price_ticks, sums.size_lots + message.size_lots
        )
        if size >= BLOCK_BYTES:
            blocks.append(Block(b"".join(frames), sums))
            frames.clear()
            sums, size = Sums(), 0
    if frames:
        blocks.append(Block(b"".join(frames), sums))
    return blocks


def frame(payload: bytes) -> bytes:
    """The payload as one unmasked WebSocket text frame."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, length) + payload
    return struct.pack("!BBQ", 0x81, 127, length) + payload


def stamped_trade(tid: int) -> tuple[bytes, bytes]:
    """A trade's frame in two parts, between which its sixteen-digit id goes; ``tid`` is an example."""
    digits = str(tid).encode()
    message = next(_trades(random.Random(1), tid=tid))
    head, _, tail = frame(message.payload).partition(b'"tid":' + digits)
    return head + b'"tid":', tail


def _trades(rng: random.Random, tid: int | None = None) -> Iterator[Message]:
    price, number = _FIRST_PRICE, 0
    while True:
        price += rng.choice((-1, 0, 0, 1))
        lots = _lots(rng)
        # An odd factor permutes the numbers below 2**50: ids that look like hashes and never repeat.
        trade_id = (number + 1) * 0x9E3779B97F4A7C15 % 2**50 if tid is None else tid
        payload = (
            f'{{"channel":"trades","data":[{{"coin":"BTC","side":"{rng.choice("AB")}","px":"{price}.0",'
            f'"sz":"{_size(lots)}","time":{_time(number)},"hash":"0x{rng.getrandbits(256):064x}",'
            f'"tid":{trade_id},"users":["0x{rng.getrandbits(160):040x}","0x{rng.getrandbits(160):040x}"]}}]}}'
        )
        yield Message(payload.encode(), price, lots)
        number += 1


def _quotes(rng: random.Random) -> Iterator[Message]:
    price, number = _FIRST_PRICE, 0
    bid_lots, ask_lots = _lots(rng), _lots(rng)
    while True:
        price += rng.choice((-1, 0, 0, 1))
        if rng.random() < 0.5:
            bid_lots = _lots(rng)
        else:
            ask_lots = _lots(rng)
        bid, ask = _level(price, bid_lots, rng), _level(price + 1, ask_lots, rng)
        payload = f'{{"channel":"bbo","data":{{"coin":"BTC","time":{_time(number)},"bbo":[{bid},{ask}]}}}}'
        yield Message(payload.encode(), price, ask_lots)
        number += 1


def _books(rng: random.Random) -> Iterator[Message]:
    """Between two books the touch moves by a tick at most and some levels change, as in recordings."""
    best_bid, number = _FIRST_PRICE, 0
    levels: dict[int, tuple[str, int]] = {}
    while True:
        best_bid += rng.choice((-1, 0, 0, 1))
        for _ in range(6):
            levels.pop(best_bid + rng.randrange(1 - _DEPTH, 1 + _DEPTH), None)
        prices = (*range(best_bid, best_bid - _DEPTH, -1), *range(best_bid + 1, best_bid + _DEPTH + 1))
        for price in prices:
            if price not in levels:
                lots = _lots(rng)
                levels[price] = _level(price, lots, rng), lots
        texts = [levels[price][0] for price in prices]
        sides = "],[".join((",".join(texts[:_DEPTH]), ",".join(texts[_DEPTH:])))
        payload = (
            f'{{"channel":"l2Book","data":{{"coin":"BTC","time":{_time(number)},"levels":[[{sides}]]}}}}'
        )
        yield Message(payload.encode(), best_bid, levels[best_bid + 1][1])
        number += 1


_MAKERS = {"trades": _trades, "bbo": _quotes, "l2Book": _books}


def _level(price: int, lots: int, rng: random.Random) -> str:
    return f'{{"px":"{price}.0","sz":"{_size(lots)}","n":{rng.randrange(1, 30)}}}'


def _lots(rng: random.Random) -> int:
    return int(LOTS * rng.expovariate(1.0)) + 1


def _size(lots: int) -> str:
    """As the venue writes it: without zeros at the end, but with a point."""
    whole, part = divmod(lots, LOTS)
    return f"{whole}.{f'{part:05d}'.rstrip('0') or '0'}"


def _time(number: int) -> str:
    """Several messages a millisecond, so that a pool stays within its thousand seconds."""
    return f"{_TIME_HEAD}{number // 4 % _TIME_TAIL:06d}"
