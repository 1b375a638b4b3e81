"""Funding: what longs pay shorts each hour so that a perpetual stays near its oracle's price, or the reverse.

As the venue does it (docs page *funding*, 2026-08-22; §5.12): each 5 seconds the premium is sampled; at the
full hour the average of the samples becomes a rate for 8 hours, of which an eighth is paid::

    premium   = (max(impact bid - oracle, 0) - max(oracle - impact ask, 0)) / oracle
    8 h rate  = premium + clamp(0.01 % - premium, -0.05 %, 0.05 %)
    payment   = size * oracle * 8 h rate / 8, at most 4 % an hour

An impact price is the average at which a market order of the impact notional would trade. Where a side of the
book has not as much, that side has no premium: the page does not say what happens then.

What a long pays is rounded up and what a short gets is rounded down, to a millionth of a USD. The rest, less
than that for each position, goes to the treasury: nothing is lost.
"""

from __future__ import annotations

from livetrio.exchange.chain.account import Account, Position
from livetrio.exchange.chain.book import Side
from livetrio.exchange.chain.events import FundingPaid, FundingRate
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Perp
from livetrio.exchange.chain.units import RATE, USD_DECIMALS

SAMPLE_INTERVAL = 5_000
"""ms."""

HOUR = 3_600_000
"""ms."""

INTEREST: int = RATE // 10_000
"""0.01 % for 8 hours."""

CLAMP: int = 5 * RATE // 10_000
"""0.05 %."""

HOURS = 8
"""For which the formula is made; one of them is paid."""

CAP: int = 4 * RATE // 100
"""4 % an hour."""

_USD: int = 10**USD_DECIMALS

LARGE_IMPACT = 20_000 * _USD
"""Of BTC and ETH (docs page *contract-specifications*, 2026-08-22)."""

SMALL_IMPACT = 6_000 * _USD
"""Of all others."""

_LARGE = ("BTC", "ETH")

_FINE = 10**9
"""Parts of a lot, in which the size that an impact notional buys is counted."""


# When.


def next_due(ledger: Ledger) -> int:
    """When the next sample is due, ms."""
    due = ledger.premiums.next_at
    return _after(ledger.time) if due is None else due


def advance(ledger: Ledger, time: int) -> None:
    """Take the samples and pay the hours that are due by this time, ms.

    Samples that are late find what is there now; so after a long pause each hour is paid by the same prices.
    """
    premiums = ledger.premiums
    if premiums.next_at is None:
        premiums.next_at = _after(time)
    while premiums.next_at <= time:
        hour = -(-premiums.next_at // HOUR) * HOUR
        count = (min(hour, time) - premiums.next_at) // SAMPLE_INTERVAL + 1
        for perp in ledger.listing.perps:
            sampled = count * premium(ledger, perp)
            premiums.sums[perp.asset] = premiums.sums.get(perp.asset, 0) + sampled
        premiums.count += count
        last = premiums.next_at + (count - 1) * SAMPLE_INTERVAL
        if last == hour:
            _pay_hour(ledger, ledger.time if hour + HOUR > ledger.time else hour)
        premiums.next_at = last + SAMPLE_INTERVAL


def _after(time: int) -> int:
    return (time // SAMPLE_INTERVAL + 1) * SAMPLE_INTERVAL


# How much.


def premium(ledger: Ledger, perp: Perp) -> int:
    """How far a perpetual is from its oracle's price now, in units of 1e-10."""
    oracle = ledger.oracles[perp.asset]
    bid, ask = impact_prices(ledger, perp)
    above = 0 if bid is None else max(bid - oracle, 0)
    below = 0 if ask is None else max(oracle - ask, 0)
    return _toward_zero((above - below) * RATE, oracle)


def average_premium(ledger: Ledger, perp: Perp) -> int:
    """The average of this hour's samples; before the first one, what it would be. In units of 1e-10."""
    count = ledger.premiums.count
    if not count:
        return premium(ledger, perp)
    return _toward_zero(ledger.premiums.sums.get(perp.asset, 0), count)


def current_rate(ledger: Ledger, perp: Perp) -> int:
    """What would be paid for this hour if it ended now, in units of 1e-10."""
    return hourly_rate(average_premium(ledger, perp))


def hourly_rate(average: int) -> int:
    """What is paid for an hour of this average premium, both in units of 1e-10."""
    eight_hours = average + max(min(INTEREST - average, CLAMP), -CLAMP)
    return max(min(_toward_zero(eight_hours, HOURS), CAP), -CAP)


def impact_prices(ledger: Ledger, perp: Perp) -> tuple[int | None, int | None]:
    """The average prices at which the impact notional would be sold and bought now, in units of price."""
    notional = LARGE_IMPACT if perp.coin in _LARGE else SMALL_IMPACT
    book = ledger.books[perp.asset]
    return _impact_price(book.bids, notional), _impact_price(book.asks, notional)


def _impact_price(side: Side, notional: int) -> int | None:
    left, parts = notional, 0
    for level in side.levels():
        taken = min(level.px * level.sz, left)
        parts += taken * _FINE // level.px
        left -= taken
        if not left:
            return notional * _FINE // parts
    return None


def _toward_zero(amount: int, divisor: int) -> int:
    part: int = abs(amount) // divisor
    return part if amount >= 0 else -part


# Payment.


def _pay_hour(ledger: Ledger, time: int) -> None:
    """Pay by the average of the samples, and begin a new hour."""
    premiums = ledger.premiums
    ledger.begin_tx()
    for perp in ledger.listing.perps:
        average = average_premium(ledger, perp)
        rate = hourly_rate(average)
        ledger.events.append(FundingRate(perp, rate, average, time))
        for account in ledger.accounts.values():
            position = account.positions.get(perp.asset)
            if position is not None and position.szi:
                _pay(ledger, account, position, perp, rate, time)
    premiums.count = 0
    premiums.sums.clear()


def _pay(ledger: Ledger, account: Account, position: Position, perp: Perp, rate: int, time: int) -> None:
    exact = -position.szi * ledger.oracles[perp.asset] * rate
    usdc = exact // RATE
    if position.is_cross:
        account.cash += usdc
    else:
        position.cash += usdc
    ledger.treasury.cash -= usdc
    position.funding_all_time -= usdc
    position.funding_since_open -= usdc
    position.funding_since_change -= usdc
    if not account.is_house:
        paid = FundingPaid(account, perp, usdc, position.szi, rate, time)
        account.fundings.append(paid)
        ledger.events.append(paid)
