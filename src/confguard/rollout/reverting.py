"""Going back: by hand, from what a service refuses, and from a bake that failed. What is decided here is never undone.

The bytes that were there before are in every target, or `recovering` puts them there; whether the service could be told
of them is another question, and said apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from attrs import evolve

from confguard import telemetry
from confguard.diffs.engine import compare
from confguard.diffs.merging import merge
from confguard.documents.bundle import Bundle
from confguard.documents.document import Document
from confguard.documents.document import write as write_anew
from confguard.errors import (
    BakeFailedError,
    BakeNotToldError,
    ConfguardError,
    ConflictError,
    DocumentError,
    MergeConflictError,
    NotFoundError,
    NotToldError,
    RefusedError,
    StoreError,
    TargetError,
)
from confguard.interrupting import interruptible, uninterrupted
from confguard.rollout import recovering
from confguard.rollout.changes import (
    HeadChange,
    author_name,
    change_back,
    change_to,
    draft_of,
    stripped,
    without_secrets,
)
from confguard.rollout.places import Place, locked
from confguard.rollout.steps import Done, check_done, failure, newer, tell_of_heads, write
from confguard.schema.schema import SchemaLike
from confguard.schema.sources import SourceData
from confguard.stores.interface import Draft, Revision
from confguard.stores.selecting import brought, find, other_before, previous


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
    why = stripped(reason, "the reason")
    if why is None:
        raise ValueError("a reason is required: say why it is reverted")
    if to is not None and only is not None:
        raise ValueError("`to` goes back to a revision, `only` takes one back: both at once mean nothing")
    _check_asked(to, only)
    if to is None and only is None and any(_unfinished(place) for place in places):
        return _finish_reverts(places)
    name = author_name(author)
    with interruptible():
        done = go_back(places, lambda: [_change_of(place, to, only, why, name) for place in places])
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


def _change_of(
    place: Place, to: int | datetime | str | None, only: int | None, reason: str, author: str
) -> HeadChange:
    """What a revert by hand does to one config."""
    head = place.head()
    if head is None:
        raise NotFoundError(f"'{place.config}' has no revision: there is nothing to go back to")
    if only is not None:
        reason = without_secrets(place, reason, head, place.revision(only))
        return change_to(place, _draft_without(place, head, only, reason, author), head)
    back = find(place.store, place.config, to) if to is not None else _before(place, head)
    reason = without_secrets(place, reason, head, back)
    return change_back(place, back, head, reason, author)


def _unfinished(place: Place) -> bool:
    """Is the head a revert that was cut off, edited over, or not told?"""
    head, state = place.head(), place.state()
    if head is None or not brought(place.store, head).is_revert:
        return False
    incomplete = state is not None and not state.complete
    return incomplete or any(each.content != head.content for each in place.held(head.content))


def _finish_reverts(places: Sequence[Place]) -> list[Revision]:
    """Finish reverts; the heads. Raises `ConflictError` if one of them is none: nothing is done by halves."""
    for place in places:
        head = place.head()
        if head is None or not brought(place.store, head).is_revert:
            finished = next(each for each in places if _unfinished(each))
            raise ConflictError(
                f"the head of '{finished.config}' is a revert that is not finished,"
                f" and that of '{place.config}' is none",
                hint=f"confguard recover {finished.config}; then revert '{place.config}' alone",
            )
    for place in places:
        if _unfinished(place):
            recovering.finish(place)
    return [recovering.head_of(place) for place in places]


def _before(place: Place, head: Revision) -> Revision:
    """The revision that the head replaced; the last one that has proved itself, while it bakes.

    Raises `ConflictError` where the head is a revert itself: whoever means to take that back names the revision.
    """
    number, head = head.number, brought(place.store, head)
    if head.is_revert:
        to = f", to {head.reverts}" if head.reverts is not None else f", of {head.takes_back} alone"
        kept = "" if number == head.number else f" as revision {number}"
        raise ConflictError(
            f"revision {head.number} of '{place.config}' is a revert already{to}, and in force{kept}: {head.reason}",
            hint=f"name the revision to go back to: to=N, --to N (confguard log {place.config})",
        )
    pending = place.pending_bake()
    if pending and pending.back:
        return place.revision(pending.back)
    back = other_before(place.store, head)
    if back is None:
        raise NotFoundError(f"'{place.config}' has nothing to go back to: nothing else was in force before")
    return back


def _draft_without(place: Place, head: Revision, only: int, reason: str, author: str) -> Draft:
    """The draft of the head without what one earlier revision changed."""
    undone = place.revision(only)
    before = previous(place.store, undone)
    if before is None:
        raise NotFoundError("the first revision has none before it that could be gone back to")
    document = without(before.document, undone.document, head.document, place.schema, f"revision {only}")
    if document.content == head.content:
        raise ConflictError(
            f"nothing that revision {only} of '{place.config}' changed is in the head any more",
            hint=f"confguard log {place.config}",
        )
    reason = f"revision {only} is taken back: {reason}"
    return evolve(draft_of(document, author, reason, place.clock()), takes_back=only)


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
            since = "went" if now is None else "came again" if became is None else "was changed"
            then = "came with" if was is None else "went with" if became is None else "was changed by"
            raise MergeConflictError(
                f"{what} cannot be taken back by itself: {name} {then} it, and {since} since",
                hint=f"decide what {name} is to be, or that it goes, and apply that",
            )
        else:
            files[name] = _content(was)
    left = head.with_files(files)
    if not left.files:
        raise MergeConflictError(f"{what} cannot be taken back by itself: no file would be left")
    return left


def _content(document: Document | None) -> bytes | None:
    return document.content if document else None


def take_back(done: Sequence[Done]) -> ConfguardError:
    """Undo a change that could not be written everywhere, or that a service refuses; the error that says so."""
    replaced = next((each for each in done if each.replaced_by), None)
    if replaced:
        return _take_back_with(replaced, [each for each in done if not each.replaced_by and each.back])
    failed = next(each for each in done if each.problem)
    if not any(each.back for each in done):  # there is nothing to go back to: what was decided stays
        return failure(done) or RefusedError(str(failed.problem))
    try:
        undone = _undo(done, f"taken back: {failed.problem}")
    except ConflictError:
        return RefusedError(
            f"{failed.title}: {failed.problem}; somebody replaced it meanwhile", hint=failed.log
        )
    except ConfguardError as error:
        message = f"{failed.title}: {failed.problem}; it could not be taken back: {error}"
        return TargetError(message, hint=_revert_hint(failed))
    if not failed.back:
        message = f"{failed.title} is the first, and stays: {failed.problem}{_with_it(undone)}"
        return _and_left(message, failure([failed, *undone])) or RefusedError(message, hint=failed.log)
    message = f"{failed.title} was taken back: {failed.problem}"
    and_told = ", and its service was told" if failed.place.reloads else ""
    back = next(each for each in undone if each.place is failed.place)
    return _and_left(message, failure(undone)) or RefusedError(
        f"{message}\n{back.in_force}{and_told}", hint=failed.log
    )


def _take_back_with(replaced: Done, others: Sequence[Done]) -> ConfguardError:
    """The error for what somebody replaced while its service was told; what changed with it does not stay alone."""
    error = replaced.replaced()
    if not others:
        return error
    try:
        undone = _undo(others, f"taken back: {error}")
    except ConfguardError as wrong:
        message = f"{error}\nwhat changed with it could not be taken back: {wrong}"
        return TargetError(message, hint=_revert_hint(others[0]))
    message = f"{error}{_with_it(undone)}"
    return _and_left(message, failure(undone)) or RefusedError(message, hint=replaced.log)


def bake_failed(done: Sequence[Done], why: str) -> ConfguardError | None:
    """Undo what did not prove itself; the error that says so. None where somebody has let it stay meanwhile."""
    last = done[0]
    for each in done:
        if not each.back:
            with suppress(StoreError):  # the others are reverted all the same
                each.place.store.end_bake(each.place.config, each.revision.number)
    if not any(each.back for each in done):
        return BakeFailedError(
            f"{last.title} failed, and stays, as it is the first and there is none to go back to: {why}",
            hint=f"apply a better one; or, if the service was not there yet: confguard status {last.place.config}",
        )
    try:
        undone = _undo(done, why, unproved=True)
    except ConflictError:
        if not any(newer(each) for each in done):
            return None
        return BakeFailedError(f"{last.title} failed and was replaced since: {why}", hint=last.log)
    except ConfguardError as error:
        message = f"{last.title} failed: {why}; it could not be reverted: {error}"
        return BakeFailedError(message, hint=_revert_hint(last))
    message = f"{last.title} was reverted: {why}"
    left = _and_left(message, failure(undone), untold=BakeNotToldError, unwritten=BakeFailedError)
    return left or BakeFailedError(message, hint=f"{undone[0].in_force}; {last.log}")


def _undo(done: Sequence[Done], why: str, *, unproved: bool = False) -> list[Done]:
    """Make what has proved itself the heads again. Raises `ConflictError` if what was done is not the head any more.

    What is `unproved` is taken back only while it bakes; several that bake as one, while one of them does.
    """
    followed = [each for each in done if each.back]

    def changes() -> list[HeadChange]:
        baking = [each for each in followed if unproved and each.place.pending_bake()]
        if unproved and not baking:
            raise ConflictError("all were confirmed meanwhile, and stay")
        return [
            evolve(
                change_back(each.place, each.place.revision(each.back), each.revision, why),
                unproved=each in baking,
            )
            for each in followed
        ]

    return go_back([each.place for each in followed], changes)


def _with_it(undone: Sequence[Done]) -> str:
    names = ", ".join(f"'{each.place.config}'" for each in undone)
    return f"\nwhat changed with it was taken back: {names}"


def _and_left(
    message: str,
    left: ConfguardError | None,
    untold: type[NotToldError] = NotToldError,
    unwritten: type[ConfguardError] = TargetError,
) -> ConfguardError | None:
    """The error for what was taken back, and for what is left of that; None if nothing is."""
    if left is None:
        return None
    message = f"{message}\n{left}"
    if isinstance(left, NotToldError):
        return untold(message, hint=left.hint, revision=left.revision)
    return unwritten(message, hint=left.hint)


def _revert_hint(done: Done) -> str:
    return f"confguard revert {done.place.config}, or confguard recover {done.place.config}"


def go_back(places: Sequence[Place], changes_of: Callable[[], Sequence[HeadChange]]) -> list[Done]:
    """Write what was before, tell the services, and say what of that could not be done."""
    with telemetry.span("confguard.revert", [each.config for each in places]):
        with locked(places):
            changes = changes_of()
            with uninterrupted():
                done = write(changes)
        done = tell_of_heads(done)
    for each in done:
        detail = {"wrong": each.problem} if each.problem else {}
        reason = each.revision.reason
        each.place.emit("reverted", each.revision, to=each.revision.reverts, reason=reason, **detail)
    return done
