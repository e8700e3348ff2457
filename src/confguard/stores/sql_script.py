"""What a commit writes, as statements of which all values are known before it begins; and how it is read back.

So SQLite runs it within one short write lock, and PostgreSQL mostly as one statement. A statement that *must* return
a row, and does not, ends it: then the head is not the one that was to be followed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from attrs import frozen

from confguard.errors import IntegrityError
from confguard.stores.interface import LEASE_SECONDS, Append, PendingBake, Revision
from confguard.stores.packing import Packed

Row: TypeAlias = "tuple[Any, ...]"

HEAD_MOVED = "the head moved"
KEYFRAME_GONE = "a keyframe was thinned out"
ID = "(SELECT id FROM config WHERE name = ?)"
LEASE = int(LEASE_SECONDS * 1_000_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MORE = (
    "reverts",
    "takes_back",
    "supersedes",
    "override",
    "approved_by",
    "ticket",
    "labels",
    "drift_copy",
    "signature",
)
"""Fields that are seldom set: kept together, as JSON."""
FOLLOW = (
    "UPDATE config SET head = ?, digest = ?, bake = ?, lease = ? + {now}"
    " WHERE name = ? AND head = ? AND digest = ? RETURNING 1"
)
"""The head becomes another one, if it is the one that was expected."""
UNPROVED = FOLLOW.replace(" RETURNING", " AND bake IS NOT NULL RETURNING")
_INSERT = (
    "INSERT INTO revision (config, number, content, format, author, reason, created_at, data, parent, digest, more,"
    " keyframe, payload) SELECT c.id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM config c WHERE c.name = ?"
)
_WITH_KEYFRAME = (
    " AND EXISTS (SELECT 1 FROM revision k WHERE k.config = c.id AND k.number = ? AND k.payload IS NOT NULL"
    " AND k.keyframe IS NULL)"
)
_QUIETLY = " ON CONFLICT (config, number) DO NOTHING RETURNING 1"  # the head's own check says what is wrong


@frozen
class Statement:
    """One statement of a script."""

    query: str
    values: Row
    must: str | None = None
    """What it means if it returns no row; None if that is all right."""


class UnmetError(Exception):
    """A statement that must return a row returned none: nothing was written."""


def script_of(append: Append, packed: Sequence[Packed | None], now: str) -> Iterator[Statement]:
    """What a commit does to one config; `packed` are the contents of its revisions.

    `now` is the time by the store's own clock, as an expression.
    """
    first, last, config = append.revisions[0], append.revisions[-1], append.config
    new_head = (
        last.number,
        bytes.fromhex(last.digest),
        bake_text(config, append.bake),
        int(append.bake.lease * 1_000_000) if append.bake else LEASE,
    )
    if first.parent is None:
        query = (
            f"INSERT INTO config (name, head, digest, bake, lease) VALUES (?, ?, ?, ?, ? + {now})"
            " ON CONFLICT DO NOTHING RETURNING 1"
        )
        yield Statement(query, (config, *new_head), must=HEAD_MOVED)
    else:
        old_head = (first.number - 1, bytes.fromhex(first.parent))
        follow = UNPROVED if append.unproved else FOLLOW
        yield Statement(follow.format(now=now), (*new_head, config, *old_head), must=HEAD_MOVED)
    for revision, content in zip(append.revisions, packed, strict=True):
        yield _insert(revision, content, first.number)
    if append.place:
        query = (
            f"INSERT INTO place (config, place, wanted, written, told) VALUES ({ID}, ?, ?, 0, 0)"
            " ON CONFLICT (config, place) DO UPDATE SET wanted = excluded.wanted"
        )
        yield Statement(query, (config, append.place, last.number))


def _insert(revision: Revision, packed: Packed | None, first: int) -> Statement:
    """A revision's row; its keyframe must still be there, unless it is one from `first` on, which comes with it."""
    rare = {name: value for name in _MORE if (value := getattr(revision, name)) not in (None, (), False)}
    keyframe = packed.keyframe if packed else None
    values = (
        revision.number,
        bytes.fromhex(revision.content_digest),
        revision.format,
        revision.author,
        revision.reason,
        micros(revision.created_at),
        bytes.fromhex(revision.data_digest) if revision.data_digest else None,
        bytes.fromhex(revision.parent) if revision.parent else None,
        bytes.fromhex(revision.digest),
        json.dumps(rare, ensure_ascii=False) if rare else None,
        keyframe,
        packed.payload if packed else None,
        revision.config,
    )
    if keyframe is None or keyframe >= first:
        return Statement(_INSERT + _QUIETLY, values, must=HEAD_MOVED)
    return Statement(_INSERT + _WITH_KEYFRAME + _QUIETLY, (*values, keyframe), must=KEYFRAME_GONE)


def bake_text(config: str, bake: PendingBake | None) -> str | None:
    """A bake as it is kept, with what shows that it was changed."""
    if bake is None:
        return None
    text = bake.to_text()
    return json.dumps([text, _seal(config, text)])


def bake_of(config: str, text: str, left: int, leases: int = 1) -> PendingBake:
    """The bake in a text, whose lease ends in so many microseconds. Raises `IntegrityError` for one that was changed.

    One of more than so many `leases` comes from before the clock began anew: with the host, its watcher died.
    """
    try:
        bake, seal = json.loads(text)
        if seal == _seal(config, bake):
            return PendingBake.from_text(bake, watched=0 < left <= leases * LEASE)
    except (ValueError, TypeError):
        pass
    raise IntegrityError(f"the bake of '{config}' is not what was written", hint="apply or revert anew")


def revision_of(row: Row, load: Callable[[], bytes]) -> Revision:
    """The revision in a row. Raises `IntegrityError` for a row that holds none."""
    try:
        name, number, content, kind, author, reason, created, data, parent, digest, more = row[:11]
        if not all(isinstance(each, str) for each in (kind, author, reason)):
            raise TypeError("a text was expected")
        rare = json.loads(more) if more else {}
        rare["labels"] = tuple(rare.get("labels", ()))
        return Revision(
            config=name,
            number=number,
            content_digest=content.hex(),
            format=kind,
            author=author,
            reason=reason,
            created_at=_EPOCH + timedelta(microseconds=created),
            data_digest=data.hex() if data is not None else None,
            parent=parent.hex() if parent is not None else None,
            digest=digest.hex(),
            load=load,
            **rare,
        )
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise IntegrityError(f"revision {row[1]} of '{row[0]}' is not what was written: {error}") from error


def micros(moment: datetime) -> int:
    """A moment as it is kept: microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _seal(*values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()
