"""Accepted findings: with a reason and an end date, in the project file or as a comment beside the value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from fnmatch import fnmatchcase

import attrs
from attrs import field, frozen

from confguard.documents.document import Document
from confguard.paths import show_path
from confguard.risk.findings import Finding

__all__ = ["Acceptance", "Accepted", "split_accepted"]

EXPIRED = "CG905"
_COMMENT = re.compile(
    r"(?:#|//|;)\s*confguard:\s*accept\s+(?P<codes>CG\d{3}(?:\s*,\s*CG\d{3})*)"
    r"(?:\s+until\s+(?P<until>\d{4}-\d{2}-\d{2}))?\s*:?\s*(?P<reason>.*)"
)


def _coded(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    from confguard.errors import ConfguardError
    from confguard.risk.rules.catalogue import rule_coded

    if value.upper() in {"CG001", "CG002", "CG003"}:
        return
    try:
        rule_coded(value)
    except ConfguardError as error:
        raise ValueError(str(error)) from None


def _dated(_: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None:
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected a date such as '2027-01-31', got {value!r}") from None


@frozen
class Acceptance:
    """One finding that is accepted: by code, at settings that match `path`, in files that match `file`."""

    code: str = field(validator=_coded)
    reason: str = field(validator=attrs.validators.min_len(1))
    path: str = "*"
    file: str = "*"
    until: str | None = field(default=None, validator=_dated)
    """The last day on which it holds; for ever, where there is none."""

    def covers(self, finding: Finding) -> bool:
        """Is this finding meant?"""
        return (
            finding.code == self.code.upper()
            and fnmatchcase(show_path(finding.path), self.path)
            and fnmatchcase(finding.file or "", self.file)
        )

    def expired(self, today: date) -> bool:
        """Is its last day over?"""
        return self.until is not None and date.fromisoformat(self.until) < today


@frozen
class Accepted:
    """A finding that was accepted, and why."""

    finding: Finding
    reason: str
    until: str | None = None

    def __str__(self) -> str:
        until = f" until {self.until}" if self.until else ""
        return f"{self.finding} (accepted{until}: {self.reason})"


def split_accepted(
    findings: Iterable[Finding],
    acceptances: Sequence[Acceptance],
    document: Document | None,
    today: date,
) -> tuple[list[Finding], list[Accepted]]:
    """The findings that count, and those that are accepted. One whose acceptance has ended counts, and says so."""
    counted, accepted = [], []
    for finding in findings:
        known = [each for each in (*acceptances, *_beside(finding, document)) if each.covers(finding)]
        valid = next((each for each in known if not each.expired(today)), None)
        if valid:
            accepted.append(Accepted(finding, valid.reason, valid.until))
            continue
        counted.append(finding)
        if known:
            message = f"{finding.code} was accepted until {known[0].until}: {known[0].reason}"
            advice = "Mend what it says, or accept it anew with a reason that still holds."
            where = (finding.file, finding.line, finding.column)
            counted.append(Finding(EXPIRED, "high", finding.path, message, advice, *where))
    return counted, accepted


def _beside(finding: Finding, document: Document | None) -> Iterable[Acceptance]:
    """What a comment on the finding's line, or alone on the line above, accepts."""
    found = document.locate(finding.path, nearest=True) if document else None
    if document is None or found is None or found.line != finding.line:
        return  # it is about what is gone: its line is one of the document before
    lines = document.lines
    above = lines[finding.line - 2].strip() if finding.line > 1 else ""
    for text in (lines[finding.line - 1], above if above.startswith(("#", "//", ";")) else ""):
        said = _COMMENT.search(text)
        if said and said["reason"].strip():
            for code in said["codes"].split(","):
                try:
                    yield Acceptance(code.strip(), said["reason"].strip(), until=said["until"])
                except ValueError:
                    continue  # an unknown code or no date: it accepts nothing
