"""Writing over a file that has to stay the file it is, and telling what an interrupted write of that kind leaves.

What grows is written first: a full disk is found while the old bytes are whole. Then the old bytes are written over,
then what is left of them is cut off. An error in between puts the old bytes back; a crash can leave a mixture.
"""

from __future__ import annotations

import errno
import os
import resource
from contextlib import AbstractContextManager
from pathlib import Path

from attrs import field, frozen

from confguard.errors import TargetError
from confguard.targets.interface import Staged
from confguard.targets.writing import failing_as, opened, undoing
from confguard.texts import common_length

_BLOCK = 512
"""The least that a disk writes at once: after a loss of power, each of these is old or new."""


@frozen
class StagedOverwrite(Staged):
    """Content that waits to be written over a file. Nothing stands beside it meanwhile."""

    name: str
    real: Path
    content: bytes = field(repr=False)

    def check(self) -> None:
        """Can it be written, and is there room? Raises `TargetError`."""
        with (
            failing_as(f"target {self.name}: cannot be written over", self.real),
            self._opened() as descriptor,
        ):
            missing = _missing_room(descriptor, len(self.content))
        if missing > 0:
            raise TargetError(
                f"target {self.name}: no room: {missing:,} bytes more are needed",
                hint=f"make room: df -h {self.real}",
            )

    def commit(self) -> None:
        """Write it over what is there, and sync it. An error puts back what was there."""
        with (
            failing_as(f"target {self.name}: cannot be written over", self.real),
            self._opened() as descriptor,
        ):
            with os.fdopen(os.dup(descriptor), "rb") as file:
                before = file.read()
            with undoing(lambda: self._put_back(descriptor, before)):
                _overwrite(descriptor, self.content, len(before))

    def _put_back(self, descriptor: int, before: bytes) -> None:
        try:
            _overwrite(descriptor, before, min(len(before), os.fstat(descriptor).st_size))
        except OSError as error:
            raise TargetError(
                f"target {self.name}: holds new and old bytes mixed, and neither can be written: {error.strerror}",
                hint="mend what keeps it from being written; recovering then writes it again",
            ) from error

    def _opened(self) -> AbstractContextManager[int]:
        return opened(self.real, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)


def torn_between(held: bytes, before: bytes, wanted: bytes) -> bool:
    """Is `held` neither, and what an interrupted write of `wanted` over `before` can leave?

    A process that was killed leaves the new bytes up to some place and the old ones after it; a power failure any
    mixture of blocks, and zeros in what grew.

    >>> torn_between(b"pool = 64\\nx = 1\\n", b"pool = 10\\nx = 1\\n", b"pool = 64\\nx = 22\\n")
    True
    >>> torn_between(b"pool = 99\\n", b"pool = 10\\n", b"pool = 64\\n")
    False
    """
    size = len(held)
    if held in (before, wanted) or not min(len(before), len(wanted)) <= size <= max(len(before), len(wanted)):
        return False
    if len(wanted) < len(before) and size not in (len(before), len(wanted)):  # it is cut off in one step
        return False
    grown = (before + wanted[len(before) :])[:size]  # what grew is there, and nothing else yet
    written = (wanted + before[len(wanted) :])[:size]
    if common_length(held, written) >= size - common_length(held[::-1], grown[::-1]):
        return True
    texts = (grown, written, before[:size].ljust(size, b"\0"))
    return all(
        held[at : at + _BLOCK] in [text[at : at + _BLOCK] for text in texts] for at in range(0, size, _BLOCK)
    )


def _overwrite(descriptor: int, content: bytes, there: int) -> None:
    """Make a file hold `content`; it has `there` bytes now."""
    _write_at(descriptor, content[there:], there)
    _write_at(descriptor, content[:there], 0)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _write_at(descriptor: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        done = os.pwrite(descriptor, view, at)
        view, at = view[done:], at + done


def _missing_room(descriptor: int, size: int) -> int:
    """How many bytes more than there is room for a file would need; less than 1 if there is room, or nobody knows.

    Raises `OSError` if it is more than this process may write.
    """
    status, around = os.fstat(descriptor), os.fstatvfs(descriptor)
    most, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if most != resource.RLIM_INFINITY and size > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    if not around.f_blocks:  # not every file system has a size
        return 0
    free = around.f_bfree if os.geteuid() == 0 else around.f_bavail
    return size - max(status.st_size, status.st_blocks * 512) - free * around.f_frsize
