"""Batches: commands in as few actions as can be, in the order in which they should leave.

What an action costs does not depend on its length up to 39 entries. But orders that may take and orders that
may only rest do not share one: it would be put behind all those that only rest (hypercore/order-book,
2026-08-22).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum

import attrs

from livetrio.venues.hyperliquid import actions, ids
from livetrio.venues.hyperliquid.actions import Json
from livetrio.venues.hyperliquid.instruments import Listing
from livetrio.venues.trading import Cancel, Command, Modify, ScheduleCancel, SignedRequest

MAX_ENTRIES = 39
"""From 40 on an action counts as two (rate-limits, 2026-08-22)."""


class Lane(IntEnum):
    """What shares an action; lower ones leave first."""

    CANCEL_BY_CLOID = 0
    CANCEL = 1
    SCHEDULE_CANCEL = 2
    MODIFY_POST_ONLY = 3
    MODIFY = 4
    SUBMIT_POST_ONLY = 5
    SUBMIT = 6

    @property
    def may_expire(self) -> bool:
        """Whether it is to be refused when it comes late. What cancels is welcome at any time."""
        return self >= Lane.MODIFY_POST_ONLY


_WRAPPERS: dict[Lane, Callable[[list[Json]], Json]] = {
    Lane.CANCEL_BY_CLOID: actions.cancel_by_cloid_action,
    Lane.CANCEL: actions.cancel_action,
    Lane.SCHEDULE_CANCEL: lambda entries: entries[-1],
    Lane.MODIFY_POST_ONLY: actions.modify_action,
    Lane.MODIFY: actions.modify_action,
    Lane.SUBMIT_POST_ONLY: actions.order_action,
    Lane.SUBMIT: actions.order_action,
}


@attrs.frozen(kw_only=True)
class Batch:
    """One action and what it is for."""

    lane: Lane
    action: Json
    commands: tuple[Command, ...]
    entries: tuple[int, ...]
    """How many of the action's entries each command has."""


@attrs.frozen(kw_only=True)
class ActionRequest(SignedRequest):
    """A batch, signed."""

    entries: tuple[int, ...]
    """How many of the action's entries each command has."""


def make_batches(
    commands: Sequence[Command], listing: Listing, *, most: int = MAX_ENTRIES
) -> Iterator[Batch]:
    """The actions for these commands.

    Args:
      commands: in any order.
      listing: of the instruments.
      most: entries of an action that makes or changes orders.

    Raises:
      UnknownInstrument: an order is of an instrument that is not listed.
    """
    lanes: defaultdict[Lane, list[tuple[Command, list[Json]]]] = defaultdict(list)
    for command in commands:
        lane = _lane(command)
        lanes[lane].append((command, _entries(command, lane, listing)))
    for lane in sorted(lanes):
        for part in _cut(lanes[lane], _most(lane, most)):
            yield Batch(
                lane=lane,
                action=_WRAPPERS[lane]([entry for _, entries in part for entry in entries]),
                commands=tuple(command for command, _ in part),
                entries=tuple(len(entries) for _, entries in part),
            )


def _most(lane: Lane, most: int) -> int:
    if lane is Lane.SCHEDULE_CANCEL:
        return 1
    return most if lane.may_expire else MAX_ENTRIES


def _lane(command: Command) -> Lane:
    match command:
        case Cancel(order):
            return Lane.CANCEL_BY_CLOID if ids.is_ours(order.client_order_id) else Lane.CANCEL
        case ScheduleCancel():
            return Lane.SCHEDULE_CANCEL
        case Modify(order=order):
            return Lane.MODIFY_POST_ONLY if order.post_only else Lane.MODIFY
    return Lane.SUBMIT_POST_ONLY if command.order.post_only else Lane.SUBMIT


def _entries(command: Command, lane: Lane, listing: Listing) -> list[Json]:
    match command:
        case Cancel() if lane is Lane.CANCEL_BY_CLOID:
            return actions.cancel_by_cloid_entries(command, listing)
        case Cancel():
            return [actions.cancel_entry(command, listing)]
        case ScheduleCancel():
            return [actions.schedule_cancel_action(command)]
        case Modify():
            return [actions.modify_entry(command, listing)]
    return [actions.submit_entry(command, listing)]


def _cut(items: list[tuple[Command, list[Json]]], most: int) -> Iterator[list[tuple[Command, list[Json]]]]:
    """In parts of at most so many entries, no command torn apart."""
    part: list[tuple[Command, list[Json]]] = []
    count = 0
    for item in items:
        if count + len(item[1]) > most:
            yield part
            part, count = [], 0
        part.append(item)
        count += len(item[1])
    yield part
