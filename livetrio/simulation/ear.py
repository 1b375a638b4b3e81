"""Ear: hears whatever a world's engines log, at every level and before anything is masked (I14)."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from livetrio.simulation.invariants import NO_SECRETS, Broken

METHODS = ("debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "msg", "log")
"""By which a logger is told something."""


class Ear:
    """Of one world."""

    def __init__(self, accuse: Callable[[Broken], None], secret: str) -> None:
        """Take who hears of what is wrong, and what must be in no line, in hexadecimal digits."""
        self._accuse = accuse
        self._word = secret.removeprefix("0x").lower()
        self._bytes = repr(bytes.fromhex(self._word))[2:-1]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen while the block runs; what becomes of the lines is as it was."""
        was_configured, before = structlog.is_configured(), structlog.get_config()
        structlog.configure(**before | {"wrapper_class": self._overheard(before["wrapper_class"])})
        try:
            yield
        finally:
            if was_configured:
                structlog.configure(**before)
            else:
                structlog.reset_defaults()

    def _overheard(self, wrapper: type[Any]) -> type[Any]:
        def overhear(name: str) -> Callable[..., Any]:
            tell = getattr(wrapper, name)

            def told(logger: Any, *words: object, **more: Any) -> Any:
                context = structlog.contextvars.get_contextvars()
                error = sys.exc_info()[1] if more.get("exc_info") or name == "exception" else None
                said = (*words, *more.values(), *logger._context.values(), *context.values(), error)
                self.hear("the log", said)
                return tell(logger, *words, **more)

            return told

        return type(wrapper.__name__, (wrapper,), {name: overhear(name) for name in METHODS})

    def hear(self, where: str, words: Iterable[object]) -> None:
        """Something is put out."""
        for word in words:
            text = _text_of(word)
            if self._word in text.lower() or self._bytes in text:
                self._accuse(Broken(NO_SECRETS, f"the key of the account is in {where}"))
                return


def _text_of(word: object) -> str:
    return "".join(traceback.format_exception(word)) if isinstance(word, BaseException) else str(word)
