"""Info: how a question is put to the venue, what it costs, and how an answer is taken.

Hyperliquid docs, info-endpoint and rate-limits, 2026-08-22.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from livetrio.errors import FrameError
from livetrio.venues.base import HttpRequest
from livetrio.venues.hyperliquid.faults import DECODING_ERRORS, frame_error

Answer = TypeVar("Answer")

LIGHT, USUAL, HEAVY = 2, 20, 60
"""Weights: of what is looked up, of most questions, of ``userRole``."""

ITEMS_PER_WEIGHT = 20
"""So many items of a long answer cost 1 more."""


def info_request(url: str, **body: Any) -> HttpRequest:
    """One question as it is posted."""
    return HttpRequest(url=url, body=msgspec.json.encode(body))


def read_answer(decoder: msgspec.json.Decoder[Answer], answer: bytes, what: str) -> Answer:
    """An answer of the shape that it should have.

    Raises:
      FrameError: it has another; ``what`` is named.
    """
    try:
        return decoder.decode(answer)
    except DECODING_ERRORS as exc:
        fault = frame_error(answer, exc)
        raise FrameError(fault.kind, f"{what}: {fault.detail}") from exc
