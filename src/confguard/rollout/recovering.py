"""Finishing what others left: an apply that was interrupted, a bake that nobody watches, a service that was not told.

A step with a name, and not a side effect of looking: `recover`, and every call that writes does it first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from confguard.errors import ConfguardError, ConflictError, DriftError, NotFoundError
from confguard.rollout.changes import change_again, change_back
from confguard.rollout.places import Place, locked
from confguard.rollout.steps import Done, check_done, tell, write, write_again
from confguard.stores.interface import PendingBake, PlaceState, Revision
from confguard.targets.reload import TELLING

Remedy: TypeAlias = Literal["written", "reverted", "told"]


@frozen
class Recovered:
    """Something that was left behind, and was finished."""

    config: str
    revision: Revision
    what: Remedy
    """The head was `written` to its targets; an abandoned bake was `reverted`; the service was `told`."""


def recover(place: Place, spared: Callable[[PendingBake], bool] = lambda _: False) -> list[Recovered]:
    """Finish what was left behind at a place, and say what that was; nothing is done about bakes that are `spared`.

    Raises `TargetError` where a target still cannot be written, and `NotToldError` where the service still cannot be
    told.
    """
    finished = _finish_what_is_left(place, spared)
    done = [finished] if finished else [(each, "told") for each in tell_untold([place])]
    check_done([each for each, _ in done])
    return [Recovered(place.config, each.revision, what) for each, what in done]


def tell_untold(places: Sequence[Place]) -> list[Done]:
    """Tell the services that were not told of what is in their targets; not from a command that is telling one."""
    if TELLING in os.environ:
        return []
    return tell([Done(place, _written_last(place)) for place in places if place.untold()])


def recover_before(places: Sequence[Place]) -> None:
    """Finish what others left before something new is written, and tell the service where something was."""
    for place in places:
        _finish_what_is_left(place)


def repair(place: Place, targets: list[str]) -> None:
    """Write the head to the targets that do not hold it, and tell the service. Raises as `recover` does."""
    recover_before([place])
    with locked([place]):
        done = _write_over(place, head_of(place), "written again: a target held something else")
    check_done(tell([done]))
    place.emit("repaired", done.revision, targets=targets)


def finish(place: Place) -> None:
    """Do what is left to do of the head: write it where a target holds something else, tell who was not told."""
    head = head_of(place)
    wrong = [each.target.name for each in place.held(head.content) if each.content != head.content]
    if wrong:
        repair(place, wrong)
    else:
        recover(place)


def tell_again(place: Place) -> Revision:
    """Tell the service of what is in its targets. Raises `NotToldError`."""
    if TELLING in os.environ:
        raise ConfguardError(
            f"'{place.config}': what runs this is telling a service already", hint="tell it from outside"
        )
    recover_before([place])
    written = _written_last(place)
    _check_holds(place, written)
    (done,) = tell([Done(place, written)])
    check_done([done])
    place.emit("told", done.revision)
    return done.revision


def _written_last(place: Place) -> Revision:
    """The revision that was written here last."""
    state = place.state()
    return place.revision(state.written) if state and state.written else head_of(place)


def _check_holds(place: Place, revision: Revision) -> None:
    """Raise `DriftError` if a target holds something else by now."""
    if any(each.problem or each.content != revision.content for each in place.held(revision.content)):
        drift = place.drift(revision)
        listed = "; ".join(f"{each.target} {each.what}" for each in drift)
        raise DriftError(
            f"'{place.config}': a target does not hold revision {revision.number}, of which its service would be"
            f" told: {listed}",
            hint=f"confguard drift {place.config} --repair, or confguard adopt {place.config}",
            drift=drift,
        )


def _finish_what_is_left(
    place: Place, spared: Callable[[PendingBake], bool] = lambda _: False
) -> tuple[Done, Remedy] | None:
    """Write what is to be written, revert what nobody watches, and tell the service of it."""
    if not _is_left(place):
        return None
    with locked([place]):
        place.sweep()
        finished = _finish_locked(place, spared)
    if finished is None:
        return None
    done, what = finished
    place.emit("recovered", done.revision, what=what)
    return tell([done])[0], what


def _is_left(place: Place) -> bool:
    pending = place.pending_bake()
    state = place.state()
    return (
        place.littered()
        or (state is not None and state.unwritten)
        or (pending is not None and not pending.watched)
        or _holds_reverted(place, state, pending)
    )


def _holds_reverted(place: Place, state: PlaceState | None, pending: PendingBake | None) -> bool:
    """Does it hold what somebody went back from elsewhere, on another machine, say, while this one was away?

    What was edited here since is drift, and stays. Nothing is done while something is being watched.
    """
    if state is None or not state.written or pending is not None:
        return False
    since = place.store.newest(place.config) - state.written
    newer = place.store.history(place.config, since) if since > 0 else []
    return any(each.is_revert for each in newer) and not place.edited(newer[0])


def _finish_locked(place: Place, spared: Callable[[PendingBake], bool]) -> tuple[Done, Remedy] | None:
    """What is finished with the place locked: whoever left it can't be at work any more."""
    head, pending, state = place.head(), place.pending_bake(), place.state()
    if pending is not None and not pending.watched and spared(pending):
        return None
    if head is None:
        return None
    unwritten = state is not None and state.unwritten
    ours = unwritten and state is not None and pending is not None and state.wanted == pending.revision
    if pending is not None and (ours or not pending.watched):
        if pending.back:
            return _revert_abandoned(place, head, pending)
        place.store.end_bake(place.config, head.number)
    elif pending is not None and pending.back:  # another machine watches the head: it is not for this one yet
        head = place.revision(pending.back)
        if place.strangers(head, head.content):  # the copy that is kept of them would end that bake
            return None
    if not unwritten and not _holds_reverted(place, state, pending):
        return None
    return _write_over(
        place, head, "written again after an interruption: a target held something else"
    ), "written"


def _revert_abandoned(place: Place, head: Revision, pending: PendingBake) -> tuple[Done, Remedy] | None:
    """Revert what nobody watches; None where somebody has let it stay, or replaced it, in this moment."""
    back = place.revision(pending.back)
    change = change_back(place, back, head, "its bake was abandoned: nobody watches it")
    try:
        (done,) = write([evolve(change, unproved=True)])
    except ConflictError:
        if place.pending_bake():
            raise
        return None
    return done, "reverted"


def _write_over(place: Place, head: Revision, why: str) -> Done:
    """Write the head once more; behind a copy of what somebody else wrote, so that it is not lost."""
    if not place.strangers(head, head.content):
        return write_again(place, head)
    return write([change_again(place, head, why)])[0]


def head_of(place: Place) -> Revision:
    """The newest revision. Raises `NotFoundError` if there is none."""
    head = place.head()
    if head is None:
        raise NotFoundError(f"'{place.config}' has no revision")
    return head
