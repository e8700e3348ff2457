"""What stands in the keys of the etcd store, and how much of a history fits one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from attrs import asdict, evolve

from confguard.errors import IntegrityError
from confguard.stores.interface import Append, PendingBake, PlaceState, Report, Revision

_Value = TypeVar("_Value", PlaceState, Report)
_PART, _PART_BYTES = 25, 2**19
"""How much of a history goes into one transaction."""


def in_parts(append: Append) -> list[Append]:
    """A history that comes in, in parts that each fit one transaction; a change by somebody is never parted."""
    if append.place or append.bake:
        return [append]
    parts: list[list[Revision]] = [[]]
    size = 0
    for revision in append.revisions:
        here = len(revision.content_if_there() or b"")
        if parts[-1] and (len(parts[-1]) == _PART or size + here > _PART_BYTES):
            parts.append([])
            size = 0
        parts[-1].append(revision)
        size += here
    return [Append(append.config, tuple(part)) for part in parts]


def after(prefix: bytes) -> bytes:
    """The first key behind all that begin with a prefix."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def head_text(number: int, digest: str) -> bytes:
    """What a commit compares and swaps."""
    return f"{number} {digest}".encode()


def head_of(config: str, value: bytes) -> tuple[int, str]:
    """Number and digest of the head. Raises `IntegrityError`."""
    number, _, digest = value.decode("ascii", "replace").partition(" ")
    if not number.isdigit() or len(digest) != 64:
        raise IntegrityError(f"the head of '{config}' is not what was written")
    return int(number), digest


@contextmanager
def as_written(what: str) -> Iterator[None]:
    """Raise `IntegrityError` for what cannot be read within."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise IntegrityError(f"{what} is not what was written: {error}") from error


def json_of(value: PlaceState | Report) -> bytes:
    """What is known of a place, or what a process has counted, written."""
    return json.dumps(asdict(value), ensure_ascii=False).encode()


def value_of(kind: type[_Value], what: str, value: bytes) -> _Value:
    """What `json_of` wrote, read. Raises `IntegrityError`."""
    with as_written(what):
        return kind(**json.loads(value))


def bake_of(config: str, value: bytes, watched: bytes | None) -> PendingBake:
    """A bake that is under way, read; watched, if the key with the lease names it. Raises `IntegrityError`."""
    with as_written(f"the bake of '{config}'"):
        bake = PendingBake.from_text(value, watched=False)
        return evolve(bake, watched=watched == str(bake.revision).encode())


def number_of(value: bytes) -> int:
    """A number, read. Raises `IntegrityError`."""
    if not value.isdigit():
        raise IntegrityError(f"a number was expected in the store, and not {value[:40]!r}")
    return int(value)
