"""JSON Patch (RFC 6902): the operations that changes are."""

from __future__ import annotations

from collections.abc import Iterable
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
