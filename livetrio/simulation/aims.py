"""Aims: worlds that are made for a kind of mistake that faults drawn at random seldom meet."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import attrs

from livetrio.exchange.faults.grammar import Fault, duration_text
from livetrio.exchange.settings import Regime
from livetrio.simulation.catalogue import parse_world_fault


@attrs.frozen
class Aim:
    """A kind of world."""

    name: str
    kinds: frozenset[str]
    """The faults that it needs."""
    make: Callable[[Random, float], list[Fault]]
    """The faults of one such world, from its random numbers and its horizon in seconds."""
    regime: Regime | None = None
    """Of the market, if that matters."""
    weight: int = 1
    """How often it is drawn, against the others: more where a single such world shows little."""


def _reconnects_while_sending(draw: Random, seconds: float) -> list[Fault]:
    """The link drops over and over while orders are on their way: the gate must close each time."""
    begin, length = _window(draw, seconds, 60)
    pause = draw.choice((700, 1_500, 3_200, 6_500))
    drop = draw.choice(("rst", "drop-connection"))
    return [
        _fault(f"{drop} every {_text(pause)} after {begin} for {_text(max(pause, length))}"),
        _fault(f"slow-link {draw.choice(('100ms', '300ms..2s'))} after {begin} for {_text(length)}"),
        _fault(f"ack-late 2s..8s 30% on order after {begin} for {_text(length)}"),
    ]


def _fills_at_one_moment(draw: Random, seconds: float) -> list[Fault]:
    """Nothing is heard of many fills, some of one millisecond: all must be read afterwards, each once."""
    begin, length = _window(draw, seconds, 120)
    lost = draw.choice(("half-open", "gap on userFills", "gap on user"))
    return [
        _fault(f"{lost} after {begin} for {_text(length)}"),
        _fault(f"dup 30% on userFills after {begin}"),
        _fault(f"kill {draw.choice(('1s', '15s'))} after {begin}"),
    ]


def _wrong_clock(draw: Random, seconds: float) -> list[Fault]:
    """Our clock is not the venue's, and orders are lost: what expired is known by the venue's alone."""
    begin, length = _window(draw, seconds, 90)
    jump = draw.choice(("clock-jump", "clock-back"))
    soon = min(1_000, round(seconds * 10))
    return [
        _fault(f"{jump} {draw.choice(('900ms', '8s', '12s', '45s', '5m'))} after {_text(soon)}"),
        _fault(f"kill 1s after {_text(2 * soon)}"),  # the clock is read at the start
        _fault(f"timeout-before 30% on order after {begin} for {_text(length)}"),
        _fault(f"ack-lost 30% on order after {begin} for {_text(length)}"),
        _fault(f"not-found 20% after {begin} for {_text(length)}"),
    ]


def _end_while_unknown(draw: Random, seconds: float) -> list[Fault]:
    """The process ends while orders are unanswered, and comes back before or after they have expired."""
    begin, length = _window(draw, seconds, 60)
    end = draw.choice(("kill", "power", "sigterm", "sigterm-twice", "config-change"))
    down = draw.choice(("50ms", "4s", "9s", "11s", "40s"))
    return [
        _fault(f"ack-lost 50% on order after {begin} for {_text(length)}"),
        _fault(f"ack-late 3s..12s 30% on cancel after {begin} for {_text(length)}"),
        _fault(f"{end} {down} every {_text(max(1, length // 4))} after {begin} for {_text(length)}"),
    ]


def _late_arrivals(draw: Random, seconds: float) -> list[Fault]:
    """What was sent arrives after it was given up, or after it has expired; our clock may be wrong, too."""
    begin, length = _window(draw, seconds, 120)
    soon = min(1_000, round(seconds * 10))
    faults = [
        _fault(
            f"slow-link {draw.choice(('200ms..9s', '1s..14s', '3s..25s'))} after {begin} for {_text(length)}"
        ),
        _fault(f"ack-lost 30% on order after {begin} for {_text(length)}"),
    ]
    if draw.random() < 0.5:
        jump = draw.choice(("clock-jump 8s", "clock-jump 45s", "clock-back 8s", "clock-back 45s"))
        faults.append(_fault(f"{jump} after {_text(soon)}"))
        faults.append(_fault(f"kill 1s after {_text(2 * soon)}"))  # the clock is read at the start
    return faults


def _book_gone_while_deaf(draw: Random, seconds: float) -> list[Fault]:
    """The venue loses its book, or orders end, while nothing is heard: what still rests must be asked."""
    begin, length = _window(draw, seconds, 60)
    lost = draw.choice(("half-open", "gap on orderUpdates", "refuse"))
    return [
        _fault(f"{lost} after {begin} for {_text(length)}"),
        _fault(
            f"wipe {draw.choice(('500ms', '3s', '20s'))} every {_text(max(1, length // 2))} after {begin}"
            f" for {_text(length)}"
        ),
    ]


AIMS = (
    Aim(
        "reconnects while sending",
        frozenset({"rst", "drop-connection", "slow-link", "ack-late"}),
        _reconnects_while_sending,
    ),
    Aim(
        "fills at one moment",
        frozenset({"half-open", "gap", "dup", "kill"}),
        _fills_at_one_moment,
        "crash",
    ),
    Aim(
        "wrong clock",
        frozenset({"clock-jump", "clock-back", "kill", "timeout-before", "ack-lost", "not-found"}),
        _wrong_clock,
    ),
    Aim(
        "end while unknown",
        frozenset({"ack-lost", "ack-late", "kill", "power", "sigterm", "sigterm-twice", "config-change"}),
        _end_while_unknown,
    ),
    Aim(
        "late arrivals",
        frozenset({"slow-link", "ack-lost", "clock-jump", "clock-back", "kill"}),
        _late_arrivals,
        weight=3,
    ),
    Aim(
        "book gone while deaf",
        frozenset({"half-open", "gap", "refuse", "wipe"}),
        _book_gone_while_deaf,
    ),
)


def _window(draw: Random, seconds: float, most: float) -> tuple[str, int]:
    """When it begins, as text, and how long it lasts, in ms: some of the horizon, and all inside it."""
    length = min(most, seconds * 0.6) * draw.uniform(0.3, 1.0)
    begin = draw.uniform(0.05, 0.35) * seconds
    return _text(round(begin * 1000)), max(1, round(length * 1000))


def _text(length: int) -> str:
    return duration_text(max(1, length))


def _fault(line: str) -> Fault:
    return parse_world_fault(line)
