"""Bare orders: the least that a program in this language on trio must do between a trade and an order.

It receives trades, cuts frames and decodes them as `bare` does, and at each so-manieth signs an order,
writes it as JSON, frames it and sends it: no limits, no journal, no events, no other tasks but the one
that reads the answers. What it takes says how fast the machine is just now; signing and hashing are the
adapter's own.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
import trio

from benchmarks import bare
from benchmarks.bare import read_frame
from benchmarks.client import Client, connect
from benchmarks.processes import CheckFailed
from livetrio.exchange.keys import make_key
from livetrio.supervision.text_frame import text_frame
from livetrio.venues.hyperliquid.actions import Json, order_action
from livetrio.venues.hyperliquid.messages import TradesFrame
from livetrio.venues.hyperliquid.nonces import Nonces
from livetrio.venues.hyperliquid.signers import make_signer
from livetrio.venues.hyperliquid.signing import sign_action

EXPIRE_MS = 10_000


def run(*, url: str, feed: str, every: int, decisions: int) -> dict[str, Any]:
    """When was decided on what; orders go to the exchange at ``url``."""
    return trio.run(_decide, int(url.rpartition(":")[2]), feed, every, decisions)


async def _decide(port: int, feed: str, every: int, decisions: int) -> dict[str, Any]:
    account = await connect(port)
    sender = _Sender(account)
    resting = 0
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sender.run, name="sender")
            nursery.start_soon(_take_trades, sender, feed, every, decisions)
            while resting < decisions:
                messages = await account.receive()
                if messages is None:
                    raise CheckFailed(f"the exchange hung up after {resting} orders")
                for message in messages:
                    if b'"resting"' not in message:
                        raise CheckFailed(f"an order does not rest: {message!r}")
                    resting += 1
            nursery.cancel_scope.cancel("all orders rest")
    finally:
        await account.close()
    return {"decisions": sender.decisions, "events": sender.events}


class _Sender:
    """Sends in a task of its own, as the trades are not to wait for the network."""

    def __init__(self, account: Client) -> None:
        self.decisions: list[int] = []
        self.events: list[int] = []
        self._account = account
        self._signer = make_signer(make_key(0, 0).secret_hex)
        self._nonces = Nonces()
        self._decided = trio.Event()

    def decide(self, tid: int) -> None:
        """Let an order leave because of a trade."""
        self.events.append(tid)
        self.decisions.append(time.monotonic_ns())
        self._decided.set()

    async def run(self) -> None:
        """Sign and send one order for each decision."""
        sent = 0
        while True:
            await self._decided.wait()
            self._decided = trio.Event()
            while sent < len(self.decisions):
                sent += 1
                await self._account.send(text_frame(self._order(sent)))

    def _order(self, number: int) -> bytes:
        entry: Json = {
            "a": 0,
            "b": True,
            "p": "82236",
            "s": "0.01",
            "r": False,
            "t": {"limit": {"tif": "Alo"}},
            "c": f"0x{number:032x}",
        }
        action = order_action([entry])
        nonce = self._nonces.next(time.time_ns())
        expires = nonce + EXPIRE_MS
        signature = sign_action(
            self._signer, action, nonce, vault=None, expires_after=expires, is_mainnet=False
        )
        payload = {
            "action": action,
            "nonce": nonce,
            "signature": signature.to_wire(),
            "expiresAfter": expires,
        }
        return msgspec.json.encode(
            {"method": "post", "id": number, "request": {"type": "action", "payload": payload}}
        )


async def _take_trades(sender: _Sender, feed: str, every: int, decisions: int) -> None:
    seen = 0

    def take(message: bytes) -> None:
        nonlocal seen
        frame = read_frame(message)
        if isinstance(frame, TradesFrame):
            seen += 1
            if seen % every == 0 and len(sender.decisions) < decisions:
                sender.decide(frame.data[0].tid)

    await bare.receive_all(feed, ["trades"], take)
