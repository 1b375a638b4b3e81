"""Every order's own timeline, in the running engine, and in the journal afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import trio
from click.testing import CliRunner
from exchange_world import open_exchange
from trader_world import BTC, BUY, SIZE, Trader, go_wrong, until

from livetrio.app.cli import livetrio
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.model import OrderStatus, Quote
from livetrio.strategy.context import Context
from livetrio.testing import run_strategy, within
from livetrio.testing.agreement import wait_quiet

MILLISECOND = 1_000_000
LEAVE = ExecutionConfig(cancel_on_stop=False)


@attrs.define(eq=False)
class Taker(Trader):
    """Buys once, in the handler of a quote."""

    quote: Quote | None = attrs.field(default=None, init=False)
    bought: object = attrs.field(default=None, init=False)

    def on_quote(self, quote: Quote) -> None:
        if self.bought is None and self.ctx.is_open(BTC) and quote.instrument_id == BTC:
            self.quote = quote
            self.bought = self.ctx.submit_order(BTC, BUY, SIZE)


def timeline_of(run, order):
    return run.desk.tracker.get(order.client_order_id).timeline


def shown(journal, order, *more):
    result = CliRunner().invoke(
        livetrio, ["orders", str(journal), "--timeline", order.client_order_id, *more], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def copy_journal(path, copy):
    for suffix in ("", "-wal"):
        Path(f"{copy}{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())


def rows(journal, order):
    return [json.loads(each) for each in shown(journal, order, "--json").splitlines()]


def reached(journal, order):
    return [each["stage"] for each in rows(journal, order) if each["instant"] is not None]


@within(3600)
async def test_an_order_of_a_handler_goes_from_the_quote_that_it_answers_to_its_end(autojump_clock, tmp_path):
    taker = Taker()
    path = tmp_path / "orders.journal"
    async with run_strategy(taker, journal=path) as run:
        await until(lambda: taker.bought is not None)
        await taker.ctx.wait_closed(taker.bought)
        timeline = timeline_of(run, taker.bought)
        await wait_quiet(run)
        told = shown(path, taker.bought)

    assert timeline.heard == taker.quote.ts_init
    sending = timeline.requests[0][1]
    stages = [
        timeline.heard, timeline.decided, timeline.passed, sending.signed, sending.journaled, sending.sent,
        timeline.acknowledged, timeline.first_fill, timeline.closed,
    ]  # fmt: skip
    assert stages == sorted(stages)
    assert timeline.acknowledged > sending.sent
    assert reached(path, taker.bought) == [
        "tick", "decided", "risk passed", "signed", "journaled", "sent", "acknowledged", "first fill",
        "closed",
    ]  # fmt: skip
    assert "since tick" in told
    assert "not recorded" not in told


@within(3600)
async def test_an_order_that_is_denied_says_which_stages_it_never_came_to(autojump_clock, tmp_path):
    trader = Trader()
    path = tmp_path / "orders.journal"
    async with run_strategy(trader, journal=path) as run:
        order = trader.ctx.submit_order(BTC, BUY, SIZE, price=trader.price("3"))
        await wait_quiet(run)

    assert order.status is OrderStatus.DENIED
    assert reached(path, order) == ["decided", "closed"]
    by_stage = {each["stage"]: each["note"] for each in rows(path, order)}
    assert by_stage["tick"] == "it was decided on no news"
    assert by_stage["sent"] == f"never: {order.reason}"


@within(3600)
async def test_an_order_without_an_answer_says_that_it_is_unknown_what_came_of_it(autojump_clock, tmp_path):
    trader = Trader()
    path = tmp_path / "orders.journal"
    async with run_strategy(trader, journal=path) as run:
        go_wrong(run, "refuse for 60s")
        order = trader.rest()
        await until(lambda: timeline_of(run, order).requests)
        run.site.reset()
        await until(lambda: order.status is OrderStatus.UNKNOWN)
        run.desk.keeper.commit()
        notes = {each["stage"]: each["note"] for each in rows(path, order)}
        run.exchange.mischief.injector.remove()
        await wait_quiet(run)

    assert notes["acknowledged"] == notes["first fill"] == notes["closed"] == "unknown"
    assert notes["journaled"] is None


@within(3600)
async def test_each_modification_and_the_cancellation_has_its_own_sending(autojump_clock, tmp_path):
    trader = Trader()
    path = tmp_path / "orders.journal"
    async with run_strategy(trader, journal=path) as run:
        order = trader.rest()
        await until(lambda: order.is_open)
        for number in (1, 2):
            assert trader.ctx.modify_order(order, price=trader.price(f"0.9{number}")) is None
            await until(lambda number=number: order.revision == number)
            await trio.sleep(1)  # the answer comes after the report
        trader.ctx.cancel_order(order)
        await trader.ctx.wait_closed(order)
        timeline = timeline_of(run, order)
        await wait_quiet(run)

    assert [(each.kind, revision) for revision, each in timeline.requests] == [
        ("submit", 0),
        ("modify", 1),
        ("modify", 2),
        ("cancel", 2),
    ]
    assert [each.revision for each in timeline.changes] == [1, 2]
    stages = reached(path, order)
    assert [each for each in stages if each.startswith("modify 2")] == [
        "modify 2: decided", "modify 2: risk passed", "modify 2: signed", "modify 2: journaled",
        "modify 2: sent", "modify 2: answered",
    ]  # fmt: skip
    assert "cancel: sent" in stages


@within(3600)
async def test_a_function_decides_on_the_newest_that_it_has_read(autojump_clock):
    found = {}

    async def strategy(ctx: Context) -> None:
        with ctx.quotes(BTC) as quotes, ctx.ticks() as ticks:
            await ticks.receive()
            quote = await quotes.receive()
            await trio.sleep(0.5)
            found["quote"] = quote
            found["order"] = ctx.submit_order(BTC, BUY, SIZE, price=quote.mid_price / 2)

    async with run_strategy(strategy) as run:
        await until(lambda: "order" in found)
        timeline = timeline_of(run, found["order"])

    assert timeline.heard == max(found["quote"].ts_init, timeline.heard)
    assert timeline.decided - timeline.heard >= 500 * MILLISECOND


@within(3600)
async def test_an_order_outside_every_handler_answers_no_old_news(autojump_clock):
    taker = Taker()
    async with run_strategy(taker) as run:
        await until(lambda: taker.bought is not None)
        order = taker.rest()

        assert timeline_of(run, order).heard is None


@within(3600)
async def test_the_next_run_goes_on_with_what_the_journal_has_of_an_order(autojump_clock, tmp_path):
    path, killed = tmp_path / "orders.journal", tmp_path / "killed.journal"
    async with open_exchange() as run_there:
        first = Trader()
        async with run_there(first, journal=path, execution=LEAVE) as run:
            order = first.rest()
            await until(lambda: order.is_open)
            await trio.sleep(2)
            late = first.rest()
            await until(lambda: timeline_of(run, late).requests)
            run.desk.keeper.commit()
            copy_journal(path, killed)
            before = timeline_of(run, order)
            not_yet = shown(killed, late)
        async with run_there(Trader(), journal=killed) as run:
            found, partial = timeline_of(run, order), timeline_of(run, late)
            await wait_quiet(run)

    assert "not recorded yet" in not_yet
    assert (found.decided, found.acknowledged) == (before.decided, before.acknowledged)
    assert not found.is_partial
    assert (partial.decided, partial.is_partial) == (late.ts_init, True)
    notes = {each["stage"]: each["note"] for each in rows(killed, late)}
    assert notes["sent"] == "not recorded before that run ended, or not yet"
