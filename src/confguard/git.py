"""What confguard asks git: the text of a file at a revision, or as it is staged."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from confguard.errors import DocumentError

__all__ = [
    "ChangedFile",
    "TextMerge",
    "blob",
    "blobs",
    "changed",
    "configure",
    "merge_file",
    "renames",
    "root",
    "tracked",
]

_SECONDS = 60


def blob(name: str, limit: int, *, cwd: Path | None = None) -> bytes:
    """The bytes of `REV:path`, as git names it. Raises `DocumentError`."""
    size = int(_git("cat-file", "-s", name, cwd=cwd, wanted=name))
    if size > limit:
        raise DocumentError(f"is larger than {limit:,} bytes, the most that confguard reads", path=name)
    return _git("cat-file", "blob", name, cwd=cwd, wanted=name)


def blobs(names: Iterable[str], limit: int, *, cwd: Path | None = None) -> dict[str, bytes]:
    """The bytes of all of these that there are: two calls of git, however many they are.

    Raises `DocumentError` where git cannot be asked, and for one that is larger than `limit` bytes.
    """
    asked = [name for name in names if "\n" not in name]
    stdin = "".join(f"{name}\n" for name in asked).encode(errors="surrogateescape")
    answers = _git(
        "cat-file", "--batch-check=%(objecttype) %(objectsize)", cwd=cwd, stdin=stdin, wanted="git"
    )
    there: list[tuple[str, int]] = []
    for name, answer in zip(asked, answers.split(b"\n"), strict=False):
        kind, _, digits = answer.rpartition(b" ")
        if kind == b"blob" and int(digits) > limit:
            raise DocumentError(f"is larger than {limit:,} bytes, the most that confguard reads", path=name)
        if kind == b"blob":
            there.append((name, int(digits)))
    stdin = "".join(f"{name}\n" for name, _ in there).encode(errors="surrogateescape")
    packed = _git("cat-file", "--batch=", cwd=cwd, stdin=stdin, wanted="git")
    found, at = {}, 0
    for name, size in there:
        at += 1  # the line that says what follows, left empty
        found[name] = packed[at : at + size]
        at += size + 1
    return found


def renames(base: str, *, to: str | None = None, cwd: Path | None = None) -> dict[str, str]:
    """Files that were renamed since a revision, each with its old path; what is staged, unless `to` is given."""
    span = [base, to] if to else ["--cached", base]
    try:
        listed = _git(
            *("diff", "--relative", "--name-status", "-z", "-M", "--diff-filter=R", *span, "--"),
            cwd=cwd,
            wanted=base,
        )
    except DocumentError:  # no commit yet
        return {}
    fields = [name.decode(errors="surrogateescape") for name in listed.split(b"\0")]
    return {fields[at + 2]: fields[at + 1] for at in range(0, len(fields) - 2, 3)}


class ChangedFile(NamedTuple):
    """A file that changed: its path, the one it had before (None for a new one), and whether it is still there."""

    path: str
    before: str | None
    after: bool


def changed(base: str, head: str, paths: Iterable[str] = (), *, cwd: Path | None = None) -> list[ChangedFile]:
    """The files that changed between two revisions, with renames found. Raises `DocumentError`."""
    listed = _git(
        *("diff", "--name-status", "-z", "-M", "--no-ext-diff", "--end-of-options", base, head, "--", *paths),
        cwd=cwd,
        wanted=f"{base}..{head}",
    )
    fields = iter(name.decode(errors="surrogateescape") for name in listed.split(b"\0"))
    found = []
    for status in fields:
        if status.startswith(("R", "C")):
            before = next(fields)
            found.append(ChangedFile(next(fields), before, after=True))
        elif status:
            path = next(fields)
            found.append(ChangedFile(path, None if status == "A" else path, after=status != "D"))
    return found


def root(cwd: Path | None = None) -> Path:
    """The top of the work tree. Raises `DocumentError` outside of a repository."""
    return Path(_git("rev-parse", "--show-toplevel", cwd=cwd, wanted="git").decode().rstrip("\n"))


def configure(name: str, value: str | None, *, cwd: Path | None = None) -> None:
    """Set a setting of the repository, or take it out (it need not be there)."""
    if value is not None:
        _git("config", "--local", name, value, cwd=cwd, wanted=name)
        return
    with contextlib.suppress(DocumentError):
        _git("config", "--local", "--unset-all", name, cwd=cwd, wanted=name)


class TextMerge(NamedTuple):
    """What git makes of three texts, line by line; with conflict marks unless it is clean."""

    content: bytes
    clean: bool


def merge_file(base: str, ours: str, theirs: str) -> TextMerge:
    """Merge three files as text. Raises `DocumentError` where git cannot (binary files, say)."""
    labels = ("-L", "ours", "-L", "base", "-L", "theirs")
    ended = _run("merge-file", "-p", *labels, "--", ours, base, theirs)
    if ended.returncode < 0 or ended.returncode > 127:
        raise DocumentError(f"git: {ended.stderr.decode(errors='replace').strip()}", path=ours)
    return TextMerge(ended.stdout, ended.returncode == 0)


def tracked(cwd: Path) -> list[str] | None:
    """The files git knows below a folder, relative to it; None outside of a repository."""
    try:
        listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=cwd, wanted="files")
    except DocumentError:
        return None
    return [name.decode(errors="surrogateescape") for name in listed.split(b"\0") if name]


def _git(*arguments: str, cwd: Path | None, wanted: str, stdin: bytes = b"") -> bytes:
    ended = _run(*arguments, cwd=cwd, stdin=stdin, wanted=wanted)
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise DocumentError(f"git: {said}", path=wanted)
    return ended.stdout


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
