"""The plan: a change that was validated, diffed and scored, and not yet written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from confguard.diff.changes import Diff
from confguard.documents.document import Document, read
from confguard.documents.writing import write
from confguard.errors import PolicyError
from confguard.fields import Owner
from confguard.risk.findings import Risk
from confguard.risk.policy import Decision
from confguard.schema.schema import Schema
from confguard.schema.shape import ANYTHING

__all__ = ["Plan", "Source", "as_document", "owners_of"]

Source: TypeAlias = "str | os.PathLike[str] | Document | Mapping[str, Any]"


@frozen
class Plan:
    """A change that was validated, diffed and scored against one known head, and not yet written."""

    config: str
    document: Document
    base: int
    """The number of the head it was made on; 0 if there was none."""
    diff: Diff
    risk: Risk
    decision: Decision
    author: str
    reason: str

    owners: tuple[str, ...] = ()
    """Who is to be asked, by the schema's `Owner` marks on what changes."""
    ticket: str | None = None
    """Where the change was asked for or discussed."""
    labels: tuple[str, ...] = ()
    """Names for the revision: `stable`, `2026-11`."""

    def to_json(self) -> dict[str, object]:
        """The plan as JSON: who, why and what, with the risk as `confguard assess` prints it."""
        return {
            "config": self.config,
            "base": self.base,
            "author": self.author,
            "reason": self.reason,
            "owners": list(self.owners),
            "diff": self.diff.to_json(),
            **self.risk.to_json(self.decision),
        }

    def check(self, override: str | None, block: int) -> None:
        """Raise `PolicyError` if the policy blocks it, and nobody says why it is applied all the same."""
        if self.decision is Decision.BLOCK and not override:
            raise PolicyError(
                f"'{self.config}': the policy blocks this change: risk {self.risk.score} ({self.risk.level}),"
                f" and {block} blocks",
                hint="split it, or apply it with an override that says why",
            )


def as_document(source: Source, format: str | None, own_format: Callable[[], str]) -> Document:
    """The document in a file, a document, or a mapping written in the config's own format. Raises `DocumentError`."""
    if isinstance(source, Document):
        return source
    if isinstance(source, Mapping):
        return write(dict(source), own_format())
    return read(source, format)


def owners_of(made: Diff, schema: Schema[Any] | None) -> tuple[str, ...]:
    """Who is to be asked, by the schema's `Owner` marks on what changes, and on what it stands in."""
    shape = schema.shape if schema else ANYTHING
    marks = (
        shape.at(change.path[:length]).mark(Owner)
        for change in made
        for length in range(len(change.path) + 1)
    )
    return tuple(dict.fromkeys(mark.team for mark in marks if mark))
