"""Drift: which values in a target differ from the head, and since when."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff
from confguard.documents.bundle import BUNDLE, parse_bytes
from confguard.errors import ConfguardError, DocumentError
from confguard.schema.schema import Schema
from confguard.stores.interface import Revision
from confguard.targets.files import FileTarget
from confguard.targets.filesets import FileSet
from confguard.targets.interface import Target
from confguard.targets.separate import SeparateFiles
from confguard.texts import amount


@frozen
class Drift:
    """A target that does not hold the head's bytes, or not as it is to hold them."""

    target: str
    held: bytes | None = field(repr=False)
    """What it holds; None if nothing, or if it cannot be read."""
    changes: Diff | None
    """From the head to what it holds: empty if only layout or comments differ; None where that cannot be told."""
    since: datetime | None
    """When the target was written last, in UTC: it drifted then, or before."""
    problems: tuple[str, ...] = ()
    """What else is wrong: it cannot be read, does not parse, does not fit the schema, has another mode."""
    missing: tuple[str, ...] = ()
    """Which of the config's files are not there, where it has several."""
    unwritten: bool = False
    """Did nobody edit it, and the head is only not written to it yet, as after an apply that was cut off?"""

    @property
    def what(self) -> str:
        """In a few words: `is missing`, `does not parse: ...`, `2 values differ`."""
        if self.unwritten:
            return "the head is not written to it yet"
        if self.held is None:
            return "; ".join(self.problems) or "is missing"
        told = (
            [f"{', '.join(self.missing)} {_verb('is', 'are', self.missing)} missing"] if self.missing else []
        )
        if self.changes:
            told.append(f"{amount(len(self.changes), 'value')} {_verb('differs', 'differ', self.changes)}")
        elif self.changes is not None and not self.missing:
            told.append("differs in layout or comments only")
        return "; ".join([*told, *self.problems]) or "differs"

    @property
    def unreadable(self) -> bool:
        """Is there something that cannot be read?"""
        return self.held is None and bool(self.problems)

    def to_json(self) -> dict[str, object]:
        """The drift as JSON: changes are from the head to what the target holds."""
        return {
            "target": self.target,
            "what": self.what,
            "since": self.since.isoformat() if self.since else None,
            "changes": self.changes.to_json()["changes"] if self.changes is not None else None,
            "problems": list(self.problems),
            "missing": list(self.missing),
            "unwritten": self.unwritten,
        }


def drift_of(
    target: Target,
    held: bytes | None,
    head: Revision,
    schema: Schema[Any] | None,
    unreadable: str | None = None,
) -> Drift:
    """How a target that holds something else differs from the head."""
    since, faults = _written_at(target), target.faults()
    if held is None:
        problem = unreadable.removeprefix(f"target {target.name}: ") if unreadable else None
        return Drift(target.name, None, None, since, (problem,) if problem else ())
    if held == head.content:
        return Drift(target.name, held, None, since, faults)
    several = isinstance(target, FileSet | SeparateFiles)
    if several != (head.format == BUNDLE) and (several or isinstance(target, FileTarget)):
        problem = (
            "holds several files, and the head is one" if several else "is one file, and the head has several"
        )
        return Drift(target.name, held, None, since, (problem, *faults))
    changes, problems, missing = None, [], list[str]()
    try:
        document = parse_bytes(held, head.format, path=None)
    except DocumentError as error:
        problems.append(f"does not parse: {error if error.path else error.message}")
    else:
        try:
            if schema is not None:
                schema.validate_document(document)
        except ConfguardError as error:
            problems.append(f"does not fit the schema: {error}")
        try:
            missing = [name for name in head.document.files if name not in document.files]
            changes = diff(head.document, document, schema)
        except DocumentError:
            problems.insert(0, "differs from the head, which does not parse")
    return Drift(target.name, held, changes, since, (*problems, *faults), tuple(missing))


def _verb(one: str, several: str, things: Sized) -> str:
    return one if len(things) == 1 else several


def _written_at(target: Target) -> datetime | None:
    """When the newest of a target's files was written; None for what is not a file, or not there."""
    written = []
    for path in target.paths:
        with suppress(OSError):
            written.append(path.stat().st_mtime)
    return datetime.fromtimestamp(max(written), UTC) if written else None
