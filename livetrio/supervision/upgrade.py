"""Upgrade: what a server answers when it is asked to speak WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import h11

from livetrio.errors import ConnectionFailed, HandshakeRefused
from livetrio.supervision.dial import Address


def check_head(head: bytes, body: bytes, address: Address) -> None:
    """Raise unless the answer to the upgrade is status 101; the rest of it is the library's to check."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(
        h11.Request(
            method="GET", target="/", headers=[("Host", ""), ("Upgrade", "x"), ("Connection", "Upgrade")]
        )
    )
    parser.send(h11.EndOfMessage())
    parser.receive_data(head)
    try:
        answer = parser.next_event()
    except h11.RemoteProtocolError as exc:
        raise ConnectionFailed(f"{address} answered the upgrade with something that is not HTTP") from exc
    assert isinstance(answer, h11.Response | h11.InformationalResponse)  # a whole head is nothing else
    if answer.status_code != 101:
        words = f"{answer.status_code} {answer.reason.decode('latin-1')}"
        text = body[:200].decode("utf-8", "backslashreplace").strip()
        raise HandshakeRefused(
            f"{address} refused the upgrade: {words}" + (f", {text}" if text else ""),
            status=answer.status_code,
            retry_after=_retry_after({name: value.decode("latin-1") for name, value in answer.headers}),
        )


def _retry_after(headers: Mapping[bytes, str]) -> float | None:
    """Seconds from ``Retry-After``. A date in it is measured by the answer's ``Date``, not by our clock."""
    value = headers.get(b"retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until, date = parsedate_to_datetime(value), parsedate_to_datetime(headers.get(b"date", ""))
        return max((until - date).total_seconds(), 0.0)
    except (ValueError, TypeError):  # no date, or only one of them has a time zone
        return None
