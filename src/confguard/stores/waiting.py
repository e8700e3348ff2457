"""Waiting for a file to change, without asking it all the time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

__all__ = ["file_changes"]

POLL_SECONDS = 0.1
"""How often to look where nothing tells of changes."""


def file_changes(path: Path, stop: Event, patience: float) -> Iterator[None]:
    """Yield at once, then whenever a file (or one whose name begins with its name) may have changed.

    At least every `patience` seconds. With watchfiles installed, the system tells of changes; without, this yields ten
    times a second. Ends when `stop` is set.
    """
    try:
        import watchfiles
    except ImportError:
        yield None
        while not stop.wait(min(POLL_SECONDS, patience)):
            yield None
        return
    real = path.resolve()

    def ours(_: watchfiles.Change, name: str) -> bool:
        return Path(name).name.startswith(real.name)

    yield None
    changes = watchfiles.watch(
        real.parent,
        watch_filter=ours,
        debounce=20,
        step=5,
        rust_timeout=max(1, int(patience * 1000)),
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=False,
        recursive=False,
    )
    for _ in changes:
        yield None
