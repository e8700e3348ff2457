"""Writing data as a text of a format, for programs that plan a mapping instead of a file."""

from __future__ import annotations

from typing import Any

from confguard.documents.document import Document, parse
from confguard.documents.registry import format_named
from confguard.errors import DocumentError
from confguard.values import same

__all__ = ["write"]


def write(data: Any, format: str) -> Document:
    """The document that holds this data. Raises `DocumentError` where the format cannot hold it exactly.

    >>> print(write({"server": {"port": 80}}, "toml").text, end="")
    [server]
    port = 80
    >>> write({"port": 80}, "env")
    Traceback (most recent call last):
        ...
    confguard.errors.DocumentError: env cannot hold this data exactly: hand in a file instead
    """
    problem = f"{format} cannot hold this data exactly: hand in a file instead"
    try:
        document = parse(format_named(format).write(data), format)
    except NotImplementedError:
        raise DocumentError(
            f"confguard does not write {format}", hint="hand in a file instead of a mapping"
        ) from None
    except (TypeError, ValueError, AttributeError, RecursionError, DocumentError) as error:
        raise DocumentError(problem) from error
    if not same(document.data, data):
        raise DocumentError(problem)
    return document
