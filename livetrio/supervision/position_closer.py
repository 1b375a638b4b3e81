"""PositionCloser: closes, at the market, positions that nobody here has opened, as the policy may want it."""

from __future__ import annotations

from decimal import Decimal

import attrs
import structlog

from livetrio.engines.difference import PositionDifference
from livetrio.engines.execution import ExecutionEngine
from livetrio.model import InstrumentId, Order, SubmitOrder

log = structlog.get_logger()


@attrs.define
class _Closing:
    instrument_id: InstrumentId
    quantity: Decimal
    """What is still to go, negative short."""
    order: Order | None = None
    """The one that is to bring it about."""


class PositionCloser:
    """Of one account. What a first order does not bring about, the next comparison tries again."""

    def __init__(self, execution: ExecutionEngine) -> None:
        self._execution = execution
        self._closings: list[_Closing] = []

    def add(self, difference: PositionDifference) -> None:
        """Close as much as the venue has more than we knew of."""
        self._closings.append(_Closing(difference.instrument_id, difference.quantity))

    def close_all(self) -> None:
        """Send orders for what is left. To be called while orders may leave."""
        for closing in list(self._closings):
            if closing.order is not None and closing.order.is_working:
                continue
            if closing.order is not None:
                closing.quantity += closing.order.side.sign * closing.order.filled_quantity
                closing.order = None
            if closing.quantity:
                self._submit(closing)
            else:
                self._closings.remove(closing)

    def _submit(self, closing: _Closing) -> None:
        command = SubmitOrder.closing(closing.instrument_id, closing.quantity)
        closing.order = order = self._execution.submit_order(command)
        log.warning(
            "closing a position that nobody has opened",
            instrument=closing.instrument_id,
            quantity=closing.quantity,
            order=order.client_order_id,
            because=order.reason,
        )
