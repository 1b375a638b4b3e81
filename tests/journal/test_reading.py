"""Reading: a copy that is whole, whatever the engine does to the journal meanwhile."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from journal_samples import order

from livetrio.errors import JournalFailed, JournalForeign
from livetrio.journal import reading
from livetrio.journal.journal import Journal
from livetrio.journal.reading import ATTEMPTS, open_copy, read_fills, read_orders
from livetrio.model import OrderStatus

really_copy = shutil.copyfile

WRITER = """
import pathlib, sys
sys.path.insert(0, sys.argv[2])
from journal_samples import order
from livetrio.journal.journal import Journal
journal = Journal.open(pathlib.Path(sys.argv[1]), now=1, version="1")
commits = 0
while True:
    commits += 1
    for number in range(50):
        journal.record_order(order(number, ts_event=commits))
    journal.commit()
    if commits % 400 == 0:
        print(commits, flush=True)
        journal.checkpoint()
"""


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "orders.journal", now=1, version="1.0")
    for number in range(3):
        journal.record_order(order(number))
        journal.commit()
    yield journal
    journal.close("stopped")


def numbers(orders):
    return [each.ts_init for each in orders]


def test_what_is_read_of_a_busy_journal_is_what_had_been_committed_at_some_moment(tmp_path):
    path = tmp_path / "orders.journal"
    command = [sys.executable, "-c", WRITER, path, Path(__file__).parent]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        for _ in range(8):
            committed = int(writer.stdout.readline())
            known = read_orders(path)

            assert numbers(known) == list(range(50))
            assert len({each.ts_event for each in known}) == 1
            assert known[0].ts_event >= committed
        writer.kill()


def test_a_checkpoint_between_the_two_copies_makes_it_copy_again(journal, monkeypatch):
    copied = []

    def copyfile(source, target):
        really_copy(source, target)
        copied.append(source)
        if copied == [journal.path]:
            journal.checkpoint()

    monkeypatch.setattr(reading.shutil, "copyfile", copyfile)

    assert numbers(read_orders(journal.path)) == [0, 1, 2]
    assert copied.count(journal.path) == 2


def test_a_log_that_is_gone_with_a_good_end_is_not_taken_from_the_first_attempt(journal, monkeypatch):
    copied = []

    def copyfile(source, target):
        really_copy(source, target)
        copied.append(source)
        if len(copied) == 2:  # file and log, and then the engine stops
            journal.record_order(order(3))
            journal.close("stopped")

    monkeypatch.setattr(reading.shutil, "copyfile", copyfile)

    assert numbers(read_orders(journal.path)) == [0, 1, 2, 3]


def test_a_journal_that_never_stands_still_is_given_up(journal, monkeypatch):
    copied = []

    def copyfile(source, target):
        really_copy(source, target)
        copied.append(source)
        journal.record_order(order(len(copied)))
        journal.commit()
        journal.checkpoint()

    monkeypatch.setattr(reading.shutil, "copyfile", copyfile)

    with pytest.raises(JournalFailed, match=f"was changed during each of {ATTEMPTS} attempts"):
        read_orders(journal.path)
    assert copied.count(journal.path) == ATTEMPTS


def test_a_disk_without_room_for_the_copy_is_said(journal, monkeypatch):
    def copyfile(_source, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reading.shutil, "copyfile", copyfile)

    with pytest.raises(
        JournalFailed, match=r"orders\.journal: cannot be copied into .*: No space left on device"
    ):
        read_orders(journal.path)


def test_nothing_is_left_of_a_copy(journal, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with open_copy(journal.path) as copy:
        assert len(copy.orders()) == 3
        assert len(set(tmp_path.iterdir()) - before) == 1

    assert set(tmp_path.iterdir()) == before


def test_a_link_is_followed_to_the_journal_and_its_log(journal, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(journal.path)

    assert numbers(read_orders(link)) == [0, 1, 2]


def test_a_journal_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(JournalForeign, match="found no such file"):
        read_fills(tmp_path / "nothing")

    assert list(tmp_path.iterdir()) == []


def test_orders_are_chosen_by_whose_they_are_and_whether_they_work(journal):
    journal.record_order(order(7, OrderStatus.FILLED))
    journal.record_order(order(8, strategy="trend"))
    journal.record_order(order(9, OrderStatus.UNKNOWN, strategy=None))
    journal.commit()

    def chosen(**choice):
        return numbers(read_orders(journal.path, **choice))

    assert chosen() == [0, 1, 2, 7, 8, 9]
    assert chosen(is_working=True) == [0, 1, 2, 8, 9]
    assert chosen(is_working=False) == [7]
    assert chosen(strategy="trend") == [8]
    assert chosen(strategy="mm", is_working=True) == [0, 1, 2]


def test_an_order_is_found_by_its_own_id_before_anothers_venue_id(journal):
    mine = order(5)
    journal.record_order(mine)
    journal.record_order(order(4, venue_order_id=mine.client_order_id))
    journal.commit()

    with open_copy(journal.path) as copy:
        assert copy.order(mine.client_order_id) == mine
        assert copy.order("5") == mine
