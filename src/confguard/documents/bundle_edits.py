"""The edit of a bundle: each change is made in the file that its value stands in; the others stay byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve

from confguard.documents.document import Document
from confguard.documents.editing.changing import Revealed
from confguard.errors import DocumentError
from confguard.paths import Path, follow
from confguard.values import copied

__all__ = ["edited_files"]


def edited_files(
    files: Mapping[str, Document], changes: Sequence[Revealed], *, layered: bool
) -> dict[str, Document]:
    """The files after the changes. Raises `DocumentError` where one of them cannot be made."""
    edited, split = dict(files), _in_layers if layered else _in_files
    for change in changes:
        for name, each in split(edited, change):
            edited[name] = edited[name].edit([each])
    return edited


def _in_files(files: dict[str, Document], change: Revealed) -> Iterator[tuple[str, Revealed]]:
    """A change, by its file; from one file to another, what moves is taken out and put in."""
    origin = change.origin
    if origin is not None and origin[:1] != change.path[:1]:
        yield from _in_files(files, evolve(change, op="remove", path=origin, origin=None))
        yield from _in_files(files, evolve(change, op="add", after=change.before, origin=None))
        return
    name = change.path[0] if change.path else None
    if name not in files or len(change.path) == 1:
        raise DocumentError("whole files come and go with the bundle, and not by an edit", path=str(name))
    inner = None if origin is None else origin[1:]
    yield str(name), evolve(change, path=change.path[1:], origin=inner)


def _in_layers(files: dict[str, Document], change: Revealed) -> Iterator[tuple[str, Revealed]]:
    """A change, by its layer: what goes must go from all, or one that is below would show."""
    if change.op == "move" and change.origin is not None and change.origin[:-1] != change.path[:-1]:
        yield from _in_layers(files, evolve(change, op="remove", path=change.origin, origin=None))
        yield from _in_layers(files, evolve(change, op="add", after=change.before, origin=None))
        return
    wanted = change.origin or change.path
    if change.op == "add":
        holding = [
            name
            for name in files
            if follow(files[name].data, wanted[:-1])[1] and _listed(files[name], wanted)
        ]
    else:
        holding = [name for name in files if follow(files[name].data, wanted)[1]]
    if change.op == "remove" and holding and not _listed(files[holding[-1]], wanted):
        for name in holding:
            yield name, evolve(change, before=_data_at(files[name], wanted))
    elif change.op == "add" and not holding:
        name = list(files)[-1]
        yield name, _nested(files[name], change)
    elif holding:
        own = {"before": _data_at(files[holding[-1]], wanted)} if change.op == "replace" else {}
        yield holding[-1], evolve(change, **own)
    else:
        raise DocumentError("no layer holds what is to be changed", path=list(files.values())[-1].path)


def _listed(part: Document, path: Path) -> bool:
    """Is it the element of a list? A layer has a list as a whole."""
    return isinstance(_data_at(part, path[:-1]), list)


def _nested(part: Document, change: Revealed) -> Revealed:
    """A new value with the tables around it that the layer does not have yet."""
    walked, whole = follow(part.data, change.path[:-1])
    if whole:
        return change
    value = change.after
    for key in reversed(change.path[len(walked) + 1 :]):
        value = {key: value}
    return evolve(change, path=change.path[: len(walked) + 1], after=value)


def _data_at(part: Document, path: Path) -> Any:
    data: Any = part.data
    for step in follow(part.data, path)[0]:
        data = data[step]
    return copied(data)
