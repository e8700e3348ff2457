"""Tests in the context of a configuration: what they read is noted, and a candidate can stand in for a file.

A settings object that is loaded while tests run becomes an instance of a subclass of its class that notes each
field that is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast
from unittest.mock import patch

import attrs

from confguard.diffs.engine import diff
from confguard.documents import document as documents
from confguard.documents.bounds import MAX_BYTES
from confguard.paths import show_path
from confguard.schema import loading
from confguard.schema.interface import Failed, Untyped
from confguard.schema.schema import Schema
from confguard.texts import amount


class Record(NamedTuple):
    """What was noted: which files were read, and which settings by which test."""

    file: Path
    files: list[str]
    tests: dict[str, list[str]]

    @classmethod
    def load(cls, file: Path) -> Record:
        """The record in a file; an empty one where there is none."""
        try:
            loaded = json.loads(file.read_text())
            return cls(file, loaded["files"], loaded["tests"])
        except (OSError, ValueError, KeyError, TypeError):
            return cls(file, [], {})


class Session:
    """What tests read, and by which configuration they run."""

    def __init__(self, record: Record, candidate: tuple[Path, Path] | None) -> None:
        self._record = record
        self._candidate = candidate
        self._known = record.tests
        self._files: set[str] = set()
        self._reads: dict[str, set[str]] = {}
        self._changed = _changed_paths(*candidate) if candidate else frozenset()
        self._test: str | None = None
        self._patches = ExitStack()

    def wants(self, test: str) -> bool:
        """Is this test to be run: does it read what changes, or is nothing known of it?"""
        if self._candidate is None or test not in self._known:
            return True
        return any(_touches(read, path) for read in self._known[test] for path in self._changed)

    def about(self) -> str:
        """What is going on, for the head of the report."""
        if self._candidate is None:
            return f"confguard: noting what tests read in {self._record.file.name}"
        known = "" if self._known else "; nothing was recorded, so all tests run"
        stands = f"{self._candidate[1].name} stands in for {self._candidate[0].name}"
        return f"confguard: {stands} and changes {amount(len(self._changed), 'setting')}{known}"

    def install(self) -> None:
        """Note what is read, and put the candidate in place."""
        load, load_bytes = Schema.instance, documents.load_bytes

        def noting(schema: Schema[Any], data: Any, untyped: Untyped, failed: Failed | None = None) -> Any:
            return self._watched(load(schema, data, untyped, failed), ())

        def standing_in(path: str, limit: int = MAX_BYTES) -> bytes:
            return load_bytes(self._stand_in(path), limit)

        for place, name, stand_in in (
            (Schema, "instance", noting),
            (documents, "load_bytes", standing_in),
            (loading, "_reading", lambda model: None),  # all go the way that is watched
        ):
            self._patches.enter_context(patch.object(place, name, stand_in))

    def uninstall(self) -> None:
        self._patches.close()

    @contextmanager
    def reading(self, test: str) -> Iterator[None]:
        """What is read in this block, this test reads."""
        self._test = test
        self._reads.setdefault(test, set())
        try:
            yield
        finally:
            self._test = None

    def save(self) -> None:
        """Write down what tests read. What is known of tests that did not run stays."""
        known = self._known | {test: sorted(reads) for test, reads in self._reads.items()}
        if self._candidate is None:
            files = sorted(self._files.union(self._record.files))
            text = json.dumps({"files": files, "tests": known}, indent=1, sort_keys=True)
            self._record.file.write_text(text + "\n")

    def note(self, path: tuple[str, ...]) -> None:
        if self._test is not None:
            self._reads[self._test].add(show_path(path))

    def _stand_in(self, path: str) -> str:
        self._files.add(os.path.relpath(path, self._record.file.parent))
        if self._candidate and Path(os.path.realpath(path)) == self._candidate[0]:
            return str(self._candidate[1])
        return path

    def _watched(self, settings: Any, path: tuple[str, ...]) -> Any:
        """The settings, noting what is read; tables inside too."""
        names = _fields(type(settings))
        if not names:
            return settings
        for name in names:
            self._watched(getattr(settings, name), (*path, name))
        _WATCHING[id(settings)] = (self, path, settings)
        object.__setattr__(settings, "__class__", _watching_class(cast(Any, type(settings))))
        return settings


_WATCHING: dict[int, tuple[Session, tuple[str, ...], Any]] = {}


@cache
def _watching_class(kind: Any) -> type:
    """A subclass that notes which fields are read, with the same layout as its base."""
    names = frozenset(_fields(kind))
    base: Any = kind.__getattribute__

    def __getattribute__(self: Any, name: str) -> Any:  # noqa: N807
        if name in names:
            record = _WATCHING.get(id(self))
            if record and record[2] is self:
                record[0].note((*record[1], name))
        return base(self, name)

    watching: type = type(kind)(
        kind.__name__, (kind,), {"__slots__": (), "__getattribute__": __getattribute__}
    )
    return watching


def _fields(kind: type) -> tuple[str, ...]:
    if attrs.has(kind):
        return tuple(item.name for item in attrs.fields(kind))
    named = getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", None)
    return tuple(named) if isinstance(named, dict) else ()


def _changed_paths(file: Path, candidate: Path) -> frozenset[str]:
    difference = diff(documents.read(str(file)), documents.read(str(candidate)))
    return frozenset(
        show_path(tuple(step for step in change.path if isinstance(step, str))) for change in difference
    )


def _touches(read: str, changed: str) -> bool:
    """Is one of two paths the other, or inside of it?"""
    return read == changed or read.startswith(f"{changed}.") or changed.startswith(f"{read}.")
