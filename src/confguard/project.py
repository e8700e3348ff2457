"""The project file: `confguard.toml`, or `[tool.confguard]` in `pyproject.toml`. It names store and configs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
from attrs import field, frozen

from confguard.documents.document import Document, read
from confguard.documents.patterns import common_folder, is_several, layout_of, matching, the_only
from confguard.errors import (
    ConfguardError,
    DocumentError,
    Problem,
    ProjectError,
    TargetError,
    ValidationError,
    did_you_mean,
)
from confguard.events import Listener
from confguard.paths import Path as DocumentPath
from confguard.risk.policy import Policy
from confguard.risk.rules.user import UserRule

if TYPE_CHECKING:
    from confguard.diffs.many import Expected
    from confguard.documents.bundle import Layout
    from confguard.guard import Guard
    from confguard.risk.judging import Terms
    from confguard.risk.likelihood import Model
    from confguard.risk.rules.interface import Rule
    from confguard.rollout import Bake, Probe
    from confguard.stores import Store
    from confguard.targets.interface import Target

__all__ = ["FILE_NAME", "Config", "Project", "find_project", "load_project"]

FILE_NAME = "confguard.toml"
ENVIRONMENT = "CONFGUARD_CONFIG"
"""The environment variable that names a project file."""


def _probe_list(_: object, attribute: attrs.Attribute[Any], value: list[Any]) -> None:
    from confguard.rollout.probes import as_probe

    for probe in value:
        if not isinstance(probe, str | list):
            raise ValueError("a probe is a URL, or a command as a list")
        try:
            as_probe(probe)
        except TargetError as error:
            raise _refused(attribute.name, error) from None


def _reload_list(_: object, attribute: attrs.Attribute[Any], value: list[Any]) -> None:
    from confguard.targets.reload import as_reload

    for reload in value:
        try:
            as_reload(reload)
        except TargetError as error:
            raise _refused(attribute.name, error) from None


def _refused(name: str, error: TargetError) -> ValueError:
    said = str(error).removeprefix(f"{name}: ")
    return ValueError(f"{name}: {said}" + (f" ({error.hint})" if error.hint else ""))


@frozen
class Config:
    """One `[configs.NAME]` table."""

    files: list[str] = field(factory=list)
    """Files, or patterns (`*` crosses folders), that hold this config in the repository."""
    layers: list[str] = field(factory=list)
    """Files of which the later win over the earlier, and that are judged together; instead of `files`."""
    targets: list[Any] = field(factory=list)
    """Files that shall hold the head; `{ file, in_place, mode, owner, group }` says more of one. Of several files:
    folders, `{ folder, mode, owner, group }`, or `{ files = { "a.toml" = "/etc/a.toml" } }`."""
    reload: list[Any] = field(factory=list, validator=_reload_list)
    """How the service is told: URLs, commands as lists, `{ pid_file, signal }`, `{ systemd }`."""
    schema: str | None = None
    """`module:Class`."""
    format: str | None = None
    """The format, where the files' names do not tell it."""
    impact: Literal["low", "medium", "high", "critical"] | None = None
    """How much depends on it."""
    owners: list[str] = field(factory=list)
    """Who to ask."""
    policy: Policy | None = None
    """Its own thresholds."""
    probes: list[Any] = field(factory=list, validator=_probe_list)
    """What is asked while a new revision bakes: URLs, or commands as lists."""

    @property
    def patterns(self) -> list[str]:
        """Its files in the repository, or patterns of them."""
        return [pattern.removeprefix("./") for pattern in self.layers or self.files]


@frozen
class ExpectedDifference:
    """One `[[expected]]` table: differences between environments that are meant."""

    paths: list[str]
    """Settings, as patterns: `*.replicas`, `web.toml:db.host`."""
    between: list[str] = field(factory=list)
    """The two environments; any two (and any two revisions) where it is left out."""
    reason: str = ""

    @property
    def terms(self) -> Expected:
        """What a comparison takes."""
        from confguard.diffs.many import Expected

        return Expected(tuple(self.paths), self.reason)


@frozen
class DocumentSettings:
    """The `[documents]` table: how documents are read."""

    tags: list[str] = field(factory=list)
    """Tags of YAML whose values are read as they stand: `!Ref`, or patterns such as `!*`."""


@frozen
class _Settings:
    store: str = "sqlite:///confguard.db"
    environments: dict[str, str] = field(factory=dict)
    expected: list[ExpectedDifference] = field(factory=list)
    rules: list[UserRule] = field(factory=list)
    model: str | None = None
    signing_key: str | None = None
    allowed_signers: str | None = None
    policy: Policy = field(factory=Policy)
    documents: DocumentSettings = field(factory=DocumentSettings)
    configs: dict[str, Config] = field(factory=dict)


