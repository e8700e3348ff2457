"""`check`, `diff` and `assess`: files as they stand, what changed in them, and how dangerous that is."""

from __future__ import annotations

import json
import os
import warnings
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from confguard import git
from confguard.cli import subjects
from confguard.cli.here import find_project
from confguard.cli.options import Commands, argument, fail_on_option, flag, reading_options
from confguard.cli.output import (
    error_json,
    paint,
    relative,
    report_error,
    say,
    show_change,
    show_diff,
    show_finding,
    show_risk,
)
from confguard.cli.subjects import of_all
from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff
from confguard.diffs.many import Comparison, Expected, FileDiff, compare_folders, compare_revisions
from confguard.documents.document import Document, load_bytes
from confguard.errors import ConfguardError, DocumentError
from confguard.paths import show_path
from confguard.project import Project
from confguard.risk.acceptance import split_accepted, void_comments
from confguard.risk.findings import Finding, Risk, chart
from confguard.risk.judging import (
    Judged,
    Side,
    Terms,
    Verdicts,
    judge,
    naming_configs,
    of_configs,
    parse_finding,
    schema_findings,
)
from confguard.risk.model import check_document
from confguard.risk.policy import Decision
from confguard.risk.rules.catalogue import known_codes
from confguard.schema.problems import place_problem
from confguard.schema.schema import Schema, SchemaLike
from confguard.streams import progress
from confguard.texts import amount


def register(commands: Commands) -> None:
    example = "confguard check\n  confguard check --schema app.settings:Auth auth.toml"
    exits = "0 clean, 1 findings, 2 cannot run"
    command = commands.add("check", check, example, exits)
    about = "a file, a config of confguard.toml, REV:path of git, or - with --as (the files of all configs)"
    argument(command, "files", "FILE", about, nargs="*")
    argument(command, "--baseline", "FILE", "leave out findings that FILE lists", type=Path)
    argument(command, "--write-baseline", "FILE", "write the findings there are, and end with 0", type=Path)
    reading_options(command)

    example = (
        "confguard diff HEAD:auth.toml auth.toml\n"
        "  confguard diff deploy/staging deploy/production\n"
        "  confguard diff main..HEAD --format markdown"
    )
    exits = "0, or with --exit-code 1 if anything changed; 2 cannot run, or a file cannot be read"
    formats = ["text", "json", "markdown", "html", "json-patch"]
    command = commands.add("diff", show_difference, example, exits, formats)
    about = "a file, REV:path of git, a folder, an environment of confguard.toml; or BASE..HEAD or BASE...HEAD alone"
    argument(command, "before", "BEFORE", about)
    argument(command, "after", "AFTER", "the same; a file also as - with --as", nargs="?")
    flag(command, "--exit-code", "end with 1 if anything changed in meaning")
    flag(command, "--no-moves", "show what went elsewhere as removed and added")
    reading_options(command)

    example = (
        "confguard assess HEAD:auth.toml auth.toml\n"
        "  confguard assess --git origin/main..HEAD --format github"
    )
    exits = "0 below what --fail-on names, 1 at or above, 2 cannot run"
    formats = ["text", "json", "sarif", "github", "gitlab", "junit", "markdown"]
    command = commands.add("assess", show_assessment, example, exits, formats)
    argument(command, "before", "BEFORE", "a file, or REV:path of git", nargs="?")
    argument(command, "after", "AFTER", "a file, REV:path of git, or - with --as", nargs="?")
    about = "every file that changed: BASE..HEAD, or BASE...HEAD for what HEAD changed since they parted"
    argument(command, "--git", "RANGE", about, dest="span")
    fail_on_option(command, "end with 1 from this decision on (block)")
    flag(command, "--chart", "show the factors as bars, too")
    flag(command, "--no-history", "do not look at earlier commits")
    reading_options(command)


