"""The files of a config of several, as one document: read, located, edited, and as the bytes of one revision."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from confguard.documents.bounds import MAX_BYTES
from confguard.documents.document import Document, parse_content
from confguard.documents.interface import Places, Position
from confguard.documents.registry import detect_format
from confguard.errors import DocumentError
from confguard.paths import Path as DocumentPath
from confguard.paths import follow, path_from_json, spelt_as
from confguard.values import Files, copied, merge_layers, same

if TYPE_CHECKING:
    from confguard.documents.editing.changing import DataChange, Revealed

BUNDLE = "bundle"
"""The format of a bundle's content."""
_KINDS = ("layers", "files")


def parse_bytes(
    content: bytes, format: str, *, path: str | None = None, tags: Iterable[str] = ()
) -> Document:
    """Parse the bytes of a file of a named format, or of a bundle of files. Raises `DocumentError`."""
    if format == BUNDLE:
        return parse_bundle(content, path, tags)
    return parse_content(content, format, path=path, tags=tags)


@define(slots=False, frozen=True, eq=False)
class Bundle(Document):
    """The files of a config of several. `data` is what layers say together, or the data of each file by its name.

    `files` are its documents by name, layers from the lowest to the one that wins.
    """

    layered: bool = field(default=False, kw_only=True)
    as_written: Callable[[str, DocumentPath], DocumentPath] = field(
        default=lambda name, path: path, repr=False, kw_only=True
    )
    """A path as a file writes it, where a schema has other names for its settings."""

    @property
    def parts(self) -> list[tuple[DocumentPath, Document]]:
        return [(() if self.layered else (name,), part) for name, part in self.files.items()]

    def part_at(self, path: Sequence[object]) -> tuple[Document, DocumentPath]:
        """The file that a value stands in, and its path there: of layers, the topmost that holds it."""
        wanted = path_from_json(path)
        if not self.layered:
            part = self.files.get(str(wanted[0])) if wanted else None
            return (self, wanted) if part is None else (part, wanted[1:])
        tops = list(self.files.items())[::-1]
        for length in range(len(wanted), 0, -1):
            for name, part in tops:
                if follow(part.data, self.as_written(name, wanted[:length]))[1]:
                    return part, self.as_written(name, wanted)
        return (tops[0][1], wanted) if tops else (self, wanted)

    def locate(self, path: Sequence[object], *, nearest: bool = False) -> Position | None:
        part, inner = self.part_at(path)
        return None if part is self else part.locate(inner, nearest=nearest)

    def locate_value(self, path: Sequence[object]) -> Position | None:
        part, inner = self.part_at(path)
        return None if part is self else part.locate_value(inner)

    def places(self) -> Places:
        """None: places are those of the files."""
        return {}

    def edit(self, changes: Iterable[DataChange]) -> Bundle:
        """The bundle after the changes: each is made in the very file that its value stands in.

        A new value goes into the topmost layer. Raises `DocumentError` as `Document.edit` does.
        """
        from confguard.documents.editing.changing import asked_for, data_after, revealed
        from confguard.documents.editing.tree import UnfitError

        asked = [revealed(change) for change in asked_for(changes)]
        files = _edited_files(self.files, asked, layered=self.layered)
        edited = self.with_files(
            {name: part.content for name, part in files.items() if part is not self.files[name]}
        )
        try:
            exact = same(edited.data, data_after(self.data, asked))
        except UnfitError as error:
            raise DocumentError(str(error), path=self.path, hint=error.hint) from error
        if not exact:
            raise DocumentError(
                "a layer below would show through", path=self.path, hint="edit the files by hand"
            )
        return edited

    def with_files(self, files: Mapping[str, bytes | None]) -> Bundle:
        """The bundle with other bytes in some files; None removes one. Raises `DocumentError`."""
        return parse_bundle(self.content_with(files), self.path, self.tags)

    def content_with(self, files: Mapping[str, bytes | None]) -> bytes:
        """The content with other bytes in some files, whether they parse or not."""
        known = {name: (kind, content) for name, kind, content in _entries(self.content)[1]}
        for name, each in files.items():
            if each is None:
                known.pop(name, None)
            else:
                known[name] = (known[name][0] if name in known else None, each)
        order = list(known) if self.layered else sorted(known)
        return bundled(((name, *known[name]) for name in order), layered=self.layered)


def parse_bundle(content: bytes, path: str | None, tags: Iterable[str] = ()) -> Bundle:
    """A bundle from its content; `path` is the folder of its files. Raises the `DocumentError` of one that is wrong."""
    named = tuple(tags)
    layered, entries = _entries(content)
    files = {
        name: parse_content(each, kind or detect_format(name).name, path=_path(path, name), tags=named)
        for name, kind, each in entries
    }
    if not layered:
        data: Any = Files((name, part.data) for name, part in files.items())
    else:
        data = {}
        for part in files.values():
            if not isinstance(part.single.data, Mapping):
                raise DocumentError(
                    f"is a layer, and holds no table of settings when it is read as {part.format}",
                    path=part.path,
                    line=1,
                    column=1,
                )
            data = merge_layers(data, part.data)
    return Bundle(data, content, BUNDLE, path, named, files=files, layered=layered)


