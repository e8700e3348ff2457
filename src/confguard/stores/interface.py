"""What a store is, and the values it keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from threading import Event
from typing import Any, Protocol

from attrs import field, frozen

from confguard.documents.document import Document, parse_bytes
from confguard.errors import IntegrityError, NotFoundError

__all__ = ["Append", "Draft", "PendingBake", "Revision", "Store"]


@frozen(kw_only=True)
class Draft:
    """What is to become a revision."""

    content: bytes = field(repr=False)
    format: str
    author: str
    reason: str
    created_at: datetime
    data_digest: str | None = None
    reverts: int | None = None
    override: str | None = None
    approved_by: str | None = None
    ticket: str | None = None
    labels: tuple[str, ...] = ()


@frozen(kw_only=True, slots=False)
class Revision:
    """One immutable version of a config."""

    config: str
    number: int
    """From 1, without gaps."""
    content_digest: str
    """SHA-256 of the exact bytes."""
    format: str
    author: str
    reason: str
    created_at: datetime
    """In UTC."""
    data_digest: str | None = None
    """SHA-256 of what the bytes say, whatever their layout and format; None where they do not parse."""
    reverts: int | None = None
    """For a revert: the number of the revision whose bytes it brought back."""
    override: str | None = None
    """Why the policy was overridden, if it was."""
    approved_by: str | None = None
    """Who approved it, if an approval was asked for."""
    ticket: str | None = None
    """Where the change was asked for or discussed."""
    labels: tuple[str, ...] = ()
    """Names it was given: `stable`, `2026-11`."""
    parent: str | None = None
    """The digest of the revision before; None for the first."""
    digest: str
    """SHA-256 over all the above, the parent's digest among it: a link of the chain."""
    signature: str | None = None
    """An SSH signature of the digest, if it was signed."""
    load: Callable[[], bytes] = field(repr=False, eq=False)
    """How the store finds the content."""

    @cached_property
    def content(self) -> bytes:
        """The exact bytes, read when first used. Raises `NotFoundError` if retention has thinned them out."""
        content = self.load()
        if hashlib.sha256(content).hexdigest() != self.content_digest:
            raise IntegrityError(
                f"the content of revision {self.number} of '{self.config}' is not what was written",
                hint="`confguard verify` says which revisions are still good",
            )
        return content

    def content_if_there(self) -> bytes | None:
        """The exact bytes; None if retention has thinned them out."""
        try:
            return self.content
        except NotFoundError:
            return None

    @cached_property
    def document(self) -> Document:
        """The revision as a parsed document. Raises `DocumentError` for adopted bytes that do not parse."""
        return parse_bytes(
            self.content, self.format, path=None, tags=["*"]
        )  # they were named when it came in

    @property
    def text(self) -> str:
        """The exact text."""
        return self.content.decode("utf-8")

    @property
    def data(self) -> Any:
        """What the text says."""
        return self.document.data


@frozen
class PendingBake:
    """A head that is being watched: unless it is settled before `abandoned_at`, it is to be reverted."""

    revision: int
    deadline: datetime
    abandoned_at: datetime
    """When whoever watched it must be taken for dead: the deadline and a grace."""


@frozen
class Append:
    """Revisions that are to follow the head of one config."""

    config: str
    revisions: tuple[Revision, ...]
    """Linked: the first one's parent is the head that it is to follow."""
    place: str | None = None
    """The targets that they are to be written to: unsettled until that is done."""
    bake: PendingBake | None = None


class Store(Protocol):
    """Where revisions live. Every method is safe to call from several threads and processes."""

    local: bool
    """Is it of this machine alone? Then the paths of targets tell them from all others that it knows."""

    def commit(self, *appends: Append) -> None:
        """Append to one config or several, in one transaction: all of it or nothing.

        When it has returned, all is durable. Each place is then unsettled, at the number of its newest revision, and
        a bake that was pending before is over. Raises `ConflictError` if a head is not the one to be followed.
        """
        ...

    def unsettled(self, config: str, place: str) -> int | None:
        """The newest revision that was to be written to a place, and perhaps was not."""
        ...

    def settle(self, config: str, place: str, number: int) -> None:
        """A place holds revision `number`: it is settled, unless a newer one came in the meantime."""
        ...

    def newest(self, config: str) -> int:
        """The number of the head; 0 if there is none."""
        ...

    def head(self, config: str) -> Revision | None:
        """The newest revision; None if there is none."""
        ...

    def get(self, config: str, number: int) -> Revision:
        """One revision. Raises `NotFoundError`."""
        ...

    def history(self, config: str, limit: int | None = None, before: int | None = None) -> list[Revision]:
        """Revisions, newest first: at most `limit`, and only those with numbers below `before`."""
        ...

    def walk(self, config: str) -> Iterator[Revision]:
        """All revisions, oldest first, as they are stored: neither checked nor complete."""
        ...

    def damage(self, config: str) -> str | None:
        """What is wrong with the store itself, beside the chain of revisions."""
        ...

    def configs(self) -> list[str]:
        """The names of all configs that have a revision."""
        ...

    def pending_bake(self, config: str) -> PendingBake | None:
        """The bake that is under way."""
        ...

    def settle_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision. False if it was ended before."""
        ...

    def thin(self, config: str, keep: frozenset[int]) -> int:
        """Drop the content of all revisions but these, and say of how many; the chain stays whole."""
        ...

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        """Yield whenever the head may have moved, at least every `patience` seconds, until `stop` is set.

        What comes after the first is not missed for longer than a second. Raises `StoreError` when the store is lost.
        """
        ...

    def close(self) -> None:
        """Give back what the store holds open."""
        ...


def thinned(config: str, number: int) -> NotFoundError:
    """The error for content that is not there any more."""
    return NotFoundError(
        f"the content of revision {number} of '{config}' was thinned out",
        hint="its place in the chain stays; an export made before holds the bytes",
    )
