"""Plan: everything about one simulated world that its seed does not say. As a file:

    seed = 17
    seconds = 600.0
    latency = "5ms..60ms"
    regime = "calm"
    faults = [
      "half-open for 40s after 2m",
      "ack-lost 20% on order for 1m after 2m5s",
    ]

The seed is of all that happens by chance, so that the same plan makes the same world.
"""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from typing import Any, get_args

import attrs

from livetrio.app.rules import as_float, as_tuple, number, one_of, optional, several, whole
from livetrio.app.structure import structure
from livetrio.errors import ConfigError, Problem
from livetrio.exchange.faults.grammar import BadFault, Fault, parse_span
from livetrio.exchange.settings import Regime
from livetrio.simulation.catalogue import parse_world_fault

MAX_SEED = 2**63 - 1
MAX_SECONDS = 365 * 86_400
MAX_FAULTS = 100
"""What the exchange takes at a time."""

USUAL_LATENCY = "5ms..60ms"


def _check_latency(_: Any, field: attrs.Attribute[str], value: object) -> None:
    try:
        if not isinstance(value, str):
            raise BadFault(f"expected a duration such as 20ms or 5ms..60ms, found {value!r}")
        parse_span(value, "as a latency")
    except BadFault as error:
        raise ConfigError([Problem(field.name, str(error))], source="Plan") from None


_LINES = several(str, "an array of faults")


def _check_faults(instance: Any, field: attrs.Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    _LINES(instance, field, value)
    problems = []
    if len(value) > MAX_FAULTS:
        problems.append(Problem(field.name, f"expected at most {MAX_FAULTS} faults, found {len(value)}"))
    for index, line in enumerate(value):
        try:
            parse_world_fault(line)
        except BadFault as error:
            problems.append(Problem(f"{field.name}[{index}]", str(error)))
    if problems:
        raise ConfigError(problems, source="Plan")


@attrs.frozen
class Plan:
    """What is to happen in one simulated world."""

    seed: int = attrs.field(validator=whole("", 0, MAX_SEED))
    """Of everything that is drawn while it runs."""
    seconds: float = attrs.field(
        converter=as_float, validator=number("> 0, at most a year of seconds", lambda s: 0 < s <= MAX_SECONDS)
    )
    """The horizon, in virtual time. Then all faults end, and the world must come to rest."""
    faults: tuple[str, ...] = attrs.field(default=(), converter=as_tuple, validator=_check_faults)
    """What goes wrong, a line each (`livetrio.simulation.catalogue`); times begin with the world."""
    latency: str = attrs.field(default=USUAL_LATENCY, validator=_check_latency)
    """How long bytes take between engine and exchange, each way, when no fault makes them slower."""
    regime: Regime = attrs.field(default="calm", validator=one_of(*get_args(Regime)))
    """How the exchange's market behaves; ``none``: nobody trades there but the engine."""
    pace: float = attrs.field(
        default=1.0, converter=as_float, validator=number("> 0, at most 10", lambda pace: 0 < pace <= 10)
    )
    """How much goes on in that market, against the usual."""
    instruments: int | None = attrs.field(default=None, validator=optional(whole("instruments", 1)))
    """Only the first so many of the exchange's. None: all."""

    @property
    def parsed_faults(self) -> tuple[Fault, ...]:
        """The faults, read."""
        return tuple(map(parse_world_fault, self.faults))

    @property
    def latency_seconds(self) -> tuple[float, float]:
        """From, to."""
        low, high = parse_span(self.latency, "as a latency")
        return low / 1000, high / 1000

    def to_text(self) -> str:
        """The plan as the file that `from_text` reads."""
        lines = [f"seed = {self.seed}", f"seconds = {Decimal(repr(self.seconds)):f}"]
        lines += [f"latency = {json.dumps(self.latency)}", f"regime = {json.dumps(self.regime)}"]
        if self.pace != 1:
            lines.append(f"pace = {Decimal(repr(self.pace)):f}")
        if self.instruments is not None:
            lines.append(f"instruments = {self.instruments}")
        if self.faults:
            lines += ["faults = [", *(f"  {json.dumps(line)}," for line in self.faults), "]"]
        return "\n".join([*lines, ""])

    @classmethod
    def from_text(cls, text: str, source: str = "plan") -> Plan:
        """The plan in a file's text; ``source`` names the file in complaints.

        Raises:
          ConfigError: with everything that is wrong.
        """
        try:
            return structure(tomllib.loads(text, parse_float=Decimal), cls)
        except ConfigError as error:
            raise ConfigError(error.problems, source) from None
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise ConfigError([Problem("", f"not TOML: {error}")], source) from None
