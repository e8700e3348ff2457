"""`show`, `log`, `blame`, `suspects` and `verify`: what was, who set it, which change it was, and is it sound?"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confguard.cli.options import (
    Commands,
    argument,
    config_argument,
    count,
    duration,
    flag,
    nonblank,
    number,
    reading_options,
    written_moment,
)
from confguard.cli.output import (
    error_json,
    paint,
    report_errors,
    revision_json,
    say,
    show_diff,
    show_revision,
    wrapped,
)
from confguard.cli.subjects import (
    config_named,
    from_here,
    guarded_there,
    of_each_stored,
    revision_of,
    terms_for,
    the_project,
)
from confguard.diffs.changes import Diff
from confguard.documents.bundle import BUNDLE, files_of
from confguard.errors import ConfguardError, DocumentError, NotFoundError, harmless
from confguard.guard import Guard
from confguard.records import Blame, blame
from confguard.records.changelog import Entry, entries, releases
from confguard.records.pages import to_atom, to_markdown
from confguard.records.versions import GitFile, of_store
from confguard.schema.schema import Schema, resolve_schema
from confguard.stores.interface import Revision
from confguard.stores.selecting import previous
from confguard.texts import amount, indented

if TYPE_CHECKING:
    from confguard.causes import Suspect, Suspects
_ABOUT = "a config in confguard.toml (its store), a file in git, or REV:path"


def register(commands: Commands) -> None:
    command = commands.add("show", show, "confguard show auth 3\n  confguard show auth 3 --raw > auth.toml")
    config_argument(command)
    argument(command, "number", "N", "which revision (the head)", nargs="?", type=number)
    flag(command, "--raw", "its exact bytes, secrets and all")
    argument(command, "--file", "FILE", "with --raw: which one of several")

    example = "confguard verify auth\n  confguard verify auth --signers .allowed-signers"
    exits = "0 sound, 1 not what was written, 2 cannot run"
    command = commands.add("verify", verify, example, exits)
    config_argument(command, optional=True)
    argument(command, "--signers", "FILE", "check signatures, too: allowed signers, as git has them")

    command = commands.add(
        "blame", show_blame, "confguard blame auth\n  confguard blame deploy/auth.yaml --format json"
    )
    argument(command, "name", "FILE|NAME", _ABOUT)
    reading_options(command)

    example = "confguard log auth\n  confguard log auth --limit 100 --format markdown > CHANGES.md"
    formats = ["text", "markdown", "json", "atom"]
    command = commands.add("log", show_log, example, formats=formats)
    argument(command, "name", "FILE|NAME", _ABOUT)
    argument(command, "--limit", "N", "how many (20)", type=count, default=20)
    argument(command, "--before", "N", "only those before revision N", type=number)
    reading_options(command)

    example = (
        'confguard suspects --symptom "logins are rejected"\n'
        "  confguard suspects --at 14:05 --symptom 'checkout is slow' --window 2h"
    )
    exits = "0 a change is suspected, 1 none is, 2 cannot run"
    command = commands.add("suspects", show_suspects, example, exits)
    argument(command, "--at", "TIME", "when it began: 14:05, '2h ago', any date (now)", type=written_moment)
    argument(command, "--symptom", "TEXT", "what is seen: 'login rejected'", type=nonblank)
    argument(command, "--window", "WINDOW", "how far to look back (6h)", type=duration, default="6h")
    argument(command, "--limit", "N", "how many to name (5)", type=count, default=5)


def show(args: Namespace) -> None:
    with guarded_there(args.name) as guard:
        revision = guard.head() if args.number is None else guard.revision(args.number)
        if revision is None:
            raise NotFoundError(
                f"'{args.name}' has no revision yet", hint="`confguard apply` makes the first"
            )
        if args.raw:
            sys.stdout.buffer.write(_raw(revision, args.file))
            return
        before = previous(guard.store, revision)
        changed = _changed(guard, before, revision) if before else None
    members = revision_json(revision) | {"diff": changed.to_json() if changed is not None else None}

    def text() -> str:
        first = "the first revision" if before is None else "it does not parse, or the one before it does not"
        difference = first if changed is None else show_diff(changed)
        return "\n".join([show_revision(revision), f"    digest {revision.digest}", difference])

    say(args.format, members, text)


def verify(args: Namespace) -> int:
    project = the_project()
    lengths, errors = of_each_stored(args.name, lambda guard: guard.verify(args.signers or project.signers))
    say(
        args.format,
        lengths | {name: {"error": error_json(error)} for name, error in errors.items()},
        lambda: "\n".join(
            f"{name}: {amount(length, 'revision')}, every link is good" for name, length in lengths.items()
        ),
    )
    return report_errors(errors)


def _raw(revision: Revision, file: str | None) -> bytes:
    """The bytes of a revision; of several files, those of one."""
    if revision.format != BUNDLE:
        return revision.content
    files = files_of(revision.content)
    if file not in files:
        wrong = f"has no file '{harmless(file)}'" if file else "has several files"
        raise NotFoundError(
            f"revision {revision.number} of '{revision.config}' {wrong}",
            hint=f"--raw --file NAME; it has: {', '.join(map(harmless, files))}",
        )
    return files[file]


def _changed(guard: Guard, before: Revision, revision: Revision) -> Diff | None:
    try:
        return guard.diff(before.number, revision.number)
    except DocumentError:  # what was found in a target need not parse
        return None


def show_blame(args: Namespace) -> None:
    result = _blame(args)
    say(args.format, result.to_json(), lambda: str(result))


def show_log(args: Namespace) -> None:
    if _is_config(args.name):
        with guarded_there(args.name) as guard:
            schema = resolve_schema(args.schema) or guard.schema
            versions = of_store(guard.store, guard.name, args.before)
            if args.format == "text":
                shown = [
                    show_revision(each.revision) for each in islice(versions, args.limit) if each.revision
                ]
                which = "yet" if args.before is None else f"before {args.before}"
                print("\n".join(shown) or f"'{args.name}' has no revision {which}")
                return
            logged = list(islice(entries(versions, schema), args.limit))
            first = guard.revision(1).digest if logged else ""
            _print_log(args, logged, None, lambda: f"{guard.name}:{first}")
        return
    if args.before is not None:
        raise ConfguardError("--before counts the revisions of a store", hint="of a file in git: REV:path")
    file, schema = _in_git(args)
    versions = (version for version in file.versions() if version.id is not None)
    logged = list(islice(entries(versions, schema), args.limit))
    tags = file.tags([str(entry.version.id) for entry in logged])
    _print_log(args, logged, tags, lambda: file.identity)


def _print_log(
    args: Namespace, logged: list[Entry], tags: dict[str, str] | None, identity: Callable[[], str]
) -> None:
    if args.format == "markdown":
        print(to_markdown(args.name, releases(logged, tags)))
    elif args.format == "atom":
        print(to_atom(args.name, identity(), logged))
    else:
        say(
            args.format,
            [_entry_json(args.name, entry, tags) for entry in logged],
            lambda: "\n".join(_show_commit(entry, tags or {}) for entry in logged),
        )


def _entry_json(name: str, entry: Entry, tags: dict[str, str] | None) -> dict[str, object]:
    version = entry.version
    if version.revision is not None:
        members = revision_json(version.revision)
    else:
        members = {
            "file": name,
            "commit": version.id,
            "author": version.author,
            "email": version.email,
            "reason": entry.clean(version.reason),
            "created_at": version.at.isoformat() if version.at else None,
            "ticket": version.ticket,
            "release": (tags or {}).get(str(version.id)),
        }
    return members | {"changes": entry.sentences(harmless)}


def _show_commit(entry: Entry, tags: dict[str, str]) -> str:
    """Commit, time and author; the reason below it."""
    version = entry.version
    release = f"  [{harmless(tags[str(version.id)])}]" if str(version.id) in tags else ""
    ticket = f" ({version.ticket})" if version.ticket and version.ticket not in version.reason else ""
    head = (
        f"{str(version.id)[:10]}  {version.at:%Y-%m-%d %H:%M:%S}Z  {harmless(version.author or '')}{release}"
    )
    return f"{head}\n{indented(harmless(entry.clean(version.reason) + ticket), 6)}"


def _blame(args: Namespace) -> Blame:
    if _is_config(args.name):
        with guarded_there(args.name) as guard:
            return blame(guard, schema=args.schema)
    file, schema = _in_git(args)
    return blame(file.path, schema=schema, revision=file.revision, format=file.format)


def _in_git(args: Namespace) -> tuple[GitFile, Schema[Any] | None]:
    terms = terms_for(args.name, args.schema)
    file = GitFile(Path(from_here(args.name)), revision_of(args.name), args.read_as or terms.format)
    return file, terms.schema


def _is_config(name: str) -> bool:
    """Does an argument name a config of the project, and no file? What is neither is taken as a config's name."""
    named_as_file = ":" in name or "/" in name or "." in name or Path(name).exists()
    return config_named(name) is not None or not named_as_file


