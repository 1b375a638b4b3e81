"""Frames: the bytes of the WebSocket protocol, as a server reads and writes them. No I/O.

Nearly all that a client sends are whole messages in one short masked frame each. These are taken out in
one loop over each chunk that arrives (2 µs apiece); all else is wsproto's to judge, byte by byte and in
order: control frames, fragments, long frames, text beyond ASCII, offences. So **wsproto sees the stream
without its ordinary messages**, which leaves none of its verdicts out, for they are about the others.

    bytes ──► ClientFrames ──┬── ordinary messages ─────────────────────────────► messages, in order
                             └── the rest ──► wsproto ──┬── messages ────────────►
                                                        └── pings, closes, offences ──► replies

The engine's own cutter (`livetrio.supervision.frames`) reads the other direction and shares no code with
this: so one mistake cannot hide the other.
"""

from __future__ import annotations

import struct

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

_FIN = 0x80
_MASKED = 0x80
_TEXT, _BINARY = 0x1, 0x2
_CONTROLS = (0x8, 0x9, 0xA)

_WHOLE_MESSAGE = (_FIN | _TEXT, _FIN | _BINARY)
"""First byte of a frame that holds a whole message and nothing unusual."""

_TWO_BYTE_LENGTH = 126
"""In place of a length: it follows in two bytes. The next number up says eight bytes."""

_EVER = 1 << 64
"""More bytes than any frame has."""

_XOR = [bytes(byte ^ mask for byte in range(256)) for mask in range(256)]
"""For each byte of a mask, what becomes of each byte under it."""


def frame_text(message: bytes) -> bytes:
    """A text message as a server sends it, in one frame."""
    return frame_header(len(message)) + message


def frame_header(length: int, first: int = _FIN | _TEXT) -> bytes:
    """The header of a server's frame of so many bytes; ``first`` is its first byte."""
    if length < _TWO_BYTE_LENGTH:
        return bytes((first, length))
    if length < 1 << 16:
        return struct.pack("!BBH", first, _TWO_BYTE_LENGTH, length)
    return struct.pack("!BBQ", first, _TWO_BYTE_LENGTH + 1, length)


