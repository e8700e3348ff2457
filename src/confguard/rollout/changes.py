"""What a config is to become: drafts that follow a known head. Worked out here, carried out elsewhere."""

from __future__ import annotations

import getpass
import os
import platform
import secrets
from contextlib import suppress
from datetime import datetime

from attrs import evolve, field, frozen

from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.errors import ConfguardError
from confguard.lazy import read_once
from confguard.rollout.bake import Bake, lease_for
from confguard.rollout.places import Place
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING
from confguard.stores import chain
from confguard.stores.interface import AUTOMATIC, Append, Draft, PendingBake, Revision
from confguard.values import check_type


@frozen(slots=False)
class HeadChange:
    """Drafts for one config, and the head that they follow."""

    place: Place
    head: Revision | None
    drafts: tuple[Draft, ...]
    bake: Bake | None = None
    held: frozenset[bytes | None] = field(default=frozenset(), repr=False)
    """What the targets held when this was worked out: known, or among the drafts as a copy."""
    unproved: bool = False
    """Is the head only taken back as long as its bake is under way?"""
    back: int = field()
    """The last revision that has proved itself; before the first one, what the first target held."""

    @back.default
    def _back(self) -> int:
        imported = [number for number, draft in enumerate(self.drafts[:-1], 1) if not draft.drift_copy]
        return self.head.number if self.head else max(imported, default=len(self.drafts) - 1)

    @read_once  # signing asks another program, which may ask a person
    def append(self) -> Append:
        """What this does to the store."""
        revisions = tuple(chain.link(self.place.config, self.drafts, self.head))
        if self.place.sign:
            revisions = tuple(evolve(each, signature=self.place.sign(each.digest)) for each in revisions)
        pending = None
        if self.bake:
            deadline = self.place.clock() + self.bake.duration
            lease = lease_for(self.bake.duration.total_seconds())
            pending = PendingBake(
                revisions[-1].number,
                self.back,
                deadline,
                lease=lease,
                watcher=this_watcher(),
                stages=self.bake.stages if self.back else (),
                seconds=self.bake.duration.total_seconds(),
                confirm=self.bake.confirm,
            )
        return Append(self.place.config, revisions, self.place.key, pending, self.unproved)

    @property
    def revision(self) -> Revision:
        return self.append.revisions[-1]


def this_watcher() -> str:
    """A name for who watches one bake: the host and the process, for people, and what tells it from any other."""
    return f"{platform.node()}/{os.getpid()}/{secrets.token_hex(4)}"


def change_to(place: Place, draft: Draft, head: Revision | None) -> HeadChange:
    """What makes a draft the head, behind copies of what it overwrites and no revision holds.

    The first target's copy comes last: imported, it is what the first revert brings back.
    """
    held = place.held(draft.content, head.content if head else None)
    strangers = place.strangers(head, draft.content, held)
    copies = [_copy(place, content, draft, head) for content in reversed(strangers)]
    return HeadChange(place, head, (*copies, draft), held=frozenset(each.content for each in held))


def change_back(
    place: Place,
    back: Revision,
    head: Revision,
    reason: str,
    author: str = AUTOMATIC,
) -> HeadChange:
    """What makes the exact bytes of an earlier revision the head again."""
    draft = draft_of(back, author, reason, place.clock())
    return change_to(place, evolve(draft, reverts=back.number), head)


def change_again(place: Place, head: Revision, reason: str) -> HeadChange:
    """What makes the head's own bytes the head once more: `brought` tells of what that was."""
    return change_to(place, draft_of(head, AUTOMATIC, reason, place.clock()), head)


def behind_edits(change: HeadChange) -> HeadChange | None:
    """The same once more, behind copies of what somebody wrote into its targets since; None if nobody did."""
    place, draft = change.place, change.drafts[-1]
    known = change.head.content if change.head else None
    if all(each.content in {*change.held, None, draft.content} for each in place.held(draft.content, known)):
        return None
    again = change_to(place, draft, change.revision)
    return evolve(again, bake=change.bake, back=change.back) if len(again.drafts) > 1 else None


def without_secrets(place: Place, text: str, *revisions: Revision) -> str:
    """What somebody wrote, without the secrets of revisions that it speaks of: it is kept for good."""
    sides = []
    for revision in revisions:
        with suppress(ConfguardError):  # one that does not parse
            sides.append(revision.data)
    return Secrets.in_files(place.schema.shape if place.schema else ANYTHING, *sides).clean(text)


def draft_of(source: Document | Revision, author: str, reason: str, at: datetime) -> Draft:
    """The draft of a document, or of what a revision holds."""
    return Draft(
        content=source.content,
        format=source.format,
        data_digest=source.data_digest,
        author=author,
        reason=reason,
        created_at=at,
    )


def author_name(author: str | None) -> str:
    """The author, if one is named; else the user who runs this, by number where the system knows no name."""
    if stated := stripped(author, "the author"):
        return stated
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # Containers often run as a user that is not in their /etc/passwd.
        return f"uid {os.getuid()}"


def stripped(text: str | None, what: str) -> str | None:
    """A text without the blanks around it; None where that is nothing. Raises `TypeError` for what is not a text."""
    if text is None:
        return None
    check_type(text, str, f"text for {what}")
    return text.strip() or None


def check_head(place: Place, expected: int, digest: str | None = None) -> Revision | None:
    """The head, if it is the one with this number (0: none) and digest. Raises `ConflictError`."""
    head = place.head()
    if (head.number if head else 0) != expected:
        raise chain.conflict(place.config, head, expected)
    if digest is not None and head is not None and head.digest != digest:
        raise chain.replaced(place.config, head)
    return head


def _copy(place: Place, content: bytes, draft: Draft, head: Revision | None) -> Draft:
    """A copy of what a target holds: imported as the first revision, where there is none yet and it is valid."""
    copy = Draft(
        content=content,
        format=draft.format,
        author="unknown",
        reason="was in the target, not written by confguard, and was overwritten",
        created_at=draft.created_at,
        drift_copy=True,
    )
    if head is not None:
        return copy
    try:
        document = parse_bytes(content, draft.format, path=None)
        if place.schema:
            place.schema.validate_document(document)
    except ConfguardError:
        return copy
    why = "imported: was in the target before the first revision"
    return evolve(copy, reason=why, data_digest=document.data_digest, drift_copy=False)
