"""What plans and reverts do to one config, worked out against its head and its targets, and not yet carried out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from attrs import evolve, frozen

from confguard.documents.document import Document
from confguard.errors import NotFoundError
from confguard.rollout.bake import Bake
from confguard.rollout.drafts import as_it_was, found_in_targets, named, taken_back
from confguard.rollout.plans import Plan
from confguard.rollout.switch import BakeOf, Change, Switch
from confguard.schema.schema import Schema
from confguard.stores import chain
from confguard.stores.finding import find
from confguard.stores.interface import Draft, PendingBake, Revision

__all__ = ["Changing"]

GRACE = timedelta(seconds=30)
"""How long after the end of a bake whoever watches it is taken for alive."""


@frozen
class Changing:
    """One config, what its data must fit, and what time it is."""

    switch: Switch
    schema: Schema[Any] | None
    clock: Callable[[], datetime]

    def planned(
        self, plan: Plan, override: str | None, approved_by: str | None, bake: Bake | None
    ) -> Change | Revision:
        """What a plan does to the head; the head, if all is there already. Raises `ConflictError` if it moved."""
        head = self.switch.store.head(self.switch.config)
        if (head.number if head else 0) != plan.base:
            raise chain.conflict(self.switch.config, head, plan.base)
        draft = evolve(
            self._draft(plan.document, plan.author, plan.reason),
            override=override,
            approved_by=approved_by,
            ticket=plan.ticket,
            labels=plan.labels,
        )
        change = self._change(draft, head, self._pending(bake) if bake else None)
        there = head and head.content_digest == sha256(draft.content).hexdigest() and len(change.drafts) == 1
        return head if head and there and None not in self._held() else change

    def reverted(
        self, to: int | datetime | str | None, only: int | None, reason: str, author: str | None
    ) -> tuple[Change, Revision]:
        """What a revert does, and the revision that it goes back to or takes back."""
        if not reason.strip():
            raise ValueError("a reason is required: say why it is reverted")
        if to is not None and only is not None:
            raise ValueError("`to` goes back to a revision, `only` takes one back: both at once mean nothing")
        store, config = self.switch.store, self.switch.config
        head = store.head(config)
        if head is None or (to is None and head.number == 1):
            has = "no revision" if head is None else "only one revision"
            raise NotFoundError(f"'{config}' has {has}: there is nothing to go back to")
        if only is not None:
            made, undone = taken_back(store, head, only, self.schema)
            why = f"revision {only} is taken back: {reason.strip()}"
            return self._change(self._draft(made, named(author), why), head), undone
        back = store.get(config, head.number - 1) if to is None else find(store, config, to)
        return self.gone_back(head, back, reason.strip(), named(author)), back

    def gone_back(self, head: Revision, back: Revision, reason: str, author: str) -> Change:
        """What makes the exact bytes of an earlier revision the head again."""
        return self._change(as_it_was(back, author, reason, self.clock(), reverts=True), head)

    def published_again(self, head: Revision) -> Change:
        """What makes the head the head once more, after what targets hold that is none of ours was recorded."""
        why = "published again after an interruption: a target held something else"
        return self._change(as_it_was(head, "confguard", why, self.clock()), head)

    def _change(self, draft: Draft, head: Revision | None, bake: BakeOf | None = None) -> Change:
        """What makes a draft the head, after what targets hold that no revision holds."""
        return Change(self.switch, [*found_in_targets(self._held(), draft, head), draft], head, bake)

    def _draft(self, document: Document, author: str, reason: str) -> Draft:
        return Draft(
            content=document.content,
            format=document.format,
            data_digest=document.data_digest,
            author=author,
            reason=reason,
            created_at=self.clock(),
        )

    def _held(self) -> list[bytes | None]:
        return [content for _, content in self.switch.held()]

    def _pending(self, bake: Bake) -> BakeOf:
        deadline = self.clock() + bake.duration
        return lambda number: PendingBake(number, deadline, deadline + GRACE)
