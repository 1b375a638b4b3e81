"""Traders: clients that place orders on the local exchange over WebSocket and cancel them, in great haste.

Eight of the exchange's own accounts, each on a connection of its own, in waves: all orders of a wave are
sent, their answers awaited, then all cancels, and theirs. Everything is signed and framed before the clock
starts; the clients then only write, cut frames, and look at each answer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import coincurve
import msgspec
import trio

from benchmarks.client import connect, frame
from benchmarks.processes import CheckFailed
from livetrio.exchange.keys import Key, make_key
from livetrio.exchange.typed_data import Network, action_hash, agent_digest

CLIENTS = 8
WAVE = 900
"""Orders on their way at once, of each client: an account may have 1,000 open (protocol page §1.3)."""


async def trade(base_url: str, *, orders: int, batch: int) -> float:
    """Orders placed and canceled a second, of all clients together."""
    port = int(base_url.rpartition(":")[2])
    traders = [Trader(make_key(0, index), orders // CLIENTS, batch) for index in range(CLIENTS)]
    for trader in traders:
        await trader.connect(port)
    began = perf_counter()
    async with trio.open_nursery() as nursery:
        for trader in traders:
            nursery.start_soon(trader.run)
    return sum(trader.placed for trader in traders) / (perf_counter() - began)


class Trader:
    """One account."""

    def __init__(self, key: Key, orders: int, batch: int) -> None:
        secret = coincurve.PrivateKey(bytes.fromhex(key.secret_hex[2:]))
        self.placed = 0
        self._waves = []
        nonce = time.time_ns() // 1_000_000 - 86_000_000 + (batch > 1) * 40_000_000
        step = WAVE // batch
        for first in range(0, orders // batch, step):
            numbers = range(first, min(first + step, orders // batch))
            wave = []
            for make in (_place, _cancel):
                frames = []
                for number in numbers:
                    nonce += 1
                    action = make(f"{key.address[2:10]}{nonce >> 24:06x}", number, batch)
                    frames.append(frame(_signed(secret, action, nonce, number)))
                wave.append(b"".join(frames))
            self._waves.append((len(numbers), wave, batch))

    async def connect(self, port: int) -> None:
        """Open the connection."""
        self._client = await connect(port)

    async def run(self) -> None:
        """Go through all waves."""
        for count, (places, cancels), batch in self._waves:
            for frames, good in ((places, "resting"), (cancels, "success")):
                await self._send(frames, count, batch, good)
            self.placed += count * batch
        await self._client.close()

    async def _send(self, frames: bytes, count: int, batch: int, good: str) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._client.send, frames)
            while count > 0:
                messages = await self._client.receive()
                if messages is None:
                    raise CheckFailed(f"the exchange hung up with {count} answers to come")
                for message in messages:
                    _check(message, batch, good)
                    count -= 1


def _check(message: bytes, batch: int, good: str) -> None:
    answer: Any = msgspec.json.decode(message)
    statuses: Sequence[Any] = answer["data"]["response"]["payload"]["response"]["data"]["statuses"]
    if len(statuses) != batch or not all(good in each for each in statuses):
        raise CheckFailed(f"expected {batch} times {good}, found {answer}")


def _cloid(prefix: str, number: int, index: int) -> str:
    return f"0x{prefix:0<16}{number:08x}{index:08x}"


def _place(prefix: str, number: int, batch: int) -> dict[str, Any]:
    orders = [
        {"a": 1, "b": True, "p": str(1100 + (number + index) % 500), "s": "0.1", "r": False,
         "t": {"limit": {"tif": "Alo"}}, "c": _cloid("a" + prefix[:7], number, index)}
        for index in range(batch)
    ]  # fmt: skip
    return {"type": "order", "orders": orders, "grouping": "na"}


def _cancel(prefix: str, number: int, batch: int) -> dict[str, Any]:
    cancels = [{"asset": 1, "cloid": _cloid("a" + prefix[:7], number, index)} for index in range(batch)]
    return {"type": "cancelByCloid", "cancels": cancels}


def _signed(secret: coincurve.PrivateKey, action: dict[str, Any], nonce: int, post_id: int) -> bytes:
    digest = agent_digest(action_hash(action, nonce, None, None), Network.TESTNET)
    raw = secret.sign_recoverable(digest, hasher=None)
    signature = {"r": f"0x{raw[:32].hex()}", "s": f"0x{raw[32:64].hex()}", "v": 27 + raw[64]}
    payload = {"action": action, "nonce": nonce, "signature": signature}
    return msgspec.json.encode(
        {"method": "post", "id": post_id, "request": {"type": "action", "payload": payload}}
    )
