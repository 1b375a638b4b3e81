"""Values as JSON.

Money, prices and sizes are text, every digit of them: a number of JSON is a double to most who read it. So
are instants, in ISO 8601 with their zone (``2026-11-26T01:02:03.004Z``), which programs and people can read;
nanoseconds would not fit into a double. Ages and durations are numbers of seconds. Secrets are their
references, and wherever a known secret would stand otherwise it is masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

import attrs
import msgspec

from livetrio.clock import format_instant
from livetrio.operations.http.asked import Reply
from livetrio.operations.view import View
from livetrio.secrets import Secret, mask


def reply(value: object, status: int = 200, *headers: tuple[str, str]) -> Reply:
    """An answer."""
    return Reply(status=status, body=encode(value), headers=headers)


def say(status: int, words: str, *headers: tuple[str, str]) -> Reply:
    """An answer in words to what cannot be done."""
    return reply({"error": words}, status, *headers)


def encode(value: object) -> bytes:
    """As JSON."""
    return mask(msgspec.json.encode(value, enc_hook=_encode_other).decode()).encode()


def describe_view(view: View) -> dict[str, Any]:
    """A view with its instants as text."""
    described = {each.name: getattr(view, each.name) for each in attrs.fields(View)}
    return described | {
        "now": format_instant(view.now),
        "started": format_instant(view.started),
        "uptime": view.uptime,
    }


def plain(value: Any) -> Any:
    """Settings as tables, lists and plain values; those that may hold secrets are not shown."""
    if isinstance(value, Secret):
        return value.reference
    if attrs.has(type(value)):
        return {
            each.name: plain(getattr(value, each.name)) if each.repr else "not shown"
            for each in attrs.fields(type(value))
        }
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, PurePath) else value


def _encode_other(value: object) -> object:
    return value.reference if isinstance(value, Secret) else str(value)
