"""The last known good copy: what a service starts from when its source is away, or broken.

It can be compared with the store: is what it holds still of the history there?
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import field, frozen

from confguard.documents.bundle import parse_bytes
from confguard.documents.reading import load_bytes
from confguard.errors import ConfguardError, DocumentError, IntegrityError, TargetError
from confguard.live.feeds import Stored, StoredFeed
from confguard.live.versions import SettingsVersion
from confguard.stores.interface import Revision
from confguard.stores.stages import Instance
from confguard.targets.files import write_durably

_MAGIC = b'{"config": '
"""How each copy begins: what begins otherwise is not ours, and nothing is written over it."""


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(path).absolute()


@frozen
class Copy:
    """What was kept, and when."""

    version: SettingsVersion
    kept_at: datetime
    source: str
    """Where it came from."""

    def of_another_history(self, head: SettingsVersion) -> str:
        """What is to be known of a copy that the store's history does not hold."""
        newer = f", and the store's newest is {head.number}" if self.version.number > head.number else ""
        return (
            f"the last known good copy, revision {self.version.number} of {self.source}, is not in the store's history"
            f"{newer}: the head was taken (is it another store, or was a backup restored?)"
        )


@frozen
class LastGood:
    """A file with a line that tells what it is, and the exact bytes."""

    path: Path = field(converter=_absolute)
    names: tuple[str, ...]
    """The names of what is kept here; the first is written."""
    source: str = ""
    """Where what is kept comes from."""

    def keep(self, version: SettingsVersion) -> None:
        """Write it, atomically and durably. Raises `TargetError`, also where something else stands in its place."""
        self._check_place()
        content = version.document.content
        head = {
            "config": self.names[0],
            "source": self.source,
            "revision": version.number,
            "digest": version.digest,
            "format": version.document.format,
            "kept_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        write_durably(self.path, json.dumps(head).encode() + b"\n" + content)

    def read(self) -> Copy | None:
        """What was kept; None if nothing was. Raises `IntegrityError` for what is not what was kept."""
        kept = self._bytes()
        if kept is None:
            return None
        line, _, content = kept.partition(b"\n")
        try:
            head = json.loads(line)
            good = head["sha256"] == hashlib.sha256(content).hexdigest() and head["config"] in self.names
            if good:
                document = parse_bytes(content, head["format"], path=str(self.path))
                version = SettingsVersion(int(head["revision"]), document, str(head["digest"]))
                return Copy(version, datetime.fromisoformat(head["kept_at"]), str(head["source"]))
        except (ValueError, KeyError, TypeError, AttributeError, ConfguardError) as error:
            raise IntegrityError(f"{self.path}: is not a last known good copy: {error}") from error
        raise IntegrityError(
            f"{self.path}: is not what was kept for '{self.names[0]}'", hint="it is not used"
        )

    def _bytes(self) -> bytes | None:
        try:
            return load_bytes(str(self.path), expected=False)
        except DocumentError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise IntegrityError(f"{self.path}: is not a last known good copy: {error.message}") from error

    def _check_place(self) -> None:
        """A copy that was damaged is replaced; another config's, or a file that is none, is left alone."""
        try:
            there = self._bytes()
        except IntegrityError as error:
            raise TargetError(str(error)) from error
        if not there or not there.strip(b"\0\r\n\t "):
            return
        if not there.startswith(_MAGIC):
            raise TargetError(
                f"{self.path}: is not a last known good copy, and is not replaced by one",
                hint="remove it, or name another file",
            )
        owner = _owner(there)
        if owner is not None and owner not in self.names:
            raise TargetError(
                f"{self.path}: holds the last known good copy of '{owner}'", hint="give each its own file"
            )


def _owner(kept: bytes) -> Any:
    try:
        return json.loads(kept.partition(b"\n")[0])["config"]
    except (ValueError, KeyError, TypeError):
        return None


@frozen
class ComparedCopy:
    """A last known good copy, as the store sees it."""

    path: str
    revision: int | None = None
    """None where nothing was kept, or it cannot be read."""
    source: str | None = None
    """Where it came from."""
    kept_at: datetime | None = None
    problem: str | None = None
    """That it is not of the store's history, or not what was kept."""


def compared(path: str | os.PathLike[str], guarded: Stored, head: Revision | None) -> ComparedCopy:
    """Read a copy, and look for its revision in the store. Raises `StoreError` if that is away."""
    shown = os.fspath(path)
    try:
        copy = LastGood(path, (guarded.name,)).read()
    except IntegrityError as error:
        return ComparedCopy(shown, problem=str(error).removeprefix(f"{Path(path).absolute()}: "))
    if copy is None:
        return ComparedCopy(shown)
    problem = _problem(copy, StoredFeed(guarded.name, guarded, Instance.of(None, None)), head)
    return ComparedCopy(shown, copy.version.number, copy.source, copy.kept_at, problem)


def _problem(copy: Copy, feed: StoredFeed, head: Revision | None) -> str | None:
    if feed.holds(copy.version):
        return None
    newest = f"; its newest is {head.number}" if head else ", which has no revision"
    if copy.source != feed.source:
        return f"came from another store, {copy.source}, and is not in the history of this one{newest}"
    return f"is not in the store's history: that was replaced{newest} (was a backup restored?)"
