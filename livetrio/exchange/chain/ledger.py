"""Ledger: the whole state of the chain between two blocks, and the few facts everything is derived from.

The functions that change it stand in the files beside this one, by what they do; each takes the ledger
first. They run to their end without waiting, so nobody ever sees half a change.
"""

from __future__ import annotations

import hashlib

import attrs

from livetrio.exchange.chain.account import Account, Leverage
from livetrio.exchange.chain.book import Book
from livetrio.exchange.chain.events import Event, OrderUpdate
from livetrio.exchange.chain.listing import Listing
from livetrio.exchange.chain.order import Order, Status
from livetrio.exchange.chain.premiums import Premiums

FIRST_OID = 57_000_000_000
"""Beyond 32 bits, as the venue's (§0)."""

TREASURY = "0xfefefefefefefefefefefefefefefefefefefefe"
"""Where fees go. No key of it is known."""

DEFAULT_LEVERAGE = 20
"""Of a perpetual whose leverage an account never set."""

_TID_BITS = 2**50 - 1


@attrs.define(eq=False)
class Ledger:
    """All accounts, all books, all prices."""

    listing: Listing
    seed: int = 0
    time: int = 0
    """Of the block that is being made, or was made last; ms."""
    height: int = 0
    """How many blocks were made."""
    accounts: dict[str, Account] = attrs.field(factory=dict)
    """By address in lower case."""
    books: dict[int, Book] = attrs.field(init=False)
    """By asset."""
    oracles: dict[int, int] = attrs.field(init=False)
    """By asset of a perpetual: the price of the world outside, in units of price."""
    marks: dict[int, int] = attrs.field(init=False)
    """By asset: what positions are worth and triggers look at; of a spot pair, its last price."""
    lasts: dict[int, int] = attrs.field(factory=dict)
    """By asset: the last trade's price."""
    open_interest: dict[int, int] = attrs.field(factory=dict)
    """By asset of a perpetual: lots that somebody is long, as many as somebody is short."""
    orders: dict[int, Order] = attrs.field(factory=dict)
    """All live ones, by oid."""
    triggers: dict[int, dict[int, Order]] = attrs.field(factory=dict)
    """By asset: the live orders that wait for a price, by oid."""
    awakened: set[int] = attrs.field(factory=set)
    """The assets of which an order has begun to wait for its price since that was last looked at."""
    traded: set[int] = attrs.field(factory=set)
    """The assets whose book or last price has changed in this block."""
    events: list[Event] = attrs.field(factory=list)
    """What has happened in this block so far, in order."""
    treasury: Account = attrs.field(init=False)
    liquidating: Account | None = None
    """Whose positions are being closed by the exchange just now."""
    holders: dict[int, dict[str, Account]] = attrs.field(init=False)
    """By asset of a perpetual: who has had a position since liquidations were last looked at, and has perhaps
    one still; by address. Without the house."""
    agents: dict[str, Account] = attrs.field(factory=dict)
    """By address of an API wallet: whose it is, or was."""
    default_leverages: tuple[Leverage, ...] = attrs.field(init=False)
    """By asset of a perpetual: how it is traded by those who never set it."""
    premiums: Premiums = attrs.field(factory=Premiums)
    armed: dict[str, Account] = attrs.field(factory=dict)
    """The accounts whose dead man's switch is set, by address."""
    next_oid: int = FIRST_OID
    _tx: str | None = None
    _tx_count: int = 0

    def __attrs_post_init__(self) -> None:
        self.books = {each.asset: Book() for each in self.listing.instruments}
        self.oracles = {each.asset: each.reference for each in self.listing.perps}
        self.marks = {each.asset: each.reference for each in self.listing.instruments}
        self.triggers = {each.asset: {} for each in self.listing.instruments}
        self.open_interest = {each.asset: 0 for each in self.listing.perps}
        self.holders = {each.asset: {} for each in self.listing.perps}
        self.default_leverages = tuple(
            Leverage(min(DEFAULT_LEVERAGE, each.max_leverage), is_cross=not each.only_isolated)
            for each in self.listing.perps
        )
        self.treasury = self.account(TREASURY)
        self.treasury.exists = self.treasury.is_house = True

    def account(self, address: str) -> Account:
        """The account of an address, whatever its case; an empty one is made when first asked for."""
        address = address.lower()
        found = self.accounts.get(address)
        if found is None:
            found = self.accounts[address] = Account(address)
        return found

    def find(self, address: str) -> Account | None:
        """The account of an address, if there is any."""
        return self.accounts.get(address.lower())

    def leverage(self, account: Account, asset: int) -> Leverage:
        """How an account trades a perpetual: as it set it, or else 20 times, or what the perpetual allows."""
        return account.leverages.get(asset) or self.default_leverages[asset]

    def take_oid(self) -> int:
        """A number no order has."""
        oid = self.next_oid
        self.next_oid += 1
        return oid

    def begin_tx(self) -> None:
        """A new transaction begins: an action, or something that the exchange does itself."""
        self._tx_count += 1
        self._tx = None

    @property
    def tx(self) -> str:
        """The hash of the transaction that is being done; the same in every run of a seed."""
        if self._tx is None:  # most transactions of a market are never named
            text = f"{self.seed}/{self.height}/{self._tx_count}"
            self._tx = "0x" + hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
        return self._tx

    def update(self, order: Order, status: Status) -> None:
        """An order has a new status: note it, and tell of it."""
        order.status = status
        order.status_time = self.time
        account = order.account
        if account.is_house:
            return  # nobody listens
        news = OrderUpdate(order, status, self.time, order.sz)
        self.events.append(news)
        account.history.append(news)
        if not status.is_live:
            account.ended[order.oid] = news
            if len(account.ended) > MAX_ENDED:
                oid, oldest = next(iter(account.ended.items()))
                del account.ended[oid]
                cloid = oldest.order.cloid
                if cloid is not None and account.by_cloid.get(cloid) is oldest.order:
                    del account.by_cloid[cloid]

    def total_cash(self) -> int:
        """All perpetual money there is: it changes by deposits and withdrawals only."""
        return sum(
            account.cash + sum(each.cash for each in account.positions.values())
            for account in self.accounts.values()
        )

    def total_balance(self, token: int) -> int:
        """All there is of a token in spot accounts."""
        return sum(account.balances.get(token, 0) for account in self.accounts.values())


MAX_ENDED = 10_000
"""Ended orders of an account that are known by id; the oldest are forgotten."""


def trade_id(buyer_oid: int, seller_oid: int) -> int:
    """A trade's number, made of the two orders: 50 bits (§2.4, docs page *subscriptions*, 2026-08-22)."""
    mixed = (buyer_oid * 0x9E37_79B9_7F4A_7C15 ^ seller_oid * 0xC2B2_AE3D_27D4_EB4F) * 0xFF51_AFD7_ED55_8CCD
    return (mixed >> 20) & _TID_BITS
