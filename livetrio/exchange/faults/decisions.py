"""Decisions: what the injector answers when it is asked what goes wrong here and now."""

from __future__ import annotations

import enum
from typing import Any

import attrs


class Connect(enum.Enum):
    """What becomes of a new connection, once the client has asked for something of the venue on it."""

    PASS = enum.auto()
    REFUSE = enum.auto()
    """It is reset."""
    HOLE = enum.auto()
    """It stays open, and nothing is read or answered."""


@attrs.frozen
class UpgradeRefusal:
    """In place of a WebSocket."""

    status: int
    retry_after: int
    """Seconds, for the header of that name."""


@attrs.frozen
class Refusal:
    """In place of handling a request: exactly one of the three."""

    status: int | None = None
    """Of the HTTP answer, with the text."""
    text: str = ""
    answer: dict[str, Any] | None = None
    """What it is answered, in the venue's form."""
    lose: bool = False
    """The request never arrived; nothing is answered."""


class What(enum.Enum):
    """What becomes of the reply to a request that was handled."""

    PASS = enum.auto()
    LOSE = enum.auto()
    DELAY = enum.auto()
    STATUS = enum.auto()


@attrs.frozen
class After:
    """What becomes of the reply."""

    what: What = What.PASS
    delay: float = 0.0
    """Seconds by which it is late, if it is to be delayed."""
    status: int = 200
    """What is answered instead, if it is to be a status."""


PASS = After()
LOSE = After(What.LOSE)
STATUS_500 = After(What.STATUS, status=500)


@attrs.frozen
class Passage:
    """What is sent in place of a message."""

    messages: tuple[bytes, ...]
    """Payloads of text frames, perhaps not text at all; none: the message is lost."""
    latency: float = 0.0
    """Seconds by which they are late on the way. Nothing overtakes them, whatever its own latency."""
    delay: float = 0.0
    """Seconds for which they are held before; other channels overtake them, their own does not."""
    raw: bytes = b""
    """Bytes that go before them as they are."""


@attrs.frozen
class DropAll:
    """All connections end."""

    clean: bool
    """Whether in an orderly way; else with a reset."""
    mid_frame: bool = False
    """Whether the beginning of a frame is the last that each client sees."""


@attrs.frozen
class GoDeadAll:
    """All connections are half open from now on."""


@attrs.frozen
class Restart:
    """The venue starts again: all connections end, what is on its way is lost. For how long it is away is
    the injector's to say, to each new connection."""


@attrs.frozen
class Wipe:
    """As a restart, and all resting orders are gone."""


Act = DropAll | GoDeadAll | Restart | Wipe
"""What is to be done at a moment."""
