"""What happened before a change: counts and times, from a store's revisions or a repository's commits, or by hand."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field, frozen

from confguard.documents.registry import is_configuration
from confguard.errors import ConfguardError
from confguard.git import LoggedCommit, LoggedFile
from confguard.paths import Path, value_at
from confguard.stores.interface import Revision

NEVER = 3650.0
"""Days since what never happened."""
KEPT_AFTER = 30 * 86400.0
"""Seconds after which a change that was not reverted counts as kept."""
_MONTH = 30 * 86400
_NAMED = re.compile(r"This reverts commit ([0-9a-f]{7,64})")
_QUOTED = re.compile(r'^Revert "(.+)"$')
_UNDONE_WITHIN = 30 * 86400


@frozen
class History:
    """What was known of author, files and repository when a change was made.

    Times are days since then (`NEVER` where there was none); counts are of earlier changes to configuration.
    """

    author_changes: int = 0
    author_file_changes: int = 0
    """The author's earlier changes to these files."""
    file_changes: int = 0
    file_changes_30d: int = 0
    file_reverts: int = 0
    hours_since_last: float | None = None
    """Since these files were changed last; None if they are new."""
    days_since_file_revert: float = NEVER
    days_since_author_revert: float = NEVER
    """Since a change of this author was reverted."""
    days_since_revert: float = NEVER
    """Since anything was."""
    files: int = 1
    """How many files the change touches."""
    subject: str | None = None
    """The first line of the reason."""


@frozen
class Lesson:
    """What was known when a change was made, and what came of it."""

    history: History
    known_at: float
    """When it was clear what came of it, in seconds since the epoch."""
    reverted: bool


@define
class Past:
    """A past that grows commit by commit: ask it for the history of the next one, then add that.

    >>> past = Past()
    >>> past.add("ana", ["a.toml"], 0.0)
    >>> past.revert("ana", ["a.toml"], 3600.0)
    >>> known = past.history("ana", ["a.toml"], 7200.0)
    >>> known.author_file_changes, known.file_reverts, known.hours_since_last
    (1, 1, 2.0)
    """

    _authors: dict[str, int] = field(factory=lambda: defaultdict(int))
    _file_authors: dict[str, Counter[str]] = field(factory=lambda: defaultdict(Counter))
    _files: dict[str, list[float]] = field(factory=lambda: defaultdict(list))
    _file_reverts: dict[str, list[float]] = field(factory=lambda: defaultdict(list))
    _author_reverts: dict[str, float] = field(factory=dict)
    _last_revert: float | None = None
    lessons: list[Lesson] = field(factory=list)
    """What came of each change, where that is followed."""

    def add(self, author: str, files: Iterable[str], at: float) -> None:
        """A change was made; `at` is in seconds since the epoch."""
        self._authors[author] += 1
        for file in files:
            self._file_authors[file][author] += 1
            self._files[file].append(at)

    def revert(self, author: str, files: Iterable[str], at: float) -> None:
        """A change of an author to files was reverted."""
        self._last_revert = at
        self._author_reverts[author] = at
        for file in files:
            self._file_reverts[file].append(at)

    def rename(self, old: str, new: str) -> None:
        """A file has another path, and takes its past with it."""
        if old in self._files and new not in self._files:
            self._files[new] = self._files.pop(old)
            self._file_reverts[new] = self._file_reverts.pop(old, [])
            self._file_authors[new] = self._file_authors.pop(old)

    def history(self, author: str, files: Sequence[str], at: float, subject: str | None = None) -> History:
        """What is known just before a change: of several files, of the one that was changed most."""
        known = self._file_authors
        busiest = max(files, key=lambda file: len(self._files.get(file, ())), default="")
        changes = self._files.get(busiest, [])
        last = max((self._files[file][-1] for file in files if self._files.get(file)), default=None)
        reverts = [when for file in files for when in self._file_reverts.get(file, ())]

        def days(since: float | None) -> float:
            return NEVER if since is None else max(0.0, (at - since) / 86400)

        return History(
            author_changes=self._authors.get(author, 0),
            author_file_changes=max((known[file][author] for file in files if file in known), default=0),
            file_changes=len(changes),
            file_changes_30d=sum(1 for when in reversed(changes[-500:]) if at - when <= _MONTH),
            file_reverts=max((len(self._file_reverts.get(file, ())) for file in files), default=0),
            hours_since_last=None if last is None else max(0.0, (at - last) / 3600),
            days_since_file_revert=days(max(reverts, default=None)),
            days_since_author_revert=days(self._author_reverts.get(author)),
            days_since_revert=days(self._last_revert),
            files=len(files),
            subject=subject,
        )


