"""AlertConfig and ChannelConfig: what people are told of, and how they are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.util import find_spec
from typing import Any, Literal, get_args

import attrs

from livetrio.errors import Problem
from livetrio.model.identifiers import nearest
from livetrio.secrets import EXPECTED, Secret

RuleName = Literal[
    "order_unknown",
    "gate_closed",
    "connection_down",
    "feed_stale",
    "day_loss",
    "drawdown",
    "trading_halted",
    "strategy_failed",
    "differences",
    "loop_lag",
    "engine_failed",
    "engine_stopped",
    "engine_killed",
]
"""What there are rules for; `rules` says what each looks for."""

Level = Literal["info", "warning", "critical"]

DURATIONS: Mapping[str, int] = {
    "order_unknown": 10_000,
    "gate_closed": 30_000,
    "connection_down": 30_000,
    "feed_stale": 30_000,
    "loop_lag": 1_000,
}
"""Milliseconds: the rules that ask for how long something has been so, and after how long they tell of it.
What a reconnect mends is not worth waking anybody."""

AMOUNTS = ("day_loss", "drawdown")
"""The rules that ask how much was lost. Nobody but the account's owner can say what is much."""

LOG = "log"
"""The channel that is always there: every alert is in the log."""

EXTRA = "pip install 'livetrio[alerts]'"


def _one_of(kind: Any, *, optional: bool = False) -> Any:
    choices = get_args(kind)

    def check(_: Any, field: attrs.Attribute[Any], value: object) -> None:
        if (value is None and optional) or (isinstance(value, str) and value in choices):
            return
        close = nearest(value, choices) if isinstance(value, str) else None
        hint = f"; did you mean {close}?" if close else f"; known: {', '.join(choices)}"
        raise ValueError(f"{field.name}: no such {field.name}{hint}")

    return check


def _whole(minimum: int, *, optional: bool = False) -> Any:
    def check(_: Any, field: attrs.Attribute[Any], value: object) -> None:
        if value is None and optional:
            return
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            expected = f"expected a whole number of milliseconds ≥ {minimum}"
            raise ValueError(f"{field.name}: {expected}, found {value!r}")

    return check


def _check_amount(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not (isinstance(value, Decimal) and value.is_finite() and value > 0):
        raise ValueError(f"{field.name}: expected an amount > 0, found {value}")


def _check_names(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not (isinstance(value, tuple) and all(isinstance(each, str) for each in value)):
        raise ValueError(f"{field.name}: expected an array of channels, found {value!r}")


def _check_url(_: Any, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Secret):  # not shown: it may be the address with its token
        raise ValueError(f"{field.name}: expected {EXPECTED}, found something else; it is not shown")


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class ChannelConfig:
    """A way to reach somebody."""

    kind: Literal["webhook", "apprise"] = attrs.field(validator=_one_of(Literal["webhook", "apprise"]))
    """``webhook``: a POST of JSON, for programs; needs nothing else. ``apprise``: Telegram, Slack, Discord,
    e-mail and a hundred others; needs the extra ``livetrio[alerts]``."""
    url: Secret = attrs.field(validator=_check_url)
    """A reference, ``env:NAME`` or ``file:/path``, to where: ``https://…`` of a webhook, or as apprise writes
    it (``tgram://TOKEN/CHAT``, ``slack://…``, ``discord://…``, ``mailtos://…``). It holds tokens."""


@attrs.frozen(kw_only=True)
class AlertConfig:
    """Something that people are told of."""

    rule: RuleName = attrs.field(validator=_one_of(RuleName))
    """What is looked for."""
    longer_than_ms: int | None = attrs.field(default=None, validator=_whole(0, optional=True))
    """For how long it has to be so. Default: 10 s for orders, 30 s for gate, connections and feeds, so that
    what mends itself wakes nobody; 1 s for the loop."""
    amount: Decimal | None = attrs.field(default=None, validator=_check_amount)
    """Of ``day_loss`` and ``drawdown``, which need it: how much, in the account's currency."""
    level: Level | None = attrs.field(default=None, validator=_one_of(Level, optional=True))
    """How bad it is. Default: as the rule has it."""
    to: tuple[str, ...] | None = attrs.field(default=None, converter=_as_tuple, validator=_check_names)
    """The channels by name; ``log`` is always one of them. Default: all that are configured."""
    every_ms: int = attrs.field(default=300_000, validator=_whole(0))
    """Told again of the same thing at the earliest after this time. 5 minutes, so that something that comes
    and goes all night does not ring all night."""

    def __attrs_post_init__(self) -> None:
        if self.rule in AMOUNTS and self.amount is None:
            raise ValueError(f"amount: missing; {self.rule} is told from some loss on")
        if self.rule not in AMOUNTS and self.amount is not None:
            raise ValueError(f"amount: {self.rule} has none; {' and '.join(AMOUNTS)} have")
        if self.rule not in DURATIONS and self.longer_than_ms is not None:
            raise ValueError(f"longer_than_ms: {self.rule} has none; {', '.join(DURATIONS)} have")

    @property
    def longer_than(self) -> float:
        """Seconds for which it has to be so."""
        return (DURATIONS.get(self.rule, 0) if self.longer_than_ms is None else self.longer_than_ms) / 1000


def find_unknown_channels(
    alerts: Sequence[AlertConfig], channels: Mapping[str, ChannelConfig]
) -> list[Problem]:
    """Complain of alerts to nobody, and of a channel that takes the log's name."""
    problems = []
    if LOG in channels:
        problems.append(Problem(f"channels.{LOG}", "the name of the log, which takes every alert anyway"))
    for index, alert in enumerate(alerts):
        for name in alert.to or ():
            if name not in channels and name != LOG:
                close = nearest(name, [*channels, LOG])
                hint = f"did you mean {close}?" if close else f"known: {', '.join(sorted({*channels, LOG}))}"
                problems.append(Problem(f"alerts[{index}].to", f"no such channel as {name!r}; {hint}"))
    return problems


def has_apprise() -> bool:
    """Whether the extra is installed."""
    return find_spec("apprise") is not None
