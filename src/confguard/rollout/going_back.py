"""Going back: by hand, from what a service refuses, from a bake that failed. What is decided here is never undone.

The bytes that were there before are in every target, or `recovering` puts them there; whether the service could be told
of them is another question, and said apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from confguard.diff.engine import diff
from confguard.diff.merge import merge
from confguard.documents.bundle import Bundle
from confguard.documents.document import Document
from confguard.documents.writing import write as write_anew
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
    TargetError,
)
from confguard.rollout.changes import (
    Change,
    author_name,
    change_to,
    draft_as_it_was,
    draft_of,
    without_secrets,
)
from confguard.rollout.interrupting import interruptible, uninterrupted
from confguard.rollout.places import Place, locked
from confguard.rollout.steps import Done, tell_of_heads, write
from confguard.schema.schema import SchemaLike
from confguard.stores.finding import find, previous
from confguard.stores.interface import Draft, Revision

__all__ = ["bake_failed", "go_back", "not_done", "revert", "take_back", "without"]


def revert(
    places: Sequence[Place],
    to: int | datetime | str | None = None,
    *,
    only: int | None = None,
    reason: str,
    author: str | None = None,
) -> list[Revision]:
    """Bring back earlier revisions of several configs, all of them or none.

    Neither policy, nor drift, nor a head that does not parse, nor a bake stands in the way. Raises `NotFoundError`,
    `MergeConflictError`, `ConflictError`, `TargetError` or `StoreError` when nothing was done, and `NotToldError`
    when it was, and a service could not be told.
    """
    reason = reason.strip()
    if not reason:
        raise ValueError("a reason is required: say why it is reverted")
    if to is not None and only is not None:
        raise ValueError("`to` goes back to a revision, `only` takes one back: both at once mean nothing")
    name = author_name(author)
    with interruptible():
        done = go_back(places, lambda: [_reverted(place, to, only, reason, name) for place in places])
    error = not_done(done)
    if error:
        raise error
    return [each.revision for each in done]


def go_back(places: Sequence[Place], changes_of: Callable[[], Sequence[Change]]) -> list[Done]:
    """Write what was before, tell the services, and say what of that could not be done."""
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


def not_done(done: Sequence[Done]) -> ConfguardError | None:
    """The error for what could not be written or told, or was replaced meanwhile; None if all is done."""
    for each in done:
        if each.not_written:
            return _not_written(each)
        if each.replaced_by:
            return _replaced(each)
    untold = [each for each in done if each.not_told]
    if not untold:
        return None
    said = "\n".join(f"{_in_force(each)}; the service was not told: {each.not_told}" for each in untold)
    return NotToldError(said, hint=_tell_again(untold), revision=untold[0].revision)


def take_back(done: Sequence[Done]) -> ConfguardError:
    """Undo a change that could not be written everywhere, or that a service refuses; the error that says so."""
    replaced = next((each for each in done if each.replaced_by), None)
    if replaced:
        return _taken_back_with(replaced, [each for each in done if not each.replaced_by and each.back])
    failed = next(each for each in done if each.problem)
    what = f"revision {failed.revision.number} of '{failed.place.config}'"
    if not any(each.back for each in done):  # there is nothing to go back to: what was decided stays
        return not_done(done) or RefusedError(str(failed.problem))
    try:
        undone = _undone(done, f"taken back: {failed.problem}")
    except ConflictError:
        return RefusedError(f"{what}: {failed.problem}; somebody replaced it meanwhile", hint=_log(failed))
    except ConfguardError as error:
        said = f"{what}: {failed.problem}; it could not be taken back: {error}"
        return TargetError(said, hint=_revert_hint(failed))
    if not failed.back:
        first = f"{what} is the first, and stays: {failed.problem}"
        return _with_others(first, _log(failed), undone, not_done([failed, *undone]))
    said = f"{what} was taken back: {failed.problem}"
    left = not_done(undone)
    if isinstance(left, NotToldError):
        return NotToldError(f"{said}\n{left}", hint=left.hint, revision=left.revision)
    if left:
        return TargetError(f"{said}\n{left}", hint=left.hint)
    told = ", and its service was told" if failed.place.reloads else ""
    back = next(each for each in undone if each.place is failed.place)
    return RefusedError(f"{said}\n{_in_force(back)}{told}", hint=_log(failed))


def bake_failed(done: Sequence[Done], why: str) -> ConfguardError:
    """Undo what did not prove itself; the error that says so."""
    last = done[0]
    what = f"revision {last.revision.number} of '{last.place.config}'"
    for each in done:
        if not each.back:
            each.place.store.end_bake(each.place.config, each.revision.number)
    if not any(each.back for each in done):
        return BakeFailedError(f"{what} failed, and there is none to go back to: {why}")
    try:
        undone = _undone(done, why)
    except ConflictError:
        return BakeFailedError(f"{what} failed and was replaced since: {why}", hint=_log(last))
    except ConfguardError as error:
        said = f"{what} failed: {why}; it could not be reverted: {error}"
        return BakeFailedError(said, hint=_revert_hint(last))
    said = f"{what} was reverted: {why}"
    left = not_done(undone)
    if isinstance(left, NotToldError):
        return BakeNotToldError(f"{said}\n{left}", hint=left.hint, revision=left.revision)
    if left:
        return BakeFailedError(f"{said}\n{left}", hint=left.hint)
    return BakeFailedError(said, hint=f"{_in_force(undone[0])}; {_log(last)}")


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
        return head.edit(diff(head.data, merged.data))
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
) -> Change:
    """What a revert by hand does to one config."""
    head = place.store.head(place.config)
    if head is None:
        raise NotFoundError(f"'{place.config}' has no revision: there is nothing to go back to")
    if only is not None:
        reason = without_secrets(place, reason, head, place.store.get(place.config, only))
        return change_to(place, _taken_out(place, head, only, reason, author), head)
    back = find(place.store, place.config, to) if to is not None else _before(place, head)
    reason = without_secrets(place, reason, head, back)
    return change_to(place, draft_as_it_was(back, author, reason, place.clock()), head)


def _before(place: Place, head: Revision) -> Revision:
    """The revision that the head replaced; the last one that has proved itself, while it bakes."""
    pending = place.store.pending_bake(place.config)
    if pending and pending.back:
        return place.store.get(place.config, pending.back)
    back = previous(place.store, head)
    if back is None:
        raise NotFoundError(f"'{place.config}' has only one revision: there is nothing to go back to")
    return back


def _taken_out(place: Place, head: Revision, only: int, reason: str, author: str) -> Draft:
    """The draft of the head without what one earlier revision changed."""
    undone = place.store.get(place.config, only)
    before = previous(place.store, undone)
    if before is None:
        raise NotFoundError("the first revision has none before it that could be gone back to")
    document = without(before.document, undone.document, head.document, place.schema, f"revision {only}")
    return draft_of(document, author, f"revision {only} is taken back: {reason}", place.clock())


def _undone(done: Sequence[Done], why: str) -> list[Done]:
    """Make what has proved itself the heads again. Raises `ConflictError` if what was done is not the head any more."""
    stood = [each for each in done if each.back]

    def changes() -> list[Change]:
        return [
            change_to(
                each.place, draft_as_it_was(_back(each), "confguard", why, each.place.clock()), each.revision
            )
            for each in stood
        ]

    return go_back([each.place for each in stood], changes)


def _back(each: Done) -> Revision:
    return each.place.store.get(each.place.config, each.back)


def _not_written(each: Done) -> TargetError:
    number, config = each.revision.number, each.place.config
    return TargetError(
        f"revision {number} of '{config}' is the head, and not yet in every target: {each.not_written}",
        hint=f"mend that, and then: confguard recover {config}",
    )


def _taken_back_with(replaced: Done, others: Sequence[Done]) -> ConfguardError:
    """The error for what somebody replaced while its service was told; what changed with it does not stay alone."""
    error = _replaced(replaced)
    if not others:
        return error
    try:
        undone = _undone(others, f"taken back: {error}")
    except ConfguardError as wrong:
        said = f"{error}\nwhat changed with it could not be taken back: {wrong}"
        return TargetError(said, hint=_revert_hint(others[0]))
    return _with_others(str(error), _log(replaced), undone, not_done(undone))


def _with_others(said: str, hint: str, undone: Sequence[Done], left: ConfguardError | None) -> ConfguardError:
    """The error for one of several, which says that the others were taken back, and what is left of that."""
    names = ", ".join(f"'{each.place.config}'" for each in undone)
    said = f"{said}\nwhat changed with it was taken back: {names}"
    if isinstance(left, NotToldError):
        return NotToldError(f"{said}\n{left}", hint=left.hint, revision=left.revision)
    return TargetError(f"{said}\n{left}", hint=left.hint) if left else RefusedError(said, hint=hint)


def _replaced(each: Done) -> RefusedError:
    return RefusedError(
        f"revision {each.revision.number} of '{each.place.config}' is not in force:"
        f" revision {each.replaced_by} replaced it while its service was told",
        hint=_log(each),
    )


def _in_force(each: Done) -> str:
    number, back = each.revision.number, each.revision.reverts
    bytes_of = f", the bytes of revision {back}," if back is not None else ""
    return f"revision {number} of '{each.place.config}'{bytes_of} is in {each.place.names()}"


def _tell_again(untold: Sequence[Done]) -> str:
    commands = "; ".join(f"confguard tell {each.place.config}" for each in untold)
    return f"the service runs, if it does, on what it was told before; once it answers: {commands}"


def _log(each: Done) -> str:
    return f"confguard log {each.place.config}"


def _revert_hint(each: Done) -> str:
    return f"confguard revert {each.place.config}, or confguard recover {each.place.config}"
