"""JSON Patch (RFC 6902): the operations that changes are, and data after operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confguard.documents.editing.changing import DataChange, make, revealed
from confguard.documents.editing.tree import Node, UnfitError, fresh
from confguard.errors import DiffError
from confguard.paths import Key, Path, reveal, show_path
from confguard.schema.guarded import secret_texts
from confguard.values import copied, documents_of, same


def operations(
    changes: Iterable[DataChange], before: Any, *, several: bool, secrets: bool
) -> list[dict[str, Any]]:
    """The operations of a JSON Patch that do what changes do to the data `before`. Raises `DiffError`."""
    root = fresh(documents_of(before) if several else before)
    listed = []
    for change in changes:
        listed.append(_operation(change, root, secrets=secrets))
        try:
            make(revealed(change), root)
        except UnfitError as error:
            raise DiffError(str(error)) from None
    return listed


def _operation(change: DataChange, root: Node, *, secrets: bool) -> dict[str, Any]:
    if change.op == "move":
        keyed = isinstance(change.path[-1], Key)
        origin = (*change.path[:-1], change.before) if keyed else change.origin or change.path
        target = (*change.path[:-1], change.after) if keyed else change.path
        return {"op": "move", "from": _pointer(origin, root), "path": _pointer(target, root)}
    path = change.path
    if change.op == "add" and change.position is not None:
        path = (*path[:-1], change.position)
    members = {"op": change.op, "path": _pointer(path, root)}
    if change.op == "remove":
        return members
    value = reveal(change.after)
    shown = same(value, change.after) and not secret_texts((change.after, *path))
    if not secrets and not shown:
        raise DiffError(
            f"{show_path(change.path)} is secret, and a JSON Patch would hold it in the clear",
            hint="to_json_patch(..., secrets=True) if that is meant",
        )
    return members | {"value": copied(value)}


def _pointer(path: Path, root: Node) -> str:
    """A path as a JSON Pointer (RFC 6901), with keys of elements as the positions they have now."""
    steps = []
    node: Node | None = root
    for segment in path:
        entry = node.find(reveal(segment)) if node else None
        if node is None or node.kind != "list":
            if isinstance(segment, Key):
                raise DiffError(
                    "a patch counts elements, and a diff that was read from JSON does not know them"
                )
            if not isinstance(segment, str):
                raise DiffError(f"a key that is not a text, {segment!r}, cannot stand in a JSON Patch")
        step = node.entries.index(entry) if node and entry and isinstance(segment, Key) else segment
        steps.append("/" + str(step).replace("~", "~0").replace("/", "~1"))
        node = entry.value if entry else None
    return "".join(steps)


def patched(before: Any, operations: Iterable[Mapping[str, Any]]) -> Any:
    """The data after the operations of a JSON Patch. Raises `DiffError` where one does not fit.

    >>> patched({"pool": 64}, [{"op": "replace", "path": "/pool", "value": 4}])
    {'pool': 4}
    """
    root = [copied(before)]
    for number, operation in enumerate(operations):
        try:
            _perform(operation, root)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            why = f"{error.args[0]!r} is not there" if isinstance(error, KeyError) else str(error)
            raise DiffError(f"operation {number} of the patch does not fit: {why}") from error
    return root[0]


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
        raise ValueError(f"{pointer!r} is not a JSON Pointer")
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
        raise ValueError(f"{step!r} is not a position")
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
