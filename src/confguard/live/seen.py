"""What was seen of settings, wherever they come from."""

from __future__ import annotations

from attrs import frozen

from confguard.documents.document import Document

__all__ = ["Seen"]


@frozen
class Seen:
    """What a feed holds: the document, with the number and the digest by which one tells it from others.

    A number may come twice, where a store was restored from a backup; a digest is of one revision alone.
    """

    number: int
    document: Document
    digest: str
    parent: str | None = None
    """The digest of what it followed."""
