"""The plan: a change that was validated, diffed and scored, and not yet written; and what applying it does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff
from confguard.documents.bundle import BUNDLE, parse_bytes
from confguard.documents.document import Document
from confguard.errors import (
    BakingError,
    ConfguardError,
    DocumentError,
    DriftError,
    NotFoundError,
    PolicyError,
    harmless,
)
from confguard.fields import Owner
from confguard.risk.circumstances import Circumstances
from confguard.risk.findings import Risk
from confguard.risk.history import SettingsPast
from confguard.risk.judging import Terms
from confguard.risk.policy import Decision
from confguard.risk.rules.process import FREEZE
from confguard.rollout.bake import Bake
from confguard.rollout.changes import HeadChange, change_to, check_head, draft_of, stripped
from confguard.rollout.places import Place
from confguard.schema.schema import Schema
from confguard.schema.shape import ANYTHING
from confguard.stores.interface import PendingBake, Revision
from confguard.stores.selecting import without_repeats
from confguard.targets.drift import Drift
from confguard.targets.interface import Target
from confguard.targets.separate import SeparateFiles

_REASON = "a reason is required: say what the change is for"
HISTORY = 50
"""How many revisions the risk model looks back on."""


@frozen(kw_only=True)
class Plan:
    """A change that was validated, diffed and scored against one known head, and not yet written."""

    config: str
    document: Document
    base: int
    """The number of the head it was made on; 0 if there was none."""
    base_digest: str | None = None
    """The digest of that head: a number may come again where a backup was restored."""
    diff: Diff
    risk: Risk
    judgement: Decision
    """What the policy says of the risk."""
    block: int
    """From which score on the policy blocks."""
    author: str
    reason: str | None
    """What the change is for; None where that is to be said when it is applied."""
    owners: tuple[str, ...] = ()
    """Who is to be asked, by the schema's `Owner` marks on what changes."""
    ticket: str | None = None
    """Where the change was asked for or discussed."""
    labels: tuple[str, ...] = ()
    """Names for the revision: `stable`, `2026-11`."""
    drift: tuple[Drift, ...] = ()
    """The targets that somebody edited: what applying this would undo."""
    imported: bool = False
    """Is it the first revision, of a file that was there? Then nothing changes, and nothing is blocked."""
    notes: tuple[str, ...] = ()
    """What else is to be known: that the head does not parse, say."""

    @property
    def decision(self) -> Decision:
        """What the policy says; at least a review where a target was edited."""
        return Decision.REVIEW if self.drift and self.judgement is Decision.ALLOW else self.judgement

    def to_json(self) -> dict[str, object]:
        """The plan as JSON: who, why and what, with the risk as `confguard assess` prints it."""
        return {
            "config": self.config,
            "base": self.base,
            "author": self.author,
            "reason": self.reason,
            "owners": list(self.owners),
            "imported": self.imported,
            "drift": [each.to_json() for each in self.drift],
            "notes": list(self.notes),
            "diff": self.diff.to_json(),
            **self.risk.to_json(self.decision),
        }

    def check(self, override: str | None, approved_by: str | None) -> None:
        """Raise `PolicyError` if the policy blocks it, or asks for a review, and nobody answers for it."""
        risk = f"risk {self.risk.score} ({self.risk.level})"
        if self.judgement is Decision.BLOCK and not override:
            raise PolicyError(
                f"'{self.config}': the policy blocks this change: {risk}, and {self.block} blocks",
                hint=self._way_out(),
            )
        if self.judgement is Decision.REVIEW and not (override or approved_by):
            raise PolicyError(
                f"'{self.config}': the policy asks for a review: {risk}",
                hint="have it reviewed, and name who did (approved_by, --approved-by WHO); or override it",
            )

    def _way_out(self) -> str:
        if any(finding.code == FREEZE for finding in self.risk.findings):
            return "apply it when the freeze is over, or with an override that says why"
        less = "split it" if len(self.diff) > 1 else "make a smaller change"
        return f"{less}, or apply it with an override that says why"


