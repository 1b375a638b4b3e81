"""What a run takes from chance comes from the seed, and afterwards all is as before."""

from __future__ import annotations

import gc
import os
import random
import threading

import pytest
import trio
import trio_websocket
from trio._core import _run as trio_run
from trio.testing import MockClock

from livetrio.simulation.schedule import deterministic


def order_of_tasks(seed):
    """In which order tasks run that are ready at one moment."""
    ran = []

    async def note(number):
        for _ in range(3):
            await trio.sleep(1)
            ran.append(number)

    async def main():
        async with trio.open_nursery() as nursery:
            for number in range(6):
                nursery.start_soon(note, number)

    with deterministic(seed):
        trio.run(main, clock=MockClock(autojump_threshold=0))
    return tuple(ran)


def test_a_seed_has_one_order_of_tasks():
    assert len({order_of_tasks(7) for _ in range(10)}) == 1


def test_seeds_have_different_orders_of_tasks():
    assert len({order_of_tasks(seed) for seed in range(10)}) > 5


def test_a_seed_has_its_random_bytes_and_numbers():
    def drawn(seed):
        with deterministic(seed):
            return os.urandom(8), random.random()

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_no_thread_starts_inside():
    with deterministic(1), pytest.raises(RuntimeError, match="no threads in a simulation"):
        threading.Thread(target=print).start()


def test_afterwards_all_is_as_before():
    def state():
        return (
            trio_run._ALLOW_DETERMINISTIC_SCHEDULING,
            trio_run._r,
            os.urandom,
            trio_websocket.WebSocketConnection.CONNECTION_ID,
            threading.Thread.start,
            random.getstate(),
            gc.isenabled(),
        )

    before = state()
    with pytest.raises(KeyError), deterministic(1):
        assert state() != before
        assert not gc.isenabled()
        raise KeyError

    assert state() == before


def test_a_trio_without_the_switch_is_refused(monkeypatch):
    monkeypatch.delattr(trio_run, "_r")

    with pytest.raises(RuntimeError, match="it has no _r"), deterministic(1):
        pass
