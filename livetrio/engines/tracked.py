"""TrackedOrder: one of our orders, and all that its venue has said of it.

News of an order comes by several ways, late, twice and in any order: answers to requests, updates, fills, and
what a question finds. Each is a fact that is noted; the order moves on when the facts allow it:

- Fills alone make it filled. A venue that says "filled" or "canceled with so much left" says how much was
  filled; until the fills themselves are there the order stays as it is (`missing`), and is asked about.
- An end is final (`order_states`), and only the venue's word is one.
- A modification gives the order another *revision*: a leg of its own with its own size and, at some venues,
  its own id. The end of an old leg is no end of the order, and while a modification is under way the end of
  the present leg may be either: the order's, or only the leg's. A fill of a leg that nobody knows is proof of
  a modification that the journal has lost; how much of it is open, only the venue can say (`Leg.is_guessed`).
"""

from __future__ import annotations

from decimal import Decimal

from livetrio.engines.leg import ZERO, Leg
from livetrio.model import (
    Fill,
    Happening,
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReport,
    OrderStatus,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    OrderUpdated,
    Timeline,
    next_status,
)

_ENDS = {
    OrderStatus.CANCELED: (Happening.CANCEL, OrderCanceled),
    OrderStatus.EXPIRED: (Happening.EXPIRE, OrderExpired),
    OrderStatus.REJECTED: (Happening.REJECT, OrderRejected),
}
"""How a venue ends an order whose last part was not filled."""


