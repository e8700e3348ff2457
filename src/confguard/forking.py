"""What has to be made anew in a forked child: locks that another thread held, connections, threads.

Services fork after import (gunicorn with `--preload`, Celery): what they opened before must go on in the child. It
stands below stores and live settings, since both renew themselves, and in one order.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any, Protocol
from weakref import WeakValueDictionary, finalize

__all__ = ["Forked", "close_with", "renew_in_children"]


class Forked(Protocol):
    """Something that knows what to do in a forked child."""

    def after_fork(self) -> None:
        """Called in the child, before anything else runs there."""
        ...


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


@cache
def _hook() -> None:
    os.register_at_fork(after_in_child=_renew)


def _renew() -> None:
    for thing in [_KNOWN[number] for number in sorted(_KNOWN)]:
        thing.after_fork()
