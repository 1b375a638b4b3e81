"""Statuses: the venue's words for how an order stands, in ours.

The set is open: words were added in the past, and will be. So what is not in the table is told by its end,
and what cannot be told that way either is left to whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from livetrio.model import OrderStatus

STATUSES: Mapping[str, OrderStatus] = {
    "open": OrderStatus.ACCEPTED,
    "triggered": OrderStatus.TRIGGERED,
    "filled": OrderStatus.FILLED,
    # Over, after it was taken. Also the old leg of a modification.
    "canceled": OrderStatus.CANCELED,
    "marginCanceled": OrderStatus.CANCELED,
    "vaultWithdrawalCanceled": OrderStatus.CANCELED,
    "openInterestCapCanceled": OrderStatus.CANCELED,
    "selfTradeCanceled": OrderStatus.CANCELED,
    "reduceOnlyCanceled": OrderStatus.CANCELED,
    "siblingFilledCanceled": OrderStatus.CANCELED,
    "delistedCanceled": OrderStatus.CANCELED,
    "liquidatedCanceled": OrderStatus.CANCELED,
    "outcomeSettledCanceled": OrderStatus.CANCELED,
    "internalCancel": OrderStatus.CANCELED,
    "scheduledCancel": OrderStatus.CANCELED,
    # Not taken, though it has an id. The first has "Cancel" in it, and is none.
    "iocCancelRejected": OrderStatus.REJECTED,
    "rejected": OrderStatus.REJECTED,
    "tickRejected": OrderStatus.REJECTED,
    "minTradeNtlRejected": OrderStatus.REJECTED,
    "minTradeSpotNtlRejected": OrderStatus.REJECTED,
    "perpMarginRejected": OrderStatus.REJECTED,
    "reduceOnlyRejected": OrderStatus.REJECTED,
    "badAloPxRejected": OrderStatus.REJECTED,
    "badTriggerPxRejected": OrderStatus.REJECTED,
    "marketOrderNoLiquidityRejected": OrderStatus.REJECTED,
    "positionIncreaseAtOpenInterestCapRejected": OrderStatus.REJECTED,
    "positionFlipAtOpenInterestCapRejected": OrderStatus.REJECTED,
    "tooAggressiveAtOpenInterestCapRejected": OrderStatus.REJECTED,
    "openInterestIncreaseRejected": OrderStatus.REJECTED,
    "insufficientSpotBalanceRejected": OrderStatus.REJECTED,
    "oracleRejected": OrderStatus.REJECTED,
    "perpMaxPositionRejected": OrderStatus.REJECTED,
    "tooManyOpenOrdersRejected": OrderStatus.REJECTED,
}
"""Hyperliquid docs, info-endpoint, 2026-08-22, and what clients of 2026 know beside."""

ENDINGS: Mapping[str, OrderStatus] = {
    "Rejected": OrderStatus.REJECTED,
    "Canceled": OrderStatus.CANCELED,
    "Cancel": OrderStatus.CANCELED,
}
"""What a new word means, by its end; in this order."""

PLAIN = frozenset({"open", "triggered", "filled", "canceled"})
"""Words that say no more than our status does; the others are the reason for it."""


def status_of(word: str) -> OrderStatus | None:
    """Our status for the venue's word; None: it cannot be told."""
    known = STATUSES.get(word)
    if known is not None:
        return known
    return next((status for end, status in ENDINGS.items() if word.endswith(end)), None)


def reason_of(word: str) -> str | None:
    """Why an order is over, in the venue's word; None where the status says all."""
    return None if word in PLAIN else word
