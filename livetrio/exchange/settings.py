"""ExchangeSettings: everything about a local exchange that can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import attrs

Regime = Literal["calm", "trend", "crash", "none"]
"""How the synthetic market behaves; ``none``: nobody trades but clients."""


@attrs.frozen(kw_only=True)
class ExchangeSettings:
    """How a local exchange behaves. The defaults are the venue's own, as far as they are known."""

    seed: int = 0
    """Of everything that is drawn: accounts, market, faults. The same seed and the same clients give the
    same market."""
    regime: Regime = "calm"
    pace: float = 1.0
    """How much goes on in the market, against the usual: of 0.5, makers look half as often and half as many
    takers come."""
    instruments: int | None = None
    """Only the first so many of those that it lists by itself: perpetuals, then pairs. None: all."""
    block_interval: float = 0.07
    """Seconds between two blocks: 68 ms are the median between two bbo updates [observed 2026-09-24]."""
    commit_delay: float = 0.14
    """Seconds from a block to the replies of its actions: two blocks. End to end the venue takes 0.2-0.4 s,
    the way there and back included (§1.1)."""
    replies_first: bool = False
    """Whether replies leave before the news of the same block, rather than `commit_delay` after it. Clients
    may rely on neither order (§7.1)."""
    accounts: int = 3
    """How many funded accounts are made up from the seed."""
    balance: Decimal = Decimal(100_000)
    """USDC of perpetual money that each of them has, and as much in its spot account."""
    funded: Mapping[str, Decimal] = attrs.field(factory=dict)
    """USDC for other addresses, of perpetual money only."""
    faults: tuple[str, ...] = ()
    """What goes wrong from the first connection on, a line each (`livetrio.exchange.faults`)."""
    limits: bool = True
    """Whether the venue's limits hold: requests, messages, connections, subscriptions of one IP address, and
    each account's budget of actions."""
    schedule_cancel_volume: Decimal = Decimal(0)
    """USD that an account must have traded before it may use ``scheduleCancel``; the venue asks for
    1,000,000 (§5.6), which nobody reaches while trying things out."""
