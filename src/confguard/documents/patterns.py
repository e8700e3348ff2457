"""Patterns of files: `*` and `?` stay within a folder, `**/` is any number of folders, none included.

No pattern matches what is confguard's own: folders that begin with two dots, which links of a target lead to, and the
project file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import TypeAlias

PROJECT_FILE = "confguard.toml"
_WILD = re.compile(r"[*?\[]")
_Steps: TypeAlias = "Sequence[Callable[[str], object] | None]"
"""What each folder on the way has to fit, and the file at its end; None for any number of folders."""


def is_pattern(name: str) -> bool:
    """Does it stand for more than the file of this very name?"""
    return _WILD.search(name) is not None


def outright(pattern: str) -> str:
    """How a pattern begins, up to what is not meant word for word.

    >>> outright("deploy/conf.d/*.toml")
    'deploy/conf.d/'
    """
    return _WILD.split(pattern)[0]


def matches(name: str, pattern: str) -> bool:
    """Does a pattern, or a name, stand for the file of this name?

    >>> matches("conf/a.toml", "conf/*.toml"), matches("conf/eu/a.toml", "conf/*.toml")
    (True, False)
    >>> matches("conf/a.toml", "conf/**/*.toml"), matches("conf/eu/a.toml", "conf/**/*.toml")
    (True, True)
    """
    return _fits(name.split("/"), _steps(pattern), through=False)


def leads_through(folder: str, pattern: str) -> bool:
    """Can a pattern match what stands below a folder?

    >>> leads_through("conf", "conf/*/a.toml"), leads_through("conf/a.toml", "conf/*.toml")
    (True, False)
    """
    return _fits(folder.split("/"), _steps(pattern), through=True)


def files_below(folder: Path, patterns: Iterable[str]) -> list[str]:
    """The names of the files below a folder that patterns match."""
    found = (
        (path.relative_to(folder).as_posix(), pattern)
        for pattern in patterns
        for path in folder.glob(_spelt(pattern))
        if path.is_file()
    )
    return sorted({name for name, pattern in found if matches(name, pattern)})


def _fits(parts: Sequence[str], steps: _Steps, *, through: bool) -> bool:
    """Do steps end where the parts of a name do, or lead further `through` a folder?"""
    at = _reached({0}, steps)
    for part in parts:
        taken = {i if steps[i] is None else i + 1 for i in at if i < len(steps) and _takes(steps[i], part)}
        at = _reached(taken, steps)
    return min(at, default=len(steps)) < len(steps) if through else len(steps) in at


def _takes(step: Callable[[str], object] | None, part: str) -> bool:
    return not _is_own(part) if step is None else bool(step(part))


def _reached(at: set[int], steps: _Steps) -> set[int]:
    """The steps, and those behind any number of folders that may be none."""
    for i, step in enumerate(steps):
        if step is None and i in at:
            at.add(i + 1)
    return at


@cache
def _steps(pattern: str) -> _Steps:
    return tuple(None if part == "**" else _fitting(part) for part in _spelt(pattern).split("/"))


def _fitting(part: str) -> Callable[[str], object]:
    if not is_pattern(part):
        return part.__eq__
    fits = re.compile(translate(part)).match
    return lambda name: not _is_own(name) and fits(name)


def _is_own(part: str) -> bool:
    return part.startswith("..") or part == PROJECT_FILE


def _spelt(pattern: str) -> str:
    """The pattern as every Python reads it: `**` is a folder's whole name, and the last one is of files."""
    steps = re.sub(r"/(\.?/)+", "/", pattern).split("/")
    parts = [part if part == "**" else re.sub(r"\*+", "*", part) for part in steps]
    return "/".join([*parts, "*"] if parts[-1] == "**" else parts)
