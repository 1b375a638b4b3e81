"""World: the whole program and its exchange in virtual time, from one plan.

The exchange lives through it all; the engine's process is started, killed, stopped and started again, as the
plan has it. After the horizon all faults end; then the engine must come to terms with the exchange and trade
again by itself, and when it is told to stop, journal, cache and exchange must say the same.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import BinaryIO

import trio

from livetrio.app.order_desk import OrderDesk
from livetrio.clock import NANOSECONDS, SIMULATED_EPOCH, Clock
from livetrio.exchange import ExchangeSettings, LocalExchange
from livetrio.exchange.chain.account import Account
from livetrio.exchange.faults.grammar import Fault
from livetrio.exchange.faults.running import Running
from livetrio.simulation import invariants
from livetrio.simulation.catalogue import is_worlds_own
from livetrio.simulation.checks import Checks
from livetrio.simulation.disk import JOURNAL, Disk
from livetrio.simulation.ear import Ear
from livetrio.simulation.invariants import Broken, Watch
from livetrio.simulation.last_look import differences, last_look
from livetrio.simulation.lookout import STOP, Lookout
from livetrio.simulation.mischief import Mischief
from livetrio.simulation.outcome import Outcome, Violation
from livetrio.simulation.plan import Plan
from livetrio.simulation.points import Points
from livetrio.simulation.probe import probe
from livetrio.simulation.process import Process, is_expected
from livetrio.simulation.record import take_record
from livetrio.simulation.schedule import deterministic
from livetrio.simulation.subject import Subject
from livetrio.simulation.trace import Trace
from livetrio.simulation.view import WorldView
from livetrio.simulation.way import Way
from livetrio.simulation.world_clock import WorldClock
from livetrio.supervision.nursery import lone_leaf
from livetrio.testing.agreement import wait_quiet
from livetrio.testing.runs import StrategyRun

RESTART = 1.0
"""Seconds until whoever watches over the process starts it again, when it has failed."""

CONVERGENCE = 180.0
"""Seconds after the horizon within which the engine must have come to terms with the exchange: the longest
back-off, a refusal's longest patience, and then the recovery."""

CALM = 5.0
"""Seconds without anything unsettled after which it counts as settled."""

NEWS = 4.0
"""Seconds that news of an order may take, when all is well again."""

PROBE = 30.0
"""Seconds within which an order must be answered, and a cancellation, when all is well again."""

MANY_POINTS = 300
"""A kill comes at one of so many points (`points`) from its moment on; rather at one of the first."""


def run_world(plan: Plan, subject: Subject, *, trace: BinaryIO | None = None) -> Outcome:
    """Run one world to its end. The same plan and subject have the same outcome, in every process.

    Raises:
      StrategyFailed: a strategy raised, and not because the plan had it.
    """
    failure: BaseException
    with deterministic(plan.seed), TemporaryDirectory(prefix="livetrio-") as folder:
        clock = WorldClock()
        try:
            return trio.run(_World(plan, subject, trace, Path(folder), clock).run, clock=clock)
        except BaseExceptionGroup as group:
            failure = lone_leaf(group)
    raise failure  # outside the handler, so that the group does not become its context


