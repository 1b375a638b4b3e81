"""Fees and volumes of an account as the wire has them (§4.14)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from livetrio.exchange.api.account_view import perp_value, spot_value
from livetrio.exchange.api.candles import DAY
from livetrio.exchange.api.records import Records, usd_of
from livetrio.exchange.api.texts import rate_text, usd_text
from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import Fill
from livetrio.exchange.chain.ledger import Ledger

View = dict[str, Any]

VOLUME_DAYS = 15
"""How many days of volume are told: today and the two weeks that decide on a tier at the venue."""

PERIODS = {"Day": DAY, "Week": 7 * DAY, "Month": 30 * DAY, "AllTime": None}
"""Of a portfolio, ms."""


def user_fees(ledger: Ledger, records: Records, account: Account) -> View:
    """``userFees``. There is one tier here, and nothing that makes fees smaller."""
    base = Account(account.address)
    return {
        "dailyUserVlm": _daily_volumes(records, account),
        "feeSchedule": {
            "cross": rate_text(base.perp_taker_rate),
            "add": rate_text(base.perp_maker_rate),
            "spotCross": rate_text(base.spot_taker_rate),
            "spotAdd": rate_text(base.spot_maker_rate),
            "tiers": {"vip": [], "mm": []},
            "referralDiscount": "0.0",
            "stakingDiscountTiers": [],
        },
        "userCrossRate": rate_text(account.perp_taker_rate),
        "userAddRate": rate_text(account.perp_maker_rate),
        "userSpotCrossRate": rate_text(account.spot_taker_rate),
        "userSpotAddRate": rate_text(account.spot_maker_rate),
        "activeReferralDiscount": "0.0",
        "trial": None,
        "feeTrialEscrow": "0.0",
        "nextTrialAvailableTimestamp": None,
        "stakingLink": None,
        "activeStakingDiscount": {"bpsOfMaxSupply": "0.0", "discount": "0.0"},
    }


def _daily_volumes(records: Records, account: Account) -> list[View]:
    """By day, UTC, the oldest first; of the account as far back as its fills are remembered."""
    today = records.now // DAY * DAY
    days = [today - DAY * back for back in reversed(range(VOLUME_DAYS))]
    exchange = records.volumes()
    took, added = dict.fromkeys(days, 0), dict.fromkeys(days, 0)
    for fill in account.fills:
        day = fill.time // DAY * DAY
        if day in took:
            (took if fill.is_taker else added)[day] += _usd(fill)
    return [
        {
            "date": datetime.fromtimestamp(day // 1000, UTC).date().isoformat(),
            "userCross": usd_text(took[day]),
            "userAdd": usd_text(added[day]),
            "exchange": usd_text(exchange.get(day, 0)),
        }
        for day in days
    ]


def portfolio(ledger: Ledger, records: Records, account: Account) -> list[Any]:
    """``portfolio``: what an account is worth now, and what it has traded. Its past worth is not kept."""
    now = records.now
    perps = perp_value(ledger, account)
    both = perps + spot_value(ledger, account)
    return [
        *(
            [_lower(name), _period(account, now, length, both, perps_only=False)]
            for name, length in PERIODS.items()
        ),
        *(
            [f"perp{name}", _period(account, now, length, perps, perps_only=True)]
            for name, length in PERIODS.items()
        ),
    ]


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _period(account: Account, now: int, length: int | None, value: int, *, perps_only: bool) -> View:
    if length is None and not perps_only:
        volume = account.volume
    else:
        volume = sum(
            _usd(fill)
            for fill in account.fills
            if (length is None or fill.time > now - length)
            and (fill.order.instrument.is_perp or not perps_only)
        )
    return {"accountValueHistory": [[now, usd_text(value)]], "pnlHistory": [], "vlm": usd_text(volume)}


def referral(account: Account) -> View:
    """``referral``: nobody refers anybody here, so nobody has earned anything by it."""
    return {
        "referredBy": None,
        "cumVlm": usd_text(account.volume),
        "unclaimedRewards": "0.0",
        "claimedRewards": "0.0",
        "builderRewards": "0.0",
        "referrerState": {"stage": "needToCreateCode"},
        "rewardHistory": [],
        "tokenToState": [],
    }


def _usd(fill: Fill) -> int:
    """What a fill was worth, millionths of a USD."""
    return usd_of(fill.order.instrument, fill.px * fill.sz)
