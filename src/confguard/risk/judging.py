"""Judging one file that changed: parsed, held against its schema, compared, scored and decided.

The hook, CI and the command line all judge by this, so that they never differ on the same change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve, field, frozen

from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff
from confguard.documents.document import Document
from confguard.documents.parsing import parse_bytes
from confguard.documents.registry import detect_format
from confguard.errors import DocumentError, ValidationError
from confguard.fields import ImpactLevel
from confguard.risk.circumstances import Circumstances
from confguard.risk.findings import Finding, Risk
from confguard.risk.likelihood import Model
from confguard.risk.model import assess
from confguard.risk.policy import Decision, Policy
from confguard.risk.rules.interface import Rule
from confguard.schema.schema import Schema

__all__ = ["Judged", "Side", "Terms", "judge"]

_TEMPLATE = re.compile(rb"\{\{-?\s|\{%-?\s")
"""What Helm and Jinja templates hold: not configuration until it is rendered."""


@frozen(kw_only=True)
class Terms:
    """By what a file is judged."""

    schema: Schema[Any] | None = None
    policy: Policy = field(factory=Policy)
    impact: ImpactLevel | None = None
    rules: Sequence[Rule] = ()
    """Rules beside those of the catalogue."""
    model: Model | None = None
    """The coefficients of the likelihood, where they are a project's own."""
    format: str | None = None
    """The format, where a file's name does not tell it."""
    unwatched: bool = False
    """Is it known that no schema, probe or monitor looks at the config?"""

    def assess(self, diff: Diff, circumstances: Circumstances) -> Risk:
        """The risk of a change by these terms."""
        return assess(
            diff,
            self.schema,
            policy=self.policy,
            impact=self.impact,
            rules=self.rules,
            model=self.model,
            circumstances=evolve(circumstances, unwatched=self.unwatched),
        )


@frozen
class Side:
    """One side of a change: its bytes (None: not there), what it is called, and its format where that is known."""

    content: bytes | None = field(repr=False)
    name: str
    format: str | None = None


@frozen
class Judged:
    """What is said of one file: its risk and decision, or why it could not be judged."""

    file: str
    decision: Decision
    risk: Risk | None = None
    errors: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What rules said; an error counts as one."""
        made = tuple(
            Finding("CG001", "critical", (), error, "Mend the file.", self.file) for error in self.errors
        )
        return made + (self.risk.findings if self.risk else ())

    def to_json(self) -> dict[str, object]:
        """The file as JSON."""
        risk = self.risk or Risk(100 if self.errors else 0)
        return {"file": self.file, "errors": list(self.errors), **risk.to_json(self.decision)}


def judge(
    file: str,
    before: Side,
    after: Side,
    terms: Terms,
    circumstances_of: Callable[[Diff], Circumstances] = lambda _: Circumstances(),
    *,
    templates: bool = False,
) -> Judged | None:
    """What is said of a file that changed; None where nothing did, or (with `templates`) where it is one.

    `circumstances_of` is asked when it is known what changes.
    """
    if before.content == after.content:
        return None
    try:
        document = _parsed(after, terms.format)
    except DocumentError as error:
        if templates and after.content and _TEMPLATE.search(after.content):
            return None  # what it renders to is judged where it is rendered
        return Judged(file, Decision.BLOCK, errors=(str(error),))
    if problems := _problems(terms.schema, document):
        return Judged(file, Decision.BLOCK, errors=problems)
    old = _before(before, terms.format)
    empty: Any = [] if any(isinstance(side.data, list) for side in (old, document) if side) else {}
    made = diff(old or empty, document or empty, terms.schema)
    risk = terms.assess(made, circumstances_of(made))
    return Judged(file, terms.policy.decide(risk, made), risk)


def _parsed(side: Side, format: str | None) -> Document | None:
    if side.content is None:
        return None
    known = side.format or format or detect_format(side.name).name
    return parse_bytes(side.content, known, path=side.name)


def _before(side: Side, format: str | None) -> Document | None:
    """The document before; None where there was none that parses: then the change mends it."""
    try:
        return _parsed(side, format)
    except DocumentError:
        return None


def _problems(schema: Schema[Any] | None, document: Document | None) -> tuple[str, ...]:
    if schema is None or document is None:
        return ()
    try:
        schema.validate_document(document)
    except ValidationError as error:
        return tuple(map(str, error.problems))
    return ()
