"""Applying: write what was planned, tell the services, and watch it until it has proved itself.

What could not be written everywhere, what a service refuses, and what a bake finds unhealthy is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from attrs import define, field

from confguard.errors import BakeFailedError, ConfguardError
from confguard.rollout.bake import Outcome
from confguard.rollout.changes import Change
from confguard.rollout.going_back import bake_failed, take_back
from confguard.rollout.places import Place, locked
from confguard.rollout.recovering import recover_before
from confguard.rollout.steps import Done, tell, write
from confguard.rollout.watching import interruptible, watch
from confguard.stores.interface import Revision

__all__ = ["apply", "confirm"]


def apply(
    places: Sequence[Place], changes_of: Callable[[], Sequence[Change]], *, tell_services: bool = True
) -> list[Revision]:
    """Make changes of several configs real, all of them or none; the revisions that are the heads now.

    `changes_of` works the changes out when no one else writes to the places any more. Raises what it raises, and
    `ConflictError`, `TargetError` or `StoreError` when nothing was done; `RefusedError` when it was taken back,
    `NotToldError` when a service could not be told of that; `BakeFailedError` when it was reverted.
    """
    recover_before(places)
    attempt = _Attempt()
    with interruptible(), _undone_if_interrupted(attempt):
        with locked(places):
            attempt.changes = changes_of()
            done = write(attempt.changes)
        if tell_services:
            done = tell(done)
        if any(each.problem for each in done):
            for each in done:
                each.place.emit("refused", each.revision, wrong=each.problem or "")
            raise take_back(done)
        for each in done:
            author, reason = each.revision.author, each.revision.reason
            each.place.emit("applied", each.revision, author=author, reason=reason)
        _bake(attempt.changes, done)
    return [each.revision for each in done]


def confirm(place: Place) -> Revision | None:
    """The revision that has proved itself because somebody says so; None if none is being watched."""
    pending = place.store.pending_bake(place.config)
    if pending is None or not place.store.end_bake(place.config, pending.revision):
        return None
    revision = place.store.get(place.config, pending.revision)
    place.emit("confirmed", revision)
    return revision


@define
class _Attempt:
    """What is to become the head, as soon as it is known."""

    changes: Sequence[Change] = field(factory=tuple)


@contextmanager
def _undone_if_interrupted(attempt: _Attempt) -> Iterator[None]:
    """What was to be watched, and is not, must not stay."""
    try:
        yield
    except ConfguardError:
        raise
    except BaseException as interruption:
        done = [Done(each.place, each.revision, each.back) for each in attempt.changes if _is_baking(each)]
        if done:
            error = bake_failed(done, f"the bake was interrupted ({type(interruption).__name__})")
            interruption.add_note(f"{error}\n{error.hint}" if error.hint else str(error))
        raise


def _is_baking(change: Change) -> bool:
    """Was it committed, and is it still to prove itself?"""
    store, config = change.place.store, change.place.config
    head = store.head(config) if change.bake else None
    return (
        head is not None and head.digest == change.revision.digest and store.pending_bake(config) is not None
    )


def _bake(changes: Sequence[Change], done: Sequence[Done]) -> None:
    """Watch what is to prove itself. Raises `BakeFailedError` after reverting it."""
    bakes = [change.bake for change in changes if change.bake]
    if not bakes:
        return
    watched = watch(bakes[0], done)
    if watched.outcome is Outcome.FAILED:
        for each in done:
            each.place.emit("alarmed", each.revision, why=watched.why)
        raise bake_failed(done, watched.why)
    if watched.outcome is Outcome.SUPERSEDED:
        which = f"revision {done[0].revision.number} of '{done[0].place.config}'"
        raise BakeFailedError(f"{which} was replaced by another while it was watched")
    for each in done:
        if each.place.store.end_bake(each.place.config, each.revision.number):
            each.place.emit("confirmed", each.revision, why="healthy for the whole bake")
