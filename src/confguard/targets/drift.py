"""Drift: which values in a target differ from the head, and since when."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from confguard.diff.changes import Diff
from confguard.diff.engine import diff
from confguard.documents.document import Document, parse_bytes
from confguard.errors import DocumentError
from confguard.schema.schema import Schema
from confguard.targets.interface import Target

__all__ = ["Drift", "drift_of"]


@frozen
class Drift:
    """A target that does not hold the head's bytes."""

    target: str
    held: bytes | None
    """What it holds; None if nothing."""
    changes: Diff | None
    """From the head to what it holds: empty if only layout or comments differ; None if it holds nothing that parses."""
    since: datetime | None
    """When the target was written last, in UTC: it drifted then, or before."""

    @property
    def what(self) -> str:
        """In a few words: `holds nothing`, `does not parse`, `differs in layout only`, or the number of changes."""
        if self.held is None:
            return "holds nothing"
        if self.changes is None:
            return "does not parse"
        if not self.changes:
            return "differs in layout or comments only"
        count = len(self.changes)
        return f"{count} value{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}"

    def to_json(self) -> dict[str, object]:
        """The drift as JSON: changes are from the head to what the target holds."""
        return {
            "target": self.target,
            "what": self.what,
            "since": self.since.isoformat() if self.since else None,
            "changes": self.changes.to_json()["changes"] if self.changes is not None else None,
        }


def drift_of(target: Target, held: bytes | None, head: Document, schema: Schema[Any] | None) -> Drift:
    """How a target that holds something else differs from the head."""
    try:
        changes = diff(head, parse_bytes(held, head.format, path=None), schema) if held is not None else None
    except DocumentError:
        changes = None
    return Drift(target.name, held, changes, _written_at(target))


def _written_at(target: Target) -> datetime | None:
    """When the newest of a target's files was written; None for what is no file, or not there."""
    written = []
    for path in target.paths:
        with suppress(OSError):
            written.append(path.stat().st_mtime)
    return datetime.fromtimestamp(max(written), UTC) if written else None
