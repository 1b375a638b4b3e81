"""Somebody else who trades the same account: signs its own requests, and knows nothing of the engine."""

from __future__ import annotations

from decimal import Decimal

import coincurve
import trio

from livetrio.exchange.typed_data import Network, action_hash, agent_digest


class Stranger:
    """Trades BTC by hand."""

    def __init__(self, exchange) -> None:
        self.exchange = exchange
        self.listed = exchange.ledger.listing.by_coin["BTC"]
        self.nonce = 0

    async def place(self, side: str, size: str, price: Decimal, tif: str = "Gtc", cloid: str | None = None):
        """What became of one order, as the exchange answers."""
        order = {
            "a": self.listed.asset,
            "b": side == "buy",
            "p": str(price.quantize(Decimal(1))),
            "s": size,
            "r": False,
            "t": {"limit": {"tif": tif}},
        }
        if cloid is not None:
            order["c"] = cloid
        return await self.act({"type": "order", "orders": [order], "grouping": "na"})

    async def cancel(self, oid: int):
        """What became of the cancellation of one order."""
        return await self.act({"type": "cancel", "cancels": [{"a": self.listed.asset, "o": oid}]})

    async def act(self, action):
        self.nonce = max(self.nonce + 1, self.exchange.ledger.time)
        secret = coincurve.PrivateKey(bytes.fromhex(self.exchange.keys[0].secret_hex[2:]))
        digest = agent_digest(action_hash(action, self.nonce, None, None), Network.MAINNET)
        raw = secret.sign_recoverable(digest, hasher=None)
        signature = {"r": f"0x{raw[:32].hex()}", "s": f"0x{raw[32:64].hex()}", "v": 27 + raw[64]}
        answers, answered = [], trio.Event()

        def take(answer) -> None:
            answers.append(answer)
            answered.set()

        self.exchange.act({"action": action, "nonce": self.nonce, "signature": signature}, take)
        await answered.wait()
        return answers[0]
