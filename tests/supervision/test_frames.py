"""The frame cutter: by examples, and against wsproto as the judge of arbitrary streams."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from livetrio.supervision.frames import FrameCutter

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
LIMIT = 100_000


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = False,
    width: int | None = None,
    declared: int | None = None,
) -> bytes:
    """A frame as any server might send it: ``width`` bytes of length instead of the fewest, and so on."""
    length = len(payload) if declared is None else declared
    if width is None:
        width = 0 if length < 126 else 2 if length < 1 << 16 else 8
    code = {0: length, 2: 126, 8: 127}[width]
    head = (
        bytes([fin << 7 | reserved << 4 | opcode, masked << 7 | code])
        + length.to_bytes(9, "big")[9 - width :]
    )
    return head + (b"\0\0\0\0" if masked else b"") + payload


def cut(stream: bytes, *, limit: int = LIMIT) -> tuple[FrameCutter, list[bytes], bytes]:
    cutter = FrameCutter(max_message_bytes=limit)
    messages, rest = cutter.feed(stream)
    return cutter, messages, rest


# What a well-behaved server sends.


def test_messages_that_come_together_are_one_batch_in_order():
    payloads = [b"one", b"", b"x" * 125, b"y" * 126, b"z" * 65_535, b"w" * 65_536]

    _, messages, rest = cut(b"".join(frame(TEXT, payload) for payload in payloads))

    assert messages == payloads
    assert rest == b""


def test_text_and_binary_messages_look_alike():
    _, messages, _ = cut(frame(TEXT, b"text") + frame(BINARY, b"\x00\xff"))

    assert messages == [b"text", b"\x00\xff"]


def test_text_that_is_not_utf8_is_a_message_like_any_other_and_the_stream_goes_on():
    cutter, messages, rest = cut(frame(TEXT, b"\xff\xfe") + frame(TEXT, b"good"))

    assert messages == [b"\xff\xfe", b"good"]
    assert rest == b""
    assert cutter.offence is None


def test_control_frames_go_to_the_library_as_they_came():
    ping, pong = frame(PING, b"are you there"), frame(PONG)

    _, messages, rest = cut(ping + frame(TEXT, b"a") + pong + frame(TEXT, b"b"))

    assert messages == [b"a", b"b"]
    assert rest == ping + pong


def test_a_message_is_handed_over_with_its_last_byte_and_not_before():
    stream = frame(TEXT, b"m" * 300) + frame(TEXT, b"n")
    cutter = FrameCutter(max_message_bytes=LIMIT)

    batches = [cutter.feed(stream[position : position + 1])[0] for position in range(len(stream))]

    assert [position for position, batch in enumerate(batches) if batch] == [303, len(stream) - 1]
    assert [message for batch in batches for message in batch] == [b"m" * 300, b"n"]


def test_fragments_are_put_together_and_overtaken_by_nothing():
    cutter = FrameCutter(max_message_bytes=LIMIT)

    first = cutter.feed(frame(TEXT, b"a", fin=False))
    ping = cutter.feed(frame(PING, b"now"))
    last = cutter.feed(
        frame(CONTINUATION, b"b", fin=False)
        + frame(CONTINUATION, b"c")
        + frame(TEXT, b"later")
        + frame(BINARY, b"d", fin=False)
        + frame(CONTINUATION)
    )

    assert first == ([], b"")
    assert ping == ([], frame(PING, b"now")), "the ping does not wait for the message around it"
    assert last == ([b"abc", b"later", b"d"], b"")


def test_a_big_message_in_small_pieces_takes_time_by_its_size():
    """Looking again at all there is with each piece would read two terabytes here, and hang."""
    size, piece = 16 * 2**20, 64
    stream = frame(BINARY, bytes(size))
    cutter = FrameCutter(max_message_bytes=size)

    messages = [
        message
        for position in range(0, len(stream), piece)
        for message in cutter.feed(stream[position : position + piece])[0]
    ]

    assert [len(message) for message in messages] == [size]


def test_it_counts_what_went_through():
    stream = frame(TEXT, b"a") + frame(PING) + frame(TEXT, b"b")

    cutter, _, _ = cut(stream)

    assert (cutter.messages, cutter.bytes_fed) == (2, len(stream))
    assert repr(cutter) == f"<FrameCutter cutting: 2 messages, {len(stream)} bytes>"


# What ends it.


def test_after_a_close_frame_nothing_is_a_message():
    close = frame(CLOSE, b"\x03\xe8bye")

    cutter, messages, rest = cut(frame(TEXT, b"a") + close + frame(TEXT, b"ghost"))

    assert messages == [b"a"]
    assert rest == close + frame(TEXT, b"ghost")
    assert cutter.passing
    assert cutter.offence is None
    assert cutter.feed(frame(TEXT, b"another")) == ([], frame(TEXT, b"another"))


OFFENCES = {
    "reserved bits are set": frame(TEXT, b"a", reserved=4),
    "is masked": frame(TEXT, b"a", masked=True),
    "unknown opcode 0x3": frame(0x3, b"a"),
    "continues no message": frame(CONTINUATION, b"a"),
    "control frame is fragmented": frame(PING, b"a", fin=False),
    "control frame is longer than 125 bytes": frame(PING, b"a" * 126),
    "length of 5 is coded in 2 bytes": frame(TEXT, b"abcde", width=2),
    "length of 65535 is coded in 8 bytes": frame(TEXT, b"a" * 65_535, width=8),
    f"length of {1 << 63} is coded in 8 bytes": frame(TEXT, b"a", width=8, declared=1 << 63),
    f"has {LIMIT + 1} bytes or more": frame(TEXT, b"a" * (LIMIT + 1)),
}


@pytest.mark.parametrize("words", OFFENCES)
def test_an_offence_and_all_after_it_is_the_librarys(words):
    offence = OFFENCES[words] + frame(TEXT, b"after")

    cutter, messages, rest = cut(frame(TEXT, b"before") + offence)

    assert messages == [b"before"]
    assert rest == offence
    assert words in cutter.offence
    assert words in repr(cutter)
    assert cutter.feed(b"more") == ([], b"more")


@pytest.mark.parametrize(
    "offence",
    [
        pytest.param(frame(TEXT, b"another"), id="another message begins"),
        pytest.param(frame(CONTINUATION, b"b", reserved=1), id="reserved bits"),
        pytest.param(frame(CONTINUATION, b"b" * LIMIT), id="too long together"),
    ],
)
def test_an_offence_inside_a_fragmented_message_brings_the_fragments_back(offence):
    fragment, ping = frame(TEXT, b"a", fin=False), frame(PING)

    _, messages, rest = cut(fragment + ping + fragment.replace(b"\x01", b"\x00", 1) + offence)

    assert messages == []
    assert rest == ping + fragment + fragment.replace(b"\x01", b"\x00", 1) + offence


def test_a_message_that_will_be_too_long_is_not_waited_for():
    header = frame(TEXT, declared=LIMIT + 1)

    cutter, messages, rest = cut(header)

    assert (messages, rest) == ([], header)
    assert cutter.passing


def test_a_message_of_just_the_longest_length_is_taken():
    fragments = [frame(TEXT, b"a" * (LIMIT - 1), fin=False), frame(CONTINUATION, b"a")]

    _, messages, rest = cut(frame(TEXT, b"a" * LIMIT) + b"".join(fragments))

    assert messages == [b"a" * LIMIT] * 2
    assert rest == b""


# Against wsproto.


@attrs.define
class Reading:
    """What wsproto makes of a stream."""

    messages: list[bytes] = attrs.field(factory=list)
    controls: list[tuple[str, bytes]] = attrs.field(factory=list)
    verdict: tuple[int, str | None] | None = None


def read_with_wsproto(chunks: Iterable[bytes], *, limit: int) -> Reading:
    """Read a stream as trio-websocket does, which adds the limit on messages, until it ends or fails."""
    connection, reading, parts = Connection(ConnectionType.CLIENT), Reading(), []
    for chunk in chunks:
        connection.receive_data(chunk)
        for event in connection.events():
            match event:
                case TextMessage() | BytesMessage():
                    parts.append(event.data.encode() if isinstance(event.data, str) else bytes(event.data))
                    if sum(map(len, parts)) > limit:
                        reading.verdict = (1009, None)
                        return reading
                    if event.message_finished:
                        reading.messages.append(b"".join(parts))
                        parts.clear()
                case Ping() | Pong():
                    reading.controls.append((type(event).__name__, bytes(event.payload)))
                case CloseConnection():
                    reading.verdict = (int(event.code), event.reason)
                    return reading
    return reading


def split(data: bytes, places: list[int]) -> list[bytes]:
    """Cut data at places, which are taken modulo its length."""
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in pairwise(cuts)] or [b""]


SMALL_LIMIT = 300
places = st.lists(st.integers(0, 1 << 17), max_size=8)
texts = st.text(max_size=20).map(str.encode)
payloads = st.one_of(texts, st.sampled_from([124, 125, 126, 127, 298, 299]).map(lambda n: b"x" * n))
controls = st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125))


@st.composite
def fragmented(draw: st.DrawFn) -> bytes:
    """A message in fragments, with control frames between them."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    pieces = split(draw(payloads), draw(places))
    frames = [
        frame(CONTINUATION if index else opcode, piece, fin=index == len(pieces) - 1)
        for index, piece in enumerate(pieces)
    ]
    return b"".join(each + (draw(controls) if draw(st.booleans()) else b"") for each in frames)


