"""The last known good copies of services, compared with the store: is what they hold still of its history?"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from attrs import frozen

from confguard.errors import IntegrityError
from confguard.live.feeds import Stored, StoredFeed
from confguard.live.last_good import Copy, LastGood
from confguard.stores.interface import Revision
from confguard.stores.stages import Instance

__all__ = ["ComparedCopy", "compared"]


@frozen
class ComparedCopy:
    """A last known good copy, as the store sees it."""

    path: str
    revision: int | None = None
    """None where nothing was kept, or it cannot be read."""
    source: str | None = None
    """Where it came from."""
    kept_at: datetime | None = None
    problem: str | None = None
    """That it is not of the store's history, or not what was kept."""


def compared(path: str | os.PathLike[str], guarded: Stored, head: Revision | None) -> ComparedCopy:
    """Read a copy, and look for its revision in the store. Raises `StoreError` if that is away."""
    shown = os.fspath(path)
    try:
        copy = LastGood(path, (guarded.name,)).read()
    except IntegrityError as error:
        return ComparedCopy(shown, problem=str(error).removeprefix(f"{Path(path).absolute()}: "))
    if copy is None:
        return ComparedCopy(shown)
    problem = _problem(copy, StoredFeed(guarded.name, guarded, Instance.of(None, None)), head)
    return ComparedCopy(shown, copy.seen.number, copy.source, copy.kept_at, problem)


def _problem(copy: Copy, feed: StoredFeed, head: Revision | None) -> str | None:
    if feed.holds(copy.seen):
        return None
    newest = f"; its newest is {head.number}" if head else ", which has no revision"
    if copy.source != feed.source:
        return f"came from another store, {copy.source}, and is not in the history of this one{newest}"
    return f"is not in the store's history: that was replaced{newest} (was a backup restored?)"
