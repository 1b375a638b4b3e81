"""Journal on a bad day: disks that are full or fail, values that cannot be, locks that come and go."""

import fcntl
import os
import resource
import sqlite3
import stat
from contextlib import closing, contextmanager

import pytest
from journal_samples import fill, order, payment

from livetrio.errors import JournalFailed, JournalInUse
from livetrio.journal import lock as lock_module
from livetrio.journal.aside import set_aside
from livetrio.journal.failures import explain
from livetrio.journal.file import roll_back
from livetrio.journal.journal import Journal
from livetrio.journal.lock import JournalLock, holder_of
from livetrio.journal.reading import read_events, read_fills, read_orders
from livetrio.model import OrderAccepted, OrderStatus


@pytest.fixture
def path(tmp_path):
    return tmp_path / "orders.journal"


def opened(path, **options):
    return Journal.open(path, now=1, version="1.0", **options)


def accepted(one):
    return OrderAccepted(
        order=one, previous=OrderStatus.SUBMITTED, status=OrderStatus.ACCEPTED, ts_event=5, ts_init=6
    )


@contextmanager
def disk_of(size):
    """As if no file could grow beyond this size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Disks.


def test_what_cannot_be_written_is_kept_and_written_once_when_it_can(path):
    journal = opened(path)
    journal.record_order(order(0))
    journal.commit()
    with disk_of(journal.wal_bytes + 5_000):
        for number in range(1, 200):
            journal.record_event(accepted(order(number)))
        journal.record_fill(fill(1), "mm")
        journal.record_funding(payment(1))
        journal.record_request(7, "submit", ["a"], None, 1)
        journal.put("position", "BTC", {"quantity": "1"})
        for _ in range(2):
            with pytest.raises(JournalFailed, match=r"orders\.journal: cannot be written: disk I/O error\."):
                journal.commit()
    assert journal.has_uncommitted
    assert len(read_orders(path)) == 1
    journal.commit()

    assert not journal.has_uncommitted
    assert len(read_orders(path)) == 200
    assert len(read_events(path, order(7).client_order_id)) == 1
    assert [each.fill for each in read_fills(path)] == [fill(1)]
    journal.close("stopped")


def test_what_was_committed_before_the_disk_failed_is_there_after_a_kill(path, tmp_path):
    journal = opened(path)
    journal.record_order(order(0))
    journal.commit()
    with disk_of(journal.wal_bytes + 5_000):
        for number in range(1, 200):
            journal.record_order(order(number))
        with pytest.raises(JournalFailed):
            journal.commit()
    copy = tmp_path / "as-killed"
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    again = opened(copy)
    state = again.load()

    assert [each.ts_init for each in state.working_orders] == [0]
    assert state.was_killed
    assert state.torn_bytes > 0
    again.close("stopped")
    journal.close("stopped")


def test_a_checkpoint_that_fails_loses_nothing(path):
    journal = opened(path)
    for number in range(100):
        journal.record_order(order(number))
    journal.commit()
    with disk_of(path.stat().st_size), pytest.raises(JournalFailed, match="its log cannot be moved into it"):
        journal.checkpoint()
    assert len(read_orders(path)) == 100
    journal.checkpoint()

    assert journal.wal_bytes == 0
    assert len(read_orders(path)) == 100
    journal.close("stopped")


def test_a_close_that_cannot_write_says_so_and_lets_the_journal_go(path):
    journal = opened(path)
    for number in range(100):
        journal.record_order(order(number))
    with disk_of(0), pytest.raises(JournalFailed, match="cannot be written"):
        journal.close("stopped")
    journal.close("again")

    again = opened(path)
    assert again.load().was_killed
    again.close("stopped")


def test_a_journal_that_cannot_be_made_is_not_there(path):
    for size in (0, 2_000):
        with disk_of(size), pytest.raises(JournalFailed, match=r"orders\.journal: cannot be used: "):
            opened(path)
        assert not path.exists()

    journal = opened(path)
    assert journal.run == 1
    journal.close("stopped")


def test_after_its_end_nothing_can_be_committed(path):
    journal = opened(path)
    journal.close("stopped")
    journal.record_order(order(1))

    with pytest.raises(JournalFailed, match="closed"):
        journal.commit()
    with pytest.raises(JournalFailed, match="closed"):
        journal.checkpoint()
    assert journal.wal_bytes == 0


@pytest.mark.parametrize("change", [{"ts_event": 2**63}, {"reason": "\ud800"}])
def test_what_sqlite_cannot_hold_is_said_and_nothing_else_is_written(path, change):
    journal = opened(path)
    journal.record_order(order(1))
    journal.record_order(order(2, **change))
    with pytest.raises(JournalFailed, match="cannot be written"):
        journal.commit()
    assert read_orders(path) == ()

    journal.record_order(order(2))
    journal.commit()
    assert len(read_orders(path)) == 2
    journal.close("stopped")


def test_other_errors_are_told_in_the_words_of_the_system(path):
    assert str(explain(path, PermissionError(13, "Permission denied"))).endswith(": Permission denied")
    assert type(explain(path, sqlite3.ProgrammingError("closed"))) is JournalFailed


def test_a_transaction_that_is_over_or_cannot_be_ended_is_left(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        roll_back(connection)
        assert not connection.in_transaction
        roll_back(connection)
    roll_back(connection)

    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


# What there is on the disk.


def test_a_journal_is_its_owners_alone_and_leaves_nothing_beside_it(path):
    journal = opened(path)
    journal.record_order(order(1))
    journal.commit()
    files = sorted(each.name for each in path.parent.iterdir())
    modes = {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    journal.close("stopped", now=77)

    assert files == ["orders.journal", "orders.journal-wal", "orders.journal.lock"]
    assert modes == {0o600}
    assert [each.name for each in path.parent.iterdir()] == ["orders.journal"]
    with closing(sqlite3.connect(path)) as connection:
        (run,) = connection.execute("SELECT * FROM runs").fetchall()
    assert run == (1, 1, 77, "stopped", os.getpid(), "1.0", 0)


@pytest.mark.parametrize("sync, level", [("process", 1), ("power", 2)])
def test_how_much_a_commit_survives_is_what_sqlite_is_told(path, sync, level):
    journal = opened(path, sync=sync)
    told = journal._connection.execute("PRAGMA synchronous").fetchone()[0]
    repr_ = repr(journal)
    journal.close("stopped")

    assert told == level
    assert repr_ == f"<Journal {path} run 1>"


def test_a_link_and_what_it_points_to_are_one_journal(path, tmp_path):
    journal = opened(path)
    link = tmp_path / "link"
    link.symlink_to(path)

    with pytest.raises(JournalInUse, match=rf"orders\.journal: is written by process {os.getpid()}"):
        opened(link)
    journal.close("stopped")


# Locks.


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(path, monkeypatch):
    removed = []

    def flock(descriptor, operation):
        if not removed:
            removed.append(lock_module.Path(f"{path}.lock"))
            removed[0].unlink()
        fcntl.flock(descriptor, operation)

    class Fcntl:
        LOCK_EX, LOCK_NB = fcntl.LOCK_EX, fcntl.LOCK_NB

    Fcntl.flock = staticmethod(flock)
    monkeypatch.setattr(lock_module, "fcntl", Fcntl)
    lock = JournalLock(path)
    monkeypatch.undo()

    assert lock.path.read_text() == f"{os.getpid()}\n"
    assert holder_of(path) == os.getpid()
    lock.release()
    assert holder_of(path) is None


def test_a_holder_that_has_not_said_who_it_is_is_another_process(path):
    lock = JournalLock(path)
    os.truncate(lock.path, 0)
    with pytest.raises(JournalInUse, match="is written by another process"):
        JournalLock(path)
    assert holder_of(path) is None
    lock.release()


# Room for a new one.


def test_a_move_that_a_kill_has_interrupted_is_finished(path):
    journal = opened(path)
    journal.record_order(order(1))
    journal.commit()
    file, log = path.read_bytes(), path.with_name(f"{path.name}-wal").read_bytes()
    journal.close("stopped")
    old = path.with_name(f"{path.name}.old")
    path.rename(old)
    old.write_bytes(file)
    path.with_name(f"{path.name}-wal").write_bytes(log)
    set_aside(path)

    assert len(read_orders(old)) == 1
    opened(path).close("stopped")
