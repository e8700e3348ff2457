"""What confguard asks git: the text of a file at a revision, or as it is staged."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from confguard.errors import DocumentError

_SECONDS = 60
_FIELDS = 6


def blob(name: str, limit: int) -> bytes:
    """The bytes of `REV:path`, as git names it. Raises `DocumentError`."""
    try:
        size = int(output("cat-file", "-s", name, wanted=name))
    except DocumentError as error:
        raise DocumentError(error.message, path=name, hint=_from_here(name)) from None
    if size > limit:
        raise DocumentError(f"is larger than {limit:,} bytes, the most that confguard reads", path=name)
    return output("cat-file", "blob", name, wanted=name)


def _from_here(name: str) -> str | None:
    """What to do about a path that git counts from the root of the repository, where there is one from here."""
    revision, _, path = name.partition(":")
    here = f"{revision}:./{path}"
    if not path or _run("cat-file", "-e", here, wanted=name).returncode:
        return None
    return f"git counts paths from the root of the repository; from here, it is {here}"


def blobs(
    names: Iterable[str], limit: int, *, cwd: Path | None = None, skip_larger: bool = False
) -> dict[str, bytes]:
    """The bytes of all of these that there are: two calls of git, however many they are.

    Raises `DocumentError` where git cannot be asked, and for one that is larger than `limit` bytes unless those are
    to be skipped.
    """
    asked = [name for name in names if "\n" not in name]
    stdin = "".join(f"{name}\n" for name in asked).encode(errors="surrogateescape")
    answers = output(
        "cat-file", "--batch-check=%(objecttype) %(objectsize)", cwd=cwd, stdin=stdin, wanted="git"
    )
    there: list[tuple[str, int]] = []
    for name, answer in zip(asked, answers.split(b"\n"), strict=False):
        kind, _, digits = answer.rpartition(b" ")
        if kind == b"blob" and int(digits) > limit:
            if skip_larger:
                continue
            raise DocumentError(f"is larger than {limit:,} bytes, the most that confguard reads", path=name)
        if kind == b"blob":
            there.append((name, int(digits)))
    stdin = "".join(f"{name}\n" for name, _ in there).encode(errors="surrogateescape")
    packed = output("cat-file", "--batch=", cwd=cwd, stdin=stdin, wanted="git")
    contents, at = {}, 0
    for name, size in there:
        at += 1  # the line that says what follows, left empty
        contents[name] = packed[at : at + size]
        at += size + 1
    return contents


class ChangedFile(NamedTuple):
    """A file that changed, as both sides have it: path, mode and blob, each None where there is none."""

    path: str
    """The path after; before, where it is gone."""
    before: str | None
    """The path before: another one, where it was renamed."""
    modes: tuple[str, str]
    """As git writes them: `100644`, `120000` for a link, `160000` for a submodule, `000000` for none."""
    blobs: tuple[str | None, str | None]
    """The names of the contents, for `blobs`."""
    is_unmerged: bool = False
    """Does git keep several sides of it, because a merge is not finished?"""

    @property
    def is_gone(self) -> bool:
        """Is it not there any more?"""
        return self.blobs[1] is None and not self.is_unmerged


def changed(base: str, head: str | None = None, *, cwd: Path | None = None) -> list[ChangedFile]:
    """The files that changed between two revisions, or until what is staged, with renames found.

    Paths are from the root of the repository. Raises `DocumentError`.
    """
    span = ["--end-of-options", base, head] if head else ["--cached", "--end-of-options", base]
    options = (
        "--raw",
        "--no-abbrev",
        "-z",
        "-M",
        "--no-ext-diff",
        "--no-relative",
        "--ignore-submodules=dirty",
    )
    listed = output("diff", *options, *span, "--", cwd=cwd, wanted=f"{base}..{head or ''}")
    return [
        ChangedFile(
            each.paths[-1],
            None if each.status == "A" else each.paths[0],
            each.modes,
            each.blobs,
            is_unmerged=each.status == "U",
        )
        for each in _entries(text_of(listed).split("\0"), 0)[0]
    ]


class _Entry(NamedTuple):
    """A file that differs, as `--raw -z` lists it; with another path before, where it was renamed or copied."""

    modes: tuple[str, str]
    blobs: tuple[str | None, str | None]
    status: str
    paths: list[str]


def _entries(parts: list[str], at: int) -> tuple[list[_Entry], int]:
    """The entries from a place on, and where they end."""
    entries = []
    while at < len(parts) and (entry := parts[at].lstrip("\n")).startswith(":"):
        was, now, old, new, status = entry[1:].split(" ")
        end = at + (3 if status[0] in "RC" else 2)
        entries.append(_Entry((was, now), (_present(old), _present(new)), status[0], parts[at + 1 : end]))
        at = end
    return entries, at


def text_of(printed: bytes) -> str:
    """What git prints, with paths as the file system's functions take them, whatever their bytes."""
    return printed.decode(errors="surrogateescape")


