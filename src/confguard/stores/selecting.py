"""Which revisions are meant: by number, time or label, the ones before, and those that keep their content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from heapq import nlargest
from itertools import takewhile
from typing import Any, TypeVar

from attrs import field, frozen

from confguard.errors import NotFoundError
from confguard.fields import Duration
from confguard.stores.interface import Revision, Store

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
        before.content_digest == head.content_digest or after.supersedes == before.number
    ):
        after, before = before, previous(store, before)
    return before


def brought(store: Store, head: Revision) -> Revision:
    """The revision that brought what a head holds: later ones gave the same bytes a label, or wrote them again."""
    while not head.is_revert:
        before = previous(store, head)
        if before is None or before.content_digest != head.content_digest:
            break
        head = before
    return head


def without_repeats(newest_first: Iterable[Revision]) -> list[Revision]:
    """Revisions without copies of what was found in targets, and without those that hold what the one before held."""
    kept: list[Revision] = []
    for revision in newest_first:
        if revision.drift_copy:
            continue
        if kept and kept[-1].content_digest == revision.content_digest and not kept[-1].is_revert:
            kept.pop()
        kept.append(revision)
    return kept


def revisions_between(store: Store, start: datetime, end: datetime, limit: int) -> list[Revision]:
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


_T = TypeVar("_T")


@frozen
class Retention:
    """What stays: the newest `last` revisions, all that are younger than `within`, and those with a label.

    The head, what a bake would go back to, and every revision's place in the chain stay in any case.

    >>> Retention(last=20, within="90d", labelled=True)
    Retention(last=20, within=Duration('90d'), labelled=True)
    """

    last: int = field(default=100)
    within: Duration = field(default=Duration("90d"), converter=Duration)
    labelled: bool = True

    @last.validator
    def _check_last(self, _: Any, value: int) -> None:
        if value < 2:
            raise ValueError(f"last must be 2 or more, so that there is something to go back to, not {value}")

    def kept(self, newest_first: Iterable[Revision], now: datetime) -> frozenset[int]:
        """The numbers of the revisions that keep their content."""
        oldest = now - self.within
        return frozenset(
            revision.number
            for index, revision in enumerate(newest_first)
            if index < self.last or revision.created_at >= oldest or (self.labelled and revision.labels)
        )


def contents_to_keep(contents: Iterable[tuple[int, _T]], keep: frozenset[int]) -> set[_T]:
    """Of contents, each with its revision's number, those that stay when all but the ones to `keep` are thinned out.

    >>> sorted(contents_to_keep([(1, "a"), (2, "b"), (3, "c"), (4, "d")], frozenset({1, 3})))
    ['a', 'c', 'd']
    """
    newest = max(keep, default=0)  # what is newer was appended since it was worked out
    return {content for number, content in contents if number in keep or number > newest}
