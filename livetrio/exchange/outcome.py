"""Outcome: how a request can end other than with an answer."""

from __future__ import annotations

import attrs


@attrs.frozen
class Unavailable:
    """It gets an HTTP error instead: as such over HTTP, as an error payload over a WebSocket (§3)."""

    status: int
    text: str

    def __str__(self) -> str:
        return f"{self.status} {self.text}"


@attrs.frozen
class Lost:
    """It gets no answer at all."""
