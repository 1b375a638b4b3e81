"""print_events: whatever is published on some topics, a line each."""

from __future__ import annotations

from livetrio import Context


async def print_events(ctx: Context, topics: list[str]) -> None:
    """Log every event of these topics; a pattern such as ``trade.*`` is all topics that begin so."""
    with ctx.bus.subscribe(*topics) as events:
        async for event in events:
            ctx.log.info("event", event_is=event)
