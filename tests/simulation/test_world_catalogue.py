"""The faults of a world: its own go before the exchange's of the same name, and all are written alike."""

import pytest

from livetrio.exchange.faults.catalogue import FAULTS
from livetrio.exchange.faults.grammar import BadFault
from livetrio.simulation.catalogue import CATALOGUE, WORLD, find_world_kind, is_worlds_own, parse_world_fault


def test_every_fault_of_the_exchange_can_be_asked_for_or_is_performed_by_the_world_itself():
    assert FAULTS.keys() <= CATALOGUE.kinds.keys()
    assert WORLD.keys() & FAULTS.keys() == {"refuse", "dial-hole", "rst", "half-open", "flap"}


@pytest.mark.parametrize("name", CATALOGUE.kinds)
def test_every_fault_can_be_written_by_its_name_alone(name):
    fault = parse_world_fault(name)

    assert is_worlds_own(fault) == (name in WORLD)
    assert parse_world_fault(str(fault)) == fault


def test_a_networks_fault_lasts_where_the_exchanges_own_is_over_at_once():
    assert parse_world_fault("half-open for 40s after 2m").length == 40_000


def test_other_names_are_known():
    assert find_world_kind("timeout-after").name == "ack-lost"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("kil", "expected the name of a fault, found 'kil'; did you mean kill?"),
        ("dns on order", "expected no 'on', for dns acts on the way to the venue, found 'on order'"),
        ("raises 3s", "expected no argument, for raises takes none, found '3s'; a chance is written 5%"),
        (
            "disk-error",
            "disk-error is no fault of a simulated world: it happens to the process or its machine, "
            "not to the venue: the test that starts the process does it",
        ),
    ],
)
def test_a_wrong_line_is_told_why(line, sentence):
    with pytest.raises(BadFault) as caught:
        parse_world_fault(line)

    assert str(caught.value) == sentence
