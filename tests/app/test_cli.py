"""The command line: what it prints, where, and the exit code. In process wherever that will do."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
import structlog
import trio
from click.testing import CliRunner

import livetrio.exchange
from livetrio import __version__
from livetrio.app import cli, exchange_command
from livetrio.errors import UsageError
from livetrio.exchange import ExchangeSettings, make_key, write_recording

LIMIT = 30
"""Seconds that a process may take."""

STRATEGIES = """\
import itertools

import attrs
import trio
import trio.testing

from livetrio import Strategy


@attrs.define
class Quiet(Strategy):
    size: int = 1


@attrs.define
class Broken(Strategy):
    async def on_start(self):
        await trio.lowlevel.checkpoint()
        slip()


async def broken_function(ctx):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Broken.on_start, None)


async def leaver(ctx):
    ctx.stop("seen enough")


async def broken_later(ctx):
    with ctx.bus.subscribe("nothing"):
        slip()


async def chatter(ctx):
    for number in itertools.count():
        print("line", number)
        await trio.sleep(0.01)


async def last_one(ctx):
    await trio.testing.wait_all_tasks_blocked()
    ctx.stop("the others have ended")


def slip():
    raise ValueError("a slip of mine")
"""

CONFIG = """\
[venues.hyperliquid]
network = "local"

