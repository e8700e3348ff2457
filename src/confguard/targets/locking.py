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

__all__ = ["alone"]

BUSY_SECONDS = 10.0
_PAUSE = 0.005
_WITHIN = RLock()


@contextmanager
def alone(folders: Collection[Path], busy_seconds: float = BUSY_SECONDS) -> Iterator[None]:
    """Be the only one, of all threads and processes, that writes to these folders.

    Without folders, the only one of all threads. Raises `StoreBusyError` if somebody else does for longer than
    `busy_seconds`, `TargetError` if one is not there.
    """
    with ExitStack() as held:
        if not folders:
            held.enter_context(_WITHIN)
        for folder in sorted(set(folders)):  # in one order, so that no two wait for each other
            held.enter_context(_locked(folder, busy_seconds))
        yield


@contextmanager
def _locked(folder: Path, busy_seconds: float) -> Iterator[None]:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError as error:
        raise TargetError(f"target folder {folder}: cannot be opened: {error.strerror}") from error
    try:
        _wait_for(descriptor, folder, busy_seconds)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, folder: Path, busy_seconds: float) -> None:
    end = time.monotonic() + busy_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise StoreBusyError(
                    f"{folder}: another process has been writing to it for {busy_seconds:g} seconds",
                    hint="find out which (`fuser`), or try again",
                ) from None
            time.sleep(_PAUSE)
        else:
            return
