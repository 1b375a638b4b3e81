"""Services: the tasks that an engine runs beside its strategies, and what the end of one means.

A connection that ends is tried again by itself (see `connection`); one that is given up is logged, and when
the last one is, the engine fails. A handler that raises makes the engine fail in order. An error anywhere
else is a bug: it is told as the reason of the stop, and ends the engine with its traceback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import trio

from livetrio.app.connections import Connections
from livetrio.app.endpoint import WebSocketEndpoint
from livetrio.bus import MessageBus
from livetrio.errors import (
    AllConnectionsFailed,
    ConnectionFailed,
    HandlerError,
    LiveTradingError,
    NotRunning,
    SlowConsumerError,
)
from livetrio.model import ConnectionState
from livetrio.supervision.connection import Connection
from livetrio.supervision.nursery import ServiceNursery, lone_leaf


class Services:
    """Of one run."""

    def __init__(
        self,
        nursery: ServiceNursery,
        connections: Connections,
        *,
        stop: Callable[[str], None],
        fail: Callable[[LiveTradingError], None],
    ) -> None:
        """Take the nursery that they run in, and what to call: to stop because of a bug, or of a failure."""
        self._nursery = nursery
        self._connections = connections
        self._stop = stop
        self._fail = fail
        self._connecting: set[Connection] = set()
        """Those that `connect` is waiting for."""

    # Any of them.

    def start_soon(self, part: Callable[..., Awaitable[object]], *args: Any, name: str | None = None) -> None:
        """Run a part of the engine until its strategies have ended."""
        self._nursery.start_soon(self._run, part, *args, name=name or part.__qualname__)

    async def start(self, part: Callable[..., Awaitable[object]], *, name: str) -> None:
        """Run a part of the engine, and wait until it calls ``task_status.started``."""
        await self._nursery.start(self._run_started, part, name=name)

    async def _run_started(
        self, part: Callable[..., Awaitable[object]], *, task_status: trio.TaskStatus[None]
    ) -> None:
        await self._run(partial(part, task_status=task_status))

    async def _run(self, part: Callable[..., Awaitable[object]], *args: Any) -> None:
        try:
            await part(*args)
        except Exception as error:
            cause = lone_leaf(error)
            self._stop(f"{type(cause).__name__}: {cause}")
            raise

    # The bus's handlers.

    async def start_handlers(self, bus: MessageBus) -> None:
        """Call the functions that were given to `MessageBus.subscribe`."""
        await self._nursery.start(self._run_handlers, bus, name="handlers")

    async def _run_handlers(self, bus: MessageBus, *, task_status: trio.TaskStatus[None]) -> None:
        try:
            await bus.run_handlers(task_status=task_status)
        except* (HandlerError, SlowConsumerError) as group:
            error = lone_leaf(group)
            if not isinstance(error, LiveTradingError):
                error = HandlerError(f"several handlers raised: {error}")
                error.__cause__ = group
            self._fail(error)

    # Connections.

    def start_connection(self, connection: Connection) -> None:
        """Run a connection of `connections`."""
        self.start_soon(self._run_connection, connection, name=f"connection {connection.name}")

    def restart_connections(self) -> None:
        """See `LiveTradingEngine.restart`."""
        for connection in self._connections:
            connection.restart()
            if connection.state is ConnectionState.FAILED:
                self.start_connection(connection)

    async def connect(self, endpoint: WebSocketEndpoint) -> Connection:
        """Run one more connection: see `LiveTradingEngine.connect_websocket`."""
        connection = self._connections.add_endpoint(endpoint)
        self._connecting.add(connection)
        self.start_connection(connection)
        try:
            await connection.settled.wait()
            if connection.state is ConnectionState.FAILED:
                raise ConnectionFailed(f"{connection.name}: {connection.last_error}")
            if connection.state is ConnectionState.DISCONNECTED:
                raise NotRunning(f"{connection.name}: disconnected before it was up")
        except BaseException:
            connection.disconnect()
            self._connections.remove(connection)
            raise
        finally:
            self._connecting.discard(connection)
        return connection

    async def _run_connection(self, connection: Connection) -> None:
        await connection.run()
        if connection in self._connecting:
            return  # whoever is waiting for it is told, and that is all
        others = list(self._connections)
        if others and all(each.state is ConnectionState.FAILED for each in others):
            failures = "; ".join(str(each.failure()) for each in others)
            self._fail(AllConnectionsFailed(f"every connection was given up: {failures}"))
