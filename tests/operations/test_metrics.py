"""The metrics say what the engine knows, all are described, and the dashboard shows none that are not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import trio
from operations_world import BTC, operated
from prometheus_client.parser import text_string_to_metric_families

from livetrio import Strategy
from livetrio.app.watching import WatchedEngine
from livetrio.model import OrderSide, OrderStatus
from livetrio.operations import metrics
from livetrio.operations.metrics import exposition, resident_bytes
from livetrio.testing import run_strategy, within

DASHBOARD = Path(__file__).parents[2] / "configs" / "grafana-livetrio.json"


class Holder(Strategy):
    """Buys once, leaves a bid far below, and asks for too much."""

    def on_start(self):
        self.ctx.subscribe_quotes(BTC)

    def on_quote(self, quote):
        if not self.ctx.orders() and not self.ctx.position(BTC):
            self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"))
            self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.02"), price=quote.bid_price * Decimal("0.9"))
            self.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.02"), price=quote.bid_price * 3)


def read(text):
    """Samples by name and labels, and the kinds of the metrics."""
    families = list(text_string_to_metric_families(text.decode()))
    samples = {}
    for family in families:
        for each in family.samples:
            key = each.name, *(value for name, value in sorted(each.labels.items()))
            assert key not in samples, f"{key} is there twice"
            samples[key] = each.value
    return samples, {each.name: each.type for each in families}


@within(3600)
async def test_metrics_say_what_the_engine_knows(autojump_clock):
    async with operated(Holder()) as (run, operations):
        await trio.sleep(20)
        run.site.reset()
        await trio.sleep(20)
        samples, _ = read(operations.metrics())
        tracker, status = run.desk.tracker, run.engine.connection_status()
        position = run.engine.cache.get_position(BTC)
        commits = run.desk.keeper.journal.commits
        equity = run.engine.cache.get_account_equity()

    def value(name, *labels):
        return samples[f"livetrio_{name}", *labels]

    assert value("up", "running") == 1
    assert value("orders_total", "denied") == tracker.counts["denied"] == 1
    assert value("orders_total", "filled") == 1
    assert value("orders_working", "accepted") == 1
    assert value("fills_total") == tracker.counts["fills"]
    assert value("unknown_oldest_seconds") == 0
    for each in status:
        assert value("connection_up", each.name) == 1
        assert value("connection_sessions_total", each.name) == 2
        assert value("connection_messages_total", each.name) == each.messages_received
    assert value("position_quantity", BTC) == float(position.quantity)
    assert value("account_equity", run.engine.cache.get_default_account().account_id, "USDC") == float(equity)
    assert value("gate_open", "HYPERLIQUID") == 1
    assert value("requests_total", "submit", "HYPERLIQUID") >= 1
    assert value("answers_total", "HYPERLIQUID", "done") == 2
    assert value("questions_total", "answered", "HYPERLIQUID") > 5
    assert value("budget_left", "messages", "HYPERLIQUID") > 100
    assert value("quote_age_seconds", BTC) < 10
    assert value("strategy_events_total", "Holder") > 20
    assert value("order_stage_seconds_count", "decision_to_wire") == 2
    assert value("order_stage_seconds_bucket", "+Inf", "wire_to_ack") == 2
    assert value("order_stage_seconds_sum", "wire_to_ack") > 0.01
    assert value("request_seconds_count", "submit") == value("requests_total", "submit", "HYPERLIQUID")
    assert value("event_wait_seconds_count", "Holder") > 20
    assert value("loop_lag_seconds_count") >= 39
    assert value("journal_commits_total") == commits > 1
    assert value("tasks") > 10
    assert value("process_resident_bytes") > 2**20


@within(3600)
async def test_a_closed_gate_and_an_unknown_order_are_there_with_reason_and_age(autojump_clock):
    holder = Holder()
    async with operated(holder) as (run, operations):
        await trio.sleep(20)
        run.exchange.control({"type": "fault", "fault": "refuse for 60s"})
        order = holder.ctx.submit_order(BTC, OrderSide.BUY, Decimal("0.01"), price=Decimal(80_000))
        while order.status is OrderStatus.PENDING:
            await run.desk.tracker.progress().wait()
        run.site.reset()
        await trio.sleep(3)
        samples, _ = read(operations.metrics())
        run.exchange.mischief.injector.remove()
        await trio.sleep(60)
        healed, _ = read(operations.metrics())

    assert samples["livetrio_orders_working", "unknown"] == 1
    assert 2.5 < samples["livetrio_unknown_oldest_seconds",] <= 3
    assert healed["livetrio_unknown_oldest_seconds",] == 0
    assert healed["livetrio_answers_total", "HYPERLIQUID", "lost"] == 1
    assert samples["livetrio_gate_open", "HYPERLIQUID"] == 0
    assert samples["livetrio_gate_closed_reasons", "connection", "HYPERLIQUID"] == 1
    assert samples["livetrio_connection_up", "hyperliquid/account"] == 0


@within(3600)
async def test_every_metric_is_described_and_every_description_is_of_one(autojump_clock):
    described = set(re.findall(r"^    ([a-z_]+)(?:\{|  |$)", metrics.__doc__, re.MULTILINE))
    async with operated(Holder()) as (_, operations):
        await trio.sleep(20)
        text = operations.metrics().decode()
    there = {each.removeprefix("livetrio_") for each in re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)}

    assert there == described


@within(3600)
async def test_names_follow_the_conventions(autojump_clock):
    async with operated(Holder()) as (_, operations):
        await trio.sleep(20)
        _, kinds = read(operations.metrics())

    for name, kind in kinds.items():
        assert name.startswith("livetrio_")
        assert not name.endswith(("_ms", "_us", "_ns")), name
        if kind == "histogram":
            assert name.endswith("_seconds"), name


@within(3600)
async def test_an_engine_without_an_account_and_without_measures_has_the_others(autojump_clock):
    async def watch(ctx):
        with ctx.quotes(BTC) as quotes:
            async for _ in quotes:
                pass

    async with run_strategy(watch, orders=False) as run:
        await trio.sleep(5)
        samples, kinds = read(exposition(WatchedEngine(run.engine)))

    assert samples["livetrio_connection_up", "hyperliquid/market"] == 1
    assert "livetrio_orders" not in kinds
    assert "livetrio_loop_lag_seconds" not in kinds


def test_memory_is_that_of_this_process():
    assert 2**20 < resident_bytes() < 2**36


@within(3600)
async def test_the_dashboard_asks_for_metrics_that_are_there(autojump_clock):
    dashboard = json.loads(DASHBOARD.read_text())
    asked = set()
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            asked |= set(re.findall(r"livetrio_\w+", target["expr"]))
    for variable in dashboard["templating"]["list"]:
        asked |= set(re.findall(r"livetrio_\w+", str(variable.get("query", ""))))
    async with operated(Holder()) as (_, operations):
        await trio.sleep(20)
        _, kinds = read(operations.metrics())
    there = set()
    for name, kind in kinds.items():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(kind, [""])
        there |= {name + each for each in suffixes}

    assert asked - there == set()
    assert len(asked) > 25


def test_an_engine_that_shows_no_metrics_does_not_load_what_makes_them():
    code = "import sys, livetrio.app.run, livetrio.app.cli; print('prometheus_client' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "False\n"
