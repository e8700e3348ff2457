"""Writing files and folders that are new, durably; removing them without a trace."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from confguard.errors import TargetError
from confguard.targets.attributes import Attributes

__all__ = ["finish_folder", "keep", "sync_folder", "write_new"]


def write_new(path: Path, content: bytes, finish: Callable[[int], object]) -> None:
    """Write a file that is not there yet, private to its user until `finish` has made it what it shall be; synced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        finish(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep(old: Attributes, descriptor: int, what: str, hint: str) -> None:
    """Give what an old file has beside its bytes to the new one. Raises `TargetError` for what cannot be kept."""
    if missing := old.give(descriptor):
        raise TargetError(f"{what}: cannot keep {' and '.join(missing)}", hint=hint)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    finish_folder(folder, lambda _: None)


def finish_folder(folder: Path, finish: Callable[[int], object]) -> None:
    """Make a folder what it shall be, and the names in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        finish(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
