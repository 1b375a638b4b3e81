"""Journal: what was committed is there again, exactly, whatever ended the process."""

import shutil
import signal
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_samples import BTC, ORDERS, fill, order, payment

from livetrio.errors import JournalFailed, JournalInUse
from livetrio.journal.aside import set_aside
from livetrio.journal.journal import Journal
from livetrio.journal.lock import holder_of
from livetrio.journal.reading import open_copy, read_events, read_fills, read_orders
from livetrio.model import OrderAccepted, OrderFilled, OrderPendingUpdate, OrderStatus, OrderUpdated

S = OrderStatus


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "orders.journal"


def opened(path, **options):
    return Journal.open(path, now=1, version="1.0", **options)


def accepted(one):
    return OrderAccepted(order=one, previous=S.SUBMITTED, status=one.status, ts_event=5, ts_init=6)


def test_orders_come_back_exactly_as_they_were(path):
    journal = opened(path)
    one, over = order(1, reason="it's «odd»"), order(2, S.FILLED)
    for each in (one, over):
        journal.record_event(accepted(each))
    journal.close("stopped")

    state = opened(path).load()
    assert state.working_orders == (one,)
    assert str(state.working_orders[0].quantity) == "1.50"
    assert (state.ended, state.was_killed, state.torn_bytes) == ("stopped", False, 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ORDERS, max_size=8, unique_by=lambda each: each.client_order_id))
def test_whatever_an_order_is_it_comes_back_so(tmp_path_factory, orders):
    path = tmp_path_factory.mktemp("journal") / "orders.journal"
    journal = opened(path)
    for each in orders:
        journal.record_order(each)
    journal.commit()

    known = {each.client_order_id: each for each in read_orders(path)}
    assert known == {each.client_order_id: each for each in orders}
    working = {each.client_order_id for each in journal.load().working_orders}
    assert working == {each.client_order_id for each in orders if each.is_working}
    journal.close("stopped")


def test_nothing_is_there_before_it_is_committed_and_all_of_it_afterwards(path):
    journal = opened(path)
    journal.record_event(accepted(order(1)))
    assert journal.has_uncommitted
    assert read_orders(path) == ()

    journal.commit()
    assert not journal.has_uncommitted
    assert len(read_orders(path)) == 1
    journal.close("stopped")


def test_a_fill_that_is_recorded_twice_is_there_once(path):
    journal = opened(path)
    for _ in range(2):
        journal.record_fill(fill(1), "mm")
        journal.commit()
    journal.record_fill(fill(2), None)
    journal.record_funding(payment(7))
    journal.close("stopped")

    state = opened(path).load()
    assert state.fill_ids == {"BTC:1", "BTC:2"}
    assert (state.last_fill_ts, state.last_funding_ts) == (2, 7)
    assert state.payment_ids == {payment(7).payment_id}
    assert [(each.fill, each.strategy) for each in read_fills(path)] == [(fill(1), "mm"), (fill(2), None)]
    assert [each.fill.fill_id for each in read_fills(path, since=2)] == ["BTC:2"]


def test_an_orders_events_are_told_in_their_order(path):
    journal = opened(path)
    one = order(1)
    changed = OrderUpdated(
        order=one, previous=S.ACCEPTED, status=S.ACCEPTED, quantity=Decimal(2), price=Decimal(99),
        ts_event=7, ts_init=8,
    )  # fmt: skip
    filled = OrderFilled(
        order=one, previous=S.ACCEPTED, status=S.PARTIALLY_FILLED, fill=fill(1), ts_event=9, ts_init=9
    )
    for each in (accepted(one), changed, filled):
        journal.record_event(each)
    journal.close("stopped")

    events = read_events(path, one.client_order_id)
    assert [type(each) for each in events] == [OrderAccepted, OrderUpdated, OrderFilled]
    assert events[1].price == Decimal(99)
    assert events[2].fill == fill(1)
    assert read_events(path, "0x00") == ()
    with open_copy(path) as copy:
        assert copy.order("1") == one
        assert copy.order("nothing") is None
        assert copy.orders(strategy="nobody") == ()


def test_what_an_order_was_to_become_is_remembered(path):
    journal = opened(path)
    changed = order(1, pending_revision=2)
    for quantity in ("5", "7.50"):
        journal.record_event(
            OrderPendingUpdate(
                order=changed, previous=changed.status, status=changed.status,
                quantity=Decimal(quantity), price=Decimal("99.5"), ts_event=1, ts_init=1,
            )
        )  # fmt: skip
    journal.record_order(order(2))
    journal.close("stopped")
    changes = opened(path).load().changes

    assert list(changes) == [changed.client_order_id]
    (change,) = changes.values()
    assert (change.quantity, change.price, change.trigger_price) == (Decimal("7.50"), Decimal("99.5"), None)


def test_what_was_filled_of_an_order_before_it_was_modified_is_remembered(path):
    journal = opened(path)
    one = order(1, OrderStatus.PARTIALLY_FILLED, revision=2)
    other = order(2, revision=1)
    filled = (
        (one, fill(1, quantity=Decimal("0.5"), revision=0)),
        (one, fill(2, quantity=Decimal("0.25"), revision=1)),
        (one, fill(3, quantity=Decimal("0.75"), revision=2)),
        (other, fill(4, quantity=Decimal("0.1"), revision=1)),
        (order(3, OrderStatus.FILLED, revision=1), fill(5, revision=0)),
    )
    for whose, each in filled:
        journal.record_fill(each, "mm")
        journal.record_event(
            OrderFilled(
                order=whose, previous=whose.status, status=whose.status, fill=each, ts_event=1, ts_init=1
            )
        )
    journal.record_order(order(4))
    journal.close("stopped")

    assert opened(path).load().filled_before == {
        one.client_order_id: Decimal("0.75"),
        other.client_order_id: 0,
    }


