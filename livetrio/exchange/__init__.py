"""The local exchange: a venue on this machine, in the wire protocol of Hyperliquid.

recording   the file format, and what is in a recording
replay      one passage through a recording
messages    what clients may say: the protocol's schema
session     one WebSocket client: its subscriptions, its answers (no I/O)
info        answers to info requests (no I/O)
http        HTTP/1.1 over any stream
websocket   one WebSocket connection's tasks
server      LocalExchange: the port, and who gets what

Written from the protocol's fact sheet and not from our adapter (`livetrio.venues.hyperliquid`), which it
never imports, nor the adapter it: so one mistake cannot hide the other.
"""

from livetrio.exchange.recording import (
    BadRecording,
    RecordedFrame,
    Recording,
    StreamKey,
    demo_recording,
    write_recording,
)
from livetrio.exchange.replay import Playback
from livetrio.exchange.server import LocalExchange

__all__ = [
    "BadRecording",
    "LocalExchange",
    "Playback",
    "RecordedFrame",
    "Recording",
    "StreamKey",
    "demo_recording",
    "write_recording",
]
