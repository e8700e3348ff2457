"""Trying again, with pauses that grow and are drawn by lot: those who fail together come back one by one.

The pauses are those of "full jitter": uniform from nothing to a bound that doubles (M. Brooker, *Exponential Backoff
And Jitter*, AWS Architecture Blog, 2015).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from confguard.errors import StoreError

__all__ = ["LostError", "pauses", "retrying"]


class LostError(StoreError):
    """No answer came: nobody knows whether what was sent was done."""

    sent = True
    """May the server have heard it?"""


def pauses(first: float = 0.1, most: float = 30.0, chance: random.Random | None = None) -> Iterator[float]:
    """Pauses in seconds, without end.

    >>> drawn = pauses(0.1, 1.0, random.Random(1))
    >>> all(0 <= next(drawn) <= bound for bound in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0))
    True
    """
    lot = chance or random.Random()  # noqa: S311 - jitter
    bound = first
    while True:
        yield lot.uniform(0, bound)
        bound = min(most, bound * 2)


def retrying(seconds: float) -> Iterator[bool]:
    """Yield for each attempt whether it is the last one, and pause in between, for so many seconds in all."""
    end = time.monotonic() + seconds
    for pause in pauses(0.05, 1.0):
        last = time.monotonic() + pause >= end
        yield last
        if last:
            return
        time.sleep(pause)
