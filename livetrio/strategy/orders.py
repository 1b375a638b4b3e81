"""OrderActions: what a strategy may do with orders; a part of its `Context`.

To place, change and cancel are plain calls that return at once; what comes of them comes as events
(`on_order`, `on_fill`) and is in the order itself, which is live. To wait there are `wait_closed` and
`working`:

    async with ctx.working(ctx.submit_order(instrument, OrderSide.BUY, size, price=bid)) as order:
        with trio.move_on_after(30):
            await ctx.wait_closed(order)
    # Here the order is over, whatever happened, and order.filled_quantity is what it has brought.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import trio

from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.order_client import CancelCounts
from livetrio.errors import UsageError
from livetrio.model import (
    Order,
    OrderFilter,
    OrderSide,
    OrderType,
    SubmitOrder,
    TimeInForce,
    instrument_id,
)


class OrderActions:
    """Orders of one strategy."""

    name: str
    log: Any

    def __init__(self, execution: ExecutionEngine | None, *, patience: float) -> None:
        """``patience``: seconds that `working` waits, at the most, for an order that it cancels to be
        over."""
        self._execution = execution
        self._patience = patience
        self._waiting: set[trio.CancelScope] = set()

    # Plain calls.

    def submit_order(
        self,
        instrument: str,
        side: OrderSide,
        quantity: Decimal,
        *,
        price: Decimal | None = None,
        order_type: OrderType | None = None,
        trigger_price: Decimal | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> Order:
        """Place an order: a limit order if it has a price, else a market order, unless ``order_type`` says.

        Prices are rounded to the instrument's grid away from the market, the quantity down to its step. What
        must not leave (the gate is closed, a limit would be broken, the venue would refuse it) comes back
        DENIED, with its `reason`; nothing is raised for that.

        Raises:
          UsageError: this engine takes no orders, or an argument is of the wrong type (a float for a price).
          ValueError: the text is no instrument id.
        """
        return self._engine.submit_order(
            self.command(
                instrument,
                side,
                quantity,
                price=price,
                order_type=order_type,
                trigger_price=trigger_price,
                time_in_force=time_in_force,
                post_only=post_only,
                reduce_only=reduce_only,
            ),
            heard=self.heard(),
        )

    def command(
        self,
        instrument: str,
        side: OrderSide,
        quantity: Decimal,
        *,
        price: Decimal | None = None,
        order_type: OrderType | None = None,
        trigger_price: Decimal | None = None,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> SubmitOrder:
        """An order as for `submit_order`, not placed yet: for `submit_orders`."""
        return SubmitOrder(
            instrument_id=instrument_id(instrument),
            side=side,
            quantity=quantity,
            price=price,
            order_type=order_type or (OrderType.MARKET if price is None else OrderType.LIMIT),
            trigger_price=trigger_price,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            strategy=self.name,
        )

    def submit_orders(self, commands: Iterable[SubmitOrder]) -> list[Order]:
        """Place several orders; they leave together, in as few requests as the venue allows."""
        return self._engine.submit_orders_batch(commands, heard=self.heard())

    def cancel_order(self, order: Order) -> bool:
        """Cancel an order; False if it is over already. It may still fill: only the venue ends it."""
        if order.is_closed:  # and may be forgotten by now
            return False
        return self._engine.cancel_order(order.client_order_id)

    def cancel_all(self, instrument: str | None = None, side: OrderSide | None = None) -> CancelCounts:
        """Cancel all of the strategy's orders, or those of an instrument, or of a side."""
        wanted = None if instrument is None else instrument_id(instrument)
        return self._engine.cancel_all_orders(
            OrderFilter(instrument_id=wanted, side=side, strategy=self.name)
        )

    def modify_order(
        self,
        order: Order,
        *,
        price: Decimal | None = None,
        quantity: Decimal | None = None,
        trigger_price: Decimal | None = None,
    ) -> str | None:
        """Change an order's price or whole size (what is filled included); why that is refused, or None."""
        if order.is_closed:
            return f"it is over: {order.status.value}"
        return self._engine.modify_order(
            order.client_order_id,
            quantity=quantity,
            price=price,
            trigger_price=trigger_price,
            heard=self.heard(),
        )

    def heard(self) -> int | None:
        """When the news came that the strategy read last, UTC nanoseconds; None: it is reading none."""
        return None

    # How things stand.

    def orders(self, instrument: str | None = None) -> list[Order]:
        """The strategy's orders that are not over, oldest first."""
        return [
            order
            for order in self._engine.get_tracked_orders()
            if order.strategy == self.name and instrument in (None, order.instrument_id)
        ]

    def position(self, instrument: str) -> Decimal:
        """What the strategy itself holds, by its own fills; below zero when short."""
        return self._engine.tracker.portfolio.quantity(instrument_id(instrument), self.name)

    def pnl(self) -> Decimal:
        """What the strategy has won or lost since the journal began, fees and funding included."""
        return self._engine.tracker.portfolio.pnl(self.name)

    def why_closed(self, instrument: str, *, post_only: bool = False) -> str | None:
        """Why orders of an instrument may not leave now, in words, or None: they may.

        Args:
          instrument: of which.
          post_only: whether it is about post-only orders, which a venue may take before it takes others.
        """
        if self._execution is None:
            return "this engine takes no orders"
        closed = self._execution.why_closed(instrument, post_only=post_only)
        return closed or self._execution.tracker.risk.why_halted()

    def is_open(self, instrument: str, *, post_only: bool = False) -> bool:
        """Whether orders of an instrument, or its post-only ones, may leave now."""
        return self.why_closed(instrument, post_only=post_only) is None

    # Waiting.

    async def wait_closed(self, order: Order) -> Order:
        """Wait until an order is over; returns it."""
        await self._engine.tracker.closed_event(order).wait()
        return order

    @asynccontextmanager
    async def working(self, order: Order) -> AsyncIterator[Order]:
        """Let an order work while the block runs; it is over afterwards, whatever ended the block.

        Leaving cancels what is left of it and waits for the venue's word, also where the block was cancelled
        or has failed, for at most ``stop_timeout_ms``. What is not settled then goes on being asked about.
        """
        try:
            yield order
        finally:
            if order.is_working:
                with trio.move_on_after(self._patience, shield=True) as limit:
                    self._waiting.add(limit)
                    self.cancel_order(order)
                    await self.wait_closed(order)
                self._waiting.discard(limit)
                if order.is_working:
                    self.log.warning(
                        "order not over yet", order=order.client_order_id, status=order.status.value
                    )

    def hurry(self) -> None:
        """Let nobody wait any longer."""
        for scope in self._waiting:
            scope.cancel("hurry")

    @property
    def _engine(self) -> ExecutionEngine:
        if self._execution is None:
            raise UsageError("this engine takes no orders: none of its venues has an account")
        return self._execution
