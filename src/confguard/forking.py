"""What has to be made anew in a forked child: locks that another thread held, connections, threads.

The locks within a library cannot be: a child that is forked while another thread is in SQLite waits for ever. So a
fork waits for a moment until nobody is.

Services fork after import (gunicorn with `--preload`, Celery): what they opened before must go on in the child. It
stands below stores and live settings, since both renew themselves, and in one order.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cache
from itertools import count
from threading import Lock
from typing import Any, Protocol
from weakref import WeakValueDictionary, finalize


class Forked(Protocol):
    """Something that knows what to do in a forked child.

    If it has a `fork_lock`, it holds that while it is in a library with locks of its own.
    """

    def after_fork(self) -> None:
        """Called in the child, before anything else runs there."""
        ...


_PATIENCE = 5.0
"""Seconds that a fork waits at most: longer than reading takes."""
_KNOWN: WeakValueDictionary[int, Forked] = WeakValueDictionary()
"""In the order in which they were made: what follows a store must not go on before the store has a new lock."""
_numbers = count()


def renew_in_children(thing: Forked) -> None:
    """Have `after_fork` called in every child that is forked from now on, as long as the thing lives."""
    _hook()
    _KNOWN[next(_numbers)] = thing


def close_with(owner: Any, close: Callable[[], object]) -> finalize[..., Any]:
    """Close a connection when nobody holds its owner any more; not in a forked child: its parent goes on with it."""
    return finalize(owner, _close_in, os.getpid(), close)


def _close_in(pid: int, close: Callable[[], object]) -> None:
    if pid == os.getpid():
        close()


class _Forking:
    """One fork at a time, while nobody is where a child could not get out."""

    def __init__(self) -> None:
        self._one, self._held = Lock(), list[Any]()

    def wait(self) -> None:
        self._one.acquire()
        end = time.monotonic() + _PATIENCE
        for thing in _known():
            lock = getattr(thing, "fork_lock", None)
            if lock is not None and lock.acquire(timeout=max(0.0, end - time.monotonic())):
                self._held.append(lock)

    def go_on(self) -> None:
        while self._held:
            self._held.pop().release()
        self._one.release()

    def renew(self) -> None:
        self._one, self._held = Lock(), []
        for thing in _known():
            thing.after_fork()


@cache
def _hook() -> None:
    forking = _Forking()
    os.register_at_fork(before=forking.wait, after_in_parent=forking.go_on, after_in_child=forking.renew)


def _known() -> list[Forked]:
    return [thing for number in sorted(_KNOWN) if (thing := _KNOWN.get(number)) is not None]
