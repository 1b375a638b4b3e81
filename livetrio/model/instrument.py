"""Instrument: what can be traded, and which prices and sizes its venue takes."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import Enum

import attrs

from livetrio.model.identifiers import InstrumentId


class InstrumentKind(Enum):
    """What kind of thing is traded."""

    PERPETUAL = "perpetual"
    SPOT = "spot"

    __hash__ = object.__hash__  # by identity, as a member is compared; Enum's own hashes the name in Python


@attrs.frozen(kw_only=True)
class Instrument:
    """One tradable thing of one venue.

    A venue's price rule is a smallest step, a largest number of significant figures, or both; then the
    step depends on the price (`tick_size`). Whole numbers may be exempt from the limit on figures.
    """

    instrument_id: InstrumentId
    kind: InstrumentKind
    base: str
    """The asset that sizes count: ``BTC``."""
    quote: str
    """The asset that prices count: ``USD``."""
    venue_symbol: str
    """The venue's own name for it, as it goes over the wire."""
    price_step: Decimal
    """The smallest step a price can have, quote currency per base unit."""
    significant_figures: int | None = None
    """Most significant figures a price may have, or None for no such rule. Whole numbers are exempt."""
    size_step: Decimal
    """Sizes are whole multiples of this, base units."""
    min_notional: Decimal = Decimal(0)
    """Least price × size of an order, quote currency."""
    max_leverage: int | None = None
    is_active: bool = True
    """False for what is delisted: known, so that ids stay right, but not traded."""

    def tick_size(self, price: Decimal) -> Decimal:
        """The step between valid prices at this price level."""
        if self.significant_figures is None or price <= 0:
            return self.price_step
        by_figures = Decimal(1).scaleb(price.adjusted() + 1 - self.significant_figures)
        return max(self.price_step, min(Decimal(1), by_figures))

    def is_valid_price(self, price: Decimal) -> bool:
        """Whether the venue takes this price: positive and on its grid."""
        return price.is_finite() and price > 0 and _is_multiple(price, self.tick_size(price))

    def is_valid_size(self, size: Decimal) -> bool:
        """Whether the venue takes this size: positive and a multiple of the step."""
        return size.is_finite() and size > 0 and _is_multiple(size, self.size_step)

    def round_price_down(self, price: Decimal) -> Decimal:
        """The nearest valid price that is not above this positive one (zero where none is)."""
        tick = self.tick_size(price)
        return price // tick * tick

    def round_price_up(self, price: Decimal) -> Decimal:
        """The nearest valid price that is not below this positive one."""
        tick = self.tick_size(price)
        below = price // tick * tick
        return below if below == price else below + tick

    def round_size_down(self, size: Decimal) -> Decimal:
        """The largest valid size that is not above this positive one (zero where none is)."""
        return size // self.size_step * self.size_step


def _is_multiple(value: Decimal, step: Decimal) -> bool:
    try:
        return value % step == 0
    except InvalidOperation:  # more steps than 28 digits can count: nobody takes that
        return False
