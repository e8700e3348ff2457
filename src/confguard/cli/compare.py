"""`check` and `assess`: files as they stand, and how dangerous a change is."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confguard import git
from confguard.cli import sources
from confguard.cli.options import Commands
from confguard.cli.output import error_json, indented, paint, report_error, say
from confguard.cli.projects import of_all
from confguard.documents.document import Document
from confguard.errors import ConfguardError, DocumentError, ValidationError, excerpt
from confguard.paths import show_path
from confguard.progress import progress
from confguard.risk.acceptance import split_accepted, void_comments
from confguard.risk.findings import Finding, Risk, chart
from confguard.risk.judging import Judged, Side, Verdicts, advice_on, judge, parse_finding
from confguard.risk.model import check_document
from confguard.risk.policy import Decision
from confguard.risk.rules.catalogue import known_codes
from confguard.schema.placing import place_problem
from confguard.schema.schema import Schema
from confguard.texts import amount

__all__ = ["register", "show_finding", "show_risk"]


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add(
        "check",
        check,
        "confguard check\n  confguard check --schema app.settings:Auth auth.toml",
        exits="0 clean, 1 findings, 2 cannot run",
    )
    about = "a file, a config of confguard.toml, REV:path of git, or - with --as (the files of all configs)"
    command.add_argument("files", nargs="*", metavar="FILE", help=about)
    command.add_argument("--baseline", type=Path, metavar="FILE", help="leave out findings that FILE lists")
    command.add_argument(
        "--write-baseline", type=Path, metavar="FILE", help="write the findings there are, and end with 0"
    )
    commands.add_reading(command)

    command = commands.add(
        "assess",
        show_assessment,
        "confguard assess HEAD:auth.toml auth.toml\n"
        "  confguard assess --git origin/main..HEAD --format github",
        exits="0 below what --fail-on names, 1 at or above, 2 cannot run",
        formats=["text", "json", "sarif", "github", "gitlab", "junit", "markdown"],
    )
    command.add_argument("before", metavar="BEFORE", nargs="?", help="a file, or REV:path of git")
    command.add_argument("after", metavar="AFTER", nargs="?", help="a file, REV:path of git, or - with --as")
    command.add_argument(
        "--git",
        metavar="RANGE",
        dest="span",
        help="every file that changed: BASE..HEAD, or BASE...HEAD for what HEAD changed since they parted",
    )
    command.add_argument(
        "--fail-on",
        choices=["review", "block"],
        default="block",
        help="end with 1 from this decision on (block)",
    )
    command.add_argument("--chart", action="store_true", help="show the factors as bars, too")
    command.add_argument("--no-history", action="store_true", help="do not look at earlier commits")
    commands.add_reading(command)


def check(args: Namespace) -> int:
    """`confguard check`."""
    names, empty = sources.files_named(args.files)
    checked, errors = of_all(names, lambda name: _checked(name, args))
    errors |= empty
    if len(names) + len(empty) == 1 or args.write_baseline:
        for error in errors.values():
            raise error
    # Each once: what is wrong with layers is told of each of them.
    findings = list(dict.fromkeys(finding for listed in checked.values() for finding in listed))
    if args.write_baseline:
        return _write_baseline(args, findings)
    known = _baseline(args.baseline) if args.baseline else frozenset()
    findings = [finding for finding in findings if finding.fingerprint not in known]

    def text() -> str:
        summary = amount(len(findings), "finding") if findings else "no findings"
        return "\n".join([*map(show_finding, findings), f"{amount(len(checked), 'file')} checked: {summary}"])

    data: dict[str, object] = {
        "ok": not findings and not errors,
        "findings": [finding.to_json() for finding in findings],
    }
    data |= {"errors": {name: error_json(error) for name, error in errors.items()}} if errors else {}
    say(args.format, data, text)
    for error in errors.values():
        report_error(error, "text")
    return 2 if errors else int(bool(findings))


def _write_baseline(args: Namespace, findings: list[Finding]) -> int:
    listed = {
        finding.fingerprint: f"{finding.code} {finding.file}: {show_path(finding.path)}"
        for finding in findings
    }
    args.write_baseline.write_text(
        json.dumps(listed, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8"
    )
    message = f"{args.write_baseline}: {amount(len(listed), 'finding')}"
    say(args.format, {"baseline": str(args.write_baseline), "findings": len(listed)}, lambda: message)
    return 0


def _baseline(file: Path) -> frozenset[str]:
    try:
        return frozenset(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfguardError(
            f"{file}: is no baseline: {error}", hint="`confguard check --write-baseline FILE ...` writes one"
        ) from error


def show_assessment(args: Namespace) -> int:
    """`confguard assess`."""
    if args.span and args.before:
        raise ConfguardError(
            "--git RANGE is about every file that changed, and takes no files beside it",
            hint="name BEFORE and AFTER without --git; or the range alone",
        )
    if args.span:
        return _assess_span(args)
    if not args.before or not args.after:
        raise ConfguardError(
            "nothing to compare", hint="name BEFORE and AFTER, or a range: --git origin/main..HEAD"
        )
    judged = _judged(args)
    if args.format in {"text", "json"}:
        members = {
            name: value
            for name, value in judged.to_json().items()
            if name != "file" and (name != "errors" or value)
        }
        say(args.format, members, lambda: _show_judged(judged, charted=args.chart))
    else:
        from confguard.hooks.printing import print_report

        print_report(Verdicts((judged,), (), 1), args.format)
    return 1 if judged.decision.at_least(Decision(args.fail_on)) else 0


def _judged(args: Namespace) -> Judged:
    """What is said of the change, as the hook says it. Raises `DocumentError` where AFTER does not parse."""
    from confguard.hooks.judging import judge_against

    before, after = (sources.load(name, args.read_as) for name in (args.before, args.after))
    sources.parse(after)
    terms = sources.terms_for(args.after, args.schema)
    in_git = sources.revision_of(args.before)
    if in_git is None:
        sources.parse(before)  # what a commit mends, it mends; a file that is named is to be one
    revision = None if args.no_history else in_git
    old, new = (_side(each, args.after) for each in (before, after))
    if revision is None:
        judged = judge(args.after, old, new, terms)
    else:
        judged = judge_against(revision, args.after, old, new, terms)
    return judged if isinstance(judged, Judged) else Judged(args.after, Decision.ALLOW, Risk(0))


def _side(raw: sources.Raw, file: str) -> Side:
    """A side of the change of a file; where that is a layer, with the other layers as they stand."""
    try:
        document = sources.whole(file, sources.parse(raw))
    except DocumentError:
        return Side(raw.content, raw.name, raw.format)
    return Side(document.content, document.path or raw.name, document.format)


def _show_judged(judged: Judged, *, charted: bool) -> str:
    risk = judged.risk
    if risk is None:
        return "\n".join([paint(str(judged.decision), judged.decision), *map(show_finding, judged.faults)])
    return show_risk(risk, judged.decision) + (f"\n{chart(risk)}" if charted and risk.factors else "")


def _assess_span(args: Namespace) -> int:
    """`confguard assess --git BASE..HEAD`: every file that changed."""
    from confguard.hooks.judging import judge_range
    from confguard.hooks.printing import print_report

    base, head = _ends(args.span)
    with progress("assessing") as tell:
        judged = judge_range(
            base,
            head,
            history=not args.no_history,
            progress=tell,
        )
    print_report(judged, args.format)
    threshold = Decision(args.fail_on)
    return 1 if any(each.decision.at_least(threshold) for each in judged.files) else 0


def _ends(span: str) -> tuple[str, str]:
    """The two revisions of a range; of `A...B`, where they parted and `B`, as git has it."""
    dots = "..." if "..." in span else ".."
    base, found, head = span.partition(dots)
    if not found or ".." in head:
        raise ConfguardError(f"'{span}' is no range", hint="BASE..HEAD, such as origin/main..HEAD")
    if not base:  # git takes HEAD, of which nothing differs: a variable that is not set would pass
        raise ConfguardError(f"'{span}' names no base", hint="BASE..HEAD, such as origin/main..HEAD")
    head = head or "HEAD"
    return (git.merge_base(base, head), head) if dots == "..." else (base, head)


def show_risk(risk: Risk, decision: Decision) -> str:
    """A risk for a person: decision and score, the factors it is the sum of, the findings with advice."""
    lines = [f"{paint(str(decision), decision)}: risk {risk.score} of 100 ({risk.level})"]
    lines += [f"  {factor.points:+6.1f}  {factor.name}: {factor.why}" for factor in risk.factors]
    lines += [show_finding(finding) for finding in risk.findings]
    lines += [str(accepted) for accepted in risk.accepted]
    return "\n".join(lines)


def show_finding(finding: Finding) -> str:
    """A finding for a person, with its advice."""
    grade = f"{finding.code} {finding.severity}: "
    shown = str(finding).replace(grade, f"{finding.code} {paint(finding.severity, finding.severity)}: ", 1)
    lines = [shown, *excerpt(finding.source, finding.line, finding.column, finding.under)]
    return "\n".join([*lines, indented(finding.advice)] if finding.advice else lines)


def _checked(name: str, args: Namespace) -> list[Finding]:
    raw = sources.load(name, args.read_as)
    terms = sources.terms_for(name, args.schema)
    try:
        document = sources.parse(raw)
    except DocumentError as error:
        return [parse_finding(error, raw.name, raw.content)]
    findings = check_document(document)
    if terms.schema:
        advice = "Write it as the schema has it now."
        for notice in (place_problem(each, document) for each in terms.schema.notices(document.data)):
            where = (notice.file, notice.line, notice.column)
            findings.append(Finding("CG003", "low", notice.path, notice.message, advice, *where))
    if terms.schema:
        findings += _misfits(name, document, terms.schema)
    counted, _ = split_accepted(findings, terms.policy.accept, document, datetime.now(UTC).date())
    counted += void_comments(document, known_codes(terms.rules))
    return sorted(counted, key=lambda finding: (finding.line or 0, finding.column or 0))


def _misfits(name: str, document: Document, schema: Schema[Any]) -> list[Finding]:
    """What does not fit the schema: of a layer, together with the others as they stand."""
    try:
        whole = schema.whole(sources.whole(name, document))
    except DocumentError:
        return []  # of another layer: it is told where that one is checked
    try:
        schema.validate(whole.data, untyped=whole.is_untyped)
    except ValidationError as error:
        shape = schema.shape_of(whole.data)
        placed = [place_problem(problem, whole, shape) for problem in error.problems]
        return [
            Finding("CG002", "high", each.path, each.message, advice_on(each), *each[2:6], each.under)
            for problem in placed
            for each in (problem, *problem.related)
        ]
    return []
