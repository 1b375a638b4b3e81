"""What is at which path, of an engine at the local exchange in virtual time."""

import json
from decimal import Decimal

import pytest
import trio
from http_world import TOKEN, Browser
from structlog.testing import capture_logs
from watched_world import BTC, ETH, Hands, rest_two, until, watch

from livetrio import Clock, Config, LiveTradingConfig
from livetrio.app.config import JournalConfig
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.trading_state import TradingState
from livetrio.exchange import LocalExchange
from livetrio.operations.config import OperationsConfig
from livetrio.operations.http.api import Api
from livetrio.operations.http.asked import Asked
from livetrio.operations.http.plain import plain
from livetrio.secrets import Secret
from livetrio.testing import run_strategy
from livetrio.venues.hyperliquid import HyperliquidConfig


async def test_everything_of_the_engine_is_there_as_json(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run:
        browser = Browser(watch(run))
        await hands.buy()
        btc, eth = await rest_two(hands)
        state = browser.ask("/api/state").json
        orders = browser.ask("/api/orders").json
        one = browser.ask(f"/api/orders/{eth.venue_order_id}").json
        positions = browser.ask("/api/positions").json
        connections = browser.ask("/api/connections").json
        tasks = browser.ask("/api/tasks").json
        gone = browser.ask("/api/orders/0x0")

    assert state["life"] == "running"
    assert state["now"].endswith("Z")
    assert state["warnings"] == ["a warning"]
    assert {each["client_order_id"] for each in orders} == {btc.client_order_id, eth.client_order_id}
    assert one["client_order_id"] == eth.client_order_id
    assert one["price"] == str(eth.price)
    assert one["ts_init"].endswith("Z")
    assert [each["quantity"] for each in positions] == ["0.01"]
    assert [each["state"] for each in connections] == ["connected", "connected"]
    assert (gone.status, gone.words) == (404, "no order 0x0 is remembered; the journal may have it")
    by_name = {each["name"]: each for each in tasks}
    assert tasks[0]["owner"] is None
    assert by_name["journal"]["owner"] == "orders"
    assert by_name["connection hyperliquid/market"]["waits"].startswith("supervision.")


async def test_an_orders_timeline_is_there_while_it_works_and_when_it_is_over(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run:
        browser = Browser(watch(run))
        await hands.buy()
        resting, _ = await rest_two(hands)
        [filled] = browser.ask("/api/orders", query={"over": "5"}).json
        over = browser.ask(f"/api/orders/{filled['client_order_id']}/timeline").json
        working = browser.ask(f"/api/orders/{resting.venue_order_id}/timeline").json
        timeline = run.desk.tracker.get(filled["client_order_id"]).timeline

    assert (filled["status"], filled["quantity"]) == ("filled", "0.01")
    assert over["order"]["client_order_id"] == filled["client_order_id"]
    reached = [each for each in over["stages"] if each["instant"] is not None]
    assert [each["stage"] for each in reached] == [
        "decided", "risk passed", "signed", "journaled", "sent", "acknowledged", "first fill", "closed",
    ]  # fmt: skip
    assert reached[0]["since_before"] is None
    assert all(each["instant"].endswith("Z") for each in reached)
    whole = (timeline.closed - timeline.decided) / 1e9
    assert whole > 0
    assert sum(each["since_before"] for each in reached[1:]) == pytest.approx(whole)
    by_stage = {each["stage"]: each for each in working["stages"]}
    assert working["order"]["client_order_id"] == resting.client_order_id
    assert by_stage["acknowledged"]["instant"] is not None
    assert by_stage["tick"] == {
        "stage": "tick",
        "instant": None,
        "since_before": None,
        "since_tick": None,
        "note": "it was decided on no news",
    }
    assert by_stage["closed"]["note"] == "not yet"


async def test_a_timeline_that_cannot_be_told_is_refused_in_words(autojump_clock):
    clock = Clock.simulated()
    local = LocalExchange(clock=clock)
    leave = ExecutionConfig(cancel_on_stop=False, foreign_orders="adopt")
    async with trio.open_nursery() as nursery:
        await nursery.start(local.run)
        hands = Hands()
        async with run_strategy(hands, local=local, clock=clock, execution=leave) as before:
            await rest_two(hands)
        for order in before.account.orders.values():  # now they are somebody's who is no engine
            del before.account.by_cloid[order.cloid]
            order.cloid = None
        async with run_strategy(Hands(), local=local, clock=clock, execution=leave) as run:
            browser = Browser(watch(run))
            foreign = run.desk.tracker.working()[0].order.client_order_id
            gone = browser.ask("/api/orders/0x0/timeline")
            untold = browser.ask(f"/api/orders/{foreign}/timeline")
            numbers = ("0", "-1", "x", "9" * 9)
            nonsense = [browser.ask("/api/orders", query={"over": each}) for each in numbers]
        nursery.cancel_scope.cancel()
    async with run_strategy(Hands(), orders=False) as run:
        browser = Browser(watch(run))
        neither = browser.ask("/api/orders/0x0/timeline"), browser.ask("/api/orders", query={"over": "5"})

    assert (gone.status, gone.words) == (404, "no order 0x0 is remembered; the journal may have it")
    assert (untold.status, untold.words) == (404, f"order {foreign} has no timeline: it was not made here")
    assert {each.status for each in nonsense} == {400}
    assert (neither[0].status, neither[1].json) == (404, [])
    assert nonsense[0].words == "over: expected a number from 1 to 1000, found '0'"


async def test_actions_take_the_token_and_say_what_they_did_and_who_asked(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run:
        browser = Browser(watch(run))
        orders = await rest_two(hands)
        without = browser.ask("/api/halt", "POST")
        wrong = browser.ask("/api/halt", "POST", authorization="Bearer nonsense")
        by_get = browser.ask("/api/halt", authorization=f"Bearer {TOKEN}")
        other_site = browser.ask(
            "/api/halt", "POST", authorization=f"Bearer {TOKEN}", origin="http://evil.example"
        )
        untouched = run.desk.risk.state
        some = browser.act("cancel-all", instrument=ETH)
        await until(lambda: orders[1].is_closed)
        more = browser.act("pause", instrument=ETH)
        halted = browser.act("halt")
        state = run.desk.risk.state
        refused = browser.act("pause")
        await until(lambda: orders[0].is_closed)
        reason = run.desk.risk.reason

    assert (without.status, wrong.status, by_get.status, other_site.status) == (401, 401, 405, 403)
    assert by_get.headers["allow"] == "POST"
    assert untouched is TradingState.ACTIVE
    assert (some.status, some.json["done"]) == (200, True)
    assert (more.status, more.words) == (400, "/api/pause does not take instrument")
    assert halted.json == {"done": True, "words": "halted: nothing leaves any more; 1 order being canceled"}
    assert state is TradingState.HALTED
    assert reason == "by http 1.2.3.4"
    assert refused.status == 409
    assert refused.json["done"] is False


async def test_without_a_token_acting_is_refused_in_words(autojump_clock):
    async with run_strategy(Hands()) as run:
        browser = Browser(watch(run), token=None)
        answers = [browser.act(each) for each in ("pause", "resume", "halt", "cancel-all", "flatten", "stop")]
        life = run.engine.state.value

    assert [each.status for each in answers] == [403] * 6
    assert all("operations.token is not set" in each.words for each in answers)
    assert life == "running"


async def test_whatever_is_wrong_is_answered_in_words_and_with_all_headers(autojump_clock):
    async with run_strategy(Hands()) as run:
        browser = Browser(watch(run))
        wrong = {
            path: browser.ask(path)
            for path in ("/nope", "/api", "/api/", "/static/../api.py", "/static/nope.js", "/api/book/X")
        }
        posted = browser.ask("/api/state", "POST")
        kept = browser.ask("/api/history")
        named = browser.ask("/api/state", host="evil.example")
        fine = browser.ask("/")

    assert {each.status for each in wrong.values()} == {404}
    assert (posted.status, posted.words) == (405, "/api/state shows something, so it takes GET")
    assert kept.words == "no history is kept, because operations.http is not set"
    assert named.status == 403
    for answer in (*wrong.values(), posted, kept, named, fine):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "access-control-allow-origin" not in answer.headers
    assert fine.status == 200
    assert b"<!doctype html>" in fine.body.lower()


async def test_a_bug_is_answered_and_the_engine_goes_on(autojump_clock):
    async with run_strategy(Hands()) as run:
        browser = Browser(watch(run))
        browser.operations.look = lambda: 1 / 0
        with capture_logs() as lines:
            answer = browser.ask("/api/state")
        life = run.engine.state.value

    assert answer.status == 500
    assert lines[0]["log_level"] == "error"
    assert life == "running"


async def test_the_configuration_is_shown_without_secrets(autojump_clock, monkeypatch, tmp_path):
    monkeypatch.setenv("OF_THE_PAGE", "do-not-show-this")
    monkeypatch.setenv("OF_THE_KEY", "0x" + "11" * 32)
    config = Config(
        engine=LiveTradingConfig(handle_signals=False),
        venues={
            "hyperliquid": HyperliquidConfig(
                network="testnet", key=Secret("env:OF_THE_KEY"), headers={"X-Pass": "do-not-show-this-either"}
            )
        },
        operations=OperationsConfig(http="127.0.0.1:1", token=Secret("env:OF_THE_PAGE")),
        journal=JournalConfig(path=str(tmp_path / "do-not-show-this.journal")),
    )
    config.operations.token.resolve()
    async with run_strategy(Hands()) as run:
        answer = Browser(watch(run), settings=plain(config)).ask("/api/config")

    assert answer.json["operations"]["token"] == "env:OF_THE_PAGE"
    assert answer.json["venues"]["hyperliquid"]["key"] == "env:OF_THE_KEY"
    assert answer.json["engine"]["handle_signals"] is False
    assert answer.json["venues"]["hyperliquid"]["headers"] == "not shown"
    assert b"do-not-show-this" not in answer.body
    assert b"1111111" not in answer.body
    assert b"[secret].journal" in answer.body


async def test_the_stream_tells_of_the_engine_and_all_who_watch_share_a_view(autojump_clock):
    async with run_strategy(Hands()) as run:
        browser = Browser(watch(run))
        stream = browser.api.answer(
            Asked(
                method="GET",
                path="/api/stream",
                query={},
                headers={"host": "localhost"},
                body=b"",
                who="http",
            )
        )
        first, second = stream.take(), stream.take()
        await trio.sleep(0.5)
        third = stream.take()

    event, data, *_ = first.decode().split("\n")
    assert event == "event: state"
    assert json.loads(data.removeprefix("data: "))["life"] == "running"
    assert first is second
    assert third != first
    assert dict(stream.headers)["cache-control"] == "no-store"


async def test_history_has_prices_results_and_fills_as_they_came(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run, trio.open_nursery() as nursery:
        browser = Browser(watch(run), history=True)
        nursery.start_soon(browser.operations.history.run)
        await trio.sleep(3)
        await hands.buy()
        await trio.sleep(3)
        history = browser.ask("/api/history", query={"instrument": BTC}).json
        fills = browser.ask("/api/fills").json
        later = browser.ask("/api/fills", query={"after": "1"}).json
        wrong = browser.ask("/api/fills", query={"after": "-1"})
        nursery.cancel_scope.cancel()

    assert 6 <= len(history["prices"]) <= 8
    at, bid, ask = history["prices"][0]
    assert Decimal(bid) < Decimal(ask)
    assert history["prices"][1][0] - at == pytest.approx(1, abs=0.1)
    assert Decimal(history["results"][-1][1]) < 0 == Decimal(history["results"][0][1])
    [fill] = fills
    assert (fill["number"], fill["side"], fill["quantity"], fill["strategy"]) == (1, "buy", "0.01", "Hands")
    assert later == []
    assert (wrong.status, wrong.words) == (400, "after: expected a number of a fill, found '-1'")


async def test_the_socket_beside_the_journal_needs_no_token(autojump_clock):
    async with run_strategy(Hands()) as run:
        browser = Browser(watch(run))
        api = Api(browser.operations, None)
        asked = Asked(method="POST", path="/api/pause", query={}, headers={}, body=b"", who="control socket")
        answer = api.answer(asked)
        reason = run.desk.risk.reason

    assert answer.status == 200
    assert reason == "paused by control socket"


async def test_probes_and_prometheus_find_what_they_ask_for(autojump_clock):
    hands = Hands()
    async with run_strategy(hands) as run, trio.open_nursery() as nursery:
        browser = Browser(watch(run))
        nursery.start_soon(browser.operations.run)
        await hands.buy()
        await trio.sleep(2)
        healthy = [browser.ask(path) for path in ("/healthz", "/readyz")]
        metrics = browser.ask("/metrics")
        histograms = browser.ask("/api/histograms").json
        named = browser.ask("/metrics", host="evil.example")
        run.site.reset()
        await trio.sleep(0.1)
        alive, down = [browser.ask(path) for path in ("/healthz", "/readyz")]
        nursery.cancel_scope.cancel()

    assert [(each.status, each.body) for each in healthy] == [(200, b"ok\n")] * 2
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"livetrio_fills_total 1.0" in metrics.body
    assert sum(histograms["the loop's lateness"]["counts"]) > 0
    assert named.status == 403
    assert alive.status == 200
    assert down.status == 503
    assert b"hyperliquid/market" in down.body
