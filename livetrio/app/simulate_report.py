"""Report of ``livetrio simulate``: what failed, in words that somebody can act on, and how all went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from livetrio.durations import format_duration
from livetrio.simulation.outcome import Outcome
from livetrio.simulation.plan import Plan
from livetrio.simulation.runner import Broken
from livetrio.simulation.worlds import Result, Shrunk, failure_of

SHOWN_EVENTS = 20
"""Of the last ones before an invariant broke."""

NOT_REPEATED = """\
  It did not fail in the same way again, though its plan was the same: something in it is neither drawn from
  the seed nor goes by the engine's clock. Does a strategy read the time of day, draw random numbers of its
  own, or depend on the order of a set?"""


def render_failure(result: Result, again: str) -> str:
    """A world that failed: what, when, after what, and the command that shows it again."""
    lines = [f"Seed {result.plan.seed} fails: {failure_of(result)}"]
    if isinstance(result, Broken):
        lines += _indented(result.trace.rstrip().splitlines())
    elif result.violation is not None:
        violation = result.violation
        lines += _indented(violation.sentence.splitlines())
        lines.append(f"  when: {_when(violation.at, result.plan.seconds)}")
        events = violation.last_events[-SHOWN_EVENTS:]
        if events:
            lines += ["  the last that happened before:", *_indented(events, 4)]
    lines += [f"  its world: {render_knobs(result.plan)}", *_indented(result.plan.faults, 4)]
    lines.append(f"  again: {again}")
    return "\n".join(lines)


def _when(at: float, horizon: float) -> str:
    if at <= horizon:
        return f"at {render_moment(at)} of {render_moment(horizon)}"
    return f"{render_moment(at - horizon)} after the faults had ended, at {render_moment(horizon)}"


def render_repetition(result: Result, again: str) -> str:
    """A world that failed as another did, of which more was said."""
    lines = [f"Seed {result.plan.seed} fails, too: {failure_of(result)}"]
    if isinstance(result, Outcome) and result.violation is not None:
        lines += _indented(result.violation.sentence.splitlines()[:1])
    return "\n".join([*lines, f"  again: {again}"])


def render_smallest(shrunk: Shrunk) -> str:
    """That no smaller world was found."""
    return f"  no smaller world fails in the same way, of {shrunk.tries} that were tried"


def render_shrunk(shrunk: Shrunk, again: str | None) -> str:
    """The smallest world that fails in the same way, and the command that shows it; None: it is not saved."""
    plan, first = shrunk.smallest.plan, shrunk.first.plan
    worlds = "1 world" if shrunk.tries == 1 else f"{shrunk.tries} worlds"
    size = f"{render_moment(plan.seconds)} of {render_moment(first.seconds)}"
    if first.faults:
        size += f", {len(plan.faults)} of {len(first.faults)} faults"
    lines = [
        f"  smaller, after {worlds}: {size}; {render_knobs(plan)}",
        *_indented(plan.faults, 4),
    ]
    if again is not None:
        lines.append(f"  again, smaller: {again}")
    return "\n".join(lines)


def render_summary(results: Sequence[Result], planned: int, seconds: float) -> str:
    """How many worlds there were, how many failed, and how much happened in them."""
    failed = sum(failure_of(each) is not None for each in results)
    virtual = sum(each.plan.seconds for each in results)
    count = "1 world" if len(results) == 1 else f"{len(results)} worlds"
    lines = []
    if len(results) < planned:
        lines.append(f"Interrupted: {planned - len(results)} of {planned} worlds were not run to their end.")
    if not results:
        return "\n".join(lines)
    holds = "all holds" if not failed else f"{failed} failed"
    lines.append(
        f"{count}, {format_duration(virtual)} of virtual time in {format_duration(seconds)}: {holds}."
    )
    counts = count_all(results)
    if counts:
        lines.append(", ".join(f"{number:,} {name}" for name, number in counts.items()) + ".")
    if counts and not counts.get("orders"):
        lines.append("No order was placed in any of them, so nothing about orders was tried.")
    if len(results) == 1 and isinstance(results[0], Outcome):
        lines.append(f"Digest: {results[0].digest}")
    return "\n".join(lines)


def count_all(results: Iterable[Result]) -> dict[str, int]:
    """The sum of what was counted in each world."""
    total: Counter[str] = Counter()
    for each in results:
        if isinstance(each, Outcome):
            total.update(each.counts)
    return dict(total)


def render_knobs(plan: Plan) -> str:
    """What a plan says beside its faults and its length."""
    few = "" if plan.instruments is None else f", {plan.instruments} of the instruments"
    faults = ", no faults" if not plan.faults else ""
    pace = "" if plan.pace == 1 else f" at {plan.pace:g} of its pace"
    return f"market {plan.regime}{pace}, latency {plan.latency}{few}{faults}"


def render_moment(seconds: float) -> str:
    """``1h02m03.250s``: exact to the millisecond."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:.3f}".rstrip("0").rstrip(".")
    if hours:
        return f"{hours}h {minutes}m {text}s"
    return f"{minutes}m {text}s" if minutes else f"{text}s"


def _indented(lines: Iterable[str], spaces: int = 2) -> list[str]:
    return [" " * spaces + line for line in lines]
