"""`blame` and `log`: who set each value, and what changed when, over a store's history or over git."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from confguard.cli.change import revision_json
from confguard.cli.history import show_revision
from confguard.cli.options import Commands, whole
from confguard.cli.output import indented, say
from confguard.cli.projects import guarded_there
from confguard.cli.sources import config_named, from_here, revision_of, terms_for
from confguard.errors import ConfguardError, harmless
from confguard.records import Blame, blame
from confguard.records.changelog import Entry, entries, releases
from confguard.records.pages import to_atom, to_markdown
from confguard.records.versions import GitFile, of_store
from confguard.schema.schema import Schema, resolve_schema

__all__ = ["register"]

_ABOUT = "a config in confguard.toml (its store), a file in git, or REV:path"


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add(
        "blame",
        show_blame,
        "confguard blame auth\n  confguard blame deploy/auth.yaml --format json",
    )
    command.add_argument("name", metavar="FILE|NAME", help=_ABOUT)
    commands.add_reading(command)

    command = commands.add(
        "log",
        show_log,
        "confguard log auth\n  confguard log auth --limit 100 --format markdown > CHANGES.md",
        formats=["text", "markdown", "json", "atom"],
    )
    command.add_argument("name", metavar="FILE|NAME", help=_ABOUT)
    command.add_argument("--limit", metavar="N", type=whole, default=20, help="how many (20)")
    command.add_argument("--before", metavar="N", type=whole, help="only those before revision N")
    commands.add_reading(command)


def show_blame(args: Namespace) -> int:
    """`confguard blame`."""
    result = _blame(args)
    say(args.format, result.to_json(), lambda: str(result))
    return 0


def show_log(args: Namespace) -> int:
    """`confguard log`."""
    if _is_config(args.name):
        with guarded_there(args.name) as guard:
            schema = resolve_schema(args.schema) or guard.schema
            versions = of_store(guard.store, guard.name, args.before)
            if args.format == "text":
                shown = [
                    show_revision(each.revision) for each in islice(versions, args.limit) if each.revision
                ]
                print("\n".join(shown) or f"'{args.name}' has no revision yet")
                return 0
            logged = list(islice(entries(versions, schema), args.limit))
            first = guard.revision(1).digest if logged else ""
            _print_log(args, logged, None, lambda: f"{guard.name}:{first}")
        return 0
    if args.before is not None:
        raise ConfguardError("--before counts the revisions of a store", hint="of a file in git: REV:path")
    file, schema = _in_git(args)
    versions = (version for version in file.versions() if version.id is not None)
    logged = list(islice(entries(versions, schema), args.limit))
    tags = file.tags([str(entry.version.id) for entry in logged])
    _print_log(args, logged, tags, lambda: file.identity)
    return 0


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
