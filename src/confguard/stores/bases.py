"""What the next contents of a config can be packed on: remembered from one commit to the next."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from confguard.stores import packing
from confguard.stores.interface import Revision
from confguard.stores.sql_script import Base

__all__ = ["Bases"]

_REMEMBERED_BYTES = 2**23
"""The most that bases of one config may hold in memory."""


@define
class Bases:
    """The contents that revisions after a head can be packed on, by their numbers.

    They are all on the way from the head to its keyframe: what another process appended shows in the head's digest.
    """

    head: str | None
    contents: dict[int, tuple[bytes, int]] = field(factory=dict)
    """Content and depth."""

    def copied(self) -> Bases:
        """Another one that may be changed: a commit that fails changes nothing."""
        return Bases(self.head, dict(self.contents))

    def add(self, number: int, content: bytes, depth: int) -> None:
        """A content that later ones may be packed on."""
        on_the_way = packing.way_to(number)
        self.contents = {each: known for each, known in self.contents.items() if each in on_the_way}
        if sum(len(known) for known, _ in self.contents.values()) + len(content) <= _REMEMBERED_BYTES:
            self.contents[number] = (content, depth)

    def extended(self, revisions: Sequence[Revision]) -> dict[int, Base]:
        """The bases of revisions that follow; they may be bases themselves from then on."""
        bases: dict[int, Base] = {}
        for revision in revisions:
            content, number = revision.content_if_there(), packing.base_number(revision.number)
            depth = 0
            if content is not None and number in self.contents:
                base = Base(number, *self.contents[number])
                if base.depth < packing.MAX_DEPTH and packing.fits(content) and packing.fits(base.content):
                    bases[revision.number] = base
                    depth = base.depth + 1
            if content is not None:
                self.add(revision.number, content, depth)
            self.head = revision.digest
        return bases
