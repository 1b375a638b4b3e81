"""Faults as lines of text: what is read is what is written, and a wrong line is told why in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livetrio.exchange.faults.catalogue import ALIASES, ELSEWHERE, FAULTS, Place
from livetrio.exchange.faults.grammar import MAX_DURATION, BadFault, Fault, parse_fault

DURATIONS = st.integers(1, MAX_DURATION - 1)


@st.composite
def faults(draw):
    kind = FAULTS[draw(st.sampled_from(sorted(FAULTS)))]
    argument = None
    if kind.argument is not None and draw(st.booleans()):
        argument = tuple(sorted((draw(DURATIONS), draw(DURATIONS))))
    repeat = draw(st.sampled_from(["once", "every", None]))
    every = draw(st.integers(2_000, MAX_DURATION)) if repeat == "every" else None
    length = None
    if kind.place is Place.MOMENT:
        if every is not None and draw(st.booleans()):
            length = draw(st.integers(every, MAX_DURATION))
    elif draw(st.booleans()):
        length = draw(DURATIONS if every is None else st.integers(1, every - 1))
    return Fault(
        kind.name,
        argument,
        draw(st.none() | st.integers(1, 1_000_000).map(lambda each: each / 10_000)),
        draw(st.none() | st.sampled_from(sorted(kind.scopes))) if kind.scopes else None,
        repeat == "once",
        every,
        draw(st.none() | DURATIONS),
        length,
    )


@given(faults())
def test_what_is_written_is_read_as_the_same_fault(fault):
    assert parse_fault(str(fault)) == fault


@given(st.text(max_size=250) | st.lists(st.sampled_from(["dup", "on", "5%", "for", "1s", "..", "%", "x"])))
def test_any_text_is_a_fault_or_gets_one_sentence(line):
    line = line if isinstance(line, str) else " ".join(line)
    try:
        fault = parse_fault(line)
    except BadFault as error:
        sentence = str(error)
    else:
        sentence = ""
        assert parse_fault(str(fault)) == fault

    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("drop-connection every 30s", Fault("drop-connection", every=30_000)),
        ("half-open after 10s", Fault("half-open", after=10_000)),
        ("latency 200ms..2s for 1m", Fault("latency", (200, 2_000), length=60_000)),
        ("ack-lost 5%", Fault("ack-lost", percent=5.0)),
        ("dup 10% on userFills", Fault("dup", percent=10.0, scope="userFills")),
        ("429 for 10s after 1m", Fault("429", after=60_000, length=10_000)),
        ("502 20%", Fault("502", percent=20.0)),
        ("maintenance for 30s every 5m", Fault("maintenance", every=300_000, length=30_000)),
        ("garbled 1%", Fault("garbled", percent=1.0)),
        ("silent on l2Book after 20s for 30s", Fault("silent", scope="l2Book", after=20_000, length=30_000)),
        ("reorder", Fault("reorder")),
        ("reject once", Fault("reject", once=True)),
        ("ack-late 20s", Fault("ack-late", (20_000, 20_000))),
        ("timeout-after 5% on cancel", Fault("ack-lost", percent=5.0, scope="cancel")),
        ("  DUP   ON userfills ", Fault("dup", scope="userFills")),
        ("dup on userEvents", Fault("dup", scope="user")),
    ],
)
def test_lines_as_people_write_them(line, fault):
    assert parse_fault(line) == fault


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "expected the name of a fault, found nothing"),
        (
            "drop-conection",
            "expected the name of a fault, found 'drop-conection'; did you mean drop-connection?",
        ),
        ("zzzzzz", "expected the name of a fault, found 'zzzzzz'"),
        (
            "dns every 10s",
            "dns is no fault of the venue: it happens between client and venue: use a network that does it,"
            " or `refuse` and `dial-hole`",
        ),
        ("dup every", "expected a duration such as 30s after 'every', found the end of the line"),
        ("dup on", "expected a channel or a kind of request after 'on', found the end of the line"),
        ("dup for soon", "expected a duration such as 30s, 5m or 200ms after 'for', found 'soon'"),
        ("dup for 0.1ms", "expected a duration from 1ms to 365d after 'for', found '0.1ms'"),
        ("dup for 366d", "expected a duration from 1ms to 365d after 'for', found '366d'"),
        (
            "dup on userFils",
            "expected a channel after 'on' in dup, found 'userFils'; did you mean userFills?",
        ),
        ("429 on bbo", "expected info or action or an action's type after 'on' in 429, found 'bbo'"),
        (
            "latency on elsewhere",
            "expected info or action or an action's type or a channel after 'on' in latency,"
            " found 'elsewhere'",
        ),
        ("nonce on info", "expected action or an action's type after 'on' in nonce, found 'info'"),
        ("not-found on order", "expected info after 'on' in not-found, found 'order'"),
        ("refuse on bbo", "expected no 'on', for refuse acts when a client connects, found 'on bbo'"),
        ("dup 0%", "expected a chance above 0% and up to 100%, with four decimals at most, found '0%'"),
        ("dup x%", "expected a chance above 0% and up to 100%, with four decimals at most, found 'x%'"),
        ("dup 5% 6%", "expected the chance once in a fault, found it again at '6%'"),
        (
            "dup 5s",
            "expected no argument, for dup takes none, found '5s'; a chance is written 5%",
        ),
        (
            "dup aftr 5s",
            "expected a chance such as 5%, on, once, every, after or for in dup, found 'aftr'; did you mean"
            " after?",
        ),
        (
            "latency 2s..1s",
            "expected the shorter duration first as the argument of latency, found '2s..1s'",
        ),
        ("dup once every 5s", "expected 'once' or 'every', found both in 'dup once every 5s'"),
        ("dup for 5s every 5s", "expected 'for' to be shorter than 'every', found 5s every 5s"),
        ("gap every 1s", "expected 'for' to be shorter than 'every', found 1s every 1s"),
        ("rst for 1m", "expected 'every' beside 'for', for rst happens at a moment, found 'rst for 1m'"),
        (
            "restart for 3s",
            "expected 'every' beside 'for', for restart happens at a moment, found 'restart for 3s';"
            " how long it takes is written 'restart 3s'",
        ),
        (
            "rst every 1m for 1s",
            "expected 'for' to be no shorter than 'every', found 'rst every 1m for 1s'",
        ),
        ("x" * 201, "expected a fault of at most 200 characters, found 201"),
    ],
)
def test_a_wrong_line_is_told_what_was_wanted_and_what_was_found(line, sentence):
    with pytest.raises(BadFault) as caught:
        parse_fault(line)

    assert str(caught.value) == sentence


PAGE = """
    refuse dns dial-hole tls handshake-429 handshake-503 rst half-open silent slow-read latency reorder dup
    gap flap bad-json bad-utf8 null wrong-types unknown-channel unknown-field giant fragmented masked
    reserved-bits text-in-control-frame stale-snapshot crossed-book negative-size price-off-tick reject
    timeout-before timeout-after ack-lost ack-late 500-after fill-before-ack fill-after-cancel
    partial-then-cancel not-found 429 budget maintenance post-only restart wipe nonce liquidation funding
    manual-order manual-close old-fills kill power disk-full disk-error journal-corrupt journal-newer
    journal-foreign double-start clock-jump loop-stall sigterm memory raises slow flood stale-decision
    bad-config unknown-key changed-config wrong-key agent-not-approved account-empty kill-switch
"""
"""All that can go wrong, as the project's page of faults names it."""


def test_every_fault_there_is_has_its_place():
    assert {*FAULTS, *ALIASES, *ELSEWHERE} == {*PAGE.split(), "drop-connection", "502", "garbled"}


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_what_is_not_the_venues_to_perform_is_sent_where_it_belongs(name):
    with pytest.raises(BadFault, match=r"is no fault of the venue: .{10}"):
        parse_fault(name)


def test_every_fault_has_a_sentence_and_a_line_of_its_name_alone():
    for name, kind in FAULTS.items():
        assert str(parse_fault(name)) == name
        assert kind.sentence.endswith(".")
        assert kind.default <= kind.scopes

    assert not FAULTS.keys() & (ELSEWHERE.keys() | ALIASES.keys())
