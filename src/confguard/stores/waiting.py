"""Waiting for a file to change, without asking it all the time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from types import ModuleType

POLL_SECONDS = 0.1
"""How often to look where nothing tells of changes."""
SURE_SECONDS = 1.0
"""How often to look all the same: no event tells of what came before it was asked for, or from another machine."""

_WATCHING: set[int] = set()
"""The processes in which watchfiles was at work. It may wait for ever in their children, without a word and whatever
time it was given: a lock within it that another thread held at the fork is never released there."""


def file_changes(paths: Sequence[Path], stop: Event, patience: float) -> Iterator[None]:
    """Yield at once, then whenever one of these files (or one whose name begins with its name) may have changed.

    At least every `patience` seconds. With watchfiles installed, the system tells of changes; without, where it has no
    watch left to give, and in a child of a process that watched, this yields ten times a second. Ends with `stop`.
    """
    try:
        import watchfiles  # now, not when the first is asked for in a thread: a fork must not meet it under way
    except ImportError:
        return _polls(stop, patience)
    if _WATCHING - {os.getpid()}:
        return _polls(stop, patience)
    return _events(watchfiles, [path.resolve() for path in paths], stop, patience)


def _events(watchfiles: ModuleType, real: Sequence[Path], stop: Event, patience: float) -> Iterator[None]:
    yield None
    names = tuple(path.name for path in real)
    _WATCHING.add(os.getpid())
    try:
        for _ in watchfiles.watch(
            *{path.parent for path in real},
            watch_filter=lambda _, name: Path(name).name.startswith(names),
            debounce=20,
            step=5,
            rust_timeout=max(1, int(min(patience, SURE_SECONDS) * 1000)),
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=False,
            recursive=False,
        ):
            yield None
    except (OSError, RuntimeError):
        yield from _polls(stop, patience)


def _polls(stop: Event, patience: float) -> Iterator[None]:
    yield None
    while not stop.wait(min(POLL_SECONDS, patience)):
        yield None
