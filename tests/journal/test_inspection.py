"""Inspection: a file that cannot be trusted is named, with what is wrong, and no byte of it changes."""

import os
import sqlite3
from contextlib import closing

import pytest
from journal_samples import order

from livetrio.errors import JournalCorrupt, JournalFailed, JournalForeign, JournalInUse, JournalNewer
from livetrio.journal.journal import Journal
from livetrio.journal.reading import read_orders


@pytest.fixture
def path(tmp_path):
    return tmp_path / "orders.journal"


def opened(path):
    return Journal.open(path, now=1, version="1.0")


def killed(path, *, orders=300, in_log=0):
    """A journal as a killed engine leaves it, with so many orders in the file and more of them in the log."""
    journal = opened(path)
    for number in range(orders):
        journal.record_order(order(number))
    journal.commit()
    journal.checkpoint()
    for number in range(orders, orders + in_log):
        journal.record_order(order(number))
        journal.commit()
    files = contents(path.parent)
    journal.close("stopped")
    for name, content in files.items():
        (path.parent / name).write_bytes(content)


def contents(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.suffix != ".lock"}


def refuse(path, error, words):
    """It is refused twice, so the first time let it go, and is as it was."""
    before = contents(path.parent)
    for _ in range(2):
        with pytest.raises(error, match=words) as caught:
            opened(path)
    assert str(path) in str(caught.value)
    assert contents(path.parent) == before
    assert not path.with_name(f"{path.name}.lock").exists()


def overwrite(path, at, content):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def log_of(path):
    return path.with_name(f"{path.name}-wal")


# What is no journal.


def test_a_file_of_something_else_is_refused(path):
    path.write_text("not a database, and longer than the header of one. " * 10)

    refuse(path, JournalForeign, "found no SQLite database at all")


def test_a_file_shorter_than_a_header_is_refused(path):
    path.write_bytes(b"SQLite format 3\0")

    refuse(path, JournalForeign, "found no SQLite database at all")


def test_an_empty_file_is_not_taken_for_a_new_journal(path):
    path.touch()

    refuse(path, JournalForeign, "found an empty file")


def test_another_programs_database_is_refused(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")

    refuse(path, JournalForeign, "found an SQLite database of another program")


def test_a_folder_is_refused(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()

    with pytest.raises(JournalForeign, match="found a folder"):
        opened(folder)


def test_a_place_where_nothing_can_be_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(JournalFailed, match=r"file/orders\.journal: cannot be used: (Not a dir|File exists)"):
        opened(tmp_path / "file" / "orders.journal")


def test_a_log_without_its_journal_is_not_mixed_into_a_new_one(path):
    killed(path, in_log=3)
    path.unlink()

    refuse(path, JournalCorrupt, r"is not there, but orders\.journal-wal is")


def test_an_empty_log_without_its_journal_does_not_matter(path):
    log_of(path).touch()

    journal = opened(path)
    journal.close("stopped")

    assert journal.run == 1


def test_a_draft_that_a_killed_process_has_left_is_made_anew(path):
    path.with_name("orders.journal.new").write_bytes(b"half of it")
    path.with_name("orders.journal.new-journal").write_bytes(b"and what it was going to be")

    opened(path).close("stopped")

    assert contents(path.parent).keys() == {path.name}


# What is too new.


def test_a_journal_of_a_later_version_is_refused(path):
    killed(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 999")

    refuse(path, JournalNewer, "expected schema 1, found 999")


def test_so_is_one_that_a_later_version_has_changed_in_the_log_only(path):
    killed(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 2")
        files = contents(path.parent)
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
    path.with_name(f"{path.name}-shm").unlink()
    assert path.read_bytes()[60:64] == (1).to_bytes(4, "big")

    refuse(path, JournalNewer, "expected schema 1, found 2")


# What is damaged.


@pytest.mark.parametrize("in_log", [0, 3])
def test_damaged_pages_are_found_after_a_run_that_nobody_ended(path, in_log):
    killed(path, in_log=in_log)
    middle = path.stat().st_size // 2
    overwrite(path, middle, b"\xa5" * 4096)

    refuse(path, JournalCorrupt, "is damaged: ")


def test_a_log_damaged_in_the_middle_is_refused_with_how_to_go_on(path):
    killed(path, in_log=9)
    with_damage = log_of(path).stat().st_size // 2
    overwrite(log_of(path), with_damage, b"\xa5\xa5")

    refuse(
        path, JournalCorrupt, r"orders\.journal-wal: its frame \d+ is damaged, and committed records follow"
    )
    with pytest.raises(JournalCorrupt, match="is damaged, and committed records follow"):
        read_orders(path)
    with pytest.raises(JournalCorrupt) as caught:
        opened(path)
    os.truncate(log_of(path), int(str(caught.value).partition("cut this one to ")[2].split()[0]))
    journal = opened(path)
    known = len(journal.load().working_orders)
    journal.close("stopped")
    assert 300 < known < 309


def test_a_file_whose_end_is_missing_is_refused(path):
    killed(path)
    size = path.stat().st_size
    os.truncate(path, size - 5000)

    refuse(path, JournalCorrupt, f"expected {size} bytes, found {size - 5000}: its end is missing")


@pytest.mark.parametrize("table", ["runs", "about"])
def test_a_table_that_is_missing_is_named(path, table):
    killed(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"DROP TABLE {table}")

    with pytest.raises(JournalCorrupt, match=f"is damaged: no such table: {table}"):
        opened(path)


def test_damage_after_a_good_end_is_found_when_it_is_read(path):
    journal = opened(path)
    for number in range(300):
        journal.record_order(order(number))
    journal.close("stopped")
    overwrite(path, 20 * 1024, b"\xa5" * (path.stat().st_size - 20 * 1024))
    journal = opened(path)
    with pytest.raises(JournalCorrupt, match="is damaged: database disk image is malformed"):
        journal.load()
    journal.close("failed")

    with pytest.raises(JournalCorrupt, match="is damaged: database disk image is malformed"):
        read_orders(path)


# What others have.


def test_a_journal_that_is_open_in_another_program_is_refused(path):
    killed(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("SELECT count(*) FROM orders").fetchall()
        with pytest.raises(JournalInUse, match="is open in another program"):
            opened(path)

    journal = opened(path)
    assert len(journal.load().working_orders) == 300
    journal.close("stopped")


def test_no_other_program_gets_into_a_journal_that_is_written(path):
    journal = opened(path)
    with closing(sqlite3.connect(path, timeout=0)) as shell, pytest.raises(sqlite3.OperationalError):
        shell.execute("SELECT count(*) FROM orders")

    journal.close("stopped")
