"""Faults: what msgspec's errors mean in our words."""

from __future__ import annotations

import msgspec

from livetrio.errors import FrameError

DECODING_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that a msgspec decoder raises for bytes from outside."""


def frame_error(frame: bytes, error: Exception) -> FrameError:
    """The fault of a frame that msgspec refused with that error.

    One of ``null``, ``unknown-channel``, ``wrong-types``, ``bad-utf8``, ``bad-json``. The detail may
    quote the frame, but never much of it.
    """
    detail = str(error)
    if len(detail) > 200:
        detail = detail[:150] + " … " + detail[-40:]
    return FrameError(_kind(frame, error, detail), detail)


def _kind(frame: bytes, error: Exception, detail: str) -> str:
    if isinstance(error, msgspec.ValidationError):
        if "`null`" in detail and detail.endswith(("`null`", "`$.data`")):  # the frame, or its data
            return "null"
        return "unknown-channel" if detail.endswith("`$.channel`") else "wrong-types"
    if isinstance(error, UnicodeDecodeError):
        return "bad-utf8"
    try:
        frame.decode()
    except UnicodeDecodeError:
        return "bad-utf8"
    return "bad-json"
