"""Campaign: many worlds of one subject, on worker processes or in this one; what fails is made smaller.

What is behind `livetrio simulate` and `livetrio.testing.simulate_seeds`; neither runs worlds by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import attrs

from livetrio.simulation.plan import Plan
from livetrio.simulation.runner import Broken, run_plans
from livetrio.simulation.worlds import Result, Shrunk, Worlds, failure_of

BUDGET = 100
"""Worlds that may be tried to shrink one."""

SHRINK_PATIENCE = 120.0
"""Seconds of real time that it may take."""

MOST_SHRUNK = 3
"""Worlds that are shrunk, each the first that failed in its way."""

STUCK = 120.0
"""Seconds of real time that a world may take beyond those of its horizon; then it counts as stuck."""


@attrs.frozen
class Campaign:
    """Runs worlds."""

    worlds: Worlds
    plans: Sequence[Plan]
    jobs: int | None = attrs.field(kw_only=True)
    """How many worker processes at most; None: all is done in this process, where nobody ends a world that
    is stuck."""

    def run(self, on_done: Callable[[Result], None] = lambda _: None) -> list[Result]:
        """What became of each, in their order.

        Args:
          on_done: hears of each result when it is there, in whatever order.
        """
        if self.jobs is None:
            return self._run_here(on_done)
        patience = STUCK + max(each.seconds for each in self.plans)
        return run_plans(self.plans, self.worlds.open, jobs=self.jobs, patience=patience, on_done=on_done)

    def shrink(
        self, plans: Sequence[Plan], on_done: Callable[[Shrunk | Broken], None] = lambda _: None
    ) -> list[Shrunk | Broken]:
        """For each plan, which has failed, the smallest that fails in the same way; in their order."""
        if self.jobs is not None:
            work = partial(self.worlds.open_shrinker, BUDGET, SHRINK_PATIENCE)
            return run_plans(plans, work, jobs=self.jobs, on_done=on_done)
        found: list[Shrunk | Broken] = []
        for plan in plans:
            quiet = attrs.evolve(self.worlds, trace=None, log_level=None)
            with quiet.here() as subject:
                found.append(quiet.shrink(subject, BUDGET, SHRINK_PATIENCE, plan))
            on_done(found[-1])
        return found

    def _run_here(self, on_done: Callable[[Result], None]) -> list[Result]:
        results: list[Result] = []
        for plan in self.plans:
            with self.worlds.here() as subject:
                results.append(self.worlds.result(subject, plan))
            on_done(results[-1])
        return results


def firsts_of(results: Sequence[Result]) -> list[Result]:
    """Of those that failed, the first in each way, in their order."""
    kinds: dict[str, Result] = {}
    for each in results:
        failure = failure_of(each)
        if failure is not None:
            kinds.setdefault(failure, each)
    return list(kinds.values())


def to_shrink(firsts: Sequence[Result]) -> list[Plan]:
    """The plans of those that are made smaller: not of those that took their process with them."""
    plans = [each.plan for each in firsts if not (isinstance(each, Broken) and each.is_lost)]
    return plans[:MOST_SHRUNK]
