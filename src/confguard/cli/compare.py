"""`diff` and `assess`: what changed in files, and how dangerous that is."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

from confguard import git
from confguard.cli import subjects
from confguard.cli.here import find_project
from confguard.cli.options import Commands, argument, fail_on_option, flag, reading_options
from confguard.cli.output import paint, relative, say, show_change, show_diff, show_finding, show_risk
from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff
from confguard.diffs.many import Comparison, Expected, FileDiff, compare_folders, compare_revisions
from confguard.errors import ConfguardError, DocumentError
from confguard.project import Project
from confguard.risk.findings import Risk, chart
from confguard.risk.judging import Judged, Side, Verdicts, judge, of_configs
from confguard.risk.policy import Decision
from confguard.schema.schema import SchemaLike
from confguard.streams import progress


def register(commands: Commands) -> None:
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
