"""Listeners: many WebSocket clients in a process of their own, each subscribed to every feed there is.

``python -m benchmarks.listeners PORT COUNT SECONDS`` says a line when all are subscribed, and another when it
has listened for so long: how many frames came, how many blocks' news all have heard, whether between the
first and the last of these all have heard the same, once and in the same order, and how many were cut off.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
import trio

from benchmarks.client import connect, frame
from benchmarks.processes import CheckFailed

COINS = ("BTC", "ETH", "SOL", "HYPE", "PURR/USDC", "@107")
USER = "0x" + "1" * 40
EVERYTHING = ("allMids", "allDexsAssetCtxs", "fastAssetCtxs")
MARKET = ("bbo", "trades", "l2Book", "activeAssetCtx")
NEWS = (b'{"channel":"bbo"', b'{"channel":"trades"')
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
        self.news: list[bytes] = []
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
        """Count, and keep what goes to all of them alike. No such frame comes twice, for it has a time."""
        while (messages := await self._client.receive()) is not None:
            self.frames += len(messages)
            self.news += [each for each in messages if each.startswith(NEWS)]
        self.is_closed = True

    def forget(self) -> None:
        """Begin anew."""
        self.frames = 0
        self.news.clear()


def compare(listeners: Sequence[list[bytes]]) -> tuple[int, bool]:
    """How much they have all heard, and whether each has heard it with the same things between.

    Where each began and ended to listen is chance, so what came before the first frame that all have heard,
    and after the last, says nothing."""
    common = set.intersection(*map(set, listeners))
    between = set()
    for heard in listeners:
        known = [i for i, each in enumerate(heard) if each in common]
        between.add(tuple(heard[known[0] : known[-1] + 1]) if known else ())
    return len(common), len(between) == 1


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
            listener.forget()
        print("subscribed", flush=True)
        await trio.sleep(seconds)
        common, is_same = compare([each.news for each in listeners])
        found = {
            "frames": sum(each.frames for each in listeners),
            "common": common,
            "same": is_same,
            "closed": sum(each.is_closed for each in listeners),
        }
        print(msgspec.json.encode(found).decode(), flush=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