def _present(blob: str) -> str | None:
    return None if set(blob) == {"0"} else blob


def commit(revision: str, *, cwd: Path | None = None) -> str:
    """The commit of a revision. Raises `DocumentError` where there is none, with what to do in a shallow clone."""
    ended = _run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", cwd=cwd)
    if ended.returncode == 0:
        return ended.stdout.decode().strip()
    root(cwd)  # says so where there is no repository at all
    shallow = "; this clone is shallow: fetch its history (fetch-depth: 0, or git fetch --unshallow)"
    hint = "`git log --oneline` shows the commits" + (shallow if is_shallow(cwd or Path()) else "")
    raise DocumentError("there is no such commit here", path=revision, hint=hint)


def merge_base(first: str, second: str, *, cwd: Path | None = None) -> str:
    """The commit where two revisions parted. Raises `DocumentError`."""
    revisions = [commit(each, cwd=cwd) for each in (first, second)]
    ended = _run("merge-base", *revisions, cwd=cwd)
    if ended.returncode:
        hint = "in a shallow clone the commit is not there: fetch its history (fetch-depth: 0)"
        raise DocumentError("have no commit in common", path=f"{first}...{second}", hint=hint)
    return ended.stdout.decode().split()[0]


def empty_tree() -> str:
    """What a first commit is compared with."""
    return output("hash-object", "-t", "tree", "--stdin", wanted="git").decode().strip()


class LoggedFile(NamedTuple):
    """A file of a commit: its path, the names of its blobs (None where there is none), its path before a rename."""

    path: str
    before: str | None
    after: str | None
    was: str | None


class LoggedCommit(NamedTuple):
    """A commit as `log` reads it."""

    sha: str
    at: int
    author: str
    subject: str
    body: str
    files: tuple[LoggedFile, ...]
    is_merge: bool = False

    @property
    def paths(self) -> list[str]:
        """The paths of its files."""
        return [file.path for file in self.files]


def about(revision: str) -> tuple[str, int, str]:
    """Author, time and subject of a commit. Raises `DocumentError`."""
    asked = (
        "log",
        "-1",
        "--no-show-signature",
        "--format=%ae%x00%ct%x00%s",
        "--end-of-options",
        revision,
        "--",
    )
    printed = output(*asked, wanted=revision)
    author, at, subject = printed.decode(errors="replace").rstrip("\n").split("\0")
    return author, int(at), subject


def last_touched(revision: str, path: str, line: int, *, cwd: Path | None = None) -> int | None:
    """When a line, as it stands in a revision, was written; None where git cannot tell."""
    if revision.startswith("-"):  # `git blame` knows no --end-of-options
        return None
    try:
        asked = ("blame", "--porcelain", f"-L{line},{line}", revision, "--", path)
        printed = output(*asked, cwd=cwd, wanted=path)
    except DocumentError:
        return None
    times = [row for row in printed.split(b"\n") if row.startswith(b"committer-time ")]
    return int(times[0].split()[1]) if times else None


