"""Budget: how many actions an account may send in its life, which grows with what it trades (§1.3).

When it is used up, one action passes each 10 s; a refused one is not counted, and does not make the wait
longer [probe on testnet, 2026-10-08, notes of github.com/MarcosACH/tickwright]. Cancels have a higher
ceiling, so that whoever may not place orders can still take them back.

Where the page is silent: a batch that would go beyond the budget is refused as a whole, and after that only
actions that count as one pass.
"""

from __future__ import annotations

from typing import TypedDict

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.units import USD_DECIMALS, format_units

FIRST_REQUESTS = 10_000
"""What an account begins with; each USD that it trades is one more."""

EXTRA_CANCELS = 100_000
"""Cancels go up to so much beyond the cap, or to twice the cap if that is less."""

PACE = 10_000
"""From one action to the next when all is used up; ms."""

STALE_COST = 5
"""What an action counts that came after its ``expiresAfter``."""

RESERVE_PRICE = 500
"""Of one more request, by ``reserveRequestWeight``; in millionths of a USD."""

_USD: int = 10**USD_DECIMALS
_CENT: int = 10 ** (USD_DECIMALS - 2)


class RateLimitView(TypedDict):
    """``userRateLimit`` (§4.17); what is bought is taken off the used, and the rest of it is the surplus
    [docs page *info-endpoint*, 2026-08-22]."""

    cumVlm: str
    nRequestsUsed: int
    nRequestsCap: int
    nRequestsSurplus: int


def request_cap(account: Account) -> int:
    """What an account has earned; what it has bought comes on top."""
    return FIRST_REQUESTS + account.volume // _USD


def charge(account: Account, time: int, count: int, *, is_cancel: bool) -> str | None:
    """Count an action, or the venue's text of why it may not be sent; then nothing is changed.

    Args:
      account: who acts. The house's own accounts have no budget.
      time: of the block, ms.
      count: what it counts: the orders or cancels in it (§1.3).
      is_cancel: whether it only cancels.
    """
    if account.is_house:
        return None
    cap = request_cap(account)
    if is_cancel:
        cap = min(cap + EXTRA_CANCELS, 2 * cap)
    used = account.requests_used - account.requests_bought
    if used + count > cap:
        if count > 1 or time - account.last_paced < PACE:
            return _refusal(used, cap - count, account.volume)
        account.last_paced = time
    account.requests_used += count
    return None


def charge_stale(account: Account) -> None:
    """Count an action that came too late: it costs, and is never paced."""
    if not account.is_house:
        account.requests_used += STALE_COST


def rate_limit_view(account: Account) -> RateLimitView:
    """The answer to ``userRateLimit``."""
    left = account.requests_bought - account.requests_used
    return {
        "cumVlm": format_units(account.volume, USD_DECIMALS),
        "nRequestsUsed": max(-left, 0),
        "nRequestsCap": request_cap(account),
        "nRequestsSurplus": max(left, 0),
    }


def _refusal(used: int, allowed: int, volume: int) -> str:
    """The venue's text. Its second number is one less than the cap in all that were captured, of single
    orders: the most that may be used before this action. Its volume has cents without trailing zeros."""
    usd = format_units(volume // _CENT, 2).removesuffix(".0")
    return (
        f"Too many cumulative requests sent ({used} > {allowed}) for cumulative volume traded ${usd}. "
        "Place taker orders to free up 1 request per USDC traded."
    )
