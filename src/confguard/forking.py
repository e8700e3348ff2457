"""What has to be made anew in a forked child: locks that another thread held, connections, threads.

Services fork after import (gunicorn with `--preload`, Celery): what they opened before must go on in the child.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["Forked", "renew_in_children"]


class Forked(Protocol):
    """Something that knows what to do in a forked child."""

    def after_fork(self) -> None:
        """Called in the child, before anything else runs there."""
        ...


_KNOWN: WeakSet[Forked] = WeakSet()


def renew_in_children(thing: Forked) -> None:
    """Have `after_fork` called in every child that is forked from now on, as long as the thing lives."""
    if not _KNOWN:
        _hook()
    _KNOWN.add(thing)


def _hook() -> None:
    global _hooked
    if not _hooked:
        _hooked = True
        os.register_at_fork(after_in_child=_renew)


_hooked = False


def _renew() -> None:
    for thing in list(_KNOWN):
        thing.after_fork()
