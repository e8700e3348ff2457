"""The edit of a document: steps, one after the other, each by the format's editor, checked at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias

from attrs import frozen

from confguard.documents.document import Document, parse_bytes
from confguard.errors import DocumentError
from confguard.paths import Key, Path, Unshown, follow, index_of, show_path
from confguard.values import copied, same

__all__ = ["ChangeLike", "Editor", "Step", "edit"]


class ChangeLike(Protocol):
    """What is asked of a change. `confguard.Change` answers it."""

    @property
    def op(self) -> str:
        """`add`, `remove`, `replace` or `move`."""
        ...

    @property
    def path(self) -> Path:
        """Where."""
        ...

    @property
    def before(self) -> Any:
        """What was there."""
        ...

    @property
    def after(self) -> Any:
        """What is to be there."""
        ...

    @property
    def origin(self) -> Path | None:
        """For a move: from where."""
        ...

    @property
    def position(self) -> int | None:
        """For an element of a keyed list that is added: its position."""
        ...


@frozen
class Step:
    """One thing to do to a text: set what is there, add what is not, or remove."""

    op: Literal["set", "add", "remove"]
    path: Path
    """Keys and positions; for an `add` to a list, the position it will have."""
    value: Any = None


Editor: TypeAlias = Callable[[str, Any, Step], str]
"""Does one step to a text whose data is known. Raises `LookupError` for what it cannot do in place."""

_EDITORS = {
    "toml": "confguard.documents.editing.toml:edit_toml",
    "yaml": "confguard.documents.editing.yaml:edit_yaml",
    "json": "confguard.documents.editing.json:edit_json",
    "jsonc": "confguard.documents.editing.json:edit_json",
    "ini": "confguard.documents.editing.lines:edit_ini",
    "env": "confguard.documents.editing.lines:edit_env",
    "properties": "confguard.documents.editing.lines:edit_properties",
}


def edit(document: Document, changes: Iterable[ChangeLike]) -> Document:
    """The document after the changes.

    Raises `DocumentError` where the changes do not fit, and where the format cannot hold them in place.
    """
    editor = _editor(document.format)
    bom = "\ufeff" if document.text.startswith("\ufeff") else ""
    text, data = document.text.removeprefix("\ufeff"), copied(document.data)
    for change in changes:
        for step in _steps(change, data):
            where = show_path(step.path)
            try:
                text = editor(text, data, step)
                _apply(data, step)
            except DocumentError:
                raise
            except Exception as error:
                raise DocumentError(
                    f"{where} cannot be edited in place: {error}", path=document.path
                ) from error
    made = parse_bytes((bom + text).encode(), document.format, path=document.path)
    if not same(made.data, data):
        raise DocumentError(
            "the changes cannot be made in place exactly",
            path=document.path,
            hint="anchors, merge keys and unusual layout stand in the way: edit by hand",
        )
    return made


def _editor(format: str) -> Editor:
    if format not in _EDITORS:
        raise DocumentError(f"{format} files cannot be edited in place")
    module, _, name = _EDITORS[format].partition(":")
    made: Editor = getattr(import_module(module), name)
    return made


def _steps(change: ChangeLike, data: Any) -> list[Step]:
    """What a change comes down to, with keys of elements as positions."""
    if change.op == "replace":
        return [Step("set", _there(data, change.path), _revealed(change.after))]
    if change.op == "remove":
        return [Step("remove", _there(data, change.path))]
    if change.op == "add":
        position = (change.position,) if change.position is not None else _plain(change.path[-1:])
        return [Step("add", (*_there(data, change.path[:-1]), *position), _revealed(change.after))]
    origin = _there(data, change.origin or change.path)
    value = _at(data, origin)
    end = (*origin[:-1], change.after) if isinstance(change.path[-1], Key) else _plain(change.path)
    return [Step("remove", origin), Step("add", end, value)]


def _revealed(value: Any) -> Any:
    """A value with its secrets revealed: what is written into a file is the file's own."""
    if isinstance(value, dict):
        return {
            key.reveal() if isinstance(key, Unshown) else key: _revealed(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_revealed(inner) for inner in value]
    return value.reveal() if hasattr(value, "reveal") else value


def _there(data: Any, path: Path) -> Path:
    walked, whole = follow(data, _plain(path))
    if not whole:
        raise DocumentError(f"{show_path(path)} is not there")
    return walked


def _plain(path: Path) -> Path:
    """A path with its keys as the file has them, secret or not."""
    return tuple(step.reveal() if isinstance(step, Unshown) else step for step in path)


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[index_of(data, step)] if isinstance(step, Key) else data[step]
    return copied(data)


def _apply(data: Any, step: Step) -> None:
    parent = data
    for segment in step.path[:-1]:
        parent = parent[segment]
    if not step.path:
        raise LookupError("the whole document is not edited but written")
    last: Any = step.path[-1]
    if step.op == "remove":
        del parent[last]
    elif step.op == "add" and isinstance(parent, list):
        parent.insert(last, step.value)
    else:
        parent[last] = step.value
