"""Operations: runs what is configured beside an engine's strategies, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import structlog
import trio

from livetrio.operations.alerts.channels import open_channels
from livetrio.operations.alerts.service import Alerts
from livetrio.operations.config import OperationsConfig, split_address
from livetrio.operations.health import is_alive, why_not_ready
from livetrio.operations.http.api import Api
from livetrio.operations.http.control import control_socket, name_peer, socket_of
from livetrio.operations.http.guard import Guard
from livetrio.operations.http.history import History
from livetrio.operations.http.listen import listening
from livetrio.operations.http.server import HttpServer
from livetrio.operations.look import look_at
from livetrio.operations.measures import Measures
from livetrio.operations.view import View
from livetrio.operations.watched import Watched
from livetrio.supervision.dial import Dial, NetworkDial

log = structlog.get_logger()


class Operations:
    """Of one engine, for `LiveTradingEngine.add_service`."""

    def __init__(
        self,
        config: OperationsConfig,
        engine: Watched,
        warnings: Iterable[str] = (),
        *,
        settings: Mapping[str, Any] | None = None,
        sockets: Sequence[socket.socket] = (),
        name: str = "engine",
        dial: Dial | None = None,
    ) -> None:
        """Take what to run, and what to show.

        Args:
          config: what is shown where.
          engine: of which.
          warnings: the last lines of its log that matter (`RecentLines`).
          settings: its whole configuration, without secrets.
          sockets: that listen on the page's address (`listening`); without them it is had when it is run.
          name: what people know the engine by.
          dial: leads to those who are told of it.
        """
        self.config = config
        self.engine = engine
        self.measures: Measures | None = None
        """What is counted while it runs."""
        self.settings: Mapping[str, Any] = settings or {}
        self.history: History | None = None
        self._warnings = warnings
        self._sockets = sockets
        self._name = name
        self._dial = dial or NetworkDial()

    def look(self) -> View:
        """The engine as it is now."""
        measures = self.measures
        return look_at(self.engine, self._warnings, None if measures is None else measures.handlers)

    def metrics(self) -> bytes:
        """The metrics as they are now, for Prometheus."""
        from livetrio.operations.metrics import exposition  # prometheus_client takes 60 ms to import

        return exposition(self.engine, self.measures)

    def is_alive(self) -> bool:
        """Whether the loop turns, and in time."""
        return is_alive(None if self.measures is None else self.measures.loop)

    def why_not_ready(self) -> list[str]:
        """What keeps the engine from doing what it is there for; empty: nothing does."""
        return why_not_ready(self.engine)

    def histograms(self) -> Mapping[str, Any]:
        """What is counted of delays, by name: ``bounds`` in seconds, and ``counts``."""
        if self.measures is None:
            return {}
        delays, loop = self.measures.delays, self.measures.loop
        found = {f"orders, {name.replace('_', ' ')}": each for name, each in delays.stages.items()}
        found |= {f"requests, {kind}": each for kind, each in delays.requests.items()}
        found |= {f"events to {owner}": each for owner, each in self.measures.handlers.waits.items()}
        found |= {"the loop's steps": loop.steps, "the loop's lateness": loop.lags}
        return {
            name: {"bounds": each.bounds, "counts": each.counts} for name, each in found.items() if each.count
        }

    async def run(self) -> None:
        """Run all parts, until cancelled."""
        measures = self.measures = Measures(self.engine, slow=self.config.slow_ms / 1000)
        with measures.attached():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(measures.run, name="loop lag")
                if self.config.http is not None:
                    nursery.start_soon(_outlive, "the page", self._serve_page, name="page")
                if self.config.alerts:
                    nursery.start_soon(_outlive, "what tells of alerts", self._run_alerts, name="alerts")

    async def run_control(self) -> None:
        """Take the commands of this machine's user, until cancelled."""
        if self.engine.desk is not None:
            await _outlive("the control socket", self._serve_control)

    async def _run_alerts(self) -> None:
        alerts = Alerts(
            self.config.alerts,
            open_channels(self.config.channels, self._dial),
            engine=self._name,
            look=self.look,
            clock=self.engine.clock,
            is_hurried=lambda: self.engine.is_hurried,
            slow=lambda: None if self.measures is None else self.measures.slow.last,
        )
        await alerts.run()

    async def _serve_page(self) -> None:
        assert self.config.http is not None
        import_module("livetrio.operations.metrics")  # now, and not in the middle of the trading
        host, _ = split_address(self.config.http)
        token = None if self.config.token is None else self.config.token.resolve()
        server = HttpServer(Api(self, Guard(host, token)).answer)
        self.history = History(self.engine)
        with listening(None if self._sockets else self.config.http, "operations") as opened:
            listeners = [_listener(each) for each in self._sockets or opened]
            for each in listeners:
                where = each.socket.getsockname()
                log.info("page", address=f"http://{_name_host(where[0])}:{where[1]}")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.history.run, name="history")
                nursery.start_soon(trio.serve_listeners, partial(_serve_browser, server), listeners)

    async def _serve_control(self) -> None:
        assert self.engine.desk is not None
        server = HttpServer(Api(self, None).answer)
        with control_socket(socket_of(self.engine.desk.keeper.journal.path)) as opened:
            if opened is not None:
                await trio.serve_listeners(partial(_serve_command, server), [_listener(opened)])


async def _outlive(name: str, part: Callable[[], Awaitable[None]]) -> None:
    """Run a part of which the engine is independent: a bug in it is told, and the trading goes on."""
    try:
        await part()
    except* Exception:
        log.exception(f"{name} is gone because of a bug; the engine goes on without it")


def _listener(opened: socket.socket) -> trio.SocketListener:
    """One that can be closed without the socket: the engine may be run again."""
    return trio.SocketListener(trio.socket.from_stdlib_socket(opened.dup()))


async def _serve_browser(server: HttpServer, stream: trio.SocketStream) -> None:
    try:
        who = f"http {stream.socket.getpeername()[0]}"
    except OSError:
        who = "http"  # it has gone
    await server.serve_stream(stream, who)


async def _serve_command(server: HttpServer, stream: trio.SocketStream) -> None:
    await server.serve_stream(stream, name_peer(stream))


def _name_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
