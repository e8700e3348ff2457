"""The versions that a config had, newest first: revisions of a store, or commits of git that touched its file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from attrs import field, frozen

from confguard import ancestry, git
from confguard.diffs.identity import leaves
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import parse_bytes
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import DocumentError
from confguard.stores.interface import Revision, Store


@frozen(kw_only=True)
class Version:
    """What a config was once, and who made it that."""

    id: int | str | None
    """The revision's number, or the commit; None for what is not committed yet."""
    parents: tuple[int | str, ...]
    """The versions that it was made from."""
    author: str | None
    at: datetime | None
    reason: str
    format: str
    digest: str | None
    """Equal where the content means the same, as far as that is known without reading it."""
    load: Callable[[], bytes | None] = field(repr=False)
    """Its content; None where that is not there any more. Raises `DocumentError`."""
    email: str | None = None
    ticket: str | None = None
    labels: tuple[str, ...] = ()
    reverts: int | None = None
    approved_by: str | None = None
    path: str | None = None
    """The file it was read from."""
    is_gone: bool = False
    """Was the file removed by it?"""
    in_force: bool = True
    """Was it ever the head?"""
    revision: Revision | None = None
    """The revision that it is, in a store."""
    cut: str | None = None
    """Why nothing is known of what was before, where there was something."""

    @property
    def name(self) -> str:
        """The version as a person names it."""
        return f"revision {self.id}" if isinstance(self.id, int) else f"commit {str(self.id)[:10]}"


_PAGE = 256
_MOST_GONE = 50
"""So many files that a commit removed are looked into for one that it wrote in another format."""
_ALIKE = 0.5
"""As git has it for renames: so much of both is the same."""


def of_store(store: Store, config: str, before: int | None = None) -> Iterator[Version]:
    """The revisions of a config, newest first, read as they are needed; only those below a number, if one is given."""
    while revisions := store.history(config, _PAGE, before):
        yield from map(of_revision, revisions)
        before = revisions[-1].number


def of_revision(revision: Revision) -> Version:
    """A revision as a version."""
    return Version(
        id=revision.number,
        parents=(revision.number - 1,) if revision.number > 1 else (),
        author=revision.author,
        at=revision.created_at,
        reason=revision.reason,
        format=revision.format,
        digest=revision.data_digest or revision.content_digest,
        load=revision.content_if_there,
        ticket=revision.ticket,
        labels=revision.labels,
        reverts=revision.reverts,
        approved_by=revision.approved_by,
        in_force=not revision.drift_copy,
        revision=revision,
    )


@frozen
class GitFile:
    """A file in a git repository, and the commits that led to it."""

    path: Path
    """Where it is, or was, in the work tree."""
    revision: str | None = None
    """The revision that it is seen in; None for the work tree."""
    format: str | None = None
    """Its format, where its name does not tell."""

    def versions(self) -> Iterator[Version]:
        """The commits that touched it, each before those it was made from, followed through renames.

        First what is not committed yet, if there is something. Raises `DocumentError` where it is not in git.
        """
        if self.revision is None and not os.path.lexists(self.path):
            raise DocumentError("no such file", path=str(self.path), hint="of what is gone: REV:path")
        root, name = self._place()
        shallow = ancestry.shallow_commits(root)
        commits = list(_followed(root, name, git.commit(self.revision or "HEAD", cwd=root)))
        if not commits:
            raise DocumentError(
                "no commit holds it: git knows nothing of who wrote it",
                path=str(self.path),
                hint="commit it first, or name a config of the project's store",
            )
        contents = _Contents(root, [commit.blob for commit, _, _ in commits if commit.blob])
        if self.revision is None and self.path.is_file():
            content = load_bytes(str(self.path))
            if content != contents.of(commits[0][0].blob):
                yield self._uncommitted(content, commits[0][0].sha)
        for commit, path, parents in commits:
            yield Version(
                id=commit.sha,
                parents=parents,
                author=commit.author or commit.email,
                email=commit.email,
                at=datetime.fromtimestamp(commit.at, UTC),
                reason=commit.message.partition("\n")[0],
                ticket=_ticket(commit.message),
                format=self._format_of(path),
                digest=commit.blob,
                path=str(self.path),
                is_gone=commit.blob is None,
                load=contents.loader(commit.blob),
                cut="the clone is shallow: git fetch --unshallow" if commit.sha in shallow else None,
            )

    def _format_of(self, path: str) -> str:
        """The format by a name that it had; by the one it has now, where that says nothing."""
        known = is_configuration(path)
        return self.format or detect_format(path if known else str(self.path)).name

    @property
    def identity(self) -> str:
        """By what its history is known, wherever the repository is: how it began, since it may be renamed."""
        root, name = self._place()
        *_, (first, path, _) = _followed(root, name, git.commit(self.revision or "HEAD", cwd=root))
        return f"{first.sha}:{path}"

    def tags(self, commits: Sequence[str]) -> dict[str, str]:
        """The first tag that holds each of these commits."""
        return ancestry.first_tags(commits, cwd=self._place()[0])

    def _place(self) -> tuple[Path, str]:
        """The repository, and the file's path in it. Raises `DocumentError`."""
        folder = self.path.absolute().parent
        while not folder.is_dir():
            folder = folder.parent
        if self.path.is_symlink():
            raise DocumentError(
                "is a link", path=str(self.path), hint=f"name what it leads to: {self.path.resolve()}"
            )
        root = git.root(folder)
        try:
            name = (folder.resolve() / self.path.absolute().relative_to(folder)).relative_to(root.resolve())
        except ValueError:
            raise DocumentError("stands outside of the repository", path=str(self.path)) from None
        return root, PurePosixPath(name).as_posix()

    def _uncommitted(self, content: bytes, parent: str) -> Version:
        return Version(
            id=None,
            parents=(parent,),
            author=None,
            at=None,
            reason="not committed yet",
            format=self._format_of(str(self.path)),
            digest=None,
            path=str(self.path),
            load=lambda: content,
        )


