"""Judging one file that changed: parsed, held against its schema, compared, scored and decided.

The hook, CI and the command line all judge by this, so that they never differ on the same change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, reduce
from typing import Any

from attrs import evolve, field, frozen

from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff_of_file
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.documents.reading import conflict_line, names_around
from confguard.documents.registry import detect_format
from confguard.errors import DocumentError, Problem, ValidationError
from confguard.fields import ImpactLevel
from confguard.risk.circumstances import Circumstances
from confguard.risk.findings import Finding, Risk
from confguard.risk.likelihood import Model
from confguard.risk.model import assess
from confguard.risk.policy import Decision, Policy
from confguard.risk.rules.interface import Rule
from confguard.schema.schema import Schema
from confguard.texts import amount

_TEMPLATE = re.compile(rb"\{\{|\{%")
"""What Go's and Jinja's templates hold: of a text that does not parse, no configuration until it is rendered."""


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
    naming: Callable[[str], str] = str
    """What policy and rules call the file of a path."""

    def blocks_from(self, diff: Diff) -> int:
        """The score from which on the policy blocks a change."""
        return self.policy.thresholds(self._named(diff))[1]

    def judge(self, diff: Diff, circumstances: Circumstances) -> tuple[Risk, Decision]:
        """The risk of a change by these terms, and what the policy says of it."""
        diff = self._named(diff)
        risk = assess(
            diff,
            self.schema,
            policy=self.policy,
            impact=self.impact,
            rules=self.rules,
            model=self.model,
            circumstances=evolve(circumstances, unwatched=self.unwatched),
        )
        return risk, self.policy.decide(risk, diff)

    def _named(self, diff: Diff) -> Diff:
        """The diff with its files by these names. Each is looked up once: thousands of settings stand in one file."""
        return evolve(diff, naming=cache(self.naming))


@frozen
class Side:
    """One side of a change: its bytes (None: not there), what it is called, and its format where that is known."""

    content: bytes | None = field(repr=False)
    name: str
    format: str | None = None

    def document(self, format: str | None = None, tags: Iterable[str] = ()) -> Document | None:
        """What it says; None where it is not there. Raises `DocumentError`."""
        if self.content is None:
            return None
        known = self.format or format or detect_format(self.name).name
        return parse_bytes(self.content, known, path=self.name, tags=tags)


@frozen
class LeftOut:
    """A file that was not judged, and why."""

    file: str
    why: str


@frozen
class Judged:
    """What is said of one file: its risk and decision, or why it could not be judged."""

    file: str
    decision: Decision
    risk: Risk | None = None
    faults: tuple[Finding, ...] = ()
    """What is wrong with the file as such: it does not parse, does not fit its schema, or cannot be looked at."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the file, and what rules said of the change."""
        return self.faults + (self.risk.findings if self.risk else ())

    @property
    def is_unfit(self) -> bool:
        """Does it not parse, or not fit? Nobody can answer for that."""
        return self.risk is None and self.decision is Decision.BLOCK

    def with_more(self, other: Judged) -> Judged:
        """With what else is said of the same file: the stricter decision, all findings, and the graver risk if any."""
        decision = max(self.decision, other.decision, key=list(Decision).index)
        risks = sorted((each for each in (self.risk, other.risk) if each), key=lambda risk: -risk.score)
        faults = tuple(dict.fromkeys(self.faults + other.faults))
        findings = tuple(dict.fromkeys(each for risk in risks for each in risk.findings))
        if not risks or self.is_unfit or other.is_unfit:
            return Judged(self.file, decision, faults=faults + findings)
        return Judged(self.file, decision, evolve(risks[0], findings=findings), faults)

    def to_json(self) -> dict[str, object]:
        """The file as JSON."""
        risk = self.risk or Risk(100 if self.faults else 0)
        members = risk.to_json(self.decision) | {"findings": [each.to_json() for each in self.findings]}
        return {"file": self.file, "errors": [str(each) for each in self.faults], **members}


