"""A strategy that has enough when it has seen one quote."""

from __future__ import annotations

from livetrio import Strategy
from livetrio.model import Quote


class FirstQuote(Strategy):
    """Says so."""

    async def on_start(self) -> None:
        """Ask for it."""
        self.ctx.subscribe_quotes("BTC-USD-PERP.HYPERLIQUID")

    def on_quote(self, quote: Quote) -> None:
        """Here it is."""
        print("the first quote", flush=True)
        self.ctx.stop("it has seen one")
