"""What runs beside an engine does not end it."""

import trio
from structlog.testing import capture_logs
from watched_world import Hands, watch

from livetrio.operations.config import OperationsConfig
from livetrio.operations.service import Operations
from livetrio.testing import run_strategy


async def test_a_bug_in_the_page_costs_the_page_and_the_engine_goes_on(autojump_clock, monkeypatch):
    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr("livetrio.operations.http.history.History._note_figures", fail)
    async with run_strategy(Hands()) as run, trio.open_nursery() as nursery:
        operations = Operations(OperationsConfig(http="127.0.0.1:0"), watch(run))
        with capture_logs() as lines:
            nursery.start_soon(operations.run)
            await trio.sleep(5)
        life = run.engine.state.value
        measured = operations.measures.loop.lags.count
        nursery.cancel_scope.cancel()

    [told] = [each for each in lines if each["log_level"] == "error"]
    assert told["event"] == "the page is gone because of a bug; the engine goes on without it"
    assert life == "running"
    assert measured >= 4


async def test_an_engine_without_orders_has_no_control_socket(autojump_clock):
    async def look_on(ctx):
        await trio.sleep_forever()

    async with run_strategy(look_on, orders=False) as run:
        with trio.fail_after(1):
            await Operations(OperationsConfig(), watch(run)).run_control()