def test_small_states_are_put_replaced_and_removed(path):
    journal = opened(path)
    journal.put("position", BTC, {"quantity": "1"})
    journal.put("position", "ETH", {"quantity": "3"})
    journal.commit()
    journal.put("position", BTC, {"quantity": "2"})
    journal.put("position", "ETH", None)
    journal.close("stopped")

    assert opened(path).load().states == {"position": {BTC: {"quantity": "2"}}}
    with open_copy(path) as copy:
        assert copy.states("position") == {BTC: {"quantity": "2"}}


def test_the_highest_nonce_and_the_run_are_remembered(path):
    journal = opened(path, random=lambda count: b"\x07" * count)
    journal.record_request(500, "Submit", ["a", "b"], None, 1)
    journal.record_request(400, "Cancel", [], 9, 2)
    assert (journal.run, journal.journal_id) == (1, b"\x07\x07\x07")
    journal.close("stopped")

    again = opened(path)
    assert (again.run, again.journal_id, again.load().last_nonce) == (2, b"\x07\x07\x07", 500)


def test_a_second_engine_is_refused_and_told_the_first_ones_process(path, tmp_path):
    program = (
        "import sys, pathlib; from livetrio.journal.journal import Journal\n"
        "journal = Journal.open(pathlib.Path(sys.argv[1]), now=1, version='1'); print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout.readline() == b"open\n"
        assert holder_of(path) == first.pid
        with pytest.raises(JournalInUse, match=f"is written by process {first.pid}"):
            opened(path)
        first.kill()
    assert holder_of(path) is None
    assert holder_of(tmp_path / "nothing") is None
    assert opened(path).load().was_killed


WRITER = """
import sys, pathlib
sys.path.insert(0, sys.argv[2])
from journal_samples import order
from livetrio.journal.journal import Journal
journal = Journal.open(pathlib.Path(sys.argv[1]), now=1, version="1")
number = len(journal.load().working_orders)
while True:
    number += 1
    journal.record_order(order(number))
    journal.commit()
    print(number, flush=True)
    if number % 40 == 0:
        journal.checkpoint()
"""


def test_what_was_committed_survives_a_kill_at_any_instruction(path):
    for kill in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path, __file__.rpartition("/")[0]], stdout=subprocess.PIPE
        ) as writer:
            for _ in range(1 + 7 * kill % 60):
                last = writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            said = last + writer.stdout.read()
        acknowledged = int(said.split(b"\n")[-2])
        assert len(read_orders(path)) >= acknowledged

    assert [each.client_order_id for each in read_orders(path)] == [
        order(number).client_order_id for number in range(1, len(read_orders(path)) + 1)
    ]


def test_a_tail_torn_at_any_byte_is_cut_off_and_told(path, tmp_path):
    journal = opened(path)
    journal.record_order(order(1))
    journal.commit()
    wal = path.with_name(path.name + "-wal")
    whole_before = wal.stat().st_size
    journal.record_order(order(2))
    journal.commit()
    image, log = path.read_bytes(), wal.read_bytes()
    torn = 0
    for cut in [*range(whole_before, len(log), 97), len(log) - 1]:
        copy = tmp_path / f"torn-{cut}.journal"
        copy.write_bytes(image)
        copy.with_name(copy.name + "-wal").write_bytes(log[:cut])
        again = opened(copy)
        state = again.load()
        assert [each.client_order_id for each in state.working_orders] == [order(1).client_order_id]
        torn += state.torn_bytes > 0
        again.close("stopped")

    assert torn > 5
    journal.close("stopped")


def test_a_full_disk_is_said_and_nothing_that_was_recorded_is_lost(path):
    journal = opened(path)
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(1, 500):
        journal.record_order(order(number))
    with pytest.raises(JournalFailed, match=r"cannot be written: .*No order leaves without its record"):
        journal.commit()
    assert journal.has_uncommitted

    journal._connection.execute("PRAGMA max_page_count = 1000000")
    journal.commit()
    assert len(read_orders(path)) == 499
    journal.close("stopped")


def test_a_checkpoint_empties_the_log_and_readers_see_the_same(path):
    journal = opened(path)
    for number in range(200):
        journal.record_order(order(number))
        journal.commit()
    before = read_orders(path)
    assert journal.wal_bytes > 100_000
    journal.checkpoint()

    assert read_orders(path) == before
    journal.record_order(order(999))
    journal.commit()
    assert journal.wal_bytes < 100_000
    journal.close("stopped")


def test_a_journal_of_an_exchange_that_is_gone_is_set_aside(path):
    set_aside(path)
    journal = opened(path)
    journal.record_order(order(1))
    journal.commit()
    with pytest.raises(JournalInUse):
        set_aside(path)
    journal.close("stopped")
    shutil.copy(path, path.with_name("x"))
    set_aside(path)

    assert not path.exists()
    assert len(read_orders(path.with_name(path.name + ".old"))) == 1
