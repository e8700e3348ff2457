"""Findings of many files in the forms that CI systems read: SARIF, GitHub, GitLab, JUnit, Markdown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from confguard.diffs.pages import code_cell
from confguard.errors import harmless
from confguard.paths import show_path
from confguard.risk.findings import Finding, Severity
from confguard.risk.judging import Verdicts
from confguard.risk.policy import Decision
from confguard.risk.rules.catalogue import OF_FILES, all_rules
from confguard.texts import indented

_SHOWN = 10
"""How many files that were left out for the same reason are named."""


def to_json(verdicts: Verdicts) -> str:
    """The files, each as `assess` has it, those that were left out, and the counts."""
    report = {
        "files": [each.to_json() for each in verdicts.files],
        "left_out": [{"file": each.file, "why": each.why} for each in verdicts.left_out],
        "counts": verdicts.counts,
    }
    return json.dumps(report, indent=2, ensure_ascii=not _is_text(verdicts))


def _is_text(verdicts: Verdicts) -> bool:
    """Are all names of files text? Others are written as git has them, with escapes."""
    names = "".join([*(each.file for each in verdicts.files), *(each.file for each in verdicts.left_out)])
    return names == names.encode(errors="replace").decode()


_LEVELS: dict[Severity, tuple[str, str, str]] = {
    "info": ("note", "notice", "info"),
    "low": ("note", "notice", "minor"),
    "medium": ("warning", "warning", "major"),
    "high": ("error", "error", "critical"),
    "critical": ("error", "error", "blocker"),
}
"""What SARIF, GitHub and GitLab call how grave a finding is."""


def to_sarif(verdicts: Verdicts) -> str:
    """SARIF 2.1.0 (OASIS), as code scanning services read it."""
    from importlib.metadata import version

    findings = [(each, finding) for each in verdicts.files for finding in each.findings]
    used = {finding.code: _sarif_rule(finding) for _, finding in findings}
    places = {code: index for index, code in enumerate(used)}
    driver = {
        "name": "confguard",
        "version": version("confguard-safety"),
        "informationUri": "https://github.com/confguard/confguard",
        "rules": list(used.values()),
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each.file, finding, places[finding.code]) for each, finding in findings],
        "properties": verdicts.counts,
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _sarif_rule(finding: Finding) -> dict[str, object]:
    """The rule of a finding; where none of the catalogue found it, what is known of its code, or it says itself."""
    rule = next((each for each in all_rules() if each.code == finding.code), None)
    severity, title = OF_FILES.get(finding.code, (finding.severity, finding.code))
    return {
        "id": finding.code,
        "shortDescription": {"text": rule.title if rule else title},
        "fullDescription": {"text": rule.reason if rule else title},
        "help": {"text": rule.advice if rule else finding.advice or title},
        "defaultConfiguration": {"level": _LEVELS[rule.severity if rule else severity][0]},
    }


def _sarif_result(file: str, finding: Finding, rule: int) -> dict[str, object]:
    region = {"startLine": finding.line or 1} | ({"startColumn": finding.column} if finding.column else {})
    place = {"artifactLocation": {"uri": _uri(finding.file or file)}, "region": region}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity][0],
        "message": {"text": _sentences(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"confguard/v1": finding.fingerprint},
    }


def _uri(file: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(file), safe="/")


def _sentences(finding: Finding) -> str:
    return f"{show_path(finding.path)}: {finding.message}. {finding.advice}"


def to_github(verdicts: Verdicts) -> str:
    """GitHub's workflow commands: annotations beside the lines of a pull request."""

    def plain(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def part(text: str) -> str:
        return plain(text).replace(":", "%3A").replace(",", "%2C")

    def name(file: str) -> str:
        return part(file.encode(errors="surrogateescape").decode(errors="backslashreplace"))

    lines = []
    for each in verdicts.files:
        for finding in each.findings:
            where = f"file={name(finding.file or each.file)},line={finding.line or 1}"
            column = f",col={finding.column}" if finding.column else ""
            level = _LEVELS[finding.severity][1]
            title = part(harmless(f"{finding.code} {finding.severity}"))
            lines.append(f"::{level} {where}{column},title={title}::{plain(harmless(_sentences(finding)))}")
    return "\n".join([*lines, f"::notice title=confguard::{plain(_left_out(verdicts))}"])


def to_gitlab(verdicts: Verdicts) -> str:
    """GitLab's code quality report (a part of Code Climate's)."""
    issues = [
        {
            "description": f"{show_path(finding.path)}: {finding.message}",
            "check_name": finding.code,
            "fingerprint": finding.fingerprint,
            "severity": _LEVELS[finding.severity][2],
            "location": {"path": finding.file or each.file, "lines": {"begin": finding.line or 1}},
        }
        for each in verdicts.files
        for finding in each.findings
    ]
    return json.dumps(issues, indent=2, ensure_ascii=not _is_text(verdicts))


def to_junit(verdicts: Verdicts) -> str:
    """JUnit XML: a test case a file, which fails where the change is not allowed."""
    from xml.sax.saxutils import escape, quoteattr

    judged, left_out = verdicts.files, verdicts.left_out
    failed = sum(each.decision is not Decision.ALLOW for each in judged)
    counts = f'tests="{len(judged) + len(left_out)}" failures="{failed}" skipped="{len(left_out)}"'
    lines = ['<?xml version="1.0" encoding="utf-8"?>']
    lines.append(f'<testsuites><testsuite name="confguard" {counts}>')
    for other in left_out:
        name, why = quoteattr(harmless(other.file)), quoteattr(harmless(other.why))
        lines.append(f'<testcase classname="confguard" name={name}><skipped message={why}/></testcase>')
    for each in judged:
        name = quoteattr(harmless(each.file))
        if each.decision is Decision.ALLOW:
            lines.append(f'<testcase classname="confguard" name={name}/>')
            continue
        score = f"risk {each.risk.score} of 100" if each.risk else "cannot be judged"
        told = "\n".join(f"{finding}\n    {finding.advice}" for finding in each.findings)
        text = "\n".join(map(harmless, told.split("\n")))
        message = quoteattr(f"{each.decision}: {score}")
        lines.append(f'<testcase classname="confguard" name={name}><failure message={message}>')
        lines.append(f"{escape(text)}</failure></testcase>")
    return "\n".join([*lines, "</testsuite></testsuites>"])


def to_markdown(verdicts: Verdicts) -> str:
    """A comment for a pull request: decisions first, then the findings with advice."""
    judged = verdicts.files
    if not judged:
        return f"**confguard**: no configuration changed in meaning ({verdicts})"
    worst = max(judged, key=lambda each: list(Decision).index(each.decision)).decision
    lines = [f"**confguard: {worst}**", "", "| file | decision | risk | findings |", "|---|---|---|---|"]
    for each in judged:
        score = f"{each.risk.score} ({each.risk.level})" if each.risk else "cannot be judged"
        lines.append(f"| {code_cell(each.file)} | {each.decision} | {score} | {len(each.findings)} |")
    for each in judged:
        for finding in each.findings:
            place = f"{finding.file or each.file}:{finding.line or 1}"
            where = f"{code_cell(place)} {code_cell(show_path(finding.path))}"
            lines += ["", f"- **{finding.code} {finding.severity}** {where}:"]
            lines.append(f"  {_escaped(finding.message)}. {_escaped(finding.advice)}")
    return "\n".join([*lines, "", *(_escaped(line) for line in _left_out(verdicts).split("\n"))])


def _escaped(text: str) -> str:
    """A text in which nothing is markup or an entity, and nobody and no issue is mentioned."""
    marked = (f"\\{char}" if char in "\\`*_[]<>|#&" else char for char in harmless(text))
    return "".join(f"{char}\u200b" if char[-1] in "@#" else char for char in marked)


def to_text(verdicts: Verdicts) -> str:
    """Findings with advice, then a line a file, and what was left out."""
    lines: list[str] = []
    for each in verdicts.files:
        for finding in each.findings:
            lines += [str(finding), indented(finding.advice)]
        lines += [str(accepted) for accepted in (each.risk.accepted if each.risk else ())]
        if each.risk:
            likelihood, level = each.risk.likelihood, each.risk.level
            likely = "" if likelihood is None else f", {likelihood:.1%} likely to be reverted"
            score = f"risk {each.risk.score} of 100 ({level}{likely})"
            lines.append(harmless(f"{each.file}: {each.decision}: {score}"))
    return "\n".join([*lines, _left_out(verdicts)])


def _left_out(verdicts: Verdicts) -> str:
    """How many files changed, how many were judged, and why the others were not."""
    reasons: dict[str, list[str]] = {}
    for each in verdicts.left_out:
        reasons.setdefault(each.why, []).append(each.file)
    lines = [str(verdicts)]
    for why, files in reasons.items():
        more = [f"{len(files) - _SHOWN:,} more"] if len(files) > _SHOWN else []
        lines.append(harmless(f"  left out: {', '.join([*files[:_SHOWN], *more])}: {why}"))
    return "\n".join(lines)


REPORTS: dict[str, Callable[[Verdicts], str]] = {
    "text": to_text,
    "json": to_json,
    "sarif": to_sarif,
    "github": to_github,
    "gitlab": to_gitlab,
    "junit": to_junit,
    "markdown": to_markdown,
}
"""The forms, by the word for `--format`."""
