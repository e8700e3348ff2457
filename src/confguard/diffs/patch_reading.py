"""A JSON Patch (RFC 6902) read as a diff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff
from confguard.errors import DiffError
from confguard.schema.schema import SchemaLike
from confguard.values import copied, same

__all__ = ["from_json_patch"]


def from_json_patch(operations: Iterable[Mapping[str, Any]], before: Any, schema: SchemaLike = None) -> Diff:
    """What a JSON Patch changes in data, as a diff. Raises `DiffError` where the patch does not fit.

    >>> print(from_json_patch([{"op": "replace", "path": "/pool", "value": 4}], {"pool": 64}))
    pool: 64 -> 4 (16 times less)
    """
    root = [copied(before)]
    for number, operation in enumerate(operations):
        try:
            _perform(operation, root)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise DiffError(f"operation {number} of the patch does not fit: {_why(error)}") from error
    return diff(before, root[0], schema)


def _perform(operation: Mapping[str, Any], root: list[Any]) -> None:
    path = _steps(operation["path"])
    match operation["op"]:
        case "add":
            _add(root, path, operation["value"])
        case "remove":
            _take(root, path)
        case "replace":
            _take(root, path)
            _add(root, path, operation["value"])
        case "move":
            origin = _steps(operation["from"])
            if path[: len(origin)] == origin and path != origin:
                raise ValueError("a value cannot be moved into itself")
            _add(root, path, _take(root, origin))
        case "copy":
            _add(root, path, copied(_referenced(root, _steps(operation["from"]))))
        case "test":
            if not _equal(_referenced(root, path), operation["value"]):
                raise ValueError(f"{operation['path']!r} is not as the patch expects")
        case other:
            raise ValueError(f"unknown operation {other!r}")


def _equal(one: Any, other: Any) -> bool:
    """Equality as RFC 6902 has it: numbers by their value."""
    return same(one, other) or (one == other and isinstance(one, bool) is isinstance(other, bool))


def _steps(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is no JSON Pointer")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _parent(root: list[Any], steps: list[str]) -> tuple[Any, Any]:
    """The container that a pointer ends in, and the key or position there."""
    parent: Any = root
    last: Any = 0
    for step in steps:
        parent = parent[last]
        last = _position(parent, step) if isinstance(parent, list) else step
        if not isinstance(parent, list | dict):
            raise TypeError(f"nothing is inside of {parent!r}")
    return parent, last


def _position(elements: list[Any], step: str) -> int:
    if step == "-":
        return len(elements)
    if not step.isascii() or not step.isdigit() or (step[0] == "0" and step != "0"):
        raise ValueError(f"{step!r} is no position")
    return int(step)


def _referenced(root: list[Any], steps: list[str]) -> Any:
    parent, last = _parent(root, steps)
    return parent[last]


def _take(root: list[Any], steps: list[str]) -> Any:
    parent, last = _parent(root, steps)
    if parent is root:
        return root[0]
    return parent.pop(last)


def _add(root: list[Any], steps: list[str], value: Any) -> None:
    parent, last = _parent(root, steps)
    if parent is root or isinstance(parent, dict):
        parent[last] = copied(value)
    elif last > len(parent):
        raise IndexError(f"{last} is behind the end of the list")
    else:
        parent.insert(last, copied(value))


def _why(error: Exception) -> str:
    return f"{error.args[0]!r} is not there" if isinstance(error, KeyError) else str(error)
