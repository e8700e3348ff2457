"""By whose terms a file of a change is judged: those that git has for it after the change, and not by looser ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias, get_args
from urllib.parse import urlsplit
from urllib.request import url2pathname

from attrs import evolve

from confguard import git
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import ConfguardError
from confguard.fields import ImpactLevel
from confguard.git import ChangedFile
from confguard.hooks.memberships import PROJECT_FILES, Membership, Memberships, Snapshot, project_around
from confguard.paths import show_path
from confguard.project import Config, Project
from confguard.project.guards import terms_of
from confguard.risk.findings import SEVERITIES, Finding, Risk
from confguard.risk.judging import Judged, LeftOut, Terms
from confguard.risk.policy import Policy
from confguard.risk.rules.user import UserRule
from confguard.schema.json_schema import read_json_schema
from confguard.schema.schema import Schema, resolve_schema

_ADVICE = "Let whoever answers for the policy approve it, in a change of its own."
_SCORE = 60
_SCHEMAS = (".json", ".yaml", ".yml")

Key: TypeAlias = "tuple[Path | None, str | None]"
_NEW_KEY = "CS101"
_SHOWN = 3


class Projects:
    """The projects of a repository, on both sides of a change.

    A policy that a change loosens does not judge that change: the one before it does.
    """

    def __init__(self, changed: Iterable[ChangedFile], before: Memberships, after: Memberships) -> None:
        """The projects around the files that changed."""
        self.before, self.after = before, after
        self._changed = tuple(changed)
        self._terms: dict[tuple[Key, Key | None, bool], Terms] = {}
        paths = {path for each in self._changed for path in (each.path, each.before) if path}
        for side in (before, after):
            side.read_ahead(paths)

    @classmethod
    def of_change(cls, changed: Iterable[ChangedFile], base: str, head: str | None) -> Projects:
        """The projects of the repository where one stands, at a base, and in a head or as they are staged."""
        root = git.root().resolve()
        default = project_around(root)
        before = Memberships(Snapshot(root, base), default, is_before=True)
        return cls(changed, before, Memberships(Snapshot(root, head), default))

    def memberships(self, path: str) -> list[Membership]:
        """What a file belongs to, or belonged to before the change; nothing where it is not to be judged."""
        now = self.after.memberships(path)
        if any(each.config for each in now):
            return now
        was = self.before.memberships(path)
        return was if any(each.config for each in was) else now

    def terms(self, path: str, member: Membership) -> Terms:
        """The terms for a file of a config. Raises `ConfguardError` for those that cannot be used."""
        was, now = ({each.key: each for each in side.memberships(path)} for side in (self.before, self.after))
        left = [key for key in was if key not in now]
        old = was.get(member.key) or (was[left[0]] if left else None)  # of what it belongs to no more
        known = member.key, old.key if old else None, member.key in now
        if known not in self._terms:
            if member.key in now:
                self._terms[known] = self._not_looser(old, now[member.key])
            else:
                self._terms[known] = self._terms_of(self.before, member)
        return self._terms[known]

    def before_layers(self, member: Membership) -> Project | None:
        """The project before the change, where it had the config, and as layers."""
        old = self.before.project(self.after.path_of(member.project)) if member.project else None
        config = old.settings.configs.get(member.name or "") if old else None
        return old if config and config.layers else None

    def relayered(self) -> Iterator[Membership]:
        """The configs that have other layers than before, or in another order."""
        for each in self._changed:
            project = self.after.project(each.path) if each.path.rpartition("/")[2] in PROJECT_FILES else None
            for name, config in project.settings.configs.items() if project else ():
                member = Membership(project, name, config)
                old = self.before_layers(member)
                if old and config.layers and old.config(name).layers != config.layers:
                    yield member

    def below(self, link: str) -> Membership | None:
        """The config that names what stands below a link that leads to a folder."""
        return self.after.below(link) or self.before.below(link)

    def format_before(self, path: str) -> str | None:
        """The format that a file was read in before; None where nothing told it."""
        configs = [each.config for each in self.before.memberships(path) if each.config]
        if named := next((each.format for each in configs if each.format), None):
            return named
        return detect_format(path).name if is_configuration(path) else None

    def loosened(self) -> Iterator[Judged]:
        """The files by which more passes than before the change: project files, and schemas that they name."""
        for path in {name: None for each in self._changed for name in (each.before, each.path) if name}:
            if path.rpartition("/")[2] in PROJECT_FILES:
                old, new = self.before.project(path), self.after.project(path)
                messages = looser_project(old, new) if old else self._shadowing(path) if new else []
                policy = old.settings.policy if old else Policy()
                yield from _loosened(path, "the policy is looser", messages, policy)
        yield from self._loosened_schemas()

    def uncounted(self) -> Iterator[LeftOut]:
        """Project files of the work tree that git does not have."""
        for path in self.after.places:
            snapshots = self.before.snapshot, self.after.snapshot
            there = (snapshots[1].root / path).is_file()
            if there and not any(snapshot.content(path) for snapshot in snapshots):
                yield LeftOut(path, "git does not have it: files are judged as if it was not there")

    def _not_looser(self, was: Membership | None, now: Membership) -> Terms:
        """The terms after the change; where those before it let less pass, these."""
        terms = self._terms_of(self.after, now)
        if was is None or (was.key == now.key and was.project == now.project and not self._schemas_changed):
            return terms
        old = self._terms_of(self.before, was)
        looser = looser_membership(was, now)
        if policy_of(now).looser_than(policy_of(was)):
            terms = evolve(terms, policy=old.policy, naming=old.naming)
        if any("impact" in each for each in looser):
            terms = evolve(terms, impact=old.impact)
        if any("rule " in each for each in looser):
            terms = evolve(terms, rules=old.rules, naming=old.naming)
        if old.schema and old.schema is not terms.schema:  # a class is the work tree's, on both sides
            looser_one = terms.schema is None or looser_schema(old.schema, terms.schema)
            terms = evolve(terms, schema=old.schema) if looser_one else terms
        return terms

    def _terms_of(self, side: Memberships, member: Membership) -> Terms:
        """The terms of one side, with its schema as git has it there."""
        project, config = member.project, member.config
        if project is None:
            return Terms()

        def naming(file: str) -> str:
            return project.name_of(str(side.snapshot.root / file), config)

        path = schema_path(project, config, side.snapshot) if config else None
        try:
            schema = schema_in(side.snapshot, path) if path else None
            return evolve(terms_of(project, config, schema), naming=naming)
        except ConfguardError:
            if not side.is_before:
                raise
            return Terms(policy=policy_of(member), impact=config.impact if config else None, naming=naming)

    @cached_property
    def _schemas_changed(self) -> bool:
        return any(each.path.endswith(_SCHEMAS) for each in self._changed)

    def _loosened_schemas(self) -> Iterator[Judged]:
        """The JSON Schema files of projects that take more than before."""
        if not self._schemas_changed:
            return
        changed = {each.path for each in self._changed}
        for project in self.after.all_projects():
            for config in project.settings.configs.values():
                path = schema_path(project, config, self.after.snapshot)
                content = self.after.snapshot.content(path) if path else None
                if path is None or content is None or (path not in changed and b"$ref" not in content):
                    continue
                old, new = (schema_in(side.snapshot, path) for side in (self.before, self.after))
                messages = looser_schema(old, new) if old and new else []
                yield from _loosened(path, "the schema is looser", messages, project.policy_of(config))

    def _shadowing(self, path: str) -> list[str]:
        """In what a new project file has files looked at less than the project that they belonged to."""
        messages: dict[str, None] = {}
        seen = set()
        for file in self.after.snapshot.files(path.rpartition("/")[0]):
            for now, was in product(self.after.memberships(file), self.before.memberships(file)):
                if (now.key, was.key) in seen or now.project is None:
                    continue
                seen.add((now.key, was.key))
                if self.after.path_of(now.project) == path:
                    at = f"{now.name}: " if now.name else ""
                    messages |= dict.fromkeys(f"{at}{each}" for each in looser_membership(was, now))
        return list(messages)


def _loosened(path: str, what: str, messages: list[str], policy: Policy) -> Iterator[Judged]:
    if messages:
        finding = Finding("CG005", "high", (), f"{what}: {'; '.join(messages)}", _ADVICE, path)
        yield Judged(path, policy.decide(Risk(_SCORE)), Risk(_SCORE, (finding,)))


def policy_of(member: Membership) -> Policy:
    """The policy of whatever a file belongs to."""
    return member.project.policy_of(member.config) if member.project else Policy()


def looser_project(old: Project, new: Project | None) -> list[str]:
    """In what a project file lets pass more than it did."""
    if new is None:
        return ["the project file is gone"]
    messages = new.settings.policy.looser_than(old.settings.policy)
    for name, config in old.settings.configs.items():
        now = new.settings.configs.get(name)
        if now is None:
            messages.append(f"config '{name}' is no longer named")
            continue
        of_config = _patterns_gone(config, now) + _less(config, now)
        if now.policy or config.policy:
            of_config += new.policy_of(now).looser_than(old.policy_of(config))
        messages += [f"{name}: {each}" for each in of_config]
    return messages + _of_all_configs(old, new)


def looser_membership(old: Membership, new: Membership) -> list[str]:
    """In what a file is looked at less where it belongs now than where it belonged."""
    messages = policy_of(new).looser_than(policy_of(old))
    if old.config:
        messages += _less(old.config, new.config) if new.config else ["no config names it"]
    if old.project and new.project:
        messages += _of_all_configs(old.project, new.project)
    return messages


def _patterns_gone(before: Config, now: Config) -> list[str]:
    return [f"no longer judges {each}" for each in before.patterns if each not in now.patterns]


def _less(before: Config, now: Config) -> list[str]:
    """In what a config is looked at less than before, whatever its policy says."""
    messages = []
    if before.schema and not now.schema:
        messages.append("has no schema any more")
    levels = list(get_args(ImpactLevel))
    if before.impact and (now.impact is None or levels.index(now.impact) < levels.index(before.impact)):
        messages.append(f"is of {now.impact or 'no'} impact (was {before.impact})")
    if before.format != now.format:
        messages.append(
            f"is read as {now.format or 'its name says'} (was {before.format or 'as its name says'})"
        )
    return messages


def _of_all_configs(old: Project, new: Project) -> list[str]:
    messages = _rules(old.settings.rules, new.settings.rules)
    if old.settings.model != new.settings.model:
        messages.append("the likelihood is by other coefficients")
    return messages


def _rules(old: Sequence[UserRule], new: Sequence[UserRule]) -> list[str]:
    """Rules that are gone, ask something else, or are less grave."""
    now = {each.code: each for each in new}
    messages = []
    for each in old:
        rule = now.get(each.code)
        if rule is None:
            messages.append(f"no rule {each.code}")
        elif SEVERITIES.index(rule.severity) < SEVERITIES.index(each.severity):
            messages.append(f"rule {each.code} is {rule.severity} (was {each.severity})")
        elif rule.when != each.when:
            messages.append(f"rule {each.code} asks something else")
    return messages


def schema_path(project: Project, config: Config, snapshot: Snapshot) -> str | None:
    """The path of a config's schema file from the root of the repository; None where it is none there."""
    named = project.schema_of(config)
    if named is None or not named.endswith((".json", ".yaml", ".yml")):
        return None
    file = Path(named)
    path = os.path.relpath(file.parent.resolve() / file.name, snapshot.root)
    return None if path.startswith(os.pardir) else path


