"""Secrets: settings whose values are never written down, only where to find them.

A configuration names a secret by reference, ``env:NAME`` or ``file:/path``, and `Secret.resolve` reads it.
``repr`` and ``str`` of a `Secret` show the reference alone. What was read is known to `mask`, through which
every log line and everything the commands print goes: a second line of defence, for values that come
back in a venue's error message or in a traceback.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping

from livetrio.errors import ConfigError, Problem

EXPECTED = "a reference to a secret, env:NAME or file:/path"

MASK = "[secret]"

SHORTEST_MASKED = 6
"""Characters. Masking shorter values would blot out ordinary words, and tell which they are."""

MAX_SECRET_BYTES = 65_536
"""No key or token is longer; a file that is was named by mistake."""

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\x00-\x1f\x7f]+", re.ASCII)


class Secret:
    """A secret, by reference. Equal to another with the same reference."""

    __slots__ = ("_value", "reference")

    def __init__(self, reference: str) -> None:
        if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
            # What was found is not shown: it may be the secret itself.
            raise _wrong(f"expected {EXPECTED}, found something else; it is not shown")
        self.reference = reference
        """``env:NAME`` or ``file:/path``."""
        self._value: str | None = None

    def resolve(self, environ: Mapping[str, str] | None = None) -> str:
        """The value; read the first time (the process's own environment by default), then remembered.

        Raises:
          ConfigError: it is missing or empty, or others may read the file.
        """
        if self._value is None:
            kind, _, name = self.reference.partition(":")
            if kind == "env":
                value = _read_variable(name, os.environ if environ is None else environ)
            else:
                value = _read_file(name)
            register_secret(value)
            self._value = value
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reference == self.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    def __repr__(self) -> str:
        return f"<Secret {self.reference}>"

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self.reference,)  # copies and pickles do not carry the value


def _read_variable(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise _wrong(f"the environment variable {name} is not set")
    return _check(environ[name].strip(), f"the environment variable {name}")


def _read_file(path: str) -> str:
    try:
        # Not blocking: a pipe would be waited for, without a word, for ever.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _wrong(f"{path} is not a file")
            if status.st_mode & 0o077:
                mode = stat.S_IMODE(status.st_mode)
                raise _wrong(
                    f"others may read or change {path} (mode {mode:04o}); make it yours: chmod 600 {path}"
                )
            content = file.read(MAX_SECRET_BYTES + 1)
    except (OSError, UnicodeError) as error:  # UnicodeError: no file can have such a name
        reason = error.strerror if isinstance(error, OSError) else "its name is no text"
        raise _wrong(f"{path} cannot be read: {reason}") from None
    if len(content) > MAX_SECRET_BYTES:
        raise _wrong(f"{path} is too long for a secret (more than {MAX_SECRET_BYTES} bytes)")
    try:
        return _check(content.decode().strip(), path)
    except UnicodeDecodeError:
        raise _wrong(f"{path} is not UTF-8 text") from None


def _check(value: str, where: str) -> str:
    if not value:
        raise _wrong(f"{where} is empty")
    return value


def _wrong(message: str) -> ConfigError:
    return ConfigError([Problem("", message)], source="secret")


# Masking.

_known: set[str] = set()

_pattern: re.Pattern[str] | None = None
"""Matches whatever is known, the longest first."""


def register_secret(value: str) -> None:
    """Let `mask` know a value, in the forms in which it may stand in a line."""
    global _pattern
    if len(value) >= SHORTEST_MASKED and value not in _known:
        escaped = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]
        _known.update((value, *escaped))
        _pattern = re.compile("|".join(re.escape(each) for each in sorted(_known, key=len, reverse=True)))


def mask(text: str) -> str:
    """The text with every known secret replaced."""
    return text if _pattern is None else _pattern.sub(MASK, text)
