"""Watched: an engine, as far as it is looked at and told what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from livetrio.bus import MessageBus
from livetrio.cache import Cache
from livetrio.clock import Clock
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.kill_switch import KillSwitch
from livetrio.engines.pause import Pause
from livetrio.engines.portfolio import Portfolio
from livetrio.engines.risk import RiskEngine
from livetrio.engines.tracker import OrderTracker
from livetrio.model import ShutdownEvent
from livetrio.strategy.runner import StrategyRunner
from livetrio.supervision.account import AccountService
from livetrio.supervision.journal_keeper import JournalKeeper
from livetrio.supervision.status import ConnectionStatus


class WatchedDesk(Protocol):
    """What takes care of its orders."""

    keeper: JournalKeeper
    portfolio: Portfolio
    risk: RiskEngine
    tracker: OrderTracker
    execution: ExecutionEngine
    kill_switch: KillSwitch
    pause: Pause
    accounts: list[AccountService]
    was_killed: bool
    """Whether nobody ended the run before this one."""

    def halt(self, reason: str, *, flatten: bool = False) -> None:
        """The kill switch."""
        ...


class Watched(Protocol):
    """An engine. The parts of a run are there from its start on, and afterwards."""

    bus: MessageBus
    cache: Cache

    @property
    def clock(self) -> Clock:
        """Its clock."""
        ...

    @property
    def life(self) -> str:
        """Where it is in its life: ``starting``, ``running``, ``stopping``, ``stopped``, ``failed``."""
        ...

    @property
    def started_at(self) -> int:
        """When the run began, UTC nanoseconds."""
        ...

    @property
    def desk(self) -> WatchedDesk | None:
        """What takes care of its orders, if anybody does."""
        ...

    @property
    def runners(self) -> Sequence[StrategyRunner]:
        """Its strategies."""
        ...

    @property
    def refused(self) -> Mapping[str, int]:
        """Market data that was not believed, by reason."""
        ...

    @property
    def shutdown(self) -> ShutdownEvent | None:
        """Why it stops, or has stopped; None: it does not."""
        ...

    @property
    def is_hurried(self) -> bool:
        """Whether somebody does not want to wait for the end."""
        ...

    def connection_status(self) -> list[ConnectionStatus]:
        """Every connection as it is now."""
        ...

    def stop(self, message: str | None = None) -> None:
        """Stop in order; returns at once."""
        ...
