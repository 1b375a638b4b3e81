"""Gate: open when nobody has a reason to keep it closed."""

from livetrio.engines.gate import SECOND, Gate


def test_it_begins_closed_and_says_why():
    gate = Gate()

    assert not gate.is_open
    assert gate.reason(5) == "not connected yet"


def test_it_opens_only_when_no_reason_is_left():
    gate = Gate()
    gate.close("recovery", "what the venue has is being read", 10 * SECOND)
    gate.open("connection")

    assert gate.reason(12 * SECOND) == "what the venue has is being read (since 2.0 s)"
    gate.open("recovery")
    assert gate.is_open
    assert gate.reason(13 * SECOND) is None


def test_a_reason_that_holds_already_keeps_its_beginning():
    gate = Gate(SECOND)
    gate.close("connection", "refused", 3 * SECOND)

    assert gate.reason(4 * SECOND) == "refused (since 3.0 s)"
    assert list(gate.reasons) == ["connection"]
    assert repr(gate) == "<Gate closed: connection>"


def test_what_did_not_hold_may_be_opened():
    gate = Gate()
    gate.open("nothing")
    gate.open("connection")

    assert repr(gate) == "<Gate open>"
