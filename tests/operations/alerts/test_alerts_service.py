"""Whole engines with things that go wrong, and who is told of it. In virtual time, at the local exchange."""

from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial

import pytest
import trio
from alert_views import Reader
from structlog.testing import capture_logs

from livetrio import Strategy
from livetrio.app.watching import WatchedEngine
from livetrio.clock import Clock
from livetrio.errors import StrategyFailed
from livetrio.model import OrderSide
from livetrio.operations.alerts.config import AlertConfig
from livetrio.operations.alerts.service import LAST_WORDS, Alerts
from livetrio.operations.look import look_at
from livetrio.testing import run_strategy

BTC = "BTC-USD-PERP.HYPERLIQUID"


class Hands(Strategy):
    """Knows prices, and does nothing by itself: a test is its hands."""

    async def on_start(self):
        self.ctx.subscribe_quotes(BTC)
        self.ctx.subscribe_book(BTC)
        while self.ctx.cache.get_quote(BTC) is None:  # noqa: ASYNC110  # a test may look
            await trio.sleep(0.1)

    def rest(self):
        price = self.ctx.cache.get_quote(BTC).bid_price * Decimal("0.9")
        return self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"), price=price)


@asynccontextmanager
async def told(reader, *rules, strategy=None, **more):
    """Yields a run that tells a reader of these things."""
    alerts = tuple(AlertConfig(rule=each) if isinstance(each, str) else each for each in rules)

    def prepare(engine):
        watched = WatchedEngine(engine)

        async def run():
            look = partial(look_at, watched)
            await Alerts(
                alerts,
                {"phone": reader},
                engine="demo",
                look=look,
                clock=engine.clock,
                is_hurried=lambda: watched.is_hurried,
            ).run()

        engine.add_service("alerts", run)

    async with run_strategy(strategy or Hands(), prepare=prepare, **more) as run:
        yield run


def go_wrong(run, *faults):
    for fault in faults:
        status, answer = run.exchange.control({"type": "fault", "fault": fault})
        assert status == 200, answer


async def test_a_link_that_is_mended_at_once_wakes_nobody(autojump_clock):
    reader = Reader()
    amounts = [AlertConfig(rule=each, amount=Decimal(500)) for each in ("day_loss", "drawdown")]
    names = (
        "order_unknown gate_closed connection_down feed_stale trading_halted strategy_failed differences "
        "loop_lag engine_failed engine_killed"
    )
    hands = Hands()
    async with told(reader, *names.split(), *amounts, strategy=hands) as run:
        hands.rest()
        await trio.sleep(100)
        run.site.reset()
        await trio.sleep(100)

    assert reader.texts == []


async def test_a_link_that_stays_down_is_told_and_that_it_is_up_again(autojump_clock):
    reader = Reader()
    async with told(reader, "gate_closed", "connection_down") as run:
        go_wrong(run, "refuse for 100s", "drop-connection")
        await trio.sleep(200)

    assert sorted(reader.titles) == ["connected again", "connection down", "gate closed", "gate open again"]
    texts = dict(zip(reader.titles, reader.texts, strict=True))
    assert (
        "no orders leave: the account's stream is down: the connection to exchange.test:80 broke off"
        in (texts["gate closed"])
    )
    assert "UTC (30." in texts["gate closed"]
    assert ": open again after 2m " in texts["gate open again"]
    down, up = texts["connection down"].splitlines(), texts["connected again"].splitlines()
    assert [each.partition(":")[0] for each in down] == ["hyperliquid/market", "hyperliquid/account"]
    assert "reconnecting, attempt 6: exchange.test:80 hung up" in down[0]
    assert [each.partition(" after")[0] for each in up] == [
        "hyperliquid/market: connected again",
        "hyperliquid/account: connected again",
    ]


async def test_an_order_without_an_answer_is_told_until_there_is_proof(autojump_clock):
    reader = Reader()
    hands = Hands()
    async with told(reader, "order_unknown", strategy=hands) as run:
        go_wrong(run, "ack-lost", "silent", "502 on info")
        order = hands.rest()
        await trio.sleep(60)
        assert reader.titles == ["order UNKNOWN"]
        assert order.client_order_id in reader.texts[0]
        run.exchange.mischief.injector.remove()
        await trio.sleep(120)

    assert reader.titles == ["order UNKNOWN", "order known again"]
    assert order.client_order_id in reader.texts[1]


async def test_feeds_that_fall_silent_are_told(autojump_clock):
    reader = Reader()
    alert = AlertConfig(rule="feed_stale", longer_than_ms=2_000)
    async with told(reader, alert) as run:
        await trio.sleep(10)
        go_wrong(run, "silent for 60s")
        await trio.sleep(120)

    assert reader.titles[0] == "feed silent"
    assert "BTC-USD-PERP" in reader.texts[0]
    assert reader.titles[-1] == "feeds speak again"


