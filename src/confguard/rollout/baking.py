"""Baking one revision: watch it, and let it stay or revert it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from confguard.errors import BakeFailedError, ConflictError
from confguard.events import EventKind
from confguard.rollout.bake import Bake, Outcome, watch
from confguard.stores.interface import Revision, Store

__all__ = ["Baking"]


class Emit(Protocol):
    """Tells of what happened to a revision."""

    def __call__(self, kind: EventKind, revision: Revision, **detail: object) -> None: ...


@frozen
class Baking:
    """A revision that is the head, and is to prove itself."""

    store: Store
    made: Revision
    emit: Emit
    go_back: Callable[[Revision, Revision, str, str], Revision]
    """Reverts the head to a revision, for a reason, in somebody's name."""

    def outcome(self, bake: Bake) -> Revision:
        """Watch the revision; return it if it stays. Raises `BakeFailedError` after reverting it."""
        made = self.made
        try:
            watched = watch(
                bake,
                self._settled,
                lambda name, wrong: self.emit("probed", made, probe=name, wrong=wrong),
            )
        except BaseException as error:  # Ctrl-C too: what is not watched must not stay
            self._give_up(f"the bake was interrupted ({type(error).__name__})")
            raise
        if watched.outcome is Outcome.FAILED:
            self.emit("alarmed", made, why=watched.why)
            raise self._give_up(watched.why)
        if watched.outcome is Outcome.HEALTHY:
            self.store.settle_bake(made.config, made.number)
            self.emit("confirmed", made, why="healthy for the whole bake")
        if watched.outcome is Outcome.SUPERSEDED:
            raise BakeFailedError(
                f"revision {made.number} of '{made.config}' was replaced by another while it was watched"
            )
        return made

    def _settled(self) -> Outcome | None:
        head = self.store.head(self.made.config)
        if head is None or head.number != self.made.number:
            return Outcome.SUPERSEDED
        return None if self.store.pending_bake(self.made.config) else Outcome.CONFIRMED

    def _give_up(self, why: str) -> BakeFailedError:
        config, number = self.made.config, self.made.number
        if number == 1:
            self.store.settle_bake(config, number)
            return BakeFailedError(f"revision 1 of '{config}' failed, and there is none to go back to: {why}")
        try:
            back = self.go_back(self.made, self.store.get(config, number - 1), why, "confguard")
        except ConflictError:
            return BakeFailedError(f"revision {number} of '{config}' failed and was replaced since: {why}")
        return BakeFailedError(
            f"revision {number} of '{config}' was reverted: {why}",
            hint=f"revision {back.number} holds what was there before; `confguard log {config}` tells all",
        )
