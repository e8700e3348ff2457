"""The switch: carries the head of a config from its store to its targets, so that no crash tears them.

A small write-ahead protocol between the two. Content is staged beside every target first, so that what can fail has
failed before anything is decided. Then the store appends the revision and, in the same transaction, a mark: *this
place is to hold that revision*. Then, with the targets' folders locked, what was staged is renamed into place, the
service is told, and the mark is taken off. Whoever finds the mark does the rest again.

A place is one set of targets on one machine: each of a fleet's machines finishes its own work, and no other's.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from pathlib import Path

from attrs import evolve, frozen

from confguard.errors import ConfguardError, NotFoundError, TargetError
from confguard.rollout.drafts import as_it_was
from confguard.stores.chain import link
from confguard.stores.interface import Append, Draft, PendingBake, Revision, Store
from confguard.targets.interface import Staged, Target
from confguard.targets.locking import alone
from confguard.targets.reload import Reload

__all__ = ["BakeOf", "Change", "Settled", "Switch", "replace_all"]

_REMEMBERED = 50
"""How many revisions back something found in a target is looked for."""

BakeOf = Callable[[int], PendingBake]
"""Makes the bake of the revision with a number, once that is known."""


@frozen
class Settled:
    """What `settle` found: the head, whether targets hold what is none of ours, and why the service was not told."""

    head: Revision
    strangers: bool
    problem: str | None = None


@frozen(slots=False)
class Switch:
    """One config's store and targets, and how its service is told."""

    config: str
    store: Store
    targets: Sequence[Target]
    reloads: Sequence[Reload] = ()
    sign: Callable[[str], str] | None = None
    """Makes the signature of a revision's digest."""

    @cached_property
    def place(self) -> str | None:
        """What these targets on this machine are called in the store; None if there is nothing to write or tell."""
        if not self.targets and not self.reloads:
            return None
        names = [str(Path(target.name).absolute()) for target in self.targets]
        if not self.store.local:
            names.append(platform.node())
        return hashlib.sha256("\0".join(names).encode()).hexdigest()[:32]

    def held(self) -> list[tuple[Target, bytes | None]]:
        """What each target holds."""
        return [(target, target.read()) for target in self.targets]

    def settle(self) -> Settled | None:
        """Finish what a process that died left behind; None if there was nothing to finish.

        Where a target holds what no recent revision held, somebody else wrote it: then nothing is written yet.
        """
        marked = self.place is not None and self.store.unsettled(self.config, self.place) is not None
        if not marked and not any(target.littered() for target in self.targets):
            return None
        with self._alone():
            for target in self.targets:
                target.clean()
            head = self.store.head(self.config)
            if head is None or self.place is None or self.store.unsettled(self.config, self.place) is None:
                return None
            strangers = any(self._is_stranger(held, head) for _, held in self.held())
            problem = None
            if not strangers:
                self._write(head, self.targets)
                try:
                    self._done(head)
                except TargetError as error:
                    problem = str(error)  # it is away, say: the mark stays, and the next open tells it
        return Settled(head, strangers, problem)

    def repair(self) -> Revision:
        """Write the head to every target that does not hold it, and tell the service."""
        with self._alone():
            head = self.store.head(self.config)
            if head is None:
                raise NotFoundError(f"'{self.config}' has no revision")
            self._write(head, [target for target, held in self.held() if held != head.content])
            self._done(head)
        return head

    def publish(self, mine: Revision, staged: Sequence[Staged]) -> None:
        """Let what was staged for a revision take effect; or the head, if somebody else came after it."""
        if self.place is None:
            return
        with self._alone():
            head = mine
            if self.store.newest(self.config) == mine.number:
                for waiting in staged:
                    waiting.commit()
            else:
                head = self.store.head(self.config) or mine
                _discard(staged)
                self._write(head, self.targets)
            self._done(head)

    def stage(self, content: bytes) -> list[Staged]:
        """Make content ready for every target. Raises `TargetError`."""
        staged: list[Staged] = []
        try:
            staged.extend(target.stage(content) for target in self.targets)
        except BaseException:
            _discard(staged)
            raise
        return staged

    def _done(self, head: Revision) -> None:
        """The targets hold the head: tell the service, and take the mark off."""
        for reload in self.reloads:
            reload.tell()
        if self.place is not None:
            self.store.settle(self.config, self.place, head.number)

    def _write(self, head: Revision, targets: Sequence[Target]) -> None:
        staged: list[Staged] = []
        try:
            staged.extend(target.stage(head.content) for target in targets)
            for waiting in staged:
                waiting.commit()
        except BaseException:
            _discard(staged)
            raise

    def _is_stranger(self, held: bytes | None, head: Revision) -> bool:
        """Does a target hold what no recent revision held? Then somebody else wrote it, and it is drift."""
        if held is None:
            return False
        digest = hashlib.sha256(held).hexdigest()
        return all(each.content_digest != digest for each in self.store.history(self.config, _REMEMBERED))

    def _alone(self) -> AbstractContextManager[None]:
        return alone([target.folder for target in self.targets if target.folder is not None])


