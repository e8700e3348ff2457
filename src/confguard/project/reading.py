"""Finding, reading and checking a project file."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import evolve

from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document, read
from confguard.documents.patterns import PROJECT_FILE
from confguard.documents.registry import format_named
from confguard.errors import (
    ConfguardError,
    DocumentError,
    Problem,
    ProjectError,
    TargetError,
    ValidationError,
    did_you_mean,
)
from confguard.paths import Path as DocumentPath
from confguard.project.project import Config, Project, Settings, inside, placed
from confguard.risk.policy import Policy
from confguard.stores.stages import stages_of
from confguard.targets.options import UnusableError

ENVIRONMENT = "CONFGUARD_CONFIG"
"""The environment variable that names a project file."""


def find_project(leave_out: Callable[[ProjectError], None] | None = None) -> Project | None:
    """The project of the working folder: the file that `CONFGUARD_CONFIG` names, else the nearest upwards; or None.

    With `leave_out`, which is told of it, without what nothing that goes back needs, where that cannot be used.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        return load_project(Path(named), leave_out=leave_out)
    folder = Path.cwd().resolve()
    return next(
        (project for each in (folder, *folder.parents) if (project := project_in(each, leave_out))), None
    )


def require_project(leave_out: Callable[[ProjectError], None] | None = None) -> Project:
    """The project of the working folder, as `find_project` finds it. Raises `ProjectError` where there is none."""
    project = find_project(leave_out=leave_out)
    if project is None:
        raise ProjectError(f"no {PROJECT_FILE} here or in a folder above", hint="`confguard init` writes one")
    return project


def project_in(folder: Path, leave_out: Callable[[ProjectError], None] | None = None) -> Project | None:
    """The project whose file stands in this very folder; None where there is none."""
    for file in (folder / PROJECT_FILE, folder / "pyproject.toml"):
        if file.is_file() and has_project(file):
            return load_project(file, leave_out=leave_out)
    return None


def has_project(file: Path, content: bytes | None = None) -> bool:
    """Is a file of one of these names a project file? A `pyproject.toml` is, where it has the table."""
    return file.name == PROJECT_FILE or _table(_read(file, content)) is not None


def load_project(
    file: Path, content: bytes | None = None, leave_out: Callable[[ProjectError], None] | None = None
) -> Project:
    """Read a project file. Raises `ProjectError` with every problem and its place.

    With `content`, as if the file held that: what it held in another revision. `leave_out` as in `find_project`.
    """
    document = _read(file, content)
    table = _table(document) if inside(document) else document.data
    if table is None:
        raise ProjectError(f"{file}: has no [tool.confguard] table")
    from confguard.schema.schema import resolve_schema

    schema = resolve_schema(Settings)
    try:
        settings: Settings = schema.validate(table)  # type: ignore[union-attr]
    except ValidationError as error:
        raise _error(error.problems, document) from None
    project = Project(file=file, root=file.parent.absolute(), settings=settings, document=document)
    needless = [*_unknown_codes(settings), *_unusable_tables(settings), *_unusable_notifiers(project)]
    unusable, at_odds = _wrong_targets(project)
    needless += [*_unknown_formats(settings), *_unusable_rules(settings), *unusable]
    if needless and leave_out and not at_odds:
        leave_out(_error(needless, document))
        return evolve(project, settings=_without(settings, needless))
    if needless or at_odds:
        raise _error([*needless, *at_odds], document)
    return project


def _without(settings: Settings, problems: Iterable[Problem]) -> Settings:
    """The settings without reloads, probes, monitors, stages, bakes, formats and notifiers that cannot be used.

    Targets stay: the guard of their own config refuses them, and no other config is kept from going back.
    """
    wrong = {problem.path[1:3] for problem in problems if problem.path[0] == "configs"}
    nothing: dict[str, Any] = {"format": None, "bake": None}
    nothing |= {key: [] for key in ("reload", "probes", "monitors", "stages")}
    configs = {
        name: evolve(config, **{key: nothing[key] for at, key in wrong if at == name and key in nothing})
        for name, config in settings.configs.items()
    }
    bad = {problem.path[1] for problem in problems if problem.path[0] == "notifiers"}
    notifiers = {name: each for name, each in settings.notifiers.items() if name not in bad}
    return evolve(settings, configs=configs, notifiers=notifiers)


def _error(problems: Iterable[Problem], document: Document) -> ProjectError:
    return ProjectError("\n".join(str(placed(problem, document)) for problem in problems))


def _unknown_codes(settings: Settings) -> list[Problem]:
    """Acceptances of what no rule says, the project's own rules included."""
    policies: list[tuple[DocumentPath, Policy | None]] = [(("policy",), settings.policy)]
    policies += [(("configs", name, "policy"), each.policy) for name, each in settings.configs.items()]
    accepted = [(at, i, a.code) for at, policy in policies if policy for i, a in enumerate(policy.accept)]
    if not accepted:
        return []
    from confguard.risk.rules.catalogue import known_codes

    known = known_codes() | {rule.code for rule in settings.rules}
    return [
        Problem((*at, "accept", index, "code"), f"no rule '{code}'{did_you_mean(code.upper(), known)}")
        for at, index, code in accepted
        if code.upper() not in known
    ]


