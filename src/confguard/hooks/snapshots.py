"""The files of a repository on one side of a change: of a revision, or as they are staged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from attrs import define, field

from confguard import git
from confguard.documents.bounds import MAX_BYTES

__all__ = ["Snapshot"]

_LONGEST_LINK = 4096


@define(slots=False)
class Snapshot:
    """What git has, by paths from the root: nothing is read from the work tree."""

    root: Path
    """The top of the work tree."""
    revision: str | None
    """None for what is staged."""
    _known: dict[str, bytes | None] = field(factory=dict, repr=False)

    def read_ahead(self, paths: Iterable[str]) -> None:
        """Ask for many files at once: two calls of git."""
        names = {self._name(path): path for path in paths if path not in self._known}
        contents = git.blobs(names, MAX_BYTES, cwd=self.root, skip_larger=True) if names else {}
        self._known |= {path: contents.get(name) for name, path in names.items()}

    def content(self, path: str) -> bytes | None:
        """What a file holds; None where there is none. Of a link, what it leads to."""
        self.read_ahead([path])
        content = self._known[path]
        if content is None or len(content) > _LONGEST_LINK or b"\n" in content or b"=" in content:
            return content
        target = os.path.normpath(PurePosixPath(path).parent / os.fsdecode(content))
        self.read_ahead([target])
        return self._known[target] or content

    def files(self, folder: str) -> Iterator[str]:
        """The files below a folder; blank for all."""
        yield from git.listed(self.revision, folder, cwd=self.root)

    def _name(self, path: str) -> str:
        return f":0:{path}" if self.revision is None else f"{self.revision}:{path}"