[[strategies]]
path = "mine.py:Quiet"
"""


@pytest.fixture(autouse=True)
def process():
    """The process as it was: its logging and its garbage collector."""
    before = gc.get_threshold()
    yield
    structlog.reset_defaults()
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "mine.py").write_text(STRATEGIES)
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "short.gz"
    level = '{"px":"91374.0","sz":"0.5","n":1}', '{"px":"91375.0","sz":"0.5","n":1}'
    frame = f'{{"channel":"bbo","data":{{"coin":"BTC","time":1700000000000,"bbo":[{level[0]},{level[1]}]}}}}'
    write_recording(path, [(1_700_000_000_000_000_000 + each, frame) for each in range(50)])
    return path


def invoke(*arguments):
    return CliRunner().invoke(cli.livetrio, [str(each) for each in arguments], prog_name="livetrio")


def run(config, *arguments, strategy="leaver"):
    return invoke("run", config, "--set", f"strategies.0.path=mine.py:{strategy}", *arguments)


def command(*arguments):
    return [sys.executable, "-m", "livetrio", *map(str, arguments)]


def run_process(*arguments, **options):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=LIMIT, check=False, **options
    )


@contextmanager
def open_process(*arguments):
    """A process that is killed at the limit, or when the block is left."""
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        try:
            yield process
        finally:
            limit.cancel()
            process.kill()


def wait_line(stream, words):
    for line in stream:
        if words in line:
            return
    pytest.fail(f"it ended before it said {words!r}")


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


# Help, version, and commands that are none.


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "--help"], ["exchange", "--help"]])
def test_help_tells_the_exit_codes(arguments):
    result = invoke(*arguments)

    assert result.exit_code == 0
    assert (
        "Exit codes:\n    0  stopped clean, and no order of ours is open or unknown\n    1  failed\n"
        in result.stdout
    )


def test_help_is_there_at_once_because_nothing_heavy_is_imported():
    program = (
        "import sys; sys.argv = ['livetrio', '--help']\n"
        "from livetrio.app.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'trio', 'structlog', 'msgspec', 'attrs'} & sys.modules.keys()))"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=True
    )

    assert "Commands:" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('[venues.hyperliquid]\nnetwork = "testnet"\n', []),
        ('[venues.hyperliquid]\nnetwork = "local"\n', ["livetrio.exchange"]),
        ('[operations]\nhttp = "127.0.0.1:0"\n', ["prometheus_client"]),
    ],
)
def test_a_run_imports_what_its_configuration_needs_and_before_anything_runs(tmp_path, settings, expected):
    path = tmp_path / "config.toml"
    path.write_text(settings)
    program = (
        "import sys\n"
        "from livetrio import load_config\n"
        "from livetrio.app.run import import_ahead\n"
        f"import_ahead(load_config({str(path)!r}))\n"
        "print(sorted({'livetrio.exchange', 'prometheus_client'} & sys.modules.keys()))"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=True
    )

    assert result.stdout == f"{expected}\n"


def test_python_m_livetrio_tells_its_version_and_nothing_else():
    result = run_process("--version")

    assert (result.returncode, result.stdout, result.stderr) == (0, f"livetrio {__version__}\n", "")


def test_main_exits_as_the_command_does(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["anything", "--version"])

    with pytest.raises(SystemExit) as exit:
        cli.main()

    assert exit.value.code == 0
    assert capsys.readouterr().out == f"livetrio {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekc"], "Did you mean 'check'?"),
        (["run", "x.toml", "--duratoin", "3s"], "Did you mean '--duration'?"),
        (["run"], "Missing argument 'CONFIG'"),
        (["run", "x.toml", "--duration", "soon"], "expected a duration such as 30s, 5m, 1h30m or 500ms"),
        (["run", "x.toml", "--log-level", "loud"], "'loud' is not one of 'debug', 'info'"),
        (["exchange", "--speed", "0"], "expected a number > 0, found '0'"),
        (["exchange", "--speed", "fast"], "expected a number > 0, found 'fast'"),
        (["exchange", "--speed", "inf"], "expected a number > 0, found 'inf'"),
        (["exchange", "--speed", "nan"], "expected a number > 0, found 'nan'"),
        (["exchange", "--port", "65536"], "65536 is not in the range 0<=x<=65535"),
        (["exchange", "--account", "me=5"], "USDC with up to 6 decimals (0x…=2500.5), found 'me=5'"),
        (["exchange", "--account", f"0x{'1' * 40}=-5"], "and USDC with"),
        (["exchange", "--fault", "drop-conection"], "drop-connection"),
        (["exchange", "--regime", "clam"], "'clam' is not one of 'calm', 'trend', 'crash', 'none'"),
    ],
)
def test_a_wrong_command_line_is_told_in_words_and_exits_with_2(arguments, words):
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


# check.


def test_check_says_that_a_config_is_fine_and_counts_what_is_in_it(config):
    result = invoke("check", config)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{config} is fine: 1 venue, 0 endpoints, 1 strategy\n"


def test_check_tells_every_problem_at_once_on_the_standard_error(config):
    config.write_text(
        CONFIG
        + 'params = { size = "large" }\n'
        + '[[strategies]]\npath = "mine.py:Quite"\n'
        + "[engine]\ntick_intervall_ms = 5\nmax_reconnect_attempts = -1\n"
    )

    result = invoke("check", config)

    assert (result.exit_code, result.stdout) == (2, "")
    first, *problems = result.stderr.splitlines()
    assert first == f"{config}: 4 problems"
    for words in (
        "strategies[0].params.size",
        "strategies[1].path: mine.py has no 'Quite'; did you mean 'Quiet'?",
        "tick_interval_ms",
        "engine.max_reconnect_attempts",
    ):
        assert any(words in each for each in problems), words


def test_check_reads_the_recording(config, recording, tmp_path):
    pongs = tmp_path / "pongs"
    pongs.write_text('17 {"channel":"pong"}\n')

    good = invoke("check", config, "--set", f"exchange.replay={recording}")
    bad = invoke("check", config, "--set", f"exchange.replay={pongs}")

    assert (good.exit_code, good.stderr) == (0, "")
    assert (bad.exit_code, bad.stdout) == (2, "")
    assert f"  exchange.replay: {pongs}: holds no price of a perpetual or a pair" in bad.stderr


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_config_that_is_missing_or_a_folder_exits_with_2(command, tmp_path):
    missing = invoke(command, tmp_path / "nowhere.toml")
    folder = invoke(command, tmp_path)

    assert (missing.exit_code, folder.exit_code) == (2, 2)
    assert "nowhere.toml" in missing.stderr
    assert str(tmp_path) in folder.stderr
    assert "Traceback" not in missing.stderr + folder.stderr


def test_overrides_are_checked_as_the_file_is(config):
    result = invoke("check", config, "--set", "engine.tick_interval_ms=often")

    assert result.exit_code == 2
    assert "engine.tick_interval_ms" in result.stderr


# run.


def test_run_ends_after_the_duration_with_exit_0(config):
    result = run(config, "--duration", "200ms", strategy="Quiet")

    assert result.exit_code == 0
    assert "\nEnded because: the 0.2 s are over\n" in result.stdout


def test_the_report_goes_to_stdout_and_the_logs_to_stderr(config):
    result = run(config)

    assert result.exit_code == 0
    assert re.match(r"Ran \d+\.\ds, from .*Z\.\nEnded because: leaver: seen enough\n", result.stdout)
    assert "hyperliquid/market" in result.stdout
    assert re.search(r"Z info  engine runs  strategies=1 connections=2$", result.stderr, re.MULTILINE)
    assert "engine runs" not in result.stdout


def test_log_level_of_the_command_line_goes_before_the_files(config):
    result = run(config, "--log-level", "error", "--set", "logging.level=debug")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Ran ")


def test_in_json_every_line_is_an_object_the_report_too(config):
    result = run(config, "--log-format", "json")

    (report,) = objects(result.stdout)
    assert report["event"] == "report"
    assert report["reason"] == "leaver: seen enough"
    assert report["connections"][0]["sessions"] == 1
    assert {"timestamp", "level", "event"} <= set.intersection(*map(set, objects(result.stderr)))


def test_a_strategy_that_raises_shows_its_own_traceback_and_the_report_is_printed(config):
    result = run(config, "--log-level", "error", strategy="Broken")

    assert result.exit_code == 1
    assert result.stdout.startswith("Ran ")
    assert "Ended because: error: the strategy Broken raised ValueError: a slip of mine" in result.stdout
    told = result.stderr[result.stderr.index("\nTraceback") + 1 :].splitlines()  # what is logged is moved in
    assert told[0] == "Traceback (most recent call last):"
    assert told[1].startswith(f'  File "{config.parent}/mine.py", line ')
    assert told[1].endswith(", in on_start")
    assert told[-2:] == [
        "ValueError: a slip of mine",
        "failed: the strategy Broken raised ValueError: a slip of mine",
    ]


@pytest.mark.parametrize("strategy", ["broken_function", "broken_later"])
def test_a_function_that_raises_even_in_a_nursery_is_told_in_the_same_way(config, strategy):
    result = run(config, strategy=strategy)

    assert result.exit_code == 1
    told = result.stderr[result.stderr.index("\nTraceback") + 1 :].splitlines()
    assert told[1].startswith(f'  File "{config.parent}/mine.py", line ')
    assert not any("/livetrio/strategy/" in line for line in told)
    assert told[-1] == f"failed: the strategy {strategy} raised ValueError: a slip of mine"


def test_in_json_a_failure_is_an_object_with_its_traceback(config):
    result = run(config, "--log-format", "json", strategy="Broken")

    assert result.exit_code == 1
    assert objects(result.stdout)[0]["event"] == "report"
    failed = objects(result.stderr)[-1]
    assert failed["level"] == "error"
    assert failed["event"] == "failed: the strategy Broken raised ValueError: a slip of mine"
    assert failed["exception"].splitlines()[1].startswith(f'  File "{config.parent}/mine.py"')


def test_a_strategy_that_is_isolated_fails_alone_and_the_run_ends_well(config):
    config.write_text(CONFIG + '[[strategies]]\npath = "mine.py:Broken"\non_error = "isolate"\n')

    result = run(config, strategy="last_one")

    assert result.exit_code == 0
    assert "Ended because: last_one: the others have ended" in result.stdout
    assert re.search(r"^  last_one +ended ", result.stdout, re.MULTILINE)
    assert re.search(r"^  Broken +failed +0 +0\.000s +- +1 ", result.stdout, re.MULTILINE)
    assert "ValueError: a slip of mine" in result.stderr
    assert "failed: " not in result.stderr


def test_a_recording_that_is_none_exits_with_2_before_anything_starts(config):
    result = run(config, "--set", "exchange.replay=mine.py")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "exchange.replay: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bug_of_ours_is_shown_whole_and_exits_with_1(config, monkeypatch):
    def fall_over(*_, **__):
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr("livetrio.app.run.run_config", fall_over)

    words = run(config)
    line = run(config, "--log-format", "json")

    assert (words.exit_code, line.exit_code) == (1, 1)
    assert words.stderr.startswith("Traceback (most recent call last):\n")
    assert "ZeroDivisionError: nobody thought of it\nfailed: a bug; please report it" in words.stderr
    (told,) = objects(line.stderr)
    assert told["event"].startswith("failed: a bug")
    assert "ZeroDivisionError" in told["exception"]


def test_what_livetrio_raises_itself_is_told_in_words(config, monkeypatch):
    def refuse(*_, **__):
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [UsageError("that cannot\nwork")])])

    monkeypatch.setattr("livetrio.app.run.run_config", refuse)

    result = run(config)

    assert (result.exit_code, result.stderr) == (1, "failed: that cannot work\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_order_with_the_report(config, number):
    with open_process("run", config) as process:
        wait_line(process.stderr, "engine runs")
        process.send_signal(number)
        out, err = process.communicate()

    assert process.returncode == 0
    assert f"Ended because: signal {number.name}" in out
    assert "disconnected" in err
    assert "Traceback" not in err


def test_a_reader_that_has_enough_ends_neither_the_run_nor_its_good_end(config):
    with open_process("run", config, "--set", "strategies.0.path=mine.py:chatter") as process:
        assert process.stdout.readline() == "line 0\n"
        process.stdout.close()
        wait_line(process.stderr, "the standard output is gone (Broken pipe); going on without it")
        process.terminate()
        err = process.stderr.read()

    assert process.wait() == 0
    assert "Traceback" not in err
    assert "the standard output is gone" not in err
    assert "engine stops  reason=signal" in err


def test_a_process_without_standard_streams_runs_all_the_same(config):
    line = " ".join(command("run", config, "--duration", "200ms"))

    result = subprocess.run(["sh", "-c", f"{line} >&- 2>&-; echo $?"], capture_output=True, timeout=LIMIT)

    assert result.stdout == b"0\n"


def test_where_the_encoding_lacks_a_character_the_report_has_its_escape(config):
    config.write_text(CONFIG + 'name = "a…b"\n', encoding="utf-8")

    result = run_process(
        "run", config, "--duration", "200ms", env=os.environ | {"PYTHONIOENCODING": "latin-1"}
    )

    assert result.returncode == 0
    assert r"  a\u2026b " in result.stdout


# exchange.


def test_the_exchange_prints_its_url_and_its_accounts_is_served_there_and_ends_by_sigterm():
    mine = "0x" + "aB" * 20
    with open_process("exchange", "--port", "0", "--seed", "5", "--account", f"{mine}=250.5") as process:
        base_url = process.stdout.readline().strip()
        accounts = [process.stdout.readline().split() for _ in range(4)]
        states = [_ask(base_url, "clearinghouseState", user=each[1]) for each in accounts]
        process.terminate()
        out, err = process.communicate()

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", base_url)
    assert [each[:1] + each[2:3] for each in accounts] == [["account", "key"]] * 3 + [["account", "usdc"]]
    assert [(make_key(5, n).address, make_key(5, n).secret_hex) for n in range(3)] == [
        (each[1], each[3]) for each in accounts[:3]
    ]
    assert [each["withdrawable"] for each in states] == ["100000.0"] * 3 + ["250.5"]
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_the_exchange_lists_what_a_recording_knows(recording):
    with open_process("exchange", "--replay", recording, "--accounts", "0") as process:
        base_url = process.stdout.readline().strip()
        meta = _ask(base_url, "meta")
        process.terminate()
        out, err = process.communicate()

    assert meta["universe"][0]["name"] == "BTC"
    assert (process.returncode, out, err) == (0, "", "")


def test_faults_asked_for_on_the_command_line_happen():
    with open_process("exchange", "--fault", "502 on info") as process:
        base_url = process.stdout.readline().strip()
        with pytest.raises(urllib.error.HTTPError, match="502"):
            _ask(base_url, "meta")
        process.terminate()
        process.communicate()

    assert process.returncode == 0


def test_the_faults_are_listed():
    result = invoke("exchange", "--faults")

    assert result.exit_code == 0
    assert "drop-connection" in result.stdout
    assert "ack-lost" in result.stdout


def _ask(base_url, kind, **more):
    body = json.dumps({"type": kind} | more).encode()
    request = urllib.request.Request(f"{base_url}/info", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=LIMIT) as response:
        return json.load(response)


async def test_the_exchange_serves_until_a_signal_comes(monkeypatch):
    told, urls = trio.open_memory_channel(1)
    monkeypatch.setattr(cli.click, "echo", told.send_nowait)
    settings = ExchangeSettings(accounts=0)
    with trio.fail_after(LIMIT):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(exchange_command._serve, settings, None, "127.0.0.1", 0, 1.0, False)
            url = await urls.receive()
            stream = await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2]))
            async with stream:
                await stream.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                answer = await stream.receive_some()
            os.kill(os.getpid(), signal.SIGINT)

    assert answer.startswith(b"HTTP/1.1 404 ")


class Stage:
    """In place of the exchange: keeps what it was made with, and is stopped when it is up."""

    made = ()
    keys = ()

    def __init__(self, settings, *, clock, recording, speed, loop):
        Stage.made = (settings, recording and recording.source, speed, loop)

    async def serve(self, host, port, *, task_status):
        task_status.started(f"http://{host}:{port}")
        os.kill(os.getpid(), signal.SIGTERM)
        await trio.sleep_forever()


def test_the_options_of_the_exchange_reach_it(monkeypatch, recording):
    monkeypatch.setattr(livetrio.exchange, "LocalExchange", Stage)

    plain = invoke("exchange", "--port", "3001")
    defaults = Stage.made
    invoke(
        "exchange", "--seed", "3", "--regime", "crash", "--accounts", "1", "--no-limits", "--fault", "rst",
        "--fault", "502 5%",
    )  # fmt: skip
    living = Stage.made
    invoke("exchange", "--replay", recording, "--speed", "2.5", "--loop")

    assert (plain.exit_code, plain.stdout) == (0, "http://127.0.0.1:3001\n")
    assert defaults == (ExchangeSettings(), None, 1.0, False)
    assert living == (
        ExchangeSettings(seed=3, regime="crash", accounts=1, limits=False, faults=("rst", "502 5%")),
        None,
        1.0,
        False,
    )
    assert Stage.made == (ExchangeSettings(), str(recording), 2.5, True)


def test_what_is_said_of_a_market_other_than_the_one_there_is_is_refused(recording):
    living = invoke("exchange", "--speed", "2", "--no-loop", "--regime", "calm")
    recorded = invoke("exchange", "--replay", recording, "--speed", "2", "--regime", "calm")

    assert (living.exit_code, recorded.exit_code) == (2, 2)
    assert "  --loop: expected --replay FILE beside it\n" in living.stderr
    assert "  --speed: expected --replay FILE beside it\n" in living.stderr
    assert recorded.stderr.endswith("  --regime: expected no --replay, which is a market of its own\n")


def test_a_port_in_use_is_told_in_words_and_exits_with_2_as_run_does():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = invoke("exchange", "--port", port)
        line = invoke("exchange", "--port", port, "--log-format", "json")

    assert (words.exit_code, words.stdout) == (2, "")
    assert f"cannot listen at 127.0.0.1, port {port}: Address already in use" in words.stderr
    assert (line.exit_code, len(objects(line.stderr))) == (2, 1)


def test_a_recording_that_is_missing_or_bad_is_named_and_exits_with_2(tmp_path):
    bad, empty = tmp_path / "bad.txt", tmp_path / "empty.txt"
    bad.write_text('17 {"channel":"pong"}\nnonsense\n')
    empty.write_text('17 {"channel":"pong"}\n')

    missing = invoke("exchange", "--replay", tmp_path / "nowhere.gz")
    broken = invoke("exchange", "--replay", bad)
    unplayable = invoke("exchange", "--replay", empty)

    assert (missing.exit_code, broken.exit_code, unplayable.exit_code) == (2, 2, 2)
    assert (missing.stdout, broken.stdout, unplayable.stdout) == ("", "", "")
    assert (
        f"  --replay: {tmp_path / 'nowhere.gz'}: cannot be read: No such file or directory\n"
        in missing.stderr
    )
    assert f"  --replay: {bad}, line 2: " in broken.stderr
    assert f"  --replay: {empty}: holds no price of a perpetual or a pair\n" in unplayable.stderr


def test_all_that_is_wrong_with_the_options_of_the_exchange_is_told_at_once(tmp_path):
    mine = f"0x{'1' * 40}"

    result = invoke(
        "exchange", "--fault", "drop-conection", "--fault", "ack-lost 500%", "--account", f"{mine}=5",
        "--account", "me=5", "--account", f"{mine}=6", "--speed", "fast", "--replay", tmp_path / "nowhere.gz",
    )  # fmt: skip

    assert (result.exit_code, result.stdout) == (2, "")
    first, *problems = result.stderr.splitlines()
    assert first == "livetrio exchange: 6 problems"
    assert [each.partition(":")[0].strip() for each in problems] == [
        "--account", "--account", "--fault", "--fault", "--replay", "--speed",
    ]  # fmt: skip
    assert f"{mine} is there already" in result.stderr


def test_a_bug_in_the_exchange_is_not_taken_for_a_port_in_use(monkeypatch):
    async def fall_over(*_, **__):
        raise ExceptionGroup("tasks", [KeyError("lap")])

    monkeypatch.setattr(exchange_command, "_serve", fall_over)

    result = invoke("exchange")

    assert result.exit_code == 1
    assert "KeyError: 'lap'" in result.stderr
    assert "cannot listen" not in result.stderr
