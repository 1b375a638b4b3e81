"""Frames, as a server reads and writes them: by examples, and against wsproto as the judge of any stream."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import attrs
import pytest
from edge_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, client_frame, server_frames
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from livetrio.exchange.edge.frames import ClientFrames, frame_text

LIMIT = 100_000


def read(stream: bytes, *, limit: int = LIMIT) -> tuple[ClientFrames, list[bytes], bytes]:
    frames = ClientFrames(max_message_bytes=limit)
    messages = frames.feed(stream)
    return frames, messages, frames.take_replies()


# What a well-behaved client sends.


def test_messages_that_come_together_come_out_in_order():
    payloads = [b"one", b"", b"x" * 125, b"y" * 126, b"z" * 65_535, b"w" * 65_536, b"two"]

    _, messages, replies = read(b"".join(client_frame(TEXT, payload) for payload in payloads))

    assert messages == payloads
    assert replies == b""


@pytest.mark.parametrize("payload", [bytes(range(256)), "naïve".encode(), b"\xff\xfe", b""])
def test_a_binary_message_may_hold_anything(payload):
    _, messages, _ = read(client_frame(BINARY, payload))

    assert messages == [payload]


def test_text_beyond_ascii_keeps_its_place():
    texts = [b"a", "é".encode(), b"b", "日本".encode(), b"c"]

    _, messages, _ = read(b"".join(client_frame(TEXT, text) for text in texts))

    assert messages == texts


@pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x80\x7f\xfe"])
def test_any_mask_is_taken_off(mask):
    sizes = [*range(9), 400, 1001]

    _, messages, _ = read(b"".join(client_frame(TEXT, b"m" * size, mask=mask) for size in sizes))

    assert messages == [b"m" * size for size in sizes]


def test_a_message_is_handed_over_with_its_last_byte_and_not_before():
    stream = client_frame(TEXT, b"m" * 300) + client_frame(TEXT, b"n") + client_frame(TEXT, b"o" * 70_000)
    frames = ClientFrames(max_message_bytes=LIMIT)

    batches = [frames.feed(stream[position : position + 1]) for position in range(len(stream))]

    assert [position for position, batch in enumerate(batches) if batch] == [307, 314, len(stream) - 1]
    assert [message for batch in batches for message in batch] == [b"m" * 300, b"n", b"o" * 70_000]


def test_fragments_are_put_together_and_a_ping_among_them_does_not_wait():
    frames = ClientFrames(max_message_bytes=LIMIT)

    first = frames.feed(client_frame(TEXT, b"a", fin=False))
    ping = frames.feed(client_frame(PING, b"now")), frames.take_replies()
    last = frames.feed(
        client_frame(CONTINUATION, b"b", fin=False)
        + client_frame(CONTINUATION, b"c")
        + client_frame(TEXT, b"later")
        + client_frame(BINARY, b"d", fin=False)
        + client_frame(CONTINUATION)
    )

    assert first == []
    assert ping == ([], b"\x8a\x03now")
    assert last == [b"abc", b"later", b"d"]


def test_many_small_fragments_take_time_by_their_number():
    """Counting the message anew with each fragment would take minutes here."""
    count = 20_000
    stream = client_frame(TEXT, fin=False) + client_frame(CONTINUATION, b"x", fin=False) * count
    frames = ClientFrames(max_message_bytes=count)

    assert frames.feed(stream) == []
    assert frames.feed(client_frame(CONTINUATION)) == [b"x" * count]


def test_pings_are_answered_and_pongs_are_not():
    _, messages, replies = read(
        client_frame(PING, b"1") + client_frame(PONG, b"?") + client_frame(TEXT, b"a") + client_frame(PING)
    )

    assert messages == [b"a"]
    assert server_frames(replies) == [(PONG, b"1"), (PONG, b"")]


# What ends it.


@pytest.mark.parametrize(
    "payload, code, answer",
    [(b"", 1005, b""), (b"\x03\xe8", 1000, b"\x03\xe8"), (b"\x0f\xa0bye", 4000, b"\x0f\xa0bye")],
)
def test_a_goodbye_is_answered_in_kind_and_what_comes_after_it_is_ignored(payload, code, answer):
    frames, messages, replies = read(
        client_frame(TEXT, b"a") + client_frame(CLOSE, payload) + client_frame(TEXT, b"ghost")
    )

    assert messages == [b"a"]
    assert frames.code == code
    assert server_frames(replies) == [(CLOSE, answer)]
    assert frames.feed(client_frame(TEXT, b"another") + client_frame(PING)) == []
    assert frames.take_replies() == b""
    assert repr(frames) == f"<ClientFrames closed with {code}>"


OFFENCES = {
    "not masked": (1002, client_frame(TEXT, b"a", mask=None)),
    "reserved bits": (1002, client_frame(TEXT, b"a", reserved=4)),
    "unknown opcode": (1002, client_frame(0x3, b"a")),
    "continues nothing": (1002, client_frame(CONTINUATION, b"a")),
    "message inside a message": (1002, client_frame(TEXT, b"a", fin=False) + client_frame(TEXT, b"b")),
    "control frame in fragments": (1002, client_frame(PING, b"a", fin=False)),
    "control frame too long": (1002, client_frame(PING, b"a" * 126)),
    "long-winded length": (1002, client_frame(TEXT, b"abcde", width=2)),
    "longer-winded length": (1002, client_frame(TEXT, b"a" * 65_535, width=8)),
    "negative length": (1002, client_frame(TEXT, b"a", width=8, declared=1 << 63)),
    "half a close code": (1002, client_frame(CLOSE, b"\x03")),
    "a close code that is none": (1002, client_frame(CLOSE, b"\x03\xed")),
    "text that is not UTF-8": (1007, client_frame(TEXT, b"\xff")),
    "text whose last letter is half there": (1007, client_frame(TEXT, "é".encode()[:1])),
    "a reason that is not UTF-8": (1007, client_frame(CLOSE, b"\x03\xe8\xff")),
    "too long": (1009, client_frame(TEXT, b"a" * (LIMIT + 1))),
    "too long together": (
        1009,
        client_frame(TEXT, b"a" * LIMIT, fin=False) + client_frame(CONTINUATION, b"a"),
    ),
}


@pytest.mark.parametrize("offence", OFFENCES)
def test_an_offence_gets_its_code_and_the_messages_before_it_count(offence):
    code, data = OFFENCES[offence]

    frames, messages, replies = read(client_frame(TEXT, b"before") + data + client_frame(TEXT, b"after"))
    [(opcode, payload)] = server_frames(replies)

    assert messages == [b"before"]
    assert frames.code == code
    assert (opcode, int.from_bytes(payload[:2])) == (CLOSE, code)


def test_a_message_that_declares_more_than_there_may_be_is_not_kept_for_long():
    frames = ClientFrames(max_message_bytes=LIMIT)
    frames.feed(client_frame(BINARY, declared=1 << 62))
    for _ in range(LIMIT // 1000):
        assert frames.feed(b"x" * 1000) == []
        assert frames.code is None

    assert frames.feed(b"x") == []
    assert frames.code == 1009


# What a server sends.


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 100_000])
def test_a_text_is_framed_as_a_client_reads_it(size):
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(frame_text(b"t" * size))
    events = list(client.events())

    assert "".join(event.data for event in events) == "t" * size
    assert [event.message_finished for event in events][-1]


# Against wsproto.


@attrs.define
class Reading:
    """What wsproto alone makes of a stream."""

    messages: list[bytes] = attrs.field(factory=list)
    replies: bytes = b""
    code: int | None = None


def read_with_wsproto(chunks: Iterable[bytes], *, limit: int) -> Reading:
    """Read a stream until it ends or fails; the limit on messages is trio-websocket's way."""
    connection, reading, message = Connection(ConnectionType.SERVER), Reading(), b""

    def end(event: CloseConnection) -> Reading:
        reading.code = int(event.code)
        reading.replies += connection.send(event)
        return reading

    for chunk in chunks:
        connection.receive_data(chunk)
        for event in connection.events():
            match event:
                case TextMessage() | BytesMessage():
                    message += event.data.encode() if isinstance(event.data, str) else bytes(event.data)
                    if len(message) > limit:
                        reason = f"a message has more than {limit} bytes"
                        return end(CloseConnection(CloseReason.MESSAGE_TOO_BIG, reason))
                    if event.message_finished:
                        reading.messages.append(message)
                        message = b""
                case Ping():
                    reading.replies += connection.send(event.response())
                case CloseConnection():
                    return end(CloseConnection(event.code, event.reason))
    return reading