def _path(folder: str | None, name: str) -> str:
    return name if folder is None or folder == "." else str(Path(folder, name))


def files_of(content: bytes) -> dict[str, bytes]:
    """The bytes of each file of a bundle's content. Raises `DocumentError`."""
    return {name: each for name, _, each in _entries(content)[1]}


def bundled(entries: Iterable[tuple[str, str | None, bytes]], *, layered: bool = True) -> bytes:
    """The content of files: each with its name, and its format where that does not tell. Raises `DocumentError`."""
    listed = [
        {"name": name, **({"format": kind} if kind else {}), **_held(each)} for name, kind, each in entries
    ]
    text = json.dumps({_KINDS[0 if layered else 1]: listed}, ensure_ascii=False, indent=1)
    content = text.encode() + b"\n"
    if len(content) > MAX_BYTES:
        raise DocumentError(f"its files are larger than {MAX_BYTES:,} bytes, the most that confguard reads")
    return content


def arranged(content: bytes, known: bytes, ours: Container[str] | None = None) -> bytes:
    """A bundle's content with its files in the order of one that is known, and with those of it not among `ours`.

    Where it holds the same files, it is the known one's then. What is not a bundle stays as it is.
    """
    try:
        there, (layered, wanted) = _entries(content)[1], _entries(known)
    except DocumentError:
        return content
    held = {name: each for name, _, each in there}
    order = [
        (name, kind, held.pop(name, each))
        for name, kind, each in wanted
        if name in held or (ours is not None and name not in ours)
    ]
    return bundled([*order, *(each for each in there if each[0] in held)], layered=layered)


def _held(content: bytes) -> dict[str, str]:
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"bytes": b64encode(content).decode()}


def _entries(content: bytes) -> tuple[bool, list[tuple[str, str | None, bytes]]]:
    try:
        loaded = json.loads(content)
        ((kind, listed),) = loaded.items()
        return _KINDS.index(kind) == 0, [_entry(each) for each in listed]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise DocumentError("is not a bundle of files: the config had one file then") from error


def _entry(entry: Mapping[str, str]) -> tuple[str, str | None, bytes]:
    content = entry["text"].encode() if "text" in entry else b64decode(entry["bytes"], validate=True)
    return str(PurePosixPath(entry["name"])), entry.get("format"), content


def _edited_files(
    files: Mapping[str, Document], changes: Sequence[Revealed], *, layered: bool
) -> dict[str, Document]:
    """The files after the changes. Raises `DocumentError` where one of them cannot be made."""
    edited, split = dict(files), _in_layers if layered else _in_files
    for change in changes:
        for part in _apart(change, layered=layered):
            for name, each in split(edited, part):
                edited[name] = edited[name].edit([_in_keys_of(edited[name].data, each)])
    return edited


def _apart(change: Revealed, *, layered: bool) -> list[Revealed]:
    """What moves from one file to another, or to another table of a layer, is taken out and put in."""
    origin = change.origin
    near = slice(-1) if layered else slice(1)
    if origin is None or origin[near] == change.path[near]:
        return [change]
    return [
        evolve(change, op="remove", path=origin, origin=None),
        evolve(change, op="add", after=change.before, origin=None),
    ]


def _in_files(files: dict[str, Document], change: Revealed) -> Iterator[tuple[str, Revealed]]:
    """A change, by its file."""
    name = change.path[0] if change.path else None
    if name not in files or len(change.path) == 1:
        raise DocumentError("whole files come and go with the bundle, and not by an edit", path=str(name))
    inner = None if change.origin is None else change.origin[1:]
    yield str(name), evolve(change, path=change.path[1:], origin=inner)


def _in_layers(files: dict[str, Document], change: Revealed) -> Iterator[tuple[str, Revealed]]:
    """A change, by its layer: what goes must go from all, or one that is below would show."""
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


def _in_keys_of(data: Any, change: Revealed) -> Revealed:
    """The change with the keys that a file has: a number in YAML is a text in TOML."""
    origin = change.origin and spelt_as(data, change.origin)
    return evolve(change, path=spelt_as(data, change.path), origin=origin)


def _listed(part: Document, path: DocumentPath) -> bool:
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


def _data_at(part: Document, path: DocumentPath) -> Any:
    data: Any = part.data
    for step in follow(part.data, path)[0]:
        data = data[step]
    return copied(data)
