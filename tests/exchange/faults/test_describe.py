"""What people are told of the faults."""

import re

from livetrio.exchange.faults.catalogue import ALIASES, FAULTS
from livetrio.exchange.faults.describe import describe_faults
from livetrio.exchange.faults.grammar import parse_fault


def test_each_fault_is_told_with_what_holds_when_nothing_is_said():
    told = dict(re.findall(r"^  (\S+) .*?\[(.*?)\]$", describe_faults(), re.MULTILINE))

    assert told["latency"] == "100ms..1s"
    assert told["reorder"] == "1ms..1s 50%"
    assert told["gap"] == "for 1s"
    assert told["restart"] == "3s"
    assert told.keys() == {
        name for name, kind in FAULTS.items() if kind.argument or kind.length or kind.percent
    }


def test_what_is_told_can_be_typed():
    lines = describe_faults().splitlines()
    first = [words[0] for line in lines if re.match(r"  \S", line) and (words := line.split())]
    examples = [each for line in lines[-2:] for each in re.split(r"\s{3,}", line.strip())]

    assert first[: len(FAULTS)] == list(FAULTS)
    assert [str(parse_fault(each)) for each in examples] == [
        "drop-connection every 30s",
        "ack-lost 5% on order",
        "latency 200ms..2s after 10s for 1m",
        "maintenance every 5m for 30s",
    ]
    assert all(f"`{alias}`" in describe_faults() for alias in ALIASES)
    assert max(map(len, lines)) <= 100