def _followed(root: Path, name: str, revision: str) -> Iterator[tuple[git.FileCommit, str, tuple[str, ...]]]:
    """Commits, with the file's path there and the commits before; through renames."""
    commits = git.file_log(revision, name, cwd=root)
    for commit in commits:
        earlier: list[tuple[git.FileCommit, str, tuple[str, ...]]] = []
        if commit.added and not commit.parents:
            was = _name_before(root, commit.sha, name)
            earlier = list(_followed(root, was, f"{commit.sha}^")) if was else []
        yield commit, name, (earlier[0][0].sha,) if earlier else commit.parents
        yield from earlier


def _name_before(root: Path, sha: str, name: str) -> str | None:
    """What a file that a commit added was called before; None if it is new."""
    try:
        changed = git.changed(f"{sha}^", sha, cwd=root)
    except DocumentError:  # the first commit of all
        return None
    added = next((each for each in changed if each.path == name), None)
    if added is None:
        return None
    if added.before not in (None, name):
        return added.before
    return _converted_from(root, added, [each for each in changed if each.is_gone])


def _converted_from(root: Path, added: git.ChangedFile, gone: Sequence[git.ChangedFile]) -> str | None:
    """The file that went as this one came, and said mostly the same in another format; git sees no rename there."""
    near = [each for each in gone if is_configuration(each.path)][:_MOST_GONE]
    sides = {each.path: blob for each in near if (blob := each.blobs[0])}
    if not sides or added.blobs[1] is None:
        return None
    contents = git.blobs([added.blobs[1], *sides.values()], MAX_BYTES, cwd=root, skip_larger=True)
    values = _values(added.path, contents.get(added.blobs[1]))
    shares = {path: _share(values, _values(path, contents.get(blob))) for path, blob in sides.items()}
    likest = max(shares, key=shares.__getitem__)
    return likest if shares[likest] >= _ALIKE else None


def _values(path: str, content: bytes | None) -> set[object]:
    try:
        return set(leaves(parse_bytes(content or b"", detect_format(path).name, path=path, tags=["*"]).data))
    except DocumentError:
        return set()


def _share(values: set[object], others: set[object]) -> float:
    """Of the values of both, how many stand in both."""
    return len(values & others) / max(len(values | others), 1)


class _Contents:
    """Blobs, of which some are read at once: those that are asked for next, as many as memory is to hold."""

    _MOST_BYTES = 32 * 2**20

    def __init__(self, root: Path, blobs: list[str]) -> None:
        self._root, self._ahead, self._size = root, list(dict.fromkeys(blobs)), 16
        self._places = {blob: at for at, blob in enumerate(self._ahead)}
        self._read: dict[str, bytes] = {}

    def loader(self, blob: str | None) -> Callable[[], bytes | None]:
        return lambda: self.of(blob)

    def of(self, blob: str | None) -> bytes | None:
        """The content. Raises `DocumentError` where it is too large, or not there: in a partial clone, say."""
        if blob is None:
            raise DocumentError("the file was removed")
        if blob not in self._read:
            at = self._places[blob]
            wanted = self._ahead[at : at + self._size]
            self._read = git.blobs(wanted, MAX_BYTES, cwd=self._root, skip_larger=True)
            largest = max(map(len, self._read.values()), default=1)
            self._size = max(1, min(4 * self._size, self._MOST_BYTES // max(largest, 1)))
        if blob not in self._read:
            raise DocumentError(f"is larger than {MAX_BYTES:,} bytes, or not there")
        return self._read[blob]


_TRAILER = re.compile(
    r"^(?:ticket|issue|fixes|closes|resolves|refs?|bug|jira)(?::| )\s*(\S.*)$", re.IGNORECASE | re.MULTILINE
)
_NUMBER = re.compile(r"\b[A-Z][A-Z0-9]+-\d+\b|(?<![\w&])#\d+\b")


def _ticket(message: str) -> str | None:
    """The ticket that a commit's message names, in a trailer or in its first line.

    >>> _ticket("Raise the pool\\n\\nTicket: OPS-7"), _ticket("OPS-7: raise it"), _ticket("Raise it (#12)")
    ('OPS-7', 'OPS-7', '#12')
    """
    body = message.partition("\n")[2]
    trailer, number = _TRAILER.search(body), _NUMBER.search(message.partition("\n")[0])
    return trailer[1].strip() if trailer else number[0] if number else None