def show_suspects(args: Namespace) -> int:
    from confguard.causes import suspects

    ranked = suspects(
        at=args.at.at if args.at else None,
        symptom=args.symptom,
        window=args.window,
        limit=args.limit,
    )
    is_local = bool(args.at and args.at.local)
    say(
        args.format,
        ranked.to_json() | {"at_is_local_time": is_local},
        lambda: _show_suspects(ranked, str(args.window), is_local=is_local),
    )
    return 0 if ranked.suspects else 1


def _show_suspects(ranked: Suspects, window: str, *, is_local: bool) -> str:
    zone = " (local time: no zone was given)" if is_local else ""
    lines = [f"{amount(ranked.changes, 'change')} in the {window} before {_local_time(ranked.at)}{zone}"]
    for place, each in enumerate(ranked.suspects, 1):
        lines += ["", *_suspect(place, each)]
    lines += [""] if ranked.suspects else []
    lines += [f"no suspect: {amount(count, 'change')}, {why}" for why, count in ranked.left_out.items()]
    lines += [wrapped(harmless(note), 2) for note in ranked.notes]
    if not ranked.suspects:
        return "\n".join([*lines, "nothing in this window can be the cause: look further back with --window"])
    first = ranked.suspects[0]
    if first.revert is None:
        lines.append(
            "the first is a revert that was made by itself: taking it back would bring the failure back"
        )
        return "\n".join(lines)
    if first.taken_back:
        lines.append(
            f"the first was taken back since, by {harmless(first.taken_back)}; if it has to be again:"
        )
    else:
        lines.append("to take the first back:")
    return "\n".join([*lines, f"  {first.revert}"])


def _suspect(place: int, suspect: Suspect) -> list[str]:
    which = f"revision {suspect.revision}" if isinstance(suspect.revision, int) else suspect.revision
    lines = [
        f"{place}. {paint(harmless(suspect.config), 'high' if place == 1 else '')}, {which} by"
        f" {harmless(suspect.author)} at {_local_time(suspect.at)}: score {suspect.score}",
        indented(harmless(suspect.reason)),
    ]
    lines += [f"      {change}" for change in suspect.changes]
    return lines + [
        wrapped(f"    {factor.points:+5.0f}  {factor.name}: {factor.why}", 11) for factor in suspect.factors
    ]


def _local_time(at: datetime) -> str:
    """A moment in local time, with its zone."""
    local = at.astimezone()
    return harmless(f"{local:%Y-%m-%d %H:%M:%S %Z}")
