"""simulate: a strategy in a simulated world, from one seed to what it did.

    def test_it_keeps_its_limit_whatever_happens():
        run = simulate(partial(Maker, "BTC-USD-PERP.HYPERLIQUID"), seed=7, faults="all")
        assert abs(run.position("BTC-USD-PERP.HYPERLIQUID")) <= Decimal("0.05")

The same world as that of ``livetrio simulate``: the whole engine, the local exchange, and between them a
network in memory, in virtual time. What goes wrong is drawn from the seed, or written down. The process may
be killed and started again, so a strategy is made anew each time; what its module keeps in variables stays.
These are plain functions, with a clock of their own: call them from a ``def``, not from an ``async def``.

How long it takes (one core of a small server, a strategy that looks at one market and does nothing):
10 minutes 2 s, an hour 7 to 9 s, a day 3 to 4 minutes, with all faults or without. It is the market that
takes the time: with ``instruments=1`` a day takes 2 to 3 minutes, and with ``regime="none"``, a market in
which nobody else trades, half a minute.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import attrs
import trio

from livetrio.app import simulate_report as report
from livetrio.app.config import LiveTradingConfig
from livetrio.app.engine import LiveTradingEngine
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import SimulationFailed, StrategyFailed, UsageError
from livetrio.exchange.settings import Regime
from livetrio.simulation.campaign import Campaign, to_shrink
from livetrio.simulation.checks import Check, CheckFunction, as_checks
from livetrio.simulation.mischief import SpoiledEngine
from livetrio.simulation.outcome import Outcome
from livetrio.simulation.plan import Plan
from livetrio.simulation.runner import Broken
from livetrio.simulation.subject import AddStrategy, Subject
from livetrio.simulation.world import run_world
from livetrio.simulation.worlds import Result, Shrunk, Worlds, failure_of, is_same
from livetrio.strategy.base import Strategy
from livetrio.strategy.runner import StrategyFunction
from livetrio.testing.drawing import Drawing, read_plan
from livetrio.testing.replays import Replays
from livetrio.testing.simulated_run import SimulatedRun
from livetrio.testing.subjects import Settings, Simulatable, Wanted

USUAL_SEED = 1
"""Not 0: in the world of seed 0 nothing goes wrong where that is drawn."""


def simulate(
    what: Simulatable,
    *,
    seed: int = USUAL_SEED,
    hours: float | None = None,
    seconds: float | None = None,
    faults: str | Sequence[str] | None = None,
    plan: Plan | str | Path | None = None,
    regime: Regime | None = None,
    pace: float | None = None,
    latency: str | None = None,
    instruments: int | None = None,
    checks: Iterable[Check | CheckFunction] = (),
    config: LiveTradingConfig | None = None,
    risk: RiskConfig | None = None,
    execution: ExecutionConfig | None = None,
    overrides: Sequence[str] = (),
    trace: str | Path | None = None,
    save: str | Path | None = None,
    log_level: str | None = None,
    raises: bool = True,
) -> SimulatedRun:
    """Run one world to its end; what was done in it.

    Args:
      what: what makes the strategy at each start of the process: its class, a `functools.partial` of it, any
        function that returns one, or an async function of a context; or several, in a list; or a
        configuration, or its file.
      seed: of all that happens by chance. The same arguments, the same world.
      hours, seconds: how long, in virtual time; 10 minutes if neither is given.
      faults: a text as after ``--faults``, ``"all"``, ``"none"`` or ``"kill,half-open"``: faults of these
        kinds, market and latency are drawn from the seed. A list of lines such as ``"ack-lost 30% on order
        for 1m after 5m"``: these. None: nothing goes wrong. `livetrio simulate --list-faults` lists them.
      plan: a plan, or the file of one, that says all of the above.
      regime: of the market: ``"calm"``, ``"trend"``, ``"crash"`` or ``"none"``.
      pace: how much goes on in it, against the usual.
      latency: each way, between engine and exchange: ``"5ms..60ms"``.
      instruments: only the first so many of the exchange's, BTC being the first; fewer are faster.
      checks: what must hold beside the engine's invariants, each second and at the end (`Check`).
      config: of the engine; by default one that ticks each second.
      risk: the limits on orders.
      execution: how orders are sent, waited for and asked about.
      overrides: ``"risk.max_open_orders=3"``, as after ``--set``, where ``what`` is a configuration's file.
      trace: the file into which all that happens is written.
      save: the file into which the plan is written before it begins.
      log_level: how much the engine logs, to the standard error; None: nothing.
      raises: whether what does not hold is raised, rather than returned as the run's ``violation``.

    Raises:
      SimulationFailed: something did not hold: what, when, after which events, and how to see it again.
      StrategyFailed: a strategy raised; what, is the ``__cause__``.
      ConfigError, UsageError: it cannot be simulated.
    """
    __tracebackhide__ = True
    settings = _settings(config, risk, execution, overrides, checks)
    drawing = Drawing(
        hours=hours,
        seconds=seconds,
        faults=faults,
        regime=regime,
        pace=pace,
        latency=latency,
        instruments=instruments,
    )
    if plan is not None and (drawing != Drawing() or seed != USUAL_SEED):
        raise UsageError("expected a plan alone, found what it says beside it: seed, time, faults or market")
    _require_no_trio()
    chosen = drawing.plan(seed) if plan is None else read_plan(plan)
    if save is not None:
        Path(save).write_text(chosen.to_text())
    replays = Replays(what, settings, drawing if plan is None else None)
    worlds = Worlds(
        Wanted(what, settings),
        run_world=run_world,
        trace=None if trace is None else Path(trace),
        log_level=log_level,
    )
    run = _run_here(worlds, chosen, replays)
    if raises and run.violation is not None:
        raise SimulationFailed(_tell(Outcome(chosen, run.violation, run.digest, run.counts), replays))
    return run


def simulate_seeds(
    what: Simulatable,
    *,
    seeds: Iterable[int] = range(20),
    hours: float | None = None,
    seconds: float | None = None,
    faults: str | Sequence[str] | None = "all",
    regime: Regime | None = None,
    pace: float | None = None,
    latency: str | None = None,
    instruments: int | None = None,
    checks: Iterable[Check | CheckFunction] = (),
    config: LiveTradingConfig | None = None,
    risk: RiskConfig | None = None,
    execution: ExecutionConfig | None = None,
    overrides: Sequence[str] = (),
    jobs: int | None = None,
    shrink: bool = True,
    log_level: str | None = None,
) -> list[SimulatedRun]:
    """Run the worlds of many seeds; what was done in each, in their order.

    The arguments are those of `simulate`, and:

    Args:
      seeds: whose worlds.
      jobs: on how many processes, which must be able to import what is given: no lambdas, no functions
        within functions. None: here, one after the other.
      shrink: whether the first world that fails is made smaller, as ``livetrio simulate`` does it.

    Raises:
      SimulationFailed: something did not hold in some of them; the first is told, and a smaller world.
      StrategyFailed: in the first of those that failed a strategy raised.
      ConfigError, UsageError: it cannot be simulated.
    """
    __tracebackhide__ = True
    settings = _settings(config, risk, execution, overrides, checks)
    drawing = Drawing(
        hours=hours,
        seconds=seconds,
        faults=faults,
        regime=regime,
        pace=pace,
        latency=latency,
        instruments=instruments,
    )
    _require_no_trio()
    plans = list(dict.fromkeys(drawing.plan(seed) for seed in seeds))
    if not plans:
        raise UsageError("expected a seed at least, found none")
    wanted = Wanted(what, settings)
    worlds = Worlds(wanted, run_world=run_world, log_level=log_level)
    with worlds.here():
        pass  # so that what is wrong in it is told here, and not by another process
    if jobs is not None:
        _require_picklable(wanted, jobs)
    replays = Replays(what, settings, drawing)
    campaign = Campaign(worlds, plans, jobs=jobs)
    results = campaign.run()
    failed = [each for each in results if failure_of(each) is not None]
    if failed:
        _fail(campaign, failed, replays, shrink=shrink)
    return [_as_run(each, replays) for each in results if isinstance(each, Outcome)]


def _settings(
    config: LiveTradingConfig | None,
    risk: RiskConfig | None,
    execution: ExecutionConfig | None,
    overrides: Sequence[str],
    checks: Iterable[Check | CheckFunction],
) -> Settings:
    return Settings(
        config=config,
        risk=risk,
        execution=execution,
        overrides=tuple(overrides),
        checks=as_checks(checks),
    )


def _require_no_trio() -> None:
    if trio.lowlevel.in_trio_run():
        raise UsageError(
            "a world has a trio of its own, and cannot be run within another: call it from a plain function, "
            "in a test from a def rather than an async def"
        )


def _require_picklable(wanted: Wanted, jobs: int) -> None:
    if jobs < 1:
        raise UsageError(f"jobs: expected 1 or more, or None, found {jobs}")
    try:
        pickle.dumps(wanted)
    except Exception as error:  # pickle raises whatever it likes
        raise UsageError(
            f"what is simulated cannot be sent to other processes ({error}): give classes and functions that "
            "a module has at its top, or functools.partial of them; or leave jobs out"
        ) from None


# One world, in this process.


def _run_here(worlds: Worlds, plan: Plan, replays: Replays) -> SimulatedRun:
    __tracebackhide__ = True
    made: list[Strategy | StrategyFunction] = []
    try:
        with worlds.here() as subject:
            outcome = worlds.run(_remembering(subject, made), plan)
    except Exception as error:
        error.add_note("\n".join(f"again: {each}" for each in replays.lines(plan)))
        raise
    return _as_run(outcome, replays, made)


def _remembering(subject: Subject, made: list[Strategy | StrategyFunction]) -> Subject:
    """The subject, which notes the strategies of its last start."""

    def remembering(add: AddStrategy) -> AddStrategy:
        def add_and_note(engine: LiveTradingEngine) -> None:
            add(engine)
            assert isinstance(engine, SpoiledEngine)
            made[:] = engine.strategies

        return add_and_note

    return attrs.evolve(subject, strategies=tuple(map(remembering, subject.strategies)))


def _as_run(
    outcome: Outcome, replays: Replays, strategies: Sequence[Strategy | StrategyFunction] = ()
) -> SimulatedRun:
    assert outcome.record is not None, "subjects of tests are recorded"
    return SimulatedRun(
        plan=outcome.plan,
        violation=outcome.violation,
        digest=outcome.digest,
        counts=outcome.counts,
        record=outcome.record,
        strategies=tuple(strategies),
        again=tuple(_lines(outcome, replays)),
    )


# What has failed.


def _fail(campaign: Campaign, failed: Sequence[Result], replays: Replays, *, shrink: bool) -> NoReturn:
    """Tell of the first, of what smaller world fails in the same way, and which others have failed."""
    __tracebackhide__ = True
    first = failed[0]
    text = _tell(first, replays)
    smallest = first.plan
    if shrink and to_shrink([first]):
        [shrunk] = campaign.shrink([first.plan])
        if isinstance(shrunk, Shrunk):
            text = f"{text}\n{_tell_shrunk(first, shrunk, replays)}"
            smallest = shrunk.smallest.plan
    others = [f"{each.plan.seed}: {failure_of(each)}" for each in failed[1:]]
    if others:
        text = "\n".join(
            [text, f"Of {len(campaign.plans)} worlds {len(failed)} fail, also those of", *others]
        )
    if isinstance(first, Broken) and not first.is_lost:
        _raise_again(campaign.worlds, smallest, text)
    raise SimulationFailed(text)


def _raise_again(worlds: Worlds, plan: Plan, text: str) -> None:
    """Raise here what was raised in another process: with its own traceback, and the text of all of them."""
    __tracebackhide__ = True
    try:
        with worlds.here() as subject:
            worlds.run(subject, plan)
    except StrategyFailed as error:
        raise StrategyFailed(text) from error.__cause__
    except Exception as error:
        error.add_note(text)
        raise


def _tell(result: Result, replays: Replays) -> str:
    return report.render_failure(result, "\n         ".join(_lines(result, replays)))


def _tell_shrunk(first: Result, shrunk: Shrunk, replays: Replays) -> str:
    if not is_same(shrunk.first, first):
        return report.NOT_REPEATED
    if shrunk.smallest is shrunk.first:
        return report.render_smallest(shrunk)
    return report.render_shrunk(shrunk, replays.call(shrunk.smallest.plan))


def _lines(result: Result, replays: Replays) -> list[str]:
    is_check = (
        isinstance(result, Outcome)
        and result.violation is not None
        and result.violation.invariant.startswith("check ")
    )
    return replays.lines(result.plan, is_check=is_check)
