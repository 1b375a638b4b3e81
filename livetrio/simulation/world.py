"""World: the whole program and its exchange in virtual time, from one plan.

The exchange lives through it all; the engine's process is started, killed, stopped and started again, as the
plan has it. After the horizon all faults end; then the engine must come to terms with the exchange and trade
again by itself, and when it is told to stop, journal, cache and exchange must say the same.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import BinaryIO

import attrs
import trio
from trio.testing import MockClock

from livetrio.clock import NANOSECONDS, SIMULATED_EPOCH, Clock
from livetrio.errors import AllConnectionsFailed, JournalFailed
from livetrio.exchange import ExchangeSettings, LocalExchange
from livetrio.exchange.faults.grammar import Fault
from livetrio.exchange.faults.running import Running
from livetrio.simulation.catalogue import is_worlds_own
from livetrio.simulation.outcome import Outcome, Violation
from livetrio.simulation.plan import Plan
from livetrio.simulation.process import Process
from livetrio.simulation.schedule import deterministic
from livetrio.simulation.subject import Subject
from livetrio.simulation.trace import Trace
from livetrio.simulation.way import Way
from livetrio.supervision.nursery import lone_leaf
from livetrio.testing.agreement import disagreements
from livetrio.testing.runs import StrategyRun

RESTART = 1.0
"""Seconds until whoever watches over the process starts it again, when it has failed."""

CONVERGENCE = 180.0
"""Seconds after the horizon within which the engine must have come to terms with the exchange: the longest
back-off, a refusal's longest patience, and then the recovery."""

STOP = 60.0
"""Seconds within which it must have stopped."""


_EXPECTED = (AllConnectionsFailed, JournalFailed)
"""What a process may end of because of the faults; it is started again. Anything else is a bug, or a
strategy's own."""


_NOT_YET = ("raises",)
"""Moments that are not performed yet; of what lasts, it is ``slow`` and ``disk-full``."""


class Broken(Exception):
    """An invariant did not hold."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant = invariant
        self.sentence = sentence


def run_world(plan: Plan, subject: Subject, *, trace: BinaryIO | None = None) -> Outcome:
    """Run one world to its end. The same plan and subject have the same outcome, in every process.

    Raises:
      StrategyFailed: a strategy raised, and not because the plan had it.
    """
    failure: BaseException
    with deterministic(plan.seed), TemporaryDirectory(prefix="livetrio-") as folder:
        clock = MockClock(autojump_threshold=0)
        try:
            return trio.run(_World(plan, subject, trace, Path(folder), clock).run, clock=clock)
        except BaseExceptionGroup as group:
            failure = lone_leaf(group)
    raise failure  # outside the handler, so that the group does not become its context


@attrs.define
class _Stopped(StrategyRun):
    """A run whose journal is sealed."""

    began: int

    @property
    def since(self) -> int:
        """From when on the exchange's fills count, UTC nanoseconds."""
        return self.began