class TrackedOrder:
    """An order and its legs. What its methods return has happened, in that order; publish it so."""

    def __init__(
        self,
        order: Order,
        change: OrderPendingUpdate | None = None,
        *,
        filled_before: Decimal = ZERO,
        timeline: Timeline | None = None,
    ) -> None:
        """Take an order, new or as the journal had it.

        Args:
          order: as it stands.
          change: the one that is under way, if one is.
          filled_before: what its legs before the present one have filled.
          timeline: as far as it has come.
        """
        self.order = order
        self.timeline = timeline or Timeline(order.client_order_id)
        self.is_ours = order.strategy is not None
        """Whether we placed it; others are only looked at."""
        self._counted_until = 0
        """Fills up to this instant are in what was filled of the order when it was found."""
        self._uncounted = ZERO
        """What is in there and may still be told of."""
        self._noted: tuple[object, ...] | None = None
        quantity, filled = order.quantity, order.filled_quantity
        self.legs: dict[int, Leg] = {}
        if filled_before:
            quantity, filled = quantity - filled_before, filled - filled_before
            self.legs[order.revision - 1] = Leg(
                ZERO, None, None, filled_before, filled_before, OrderStatus.CANCELED
            )
        self.legs[order.revision] = Leg(quantity, order.price, order.trigger_price, filled, filled)
        if order.pending_revision is not None:
            self.legs[order.pending_revision] = (
                Leg(order.remaining_quantity, order.price, order.trigger_price)
                if change is None
                else Leg(change.quantity, change.price, change.trigger_price)
            )

    @property
    def leg(self) -> Leg:
        """The present one."""
        return self.legs[self.order.revision]

    @property
    def missing(self) -> Decimal:
        """Fills that the venue speaks of and that are not here, of all legs."""
        missing = ZERO
        for leg in self.legs.values():
            if leg.told > leg.filled:
                missing += leg.told - leg.filled
        return missing

    def note(self) -> bool:
        """Whether the order has changed, in what events need not tell of, since this was last called."""
        order = self.order
        now = (
            order.venue_order_id,
            order.quantity,
            order.price,
            order.trigger_price,
            order.revision,
            order.pending_revision,
            order.expires,
        )
        is_changed = now != self._noted
        self._noted = now
        return is_changed

    # What we do.

    def submit(self, now: int, expires: int | None) -> list[OrderEvent]:
        """It is being sent."""
        self.order.ts_submitted = now
        self.order.expires = expires
        return self._happen(Happening.SUBMIT, OrderSubmitted, None, now, now)

    def deny(self, reason: str, now: int) -> list[OrderEvent]:
        """It was refused here."""
        return self._happen(Happening.DENY, OrderDenied, reason, now, now)

    def lose(self, reason: str, now: int) -> list[OrderEvent]:
        """Nobody knows whether it arrived."""
        return self._happen(Happening.LOSE, OrderUnknown, reason, now, now)

    def begin_cancel(self, now: int) -> list[OrderEvent]:
        """Its cancellation was asked for."""
        order = self.order
        order.is_canceling = True
        return [self._event(OrderPendingCancel, order.status, None, now, now)]

    def begin_modification(
        self, quantity: Decimal, price: Decimal | None, trigger_price: Decimal | None, now: int
    ) -> list[OrderEvent]:
        """A modification was asked for, with a revision of its own. ``quantity``: what shall be open."""
        order = self.order
        order.pending_revision = revision = max(self.legs) + 1
        self.legs[revision] = Leg(quantity, price, trigger_price)
        return [
            OrderPendingUpdate(
                order=order,
                previous=order.status,
                status=order.status,
                quantity=quantity,
                price=price,
                trigger_price=trigger_price,
                ts_event=now,
                ts_init=now,
            )
        ]

    def end_modification(self, reason: str, now: int, *, is_over: bool = False) -> list[OrderEvent]:
        """The modification was not done; with ``is_over`` the order was lost in it."""
        if self.order.pending_revision is None:
            return []
        self.legs[self.order.pending_revision].end = OrderStatus.REJECTED
        self.order.pending_revision = None
        order = self.order
        events: list[OrderEvent] = []
        if not order.is_closed:
            events.append(self._event(OrderModifyRejected, order.status, reason, now, now))
        if is_over:
            leg = self.leg
            if leg.end is None:
                leg.end, leg.ts_end = OrderStatus.CANCELED, now
            leg.reason = leg.reason or reason
        return events + self._settle(now)

    def refuse_cancel(self, reason: str, now: int) -> list[OrderEvent]:
        """The venue did not cancel it. The wish stands: if it still rests, it is canceled again."""
        order = self.order
        if order.is_closed or not order.is_canceling:
            return []
        return [self._event(OrderCancelRejected, order.status, reason, now, now)]

    def give_up_missing(self, now: int) -> list[OrderEvent]:
        """Fills that the venue spoke of are nowhere to be had: go by those that are here."""
        for leg in self.legs.values():
            leg.told = leg.filled
        leg = self.leg
        if leg.end is OrderStatus.FILLED and leg.filled < leg.quantity:
            leg.end = OrderStatus.CANCELED
            leg.reason = "the venue says that it was filled, but has not told of all its fills"
        return self._settle(now)

    def begin_found(self, until: int) -> None:
        """The order was found at the venue: its fills up to an instant (UTC nanoseconds by the venue's clock)
        count already, whether or not they are told of."""
        self._counted_until = until
        self._uncounted = self.order.filled_quantity

    # What the venue says.

    def accept(
        self, revision: int, venue_order_id: str | None, filled: Decimal | None, now: int
    ) -> list[OrderEvent]:
        """The request that made a revision of the order was answered: the venue has it."""
        return self._take_live(revision, OrderStatus.ACCEPTED, venue_order_id, filled, now, now)

    def reject(self, reason: str, now: int) -> list[OrderEvent]:
        """A request that should have made the order was refused, or is proved never to have arrived."""
        return self._happen(Happening.REJECT, OrderRejected, reason, now, now)

    def cancel(self, reason: str, now: int) -> list[OrderEvent]:
        """It is proved that the venue has it no more, and that all its fills are here."""
        return self._happen(Happening.CANCEL, OrderCanceled, reason, now, now)

    def take_report(self, report: OrderReport) -> list[OrderEvent]:
        """The venue says how the order, or one of its legs, stands."""
        revision = report.revision
        if revision not in self.legs:
            if report.quantity is None:
                return []
            self.legs[revision] = Leg(report.quantity, report.price, report.trigger_price)
        leg = self.legs[revision]
        if report.quantity is not None:
            leg.quantity, leg.is_guessed = report.quantity, False
            self.order.quantity = self._quantity()
        if report.price is not None:
            leg.price = report.price
        ts_event, ts_init = report.ts_event, report.ts_init
        if report.status not in _ENDS and report.status is not OrderStatus.FILLED:
            return self._take_live(
                revision, report.status, report.venue_order_id, report.filled_quantity, ts_event, ts_init
            )
        self._note_venue_id(revision, report.venue_order_id)
        if report.status is OrderStatus.FILLED:
            leg.told = max(leg.told, leg.quantity)
        elif report.filled_quantity is not None:
            leg.told = max(leg.told, report.filled_quantity)
        if leg.end is None:
            leg.end, leg.reason, leg.ts_end = report.status, report.reason, ts_event
        events: list[OrderEvent] = []
        if revision > self.order.revision:
            if report.status is OrderStatus.REJECTED:
                return events + self.end_modification(report.reason or "refused", ts_init)
            events += self._enter_revision(revision, ts_event, ts_init)
        return events + self._settle(ts_init)

    def take_fill(self, fill: Fill) -> list[OrderEvent]:
        """A trade. The caller has seen to it that it is not one that was told before."""
        if self._uncounted and fill.ts_event <= self._counted_until:
            self._uncounted = max(ZERO, self._uncounted - fill.quantity)
            return []
        return self.count_fill(fill)

    def count_fill(self, fill: Fill) -> list[OrderEvent]:
        """Count a trade, whenever it was."""
        order = self.order
        leg = self.legs.get(fill.revision)
        if leg is None and fill.revision < order.revision:  # of before the last start, and late
            leg = self.legs[fill.revision] = Leg(ZERO, None, None, end=OrderStatus.CANCELED)
        elif leg is None:
            price = None if order.price is None else fill.price
            leg = self.legs[fill.revision] = Leg(ZERO, price, order.trigger_price, is_guessed=True)
        leg.filled += fill.quantity
        if leg.is_guessed:
            leg.quantity = leg.filled
        order.average_price = self._average_with(fill)
        order.filled_quantity += fill.quantity
        events: list[OrderEvent] = []
        if fill.revision > order.revision and fill.revision in self.legs:
            events += self._enter_revision(fill.revision, fill.ts_event, fill.ts_init)
        self._note_venue_id(fill.revision, fill.venue_order_id)
        order.quantity = self._quantity()
        previous = order.status
        is_whole = self.leg.filled >= self.leg.quantity and not self.leg.is_guessed
        happening = Happening.FILL if is_whole else Happening.FILL_PART
        order.status = next_status(previous, happening) or previous
        order.ts_event = fill.ts_event
        events.append(
            OrderFilled(
                order=order,
                previous=previous,
                status=order.status,
                fill=fill,
                ts_event=fill.ts_event,
                ts_init=fill.ts_init,
            )
        )
        return events + self._settle(fill.ts_init)

    def _average_with(self, fill: Fill) -> Decimal | None:
        """What was paid on average with one more fill; None where some were before the order was found."""
        order = self.order
        if order.average_price is None and order.filled_quantity:
            return None
        paid = (order.average_price or ZERO) * order.filled_quantity + fill.price * fill.quantity
        return paid / (order.filled_quantity + fill.quantity)

    def _take_live(
        self,
        revision: int,
        status: OrderStatus,
        venue_order_id: str | None,
        filled: Decimal | None,
        ts_event: int,
        ts_init: int,
    ) -> list[OrderEvent]:
        self._note_venue_id(revision, venue_order_id)
        leg = self.legs[revision]
        if filled is not None:
            leg.told = max(leg.told, filled)
        events: list[OrderEvent] = []
        if revision > self.order.revision:
            events += self._enter_revision(revision, ts_event, ts_init)
        if revision < self.order.revision:
            return events
        if status is OrderStatus.TRIGGERED:
            return events + self._happen(Happening.TRIGGER, OrderTriggered, None, ts_event, ts_init)
        return events + self._happen(Happening.ACCEPT, OrderAccepted, None, ts_event, ts_init)

    def _note_venue_id(self, revision: int, venue_order_id: str | None) -> None:
        if venue_order_id is not None and revision >= self.order.revision:
            self.order.venue_order_id = venue_order_id

    def _quantity(self) -> Decimal:
        """The present leg's size, and what the legs before it have filled."""
        revision = self.order.revision
        before = sum((leg.filled for number, leg in self.legs.items() if number < revision), ZERO)
        return before + self.leg.quantity

    def _enter_revision(self, revision: int, ts_event: int, ts_init: int) -> list[OrderEvent]:
        """The venue has a later leg: the modification was done."""
        order = self.order
        leg = self.legs[revision]
        order.revision = revision
        if self.order.pending_revision is not None and self.order.pending_revision <= revision:
            self.order.pending_revision = None
        order.price, order.trigger_price = leg.price, leg.trigger_price
        order.quantity = self._quantity()
        order.ts_event = ts_event
        return [] if order.is_closed else [self._updated(order.status, ts_event, ts_init)]

    def _settle(self, ts_init: int) -> list[OrderEvent]:
        """End the order, if its present leg has ended, nothing may follow, and no fill is missing."""
        leg = self.leg
        if leg.end is None or self.order.pending_revision is not None or self.missing:
            return []
        if leg.end is OrderStatus.FILLED:
            return self._complete(ts_init)
        happening, kind = _ENDS[leg.end]
        if happening is Happening.REJECT and not self.order.is_inflight:
            happening, kind = _ENDS[OrderStatus.CANCELED]  # it had been there
        return self._happen(happening, kind, leg.reason, leg.ts_end, ts_init)

    def _complete(self, ts_init: int) -> list[OrderEvent]:
        """The venue calls it filled. Its fills have made it so, but where its size was told after them."""
        order, leg = self.order, self.leg
        previous, status = order.status, next_status(order.status, Happening.FILL)
        if order.is_closed or status is None or leg.filled < leg.quantity:
            return []
        order.status, order.ts_event = status, leg.ts_end
        return [self._updated(previous, leg.ts_end, ts_init)]

    # Making it so.

    def _happen(
        self, happening: Happening, kind: type[OrderEvent], reason: str | None, ts_event: int, ts_init: int
    ) -> list[OrderEvent]:
        order = self.order
        previous = order.status
        status = next_status(previous, happening)
        if status is None:
            return []
        order.status = status
        order.reason = reason
        order.ts_event = ts_event
        return [self._event(kind, previous, reason, ts_event, ts_init)]

    def _event(
        self, kind: type[OrderEvent], previous: OrderStatus, reason: str | None, ts_event: int, ts_init: int
    ) -> OrderEvent:
        return kind(
            order=self.order,
            previous=previous,
            status=self.order.status,
            reason=reason,
            ts_event=ts_event,
            ts_init=ts_init,
        )

    def _updated(self, previous: OrderStatus, ts_event: int, ts_init: int) -> OrderUpdated:
        order = self.order
        return OrderUpdated(
            order=order,
            previous=previous,
            status=order.status,
            quantity=order.quantity,
            price=order.price,
            trigger_price=order.trigger_price,
            ts_event=ts_event,
            ts_init=ts_init,
        )
