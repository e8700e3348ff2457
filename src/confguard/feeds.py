"""Where live settings come from: a config in a store, or a file; and the last known good copy of either."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Protocol

from attrs import define, field, frozen

from confguard.documents.document import Document, parse_bytes, read
from confguard.documents.reading import load_bytes
from confguard.errors import DocumentError, IntegrityError, NotFoundError, SchemaError
from confguard.stores.interface import Store
from confguard.stores.opening import open_store
from confguard.stores.waiting import file_changes
from confguard.targets.files import write_durably

__all__ = ["Feed", "LastGood", "Seen", "Stored", "feed_of"]


class Stored(Protocol):
    """One config in a store. `confguard.Guard` is one."""

    name: str
    store: Store


@frozen
class Seen:
    """What a feed holds: a number that grows with every change, and the document."""

    number: int
    document: Document


class Feed(Protocol):
    """Where settings come from."""

    name: str

    def look(self, known: int | None = None) -> Seen | None:
        """What is there now; None if it is still number `known`. Raises `ConfguardError`."""
        ...

    def watch(self, stop: Event, patience: float) -> Iterator[None]:
        """Yield when it is time to look. Raises `ConfguardError` when that cannot be told any more."""
        ...

    def after_fork(self) -> None:
        """Forget what a forked child must not use."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...


@define
class StoredFeed:
    """A config in a store, which is opened when it is needed."""

    name: str
    _opener: Callable[[], Store]
    _owned: bool
    _store: Store | None = field(default=None, init=False)

    def look(self, known: int | None = None) -> Seen | None:
        """The head."""
        head = self._opened().head(self.name)
        if head is None:
            raise NotFoundError(f"the store has no config '{self.name}'", hint="apply a first revision")
        return None if head.number == known else Seen(head.number, head.document)

    def watch(self, stop: Event, patience: float) -> Iterator[None]:
        """Whenever the store tells of a commit."""
        return self._opened().watch(self.name, stop, patience)

    def after_fork(self) -> None:
        """A store that was opened here is opened anew; one that was handed in looks after itself."""
        if self._owned:
            self._store = None

    def close(self) -> None:
        """Close the store, if it was opened here."""
        if self._store is not None and self._owned:
            self._store.close()

    def _opened(self) -> Store:
        if self._store is None:
            self._store = self._opener()
        return self._store


@define
class FileFeed:
    """A file that somebody else writes."""

    name: str
    _number: int = field(default=0, init=False)
    _digest: str = field(default="", init=False)

    def look(self, known: int | None = None) -> Seen | None:
        """What the file holds; the number grows with every change that was seen."""
        document = read(self.name)
        digest = hashlib.sha256(document.content).hexdigest()
        if digest != self._digest:
            self._digest = digest
            self._number += 1
        return None if self._number == known else Seen(self._number, document)

    def watch(self, stop: Event, patience: float) -> Iterator[None]:
        """Whenever the system tells of a change to the file."""
        return file_changes(Path(self.name), stop, patience)

    def after_fork(self) -> None:
        """Nothing is held open."""

    def close(self) -> None:
        """Nothing is held open."""


def feed_of(source: Stored | str | os.PathLike[str]) -> Feed:
    """The feed of a guard, of a store's URL with the config's name, or of a file's path."""
    if isinstance(source, str):
        url, _, name = source.rpartition("#")
        if "://" not in source:
            return FileFeed(source)
        if not url or not name:
            raise SchemaError(
                f"'{source}' names no config", hint="a store's URL and a name: sqlite:///confguard.db#auth"
            )
        return StoredFeed(name, lambda: open_store(url), owned=True)
    if isinstance(source, os.PathLike):
        return FileFeed(os.fspath(source))
    stored = source
    return StoredFeed(stored.name, lambda: stored.store, owned=False)


@frozen
class LastGood:
    """The last known good copy: a file with a line that tells what it is, and the exact bytes."""

    path: Path = field(converter=Path)

    def keep(self, name: str, seen: Seen) -> None:
        """Write it, atomically and durably. Raises `TargetError`."""
        content = seen.document.content
        head = {
            "config": name,
            "revision": seen.number,
            "format": seen.document.format,
            "kept_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        write_durably(self.path, json.dumps(head).encode() + b"\n" + content)

    def read(self, name: str) -> tuple[Seen, datetime] | None:
        """What was kept, and when; None if nothing was. Raises `IntegrityError` for what is not what was kept."""
        if not self.path.exists():
            return None
        line, _, content = load_bytes(str(self.path)).partition(b"\n")
        try:
            head = json.loads(line)
            kept_at = datetime.fromisoformat(head["kept_at"])
            good = head["sha256"] == hashlib.sha256(content).hexdigest() and head["config"] == name
            document = parse_bytes(content, head["format"], path=str(self.path)) if good else None
            number = int(head["revision"])
        except (ValueError, KeyError, TypeError, DocumentError) as error:
            raise IntegrityError(f"{self.path}: is no last known good copy: {error}") from error
        if document is None:
            raise IntegrityError(f"{self.path}: is not what was kept for '{name}'", hint="it is not used")
        return Seen(number, document), kept_at