def _unusable_rules(settings: Settings) -> Iterator[Problem]:
    """Rules that can never hold; where their library is not installed, that is told when they are needed."""
    for index, rule in enumerate(settings.rules if settings.rules and find_spec("cel") else ()):
        try:
            rule.compile()
        except ConfguardError as error:
            yield Problem(("rules", index, "when"), str(error))


def _unknown_formats(settings: Settings) -> Iterator[Problem]:
    for name, config in settings.configs.items():
        try:
            _ = config.format and format_named(config.format)
        except DocumentError as error:
            yield _problem(("configs", name, "format"), error)


def _wrong_targets(project: Project) -> tuple[list[Problem], list[Problem]]:
    """Targets that are none; and those at odds, of which two name one file: each would undo what the other writes."""
    from confguard.targets.filesets import FileSet, places_of
    from confguard.targets.tables import as_target

    unusable: list[Problem] = []
    at_odds: list[Problem] = []
    named: dict[Path, str] = {}
    sets: dict[Path, tuple[str, FileSet]] = {}
    below: dict[Path, list[Path]] = defaultdict(list)
    for name, config in project.settings.configs.items():
        try:
            layout = project.layout_of(name) if config.targets or config.layers else None
        except ConfguardError as error:
            unusable.append(Problem(("configs", name, "layers" if config.layers else "files"), str(error)))
            continue
        if config.layers and config.files:
            both = "layers are files already: keep one of the two"
            at_odds.append(Problem(("configs", name, "files"), both))
        for index, like in enumerate(config.targets):
            at = ("configs", name, "targets", index)
            try:
                target = as_target(like, project.root, layout)
            except TargetError as error:
                unusable.append(_problem(at, error))
                continue
            places = [place.resolve() for place in places_of(target)]
            taken = [(place, named[place]) for place in places if place in named]
            for place in places:
                around = [sets[folder] for folder in place.parents if folder in sets]
                taken += [(place, other) for other, each in around if each.takes(place)]
            if isinstance(target, FileSet):
                taken += [(place, named[place]) for place in below[target.real] if target.takes(place)]
                sets[target.real] = name, target
            at_odds += [
                Problem(at, f"{place} is a target of '{other}' already: one file has one config")
                for place, other in dict(taken).items()
            ]
            named |= dict.fromkeys(places, name)
            for place in places:
                for folder in place.parents:
                    below[folder].append(place)
    return unusable, at_odds


def _unusable_tables(settings: Settings) -> Iterator[Problem]:
    """Reloads, probes and monitors that are none, and bakes that ask nothing."""
    for name, config in settings.configs.items():
        for key, likes, read_one in _lists(config):
            for index, like in enumerate(likes):
                try:
                    read_one(like)
                except TargetError as error:
                    yield _problem(("configs", name, key, index), error)
        if config.bake is not None and not config.bake:
            yield Problem(("configs", name, "bake"), "must be longer than 0")
        elif config.bake and not (config.probes or config.monitors):
            yield Problem(("configs", name, "bake"), "a bake asks nothing: name probes or monitors beside it")
        try:
            stages_of(config.stages)
        except ValueError as error:
            yield Problem(("configs", name, "stages"), str(error))


def _unusable_notifiers(project: Project) -> Iterator[Problem]:
    """Notifiers that are none; whether their secrets are there is known when they are needed."""
    for name, table in project.settings.notifiers.items():
        from confguard.notify.notifiers import as_notifier

        try:
            as_notifier(table, project.root)
        except UnusableError as error:
            yield _problem(("notifiers", name), error)


def _problem(at: DocumentPath, error: ConfguardError) -> Problem:
    """What cannot be used, at the key of its table that is at fault."""
    key = getattr(error, "key", None)
    hint = f" ({error.hint})" if error.hint else ""
    return Problem((*at, key) if key else at, f"{error}{hint}")


def _lists(config: Config) -> Iterator[tuple[str, list[Any], Callable[[Any], object]]]:
    """The lists of what can be written in several ways, each with what reads one: imported where there is one."""
    if config.reload:
        from confguard.targets.reload import as_reload

        yield "reload", config.reload, as_reload
    if config.probes:
        from confguard.rollout.probes import as_probe

        yield "probes", config.probes, as_probe
    if config.monitors:
        from confguard.rollout.monitors import as_monitor

        yield "monitors", config.monitors, as_monitor


def _read(file: Path, content: bytes | None = None) -> Document:
    try:
        return read(file, "toml") if content is None else parse_bytes(content, "toml", path=str(file))
    except DocumentError as error:
        named = os.environ.get(ENVIRONMENT) == str(file) and error.line is None
        hint = f"{ENVIRONMENT} in the environment names it" if named else None
        raise ProjectError(str(error), hint=error.hint or hint) from error


def _table(document: Document) -> Any:
    tool = document.data.get("tool")
    return tool.get("confguard") if isinstance(tool, dict) else None
