"""A target from what a person writes: a path, or a table of the project file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from confguard.errors import TargetError, did_you_mean
from confguard.targets.access import mode_of_text
from confguard.targets.files import FileTarget
from confguard.targets.filesets import FileSet
from confguard.targets.interface import Target

__all__ = ["TargetLike", "as_target"]

TargetLike: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | Target"

_ACCESS = ("mode", "owner", "group")
_KEYS = {"file": ("file", "in_place", *_ACCESS), "folder": ("folder", "files", *_ACCESS)}
_EXAMPLE = '"/etc/auth.toml", { file = "/etc/auth.toml", mode = "0640" }, { folder = "/etc/auth", files = ["a.toml"] }'


def as_target(like: TargetLike, root: Path | None = None) -> Target:
    """A target from what a person writes; paths are relative to `root`. Raises `TargetError`.

    >>> as_target("auth.toml", Path("/etc")).name
    '/etc/auth.toml'
    >>> as_target({"file": "auth.toml", "in_place": True}).in_place
    True
    >>> as_target({"folder": "set", "files": ["a.toml", "b.toml"]}).name
    'set/{a.toml,b.toml}'
    """
    if isinstance(like, str | os.PathLike):
        return FileTarget(_path("a target", os.fspath(like), root))
    if isinstance(like, Mapping):
        return _from_table(like, root)
    if not hasattr(like, "stage"):
        raise TargetError(f"target {like!r}: expected a path or a table", hint=_EXAMPLE)
    return like


def _from_table(table: Mapping[str, Any], root: Path | None) -> Target:
    kind = next((key for key in _KEYS if key in table), None)
    known = _KEYS[kind] if kind else {key for keys in _KEYS.values() for key in keys}
    for key in table:
        if key not in known:
            raise TargetError(f"target: unknown key '{key}'{did_you_mean(str(key), known)}", hint=_EXAMPLE)
    if kind is None:
        raise TargetError("target: 'file' or 'folder' is needed", hint=_EXAMPLE)
    path = _path(f"target: '{kind}'", table[kind], root)
    access = {
        "mode": mode_of_text(table.get("mode")),
        "owner": table.get("owner"),
        "group": table.get("group"),
    }
    if kind == "file":
        return FileTarget(path, in_place=table.get("in_place", False), **access)
    files = table.get("files")
    if not isinstance(files, list | tuple) or not all(isinstance(name, str) for name in files):
        raise TargetError("target: 'files' is a list of names", hint=_EXAMPLE)
    return FileSet(path, files, **access)


def _path(what: str, like: object, root: Path | None) -> Path:
    if not isinstance(like, str | os.PathLike) or not os.fspath(like):
        raise TargetError(f"{what} is a path, and {like!r} is none", hint=_EXAMPLE)
    return (root or Path()) / os.fspath(like)
