"""JournalKeeper: what cannot be remembered does not leave; and what is remembered reaches the disk soon."""

from decimal import Decimal

import pytest
import trio
import trio.testing

from livetrio import Strategy
from livetrio.errors import JournalFailed
from livetrio.journal.journal import Journal
from livetrio.model import OrderSide, OrderStatus
from livetrio.supervision import journal_keeper
from livetrio.supervision.journal_keeper import QUIET, JournalKeeper
from livetrio.testing import run_strategy, within

BTC = "BTC-USD-PERP.HYPERLIQUID"


class Trader(Strategy):
    async def on_start(self):
        with self.ctx.quotes(BTC) as quotes:
            quote = await anext(quotes)
        self.price = (quote.bid_price * Decimal("0.9")).quantize(Decimal(1))
        self.ctx.subscribe_quotes(BTC)

    def rest(self):
        return self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"), price=self.price)


def fail_disk(journal, *, fails=True):
    """Let every write fail from now on, or not any more."""
    journal._connection.execute(f"PRAGMA query_only = {'ON' if fails else 'OFF'}")


@within(3600)
async def test_with_a_full_disk_no_order_leaves_and_what_rests_is_canceled_and_the_engine_fails(
    autojump_clock,
):
    trader = Trader()
    runs, orders = [], []
    with pytest.raises(JournalFailed, match="Is the disk full"):
        async with run_strategy(trader) as run:
            runs.append(run)
            orders.append(trader.rest())
            await trio.sleep(2)
            fail_disk(run.desk.keeper.journal)
            orders.append(trader.rest())
            await trio.sleep(30)

    resting, late = orders
    placed = {each.order.cloid for each in runs[0].account.history}
    assert placed == {resting.client_order_id}
    assert late.status is OrderStatus.REJECTED
    assert "cannot be written" in late.reason
    assert not runs[0].account.orders
    assert resting.status is OrderStatus.CANCELED
    gate = runs[0].desk.accounts[0].link.gate
    assert "cannot be written" in gate.reason(0)


class Failures(list):
    """Notes what failed."""

    __call__ = list.append


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "orders", now=1, version="test")
    yield journal
    fail_disk(journal, fails=False)
    journal.close("test", now=2)


async def test_what_is_recorded_is_committed_as_soon_as_the_loop_comes_round(journal, nursery):
    keeper = JournalKeeper(journal, on_failure=Failures())
    nursery.start_soon(keeper.run)
    keeper.put("test", "key", {"value": 1})
    keeper.record_request(1, "Submit", ["a"], None, 1)
    before = journal.has_uncommitted
    await trio.testing.wait_all_tasks_blocked()

    assert before
    assert not journal.has_uncommitted


async def test_a_commit_that_fails_is_told_and_succeeds_later_with_all_of_it(
    journal, autojump_clock, nursery
):
    failures = []
    keeper = JournalKeeper(journal, on_failure=failures.append)
    nursery.start_soon(keeper.run)
    fail_disk(journal)
    keeper.put("test", "key", {"value": 1})
    await trio.sleep(0.1)
    failure = keeper.failure
    fail_disk(journal, fails=False)
    keeper.put("test", "other", {"value": 2})
    await trio.sleep(0.1)

    assert failures == [failure]
    assert isinstance(failure, JournalFailed)
    assert keeper.failure is None
    assert set(journal.load().states["test"]) == {"key", "other"}


async def test_a_large_log_is_moved_into_the_file_when_it_is_quiet(
    journal, autojump_clock, nursery, monkeypatch
):
    monkeypatch.setattr(journal_keeper, "TIDY_BYTES", 1)
    keeper = JournalKeeper(journal, on_failure=Failures())
    nursery.start_soon(keeper.run)
    keeper.put("test", "key", {"value": 1})
    await trio.sleep(QUIET / 2)
    large = journal.wal_bytes
    await trio.sleep(QUIET)

    assert large > 0
    assert journal.wal_bytes == 0


async def test_a_log_that_is_much_too_large_is_moved_at_once(journal, autojump_clock, nursery, monkeypatch):
    monkeypatch.setattr(journal_keeper, "FULL_BYTES", 1)
    keeper = JournalKeeper(journal, on_failure=Failures())
    nursery.start_soon(keeper.run)
    keeper.put("test", "key", {"value": 1})
    await trio.sleep(QUIET / 10)

    assert journal.wal_bytes == 0
