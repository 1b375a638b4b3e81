"""Drawing: from what a test says about a world to its plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from livetrio.errors import ConfigError, Problem
from livetrio.exchange.faults.grammar import BadFault
from livetrio.exchange.settings import Regime
from livetrio.simulation.catalogue import CATALOGUE, find_world_kind
from livetrio.simulation.draw import draw_plan
from livetrio.simulation.plan import Plan

USUAL_SECONDS = 600.0
"""As that of ``livetrio simulate``: some seconds of real time."""

SOURCE = "simulate"
"""Whose problems these are."""


@attrs.frozen(kw_only=True)
class Drawing:
    """What a test says about a world, but for its seed. None: not said."""

    hours: float | None = None
    seconds: float | None = None
    faults: str | Sequence[str] | None = None
    regime: Regime | None = None
    pace: float | None = None
    latency: str | None = None
    instruments: int | None = None

    @property
    def horizon(self) -> float:
        """Seconds.

        Raises:
          ConfigError: hours and seconds were given.
        """
        if self.hours is not None and self.seconds is not None:
            raise ConfigError([Problem("hours", "expected it or seconds, found both")], SOURCE)
        if self.hours is not None:
            return round(self.hours * 3600, 3)
        return USUAL_SECONDS if self.seconds is None else round(self.seconds, 3)

    @property
    def is_drawn(self) -> bool:
        """Whether the faults, and with them the market and the latency, are drawn from the seed."""
        return isinstance(self.faults, str)

    @property
    def knobs(self) -> dict[str, Any]:
        """What is said beside seed, horizon and faults."""
        knobs = {
            "regime": self.regime,
            "pace": self.pace,
            "latency": self.latency,
            "instruments": self.instruments,
        }
        return {name: value for name, value in knobs.items() if value is not None}

    def plan(self, seed: int) -> Plan:
        """The plan of a seed.

        Raises:
          ConfigError: with what is wrong.
        """
        try:
            if not isinstance(self.faults, str):
                return Plan(seed, self.horizon, tuple(self.faults or ()), **self.knobs)
            plain = Plan(seed, self.horizon)  # so that it is known to be right
            return attrs.evolve(draw_plan(seed, plain.seconds, _read_kinds(self.faults)), **self.knobs)
        except ConfigError as error:
            raise ConfigError(error.problems, SOURCE) from None


def _read_kinds(text: str) -> list[str]:
    """Names of the faults that there may be, of a text such as ``all``, ``none`` or ``kill,half-open``."""
    if text in ("all", "none"):
        return list(CATALOGUE.kinds) if text == "all" else []
    kinds, problems = [], []
    for word in filter(None, (each.strip() for each in text.split(","))):
        try:
            kinds.append(find_world_kind(word).name)
        except BadFault as error:
            more = "; faults with their times are given as a list of lines" if " " in word else ""
            problems.append(Problem("faults", f"{error}{more}"))
    if not kinds and not problems:
        problems.append(Problem("faults", f"expected none, all, or names of faults, found {text!r}"))
    if problems:
        raise ConfigError(problems, SOURCE)
    return kinds


def read_plan(plan: Plan | str | Path) -> Plan:
    """A plan, or that in a file.

    Raises:
      ConfigError: the file cannot be read, or is wrong.
    """
    if isinstance(plan, Plan):
        return plan
    try:
        return Plan.from_text(Path(plan).read_text(), str(plan))
    except OSError as error:
        problem = Problem("plan", f"the file cannot be read: {error.strerror}")
        raise ConfigError([problem], str(plan)) from None
    except UnicodeDecodeError:
        problem = Problem("plan", "expected a plan, found a file that is no UTF-8 text")
        raise ConfigError([problem], str(plan)) from None
