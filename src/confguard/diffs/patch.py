"""A diff as JSON Patch (RFC 6902): its changes as operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confguard.diffs.applying import apply_change, reveal
from confguard.diffs.change import Change
from confguard.errors import DiffError
from confguard.paths import Key, Path, index_of, show_path
from confguard.schema.known_secrets import secret_texts
from confguard.values import copied, documents_of, same

__all__ = ["operations"]


def operations(
    changes: Iterable[Change], before: Any, *, several: bool, secrets: bool
) -> list[dict[str, Any]]:
    """The operations of a JSON Patch that do what changes do to the data `before`. Raises `DiffError`."""
    root = [documents_of(copied(before)) if several else copied(before)]
    listed = []
    for change in changes:
        listed.append(_operation(change, root[0], secrets=secrets))
        apply_change(change, root)
    return listed


def _operation(change: Change, data: Any, *, secrets: bool) -> dict[str, Any]:
    if change.op == "move":
        keyed = isinstance(change.path[-1], Key)
        origin = (*change.path[:-1], change.before) if keyed else change.origin or change.path
        target = (*change.path[:-1], change.after) if keyed else change.path
        return {"op": "move", "from": _pointer(origin, data), "path": _pointer(target, data)}
    path = change.path
    if change.op == "add" and change.position is not None:
        path = (*path[:-1], change.position)
    members = {"op": change.op, "path": _pointer(path, data)}
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


def _pointer(path: Path, data: Any) -> str:
    """A path as a JSON Pointer (RFC 6901), with keys of elements as the positions they have now."""
    steps = []
    for step in path:
        if isinstance(step, Key) and not isinstance(data, list):
            raise DiffError("a patch counts elements, and a diff that was read from JSON does not know them")
        segment: Any = index_of(data, step) if isinstance(step, Key) else step
        if not isinstance(step, Key | str) and not isinstance(data, list):
            raise DiffError(f"a key that is no text, {step!r}, cannot stand in a JSON Patch")
        steps.append("/" + str(segment).replace("~", "~0").replace("/", "~1"))
        inside = isinstance(data, list) and isinstance(segment, int) and segment < len(data)
        data = data[segment] if inside or (isinstance(data, dict) and segment in data) else None
    return "".join(steps)
