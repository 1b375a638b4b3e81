"""The journal's place, on this machine's disk."""

import os
import shutil
import subprocess
import sys

import pytest

from livetrio.app.doctor import disk
from livetrio.app.doctor.check import Verdict
from livetrio.app.doctor.disk import check_journal, file_system_of
from livetrio.journal.journal import Journal

OK, WARNING, FAILED = Verdict.OK, Verdict.WARNING, Verdict.FAILED


def examine(path, sync="process"):
    return {each.name: each for each in check_journal(path, sync)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "orders.journal"


def test_a_place_that_is_well_has_room_and_a_time_for_writes(path):
    found = examine(path)

    assert {each.verdict for each in found.values()} == {OK}
    assert "will be made" in found["journal"].found
    assert " ms (median of 10" in found["disk"].found
    assert "GiB free" in found["space"].found
    assert list(path.parent.iterdir()) == []  # nothing is left behind


def test_a_journal_that_is_there_is_read_and_left_as_it_is(path):
    Journal.open(path, now=1, sync="process", version="0").close("a test")
    before = path.read_bytes()
    found = examine(path)

    assert found["journal"].verdict is OK
    assert "nobody writes it" in found["journal"].found
    assert path.read_bytes() == before


def test_an_engine_that_holds_it_is_named(path):
    script = f"""
from pathlib import Path
from livetrio.journal.journal import Journal
journal = Journal.open(Path({str(path)!r}), now=1, sync="process", version="0")
print("open", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        found = examine(path)
        process.communicate("\n")

    assert found["journal"].verdict is WARNING
    assert f"is written by process {process.pid}" in found["journal"].found


def test_what_is_no_journal_is_named(path):
    path.write_text("a letter, and a longer one than a header would be" * 10)

    assert examine(path)["journal"].verdict is FAILED
    assert "no SQLite database" in examine(path)["journal"].found


def test_a_folder_that_is_not_there_cannot_be_written(tmp_path):
    found = examine(tmp_path / "nowhere" / "orders.journal")

    assert found["disk"].verdict is FAILED
    assert "cannot be written: No such file or directory" in found["disk"].found


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_named(path):
    Journal.open(path, now=1, sync="process", version="0").close("a test")
    path.chmod(0o400)

    assert examine(path)["journal"].verdict is FAILED


@pytest.mark.parametrize(
    ("sync", "words"), [("power", "each request waits"), ("process", "the engine may wait")]
)
def test_a_slow_disk_is_told_with_what_it_costs(path, monkeypatch, sync, words):
    monkeypatch.setattr(disk, "time_writes", lambda _: [0.05] * 9 + [0.5])
    check = examine(path, sync)["disk"]

    assert check.verdict is WARNING
    assert "50.0 ms (median of 10, at worst 500.0 ms)" in check.found
    assert words in check.advice


@pytest.mark.parametrize(("free", "verdict"), [(1 << 20, FAILED), (1 << 29, WARNING), (1 << 31, OK)])
def test_a_disk_that_is_nearly_full_is_told(path, monkeypatch, free, verdict):
    usage = shutil.disk_usage(path.parent)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    assert examine(path)["space"].verdict is verdict


MOUNTS = """\
21 1 0:20 / / rw,relatime - ext4 /dev/vda1 rw
36 21 0:35 / /mnt/my\\040share rw,relatime shared:1 - nfs4 server:/share rw
37 21 0:36 / /mnt rw,relatime - tmpfs tmpfs rw
"""


def test_a_network_file_system_is_told(path, tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert file_system_of(disk.Path("/mnt/my share/a"), mounts) == "nfs4"
    assert file_system_of(disk.Path("/mnt/mine"), mounts) == "tmpfs"
    assert file_system_of(disk.Path("/home"), mounts) == "ext4"
    assert file_system_of(disk.Path("/home"), tmp_path / "none") is None

    monkeypatch.setattr(disk, "file_system_of", lambda _: "nfs4")
    assert examine(path)["file system"].verdict is WARNING