def check(args: Namespace) -> int:
    names, empty = subjects.files_named(args.files)
    checked, errors = of_all(names, lambda name: _checked(name, args, names[name]))
    errors |= empty
    if len(names) + len(empty) == 1 or args.write_baseline:
        for error in errors.values():
            raise error
    findings = _each_once({name: found for name, (found, _) in checked.items()})
    if args.write_baseline:
        _write_baseline(args, findings)
        return 0
    known = _baseline(args.baseline) if args.baseline else frozenset()
    findings = [finding for finding in findings if finding.fingerprint not in known]

    def text() -> str:
        free = sum(not has_schema for _, has_schema in checked.values())
        unknown = f" (no schema is known of {'it' if len(checked) == 1 else free})" if free else ""
        summary = amount(len(findings), "finding") if findings else f"no findings{unknown}"
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


def _write_baseline(args: Namespace, findings: list[Finding]) -> None:
    listed = {
        finding.fingerprint: f"{finding.code} {finding.file}: {show_path(finding.path)}"
        for finding in findings
    }
    args.write_baseline.write_text(
        json.dumps(listed, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8"
    )
    message = f"{args.write_baseline}: {amount(len(listed), 'finding')}"
    say(args.format, {"baseline": str(args.write_baseline), "findings": len(listed)}, lambda: message)


def _baseline(file: Path) -> frozenset[str]:
    hint = "`confguard check --write-baseline FILE ...` writes one"
    try:
        return frozenset(json.loads(load_bytes(str(file))))
    except DocumentError as error:
        raise ConfguardError(str(error), hint=hint) from error
    except (ValueError, TypeError) as error:
        raise ConfguardError(f"{file}: is not a baseline", hint=hint) from error


def show_assessment(args: Namespace) -> int:
    if args.span and args.before:
        raise ConfguardError(
            "--git RANGE is about every file that changed, and takes no files beside it",
            hint="name BEFORE and AFTER without --git; or the range alone",
        )
    if args.span:
        return _assess_span(args)
    if not args.before or not args.after:
        hint = "name BEFORE and AFTER, or a range: --git origin/main..HEAD"
        raise ConfguardError("nothing to compare", hint=hint)
    judged = _judged(args)
    if args.format in {"text", "json"}:
        members = judged.to_json()
        del members["file"]
        if not members["errors"]:
            del members["errors"]
        say(args.format, members, lambda: _show_judged(judged, charted=args.chart))
    else:
        from confguard.hooks.judging import print_report

        print_report(Verdicts((judged,), (), 1), args.format)
    return 1 if judged.decision.at_least(Decision(args.fail_on)) else 0


def _judged(args: Namespace) -> Judged:
    """What is said of the change, as the hook says it. Raises `DocumentError` where AFTER does not parse."""
    from confguard.hooks.judging import judging_against

    before, after = (subjects.load(name, args.read_as) for name in (args.before, args.after))
    subjects.parse(after)
    in_git = subjects.revision_of(args.before)
    if in_git is None:
        subjects.parse(before)  # what a commit mends, it mends; a file that is named is to be one
    revision = None if args.no_history else in_git
    judge_sides = judging_against(revision, args.after) if revision else partial(judge, args.after)
    judged: dict[str, Judged] = {}
    for config, terms in subjects.terms_of_each(args.after, args.schema).items():
        old, new = (_side(each, args.after, config) for each in (before, after))
        one = judge_sides(old, new, terms)
        judged[config] = one if isinstance(one, Judged) else Judged(args.after, Decision.ALLOW, Risk(0))
    return of_configs(judged)


def _side(side: Side, file: str, config: str) -> Side:
    """A side of the change of a file; where that is a layer of the config, with the others as they stand beside it."""
    try:
        document = subjects.whole(file, subjects.parse(side), config, subjects.revision_of(side.name))
    except DocumentError:
        return side
    return Side(document.content, document.path or side.name, document.format)


def _show_judged(judged: Judged, *, charted: bool) -> str:
    risk = judged.risk
    if risk is None:
        return "\n".join([paint(str(judged.decision), judged.decision), *map(show_finding, judged.faults)])
    return show_risk(risk, judged.decision) + (f"\n{chart(risk)}" if charted and risk.factors else "")


def _assess_span(args: Namespace) -> int:
    """`confguard assess --git BASE..HEAD`: every file that changed."""
    from confguard.hooks.judging import judge_range, print_report

    base, head = _ends(args.span)
    with progress("assessing") as tell:
        judged = judge_range(base, head, history=not args.no_history, progress=tell)
    print_report(judged, args.format)
    threshold = Decision(args.fail_on)
    return 1 if any(each.decision.at_least(threshold) for each in judged.files) else 0


def _ends(span: str) -> tuple[str, str]:
    """The two revisions of a range, of which the first is to be named."""
    base, separator, head = _split(span)
    if (
        not base or not separator or ".." in head
    ):  # no base is HEAD to git: a variable that is not set would pass
        wrong = "is not a range" if not separator or ".." in head else "names no base"
        raise ConfguardError(f"'{span}' {wrong}", hint="BASE..HEAD, such as origin/main..HEAD")
    return _compared(base, separator, head)


def _split(span: str) -> tuple[str, str, str]:
    """What stands before the dots of a range, the dots, and what stands behind them."""
    return span.partition("..." if "..." in span else "..")


def _compared(base: str, dots: str, head: str) -> tuple[str, str]:
    """The two revisions that a range compares: of `A...B`, where they parted and `B`, as git has it."""
    base, head = base or "HEAD", head or "HEAD"
    return (git.merge_base(base, head), head) if dots == "..." else (base, head)


def _each_once(checked: Mapping[str, Mapping[str, list[Finding]]]) -> list[Finding]:
    """What was found when files were checked for configs: what is wrong with layers is found with each of them."""
    found_in: dict[str, dict[str, list[Finding]]] = {
        os.path.normpath(name): {config: [] for config in found} for name, found in checked.items()
    }
    for config, findings in (each for found in checked.values() for each in found.items()):
        for finding in findings:
            of_file = found_in.setdefault(os.path.normpath(finding.file or ""), {})
            of_file.setdefault(config, []).append(finding)
    return [
        finding
        for of_file in found_in.values()
        for finding in sorted(
            naming_configs(of_file).values(), key=lambda each: (each.line or 0, each.column or 0)
        )
    ]


def _checked(name: str, args: Namespace, asked: Sequence[str]) -> tuple[dict[str, list[Finding]], bool]:
    """What is found in a file by each config that was asked for it, and whether one of them has a schema."""
    raw = subjects.load(name, args.read_as)
    each = subjects.terms_of_each(name, args.schema)
    if "" not in asked:
        each = {config: terms for config, terms in each.items() if config in asked} or each
    has_schema = any(terms.schema for terms in each.values())
    try:
        document = subjects.parse(raw)
    except DocumentError as error:
        return {config: [parse_finding(error, raw.name, raw.content)] for config in each}, has_schema
    return {config: _found(name, document, config, terms) for config, terms in each.items()}, has_schema


def _found(name: str, document: Document, config: str, terms: Terms) -> list[Finding]:
    """What is found in a file by the terms of one config."""
    findings = check_document(document)
    if terms.schema:
        advice = "Write it as the schema has it now."
        for notice in (place_problem(each, document) for each in terms.schema.notices(document.data)):
            where = (notice.file, notice.line, notice.column)
            findings.append(Finding("CG003", "low", notice.path, notice.message, advice, *where))
        findings += _misfits(name, document, config, terms.schema)
    today = datetime.now(UTC).date()
    counted, _ = split_accepted(findings, terms.policy.accept, document, today, naming=terms.naming)
    return [*counted, *void_comments(document, known_codes(terms.rules))]


def _misfits(name: str, document: Document, config: str, schema: Schema[Any]) -> tuple[Finding, ...]:
    """What does not fit the schema: of a layer, together with the others as they stand."""
    try:
        whole = subjects.whole(name, document, config, subjects.revision_of(name))
    except DocumentError as error:  # of another layer, it is told where that one is checked
        own = error.path is not None and Path(error.path).resolve() == Path(name).resolve()
        return (parse_finding(error, name, document.content),) if own else ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is deprecated there are findings
        return schema_findings(schema, whole)


def show_difference(args: Namespace) -> int:
    many = _many(args)
    difference: Diff | Comparison = _single(args) if many is None else many
    if args.format in {"text", "json"}:
        show = show_diff if isinstance(difference, Diff) else _show_many
        say(args.format, difference.to_json(), lambda: show(difference))  # type: ignore[arg-type]
    else:
        title = f"{args.before} → {args.after}" if args.after else args.before
        print(_page(difference, args.format, title))
    if isinstance(difference, Comparison) and difference.unreadable:
        return 2
    return 1 if args.exit_code and not difference.same else 0


def _show_many(comparison: Comparison) -> str:
    return "\n".join([comparison.summary, *(line for each in comparison.files for line in _show_file(each))])


def _show_file(each: FileDiff) -> list[str]:
    was = f" (was {each.renamed_from})" if each.renamed_from else ""
    if each.diff is None:
        return [f"{each.file}{was}: {each.status}: {relative(each.error or '')}"]
    expected = f", and {each.expected} that are expected" if each.expected else ""
    status = "" if each.status == "changed" else f"{each.status}: "
    changes = (f"  {show_change(change)}" for change in each.diff)
    return [f"{each.file}{was}: {status}{each.diff.summary}{expected}", *changes]


def _single(args: Namespace) -> Diff:
    if args.after is None:
        hint = "name AFTER, or a range: main..HEAD"
        raise ConfguardError(f"'{args.before}' alone is nothing to compare", hint=hint)
    terms = subjects.terms_for(args.after, args.schema)
    before, after = (subjects.load_document(name, args.read_as) for name in (args.before, args.after))
    return diff(before, after, terms.schema, moves=not args.no_moves)


def _many(args: Namespace) -> Comparison | None:
    """The comparison of folders, environments or revisions; None where two files are meant."""
    project = find_project()
    schema_of = _schemas(args, project)
    if args.after is None:
        base, dots, head = _split(args.before)
        return _of_revisions(*_compared(base, dots, head), schema_of, project) if dots else None
    settings = project.settings.environments.items() if project else ()
    environments = {name: project.root / folder for name, folder in settings if project}
    folders = {
        name: Path(name) if Path(name).is_dir() else environments.get(name)
        for name in (args.before, args.after)
    }
    if not any(folders.values()):
        return None
    for name, folder in folders.items():
        if folder is None:
            raise DocumentError("is not a folder, and the other one is", path=name)
    names = {folder.resolve(): name for name, folder in environments.items()}
    compared = {names.get(Path(name).resolve(), name) for name in folders}
    with progress("comparing") as tell:
        return compare_folders(
            *(folders[name] or Path(name) for name in (args.before, args.after)),
            schema_of=schema_of,
            expected=_expected(compared, project),
            progress=tell,
        )


def _of_revisions(
    base: str, head: str, schema_of: Callable[[str], SchemaLike], project: Project | None
) -> Comparison:
    root = git.root()
    with progress("comparing") as tell:
        return compare_revisions(
            base,
            head,
            schema_of=lambda name: schema_of(str(root / name)),
            expected=_expected(set(), project),
            progress=tell,
        )


def _expected(environments: set[str], project: Project | None) -> list[Expected]:
    """The differences that are meant between these environments; between any two, where none is named."""
    meant = project.settings.expected if project else []
    return [
        Expected(tuple(each.paths)) for each in meant if not each.between or set(each.between) == environments
    ]


def _schemas(args: Namespace, project: Project | None) -> Callable[[str], SchemaLike]:
    if args.schema:
        subjects.make_importable()
        return lambda name: args.schema
    return lambda name: subjects.terms_for(name, None, project).schema if project else None


def _page(difference: Diff | Comparison, format: str, title: str) -> str:
    if format == "markdown":
        from confguard.diffs.pages import to_markdown

        if isinstance(difference, Diff):
            return to_markdown(difference, title).rstrip("\n")
        files = [to_markdown(each.diff, each.file) for each in difference.files if each.diff]
        files += [f"`{each.file}`: {each.status}: {each.error}" for each in difference.unreadable]
        return "\n".join([f"**{difference.summary}**\n", *files]).rstrip("\n")
    if isinstance(difference, Comparison):
        raise ConfguardError(f"{format} is for two files", hint="text, json or markdown for many")
    if format == "html":
        from confguard.diffs.pages import to_html

        return to_html(difference, title).rstrip("\n")
    return json.dumps(difference.to_json_patch(), indent=2, ensure_ascii=False)
