"""An order's timeline, told: each stage, when, how long after the one before, and what lacks why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from livetrio.clock import NANOSECONDS, format_instant
from livetrio.model import Order, OrderStatus, Sending, Timeline


@attrs.frozen
class Stage:
    """One stage; without an instant it was not reached, or that is not known: `note` says which."""

    name: str
    instant: int | None
    note: str | None = None


def stages_of(order: Order, timeline: Timeline) -> Sequence[Stage]:
    """All stages in the order in which the order came past them; behind them those that it did not."""
    stages = [*_stages(order, timeline)]
    reached = sorted(
        (each for each in stages if each.instant is not None), key=lambda each: each.instant or 0
    )
    return [*reached, *(each for each in stages if each.instant is None)]


def timeline_rows(order: Order, timeline: Timeline) -> Iterator[Mapping[str, Any]]:
    """`stages_of` with the times between them, in nanoseconds."""
    before: int | None = None
    for stage in stages_of(order, timeline):
        at = stage.instant
        yield {
            "stage": stage.name,
            "instant": at,
            "since before": None if at is None or before is None else at - before,
            "since tick": None if at is None or timeline.heard is None else at - timeline.heard,
            "note": stage.note,
        }
        before = before if at is None else at


def for_people(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of `timeline_rows` with instants and times as people write them."""
    return {
        **row,
        "instant": _write(row["instant"]),
        "since before": _span(row["since before"]),
        "since tick": _span(row["since tick"]),
    }


def for_programs(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of `timeline_rows` with its instant as text and its times in seconds."""
    return {
        "stage": row["stage"],
        "instant": _write(row["instant"]),
        "since_before": _seconds(row["since before"]),
        "since_tick": _seconds(row["since tick"]),
        "note": row["note"],
    }


def why_not_recorded(order: Order) -> str:
    """Why a journal has no timeline of an order."""
    if order.strategy is not None and order.is_working:
        return "Its timeline is not recorded yet: that is done within a second of the venue's word."
    return (
        "Its timeline is not recorded: an earlier version of livetrio wrote this journal, or others made it."
    )


def _stages(order: Order, timeline: Timeline) -> Iterator[Stage]:
    absent = _Absence(order, timeline)
    yield Stage("tick", timeline.heard, absent.of_tick())
    yield Stage("decided", timeline.decided)
    yield Stage("risk passed", timeline.passed, absent.of(timeline.passed, "it was refused here"))
    submits = [each for _, each in timeline.requests if each.kind == "submit"]
    yield from _sending("", submits[0] if submits else Sending(kind="submit"), absent)
    yield Stage("acknowledged", timeline.acknowledged, absent.of(timeline.acknowledged, "the venue has not"))
    for change in timeline.changes:
        if change.heard is not None and change.heard != timeline.heard:
            yield Stage(f"modify {change.revision}: tick", change.heard)
        yield Stage(f"modify {change.revision}: decided", change.decided)
        yield Stage(f"modify {change.revision}: risk passed", change.passed)
    if timeline.cancel_asked is not None:
        yield Stage("cancel: decided", timeline.cancel_asked)
    again = {"submit": 1, "cancel": 0}
    for revision, sending in timeline.requests:
        if submits and sending is submits[0]:
            continue
        name = f"modify {revision}"
        if sending.kind in again:
            again[sending.kind] += 1
            name = sending.kind if again[sending.kind] == 1 else f"{sending.kind}, time {again[sending.kind]}"
        yield from _sending(f"{name}: ", sending, absent)
        yield Stage(
            f"{name}: answered", sending.answered, absent.of(sending.answered, "none until it was closed")
        )
    yield Stage("first fill", timeline.first_fill, absent.of(timeline.first_fill, "nothing was filled"))
    yield Stage("closed", timeline.closed, absent.of(timeline.closed, "not yet"))
    if timeline.left_out:
        yield Stage("(others)", None, f"{timeline.left_out} requests and changes between are not remembered")


def _sending(prefix: str, sending: Sending, absent: _Absence) -> Iterator[Stage]:
    for name in ("signed", "journaled", "sent"):
        at = getattr(sending, name)
        yield Stage(prefix + name, at, absent.of(at, "it never was"))


@attrs.frozen
class _Absence:
    """Says why a stage is missing."""

    order: Order
    timeline: Timeline

    def of_tick(self) -> str | None:
        if self.timeline.heard is not None:
            return None
        return "not recorded" if self.timeline.is_partial else "it was decided on no news"

    def of(self, instant: int | None, words: str) -> str | None:
        """``words``: of an order that is over."""
        if instant is not None:
            return None
        order = self.order
        if order.status is OrderStatus.DENIED:
            return f"never: {order.reason or 'it was denied here'}"
        if self.timeline.is_partial:
            return "not recorded before that run ended, or not yet"
        if order.status is OrderStatus.UNKNOWN:
            return "unknown"
        return words if order.is_closed else "not yet"


def _write(instant: int | None) -> str | None:
    """To the nanosecond."""
    return None if instant is None else f"{format_instant(instant)[:-5]}.{instant % NANOSECONDS:09d}Z"


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / NANOSECONDS


def _span(nanoseconds: int | None) -> str | None:
    if nanoseconds is None:
        return None
    for unit, factor in (("s", NANOSECONDS), ("ms", 1_000_000), ("µs", 1_000)):
        if abs(nanoseconds) >= factor:
            return f"{nanoseconds / factor:.3f} {unit}"
    return f"{nanoseconds} ns"
