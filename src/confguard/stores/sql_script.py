"""What a commit writes, as statements of which all values are known before it begins.

So SQLite runs it within one short write lock, and PostgreSQL in two round trips. A statement that *must* return a row,
and does not, ends it: then the head is not the one that was to be followed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from attrs import frozen

from confguard.stores import packing
from confguard.stores.interface import Append, Revision

__all__ = [
    "ANYWHERE",
    "BASE_GONE",
    "HEAD_MOVED",
    "ID",
    "Base",
    "Row",
    "Statement",
    "UnmetError",
    "micros",
    "script_of",
    "seal",
    "time_of",
]

Row: TypeAlias = "tuple[Any, ...]"

ANYWHERE = "*"
"""The place of a mark that was made before marks had places: any that is asked for."""
HEAD_MOVED = "the head moved"
BASE_GONE = "a base was thinned out"
ID = "(SELECT id FROM config WHERE name = ?)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MORE = ("reverts", "override", "approved_by", "ticket", "labels", "signature")
"""Fields that are seldom set: kept together, as JSON."""


@frozen
class Base:
    """A content that another is packed on."""

    content: bytes
    digest: str
    depth: int
    stored: bool
    """Is it in the database already, where retention could thin it out at the same moment?"""


@frozen
class Statement:
    """One statement of a script."""

    query: str
    values: Row
    must: str | None = None
    """What it means if it returns no row; None if that is all right."""


class UnmetError(Exception):
    """A statement that must return a row returned none: nothing was written."""


def script_of(
    append: Append, base_of: Callable[[Revision, Mapping[int, int]], Base | None]
) -> Iterator[Statement]:
    """What a commit does to one config."""
    first, last, config = append.revisions[0], append.revisions[-1], append.config
    new_head = (last.number, bytes.fromhex(last.digest))
    if first.parent is None:
        query = "INSERT INTO config (name, head, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
        yield Statement(query, (config, *new_head), must=HEAD_MOVED)
    else:
        query = (
            "UPDATE config SET head = ?, digest = ? WHERE name = ? AND head = ? AND digest = ? RETURNING id"
        )
        old_head = (first.number - 1, bytes.fromhex(first.parent))
        yield Statement(query, (*new_head, config, *old_head), must=HEAD_MOVED)
    depths: dict[int, int] = {}
    for revision in append.revisions:
        base = base_of(revision, depths)
        depths[revision.number] = base.depth + 1 if base else 0
        yield from _content_script(revision, base)
        yield _insert(revision)
    if append.place:
        yield Statement(
            f"INSERT INTO mark (config, place, number) VALUES ({ID}, ?, ?)"
            " ON CONFLICT (config, place) DO UPDATE SET number = excluded.number",
            (config, append.place, last.number),
        )
    yield Statement(f"DELETE FROM bake WHERE config = {ID}", (config,))
    if append.bake:
        bake = append.bake
        row = (bake.revision, micros(bake.deadline), micros(bake.abandoned_at))
        query = f"INSERT INTO bake (config, revision, deadline, abandoned_at, seal) VALUES ({ID}, ?, ?, ?, ?)"
        yield Statement(query, (config, *row, seal(config, *row)))


def _content_script(revision: Revision, base: Base | None) -> Iterator[Statement]:
    """What stores a content, unless it is there. One that was thinned out before it was imported is noted only."""
    content = revision.content_if_there()
    digest = bytes.fromhex(base.digest) if base else None
    if base and base.stored:
        query = f"SELECT 1 FROM content WHERE config = {ID} AND digest = ? AND payload IS NOT NULL"
        yield Statement(query, (revision.config, digest), must=BASE_GONE)
    yield Statement(
        "INSERT INTO content (config, digest, base, depth, size, payload) SELECT c.id, ?,"
        " (SELECT id FROM content WHERE config = c.id AND digest = ?), ?, ?, ? FROM config c WHERE c.name = ?"
        " ON CONFLICT (config, digest) DO UPDATE SET base = excluded.base, depth = excluded.depth,"
        " size = excluded.size, payload = excluded.payload WHERE content.payload IS NULL",
        (
            bytes.fromhex(revision.content_digest),
            digest,
            base.depth + 1 if base else 0,
            len(content or b""),
            packing.pack(content, base.content if base else None) if content is not None else None,
            revision.config,
        ),
    )


def _insert(revision: Revision) -> Statement:
    rare = {name: value for name in _MORE if (value := getattr(revision, name)) not in (None, ())}
    return Statement(
        "INSERT INTO revision (config, number, content, format, author, reason, created_at, data, parent, digest, more)"
        " SELECT c.id, ?, b.id, ?, ?, ?, ?, ?, ?, ?, ? FROM config c JOIN content b ON b.config = c.id"
        " WHERE c.name = ? AND b.digest = ? ON CONFLICT (config, number) DO NOTHING",  # the head's own check is first
        (
            revision.number,
            revision.format,
            revision.author,
            revision.reason,
            micros(revision.created_at),
            bytes.fromhex(revision.data_digest) if revision.data_digest else None,
            bytes.fromhex(revision.parent) if revision.parent else None,
            bytes.fromhex(revision.digest),
            json.dumps(rare, ensure_ascii=False) if rare else None,
            revision.config,
            bytes.fromhex(revision.content_digest),
        ),
    )


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def time_of(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def seal(*values: object) -> bytes:
    """What shows that a row was changed."""
    return hashlib.sha256(repr(values).encode()).digest()
