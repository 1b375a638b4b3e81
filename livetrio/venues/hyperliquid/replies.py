"""Replies: what the answer to an action says of each command in it.

    {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"resting": {"oid": 1}}, …]}}}
    {"status": "ok", "response": {"type": "default"}}
    {"status": "err", "response": "…"}
    {"error": "…"}        what came instead of an answer, over the account's stream

Hyperliquid docs, exchange-endpoint and error-responses, 2026-08-22. What is not of these shapes is a
`FrameError`: it says nothing of what was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from livetrio.errors import FrameError
from livetrio.model import OrderType, TimeInForce
from livetrio.venues.hyperliquid.faults import DECODING_ERRORS, frame_error
from livetrio.venues.hyperliquid.messages import Number
from livetrio.venues.hyperliquid.numbers import size
from livetrio.venues.hyperliquid.refusals import (
    Refusal,
    action_refusal,
    order_refusal,
    transport_refusal,
)
from livetrio.venues.trading import (
    Cancel,
    Command,
    CommandResult,
    Modify,
    ScheduleCancel,
    Submit,
    Verdict,
)

OrderNumber = Annotated[int, Meta(ge=0)]


class Resting(Struct):
    """The order is on the book, and nothing of it was filled yet."""

    oid: OrderNumber


class Filled(Struct):
    """Some of the order was filled at once, or all of it. A GTC's rest is on the book under the same id."""

    oid: OrderNumber
    totalSz: Number


class Outcome(Struct):
    """What became of one order, where the venue has more to say than a word."""

    resting: Resting | None = None
    filled: Filled | None = None
    error: str | None = None


class Outcomes(Struct):
    """One for each entry of the action, or one for all of them."""

    statuses: tuple[str | Outcome, ...]


class Response(Struct):
    """What was done."""

    type: str
    data: Outcomes | None = None


class Answer(Struct):
    """The answer to an action."""

    status: str | None = None
    response: str | Response | None = None
    error: str | None = None


_ANSWER = msgspec.json.Decoder(Answer)

_WAITING = frozenset({"waitingForTrigger", "waitingForFill"})
_DONE = {Submit: _WAITING, Modify: _WAITING, Cancel: frozenset({"success"})}
"""Single words that say that it was done. The id of an order that waits comes with its first report."""


def read_reply(commands: Sequence[Command], entries: Sequence[int], body: bytes) -> list[CommandResult]:
    """What an answer says of each command; ``entries``: how many of the action's each command has.

    Raises:
      FrameError: it makes no sense, so nothing is known.
    """
    try:
        answer = _ANSWER.decode(body)
    except DECODING_ERRORS as exc:
        raise frame_error(body, exc) from exc
    if answer.error is not None:
        return [_refused(each, transport_refusal(answer.error), answer.error) for each in commands]
    if answer.status == "err" and isinstance(answer.response, str):
        return _refuse_all(commands, action_refusal(answer.response), answer.response)
    if answer.status != "ok" or not isinstance(answer.response, Response):
        raise FrameError("wrong-types", f"an answer of the status {answer.status!r}: {_shown(body)}")
    if answer.response.data is None:
        return [_done_without_a_word(each, answer.response) for each in commands]
    return _read_outcomes(commands, entries, answer.response.data.statuses)


def read_proof(body: bytes) -> str | None:
    """Why the venue did not take a request that changes nothing, in its words; None: it did.

    Raises:
      FrameError: the answer makes no sense, so nothing is known.
    """
    try:
        answer = _ANSWER.decode(body)
    except DECODING_ERRORS as exc:
        raise frame_error(body, exc) from exc
    if answer.status == "ok":
        return None
    words = answer.error or answer.response
    if not isinstance(words, str):
        raise FrameError("wrong-types", f"an answer of the status {answer.status!r}: {_shown(body)}")
    return words


