"""How many commits SQLite drops where a frame of its write-ahead log is damaged: it takes that for the end of the log.

After a crash that is right: what was not synced may be missing. The stores therefore leave it to SQLite, and here is
counted what that costs when the disk, and no crash, damages a frame. The format is that of
https://www.sqlite.org/fileformat2.html#walformat.
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


def lost_commits(database: Path) -> int:
    """How many commits in the log beside a database cannot be read any more."""
    with Path(f"{os.path.realpath(database)}-wal").open("rb") as log:
        header = log.read(_HEADER.size)
        return _count(log, header) if len(header) == _HEADER.size else 0


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
