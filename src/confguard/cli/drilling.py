"""`drill`: would a wrong change have been caught?"""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path

from confguard.cli import sources
from confguard.cli.options import Commands, duration, whole
from confguard.cli.output import say, shown_path
from confguard.cli.projects import guarded_anyway
from confguard.documents.bundle import Bundle, parse_bytes
from confguard.documents.document import Document
from confguard.documents.layout import Layout
from confguard.errors import ConfguardError, DocumentError, harmless
from confguard.fields import Duration
from confguard.progress import progress
from confguard.project import Config, find_project
from confguard.project.guards import bake_for_drill, terms_of
from confguard.risk.judging import Terms
from confguard.risk.policy import Decision
from confguard.stores.opening import missing_file

__all__ = ["register"]

_HISTORY = 5


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "drill",
        drill,
        'confguard drill auth\n  confguard drill auth --test "python check.py {}"'
        '\n  confguard drill auth --service "bin/auth --config {}"\n  confguard drill --live',
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
        help="ends with 0 for a good copy; run for what nothing caught; {} is the copy's path, or the folder of"
        " several (the config's `drill_test`; '' for none)",
    )
    command.add_argument(
        "--service",
        metavar="COMMAND",
        help="runs the service with the copy at {}, in the foreground; the config's probes and monitors then"
        " watch it, for what nothing caught (the config's `drill_service`; '' for none)",
    )
    command.add_argument(
        "--watch",
        metavar="TIME",
        type=duration,
        default=Duration("2s"),
        help="how long a service that got healthy is watched (2s)",
    )
    command.add_argument(
        "--timeout",
        metavar="TIME",
        type=duration,
        default=Duration("60s"),
        help="how long a test may take, or a service until it is healthy (60s)",
    )
    commands.add_reading(command)


def drill(args: Namespace) -> int:
    """`confguard drill`."""
    if args.live:
        return _live(args)
    if args.name is None:
        raise ConfguardError("what is drilled?", hint="name a config or a file, or play one: --live")
    from confguard.drill import drill as drilled

    document, config, terms = _subject(args)
    service = _words("--service", args.service, config.drill_service if config else [])
    with progress("drilling") as tell:
        result = drilled(
            document,
            terms,
            others=_others(args.name, document),
            seed=args.seed,
            limit=args.limit,
            fail_on=Decision(args.fail_on),
            test=_words("--test", args.test, config.drill_test if config else []),
            service=service,
            bake=bake_for_drill(config, args.watch) if service else None,
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


def _subject(args: Namespace) -> tuple[Document, Config | None, Terms]:
    """What is drilled: a config as a whole, or a file; where that is a layer, with the others as they stand."""
    project = sources.config_named(args.name)
    if project and (layout := project.layout_of(args.name)):
        if args.schema:
            sources.make_importable()
        config = project.config(args.name)
        document: Document = layout.bundle(shown_path(project.source_of(args.name)), None)
        return document, config, terms_of(project, config, args.schema)
    terms = sources.terms_for(args.name, args.schema)
    file = sources.file_named(args.name)
    document = sources.whole(file, sources.parse(sources.load(file, args.read_as)))
    there = find_project()
    of_file = there.config_of(file) if there else None
    return document, of_file[1] if of_file else None, terms


def _words(option: str, command: str | None, otherwise: list[str]) -> list[str]:
    """The words of a command that was given, or of the one that the config has."""
    if command is None:
        return otherwise
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ConfguardError(f"{option}: {error}") from error


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
        there = Path(document.path).resolve()
        folders = [(project.root / each).resolve() for each in project.settings.environments.values()]
        inside = next((each for each in folders if there.is_relative_to(each)), None)
        for folder in folders if inside else ():
            other = folder / there.relative_to(inside or folder)
            if other != there:
                others += _like(document, other)
    return others


def _like(document: Document, there: Path) -> list[Document]:
    """The same file, or files, elsewhere; none where they are not all there."""
    try:
        if isinstance(document, Bundle):
            layout = Layout(list(document.files), layered=document.layered)
            return [layout.bundle(there, None)]
        return _read([there.read_bytes()], document) if there.is_file() else []
    except DocumentError:
        return []


def _read(contents: list[bytes], like: Document) -> list[Document]:
    """Those that parse."""
    documents = []
    for content in contents:
        try:
            documents.append(parse_bytes(content, like.format, path=like.path))
        except DocumentError:
            continue
    return documents
