"""The history of configuration in a git repository: commits in one pass, and which of them were reverted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import define, field, frozen

from confguard import git
from confguard.documents.registry import is_configuration
from confguard.risk.history import KEPT_AFTER, Lesson, Past

__all__ = ["Commit", "FileChange", "Revert", "commits", "past_after", "remember", "reverts"]

_NAMED = re.compile(r"This reverts commit ([0-9a-f]{7,64})")
_QUOTED = re.compile(r'^Revert "(.+)"$')
_UNDONE_WITHIN = 30 * 86400


@frozen
class FileChange:
    """One configuration file of a commit; a blob is None where there is no file."""

    path: str
    before: str | None
    after: str | None
    was: str | None = None
    """Its path before, for a rename."""


@frozen
class Commit:
    """One commit that touches configuration."""

    sha: str
    at: int
    author: str
    subject: str
    body: str = field(repr=False)
    files: tuple[FileChange, ...]
    """The configuration files among those it touches."""
    others: int = 0
    """How many other files it touches."""
    is_merge: bool = False

    @property
    def paths(self) -> list[str]:
        """The paths of its configuration files."""
        return [file.path for file in self.files]


@frozen
class Revert:
    """A commit was taken back by another: by name, or by hand."""

    commit: Commit
    by: Commit
    how: str


def commits(
    repository: Path,
    *,
    most: int | None = None,
    revision: str = "HEAD",
    until: int | None = None,
    first_parent: bool = False,
) -> Iterator[Commit]:
    """The commits that touch configuration files, oldest first; what `git.log` takes. Raises `DocumentError`."""
    for record in git.log(repository, most=most, revision=revision, until=until, first_parent=first_parent):
        files, others = [], 0
        for change in record.files:
            if is_configuration(change.path):
                files.append(FileChange(change.path, change.before, change.after, change.was))
            else:
                others += 1
        if files:
            yield Commit(
                *(record.sha, record.at, record.author, record.subject, record.body),
                *(tuple(files), others, record.is_merge),
            )


def remember(past: Past, commit: Commit, reverted: Commit | None) -> None:
    """Let a past know of a commit, and of the one that it takes back."""
    for file in commit.files:
        if file.was:
            past.rename(file.was, file.path)
    past.add(commit.author, commit.paths, commit.at)
    if reverted:
        past.revert(reverted.author, reverted.paths, commit.at)


def past_after(known: Sequence[Commit]) -> Past:
    """The past that commits leave, with what came of each of them."""
    found = reverts(known)
    taken_back = {revert.by.sha: revert.commit for revert in found}
    known_at = {revert.commit.sha: float(revert.by.at) for revert in found}
    past = Past()
    for commit in known:
        history = past.history(commit.author, commit.paths, commit.at, commit.subject)
        reverted = commit.sha in known_at
        past.lessons.append(Lesson(history, known_at.get(commit.sha, commit.at + KEPT_AFTER), reverted))
        remember(past, commit, taken_back.get(commit.sha))
    return past


def reverts(history: Iterable[Commit]) -> list[Revert]:
    """Who was reverted by whom: by commit, by subject, or undone by hand within 30 days."""
    seen = _Seen()
    return [revert for commit in history for revert in seen.next(commit)]


@define
class _Seen:
    by_sha: dict[str, Commit] = field(factory=dict)
    by_subject: dict[str, Commit] = field(factory=dict)
    touched: dict[str, list[tuple[Commit, FileChange]]] = field(factory=lambda: defaultdict(list))
    taken: set[str] = field(factory=set)

    def next(self, commit: Commit) -> Iterator[Revert]:
        revert = self._named(commit) or self._undone(commit)
        if revert and revert.commit.sha not in self.taken:
            self.taken.add(revert.commit.sha)
            yield revert
        self.by_sha[commit.sha] = commit
        self.by_subject[commit.subject] = commit
        for file in commit.files:
            self.touched[file.path].append((commit, file))

    def _named(self, commit: Commit) -> Revert | None:
        for named in _NAMED.findall(commit.body):
            known = self.by_sha.get(named) or next(
                (self.by_sha[sha] for sha in self.by_sha if sha.startswith(named)), None
            )
            if known:
                return Revert(known, commit, "by commit")
        quoted = _QUOTED.match(commit.subject)
        known = self.by_subject.get(quoted[1]) if quoted else None
        return Revert(known, commit, "by subject") if known else None

    def _undone(self, commit: Commit) -> Revert | None:
        """The latest commit all of whose files have the blobs again that they had before it."""
        candidates: dict[str, tuple[Commit, set[str]]] = {}
        for file in commit.files:
            for earlier, change in reversed(self.touched.get(file.path, [])[-20:]):
                if commit.at - earlier.at > _UNDONE_WITHIN:
                    break
                if change.before == file.after and change.before != change.after:
                    candidates.setdefault(earlier.sha, (earlier, set()))[1].add(file.path)
        for earlier, paths in sorted(candidates.values(), key=lambda each: -each[0].at):
            if paths == set(earlier.paths):
                return Revert(earlier, commit, "by hand")
        return None
