"""The hash chain: each revision's digest covers its content, its metadata and the digest before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from attrs import fields

from confguard.errors import ConflictError, IntegrityError, NotFoundError
from confguard.stores.interface import Draft, Revision, Store

_ENCODER = json.JSONEncoder(sort_keys=True)
_OF_DRAFT = tuple(each.name for each in fields(Draft) if each.name != "content")
_OF_REVISION = tuple(each.name for each in fields(Revision) if each.name != "load")
_OPTIONAL = ("data_digest", "takes_back", "supersedes", "ticket", "labels", "drift_copy")
"""What a header names only where it is there, so that chains from before it was stay valid."""


def link(config: str, drafts: Iterable[Draft], parent: Revision | None) -> list[Revision]:
    """The revisions that drafts become after their parent."""
    revisions = []
    for draft in drafts:
        content = draft.content
        header: dict[str, Any] = {name: getattr(draft, name) for name in _OF_DRAFT}
        header |= {
            "config": config,
            "number": parent.number + 1 if parent else 1,
            "content_digest": hashlib.sha256(content).hexdigest(),
            "labels": tuple(draft.labels),
            "parent": parent.digest if parent else None,
        }
        parent = Revision(digest=_digest(header), load=partial(bytes, content), **header)
        parent.__dict__["content"] = content  # it needs no check against the digest that was just made of it
        revisions.append(parent)
    return revisions


def digest_of(revision: Revision) -> str:
    """The digest that a revision must have: SHA-256 over a canonical JSON header that names the content's."""
    return _digest(revision.__dict__)


def _digest(values: Mapping[str, Any]) -> str:
    header = {
        "confguard": 1,
        "config": values["config"],
        "number": values["number"],
        "parent": values["parent"],
        "content": values["content_digest"],
        "format": values["format"],
        "author": values["author"],
        "reason": values["reason"],
        "created_at": values["created_at"].isoformat(),
        "reverts": values["reverts"],
        "override": values["override"],
        "approved_by": values["approved_by"],
    }
    header |= {name: values[name] for name in _OPTIONAL if values[name]}
    return hashlib.sha256(_ENCODER.encode(header).encode()).hexdigest()


def check_link(revision: Revision) -> Revision:
    """The revision, if its digest is right. Raises `IntegrityError`."""
    if digest_of(revision) != revision.digest:
        raise IntegrityError(
            f"revision {revision.number} of '{revision.config}' is not what was written: its digest differs",
            hint="`confguard verify` says which revisions are still good; restore the store from a copy",
        )
    return revision


def verify(store: Store, config: str, check: Callable[[Revision], str | None] = lambda _: None) -> int:
    """Check a whole chain and return its length.

    `check` may say what else is wrong with a revision: its signature. Raises `IntegrityError` that names the first
    bad link, with all of them in `bad`, and says which revisions are still good.
    """
    wrong: dict[int, str] = {}
    numbers: set[int] = set()
    before: Revision | None = None
    for revision in store.walk(config):
        numbers.add(revision.number)
        fault = _fault(revision, before) or check(revision)
        if fault:
            wrong[revision.number] = fault
        before = revision
    damage = store.damage(config)
    newest = max(numbers, default=0)
    for number in range(1, newest + 1):
        if number not in numbers:
            wrong[number] = "is missing or unreadable"
    if wrong:
        first = min(wrong)
        good = _ranges(sorted(numbers - wrong.keys()))
        raise IntegrityError(
            f"revision {first} of '{config}' {wrong[first]}; {f'still good: {good}' if good else 'none is good'}",
            hint=damage or "restore the store from a copy, or import an export of what is good",
            bad=sorted(wrong),
        )
    if damage:
        raise IntegrityError(damage, hint="restore the store from a copy")
    return newest


def _fault(revision: Revision, before: Revision | None) -> str | None:
    """What is wrong with a link, seen from the one that is stored before it."""
    try:
        if digest_of(revision) != revision.digest:
            return "is not what was written: its digest differs"
        revision.fetch()
    except NotFoundError:
        pass  # thinned out: the digest in its header still stands for it
    except (IntegrityError, OverflowError, ValueError) as error:
        return f"is not what was written: {error}"
    follows = before.digest if before is not None and before.number == revision.number - 1 else None
    if revision.number == 1 and revision.parent is not None:
        return "does not begin the chain"
    if follows is not None and revision.parent != follows:
        return "does not follow from the one before it"
    return None


def _ranges(numbers: list[int]) -> str:
    """Numbers as a person writes them.

    >>> _ranges([1, 2, 3, 7, 9, 10])
    '1 to 3, 7, 9 to 10'
    """
    runs = (
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), lambda each: each[1] - each[0])
    )
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def conflict(config: str, head: Revision | None, expect: int) -> ConflictError:
    """The error for a head that is not the one that was expected."""
    number = head.number if head else 0
    by = f", by {head.author}: {head.reason}" if head else ""
    moved = f"planned on revision {expect}, now {number}{by}"
    return ConflictError(f"the head of '{config}' moved: {moved}", hint="plan again on the new head")


def replaced(config: str, head: Revision) -> ConflictError:
    """The error for a head with the number that was expected, of another history."""
    return ConflictError(
        f"the history was replaced: revision {head.number} of '{config}' is not the one that this was planned on",
        hint="was a backup restored? Plan again on the new head",
    )


def to_json(revision: Revision) -> dict[str, Any]:
    """What is known of a revision beside its content, without what is not set."""
    values = {
        name: value for name in _OF_REVISION if (value := getattr(revision, name)) not in (None, (), False)
    }
    return values | {"created_at": revision.created_at.isoformat()}


def from_json(header: Any, load: Callable[[], bytes]) -> Revision:
    """The revision that `to_json` told of. Raises `IntegrityError` for anything else."""
    try:
        values = {name: header[name] for name in _OF_REVISION if name in header}
        values["created_at"] = datetime.fromisoformat(values["created_at"])
        values["labels"] = tuple(values.get("labels", ()))
        return Revision(load=load, **values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(f"not a revision as it was written: {error!r}") from error