@frozen
class Verdicts:
    """What is said of all files of a change: those that were judged, and those that were not."""

    files: tuple[Judged, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    seen: int = 0
    """How many files there were to look at; those of a config that has several are judged as one."""

    @property
    def counts(self) -> dict[str, int]:
        """How many files there were to look at, how many of them were judged, and how many were not."""
        return {"seen": self.seen, "judged": self.seen - len(self.left_out), "left_out": len(self.left_out)}

    def __str__(self) -> str:
        counts = self.counts
        return f"{amount(self.seen, 'file')} seen, {counts['judged']} judged, {counts['left_out']} left out"


def of_configs(judged: Mapping[str, Judged]) -> Judged:
    """What is said of one file for several configs, by their names, as one."""
    named = naming_configs({name: each.findings for name, each in judged.items()})

    def with_names(each: Judged) -> Judged:
        risk = each.risk and evolve(each.risk, findings=tuple(named[of] for of in each.risk.findings))
        return evolve(each, risk=risk, faults=tuple(named[of] for of in each.faults))

    return reduce(Judged.with_more, map(with_names, judged.values()))


def naming_configs(found: Mapping[str, Iterable[Finding]]) -> dict[Finding, Finding]:
    """What is found in one file for several configs; what is not found for all of them says for which."""
    names: dict[Finding, list[str]] = {}
    for name, findings in found.items():
        for each in dict.fromkeys(findings):
            names.setdefault(each, []).append(f"'{name}'")
    return {
        each: each if len(of) == len(found) else evolve(each, message=f"{each.message} (for {', '.join(of)})")
        for each, of in names.items()
    }


def judge(
    file: str,
    before: Side,
    after: Side,
    terms: Terms,
    circumstances_of: Callable[[Diff], Circumstances] = lambda _: Circumstances(),
    *,
    named: bool = True,
) -> Judged | LeftOut:
    """What is said of a file that changed.

    One that nobody `named` as a config is left out where it does not parse and did not before, or is a template.
    `circumstances_of` is asked when it is known what changes.
    """
    if before.content == after.content:
        return LeftOut(file, "its content is the same")
    try:
        document = after.document(terms.format)
    except DocumentError as error:
        named = named or conflict_line(after.content or b"") is not None  # then nobody meant it to be so
        return _unreadable(file, before, after, error, terms, named=named)
    if problems := schema_findings(terms.schema, document):
        return Judged(file, Decision.BLOCK, faults=problems)
    old = _before(before, terms.format)
    change = diff_of_file(old, document, terms.schema)
    circumstances = evolve(circumstances_of(change), removed=after.content is None)
    risk, decision = terms.judge(change, circumstances)
    risk = evolve(risk, findings=tuple(evolve(each, file=each.file or file) for each in risk.findings))
    return Judged(file, decision, risk)


def parse_finding(error: DocumentError, file: str, content: bytes | None = None) -> Finding:
    """What is wrong with a file that does not parse; of layers, with that one. Of `content`, with its place by name."""
    advice = error.hint or "Mend the file: nothing can be said of it as it is."
    near = names_around(content.decode(errors="replace"), error.line) if content and error.line else None
    where = (error.path or file, error.line, error.column)
    return Finding("CG001", "critical", (), error.message, advice, *where, near=near)


def schema_findings(schema: Schema[Any] | None, document: Document | None) -> tuple[Finding, ...]:
    """What of a document does not fit its schema, each at its place."""
    if schema is None or document is None:
        return ()
    try:
        schema.validate_document(document)
    except ValidationError as error:
        return tuple(
            Finding("CG002", "high", each.path, each.message, advice_on(each), *each[2:6], each.under)
            for problem in error.problems
            for each in (problem, *problem.related)
        )
    return ()


def not_judged(file: str, why: str, advice: str, decision: Decision = Decision.REVIEW) -> Judged:
    """A file that is to be judged and cannot be: a person has to look at it."""
    return Judged(file, decision, faults=(Finding("CG004", "high", (), why, advice, file),))


def advice_on(problem: Problem) -> str:
    """What to do about a value that does not fit its schema."""
    if problem.message.startswith("unknown key"):
        return "Mend the name, or add it to the schema."
    if problem.message.endswith("but missing"):
        return "Write it, or make it optional in the schema."
    return "Mend the value, or the schema if the value is right."


def _unreadable(
    file: str, before: Side, after: Side, error: DocumentError, terms: Terms, *, named: bool
) -> Judged | LeftOut:
    """A file that does not parse: what parsed before never passes."""
    parsed_before = before.content is not None and _before(before, terms.format) is not None
    if not named and not parsed_before:
        if after.content and _TEMPLATE.search(after.content):
            return LeftOut(file, "a template: what it renders to is judged where it is rendered")
        if before.content is not None:
            return LeftOut(file, f"it does not parse, and did not before: {error}")
        if after.name.endswith(_OF_MANY_SYNTAXES):
            return LeftOut(file, f"it is of no format that is known: {error}")
    return Judged(file, Decision.BLOCK, faults=(parse_finding(error, after.name, after.content),))


def _before(side: Side, format: str | None) -> Document | None:
    """The document before; None where there was none that parses: then the change mends it."""
    try:
        return side.document(format)
    except DocumentError:
        return None


_OF_MANY_SYNTAXES = (".conf", ".cfg", ".cnf")
"""Names that nginx, Redis and a hundred others give to files of their own syntax: not of INI alone."""