def schema_in(snapshot: Snapshot, path: str) -> Schema[Any] | None:
    """The schema that a file holds there; None where git has no such file. Raises `SchemaError`."""
    content = snapshot.content(path)
    if content is None:
        return None

    def in_git(file: str) -> Document:
        return parse_bytes(content, detect_format(path).name, path=file)

    def beside(uri: str) -> Any:
        """What a reference leads to, as git has it; what git does not have is read from the work tree."""
        parts = urlsplit(uri)
        if parts.scheme != "file":
            return None
        named = os.path.relpath(os.path.realpath(url2pathname(parts.path)), snapshot.root)
        found = None if named.startswith(os.pardir) else snapshot.content(named)
        return None if found is None else parse_bytes(found, detect_format(named).name, path=named).data

    file = os.path.relpath(snapshot.root / path)
    return resolve_schema(read_json_schema(file, in_git, beside))  # type: ignore[arg-type]


def looser_schema(old: Schema[Any], new: Schema[Any]) -> list[str]:
    """What the new one takes and the old one refused, but for keys that are new."""
    from confguard.schema.comparing import compare_schemas

    refused = [each for each in compare_schemas(new, old) if each.grade in {"breaking", "may-break"}]
    paths = dict.fromkeys(show_path(each.path) for each in refused if each.code != _NEW_KEY)
    messages = [f"takes more at {path}" for path in list(paths)[:_SHOWN]]
    return [*messages, f"and at {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else messages
