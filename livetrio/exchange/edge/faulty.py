"""FaultyOutbox: an outbox whose messages first pass by the faults that are on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from livetrio.exchange.edge.frames import frame_text
from livetrio.exchange.edge.outbox import Outbox
from livetrio.exchange.faults.injector import Injector

Later = Callable[[float, Callable[[], object]], None]
"""Does something after so many seconds."""


class FaultyOutbox:
    """Stands before an `Outbox`; while no fault is on, in nobody's way."""

    def __init__(self, outbox: Outbox, injector: Injector, later: Later) -> None:
        self._outbox = outbox
        self._injector = injector
        self._later = later

    def send(self, message: bytes) -> None:
        """Send a text message."""
        if self._injector.is_quiet:
            self._outbox.send(message)
        else:
            self._pass_by(frame_text(message), message)

    def send_frame(self, frame: bytes) -> None:
        """Send what `frame_text` made of a message."""
        if self._injector.is_quiet:
            self._outbox.send_frame(frame)
        else:
            self._pass_by(frame, frame[_header_bytes(frame) :])

    def kill(self, after: float) -> None:
        """End the connection in so many seconds."""
        self._outbox.kill(after)

    def _pass_by(self, frame: bytes, message: bytes) -> None:
        passage = self._injector.on_frame(_channel_of(message), message)
        if passage is None:
            self._outbox.send_frame(frame)
            return
        if not (passage.messages or passage.raw):
            self._outbox.swallow()
        frames = [frame_text(each) for each in passage.messages]
        for each in [passage.raw, *frames] if passage.raw else frames:
            send = partial(self._send_late, each, passage.latency)
            if passage.delay:
                self._later(passage.delay, send)
            else:
                send()

    def _send_late(self, frame: bytes, latency: float) -> None:
        """What is sent later is late only as far as it must stay behind this."""
        self._outbox.hold(latency)
        self._outbox.send_frame(frame)
        self._outbox.hold(0)


def _header_bytes(frame: bytes) -> int:
    length = frame[1]
    return 2 if length < 126 else 4 if length == 126 else 10


def _channel_of(message: bytes) -> str:
    """Every message begins with its channel, as this exchange writes them."""
    _, _, rest = message[:80].partition(b'"channel":"')
    return rest.partition(b'"')[0].decode(errors="replace")
