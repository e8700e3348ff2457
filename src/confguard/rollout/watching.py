"""Watching what bakes: with a lease in the store that says so, and to an end that signals do not prevent."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from confguard.errors import ConfguardError
from confguard.rollout.bake import Bake, Outcome, Watched
from confguard.rollout.bake import watch as watch_bake
from confguard.rollout.steps import Done
from confguard.stores.interface import LEASE_SECONDS

__all__ = ["interruptible", "watch"]

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_LONGER = LEASE_SECONDS
"""How long after its end a bake counts as watched at most: a probe that never answers must not keep it for ever."""


def watch(bake: Bake, done: Sequence[Done]) -> Watched:
    """Watch revisions of several configs as one."""

    def notice(name: str, wrong: str) -> None:
        for each in done:
            each.place.emit("probed", each.revision, probe=name, wrong=wrong)

    with _leases(done, bake.duration.total_seconds() + _LONGER):
        return watch_bake(bake, lambda: _ended(done), notice)


def _ended(done: Sequence[Done]) -> Outcome | None:
    """Has somebody else ended it? Nobody knows while the store is away."""
    try:
        for each in done:
            head = each.place.store.head(each.place.config)
            if head is None or head.digest != each.revision.digest:
                return Outcome.SUPERSEDED
        pending = any(each.place.store.pending_bake(each.place.config) for each in done)
    except ConfguardError:
        return None
    return None if pending else Outcome.CONFIRMED


@contextmanager
def _leases(done: Sequence[Done], seconds: float) -> Iterator[None]:
    """Say again and again that the bakes are watched, on a thread of its own: probes may take long."""
    over = threading.Event()

    def renew() -> None:
        left = seconds
        while left > 0 and not over.wait(LEASE_SECONDS / 4):
            left -= LEASE_SECONDS / 4
            for each in done:
                with suppress(ConfguardError):  # the store is away: tried again in a moment
                    each.place.store.renew_bake(each.place.config, each.revision.number)

    thread = threading.Thread(target=renew, name="confguard-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP end what is done here as Ctrl-C does; the first one only, so that going back is not cut off.

    Only the main thread is told of signals. One that is ignored stays ignored, a handler of the user's own in place.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [each for each in _SIGNALS if signal.getsignal(each) is signal.SIG_DFL]
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        taken.append(signal.SIGINT)
    before: dict[signal.Signals, Any] = {}

    def end(number: int, _: FrameType | None) -> None:
        for each in taken:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    try:
        for each in taken:
            before[each] = signal.signal(each, end)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
