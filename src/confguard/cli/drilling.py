"""`drill`: would a wrong change have been caught?"""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from confguard.cli import subjects
from confguard.cli.here import find_project
from confguard.cli.options import (
    Commands,
    argument,
    count,
    duration,
    fail_on_option,
    flag,
    reading_options,
    whole,
)
from confguard.cli.output import say, shown_path
from confguard.cli.subjects import guarded_anyway
from confguard.documents.bundle import Bundle, parse_bytes
from confguard.documents.document import Document
from confguard.documents.layout import Layout
from confguard.errors import ConfguardError, DocumentError, harmless
from confguard.fields import Duration
from confguard.project import Config
from confguard.project.guards import bake_for_drill, terms_of
from confguard.risk.judging import Terms
from confguard.risk.policy import Decision, Policy
from confguard.schema.schema import SchemaLike
from confguard.stores.opening import missing_file
from confguard.streams import progress

if TYPE_CHECKING:
    from confguard.drill import Drill

_HISTORY = 5


def register(commands: Commands) -> None:
    example = (
        'confguard drill auth\n  confguard drill auth --test "python check.py {}"'
        '\n  confguard drill auth --service "bin/auth --config {}"\n  confguard drill --live'
    )
    exits = "0 done, 1 a live drill was given up, 2 cannot run"
    command = commands.add("drill", drill, example, exits)
    argument(command, "name", "NAME", "a config of confguard.toml, or a file", nargs="?")
    flag(command, "--live", "play one with people: find the change on a running service")
    argument(command, "--seed", "SEED", "which choice, in which order (0)", type=whole, default=0)
    argument(command, "--limit", "N", "how many at most (1000)", type=count, default=1000)
    fail_on_option(command, "the decision from which on the risk policy stops a change (block)")
    argument(
        command,
        "--test",
        "COMMAND",
        "ends with 0 for a good copy; run for what nothing caught; {} is the copy's path, or the folder of"
        " several (the config's `drill_test`; '' for none)",
    )
    argument(
        command,
        "--service",
        "COMMAND",
        "runs the service with the copy at {}, in the foreground; the config's probes and monitors then"
        " watch it, for what nothing caught (the config's `drill_service`; '' for none)",
    )
    argument(
        command,
        "--watch",
        "TIME",
        "how long a service that got healthy is watched (2s)",
        type=duration,
        default=Duration("2s"),
    )
    argument(
        command,
        "--timeout",
        "TIME",
        "how long a test may take, or a service until it is healthy (60s)",
        type=duration,
        default=Duration("60s"),
    )
    reading_options(command)


def drill(args: Namespace) -> int:
    if args.live:
        return _live(args)
    if args.name is None:
        raise ConfguardError("nothing to drill", hint="name a config or a file, or play one: --live")
    with progress("drilling") as tell:
        result = drill_named(
            args.name,
            args.schema,
            format=args.read_as,
            test=_words("--test", args.test),
            service=_words("--service", args.service),
            watch=args.watch,
            with_others=True,
            seed=args.seed,
            limit=args.limit,
            fail_on=Decision(args.fail_on),
            timeout=args.timeout,
            progress=tell,
        )
    say(args.format, result.to_json(), lambda: "\n".join(map(harmless, str(result).splitlines())))
    return 0


def drill_named(
    name: str,
    schema: SchemaLike = None,
    *,
    policy: Policy | None = None,
    format: str | None = None,
    test: Sequence[str] | None = None,
    service: Sequence[str] | None = None,
    watch: Duration,
    with_others: bool = False,
    **options: Any,
) -> Drill:
    """Drill a config, or a file, by what the project has for it: for the command line, and for tests.

    `with_others` takes stale copies from earlier revisions, and from other environments.
    """
    from confguard.drill import drill as drill_document

    document, config, terms = _subject(name, schema, format)
    terms = evolve(terms, policy=policy) if policy else terms
    if config:
        test = config.drill_test if test is None else test
        service = config.drill_service if service is None else service
    return drill_document(
        document,
        terms,
        others=_others(name, document) if with_others else (),
        test=test or (),
        service=service or (),
        bake=bake_for_drill(config, watch) if service else None,
        **options,
    )


def _live(args: Namespace) -> int:
    try:
        from confguard.demo.exercise import play
    except ImportError as error:
        raise ConfguardError(
            f"--live needs {error.name}, which is not installed",
            hint="pip install 'confguard-safety[demo]'",
        ) from error
    return play(args.seed)


def _subject(name: str, schema: SchemaLike, format: str | None) -> tuple[Document, Config | None, Terms]:
    """What is drilled: a config as a whole, or a file; where that is a layer, with the others as they stand."""
    project = subjects.config_named(name)
    if project and (layout := project.layout_of(name)):
        if schema:
            subjects.make_importable()
        config = project.config(name)
        bundle: Document = layout.bundle(shown_path(project.source_of(name)), None)
        return bundle, config, terms_of(project, config, schema)
    config_name, terms = next(iter(subjects.terms_of_each(name, schema).items()))
    file = subjects.file_named(name)
    document = subjects.whole(file, subjects.load_document(file, format), config_name)
    there = find_project()
    return document, there.config(config_name) if there and config_name else None, terms


def _words(option: str, command: str | None) -> list[str] | None:
    try:
        return None if command is None else shlex.split(command)
    except ValueError as error:
        raise ConfguardError(f"{option}: {error}") from error


def _others(name: str, document: Document) -> list[Document]:
    """Earlier revisions of a config, and the same file of other environments: what stale copies are taken from."""
    project = find_project()
    config = subjects.config_named(name)
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
    documents = []
    for content in contents:
        try:
            documents.append(parse_bytes(content, like.format, path=like.path))
        except DocumentError:
            continue
    return documents