def identity() -> str:
    """The address by which the next commit is made; empty where none is known."""
    printed = _run("var", "GIT_AUTHOR_IDENT").stdout.decode(errors="replace")
    return printed.partition("<")[2].partition(">")[0]


def log(
    repository: Path,
    *,
    most: int | None = None,
    revision: str = "HEAD",
    until: int | None = None,
    first_parent: bool = False,
) -> Iterator[LoggedCommit]:
    """The commits that lead to a revision, oldest first, without merges: one pass. Raises `DocumentError`.

    With `most`, the newest so many; with `until`, those that were made at that second or before. With `first_parent`,
    what became of the branch itself, step by step: a merge is one step, and what was merged is none.
    """
    asked = [
        *("log", "--no-show-signature", "--raw", "--no-abbrev", "-z", "-M100%", "--no-ext-diff"),
        *(("--first-parent", "-m") if first_parent else ("--no-merges",)),
        "--format=%x01%H%x00%ct%x00%ae%x00%s%x00%b%x00%P%x00",
        *([f"-n{most}"] if most else []),
        *([f"--until=@{until}"] if until is not None else []),
    ]
    listed = output(*asked, "--end-of-options", revision, "--", cwd=repository, wanted=str(repository))
    for fields, entries in reversed(list(_logged(listed))):
        sha, at, author, subject, body, parents = fields
        files = tuple(
            LoggedFile(each.paths[-1], *each.blobs, each.paths[0] if each.status == "R" else None)
            for each in entries
            if each.status != "T"
        )
        yield LoggedCommit(sha, int(at), author, subject, body, files, " " in parents)


def _logged(listed: bytes) -> Iterator[tuple[list[str], list[_Entry]]]:
    """Of each commit six fields, of a format that begins with %x01 and ends each with %x00, and its raw entries.

    What a field holds may be anything but NUL, so it is its place that tells what is one.
    """
    parts = text_of(listed).split("\0")
    at = 0
    while at < len(parts):
        start = parts[at].lstrip("\n")
        if not start.startswith("\x01"):  # what ends a commit, or the whole
            at += 1
            continue
        values = [start[1:], *parts[at + 1 : at + _FIELDS]]
        at += _FIELDS
        while at < len(parts) and not parts[at].strip("\n"):
            at += 1
        entries, at = _entries(parts, at)
        yield values, entries


class FileCommit(NamedTuple):
    """A commit that touched one file."""

    sha: str
    parents: tuple[str, ...]
    """The commits before it that touched the file, too."""
    at: int
    """When its author wrote it, in seconds."""
    author: str
    email: str
    message: str
    blob: str | None
    """The name of the file's content; None where the commit removed it."""
    added: bool
    """Was there no such file before?"""


