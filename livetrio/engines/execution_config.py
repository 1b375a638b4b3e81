"""ExecutionConfig: how orders are sent, waited for, asked about and given up."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import attrs

ForeignPolicy = Literal["adopt", "cancel", "refuse"]
"""What to do about orders or positions that the venue has and our journal cannot account for.

``adopt``: take them in as nobody's; they count towards the limits, and are not touched. ``cancel``: cancel
them; of positions, close them at the market. ``refuse``: do not trade until somebody has seen to them."""

_POLICIES = ("adopt", "cancel", "refuse")


def _check_policy(_: Any, field: attrs.Attribute[str], value: object) -> None:
    if value not in _POLICIES:
        raise ValueError(f"{field.name}: expected one of {', '.join(_POLICIES)}, found {value!r}")


def _whole(least: int) -> Callable[[Any, attrs.Attribute[int], int], None]:
    def check(_: Any, field: attrs.Attribute[int], value: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{field.name}: expected a whole number ≥ {least}, found {value!r}")

    return check


def _check_bps(_: Any, field: attrs.Attribute[Decimal], value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value < 10_000:
        found = value if isinstance(value, Decimal) else repr(value)
        raise ValueError(f"{field.name}: expected basis points from 0 to below 10000, found {found}")


@attrs.frozen(kw_only=True)
class ExecutionConfig:
    """How orders are sent, waited for, asked about and given up."""

    submit_timeout_ms: int = attrs.field(default=5_000, validator=_whole(1))
    """How long a new or modified order may go unanswered; then it is UNKNOWN and the venue is asked."""
    cancel_timeout_ms: int = attrs.field(default=3_000, validator=_whole(1))
    """How long a cancellation may go unconfirmed; then the venue is asked, and it is sent again."""
    expire_ms: int = attrs.field(default=10_000, validator=_whole(1_000))
    """An order that reaches the venue later than this after it was sent is refused there: so one without an
    answer is provably dead some time. Where a venue cannot do that, questions decide. One that the venue's
    limits would hold back for longer than this is denied here."""
    retry_interval_ms: int = attrs.field(default=1_000, validator=_whole(1))
    """The first wait before a question is asked again, or a request sent again that was refused for now."""
    max_retries: int = attrs.field(default=3, validator=_whole(0))
    """How often a request is sent again that the venue has refused for now (a rate limit, a nonce)."""
    market_slippage_bps: Decimal = attrs.field(default=Decimal(100), validator=_check_bps)
    """How far from the touch a market order may be filled, at venues that know limit orders only."""
    check_interval_ms: int = attrs.field(default=30_000, validator=_whole(1_000))
    """How often open orders, positions and money are compared with the venue's while all is well. Where none
    succeeds in three times as long, nothing is traded until one does."""
    dead_man_ms: int | None = attrs.field(default=None, validator=attrs.validators.optional(_whole(10_000)))
    """If the engine is not well for so long, the venue cancels all its orders by itself, at venues that offer
    that. Default: off, since some offer it only to those who have traded much."""
    cancel_on_stop: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    """Whether the engine cancels its own orders when it stops. Off, they are left and the exit code is 3."""
    lost_orders: ForeignPolicy = attrs.field(default="cancel", validator=_check_policy)
    """Orders at the venue that an engine like this one made, and that are not in the journal."""
    foreign_orders: ForeignPolicy = attrs.field(default="adopt", validator=_check_policy)
    """Orders at the venue that somebody else made."""
    foreign_positions: ForeignPolicy = attrs.field(default="adopt", validator=_check_policy)
    """Positions at the venue that no fill explains."""
