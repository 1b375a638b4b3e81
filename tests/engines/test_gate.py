"""Gate: open when nobody has a reason to keep it closed."""

import pytest

from livetrio.engines.gate import SECOND, Closed, Gate


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


def test_a_reason_that_holds_already_keeps_its_beginning_and_gets_new_words():
    gate = Gate(SECOND)
    gate.close("connection", "refused", 3 * SECOND)

    assert gate.reason(4 * SECOND) == "refused (since 3.0 s)"
    assert gate.reasons == {"connection": Closed("refused", SECOND)}
    assert repr(gate) == "<Gate closed: connection>"


def test_a_reason_that_comes_back_is_the_youngest():
    gate = Gate()
    gate.close("journal", "the disk is full", SECOND)
    gate.open("connection")
    gate.close("connection", "reset", 2 * SECOND)

    assert gate.reason(3 * SECOND) == "the disk is full (since 2.0 s)"
    assert list(gate.reasons) == ["journal", "connection"]


def test_a_reason_may_let_pass_what_can_only_rest():
    gate = Gate()
    gate.open("connection")
    gate.close("venue", "it opens in steps", SECOND, passes_post_only=True)

    assert not gate.is_open
    assert gate.reason(SECOND, post_only=True) is None
    assert gate.reason(SECOND) == "it opens in steps (since 0.0 s)"
    gate.close("journal", "the disk is full", SECOND)
    assert gate.reason(SECOND, post_only=True) == "the disk is full (since 0.0 s)"
    gate.open("journal")
    gate.close("venue", "it is halted", 2 * SECOND)
    assert gate.reason(2 * SECOND, post_only=True) == "it is halted (since 1.0 s)"


def test_what_was_opened_on_trial_and_is_closed_again_has_held_all_the_while():
    gate = Gate()
    gate.open("connection")
    gate.close("venue", "halted", SECOND)
    gate.open("venue", on_trial=True)

    assert gate.is_open
    assert gate.is_on_trial("venue")
    gate.close("venue", "halted", 7 * SECOND)
    assert gate.reason(8 * SECOND) == "halted (since 7.0 s)"
    assert not gate.is_on_trial("venue")
    gate.open("venue", on_trial=True)
    gate.settle("venue")
    gate.close("venue", "halted", 20 * SECOND)
    assert gate.reason(21 * SECOND) == "halted (since 1.0 s)"


def test_what_did_not_hold_may_be_opened():
    gate = Gate()
    gate.open("nothing")
    gate.open("connection")

    assert repr(gate) == "<Gate open>"


def test_who_wants_to_know_is_told_when_it_opens_and_closes_and_not_of_each_reason():
    told = []
    gate = Gate(on_change=lambda is_open: told.append((is_open, gate.is_open)))
    gate.close("journal", "the disk is full", 1)
    gate.open("connection")
    gate.open("connection")
    assert told == []

    gate.open("journal")
    gate.close("journal", "the disk is full", 2)
    gate.close("connection", "reset", 3)
    assert told == [(True, True), (False, False)]


def test_it_is_closed_since_the_first_of_reasons_that_follow_each_other():
    gate = Gate(since=1)
    assert gate.closed_since == 1

    gate.open("connection")
    gate.close("connection", "reset", 5)
    gate.close("recovery", "what the venue has is being read", 8)
    gate.open("connection")  # one reason has followed the other: it has not been open
    assert gate.closed_since == 5
    gate.open("recovery")
    gate.close("connection", "reset", 9)
    assert gate.closed_since == 9


def test_what_was_opened_on_trial_and_is_closed_again_has_been_closed_all_the_while():
    gate = Gate()
    gate.open("connection")
    gate.close("venue", "it is halted", 3)
    gate.open("venue", on_trial=True)
    gate.close("venue", "it is halted", 8)

    assert gate.closed_since == 3


def test_its_reasons_are_changed_by_itself_alone():
    with pytest.raises(TypeError):
        Gate().reasons["mine"] = Closed("because", 1)  # type: ignore[index]
