"""Listeners: many WebSocket clients in a process of their own, each subscribed to every feed there is.

``python -m benchmarks.listeners PORT COUNT SECONDS`` says a line when all are subscribed, and another when it
has listened for so long: how many frames came, to whom the fewest and the most, and how many were cut off.
"""

from __future__ import annotations

import sys

import msgspec
import trio

from benchmarks.client import connect, frame
from benchmarks.processes import CheckFailed

COINS = ("BTC", "ETH", "SOL", "HYPE", "PURR/USDC", "@107")
USER = "0x" + "1" * 40
EVERYTHING = ("allMids", "allDexsAssetCtxs", "fastAssetCtxs")
MARKET = ("bbo", "trades", "l2Book", "activeAssetCtx")
USERS = (
    "orderUpdates",
    "userEvents",
    "userFills",
    "userFundings",
    "userNonFundingLedgerUpdates",
    "openOrders",
    "clearinghouseState",
    "spotState",
    "webData3",
    "notification",
)


def _subscriptions() -> list[dict[str, object]]:
    wanted: list[dict[str, object]] = [{"type": each} for each in EVERYTHING]
    for coin in COINS:
        wanted += [{"type": each, "coin": coin} for each in MARKET]
        wanted.append({"type": "l2Book", "coin": coin, "fast": True})
        wanted.append({"type": "candle", "coin": coin, "interval": "1m"})
    return wanted + [{"type": each, "user": USER} for each in USERS]


class Listener:
    """One of them."""

    def __init__(self) -> None:
        self.frames = 0
        self.is_closed = False

    async def connect(self, port: int, subscriptions: bytes, count: int) -> None:
        """Subscribe to everything, and wait for all acks."""
        self._client = await connect(port)
        await self._client.send(subscriptions)
        while count > 0:
            messages = await self._client.receive()
            if messages is None:
                raise CheckFailed(f"the exchange hung up with {count} acks to come")
            for message in messages:
                count -= message.startswith(b'{"channel":"subscriptionResponse"')

    async def listen(self) -> None:
        """Count."""
        while (messages := await self._client.receive()) is not None:
            self.frames += len(messages)
        self.is_closed = True


async def main(port: int, count: int, seconds: float) -> None:
    """Let them all listen."""
    messages = [{"method": "subscribe", "subscription": each} for each in _subscriptions()]
    subscriptions = [frame(msgspec.json.encode(each)) for each in messages]
    listeners = [Listener() for _ in range(count)]
    for listener in listeners:
        await listener.connect(port, b"".join(subscriptions), len(subscriptions))
    async with trio.open_nursery() as nursery:
        for listener in listeners:
            nursery.start_soon(listener.listen)
        await trio.sleep(1)
        for listener in listeners:
            listener.frames = 0
        print("subscribed", flush=True)
        await trio.sleep(seconds)
        frames = [each.frames for each in listeners]
        found = {
            "frames": sum(frames),
            "fewest": min(frames),
            "most": max(frames),
            "closed": sum(each.is_closed for each in listeners),
        }
        print(msgspec.json.encode(found).decode(), flush=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
