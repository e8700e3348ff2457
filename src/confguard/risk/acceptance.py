"""Accepted findings: with a reason and an end date, in the project file or as a comment beside the value."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from fnmatch import fnmatchcase

import attrs
from attrs import field, frozen

from confguard.documents.document import Document
from confguard.errors import did_you_mean
from confguard.paths import Path, show_path
from confguard.risk.findings import Finding
from confguard.risk.rules.edits import leaves

EXPIRED = "CG905"
VOID = "CG906"
_MARK = re.compile(r"(?:#|//|;)\s*confguard:\s*accept\b")
_CODES = re.compile(
    _MARK.pattern + r"\s+(?P<codes>[A-Z][A-Z0-9-]{1,15}(?:\s*,\s*[A-Z][A-Z0-9-]{1,15})*)(?![\w-])"
)
_COMMENT = re.compile(_CODES.pattern + r"(?:\s+until\b[\s:]*(?P<until>[^\s:]*))?\s*:\s*(?P<reason>.*)")


def as_date(value: str | date) -> date:
    """A day, as a text or as TOML has it. Raises `ValueError`."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"expected a date such as '2027-01-31', got {value!r}") from None


@frozen
class Acceptance:
    """One finding that is accepted: by code, at settings that match `path`, in files that match `file`."""

    code: str
    reason: str = field(validator=attrs.validators.min_len(1))
    path: str = "*"
    file: str = "*"
    until: date | None = field(default=None, converter=attrs.converters.optional(as_date))
    """The last day on which it holds; for ever, where there is none."""

    def covers(self, finding: Finding, setting: str, file: str) -> bool:
        """Is this finding, at a setting of a file, meant?"""
        return (
            finding.code == self.code.upper()
            and fnmatchcase(setting, self.path)
            and fnmatchcase(os.path.normpath(file), os.path.normpath(self.file))
        )

    def expired(self, today: date) -> bool:
        """Is its last day over?"""
        return self.until is not None and self.until < today


@frozen
class Accepted:
    """A finding that was accepted, and why."""

    finding: Finding
    reason: str
    until: date | None = None

    def __str__(self) -> str:
        until = f" until {self.until}" if self.until else ""
        return f"{self.finding} (accepted{until}: {self.reason})"


def split_accepted(
    findings: Iterable[Finding],
    acceptances: Sequence[Acceptance],
    document: Document | None,
    today: date,
    setting: Callable[[Path], str] = show_path,
    naming: Callable[[str], str] = str,
    place_after: Callable[[Path], Path | None] = lambda path: path,
) -> tuple[list[Finding], list[Accepted]]:
    """The findings that count, and those that are accepted. One whose acceptance has ended counts, and says so.

    Acceptances name a path by `setting`, and a file by `naming`. A path stands in the document at `place_after`; None:
    it is gone.
    """
    counted, accepted = [], []
    for finding in findings:
        at, file = setting(finding.path), naming(finding.file or "")
        known = [
            each
            for each in (*acceptances, *_beside(finding, document, place_after(finding.path)))
            if each.covers(finding, at, file)
        ]
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


def void_comments(document: Document, codes: Collection[str]) -> list[Finding]:
    """What is wrong with comments that mean to accept something and accept nothing."""
    if "confguard:" not in document.text:
        return []
    findings, written = [], _in_values(document)
    for number, text in enumerate(document.lines, 1):
        mark = _mark(text, written)
        wrong = _wrong(text, codes) if mark else None
        if mark and wrong:
            place = (document.path, number, mark.start() + 1)
            findings.append(Finding(VOID, "low", (), f"this comment accepts nothing: {wrong}", _FORM, *place))
    return findings


_FORM = "The form is `confguard: accept CODE, CODE until YYYY-MM-DD: REASON`; the date may be left out."


def _wrong(text: str, codes: Collection[str]) -> str | None:
    comment = _COMMENT.search(text)
    if comment is None:
        named = _CODES.search(text)
        return "no reason is given behind a colon" if named else "no code is named"
    for code in comment["codes"].split(","):
        if code.strip() not in codes:
            return f"no rule '{code.strip()}'{did_you_mean(code.strip(), codes)}"
    if not comment["reason"].strip():
        return "no reason is given"
    try:
        Acceptance("", comment["reason"], until=comment["until"])
    except ValueError as error:
        return str(error)
    return None


def _beside(finding: Finding, document: Document | None, path: Path | None) -> Iterable[Acceptance]:
    """What a comment on the finding's line, or alone on the line above, accepts. One that is faulty: nothing."""
    if document is None or path is None or finding.line is None:
        return  # it is about what is gone: its line is one of the document before
    part = document.part_at(path)[0]
    lines, written = part.lines, _in_values(part)
    above = lines[finding.line - 2].strip() if finding.line > 1 else ""
    for text in (lines[finding.line - 1], above if above.startswith(("#", "//", ";")) else ""):
        comment = _COMMENT.search(text) if _mark(text, written) else None
        if comment and comment["reason"].strip():
            try:
                for code in comment["codes"].split(","):
                    yield Acceptance(code.strip(), comment["reason"].strip(), until=comment["until"])
            except ValueError:
                continue  # `void_comments` tells of it


def _mark(line: str, written: str) -> re.Match[str] | None:
    """Where a line's comment means to accept something; what stands in a value or a key is no comment."""
    mark = _MARK.search(line)
    return None if mark is None or _spaced(line[mark.start() :])[:_COMPARED] in written else mark


def _in_values(document: Document) -> str:
    """All texts of a document's data in which the words of an acceptance stand."""
    if "confguard:" not in document.text:
        return ""
    texts = (text for path, value in leaves(document.data, ()) for text in (value, *path))
    return "\n".join(_spaced(text) for text in texts if isinstance(text, str) and "confguard:" in text)


def _spaced(text: str) -> str:
    return " ".join(text.split())


_COMPARED = len("# confguard: accept CG000")
"""How much of a comment is looked for in values: its beginning, in which nothing needs an escape."""
