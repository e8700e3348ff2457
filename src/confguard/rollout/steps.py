"""The steps that every change goes, forwards and back: stage, commit, write; then tell. One config is a group of one.

Content is staged beside every target first, so that what can fail has failed before anything is decided. Then the
store appends the revisions and, in the same transaction, notes which places are to hold them. Then what was staged is
renamed into place. All of that is done with the targets' folders locked. The services are told with the folders free
again, since a service that is told may call confguard itself.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress

from attrs import evolve, frozen

from confguard.errors import ConfguardError, NotToldError, RefusedError, StoreError, TargetError
from confguard.rollout.changes import HeadChange, behind_edits
from confguard.rollout.places import Place, discard
from confguard.stores.interface import PendingBake, Revision
from confguard.stores.retrying import UnreplicatedError
from confguard.targets.interface import Staged

_LOG = logging.getLogger(__name__)


@frozen
class Done:
    """A revision that was decided, and what could not be done after that."""

    place: Place
    revision: Revision
    back: int = 0
    """The last revision that has proved itself."""
    not_written: str | None = None
    not_told: str | None = None
    unreplicated: UnreplicatedError | None = None
    """That it is in force on one server of the store alone."""
    bake: PendingBake | None = None
    """How it is being watched, as the store knows it; None if it is not."""
    replaced_by: int | None = None
    """The revision that somebody made the head while the service was told of this one."""

    @property
    def title(self) -> str:
        return f"revision {self.revision.number} of '{self.place.config}'"

    @property
    def problem(self) -> str | None:
        """What could not be done, or was undone by somebody else."""
        replaced = f"revision {self.replaced_by} replaced it while its service was told"
        return self.not_written or self.not_told or (replaced if self.replaced_by else None)

    @property
    def in_force(self) -> str:
        """Where it is, as messages say it."""
        back = self.revision.reverts
        bytes_of = f", the bytes of revision {back}," if back is not None else ""
        return f"{self.title}{bytes_of} is in {self.place.names()}"

    @property
    def log(self) -> str:
        """The command that shows what came before and after it."""
        return f"confguard log {self.place.config}"

    def replaced(self) -> RefusedError:
        """The error for what somebody replaced."""
        return RefusedError(
            f"{self.title} is not in force: revision {self.replaced_by} replaced it while its service was told",
            hint=self.log,
        )


def write(changes: Sequence[HeadChange]) -> list[Done]:
    """Stage, commit and write, with the places locked.

    Raises `ConflictError`, `TargetError` or `StoreError` if that fails before the commit: then nothing was done. What
    goes wrong after it is in the answer.
    """
    staged: list[list[Staged]] = []
    unreplicated: UnreplicatedError | None = None
    try:
        for change in changes:
            change.place.sweep()
            staged.append(change.place.stage(change.revision))
        if changes:
            changes[0].place.store.commit(*(change.append for change in changes))
    except UnreplicatedError as error:  # it is in force: going back waits for no standby
        unreplicated = error
    except BaseException:
        for waiting in staged:
            discard(waiting)
        raise
    done = []
    for decided, waiting in zip(changes, staged, strict=True):
        _emit_copies(decided)
        change = _behind_edits(decided)
        not_written = change.place.write(change.revision, waiting)
        each = Done(change.place, change.revision, change.back, not_written, bake=change.append.bake)
        done.append(evolve(each, unreplicated=unreplicated))
    return done


def _behind_edits(change: HeadChange) -> HeadChange:
    """What was decided; once more, and behind a copy, where somebody wrote into a target in the last moment."""
    again = behind_edits(change)
    if again is None:
        return change
    try:
        change.place.store.commit(again.append)
    except StoreError as error:  # what is decided is carried out, whoever wrote into its target meanwhile
        _LOG.warning(
            "what was written into a target of '%s' just now is lost: %s", change.place.config, error
        )
        return change
    _emit_copies(again)
    return again


def _emit_copies(change: HeadChange) -> None:
    for copy in change.append.revisions[:-1]:
        change.place.emit("copied" if copy.drift_copy else "imported", copy)


def write_again(place: Place, head: Revision) -> Done:
    """Stage and write what was committed before, with the place locked. Raises `TargetError`."""
    place.sweep()
    return Done(place, head, not_written=place.write(head, place.stage(head)))


def tell(done: Sequence[Done]) -> list[Done]:
    return [
        each if each.not_written else evolve(each, not_told=each.place.tell(each.revision)) for each in done
    ]


def tell_of_heads(done: Sequence[Done]) -> list[Done]:
    """Tell the services of what has just become the head; and see whether it still is."""
    return [evolve(each, replaced_by=newer(each)) for each in tell(done)]


def newer(done: Done) -> int | None:
    """The number of the head, if it is another one by now; None also where the store is away."""
    with suppress(StoreError):  # who replaced it told the service of that
        head = done.place.head()
        return head.number if head and head.digest != done.revision.digest else None
    return None


def check_done(done: Sequence[Done]) -> None:
    """Raise the error for what could not be written or told, was replaced meanwhile, or is on one server alone."""
    error = failure(done) or next((each.unreplicated for each in done if each.unreplicated), None)
    if error:
        raise error


def failure(done: Sequence[Done]) -> ConfguardError | None:
    """The error for what could not be written or told, or was replaced meanwhile; None if all is done."""
    for each in done:
        if each.not_written:
            return TargetError(
                f"{each.title} is the head, and not yet in every target: {each.not_written}",
                hint=f"mend that, and then: confguard recover {each.place.config}",
            )
        if each.replaced_by:
            return each.replaced()
    untold = [each for each in done if each.not_told]
    if not untold:
        return None
    commands = "; ".join(f"confguard tell {each.place.config}" for each in untold)
    return NotToldError(
        "\n".join(f"{each.in_force}; the service was not told: {each.not_told}" for each in untold),
        hint=f"the service runs, if it does, on what it was told before; once it answers: {commands}",
        revision=untold[0].revision,
    )
