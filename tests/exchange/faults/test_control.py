"""What whoever runs the exchange may ask of it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.faults.catalogue import FAULTS
from livetrio.exchange.faults.control import MAX_FAULTS, handle
from livetrio.exchange.faults.injector import Injector

USER = "0x" + "aB" * 20


class FakeControls:
    def __init__(self, error=None):
        self.error = error
        self.calls = []

    def fund(self, user, usdc):
        self.calls.append(("fund", user, usdc))
        return self.error

    def set_oracle(self, coin, px):
        self.calls.append(("oracle", coin, px))
        return self.error

    def state(self):
        return {"height": 7}


@pytest.fixture
def injector():
    return Injector(lambda: 0.0, random.Random(0))


def ask(injector, controls=None, **payload):
    return handle(payload, injector, controls or FakeControls())


def test_a_fault_is_added_listed_and_healed(injector):
    added = ask(injector, type="fault", fault="drop-connection  every 30s")
    other = ask(injector, type="fault", fault="timeout-after 5%")
    status, listed = ask(injector, type="faults")

    assert added == (200, {"id": 1, "fault": "drop-connection every 30s"})
    assert other == (200, {"id": 2, "fault": "ack-lost 5%"})
    assert status == 200
    assert listed["faults"] == [added[1], other[1]]
    assert [each["name"] for each in listed["catalogue"]] == list(FAULTS)
    assert ask(injector, type="heal", id=1) == (200, {"healed": [1]})
    assert ask(injector, type="heal") == (200, {"healed": [2]})
    assert ask(injector, type="heal") == (200, {"healed": []})
    assert injector.is_quiet


def test_funds_prices_and_state_are_the_exchanges(injector):
    controls = FakeControls()
    answers = [
        ask(injector, controls, type="fund", user=USER, usdc="1000.5"),
        ask(injector, controls, type="oracle", coin="BTC", px=60000),
        ask(injector, controls, type="state"),
    ]

    assert [status for status, _ in answers] == [200] * 3
    assert controls.calls == [
        ("fund", USER.lower(), "1000.5"),
        ("oracle", "BTC", "60000"),
    ]
    assert answers[2][1] == {"height": 7}


def test_what_the_exchange_refuses_is_said_in_its_words(injector):
    answer = ask(injector, FakeControls("no such coin"), type="oracle", coin="XYZ", px="1")

    assert answer == (422, {"error": "no such coin"})


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (None, "expected an object with a type, found nothing"),
        ([], "expected an object with a type, found a list"),
        (
            {"type": "falt"},
            "expected type to be one of faults, fault, heal, state, fund, oracle, found 'falt';"
            " did you mean fault?",
        ),
        (
            {"type": {}},
            "expected type to be one of faults, fault, heal, state, fund, oracle, found an object",
        ),
        ({"type": "state", "x": 1}, "expected nothing beside the type state, found 'x'"),
        ({"type": "heal", "ID": 1}, "expected id beside the type heal, found 'ID'"),
        ({"type": "heal", "id": 9}, "expected the number of a fault that is at work as id, found 9"),
        ({"type": "heal", "id": True}, "expected the number of a fault that is at work as id, found True"),
        (
            {"type": "heal", "id": 10**5000},
            "expected the number of a fault that is at work as id, found a very large number",
        ),
        ({"type": "fault"}, "expected a fault such as 'drop-connection every 30s', found nothing"),
        ({"type": "fault", "fault": "dupp"}, "expected the name of a fault, found 'dupp'; did you mean dup?"),
        (
            {"type": "fund", "user": "0x1", "usdc": "1"},
            "expected an address of 0x and 40 hex digits as user, found '0x1'",
        ),
        (
            {"type": "fund", "user": USER, "usdc": "-1"},
            "expected a number above 0 as usdc, such as '1000.5', found '-1'",
        ),
        (
            {"type": "oracle", "coin": "BTC", "px": "0.0"},
            "expected a number above 0 as px, such as '1000.5', found '0.0'",
        ),
        ({"type": "oracle", "px": "1"}, "expected a text as coin, found nothing"),
    ],
)
def test_a_wrong_request_is_told_why(injector, payload, sentence):
    assert handle(payload, injector, FakeControls()) == (422, {"error": sentence})


def test_there_are_only_so_many_faults_at_a_time(injector):
    for _ in range(MAX_FAULTS):
        assert ask(injector, type="fault", fault="dup")[0] == 200

    assert ask(injector, type="fault", fault="dup")[0] == 422
    assert len(injector.active) == MAX_FAULTS


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    VALUES
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["faults", "fault", "heal", "state", "fund", "oracle"])},
        optional=dict.fromkeys(("fault", "id", "user", "usdc", "coin", "px"), VALUES),
    )
)
def test_nothing_is_raised_whatever_is_asked(payload):
    status, answer = handle(payload, Injector(lambda: 0.0, random.Random(0)), FakeControls())

    assert status in (200, 422)
    assert (status == 422) == ("error" in answer)
