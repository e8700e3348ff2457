"""Many files at once: two folders, or two revisions of a git repository."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import attrs
from attrs import frozen

from confguard import git
from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff_of_file
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import DocumentError
from confguard.paths import show_path
from confguard.schema.schema import SchemaLike
from confguard.texts import amount

Status: TypeAlias = Literal["changed", "added", "removed", "renamed", "unreadable"]
Progress: TypeAlias = Callable[[int, int], None]
"""Told how many files of how many were compared."""
_SKIPPED = {".git", ".hg", ".svn", "node_modules", "__pycache__"}


@frozen
class Expected:
    """Differences that are meant: settings by pattern (`*.replicas`, `web.toml:db.host`)."""

    paths: tuple[str, ...]

    def matches(self, file: str, path: str) -> bool:
        """Is a difference at this path of this file meant?"""
        return any(fnmatchcase(f"{file}:{path}", p) if ":" in p else fnmatchcase(path, p) for p in self.paths)


@frozen
class FileDiff:
    """What became of one file. `diff` is None where one side cannot be read; `error` says why."""

    file: str
    status: Status
    diff: Diff | None = None
    error: str | None = None
    renamed_from: str | None = None
    expected: int = 0
    """How many differences were left out, since they are meant."""

    @property
    def same(self) -> bool:
        """Did nothing change in meaning?"""
        return self.status in {"changed", "renamed"} and self.diff is not None and self.diff.same

    def to_json(self) -> dict[str, object]:
        """The file as JSON."""
        members: dict[str, object] = {"file": self.file, "status": self.status}
        optional = {"from": self.renamed_from, "error": self.error, "expected": self.expected or None}
        members |= {name: value for name, value in optional.items() if value is not None}
        return members | (self.diff.to_json() if self.diff is not None else {})


@frozen
class Comparison:
    """What became of many files; those that mean the same are left out."""

    files: tuple[FileDiff, ...]
    compared: int

    @property
    def same(self) -> bool:
        """Did nothing change in meaning?"""
        return all(each.same for each in self.files)

    @property
    def unreadable(self) -> tuple[FileDiff, ...]:
        """The files that cannot be compared."""
        return tuple(each for each in self.files if each.diff is None)

    @property
    def summary(self) -> str:
        """How many files and changes.

        >>> Comparison((), 3).summary
        '3 files compared: no change in meaning'
        """
        changed = [each.diff for each in self.files if each.diff is not None and not each.same]
        changes = f"{amount(sum(map(len, changed)), 'change')} in {len(changed)} of them"
        unreadable = f"; {len(self.unreadable)} cannot be read" if self.unreadable else ""
        compared = f"{amount(self.compared, 'file')} compared"
        return f"{compared}: {changes if changed else 'no change in meaning'}{unreadable}"

    def to_json(self) -> dict[str, object]:
        """The comparison as JSON."""
        return {"same": self.same, "summary": self.summary, "files": [each.to_json() for each in self.files]}


def compare_folders(
    before: Path,
    after: Path,
    *,
    schema_of: Callable[[str], SchemaLike] = lambda name: None,
    expected: Iterable[Expected] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Compare the configuration files of two folders, by their names below each. Raises `DocumentError`."""
    old, new = _files_below(before), _files_below(after)
    names = sorted(old.keys() | new.keys())
    pairs = {name: (old.get(name), new.get(name)) for name in names}
    return _compared(pairs, {}, schema_of, tuple(expected), progress)


def compare_revisions(
    base: str,
    head: str,
    *,
    schema_of: Callable[[str], SchemaLike] = lambda name: None,
    expected: Iterable[Expected] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Compare the configuration files that changed between two revisions of git. Raises `DocumentError`."""
    changed = [each for each in git.changed(base, head) if is_configuration(each.path)]
    blobs = git.blobs([blob for each in changed for blob in each.blobs if blob], MAX_BYTES)
    renames = {each.path: each.before for each in changed if each.before and each.before != each.path}

    def side(revision: str, name: str, blob: str | None) -> Side:
        return (f"{revision}:{name}", lambda: blobs[blob]) if blob in blobs else None

    pairs = {
        each.path: (
            side(base, each.before or each.path, each.blobs[0]),
            side(head, each.path, each.blobs[1]),
        )
        for each in changed
    }
    return _compared(pairs, renames, schema_of, tuple(expected), progress)


Side: TypeAlias = "tuple[str, Callable[[], bytes]] | None"
"""What a file is called in messages, and what gives its content; None where it is not there."""


def _compared(
    pairs: Mapping[str, tuple[Side, Side]],
    renames: Mapping[str, str],
    schema_of: Callable[[str], SchemaLike],
    expected: tuple[Expected, ...],
    progress: Progress | None,
) -> Comparison:
    files = []
    for number, (name, (old, new)) in enumerate(pairs.items(), 1):
        compared = _file(name, old, new, renames.get(name), schema_of(name))
        compared = _without_expected(compared, expected) if compared else None
        if compared and not (compared.same and not compared.expected):
            files.append(compared)
        if progress:
            progress(number, len(pairs))
    return Comparison(tuple(files), len(pairs))


def _file(name: str, old: Side, new: Side, was: str | None, schema: SchemaLike) -> FileDiff | None:
    status: Status = "removed" if new is None else "added" if old is None else "renamed" if was else "changed"
    try:
        before, after = (side[1]() if side else None for side in (old, new))
        if before == after:
            return None
        one, two = _parsed(was or name, old, before), _parsed(name, new, after)
        return FileDiff(name, status, diff_of_file(one, two, schema), renamed_from=was)
    except DocumentError as error:
        return FileDiff(name, "unreadable", error=str(error), renamed_from=was)


def _parsed(name: str, side: Side, content: bytes | None) -> Document | None:
    if side is None or content is None:
        return None
    return parse_bytes(content, detect_format(name).name, path=side[0])


def _without_expected(compared: FileDiff, expected: tuple[Expected, ...]) -> FileDiff:
    if compared.diff is None or not expected:
        return compared
    kept = tuple(
        change
        for change in compared.diff
        if not any(each.matches(compared.file, show_path(change.path)) for each in expected)
    )
    return attrs.evolve(
        compared, diff=attrs.evolve(compared.diff, changes=kept), expected=len(compared.diff) - len(kept)
    )


def _files_below(folder: Path) -> dict[str, Side]:
    in_force = folder / "..data"  # where files are switched as one, links lead into it, those of folders too
    switched = _walked(in_force.resolve()) if in_force.is_dir() else {}
    return _walked(folder) | switched


def _walked(folder: Path) -> dict[str, Side]:
    files: dict[str, Side] = {}

    def fail(error: OSError) -> None:
        raise DocumentError(f"cannot be read: {error.strerror}", path=str(error.filename))

    for root, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith(".."))
        for name in names:
            if is_configuration(name):
                file = Path(root, name)
                files[file.relative_to(folder).as_posix()] = str(file), partial(load_bytes, str(file))
    return files
