"""Desk: where the market trades, beside the clients; and what whoever makes a market must be able to do."""

from __future__ import annotations

from typing import Protocol

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.order import NewOrder, Order


class Desk(Protocol):
    """What a market may do while a block is made. All of it takes effect at once."""

    ledger: Ledger
    """To look at: books, prices, its own accounts' orders. ``ledger.time`` is the block's, in ms."""

    def open_account(self, name: str) -> Account:
        """An account of the house of that name: it needs no margin, and its address is made of the name."""
        ...

    def place(self, account: Account, new: NewOrder) -> Order | None:
        """Place an order; what rests of it, or None if nothing does (it was filled, ended, or refused)."""
        ...

    def cancel(self, order: Order) -> None:
        """Cancel a live order of the house."""
        ...

    def reduce(self, order: Order, sz: int) -> None:
        """Take so much off a live order of the house, less than all of it; its place in the queue stays."""
        ...

    def set_oracle(self, asset: int, px: int) -> None:
        """What the world outside thinks that a perpetual is worth, in units of price."""
        ...


class Market(Protocol):
    """Everybody who makes the market live. Its orders are matched like those of clients."""

    def start(self, desk: Desk) -> None:
        """The first block: open accounts, put the first quotes into the books."""
        ...

    def next_due(self) -> int | None:
        """When it wants to do something next, in ms; the block at or after that will have it. None: never."""
        ...

    def quote(self, desk: Desk) -> None:
        """Cancel and place what adds liquidity: in each block, beside the cancels and ALO of clients."""
        ...

    def take(self, desk: Desk) -> None:
        """Take liquidity: in each block, after the takers among the clients."""
        ...
