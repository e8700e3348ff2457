"""JSON Patch (RFC 6902): a diff written as one, and one read as a diff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confguard.diff.applying import apply_change, reveal
from confguard.diff.changes import Change, Diff
from confguard.diff.engine import diff
from confguard.errors import DiffError
from confguard.paths import Key, Path, index_of, show_path
from confguard.schema.guarded import secret_texts
from confguard.schema.schema import SchemaLike
from confguard.values import copied, documents_of, same

__all__ = ["from_json_patch", "to_json_patch"]


def to_json_patch(made: Diff, before: Any = None, *, secrets: bool = False) -> list[dict[str, Any]]:
    """The diff as JSON Patch. `before` is the data it was made from; a diff of documents knows it.

    Elements of keyed lists become positions; so do documents, where a file holds several: the
    patch is one of a list. Raises `DiffError` for keys that are no texts, which JSON does not have,
    and for a value that is secret: a patch holds it in the clear, so `secrets=True` has to ask for that.

    >>> made = diff({"hosts": [{"name": "a"}, {"name": "b", "w": 1}]}, {"hosts": [{"name": "b", "w": 2}]})
    >>> to_json_patch(made, {"hosts": [{"name": "a"}, {"name": "b", "w": 1}]})
    [{'op': 'replace', 'path': '/hosts/1/w', 'value': 2}, {'op': 'remove', 'path': '/hosts/0'}]
    """
    if before is None and made.before_document:
        before = made.before_document.data
    root = [documents_of(copied(before)) if made.several else copied(before)]
    operations = []
    for change in made:
        operations.append(_operation(change, root[0], secrets=secrets))
        apply_change(change, root)
    return operations


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


def _operation(change: Change, data: Any, *, secrets: bool) -> dict[str, Any]:
    if change.op == "move":
        keyed = isinstance(change.path[-1], Key)
        origin = (*change.path[:-1], change.before) if keyed else change.origin or change.path
        target = (*change.path[:-1], change.after) if keyed else change.path
        return {"op": "move", "from": _pointer(origin, data), "path": _pointer(target, data)}
    path = change.path
    if change.op == "add" and change.position is not None:
        path = (*path[:-1], change.position)
    made = {"op": change.op, "path": _pointer(path, data)}
    if change.op == "remove":
        return made
    value = reveal(change.after)
    shown = same(value, change.after) and not secret_texts((change.after, *path))
    if not secrets and not shown:
        raise DiffError(
            f"{show_path(change.path)} is secret, and a JSON Patch would hold it in the clear",
            hint="to_json_patch(..., secrets=True) if that is meant",
        )
    return made | {"value": copied(value)}


def _pointer(path: Path, data: Any) -> str:
    """A path as a JSON Pointer (RFC 6901), with keys of elements as the positions they have now."""
    steps = []
    for step in path:
        if isinstance(step, Key) and not isinstance(data, list):
            raise DiffError("a patch counts elements: give the data that the diff was made from (before=)")
        segment: Any = index_of(data, step) if isinstance(step, Key) else step
        if not isinstance(step, Key | str) and not isinstance(data, list):
            raise DiffError(f"a key that is no text, {step!r}, cannot stand in a JSON Patch")
        steps.append("/" + str(segment).replace("~", "~0").replace("/", "~1"))
        inside = isinstance(data, list) and isinstance(segment, int) and segment < len(data)
        data = data[segment] if inside or (isinstance(data, dict) and segment in data) else None
    return "".join(steps)


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
            _add(root, path, copied(_at(root, _steps(operation["from"]))))
        case "test":
            if not _equal(_at(root, path), operation["value"]):
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


def _at(root: list[Any], steps: list[str]) -> Any:
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
