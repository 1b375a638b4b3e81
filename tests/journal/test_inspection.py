"""Inspection: a file that cannot be trusted is named, with what is wrong, and no byte of it changes."""

import os
import sqlite3
from contextlib import closing, suppress
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_samples import order

from livetrio.errors import (
    JournalCorrupt,
    JournalError,
    JournalFailed,
    JournalForeign,
    JournalInUse,
    JournalNewer,
)
from livetrio.journal.journal import Journal
from livetrio.journal.reading import open_copy, read_events, read_orders
from livetrio.model import OrderAccepted, OrderStatus


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


def changed(path, change):
    """A journal of one run that ended well, with something in it and a change."""
    journal = opened(path)
    journal.record_event(
        OrderAccepted(
            order=order(1), previous=OrderStatus.SUBMITTED, status=OrderStatus.ACCEPTED, ts_event=1, ts_init=1
        )
    )
    journal.put("position", "BTC", {"quantity": "1"})
    journal.close("stopped")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(change)


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


@pytest.mark.parametrize(
    "change, words",
    [
        ("DROP TABLE about", "no such table: about"),
        ("DROP TABLE runs", "its table runs is missing, or is another"),
        ("DROP INDEX fills_by_time", "its index fills_by_time is missing, or is another"),
        ("ALTER TABLE orders RENAME COLUMN price TO cost", "its table orders is missing, or is another"),
    ],
)
def test_a_table_that_is_missing_or_another_is_named(path, change, words):
    changed(path, change)

    refuse(path, JournalCorrupt, f"is damaged: {words}")


def test_a_table_of_somebody_elses_beside_ours_does_not_matter(path):
    changed(path, "CREATE TABLE my_notes (note)")

    opened(path).close("stopped")


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


# What SQLite finds in order.


@pytest.mark.parametrize(
    "change, table",
    [
        ("UPDATE orders SET status = 'acceqted'", "orders"),
        ("UPDATE orders SET price = 'cheap'", "orders"),
        ("UPDATE states SET value = '{'", "states"),
    ],
)
def test_a_row_that_is_no_value_is_damage(path, change, table):
    changed(path, change)
    journal = opened(path)
    with pytest.raises(JournalCorrupt, match=f"is damaged: a row of {table} makes no sense"):
        journal.load()

    journal.close("failed")


def test_text_that_is_none_is_damage(path):
    changed(path, "UPDATE orders SET reason = CAST(x'ff' AS TEXT)")
    journal = opened(path)
    with pytest.raises(JournalCorrupt, match="is damaged: Could not decode to UTF-8"):
        journal.load()

    journal.close("failed")


@pytest.mark.parametrize("change", ["DELETE FROM about", "UPDATE about SET value = '00ff'"])
def test_a_journal_without_its_id_is_damaged(path, change):
    changed(path, change)

    refuse(path, JournalCorrupt, "is damaged: a row of about makes no sense")


@pytest.mark.parametrize("change", ["kind = 'OrderForgotten'", "kind = 'OrderFilled'", "previous = 'x'"])
def test_an_event_that_is_none_is_damage(path, change):
    changed(path, f"UPDATE order_events SET {change}")

    with pytest.raises(JournalCorrupt, match="is damaged: a row of order_events makes no sense"):
        read_events(path, order(1).client_order_id)


def test_what_goes_wrong_with_whoever_reads_is_not_the_journals(path):
    opened(path).close("stopped")

    with pytest.raises(ValueError, match="mine"), open_copy(path):
        raise ValueError("mine")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with the files of a journal as a killed engine leaves it."""
    folder = tmp_path_factory.mktemp("whole")
    changed(folder / "orders.journal", "UPDATE orders SET reason = 'x'")
    killed(folder / "orders.journal", orders=20, in_log=5)
    return folder


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["orders.journal", "orders.journal-wal"]),
    damage=st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_whatever_the_bytes_are_it_opens_or_says_why_not_and_leaves_them(
    whole, tmp_path_factory, name, damage
):
    path = tmp_path_factory.mktemp("damaged") / "orders.journal"
    files = contents(whole)
    content = bytearray(files[name])
    for at, byte in damage:
        content[at % len(content)] = byte
    files[name] = bytes(content)
    for each, written in files.items():
        (path.parent / each).write_bytes(written)
    refused = None
    try:
        journal = opened(path)
    except JournalError as error:
        refused = str(error)
    else:
        one = order(1).client_order_id
        for use in (
            journal.load,
            partial(read_orders, path),
            partial(read_events, path, one),
            journal.commit,
        ):
            with suppress(JournalError):
                use()
        with suppress(JournalError):
            journal.close("stopped")

    assert refused is None or (str(path) in refused and contents(path.parent) == files)
    assert not path.with_name(f"{path.name}.lock").exists()


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
