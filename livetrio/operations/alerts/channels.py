"""Channel: a way to reach somebody: a webhook by our own HTTP, or whatever apprise knows, in a thread.

The webhook needs nothing that is not there for venues, runs in virtual time as they do, and never hands its
address to a library. Telegram, Slack, e-mail and all others have forms and limits of their own: these are
apprise's trade. It blocks, so it is called in a thread, and imported there, too.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import msgspec
import trio

from livetrio.errors import AlertNotSent, HttpError, Problem
from livetrio.operations.alerts.config import EXTRA, ChannelConfig, has_apprise
from livetrio.operations.alerts.message import Message
from livetrio.secrets import mask, register_secret
from livetrio.supervision.dial import Dial, parse_url
from livetrio.supervision.http import HttpClient
from livetrio.venues.base import HttpRequest

SHORTEST_TOKEN = 12
"""Characters of a part of an address that may be a token: shorter ones are words, as ``services``."""

MAX_REASON = 300
"""Characters of what a service says of a message that it does not take."""


class Channel(Protocol):
    """A way to reach somebody."""

    async def send(self, message: Message) -> None:
        """Send a message. The deadline is the caller's.

        Raises:
          AlertNotSent: it was not taken; the text says why, without secrets.
        """
        ...


def open_channels(configs: Mapping[str, ChannelConfig], dial: Dial) -> dict[str, Channel]:
    """The channels, by name. Nothing is connected yet.

    Raises:
      ConfigError: a secret cannot be read.
    """
    channels: dict[str, Channel] = {}
    for name, config in configs.items():
        url = config.url.resolve()
        channels[name] = Webhook(url, dial) if config.kind == "webhook" else Apprise(url)
    return channels


class Webhook:
    """A POST of JSON. Any status of 200 to 299 says that it was taken."""

    def __init__(self, url: str, dial: Dial) -> None:
        self._url = url
        self._dial = dial
        host = urlsplit(url).hostname or ""
        _register_tokens(url, but=host)

    async def send(self, message: Message) -> None:
        """See `Channel`."""
        request = HttpRequest(url=self._url, body=msgspec.json.encode(message.to_dict()))
        try:
            async with HttpClient(self._dial) as http:  # kept open it would only grow stale
                await http.post(request)
        except HttpError as error:
            if error.status is None:
                raise AlertNotSent(_shorten(str(error.__cause__ or error))) from error
            if not 200 < error.status < 300:
                text = str(error).partition(f"status {error.status}")[2].strip(", ")
                words = f"it answers with status {error.status}"
                raise AlertNotSent(_shorten(f"{words}: {text}" if text else words)) from error


class Apprise:
    """Whatever apprise knows by its address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._service: Any = None
        self._limit = trio.CapacityLimiter(1)
        """A thread that hangs keeps its place: there is never more than one for a channel."""
        _register_tokens(url)

    async def send(self, message: Message) -> None:
        """See `Channel`. A thread whose deadline has passed is left alone, and ends when it ends."""
        await trio.to_thread.run_sync(self._notify, message, abandon_on_cancel=True, limiter=self._limit)

    def _notify(self, message: Message) -> None:
        if self._service is None:
            self._service = make_service(self._url)
        kind = {"info": "info", "warning": "warning", "critical": "failure"}[message.level]
        with _Complaints() as complaints:
            try:
                taken = self._service.notify(
                    title=message.head, body=message.text, notify_type="success" if message.is_over else kind
                )
            except Exception as error:  # whatever a library of a hundred services raises is its own
                raise AlertNotSent(_shorten(f"{type(error).__name__}: {error}")) from error
        if not taken:
            raise AlertNotSent(_shorten("; ".join(complaints.lines) or "the service did not take it"))


def make_service(url: str) -> Any:
    """What apprise makes of an address. Blocks, and imports apprise.

    Raises:
      AlertNotSent: it makes nothing of it, or is not installed.
    """
    try:
        import apprise
    except ImportError as error:
        raise AlertNotSent(f"apprise is not installed: {EXTRA}") from error
    with _Complaints():
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        raise AlertNotSent("apprise makes nothing of the address; it is not shown")
    return service


def find_bad_channels(channels: Mapping[str, ChannelConfig]) -> list[Problem]:
    """Complain of channels that cannot work: an address that makes no sense, an extra that is missing.

    Imports apprise where a channel is its own: better here than when something is wrong.
    """
    problems = []
    for name, config in channels.items():
        if config.kind == "apprise" and not has_apprise():
            problems.append(Problem(f"channels.{name}.kind", f"needs apprise: {EXTRA}"))
            continue
        try:
            _check_address(config)
        except (AlertNotSent, ValueError) as error:
            problems.append(Problem(f"channels.{name}.url", str(error)))
    return problems


def _check_address(config: ChannelConfig) -> None:
    url = config.url.resolve()
    if config.kind == "apprise":
        make_service(url)
        return
    try:
        parse_url(url)
    except ValueError:
        scheme = ""
    else:
        scheme = urlsplit(url).scheme
    if scheme not in ("http", "https"):
        raise ValueError(
            "expected an address that begins with http:// or https://, found something else; it is not shown"
        )


class _Complaints(logging.Handler):
    """What apprise logs in this thread while the block runs: it says why only there."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of this thread's."""
        if record.thread == self._thread:
            self.lines.append(record.getMessage())

    def __enter__(self) -> _Complaints:
        logger = logging.getLogger("apprise")
        logger.propagate = False  # its lines come to us, and to nobody's standard error
        logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def _register_tokens(url: str, *, but: str = "") -> None:
    """Let no part of an address that may be a token come into a log: services quote it in parts."""
    register_secret(url)
    user, at, _ = url.partition("://")[2].rpartition("@")
    for part in re.split(r"[/:@?&=,;#]+", url):
        is_given_to_log_in = bool(at) and part in user
        for form in (part, unquote(part)):
            if form != but and (is_given_to_log_in or len(form) >= SHORTEST_TOKEN):
                register_secret(form)


def _shorten(text: str) -> str:
    text = mask(" ".join(text.split()))
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…"
