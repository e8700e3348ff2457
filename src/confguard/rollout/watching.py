"""Watching what bakes, with a lease in the store that says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from confguard.errors import ConfguardError
from confguard.rollout.bake import Bake, Outcome, Watched, lease_for
from confguard.rollout.bake import watch as watch_bake
from confguard.rollout.steps import Done
from confguard.stores.interface import LEASE_SECONDS

__all__ = ["leased", "watch"]

_LONGER = LEASE_SECONDS
"""How long after its end a bake counts as watched at most: a probe that never answers must not keep it for ever."""


def watch(bake: Bake, done: Sequence[Done]) -> Watched:
    """Watch revisions of several configs as one."""

    def notice(name: str, wrong: str) -> None:
        for each in done:
            each.place.emit("probed", each.revision, probe=name, wrong=wrong)

    lasting = bake.duration.total_seconds()
    end = time.monotonic() + lasting
    with leased(done, lasting + _LONGER, lambda: end - time.monotonic()):
        return watch_bake(bake, lambda: _ended(done), notice)


def _ended(done: Sequence[Done]) -> Outcome | None:
    """Has somebody else ended it? Nobody knows while the store is away."""
    try:
        for each in done:
            head = each.place.head()
            if head is None or head.digest != each.revision.digest:
                return Outcome.SUPERSEDED
        pending = any(each.place.pending_bake() for each in done)
    except ConfguardError:
        return None
    return None if pending else Outcome.CONFIRMED


@contextmanager
def leased(
    done: Sequence[Done], seconds: float, left: Callable[[], float] = lambda: LEASE_SECONDS
) -> Iterator[None]:
    """Say again and again that the bakes are watched, on a thread of its own: probes may take long.

    For so many seconds at most; `left` is how many the bakes go on for.
    """
    over, end = threading.Event(), time.monotonic() + seconds

    def renew() -> None:
        while time.monotonic() < end:
            lease = lease_for(left())
            for each in done:
                with suppress(ConfguardError):  # the store is away: tried again in a moment
                    each.place.store.renew_bake(each.place.config, each.revision.number, lease)
            if over.wait(lease / 4):
                return

    thread = threading.Thread(target=renew, name="confguard-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
