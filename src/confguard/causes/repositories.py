"""The commits of a git repository as changes in a window: what became of the branch, step by step."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from confguard import ancestry, git
from confguard.causes.changes import FIRST, IN_STORE, UNREAD, Collected, FileVersions, Recent, shell, shown
from confguard.git import LoggedCommit
from confguard.risk.circumstances import Circumstances
from confguard.risk.history import Past, of_configuration, remember, reverts
from confguard.risk.judging import Side

MOST = 600
"""So many commits are read, the newest: those before the window tell what is usual here."""
_FILES = 20
"""Of a commit that touches more files, so many are looked into."""
_LARGEST = 400_000


def of_repository(
    repository: Path,
    start: datetime,
    at: datetime,
    until: datetime,
    collected: Collected,
    revision: str = "HEAD",
) -> None:
    """Add the commits from `start` to `at` that lead to a revision. Raises `DocumentError`."""
    to = int(until.timestamp())
    logged = git.log(repository, most=MOST, revision=revision, until=to, first_parent=True)
    known = list(of_configuration(logged))
    if len(known) == MOST and known[0].at >= start.timestamp():
        collected.notes.append(
            f"{shown(str(repository))}: the newest {MOST} commits were looked at, and there are more"
        )
    elif known and known[0].at >= start.timestamp() and git.is_shallow(repository):
        collected.notes.append(
            f"{shown(str(repository))}: a shallow clone: what came before its first commit is not known"
        )
    back = {revert.commit.sha: revert.by for revert in reverts(known)}
    takes_back = {by.sha: sha for sha, by in back.items()}
    by_sha = {commit.sha: commit for commit in known}
    window = [commit for commit in known if start.timestamp() <= commit.at <= at.timestamp()]
    # What a repository, or a shallow clone of it, begins with took nothing away that was in force.
    first = ancestry.root_commits(revision, cwd=repository) if known and known[0] in window else []
    contents = _contents(repository, window)
    last = {file.path: file.after for commit in window for file in commit.files}
    past = Past()
    for commit in known:
        by = back.get(commit.sha)
        is_recent = start.timestamp() <= commit.at <= at.timestamp()
        if is_recent and by is not None and by.at <= at.timestamp():
            collected.leave_out_undone(commit.files[0].path, commit.sha[:12])
        elif is_recent and commit.sha in first:
            collected.leave_out(FIRST)
        elif is_recent:
            history = past.history(commit.author, commit.paths, commit.at, commit.subject)
            circumstances = Circumstances(history=history, reason=commit.subject, at=_time(commit))
            read = list(_sides(commit, contents, last))
            sides = [side for side in read if _digest(side.after.content) not in collected.contents]
            if sides:
                is_revert = commit.sha in takes_back
                collected.recent.append(
                    _recent(repository, commit, sides, circumstances, by, is_revert=is_revert)
                )
            else:
                collected.leave_out(IN_STORE if read else UNREAD)
        remember(past, commit, by_sha.get(takes_back.get(commit.sha, "")))


def _sides(
    commit: LoggedCommit, contents: Mapping[str, bytes], last: Mapping[str, str | None]
) -> Iterator[FileVersions]:
    """The files of a commit: before, after, and as they were left by the last commit of the window."""
    for file in commit.files[:_FILES]:
        names = (file.before, file.after, last[file.path])
        if all(name is None or name in contents for name in names):
            yield FileVersions(file.path, *(Side(contents.get(name or ""), file.path) for name in names))


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _recent(
    repository: Path,
    commit: LoggedCommit,
    sides: Sequence[FileVersions],
    circumstances: Circumstances,
    by: LoggedCommit | None,
    *,
    is_revert: bool,
) -> Recent:
    where = os.path.relpath(repository)
    mainline = ["-m", "1"] if commit.is_merge else []
    command = ["git", "-C", where, "revert", "--no-edit", *mainline, commit.sha[:12]]
    return Recent(
        config=commit.files[0].path,
        revision=commit.sha[:12],
        at=_time(commit),
        author=commit.author,
        reason=commit.subject,
        brings_back=is_revert,
        taken_back=f"commit {by.sha[:12]}: {shown(by.subject)}" if by else None,
        files=lambda: list(sides),
        circumstances=circumstances,
        revert=lambda why, schema: shell(command),
        named=tuple(commit.paths[:_FILES]),
    )


def _time(commit: LoggedCommit) -> datetime:
    return datetime.fromtimestamp(commit.at, UTC)


def _contents(repository: Path, window: Sequence[LoggedCommit]) -> Mapping[str, bytes]:
    """The contents of the files that changed, by the names of their blobs; what is very large is left out."""
    names = {
        name
        for commit in window
        for file in commit.files[:_FILES]
        for name in (file.before, file.after)
        if name
    }
    return git.blobs(sorted(names), _LARGEST, cwd=repository, skip_larger=True) if names else {}
