"""`drill`: would a wrong change have been caught?"""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path

from confguard.cli import sources
from confguard.cli.options import Commands, duration, whole
from confguard.cli.output import say
from confguard.cli.projects import guarded_anyway
from confguard.documents.document import Document
from confguard.documents.parsing import parse_bytes
from confguard.errors import ConfguardError, DocumentError, harmless
from confguard.fields import Duration
from confguard.progress import progress
from confguard.project import find_project
from confguard.risk.policy import Decision
from confguard.stores.opening import missing_file

__all__ = ["register"]

_HISTORY = 5


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "drill",
        drill,
        'confguard drill auth\n  confguard drill auth --test "python check.py {}"\n  confguard drill --live',
        exits="0 done, 1 a live drill was given up, 2 cannot run",
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="a config of confguard.toml, or a file")
    command.add_argument(
        "--live", action="store_true", help="play one with people: find the change on a running service"
    )
    command.add_argument("--seed", type=whole, default=0, help="which choice, in which order (0)")
    command.add_argument("--limit", type=whole, metavar="N", default=1000, help="how many at most (1000)")
    command.add_argument(
        "--fail-on",
        choices=["review", "block"],
        default="block",
        help="the decision from which on the risk policy stops a change (block)",
    )
    command.add_argument(
        "--test",
        metavar="COMMAND",
        help="run it for what nothing caught; {} is the copy's path (the config's `drill_test`; '' for none)",
    )
    command.add_argument(
        "--timeout", type=duration, default=Duration("60s"), help="how long the command may take (60s)"
    )
    commands.add_reading(command)


def drill(args: Namespace) -> int:
    """`confguard drill`."""
    if args.live:
        return _live(args)
    if args.name is None:
        raise ConfguardError("what is drilled?", hint="name a config or a file, or play one: --live")
    from confguard.drill import drill as drilled

    document = sources.parse(sources.load(args.name, args.read_as))
    terms = sources.terms_for(args.name, args.schema)
    with progress("drilling") as tell:
        result = drilled(
            document,
            terms,
            others=_others(args.name, document),
            seed=args.seed,
            limit=args.limit,
            fail_on=Decision(args.fail_on),
            test=_test(args.name, args.test),
            timeout=args.timeout,
            progress=tell,
        )
    say(args.format, result.to_json(), lambda: "\n".join(map(harmless, str(result).splitlines())))
    return 0


def _live(args: Namespace) -> int:
    try:
        from confguard.demo.exercise import play
    except ImportError as error:
        raise ConfguardError(
            f"--live needs {error.name}, which is not installed",
            hint="pip install 'confguard-safety[demo]'",
        ) from error
    return play(args.seed)


def _test(name: str, command: str | None) -> list[str]:
    """The words of the command that was given, or of the one that the config has."""
    if command is not None:
        try:
            return shlex.split(command)
        except ValueError as error:
            raise ConfguardError(f"--test: {error}") from error
    if project := sources.config_named(name):
        return project.settings.configs[name].drill_test
    project = find_project()
    config = project.config_of(name) if project else None
    return config[1].drill_test if config else []


def _others(name: str, document: Document) -> list[Document]:
    """Earlier revisions of a config, and the same file of other environments: what stale copies are taken from."""
    project = find_project()
    config = sources.config_named(name)
    others: list[Document] = []
    if config:
        with guarded_anyway(name) as guard:
            if missing_file(guard.store) is None:
                others += _read([each.content for each in guard.history(_HISTORY)], document)
    if project and document.path:
        file = Path(document.path).resolve()
        folders = [(project.root / each).resolve() for each in project.settings.environments.values()]
        inside = next((each for each in folders if file.is_relative_to(each)), None)
        for folder in folders if inside else ():
            other = folder / file.relative_to(inside or folder)
            if other != file and other.is_file():
                others += _read([other.read_bytes()], document)
    return others


def _read(contents: list[bytes], like: Document) -> list[Document]:
    """Those that parse."""
    documents = []
    for content in contents:
        try:
            documents.append(parse_bytes(content, like.format, path=like.path))
        except DocumentError:
            continue
    return documents