async def test_a_halt_and_a_loss_are_told(autojump_clock):
    reader = Reader()
    hands = Hands()
    loss = AlertConfig(rule="day_loss", amount=Decimal("0.01"))
    async with told(reader, "trading_halted", loss, strategy=hands) as run:
        hands.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"))
        await trio.sleep(5)
        hands.ctx.submit_order(BTC, OrderSide.SELL, Decimal("0.01"))
        await trio.sleep(5)
        run.engine.halt("a test")
        await trio.sleep(5)

    assert "loss of the day" in reader.titles
    assert "trading halted" in reader.titles
    assert any("halted: a test" in each for each in reader.texts)


async def test_what_the_journal_does_not_explain_is_told(autojump_clock):
    reader = Reader()
    hands = Hands()
    clock = Clock.simulated()
    async with run_strategy(hands, clock=clock) as run:
        hands.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"))
        await trio.sleep(5)
        local = run.exchange
    async with trio.open_nursery() as nursery:
        await nursery.start(local.run)
        async with told(reader, "differences", local=local, clock=clock) as run:  # with another journal
            await trio.sleep(5)
        nursery.cancel_scope.cancel()

    assert reader.titles == ["found what the journal does not explain"]
    assert reader.texts[0].startswith(f"{BTC}: the position is 0.01 and not 0 (it was there when the journal")


async def test_a_stop_is_told_before_the_engine_has_ended(autojump_clock):
    reader = Reader(delay=2)
    async with told(reader, "engine_stopped") as run:
        await trio.sleep(42)
        run.engine.stop("that was it")
        assert reader.texts == []
        await run.engine.wait_stopped()
        assert len(reader.texts) == 1

    assert reader.texts[0].startswith("engine: stopped after 4")
    assert reader.texts[0].endswith(": that was it. No order is left. Held: nothing.")


async def test_a_channel_that_is_down_does_not_hold_up_the_end(autojump_clock):
    reader = Reader(delay=3600)
    with capture_logs() as logs:
        async with told(reader, "engine_stopped") as run:
            began = trio.current_time()
            run.engine.stop()
            await run.engine.wait_stopped()
            took = trio.current_time() - began

    assert LAST_WORDS <= took < LAST_WORDS + 1
    assert "the last alerts have not reached every channel" in [each["event"] for each in logs]


async def test_who_is_in_a_hurry_waits_a_second(autojump_clock):
    reader = Reader(delay=3600)
    async with told(reader, "engine_stopped") as run:
        began = trio.current_time()
        run.engine.stop()
        run.engine.hurry()
        await run.engine.wait_stopped()
        took = trio.current_time() - began

    assert took < 2


async def test_a_failure_is_told_with_what_is_left(autojump_clock):
    class Breaks(Hands):
        async def on_start(self):
            await super().on_start()
            self.rest()
            self.count = 0

        def on_tick(self, tick):
            self.count += 1
            if self.count == 5:
                go_wrong(runs[0], "ack-lost", "silent", "502 on info")
                raise ValueError("a bug of the author's")

    reader = Reader()
    runs = []
    rules = ["engine_failed", "strategy_failed", "engine_stopped"]
    with pytest.raises(StrategyFailed):
        async with told(reader, *rules, strategy=Breaks()) as run:
            runs.append(run)
            await trio.sleep_forever()

    assert sorted(reader.titles) == ["engine failed", "engine stopped", "strategy failed"]
    assert reader.titles[-1] == "engine stopped"
    assert reader.messages[-1].level == "critical"
    assert "1 order is LEFT, open or unknown: buy 0.01 BTC" in reader.texts[-1]
    assert "a bug of the author's" in reader.texts[0]


async def test_a_run_that_was_killed_is_told_by_the_next(autojump_clock, tmp_path):
    reader = Reader()
    clock = Clock.simulated()
    path = tmp_path / "orders.journal"
    async with run_strategy(Hands(), journal=path, clock=clock) as run:
        run.desk.keeper.commit()
        images = {each.name: each.read_bytes() for each in tmp_path.iterdir() if each.suffix != ".lock"}
        local = run.exchange
    for name, image in images.items():  # as it lay there while it ran
        (tmp_path / name).write_bytes(image)
    async with trio.open_nursery() as nursery:
        await nursery.start(local.run)
        async with told(reader, "engine_killed", journal=path, local=local, clock=clock):
            await trio.sleep(5)
        nursery.cancel_scope.cancel()

    assert reader.titles == ["engine was killed"]


async def test_orders_do_not_wait_for_a_channel(autojump_clock):
    reader = Reader(delay=15)
    hands = Hands()
    halves = [AlertConfig(rule="connection_down", longer_than_ms=0, every_ms=0) for _ in range(3)]
    async with told(reader, *halves, strategy=hands) as run:
        go_wrong(run, "refuse for 5s", "drop-connection")
        await trio.sleep(20)
        assert reader.attempts
        assert not reader.texts[2:]  # it is still at it
        order = hands.rest()
        await trio.sleep(1)
        assert order.is_open
