"""FrameCutter: takes complete messages out of a WebSocket's bytes, many at a time.

This is the fast lane. A library that makes events of frames spends 30 µs on a message; but nearly all of
a market data stream are whole messages in one unmasked frame each, and those need two numbers read and
one slice taken. The cutter does that in one loop over each chunk that arrives and leaves all judgement
to the library: **what the library sees is the stream without its complete messages**.

    bytes ──► FrameCutter ──┬──► messages, one batch per chunk
                            └──► the rest, as it came and in order: control frames and offences

Fragments are put together here, too; otherwise a later message would overtake a fragmented one. Their
frames are kept as they came until the message is complete. If it never will be, because the far side
breaks the protocol in the middle of it, the library gets them after all and gives RFC 6455's verdict.
From an offence on, and after a close frame, which ends the conversation, every byte goes to the library.

One deviation from RFC 6455 §8.1 is meant: text that is not UTF-8 does not fail the connection. A garbled
message is the codec's to count and name, and the stream goes on; of thousands of messages a second it is
better to lose one than the session. So text and binary messages look alike here.
"""

from __future__ import annotations

_FIN = 0x80
_RESERVED = 0x70
_MASKED = 0x80
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

_WHOLE_MESSAGE = (_FIN | _TEXT, _FIN | _BINARY)
"""First byte of a frame that holds a whole message and nothing unusual."""

_TWO_BYTE_LENGTH = 126
"""In place of a length: it follows in two bytes. The next number up says eight bytes."""


class FrameCutter:
    """Splits what a server sends after the upgrade into messages and the rest. Does no I/O.

    Holds at most one incomplete message of ``max_message_bytes`` and the chunk at hand.
    """

    def __init__(self, *, max_message_bytes: int) -> None:
        self.passing = False
        """Whether everything goes to the library from now on."""
        self.offence: str | None = None
        """What the far side did wrong, if that is why."""
        self.messages = 0
        """Messages cut out so far."""
        self.bytes_fed = 0
        """Bytes taken in so far, headers and control frames included."""
        self._max_message_bytes = max_message_bytes
        self._tail: bytes | bytearray = b""
        """The beginning of a frame that is not complete."""
        self._needed = 0
        """Bytes that the tail must have before it is worth another look. Without this, a big message in
        small pieces would take time by the square of its size."""
        self._fragments: list[bytes] = []
        """Header, payload, header, payload, … of a fragmented message in progress."""
        self._fragments_length = 0
        """Bytes of payload among them."""

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take the stream's next bytes; return the messages complete now, and the rest for the library."""
        self.bytes_fed += len(data)
        if self.passing:
            return [], data
        if self._tail:
            if len(self._tail) + len(data) < self._needed:
                if isinstance(self._tail, bytes):
                    self._tail = bytearray(self._tail)
                self._tail += data
                return [], b""
            data = b"".join((self._tail, data))

        # The hot loop: whole messages are taken in line, on anything else `_step` looks more closely.
        messages: list[bytes] = []
        append = messages.append
        rest: list[bytes] = []
        whole, fragments = _WHOLE_MESSAGE, self._fragments
        limit = self._max_message_bytes
        position, end = 0, len(data)
        while (start := position + 2) <= end:
            if data[position] in whole and not fragments:
                length = data[position + 1]
                if length < _TWO_BYTE_LENGTH:
                    stop = start + length
                elif length == _TWO_BYTE_LENGTH and position + 4 <= end:
                    length = data[start] << 8 | data[position + 3]
                    start += 2
                    stop = start + length if length >= _TWO_BYTE_LENGTH else end + 1
                else:
                    stop = end + 1
                if stop <= end and length <= limit:
                    append(data[start:stop])
                    position = stop
                    continue
            self._needed = 0
            position = self._step(data, position, messages, rest)
            if self._needed:
                break
        else:
            self._needed = 2
        self._tail = data[position:]
        self.messages += len(messages)
        return messages, b"".join(rest)

    def _step(self, data: bytes, position: int, messages: list[bytes], rest: list[bytes]) -> int:
        """Deal with any frame at all; return where the next one begins.

        If bytes are missing, ``_needed`` says how many the frame (or its header) has, and the position
        returned is the same.
        """
        first, second = data[position], data[position + 1]
        start, length = position + 2, second & ~_MASKED
        offence = self._offence_of(first, second)
        if offence is None and length >= _TWO_BYTE_LENGTH:
            start += 2 if length == _TWO_BYTE_LENGTH else 8
            if start > len(data):
                self._needed = start - position
                return position
            coded, length = length, int.from_bytes(data[position + 2 : start])
            if not (126 <= length < 1 << 16 if coded == _TWO_BYTE_LENGTH else 1 << 16 <= length < 1 << 63):
                offence = f"a length of {length} is coded in {start - position - 2} bytes"
        opcode = first & 0x0F
        if offence is None and opcode < _CLOSE:
            offence = self._too_long(self._fragments_length + length)
        if offence is not None:
            self.offence = offence
            return self._pass_on(b"".join([*self._fragments, data[position:]]), data, rest)

        stop = start + length
        if stop > len(data):
            self._needed = stop - position
            return position
        if opcode == _CLOSE:
            return self._pass_on(data[position:], data, rest)
        if opcode > _CLOSE:
            rest.append(data[position:stop])
        elif first & _FIN and not self._fragments:
            messages.append(data[start:stop])
        else:
            self._fragments += (data[position:start], data[start:stop])
            self._fragments_length += length
            if first & _FIN:
                messages.append(b"".join(self._fragments[1::2]))
                self._fragments.clear()
                self._fragments_length = 0
        return stop

    def _offence_of(self, first: int, second: int) -> str | None:
        """What is wrong with a frame by its first two bytes, if anything."""
        opcode = first & 0x0F
        if first & _RESERVED:
            return f"reserved bits are set in a frame ({first:#04x})"
        if opcode in (_CLOSE, _PING, _PONG):
            if not first & _FIN:
                return f"a control frame is fragmented (opcode {opcode:#x})"
            if second & ~_MASKED >= _TWO_BYTE_LENGTH:
                return f"a control frame is longer than 125 bytes (opcode {opcode:#x})"
        elif opcode == _CONTINUATION:
            if not self._fragments:
                return "a frame continues no message"
        elif opcode in (_TEXT, _BINARY):
            if self._fragments:
                return "a message begins inside another that is fragmented"
        else:
            return f"a frame has the unknown opcode {opcode:#x}"
        return "a server's frame is masked" if second & _MASKED else None

    def _too_long(self, length: int) -> str | None:
        if length <= self._max_message_bytes:
            return None
        return f"a message has {length} bytes or more, where {self._max_message_bytes} are allowed"

    def _pass_on(self, remainder: bytes, data: bytes, rest: list[bytes]) -> int:
        """Give what is left to the library, as everything from now on; return where the data ends."""
        self.passing = True
        rest.append(remainder)
        self._fragments.clear()
        return len(data)

    def __repr__(self) -> str:
        state = self.offence or ("passing" if self.passing else "cutting")
        return f"<FrameCutter {state}: {self.messages} messages, {self.bytes_fed} bytes>"