wholes = st.builds(frame, st.sampled_from([TEXT, BINARY]), payloads)
closes = st.builds(
    frame,
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
    st.builds(frame, any_opcode, ascii_bytes, masked=st.just(True), fin=st.booleans()),
    st.builds(frame, any_opcode, ascii_bytes, reserved=st.integers(1, 7), fin=st.booleans()),
    st.builds(frame, st.integers(0, 15).filter(lambda opcode: opcode & 7 > 2), ascii_bytes),
    st.builds(frame, any_control, ascii_bytes, fin=st.just(False)),
    st.builds(frame, any_control, st.sampled_from([126, 300]).map(bytes)),
    st.builds(frame, any_opcode, ascii_bytes, width=st.sampled_from([2, 8]), fin=st.booleans()),
    st.builds(
        frame, any_opcode, ascii_bytes, width=st.just(8), declared=st.sampled_from([1 << 63, (1 << 64) - 1])
    ),
    # Too long: at once, or together with what came before.
    st.builds(frame, any_data, st.sampled_from([301, 70_000]).map(bytes), fin=st.booleans()),
    st.builds(frame, st.just(CONTINUATION), st.sampled_from([290, 301, 70_000]).map(bytes)),
    # Nothing wrong with it but its place.
    st.builds(frame, st.just(CONTINUATION), ascii_bytes, fin=st.booleans()),
)
unfinished = st.builds(frame, any_data, ascii_bytes, fin=st.just(False))
good = st.one_of(wholes, fragmented(), controls)
endings = st.one_of(
    st.just([]),
    st.tuples(closes, st.one_of(good, offences)),
    st.tuples(offences, st.one_of(good, offences)),
    st.tuples(unfinished, st.one_of(good, controls, offences), st.one_of(good, offences)),
)
streams = st.builds(
    lambda before, ending, missing: b"".join([*before, *ending])[: -missing or None],
    st.lists(good, max_size=4),
    endings,
    st.sampled_from([0, 0, 0, 1, 2, 5, 20, 100]),
)


