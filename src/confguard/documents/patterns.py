"""Which files the patterns of a project name, and which of them are one config of several files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from posixpath import commonpath

from confguard.documents.bundle import Layout, check_name
from confguard.errors import ConfguardError, ProjectError

__all__ = ["common_folder", "is_folder", "is_several", "layout_of", "matching", "the_only"]

_WILD = re.compile(r"[*?\[]")


def common_folder(patterns: Sequence[str]) -> str:
    """The folder that all files stand in: from there their names in a revision count.

    >>> common_folder(["deploy/base.toml", "deploy/conf.d/*.toml"])
    'deploy'
    """
    folders = [_WILD.split(pattern)[0].rpartition("/")[0] for pattern in patterns]
    return commonpath(folders) if folders else ""


def is_folder(path: str) -> bool:
    """Is a path that of a folder, by its name?

    >>> is_folder("/etc/app"), is_folder("/etc/app/conf.d"), is_folder("/etc/app.toml")
    (True, True, False)
    """
    return path.endswith("/") or PurePosixPath(path).suffix in ("", ".d")


def is_several(patterns: Sequence[str], targets: Sequence[object]) -> bool:
    """Do the targets of files say that they are one config? They do where they are folders, if only by their names."""
    if any(isinstance(like, Mapping) and "file" not in like for like in targets):
        return True
    many = len(patterns) > 1 or any(map(_WILD.search, patterns))
    return many and any(isinstance(like, str) and is_folder(like) for like in targets)


def matching(root: Path, patterns: Sequence[str]) -> list[Path]:
    """The files below a folder that patterns name."""
    relative = [pattern for pattern in patterns if pattern and not pattern.startswith("/")]
    return sorted({path for pattern in relative for path in root.glob(pattern) if path.is_file()})


def the_only(root: Path, patterns: Sequence[str], config: str) -> Path:
    """The only file that patterns match. Raises `ProjectError` if there is another, or none."""
    paths = matching(root, patterns)
    if len(paths) == 1:
        return paths[0]
    count = "no file" if not paths else f"{len(paths)} files"
    raise ProjectError(
        f"'{config}' has {count}: say which FILE is meant",
        hint="confguard plan NAME FILE; or name a folder as the target, and they are one config",
    )


def layout_of(patterns: Sequence[str], format: str | None, *, layered: bool = False) -> Layout:
    """The layout of a project's files: their names from the folder that all stand in. Raises `ConfguardError`."""
    for pattern in patterns:
        try:
            check_name(pattern)
        except ConfguardError as error:
            raise ConfguardError(f"{pattern!r} is no file of the project", hint=error.hint) from error
    folder = common_folder(patterns)
    return Layout([name.removeprefix(f"{folder}/") for name in patterns], layered=layered, format=format)
