"""Findings of many files in the forms that CI systems read: SARIF, GitHub, GitLab, JUnit, Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from confguard.errors import harmless
from confguard.paths import show_path
from confguard.risk.findings import Finding, Severity
from confguard.risk.judging import Judged
from confguard.risk.policy import Decision

__all__ = ["REPORTS"]


def to_json(judged: Sequence[Judged]) -> str:
    """A list of files, each as `assess` has it."""
    return json.dumps([each.to_json() for each in judged], indent=2, ensure_ascii=False)


_SARIF_LEVELS: dict[Severity, str] = {
    "info": "note",
    "low": "note",
    "medium": "warning",
    "high": "error",
    "critical": "error",
}


def to_sarif(judged: Sequence[Judged]) -> str:
    """SARIF 2.1.0 (OASIS), as code scanning services read it."""
    from importlib.metadata import version

    from confguard.risk.rules.catalogue import all_rules

    findings = [(each, finding) for each in judged for finding in each.findings]
    used = {finding.code for _, finding in findings}
    driver = {
        "name": "confguard",
        "version": version("confguard-safety"),
        "rules": [
            {
                "id": rule.code,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.reason},
                "help": {"text": rule.advice},
                "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
            }
            for rule in all_rules()
            if rule.code in used
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each.file, finding) for each, finding in findings],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _sarif_result(file: str, finding: Finding) -> dict[str, object]:
    region = {"startLine": finding.line or 1} | ({"startColumn": finding.column} if finding.column else {})
    place = {"artifactLocation": {"uri": _uri(finding.file or file)}, "region": region}
    return {
        "ruleId": finding.code,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": f"{show_path(finding.path)}: {finding.message}. {finding.advice}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"confguard/v1": finding.fingerprint},
    }


def _uri(file: str) -> str:
    from urllib.parse import quote

    return quote(file, safe="/")


def to_github(judged: Sequence[Judged]) -> str:
    """GitHub's workflow commands: annotations beside the lines of a pull request."""
    kinds: dict[Severity, str] = {
        "info": "notice",
        "low": "notice",
        "medium": "warning",
        "high": "error",
        "critical": "error",
    }

    def plain(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def part(text: str) -> str:
        return plain(text).replace(":", "%3A").replace(",", "%2C")

    lines = []
    for each in judged:
        for finding in each.findings:
            where = f"file={part(finding.file or each.file)},line={finding.line or 1}"
            column = f",col={finding.column}" if finding.column else ""
            message = f"{show_path(finding.path)}: {finding.message}. {finding.advice}"
            title = part(f"{finding.code} {finding.severity}")
            lines.append(
                f"::{kinds[finding.severity]} {where}{column},title={title}::{plain(harmless(message))}"
            )
    return "\n".join(lines)


def to_gitlab(judged: Sequence[Judged]) -> str:
    """GitLab's code quality report (a part of Code Climate's)."""
    levels: dict[Severity, str] = {
        "info": "info",
        "low": "minor",
        "medium": "major",
        "high": "critical",
        "critical": "blocker",
    }
    issues = [
        {
            "description": f"{show_path(finding.path)}: {finding.message}",
            "check_name": finding.code,
            "fingerprint": finding.fingerprint,
            "severity": levels[finding.severity],
            "location": {"path": finding.file or each.file, "lines": {"begin": finding.line or 1}},
        }
        for each in judged
        for finding in each.findings
    ]
    return json.dumps(issues, indent=2, ensure_ascii=False)


def to_junit(judged: Sequence[Judged]) -> str:
    """JUnit XML: a test case a file, which fails where the change is not allowed."""
    failed = sum(each.decision is not Decision.ALLOW for each in judged)
    lines = ['<?xml version="1.0" encoding="utf-8"?>']
    lines.append(f'<testsuites><testsuite name="confguard" tests="{len(judged)}" failures="{failed}">')
    for each in judged:
        name = quoteattr(harmless(each.file))
        if each.decision is Decision.ALLOW:
            lines.append(f'<testcase classname="confguard" name={name}/>')
            continue
        score = f"risk {each.risk.score} of 100" if each.risk else "cannot be judged"
        told = "\n".join(f"{finding}\n    {finding.advice}" for finding in each.findings)
        message = quoteattr(f"{each.decision}: {score}")
        lines.append(f'<testcase classname="confguard" name={name}><failure message={message}>')
        lines.append(f"{escape(_xml(told))}</failure></testcase>")
    return "\n".join([*lines, "</testsuite></testsuites>"])


def _xml(text: str) -> str:
    return "\n".join(harmless(line) for line in text.split("\n"))


def to_markdown(judged: Sequence[Judged]) -> str:
    """A comment for a pull request: decisions first, then the findings with advice."""
    if not judged:
        return "**confguard**: no configuration changed in meaning"
    worst = max(judged, key=lambda each: list(Decision).index(each.decision)).decision
    lines = [f"**confguard: {worst}**", "", "| file | decision | risk | findings |", "|---|---|---|---|"]
    for each in judged:
        score = f"{each.risk.score} ({each.risk.level})" if each.risk else "cannot be judged"
        lines.append(f"| {_cell(each.file)} | {each.decision} | {score} | {len(each.findings)} |")
    for each in judged:
        for finding in each.findings:
            place = f"{finding.file or each.file}:{finding.line or 1}"
            lines += [
                "",
                f"- **{finding.code} {finding.severity}** {_cell(place)} {_cell(show_path(finding.path))}:",
            ]
            lines.append(f"  {_plain(finding.message)}. {_plain(finding.advice)}")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return "`" + harmless(text).replace("`", "'").replace("|", "\\|") + "`"


def _plain(text: str) -> str:
    """A text in which nothing is markup."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#" else char for char in harmless(text))


def to_text(judged: Iterable[Judged]) -> str:
    """Errors, findings with advice, then a line a file."""
    lines: list[str] = []
    for each in judged:
        lines += each.errors
        for finding in each.risk.findings if each.risk else ():
            lines += [str(finding), f"    {finding.advice}"]
        lines += [str(accepted) for accepted in (each.risk.accepted if each.risk else ())]
        if each.risk:
            likely = (
                "" if each.risk.likelihood is None else f", {each.risk.likelihood:.1%} of such were reverted"
            )
            lines.append(
                f"{each.file}: {each.decision}: risk {each.risk.score} of 100 ({each.risk.level}{likely})"
            )
    return "\n".join(lines)


REPORTS: dict[str, Callable[[Sequence[Judged]], str]] = {
    "text": to_text,
    "json": to_json,
    "sarif": to_sarif,
    "github": to_github,
    "gitlab": to_gitlab,
    "junit": to_junit,
    "markdown": to_markdown,
}
"""The forms, by the word for `--format`."""
