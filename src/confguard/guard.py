"""The guard of one config: plan, apply, revert; it ties schema, store, targets, policy and rollout together."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from attrs import frozen

from confguard.diff.changes import Diff
from confguard.diff.engine import diff
from confguard.documents.document import Document, parse_bytes, read
from confguard.documents.registry import detect_format, format_named
from confguard.documents.writing import write
from confguard.errors import (
    BakeFailedError,
    ConfguardError,
    ConflictError,
    DocumentError,
    NotFoundError,
    PolicyError,
)
from confguard.events import Event, EventKind, Listener
from confguard.fields import ImpactLevel, Owner
from confguard.risk.findings import Risk
from confguard.risk.history import since_changed
from confguard.risk.model import assess
from confguard.risk.policy import Decision, Policy
from confguard.rollout.bake import Bake, Outcome, watch
from confguard.rollout.switch import Switch
from confguard.schema.schema import SchemaLike, resolve_schema
from confguard.schema.shape import ANYTHING
from confguard.stores.interface import Draft, PendingBake, Revision, Store
from confguard.stores.opening import open_store
from confguard.targets.files import FileTarget
from confguard.targets.interface import Target

__all__ = ["Guard", "Plan"]

Source: TypeAlias = "str | os.PathLike[str] | Document | Mapping[str, Any]"
TargetLike: TypeAlias = "str | os.PathLike[str] | Target"

HISTORY = 50
"""How many revisions the risk model looks back on."""
GRACE = timedelta(seconds=30)
"""How long after the end of a bake whoever watches it is taken for alive."""


@frozen
class Plan:
    """A change that was validated, diffed and scored against one known head, and not yet written."""

    config: str
    document: Document
    base: int
    """The number of the head it was made on; 0 if there was none."""
    diff: Diff
    risk: Risk
    decision: Decision
    author: str
    reason: str

    owners: tuple[str, ...] = ()
    """Who is to be asked, by the schema's `Owner` marks on what changes."""

    def to_json(self) -> dict[str, object]:
        """The plan as JSON: who, why and what, with the risk as `confguard assess` prints it."""
        return {
            "config": self.config,
            "base": self.base,
            "author": self.author,
            "reason": self.reason,
            "owners": list(self.owners),
            "diff": self.diff.to_json(),
            **self.risk.to_json(self.decision),
        }


def _now() -> datetime:
    return datetime.now(UTC)


