"""The hash chain: each revision's digest covers its content, its metadata and the digest before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import attrs

from confguard.errors import ConflictError, IntegrityError
from confguard.stores.interface import Draft, Revision

__all__ = ["check_expected", "check_link", "digest_of", "link", "verify_chain"]


def link(config: str, draft: Draft, parent: Revision | None) -> Revision:
    """The revision that a draft becomes after its parent."""
    made = Revision(
        config=config,
        number=parent.number + 1 if parent else 1,
        parent=parent.digest if parent else None,
        digest="",
        **attrs.asdict(draft, recurse=False),
    )
    return attrs.evolve(made, digest=digest_of(made))


def digest_of(revision: Revision) -> str:
    """The digest that a revision must have: SHA-256 over a canonical JSON header that names the content's."""
    header = {
        "confguard": 1,
        "config": revision.config,
        "number": revision.number,
        "parent": revision.parent,
        "content": hashlib.sha256(revision.content).hexdigest(),
        "format": revision.format,
        "author": revision.author,
        "reason": revision.reason,
        "created_at": revision.created_at.isoformat(),
        "reverts": revision.reverts,
        "override": revision.override,
        "approved_by": revision.approved_by,
    }
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()


def check_link(revision: Revision) -> Revision:
    """The revision, if its digest is right. Raises `IntegrityError`."""
    if digest_of(revision) != revision.digest:
        raise IntegrityError(
            f"revision {revision.number} of '{revision.config}' is not what was written: its digest differs",
            hint="`confguard verify` says which revisions are still good; restore the store from a copy",
        )
    return revision


def verify_chain(config: str, revisions: Iterable[Revision]) -> int:
    """The number of links, oldest first, if all are good. Raises `IntegrityError` at the first bad one."""
    count, parent = 0, None
    for revision in revisions:
        if revision.number != count + 1:
            raise IntegrityError(f"revision {count + 1} of '{config}' is missing; those before it are good")
        check_link(revision)
        if revision.parent != parent:
            raise IntegrityError(
                f"revision {revision.number} of '{config}' does not follow from the one before it"
            )
        count, parent = revision.number, revision.digest
    return count


def check_expected(config: str, head: Revision | None, expect: int) -> None:
    """Raise `ConflictError` unless the head is the one that was expected."""
    number = head.number if head else 0
    if number != expect:
        by = f", by {head.author}: {head.reason}" if head else ""
        raise ConflictError(
            f"the head of '{config}' moved: planned on revision {expect}, now {number}{by}",
            hint="plan again on the new head",
        )
