"""Files as a source of live settings: taken when it has been still for a while, never while it is written.

Nobody tells when a writer is done: editors truncate and write, or rename; templates are rendered in pieces; a file
that is cut off at a line may well parse. So what is there counts when nothing about it has changed for a while.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from threading import Event
from typing import ClassVar

from attrs import define, field, frozen

from confguard.documents.bundle import bundled, parse_bundle, parse_bytes
from confguard.documents.document import Document
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format
from confguard.errors import DocumentError, SchemaError
from confguard.live.versions import SettingsVersion
from confguard.stores.waiting import file_changes

PATIENCE = 10.0
"""For how many seconds at least a file is waited for that does not come to rest."""
AGED = 10.0
"""A file that was last touched so many seconds ago is at rest, even if a file server's clock is a little off."""


@frozen
class Sample:
    """A file at one moment, or several: everything that tells that somebody is at work on them."""

    stamps: tuple[tuple[int, ...], ...]
    """What the system says of it, before and after it was read; the last two of each are times."""
    content: bytes = field(repr=False)
    wrong: str = ""
    hint: str | None = field(default=None, eq=False)


@define
class FileFeed:
    """A file that somebody else writes; or several, taken together: layers, of which the later win over the earlier."""

    reviewed: ClassVar[bool] = False
    names: tuple[str, ...]
    """As they were named."""
    quiet: float
    """For how many seconds they must have been still."""
    is_layered: bool = False
    _paths: tuple[Path, ...] = field(
        init=False
    )  # absolute: a service that becomes a daemon changes its folder
    _number: int = field(default=0, init=False)
    _version: SettingsVersion | None = field(default=None, init=False)
    _sample: Sample | None = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)

    @_paths.default
    def _absolute(self) -> tuple[Path, ...]:
        return tuple(Path(name).absolute() for name in self.names)

    @classmethod
    def of_layers(cls, files: Sequence[str | os.PathLike[str]], quiet: float) -> FileFeed:
        """The feed of paths, the lowest layer first."""
        if not files:
            raise SchemaError("live settings need a source", hint="name a file, or layers")
        for each in files:
            if not isinstance(each, str | os.PathLike):
                raise TypeError(
                    f"{type(each).__name__} is not a file's path: live settings follow the files of layers, and nothing"
                    " else; cg.load(Model, *sources) reads any sources once"
                )
        return cls(tuple(os.fspath(each) for each in files), quiet, is_layered=True)

    @property
    def name(self) -> str:
        return ", ".join(self.names)

    @property
    def origin(self) -> str:
        return ", ".join(map(str, self._paths))

    @property
    def patience(self) -> float:
        """As long as a file is waited for that does not come to rest."""
        return max(PATIENCE, 5 * self.quiet)

    @property
    def source(self) -> str:
        return self.origin

    def look(self, known: str | None, stop: Event) -> SettingsVersion | None:
        """What the file holds when it is still; the number grows with every change that was seen."""
        sample = self._still(stop)
        if sample is None:
            return None
        if sample.wrong:
            raise DocumentError(sample.wrong, path=self.name, hint=sample.hint)
        if self._version is None or self._version.document.content != sample.content:
            document = self._parsed(sample.content)
            self._number += 1
            self._version = SettingsVersion(
                self._number, document, hashlib.sha256(sample.content).hexdigest()
            )
        return None if self._version.digest == known else self._version

    def holds(self, version: SettingsVersion) -> bool:
        """A file has no history that could be another one."""
        return True

    def go_on_from(self, version: SettingsVersion) -> None:
        """Number changes on from there."""
        self._number, self._version = version.number, version

    def watch(self, stop: Event, patience: float) -> Iterator[None]:
        return file_changes(self._paths, stop, patience)

    def after_fork(self) -> None:
        """Nothing is held open."""

    def close(self) -> None:
        """Nothing is held open."""

    def _parsed(self, content: bytes) -> Document:
        if self.is_layered:
            return parse_bundle(content, None)
        try:
            return parse_bytes(content, detect_format(self.name).name, path=self.name)
        except DocumentError as error:
            if content.removeprefix(b"\xef\xbb\xbf").strip():
                raise
            raise DocumentError("is empty", path=self.name) from error

    def _still(self, stop: Event) -> Sample | None:
        """The file when nothing about it has changed for a while; None if `stop` is set before that."""
        end = time.monotonic() + self.patience
        while True:
            sample = self._sampled()
            if sample != self._sample:
                self._sample, self._since = sample, time.monotonic()
            version = self._version
            is_known = version is not None and not sample.wrong and sample.content == version.document.content
            if is_known or time.monotonic() - self._since >= self.quiet or _is_aged(sample):
                return sample
            if time.monotonic() >= end:
                raise DocumentError(
                    f"is being written all the time: it is taken when it has been still for {self.quiet:g} s",
                    path=self.name,
                    hint="write it beside, and rename it",
                )
            if stop.wait(self.quiet / 5):
                return None

    def _sampled(self) -> Sample:
        samples = [_sample_of(path) for path in self._paths]
        if not self.is_layered:
            return samples[0]
        stamps = tuple(chain.from_iterable(each.stamps for each in samples))
        for name, each in zip(self.names, samples, strict=True):
            if each.wrong:
                return Sample(stamps, b"", f"{name} {each.wrong}", each.hint)
        try:
            content = bundled(
                (name, None, each.content) for name, each in zip(self.names, samples, strict=True)
            )
        except DocumentError as error:
            return Sample(stamps, b"", str(error), error.hint)
        return Sample(stamps, content)


def _sample_of(path: Path) -> Sample:
    try:
        before = _stamps(path)
        content = load_bytes(str(path))
        return Sample((before, _stamps(path)), content)
    except DocumentError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return Sample((), b"", "is missing")
        return Sample((), b"", error.message, error.hint)
    except (FileNotFoundError, NotADirectoryError):
        return Sample((), b"", "is missing")
    except OSError as error:
        return Sample((), b"", f"cannot be read: {error.strerror}")


def _stamps(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _is_aged(sample: Sample) -> bool:
    """Was it touched last long ago? The time of the last change of status: a copied time of writing tells nothing."""
    times = [max(stamps[-2:]) for stamps in sample.stamps]
    return bool(times) and time.time() - max(times) / 1e9 >= AGED