@frozen
class Project:
    """A project file that was read."""

    root: Path
    """The folder it stands in; all its paths are relative to that."""
    file: Path
    store: str
    policy: Policy
    configs: Mapping[str, Config]
    environments: Mapping[str, str] = field(factory=dict)
    """Folders by the name of the environment they configure."""
    expected: Sequence[ExpectedDifference] = ()
    """Differences between environments that are meant."""
    rules: Sequence[UserRule] = ()
    """Rules of the project's own."""
    model: str | None = None
    """A file of coefficients that `confguard backtest --fit` wrote."""
    signing_key: str | None = None
    """The SSH key that signs revisions."""
    allowed_signers: str | None = None
    """Whose signatures are good: a file as git has it."""
    tags: Sequence[str] = ()
    """Tags of YAML that are read as their plain value."""

    @property
    def signers(self) -> Path | None:
        """The file of allowed signers."""
        return self.root / Path(self.allowed_signers).expanduser() if self.allowed_signers else None

    def own_rules(self) -> list[Rule]:
        """The project's rules, compiled. Raises `ConfguardError`."""
        from confguard.risk.rules.user import CelRule

        for rule in self.rules:
            rule.compile()  # whether it does is to be known before anything is judged
        return [CelRule(rule) for rule in self.rules]

    def own_model(self) -> Model | None:
        """The project's own coefficients. Raises `ConfguardError`."""
        from confguard.risk.likelihood import read_model

        return read_model(self.root / self.model) if self.model else None

    def config(self, name: str) -> Config:
        """The config of a name. Raises `ProjectError` with a did-you-mean."""
        if name not in self.configs:
            known = ", ".join(self.configs) or "none yet"
            raise ProjectError(
                f"{self.file}: no config '{name}'{did_you_mean(name, self.configs)}",
                hint=f"configs there: {known}",
            )
        return self.configs[name]

    def config_of(self, path: str | os.PathLike[str]) -> tuple[str, Config] | None:
        """The config that a file belongs to, and its name; None if it belongs to none."""
        try:
            name = (Path.cwd() / path).resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return None
        for config_name, config in self.configs.items():
            if any(fnmatchcase(name, pattern) for pattern in config.patterns):
                return config_name, config
        return None

    def policy_of(self, config: Config | None) -> Policy:
        """The policy that holds for a config."""
        return config.policy if config and config.policy else self.policy

    def terms(self, config: Config | None, schema: str | None = None) -> Terms:
        """By what a file is judged: the terms of its config; a `schema` that is named wins.

        Raises `ConfguardError` for a schema, a rule or a model that cannot be used.
        """
        from confguard.risk.judging import Terms
        from confguard.schema.schema import resolve_schema

        self.make_importable()
        return Terms(
            schema=resolve_schema(schema or (self.schema_of(config) if config else None)),
            policy=self.policy_of(config),
            impact=config.impact if config else None,
            rules=self.own_rules(),
            model=self.own_model(),
            format=config.format if config else None,
        )

    def schema_of(self, config: Config) -> str | None:
        """What a config names as its schema; a file is relative to the project."""
        if config.schema and ":" not in config.schema:
            return str(self.root / config.schema)
        return config.schema

    def source_of(self, name: str) -> Path:
        """The one file that holds a config, or the folder of its several. Raises `ProjectError` if that is not told."""
        config = self.config(name)
        if self.layout_of(name) is not None:
            return self.root / common_folder(config.patterns)
        return the_only(self.root, config.patterns, name)

    def layout_of(self, name: str) -> Layout | None:
        """The files of a config that has several: layers; or those of a folder that is its target, or of none."""
        config = self.config(name)
        if config.layers:
            return layout_of(config.patterns, config.format, layered=True)
        told = is_several(config.files, config.targets)
        untold = not config.targets and len(matching(self.root, config.patterns)) > 1
        return layout_of(config.patterns, config.format) if told or untold else None

    def guard(
        self,
        name: str,
        on_event: Listener | None = None,
        *,
        store: Store | None = None,
        with_schema: bool = True,
    ) -> Guard:
        """The guard of a config; with a store that is open already, if one is given.

        Without its schema, what goes back works even where the schema cannot be imported.
        """
        from confguard.guard import Guard
        from confguard.risk.rules.user import CelRule

        config, layout = self.config(name), self.layout_of(name)
        self.make_importable()
        return Guard(
            name,
            schema=self.schema_of(config) if with_schema else None,
            store=store or self.store_url,
            layers=layout.names if layout and layout.layered else (),
            files=layout.names if layout and not layout.layered else None,
            targets=[self._target(target, layout) for target in config.targets],
            reload=config.reload,
            signer=self.root / Path(self.signing_key).expanduser() if self.signing_key else None,
            policy=self.policy_of(config),
            format=config.format,
            impact=config.impact,
            rules=[CelRule(rule) for rule in self.rules],
            on_event=on_event,
        )

    def probes(self, name: str) -> tuple[Probe, ...]:
        """The probes of a config."""
        from confguard.rollout.probes import as_probe

        return tuple(as_probe(probe) for probe in self.config(name).probes)

    def bake(self, name: str, duration: str, *, confirm: bool = False) -> Bake:
        """A bake with the config's probes."""
        from confguard.rollout.bake import Bake

        return Bake(duration, probes=self.probes(name), confirm=confirm)

    def make_importable(self) -> None:
        """Let schemas be imported from the project's folder and from its `src`."""
        for folder in (str(self.root / "src"), str(self.root)):
            if folder not in sys.path:
                sys.path.insert(0, folder)

    def _target(self, like: Any, files: Layout | None) -> Target:
        from confguard.targets.tables import as_target

        return as_target(like, self.root, files)

    @property
    def store_url(self) -> str:
        """The store's URL; that of an SQLite file is relative to the project."""
        scheme, slashes, rest = self.store.partition(":///")
        if scheme == "sqlite" and slashes and not rest.startswith("/"):
            return f"sqlite:///{self.root.resolve() / rest}"
        return self.store


