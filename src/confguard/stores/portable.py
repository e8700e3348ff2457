"""One config's whole history as one file: for copies, for moving to another store, for evidence.

A zstd stream of JSON lines: a header, then the revisions, oldest first, each with its content in base64 unless that was
thinned out. Reading it checks the chain before anything is written.
"""

from __future__ import annotations

import base64
import binascii
import io
import itertools
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

from confguard.documents.bounds import MAX_BYTES
from confguard.errors import ConflictError, IntegrityError, NotFoundError, StoreError
from confguard.stores import chain
from confguard.stores.interface import Append, Revision, Store, thinned
from confguard.stores.packing import zstd

_KIND = "confguard-export"
_VERSION = 1
_LONGEST = 3 * MAX_BYTES
"""The longest line: a content of the largest size in base64, and what is known of it."""


def exported(store: Store, config: str) -> bytes:
    """A config's history as a file's bytes. Raises `IntegrityError`, `NotFoundError`.

    The chain is verified first: what is damaged is not exported as good.
    """
    if not chain.verify(store, config):
        raise NotFoundError(f"the store has no config '{config}'")
    buffer = io.BytesIO()
    with zstd.ZstdFile(buffer, "w", level=9) as packed:
        for line in itertools.chain([{_KIND: _VERSION, "config": config}], map(_line, store.walk(config))):
            packed.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    return buffer.getvalue()


def import_(store: Store, path: str | os.PathLike[str]) -> tuple[str, int]:
    """Append what an export holds beyond what the store has, and say of which config and how many.

    It is one commit: no revision of old is ever seen as the head.
    Raises `ConflictError` if the store's history is another one, `IntegrityError` for a file that is not whole, and
    `StoreError` for one that is not an export.
    """
    config = _checked(path)
    had = store.newest(config)
    revisions = _revisions(path)
    last = None
    for last in itertools.islice(revisions, had):  # noqa: B007 - the newest of those that the store has, too
        pass
    if last is not None and store.get(config, last.number).digest != last.digest:
        raise ConflictError(
            f"revision {last.number} of '{config}' in {path} is another one than in the store",
            hint="import into a store that does not have this config",
        )
    added = tuple(revisions)
    if added:
        store.commit(Append(config, added))
    return config, len(added)


def _line(revision: Revision) -> dict[str, Any]:
    line, content = chain.to_json(revision), revision.content_if_there()
    return line if content is None else line | {"content": base64.b64encode(content).decode()}


def _checked(path: str | os.PathLike[str]) -> str:
    """The config in an export, if its chain is whole."""
    before: Revision | None = None
    for revision in _revisions(path):
        chain.check_link(revision)
        follows = (before.number + 1, before.digest, before.config) if before else (1, None, revision.config)
        if (revision.number, revision.parent, revision.config) != follows:
            raise IntegrityError(f"{path}: revision {revision.number} does not follow from the one before it")
        before = revision
    if before is None:
        raise IntegrityError(f"{path}: holds no revision")
    return before.config


def _revisions(path: str | os.PathLike[str]) -> Iterator[Revision]:
    lines = _lines(path)
    header = next(lines, None)
    if not isinstance(header, dict) or _KIND not in header:
        raise StoreError(f"{path}: is not an export of confguard")
    if header[_KIND] != _VERSION:
        raise StoreError(f"{path}: written by a newer confguard", hint="upgrade confguard-safety")
    for line in lines:
        content = line.pop("content", None) if isinstance(line, dict) else None
        revision = chain.from_json(line, _loading(line, content, path))
        if content is not None:
            revision.fetch()
        yield revision


def _loading(line: Any, content: str | None, path: str | os.PathLike[str]) -> Callable[[], bytes]:
    def load() -> bytes:
        if content is None:
            raise thinned(str(line.get("config")), int(line.get("number", 0)))
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise IntegrityError(f"{path}: a content is not base64") from error

    return load


def _lines(path: str | os.PathLike[str]) -> Iterator[Any]:
    try:
        with zstd.open(path, "rb") as file:
            while line := file.readline(_LONGEST):
                if not line.endswith(b"\n"):
                    raise IntegrityError(f"{path}: is cut short, or has a line that is too long")
                yield json.loads(line)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    except EOFError as error:
        raise IntegrityError(f"{path}: is cut short") from error
    except (zstd.ZstdError, ValueError, RecursionError) as error:
        raise StoreError(f"{path}: is not an export of confguard, or damaged: {error}") from error
