"""Weights: what each REST request takes from the 1200 a minute of its IP address (§1.2)."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULT_INFO_WEIGHT = 20
"""Of every info request that is not in the table."""

INFO_WEIGHTS: Mapping[str, int] = {
    "l2Book": 2,
    "allMids": 2,
    "clearinghouseState": 2,
    "orderStatus": 2,
    "spotClearinghouseState": 2,
    "exchangeStatus": 2,
    "userRole": 60,
}

ITEMS_PER_WEIGHT: Mapping[str, int] = {
    "recentTrades": 20,
    "historicalOrders": 20,
    "userFills": 20,
    "userFillsByTime": 20,
    "fundingHistory": 20,
    "userFunding": 20,
    "nonUserFundingUpdates": 20,
    "userNonFundingLedgerUpdates": 20,  # the page's name is the one above; this is how it is asked for
    "twapHistory": 20,
    "userTwapSliceFills": 20,
    "userTwapSliceFillsByTime": 20,
    "delegatorHistory": 20,
    "delegatorRewards": 20,
    "validatorStats": 20,
    "candleSnapshot": 60,
}
"""How many items of an answer weigh one more."""

ORDERS_PER_WEIGHT = 40
"""How many orders, cancels or modifies of one action weigh one more."""


def info_weight(request_type: str) -> int:
    """What an info request weighs before its answer is known."""
    return INFO_WEIGHTS.get(request_type, DEFAULT_INFO_WEIGHT)


def items_weight(request_type: str, count: int) -> int:
    """What the items of an answer weigh on top. A part of a step counts as a whole one: that is not on the
    page, but its example of 84 for 5000 candles is rounded so."""
    per_weight = ITEMS_PER_WEIGHT.get(request_type)
    return 0 if per_weight is None else -(-count // per_weight)


def action_weight(batch_length: int) -> int:
    """What an action weighs, by the length of its batch; an action without one has length 1."""
    return 1 + batch_length // ORDERS_PER_WEIGHT
