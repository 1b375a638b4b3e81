"""Wal: what SQLite would believe of a log, what is torn off its end, and what is damaged before it."""

import shutil
import sqlite3
from contextlib import closing
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livetrio.journal.wal import FRAME_HEADER_BYTES, HEADER_BYTES, Wal, read_wal

PAGE = 512
FRAME = FRAME_HEADER_BYTES + PAGE


class Written(NamedTuple):
    """A database, its log, and where each of the log's transactions ends."""

    database: bytes
    log: bytes
    ends: list

    def __repr__(self):
        return "<Written>"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Twelve transactions, of one frame and of several."""
    path = tmp_path_factory.mktemp("wal") / "a.db"
    ends = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("CREATE TABLE t (number, filling)")
        ends.append(log_of(path).stat().st_size)
        for number in range(11):
            rows = [(number, "x" * 100)] * (1 + number % 3 * 6)
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
            connection.execute("COMMIT")
            ends.append(log_of(path).stat().st_size)
        yield Written(path.read_bytes(), log_of(path).read_bytes(), ends)


def log_of(path):
    return path.with_name(f"{path.name}-wal")


def frames_that_sqlite_takes(path):
    """How many frames SQLite finds in a log, as it says at a checkpoint."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]


def put_down(folder, database, log):
    path = folder / "copy.db"
    path.write_bytes(database)
    log_of(path).write_bytes(log)
    return path


def test_no_log_and_an_empty_one_hold_nothing(tmp_path):
    (tmp_path / "empty").touch()

    assert read_wal(tmp_path / "nothing") == read_wal(tmp_path / "empty") == Wal()


def test_a_whole_log_ends_with_its_last_commit(written, tmp_path):
    _, log, ends = written
    (tmp_path / "log").write_bytes(log)
    found = read_wal(tmp_path / "log")

    assert found.committed_bytes == HEADER_BYTES + found.frames * FRAME == ends[-1]
    assert (found.torn_bytes, found.damage) == (0, None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_log_cut_anywhere_is_read_as_far_as_sqlite_reads_it_and_the_rest_is_torn(written, tmp_path, data):
    database, log, ends = written
    cut = data.draw(st.integers(0, len(log)))
    path = put_down(tmp_path, database, log[:cut])
    found = read_wal(log_of(path))

    whole = max((end for end in ends if end <= cut), default=HEADER_BYTES if cut > HEADER_BYTES else 0)
    assert found.damage is None
    assert found.torn_bytes == cut - max(found.committed_bytes, whole)
    assert found.frames == max(0, frames_that_sqlite_takes(path))


def test_the_last_transaction_cut_at_any_byte_is_torn_and_all_before_it_whole(written, tmp_path):
    _, log, ends = written
    path = tmp_path / "log"
    begin, end = ends[1:3]
    for cut in range(begin, end):
        path.write_bytes(log[:cut])
        found = read_wal(path)

        assert (found.committed_bytes, found.torn_bytes, found.damage) == (begin, cut - begin, None)


def test_any_byte_damaged_before_the_last_transaction_is_found_and_named(written, tmp_path):
    _, log, ends = written
    path = tmp_path / "log"
    for at in range(HEADER_BYTES, ends[-2], 131):
        damaged = bytearray(log)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        found = read_wal(path)

        number = (at - HEADER_BYTES) // FRAME + 1
        assert found.damage == f"its frame {number}"
        assert found.committed_bytes == max((end for end in ends if end <= at), default=HEADER_BYTES)


def test_what_was_written_of_the_last_transaction_in_another_order_is_torn(written, tmp_path):
    _, log, ends = written
    path = tmp_path / "log"
    size = ends[-1] - ends[-2]
    assert size > FRAME  # it has several frames, and the one that commits comes last
    hole = bytes(FRAME)
    path.write_bytes(log[: ends[-2]] + hole + log[ends[-2] + FRAME :])
    found = read_wal(path)

    assert (found.committed_bytes, found.torn_bytes, found.damage) == (ends[-2], size, None)


@pytest.mark.parametrize("at", [0, 9, 20, 27])
def test_a_damaged_header_before_frames_is_named_and_one_alone_is_torn(written, tmp_path, at):
    damaged = bytearray(written[1])
    damaged[at] ^= 0x55
    path = tmp_path / "log"
    path.write_bytes(damaged)
    alone = tmp_path / "alone"
    alone.write_bytes(damaged[:HEADER_BYTES])

    assert read_wal(path).damage == "its header"
    assert read_wal(alone) == Wal(torn_bytes=HEADER_BYTES)


def test_what_an_earlier_log_has_left_in_the_file_is_not_torn(written, tmp_path):
    database, log, _ = written
    path = put_down(tmp_path, database, log)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        connection.execute("DELETE FROM t WHERE number = 3")
        left = tmp_path / "left"
        shutil.copy(log_of(path), left)
    found = read_wal(left)

    assert 0 < found.frames * FRAME < len(log) - HEADER_BYTES
    assert left.stat().st_size == len(log)
    assert (found.torn_bytes, found.damage) == (0, None)


def test_the_first_page_is_as_it_was_last_committed(written, tmp_path):
    database, log, _ = written
    path = put_down(tmp_path, database, log)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        for version in (5, 6):
            connection.execute(f"PRAGMA user_version = {version}")
        kept = log_of(path).read_bytes()
    (tmp_path / "kept").write_bytes(kept)
    (tmp_path / "torn").write_bytes(kept[:-1])

    assert read_wal(tmp_path / "kept").first_page[60:64] == (6).to_bytes(4, "big")
    assert read_wal(tmp_path / "torn").first_page[60:64] == (5).to_bytes(4, "big")


def test_a_log_without_the_first_page_has_none(written, tmp_path):
    database, log, _ = written
    path = put_down(tmp_path, database, log)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("UPDATE t SET number = 0 WHERE number = 3")
        found = read_wal(log_of(path))

    assert found.frames > 0
    assert found.first_page is None