class ClientFrames:
    """Makes messages of what one client sends after the upgrade, and replies of what needs no more thought.

    Holds at most one incomplete message of ``max_message_bytes`` and the chunk at hand.
    """

    def __init__(self, *, max_message_bytes: int) -> None:
        self.code: int | None = None
        """The close code, once the conversation is over: the client's, or that of its offence. What it sends
        from then on is ignored."""
        self._max_message_bytes = max_message_bytes
        self._protocol = Connection(ConnectionType.SERVER)
        self._replies = bytearray()
        self._tail: bytes | bytearray = b""
        """The beginning of a frame that is not complete."""
        self._needed = 0
        """Bytes that the tail must have before it is worth another look."""
        self._passing = 0
        """Bytes of a frame that are still to come and are wsproto's."""
        self._message = bytearray()
        """What there is of the message that wsproto is reading."""
        self._in_message = False
        """Whether it is reading one."""

    def take_replies(self) -> bytes:
        """What the protocol has to say to the client: pongs, and the close frame if it is over."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def feed(self, data: bytes) -> list[bytes]:
        """Take the stream's next bytes; return the messages that are complete now, oldest first."""
        if self.code is not None:
            return []
        if self._tail:
            if len(self._tail) + len(data) < self._needed:
                if isinstance(self._tail, bytes):
                    self._tail = bytearray(self._tail)
                self._tail += data
                return []
            data = b"".join((self._tail, data))
            self._tail = b""
        messages: list[bytes] = []
        position = self._pass(data, 0, messages) if self._passing else 0

        # The hot loop: ordinary messages are taken in line, at anything else `_step` looks more closely.
        append, whole, limit, end = messages.append, _WHOLE_MESSAGE, self._max_message_bytes, len(data)
        self._needed = 0
        while (start := position + 2) <= end and self.code is None:
            if data[position] in whole and not self._in_message:
                length = data[position + 1] - _MASKED  # less than nothing if there is no mask
                if length == _TWO_BYTE_LENGTH and position + 8 <= end:
                    coded, start = data[start] << 8 | data[position + 3], start + 2
                    length = coded if coded >= _TWO_BYTE_LENGTH else -1
                elif length >= _TWO_BYTE_LENGTH:
                    length = -1
                stop = start + 4 + length
                if stop <= end and 0 <= length <= limit:
                    payload = _unmask(data[start + 4 : stop], data[start : start + 4])
                    if payload.isascii() or data[position] & _BINARY:
                        append(payload)
                        position = stop
                        continue
            position = self._step(data, position, messages)
            if self._needed:
                break
        else:
            self._needed = 2
        if self.code is None:
            self._tail = data[position:]
        return messages

    def _step(self, data: bytes, position: int, messages: list[bytes]) -> int:
        """Deal with any frame at all; return where the next one begins.

        If bytes are missing, ``_needed`` says how many the frame (or its header) has, and the position
        returned is the same.
        """
        first, second = data[position], data[position + 1]
        opcode, coded = first & 0x0F, second & ~_MASKED
        if opcode > _BINARY and (opcode not in _CONTROLS or not first & _FIN or coded >= _TWO_BYTE_LENGTH):
            self._passing = _EVER  # an offence; that is all that can be said of it
            return self._pass(data, position, messages)
        length, start = coded, position + 2
        if coded >= _TWO_BYTE_LENGTH:
            start += 2 if coded == _TWO_BYTE_LENGTH else 8
            if start > len(data):
                self._needed = start - position
                return position
            length = int.from_bytes(data[position + 2 : start])
        size = start - position + (4 if second & _MASKED else 0) + length
        is_ordinary = (
            first in _WHOLE_MESSAGE
            and not self._in_message
            and bool(second & _MASKED)
            and (coded < _TWO_BYTE_LENGTH or (coded == _TWO_BYTE_LENGTH and length >= _TWO_BYTE_LENGTH))
            and length <= self._max_message_bytes
        )
        if is_ordinary and position + size > len(data):
            self._needed = size
            return position
        self._passing = size
        return self._pass(data, position, messages)

    def _pass(self, data: bytes, position: int, messages: list[bytes]) -> int:
        """Let wsproto have what there is of its frame; return where that ends."""
        piece = data[position : position + self._passing]
        self._passing -= len(piece)
        self._protocol.receive_data(piece)
        for event in self._protocol.events():
            match event:
                case TextMessage() | BytesMessage():
                    self._add(event, messages)
                case Ping():
                    self._replies += self._protocol.send(event.response())
                case CloseConnection():
                    self._end(event)
            if self.code is not None:
                break
        return position + len(piece)

    def _add(self, event: TextMessage | BytesMessage, messages: list[bytes]) -> None:
        self._message += event.data.encode() if isinstance(event.data, str) else event.data
        self._in_message = not event.message_finished
        if len(self._message) > self._max_message_bytes:
            reason = f"a message has more than {self._max_message_bytes} bytes"
            self._end(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG, reason=reason))
        elif event.message_finished:
            messages.append(bytes(self._message))
            self._message.clear()

    def _end(self, event: CloseConnection) -> None:
        """Answer the client's goodbye, or say what is wrong with what it sent."""
        self.code = event.code
        self._replies += self._protocol.send(CloseConnection(code=event.code, reason=event.reason))
        self._message.clear()

    def __repr__(self) -> str:
        return f"<ClientFrames {'open' if self.code is None else f'closed with {self.code}'}>"


def _unmask(payload: bytes, mask: bytes) -> bytes:
    """Each byte under its byte of the mask. 1 µs for 400 bytes, less than as one big number from 500 on."""
    data = bytearray(payload)
    first, second, third, fourth = mask
    data[::4] = data[::4].translate(_XOR[first])
    data[1::4] = data[1::4].translate(_XOR[second])
    data[2::4] = data[2::4].translate(_XOR[third])
    data[3::4] = data[3::4].translate(_XOR[fourth])
    return bytes(data)
