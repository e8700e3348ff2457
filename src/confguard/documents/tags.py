"""The tags of YAML that a project names (`!Ref`, `!vault`): what carries one is read as its plain value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import cache

__all__ = ["is_named", "naming_tags"]

_NAMED: ContextVar[tuple[Callable[[], tuple[str, ...]], ...]] = ContextVar("named_tags", default=())
_OF_YAML = "tag:yaml.org,2002:"


@contextmanager
def naming_tags(tags: Iterable[str] | Callable[[], Iterable[str]]) -> Iterator[None]:
    """Within this context what carries one of these tags (or patterns, such as `!*`) is read as its plain value.

    What is to be called for them is called when a document has a tag that is not known, and no sooner.

    >>> from confguard.documents.document import parse
    >>> with naming_tags(["!Ref"]):
    ...     parse("queue: !Ref Jobs", "yaml").data
    {'queue': 'Jobs'}
    """
    named = tuple(tags) if not callable(tags) else ()
    tags_now = cache(lambda: tuple(tags()) if callable(tags) else named)
    token = _NAMED.set((*_NAMED.get(), tags_now))
    try:
        yield
    finally:
        _NAMED.reset(token)


def is_named(tag: str) -> bool:
    """Is a tag named? Those of YAML's own that nobody knows, `!!python/...` among them, never are."""
    patterns = (pattern for named in _NAMED.get() for pattern in named())
    return not tag.startswith(_OF_YAML) and any(fnmatchcase(tag, pattern) for pattern in patterns)
