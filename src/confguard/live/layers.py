"""Several files as a source of live settings: layers, taken together when all of them are still."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from threading import Event

from attrs import define, field

from confguard.documents.bundle import bundled, parse_bundle
from confguard.documents.document import Document
from confguard.errors import DocumentError, SchemaError
from confguard.live.files import FileFeed, Sample, sample_of
from confguard.stores.waiting import file_changes

__all__ = ["LayersFeed"]


@define
class LayersFeed(FileFeed):
    """Files that somebody else writes, of which the later win over the earlier."""

    paths: tuple[Path, ...] = field(default=(), kw_only=True)
    names: tuple[str, ...] = field(default=(), kw_only=True)
    """As they were named, for messages."""

    @classmethod
    def of(cls, files: Sequence[str | os.PathLike[str]], quiet: float) -> LayersFeed:
        """The feed of paths, the lowest layer first."""
        names = tuple(os.fspath(each) for each in files)
        if not names:
            raise SchemaError("live settings need a source", hint="name a file, or layers")
        return cls(", ".join(names), quiet, paths=tuple(Path(name).absolute() for name in names), names=names)

    @property
    def origin(self) -> str:
        """The files, wherever they are named from."""
        return ", ".join(map(str, self.paths))

    def watch(self, stop: Event, patience: float) -> Iterator[None]:
        """Whenever the system tells of a change to any."""
        return file_changes(self.paths, stop, patience)

    def _parsed(self, content: bytes) -> Document:
        return parse_bundle(content, None)

    def _taken(self) -> Sample:
        samples = [sample_of(path) for path in self.paths]
        newest = [
            max(stamps) for stamps in zip(*(each.stamps[-2:] for each in samples if each.stamps), strict=True)
        ]
        stamps = (*chain.from_iterable(each.stamps for each in samples), *newest)
        for name, each in zip(self.names, samples, strict=True):
            if each.wrong:
                return Sample(stamps, b"", f"{name} {each.wrong}", each.hint)
        listed = zip(self.names, samples, strict=True)
        try:
            content = bundled((name, None, each.content) for name, each in listed)
        except DocumentError as error:
            return Sample(stamps, b"", str(error), error.hint)
        return Sample(stamps, content)