class _World:
    def __init__(
        self, plan: Plan, subject: Subject, trace: BinaryIO | None, folder: Path, clock: MockClock
    ) -> None:
        self._plan = plan
        self._subject = subject
        self._folder = folder
        self._clock = clock
        self._trace = Trace(trace)
        self._draw = Random(f"{plan.seed}/world")
        self._skew = 0.0
        """Seconds by which the machine's wall clock is ahead."""
        self._without = 0
        """Strategies that the configuration leaves out now."""
        self._down = RESTART
        """Seconds until the process is started again after its end."""
        self._starts = 0
        self._process: Process | None = None
        self._is_over = False
        """Whether no process is started any more."""

    async def run(self) -> Outcome:
        violation = None
        try:
            await self._live()
        except* Broken as group:
            broken = lone_leaf(group)
            assert isinstance(broken, Broken)
            self._trace.note(f"broken: {broken}")
            violation = Violation(broken.invariant, broken.sentence, trio.current_time(), self._trace.last)
        return Outcome(self._plan, violation, self._trace.digest, self._count())

    async def _live(self) -> None:
        plan = self._plan
        async with trio.open_nursery() as self._nursery:
            venue = [str(each) for each in plan.parsed_faults if not is_worlds_own(each)]
            settings = ExchangeSettings(seed=plan.seed, regime=plan.regime, faults=tuple(venue), accounts=1)
            self._exchange = LocalExchange(settings, clock=Clock.simulated())
            self._way = Way(self._exchange.serve_stream, plan.latency_seconds, Random(f"{plan.seed}/network"))
            await self._nursery.start(self._exchange.run)
            async with trio.open_nursery() as faults:
                for fault in plan.parsed_faults:
                    if is_worlds_own(fault):
                        self._way.add(fault)
                        faults.start_soon(self._perform_all, fault)
                self._nursery.start_soon(self._keep_alive)
                await trio.sleep(plan.seconds)
                faults.cancel_scope.cancel()
            self._heal()
            await self._converge()
            await self._stop()
            self._nursery.cancel_scope.cancel()

    # Faults.

    async def _perform_all(self, fault: Fault) -> None:
        """Perform a fault of a moment at each of its moments; begin one that lasts, if that takes an act."""
        if fault.name == "half-open":
            await trio.sleep((fault.after or 0) / 1000)
            self._way.half_open()
            return
        if not fault.kind.is_moment or fault.name in _NOT_YET:
            return
        running = Running(fault, trio.current_time())
        while running.next_at is not None:
            await trio.sleep_until(running.next_at)
            if running.take_moment(trio.current_time(), self._draw):
                self._trace.note(f"world: {fault.name}")
                self._trace.counts[fault.name] += 1
                self._act(fault.name, running.draw_argument(self._draw))

    def _act(self, name: str, argument: float) -> None:
        process = self._process
        match name:
            case "rst":
                self._way.reset()
            case "clock-jump":
                self._skew += argument
            case "clock-back":
                self._skew -= argument
            case "loop-stall":
                self._clock.jump(argument)
        if process is None or process.ended.is_set():
            return
        match name:
            case "kill" | "power":
                self._down = argument
                process.kill(self._folder / str(self._starts + 1), self._draw if name == "power" else None)
            case "sigterm" | "sigterm-twice" | "config-change" | "engine-restart":
                self._down = argument
                process.stop(name)
                if name == "sigterm-twice":
                    process.stop(name)
                if name == "config-change":
                    self._without = 1 - self._without

    def _heal(self) -> None:
        self._trace.note("world: all faults end")
        self._exchange.mischief.injector.remove()
        self._way.heal()

    # Processes.

    async def _keep_alive(self) -> None:
        """Start the process, and again whenever it has ended."""
        while not self._is_over:
            self._starts += 1
            folder = self._folder / str(self._starts)
            if self._process is not None and not self._process.is_killed:
                folder = self._process.folder
            folder.mkdir(exist_ok=True)
            self._down = RESTART
            self._process = process = Process(
                self._subject,
                number=self._starts,
                folder=folder,
                clock=Clock(SIMULATED_EPOCH + round((trio.current_time() + self._skew) * NANOSECONDS)),
                way=self._way,
                key=self._exchange.keys[0].secret_hex,
                trace=self._trace,
                draw=Random(f"{self._plan.seed}/engine/{self._starts}"),
                without=self._without if len(self._subject.strategies) > 1 else 0,
            )
            self._nursery.start_soon(process.run, self._nursery)
            await process.ended.wait()
            if process.failure is not None and not isinstance(process.failure, _EXPECTED):
                raise process.failure
            await trio.sleep(self._down)

    # The end.

    async def _converge(self) -> None:
        """Wait until the engine runs, and its gates are open."""
        with trio.move_on_after(CONVERGENCE) as patience:
            while (why := self._unsettled()) is not None:  # noqa: ASYNC110  # of many things; in virtual time
                await trio.sleep(0.5)
        if patience.cancelled_caught:
            raise Broken(
                "I13 trades again",
                f"expected the gate open {CONVERGENCE:g} s after all faults have ended, found: {why}",
            )
        await trio.sleep(5)

    def _unsettled(self) -> str | None:
        process = self._process
        if process is None or process.ended.is_set() or process.engine.desk is None:
            return "the engine does not run"
        desk = process.engine.desk
        now = process.engine.clock.now()
        for account in desk.accounts:
            reason = account.link.gate.reason(now)
            if reason is not None:
                return reason
        unknown = [each.order for each in desk.tracker.working() if each.order.status.value == "unknown"]
        return f"{unknown[0].client_order_id} is UNKNOWN" if unknown else None

    async def _stop(self) -> None:
        process = self._process
        assert process is not None
        self._is_over = True
        since = StrategyRun(process.engine, self._exchange, self._way, process.journal).since
        process.stop("the world ends")
        with trio.move_on_after(STOP):
            await process.ended.wait()
        if not process.ended.is_set():
            raise Broken("I11 every task ended", f"expected the engine stopped within {STOP:g} s")
        if process.failure is not None:
            raise process.failure
        await trio.sleep(2)
        self._check_agreement(process, since)

    def _check_agreement(self, process: Process, since: int) -> None:
        run = _Stopped(process.engine, self._exchange, self._way, process.journal, since)
        assert process.engine.desk is not None
        left = process.engine.desk.left()
        named = {each for order in left for each in (order.client_order_id, order.venue_order_id) if each}
        resting = {str(each.oid) for each in run.account.orders.values() if each.cloid is not None}
        if self._subject.execution.cancel_on_stop and not resting <= named:
            raise Broken(
                "I10 nothing left open",
                f"expected no order after a clean stop but those that the engine names as left, found "
                f"{', '.join(sorted(resting - named))} resting",
            )
        for sentence in disagreements(run):
            if any(name in sentence for name in named):
                continue  # the engine says that it does not know
            twice = "was placed" in sentence
            raise Broken("I2 none sent twice" if twice else "I3 journal, cache and venue agree", sentence)

    def _count(self) -> dict[str, int]:
        account = self._exchange.ledger.account(self._exchange.keys[0].address)
        placed = [*account.orders.values(), *(update.order for update in account.history)]
        return {
            "orders": len({each.oid for each in placed}),
            "fills": len(account.fills),
            "starts": self._starts,
            "connections": len(self._way.dials),
            **dict(sorted(self._trace.counts.items())),
        }
