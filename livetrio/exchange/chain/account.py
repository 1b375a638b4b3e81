"""Account: what one address has, owes, wants and did. Plain state; the chain's functions change it.

**How perpetual money is counted.** As the venue does (``totalRawUsd``, §4.11): buying takes price × size from
the account's cash, selling gives it, and the account's value is its cash and what its positions are worth at
the mark price. So every match moves whole numbers from one account to another, and nothing is rounded.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import attrs

from livetrio.exchange.chain.events import Fill, FundingPaid, LedgerUpdate, OrderUpdate
from livetrio.exchange.chain.order import Order

MAX_FILLS = 10_000
"""Only the latest are reachable (§4.10)."""

MAX_HISTORY = 2_000
"""The latest orders that ``historicalOrders`` tells of (§4.8), and the ended ones known by id."""


class Role(StrEnum):
    """What an address is, as ``userRole`` says it (§4.16)."""

    USER = "user"
    SUB_ACCOUNT = "subAccount"
    VAULT = "vault"


@attrs.frozen
class Leverage:
    """How an account trades one perpetual: how large its positions may be, and what answers for them."""

    value: int
    is_cross: bool = True
    """Whether all cash answers for a position, or only what was set apart for it."""


@attrs.define(eq=False)
class Position:
    """A position in one perpetual. Flat ones are kept where their funding is remembered, and not shown."""

    szi: int = 0
    """Lots; below zero when short."""
    entry_ntl: int = 0
    """What its size cost at its entry prices, never below zero: the entry price is this by the size."""
    cash: int = 0
    """Of an isolated position: its own, as the account's (``rawUsd``, §4.11)."""
    is_cross: bool = True
    funding_all_time: int = 0
    """Paid (above zero) or received, in this and all earlier positions."""
    funding_since_open: int = 0
    funding_since_change: int = 0


@attrs.define(eq=False)
class Resting:
    """The orders that an account has in the book of one perpetual, in sum."""

    bid_sz: int = 0
    bid_ntl: int = 0
    ask_sz: int = 0
    ask_ntl: int = 0


@attrs.frozen(kw_only=True)
class Agent:
    """An API wallet: a key that may sign for the account (§5.11)."""

    address: str
    name: str
    """Empty for the unnamed one."""
    valid_until: int
    """ms."""


@attrs.define(eq=False)
class Account:
    """One address: a user, a sub-account or a vault."""

    address: str
    """Lower case."""
    role: Role = Role.USER
    master: Account | None = None
    """Of a sub-account, whose it is; of a vault, who leads it."""
    name: str = ""
    """Of a sub-account or vault."""
    is_house: bool = False
    """One of the market's own: it needs no margin, pays no heed to budgets, and keeps no history."""
    exists: bool = False
    """Whether anything was ever deposited; an address that has not is unknown to the chain (§5.9)."""

    cash: int = 0
    """Perpetual money of cross margin; below zero when a long position cost more than there was."""
    positions: dict[int, Position] = attrs.field(factory=dict)
    """By asset."""
    balances: dict[int, int] = attrs.field(factory=dict)
    """Spot, by token, in its smallest unit, what orders hold included."""
    holds: dict[int, int] = attrs.field(factory=dict)
    """Spot, by token: the part that open orders hold."""
    entry_ntls: dict[int, int] = attrs.field(factory=dict)
    """Spot, by token: what the balance cost, in the smallest unit of USDC."""
    leverages: dict[int, Leverage] = attrs.field(factory=dict)
    """By asset, where it is not the default."""

    orders: dict[int, Order] = attrs.field(factory=dict)
    """All that are live, by oid: those in the book, and those that wait for a trigger or a parent."""
    resting: dict[int, Resting] = attrs.field(factory=dict)
    """By asset of a perpetual: its orders in the book, reduce-only ones excepted."""
    reducers: int = 0
    """How many of them are reduce-only."""
    by_cloid: dict[str, Order] = attrs.field(factory=dict)
    """The latest order of each client order id among the live and the remembered."""
    ended: dict[int, OrderUpdate] = attrs.field(factory=dict)
    """The last news of orders that have ended, by oid; the oldest are forgotten."""
    history: deque[OrderUpdate] = attrs.field(factory=lambda: deque(maxlen=MAX_HISTORY))
    fills: deque[Fill] = attrs.field(factory=lambda: deque(maxlen=MAX_FILLS))
    fundings: deque[FundingPaid] = attrs.field(factory=lambda: deque(maxlen=MAX_FILLS))
    ledger: deque[LedgerUpdate] = attrs.field(factory=lambda: deque(maxlen=MAX_HISTORY))

    agents: dict[str, Agent] = attrs.field(factory=dict)
    """By address."""
    agents_settle_at: int = 0
    """Until then, ms, the removal of an agent is pending, and none is approved."""
    builder_limits: dict[str, int] = attrs.field(factory=dict)
    """By builder: the most tenths of a basis point that it was allowed to take."""
    sub_accounts: list[Account] = attrs.field(factory=list)

    cooldown_until: int = 0
    """Until then, ms, its positions are liquidated whole: not long ago one was in part."""
    volume: int = 0
    """Traded so far, perpetuals and spot, in millionths of a USD."""
    requests_used: int = 0
    requests_bought: int = 0
    last_paced: int = 0
    """When it last got the one action each 10 s that is left to who has used up its budget; ms."""
    cancel_at: int | None = None
    """When the dead man's switch cancels all its orders; ms."""
    switch_day: int = 0
    switch_count: int = 0
    """How often the switch has fired on that day (UTC days since 1970)."""

    perp_taker_rate: int = 4_500_000
    perp_maker_rate: int = 1_500_000
    spot_taker_rate: int = 7_000_000
    spot_maker_rate: int = 4_000_000
    """The base tier's: 0.045 % and 0.015 %, 0.07 % and 0.04 % (§4.14); a maker's may be a rebate, below
    zero. In units of 1e-10."""

    def position(self, asset: int) -> Position:
        """The position, made when first asked for."""
        found = self.positions.get(asset)
        if found is None:
            found = self.positions[asset] = Position()
        return found

    def __repr__(self) -> str:
        return f"<Account {self.address}, {len(self.orders)} orders, cash {self.cash / 1e6:.6f}>"
