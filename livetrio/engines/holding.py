"""Holding: what somebody has of one instrument, what it cost, and what it has brought.

**Nothing is lost.** A holding keeps what its quantity cost, not the average price: the cost changes by whole
products of price and quantity, and the price is a quotient that nobody reckons on with. Where a part of it is
closed, that part leaves at its share of the cost, rounded down to the instrument's unit of money, and the
rest keeps what is left: so a position that is closed in many parts has brought, when it is flat, to the last
digit what closing it at once would have. The unit is ``price_step × size_step``, of which every price ×
quantity is a whole multiple; so the share is the only thing that is ever rounded.

The arithmetic is `Decimal` in the context `EXACT`, where a result that would lose a digit is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from typing import Any

import attrs

from livetrio.model import Fill, Instrument, InstrumentKind

ZERO = Decimal(0)

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero])
"""For ``with localcontext(EXACT):``. Its digits are many times those that any venue's money has."""

QUOTIENTS = Context(prec=28)
"""For prices that are quotients, which need not come out even."""

FINEST = Decimal("1e-12")
"""The unit of money of an instrument that no venue has listed."""


@attrs.frozen
class Grid:
    """How finely an instrument is traded."""

    money: Decimal = FINEST
    """The unit of price × quantity."""
    lot: Decimal = ZERO
    """The smallest quantity that can be traded. What is less is as good as nothing; of a spot balance, some
    of that is always left, because fees are taken from it."""
    base: str | None = None
    quote: str | None = None
    """Of spot, the currencies that change hands."""

    @property
    def is_spot(self) -> bool:
        """Whether what is traded is had, and no position that margin answers for."""
        return self.base is not None

    @classmethod
    def of(cls, instrument: Instrument | None) -> Grid:
        """That of an instrument; if nobody knows it, the finest there is."""
        if instrument is None:
            return cls()
        money, lot = instrument.price_step * instrument.size_step, instrument.size_step
        if instrument.kind is InstrumentKind.SPOT:
            return cls(money, lot, instrument.base, instrument.quote)
        return cls(money, lot)


@attrs.frozen
class Change:
    """What something does to whoever it is of."""

    quantity: Decimal
    """Signed; of a spot buy, what was left of it after a fee in its own currency."""
    money: Decimal
    """Paid for it or received, never below zero."""
    fee: Decimal
    """In money. A fee that was taken from the quantity is none."""
    ts: int
    grid: Grid

    @classmethod
    def by_fill(cls, fill: Fill, grid: Grid) -> Change:
        """What a fill does. What is paid in the base currency is not got."""
        money, quantity, fee = fill.price * fill.quantity, fill.signed_quantity, fill.fee
        if fill.fee_currency == grid.base:
            quantity, fee = quantity - fee, ZERO
        return cls(quantity, money, fee, fill.ts_event, grid)


@attrs.define
class Tally:
    """What came of something, in the quote currency."""

    realized: Decimal = ZERO
    """Before fees."""
    fees: Decimal = ZERO
    """Paid."""
    funding: Decimal = ZERO
    """Received."""

    @property
    def net(self) -> Decimal:
        """All of it together."""
        return self.realized - self.fees + self.funding

    def add(self, *, realized: Decimal = ZERO, fees: Decimal = ZERO, funding: Decimal = ZERO) -> None:
        """More of it."""
        self.realized += realized
        self.fees += fees
        self.funding += funding

    def texts(self) -> list[str]:
        """For the journal."""
        return [str(self.realized), str(self.fees), str(self.funding)]


