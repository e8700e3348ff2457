"""A config of several files as one document: every file byte for byte, and what they say together.

`Layout` says which files a config has, and whether they are layers; a `Bundle` is their content at one moment. As a
content it is a small JSON text that is the same whenever the files are, so that a store, a chain and an export need not
know what it is.
"""

from __future__ import annotations

import binascii
import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field, frozen

from confguard.documents.bounds import MAX_BYTES
from confguard.documents.document import Document, parse_content, read
from confguard.documents.interface import Places, Position
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import ConfguardError, DocumentError, did_you_mean
from confguard.paths import Path as DocumentPath
from confguard.paths import follow, path_from_json
from confguard.values import Files, merge_layers, same

if TYPE_CHECKING:
    from confguard.documents.editing.changing import DataChange

__all__ = [
    "BUNDLE",
    "Bundle",
    "FileSource",
    "Layout",
    "bundled",
    "check_name",
    "files_of",
    "layout_from",
    "parse_bundle",
]

BUNDLE = "bundle"
"""The format of a bundle's content."""
_KINDS = ("layers", "files")
_WILD = re.compile(r"[*?\[]")

FileSource: TypeAlias = "str | os.PathLike[str] | Document | Mapping[str, Any] | None"
"""What one of the files is to be: a path, a document, data; None if it is to go."""


def check_name(name: str) -> None:
    """Raise `ConfguardError` unless it names a file below a folder, whatever the folder."""
    parts = name.split("/")
    if any(part in ("", ".") or part.startswith("..") or not part.isprintable() for part in parts):
        raise ConfguardError(
            f"{name!r} is no file's name", hint="relative, without '..': auth.toml, conf.d/worker.toml"
        )


def _is_inner(name: str) -> bool:
    """Does it stand in a folder of confguard's own, which the links lead to?"""
    return any(part.startswith("..") for part in name.split("/"))


