"""What a project file says, and what that means in the folder where it stands."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from confguard.documents.document import Document
from confguard.documents.layout import common_folder, is_several, layout_of, matching, the_only
from confguard.documents.patterns import is_pattern, matches
from confguard.errors import Problem, ProjectError, StoreError, did_you_mean
from confguard.fields import Duration
from confguard.paths import Path as DocumentPath
from confguard.project.naming import NamedFiles
from confguard.risk.policy import Policy
from confguard.risk.rules.user import UserRule
from confguard.stores.opening import opener_of

if TYPE_CHECKING:
    from confguard.documents.layout import Layout


@frozen(kw_only=True)
class Config:
    """One `[configs.NAME]` table."""

    files: list[str] = field(factory=list)
    """Files, or patterns (`*` stays in a folder, `**/` is any number of them), of this config in the repository."""
    layers: list[str] = field(factory=list)
    """Files of which the later win over the earlier, and that are judged together; instead of `files`."""
    targets: list[Any] = field(factory=list, repr=False)
    """Files that shall hold the head; `{ file, in_place, mode, owner, group }` says more of one. Of several files:
    folders, `{ folder, mode, owner, group }`, or `{ files = { "a.toml" = "/etc/a.toml" } }`."""
    reload: list[Any] = field(factory=list, repr=False)
    """How the service is told: URLs, commands as lists, `{ pid_file, signal }`, `{ systemd }`."""
    schema: str | None = None
    """`module:Class`."""
    format: str | None = None
    """The format, where the files' names do not tell it."""
    impact: Literal["low", "medium", "high", "critical"] | None = None
    """How much depends on it."""
    copies: list[str] = field(factory=list)
    """The last known good copies of its services on this machine: `confguard status` compares them with the store."""
    owners: list[str] = field(factory=list)
    """Who to ask."""
    policy: Policy | None = None
    """Its own thresholds."""
    bake: Duration | None = None
    """How long `confguard apply` watches a new revision, where nothing else is said."""
    probes: list[Any] = field(factory=list, repr=False)
    """What is asked while a new revision bakes: URLs, commands as lists, `{ url, timeout }`, `{ command, timeout }`."""
    monitors: list[Any] = field(factory=list, repr=False)
    """What is watched while a new revision bakes: `{ url, baseline, alpha, silence, name, timeout }`."""
    drill_test: list[str] = field(factory=list, repr=False)
    """A command that `confguard drill` runs for what no other layer catches; `{}` is the path of the wrong copy."""
    drill_service: list[str] = field(factory=list, repr=False)
    """A command that runs the service in the foreground with the wrong copy at `{}`, while `confguard drill` asks the
    probes and monitors."""
    stages: list[Any] = field(factory=list)
    """Who takes a new revision first: `["canary", "1%", "10%", "all"]`; each stage is watched for as long as `bake`."""
    revert_within: Duration | None = None
    """The agent reverts the newest change if it came at most so long before a monitor alarms; never, if left out."""

    @property
    def patterns(self) -> list[str]:
        """Its files in the repository, or patterns of them."""
        return [pattern.removeprefix("./") for pattern in self.layers or self.files]


@frozen(kw_only=True)
class ExpectedDifference:
    """One `[[expected]]` table: differences between environments that are meant."""

    paths: list[str]
    """Settings, as patterns: `*.replicas`, `web.toml:db.host`."""
    between: list[str] = field(factory=list)
    """The two environments; any two (and any two revisions) where it is left out."""
    reason: str = ""


@frozen(kw_only=True)
class DocumentSettings:
    """The `[documents]` table: how documents are read."""

    tags: list[str] = field(factory=list)
    """Tags of YAML whose values are read as they stand: `!Ref`, or patterns such as `!*`."""


@frozen(kw_only=True)
class SuspectSettings:
    """The `[suspects]` table: what `confguard suspects` looks at beside the store."""

    repositories: list[str] = field(factory=list)
    """Git repositories whose commits may be causes: folders, relative to the project."""
    depends: dict[str, list[str]] = field(factory=dict)
    """For a config, on which others it depends: `{ web = ["auth", "db"] }`."""


@frozen(kw_only=True)
class AgentSettings:
    """The `[agent]` table: how `confguard agent` works, where its options say nothing else."""

    interval: Duration = field(default=Duration("250ms"))
    """Between two looks at what was left to do."""
    drift_interval: Duration = field(default=Duration("1m"))
    """Between two looks at targets."""
    metrics: str | int | None = None
    """Where they are served to Prometheus, as `[HOST:]PORT`; nowhere, if left out."""


@frozen(kw_only=True)
class Settings:
    """All that a project file says."""

    store: str = "sqlite:///confguard.db"
    """Its URL; the file of an SQLite store is relative to the project."""
    environments: dict[str, str] = field(factory=dict)
    """Folders by the name of the environment they configure."""
    expected: list[ExpectedDifference] = field(factory=list)
    """Differences between environments that are meant."""
    rules: list[UserRule] = field(factory=list)
    """Rules of the project's own."""
    model: str | None = None
    """A file of coefficients that `confguard backtest --fit` wrote."""
    signing_key: str | None = None
    """The SSH key that signs revisions."""
    allowed_signers: str | None = None
    """Whose signatures are good: a file as git has it."""
    policy: Policy = field(factory=Policy)
    """The thresholds of all configs that have none of their own."""
    documents: DocumentSettings = field(factory=DocumentSettings)
    """How documents are read."""
    agent: AgentSettings = field(factory=AgentSettings)
    """How the agent works."""
    suspects: SuspectSettings = field(factory=SuspectSettings)
    """What else is looked at when a cause is sought."""
    notifiers: dict[str, Any] = field(factory=dict, repr=False)
    """Who is told of what happens: `{ url, secret_env, secret_file, events, timeout, attempts }`, or `{ apprise_env,
    apprise_file, events }`."""
    configs: dict[str, Config] = field(factory=dict)
    """What is guarded, by name."""


