"""How far something is that takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress"]

_PATIENCE = 0.5
"""Seconds after which progress is shown."""


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A line on standard error that says how far something is, once it takes long; on a terminal only."""
    started, shown = time.monotonic(), False

    def tell(done: int, of: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - started > _PATIENCE:
            shown = True
            filled = 20 * done // max(of, 1)
            bar = "#" * filled + "." * (20 - filled)
            _show(f"\r{doing} [{bar}] {done:,} of {of:,}")

    try:
        yield tell
    finally:
        if shown:
            _show("\r\x1b[K")


def _show(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
