"""Elements of a list without a name: which new one is an old one that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from confguard.diffs.applying import opaque
from confguard.diffs.change import Change
from confguard.diffs.engine import diff
from confguard.paths import Path
from confguard.risk.rules.embedded import leaves

__all__ = ["paired"]


def paired(changes: Iterable[Change]) -> Iterator[Change]:
    """Changes, where unlike elements of one list that have the same keys are compared with one another."""
    came: dict[tuple[Path, tuple[str, ...]], list[Change]] = {}
    changes = tuple(changes)
    for change in changes:
        if change.op == "add" and (keys := _element_keys(change, change.after)):
            came.setdefault((change.place[:-1], keys), []).append(change)
    taken: set[int] = set()
    pairs: dict[int, Change] = {}
    for change in changes:
        if change.op == "remove" and (keys := _element_keys(change, change.before)):
            others = came.get((change.place, keys), [])
            if len(others) == 1 and id(others[0]) not in taken and _alike(change.before, others[0].after):
                taken.add(id(others[0]))
                pairs[id(change)] = others[0]
    for change in changes:
        if id(change) in pairs:
            yield from _between(change, pairs[id(change)])
        elif id(change) not in taken:
            yield change


def _element_keys(change: Change, value: Any) -> tuple[str, ...]:
    """The keys of a table that stands in a list by its position; none for all else."""
    if not change.path or not isinstance(change.path[-1], int) or not isinstance(value, dict):
        return ()
    return tuple(sorted(map(str, value)))


def _alike(gone: Any, new: Any) -> bool:
    """Is it one thing that changed: the only key leads to both, or half of what it said stays?"""
    old, now = (dict(leaves(opaque(each), ())) for each in (gone, new))
    same = sum(1 for path, value in old.items() if path in now and now[path] == value)
    return len(opaque(gone)) == 1 or same * 2 >= max(len(old), 1)


def _between(gone: Change, new: Change) -> Iterator[Change]:
    for inner in diff(opaque(gone.before), opaque(new.after)):
        path, place = (*gone.path, *inner.path), (*new.place, *inner.place)
        origin = None if inner.origin is None else (*gone.path, *inner.origin)
        yield attrs.evolve(inner, path=path, place=place, origin=origin)
