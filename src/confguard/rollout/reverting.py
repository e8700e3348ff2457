"""Reverting by hand: which revision is gone back to, and what a revert means that is said once more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from confguard.diffs.engine import compare
from confguard.diffs.merging import merge
from confguard.documents.bundle import Bundle
from confguard.documents.document import Document
from confguard.documents.writing import write as write_anew
from confguard.errors import ConflictError, DocumentError, MergeConflictError, NotFoundError
from confguard.interrupting import interruptible
from confguard.rollout import recovering
from confguard.rollout.changes import (
    HeadChange,
    author_name,
    change_back,
    change_to,
    draft_of,
    without_secrets,
)
from confguard.rollout.going_back import check_done, go_back
from confguard.rollout.places import Place
from confguard.schema.schema import SchemaLike
from confguard.schema.sources import SourceData
from confguard.stores.finding import find, other_before, previous
from confguard.stores.interface import Draft, Revision

__all__ = ["revert", "without"]


def revert(
    places: Sequence[Place],
    to: int | datetime | str | None = None,
    *,
    only: int | None = None,
    reason: str,
    author: str | None = None,
) -> list[Revision]:
    """Bring back earlier revisions of several configs, all of them or none.

    Neither policy, nor drift, nor a head that does not parse, nor a bake stands in the way. Where the heads are reverts
    already, and none is named to go back to, what is left to do of them is done: to revert them would bring the
    failure back. Raises `NotFoundError`, `MergeConflictError`, `ConflictError`, `TargetError` or `StoreError` when
    nothing was done, and `NotToldError` when it was, and a service could not be told.
    """
    reason = reason.strip()
    if not reason:
        raise ValueError("a reason is required: say why it is reverted")
    if to is not None and only is not None:
        raise ValueError("`to` goes back to a revision, `only` takes one back: both at once mean nothing")
    _check_asked(to, only)
    if to is None and only is None and any(_unfinished(place) for place in places):
        return _finished(places)
    name = author_name(author)
    with interruptible():
        done = go_back(places, lambda: [_reverted(place, to, only, reason, name) for place in places])
    check_done(done)
    return [each.revision for each in done]


def _check_asked(to: object, only: object) -> None:
    """Raise `TypeError`, with what is wanted, for what names no revision."""
    if only is not None and (not isinstance(only, int) or isinstance(only, bool)):
        raise TypeError(
            f"`only` is the number of the revision to take back, such as 12, and not {type(only).__name__}: "
            "all that it changed goes; for one setting of it, plan and apply a change"
        )
    if to is not None and (not isinstance(to, int | str | datetime) or isinstance(to, bool)):
        raise TypeError(f"`to` is a revision's number, a time or a label, and not {type(to).__name__}")


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
    if isinstance(head, Bundle) and isinstance(before, Bundle) and isinstance(undone, Bundle):
        return _without_in_files(before, undone, head, schema, what)
    merged = merge(undone, head, before, schema)
    if not merged.clean:
        listed = "\n".join(f"  {each}" for each in merged.conflicts)
        raise MergeConflictError(
            f"{what} cannot be taken back by itself: changed again since\n{listed}",
            hint="ours is the head, theirs what was before; write what is meant, and apply that",
            conflicts=merged.conflicts,
        )
    try:
        return head.edit(compare(SourceData(head.data), SourceData(merged.data)))
    except DocumentError:  # what cannot be edited in place is written anew
        return write_anew(merged.data, head.format)


def _without_in_files(
    before: Bundle, undone: Bundle, head: Bundle, schema: SchemaLike, what: str
) -> Document:
    """The same file by file: those that the step did not touch stay byte for byte."""
    files: dict[str, bytes | None] = {}
    for name in dict.fromkeys([*before.files, *undone.files]):
        was, became, now = (side.files.get(name) for side in (before, undone, head))
        if _content(was) == _content(became) or _content(now) == _content(was):
            continue
        if was and became and now and now.content != became.content:
            files[name] = without(was, became, now, schema, what).content
        elif _content(now) != _content(became):
            raise MergeConflictError(f"{what} cannot be taken back by itself: {name} came or went since")
        else:
            files[name] = _content(was)
    return head.with_files(files)


def _content(document: Document | None) -> bytes | None:
    return document.content if document else None


def _reverted(
    place: Place, to: int | datetime | str | None, only: int | None, reason: str, author: str
) -> HeadChange:
    """What a revert by hand does to one config."""
    head = place.head()
    if head is None:
        raise NotFoundError(f"'{place.config}' has no revision: there is nothing to go back to")
    if only is not None:
        reason = without_secrets(place, reason, head, place.revision(only))
        return change_to(place, _taken_out(place, head, only, reason, author), head)
    back = find(place.store, place.config, to) if to is not None else _before(place, head)
    reason = without_secrets(place, reason, head, back)
    return change_back(place, back, head, reason, author)


def _unfinished(place: Place) -> bool:
    """Is the head a revert that was cut off, edited over, or not told?"""
    head, state = place.head(), place.state()
    if head is None or head.reverts is None:
        return False
    incomplete = state is not None and not state.complete
    return incomplete or any(each.content != head.content for each in place.held())


def _finished(places: Sequence[Place]) -> list[Revision]:
    """Finish reverts; the heads. Raises `ConflictError` if one of them is none: nothing is done by halves."""
    for place in places:
        head = place.head()
        if head is None or head.reverts is None:
            finished = next(each for each in places if _unfinished(each))
            raise ConflictError(
                f"the head of '{finished.config}' is a revert that is not finished,"
                f" and that of '{place.config}' is none",
                hint=f"confguard recover {finished.config}; then revert '{place.config}' alone",
            )
    for place in places:
        if _unfinished(place):
            recovering.finish(place)
    return [recovering.the_head(place) for place in places]


def _before(place: Place, head: Revision) -> Revision:
    """The revision that the head replaced; the last one that has proved itself, while it bakes.

    Raises `ConflictError` where the head is a revert itself: whoever means to take that back names the revision.
    """
    if head.reverts is not None:
        raise ConflictError(
            f"revision {head.number} of '{place.config}' is a revert already, to {head.reverts}, and in force:"
            f" {head.reason}",
            hint=f"name the revision to go back to: to=N, --to N (confguard log {place.config})",
        )
    pending = place.pending_bake()
    if pending and pending.back:
        return place.revision(pending.back)
    back = other_before(place.store, head)
    if back is None:
        raise NotFoundError(f"'{place.config}' has only one revision: there is nothing to go back to")
    return back


def _taken_out(place: Place, head: Revision, only: int, reason: str, author: str) -> Draft:
    """The draft of the head without what one earlier revision changed."""
    undone = place.revision(only)
    before = previous(place.store, undone)
    if before is None:
        raise NotFoundError("the first revision has none before it that could be gone back to")
    document = without(before.document, undone.document, head.document, place.schema, f"revision {only}")
    return draft_of(document, author, f"revision {only} is taken back: {reason}", place.clock())