def plan_change(
    place: Place,
    document: Document,
    terms: Terms,
    *,
    author: str,
    reason: str | None,
    ticket: str | None = None,
    labels: tuple[str, ...] = (),
) -> Plan:
    """Validate, diff and score a document against the head of its place. Writes nothing.

    Raises `ValidationError` with every problem, and `ValueError` for a blank reason.
    """
    if reason is not None and not (reason := stripped(reason, "the reason")):
        raise ValueError(_REASON)
    if place.schema:
        place.schema.validate_document(document)
    document.digest_data()  # now, so that an apply is short
    head, now = place.head(), place.clock()
    base, judged, notes = _base(place, head, document)
    changes = diff(base, document, place.schema)
    history = without_repeats(place.store.history(place.config, HISTORY))
    past = SettingsPast(history, now)
    circumstances = Circumstances(
        history=history, reason=reason, at=now, last_changed=past.last_changed, taken_back=past.taken_back
    )
    risk, decision = terms.judge(changes, circumstances)
    return Plan(
        config=place.config,
        document=document,
        base=head.number if head else 0,
        base_digest=head.digest if head else None,
        diff=changes,
        risk=risk,
        judgement=decision if judged else Decision.ALLOW,
        block=terms.blocks_from(changes),
        author=author,
        reason=changes.clean(reason) if reason else None,
        owners=_owners_of(changes, place.schema),
        ticket=ticket,
        labels=labels,
        drift=place.edited(head, document.content),
        imported=head is None and not judged and not notes and _is_there(place, document),
        notes=(*notes, *_reverted_before(history, document), *_left(place)),
    )


def change_of(
    place: Place,
    plan: Plan,
    *,
    override: str | None,
    approved_by: str | None,
    overwrite: bool,
    supersede: str | None,
    bake: Bake | None,
) -> HeadChange | Revision:
    """What a plan does to the head; the head, if all is there already, its labels too.

    Raises `BakingError`, `ConflictError` if the head moved, `DriftError` or `PolicyError`; `ValueError` if the plan
    has no reason.
    """
    if plan.reason is None:
        raise ValueError(_REASON)
    override = stripped(override, "the override")
    approved_by = stripped(approved_by, "who approved it")
    supersede = stripped(supersede, "why a bake is superseded")
    pending = place.pending_bake()
    if pending and not supersede:
        raise _baking(place, pending)
    head = check_head(place, plan.base, plan.base_digest)
    edited = place.edited(head, plan.document.content)
    if edited and not overwrite:
        raise _drifted(place, edited)
    plan.check(override, approved_by)
    if pending and supersede:
        why = f"supersedes the bake of revision {pending.revision}: {supersede}"
        override = "; ".join(filter(None, [override, why]))
    draft = evolve(
        draft_of(plan.document, plan.author, plan.reason, place.clock()),
        supersedes=pending.revision if pending else None,
        override=plan.diff.clean(override) if override else None,
        approved_by=plan.diff.clean(approved_by) if approved_by else None,
        ticket=plan.ticket,
        labels=plan.labels,
    )
    held = [each.content for each in place.held(draft.content)]
    if head and head.content == draft.content and set(held) <= {draft.content} and not pending:
        if set(plan.labels) <= set(head.labels):
            return head
        bake = None  # nothing changes but the label
    change = evolve(change_to(place, draft, head), bake=bake)
    return evolve(change, back=pending.back) if pending else change


def held_by_hand(place: Place, target: str | os.PathLike[str] | None = None) -> tuple[bytes, str | None]:
    """What a target holds that somebody wrote, and where, if in one place; what any holds, before the first revision.

    Raises `NotFoundError` where none does, and `ConfguardError` where several hold different things and none is named.
    """
    head = place.head()
    others = {each.target for each in place.edited(head)}  # a machine that lags was not edited
    wanted = None if target is None else _named(place, os.fspath(target))
    edited = [
        (each.content, each.target)
        for each in place.held()
        if each.content is not None
        and (head is None or each.target.name in others)
        and (wanted is None or each.target in wanted)
    ]
    if not edited:
        which = place.names() if target is None else f"'{target}'"
        raise NotFoundError(
            f"'{place.config}': {which} holds nothing that could be adopted: it is the head already, or missing",
            hint=f"confguard drift {place.config}",
        )
    if len({content for content, _ in edited}) > 1:
        raise ConfguardError(
            f"'{place.config}': targets hold different things: {', '.join(each.name for _, each in edited)}",
            hint="say which one is adopted: target=, --target FILE",
        )
    held, there = edited[0]
    return held, None if isinstance(there, SeparateFiles) else there.name


def _named(place: Place, name: str) -> list[Target]:
    """The targets that a path means, from here or from where the targets are. Raises `NotFoundError`."""
    wanted = Path(os.path.normpath(name)).parts
    targets = [
        each
        for each in place.targets
        if Path(name).resolve() == Path(each.name).resolve()
        or Path(each.name).parts[-len(wanted) :] == wanted
    ]
    if not targets:
        raise NotFoundError(
            f"'{place.config}' has no target '{harmless(name)}'", hint=f"it has: {place.names()}"
        )
    return targets


