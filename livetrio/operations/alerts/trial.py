"""Trial: a message to each channel, to see whether it arrives; and the one that says that a start failed."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
import trio

from livetrio.errors import AlertNotSent, LiveTradingError
from livetrio.operations.alerts.channels import Channel, open_channels
from livetrio.operations.alerts.courier import DEADLINE
from livetrio.operations.alerts.message import Message
from livetrio.operations.alerts.service import LAST_WORDS, tell_log
from livetrio.operations.config import OperationsConfig
from livetrio.supervision.dial import Dial

log = structlog.get_logger()


async def try_channels(
    channels: Mapping[str, Channel], message: Message, limit: float = DEADLINE
) -> dict[str, str | None]:
    """Send a message by each channel at once; what came of it: None, or why it did not get through."""
    results: dict[str, str | None] = dict.fromkeys(channels)

    async def send(name: str, channel: Channel) -> None:
        try:
            with trio.fail_after(limit):
                await channel.send(message)
        except AlertNotSent as error:
            results[name] = str(error)
        except trio.TooSlowError:
            results[name] = f"no answer in {limit:g} s"

    async with trio.open_nursery() as nursery:
        for name, channel in channels.items():
            nursery.start_soon(send, name, channel)
    return results


def make_trial(engine: str, now: int) -> Message:
    """A message that says that it is none."""
    return Message(
        engine=engine,
        rule="test",
        level="info",
        title="a test",
        lines=("This is how an alert arrives here. Nothing is wrong.",),
        is_over=False,
        ts=now,
    )


async def tell_failed_start(
    config: OperationsConfig, dial: Dial, failure: LiveTradingError, *, engine: str, now: int
) -> None:
    """Tell of an engine that failed before anything ran that could tell of it; returns within a limit."""
    alerts = [each for each in config.alerts if each.rule == "engine_failed"]
    if not alerts:
        return
    message = Message(
        engine=engine,
        rule="engine_failed",
        level=alerts[0].level or "critical",
        title="engine failed to start",
        lines=(f"engine: {failure}", "Nothing was started, and no order was sent."),
        is_over=False,
        ts=now,
    )
    tell_log(message)
    wanted = {name for each in alerts for name in (config.channels if each.to is None else each.to)}
    channels = open_channels({name: each for name, each in config.channels.items() if name in wanted}, dial)
    results: dict[str, str | None] = {}
    with trio.move_on_after(LAST_WORDS + 1, shield=True):
        results = await try_channels(channels, message, LAST_WORDS)
    for name, because in results.items():
        if because is not None:
            log.warning("an alert did not reach its channel", channel=name, because=because)
