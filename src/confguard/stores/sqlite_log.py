"""Is the write-ahead log whole? SQLite takes a damaged frame for the end of the log, as after a crash.

After a crash that is right: what was not synced may be missing. But of two commits in a row at least one was synced
(only that a place is settled need not be), and two are written at most before the next sync. So a frame that is
unreadable and followed by three commits was readable once. What SQLite would drop then are acknowledged revisions,
and whoever opens the store has to know.

Only the log's own file is read here: to close the database's file would give up the locks that SQLite holds on it for
this process. The format is that of https://www.sqlite.org/fileformat2.html#walformat.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["lost_commits"]

_HEADER, _FRAME = struct.Struct(">8I"), struct.Struct(">6I")
_MAGIC = 0x377F0682
_USUAL_PAGE = 4096
_UNSYNCED = 2
"""How many commits may be in the log and not on the disk."""


def lost_commits(database: Path) -> int:
    """How many acknowledged commits in the log beside a database cannot be read any more."""
    try:
        with Path(f"{os.path.realpath(database)}-wal").open("rb") as log:
            header = log.read(_HEADER.size)
            found = _count(log, header) if len(header) == _HEADER.size else 0
            log.seek(0)
            begun_anew = log.read(_HEADER.size) != header  # by another process, while it was read
    except OSError:
        return 0
    return 0 if begun_anew or found <= _UNSYNCED else found


def _count(log: BinaryIO, header: bytes) -> int:
    """Commits of this log behind the first frame that SQLite would not read."""
    words = _HEADER.unpack(header)
    order = ">" if words[0] & 1 else "<"
    sums = _summed(header[:24], order, (0, 0))
    readable = words[0] & ~1 == _MAGIC and sums == words[6:]
    salts = words[4:6] if readable else None
    page_size = words[2] if readable else _USUAL_PAGE
    commits = first_broken = 0
    for head, page in _frames(log, page_size):
        _, size_after, *rest = _FRAME.unpack(head)
        mine, commit = tuple(rest[:2]), size_after > 0
        salts = salts or mine
        if readable:
            sums = _summed(page, order, _summed(head[:8], order, sums))
            readable = mine == salts and sums == tuple(rest[2:])
            first_broken = 0 if readable or mine == salts else commit  # counts if what follows is of this log
        if not readable and mine == salts:
            commits += commit + first_broken
            first_broken = 0
    return commits


def _frames(log: BinaryIO, page_size: int) -> Iterator[tuple[bytes, bytes]]:
    while len(frame := log.read(_FRAME.size + page_size)) == _FRAME.size + page_size:
        yield frame[: _FRAME.size], frame[_FRAME.size :]


def _summed(data: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """SQLite's running checksum."""
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
