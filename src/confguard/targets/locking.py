"""One writer at a time: the folders of targets are locked while a head is written to them.

The lock is the system's own (`flock`) on the folder itself: no file is left behind, and it is gone with its process.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock

from confguard.errors import StoreBusyError, TargetError

BUSY_SECONDS = 10.0
_PAUSE = 0.005
_WITHIN = [RLock()]
"""In a list, so that a forked child has one that none of its parent's threads holds."""


def _renew() -> None:
    _WITHIN[0] = RLock()


os.register_at_fork(after_in_child=_renew)


@contextmanager
def alone(folders: Collection[Path], busy_seconds: float = BUSY_SECONDS) -> Iterator[None]:
    """Be the only one, of all threads and processes, that writes to these folders.

    Without folders, the only one of all threads. Raises `StoreBusyError` if somebody else does for longer than
    `busy_seconds`, `TargetError` if one is not there or cannot be locked.
    """
    with ExitStack() as held:
        if not folders:
            within = _WITHIN[0]
            if not within.acquire(timeout=busy_seconds):
                raise StoreBusyError(f"another thread has been writing for {busy_seconds:g} seconds")
            held.callback(within.release)
        opened: dict[tuple[int, int], tuple[int, Path]] = {}
        for folder in sorted(set(folders)):
            descriptor = _open_folder(folder)
            held.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            # One folder can have two paths.
            opened.setdefault((status.st_dev, status.st_ino), (descriptor, folder))
        end = time.monotonic() + busy_seconds
        for _, (descriptor, folder) in sorted(opened.items()):  # so that no two wait for each other
            while not _locked(descriptor, folder):
                if time.monotonic() > end:
                    raise StoreBusyError(
                        f"{folder}: another process has been writing to it for {busy_seconds:g} seconds",
                        hint="find out which (`fuser`), or try again",
                    )
                time.sleep(_PAUSE)
            # A forked child holds a copy of the descriptor.
            held.callback(fcntl.flock, descriptor, fcntl.LOCK_UN)
        yield


def _open_folder(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise TargetError(
            f"target folder {folder}: cannot be opened: {error.strerror}",
            hint=f"make it first: mkdir -p {folder}"
            if missing
            else f"whoever writes to it has to be able to list it: ls -ld {folder}",
        ) from error


def _locked(descriptor: int, folder: Path) -> bool:
    """Locked now; False while somebody else holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # some network file systems lock files only, and some nothing
        raise TargetError(
            f"target folder {folder}: cannot be locked: {error.strerror}",
            hint="its file system has no locks for folders (flock), as some network file systems: use one that has",
        ) from error
    return True