class _World:
    def __init__(
        self, plan: Plan, subject: Subject, trace: BinaryIO | None, folder: Path, clock: WorldClock
    ) -> None:
        self._plan = plan
        self._subject = subject
        self._folder = folder
        self._clock = clock
        self._trace = Trace(trace)
        self._draw = Random(f"{plan.seed}/world")
        self._points = Points()
        self._skew = 0.0
        """Seconds by which the machine's wall clock is ahead."""
        self._without = 0
        """Strategies that the configuration leaves out now."""
        self._down = RESTART
        """Seconds until the process is started again after its end."""
        self._starts = 0
        self._process: Process | None = None
        self._differ_since: dict[str, float] = {}
        """Orders that only one side has, with the time at which that was first seen."""
        self._is_over = False
        """Whether no process is started any more."""

    async def run(self) -> Outcome:
        violation = None
        try:
            with ExitStack() as self._stack:
                await self._live()
        except* Broken:  # the first, if there are several
            broken = self._watch.broken
            assert broken is not None
            violation = Violation(broken.invariant, broken.sentence, broken.at, self._trace.last)
        record = take_record(self._view, self._last_journal) if self._subject.is_recorded else None
        return Outcome(self._plan, violation, self._trace.digest, self._count(), record)

    async def _live(self) -> None:
        plan = self._plan
        async with trio.open_nursery() as self._nursery:
            venue = [str(each) for each in plan.parsed_faults if not is_worlds_own(each)]
            settings = ExchangeSettings(
                seed=plan.seed,
                regime=plan.regime,
                pace=plan.pace,
                faults=tuple(venue),
                accounts=1,
                instruments=plan.instruments,
            )
            self._exchange = LocalExchange(settings, clock=Clock.simulated())
            self._way = Way(self._exchange.serve_stream, plan.latency_seconds, Random(f"{plan.seed}/network"))
            self._watch = Watch(
                self._account, self._exchange.ledger.listing, self._subject.risk, tell=self._tell
            )
            self._view = WorldView(self._exchange, trio.current_time, lambda: self._process)
            self._checks = Checks(self._subject.checks, self._view, self._watch.accuse)
            ear = Ear(self._watch.accuse, self._exchange.keys[0].secret_hex)
            self._stack.enter_context(ear.listening())
            self._lookout = Lookout(
                self._exchange, self._way, self._watch, ear, self._subject, lambda: self._process
            )
            self._mischief = Mischief(lambda: self._way.argument("slow"))
            await self._nursery.start(self._exchange.run)
            self._checks.begin()
            self._nursery.start_soon(self._lookout.wait_broken)
            self._nursery.start_soon(self._lookout.look_often)
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
            self._checks.end()
            await self._probe()
            await self._stop()
            for broken in self._checks.ask_at_end():
                self._lookout.fail(broken)
            self._nursery.cancel_scope.cancel()

    # Faults.

    async def _perform_all(self, fault: Fault) -> None:
        """Perform a fault of a moment at each of its moments; begin one that lasts, if that takes an act."""
        if fault.name == "half-open":
            await trio.sleep((fault.after or 0) / 1000)
            self._way.half_open()
            return
        if not fault.kind.is_moment:
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
            case "raises":
                self._mischief.raises += 1
        if process is None or process.ended.is_set():
            return
        match name:
            case "kill" | "power":
                point = int(MANY_POINTS ** self._draw.random())
                self._points.arm(
                    point,
                    lambda: self._kill(argument, is_power=name == "power"),
                    at_commit=self._draw.random() < 0.5,
                )
            case "sigterm" | "sigterm-twice" | "config-change" | "engine-restart":
                self._down = argument
                process.stop(name)
                if name == "sigterm-twice":
                    process.hurry()
                if name == "config-change":
                    self._without = 1 - self._without

    def _kill(self, down: float, *, is_power: bool) -> None:
        process = self._process
        if self._is_over or process is None or process.ended.is_set():
            return
        self._down = down
        heir = self._folder / str(self._starts + 1)
        process.kill(heir, self._draw if is_power else None)
        if is_power and self._subject.sync == "process":
            self._watch.forget_ends()
        elif process.run_number is not None:
            self._lookout.bury(process.run_number, heir / process.journal.name)

    def _heal(self) -> None:
        self._trace.note("world: all faults end")
        self._exchange.mischief.injector.remove()
        self._mischief.raises = 0
        self._points.disarm()
        self._way.heal()

    # Processes.

    async def _keep_alive(self) -> None:
        """Start the process, and again whenever it has ended."""
        while not self._is_over:
            self._starts += 1
            folder = self._folder / str(self._starts)
            if self._process is not None and not self._process.is_killed:
                folder = self._process.disk.folder
            self._down = RESTART
            self._process = process = self._make_process(folder)
            self._nursery.start_soon(process.run, self._nursery)
            self._nursery.start_soon(self._lookout.look_at_end, process)
            await process.ended.wait()
            if process.failure is not None and not is_expected(process.failure):
                raise process.failure
            await trio.sleep(self._down)

    def _make_process(self, folder: Path, strategies: int | None = None) -> Process:
        """On that disk; with so many of the strategies, or as the configuration says now."""
        sync, count = self._subject.sync, len(self._subject.strategies)
        without = self._without if count > 1 else 0
        number = self._starts if strategies is None else self._starts + 1
        return Process(
            self._subject,
            number=number,
            disk=Disk(folder, sync, self._points, is_full=lambda: self._way.has("disk-full")),
            clock=Clock(SIMULATED_EPOCH + round((trio.current_time() + self._skew) * NANOSECONDS)),
            way=self._way,
            key=self._exchange.keys[0].secret_hex,
            trace=self._trace,
            watch=self._watch,
            mischief=self._mischief,
            draw=Random(f"{self._plan.seed}/engine/{number}"),
            strategies=count - without if strategies is None else strategies,
        )

    def _tell(self, broken: Broken) -> None:
        self._trace.note(f"broken: {broken}")
        self._trace.seal()

    # The end.

    async def _converge(self) -> None:
        """Wait until the engine runs, its gates are open and nothing is unknown, and has been so a while."""
        why: str | None = None
        since = began = trio.current_time()
        while trio.current_time() < since + CALM:
            found = self._unsettled()
            if found is not None:
                why, since = found, trio.current_time()
            if since - began > CONVERGENCE:
                invariant = invariants.TRADES_AGAIN
                if "is UNKNOWN" in str(why):
                    invariant = invariants.PROOF
                elif "rest" in str(why):
                    invariant = invariants.ALL_AGREE
                words = f"expected all well {CONVERGENCE:g} s after all faults have ended, found: {why}"
                self._lookout.fail(Broken(invariant, words))
            await trio.sleep(0.5)

    async def _probe(self) -> None:
        """See whether the engine trades again by itself."""
        process = self._process
        assert process is not None
        failed = await probe(process.engine, PROBE, self._view.note_probe)
        if failed is not None:
            self._lookout.fail(Broken(invariants.TRADES_AGAIN, failed))

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
        if unknown:
            return f"{unknown[0].client_order_id} is UNKNOWN"
        return self._differing(desk)

    def _differing(self, desk: OrderDesk) -> str | None:
        """An order that only one side has, and not for the first time."""
        now, found = trio.current_time(), invariants.orders_that_differ(desk, self._account)
        self._differ_since = {name: self._differ_since.get(name, now) for name in found}
        return next((found[name] for name, since in self._differ_since.items() if now - since > NEWS), None)

    async def _stop(self) -> None:
        process = self._process
        assert process is not None
        self._is_over = True
        since = StrategyRun(process.engine, self._exchange, self._way, process.journal).since
        process.stop("the world ends")
        with trio.move_on_after(STOP):
            await process.ended.wait()
        if not process.ended.is_set():
            self._lookout.fail(Broken(invariants.ALL_ENDED, f"expected the engine stopped within {STOP:g} s"))
        if process.failure is not None:
            raise process.failure
        await trio.sleep(2)
        for broken in last_look(process, self._exchange, self._way, since):
            self._lookout.fail(broken)
        if process.left:
            await self._succeed(process)
            self._process = process

    async def _succeed(self, stopped: Process) -> None:
        """It named orders as left. Let another, without strategies, find out about them, and compare."""
        self._process = heir = self._make_process(stopped.disk.folder, strategies=0)
        self._nursery.start_soon(heir.run, self._nursery)
        self._nursery.start_soon(self._lookout.look_at_end, heir)
        await self._converge()
        run = StrategyRun(heir.engine, self._exchange, self._way, heir.journal)
        try:
            await wait_quiet(run)
        except trio.TooSlowError:
            self._lookout.fail(Broken(invariants.PROOF, f"{stopped.left[0].client_order_id} is not settled"))
        for broken in differences(run):
            self._lookout.fail(broken)
        heir.stop("all is compared")
        with trio.move_on_after(STOP):
            await heir.buried.wait()

    @property
    def _last_journal(self) -> Path:
        """What the last process has left, or would have been started on."""
        process = self._process
        if process is None or process.is_killed:
            return self._folder / str(self._starts + 1) / JOURNAL
        return process.journal

    @property
    def _account(self) -> Account:
        return self._exchange.ledger.account(self._exchange.keys[0].address)

    def _count(self) -> dict[str, int]:
        return {
            "orders": len({each.oid for each in self._lookout.placed()}),
            "fills": len(self._account.fills),
            "starts": self._starts,
            "connections": len(self._way.dials),
            **dict(sorted(self._trace.counts.items())),
        }
