"""Simulation: the worlds of one command, run on worker processes, shrunk where they fail, and told."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
import click

from livetrio.app import simulate_report as report
from livetrio.app.complaints import complain
from livetrio.app.progress import progress
from livetrio.secrets import mask
from livetrio.simulation.campaign import Campaign, firsts_of, to_shrink
from livetrio.simulation.plan import Plan
from livetrio.simulation.runner import Broken
from livetrio.simulation.worlds import Result, Shrunk, failure_of, is_same


@attrs.frozen
class Again:
    """The commands that run a world again."""

    config: Path
    overrides: Sequence[str]
    drawn: Sequence[str]
    """What was said, beside the seeds, about worlds that are drawn."""
    files: Mapping[Plan, Path]
    """Where plans were read from."""

    def command(self, plan: Plan) -> str:
        """Of one of the plans that were asked for."""
        if plan in self.files:
            return self.file_command(self.files[plan])
        return self._command("--seeds", str(plan.seed), *self.drawn)

    def file_command(self, file: Path) -> str:
        """Of a plan in a file."""
        return self._command("--plan", str(file))

    def _command(self, *how: str) -> str:
        overrides = [word for each in self.overrides for word in ("--set", each)]
        return shlex.join(["livetrio", "simulate", str(self.config), *overrides, *how])


@attrs.define
class Simulation:
    """Runs worlds and tells what there is to tell."""

    campaign: Campaign
    again: Again
    save: Path | None = attrs.field(kw_only=True)
    """Where smaller worlds are written; None: they are not looked for."""

    def run(self) -> bool:
        """Whether all of them were run, and everything held."""
        begun = time.monotonic()
        shrunk: dict[Plan, Shrunk] = {}
        with _terminated_like_interrupted():
            results = self._run_worlds()
            seconds = time.monotonic() - begun
            failed = [each for each in results if failure_of(each) is not None]
            firsts = firsts_of(failed)
            is_whole = len(results) == len(self.campaign.plans)
            if is_whole and self.save is not None:
                shrunk = self._shrink(firsts)
        for each in failed:
            again = self.again.command(each.plan)
            if each in firsts:
                _tell(report.render_failure(each, again))
                if each.plan in shrunk:
                    _tell(self._tell_shrunk(each, shrunk[each.plan]))
            else:
                _tell(report.render_repetition(each, again))
        _tell(report.render_summary(results, len(self.campaign.plans), seconds))
        return is_whole and not failed

    def _run_worlds(self) -> list[Result]:
        """What became of each, in their order; if interrupted, of those that had come to their end."""
        done: dict[Plan, Result] = {}
        plans = self.campaign.plans
        with _counted("worlds", len(plans)) as advance:

            def hear(result: Result) -> None:
                done[result.plan] = result
                failed = [each for each in done.values() if failure_of(each) is not None]
                advance(_seeds_of(failed))
                if failure_of(result) is not None and not sys.stderr.isatty():  # else the bar says it
                    complain(f"seed {result.plan.seed} fails: {failure_of(result)}")

            try:
                self.campaign.run(hear)
            except KeyboardInterrupt:
                pass  # what there is will be told
        return [done[plan] for plan in plans if plan in done]

    def _shrink(self, results: Sequence[Result]) -> dict[Plan, Shrunk]:
        """For the first few, the smallest world that fails in the same way."""
        plans = to_shrink(results)
        found: dict[Plan, Shrunk] = {}
        if not plans:
            return found
        with _counted("shrinking", len(plans)) as advance:

            def hear(result: Shrunk | Broken) -> None:
                advance("")
                if isinstance(result, Shrunk):
                    found[result.first.plan] = result

            try:
                self.campaign.shrink(plans, hear)
            except KeyboardInterrupt:
                pass  # they are told as they are
        return found

    def _tell_shrunk(self, result: Result, shrunk: Shrunk) -> str:
        if not is_same(shrunk.first, result):
            return report.NOT_REPEATED
        if shrunk.smallest is shrunk.first:
            return report.render_smallest(shrunk)
        file = self._write(shrunk.smallest.plan)
        return report.render_shrunk(shrunk, None if file is None else self.again.file_command(file))

    def _write(self, plan: Plan) -> Path | None:
        """Write a smaller plan beside the others, and over none that was asked for."""
        assert self.save is not None
        file = self.save / f"simulate-{plan.seed}.plan"
        while any(file.resolve() == each.resolve() for each in self.again.files.values()):
            file = file.with_stem(f"{file.stem}-smaller")
        try:
            self.save.mkdir(parents=True, exist_ok=True)
            file.write_text(plan.to_text())
        except OSError as error:
            complain(f"{file} cannot be written: {error.strerror}")
            return None
        return file


def _tell(text: str) -> None:
    click.echo(mask(text))


def _seeds_of(failed: Sequence[Result]) -> str:
    """The seeds that failed, the last ones by name."""
    if not failed:
        return "none failed"
    seeds = ", ".join(str(each.plan.seed) for each in failed[-3:])
    return f"{len(failed)} failed: {'…, ' if len(failed) > 3 else ''}{seeds}"


@contextmanager
def _counted(what: str, count: int) -> Iterator[Callable[[str], None]]:
    """A bar on the standard error; to be called after each step with what there is to say beside it."""
    label = f"{count} {what}" if count > 1 else what
    if not sys.stderr.isatty():
        complain(label)
    with progress(label, count) as steps:
        yield steps.advance


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end the workers, too, as Ctrl+C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