def _refuse_all(commands: Sequence[Command], refusal: Refusal, text: str) -> list[CommandResult]:
    if refusal.loses_order and len(commands) > 1:
        refusal = Refusal(text, Verdict.UNKNOWN)  # one of them was lost, and it does not say which
    return [_refused(each, refusal, text) for each in commands]


def _done_without_a_word(command: Command, response: Response) -> CommandResult:
    """The answer says only that the action was done: too little of cancellations and new orders."""
    if response.type == "default" and isinstance(command, ScheduleCancel | Modify):
        return CommandResult(command=command, verdict=Verdict.DONE)
    reason = f"an answer of the type {response.type!r} does not tell what was done"
    return CommandResult(command=command, verdict=Verdict.UNKNOWN, reason=reason)


def _read_outcomes(
    commands: Sequence[Command], entries: Sequence[int], outcomes: Sequence[str | Outcome]
) -> list[CommandResult]:
    total = sum(entries)
    first = outcomes[0] if len(outcomes) == 1 else None
    if isinstance(first, Outcome) and first.error is not None:
        # All were looked at before any of it was done: one error stands for all.
        return _refuse_all(commands, order_refusal(first.error), first.error)
    if len(outcomes) != total:
        raise FrameError("wrong-types", f"expected the outcome of {total} entries, found {len(outcomes)}")
    rest = iter(outcomes)
    return [
        _merge([_read_outcome(command, next(rest)) for _ in range(count)])
        for command, count in zip(commands, entries, strict=True)
    ]


def _read_outcome(command: Command, outcome: str | Outcome) -> CommandResult:
    if isinstance(outcome, str):
        verdict = Verdict.DONE if outcome in _DONE.get(type(command), ()) else Verdict.UNKNOWN
        reason = None if verdict is Verdict.DONE else f"an outcome {outcome!r} that is not known"
        return CommandResult(command=command, verdict=verdict, reason=reason)
    if outcome.error is not None:
        return _refused(command, order_refusal(outcome.error), outcome.error)
    if not isinstance(command, Submit | Modify):
        return CommandResult(
            command=command, verdict=Verdict.UNKNOWN, reason="the answer to a new order, not to this"
        )
    if outcome.filled is not None:
        return _filled(command, outcome.filled)
    if outcome.resting is not None:
        return CommandResult(
            command=command,
            verdict=Verdict.DONE,
            venue_order_id=str(outcome.resting.oid),
            filled_quantity=Decimal(0),
        )
    return CommandResult(command=command, verdict=Verdict.UNKNOWN, reason="the answer has no known outcome")


def _filled(command: Submit | Modify, filled: Filled) -> CommandResult:
    order = command.order
    quantity = command.quantity if isinstance(command, Modify) else order.quantity
    total = size(filled.totalSz)
    rests_never = order.order_type is OrderType.MARKET or order.time_in_force is TimeInForce.IOC
    return CommandResult(
        command=command,
        verdict=Verdict.DONE,
        venue_order_id=str(filled.oid),
        filled_quantity=total,
        is_over=rests_never or total >= quantity,
    )


def _refused(command: Command, refusal: Refusal, text: str) -> CommandResult:
    is_over = refusal.verdict is Verdict.REFUSED and (
        isinstance(command, Submit) or (isinstance(command, Modify) and refusal.loses_order)
    )
    return CommandResult(
        command=command,
        verdict=refusal.verdict,
        is_over=is_over,
        is_closed=refusal.is_closed,
        takes_post_only=refusal.takes_post_only,
        reason=text,
    )


_WEIGHT = {Verdict.REFUSED: 0, Verdict.RETRY: 1, Verdict.UNKNOWN: 2, Verdict.DONE: 3}


def _merge(results: Sequence[CommandResult]) -> CommandResult:
    """What became of a command that has several entries: a cancellation that may find either of two legs."""
    return max(results, key=lambda each: _WEIGHT[each.verdict])


def _shown(body: bytes) -> str:
    return body[:150].decode("utf-8", "backslashreplace")
