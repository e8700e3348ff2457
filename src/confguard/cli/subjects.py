"""What the words of a command line name: the project, guards of its configs, files and revisions, and their terms."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias, TypeVar

from attrs import evolve

from confguard import git
from confguard.cli.here import find_project, require_project
from confguard.cli.output import relative, shown_path
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import BUNDLE, parse_bytes
from confguard.documents.document import Document
from confguard.documents.layout import common_folder, matching
from confguard.documents.patterns import is_pattern
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format, format_named, known_formats
from confguard.errors import ConfguardError, DocumentError, ProjectError, SchemaError, nearest
from confguard.events import Listener
from confguard.guard import Guard
from confguard.project import Config, Project
from confguard.project.guards import guard_of, terms_of
from confguard.risk.judging import Side, Terms
from confguard.schema.schema import SchemaLike, resolve_schema
from confguard.stores.interface import Store
from confguard.stores.opening import check_there

T = TypeVar("T")
Outcomes: TypeAlias = tuple[dict[str, T], dict[str, ConfguardError]]
"""What is seen of each name, and what is wrong with those of which nothing can be seen: they hide no others."""
_NAME_ONE = "[configs.NAME] with `files` or `layers` names some"


def the_project(*, anyway: bool = False) -> Project:
    """The project of the working folder. Raises `ProjectError` where there is none.

    With `anyway`, also where probes, monitors, reloads and bakes cannot be used: who goes back in an outage needs none.
    """
    return require_project(leave_out if anyway else None)


def leave_out(error: ProjectError) -> None:
    """Say, once, without what of the project file it goes on."""
    _say_once(f"confguard: goes on without what cannot be used:\n{relative(str(error))}")


@cache
def _say_once(text: str) -> None:
    print(text, file=sys.stderr)


def guarded(name: str) -> Guard:
    return guard_of(the_project(), name)


def guarded_anyway(name: str, *, store: Store | None = None, on_event: Listener | None = None) -> Guard:
    """The guard of a config, without its schema where that cannot be imported: what goes back needs none."""
    project = the_project(anyway=True)
    try:
        return guard_of(project, name, on_event, store=store)
    except SchemaError as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        why = relative(str(error))
        print(f"confguard: goes on without the schema of '{name}': {why}{hint}", file=sys.stderr)
        return guard_of(project, name, on_event, store=store, with_schema=False)


def guarded_there(name: str) -> Guard:
    """As `guarded_anyway`, for who needs a store that is there. Raises `NotFoundError` where there is none."""
    guard = guarded_anyway(name)
    check_there(guard.store, f"'{guard.name}': ")
    return guard


def of_each(name: str | None, look: Callable[[Guard], T]) -> Outcomes[T]:
    """What is seen of the config that is named, or of all of the project, even if one cannot be looked at."""

    def looked(config: str) -> T:
        with guarded_anyway(config) as guard:
            return look(guard)

    return of_all(names_of(name), looked)


def of_each_stored(name: str | None, look: Callable[[Guard], T]) -> Outcomes[T]:
    """As `of_each`, with stores that are there. Raises what is wrong with the config that is named."""

    def looked(guard: Guard) -> T:
        check_there(guard.store)
        return look(guard)

    seen, errors = of_each(name, looked)
    if name and errors:
        raise errors[name]
    return seen, errors


def of_all(names: Iterable[str], look: Callable[[str], T]) -> Outcomes[T]:
    seen: dict[str, T] = {}
    errors: dict[str, ConfguardError] = {}
    for name in names:
        try:
            seen[name] = look(name)
        except ConfguardError as error:
            errors[name] = error
    return seen, errors


def names_of(name: str | None) -> list[str]:
    """The config that was named; all of the project, if none was. Raises `ProjectError` where there is none."""
    project = the_project(anyway=True)
    if name:
        project.config(name)
    if not project.settings.configs:
        raise ProjectError(f"{project.file}: no config there", hint=_NAME_ONE)
    return [name] if name else list(project.settings.configs)


def file_named(name: str) -> str:
    """The file of an argument: itself, or the one file of the config with that name. Raises `ProjectError`."""
    project = config_named(name)
    return shown_path(project.source_of(name)) if project else name


def files_named(names: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, ConfguardError]]:
    """The files of arguments: themselves, or those of the configs with these names; of all configs without any.

    Each with the configs that were asked for it; a blank where it was named itself. With them, the configs of which no
    file is there, and what is wrong. Raises `ProjectError` where none names a file.
    """
    project = the_project() if not names else None
    configs: dict[str, Project | None] = {name: config_asked(name) for name in names}
    if project:
        configs |= dict.fromkeys(project.settings.configs, project)

    def files(name: str) -> list[str]:
        of = configs[name]
        return [name] if of is None else files_of(of, name)

    listed, errors = of_all(configs, files)
    if project and not errors and not any(listed.values()):
        raise ProjectError(f"{project.file}: no config there names files", hint=_NAME_ONE)
    asked: dict[str, list[str]] = {}
    for name, of_config in listed.items():
        for file in of_config:
            asked.setdefault(file, []).append(name if configs[name] else "")
    return asked, errors


def files_of(project: Project, name: str) -> list[str]:
    """The files of a config, seen from here; those named without a pattern need not be there.

    Raises `ProjectError` where nothing matches its patterns.
    """
    patterns = project.config(name).patterns
    exact = [project.root / pattern for pattern in patterns if not is_pattern(pattern)]
    files = [*exact, *matching(project.root, list(filter(is_pattern, patterns)))]
    if patterns and not files:
        raise ProjectError(
            f"'{name}' has no file: nothing matches {', '.join(patterns)}",
            hint=f"patterns are from {project.root}",
        )
    return list(dict.fromkeys(map(shown_path, files)))


def config_named(name: str) -> Project | None:
    """The project, where it has a config of this name that no file here takes from it."""
    if Path(name).is_file():
        return None
    project = find_project(leave_out)
    return project if project and name in project.settings.configs else None


def config_asked(name: str) -> Project | None:
    """The same for what somebody typed. Raises `ProjectError` for a misspelt config: a word that names no file."""
    project = find_project(leave_out)
    is_word = re.fullmatch(r"\w[\w-]+", name) is not None
    if project and is_word and not Path(name).exists() and nearest(name, project.settings.configs):
        project.config(name)  # raises where it is only close
    return config_named(name)


def load(name: str, format: str | None) -> Side:
    """The bytes of the file, or of the config's one file, that an argument names. Raises `DocumentError`."""
    name = one_file(name)
    if name == "-":
        if not format:
            raise DocumentError("standard input has no name to tell its format", hint="say it with --as")
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise DocumentError(
                f"is larger than {MAX_BYTES:,} bytes, the most that confguard reads", path="-"
            )
        return Side(content, "<stdin>", format_named(format).name)
    _, colon, path = name.partition(":")
    if colon and not Path(name).exists():
        return Side(git.blob(name, MAX_BYTES), name, _format_of(path, format))
    content = load_bytes(name)
    project = find_project()
    configs = project.configs_of(name) if project and not format else {}
    named = next((config.format for config in configs.values() if config.format), format)
    return Side(content, name, _format_of(name, named))


