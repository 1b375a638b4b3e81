"""SIGINT, SIGTERM and SIGHUP, real ones."""

from __future__ import annotations

import os
import signal

import trio
import trio.testing
from structlog.testing import capture_logs

from livetrio.supervision.signals import watch_signals
from livetrio.testing import within


@within(10)
async def test_every_signal_is_told_by_name(nursery):
    send, receive = trio.open_memory_channel[str](3)
    nursery.start_soon(watch_signals, send.send_nowait)
    await trio.testing.wait_all_tasks_blocked()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), number)

        assert await receive.receive() == number.name


@within(10)
async def test_afterwards_signals_are_what_they_were():
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_signals, print)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


@within(10)
async def test_who_was_started_by_nohup_outlives_the_terminal(nursery):
    told = []
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        nursery.start_soon(watch_signals, told.append)
        await trio.testing.wait_all_tasks_blocked()
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        while not told:
            await trio.testing.wait_all_tasks_blocked(0.01)

        assert told == ["SIGTERM"]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@within(10)
async def test_outside_the_main_thread_it_says_that_it_does_nothing():
    told = []

    with capture_logs() as logs:
        await trio.to_thread.run_sync(trio.run, watch_signals, told.append)

    assert told == []
    assert "signals are not handled" in logs[0]["event"]
