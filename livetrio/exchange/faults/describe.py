"""Describe: the faults and how they are written, for people."""

from __future__ import annotations

from textwrap import wrap

from livetrio.exchange.faults.catalogue import FAULTS


def describe_faults() -> str:
    """One line for each fault, and the form of a line."""
    width = max(map(len, FAULTS))
    return "\n".join(
        [
            "NAME [TIME | TIME..TIME] [P%] [on SCOPE] [once | every TIME] [after TIME] [for TIME]",
            "",
            *(
                line
                for kind in FAULTS.values()
                for line in wrap(
                    f"{kind.name:<{width}}  {kind.sentence}",
                    100,
                    initial_indent="  ",
                    subsequent_indent=" " * (width + 4),
                )
            ),
            "",
            "P% is how likely it is each time; SCOPE a channel of messages (bbo, userFills, post), a type of",
            "requests (order, cancel), or info or action. Without `for` it lasts for ever.",
            "",
            "  drop-connection every 30s                 ack-lost 5% on order",
            "  latency 200ms..2s for 1m after 10s        maintenance for 30s every 5m",
        ]
    )
