"""Which revisions keep their content when old ones are thinned out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from attrs import field, frozen

from confguard.fields import Duration
from confguard.stores.interface import Revision

__all__ = ["Retention", "contents_to_keep"]

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
