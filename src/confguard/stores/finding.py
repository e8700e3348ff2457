"""Finding a revision by what a person knows of it: its number, a time, a label."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import nlargest
from itertools import takewhile

from confguard.errors import NotFoundError
from confguard.stores.interface import SUPERSEDES, Revision, Store

__all__ = ["find", "made_between", "other_before", "previous"]

_PAGE = 100


def find(store: Store, config: str, to: int | datetime | str) -> Revision:
    """The revision with that number, the one that was the head at that time, or the newest one with that label.

    Raises `NotFoundError`.
    """
    if isinstance(to, int):
        return store.get(config, to)
    if isinstance(to, datetime):
        to = to.astimezone(UTC)  # one without a zone is local time
    for revision in _newest_first(store, config):
        if (
            to in revision.labels
            if isinstance(to, str)
            else revision.created_at <= to and not revision.drift_copy
        ):
            return revision
    what = f"with the label '{to}'" if isinstance(to, str) else f"at {to.isoformat()}, or before"
    raise NotFoundError(f"'{config}' has no revision {what}", hint=f"confguard log {config}")


def previous(store: Store, revision: Revision) -> Revision | None:
    """The revision that was the head before another one; None if that was the first.

    Copies of what was found in targets never were the head. But before the first revision, what the first target held
    was in force, even where it could not be imported.
    """
    copy: Revision | None = None
    for each in _newest_first(store, revision.config, before=revision.number):
        if not each.drift_copy:
            return each
        copy = copy or each
    return copy


def other_before(store: Store, head: Revision) -> Revision | None:
    """What a revert goes back to: the revision that was the head before, and held other bytes than the head does.

    A head that was written again, behind a copy of what somebody wrote over it, is the same one to go back from. What
    somebody superseded while it was watched has not proved itself, and is passed over.
    """
    after, before = head, previous(store, head)
    while before is not None and (
        before.content_digest == head.content_digest
        or SUPERSEDES.format(before.number) in (after.override or "")
    ):
        after, before = before, previous(store, before)
    return before


def made_between(store: Store, start: datetime, end: datetime, limit: int) -> list[Revision]:
    """What `Store.between` says, config by config: for a store that cannot be asked for all of them at once."""
    recent = (
        revision
        for config in store.configs()
        for revision in takewhile(lambda each: each.created_at >= start, _newest_first(store, config))
        if revision.created_at <= end
    )
    return nlargest(limit, recent, key=lambda each: each.created_at)


def _newest_first(store: Store, config: str, before: int | None = None) -> Iterator[Revision]:
    page = store.history(config, _PAGE if before is None else 2, before)
    while page:
        yield from page
        page = store.history(config, _PAGE, page[-1].number)
