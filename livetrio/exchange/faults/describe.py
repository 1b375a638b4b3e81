"""Describe: the faults and how they are written, for people."""

from __future__ import annotations

from textwrap import wrap

from livetrio.exchange.faults.catalogue import VENUE, Catalogue, Kind
from livetrio.exchange.faults.grammar import Fault

FORM = "NAME [TIME | TIME..TIME] [P%] [on SCOPE] [once | every TIME] [after TIME] [for TIME]"
"""Of a line."""


def describe_faults() -> str:
    """One line for each fault, and the form of a line."""
    return "\n".join(
        [
            FORM,
            "",
            *describe_kinds(VENUE),
            "",
            "In brackets: what holds when nothing is said. The first TIME is the argument; P% is how likely",
            "it is each time; SCOPE a channel of messages (bbo, userFills, post), a type of actions (order,",
            "cancel), or info or action. What ends all connections does so once, or `every` so often until",
            "`for` is over; all else lasts for ever, or `for` so long, or happens `once`. Time begins with",
            "the first connection, or when `POST /control` asks for the fault.",
            "",
            "  drop-connection every 30s                 ack-lost 5% on order",
            "  latency 200ms..2s for 1m after 10s        maintenance for 30s every 5m",
        ]
    )


def describe_kinds(catalogue: Catalogue) -> list[str]:
    """One line for each fault, or more where it is long."""
    width = max(map(len, catalogue.kinds))
    return [
        *(line for kind in catalogue.kinds.values() for line in _describe(kind, width)),
        *(f"  {alias:<{width}}  `{alias}` is `{name}`." for alias, name in catalogue.aliases.items()),
    ]


def _describe(kind: Kind, width: int) -> list[str]:
    usual = Fault(kind.name, kind=kind, argument=kind.argument, percent=kind.percent, length=kind.length)
    said = str(usual).removeprefix(kind.name).strip()
    sentence = f"{kind.sentence} [{said}]" if said else kind.sentence
    indent = " " * (width + 4)
    return wrap(
        f"{kind.name:<{width}}  {sentence}",
        100,
        initial_indent="  ",
        subsequent_indent=indent,
    )
