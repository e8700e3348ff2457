"""Parsing the bytes of a config: of one file, or of a bundle of several."""

from __future__ import annotations

from collections.abc import Iterable

from confguard.documents.bundle import BUNDLE, parse_bundle
from confguard.documents.document import Document, parse_content

__all__ = ["parse_bytes"]


def parse_bytes(
    content: bytes, format: str, *, path: str | None = None, tags: Iterable[str] = ()
) -> Document:
    """Parse the bytes of a file of a named format, or of a bundle of files. Raises `DocumentError`."""
    if format == BUNDLE:
        return parse_bundle(content, path, tags)
    return parse_content(content, format, path=path, tags=tags)
