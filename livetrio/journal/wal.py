"""Wal: how far SQLite's write-ahead log can be believed, and what behind that is torn or damaged.

SQLite reads its log up to the first frame whose checksum is wrong and silently leaves the rest. That is
right for a tail that was being written when the process or the machine went down: it was never committed,
and is only to be told. It would be wrong for a log that is damaged in its middle: then whole transactions,
which were committed, follow. The checksums tell one from the other, because each frame's begins with that of
the frame before it, as that one has it: so the frames after a damaged one can still be proved to be whole.

The format is from https://www.sqlite.org/fileformat2.html, section 4, "The Write-Ahead Log" (read in November
2026). Checking takes about 25 ms for each MB.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import attrs

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24

_BYTE_ORDERS = {0x377F0682: "<", 0x377F0683: ">"}
"""Of the words that the checksums are made of, by the log's magic number."""

Checksum = tuple[int, int]


@attrs.frozen(kw_only=True)
class Wal:
    """What a write-ahead log holds."""

    frames: int = 0
    """Of committed transactions: what SQLite takes from it."""
    committed_bytes: int = 0
    """Where the last of them ends."""
    torn_bytes: int = 0
    """Behind that, and of the same log (not left over from an earlier one): written, but never committed."""
    damage: str | None = None
    """What is damaged although whole transactions follow it; None: nothing."""
    first_page: bytes | None = None
    """The database's first page as last committed; None where the log does not have it."""


def read_wal(path: Path) -> Wal:
    """Read a log and leave it alone; one that is not there holds nothing.

    Raises:
      OSError: it cannot be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return Wal()
    with file:
        size = os.fstat(file.fileno()).st_size
        header = _read_header(file.read(HEADER_BYTES))
        if header is not None:
            return _read_frames(file, header)
    # Its header is on the disk before anything is written behind it.
    return Wal(torn_bytes=size) if size <= HEADER_BYTES else Wal(damage="its header")


@attrs.frozen
class _Header:
    order: str
    page_bytes: int
    salt: bytes
    checksum: Checksum


@attrs.frozen
class _Frame:
    page: int
    """The number of the database's page, from 1."""
    commits: bool
    """Whether a transaction ends with it."""
    salt: bytes
    is_whole: bool
    content: bytes


def _read_header(raw: bytes) -> _Header | None:
    """The header; None where it is no whole one."""
    if len(raw) < HEADER_BYTES:
        return None
    magic, _, page_bytes, _, salt, first, second = struct.unpack(">IIII8sII", raw)
    order = _BYTE_ORDERS.get(magic)
    if order is None or _add(order, raw[:24], (0, 0)) != (first, second):
        return None
    return _Header(order, page_bytes, salt, (first, second))


def _read_frames(file: BinaryIO, header: _Header) -> Wal:
    frame_bytes = FRAME_HEADER_BYTES + header.page_bytes
    frames = commits_after = 0
    end = HEADER_BYTES
    broken: _Frame | None = None
    broken_at = 0
    first_page = page = None
    for number, frame in enumerate(_frames(file, header, frame_bytes), 1):
        if frame.salt == header.salt[: len(frame.salt)]:
            end = HEADER_BYTES + frame_bytes * (number - 1) + len(frame.content)
        if broken is None and not frame.is_whole:
            broken, broken_at = frame, number
        elif broken is not None:
            commits_after += frame.is_whole and frame.commits
        else:
            page = frame.content[FRAME_HEADER_BYTES:] if frame.page == 1 else page
            if frame.commits:
                frames, first_page = number, page
    committed = HEADER_BYTES + frames * frame_bytes
    # The end of the damaged frame's own transaction may be there without all of it: that is a torn tail.
    is_damaged = broken is not None and commits_after > (0 if broken.commits else 1)
    return Wal(
        frames=frames,
        committed_bytes=committed,
        torn_bytes=max(0, end - committed),
        damage=f"its frame {broken_at}" if is_damaged else None,
        first_page=first_page,
    )


def _frames(file: BinaryIO, header: _Header, frame_bytes: int) -> Iterator[_Frame]:
    """All frames, the last of them cut off where the file is."""
    checksum = header.checksum
    while raw := file.read(frame_bytes):
        salt = raw[8:16]
        is_whole = len(raw) == frame_bytes and salt == header.salt
        if is_whole:
            told = struct.unpack(">II", raw[16:24])
            is_whole = _add(header.order, raw[:8] + raw[FRAME_HEADER_BYTES:], checksum) == told
        page = int.from_bytes(raw[:4], "big")
        commits = len(raw) >= 8 and raw[4:8] != bytes(4)
        if len(raw) == frame_bytes:
            checksum = struct.unpack(">II", raw[16:24])
        yield _Frame(page, commits, salt, is_whole, raw)


def _add(order: str, data: bytes, checksum: Checksum) -> Checksum:
    """The checksum of what came before, and of this."""
    first, second = checksum
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for even, odd in zip(words, words, strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
