"""scripts/bench with tiny counts: its parts work, and its checks can fail. No figure is judged here."""

import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture(autouse=True)
def _bench_in_this_process(monkeypatch):
    """Benchmarks can be imported; and the worker's part, run here, leaves the garbage collector alone."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for name in ("engine", "bare", "micro", "ablation", "exchange", "orders"):
        monkeypatch.setattr(bench(name), "freeze_garbage_collector", lambda: None)


def bench(name):
    return importlib.import_module(f"benchmarks.{name}")


@pytest.mark.parametrize("kind", ["trades", "bbo", "l2Book"])
def test_engine_sees_exactly_what_the_feeder_sent(kind):
    processes, feeder = bench("processes"), bench("feeder")
    with processes.Feeder(feeder.Settings(kinds=(kind,), pool=500)) as venue:
        seen = bench("throughput").run(url=venue.url, kinds=[kind], expected=500)
        sent = venue.sums()

    assert sent.messages == 500
    processes.check(seen, sent)
    assert seen["seconds"] > 0


def test_a_wrong_sum_a_loss_or_a_refusal_is_noticed():
    processes, frames = bench("processes"), bench("frames")
    sent = frames.Sums(3, 274_122, 700)
    seen = sent._asdict() | {"dropped": 0, "faults": {}}
    processes.check(seen, sent)

    for wrong in ({"size_lots": 701}, {"messages": 2}, {"dropped": 1}, {"faults": {"out-of-order": 1}}):
        with pytest.raises(processes.CheckFailed):
            processes.check(seen | wrong, sent)


def test_a_worker_that_fails_is_not_a_figure(capfd):
    processes = bench("processes")
    with pytest.raises(processes.CheckFailed, match="ended without a result"):
        processes.work("no such job")

    assert "KeyError" in capfd.readouterr().err


def test_frames_have_the_sizes_of_the_venue_and_their_sums_are_theirs():
    frames = bench("frames")
    for kind, size in {"trades": 308, "bbo": 149, "l2Book": 1629}.items():
        messages = list(frames.build_messages([kind], 300))
        blocks = frames.build_blocks(messages)
        sums = [sum(column) for column in zip(*(block.sums for block in blocks), strict=True)]

        assert sum(len(block.data) for block in blocks) / 300 == pytest.approx(size, rel=0.03)
        assert sums == [
            300,
            sum(each.price_ticks for each in messages),
            sum(each.size_lots for each in messages),
        ]
        assert len({each.payload for each in messages}) == 300


def test_a_later_round_differs_in_its_times_only():
    frames = bench("frames")
    (block,) = frames.build_blocks(frames.build_messages(["bbo"], 50))
    again = block.in_round(2)

    assert again.replace(b'"time":1793630', b'"time":1793628') == block.data != again


def test_bare_loop_counts_what_the_feeder_sent():
    processes, feeder = bench("processes"), bench("feeder")
    with processes.Feeder(feeder.Settings(kinds=("trades", "bbo"), pool=400)) as venue:
        found = bench("bare").run(url=venue.url, kinds=["trades", "bbo"], expected=400)

        assert found["messages"] == venue.sums().messages == 400


def test_the_feeder_tells_what_it_has_sent_though_the_client_has_gone_already(capsys):
    frames, feeder = bench("frames"), bench("feeder")
    blocks = frames.build_blocks(frames.build_messages(["bbo"], 10))
    near, far = socket.socketpair()
    with near, far:
        far.shutdown(socket.SHUT_WR)
        feeder._Peer(near, feeder.Settings(kinds=("bbo",), pool=10), blocks, 0)._send_pool()

    assert json.loads(capsys.readouterr().out)["messages"] == 10


def test_latency_is_taken_from_stamps_of_the_feeder():
    processes, feeder = bench("processes"), bench("feeder")
    count = bench("latency").WARM_UP + 100
    with processes.Feeder(feeder.Settings(kinds=("trades",), pool=count, rate=20_000)) as venue:
        found = bench("latency").run(url=venue.url, expected=count, epoch=venue.ready.epoch)

        assert found["messages"] == venue.read()["messages"] == count
    assert 0 < found["p50"] <= found["p99"] <= found["max"]


def test_ablation_stages_all_run():
    found = bench("ablation").run(kind="trades", blocks=8, groups=2)

    assert set(found) == set(bench("ablation").STAGES)
    assert all(len(values) == 2 for values in found.values())


def test_rows_say_whether_their_target_was_reached():
    row = bench("table").Row

    assert row(name="", unit="/s", values=[3, 5, 4], more_is_better=True, target=4).verdict == "yes"
    assert row(name="", unit="/s", values=[3, 5, 4], more_is_better=True, target=5).verdict == "best only"
    assert row(name="", unit="µs", values=[3, 5, 4], target=2).verdict == "no"
    assert row(name="", unit="µs", values=[3, 5, 4]).verdict == ""


def test_single_calls_are_all_timed():
    found = bench("micro").run(repetitions=1, scale=1)

    assert {"publish, one subscriber", "cache.get_quote", "decode a book"} <= set(found)
    assert all(value > 0 for (value,) in found.values())


@pytest.fixture
def command(monkeypatch):
    """The command with one benchmark: the function given."""

    def run(measure, *arguments):
        monkeypatch.setattr(bench("__main__"), "BENCHMARKS", {"one": measure})
        return bench("__main__").main([*arguments])

    return run


def test_command_prints_a_table_and_writes_json(command, tmp_path, capsys):
    row = bench("table").Row(name="made up", unit="ns", values=[2.0, 1.0], target=3)
    code = command(lambda quick: [row], "--quick", "--json", str(tmp_path / "figures.json"))
    figures = json.loads((tmp_path / "figures.json").read_text())

    assert code == 0
    assert "made up" in capsys.readouterr().out
    assert figures["rows"][0]["best"] == 1.0
    assert figures["rows"][0]["verdict"] == "yes"


def test_command_fails_where_a_check_does(command, capsys):
    def measure(quick):
        raise bench("processes").CheckFailed("three are missing")

    assert command(measure) == 1
    assert "three are missing" in capsys.readouterr().err


def test_the_command_says_what_it_can_do():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "--ablation" in done.stdout


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ([b"abcd", b"abcd"], (4, True)),
        ([b"abcd", b"bcde"], (3, True)),  # one began later and ended later
        ([b"abcd", b"abd"], (3, False)),  # a gap
        ([b"abcd", b"abbcd"], (4, False)),  # twice
        ([b"abcd", b"acbd"], (4, False)),  # out of order
        ([b"ab", b"cd"], (0, True)),  # nothing to compare
    ],
)
def test_a_listener_who_missed_something_that_another_heard_is_noticed(heard, expected):
    listened = [[bytes([each]) for each in frames] for frames in heard]
    assert bench("listeners").compare(listened) == expected


def test_the_exchange_matches_trades_and_tells_and_what_is_wrong_is_noticed():
    exchange, processes, traders = bench("exchange"), bench("processes"), bench("traders")
    matched = exchange.run_matching(orders=200)
    traded = exchange.run_trading(orders=320)
    heard = exchange.run_listening(seconds=1, listeners=3)

    assert set(matched) == {"clients", "house"}
    assert all(value > 0 for value in (*matched.values(), *traded.values(), *heard.values()))
    with pytest.raises(processes.CheckFailed, match="expected 1 times resting"):
        payload = {"response": {"data": {"statuses": [{"error": "no"}]}}}
        answer = {"data": {"response": {"payload": payload}}}
        traders._check(json.dumps(answer).encode(), 1, "resting")


def test_orders_are_timed_from_decision_and_event_to_the_wire():
    orders, processes, feeder = bench("orders"), bench("processes"), bench("feeder")
    settings = feeder.Settings(kinds=("trades",), pool=60_000, rate=2_000)
    with (
        processes.Exchange() as exchange,
        processes.Relay(exchange.port) as relay,
        processes.Feeder(settings) as feed,
    ):
        found = orders.run_decisions(url=relay.url, feed=feed.url, every=20, decisions=30)
        sustained = orders.run_sustained(url=exchange.url, seconds=0.2)
        taken = orders.match_chunks(found["decisions"], found["events"], feed.ready.epoch, relay.chunks())

    assert taken["count"] == 30
    assert 0 < taken["decision_p50"] < taken["event_p50"]
    assert taken["decision_p50"] <= taken["decision_p99"] <= taken["decision_max"]
    assert 0 < taken["socket_p50"] <= taken["decision_p50"]
    assert sustained["per_second"] > 0
    assert all(each > 0 for each in orders.run_signing(repetitions=1)["medians"])


def test_the_bare_loop_is_timed_as_the_engine_is():
    orders, bare, processes, feeder = (
        bench("orders"),
        bench("bare_orders"),
        bench("processes"),
        bench("feeder"),
    )
    settings = feeder.Settings(kinds=("trades",), pool=60_000, rate=2_000)
    with (
        processes.Exchange() as exchange,
        processes.Relay(exchange.port) as relay,
        processes.Feeder(settings) as feed,
    ):
        found = bare.run(url=relay.url, feed=feed.url, every=20, decisions=30)
        taken = orders.match_chunks(found["decisions"], found["events"], feed.ready.epoch, relay.chunks())

    assert taken["count"] == 30
    assert 0 < taken["decision_p50"] < taken["event_p50"]


def test_an_order_that_never_came_by_is_noticed():
    orders, processes = bench("orders"), bench("processes")
    chunks = [[0, 1, 90, 0], [1, 15, 400, 2], [1, 25, 400, 3]]

    taken = orders.match_chunks([10, 20], [0, 0], 0, chunks)
    assert taken["decision_max"] == 0.005
    assert taken["socket_max"] == 0.003
    with pytest.raises(processes.CheckFailed, match="have not come by"):
        orders.match_chunks([10, 20, 30], [0, 0, 0], 0, chunks)


def test_start_up_is_timed_until_a_quote_is_there_and_a_run_without_one_is_noticed(tmp_path):
    startup, processes = bench("startup"), bench("processes")
    with processes.Exchange() as exchange:
        bare, served = startup.time_run(exchange.url, 1), startup.time_run(exchange.url, 1, startup.PAGE)

    (shortest,) = startup.time_help(1)
    assert 0 < shortest < bare[0]
    assert shortest < served[0]
    with pytest.raises(processes.CheckFailed, match="ended with 2: Usage"):
        startup._time(["run"], "the first quote", tmp_path)


def test_an_engine_that_is_watched_is_measured_while_its_page_is_read(monkeypatch):
    watching, processes, feeder = bench("watching"), bench("processes"), bench("feeder")
    with processes.Feeder(feeder.Settings(kinds=("trades",), pool=30_000, rounds=4)) as venue:
        alone, watched, seen = watching._pair("trades", venue)
        monkeypatch.setattr(watching, "json", Mock(loads=lambda _: {"views": 3, "metrics": 0}))
        with pytest.raises(processes.CheckFailed, match="the page should have been read"):
            watching._pair("trades", venue)

    assert alone > 0
    assert watched > 0
    assert seen >= 2


def test_a_virtual_hour_is_timed_and_a_world_that_does_not_hold_is_noticed(monkeypatch):
    worlds = bench("worlds")

    found = worlds.run(seed=3, seconds=60)
    assert found["cpu"] > 0
    assert found["orders"] >= 5
    assert found["messages"] > 60

    monkeypatch.setattr(worlds, "run_world", lambda plan, subject: None)
    with pytest.raises(bench("processes").CheckFailed, match="of seed 3 does not hold"):
        worlds.run(seed=3, seconds=60)