@frozen
class Change:
    """What one config is to become: drafts that follow a known head."""

    switch: Switch
    drafts: Sequence[Draft]
    head: Revision | None
    bake: BakeOf | None = None

    def appended(self) -> Append:
        """What this does to the store."""
        made = tuple(link(self.switch.config, self.drafts, self.head))
        if self.switch.sign:
            made = tuple(evolve(each, signature=self.switch.sign(each.digest)) for each in made)
        bake = self.bake(made[-1].number) if self.bake else None
        return Append(self.switch.config, made, self.switch.place, bake)

    def undone(self, last: Revision, error: ConfguardError) -> Change:
        """What brings back the revision before, when a target could not be switched, or a service not told."""
        before = self.switch.store.get(self.switch.config, last.number - 1)
        draft = self.drafts[-1]
        why = f"undone: {error}"
        return Change(
            self.switch, [as_it_was(before, draft.author, why, draft.created_at, reverts=True)], last
        )


def replace_all(changes: Sequence[Change]) -> list[tuple[Revision, ...]]:
    """Append the drafts of one config or several in one transaction, and make the last of each real.

    Raises `ConflictError`, `TargetError` or `StoreError`. Whatever is raised, targets and heads agree afterwards, or
    the next `settle` makes them agree.
    """
    staged: list[list[Staged]] = []
    published = 0
    try:
        staged.extend(change.switch.stage(change.drafts[-1].content) for change in changes)
        appends = [change.appended() for change in changes]
        changes[0].switch.store.commit(*appends)
        try:
            for change, append, waiting in zip(changes, appends, staged, strict=True):
                change.switch.publish(append.revisions[-1], waiting)
                published += 1
        except TargetError as error:
            _undo(changes, appends, error)
            raise
    finally:
        for waiting in staged[published:]:
            _discard(waiting)
    return [append.revisions for append in appends]


def _discard(staged: Sequence[Staged]) -> None:
    for waiting in staged:
        waiting.discard()


def _undo(changes: Sequence[Change], appends: Sequence[Append], error: ConfguardError) -> None:
    """What was before becomes the head again, of all or of none; where that fails too, the next open goes on."""
    lasts = [append.revisions[-1] for append in appends]
    if any(last.number < 2 for last in lasts):
        return
    with suppress(ConfguardError):
        back = [change.undone(last, error) for change, last in zip(changes, lasts, strict=True)]
        made = [change.appended() for change in back]
        back[0].switch.store.commit(*made)
        for change, append in zip(back, made, strict=True):
            with suppress(ConfguardError):
                change.switch.publish(append.revisions[-1], change.switch.stage(change.drafts[-1].content))
