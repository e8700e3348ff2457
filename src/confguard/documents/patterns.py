"""Which files the patterns of a project name, and which of them are one config of several files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from posixpath import commonpath

from confguard.documents.bundle import Layout, check_name
from confguard.errors import ConfguardError

__all__ = ["common_folder", "is_folder", "layered", "layout_of", "matching", "may_be_several"]

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


def may_be_several(patterns: Sequence[str]) -> bool:
    """Can they name several files?"""
    return len(patterns) > 1 or any(map(_WILD.search, patterns))


def matching(root: Path, patterns: Sequence[str]) -> list[Path]:
    """The files below a folder that patterns name."""
    relative = [pattern for pattern in patterns if pattern and not pattern.startswith("/")]
    return sorted({path for pattern in relative for path in root.glob(pattern) if path.is_file()})


def layered(files: Sequence[str], format: str | None) -> Layout:
    """The layout of layers, the lowest first. Raises `ConfguardError`."""
    return Layout(_below(files), layered=True, format=format)


def layout_of(root: Path, patterns: Sequence[str], format: str | None) -> Layout:
    """The layout of the files that patterns name: those that are there, and those that they name outright."""
    found = [path.relative_to(root).as_posix() for path in matching(root, patterns)]
    outright = [pattern for pattern in patterns if not _WILD.search(pattern)]
    folder = common_folder(_checked(patterns))
    names = {name.removeprefix(f"{folder}/") for name in [*found, *outright]}
    return Layout(sorted(names), format=format)


def _below(files: Sequence[str]) -> list[str]:
    """Names from the folder that all stand in."""
    folder = common_folder(_checked(files))
    return [name.removeprefix(f"{folder}/") for name in files]


def _checked(patterns: Sequence[str]) -> Sequence[str]:
    for pattern in patterns:
        try:
            check_name(_WILD.sub("x", pattern))
        except ConfguardError as error:
            raise ConfguardError(f"{pattern!r} is no file of the project", hint=error.hint) from error
    return patterns
