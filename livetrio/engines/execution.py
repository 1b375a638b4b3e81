"""ExecutionEngine: orders and what is to be done with them, in plain calls that never wait.

A command becomes an order here: made valid for its instrument, checked against the gate and the limits,
noted in journal and cache, handed to its venue's client. From then on the venue's word changes it
(`OrderTracker`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.engines.client_ids import ClientOrderIds
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.market_price import find_closing_price
from livetrio.engines.normalise import Terms, normalise, normalise_change
from livetrio.engines.order_client import CancelCounts, OrderClient
from livetrio.engines.tracked import TrackedOrder
from livetrio.engines.tracker import OrderTracker
from livetrio.errors import OrderNotFound
from livetrio.model import (
    AccountReport,
    Change,
    Fill,
    FundingPayment,
    Order,
    OrderFilter,
    OrderInitialized,
    OrderModifyRejected,
    OrderReport,
    OrderStatus,
    OrderType,
    SubmitOrder,
    TimeInForce,
    nearest,
    venue_of,
)

MILLISECOND = 1_000_000
BPS = Decimal(10_000)


class ExecutionEngine:
    """Takes commands, and what venues say."""

    def __init__(
        self,
        bus: MessageBus,
        cache: Cache,
        tracker: OrderTracker,
        *,
        config: ExecutionConfig | None = None,
        now: Callable[[], int],
        ids: ClientOrderIds,
    ) -> None:
        self.bus = bus
        self.cache = cache
        self.tracker = tracker
        self.config = config or ExecutionConfig()
        self._now = now
        self._ids = ids
        self._clients: dict[str, OrderClient] = {}

    # Venues.

    def add_client(self, venue: str, client: OrderClient) -> None:
        """Name who sends orders to a venue."""
        self._clients[venue] = client

    def client_of(self, instrument: str) -> OrderClient | None:
        """Who sends orders of an instrument."""
        return self._clients.get(venue_of(instrument))

    def why_closed(self, instrument: str, *, post_only: bool = False) -> str | None:
        """Why orders of an instrument, or those that can only rest, may not leave now; None: they may."""
        client = self.client_of(instrument)
        if client is None:
            return _no_venue(instrument)
        return client.gate.reason(self._now(), post_only=post_only)

    # What venues say.

    def process(self, event: object) -> bool:
        """Take in what a venue says of an account; False for what is something else."""
        match event:
            case OrderReport():
                self.tracker.take_report(event)
            case Fill():
                self.tracker.take_fill(event)
            case FundingPayment():
                self.tracker.take_funding(event)
            case AccountReport():
                self.tracker.portfolio.apply_account(event)
            case _:
                return False
        return True

    # New orders.

    def submit_order(self, command: SubmitOrder, *, heard: int | None = None) -> Order:
        """Make an order and let it leave. Never waits, and never raises for what trading brings.

        Returns the order, which is live. Refused here, it is DENIED and its ``reason`` says by what.
        ``heard``: when the news arrived that it answers, for its `Timeline`. (In all of these.)
        """
        now = self._now()
        order = self._make(command, now)
        client = self.client_of(order.instrument_id)
        reason = _no_venue(order.instrument_id) if client is None else self._prepare(order, command, client)
        tracked = self.tracker.track(order)
        tracked.timeline.heard, tracked.timeline.decided = heard, now
        pending = order.status
        made = OrderInitialized(order=order, previous=pending, status=pending, ts_event=now, ts_init=now)
        if reason is not None:
            # Denied before anything is told: the limits never count what was refused, whatever its numbers.
            self.tracker.publish(tracked, [made, *tracked.deny(reason, now)])
        elif client is not None:
            tracked.timeline.passed = self._now()
            self.tracker.publish(tracked, [made])
            client.submit(order)
        return order

    def submit_orders_batch(
        self, commands: Iterable[SubmitOrder], *, heard: int | None = None
    ) -> list[Order]:
        """`submit_order` each; what leaves together leaves in as few requests as the venue allows."""
        return [self.submit_order(command, heard=heard) for command in commands]

    def _make(self, command: SubmitOrder, now: int) -> Order:
        return Order(
            client_order_id=self._ids.next(command.strategy),
            instrument_id=command.instrument_id,
            strategy=command.strategy,
            side=command.side,
            order_type=command.order_type,
            quantity=command.quantity,
            price=command.price,
            trigger_price=command.trigger_price,
            time_in_force=command.time_in_force,
            post_only=command.post_only,
            reduce_only=command.reduce_only,
            status=OrderStatus.PENDING,
            ts_init=now,
            ts_event=now,
        )

    def _prepare(self, order: Order, command: SubmitOrder, client: OrderClient) -> str | None:
        """Make the order, which is new, what its venue takes; why it may not leave, or None."""
        closed = client.gate.reason(order.ts_init, post_only=order.post_only)
        if closed is not None:
            return closed
        instrument = self.cache.get_instrument(order.instrument_id)
        if instrument is None:
            return self._unlisted(order.instrument_id)
        terms = normalise(command, instrument)
        if isinstance(terms, str):
            return terms
        order.quantity, order.price, order.trigger_price = terms
        refusal = client.refusal(command)
        if refusal is not None:
            return refusal
        if order.order_type is OrderType.MARKET and client.needs_limit_for_market:
            touch = self._find_touch(order)
            if touch is None:
                return f"a market order needs a fresh price, and there is none of {order.instrument_id}"
            slippage = self.config.market_slippage_bps / BPS
            order.price = (
                instrument.round_price_down(touch[1] * (1 + slippage))
                if order.side.sign > 0
                else instrument.round_price_up(touch[0] * (1 - slippage))
            )
        return self.tracker.risk.check(order)

    def _find_touch(self, order: Order) -> tuple[Decimal, Decimal] | None:
        """Best bid and ask, or what comes nearest to them; of what closes a position the last price that is
        known, if there is no fresh one."""
        touch = self.cache.get_bid_ask(order.instrument_id, now=self._now())
        if touch is None:
            market = self.tracker.risk.find_price(order.instrument_id)
            touch = None if isinstance(market, str) else (market.bid, market.ask)
        if touch is None and (order.reduce_only or self.tracker.risk.is_closing):
            price = find_closing_price(self.cache, order.instrument_id)
            touch = None if price is None else (price, price)
        return touch

    def _unlisted(self, instrument: str) -> str:
        known = [each.instrument_id for each in self.cache.get_all_instruments()]
        close = nearest(instrument, known)
        hint = f"; did you mean {close}?" if close else ""
        return f"{instrument} is not listed by any venue that has answered{hint}"

    # Orders that are there.

    def cancel_order(self, client_order_id: str) -> bool:
        """Ask the venue to cancel an order; False if it is over already.

        It is canceled when the venue says so, and may fill before.

        Raises:
          OrderNotFound: there is no such order, or nobody who could cancel it.
        """
        tracked = self._find(client_order_id)
        order = tracked.order
        if order.is_closed:
            return False
        client = self.client_of(order.instrument_id)
        if client is None:
            raise OrderNotFound(f"{client_order_id}: no venue of this engine takes its cancellation")
        if not order.is_canceling:
            self.tracker.publish(tracked, tracked.begin_cancel(self._now()))
            self.tracker.watch(
                order, "no answer to its cancellation", self.config.cancel_timeout_ms * MILLISECOND
            )
            client.cancel(order)
        return True

    def cancel_all_orders(self, filter: OrderFilter | None = None) -> CancelCounts:
        """Cancel all orders that fit, but nobody's only where the filter names them by their instrument."""
        wanted = filter or OrderFilter()
        canceled = failed = 0
        for tracked in self.tracker.working():
            order = tracked.order
            if not wanted.fits(order) or (order.strategy is None and wanted.instrument_id is None):
                continue
            if self.client_of(order.instrument_id) is None:
                failed += 1
            else:
                canceled += self.cancel_order(order.client_order_id)
        return CancelCounts(canceled, failed)

    def modify_order(
        self,
        client_order_id: str,
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        trigger_price: Decimal | None = None,
        heard: int | None = None,
    ) -> str | None:
        """Ask the venue to change an order; why that is refused here, or None.

        Args:
          client_order_id: of which.
          quantity: its whole new size, what is filled included; None: as it is.
          price: None: as it is.
          trigger_price: None: as it is.
          heard: as in `submit_order`.

        Raises:
          OrderNotFound: there is no such order.
        """
        tracked = self._find(client_order_id)
        order = tracked.order
        now = self._now()
        wanted = SubmitOrder(
            instrument_id=order.instrument_id,
            side=order.side,
            quantity=order.quantity if quantity is None else quantity,
            # What the venue made of an order without a limit is not ours to ask for.
            price=order.price if price is None and order.order_type.has_limit else price,
            order_type=order.order_type,
            trigger_price=order.trigger_price if trigger_price is None else trigger_price,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            strategy=order.strategy,
        )
        valid = self._prepare_change(tracked, wanted)
        if isinstance(valid, str):
            event = OrderModifyRejected(
                order=order,
                previous=order.status,
                status=order.status,
                reason=valid,
                ts_event=now,
                ts_init=now,
            )
            self.tracker.publish(tracked, [event])
            return valid
        left = valid.quantity - order.filled_quantity
        self.tracker.publish(tracked, tracked.begin_modification(left, valid.price, valid.trigger_price, now))
        assert order.pending_revision is not None
        tracked.timeline.add_change(Change(order.pending_revision, heard, now, self._now()))
        self.tracker.watch(
            order, "no answer to its modification", self.config.submit_timeout_ms * MILLISECOND
        )
        self._clients[venue_of(order.instrument_id)].modify(order, left, valid.price, valid.trigger_price)
        return None

    def _prepare_change(self, tracked: TrackedOrder, wanted: SubmitOrder) -> Terms | str:
        """The new terms as the venue takes them, or why the change may not leave."""
        order = tracked.order
        closed = self.why_closed(order.instrument_id, post_only=order.post_only)
        if closed is not None:
            return closed
        instrument = self.cache.get_instrument(order.instrument_id)
        if instrument is None:
            return self._unlisted(order.instrument_id)
        if not order.is_open:
            return f"only an order that is known to rest can be modified; this one is {order.status.value}"
        if order.is_canceling:
            return "it is being canceled"
        if order.order_type is OrderType.MARKET or order.time_in_force is not TimeInForce.GTC:
            return "only an order that may rest can be modified, and this one may not"
        if order.ts_submitted is None:
            return "it is not one of ours: it can be canceled, and not modified"
        if order.pending_revision is not None:
            return "a modification of it is on its way already"
        valid = normalise_change(wanted, order.filled_quantity, instrument)
        if isinstance(valid, str):
            return valid
        if (valid.quantity, valid.trigger_price) == (order.quantity, order.trigger_price) and (
            valid.price == order.price or not order.order_type.has_limit
        ):
            return "it is like that already"  # and would only lose its place in the queue
        return (
            self.tracker.risk.check_modify(order, valid.quantity, valid.price, valid.trigger_price) or valid
        )

    def _find(self, order_id: str) -> TrackedOrder:
        tracked = self.tracker.get(order_id)
        if tracked is None:
            raise OrderNotFound(f"there is no order {order_id!r}, or it was over long ago")
        return tracked

    # Questions.

    def get_tracked_orders(self) -> list[Order]:
        """All that are not over, oldest first."""
        return [each.order for each in self.tracker.working()]

    def get_pending_orders(self) -> list[Order]:
        """Those of them that have no answer yet, the unknown included."""
        return [each for each in self.get_tracked_orders() if each.is_inflight]

    def get_order_status(self, order_id: str) -> OrderStatus:
        """Where an order is, by our id or the venue's.

        Raises:
          OrderNotFound: there is no such order.
        """
        return self._find(order_id).order.status

    def is_order_pending(self, order_id: str) -> bool:
        """Whether an order has no answer yet; False for one that is not there."""
        tracked = self.tracker.get(order_id)
        return tracked is not None and tracked.order.is_inflight


def _no_venue(instrument: str) -> str:
    return f"no venue of this engine takes orders of {instrument}"
