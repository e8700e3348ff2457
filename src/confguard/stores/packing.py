"""How content is kept small: zstd, with an earlier content of the same config as its dictionary.

Most revisions change a few values of the file before them. So most are packed as what differs from an earlier one,
their *base*. With the one before as the base, reading the thousandth would unpack a thousand; with a keyframe as the
base of all that follow, what differs grows. In between stand skip deltas, as Subversion's file system has them: the
base of the n-th is n without its lowest set bit, so that no chain of a window of 256 is longer than 8.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from confguard.documents.bounds import MAX_BYTES
from confguard.errors import IntegrityError

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

__all__ = ["MAX_DEPTH", "WINDOW", "base_number", "fits", "pack", "unpack", "zstd"]

WINDOW = 256
"""How many revisions share a keyframe."""
MAX_DEPTH = 12
"""Longest chain of bases; retention and repeated content may make it longer than the skip deltas' 8."""
_MIN_BASE, _MAX_BASE = 64, 4 * 2**20
"""Smaller contents gain nothing by it, and the dictionaries of larger ones would not fit into the window."""
_LEVEL = 3


def base_number(number: int) -> int | None:
    """The number of the revision whose content is the base of this one's; None for a keyframe.

    >>> [base_number(number) for number in (1, 2, 3, 4, 5, 256, 257, 258)]
    [None, 1, 1, 3, 1, 255, None, 257]
    """
    offset = number - 1
    return (offset & (offset - 1)) + 1 if offset % WINDOW else None


def fits(content: bytes) -> bool:
    """Is this a content to be packed on another, or to be another's base?"""
    return _MIN_BASE <= len(content) <= _MAX_BASE


def pack(content: bytes, base: bytes | None = None) -> bytes:
    """Content, compressed; as what differs from a base, where there is one.

    >>> base = bytes(range(256)) * 40
    >>> len(pack(base + b"more", base)) < 40
    True
    """
    if base is None:
        return zstd.compress(content, _LEVEL)
    options: dict[int, int] = {zstd.CompressionParameter.compression_level: _LEVEL}
    total = len(content) + len(base)
    if total > 2**18:
        options |= {
            zstd.CompressionParameter.window_log: total.bit_length(),
            zstd.CompressionParameter.enable_long_distance_matching: 1,
        }
    return zstd.compress(content, options=options, zstd_dict=_prefix(base))


def unpack(payload: bytes, size: int | None, base: bytes | None = None) -> bytes:
    """The content of `size` bytes (if that is known) in a payload. Raises `IntegrityError` for anything else."""
    most = MAX_BYTES if size is None else size
    try:
        reader = zstd.ZstdDecompressor(_prefix(base) if base is not None else None)
        content = reader.decompress(payload, max_length=most + 1)
    except (zstd.ZstdError, ValueError, MemoryError) as error:
        raise IntegrityError(f"a content does not unpack: {error}") from error
    if not reader.eof or (size is not None and len(content) != size):
        raise IntegrityError(f"a content unpacks to {len(content)} bytes, and {size} were written")
    return content


def _prefix(base: bytes) -> tuple[zstd.ZstdDict, int]:
    return zstd.ZstdDict(base, is_raw=True).as_prefix
