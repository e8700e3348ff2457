"""By whose terms a file of a change is judged: those of the project nearest to it, and not by looser ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args

from attrs import evolve, frozen

from confguard import git
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.registry import is_configuration
from confguard.errors import ConfguardError
from confguard.fields import ImpactLevel
from confguard.git import ChangedFile
from confguard.project import ENVIRONMENT, FILE_NAME, Config, Project, load_project, project_in
from confguard.project.guards import terms_of
from confguard.risk.findings import Finding, Risk
from confguard.risk.judging import Judged, Terms
from confguard.risk.policy import Policy

__all__ = ["Membership", "Projects"]

_NAMES = frozenset({FILE_NAME, "pyproject.toml"})
_ADVICE = "Let whoever answers for the policy approve it, in a change of its own."
_SCORE = 60


@frozen
class Membership:
    """What a file belongs to: a config of a project; or neither, where it is judged as any configuration is."""

    project: Project | None = None
    name: str | None = None
    config: Config | None = None


class Projects:
    """The projects of a repository, with what their files said before a change.

    A policy that a change loosens does not judge that change: the one before it does.
    """

    def __init__(
        self, root: Path, default: Project | None, before: Mapping[str, bytes] | None = None
    ) -> None:
        """Projects below `root`; `default` is asked where none of them names a file.

        `before` are the project files that change, by path, as they were.
        """
        self.root = root.resolve()
        self._default = default
        self._nearest: dict[Path, Project | None] = {}
        self._terms: dict[tuple[Path | None, str | None], Terms] = {}
        self._before = {
            path: project
            for path, content in (before or {}).items()
            if (project := self._read(path, content))
        }

    @classmethod
    def of_change(cls, changed: Iterable[ChangedFile], default: Project | None) -> Projects:
        """The projects of the repository where one stands."""
        blobs = {
            each.before: each.blobs[0]
            for each in changed
            if each.before and each.blobs[0] and each.before.rpartition("/")[2] in _NAMES
        }
        contents = git.blobs(blobs.values(), MAX_BYTES, skip_larger=True) if blobs else {}
        before = {path: contents[blob] for path, blob in blobs.items() if blob in contents}
        return cls(git.root(), default, before)

    def membership(self, path: str) -> Membership | None:
        """What a file belongs to; None where it is not to be judged."""
        around = list(self._around(self.root / path))
        for project in around:
            if found := project.config_of(self.root / path):
                return Membership(project, *found)
        if any(project.settings.configs for project in around) or not is_configuration(path):
            return None
        return Membership(around[0] if around else None)

    def terms(self, member: Membership) -> Terms:
        """The terms for the files of a config. Raises `ConfguardError` for those that cannot be used."""
        project, known = member.project, (member.project.file if member.project else None, member.name)
        if known not in self._terms:
            terms = terms_of(project, member.config) if project else Terms()
            old = self._policy_before(member)
            self._terms[known] = evolve(terms, policy=old) if old and terms.policy.looser_than(old) else terms
        return self._terms[known]

    def loosened(self) -> Iterator[Judged]:
        """The project files that let pass more than they did before the change."""
        for path, old in self._before.items():
            new = next((each for each in self._around(self.root / path) if self._path(each) == path), None)
            looser = self._looser(old, new)
            if looser:
                message = f"the policy is looser: {'; '.join(looser)}"
                finding = Finding("CG005", "high", (), message, _ADVICE, path)
                yield Judged(path, old.settings.policy.decide(Risk(_SCORE)), Risk(_SCORE, (finding,)))

    def _looser(self, old: Project, new: Project | None) -> list[str]:
        if new is None:
            return ["the project file is gone"]
        found = new.settings.policy.looser_than(old.settings.policy)
        for name, config in old.settings.configs.items():
            now = new.settings.configs.get(name)
            if now is None:
                found.append(f"config '{name}' is no longer named")
                continue
            told = _less(config, now)
            if now.policy or config.policy:
                told += new.policy_of(now).looser_than(old.policy_of(config))
            found += [f"{name}: {each}" for each in told]
        codes = {each.code for each in new.settings.rules}
        return found + [f"no rule {each.code}" for each in old.settings.rules if each.code not in codes]

    def _policy_before(self, member: Membership) -> Policy | None:
        before = self._before.get(self._path(member.project)) if member.project else None
        if before is None:
            return None
        return before.policy_of(before.settings.configs.get(member.name or ""))

    def _around(self, file: Path) -> Iterator[Project]:
        """The projects around a file, the nearest first, and the one where somebody stands."""
        found = []
        folder = file.parent
        while folder.is_relative_to(self.root):
            if folder not in self._nearest:
                self._nearest[folder] = project_in(folder)
            if project := self._nearest[folder]:
                found.append(project)
            folder = folder.parent
        files = {project.file.resolve() for project in found}
        yield from found
        if (
            self._default
            and self._default.file.resolve() not in files
            and self._counts_everywhere(self._default)
        ):
            yield self._default

    def _counts_everywhere(self, project: Project) -> bool:
        """Is it around the repository, or named by the environment? One below is for what stands below it."""
        return ENVIRONMENT in os.environ or not project.root.resolve().is_relative_to(self.root)

    def _path(self, project: Project) -> str:
        file = project.file.resolve()
        return file.relative_to(self.root).as_posix() if file.is_relative_to(self.root) else str(file)

    def _read(self, path: str, content: bytes) -> Project | None:
        """What a project file said before; None where it was none, or cannot be used."""
        try:
            return load_project(self.root / path, content)
        except ConfguardError:
            return None


def _less(before: Config, now: Config) -> list[str]:
    """In what a config is looked at less than before, whatever its policy says."""
    patterns = [each for each in before.patterns if each not in now.patterns]
    told = [f"no longer judges {each}" for each in patterns]
    if before.schema and not now.schema:
        told.append("has no schema any more")
    levels = list(get_args(ImpactLevel))
    if before.impact and (now.impact is None or levels.index(now.impact) < levels.index(before.impact)):
        told.append(f"is of {now.impact or 'no'} impact (was {before.impact})")
    return told
