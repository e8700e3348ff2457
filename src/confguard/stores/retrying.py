"""Trying again, and finding out what became of a change whose answer was lost.

Pauses grow and are drawn at random, so that those who fail together come back one by one: "full jitter", uniform from
nothing to a bound that doubles (M. Brooker, *Exponential Backoff And Jitter*, AWS Architecture Blog, 2015).

A change that was done is never reported as refused. What refuses it when it is sent again (the server became read-only,
it is full, somebody holds a lock) says nothing of what was sent before, which may even be done later.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from confguard.errors import ConflictError, InDoubtError, NotFoundError, StoreError
from confguard.stores import chain
from confguard.stores.interface import Append, Store

PATIENCE_SECONDS = 10.0
"""How long to ask for the outcome of a change whose answer was lost."""


class LostError(StoreError):
    """No answer came: nobody knows whether what was sent was done."""

    sent = True
    """May the server have heard it?"""


class UnreplicatedError(InDoubtError):
    """It was committed, and is in force; but it is on one server alone, and a failover now may lose it."""


def pauses(first: float = 0.1, most: float = 30.0, chance: random.Random | None = None) -> Iterator[float]:
    """Pauses in seconds, without end.

    >>> drawn = pauses(0.1, 1.0, random.Random(1))
    >>> all(0 <= next(drawn) <= bound for bound in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0))
    True
    """
    chance = chance or random.SystemRandom()
    bound = first
    while True:
        yield chance.uniform(0, bound)
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


def settled(
    change: Callable[[], bool], done: Callable[[], bool], doubt: Callable[[StoreError], StoreError]
) -> bool:
    """Was a change made, by whichever sending? It is sent anew while its answer is lost.

    `change` sends it and says whether it was made now; `done` says whether it stands. Raises what `change` raises where
    nothing was sent before; `ConflictError`, which no earlier sending can survive; and else what `doubt` makes of it.
    """
    in_doubt = False
    for last in retrying(PATIENCE_SECONDS):
        try:
            return change() or (in_doubt and done())
        except LostError as error:
            in_doubt = in_doubt or error.sent
            if last:
                raise (doubt(error) if in_doubt else error) from error
        except StoreError as error:
            if not in_doubt or isinstance(error, UnreplicatedError):
                raise
            if _stands(done, error, doubt):
                return True
            if isinstance(error, ConflictError):
                raise
            raise doubt(error) from error
    raise AssertionError


def _stands(done: Callable[[], bool], refusal: StoreError, doubt: Callable[[StoreError], StoreError]) -> bool:
    """Raises what `doubt` makes of the refusal where the store does not say."""
    try:
        return done()
    except StoreError as error:
        raise doubt(refusal) from error


def committed(store: Store, appends: Sequence[Append], change: Callable[[], bool]) -> None:
    """A commit, sent anew while its answer is lost."""

    def doubt(error: StoreError) -> InDoubtError:
        names = [each.config for each in appends]
        which = ", ".join(f"revision {each.revisions[-1].number} of '{each.config}'" for each in appends)
        look = "; ".join(f"confguard log {name}, then confguard recover {name}" for name in names)
        return InDoubtError(
            f"it is in doubt whether {which} was committed: the answer was lost: {error}",
            hint=f"once the store answers: {look}. If the revision is there, recover finishes it (one with a bake is"
            " taken back, as nobody watches it); if not, nothing was done",
        )

    settled(change, lambda: stored(store, appends), doubt)


def bake_changed(config: str, number: int, change: Callable[[], bool], done: Callable[[], bool]) -> bool:
    """Was the bake of a revision changed, by whichever sending?"""

    def doubt(error: StoreError) -> InDoubtError:
        return InDoubtError(
            f"it is in doubt whether revision {number} of '{config}' was confirmed: the answer was lost: {error}",
            hint=f"once the store answers: confguard status {config}. If its bake is over, it stays; if not:"
            f" confguard confirm {config}, once more, or it goes back",
        )

    return settled(change, done, doubt)


def stored(store: Store, appends: Sequence[Append]) -> bool:
    """Are these revisions in the store? So it is found out what became of a commit whose answer was lost."""
    lasts = [each.revisions[-1] for each in appends]
    try:
        return all(store.get(last.config, last.number).digest == last.digest for last in lasts)
    except NotFoundError:
        return False


def check_apart(appends: Sequence[Append]) -> None:
    """Raise `StoreError` for two appends to one config: each says what is to follow the head, and one would be lost."""
    for config, count in Counter(each.config for each in appends).items():
        if count > 1:
            raise StoreError(f"'{config}' is to change {count} times in one transaction")


def conflict_of(store: Store, appends: Sequence[Append]) -> ConflictError:
    """The error for appends of which at least one does not follow its config's head, or is to find its bake."""
    heads = [store.head(each.config) for each in appends]
    for each, head in zip(appends, heads, strict=True):
        if (head.digest if head else None) != each.revisions[0].parent:
            break
    else:
        for each, head in zip(appends, heads, strict=True):
            if each.unproved:
                number = head.number if head else 0
                return ConflictError(
                    f"revision {number} of '{each.config}' was confirmed meanwhile, and stays"
                )
    return chain.conflict(each.config, head, each.revisions[0].number - 1)
