"""Settings: every value that can be set, with its unit, its default and the reason for it.

The same classes serve a TOML file (`livetrio.app.load`) and a program that makes them itself:
``LiveTradingConfig(ws_endpoints=[...], tick_interval_ms=1000)``. A wrong value raises `ConfigError` when
the object is made. Names and defaults of `LiveTradingConfig` and `WebSocketEndpoint` are the seed's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import attrs

from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.app.paths import render_path
from livetrio.app.rules import (
    Rule,
    as_float,
    as_tuple,
    boolean,
    found,
    listed,
    made,
    milliseconds,
    number,
    one_of,
    optional,
    quote,
    several,
    text,
    whole,
)
from livetrio.cache import CacheConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.risk_config import RiskConfig
from livetrio.errors import ConfigError, Problem
from livetrio.model.identifiers import nearest
from livetrio.operations.config import OperationsConfig
from livetrio.venues.registry import VENUES

MEBIBYTE = 1_048_576
"""Bytes."""

_STRATEGY_PATH = re.compile(r"(?:.+\.py|[^\W\d]\w*(?:\.[^\W\d]\w*)*):[^\W\d]\w*", re.DOTALL)


@attrs.frozen(kw_only=True)
class LiveTradingConfig:
    """How the engine connects, keeps time, and stops."""

    ws_endpoints: tuple[WebSocketEndpoint, ...] = attrs.field(
        default=(), converter=as_tuple, validator=several(WebSocketEndpoint, "an array of endpoints")
    )
    """Connections by hand, beside those of the venues. Default: none."""
    heartbeat_interval_ms: int = attrs.field(default=30_000, validator=milliseconds())
    """How often each connection is asked whether it lives; it is dead after two intervals of silence.
    30 s is half of what the strictest venue allows (Hyperliquid closes after 60 s of silence)."""
    tick_interval_ms: int | None = attrs.field(default=None, validator=optional(milliseconds()))
    """How often ``system.tick`` comes. Default: never; strategies run on events alone."""
    enable_recovery: bool = attrs.field(default=True, validator=boolean())
    """Whether orders, fills and positions are compared with the venue after every connect, before new orders
    may leave. Off, nobody knows what rests there or is held, so the engine takes no account to trade: it is
    refused beside one, rather than that every order is denied at night. Market data needs no recovery."""
    auto_reconnect: bool = attrs.field(default=True, validator=boolean())
    """Whether a connection that was lost, or never came about, is tried again."""
    reconnect_base_ms: int = attrs.field(default=1_000, validator=milliseconds())
    """The wait before the first new attempt; it doubles with each one that fails."""
    reconnect_max_ms: int = attrs.field(default=60_000, validator=milliseconds())
    """The longest wait between attempts."""
    max_reconnect_attempts: int = attrs.field(default=0, validator=whole("attempts", 0))
    """Attempts in a row after which a connection is given up. 0: never, as befits an unattended engine."""
    reconnect_jitter: float = attrs.field(
        default=0.0,
        converter=as_float,
        validator=number("from 0 to 1", lambda value: 0 <= value <= 1),
    )
    """The share of each wait that is drawn at random, so that many engines do not return at one moment.
    0: waits are exactly 1, 2, 4 … 60 s."""
    connect_timeout_ms: int = attrs.field(default=10_000, validator=milliseconds())
    """What resolving, TCP, TLS and the upgrade may take together. Slow TLS takes 2 s; 10 s is an outage."""
    subscribe_timeout_ms: int = attrs.field(default=10_000, validator=milliseconds())
    """How long a venue may take to confirm a subscription before it counts as refused."""
    stop_timeout_ms: int = attrs.field(default=5_000, validator=milliseconds())
    """What ``on_stop`` and the clean-up of the strategies may take when the engine stops. 5 s leave as
    many before a service manager kills (Docker after 10 s)."""
    max_message_bytes: int = attrs.field(
        default=16 * MEBIBYTE, validator=whole("bytes", 1_024, 1_024 * MEBIBYTE)
    )
    """A longer message ends the session. The longest known, a snapshot of all mid prices, is below 1 MiB."""
    max_bad_frames: int = attrs.field(default=100, validator=whole("frames", 1))
    """So many messages in a row that make no sense, and the session is rebuilt; one good one starts the
    count afresh."""
    tls_minimum_version: Literal["1.2", "1.3"] = attrs.field(default="1.2", validator=one_of("1.2", "1.3"))
    """The oldest TLS that is spoken. 1.2, because some venues know no newer."""
    handle_signals: bool = attrs.field(default=True, validator=boolean())
    """Whether SIGINT, SIGTERM and SIGHUP stop the engine in order. Turn it off where the engine is part of a
    program that has its own way with signals, or runs outside the main thread."""

    def __attrs_post_init__(self) -> None:
        if self.reconnect_max_ms < self.reconnect_base_ms:
            raise _wrong(
                "reconnect_max_ms",
                f"expected at least reconnect_base_ms ({self.reconnect_base_ms}), "
                f"found {self.reconnect_max_ms}",
                "LiveTradingConfig",
            )


@attrs.frozen(kw_only=True)
class StrategyConfig:
    """A strategy to run."""

    path: str = attrs.field(
        validator=text(
            '"module:Class", "module:function" or "file.py:Class"',
            lambda value: _STRATEGY_PATH.fullmatch(value) is not None,
        )
    )
    """``module:Class``, ``package.module:function``, or ``file.py:Class``; a file is looked for beside the
    configuration file."""
    name: str | None = attrs.field(
        default=None, validator=optional(text("a name", lambda value: value.strip() != ""))
    )
    """What it is called in logs and the report; no two the same. Default: the name of the class or function,
    with a number from the second of that name on. Never None in the strategies of a `Config`."""
    params: Mapping[str, Any] = attrs.field(
        factory=dict, validator=Rule("a table of parameters", lambda value: isinstance(value, Mapping))
    )
    """The strategy's own parameters. It says itself what these may be."""
    on_error: Literal["stop", "isolate"] = attrs.field(default="stop", validator=one_of("stop", "isolate"))
    """What an error in it ends: the engine, in order, or this strategy alone. The engine, because a
    strategy that died has positions that nobody minds."""
    overflow: Literal["drop_oldest", "latest"] = attrs.field(
        default="drop_oldest", validator=one_of("drop_oldest", "latest")
    )
    """What becomes of market data when it is slower than the feed: the oldest is dropped, or only the latest
    of each kind and instrument is kept."""
    queue: int = attrs.field(default=4_096, validator=whole("events", 1, 1_000_000))
    """Events that wait for it before ``overflow`` applies. 4096 are most of a second at 5,000 a second."""


