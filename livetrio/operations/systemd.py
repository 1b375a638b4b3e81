"""Systemd: tells the service manager that the engine is ready, how it is, that it lives, and that it stops.

The manager names a datagram socket in ``NOTIFY_SOCKET`` (``@…``: in the abstract namespace) and, where it
watches, the longest silence that it takes in ``WATCHDOG_USEC``, for the process ``WATCHDOG_PID``: see
sd_notify(3) and sd_watchdog_enabled(3) of systemd 252. A message that cannot be sent is lost: the manager may
have gone, and an engine does not stop for that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import structlog
import trio

from livetrio.operations.health import why_not_ready
from livetrio.operations.watched import Watched
from livetrio.topics import SHUTDOWN

log = structlog.get_logger()

INTERVAL = 5.0
"""Seconds between two looks at how the engine is; less where the manager ends what is silent for long."""

STARTING_INTERVAL = 0.5
"""The same until the engine has started."""

PATIENCE = 1.0
"""Seconds that a manager may take to read."""

STARTING = ("stopped", "starting")


class Systemd:
    """Tells one manager of one engine. `run` is its life, beside the strategies of the engine."""

    def __init__(self, address: str, engine: Watched, *, watchdog: float | None = None) -> None:
        """Take where the manager listens, and after how many seconds of silence it ends the process."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._engine = engine
        self._interval = INTERVAL if watchdog is None else min(INTERVAL, watchdog / 2)
        self._has_watchdog = watchdog is not None
        self._status: str | None = None
        self._is_ready = self._is_stopping = False

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], engine: Watched) -> Systemd | None:
        """As the manager has set the environment; None: there is none that wants to hear of us."""
        address = environment.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return None
        usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(os.getpid()))
        watches = usec.isdecimal() and int(usec) > 0 and pid == str(os.getpid())
        return cls(address, engine, watchdog=int(usec) / 1e6 if watches else None)

    async def run(self) -> None:
        """Tell until cancelled, which is when the engine has stopped trading.

        Ready is what has started: a venue that is down delays nobody, and is told as the status.
        """
        with (
            trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_DGRAM) as socket,
            self._engine.bus.subscribe(SHUTDOWN) as shutdown,
        ):
            while True:
                await self._send(socket, self.next_message())
                interval = self._interval if self._is_ready else min(self._interval, STARTING_INTERVAL)
                with trio.move_on_after(interval):
                    await shutdown.receive()

    def next_message(self) -> str:
        """What there is to tell now; empty: nothing."""
        lines = []
        life = self._engine.life
        if not self._is_ready and life not in STARTING:
            self._is_ready = True
            lines.append("READY=1")
        if life == "stopping" and not self._is_stopping:
            self._is_stopping = True
            lines.append("STOPPING=1")
        obstacles = why_not_ready(self._engine)
        status = "; ".join(obstacles) if obstacles else "trading, all is well"
        if status != self._status:
            self._status = status
            lines.append(f"STATUS={' '.join(status.split())}")
        if self._has_watchdog:
            lines.append("WATCHDOG=1")
        return "\n".join(lines)

    async def _send(self, socket: trio.socket.SocketType, message: str) -> None:
        if not message:
            return
        try:
            with trio.move_on_after(PATIENCE):
                await socket.sendto(message.encode(), self._address)
        except OSError as error:
            log.debug("the service manager does not hear us", because=str(error))