@frozen
class SettingsPast:
    """What a config's revisions, newest first, tell of each of its settings."""

    history: Sequence[Revision]
    now: datetime

    def last_changed(self, path: Path) -> timedelta | None:
        """How long a setting has had the value of the newest revision: at least, where the history begins later.

        None where that is not known.
        """
        try:
            for newer, older in itertools.pairwise(self.history):
                if value_at(older.data, path) != value_at(newer.data, path):
                    return self.now - newer.created_at
        except ConfguardError:  # thinned out, or adopted and does not parse
            return None
        return self.now - self.history[-1].created_at if self.history else None

    def taken_back(self, path: Path, value: Any) -> str | None:
        """What came of it when a setting was set to a value before, where that was taken back."""
        for revert, reverted in itertools.pairwise(self.history):
            if not revert.is_revert:
                continue
            try:
                was, back = value_at(reverted.data, path), value_at(revert.data, path)
            except ConfguardError:
                return None
            if was != back and was == value:
                return f"revision {reverted.number} set it so, and revision {revert.number} took that back"
        return None


@frozen
class Revert:
    """A commit was taken back by another: by name, or by hand."""

    commit: LoggedCommit
    by: LoggedCommit
    how: str


def of_configuration(commits: Iterable[LoggedCommit]) -> Iterator[LoggedCommit]:
    """Those of the commits that touch configuration files, with these alone."""
    for commit in commits:
        files = tuple(file for file in commit.files if is_configuration(file.path))
        if files:
            yield commit._replace(files=files)


def remember(past: Past, commit: LoggedCommit, reverted: LoggedCommit | None) -> None:
    """Let a past know of a commit, and of the one that it takes back."""
    for file in commit.files:
        if file.was:
            past.rename(file.was, file.path)
    past.add(commit.author, commit.paths, commit.at)
    if reverted:
        past.revert(reverted.author, reverted.paths, commit.at)


def past_after(known: Sequence[LoggedCommit]) -> Past:
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


def reverts(history: Iterable[LoggedCommit]) -> list[Revert]:
    """Who was reverted by whom: by commit, by subject, or undone by hand within 30 days."""
    seen = _Seen()
    return [revert for commit in history for revert in seen.next(commit)]


@define
class _Seen:
    by_sha: dict[str, LoggedCommit] = field(factory=dict)
    by_subject: dict[str, LoggedCommit] = field(factory=dict)
    touched: dict[str, list[tuple[LoggedCommit, LoggedFile]]] = field(factory=lambda: defaultdict(list))
    taken: set[str] = field(factory=set)

    def next(self, commit: LoggedCommit) -> Iterator[Revert]:
        revert = self._named(commit) or self._undone(commit)
        if revert and revert.commit.sha not in self.taken:
            self.taken.add(revert.commit.sha)
            yield revert
        self.by_sha[commit.sha] = commit
        self.by_subject[commit.subject] = commit
        for file in commit.files:
            self.touched[file.path].append((commit, file))

    def _named(self, commit: LoggedCommit) -> Revert | None:
        for named in _NAMED.findall(commit.body):
            known = self.by_sha.get(named) or next(
                (self.by_sha[sha] for sha in self.by_sha if sha.startswith(named)), None
            )
            if known:
                return Revert(known, commit, "by commit")
        quoted = _QUOTED.match(commit.subject)
        known = self.by_subject.get(quoted[1]) if quoted else None
        return Revert(known, commit, "by subject") if known else None

    def _undone(self, commit: LoggedCommit) -> Revert | None:
        """The latest commit all of whose files have the blobs again that they had before it."""
        candidates: dict[str, tuple[LoggedCommit, set[str]]] = {}
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
