"""Payloads: what a broken venue might say: messages garbled in every way that the catalogue names.

Each maker takes a true message's bytes and makes a wrong one of it, of the same channel where it can. The
message itself may be anything; what is no JSON object is treated as an empty one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from livetrio.exchange.edge.frames import frame_header, frame_text

GIANT_BYTES = 64 * 2**20
"""That a giant frame announces. The engine reads messages of 16 MiB, and so much is never sent."""

STALE_MS = 60_000
"""By how much a stale book is older than the one before it."""


def bad_json(message: bytes, random: random.Random) -> bytes:
    """The message cut off somewhere."""
    return message[: random.randrange(1, len(message))] if len(message) > 1 else b"{"


def bad_utf8(message: bytes, random: random.Random) -> bytes:
    """The message with a byte that no UTF-8 has."""
    at = random.randint(0, len(message))
    return message[:at] + b"\xff" + message[at:]


def null(message: bytes, random: random.Random) -> bytes:
    """Nothing at all, or no data, or data whose values are nothing."""
    said = _read(message)
    data = said.get("data")
    emptied = dict.fromkeys(data) if isinstance(data, dict) else [None]
    choice = random.randrange(3)
    return _write(None if choice == 0 else {**said, "data": None if choice == 1 else emptied})


def wrong_types(message: bytes, random: random.Random) -> bytes:
    """The message with numbers for texts, texts for numbers, and lists for objects."""
    said = _read(message)
    if random.random() < 0.3:
        return _write({**said, "data": random.choice([7, "data", True, [[]], [7]])})
    return _write({**said, "data": _twist(said.get("data"))})


def unknown_channel(message: bytes, random: random.Random) -> bytes:
    """The message under the name of a channel that there is not."""
    return _write({**_read(message), "channel": f"channel{random.randrange(1000)}"})


def unknown_field(message: bytes, random: random.Random) -> bytes:
    """The message with more in it than was agreed. It is as true as before."""
    said = _try_read(message)
    if said is None:
        return message
    extra: dict[str, Any] = {
        f"field{random.randrange(1000)}": random.choice([None, 1, "text", [], {"more": True}])
    }
    data = said.get("data")
    if isinstance(data, dict):
        return _write({**said, "data": {**data, **extra}})
    if isinstance(data, list):
        said["data"] = [{**each, **extra} if isinstance(each, dict) else each for each in data]
    return _write({**said, **extra})


def crossed_book(message: bytes) -> bytes | None:
    """A book or touch with its sides the wrong way round; None if the message has not both."""
    said = _read(message)
    data = said.get("data")
    if not isinstance(data, dict):
        return None
    for key in ("levels", "bbo"):
        sides = data.get(key)
        if isinstance(sides, list) and len(sides) == 2 and all(sides):
            return _write({**said, "data": {**data, key: sides[::-1]}})
    return None


def negative_size(message: bytes) -> bytes | None:
    """The message with its first size below zero; None if it has none."""
    return _with_first(message, "sz", lambda size: f"-{size}")


def price_off_tick(message: bytes) -> bytes | None:
    """The message with its first price a little higher, with more decimals than any instrument has; None if
    it has none."""
    return _with_first(message, "px", lambda price: f"{price if '.' in price else price + '.0'}0001")


def stale_snapshot(message: bytes, random: random.Random) -> bytes | None:
    """A book as it might have been a minute ago; None if the message has no time."""
    said = _read(message)
    data = said.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("time"), int):
        return None
    return _write({**said, "data": {**data, "time": data["time"] - STALE_MS - random.randrange(STALE_MS)}})


Maker = Callable[[bytes, random.Random], bytes]

MAKERS: Mapping[str, Maker] = {
    "bad-json": bad_json,
    "bad-utf8": bad_utf8,
    "null": null,
    "wrong-types": wrong_types,
    "unknown-channel": unknown_channel,
    "unknown-field": unknown_field,
}
"""By the fault's name."""


UNTRUE: Mapping[str, Callable[[bytes], bytes | None]] = {
    "crossed-book": crossed_book,
    "negative-size": negative_size,
    "price-off-tick": price_off_tick,
}
"""By the fault's name: well-formed messages that cannot be true."""


def garbled(message: bytes, random: random.Random) -> bytes:
    """The message, wrong in any of the ways that leave the connection alive."""
    return random.choice(list(MAKERS.values()))(message, random)


def giant_frame(message: bytes) -> bytes:
    """The beginning of a frame that is announced as longer than any decent client reads.

    Who goes on reading takes whatever comes next on the connection for the rest of it.
    """
    return frame_header(GIANT_BYTES) + message


def torn_frame(random: random.Random) -> bytes:
    """The beginning of a frame whose rest never comes, for connections that are reset in its middle."""
    frame = frame_text(_write({"channel": "l2Book", "data": {"coin": "BTC", "time": 0, "levels": [[], []]}}))
    return frame[: random.randrange(1, len(frame))]


def _try_read(message: bytes) -> dict[str, Any] | None:
    try:
        said = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _read(message: bytes) -> dict[str, Any]:
    return _try_read(message) or {}


def _write(said: Any) -> bytes:
    return msgspec.json.encode(said)


def _with_first(message: bytes, key: str, change: Callable[[str], str]) -> bytes | None:
    """The message with the first text changed that has this key, wherever it is in the data."""
    said = _read(message)
    waiting = [said.get("data")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get(key), str):
                value[key] = change(value[key])
                return _write(said)
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)
    return None


def _twist(value: Any) -> Any:
    match value:
        case dict():
            return {key: _twist(each) for key, each in value.items()} if value else []
        case list():
            return [_twist(each) for each in value] if value else {}
        case bool() | None:
            return "maybe"
        case str():
            return len(value)
        case _:
            return str(value)
