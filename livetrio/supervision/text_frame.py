"""text_frame: a message as the frame in which a client sends it (RFC 6455, sections 5.2 and 5.3)."""

from __future__ import annotations

import os
import struct

_WHOLE_TEXT = 0x81
_MASKED = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127
"""In place of a length: it follows in so many bytes."""


def text_frame(message: bytes) -> bytes:
    """The UTF-8 text as one masked frame; all of it is masked at once, as one large number."""
    size = len(message)
    if size < _TWO_BYTES:
        head = bytes((_WHOLE_TEXT, _MASKED | size))
    elif size < 2**16:
        head = struct.pack("!BBH", _WHOLE_TEXT, _MASKED | _TWO_BYTES, size)
    else:
        head = struct.pack("!BBQ", _WHOLE_TEXT, _MASKED | _EIGHT_BYTES, size)
    mask = os.urandom(4)
    key = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(message, "big") ^ int.from_bytes(key, "big")
    return head + mask + masked.to_bytes(size, "big")
