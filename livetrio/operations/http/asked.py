"""Asked, Reply, Stream: what comes in by HTTP, and what goes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs


@attrs.frozen(kw_only=True)
class Asked:
    """One complete request."""

    method: str
    path: str
    """Decoded, without the query."""
    query: Mapping[str, str]
    """The last of each name."""
    headers: Mapping[str, str]
    """Names in lower case; of repeated ones, the values joined by commas."""
    body: bytes
    who: str
    """By which way it came, for the log: ``http 127.0.0.1``."""


@attrs.frozen(kw_only=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class Stream:
    """An answer without an end: `take` is called every so often, and what it returns is sent."""

    take: Callable[[], bytes]
    """Makes the next piece, as it is when it can leave: a client that reads slowly misses some."""
    interval: float
    """Seconds."""
    content_type: str = "text/event-stream"
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """Why a request is not answered as it was wanted: status and words."""

    def __init__(self, status: int, words: str, *headers: tuple[str, str]) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = headers
