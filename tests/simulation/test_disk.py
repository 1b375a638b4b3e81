"""What a disk keeps when a process is killed, when the power goes, and when it is full."""

from __future__ import annotations

from random import Random

import pytest

from livetrio.errors import JournalFailed
from livetrio.journal.inspection import inspect_file
from livetrio.journal.journal import Journal
from livetrio.simulation.disk import JOURNAL, Disk
from livetrio.simulation.points import Points


@pytest.fixture
def full():
    return []


@pytest.fixture
def make(tmp_path, full):
    """A disk with a journal in which ten things were put, a commit each."""
    journals = []

    def make(sync):
        disk = Disk(tmp_path / "1", sync, Points(), lambda: bool(full))
        journal = Journal.open(disk.journal, now=1, sync=sync, version="test")
        journals.append(journal)
        disk.watch(journal)
        for number in range(10):
            journal.put("count", str(number), {"number": number})
            journal.commit()
        return disk, journal

    yield make
    full.clear()
    for journal in journals:
        journal.close("test")


def count(folder):
    """How many of the ten things are in the journal of a folder."""
    journal = Journal.open(folder / JOURNAL, now=2, version="test")
    try:
        return len(journal.load().states.get("count", {}))
    finally:
        journal.close("test")


def test_a_killed_process_leaves_all_that_it_committed(make, tmp_path):
    disk, journal = make("process")
    journal.put("count", "more", {})

    assert disk.survive(tmp_path / "2", None) == 0
    assert count(tmp_path / "2") == 10


def test_without_waiting_for_the_disk_the_power_takes_the_last_commits(make, tmp_path):
    disk, _ = make("process")
    kept = set()
    for number in range(20):
        heir = tmp_path / f"heir {number}"
        disk.survive(heir, Random(number))
        kept.add(count(heir))

    assert len(kept) > 3
    assert max(kept) <= 10


def test_with_waiting_for_the_disk_the_power_takes_nothing(make, tmp_path):
    disk, _ = make("power")
    for number in range(5):
        heir = tmp_path / f"heir {number}"
        assert disk.survive(heir, Random(number)) == 0
        assert count(heir) == 10


def test_a_torn_tail_is_seen_as_one(make, tmp_path):
    disk, _ = make("process")
    torn = 0
    for number in range(20):
        heir = tmp_path / f"heir {number}"
        disk.survive(heir, Random(number))
        torn += bool(inspect_file(heir / JOURNAL).torn_bytes)

    assert torn > 5


def test_on_a_full_disk_nothing_is_written_and_nothing_forgotten(make, full, tmp_path):
    disk, journal = make("process")
    journal.put("count", "more", {})
    full.append(True)
    with pytest.raises(JournalFailed, match="the disk is full"):
        journal.commit()
    with pytest.raises(JournalFailed, match="the disk is full"):
        disk.check()

    full.clear()
    journal.commit()
    disk.survive(tmp_path / "2", None)
    assert count(tmp_path / "2") == 11
