"""Signals that come when nobody expects them: real processes, and the exit code and the report of each."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest
import trio

from livetrio import Cache, LiveTradingConfig, LiveTradingEngine, MessageBus
from livetrio.app.held_signals import HeldSignals
from livetrio.supervision.signals import watched_signals

LIMIT = 30
"""Seconds for everything."""

PAUSES = (0, 0.003, 0.015, 0.05)
"""Seconds from one signal to the next: while the engine stops, while the report is printed, and at exit."""

LEFT_BEHIND = """\
import threading
import time


async def leaver(ctx):
    threading.Thread(target=time.sleep, args=(60,)).start()
    ctx.stop("seen enough")
"""


def start(path, *strategies):
    path.mkdir()
    (path / "mine.py").write_text(LEFT_BEHIND)
    config = path / "config.toml"
    config.write_text(
        '[venues.hyperliquid]\nnetwork = "local"\n'
        + "".join(f'[[strategies]]\npath = "mine.py:{each}"\n' for each in strategies)
    )
    return subprocess.Popen(
        [sys.executable, "-m", "livetrio", "run", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def processes(tmp_path):
    """Starts runs that are killed in the end, or after the limit."""
    started = []

    def start_one(*strategies):
        started.append(start(tmp_path / str(len(started)), *strategies))
        return started[-1]

    limit = threading.Timer(LIMIT, lambda: [each.kill() for each in started])
    limit.start()
    yield start_one
    limit.cancel()
    for process in started:
        process.kill()
        process.communicate()


def wait_line(stream, words):
    for line in stream:
        if words in line:
            return
    pytest.fail(f"it ended before it said {words!r}")


def send_all(process, pause, *numbers):
    for number in numbers:
        process.send_signal(number)  # nothing, where it has ended
        time.sleep(pause)


def test_two_signals_end_a_run_as_one_does_however_close_they_are(processes):
    runs = {pause: processes() for pause in PAUSES}
    for pause, process in runs.items():
        wait_line(process.stderr, "engine runs")
        send_all(process, pause, signal.SIGINT, signal.SIGINT, signal.SIGINT)
    found = {pause: (process, *process.communicate()) for pause, process in runs.items()}

    for pause, (process, out, err) in found.items():
        assert process.returncode == 0, (pause, err)
        assert "Ended because: signal SIGINT" in out, (pause, err)
        assert "No orders are left." in out
        assert "Aborted" not in err


def test_signals_of_other_kinds_do_not_kill_an_engine_that_stops(processes):
    process = processes()
    wait_line(process.stderr, "engine runs")
    send_all(process, 0.002, signal.SIGTERM, *[signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM] * 10)
    out, err = process.communicate()

    assert process.returncode == 0, err
    assert "Ended because: signal SIGTERM" in out


def test_a_thread_that_does_not_end_is_left_behind_at_the_next_signal(processes):
    process = processes("leaver")
    wait_line(process.stdout, "Lost to slow readers")
    time.sleep(0.3)  # it waits for the thread now; that cannot be seen from here
    is_waiting = process.poll() is None
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait()

    assert is_waiting
    assert process.returncode == 0
    assert time.monotonic() - begun < 10


async def test_an_engine_that_is_not_to_handle_signals_has_none_held():
    engine = LiveTradingEngine(MessageBus(), Cache(), LiveTradingConfig(handle_signals=False))
    before = [signal.getsignal(each) for each in watched_signals()]
    HeldSignals().hold(engine)

    assert [signal.getsignal(each) for each in watched_signals()] == before


async def test_a_signal_before_the_engine_watches_them_stops_it_as_soon_as_it_runs():
    engine = LiveTradingEngine(MessageBus(), Cache(), LiveTradingConfig())
    HeldSignals().hold(engine)
    signal.raise_signal(signal.SIGTERM)
    with trio.fail_after(10):
        await engine.run()

    assert engine.report().reason == "signal SIGTERM"
