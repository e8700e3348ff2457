"""By whose terms a file of a change is judged: those that git has for it after the change, and not by looser ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from attrs import evolve

from confguard import git
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import ConfguardError
from confguard.git import ChangedFile
from confguard.hooks.loosening import looser_membership, looser_project, policy_of
from confguard.hooks.memberships import PROJECT_FILES, Membership, Memberships, project_around
from confguard.hooks.schemas import looser_schema, schema_in, schema_path
from confguard.hooks.snapshots import Snapshot
from confguard.project.guards import terms_of
from confguard.risk.findings import Finding, Risk
from confguard.risk.judging import Judged, LeftOut, Terms
from confguard.risk.policy import Policy

__all__ = ["Membership", "Projects"]

_ADVICE = "Let whoever answers for the policy approve it, in a change of its own."
_SCORE = 60
_SCHEMAS = (".json", ".yaml", ".yml")

Key: TypeAlias = "tuple[Path | None, str | None]"


class Projects:
    """The projects of a repository, on both sides of a change.

    A policy that a change loosens does not judge that change: the one before it does.
    """

    def __init__(self, changed: Iterable[ChangedFile], before: Memberships, after: Memberships) -> None:
        """The projects around the files that changed."""
        self.before, self.after = before, after
        self._changed = tuple(changed)
        self._terms: dict[tuple[Key, Key | None, Key | None], Terms] = {}
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

    def membership(self, path: str) -> Membership | None:
        """What a file belongs to, or belonged to before the change; None where it is not to be judged."""
        now = self.after.membership(path)
        if now is None or now.config is None:
            was = self.before.membership(path)
            return was if was and was.config else now
        return now

    def terms(self, path: str, member: Membership) -> Terms:
        """The terms for a file. Raises `ConfguardError` for those that cannot be used."""
        was, now = self.before.membership(path), self.after.membership(path)
        known = member.key, was.key if was else None, now.key if now else None
        if known not in self._terms:
            if now is None or now.key != member.key:
                self._terms[known] = self._terms_of(self.before, member)
            else:
                self._terms[known] = self._not_looser(was, now)
        return self._terms[known]

    def below(self, link: str) -> Membership | None:
        """The config that names what stands below a link that leads to a folder."""
        return self.after.below(link) or self.before.below(link)

    def format_before(self, path: str) -> str | None:
        """The format that a file was read in before; None where nothing told it."""
        was = self.before.membership(path)
        if was and was.config and was.config.format:
            return was.config.format
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
            terms = evolve(terms, policy=old.policy)
        if any("impact" in each for each in looser):
            terms = evolve(terms, impact=old.impact)
        if any("rule " in each for each in looser):
            terms = evolve(terms, rules=old.rules)
        if old.schema and (terms.schema is None or looser_schema(old.schema, terms.schema)):
            terms = evolve(terms, schema=old.schema)
        return terms

    def _terms_of(self, side: Memberships, member: Membership) -> Terms:
        """The terms of one side, with its schema as git has it there."""
        project, config = member.project, member.config
        if project is None:
            return Terms()
        path = schema_path(project, config, side.snapshot) if config else None
        try:
            schema = schema_in(side.snapshot, path) if path else None
            return terms_of(project, config, schema)
        except ConfguardError:
            if not side.is_before:
                raise
            return Terms(policy=policy_of(member), impact=config.impact if config else None)

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
            now, was = self.after.membership(file), self.before.membership(file)
            if now is None or was is None or (now.key, was.key) in seen or now.project is None:
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