@attrs.frozen(kw_only=True)
class LoggingConfig:
    """What is logged, and how it looks. Logs go to the standard error."""

    level: Literal["debug", "info", "warning", "error"] = attrs.field(
        default="info", validator=one_of("debug", "info", "warning", "error")
    )
    """Lines of lesser weight are left out."""
    format: Literal["console", "json"] = attrs.field(default="console", validator=one_of("console", "json"))
    """Lines for people, or one JSON object a line for machines."""


@attrs.frozen(kw_only=True)
class ExchangeConfig:
    """The local exchange, which venues with ``network = "local"`` connect to."""

    seed: int | None = attrs.field(default=None, validator=optional(whole("", 0, 2**63 - 1)))
    """Of its market, its accounts and its faults: the same seed, the same market. Default: drawn for each
    run, and told in the log."""
    regime: Literal["calm", "trend", "crash", "none"] = attrs.field(
        default="calm", validator=one_of("calm", "trend", "crash", "none")
    )
    """How its market behaves; ``none``: nobody trades there but those who connect."""
    faults: tuple[str, ...] = attrs.field(
        default=(), converter=as_tuple, validator=several(str, "an array of faults")
    )
    """What goes wrong there, as ``drop-connection every 30s``; ``livetrio exchange --faults`` lists them."""
    limits: bool = attrs.field(default=True, validator=boolean())
    """Whether it keeps the venue's limits on requests, connections and subscriptions."""
    replay: str | None = attrs.field(
        default=None, validator=optional(text("the path of a recording", lambda value: value != ""))
    )
    """A recording that its market follows, looked for beside the configuration file. Default: none; the
    market is made up."""
    speed: float = attrs.field(
        default=1.0, converter=as_float, validator=number("> 0", lambda value: value > 0)
    )
    """How many times as fast as it was recorded."""
    loop: bool = attrs.field(default=False, validator=boolean())
    """Whether a recording begins again at its end. It does not by default, because what it shows happened
    once."""
    port: int = attrs.field(default=0, validator=whole("", 0, 65_535))
    """TCP port on the loopback interface. 0: any that is free."""

    def __attrs_post_init__(self) -> None:
        if not self.faults:
            return
        from livetrio.exchange.faults.grammar import BadFault, parse_fault  # and with it the whole exchange

        problems = []
        for index, line in enumerate(self.faults):
            try:
                parse_fault(line)
            except BadFault as error:
                problems.append(Problem(f"faults[{index}]", str(error)))
        if problems:
            raise ConfigError(problems, source="ExchangeConfig")


@attrs.frozen(kw_only=True)
class JournalConfig:
    """Where orders are remembered. Has an effect only if a venue has an account."""

    path: str | None = attrs.field(
        default=None, validator=optional(text("the path of a file", lambda value: value.strip() != ""))
    )
    """The file, looked for beside the configuration file; made if it is not there. Default: the name of the
    configuration file, ending in ``.journal``."""
    sync: Literal["process", "power"] = attrs.field(default="process", validator=one_of("process", "power"))
    """What the record of an order survives from the moment it leaves: the end of the ``process``, however it
    comes; or the machine's loss of ``power``, too, for which each request waits for the disk."""


def _named(value: Any) -> Any:
    return name_strategies(as_tuple(value))


def _check_venues(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping):
        raise _wrong(attribute.name, f"expected a table of venues, found {found(value, 'a table')}", "Config")
    problems = [
        Problem(f"venues.{name}", no_such_venue(name)) for name in map(str, value) if name not in VENUES
    ]
    if problems:
        raise ConfigError(problems, source="Config")