def one_file(name: str) -> str:
    """The file of an argument, as `file_named` has it. Raises `ProjectError` for a config of several."""
    several = config_asked(name)
    if several and several.layout_of(name) is not None:
        files = ", ".join(files_of(several, name))
        raise ProjectError(f"'{name}' has several files, and one is taken here", hint=f"name it: {files}")
    return file_named(name)


def _format_of(path: str, format: str | None) -> str:
    """The format that is named, or told by a path. Raises `DocumentError`, with the option that names one."""
    try:
        return (format_named(format) if format else detect_format(path)).name
    except DocumentError as error:
        hint = error.hint if format else f"name it with --as: {', '.join(known_formats())}"
        raise DocumentError(error.message, path=error.path, hint=hint) from error


def revision_of(name: str) -> str | None:
    """The revision that `REV:path` names; None for a file."""
    revision, colon, _ = name.partition(":")
    return revision if colon and revision and not Path(name).exists() else None


def parse(side: Side) -> Document:
    """The document of what was loaded. Raises `DocumentError`."""
    assert side.content is not None
    assert side.format is not None
    return parse_bytes(side.content, side.format, path=side.name)


def load_document(name: str, format: str | None) -> Document:
    """The document that an argument names. Raises `DocumentError`."""
    return parse(load(name, format))


def whole(name: str, document: Document, config: str, revision: str | None = None) -> Document:
    """The layers of a config that a file is one of, as they stand or a revision has them; or the document itself."""
    project = find_project()
    layout = project.layout_of(config) if project and config and project.config(config).layers else None
    if project is None or layout is None or not (Path(name).exists() or revision_of(name)):
        return document
    place = project.root / common_folder(project.config(config).patterns)
    folder = os.path.relpath(place)
    file = project.root / project.name_of(from_here(name), project.config(config))
    own = {os.path.relpath(file, folder): document.content}
    if revision is None:
        return layout.bundle(folder, None).with_files(own)
    in_git = os.path.relpath(place.resolve())  # git goes through no links
    named = {each: f"{revision}:./{os.path.normpath(f'{in_git}/{each}')}" for each in layout.names}
    there = git.blobs(named.values(), MAX_BYTES)
    held = {each: there[blob] for each, blob in named.items() if blob in there}
    return parse_bytes(layout.content(held | own), BUNDLE, path=folder)


def make_importable() -> None:
    """Let schemas be imported from the working folder, as with `python -m`."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def from_here(name: str) -> str:
    """The path of a file, or of `REV:path`: from the top of the work tree, unless it begins with a dot."""
    _, colon, path = name.rpartition(":")
    if not colon or Path(name).exists():
        return name
    return path if path.startswith((".", "/")) else str(git.root() / path)


def terms_for(name: str, schema: SchemaLike, project: Project | None = None) -> Terms:
    """The terms for a file: those of the first config that it belongs to; a schema that is named wins."""
    return next(iter(terms_of_each(name, schema, project).values()))


def terms_of_each(name: str, schema: SchemaLike, project: Project | None = None) -> dict[str, Terms]:
    """The terms for a file by each config that it belongs to, or by the one that is named; of none, by a blank."""
    if schema:
        make_importable()
    project = project or find_project()
    if project is None:
        return {"": Terms(schema=resolve_schema(schema))}
    if config_named(name):
        configs: dict[str, Config | None] = {name: project.config(name)}
    else:
        configs = dict(project.configs_of(from_here(name))) or {"": None}
    return {of: _as_seen_here(terms_of(project, config, schema)) for of, config in configs.items()}


def _as_seen_here(terms: Terms) -> Terms:
    """The terms for files that are named as they are seen from here."""
    return evolve(terms, naming=lambda file: terms.naming(from_here(file)))
