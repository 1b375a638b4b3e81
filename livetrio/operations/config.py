"""OperationsConfig: what is shown of a running engine, where, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import attrs

from livetrio.errors import ConfigError
from livetrio.operations.alerts.config import AlertConfig, ChannelConfig, find_unknown_channels
from livetrio.secrets import EXPECTED, Secret


def split_address(text: str) -> tuple[str, int]:
    """Host and port of ``127.0.0.1:8787``, ``[::1]:8787`` or ``localhost:8787``.

    Raises:
      ValueError: it is none of these.
    """
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"expected an address such as 127.0.0.1:8787, found {text!r}")
    if host != "localhost":
        try:
            ip_address(host)
        except ValueError:
            raise ValueError(
                f"expected an IP address or localhost in front of the port, found {host!r}"
            ) from None
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return host == "localhost" or ip_address(host).is_loopback


def _check_http(_: Any, field: attrs.Attribute[str | None], value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise ValueError(f"{field.name}: expected an address such as 127.0.0.1:8787, found {value!r}")
    try:
        split_address(value)
    except ValueError as error:
        raise ValueError(f"{field.name}: {error}") from None


def _check_token(_: Any, field: attrs.Attribute[Secret | None], value: object) -> None:
    if value is not None and not isinstance(value, Secret):  # not shown: it may be the token itself
        raise ValueError(f"{field.name}: expected {EXPECTED}, found something else; it is not shown")


def _check_slow(_: Any, field: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{field.name}: expected a whole number of milliseconds ≥ 1, found {value!r}")


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_alerts(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(each, AlertConfig) for each in value):
        raise ValueError(f"{field.name}: expected an array of alerts")


def _check_channels(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(each, ChannelConfig) for each in value.values()):
        raise ValueError(f"{field.name}: expected a table of channels")


@attrs.frozen(kw_only=True)
class OperationsConfig:
    """What is shown of a running engine, where, and to whom."""

    http: str | None = attrs.field(default=None, validator=_check_http)
    """Where the page, its API and the metrics are served: an address of this machine and a port, as
    ``127.0.0.1:8787``. Default: nowhere."""
    token: Secret | None = attrs.field(default=None, validator=_check_token)
    """A reference, ``env:NAME`` or ``file:/path``, to what has to be shown to act by HTTP: to pause, halt,
    cancel, stop. Default: nobody may act by HTTP."""
    alerts: tuple[AlertConfig, ...] = attrs.field(default=(), converter=_as_tuple, validator=_check_alerts)
    """What people are told of. Default: nothing."""
    channels: Mapping[str, ChannelConfig] = attrs.field(factory=dict, validator=_check_channels)
    """How they are reached, by names of your own."""

    slow_ms: int = attrs.field(default=50, validator=_check_slow)
    """Milliseconds: what holds the engine's loop for longer is named in the log, on ``system.slow`` and in
    the metrics. It is measured where there is something to be shown at all. Default: 50, several times what a
    hundred orders take to be signed and journaled."""

    def __attrs_post_init__(self) -> None:
        if self.http is not None and self.token is None and not is_loopback(split_address(self.http)[0]):
            raise ValueError(
                f"token: expected one where others than this machine reach the page ({self.http}), found none"
            )

        problems = find_unknown_channels(self.alerts, self.channels)
        if problems:
            raise ConfigError(problems, source="OperationsConfig")

    @property
    def is_on(self) -> bool:
        """Whether anything is to run beside the engine."""
        return self.http is not None or bool(self.alerts)
