"""The life of an order as one table: which event leads from which status to which.

An event that the table does not have from a status does not happen to an order of that status: it came late
(an acceptance after the cancellation), or twice. A closed status is never left, whatever comes: but fills
count from every status, because what was traded was traded.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from livetrio.model.order import CLOSED_STATUSES, INFLIGHT_STATUSES, OrderStatus

S = OrderStatus


class Happening(Enum):
    """What can happen to an order."""

    DENY = "deny"
    SUBMIT = "submit"
    LOSE = "lose"
    """Nobody knows what became of it."""
    ACCEPT = "accept"
    TRIGGER = "trigger"
    FILL_PART = "fill_part"
    FILL = "fill"
    """What fills the last of it."""
    CANCEL = "cancel"
    REJECT = "reject"
    EXPIRE = "expire"

    __hash__ = object.__hash__  # as that of `OrderStatus`


H = Happening

TRANSITIONS: Mapping[tuple[OrderStatus, Happening], OrderStatus] = {
    (S.PENDING, H.DENY): S.DENIED,
    (S.PENDING, H.SUBMIT): S.SUBMITTED,
    (S.SUBMITTED, H.LOSE): S.UNKNOWN,
    # An order that is not known to rest becomes whatever the venue says first: an answer, an update, a
    # fill that came before either. PENDING is here because an answer may overtake our own note of sending.
    **{(status, H.ACCEPT): S.ACCEPTED for status in INFLIGHT_STATUSES},
    **{(status, H.REJECT): S.REJECTED for status in INFLIGHT_STATUSES},
    **{(status, H.TRIGGER): S.TRIGGERED for status in (*INFLIGHT_STATUSES, S.ACCEPTED)},
    **{
        (status, happening): after
        for status in (*INFLIGHT_STATUSES, S.ACCEPTED, S.TRIGGERED, S.PARTIALLY_FILLED)
        for happening, after in (
            (H.FILL_PART, S.PARTIALLY_FILLED),
            (H.FILL, S.FILLED),
            (H.CANCEL, S.CANCELED),
            (H.EXPIRE, S.EXPIRED),
        )
    },
    # What was traded was traded, though the order had been taken for over.
    **{(status, fill): status for status in CLOSED_STATUSES for fill in (H.FILL_PART, H.FILL)},
}
"""From status and happening to the next status."""


def next_status(status: OrderStatus, happening: Happening) -> OrderStatus | None:
    """The status that follows, or None where this does not happen to an order of that status."""
    return TRANSITIONS.get((status, happening))
