"""Applying: write what was planned, tell the services, and watch it until it has proved itself.

What could not be written everywhere, what a service refuses, and what a bake finds unhealthy is taken back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from attrs import define, field

from confguard import telemetry
from confguard.errors import ConfguardError, StoreError
from confguard.interrupting import interruptible, name_of, uninterrupted
from confguard.rollout.bake import Bake
from confguard.rollout.baking import leased, leave, see_through
from confguard.rollout.changes import HeadChange
from confguard.rollout.places import Place, locked
from confguard.rollout.recovering import recover_before, tell_untold
from confguard.rollout.reverting import bake_failed, take_back
from confguard.rollout.steps import Done, check_done, tell_of_heads, write
from confguard.stores.interface import Revision

_LONGEST_TELLING = 600.0
"""For how many seconds at most a bake counts as watched while services are told of it."""


def apply(
    places: Sequence[Place],
    changes: Sequence[Callable[[], HeadChange | Revision]],
    *,
    tell_services: bool = True,
    detach: bool = False,
) -> list[Revision]:
    """Make changes of several configs real, all of them or none; the revisions that are the heads now.

    The `changes` are worked out when no one else writes to the places any more; one that is a revision is the head
    already, and a service that was not told of it yet is told. With `detach`, a bake is left to an agent. Raises what
    they raise, and `ConflictError`, `TargetError` or `StoreError` when nothing was done; `RefusedError` when it was
    taken back or replaced, `NotToldError` when a service could not be told; `BakeFailedError` when it was reverted.
    """
    recover_before(places)
    attempt = _Attempt()
    configs = [each.config for each in places]
    with telemetry.span("confguard.apply", configs), interruptible(), _undone_if_interrupted(attempt):
        with locked(places):
            heads = [each() for each in changes]
            attempt.changes = [each for each in heads if isinstance(each, HeadChange)]
            with uninterrupted():
                attempt.done = done = write(attempt.changes)
        if tell_services:
            # A service may take its time, and its bake has begun.
            with _leased_for_telling(attempt.bake, done) if attempt.bake else nullcontext():
                done = tell_of_heads(done)
        if any(each.problem for each in done):
            with uninterrupted():
                for each in done:
                    each.place.emit("refused", each.revision, wrong=each.problem or "")
                raise take_back(done)
        for each in done:
            author, reason = each.revision.author, each.revision.reason
            each.place.emit("applied", each.revision, author=author, reason=reason)
        if attempt.bake:
            _bake(attempt.bake, done, detach=detach)
        if tell_services:
            changed = {each.place.config for each in done}
            check_done(tell_untold([each for each in places if each.config not in changed]))
        check_done(done)
    decided = {each.place.config: each.revision for each in done}
    return [decided[each.place.config] if isinstance(each, HeadChange) else each for each in heads]


@define
class _Attempt:
    """What is to become the head, as soon as it is known."""

    changes: Sequence[HeadChange] = field(factory=tuple)
    done: Sequence[Done] = field(factory=tuple)

    @property
    def bake(self) -> Bake | None:
        """How it is watched, several as one; None if it is not."""
        return next((each.bake for each in self.changes if each.bake), None)


@contextmanager
def _undone_if_interrupted(attempt: _Attempt) -> Iterator[None]:
    """What was to be watched, and is not, must not stay."""
    try:
        yield
    except ConfguardError:
        raise
    except BaseException as interruption:
        try:
            notes = list(_after_interruption(attempt, interruption))
        except ConfguardError as error:  # the store is away: nothing may take the place of the interruption
            notes = [f"what stands is not known: {error}; once the store answers: confguard recover"]
        for note in notes:
            interruption.add_note(note)
        raise


def _after_interruption(attempt: _Attempt, interruption: BaseException) -> Iterator[str]:
    """Undo what was to be watched; and what is to be known of what stands."""
    done = attempt.done or [Done(each.place, each.revision, each.back) for each in attempt.changes]
    heads = [each for each in done if _is_head(each)]
    if attempt.bake:
        baking = [each for each in heads if each.place.pending_bake()]
        why = f"the bake was interrupted ({name_of(interruption)})"
        error = bake_failed(baking, why) if baking else None
        if error:
            yield f"{error}\n{error.hint}" if error.hint else str(error)
        return
    for each in heads:
        config = each.place.config
        yield (
            f"{each.title} is the head; whether its service was told is not known:"
            f" confguard tell {config}, or confguard revert {config}"
        )


def _is_head(done: Done) -> bool:
    head = None
    with suppress(StoreError):
        head = done.place.head()
    return head is not None and head.digest == done.revision.digest


def _bake(bake: Bake, done: Sequence[Done], *, detach: bool) -> None:
    if not detach:
        see_through(bake, done)
        return
    for each in done:
        leave(each)


def _leased_for_telling(bake: Bake, done: Sequence[Done]) -> AbstractContextManager[None]:
    """Who dies meanwhile is missed at the bake's deadline, as in the bake itself."""
    started, lasting = time.monotonic(), bake.duration.total_seconds()
    return leased(
        done,
        lambda: time.monotonic() - started < _LONGEST_TELLING,
        lambda: started + lasting - time.monotonic(),
    )
