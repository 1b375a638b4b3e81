"""livetrio: a live trading engine that knows what became of things, or says that it does not know.

General layout, each importing only what stands below it:

    simulation    the whole program in a faulty world of virtual time, from one seed
    app           configuration, the engine that nests all tasks, logs, the command line
    exchange      a venue on this machine, in a real venue's wire protocol
    strategy      what authors write, what they may see and do
    supervision   every long-lived task: connections, heartbeats, ticks          <- the async layer
    journal       what must survive a crash
    venues        pure codecs: frames to events and back
    engines       plain objects that keep cache and bus true
    cache         what we believe now
    bus           topics and endpoints, on trio's memory channels
    topics, clock typed topics; wall time derived from trio's clock
    model, errors frozen values, and what can go wrong

Public names are those of this file and of `livetrio.model`, `livetrio.topics`, `livetrio.errors` and
`livetrio.testing`. They are imported when they are first used, so that ``import livetrio`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from livetrio.version import __version__

if TYPE_CHECKING:
    from livetrio.app.config import Config as Config
    from livetrio.app.config import LiveTradingConfig as LiveTradingConfig
    from livetrio.app.config import StrategyConfig as StrategyConfig
    from livetrio.app.endpoint import WebSocketEndpoint as WebSocketEndpoint
    from livetrio.app.engine import EngineState as EngineState
    from livetrio.app.engine import LiveTradingEngine as LiveTradingEngine
    from livetrio.app.load import load_config as load_config
    from livetrio.app.run import open_engine as open_engine
    from livetrio.bus import MessageBus as MessageBus
    from livetrio.cache import Cache as Cache
    from livetrio.cache import CacheConfig as CacheConfig
    from livetrio.clock import Clock as Clock
    from livetrio.engines.data import DataEngine as DataEngine
    from livetrio.engines.execution import ExecutionEngine as ExecutionEngine
    from livetrio.strategy.base import Strategy as Strategy
    from livetrio.strategy.context import Context as Context
    from livetrio.subscription import Overflow as Overflow
    from livetrio.subscription import Subscription as Subscription
    from livetrio.supervision.connection import Connection as Connection
    from livetrio.supervision.status import ConnectionStatus as ConnectionStatus

_HOMES = {
    "Cache": "livetrio.cache",
    "CacheConfig": "livetrio.cache",
    "Clock": "livetrio.clock",
    "Config": "livetrio.app.config",
    "Connection": "livetrio.supervision.connection",
    "ConnectionStatus": "livetrio.supervision.status",
    "Context": "livetrio.strategy.context",
    "DataEngine": "livetrio.engines.data",
    "EngineState": "livetrio.app.engine",
    "ExecutionEngine": "livetrio.engines.execution",
    "LiveTradingConfig": "livetrio.app.config",
    "LiveTradingEngine": "livetrio.app.engine",
    "MessageBus": "livetrio.bus",
    "Overflow": "livetrio.subscription",
    "Strategy": "livetrio.strategy.base",
    "StrategyConfig": "livetrio.app.config",
    "Subscription": "livetrio.subscription",
    "WebSocketEndpoint": "livetrio.app.endpoint",
    "load_config": "livetrio.app.load",
    "open_engine": "livetrio.app.run",
}
"""Where each public name lives."""

__all__ = [  # noqa: RUF022  # sorted; the version comes first
    "__version__",
    "Cache",
    "CacheConfig",
    "Clock",
    "Config",
    "Connection",
    "ConnectionStatus",
    "Context",
    "DataEngine",
    "EngineState",
    "ExecutionEngine",
    "LiveTradingConfig",
    "LiveTradingEngine",
    "MessageBus",
    "Overflow",
    "Strategy",
    "StrategyConfig",
    "Subscription",
    "WebSocketEndpoint",
    "load_config",
    "open_engine",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'livetrio' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
