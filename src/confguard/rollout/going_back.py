"""Going back, also from what a service refuses and from a bake that failed. What is decided here is never undone.

The bytes that were there before are in every target, or `recovering` puts them there; whether the service could be told
of them is another question, and said apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import evolve

from confguard import telemetry
from confguard.errors import (
    BakeFailedError,
    BakeNotToldError,
    ConfguardError,
    ConflictError,
    NotToldError,
    RefusedError,
    StoreError,
    TargetError,
)
from confguard.interrupting import uninterrupted
from confguard.rollout.changes import HeadChange, change_back
from confguard.rollout.places import Place, locked
from confguard.rollout.steps import Done, newer, tell_of_heads, write

__all__ = ["bake_failed", "check_done", "go_back", "take_back"]


def go_back(places: Sequence[Place], changes_of: Callable[[], Sequence[HeadChange]]) -> list[Done]:
    """Write what was before, tell the services, and say what of that could not be done."""
    with telemetry.span("confguard.revert", [each.config for each in places]):
        with locked(places):
            changes = changes_of()
            with uninterrupted():
                done = write(changes)
        done = tell_of_heads(done)
    for each in done:
        detail = {"wrong": each.problem} if each.problem else {}
        reason = each.revision.reason
        each.place.emit("reverted", each.revision, to=each.revision.reverts, reason=reason, **detail)
    return done


def check_done(done: Sequence[Done]) -> None:
    """Raise the error for what could not be written or told, was replaced meanwhile, or is on one server alone."""
    error = _failure(done) or next((each.unreplicated for each in done if each.unreplicated), None)
    if error:
        raise error


def take_back(done: Sequence[Done]) -> ConfguardError:
    """Undo a change that could not be written everywhere, or that a service refuses; the error that says so."""
    replaced = next((each for each in done if each.replaced_by), None)
    if replaced:
        return _taken_back_with(replaced, [each for each in done if not each.replaced_by and each.back])
    failed = next(each for each in done if each.problem)
    if not any(each.back for each in done):  # there is nothing to go back to: what was decided stays
        return _failure(done) or RefusedError(str(failed.problem))
    try:
        undone = _undone(done, f"taken back: {failed.problem}")
    except ConflictError:
        return RefusedError(
            f"{failed.title}: {failed.problem}; somebody replaced it meanwhile", hint=_log(failed)
        )
    except ConfguardError as error:
        message = f"{failed.title}: {failed.problem}; it could not be taken back: {error}"
        return TargetError(message, hint=_revert_hint(failed))
    if not failed.back:
        first = f"{failed.title} is the first, and stays: {failed.problem}"
        return _with_others(first, _log(failed), undone, _failure([failed, *undone]))
    message = f"{failed.title} was taken back: {failed.problem}"
    left = _failure(undone)
    if left:
        return _and_left(message, left)
    and_told = ", and its service was told" if failed.place.reloads else ""
    back = next(each for each in undone if each.place is failed.place)
    return RefusedError(f"{message}\n{_in_force(back)}{and_told}", hint=_log(failed))


def bake_failed(done: Sequence[Done], why: str) -> ConfguardError | None:
    """Undo what did not prove itself; the error that says so. None where somebody has let it stay meanwhile."""
    last = done[0]
    for each in done:
        if not each.back:
            with suppress(StoreError):  # the others are reverted all the same
                each.place.store.end_bake(each.place.config, each.revision.number)
    if not any(each.back for each in done):
        return BakeFailedError(
            f"{last.title} failed, and stays, as it is the first and there is none to go back to: {why}",
            hint=f"apply a better one; or, if the service was not there yet: confguard status {last.place.config}",
        )
    try:
        undone = _undone(done, why, unproved=True)
    except ConflictError:
        if not any(newer(each) for each in done):
            return None
        return BakeFailedError(f"{last.title} failed and was replaced since: {why}", hint=_log(last))
    except ConfguardError as error:
        message = f"{last.title} failed: {why}; it could not be reverted: {error}"
        return BakeFailedError(message, hint=_revert_hint(last))
    message = f"{last.title} was reverted: {why}"
    left = _failure(undone)
    if left:
        return _and_left(message, left, untold=BakeNotToldError, unwritten=BakeFailedError)
    return BakeFailedError(message, hint=f"{_in_force(undone[0])}; {_log(last)}")


def _undone(done: Sequence[Done], why: str, *, unproved: bool = False) -> list[Done]:
    """Make what has proved itself the heads again. Raises `ConflictError` if what was done is not the head any more.

    What is `unproved` is taken back only while it bakes; several that bake as one, while one of them does.
    """
    stood = [each for each in done if each.back]

    def changes() -> list[HeadChange]:
        baking = [each for each in stood if unproved and each.place.pending_bake()]
        if unproved and not baking:
            raise ConflictError("all were confirmed meanwhile, and stay")
        return [evolve(_change_back(each, why), unproved=each in baking) for each in stood]

    return go_back([each.place for each in stood], changes)


def _change_back(each: Done, why: str) -> HeadChange:
    return change_back(each.place, each.place.revision(each.back), each.revision, why)


def _failure(done: Sequence[Done]) -> ConfguardError | None:
    """The error for what could not be written or told, or was replaced meanwhile; None if all is done."""
    for each in done:
        if each.not_written:
            return _not_written(each)
        if each.replaced_by:
            return _replaced(each)
    untold = [each for each in done if each.not_told]
    if not untold:
        return None
    message = "\n".join(f"{_in_force(each)}; the service was not told: {each.not_told}" for each in untold)
    return NotToldError(message, hint=_tell_again(untold), revision=untold[0].revision)


def _not_written(each: Done) -> TargetError:
    return TargetError(
        f"{each.title} is the head, and not yet in every target: {each.not_written}",
        hint=f"mend that, and then: confguard recover {each.place.config}",
    )


def _taken_back_with(replaced: Done, others: Sequence[Done]) -> ConfguardError:
    """The error for what somebody replaced while its service was told; what changed with it does not stay alone."""
    error = _replaced(replaced)
    if not others:
        return error
    try:
        undone = _undone(others, f"taken back: {error}")
    except ConfguardError as wrong:
        message = f"{error}\nwhat changed with it could not be taken back: {wrong}"
        return TargetError(message, hint=_revert_hint(others[0]))
    return _with_others(str(error), _log(replaced), undone, _failure(undone))


def _with_others(
    message: str, hint: str, undone: Sequence[Done], left: ConfguardError | None
) -> ConfguardError:
    """The error for one of several, which says that the others were taken back, and what is left of that."""
    names = ", ".join(f"'{each.place.config}'" for each in undone)
    message = f"{message}\nwhat changed with it was taken back: {names}"
    return _and_left(message, left) if left else RefusedError(message, hint=hint)


def _and_left(
    message: str,
    left: ConfguardError,
    untold: type[NotToldError] = NotToldError,
    unwritten: type[ConfguardError] = TargetError,
) -> ConfguardError:
    """The error for what was taken back, and for what is left of that."""
    message = f"{message}\n{left}"
    if isinstance(left, NotToldError):
        return untold(message, hint=left.hint, revision=left.revision)
    return unwritten(message, hint=left.hint)


def _replaced(each: Done) -> RefusedError:
    return RefusedError(
        f"{each.title} is not in force: revision {each.replaced_by} replaced it while its service was told",
        hint=_log(each),
    )


def _in_force(each: Done) -> str:
    back = each.revision.reverts
    bytes_of = f", the bytes of revision {back}," if back is not None else ""
    return f"{each.title}{bytes_of} is in {each.place.names()}"


def _tell_again(untold: Sequence[Done]) -> str:
    commands = "; ".join(f"confguard tell {each.place.config}" for each in untold)
    return f"the service runs, if it does, on what it was told before; once it answers: {commands}"


def _log(each: Done) -> str:
    return f"confguard log {each.place.config}"


def _revert_hint(each: Done) -> str:
    return f"confguard revert {each.place.config}, or confguard recover {each.place.config}"