@frozen(kw_only=True)
class Project:
    """A project file that was read."""

    file: Path
    """The file, as it was named."""
    root: Path
    """The folder it stands in; all its paths are relative to that."""
    settings: Settings
    """What it says."""
    document: Document = field(repr=False, eq=False)
    """How it is written."""

    @property
    def signers(self) -> Path | None:
        """The file of allowed signers."""
        return self.user_path(self.settings.allowed_signers)

    @property
    def store_url(self) -> str:
        """The store's URL; that of an SQLite file is relative to the project. Raises `StoreError` for what is none."""
        store = self.settings.store
        try:
            opener_of(store)
        except StoreError as error:
            problem = Problem(("store",), str(error))
            raise StoreError(str(placed(problem, self.document)), hint=error.hint) from error
        scheme, slashes, rest = store.partition(":///")
        if scheme == "sqlite" and slashes and not rest.startswith("/"):
            return f"sqlite:///{self.root.resolve() / rest}"
        return store

    def user_path(self, named: str | None) -> Path | None:
        """The file of a setting, in which `~` is the home of the user; None if it names none."""
        return self.root / Path(named).expanduser() if named else None

    def config(self, name: str) -> Config:
        """The config of a name. Raises `ProjectError` with a did-you-mean."""
        configs = self.settings.configs
        if name not in configs:
            raise ProjectError(
                f"{self.file}: no config '{name}'{did_you_mean(name, configs)}",
                hint=f"configs there: {', '.join(configs) or 'none yet'}",
            )
        return configs[name]

    def configs_of(self, path: str | os.PathLike[str]) -> dict[str, Config]:
        """The configs that a file belongs to, by their names: layers may be shared."""
        whole, root = Path.cwd() / path, self.root.resolve()
        own = (Path(os.path.abspath(whole)), whole.parent.resolve() / whole.name)  # noqa: PTH100 - links stay
        for places in (own, (whole.resolve(),)):  # a link by its own name
            if names := self._named_files.configs_of(*(os.path.relpath(place, root) for place in places)):
                return {name: self.settings.configs[name] for name in names}
        return {}

    @cached_property
    def _named_files(self) -> NamedFiles:
        root = self.root.resolve()
        return NamedFiles(root, root, {name: each.patterns for name, each in self.settings.configs.items()})

    def name_of(self, file: str, config: Config | None = None) -> str:
        """What policies and rules call a file: its path from the project file, wherever one stands.

        One that is to take the place of a config's own file has that one's name.
        """
        whole, own = Path.cwd() / file, config.patterns if config else []
        place = whole.parent.resolve() / whole.name
        for pattern in own:
            folder = Path(common_folder([pattern]))
            there = (self.root / folder).resolve()  # it may be a link
            if place.is_relative_to(there):
                path = (folder / place.relative_to(there)).as_posix()
                if matches(path, pattern):
                    return path
        path = Path(os.path.relpath(place, self.root.resolve())).as_posix() if file else ""
        folder = Path(common_folder(own))
        for named in sorted((each for each in own if not is_pattern(each)), key=len, reverse=True):
            if len(own) == 1 or f"/{path}".endswith(f"/{Path(named).relative_to(folder).as_posix()}"):
                return named
        return path

    def policy_of(self, config: Config | None) -> Policy:
        """The policy that holds for a config."""
        return config.policy if config and config.policy else self.settings.policy

    def schema_of(self, config: Config) -> str | None:
        """What a config names as its schema; a file is relative to the project."""
        if config.schema and ":" not in config.schema:
            return str(self.root / config.schema)
        return config.schema

    def source_of(self, name: str) -> Path:
        """The one file that holds a config, or the folder of its several. Raises `ProjectError` if that is not told."""
        patterns = self.config(name).patterns
        if self.layout_of(name) is not None:
            return self.root / common_folder(patterns)
        if len(patterns) == 1 and not is_pattern(patterns[0]):
            return self.root / patterns[0]  # who reads it says what is wrong with it
        if not matching(self.root, patterns):
            none = f"has no file: nothing matches {', '.join(patterns)}" if patterns else "names no files"
            hint = f"`files` or `layers` in [configs.{name}] name them; or name FILE behind '{name}'"
            raise ProjectError(f"'{name}' {none}", hint=hint)
        return the_only(self.root, patterns, name)

    def layout_of(self, name: str) -> Layout | None:
        """The files of a config that has several: layers; or those of a folder that is its target, or of none."""
        config = self.config(name)
        if config.layers:
            return layout_of(config.patterns, config.format, layered=True)
        several = is_several(config.files, config.targets) or (
            not config.targets and len(matching(self.root, config.patterns)) > 1
        )
        return layout_of(config.patterns, config.format) if several else None

    def make_importable(self) -> None:
        """Let schemas be imported from the project's folder and from its `src`."""
        for folder in (str(self.root / "src"), str(self.root)):
            if folder not in sys.path:
                sys.path.insert(0, folder)


def inside(document: Document) -> DocumentPath:
    """Where in its file the project stands."""
    return ("tool", "confguard") if Path(document.path or "").name == "pyproject.toml" else ()


def placed(problem: Problem, document: Document) -> Problem:
    """A problem of a project file with its place."""
    position = document.locate((*inside(document), *problem.path), nearest=True)
    line, column = (position.line, position.column) if position else (None, None)
    return Problem(problem.path, problem.message, document.path, line, column)