class Guard:
    """Guards one config.

    `store` is a store or its URL; `targets` are files (or targets) that shall hold the head; `schema` is a
    class or `"module:Class"`; `impact` says how much depends on this config where the schema does not;
    `format` names the format where no target's name does. `on_event` is told of all that happens.

    Opening a guard finishes what a process that died left behind: an apply that was interrupted is published,
    a bake that nobody watches any more is reverted. Raises `StoreError`, `SchemaError` or `TargetError`.

    >>> guard = Guard("pool", store="memory://", format="toml")
    >>> first = guard.apply(guard.plan({"replicas": 3}, author="ana", reason="start"))
    >>> plan = guard.plan({"replicas": 0}, author="ben", reason="save memory")
    >>> plan.decision.value, plan.risk.score, str(plan.diff)
    ('block', 80, 'replicas: 3 -> 0')
    >>> guard.apply(plan)
    Traceback (most recent call last):
        ...
    confguard.errors.PolicyError: 'pool': the policy blocks this change: risk 80 (critical), and 75 blocks
    >>> guard.head().number
    1
    """

    def __init__(
        self,
        name: str,
        schema: SchemaLike = None,
        store: Store | str = "sqlite:///confguard.db",
        targets: Iterable[TargetLike] = (),
        policy: Policy | None = None,
        *,
        format: str | None = None,
        impact: ImpactLevel | None = None,
        on_event: Listener | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.name = name
        self.schema = resolve_schema(schema)
        self.policy = policy or Policy()
        self.impact = impact
        if isinstance(targets, str | os.PathLike):
            targets = [targets]
        self.targets = tuple(_target(target) for target in targets)
        self._format = format and format_named(format).name
        self._listener, self._clock = on_event, clock
        self.store = open_store(store) if isinstance(store, str) else store
        self._switch = Switch(name, self.store, self.targets)
        self._recover()

    def plan(self, source: Source, *, author: str | None = None, reason: str) -> Plan:
        """Validate, diff and score a change against the head. Writes nothing.

        `source` is a path, a `Document` or a mapping; `author` is the user who runs this, unless given. Raises
        `DocumentError`, `ValidationError` with every problem, and `ValueError` for a blank reason.
        """
        reason = reason.strip()
        if not reason:
            raise ValueError("a reason is required: say what the change is for")
        document = self._document(source)
        if self.schema:
            self.schema.validate_document(document)
        head = self.head()
        made = diff(self._base(head, document), document, self.schema)
        history = self.history(HISTORY)
        risk = assess(
            made,
            self.schema,
            history,
            impact=self.impact,
            policy=self.policy,
            reason=reason,
            now=self._clock(),
            last_changed=since_changed(history, self._clock()),
        )
        return Plan(
            self.name,
            document,
            head.number if head else 0,
            made,
            risk,
            self.policy.decide(risk, made),
            (author or "").strip() or getpass.getuser(),
            reason,
            self._owners(made),
        )

    def apply(
        self,
        plan: Plan,
        override: str | None = None,
        *,
        approved_by: str | None = None,
        bake: Bake | None = None,
    ) -> Revision:
        """Make a plan the head and write it to all targets, in one step: all of it or nothing.

        `override` says why a plan that the policy blocks is applied all the same; `approved_by` records who
        reviewed it. With a `bake`, waits until the revision has proved itself, and reverts it otherwise. What
        targets hold that no revision holds yet is recorded first, so that nothing is lost. Applying what is
        there already returns the head.

        Raises `PolicyError` if the policy blocks the plan, `ConflictError` if the head moved since it was made,
        `TargetError` or `StoreError` if it cannot be written (then nothing changed), and `BakeFailedError` if it
        was reverted by its bake.
        """
        override = (override or "").strip() or None
        if plan.config != self.name:
            raise ConfguardError(f"the plan is for '{plan.config}', and this is the guard of '{self.name}'")
        if plan.decision is Decision.BLOCK and not override:
            raise PolicyError(
                f"'{self.name}': the policy blocks this change: risk {plan.risk.score} ({plan.risk.level}),"
                f" and {self.policy.block} blocks",
                hint="split it, or apply it with an override that says why",
            )
        head = self.head()
        strangers = self._switch.strangers(head)
        current = head is not None and head.number == plan.base and head.content == plan.document.content
        if head and current and not strangers and all(held is not None for _, held in self._switch.held()):
            return head
        draft = Draft(
            content=plan.document.content,
            format=plan.document.format,
            author=plan.author,
            reason=plan.reason,
            created_at=self._clock(),
            override=override,
            approved_by=approved_by,
        )
        made = self._replace(draft, strangers, plan.base, bake)
        self._emit("applied", made, author=plan.author, reason=plan.reason, score=plan.risk.score)
        return self._baked(made, bake) if bake else made

    def revert(self, to: int | None = None, *, reason: str, author: str | None = None) -> Revision:
        """Bring back the exact bytes of the revision before the head, or of revision `to`, as a new revision.

        Neither schema nor policy can stand in the way. Raises `NotFoundError` where there is nothing to go
        back to, and `ConflictError` if somebody else changes the head at the same moment.
        """
        if not reason.strip():
            raise ValueError("a reason is required: say why it is reverted")
        head = self.head()
        if head is None or (to is None and head.number == 1):
            has = "no revision" if head is None else "only one revision"
            raise NotFoundError(f"'{self.name}' has {has}: there is nothing to go back to")
        back = self.revision(head.number - 1 if to is None else to)
        return self._revert(head, back, reason.strip(), (author or "").strip() or getpass.getuser())

    def confirm(self) -> Revision:
        """Let the head stay, before its bake is over. Raises `NotFoundError` if no bake is under way."""
        pending = self.store.pending_bake(self.name)
        if pending is None or not self.store.settle_bake(self.name, pending.revision):
            raise NotFoundError(f"'{self.name}' has no revision that waits to be confirmed")
        revision = self.revision(pending.revision)
        self._emit("confirmed", revision)
        return revision

    def head(self) -> Revision | None:
        """The newest revision; None if there is none."""
        return self.store.head(self.name)

    def history(self, limit: int | None = None) -> list[Revision]:
        """The newest `limit` revisions (all, if None), newest first."""
        return self.store.history(self.name, limit)

    def revision(self, number: int) -> Revision:
        """The revision with a number. Raises `NotFoundError`."""
        return self.store.get(self.name, number)

    def diff(self, a: int, b: int) -> Diff:
        """What changed from revision `a` to revision `b`."""
        return diff(self.revision(a).document, self.revision(b).document, self.schema)

    def drift(self) -> tuple[str, ...]:
        """The names of the targets that do not hold the head's bytes; empty when there is no drift."""
        head = self.head()
        if head is None:
            return ()
        return tuple(target.name for target, held in self._switch.held() if held != head.content)

    def verify(self) -> int:
        """Check the whole chain and return its length. Raises `IntegrityError` that names the first bad link."""
        return self.store.verify(self.name)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _recover(self) -> None:
        """Finish or undo what a process that died left behind."""
        finished = self._switch.settle()
        if finished:
            self._emit("recovered", finished)
        pending = self.store.pending_bake(self.name)
        if pending is None or self._clock() < pending.abandoned_at:
            return
        head = self.head()
        if head and head.number == pending.revision and head.number > 1:
            try:
                self._revert(
                    head,
                    self.revision(head.number - 1),
                    "its bake was abandoned: nobody watches it",
                    "confguard",
                )
            except ConflictError:
                return  # another process did it first

    def _owners(self, made: Diff) -> tuple[str, ...]:
        shape = self.schema.shape if self.schema else ANYTHING
        marks = (
            shape.at(change.path[:length]).mark(Owner)
            for change in made
            for length in range(len(change.path) + 1)
        )
        return tuple(dict.fromkeys(mark.team for mark in marks if mark))

    def _document(self, source: Source) -> Document:
        if isinstance(source, Document):
            return source
        if isinstance(source, Mapping):
            return write(dict(source), self._own_format())
        return read(source, self._format)

    def _own_format(self) -> str:
        if self._format:
            return self._format
        head = self.head()
        if head:
            return head.format
        if self.targets:
            return detect_format(self.targets[0].name).name
        raise DocumentError(
            f"'{self.name}': in which format shall the mapping be written?",
            hint="give the guard a target or format=",
        )

    def _base(self, head: Revision | None, document: Document) -> Any:
        """What a plan is compared with: the head; with none, what the first target holds; else an empty mapping."""
        if head:
            return head.document
        held = self.targets[0].read() if self.targets else None
        return parse_bytes(held, document.format, path=self.targets[0].name) if held is not None else {}

    def _replace(
        self, draft: Draft, strangers: Iterable[bytes], expect: int, bake: Bake | None = None
    ) -> Revision:
        """Record what targets hold that no revision holds, then make the draft the head."""
        found = [
            Draft(
                content=content,
                format=draft.format,
                author="unknown",
                reason="found in the target: not written by confguard",
                created_at=draft.created_at,
            )
            for content in strangers
            if content != draft.content
        ]
        made = self._switch.replace(
            [*found, draft], expect=expect, bake=self._pending(bake) if bake else None
        )
        for revision in made[:-1]:
            self._emit("adopted", revision)
        return made[-1]

    def _pending(self, bake: Bake) -> Callable[[int], PendingBake]:
        deadline = self._clock() + bake.duration
        return lambda number: PendingBake(number, deadline, deadline + GRACE)

    def _revert(self, head: Revision, back: Revision, reason: str, author: str) -> Revision:
        draft = Draft(
            content=back.content,
            format=back.format,
            author=author,
            reason=reason,
            created_at=self._clock(),
            reverts=back.number,
        )
        made = self._replace(draft, self._switch.strangers(head), head.number)
        self._emit("reverted", made, to=back.number, reason=reason)
        return made

    def _baked(self, made: Revision, bake: Bake) -> Revision:
        """Watch a revision; return it if it stays. Raises `BakeFailedError` after reverting it."""
        try:
            watched = watch(
                bake,
                lambda: self._settled(made),
                lambda name, wrong: self._emit("probed", made, probe=name, wrong=wrong),
            )
        except BaseException as error:  # Ctrl-C too: what is not watched must not stay
            self._give_up(made, f"the bake was interrupted ({type(error).__name__})")
            raise
        if watched.outcome is Outcome.FAILED:
            self._emit("alarmed", made, why=watched.why)
            raise self._give_up(made, watched.why)
        if watched.outcome is Outcome.HEALTHY:
            self.store.settle_bake(self.name, made.number)
            self._emit("confirmed", made, why="healthy for the whole bake")
        if watched.outcome is Outcome.SUPERSEDED:
            raise BakeFailedError(
                f"revision {made.number} of '{self.name}' was replaced by another while it was watched"
            )
        return made

    def _settled(self, made: Revision) -> Outcome | None:
        head = self.head()
        if head is None or head.number != made.number:
            return Outcome.SUPERSEDED
        return None if self.store.pending_bake(self.name) else Outcome.CONFIRMED

    def _give_up(self, made: Revision, why: str) -> BakeFailedError:
        if made.number == 1:
            self.store.settle_bake(self.name, made.number)
            return BakeFailedError(
                f"revision 1 of '{self.name}' failed, and there is none to go back to: {why}"
            )
        try:
            back = self._revert(made, self.revision(made.number - 1), why, "confguard")
        except ConflictError:
            return BakeFailedError(
                f"revision {made.number} of '{self.name}' failed and was replaced since: {why}"
            )
        return BakeFailedError(
            f"revision {made.number} of '{self.name}' was reverted: {why}",
            hint=f"revision {back.number} holds what was there before; `confguard log {self.name}` tells all",
        )

    def _emit(self, kind: EventKind, revision: Revision, **detail: object) -> None:
        if self._listener:
            self._listener(Event(kind, self.name, revision.number, self._clock(), detail))


def _target(target: TargetLike) -> Target:
    return FileTarget(target) if isinstance(target, str | os.PathLike) else target
