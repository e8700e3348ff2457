"""Changes whose answer was lost: they are sent again, and it is found out whether an earlier sending was done.

A change that was done is never reported as refused. What refuses it when it is sent again (the server became read-only,
it is full, somebody holds a lock) says nothing of what was sent before, which may even be done later.
"""

from __future__ import annotations

from collections.abc import Callable

from confguard.errors import ConflictError, InDoubtError, StoreError
from confguard.stores.retrying import LostError, retrying

__all__ = ["UnreplicatedError", "settled"]


class UnreplicatedError(InDoubtError):
    """It was committed, and is in force; but it is on one server alone, and a failover now may lose it."""


def settled(
    seconds: float,
    change: Callable[[], bool],
    done: Callable[[], bool],
    doubt: Callable[[StoreError], StoreError],
) -> bool:
    """Was a change made, by whichever sending? It is sent anew for so many seconds while its answer is lost.

    `change` sends it and says whether it was made now; `done` says whether it stands. Raises what `change` raises where
    nothing was sent before; `ConflictError`, which no earlier sending can survive; and else what `doubt` makes of it.
    """
    in_doubt = False
    for last in retrying(seconds):
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
