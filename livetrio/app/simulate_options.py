"""SimulateOptions: what the options of ``livetrio simulate`` mean, and what is wrong with them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

import click

from livetrio.app.rules import quote
from livetrio.errors import ConfigError, Problem
from livetrio.exchange.faults.grammar import BadFault
from livetrio.simulation.catalogue import CATALOGUE, find_world_kind
from livetrio.simulation.draw import draw_plan
from livetrio.simulation.plan import MAX_SECONDS, MAX_SEED, Plan

SOURCE = "livetrio simulate"
"""Whose problems these are."""

MAX_WORLDS = 1_000_000
MAX_PLAN_BYTES = 2**20

USUAL_SECONDS = 600.0


class SimulateOptions:
    """Reads the options that click does not know, and keeps what is wrong with them, to tell it at once."""

    def __init__(self, context: click.Context) -> None:
        """Take the command's context, which knows what was given."""
        self._context = context
        self._problems: list[Problem] = []

    def finish(self) -> None:
        """Raise ConfigError if anything was wrong."""
        if self._problems:
            raise ConfigError(sorted(self._problems, key=lambda each: each.path), SOURCE)

    def check_together(self) -> None:
        """Refuse options that contradict each other."""
        if self._is_given("hours") and self._is_given("seconds"):
            self._refuse("--hours", "expected it or --seconds, found both")
        if self._is_given("plan_files"):
            for option in ("seeds", "hours", "seconds", "faults"):
                if self._is_given(option):
                    self._refuse(f"--{option}", "expected no --plan beside it, which says that itself")

    def read_horizon(self, hours: float | None, seconds: float | None) -> float:
        """Seconds."""
        if seconds is not None:
            option, horizon = "--seconds", round(seconds, 3)
        elif hours is not None:
            option, horizon = "--hours", round(hours * 3600, 3)
        else:
            return USUAL_SECONDS
        if math.isfinite(horizon) and 0 < horizon <= MAX_SECONDS:
            return horizon
        self._refuse(
            option, f"expected a number > 0, at most a year, found {hours if seconds is None else seconds:g}"
        )
        return USUAL_SECONDS

    def read_kinds(self, text: str) -> list[str]:
        """Names of the faults that there may be."""
        if text in ("all", "none"):
            return list(CATALOGUE.kinds) if text == "all" else []
        kinds = []
        for word in filter(None, (each.strip() for each in text.split(","))):
            try:
                kinds.append(find_world_kind(word).name)
            except BadFault as error:
                more = "; --list-faults lists them" if "did you mean" not in str(error) else ""
                if " " in word:
                    more = "; faults with their times go into a file, for --plan"
                self._refuse("--faults", f"{error}{more}")
        if not kinds and not self._problems:
            self._refuse("--faults", f"expected none, all, or names of faults, found {quote(text)}")
        return kinds

    def draw_plans(self, seeds: str, horizon: float, kinds: list[str]) -> list[Plan]:
        """A plan for each seed."""
        try:
            return [draw_plan(seed, horizon, kinds) for seed in read_seeds(seeds)]
        except ValueError as error:
            self._refuse("--seeds", str(error))
            return []

    def read_plans(self, files: Iterable[Path]) -> dict[Plan, Path]:
        """The plans in the files, and where each is."""
        plans = {}
        for file in files:
            try:
                text = file.read_bytes()[: MAX_PLAN_BYTES + 1].decode()
                plans[Plan.from_text(text, str(file))] = file
            except OSError as error:
                self._refuse(f"--plan {file}", f"the file cannot be read: {error.strerror}")
            except UnicodeDecodeError:
                self._refuse(f"--plan {file}", "expected a plan, found a file that is no UTF-8 text")
            except ConfigError as error:
                for problem in error.problems:
                    self._refuse(f"--plan {file}", str(problem))
        return plans

    def check_trace(self, trace: Path | None, worlds: int) -> None:
        """A trace is of one world."""
        if trace is not None and worlds > 1:
            self._refuse("--trace", f"expected a single world, such as --seeds 7, found {worlds}")

    def _is_given(self, option: str) -> bool:
        return self._context.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT

    def _refuse(self, option: str, message: str) -> None:
        self._problems.append(Problem(option, message))


def read_seeds(text: str) -> list[int]:
    """The seeds of ``7``, ``0..200`` (both ends included) or ``1,5,9..12``, each once.

    Raises:
      ValueError: it is something else; the text is one sentence.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,19})(?:\.\.(\d{1,19}))?\s*", part, re.ASCII)
        if match is None:
            raise ValueError(f"expected seeds such as 7, 0..200 or 1,5,9..12, found {quote(text)}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"expected the smaller seed first, found {quote(part.strip())}")
        if last > MAX_SEED:
            raise ValueError(f"expected seeds of at most {MAX_SEED}, found {last}")
        if len(seeds) + last - first >= MAX_WORLDS:
            raise ValueError(f"expected at most {MAX_WORLDS} worlds, found more")
        seeds |= dict.fromkeys(range(first, last + 1))
    return list(seeds)