@settings(max_examples=600, deadline=None)
@given(stream=streams, places=places)
@example(
    stream=frame(TEXT, "héllo".encode()[:2], fin=False) + frame(CONTINUATION, "é".encode()[1:]), places=[]
)
def test_the_library_judges_the_rest_as_it_would_have_judged_the_whole(stream, places):
    """Messages from the cutter, then those from the library, are all there were; the verdict is the same."""
    chunks = split(stream, places)
    cutter = FrameCutter(max_message_bytes=SMALL_LIMIT)
    cut_out: list[bytes] = []
    rest: list[bytes] = []
    for chunk in chunks:
        messages, remainder = cutter.feed(chunk)
        cut_out += messages
        rest.append(remainder)

    expected = read_with_wsproto(chunks, limit=SMALL_LIMIT)
    reading = read_with_wsproto(rest, limit=SMALL_LIMIT)

    assert cut_out + reading.messages == expected.messages
    assert reading.controls == expected.controls
    assert reading.verdict == expected.verdict


@settings(max_examples=200, deadline=None)
@given(stream=streams)
def test_how_the_bytes_arrive_makes_no_difference(stream):
    _, messages, rest = cut(stream, limit=SMALL_LIMIT)
    cutter = FrameCutter(max_message_bytes=SMALL_LIMIT)
    pieces = [cutter.feed(stream[position : position + 1]) for position in range(len(stream))]

    assert [message for batch, _ in pieces for message in batch] == messages
    assert b"".join(remainder for _, remainder in pieces) == rest