def _owners_of(changes: Diff, schema: Schema[Any] | None) -> tuple[str, ...]:
    """Who is to be asked, by the schema's `Owner` marks on what changes, and on what it stands in."""
    shape = schema.shape if schema else ANYTHING
    marks = (mark for change in changes for _, mark in shape.marks_on(change.path, Owner))
    return tuple(dict.fromkeys(mark.team for mark in marks))


def _base(place: Place, head: Revision | None, document: Document) -> tuple[Any, bool, list[str]]:
    """What a plan is compared with, whether the difference can be judged, and what is to be said of that.

    The head; before the first one, what the first target holds. Where there is none, or it does not parse, nothing that
    could be judged changes.
    """
    nothing: Any = [] if isinstance(document.data, list) else {}
    if head is not None:
        try:
            # By the names that its files have where one stands.
            if document.format == head.format == BUNDLE:
                return parse_bytes(head.content, BUNDLE, path=document.path, tags=["*"]), True, []
            known = head.document
            one_file = BUNDLE not in {document.format, head.format}
            return evolve(known, path=document.path) if one_file else known, True, []
        except DocumentError as error:
            return nothing, False, [f"the head, revision {head.number}, does not parse: {error.message}"]
    held = [each for each in place.held() if each.content is not None]
    if not held:
        return nothing, document.path is None, []
    content, name = held[0].content, held[0].target.name
    assert content is not None
    if content == document.content:
        return nothing, False, []
    try:
        there = parse_bytes(content, document.format, path=name)
    except DocumentError as error:
        return nothing, False, [f"what is there does not parse: {error}"]
    try:
        if place.schema:
            place.schema.validate_document(there)
    except ConfguardError as error:
        return there, True, [f"what is there does not fit the schema: {error}"]
    return there, True, []


def _is_there(place: Place, document: Document) -> bool:
    """Does a target hold it already? Without targets, the file itself is what was there."""
    return not place.targets or any(each.content == document.content for each in place.held(document.content))


def _left(place: Place) -> list[str]:
    """What has to be finished, or waited for, before anything is applied here."""
    pending = place.pending_bake()
    if pending and not pending.watched:
        return [
            f"the bake of revision {pending.revision} was abandoned: applying first takes that back, and is refused"
            f" then; so first: confguard recover {place.config}, or confguard confirm {place.config}"
        ]
    if pending:
        baking = _baking(place, pending)
        message = str(baking).removeprefix(f"'{place.config}': ")
        return [f"{message}; {baking.hint}"]
    state = place.state()
    if state and state.unwritten:
        return [
            f"revision {state.wanted} is not written to its targets yet: confguard recover {place.config}, or"
            " applying this, does that first"
        ]
    return []


def _reverted_before(history: Sequence[Revision], document: Document) -> list[str]:
    """That the same bytes were the head once, and were taken back."""
    digest = hashlib.sha256(document.content).hexdigest()
    for revert, reverted in pairwise(history):  # newest first
        if revert.is_revert and reverted.content_digest == digest:
            return [
                f"revision {reverted.number} held these bytes, and revision {revert.number} took it back:"
                f" {harmless(revert.reason)}"
            ]
    return []


def _baking(place: Place, pending: PendingBake) -> BakingError:
    revision = place.revision(pending.revision)
    until = f"{pending.deadline:%Y-%m-%d %H:%M:%S}Z"
    return BakingError(
        f"'{place.config}': revision {revision.number} by {harmless(revision.author)} is being watched until {until}:"
        f" {harmless(revision.reason)}",
        hint=f"wait, `confguard confirm {place.config}`, `confguard revert {place.config}`,"
        " or say why it is superseded (supersede, --supersede WHY)",
        revision=revision.number,
        until=pending.deadline,
    )


def _drifted(place: Place, edited: Sequence[Drift]) -> DriftError:
    unreadable = [f"{each.target} {each.what}" for each in edited if each.unreadable]
    if unreadable:
        return DriftError(
            f"'{place.config}': a target cannot be read, and nobody knows what this would undo:"
            f" {'; '.join(unreadable)}",
            hint=f"mend that first (confguard drift {place.config})",
            drift=edited,
        )
    listed = "; ".join(f"{each.target} {each.what}" for each in edited)
    return DriftError(
        f"'{place.config}': a target was edited, and this would undo it: {listed}",
        hint=f"look at it (confguard drift {place.config}), keep it (confguard adopt {place.config}),"
        " or overwrite it (overwrite=True, --overwrite)",
        drift=edited,
    )