@attrs.define(kw_only=True)
class Holding:
    """What the account or one strategy has of one instrument. Call its methods in the context `EXACT`."""

    quantity: Decimal = ZERO
    """Base units; negative short."""
    cost: Decimal = ZERO
    """What the quantity cost at its entry prices, never below zero."""
    unplaced: Decimal = ZERO
    """Cost, negative short, that cannot be the quantity's as it is: fills came in another order than they
    were made, and one is still to come."""
    is_adopted: bool = False
    """Whether some of it was adopted since it was last flat, at a price that may be a little wrong."""
    total: Tally = attrs.field(factory=Tally)
    """Since the journal began."""
    trip: Tally = attrs.field(factory=Tally)
    """Since it was last flat."""
    fees: dict[str, Decimal] = attrs.field(factory=dict)
    """Paid since the journal began, by currency, those included that were taken from the quantity."""
    ts_opened: int | None = None
    ts_traded: int = 0
    """When its quantity last changed, UTC nanoseconds by the venue's clock."""
    day: int | None = None
    """The day (UTC days since 1970) that the next two are of."""
    day_net: Decimal = ZERO
    """`Tally.net` of the total when the day began."""
    day_unrealized: Decimal | None = ZERO
    """What was unrealized then; None until there is a price to tell."""
    is_changed: bool = attrs.field(default=False, eq=False)
    """Whether it is to be written down again."""

    @property
    def entry_price(self) -> Decimal:
        """Average price paid, always positive; zero where nothing is held."""
        return QUOTIENTS.divide(self.cost, abs(self.quantity)) if self.quantity else ZERO

    def unrealized(self, mark: Decimal | None) -> Decimal:
        """What closing all of it at this price would bring; without a price, nothing."""
        if not self.quantity:
            return -self.unplaced
        return ZERO if mark is None else self.quantity * mark - self.signed_cost

    @property
    def signed_cost(self) -> Decimal:
        """All that it cost, negative short."""
        return (self.cost.copy_sign(self.quantity) if self.quantity else ZERO) + self.unplaced

    def place_cost(self, signed: Decimal) -> None:
        """Let it have cost so much, negative short."""
        if self.quantity * signed > 0:
            self.cost, self.unplaced = abs(signed), ZERO
        else:
            self.cost, self.unplaced = ZERO, signed
        self.is_changed = True

    # What changes it.

    def take(self, change: Change) -> tuple[Decimal, Tally | None]:
        """Take in a change; returns what it realized, and if the holding is flat or turned by it, what came
        of it since it was last flat.

        The fee of a fill that turns it counts for what it has ended.
        """
        before = self.quantity
        realized = self._trade(change)
        self.earn(realized=realized, fees=change.fee)
        self.ts_traded = max(self.ts_traded, change.ts)
        lot = change.grid.lot
        was_flat = not before or abs(before) < lot
        is_flat = not self.quantity or abs(self.quantity) < lot
        ended = None
        if not was_flat and (is_flat or before * self.quantity < 0):
            ended, self.trip = self.trip, Tally()
            self.is_adopted = False
        if is_flat:
            self.ts_opened = None
        elif was_flat or ended:
            self.ts_opened = change.ts
        return realized, ended

    def _trade(self, change: Change) -> Decimal:
        """Change quantity and cost; returns what was realized."""
        before, signed = self.quantity, change.quantity
        self.quantity = before + signed
        if before * signed >= 0:
            self.cost += change.money
            return ZERO
        size, length = abs(signed), abs(before)
        closing = min(size, length)
        money = share(change.money, closing, size, change.grid.money)
        cost = share(self.cost, closing, length, change.grid.money)
        self.cost += change.money - money - cost
        return money - cost if before > 0 else cost - money

    def earn(self, *, realized: Decimal = ZERO, fees: Decimal = ZERO, funding: Decimal = ZERO) -> None:
        """Let something have come of it."""
        for tally in (self.total, self.trip):
            tally.add(realized=realized, fees=fees, funding=funding)
        self.is_changed = True

    def begin_day(self, day: int, mark: Decimal | None) -> None:
        """Let a day begin, if it has not. Without a price, `settle_day` has to tell later what was
        unrealized. A holding that is older than the first day has begun with nothing, in this one.
        """
        if self.day is not None and self.day != day:
            self.day_net, self.day_unrealized = self.total.net, None
            self.settle_day(mark)
        if self.day != day:
            self.day = day
            self.is_changed = True

    def settle_day(self, mark: Decimal | None) -> None:
        """If that is still to be told, let this be the price at which the day began."""
        if self.day_unrealized is None and (mark is not None or not self.quantity):
            self.day_unrealized = self.unrealized(mark)
            self.is_changed = True

    def day_pnl(self, mark: Decimal | None) -> Decimal:
        """What came of it since the day began. Without a price, only what was realized."""
        pnl = self.total.net - self.day_net
        if self.day_unrealized is None or (mark is None and self.quantity):
            return pnl
        return pnl + self.unrealized(mark) - self.day_unrealized

    # For the journal.

    def to_texts(self) -> dict[str, object]:
        """All of it as a small plain mapping."""
        return {
            "quantity": str(self.quantity),
            "cost": str(self.cost),
            "unplaced": str(self.unplaced),
            "is_adopted": self.is_adopted,
            "total": self.total.texts(),
            "trip": self.trip.texts(),
            "fees": {currency: str(fee) for currency, fee in self.fees.items()},
            "ts_opened": self.ts_opened,
            "ts_traded": self.ts_traded,
            "day": self.day,
            "day_net": str(self.day_net),
            "day_unrealized": None if self.day_unrealized is None else str(self.day_unrealized),
        }

    @classmethod
    def from_texts(cls, texts: Mapping[str, Any]) -> Holding:
        """What `to_texts` wrote down."""
        unrealized = texts["day_unrealized"]
        return cls(
            quantity=Decimal(texts["quantity"]),
            cost=Decimal(texts["cost"]),
            unplaced=Decimal(texts.get("unplaced", 0)),
            is_adopted=texts.get("is_adopted", False),
            total=Tally(*map(Decimal, texts["total"])),
            trip=Tally(*map(Decimal, texts["trip"])),
            fees={currency: Decimal(fee) for currency, fee in texts["fees"].items()},
            ts_opened=texts["ts_opened"],
            ts_traded=texts["ts_traded"],
            day=texts["day"],
            day_net=Decimal(texts["day_net"]),
            day_unrealized=None if unrealized is None else Decimal(unrealized),
        )


def share(amount: Decimal, part: Decimal, whole: Decimal, unit: Decimal) -> Decimal:
    """The part's share of an amount, none of them below zero, rounded down to the unit; of the whole, all."""
    return amount if part == whole else amount * part // (whole * unit) * unit
