"""How content is kept small: as zstd, with the content of a *keyframe* as the dictionary of those that follow it.

Most revisions change a few values of the file before them. So every 32nd is a keyframe, packed by itself, and those
that follow are packed with its content at hand: reading one unpacks two. `tests/research/compression.py` measures
other ways.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import field, frozen

from confguard.documents.bounds import MAX_BYTES
from confguard.errors import IntegrityError

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

__all__ = ["WINDOW", "Keyframe", "Packed", "compress", "decompress", "keyframe_of", "pack_all", "zstd"]

WINDOW = 32
"""How many revisions share a keyframe."""
_DICTIONARY_BYTES = range(64, 4 * 2**20)
"""Smaller contents gain nothing by one, and larger ones would be held in memory from one commit to the next."""
_LEVEL = 3


@frozen
class Keyframe:
    """A revision whose content is the dictionary of those that follow."""

    number: int
    content: bytes = field(repr=False)


@frozen
class Packed:
    """A content as it is kept, and the number of the keyframe that it is packed with."""

    payload: bytes = field(repr=False)
    keyframe: int | None = None


def pack_all(
    contents: Iterable[tuple[int, bytes | None]], keyframe: Keyframe | None
) -> tuple[list[Packed | None], Keyframe | None]:
    """Contents by their numbers, oldest first, and the keyframe for what follows; None for one that was dropped.

    >>> packed, keyframe = pack_all([(1, b"pool = 64\\n" * 100), (2, b"pool = 64\\n" * 101)], None)
    >>> [each.keyframe for each in packed], keyframe.number
    ([None, 1], 1)
    """
    packed: list[Packed | None] = []
    for number, content in contents:
        if content is None:
            packed.append(None)
            continue
        if keyframe is not None and number - keyframe.number >= WINDOW:
            keyframe = None
        packed.append(each := _pack(content, keyframe))
        if each.keyframe is None:
            keyframe = keyframe_of(number, content)
    return packed, keyframe


def keyframe_of(number: int, content: bytes) -> Keyframe | None:
    """The keyframe that a content packed by itself is; None for one that helps no other."""
    return Keyframe(number, content) if len(content) in _DICTIONARY_BYTES else None


def compress(content: bytes, dictionary: bytes | None = None) -> bytes:
    """Content, made small.

    >>> decompress(compress(b"pool = 64\\n"))
    b'pool = 64\\n'
    """
    if dictionary is None:
        return zstd.compress(content, _LEVEL)
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: _LEVEL,
        zstd.CompressionParameter.window_log: max(18, (len(content) + len(dictionary)).bit_length()),
    }
    return zstd.compress(content, options=options, zstd_dict=_prefix(dictionary))


def decompress(payload: bytes, dictionary: bytes | None = None) -> bytes:
    """The content in a payload. Raises `IntegrityError` for anything else, and for more than a document may have."""
    try:
        reader = zstd.ZstdDecompressor(_prefix(dictionary) if dictionary is not None else None)
        content = reader.decompress(payload, max_length=MAX_BYTES + 1)
    except (zstd.ZstdError, ValueError, TypeError, MemoryError) as error:
        raise IntegrityError(f"a content does not unpack: {error}") from error
    if not reader.eof or len(content) > MAX_BYTES:
        raise IntegrityError("a content does not unpack: it is cut short, or too long")
    return content


def _pack(content: bytes, keyframe: Keyframe | None) -> Packed:
    if keyframe is not None:
        payload = compress(content, keyframe.content)
        if len(payload) <= len(content) // 4 + 40:  # texts become so small without a dictionary
            return Packed(payload, keyframe.number)
    return Packed(compress(content))


def _prefix(dictionary: bytes) -> tuple[zstd.ZstdDict, int]:
    return zstd.ZstdDict(dictionary, is_raw=True).as_prefix
