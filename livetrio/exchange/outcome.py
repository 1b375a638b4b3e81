"""Outcome: how a request can end other than with an answer."""

from __future__ import annotations


class Unavailable(Exception):
    """It gets an HTTP error instead: as such over HTTP, as an error payload over a WebSocket (§3)."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


class Lost(Exception):
    """It gets no answer at all."""
