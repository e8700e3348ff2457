"""The switch: carries the head of one config from its store to its targets, so that no crash tears them.

Content is staged beside every target first, so that what can fail has failed before anything is decided. Then
the store appends the revision and marks the config as unsettled; then, with nobody else able to write, the
staged content is renamed into place and the mark is taken off. Whoever finds the mark publishes the head again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import define, evolve

from confguard.errors import ConfguardError, TargetError
from confguard.stores.interface import Draft, PendingBake, Revision, Store
from confguard.targets.interface import Staged, Target

__all__ = ["Switch"]


@define
class Switch:
    """One config's store and targets."""

    config: str
    store: Store
    targets: Sequence[Target]

    def held(self) -> list[tuple[Target, bytes | None]]:
        """What each target holds."""
        return [(target, target.read()) for target in self.targets]

    def strangers(self, head: Revision | None) -> list[bytes]:
        """What targets hold that is not the head's content: the first target's comes last."""
        found = dict.fromkeys(content for _, content in self.held() if content is not None)
        return [content for content in reversed(list(found)) if head is None or content != head.content]

    def replace(self, drafts: Sequence[Draft], *, expect: int, bake: BakeOf | None = None) -> list[Revision]:
        """Append the drafts and make the last one real. Raises `ConflictError`, `TargetError`, `StoreError`.

        Whatever is raised, targets and head agree afterwards, or the next `settle` makes them agree.
        """
        wanted = drafts[-1].content
        staged = self._stage(wanted)
        try:
            pending = bake(expect + len(drafts)) if bake else None
            made = self.store.append(self.config, drafts, expect=expect, bake=pending)
            self._publish(made[-1], staged)
        except TargetError as error:
            self._undo(drafts[-1], made, error)
            raise
        finally:
            for waiting in staged:
                waiting.discard()
        return made

    def settle(self) -> Revision | None:
        """Finish what a process that died left behind; the head, if there was something to finish."""
        if not (self.store.unsettled(self.config) or any(target.littered() for target in self.targets)):
            return None
        written: list[Revision] = []

        def write(head: Revision) -> None:
            for target in self.targets:
                target.clean()
            if self.store.unsettled(self.config):
                self._write(head)
                written.append(head)

        self.store.publish(self.config, write)
        return written[-1] if written else None

    def _stage(self, content: bytes) -> list[Staged]:
        staged: list[Staged] = []
        try:
            staged.extend(target.stage(content) for target in self.targets)
        except BaseException:
            for waiting in staged:
                waiting.discard()
            raise
        return staged

    def _publish(self, mine: Revision, staged: Sequence[Staged]) -> None:
        def write(head: Revision) -> None:
            if head.number != mine.number:  # somebody else came after us
                self._write(head)
                return
            for waiting in staged:
                waiting.commit()

        self.store.publish(self.config, write)

    def _write(self, head: Revision) -> None:
        staged = self._stage(head.content)
        try:
            for waiting in staged:
                waiting.commit()
        finally:
            for waiting in staged:
                waiting.discard()

    def _undo(self, draft: Draft, made: Sequence[Revision], error: ConfguardError) -> None:
        """A target could not be switched: the revision before becomes the head again, in every target."""
        last = made[-1]
        if last.number < 2:
            return
        before = self.store.get(self.config, last.number - 1)
        back = evolve(
            draft,
            content=before.content,
            format=before.format,
            reason=f"undone: {error}",
            reverts=before.number,
            override=None,
            approved_by=None,
        )
        with suppress(TargetError):  # the mark stays, and the next open tries again
            self.store.append(self.config, [back], expect=last.number)
            self.store.publish(self.config, self._write)


BakeOf = Callable[[int], PendingBake]
"""Makes the bake of the revision with a number, once that is known."""
