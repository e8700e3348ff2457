"""What was seen of settings, wherever they come from."""

from __future__ import annotations

from attrs import frozen

from confguard.documents.document import Document

__all__ = ["Seen"]


@frozen
class Seen:
    """What a feed holds: a number that grows with every change, and the document."""

    number: int
    document: Document
