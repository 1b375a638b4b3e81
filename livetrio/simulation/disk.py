"""Disk: where a process keeps its journal: it can be full, and lose what it was not made to keep.

When the power goes, what SQLite has put into its log since it last waited for the disk is there up to a
chance byte. With ``sync = "power"`` it waits at each commit, so only a commit under way can be torn.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Literal

from livetrio.errors import JournalFailed
from livetrio.journal.journal import Journal
from livetrio.simulation.points import Points

JOURNAL = "orders.journal"

TAIL = 4_096
"""Bytes: in every other loss of power, no more than this is lost."""


class Disk:
    """Of one process."""

    def __init__(
        self, folder: Path, sync: Literal["process", "power"], points: Points, is_full: Callable[[], bool]
    ) -> None:
        self.folder = folder
        self._sync = sync
        self._points = points
        self._is_full = is_full
        self._kept = 0
        """Bytes of the log that are safe."""
        folder.mkdir(exist_ok=True)

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / JOURNAL

    @property
    def _log(self) -> Path:
        return self.folder / f"{JOURNAL}-wal"

    def check(self) -> None:
        """Let a process open its journal, if there is room.

        Raises:
          JournalFailed: there is none.
        """
        if self._is_full():
            raise JournalFailed(f"{self.journal}: cannot be written: the disk is full")

    def watch(self, journal: Journal) -> None:
        """Let what befalls the disk befall this journal."""
        commit, checkpoint = journal.commit, journal.checkpoint

        def watched_commit() -> None:
            self.check()
            if journal.has_uncommitted:
                self._points.reach(is_commit=True)
            commit()
            self._points.reach()
            self._note_kept(journal.wal_bytes if self._sync == "power" else 0)

        def watched_checkpoint() -> None:
            self.check()
            checkpoint()
            self._note_kept(0)

        journal.commit = watched_commit  # type: ignore[method-assign]
        journal.checkpoint = watched_checkpoint  # type: ignore[method-assign]

    def _note_kept(self, size: int) -> None:
        self._kept = size

    def survive(self, heir: Path, draw: Random | None) -> int:
        """Copy what is there now to another folder; how many bytes of it were lost.

        Args:
          draw: decides how much, as the power goes; None: it does not, so nothing is lost.
        """
        shutil.copytree(self.folder, heir, dirs_exist_ok=True)
        log = heir / self._log.name
        if draw is None or not log.exists():
            return 0
        size = log.stat().st_size
        kept = min(self._kept, size)
        if draw.random() < 0.5:
            kept = max(kept, size - TAIL)
        end = draw.randint(kept, size)
        with log.open("r+b") as file:
            file.truncate(end)
        return size - end