def _checked(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        names = [names]
    checked = tuple(os.fspath(name).removeprefix("./") for name in names)
    for name in checked:
        check_name(name)
        others = [each for each in checked if each.startswith(f"{name}/")]
        if checked.count(name) > 1 or others:
            raise ConfguardError(
                f"{name!r} is named twice" + (", as a file and as a folder" if others else "")
            )
    return checked


@frozen
class Layout:
    """Which files a config has."""

    names: tuple[str, ...] = field(converter=_checked)
    """Relative to the folder that they stand in; layers from the lowest to the one that wins. Files that are no layers
    may be named by patterns."""
    layered: bool = False
    """Do they say one thing together, the later over the earlier? Else each is judged by itself."""
    format: str | None = None
    """The format of all of them, where their names do not tell."""

    def __attrs_post_init__(self) -> None:
        if self.layered and any(map(_WILD.search, self.names)):
            raise ConfguardError(
                "layers have an order: name each", hint='layers = ["base.toml", "prod.toml"]'
            )

    @property
    def outright(self) -> list[str]:
        """The names that are no patterns."""
        return [name for name in self.names if not _WILD.search(name)]

    def below(self, folder: Path) -> list[str]:
        """The names of its files in a folder: those that it names outright, and those there that its patterns match."""
        patterns = [name for name in self.names if _WILD.search(name)]
        paths = (path for pattern in patterns for path in folder.glob(pattern) if path.is_file())
        names = (path.relative_to(folder).as_posix() for path in paths)
        return list(dict.fromkeys([*self.outright, *sorted(each for each in names if not _is_inner(each))]))

    def content(self, files: Mapping[str, bytes]) -> bytes:
        """The content that holds these files, in their order. Raises `DocumentError` for what is too large."""
        order = [name for name in self.names if name in files] if self.layered else sorted(files)
        return bundled(((name, self.format, files[name]) for name in order), layered=self.layered)

    def format_of(self, name: str) -> str:
        """The format of a file."""
        return self.format or detect_format(name).name

    def knows(self, name: str) -> bool:
        """Is it a file of configuration?"""
        return bool(self.format) or is_configuration(name)

    def bundle(
        self, source: str | os.PathLike[str] | Mapping[str, FileSource], head: Document | None
    ) -> Bundle:
        """The bundle of a folder that holds the files, or of what each of them is to be.

        Files that a mapping does not name stay as they are in the head. Raises `DocumentError`.
        """
        if not isinstance(source, Mapping):
            return self._in_folder(Path(source))
        files = {name: part.content for name, part in head.files.items()} if isinstance(head, Bundle) else {}
        for name, like in source.items():
            if self.names and name not in files and not any(fnmatchcase(name, each) for each in self.names):
                raise DocumentError(
                    f"'{name}' is none of its files{did_you_mean(name, self.names)}",
                    hint=f"the config has: {', '.join(self.names)}",
                )
            if like is None:
                files.pop(name, None)
            else:
                files[name] = self._part(name, like)
        missing = [name for name in self.outright if name not in files and source.get(name, "") is not None]
        if missing:
            raise DocumentError(f"nothing was said of {', '.join(missing)}, and there is no revision yet")
        return parse_bundle(self.content(files), None)

    def _in_folder(self, folder: Path) -> Bundle:
        if folder.is_file():
            raise DocumentError(
                "is one file, and the config has several",
                path=str(folder),
                hint="name the folder of them all",
            )
        names = self.below(folder)
        if not names:
            raise DocumentError(
                "holds none of the config's files", path=str(folder), hint=", ".join(self.names)
            )
        parts = [(name, read(folder / name, self.format)) for name in names]
        return parse_bundle(self.content({name: part.content for name, part in parts}), str(folder))

    def _part(self, name: str, like: FileSource) -> bytes:
        from confguard.documents.document import write

        if isinstance(like, Document):
            return like.content
        if isinstance(like, Mapping):
            return write(dict(like), self.format_of(name)).content
        assert like is not None
        return read(like, self.format_of(name)).content


def layout_from(layers: tuple[str, ...], files: Iterable[str] | None, format: str | None) -> Layout | None:
    """Which files a config has; None if it is one. Raises `ConfguardError` where both are named."""
    if layers and files is not None:
        raise ConfguardError("a config has layers, or files that are each judged by itself: not both")
    if layers:
        return Layout(layers, layered=True, format=format)
    return None if files is None else Layout(files, format=format)


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
        """Each file, and under which path its data stands."""
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
        """Where the key of a path stands in its file (`part_at`); None if nowhere."""
        part, inner = self.part_at(path)
        return None if part is self else part.locate(inner, nearest=nearest)

    def locate_value(self, path: Sequence[object]) -> Position | None:
        """Where the value of a path stands in its file; None if nowhere."""
        part, inner = self.part_at(path)
        return None if part is self else part.locate_value(inner)

    def places(self) -> Places:
        """None: places are those of the files."""
        return {}

    def edit(self, changes: Iterable[DataChange]) -> Bundle:
        """The bundle after the changes: each is made in the very file that its value stands in.

        A new value goes into the topmost layer. Raises `DocumentError` as `Document.edit` does.
        """
        from confguard.documents.bundle_edits import edited_files
        from confguard.documents.editing.changing import data_after, revealed
        from confguard.documents.editing.tree import UnfitError

        asked = [revealed(change) for change in changes]
        files = edited_files(self.files, asked, layered=self.layered)
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
                    "is a layer, and holds no table of settings", path=part.path, line=1, column=1
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
        raise DocumentError("is no bundle of files: the config had one file then") from error


def _entry(entry: Mapping[str, str]) -> tuple[str, str | None, bytes]:
    content = entry["text"].encode() if "text" in entry else b64decode(entry["bytes"], validate=True)
    return str(PurePosixPath(entry["name"])), entry.get("format"), content
