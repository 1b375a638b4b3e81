"""Whole worlds: the same plan makes the same world everywhere, an engine as it is survives, and one with a
bug planted in it does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import attrs
import busy_world as worlds
import pytest
import structlog
from busy_world import busy_world, idle_world

from livetrio.app.order_desk import OrderDesk
from livetrio.cache import Cache
from livetrio.engines.client_ids import ClientOrderIds
from livetrio.engines.execution import ExecutionEngine
from livetrio.engines.execution_config import ExecutionConfig
from livetrio.engines.known_fills import KnownFills
from livetrio.engines.tracked import TrackedOrder
from livetrio.engines.tracker import OrderTracker
from livetrio.errors import ConfigError, StrategyFailed
from livetrio.model import OrderStatus
from livetrio.supervision.lane import FrameLane
from livetrio.supervision.order_link import OrderLink
from livetrio.supervision.session import Session
from livetrio.venues.hyperliquid import trading
from livetrio.venues.trading import Modify

TROUBLE = ("kill 1s every 11s after 7s", "half-open for 20s after 20s", "ack-lost 20% on order", "dup 20%")

STALLS = ("slow-link 400ms", "rst every 17s")
"""Orders are on their way when the link breaks."""


def test_the_same_plan_makes_the_same_world_in_every_process():
    digests = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, worlds.__file__, *TROUBLE],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(worlds.__file__).parent,
        )
        digests.add(done.stdout.splitlines()[-1])  # after what the engines log

    assert len(digests) == 1


def test_another_seed_makes_another_world():
    assert busy_world(seed=1, seconds=5).digest != busy_world(seed=2, seconds=5).digest


@pytest.mark.parametrize(
    "faults",
    [
        (),
        TROUBLE,
        STALLS,
        ("power 2s every 15s after 5s",),
        ("disk-full for 8s after 10s", "kill 1s after 11s"),
        ("raises after 10s", "raises after 30s"),
        ("slow 200ms..2s for 30s after 10s",),
        ("sigterm every 13s", "sigterm-twice 2s after 35s", "engine-restart after 50s"),
        ("clock-jump 5m after 1s", "kill 1s after 2s", "clock-back 10m after 30s", "kill 2s after 31s"),
        ("loop-stall 20s after 15s", "flap for 15s after 40s"),
        ("refuse for 10s after 5s", "dns for 10s after 20s", "tls for 10s after 35s", "rst every 15s"),
    ],
    ids=lambda faults: ", ".join(each.split()[0] for each in faults) or "calm",
)
def test_the_engine_survives(faults):
    outcome = busy_world(*faults)

    assert outcome.violation is None, outcome.violation
    assert outcome.counts["orders"] > 5


@pytest.mark.parametrize("seed", range(1, 9))
def test_an_engine_that_has_nothing_to_write_is_killed_too_and_none_after_the_faults_have_ended(seed):
    early = idle_world("kill 1s after 10s", seed=seed, seconds=60.0)
    late = idle_world("kill 1s after 9s990ms", seed=seed, seconds=10.0)

    assert (early.violation, early.counts["starts"]) == (None, 2)
    assert late.violation is None


def test_kills_restart_the_process_from_its_journal():
    outcome = busy_world("kill 1s every 10s")

    assert outcome.violation is None
    assert outcome.counts["starts"] > 4


def test_a_journal_that_waits_for_the_disk_survives_the_power():
    outcome = busy_world("power 1s every 7s after 5s", sync="power")

    assert outcome.violation is None, outcome.violation
    assert outcome.counts["starts"] > 5


def test_a_strategy_that_raises_by_itself_ends_the_world(monkeypatch):
    def on_tick(self, tick):
        raise ValueError("a slip")

    monkeypatch.setattr(worlds.Busy, "on_tick", on_tick)

    with pytest.raises(StrategyFailed, match="a slip"):
        busy_world()


def test_a_fault_that_does_not_exist_makes_no_world():
    with pytest.raises(ConfigError, match="did you mean kill"):
        busy_world("kil 1s")


# Bugs, planted one at a time.


def plant_fills_counted_twice(monkeypatch):
    monkeypatch.setattr(KnownFills, "add", lambda self, *_: True)


def plant_ids_used_again(monkeypatch):
    make = ClientOrderIds.__init__
    monkeypatch.setattr(ClientOrderIds, "__init__", lambda self, journal, run: make(self, journal, 1))


def plant_lost_taken_for_rejected(monkeypatch):
    lose = TrackedOrder.lose
    monkeypatch.setattr(
        TrackedOrder, "lose", lambda self, why, now: lose(self, why, now) and self.reject(why, now)
    )


def plant_sent_before_its_record(monkeypatch):
    note = OrderLink._note

    class Later:
        def __init__(self, journal):
            self.journal = journal

        def commit(self):
            """Leaves it to the keeper, who comes round soon."""

        def record_request(self, *what):
            self.journal.record_request(*what)

    def note_without_commit(self, requests):
        journal, self._journal = self._journal, Later(self._journal)
        try:
            return note(self, requests)
        finally:
            self._journal = journal

    monkeypatch.setattr(OrderLink, "_note", note_without_commit)


def plant_gate_never_asked(monkeypatch):
    prepare = ExecutionEngine._prepare

    def prepare_as_if_open(self, order, command, client):
        gate, client.gate = client.gate, Mock(reason=lambda *_, **__: None)
        try:
            return prepare(self, order, command, client)
        finally:
            client.gate = gate

    monkeypatch.setattr(ExecutionEngine, "_prepare", prepare_as_if_open)
    monkeypatch.setattr(OrderLink, "_is_ready", lambda self, command: not command.order.is_closed)


def plant_orders_left_at_the_end(monkeypatch):
    async def wind_down(self):
        """Cancels nothing."""

    monkeypatch.setattr(OrderDesk, "wind_down", wind_down)
    monkeypatch.setattr(OrderDesk, "left", lambda self: [])


def plant_positions_remembered_late(monkeypatch):
    note = OrderTracker.note_positions

    def note_now_and_then(self):
        if len(self.portfolio._changed) > 8:
            note(self)

    monkeypatch.setattr(OrderTracker, "note_positions", note_now_and_then)


def plant_ends_kept_from_the_cache(monkeypatch):
    update = Cache.update_order

    def update_if_open(self, order):
        if order.status is not OrderStatus.CANCELED:
            update(self, order)

    monkeypatch.setattr(Cache, "update_order", update_if_open)


def plant_changes_sent_whatever_the_gate(monkeypatch):
    monkeypatch.setattr(ExecutionEngine, "why_closed", lambda *_, **__: None)
    is_ready = OrderLink._is_ready
    monkeypatch.setattr(
        OrderLink,
        "_is_ready",
        lambda self, command: (
            not command.order.is_closed if isinstance(command, Modify) else is_ready(self, command)
        ),
    )


def plant_goodbyes_taken_for_news(monkeypatch):
    monkeypatch.setattr(Session, "close", lambda self: None)
    monkeypatch.setattr(FrameLane, "handing_over", property(lambda self: True, lambda self, _: None), False)


def plant_key_in_the_log(monkeypatch):
    make_signer = trading.make_signer

    def make_aloud(secret):
        structlog.get_logger().debug("to be signed with", key=secret)
        return make_signer(secret)

    monkeypatch.setattr(trading, "make_signer", make_aloud)


def plant_orders_of_the_last_run_forgotten(monkeypatch):
    restore = OrderDesk._restore
    monkeypatch.setattr(
        OrderDesk, "_restore", lambda self, state: restore(self, attrs.evolve(state, working_orders=()))
    )
    monkeypatch.setattr(OrderTracker, "_take_in", lambda *_: None)


LEAVING = ExecutionConfig(cancel_on_stop=False)


def test_an_engine_without_strategies_finds_out_about_orders_that_a_stop_has_left(tmp_path):
    with (tmp_path / "trace").open("wb") as file:
        outcome = busy_world(execution=LEAVING, seconds=20, trace=file)
    trace = (tmp_path / "trace").read_text()

    assert outcome.violation is None, outcome.violation
    assert outcome.counts["starts"] == 1
    assert trace.index("engine 1: ended") < trace.index("engine 2: starts") < trace.index("engine 2: ended")


def test_where_it_cannot_the_world_says_so(monkeypatch):
    plant_orders_of_the_last_run_forgotten(monkeypatch)
    violation = busy_world(execution=LEAVING, seconds=20).violation

    assert violation is not None
    assert violation.invariant.startswith("I3 ")
    assert re.search(
        r"rests at the exchange, and (the engine knows of no such order|is not open in the cache)",
        violation.sentence,
    )


@pytest.mark.parametrize(
    "plant, faults, invariant",
    [
        (plant_fills_counted_twice, ("dup 20%",), "I4"),
        (plant_positions_remembered_late, ("kill 1s every 11s after 7s",), "I4"),
        (plant_ends_kept_from_the_cache, (), "I3"),
        (plant_changes_sent_whatever_the_gate, STALLS, "I6"),
        (plant_goodbyes_taken_for_news, ("rst every 7s",), "I9"),
        (plant_key_in_the_log, (), "I14"),
        (plant_ids_used_again, ("kill 1s every 11s",), "I"),
        (plant_lost_taken_for_rejected, STALLS, "I8"),
        (plant_gate_never_asked, STALLS, "I6"),
        (plant_orders_left_at_the_end, (), "I10"),
        (plant_sent_before_its_record, ("kill 1s every 3s",), "I1 "),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_bug_is_caught(plant, faults, invariant, monkeypatch):
    plant(monkeypatch)

    outcomes = (busy_world(*faults, seed=seed, seconds=100) for seed in range(1, 31))
    violation = next((each.violation for each in outcomes if each.violation is not None), None)

    assert violation is not None
    assert violation.invariant.startswith(invariant)
    assert violation.last_events
