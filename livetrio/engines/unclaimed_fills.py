"""UnclaimedFills: fills of orders that we do not know, and that may be found afterwards.

News come in any order. Somebody else's order may be filled before it is heard of; what of it was filled then
must count for it once, and not be waited for.
"""

from __future__ import annotations

from collections.abc import Sequence

from livetrio.model import Fill

MAX_ORDERS = 1_000
"""Orders whose fills are kept; of more, the oldest are forgotten."""


class UnclaimedFills:
    """By the venue's name of the order."""

    def __init__(self) -> None:
        self._fills: dict[str, list[Fill]] = {}

    def note(self, fill: Fill) -> None:
        """A fill of an order that we do not know."""
        if fill.venue_order_id is None:
            return
        self._fills.setdefault(fill.venue_order_id, []).append(fill)
        if len(self._fills) > MAX_ORDERS:
            del self._fills[next(iter(self._fills))]

    def claim(self, venue_order_id: str | None) -> Sequence[Fill]:
        """Those of an order that is known from now on, in the order in which they came."""
        return self._fills.pop(venue_order_id or "", ())
