"""shrink: from a plan that fails to a smaller one that fails in the same way.

Greedy: whatever can be left out or made smaller is, one thing at a time, as long as the plan still fails;
and again from the beginning, until nothing more can or the budget is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from livetrio.exchange.faults.grammar import Fault
from livetrio.simulation.plan import USUAL_LATENCY, Plan

SHORTEST = 1.0
"""Seconds: no horizon is made shorter."""

FEW = (1, 2, 3)
"""Numbers of instruments that are tried."""


def shrink(plan: Plan, fails: Callable[[Plan], bool], budget: int) -> Plan:
    """The smallest plan that was found to fail; the given one if no smaller does.

    Args:
      plan: one that fails.
      fails: whether another plan fails in the same way.
      budget: how often ``fails`` may be called.
    """
    tried = {plan}
    while True:
        for smaller in _smaller(plan):
            if smaller in tried:
                continue
            if budget <= 0:
                return plan
            budget -= 1
            tried.add(smaller)
            if fails(smaller):
                plan = smaller
                break
        else:
            return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans that are smaller by one step, the largest steps first."""
    yield from _fewer_faults(plan)
    yield from _shorter_horizons(plan)
    for count in FEW:
        if plan.instruments is None or count < plan.instruments:
            yield attrs.evolve(plan, instruments=count)
    for index, fault in enumerate(plan.parsed_faults):
        for simpler in _simpler_faults(fault):
            yield _with_faults(plan, [*plan.faults[:index], str(simpler), *plan.faults[index + 1 :]])
    if plan.regime != "calm":
        yield attrs.evolve(plan, regime="calm")
    if plan.latency != USUAL_LATENCY:
        yield attrs.evolve(plan, latency=USUAL_LATENCY)


def _fewer_faults(plan: Plan) -> Iterator[Plan]:
    count = len(plan.faults)
    if count:
        yield _with_faults(plan, [])
    size = count // 2
    while size:
        for start in range(0, count, size):
            yield _with_faults(plan, [*plan.faults[:start], *plan.faults[start + size :]])
        size //= 2


def _shorter_horizons(plan: Plan) -> Iterator[Plan]:
    for share in (0.5, 0.8):
        seconds = round(plan.seconds * share, 3)
        if seconds >= SHORTEST:
            begun = [
                line
                for line, fault in zip(plan.faults, plan.parsed_faults, strict=True)
                if (fault.after or 0) < seconds * 1000
            ]
            yield attrs.evolve(_with_faults(plan, begun), seconds=seconds)


def _simpler_faults(fault: Fault) -> Iterator[Fault]:
    """The fault with less to say, shorter, or sooner."""
    if fault.every is not None:
        yield attrs.evolve(fault, every=None, length=None)
    if fault.scope is not None:
        yield attrs.evolve(fault, scope=None)
    if fault.percent is not None:
        yield attrs.evolve(fault, percent=None)
    if fault.argument is not None:
        yield attrs.evolve(fault, argument=None)
        low, high = fault.argument
        yield attrs.evolve(fault, argument=(_half(low), _half(high)))
    least = fault.every if fault.kind.is_moment and fault.every is not None else 1
    if fault.length is not None and _half(fault.length) >= least:
        yield attrs.evolve(fault, length=_half(fault.length))
    if fault.after is not None:
        yield attrs.evolve(fault, after=_half(fault.after))


def _half(length: int) -> int:
    """Half of it, rounded to what is easily read where it is long; never 0."""
    half = length // 2
    return max(1, half // 100 * 100 if half > 1000 else half)


def _with_faults(plan: Plan, lines: list[str]) -> Plan:
    return attrs.evolve(plan, faults=tuple(lines))
