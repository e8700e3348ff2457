"""How content is kept small: as what differs from an earlier content of the same config, its *base*.

Most revisions change a few values of the file before them. With the one before as the base, reading the thousandth
would unpack a thousand; with a keyframe as the base of all that follow, what differs grows. In between stand skip
deltas, as Subversion's file system has them: here the base of the n-th is n without its lowest digit to the base 4, so
that no chain of a window of 256 is longer than 4.

What differs is kept as what is small and quick to unpack: a patch where few lines differ, else zlib with the base as
its dictionary, and zstd where the base is larger than zlib's window. Keyframes stand as they are up to 64 KiB:
unpacking them would be most of the time that a revision takes to read. `tests/research/compression.py` measures this
and others.
"""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING

from confguard.documents.bounds import MAX_BYTES
from confguard.errors import IntegrityError
from confguard.stores.patches import apply_patch, patch_of

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

__all__ = ["MAX_DEPTH", "WINDOW", "base_number", "compress", "fits", "pack", "unpack", "way_to", "zstd"]

WINDOW = 256
"""How many revisions share a keyframe."""
MAX_DEPTH = 12
"""Longest chain of bases; one that retention packed anew may be longer than the skip deltas' 4."""
_MIN_BASE, _MAX_BASE = 64, 4 * 2**20
"""Smaller contents gain nothing by it, and the dictionaries of larger ones would not fit into the window."""
_RADIX = 4
_PLAIN_BYTES = 2**16
_ZLIB_REACH = 2**15 - 262
"""How far back zlib finds what was there before."""
_PLAIN, _PATCH, _ZLIB_ON_BASE, _ZSTD, _ZSTD_ON_BASE = b"=", b"p", b"l", b"z", b"d"
"""What a payload begins with: how it is packed."""
_LEVEL, _DELTA_LEVEL = 3, 1


def base_number(number: int) -> int | None:
    """The number of the revision whose content is the base of this one's; None for a keyframe.

    >>> [base_number(number) for number in (1, 2, 4, 5, 6, 256, 257, 258)]
    [None, 1, 1, 1, 5, 253, None, 257]
    """
    offset, step = number - 1, _RADIX
    if offset % WINDOW == 0:
        return None
    while offset % step == 0:
        step *= _RADIX
    return offset - offset % step + 1


def way_to(number: int) -> list[int]:
    """The numbers of all that the content of a revision is packed on, the keyframe first, and its own.

    >>> way_to(256), way_to(1)
    ([1, 193, 241, 253, 256], [1])
    """
    way: list[int] = []
    at: int | None = number
    while at is not None:
        way.append(at)
        at = base_number(at)
    return way[::-1]


def fits(content: bytes) -> bool:
    """Is this a content to be packed on another, or to be another's base?"""
    return _MIN_BASE <= len(content) <= _MAX_BASE


def pack(content: bytes, base: bytes | None = None) -> bytes:
    """Content, made small; as what differs from a base, where there is one.

    >>> base = b"pool = 64\\n" * 100
    >>> len(pack(base + b"more = 1\\n", base)) < 20
    True
    """
    if base is None:
        return _PLAIN + content if len(content) <= _PLAIN_BYTES else compress(content)
    patch = patch_of(base, content)
    if patch is not None and len(patch) <= len(content) // 8 + 64:
        return _PATCH + patch
    if len(base) <= _ZLIB_REACH:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, base)
        return _ZLIB_ON_BASE + packer.compress(content) + packer.flush()
    total = len(content) + len(base)
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: _DELTA_LEVEL,
        zstd.CompressionParameter.window_log: max(18, total.bit_length()),
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    return _ZSTD_ON_BASE + zstd.compress(content, options=options, zstd_dict=_prefix(base))


def compress(content: bytes) -> bytes:
    """Content by itself, as small as is quickly done: for stores where room counts for more than reading."""
    return _ZSTD + zstd.compress(content, _LEVEL)


def unpack(payload: bytes, size: int | None, base: bytes | None = None) -> bytes:
    """The content of `size` bytes (if that is known) in a payload. Raises `IntegrityError` for anything else."""
    kind, packed = payload[:1], payload[1:]
    if kind == _PLAIN:
        content = packed
    elif kind == _PATCH and base is not None:
        content = apply_patch(base, packed)
    else:
        most = MAX_BYTES if size is None else size
        if not 0 <= most <= MAX_BYTES:
            raise IntegrityError(f"a content of {size} bytes cannot be")
        try:
            content = _decompressed(kind, packed, most, base)
        except (zlib.error, zstd.ZstdError, ValueError, MemoryError) as error:
            raise IntegrityError(f"a content does not unpack: {error}") from error
    if size is not None and len(content) != size:
        raise IntegrityError(f"a content unpacks to {len(content)} bytes, and {size} were written")
    return content


def _decompressed(kind: bytes, packed: bytes, most: int, base: bytes | None) -> bytes:
    if kind == _ZSTD:
        reader = zstd.ZstdDecompressor()
    elif kind == _ZSTD_ON_BASE and base is not None:
        reader = zstd.ZstdDecompressor(_prefix(base))
    elif kind == _ZLIB_ON_BASE and base is not None:
        inflater = zlib.decompressobj(-15, base)
        content = inflater.decompress(packed, most + 1)
        if not inflater.eof:
            raise ValueError("it is cut short, or too long")
        return content
    else:
        raise ValueError("it is packed in no known way")
    content = reader.decompress(packed, max_length=most + 1)
    if not reader.eof:
        raise ValueError("it is cut short, or too long")
    return content


def _prefix(base: bytes) -> tuple[zstd.ZstdDict, int]:
    return zstd.ZstdDict(base, is_raw=True).as_prefix
