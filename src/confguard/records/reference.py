"""What a reference page says of a config beside its schema: what each setting is now, whose it is, and who set it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from confguard.diffs.pages import code
from confguard.diffs.render import show_value
from confguard.errors import NotFoundError
from confguard.fields import Owner
from confguard.guard import Guard
from confguard.paths import Path, show_path
from confguard.records.authorship import BlamedValue, blame
from confguard.records.pages import text
from confguard.schema.export import Current
from confguard.schema.schema import Schema
from confguard.schema.shape import Shape
from confguard.values import Documents, Files

__all__ = ["current_settings"]


def current_settings(guard: Guard, schema: Schema[object], owners: Iterable[str] = ()) -> Current:
    """What each setting of a schema is in the head of a config: its value, owner and last change, as Markdown.

    `owners` are those of what the schema names none of. Raises `NotFoundError` where there is no revision.
    """
    head = guard.head()
    if head is None:
        raise NotFoundError(f"'{guard.name}' has no revision yet", hint="`confguard apply` makes the first")
    apart = isinstance(head.data, Files | Documents)
    below: dict[Path, list[tuple[str, BlamedValue]]] = defaultdict(list)
    for value in blame(guard, schema=schema):
        part, path = (show_path(value.path[:1]), value.path[1:]) if apart else ("", value.path)
        path = _own_names(path, schema.shape)
        for length in range(1, len(path) + 1):
            below[path[:length]].append((part, value))

    def current(path: tuple[str, ...]) -> tuple[str, str, str]:
        found = below.get(path, [])
        marks = [mark.team for _, mark in schema.shape.marks_on(path, Owner)]
        return _values(path, found), text(", ".join(marks[-1:] or owners)), _last_change(found)

    return current


def _own_names(path: Path, shape: Shape) -> Path:
    """A path by the names that the schema has now, where a document writes older ones."""
    own: list[object] = []
    for segment in path:
        (name,) = shape.names.get((segment,), (segment,))[-1:]
        own.append(name)
        shape = shape.child(name)
    return tuple(own)


def _values(path: Path, found: list[tuple[str, BlamedValue]]) -> str:
    parts: dict[str, list[BlamedValue]] = defaultdict(list)
    for part, value in found:
        parts[part].append(value)
    shown = [
        (code(show_value(values[0].value)) if len(values) == 1 else f"{len(values)} values")
        + (f" in {code(part)}" if part else "")
        for part, values in parts.items()
    ]
    return ", ".join(shown) or "not set"


def _last_change(found: list[tuple[str, BlamedValue]]) -> str:
    known = [value for _, value in found if value.at]
    if not known:
        return text(found[0][1].note or "") if found else ""
    last = max(known, key=lambda value: value.at or "")
    return text(f"{(last.at or '')[:10]}, revision {last.revision} by {last.author}: {last.why}")
