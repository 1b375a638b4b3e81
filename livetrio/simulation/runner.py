"""run_plans: many plans at once, on worker processes of Python.

Each worker is a fresh interpreter (nothing of this process is forked into it), makes its work once, and is
given one plan after the other. A worker that dies, or is at one plan for longer than it may, is a failure of
that plan, and another takes its place. Whatever ends `run_plans` ends them all: an error of a callback, or
Ctrl+C, of which the workers themselves hear nothing.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Generic, TypeVar

import attrs

from livetrio.simulation.plan import Plan

T = TypeVar("T")

GRACE = 2.0
"""Seconds that a worker has to end when it is told to; then it is killed."""


@attrs.frozen
class Broken:
    """Stands for the result of a plan that has none."""

    plan: Plan
    sentence: str
    """What happened."""
    trace: str = ""
    """Where it happened: tracebacks, if there are any."""
    is_lost: bool = False
    """Whether the worker is, too."""


class WorkFailed(Exception):
    """A worker could not make its work; the text is its traceback."""


def run_plans(
    plans: Iterable[Plan],
    make_work: Callable[[], Callable[[Plan], T]],
    *,
    jobs: int,
    patience: float | None = None,
    on_done: Callable[[T | Broken], None] = lambda _: None,
) -> list[T | Broken]:
    """What the work returned for each plan, in their order.

    Args:
      make_work: what each worker calls to make its work; both it and what the work returns are pickled.
      jobs: how many workers there are at once, at most.
      patience: seconds of real time that one plan may take.
      on_done: hears of each result when it is there, in whatever order.

    Raises:
      WorkFailed: ``make_work`` raised.
    """
    waiting = list(enumerate(plans))[::-1]
    results: dict[int, T | Broken] = {}
    workers: list[_Worker[T]] = []
    with tempfile.TemporaryDirectory(prefix="livetrio-") as folder, _ending(workers):
        while waiting or any(worker.index is not None for worker in workers):
            idle = [worker for worker in workers if worker.index is None]
            while waiting and (idle or len(workers) < jobs):
                if not idle:
                    idle.append(_Worker(make_work, patience, Path(folder)))
                    workers += idle  # before it starts: whatever happens then, it is ended
                    idle[0].start()
                idle.pop().begin(*waiting.pop())
            for worker in _wait_any(workers):
                index, result = worker.finish()
                results[index] = result
                if not worker.is_alive:
                    workers.remove(worker)
                on_done(result)
    return [results[index] for index in sorted(results)]


class _Worker(Generic[T]):
    """One process, and what it is at."""

    _started = 0

    def __init__(
        self, make_work: Callable[[], Callable[[Plan], T]], patience: float | None, folder: Path
    ) -> None:
        self.index: int | None = None
        """Which plan it is at, by number; None: at none."""
        self.is_alive = True
        self._patience = patience
        self._plan: Plan | None = None
        _Worker._started += 1
        self._traces = folder / f"{_Worker._started}.txt"
        context = multiprocessing.get_context("spawn")
        self.connection, self._far = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(self._far, make_work, patience, str(self._traces)), daemon=True
        )

    def start(self) -> None:
        """Start the process."""
        resource_tracker.ensure_running()  # which `start` would do, and unblock SIGINT
        with _interrupts_blocked():  # which the new process inherits: Ctrl+C is for us to hear
            self.process.start()
            self._far.close()

    def begin(self, index: int, plan: Plan) -> None:
        self.index, self._plan = index, plan
        try:
            self.connection.send(plan)
        except OSError:
            pass  # it has died, as will be found when its answer is awaited

    def finish(self) -> tuple[int, T | Broken]:
        """The number of its plan and what became of it, now that it has said so, or died."""
        index, self.index = self.index, None
        assert index is not None, "no worker speaks unasked"
        return index, self._hear()

    def _hear(self) -> T | Broken:
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            return self._bury()
        if isinstance(answer, WorkFailed):
            raise answer
        result: T | Broken = answer
        return result

    def _bury(self) -> Broken:
        plan = self._plan
        assert plan is not None
        self.is_alive = False
        self.process.join(GRACE)
        end(self.process)
        code = self.process.exitcode
        trace = self._traces.read_text(errors="replace") if self._traces.exists() else ""
        if trace.startswith("Timeout"):
            return Broken(plan, f"it had not ended after {self._patience:g} s of real time", trace, True)
        if code is not None and code < 0:
            return Broken(plan, f"the process that ran it was ended by {_signal_name(-code)}", trace, True)
        return Broken(plan, f"the process that ran it ended by itself, with exit code {code}", trace, True)


def _wait_any(workers: list[_Worker[T]]) -> list[_Worker[T]]:
    """Those that have an answer, or have died over their plan; at least one."""
    busy = {worker.connection: worker for worker in workers if worker.index is not None}
    return [busy[each] for each in wait(list(busy)) if isinstance(each, Connection)]


@contextmanager
def _ending(workers: list[_Worker[T]]) -> Iterator[None]:
    """End the workers that are in the list when the block is left."""
    try:
        yield
    finally:
        started = [worker for worker in workers if worker.process.pid is not None]
        for worker in started:
            worker.process.terminate()
        for worker in started:
            worker.process.join(GRACE)
            end(worker.process)
        for worker in workers:
            worker.connection.close()


def end(process: BaseProcess) -> None:
    """Kill a process that has not ended by itself."""
    if process.exitcode is None:
        process.kill()
        process.join()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# In the worker.


def _serve(
    connection: Connection, make_work: Callable[[], Callable[[Plan], T]], patience: float | None, traces: str
) -> None:
    """Do one plan after the other, until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    tempfile.tempdir = str(Path(traces).parent)  # which is cleaned up whatever becomes of this process
    with Path(traces).open("w") as file:
        faulthandler.enable(file)
        try:
            work = make_work()
        except Exception:
            connection.send(WorkFailed(traceback.format_exc()))
            return
        while True:
            try:
                plan = connection.recv()
            except EOFError:
                return
            if patience is not None:
                faulthandler.dump_traceback_later(patience, exit=True, file=file)
            try:
                answer: T | Broken = work(plan)
            except Exception as error:
                sentence = f"it raised {type(error).__name__}: {error}"
                answer = Broken(plan, sentence, traceback.format_exc())
            faulthandler.cancel_dump_traceback_later()
            connection.send(answer)
