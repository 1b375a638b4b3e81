"""OrderEndpoints: orders over the bus, for whoever has nothing but that.

order.submit      SubmitOrder      the order, as from `ExecutionEngine.submit_order`
order.cancel      CancelOrder      whether it was not over already
order.modify      ModifyOrder      why that is refused, or None
order.query       QueryOrder       the order, or None: it is not known
order.cancel_all  CancelAllOrders  how many
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livetrio.bus import MessageBus
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.order_client import CancelCounts
from livetrio.errors import UsageError
from livetrio.model import CancelAllOrders, CancelOrder, ModifyOrder, Order, QueryOrder, SubmitOrder


class OrderEndpoints:
    """Of one engine. What is no such command raises UsageError, to whoever sent it."""

    def __init__(self, bus: MessageBus, execution: ExecutionEngine) -> None:
        self._bus = bus
        self._execution = execution
        self._receivers: Mapping[str, Callable[[Any], object]] = {
            "order.submit": self._submit,
            "order.cancel": self._cancel,
            "order.modify": self._modify,
            "order.query": self._query,
            "order.cancel_all": self._cancel_all,
        }

    def register(self) -> None:
        """Take commands."""
        for name, receiver in self._receivers.items():
            self._bus.register(name, receiver)

    def deregister(self) -> None:
        """Take none any more."""
        for name in self._receivers:
            self._bus.deregister(name)

    def _submit(self, command: SubmitOrder) -> Order:
        _expect(SubmitOrder, command)
        return self._execution.submit_order(command)

    def _cancel(self, command: CancelOrder) -> bool:
        _expect(CancelOrder, command)
        return self._execution.cancel_order(command.client_order_id)

    def _modify(self, command: ModifyOrder) -> str | None:
        _expect(ModifyOrder, command)
        return self._execution.modify_order(
            command.client_order_id,
            quantity=command.quantity,
            price=command.price,
            trigger_price=command.trigger_price,
        )

    def _query(self, command: QueryOrder) -> Order | None:
        _expect(QueryOrder, command)
        return self._execution.cache.get_order(command.client_order_id)

    def _cancel_all(self, command: CancelAllOrders) -> CancelCounts:
        _expect(CancelAllOrders, command)
        return self._execution.cancel_all_orders(command.filter)


def _expect(kind: type, command: object) -> None:
    if not isinstance(command, kind):
        raise UsageError(f"expected a {kind.__name__}, found {command!r}")