def file_log(revision: str, path: str, *, cwd: Path) -> list[FileCommit]:
    """The commits that led to a file as it is in a revision, each before its parents, not followed through renames.

    The path is from where git runs. Of a merge, only the sides that the file came from are followed. Raises
    `DocumentError`.
    """
    asked = (
        *("-c", "log.showRoot=true", "log", "--no-show-signature", "--no-color", "--parents", "--topo-order"),
        # Else, with merges compared to their first parents alone, one that led to no such file is told, too.
        *("--simplify-merges", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff"),
        "--diff-merges=first-parent",
        "--format=%x01%H%x00%P%x00%at%x00%aN%x00%aE%x00%B%x00",
        *("--end-of-options", revision, "--", f":(literal){path}"),
    )
    commits = []
    for fields, entries in _logged(output(*asked, cwd=cwd, wanted=path)):
        sha, parents, at, author, email, message = fields
        before, blob = entries[0].blobs if entries else (f"{sha}^:{path}", f"{sha}:{path}")
        rest = (int(at), author, email, message.strip(), blob, before is None)
        commits.append(FileCommit(sha, tuple(parents.split()), *rest))
    return commits


def is_shallow(repository: Path) -> bool:
    """Does the repository lack the beginning of its history?"""
    return output("rev-parse", "--is-shallow-repository", cwd=repository, wanted="git").strip() == b"true"


def root(cwd: Path | None = None) -> Path:
    """The top of the work tree. Raises `DocumentError` outside of a repository."""
    return Path(output("rev-parse", "--show-toplevel", cwd=cwd, wanted="git").decode().rstrip("\n"))


def configure(name: str, value: str | None) -> None:
    """Set a setting of the repository, or take it out (it need not be there)."""
    if value is not None:
        output("config", "--local", name, value, wanted=name)
        return
    with contextlib.suppress(DocumentError):
        output("config", "--local", "--unset-all", name, wanted=name)


class TextMerge(NamedTuple):
    """What git makes of three texts, line by line; with conflict marks unless it is clean."""

    content: bytes
    clean: bool


def merge_file(base: str, ours: str, theirs: str, *, marker_size: str = "7") -> TextMerge:
    """Merge three files as text. Raises `DocumentError` where git cannot (binary files, say)."""
    labels = ("-L", "ours", "-L", "base", "-L", "theirs", f"--marker-size={marker_size}")
    ended = _run("merge-file", "-p", *labels, "--", ours, base, theirs)
    if ended.returncode < 0 or ended.returncode > 127:
        raise DocumentError(f"git: {_in_a_line(ended.stderr)}", path=ours)
    return TextMerge(ended.stdout, ended.returncode == 0)


def not_ignored(cwd: Path) -> list[str] | None:
    """The files below a folder that git does not ignore, relative to it; None outside of a repository."""
    try:
        listed = output(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=cwd, wanted="files"
        )
    except DocumentError:
        return None
    return list(filter(None, text_of(listed).split("\0")))


def listed(revision: str | None, folder: str = "", *, cwd: Path | None = None) -> list[str]:
    """The files below a folder in a revision, or as they are staged (None). Paths are from where git runs."""
    if revision is None:
        below = [f":(literal){folder}/"] if folder else []
        asked = ["ls-files", "-z", "--cached", "--", *below]
    else:
        options = ("-r", "-z", "--name-only", "--end-of-options", revision, "--")
        asked = ["ls-tree", *options, *([f"{folder}/"] if folder else [])]
    return list(filter(None, text_of(output(*asked, cwd=cwd, wanted=folder)).split("\0")))


def lines(*arguments: str, cwd: Path, wanted: str, stdin: bytes = b"") -> list[str]:
    """The lines that a command of git prints. Raises `DocumentError`, of what was wanted, where it fails."""
    return text_of(output(*arguments, cwd=cwd, wanted=wanted, stdin=stdin)).splitlines()


def output(*arguments: str, cwd: Path | None = None, wanted: str, stdin: bytes = b"") -> bytes:
    """What a command of git prints. Raises `DocumentError`, of what was wanted, where it fails."""
    ended = _run(*arguments, cwd=cwd, stdin=stdin, wanted=wanted)
    if ended.returncode:
        raise DocumentError(f"git: {_in_a_line(ended.stderr)}", path=None if wanted == "git" else wanted)
    return ended.stdout


def _in_a_line(stderr: bytes) -> str:
    """What git says is wrong: the line that says so, without the advice and the warnings around it."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines
    return wrong[0].removeprefix("fatal: ").removeprefix("error: ") if wrong else "ended with an error"


def _run(
    *arguments: str, cwd: Path | None = None, stdin: bytes = b"", wanted: str = "git"
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise DocumentError("git is not installed, and was asked for this", path=wanted) from error
    except subprocess.TimeoutExpired as error:
        raise DocumentError(f"git did not answer within {_SECONDS} seconds", path=wanted) from error
