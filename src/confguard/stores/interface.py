"""What a store is, and the values it keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from attrs import field, frozen

from confguard.documents.document import Document, parse_bytes

__all__ = ["Draft", "PendingBake", "Publish", "Revision", "Store"]


@frozen(kw_only=True)
class Draft:
    """What is to become a revision."""

    content: bytes = field(repr=False)
    format: str
    author: str
    reason: str
    created_at: datetime
    reverts: int | None = None
    override: str | None = None
    approved_by: str | None = None


@frozen(kw_only=True, slots=False)
class Revision:
    """One immutable version of a config."""

    config: str
    number: int
    """From 1, without gaps."""
    content: bytes = field(repr=False)
    """The exact bytes."""
    format: str
    author: str
    reason: str
    created_at: datetime
    """In UTC."""
    reverts: int | None = None
    """For a revert: the number of the revision whose bytes it brought back."""
    override: str | None = None
    """Why the policy was overridden, if it was."""
    approved_by: str | None = None
    """Who approved it, if an approval was asked for."""
    parent: str | None = None
    """The digest of the revision before; None for the first."""
    digest: str
    """SHA-256 over the content and all the above, the parent's digest among it: a link of the chain."""

    @cached_property
    def document(self) -> Document:
        """The revision as a parsed document. Raises `DocumentError` for adopted bytes that do not parse."""
        return parse_bytes(self.content, self.format, path=None)

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


Publish = Callable[[Revision], None]


class Store(Protocol):
    """Where revisions live. Every method is safe to call from several threads and processes."""

    def append(
        self, config: str, drafts: Sequence[Draft], *, expect: int, bake: PendingBake | None = None
    ) -> list[Revision]:
        """Append revisions in one transaction if the head's number is `expect` (0: none).

        The config is then unsettled until `publish` has run. Raises `ConflictError` if the head moved.
        """
        ...

    def publish(self, config: str, write: Publish) -> None:
        """Call `write` with the head while nobody else can append or publish; then the config is settled."""
        ...

    def unsettled(self, config: str) -> bool:
        """Was the head appended, but perhaps not published?"""
        ...

    def head(self, config: str) -> Revision | None:
        """The newest revision; None if there is none."""
        ...

    def get(self, config: str, number: int) -> Revision:
        """One revision. Raises `NotFoundError`."""
        ...

    def history(self, config: str, limit: int | None = None) -> list[Revision]:
        """Revisions, newest first."""
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

    def verify(self, config: str) -> int:
        """Check the whole chain and return its length. Raises `IntegrityError` at the first bad link."""
        ...

    def close(self) -> None:
        """Give back what the store holds open."""
        ...
