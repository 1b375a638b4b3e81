"""The local exchange: a whole venue on this machine, in the wire protocol of Hyperliquid.

chain      what the venue itself does: orders, accounts, blocks; whole numbers, no I/O
api        what clients read and ask for, as the wire has it; no I/O
market     who trades beside the clients: makers and takers that are made up, or recorded
faults     what goes wrong on request; no I/O
edge       HTTP and WebSocket over any stream
crypto     signatures; signing, typed_data: who signed what; keys: accounts made from a seed
limits     what one IP address may do; weights: what each request costs
heart      the task that lets time pass
server     LocalExchange: joins them

Written from the protocol's fact sheet and not from our adapter (`livetrio.venues.hyperliquid`), which it
never imports, nor the adapter it: so one mistake cannot hide the other. "§" and a number mean that sheet.
"""

from livetrio.exchange.keys import Key, make_key
from livetrio.exchange.market.recording import (
    BadRecording,
    RecordedFrame,
    Recording,
    StreamKey,
    write_recording,
)
from livetrio.exchange.server import LocalExchange
from livetrio.exchange.settings import ExchangeSettings

__all__ = [
    "BadRecording",
    "ExchangeSettings",
    "Key",
    "LocalExchange",
    "RecordedFrame",
    "Recording",
    "StreamKey",
    "make_key",
    "write_recording",
]
