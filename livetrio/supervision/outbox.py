"""Outbox: commands that have not left yet, and who goes first.

Cancellations go before all else, modifications before new orders: what makes risk smaller does not wait
behind what makes it larger. Nothing is lost here and nothing grows without end, for the limits on orders are
checked before; what is taken out at once is sent together.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import trio

from livetrio.model import Order
from livetrio.venues.trading import Cancel, Command, Modify, ScheduleCancel, Submit


class Outbox:
    """Of one account."""

    def __init__(self) -> None:
        self._cancels: dict[str, Cancel] = {}
        self._schedules: dict[str, ScheduleCancel] = {}
        self._modifies: dict[str, Modify] = {}
        self._submits: dict[str, Submit] = {}
        self._lanes: tuple[dict[str, Any], ...] = (
            self._cancels,
            self._schedules,
            self._modifies,
            self._submits,
        )
        """In the order in which they leave."""
        self._filled = trio.Event()

    def put(self, command: Command) -> None:
        """Let a command leave. A cancellation of what has not left is not needed: see `remove`."""
        match command:
            case Cancel(order):
                self._cancels[order.client_order_id] = command
            case Modify():
                self._modifies[command.order.client_order_id] = command
            case Submit(order):
                self._submits[order.client_order_id] = command
            case ScheduleCancel():
                self._schedules[""] = command  # the last one alone counts
        self._filled.set()

    def remove(self, order: Order) -> bool:
        """Take a new order out again; False if it was not here (any more)."""
        return self._submits.pop(order.client_order_id, None) is not None

    async def wait(self) -> None:
        """Wait until there is something in it."""
        await self._filled.wait()

    def take(self, most: int | None = None) -> Sequence[Command]:
        """Take out all, or the first so many, in the order in which they should leave."""
        commands: list[Command] = []
        for lane in self._lanes:
            first = islice(lane, None if most is None else most - len(commands))
            commands += [lane.pop(each) for each in list(first)]
        if not len(self) and self._filled.is_set():  # if not set, somebody may wait for this one
            self._filled = trio.Event()
        return commands

    def __len__(self) -> int:
        return sum(map(len, self._lanes))
