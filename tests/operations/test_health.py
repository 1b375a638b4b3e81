"""Whether it lives, and whether it is ready; and if not, why, in words."""

from __future__ import annotations

import trio
from operations_world import operated

from livetrio import Strategy
from livetrio.app.watching import WatchedEngine
from livetrio.operations.health import LATE, is_alive, why_not_ready
from livetrio.testing import run_strategy, within


class Quiet(Strategy):
    """Does nothing."""


@within(3600)
async def test_an_engine_that_trades_is_ready_and_one_that_has_not_started_or_has_stopped_is_not(
    autojump_clock,
):
    async with operated(Quiet()) as (_, operations):
        await trio.sleep(5)
        ready, alive = operations.why_not_ready(), operations.is_alive()

    assert (ready, alive) == ([], True)
    assert operations.why_not_ready()[0] == "the engine is stopped"


@within(3600)
async def test_a_lost_link_and_a_closed_gate_are_told_and_a_restart_is_not_asked_for(autojump_clock):
    async with operated(Quiet()) as (run, operations):
        await trio.sleep(5)
        run.exchange.control({"type": "fault", "fault": "refuse for 20s"})
        run.site.reset()
        await trio.sleep(2)
        down, alive = operations.why_not_ready(), operations.is_alive()
        await trio.sleep(60)
        up = operations.why_not_ready()

    assert any(each.startswith("hyperliquid/market is reconnecting: ") for each in down)
    assert any(
        each.startswith("HYPERLIQUID: no orders may leave: the account's stream is down") for each in down
    )
    assert alive
    assert up == []


@within(3600)
async def test_a_halt_is_told(autojump_clock):
    async with operated(Quiet()) as (run, operations):
        await trio.sleep(5)
        run.engine.halt("by hand")
        reasons = operations.why_not_ready()

    assert len(reasons) == 1
    assert "by hand" in reasons[0]


@within(3600)
async def test_before_the_account_was_compared_it_is_not_ready(autojump_clock):
    from livetrio.exchange import ExchangeSettings

    faults = ExchangeSettings(faults=("429 on info for 30s",))
    async with run_strategy(Quiet(), exchange=faults) as run:
        reasons = why_not_ready(WatchedEngine(run.engine))

    assert "HYPERLIQUID: the account was not compared with the venue's yet" in reasons


@within(3600)
async def test_a_strategy_that_has_failed_alone_makes_it_not_ready(autojump_clock):
    class Broken(Strategy):
        def on_tick(self, tick):
            raise RuntimeError("no")

    def isolate(engine):
        engine.add_strategy(Broken(), on_error="isolate")

    async with operated(Quiet(), prepare=isolate) as (_, operations):
        await trio.sleep(5)

        assert operations.why_not_ready() == ["the strategy Broken has failed"]


@within(3600)
async def test_a_loop_that_came_late_does_not_count_as_alive(autojump_clock):
    async with operated(Quiet()) as (_, operations):
        await trio.sleep(5)
        loop = operations.measures.loop
        loop.lag = LATE
        late = is_alive(loop)
        await trio.sleep(2)

        assert not late
        assert is_alive(loop)
    assert is_alive()
