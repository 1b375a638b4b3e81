"""Alerts: looks at the engine once a second, and lets couriers tell what is to be told.

It is never in an order's way: a look is a plain call of some 100 µs, and couriers have queues that drop the
oldest. When the engine ends it looks a last time, and what there is to tell then still goes out, within a
limit, before the engine has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
import trio

from livetrio.clock import Clock
from livetrio.model import SlowEvent
from livetrio.operations.alerts.channels import Channel
from livetrio.operations.alerts.config import LOG, AlertConfig
from livetrio.operations.alerts.courier import Courier
from livetrio.operations.alerts.message import Message
from livetrio.operations.alerts.watcher import Watcher
from livetrio.operations.view import View
from livetrio.supervision.nursery import open_service_nursery

log = structlog.get_logger()

INTERVAL = 1.0
"""Seconds between two looks."""

LAST_WORDS = 5.0
"""Seconds, at the most, for which the end of the engine waits until the last messages are out."""

HURRIED = 1.0
"""The same where somebody is in a hurry."""


class Alerts:
    """Of one run of an engine."""

    def __init__(
        self,
        alerts: tuple[AlertConfig, ...],
        channels: Mapping[str, Channel],
        *,
        engine: str,
        look: Callable[[], View],
        clock: Clock,
        slow: Callable[[], SlowEvent | None] = lambda: None,
        is_hurried: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take what people are told of, how they are reached, and whom it is about.

        ``slow`` says what held the loop last, where that is measured; ``is_hurried`` whether somebody does
        not want to wait for the end.
        """
        self._watcher = Watcher(engine, alerts)
        self._couriers = {name: Courier(name, channel, clock) for name, channel in channels.items()}
        self._look = look
        self._slow = slow
        self._is_hurried = is_hurried

    async def run(self) -> None:
        """Look and tell, until cancelled."""
        async with open_service_nursery() as nursery:
            for courier in self._couriers.values():
                nursery.start_soon(courier.run, name=f"alerts to {courier.name}")
            try:
                await self._look_regularly()
            finally:
                self._tell(has_ended=True)
                seconds = HURRIED if self._is_hurried() else LAST_WORDS
                with trio.move_on_after(seconds, shield=True) as limit:
                    async with trio.open_nursery() as last:
                        for courier in self._couriers.values():
                            last.start_soon(courier.finish)
                if limit.cancelled_caught:
                    log.warning("the last alerts have not reached every channel", seconds=seconds)

    async def _look_regularly(self) -> None:
        due = trio.current_time()
        while True:
            self._tell(lag=trio.current_time() - due)
            due = max(due + INTERVAL, trio.current_time())
            await trio.sleep_until(due)

    def _tell(self, *, lag: float = 0.0, has_ended: bool = False) -> None:
        view, slow = self._look(), self._slow()
        for alert, message in self._watcher.look(view, lag=lag, slow=slow, has_ended=has_ended):
            tell_log(message)
            for name in self._couriers if alert.to is None else alert.to:
                if name != LOG:
                    self._couriers[name].put(message)


def tell_log(message: Message) -> None:
    """Every alert is in the log."""
    words = {"rule": message.rule, "title": message.title, "text": message.text}
    if message.is_over or message.level == "info":
        log.info("alert", **words)
    elif message.level == "warning":
        log.warning("alert", **words)
    else:
        log.error("alert", **words)
