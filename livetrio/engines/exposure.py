"""Exposure: how far positions could go if what is working were filled, kept up to date order by order.

All that is not over counts whole: what is in flight, what is UNKNOWN, what is being canceled. Only the
venue's word sets it free. Of an order that is being modified the larger size counts, until the venue has said
which it is.

A reduce-only order takes a position to zero at most: the venue sees to that. It does so by the account's
position. A strategy's share may be smaller than that, so for a strategy a reduce-only order counts as one
only if it was not larger than the share when it left.

Nothing here goes through all orders: each event changes sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import attrs

from livetrio.model import InstrumentId, Order, OrderSide, Position

ZERO = Decimal(0)

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@attrs.define
class Working:
    """What may still be filled in one instrument, of one owner. Sizes are in base units."""

    buys: Decimal = ZERO
    sells: Decimal = ZERO
    reducing_buys: Decimal = ZERO
    """Of reduce-only orders, which are not in `buys`."""
    reducing_sells: Decimal = ZERO
    orders: int = 0
    price: Decimal | None = None
    """The last that was known of the instrument."""
    worth: Decimal = ZERO
    """Of the position at its largest, when it was last valued; quote currency."""

    def add(self, side: OrderSide, quantity: Decimal, *, reducing: bool) -> None:
        """Count so much more (or less) on a side."""
        if side is BUY:
            if reducing:
                self.reducing_buys += quantity
            else:
                self.buys += quantity
        elif reducing:
            self.reducing_sells += quantity
        else:
            self.sells += quantity

    def of(self, side: OrderSide) -> Decimal:
        """All of one side."""
        return self.buys + self.reducing_buys if side is BUY else self.sells + self.reducing_sells

    def reach(
        self, side: OrderSide, held: Decimal, more: Decimal = ZERO, *, reducing: bool = False
    ) -> Decimal:
        """How far the position could go towards one side: long for buys, short for sells.

        Args:
          side: to which.
          held: the position now, negative short.
          more: to be filled beside what is working, by an order of that side.
          reducing: whether that is a reduce-only order.

        Returns:
          The size on that side; below zero, what would be left on the other.
        """
        plain, guarded = (self.buys, self.reducing_buys) if side is BUY else (self.sells, self.reducing_sells)
        if reducing:
            guarded += more
        else:
            plain += more
        here = held if side is BUY else -held
        if here < 0:
            here = min(ZERO, here + guarded)
        return here + plain

    def largest(self, held: Decimal) -> Decimal:
        """How large the position could become, long or short."""
        return max(self.reach(BUY, held), self.reach(SELL, held))


@attrs.define
class _Counted:
    """What is counted for one order."""

    left: Decimal
    reduces_share: bool
    """Whether it counts as reduce-only for its strategy, too."""
    filled: Decimal = ZERO


class Exposure:
    """Of all working orders. An owner is a strategy, or None: all together."""

    def __init__(
        self,
        quantity: Callable[[InstrumentId, str | None], Decimal],
        price: Callable[[InstrumentId], Decimal | None],
        valued: Iterable[str | None] = (),
    ) -> None:
        """Begin with no orders.

        Args:
          quantity: what an owner holds of an instrument, negative short.
          price: what an instrument costs, however old that is; None where that is not known.
          valued: the owners of whom anybody asks for `gross`: what they hold counts there, too, though they
            have no order.
        """
        self._quantity = quantity
        self._price = price
        self._valued = tuple(valued)
        self._working: dict[tuple[InstrumentId, str | None], Working] = {}
        self._counted: dict[str, _Counted] = {}
        self._expected: dict[str, Decimal] = {}
        """By order: what will be open of it if a modification is done."""
        self._orders: dict[str | None, int] = {}
        self._gross: dict[str | None, Decimal] = {}
        self._unpriced: set[tuple[InstrumentId, str | None]] = set()
        self._seen: dict[InstrumentId, Position] = {}

    # Orders.

    def update(self, order: Order) -> None:
        """Something has happened to an order."""
        left = ZERO
        if order.is_working:
            left = max(ZERO, order.remaining_quantity)
            expected = self._expected.get(order.client_order_id)
            if expected is not None:
                if order.pending_revision is None:
                    del self._expected[order.client_order_id]
                else:
                    left = max(left, expected)
        else:
            self._expected.pop(order.client_order_id, None)
        self._count(order, left)

    def expect(self, order: Order, left: Decimal) -> None:
        """A modification is about to leave, after which so much of the order would be open."""
        self._expected[order.client_order_id] = left
        self._count(order, max(left, order.remaining_quantity))

    def _count(self, order: Order, left: Decimal) -> None:
        key, instrument, owner = order.client_order_id, order.instrument_id, order.strategy
        known = self._counted.get(key)
        if known is None:
            if not order.is_working:
                return
            known = self._counted[key] = _Counted(ZERO, self.is_guarded(order, left, owner))
            orders = 1
        else:
            orders = 0 if order.is_working else -1
            if orders:
                del self._counted[key]
            elif left == known.left and order.filled_quantity == known.filled:
                return  # as most events leave it: nothing was filled, and no more or less can be
        more = left - known.left
        self._add(instrument, None, order, more, orders, reducing=order.reduce_only)
        if owner is not None:
            self._add(instrument, owner, order, more, orders, reducing=known.reduces_share)
        known.left, known.filled = left, order.filled_quantity

    def _add(
        self,
        instrument: InstrumentId,
        owner: str | None,
        order: Order,
        more: Decimal,
        orders: int,
        *,
        reducing: bool,
    ) -> None:
        working = self.working(instrument, owner)
        if more:
            working.add(order.side, more, reducing=reducing)
        if orders:
            working.orders += orders
            self._orders[owner] = self._orders.get(owner, 0) + orders
        if owner in self._valued:
            if working.price is None:
                working.price = order.price if order.price is not None else order.trigger_price
            self._value(instrument, owner, working)

    def is_guarded(self, order: Order, left: Decimal, owner: str | None) -> bool:
        """Whether an order of which so much is open can take its owner's position to zero at most."""
        if not order.reduce_only or owner is None:
            return order.reduce_only
        known = self._counted.get(order.client_order_id)
        if known is not None:
            return known.reduces_share
        return left <= -order.side.sign * self._quantity(order.instrument_id, owner)

    # What may be asked.

    def working(self, instrument: InstrumentId, owner: str | None) -> Working:
        """What may still be filled of an instrument."""
        found = self._working.get((instrument, owner))
        if found is None:
            found = self._working[instrument, owner] = Working()
        return found

    def counted(self, order: Order) -> Decimal:
        """What is counted for an order now."""
        known = self._counted.get(order.client_order_id)
        return ZERO if known is None else known.left

    def is_counted(self, order: Order) -> bool:
        """Whether an order is one of those that are working."""
        return order.client_order_id in self._counted

    def orders(self, owner: str | None) -> int:
        """How many are working."""
        return self._orders.get(owner, 0)

    # Worth.

    def gross(self, owner: str | None) -> Decimal:
        """Worth of all positions without sign, each as large as it could become; quote currency."""
        return self._gross.get(owner, ZERO)

    def unpriced(self, owner: str | None) -> InstrumentId | None:
        """An instrument whose worth is missing in `gross`, because no price of it has ever been known."""
        return next((name for name, of in self._unpriced if of == owner), None) if self._unpriced else None

    def take_positions(self, positions: Iterable[Position]) -> None:
        """Value those positions again that are others than before: by trades that were no order of ours."""
        for position in positions:
            name = position.instrument_id
            if self._seen.get(name) is not position:
                self._seen[name] = position
                for owner in self._valued:
                    self._value(name, owner, self.working(name, owner))

    def revalue(self) -> None:
        """Value everything again, at the prices of now."""
        for (instrument, owner), working in self._working.items():
            if owner in self._valued:
                self._value(instrument, owner, working)

    def _value(self, instrument: InstrumentId, owner: str | None, working: Working) -> None:
        size = working.largest(self._quantity(instrument, owner))
        price = working.price = self._price(instrument) or working.price
        worth = ZERO if price is None else size * price
        if price is None and size:
            self._unpriced.add((instrument, owner))
        elif self._unpriced:
            self._unpriced.discard((instrument, owner))
        if worth != working.worth:
            self._gross[owner] = self._gross.get(owner, ZERO) + worth - working.worth
            working.worth = worth
