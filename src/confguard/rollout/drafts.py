"""Drafts of what is not planned: a revision as it was, the head without one of them, what was found in targets."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from confguard.diff.engine import diff
from confguard.diff.merge import merge
from confguard.documents.document import Document
from confguard.documents.writing import write
from confguard.errors import DocumentError, MergeConflictError, NotFoundError
from confguard.schema.schema import SchemaLike
from confguard.stores.interface import Draft, Revision, Store

__all__ = ["as_it_was", "found_in_targets", "named", "taken_back", "without"]


def as_it_was(revision: Revision, author: str, reason: str, at: datetime, *, reverts: bool = False) -> Draft:
    """The draft that makes the exact bytes of a revision the head again."""
    return Draft(
        content=revision.content,
        format=revision.format,
        data_digest=revision.data_digest,
        author=author,
        reason=reason,
        created_at=at,
        reverts=revision.number if reverts else None,
    )


def found_in_targets(held: Sequence[bytes | None], draft: Draft, head: Revision | None) -> list[Draft]:
    """Drafts of what targets hold and no revision does, so that it is not lost: the first target's comes last."""
    return [
        Draft(
            content=content,
            format=draft.format,
            author="unknown",
            reason="found in the target: not written by confguard",
            created_at=draft.created_at,
        )
        for content in reversed(list(dict.fromkeys(held)))
        if content not in (None, draft.content)
        and not (head and sha256(content).hexdigest() == head.content_digest)
    ]


def named(author: str | None) -> str:
    """The author, if one is named; else the user who runs this, by number where the system knows no name."""
    if author and author.strip():
        return author.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # Containers often run as a user that is not in their /etc/passwd.
        return f"uid {os.getuid()}"


def taken_back(
    store: Store, head: Revision, only: int, schema: SchemaLike = None
) -> tuple[Document, Revision]:
    """The head without what revision `only` changed, and that revision.

    Raises `NotFoundError`, and `MergeConflictError` where it was changed again since.
    """
    undone = store.get(head.config, only)
    if only < 2:
        raise NotFoundError("the first revision has none before it that could be gone back to")
    before = store.get(head.config, only - 1)
    return without(before.document, undone.document, head.document, schema, f"revision {only}"), undone


def without(
    before: Document, undone: Document, head: Document, schema: SchemaLike = None, what: str = "the change"
) -> Document:
    """The head as it would be if the step from `before` to `undone` had not been made.

    Comments and layout are the head's. Raises `MergeConflictError` with every setting that was changed again since.

    >>> from confguard.documents.document import parse
    >>> one, two, three = (parse(text, "toml") for text in ("a = 1\\n", "a = 2\\n", "a = 2 # two\\nb = 1\\n"))
    >>> print(without(one, two, three).text, end="")
    a = 1 # two
    b = 1
    """
    made = merge(undone, head, before, schema)
    if not made.clean:
        listed = "\n".join(f"  {each}" for each in made.conflicts)
        raise MergeConflictError(
            f"{what} cannot be taken back by itself: changed again since\n{listed}",
            hint="ours is the head, theirs what was before; write what is meant, and apply that",
            conflicts=made.conflicts,
        )
    try:
        return head.edit(diff(head.data, made.data))
    except DocumentError:  # what cannot be edited in place is written anew
        return write(made.data, head.format)
