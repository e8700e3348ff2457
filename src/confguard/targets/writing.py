"""Writing files and folders that are new, durably; and saying what the system refused, with what to do about it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confguard.errors import TargetError
from confguard.targets.access import Attributes

IN_PLACE = '{ file = "...", in_place = true } writes over it'


@contextmanager
def failing_as(what: str, path: Path) -> Iterator[None]:
    """Whatever the system refuses within is a `TargetError` that begins with `what`, and hints at what to do.

    >>> with failing_as("target a.toml: cannot be written", Path("no/such/a.toml")):
    ...     open("no/such/a.toml", "w")
    Traceback (most recent call last):
    confguard.errors.TargetError: target a.toml: cannot be written: No such file or directory
    """
    try:
        yield
    except OSError as error:
        raise TargetError(f"{what}: {error.strerror or error}", hint=_hint(error, path)) from error


def bound(path: Path) -> Path:
    """Where a path leads from the working folder of now: a process may go to another one. Raises `TargetError`."""
    try:
        return path.absolute()
    except OSError as error:
        raise TargetError(
            f"target {path}: is relative to the working folder, which is gone", hint="name it from / on"
        ) from error


def _hint(error: OSError, path: Path) -> str | None:
    folder = path.parent
    if error.errno == errno.ENOTDIR:
        in_the_way = next((each for each in path.parents if os.path.isfile(each)), folder)  # noqa: PTH113 - never raises
        return f"{in_the_way} is a file, and has to be a folder: move it away"
    return {
        errno.ENOENT: f"make the folder first: mkdir -p {folder}",
        errno.EISDIR: f"{path} has to be a file",
        errno.EACCES: f"this user may not write to {folder}, or to the file: ls -ld {folder} {path}",
        errno.EPERM: f"its owner, or a flag, forbids it: ls -ld {folder} {path}; lsattr -d {folder} {path}",
        errno.EROFS: f"the file system of {folder} is mounted read-only: findmnt -T {folder}",
        errno.ENOSPC: f"make room: df -h {folder}; df -i {folder}",
        errno.EDQUOT: f"the quota of this user is used up: make room in {folder}",
        errno.EFBIG: "the file would be larger than this process may write: ulimit -f",
        errno.ENAMETOOLONG: "a shorter name leaves room for the one that the file is staged under",
        errno.EBUSY: f"is it mounted by itself? {IN_PLACE}",
        errno.ELOOP: f"its links lead in a circle: namei {path}",
    }.get(error.errno or 0)


@contextmanager
def opened(path: Path, flags: int, mode: int = 0o777) -> Iterator[int]:
    """The descriptor of a file or folder, closed in the end."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def undoing(undo: Callable[[], object]) -> Iterator[None]:
    """Whatever goes wrong within, it is undone."""
    try:
        yield
    except BaseException:
        undo()
        raise


def write_new(path: Path, content: bytes, finish: Callable[[int], object]) -> None:
    """Write a file that is not there yet, private to its user until `finish` has made it what it shall be; synced."""
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600) as descriptor:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        finish(descriptor)
        os.fsync(descriptor)


def keep(old: Attributes, descriptor: int, what: str, hint: str) -> None:
    """Give what an old file has beside its bytes to the new one. Raises `TargetError` for what cannot be kept."""
    if missing := old.give(descriptor):
        raise TargetError(f"{what}: cannot keep {' and '.join(missing)}", hint=hint)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    finish_folder(folder, lambda _: None)


def finish_folder(folder: Path, finish: Callable[[int], object]) -> None:
    """Make a folder what it shall be, and the names in it durable."""
    with opened(folder, os.O_RDONLY) as descriptor:
        finish(descriptor)
        os.fsync(descriptor)