@attrs.frozen(kw_only=True)
class Config:
    """Everything `livetrio run` is told by its file."""

    engine: LiveTradingConfig = attrs.field(factory=LiveTradingConfig, validator=made(LiveTradingConfig))
    venues: Mapping[str, Any] = attrs.field(factory=dict, validator=_check_venues)
    """By name as in `livetrio.venues.registry`, each in the venue's own settings class."""
    strategies: tuple[StrategyConfig, ...] = attrs.field(
        default=(),
        converter=_named,
        validator=several(StrategyConfig, "an array of strategies"),
    )
    logging: LoggingConfig = attrs.field(factory=LoggingConfig, validator=made(LoggingConfig))
    exchange: ExchangeConfig = attrs.field(factory=ExchangeConfig, validator=made(ExchangeConfig))
    execution: ExecutionConfig = attrs.field(factory=ExecutionConfig, validator=made(ExecutionConfig))
    risk: RiskConfig = attrs.field(factory=RiskConfig, validator=made(RiskConfig))
    journal: JournalConfig = attrs.field(factory=JournalConfig, validator=made(JournalConfig))
    cache: CacheConfig = attrs.field(factory=CacheConfig, validator=made(CacheConfig))
    operations: OperationsConfig = attrs.field(factory=OperationsConfig, validator=made(OperationsConfig))
    source: Path | None = attrs.field(default=None)
    """The file that it was read from; paths in it are relative to its folder. Not a setting."""

    def __attrs_post_init__(self) -> None:
        problems = [
            *find_accounts_without_recovery(self.engine, self.venues),
            *find_limits_of_nobody(self.risk, self.strategies),
        ]
        if problems:
            raise ConfigError(problems, source="Config")

    @property
    def journal_path(self) -> Path:
        """The file in which orders are remembered."""
        if self.journal.path is not None:
            return self.base / self.journal.path
        return self.base / f"{'livetrio' if self.source is None else self.source.stem}.journal"

    @property
    def name(self) -> str:
        """What people know the engine by: the name of the configuration file."""
        return "engine" if self.source is None else self.source.stem

    @property
    def base(self) -> Path:
        """The folder that paths in the configuration are relative to."""
        return Path() if self.source is None else self.source.parent


def no_such_venue(name: str) -> str:
    """The sentence about a venue that is not in the registry."""
    close = nearest(name, VENUES)
    return f"no such venue; {f'did you mean {close}?' if close else f'known: {listed(VENUES)}'}"


def find_accounts_without_recovery(engine: LiveTradingConfig, venues: Mapping[str, Any]) -> list[Problem]:
    """Complain of accounts to trade where nothing is to be compared with the venue: no order could leave."""
    if engine.enable_recovery:
        return []
    return [
        Problem(
            "engine.enable_recovery",
            f"expected true, because venues.{name} has an account to trade, found false: what is not "
            "compared with the venue cannot be vouched for",
        )
        for name, settings in venues.items()
        if settings.has_account
    ]


def find_limits_of_nobody(risk: RiskConfig, strategies: Collection[StrategyConfig]) -> list[Problem]:
    """Complain of limits of a strategy that there is not: under a mistyped name they would never hold."""
    names = [str(each.name) for each in strategies]
    known = f"known: {listed(names)}" if names else "none is configured"
    problems = []
    for name in risk.strategies:
        if name not in names:
            close = nearest(name, names)
            hint = f"did you mean {quote(close)}?" if close else known
            problems.append(Problem(render_path(("risk", "strategies", name)), f"no such strategy; {hint}"))
    return problems


def name_strategies(strategies: Any) -> tuple[StrategyConfig, ...]:
    """Give every strategy without a name its class's or function's, numbered where that is taken.

    Raises:
      ConfigError: two were given the same name.
    """
    if not isinstance(strategies, tuple) or not all(isinstance(each, StrategyConfig) for each in strategies):
        return cast(tuple[StrategyConfig, ...], strategies)  # for the validator to refuse
    problems = find_duplicate_names([each.name for each in strategies])
    if problems:
        raise ConfigError(problems, source="strategies")
    taken = {each.name: -1 for each in strategies if each.name is not None}
    named = []
    for index, strategy in enumerate(strategies):
        if strategy.name is None:
            name = base = strategy.path.rpartition(":")[2]
            count = 1
            while taken.setdefault(name, index) != index:
                count += 1
                name = f"{base}-{count}"
            strategy = attrs.evolve(strategy, name=name)
        named.append(strategy)
    return tuple(named)


def find_duplicate_names(names: Sequence[str | None]) -> list[Problem]:
    """Complain of each name that a strategy before it has, too."""
    first: dict[str, int] = {}
    return [
        Problem(f"[{index}].name", f"{quote(name)} is the name of strategies[{first[name]}], too")
        for index, name in enumerate(names)
        if name is not None and first.setdefault(name, index) != index
    ]


def _wrong(field: str, message: str, source: str) -> ConfigError:
    return ConfigError([Problem(field, message)], source=source)
