"""Catalogue: the faults of a simulated world, its own and those of the exchange in it.

The world's own happen on the way to the venue, to the process and its machine, in the strategies, and at the
operator's hands. They are written in the grammar of the exchange's (`livetrio.exchange.faults.grammar`), and
where both have one of the same name, here it is the world's.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from livetrio.exchange.faults.catalogue import ALIASES, ELSEWHERE, FAULTS, Catalogue, Kind, Span
from livetrio.exchange.faults.grammar import Fault, find_kind, parse_fault


class Where(enum.Enum):
    """Where a fault of the world acts. The value says it in words."""

    NETWORK = "on the way to the venue"
    PROCESS = "on the engine's process"
    MACHINE = "on the engine's machine"
    STRATEGY = "on all strategies"
    OPERATOR = "as the operator would"


def _lasting(
    where: Where, name: str, sentence: str, argument: Span | None = None, length: int | None = None
) -> Kind:
    return Kind(name, sentence, where, argument=argument, length=length)


def _moment(where: Where, name: str, sentence: str, argument: Span | None = None) -> Kind:
    return Kind(name, sentence, where, argument=argument, is_moment=True)


_KINDS = (
    _lasting(Where.NETWORK, "refuse", "Dials are refused."),
    _lasting(Where.NETWORK, "dns", "The venue's name does not resolve."),
    _lasting(Where.NETWORK, "dial-hole", "Dials are never answered."),
    _lasting(Where.NETWORK, "tls", "Dials find a certificate that does not verify."),
    _moment(Where.NETWORK, "rst", "All links are reset, whatever is on its way on them."),
    _lasting(
        Where.NETWORK,
        "half-open",
        "Every link that is open while it lasts goes dead for good, and nobody is told.",
        length=60_000,
    ),
    _lasting(Where.NETWORK, "flap", "Each link is reset right after it was opened."),
    _lasting(Where.NETWORK, "slow-link", "Bytes are later by the argument, each way.", (200, 2_000)),
    _moment(
        Where.PROCESS,
        "kill",
        "The process is killed at whichever of its awaits comes then, and started again after the argument.",
        (1_000, 1_000),
    ),
    _moment(
        Where.MACHINE,
        "power",
        "As `kill`, and what the disk did not have yet is lost: the journal's tail is torn.",
        (5_000, 5_000),
    ),
    _lasting(Where.MACHINE, "disk-full", "Nothing more can be written to the journal.", length=10_000),
    _moment(
        Where.MACHINE,
        "clock-jump",
        "The wall clock jumps ahead by the argument, and stays.",
        (60_000, 60_000),
    ),
    _moment(
        Where.MACHINE, "clock-back", "The wall clock jumps back by the argument, and stays.", (60_000, 60_000)
    ),
    _moment(
        Where.MACHINE,
        "loop-stall",
        "The process stands still for the argument, and nothing else.",
        (5_000, 5_000),
    ),
    _moment(Where.STRATEGY, "raises", "The next handler of a strategy that is called raises."),
    _lasting(Where.STRATEGY, "slow", "Each handler of a strategy takes the argument.", (100, 1_000)),
    _moment(
        Where.OPERATOR,
        "sigterm",
        "SIGTERM tells the process to stop; it is started again when the argument has passed since its end.",
        (1_000, 1_000),
    ),
    _moment(Where.OPERATOR, "sigterm-twice", "As `sigterm`, and told again while it stops.", (1_000, 1_000)),
    _moment(
        Where.OPERATOR, "engine-restart", "The engine stops in order and starts again, in the same process."
    ),
    _moment(
        Where.OPERATOR,
        "config-change",
        "As `sigterm`, and started again without the last of its strategies, or with it again.",
        (1_000, 1_000),
    ),
)

WORLD: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
"""The world's own, by name."""

CATALOGUE = Catalogue(
    kinds={**WORLD} | {name: kind for name, kind in FAULTS.items() if name not in WORLD},
    aliases=ALIASES,
    elsewhere={name: reason for name, reason in ELSEWHERE.items() if name not in WORLD},
    owner="a simulated world",
)
"""The world's own and the exchange's."""


def parse_world_fault(line: str) -> Fault:
    """The fault that a line describes; the world performs it, or hands it to its exchange.

    Raises:
      BadFault: it describes none.
    """
    return parse_fault(line, CATALOGUE)


def find_world_kind(name: str) -> Kind:
    """The kind of a name or another name of it.

    Raises:
      BadFault: there is none; the nearest is named.
    """
    return find_kind(name, CATALOGUE)


def is_worlds_own(fault: Fault) -> bool:
    """Whether the world performs it itself; otherwise its exchange does."""
    return isinstance(fault.kind.place, Where)
