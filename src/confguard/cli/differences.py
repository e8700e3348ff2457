"""`diff`: two files, folders, environments or revisions, as text, JSON, Markdown, HTML or JSON Patch."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from confguard import git
from confguard.cli import sources
from confguard.cli.options import Commands
from confguard.cli.output import paint, say
from confguard.diffs.changes import Change, Diff
from confguard.diffs.engine import diff
from confguard.diffs.many import Comparison, Expected, FileDiff, compare_folders, compare_revisions
from confguard.errors import ConfguardError, DocumentError
from confguard.progress import progress
from confguard.project import Project, find_project
from confguard.schema.schema import SchemaLike

__all__ = ["register", "show_diff"]

FORMATS = ["text", "json", "markdown", "html", "json-patch"]
_KINDS = {"add": "allow", "remove": "critical", "replace": "medium", "move": "low"}


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "diff",
        show_difference,
        "confguard diff HEAD:auth.toml auth.toml\n"
        "  confguard diff deploy/staging deploy/production\n"
        "  confguard diff main..HEAD --format markdown",
        exits="0, or with --exit-code 1 if anything changed; 2 cannot run",
        formats=FORMATS,
    )
    about = "a file, REV:path of git, a folder, an environment of confguard.toml; or BASE..HEAD alone"
    command.add_argument("before", metavar="BEFORE", help=about)
    command.add_argument("after", metavar="AFTER", nargs="?", help="the same; a file also as - with --as")
    command.add_argument("--exit-code", action="store_true", help="end with 1 if anything changed in meaning")
    command.add_argument(
        "--no-moves", action="store_true", help="show what went elsewhere as removed and added"
    )
    commands.add_reading(command)


def show_difference(args: Namespace) -> int:
    """`confguard diff`."""
    many = _many(args)
    difference: Diff | Comparison = _single(args) if many is None else many
    if args.format in {"text", "json"}:
        say(args.format, difference.to_json(), lambda: _shown(difference))
    else:
        print(
            _rendered(difference, args.format, f"{args.before} → {args.after}" if args.after else args.before)
        )
    return 1 if args.exit_code and not difference.same else 0


def show_diff(difference: Diff) -> str:
    """A diff for a person: a summary, then a line a change."""
    lines = [
        difference.summary,
        *(f"  {_painted(change)}{_where(difference, change)}" for change in difference),
    ]
    if difference.coarse:
        lines.append("  (lists too long and too different to align were compared position by position)")
    return "\n".join(lines)


def _where(difference: Diff, change: Change) -> str:
    """Where a change of a config of several files stands."""
    if not difference.in_files:
        return ""
    file, line, _ = difference.locate(change)
    return f"  {paint(f'{file}:{line}', 'info')}" if line else f"  {file or ''}".rstrip()


def _painted(change: Change) -> str:
    return paint(str(change), _KINDS[change.op])


def _shown(difference: Diff | Comparison) -> str:
    if isinstance(difference, Diff):
        return show_diff(difference)
    return "\n".join([difference.summary, *(line for each in difference.files for line in _shown_file(each))])


def _shown_file(each: FileDiff) -> list[str]:
    was = f" (was {each.renamed_from})" if each.renamed_from else ""
    meant = f", and {each.expected} that are expected" if each.expected else ""
    if each.diff is None:
        return [f"{each.file}{was}: {each.error}"]
    status = "" if each.status == "changed" else f"{each.status}: "
    return [
        f"{each.file}{was}: {status}{each.diff.summary}{meant}",
        *(f"  {_painted(change)}" for change in each.diff),
    ]


def _single(args: Namespace) -> Diff:
    if args.after is None:
        raise ConfguardError(
            f"'{args.before}' alone is nothing to compare", hint="name AFTER, or a range: main..HEAD"
        )
    terms = sources.terms_for(args.after, args.schema)
    before, after = (sources.parse(sources.load(name, args.read_as)) for name in (args.before, args.after))
    return diff(before, after, terms.schema, moves=not args.no_moves)


def _many(args: Namespace) -> Comparison | None:
    """The comparison of folders, environments or revisions; None where two files are meant."""
    project = find_project()
    schema_of = _schemas(args, project)
    if args.after is None and ".." in args.before:
        base, _, head = args.before.partition("..")
        root = git.root()
        with progress("comparing") as tell:
            return compare_revisions(
                base or "HEAD",
                head.lstrip(".") or "HEAD",
                schema_of=lambda name: schema_of(str(root / name)),
                expected=_expected(set(), project),
                progress=tell,
            )
    if args.after is None:
        return None
    names = [args.before, args.after]
    folders = [_folder(name, project) for name in names]
    if folders[0] is None and folders[1] is None:
        return None
    for name, folder in zip(names, folders, strict=True):
        if folder is None:
            raise DocumentError("is no folder, and the other one is", path=name)
    with progress("comparing") as tell:
        return compare_folders(
            *(folder for folder in folders if folder),
            schema_of=schema_of,
            expected=_expected(_environments(names, project), project),
            progress=tell,
        )


def _folder(name: str, project: Project | None) -> Path | None:
    if Path(name).is_dir():
        return Path(name)
    if project and name in project.settings.environments:
        return project.root / project.settings.environments[name]
    return None


def _environments(names: list[str], project: Project | None) -> set[str]:
    """What the project calls these folders."""
    known = {}
    if project:
        environments = project.settings.environments.items()
        known = {(project.root / folder).resolve(): name for name, folder in environments}
    return {known.get(Path(name).resolve(), name) for name in names}


def _expected(environments: set[str], project: Project | None) -> list[Expected]:
    """The differences that are meant between these environments; between any two, where none is named."""
    meant = project.settings.expected if project else []
    return [
        Expected(tuple(each.paths), each.reason)
        for each in meant
        if not each.between or set(each.between) == environments
    ]


def _schemas(args: Namespace, project: Project | None) -> Callable[[str], SchemaLike]:
    if args.schema:
        sources.make_importable()
        return lambda name: args.schema
    return lambda name: sources.terms_for(name, None, project).schema if project else None


def _rendered(difference: Diff | Comparison, format: str, title: str) -> str:
    diffs = (
        [(title, difference)]
        if isinstance(difference, Diff)
        else [(each.file, each.diff) for each in difference.files if each.diff]
    )
    if format == "markdown":
        from confguard.diffs.pages import to_markdown

        head = [] if isinstance(difference, Diff) else [f"**{difference.summary}**\n"]
        return "\n".join([*head, *(to_markdown(each, name) for name, each in diffs)]).rstrip("\n")
    if isinstance(difference, Comparison):
        raise ConfguardError(f"{format} is for two files", hint="text, json or markdown for many")
    if format == "html":
        from confguard.diffs.pages import to_html

        return to_html(difference, title).rstrip("\n")
    return json.dumps(difference.to_json_patch(), indent=2, ensure_ascii=False)
