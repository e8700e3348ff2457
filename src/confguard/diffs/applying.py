"""Applying changes to data, one after the other, each where it says."""

from __future__ import annotations

from typing import Any

from confguard.diffs.change import Change
from confguard.errors import DiffError
from confguard.fields import Secret
from confguard.paths import Key, Path, Unshown, index_of, show_path
from confguard.schema.known_secrets import Masked
from confguard.values import copied, same

__all__ = ["apply_change", "opaque", "reveal"]


def apply_change(change: Change, root: list[Any]) -> None:
    """Do one change to the data in `root[0]`. Raises `DiffError` where it does not fit."""
    if not change.path:
        _expect(root[0], change)
        root[0] = copied(reveal(change.after))
        return
    if change.op == "move" and isinstance(change.path[-1], str):
        _move(change, root[0])
        return
    parent = _parent(root[0], change, change.path)
    last = _revealed_key(change.path[-1])
    if isinstance(parent, list):
        _apply_to_list(change, parent, last)
    elif change.op == "add":
        if last in parent:
            raise _misfit(change, "is there already")
        parent[last] = copied(reveal(change.after))
    else:
        if last not in parent:
            raise _misfit(change, "is not there")
        _expect(parent[last], change)
        if change.op == "remove":
            del parent[last]
        else:
            parent[last] = copied(reveal(change.after))


def _move(change: Change, data: Any) -> None:
    """Take a value out of one mapping and put it into another."""
    origin = change.origin or change.path
    source, target = _parent(data, change, origin), _parent(data, change, change.path)
    if not isinstance(source, dict) or origin[-1] not in source:
        raise _misfit(change, f"is not at {show_path(origin)}")
    if not isinstance(target, dict) or change.path[-1] in target:
        raise _misfit(change, "is there already")
    _expect(source[origin[-1]], change)
    target[_revealed_key(change.path[-1])] = source.pop(origin[-1])


def _apply_to_list(change: Change, parent: list[Any], last: Any) -> None:
    if change.op == "move":
        start, end = _move_positions(change, last)
        if not 0 <= start < len(parent):
            raise _misfit(change, "is not there")
        parent.insert(end, parent.pop(start))
        return
    if change.op == "add":
        index = change.position if isinstance(last, Key) else last
        if not isinstance(index, int) or not 0 <= index <= len(parent):
            raise _misfit(change, "is no position in the list")
        parent.insert(index, copied(reveal(change.after)))
        return
    index = index_of(parent, last) if isinstance(last, Key) else last
    if not isinstance(index, int) or not 0 <= index < len(parent):
        raise _misfit(change, "is not there")
    _expect(parent[index], change)
    if change.op == "remove":
        del parent[index]
    else:
        parent[index] = copied(reveal(change.after))


def _move_positions(change: Change, last: Any) -> tuple[int, int]:
    if isinstance(last, Key):
        return change.before, change.after
    origin: Any = (change.origin or change.path)[-1]
    return origin, last


def _parent(data: Any, change: Change, path: Path) -> Any:
    for segment in path[:-1]:
        try:
            if isinstance(segment, Key):
                index = index_of(data, segment)
                data = data[index]
            else:
                data = data[segment]
        except (KeyError, IndexError, TypeError):
            raise _misfit(change, "has no parent there") from None
    if not isinstance(data, dict | list):
        raise _misfit(change, "has no parent there")
    return data


def _expect(present: Any, change: Change) -> None:
    if not same(present, reveal(change.before)):
        raise _misfit(change, "is not what the diff was made from")


def _misfit(change: Change, what: str) -> DiffError:
    return DiffError(f"cannot {change.op} {show_path(change.path)}: it {what}")


def _revealed_key(segment: Any) -> Any:
    return segment.reveal() if isinstance(segment, Unshown) else segment


def opaque(value: Any) -> Any:
    """A value of a change for judging it: a whole secret stays one, a text with a secret in it is revealed."""
    if isinstance(value, Masked):
        return value.reveal()
    if isinstance(value, dict):
        return {_revealed_key(key): opaque(inner) for key, inner in value.items()}
    return [opaque(inner) for inner in value] if isinstance(value, list) else value


def reveal(value: Any) -> Any:
    """A value of a change with its secrets revealed: for applying it, never for showing."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {_revealed_key(key): reveal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [reveal(inner) for inner in value]
    return value