def find_project(start: Path | None = None) -> Project | None:
    """The project of a folder: the file that `CONFGUARD_CONFIG` names, else the nearest upwards; or None."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return load_project(Path(named))
    folder = (start or Path.cwd()).resolve()
    for place in (folder, *folder.parents):
        if (place / FILE_NAME).is_file():
            return load_project(place / FILE_NAME)
        if (place / "pyproject.toml").is_file() and _table(_read(place / "pyproject.toml")) is not None:
            return load_project(place / "pyproject.toml")
    return None


def load_project(file: Path) -> Project:
    """Read a project file. Raises `ProjectError` with every problem and its place."""
    document = _read(file)
    inside: DocumentPath = ("tool", "confguard") if file.name == "pyproject.toml" else ()
    table = _table(document) if inside else document.data
    if table is None:
        raise ProjectError(f"{file}: has no [tool.confguard] table")
    from confguard.schema.schema import resolve_schema

    schema = resolve_schema(_Settings)
    try:
        settings: _Settings = schema.validate(table)  # type: ignore[union-attr]
    except ValidationError as error:
        lines = "\n".join(str(_placed(problem, document, inside)) for problem in error.problems)
        raise ProjectError(lines, hint="docs/reference/project-file.md tells all settings") from None
    project = Project(
        file.parent.absolute(),
        file,
        settings.store,
        settings.policy,
        settings.configs,
        settings.environments,
        settings.expected,
        settings.rules,
        settings.model,
        settings.signing_key,
        settings.allowed_signers,
        settings.documents.tags,
    )
    if problems := [*_unknown_codes(settings), *_unusable_targets(project)]:
        raise ProjectError("\n".join(str(_placed(problem, document, inside)) for problem in problems))
    return project


def _unknown_codes(settings: _Settings) -> list[Problem]:
    """Acceptances of what no rule says, the project's own rules included."""
    policies: dict[DocumentPath, Policy] = {("policy",): settings.policy}
    policies |= {
        ("configs", name, "policy"): each.policy for name, each in settings.configs.items() if each.policy
    }
    accepted = [(at, i, a.code) for at, policy in policies.items() for i, a in enumerate(policy.accept)]
    if not accepted:
        return []
    from confguard.risk.rules.catalogue import known_codes

    known = known_codes() | {rule.code for rule in settings.rules}
    return [
        Problem((*at, "accept", index, "code"), f"no rule '{code}'{did_you_mean(code.upper(), known)}")
        for at, index, code in accepted
        if code.upper() not in known
    ]


def _unusable_targets(project: Project) -> list[Problem]:
    """Targets that are none, and files that two of them name: each would undo what the other writes."""
    from confguard.targets.tables import as_target

    found = []
    named: dict[Path, str] = {}
    for name, config in project.configs.items():
        try:
            layout = project.layout_of(name) if config.targets or config.layers else None
        except ConfguardError as error:
            found.append(Problem(("configs", name, "layers" if config.layers else "files"), str(error)))
            continue
        if config.layers and config.files:
            found.append(Problem(("configs", name, "files"), "layers are files already: keep one of the two"))
        for index, like in enumerate(config.targets):
            at = ("configs", name, "targets", index)
            try:
                paths = [path.resolve() for path in as_target(like, project.root, layout).paths]
            except TargetError as error:
                hint = f" (such as {error.hint})" if error.hint else ""
                found.append(Problem(at, f"{error}{hint}"))
                continue
            found += [
                Problem(at, f"{path} is a target of '{named[path]}' already: one file has one config")
                for path in paths
                if path in named
            ]
            named |= dict.fromkeys(paths, name)
    return found


def _read(file: Path) -> Document:
    try:
        return read(file, "toml")
    except DocumentError as error:
        raise ProjectError(str(error), hint=error.hint or "`confguard init` writes one") from error


def _table(document: Document) -> Any:
    tool = document.data.get("tool")
    return tool.get("confguard") if isinstance(tool, dict) else None


def _placed(problem: Problem, document: Document, inside: DocumentPath) -> Problem:
    found = document.locate((*inside, *problem.path), nearest=True)
    line, column = (found.line, found.column) if found else (None, None)
    return Problem(problem.path, problem.message, document.path, line, column)
