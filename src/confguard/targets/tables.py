"""A target from what a person writes: a path, or a table of the project file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from attrs import evolve

from confguard.documents.layout import Layout, is_folder
from confguard.errors import TargetError, did_you_mean
from confguard.targets.access import mode_of_text
from confguard.targets.files import FileTarget
from confguard.targets.filesets import FileSet
from confguard.targets.interface import Target
from confguard.targets.separate import SeparateFiles

TargetLike: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Target"

_ACCESS = ("mode", "owner", "group")
_KEYS = {
    "file": ("file", "in_place", *_ACCESS),
    "folder": ("folder", "files", *_ACCESS),
    "files": ("files",),
}
_EXAMPLE = 'such as "/etc/auth.toml", { file = "/etc/auth.toml" }; of several files { folder = "/etc/auth" }'


def as_target(like: TargetLike, root: Path | None = None, files: Layout | None = None) -> Target:
    """A target from what a person writes; paths are relative to `root`. Raises `TargetError`.

    With `files`, it is of a config of several: then a path is that of a folder.

    >>> as_target("auth.toml", Path("/etc")).name
    '/etc/auth.toml'
    >>> as_target({"file": "auth.toml", "in_place": True}).in_place
    True
    >>> as_target({"folder": "set", "files": ["a.toml", "b.toml"]}).name
    'set'
    """
    if isinstance(like, str | os.PathLike):
        path = _path("a target", os.fspath(like), root)
        if files is None:
            return FileTarget(path)
        if path.is_file() or not (path.is_dir() or is_folder(os.fspath(like))):
            one = "one file" if path.is_file() else "one file by its name"
            raise TargetError(
                f"target {path}: is {one}, and the config has {_several(files)}",
                hint='name a folder; or where each file stands: { files = { "a.toml" = "/etc/a.toml", ... } }',
            )
        return FileSet(path, files)
    target = _from_table(like, root, files) if isinstance(like, Mapping) else like
    if not hasattr(target, "stage"):
        raise TargetError(f"target {like!r}: expected a path or a table", hint=_EXAMPLE)
    return target if files is None else _holding(target, files)


def _several(files: Layout) -> str:
    return "layers" if files.layered and len(files.names) == 1 else "several"


def _holding(target: Target, files: Layout) -> Target:
    """The target as one of a config of several files. Raises `TargetError`."""
    if isinstance(target, FileTarget):
        raise TargetError(
            f"target {target.name}: is one file, and the config has {_several(files)}", hint="name a folder"
        )
    if isinstance(target, SeparateFiles):
        return SeparateFiles.of(target.targets, files)
    if isinstance(target, FileSet):
        if target.files.names and files.names and {*target.files.names} != {*files.names}:
            raise TargetError(
                f"target {target.name}: a folder holds all files of its config: {', '.join(files.names)}",
                hint='leave `files` out; or say where each stands: { files = { "a.toml" = "/etc/a.toml", ... } }',
            )
        return evolve(target, files=evolve(files, names=files.names or target.files.names))
    return target


def refuse_folders(config: str, targets: Iterable[Target]) -> None:
    """Raise `TargetError` for a target of several files, where the config is one."""
    folder = next((each for each in targets if isinstance(each, FileSet | SeparateFiles)), None)
    if folder:
        raise TargetError(
            f"target {folder.name}: holds several files, and '{config}' is one",
            hint="say which files it has (layers=, files=); several targets each hold one file",
        )


def _from_table(table: Mapping[str, Any], root: Path | None, layout: Layout | None) -> Target:
    kind = next((key for key in _KEYS if key in table), None)
    known = _KEYS[kind] if kind else {key for keys in _KEYS.values() for key in keys}
    for key in table:
        if key not in known:
            raise TargetError(f"target: unknown key '{key}'{did_you_mean(str(key), known)}", hint=_EXAMPLE)
    if kind is None:
        raise TargetError("target: 'file' or 'folder' is needed", hint=_EXAMPLE)
    if kind == "files":
        return _separate(table["files"], root, layout)
    path = _path(f"target: '{kind}'", table[kind], root)
    access = {
        "mode": mode_of_text(table.get("mode")),
        "owner": table.get("owner"),
        "group": table.get("group"),
    }
    if kind == "file":
        return FileTarget(path, in_place=table.get("in_place", False), **access)
    files = table.get("files", ())
    if not isinstance(files, list | tuple) or not all(isinstance(name, str) for name in files):
        raise TargetError("target: 'files' is a list of names", hint=_EXAMPLE)
    return FileSet(path, files, **access)


def _separate(files: Any, root: Path | None, layout: Layout | None) -> Target:
    if not isinstance(files, Mapping) or not files:
        hint = 'files = { "base.toml" = "/usr/share/app/base.toml", "site.toml" = "/etc/app/site.toml" }'
        raise TargetError("target: 'files' without a folder says where each stands", hint=hint)
    targets = {str(name): as_target(like, root) for name, like in files.items()}
    for name, target in targets.items():
        if not isinstance(target, FileTarget):
            raise TargetError(f"target: '{name}' is one file, and its path was expected", hint=_EXAMPLE)
    return SeparateFiles.of(
        {name: each for name, each in targets.items() if isinstance(each, FileTarget)}, layout
    )


def _path(what: str, like: object, root: Path | None) -> Path:
    if not isinstance(like, str | os.PathLike) or not os.fspath(like):
        raise TargetError(f"{what} is a path, and {like!r} is none", hint=_EXAMPLE)
    return (root or Path()) / os.fspath(like)
