"""Which files a config of several has: named outright or by patterns, below one folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from posixpath import commonpath
from typing import Any, TypeAlias

from attrs import field, frozen

from confguard.documents.bundle import Bundle, bundled, parse_bundle
from confguard.documents.document import Document, read, write
from confguard.documents.patterns import files_below, is_pattern, matches, outright
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import ConfguardError, DocumentError, ProjectError, did_you_mean
from confguard.values import check_type, listed

FileSource: TypeAlias = "str | os.PathLike[str] | Document | Mapping[str, Any] | object | None"
"""What one of the files is to be: a path, a document, data, an instance of the schema; None: it goes."""


def check_name(name: str) -> None:
    """Raise `ConfguardError` unless it names a file below a folder, whatever the folder."""
    parts = name.split("/")
    if any(part in ("", ".") or part.startswith("..") or not part.isprintable() for part in parts):
        raise ConfguardError(
            f"{name!r} is not a file's name", hint="relative, without '..': auth.toml, conf.d/worker.toml"
        )


def _checked(names: Iterable[str]) -> tuple[str, ...]:
    names = tuple(names) if isinstance(names, Mapping) else listed(names)
    for name in names:
        check_type(name, str | os.PathLike, "file's name")
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
        if self.layered and any(map(is_pattern, self.names)):
            raise ConfguardError(
                "layers have an order: name each", hint='layers = ["base.toml", "prod.toml"]'
            )

    @property
    def outright(self) -> list[str]:
        """The names that are no patterns."""
        return [name for name in self.names if not is_pattern(name)]

    def below(self, folder: Path) -> list[str]:
        """The names of its files in a folder: those that it names outright, and those there that its patterns match."""
        found = files_below(folder, filter(is_pattern, self.names))
        return list(dict.fromkeys([*self.outright, *found]))

    def content(self, files: Mapping[str, bytes]) -> bytes:
        """The content that holds these files, in their order. Raises `DocumentError` for what is too large."""
        order = [name for name in self.names if name in files] if self.layered else []
        order += sorted(files.keys() - order)
        return bundled(((name, self.format, files[name]) for name in order), layered=self.layered)

    def format_of(self, name: str) -> str:
        """The format of a file."""
        return self.format or detect_format(name).name

    def names_file(self, name: str) -> bool:
        """Is a file named, outright or by a pattern?"""
        return any(matches(name, each) for each in self.names)

    def knows(self, name: str) -> bool:
        """Is it a file of configuration?"""
        return bool(self.format) or is_configuration(name)

    def bundle(
        self,
        source: str | os.PathLike[str] | Mapping[str, FileSource],
        head: Document | None,
        written: Callable[[Any, str, Document | None], Document] = lambda data, kind, _: write(data, kind),
    ) -> Bundle:
        """The bundle of a folder that holds the files, or of what each of them is to be.

        Files that a mapping does not name stay as they are in the head; what is no file yet is `written` in the format
        of its name, in place of the head's. Raises `DocumentError`.
        """
        if not isinstance(source, Mapping):
            return self._in_folder(Path(source))
        known = head.files if isinstance(head, Bundle) else {}
        files = {
            name: part.content for name, part in known.items() if not self.layered or self.names_file(name)
        }
        for name, like in source.items():
            if self.names and name not in files and not self.names_file(name):
                raise DocumentError(
                    f"'{name}' is not one of its files{did_you_mean(name, self.names)}",
                    hint=f"the config has: {', '.join(self.names)}",
                )
            if like is None:
                files.pop(name, None)
            else:
                files[name] = self._part(name, like, known.get(name), written).content
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

    def _part(
        self,
        name: str,
        like: FileSource,
        known: Document | None,
        written: Callable[[Any, str, Document | None], Document],
    ) -> Document:
        if isinstance(like, Document):
            return like
        kind = self.format_of(name)
        return read(like, kind) if isinstance(like, str | os.PathLike) else written(like, kind, known)


def layout_from(layers: tuple[str, ...], files: Iterable[str] | None, format: str | None) -> Layout | None:
    """Which files a config has; None if it is one. Raises `ConfguardError` where both are named."""
    if layers and files is not None:
        raise ConfguardError("a config has layers, or files that are each judged by itself: not both")
    if layers:
        return Layout(layers, layered=True, format=format)
    return None if files is None else Layout(files, format=format)


def common_folder(patterns: Sequence[str]) -> str:
    """The folder that all files stand in: from there their names in a revision count.

    >>> common_folder(["deploy/base.toml", "deploy/conf.d/*.toml"])
    'deploy'
    """
    folders = [outright(pattern).rpartition("/")[0] for pattern in patterns]
    return commonpath(folders) if folders else ""


def is_folder(path: str) -> bool:
    """Is a path that of a folder, by its name?

    >>> is_folder("/etc/app"), is_folder("/etc/app/conf.d"), is_folder("/etc/app.toml"), is_folder(".env")
    (True, True, False, False)
    """
    name = PurePosixPath(path)
    return path.endswith("/") or name.suffix == ".d" or not (name.suffix or is_configuration(name.name))


def is_several(patterns: Sequence[str], targets: Sequence[object]) -> bool:
    """Do the targets of files say that they are one config? They do where they are folders, if only by their names."""
    if any(isinstance(like, Mapping) and "file" not in like for like in targets):
        return True
    many = len(patterns) > 1 or any(map(is_pattern, patterns))
    return many and any(isinstance(like, str) and is_folder(like) for like in targets)


def matching(root: Path, patterns: Sequence[str]) -> list[Path]:
    """The files below a folder that patterns name."""
    relative = [pattern for pattern in patterns if pattern and not pattern.startswith("/")]
    return [root / name for name in files_below(root, relative)]


def the_only(root: Path, patterns: Sequence[str], config: str) -> Path:
    """The only file that patterns match. Raises `ProjectError` if there is another, or none."""
    paths = matching(root, patterns)
    if len(paths) == 1:
        return paths[0]
    count = "no file" if not paths else f"{len(paths)} files"
    raise ProjectError(
        f"'{config}' has {count}: say which FILE is meant",
        hint=f"name it behind '{config}'; or name a folder as the target, and they are one config",
    )


def layout_of(patterns: Sequence[str], format: str | None, *, layered: bool = False) -> Layout:
    """The layout of a project's files: their names from the folder that all stand in. Raises `ConfguardError`."""
    for pattern in patterns:
        try:
            check_name(pattern)
        except ConfguardError as error:
            raise ConfguardError(f"{pattern!r} is not a file of the project", hint=error.hint) from error
    folder = common_folder(patterns)
    return Layout([name.removeprefix(f"{folder}/") for name in patterns], layered=layered, format=format)
