"""The guard of one config: plan, apply, revert; it ties schema, store, targets, policy and rollout together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from confguard.diff.changes import Diff
from confguard.diff.engine import diff
from confguard.documents.document import Document, parse_bytes
from confguard.documents.registry import detect_format, format_named
from confguard.errors import (
    ConfguardError,
    ConflictError,
    DocumentError,
    NotFoundError,
    harmless,
)
from confguard.events import Event, EventKind, Listener
from confguard.fields import ImpactLevel
from confguard.risk.history import since_changed
from confguard.risk.model import assess
from confguard.risk.policy import Policy
from confguard.rollout.bake import Bake
from confguard.rollout.baking import Baking
from confguard.rollout.changing import Changing
from confguard.rollout.drafts import named
from confguard.rollout.plans import Plan, Source, as_document, owners_of
from confguard.rollout.switch import Change, Switch, replace_all
from confguard.schema.schema import SchemaLike, resolve_schema
from confguard.stores import chain
from confguard.stores.interface import Revision, Store
from confguard.stores.opening import open_store
from confguard.stores.retention import Retention
from confguard.stores.signing import Signer, Signers, verify_signed
from confguard.targets.drift import Drift, drift_of
from confguard.targets.files import FileTarget, write_durably
from confguard.targets.interface import Target
from confguard.targets.reload import ReloadLike, as_reload

__all__ = ["Guard", "Plan"]

TargetLike: TypeAlias = "str | os.PathLike[str] | Target"

HISTORY = 50
"""How many revisions the risk model looks back on."""
_LONGEST_NAME = 200


def _now() -> datetime:
    return datetime.now(UTC)


class Guard:
    """Guards one config.

    `store` is a store or its URL; `targets` are files (or targets) that shall hold the head, and `reload` says how
    their service is told of it: a URL, a command as a list, or a `Reload`. `schema` is a class or `"module:Class"`;
    `impact` says how much depends on this config where the schema does not; `format` names the format where no
    target's name does. `signer` is an SSH key, or its file, that signs every revision. `on_event` is told of all that
    happens.

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
        reload: Iterable[ReloadLike] = (),
        signer: Signer | str | os.PathLike[str] | None = None,
        on_event: Listener | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ConfguardError(
                f"'{harmless(name[:40])}' is no config's name: 1 to {_LONGEST_NAME} printable characters"
            )
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
        if signer is not None and not isinstance(signer, Signer):
            signer = Signer(Path(signer))
        sign = signer.sign if signer else None
        self._switch = Switch(name, self.store, self.targets, [as_reload(each) for each in reload], sign)
        self._changing = Changing(self._switch, self.schema, clock)
        self._recover()

    def plan(
        self,
        source: Source,
        *,
        author: str | None = None,
        reason: str,
        ticket: str | None = None,
        labels: Iterable[str] = (),
    ) -> Plan:
        """Validate, diff and score a change against the head. Writes nothing.

        `source` is a path, a `Document` or a mapping; `author` is the user who runs this, unless given; `ticket` and
        `labels` are kept with the revision. Raises `DocumentError`, `ValidationError` with every problem, and
        `ValueError` for a blank reason.
        """
        reason = reason.strip()
        if not reason:
            raise ValueError("a reason is required: say what the change is for")
        document = as_document(source, self._format, self._own_format)
        if self.schema:
            self.schema.validate_document(document)
        document.data_digest  # noqa: B018 - worked out here, so that an apply is short
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
            named(author),
            made.clean(reason),
            owners_of(made, self.schema),
            ticket,
            tuple(labels),
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
        `TargetError` or `StoreError` if it cannot be written, or the service cannot be told (then what was before is in
        force, or the next open of a guard finishes the work), and `BakeFailedError` if it was reverted by its bake.
        """
        change = self._changed(plan, override, approved_by, bake)
        if isinstance(change, Revision):
            return change
        made = self._carry_out(change)
        self._emit("applied", made, author=plan.author, reason=plan.reason, score=plan.risk.score)
        return Baking(self.store, made, self._emit, self._go_back).outcome(bake) if bake else made

    def revert(
        self,
        to: int | datetime | str | None = None,
        *,
        reason: str,
        author: str | None = None,
        only: int | None = None,
    ) -> Revision:
        """Bring back the exact bytes of an earlier revision, as a new revision.

        Without `to`, of the one before the head; else of the one with that number, of the one that was the head at that
        time, or of the newest one with that label. `only` takes back what that one revision changed, and leaves what
        came after it.

        Neither schema nor policy can stand in the way. Raises `NotFoundError` where there is nothing to go back to,
        `MergeConflictError` where what `only` changed was changed again since, and `ConflictError` if somebody else
        changes the head at the same moment.
        """
        made, back = self._changing.reverted(to, only, reason, author)
        return self._told_of(self._carry_out(made), back, reason.strip())

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
        head = self.store.head(self.name)
        if head is not None:
            head.content  # noqa: B018 - read now, so that it is there when the store is not
        return head

    def history(self, limit: int | None = None, before: int | None = None) -> list[Revision]:
        """The newest `limit` revisions (all, if None), newest first; only those before number `before`, if given."""
        return self.store.history(self.name, limit, before)

    def revision(self, number: int) -> Revision:
        """The revision with a number. Raises `NotFoundError`."""
        return self.store.get(self.name, number)

    def diff(self, a: int, b: int) -> Diff:
        """What changed from revision `a` to revision `b`."""
        return diff(self.revision(a).document, self.revision(b).document, self.schema)

    def drift(self) -> tuple[Drift, ...]:
        """The targets that do not hold the head's bytes, with what differs and since when; empty if all do."""
        head = self.head()
        if head is None:
            return ()
        return tuple(
            drift_of(target, held, head.document, self.schema)
            for target, held in self._switch.held()
            if held != head.content
        )

    def repair(self) -> tuple[Drift, ...]:
        """Write the head to all targets that drifted, and tell the service; what they held is in the answer."""
        drifted = self.drift()
        if drifted:
            head = self._switch.repair()
            self._emit("repaired", head, targets=[each.target for each in drifted])
        return drifted

    def verify(self, signers: str | os.PathLike[str] | None = None) -> int:
        """Check the whole chain and return its length. Raises `IntegrityError` that names the first bad link.

        With a file of allowed `signers`, every revision from the first signed one on must be signed by its author, or
        by who approved it, with a key that the file allows them.
        """
        if signers is None:
            return chain.verify(self.store, self.name)
        return verify_signed(self.store, self.name, Signers(Path(signers)))

    def thin(self, retention: Retention | None = None) -> int:
        """Drop the content of old revisions, and say of how many; all stay in the chain, still verified."""
        keep = set((retention or Retention()).kept(self.history(), self._clock()))
        head = self.head()
        keep |= {head.number, head.number - 1} if head else set()
        return self.store.thin(self.name, frozenset(keep))

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the whole history to one portable file. Raises `IntegrityError` if it is not good."""
        from confguard.stores.portable import exported

        write_durably(Path(path), exported(self.store, self.name))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _recover(self) -> None:
        """Finish or undo what a process that died left behind."""
        settled = self._switch.settle()
        if settled and settled.strangers:  # recorded before they are replaced: nothing found is lost
            self._carry_out(self._changing.published_again(settled.head))
        if settled:
            self._emit("recovered", settled.head, **({"wrong": settled.problem} if settled.problem else {}))
        pending = self.store.pending_bake(self.name)
        if pending is None or self._clock() < pending.abandoned_at:
            return
        head = self.head()
        if head and head.number == pending.revision and head.number > 1:
            why = "its bake was abandoned: nobody watches it"
            try:
                self._go_back(head, self.revision(head.number - 1), why, "confguard")
            except ConflictError:
                return  # another process did it first

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

    def _changed(
        self, plan: Plan, override: str | None, approved_by: str | None, bake: Bake | None
    ) -> Change | Revision:
        """What a plan does to the head; the head, if all is there already.

        Raises `ConflictError` if it moved, and `PolicyError` if the policy blocks the plan.
        """
        override = (override or "").strip() or None
        if plan.config != self.name:
            raise ConfguardError(f"the plan is for '{plan.config}', and this is the guard of '{self.name}'")
        plan.check(override, self.policy.block)
        return self._changing.planned(plan, override, approved_by, bake)

    def _carry_out(self, change: Change) -> Revision:
        return self._adopted(replace_all([change])[0])

    def _adopted(self, made: tuple[Revision, ...]) -> Revision:
        """The last of what was appended; those before it were found in targets."""
        for revision in made[:-1]:
            self._emit("adopted", revision)
        return made[-1]

    def _go_back(self, head: Revision, back: Revision, reason: str, author: str) -> Revision:
        made = self._carry_out(self._changing.gone_back(head, back, reason, author))
        return self._told_of(made, back, reason)

    def _told_of(self, made: Revision, back: Revision, reason: str) -> Revision:
        self._emit("reverted", made, to=back.number, reason=reason)
        return made

    def _emit(self, kind: EventKind, revision: Revision, **detail: object) -> None:
        if self._listener:
            self._listener(Event(kind, self.name, revision.number, self._clock(), detail))


def _target(target: TargetLike) -> Target:
    return FileTarget(target) if isinstance(target, str | os.PathLike) else target