def split(data: bytes, places: list[int]) -> list[bytes]:
    """Cut data at places, which are taken modulo its length."""
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in pairwise(cuts)] or [b""]


def without_reasons(replies: bytes) -> list[tuple[int, bytes]]:
    """The frames, of closes only the code: in a reason wsproto may count bytes from where a piece began."""
    return [
        (opcode, payload[:2] if opcode == CLOSE else payload) for opcode, payload in server_frames(replies)
    ]


SMALL_LIMIT = 300
places = st.lists(st.integers(0, 1 << 17), max_size=8)
masks = st.binary(min_size=4, max_size=4)
texts = st.text(max_size=20).map(str.encode)
payloads = st.one_of(texts, st.sampled_from([124, 125, 126, 127, 298, 299]).map(lambda size: b"x" * size))
controls = st.builds(client_frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=masks)


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """A message in fragments, with control frames between them."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    pieces = split(draw(payloads), draw(places))
    frames = [
        client_frame(CONTINUATION if index else opcode, piece, fin=index == len(pieces) - 1, mask=draw(masks))
        for index, piece in enumerate(pieces)
    ]
    return b"".join(each + (draw(controls) if draw(st.booleans()) else b"") for each in frames)


wholes = st.one_of(
    st.builds(client_frame, st.just(TEXT), payloads, mask=masks),
    st.builds(client_frame, st.just(BINARY), st.one_of(payloads, st.binary(max_size=150)), mask=masks),
)
closes = st.builds(
    client_frame,
    st.just(CLOSE),
    st.one_of(
        st.sampled_from(
            [b"", b"\x03", b"\x03\xe8", b"\x03\xe8bye", b"\x03\xed", b"\x0f\xa0\xff", b"\x00\x01"]
        ),
        st.binary(max_size=125),
    ),
)
ascii_bytes = st.text("ab", max_size=10).map(str.encode)
any_data = st.sampled_from([TEXT, BINARY])
any_control = st.sampled_from([CLOSE, PING, PONG])
any_opcode = st.one_of(any_data, st.just(CONTINUATION), any_control)
offences = st.one_of(
    st.builds(client_frame, any_opcode, ascii_bytes, mask=st.none(), fin=st.booleans()),
    st.builds(client_frame, any_opcode, ascii_bytes, reserved=st.integers(1, 7), fin=st.booleans()),
    st.builds(client_frame, st.integers(0, 15).filter(lambda opcode: opcode & 7 > 2), ascii_bytes),
    st.builds(client_frame, any_control, ascii_bytes, fin=st.just(False)),
    st.builds(client_frame, any_control, st.sampled_from([126, 300]).map(bytes)),
    st.builds(client_frame, any_opcode, ascii_bytes, width=st.sampled_from([2, 8]), fin=st.booleans()),
    st.builds(
        client_frame,
        any_opcode,
        ascii_bytes,
        width=st.just(8),
        declared=st.sampled_from([1 << 63, (1 << 64) - 1]),
    ),
    # Too long: at once, or together with what came before.
    st.builds(client_frame, any_data, st.sampled_from([301, 70_000]).map(bytes), fin=st.booleans()),
    st.builds(client_frame, st.just(CONTINUATION), st.sampled_from([290, 301, 70_000]).map(bytes)),
    # Nothing wrong with it but its place.
    st.builds(client_frame, st.just(CONTINUATION), ascii_bytes, fin=st.booleans()),
)
unfinished = st.builds(client_frame, any_data, ascii_bytes, fin=st.just(False))
good = st.one_of(wholes, fragmented(), controls)
endings = st.one_of(
    st.just([]),
    st.tuples(closes, st.one_of(good, offences)),
    st.tuples(offences, st.one_of(good, offences)),
    st.tuples(unfinished, st.one_of(good, controls, offences), st.one_of(good, offences)),
)
torn = st.builds(
    lambda before, ending, missing: b"".join([*before, *ending])[: -missing or None],
    st.lists(good, max_size=4),
    endings,
    st.sampled_from([0, 0, 0, 1, 2, 5, 20, 100]),
)
garbled = st.lists(
    st.one_of(good, st.builds(client_frame, st.just(TEXT), st.binary(max_size=150))), max_size=5
).map(b"".join)
"""Whole frames, also with text that is not UTF-8; wsproto alone says so before the last byte has come."""


@settings(max_examples=800, deadline=None)
@given(stream=st.one_of(torn, garbled), places=places)
@example(
    stream=client_frame(TEXT, "é".encode()[:1], fin=False) + client_frame(CONTINUATION, "é".encode()[1:]),
    places=[],
)
@example(stream=client_frame(TEXT, b"ab", width=2)[:-1], places=[])
@example(stream=client_frame(TEXT, b"ab", mask=None)[:-1], places=[])
def test_whatever_comes_is_read_as_wsproto_alone_would_read_it(stream, places):
    chunks = split(stream, places)
    frames = ClientFrames(max_message_bytes=SMALL_LIMIT)
    messages = [message for chunk in chunks for message in frames.feed(chunk)]
    expected = read_with_wsproto(chunks, limit=SMALL_LIMIT)

    assert messages == expected.messages
    assert frames.code == expected.code
    assert without_reasons(frames.take_replies()) == without_reasons(expected.replies)


@settings(max_examples=200, deadline=None)
@given(stream=st.one_of(torn, garbled))
def test_how_the_bytes_arrive_makes_no_difference(stream):
    whole, messages, replies = read(stream, limit=SMALL_LIMIT)
    frames = ClientFrames(max_message_bytes=SMALL_LIMIT)
    pieces = [frames.feed(stream[position : position + 1]) for position in range(len(stream))]

    assert [message for piece in pieces for message in piece] == messages
    assert without_reasons(frames.take_replies()) == without_reasons(replies)
    assert frames.code == whole.code
