"""Which configs name a file: by its path as it stands in the project, and where links lead to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from glob import escape
from pathlib import Path

from confguard.documents.patterns import is_pattern, leads_through, matches, outright


class NamedFiles:
    """The patterns of a project's configs, as they stand from a folder."""

    def __init__(self, base: Path, root: Path, patterns: Mapping[str, Iterable[str]]) -> None:
        """The patterns of each config, from the `root` of the project. Both folders without links."""
        start = os.path.relpath(root, base)
        self._named = [
            (spelt, config)
            for config, each in patterns.items()
            for pattern in each
            for spelt in dict.fromkeys(_spellings(base, start, pattern))
        ]
        self._by_name: dict[str, list[int]] = {}  # there may be a config for each of many files
        for index, (spelt, _) in enumerate(self._named):
            if not is_pattern(spelt):
                self._by_name.setdefault(spelt, []).append(index)
        self._wild = [
            (outright(spelt), spelt, index)
            for index, (spelt, _) in enumerate(self._named)
            if is_pattern(spelt)
        ]

    def configs_of(self, *paths: str) -> list[str]:
        """The configs that name the file of these paths."""
        found = {index for path in paths for index in self._by_name.get(path, ())}
        found |= {
            index
            for path in paths
            for begin, spelt, index in self._wild
            if path.startswith(begin) and matches(path, spelt)  # the first is told much sooner
        }
        return list(dict.fromkeys(self._named[index][1] for index in sorted(found)))

    def config_below(self, folder: str) -> str | None:
        """The first config whose pattern leads through a folder."""
        return next((config for spelt, config in self._named if leads_through(folder, spelt)), None)


def _spellings(base: Path, start: str, named: str) -> Iterator[str]:
    """A pattern as it stands from `base`, and where it leads to where its folder, or the file itself, is a link."""
    folder = outright(named).rpartition("/")[0]
    rest = named[len(folder) :].lstrip("/")
    real = os.path.relpath((base / start / folder).resolve(), base)
    for place in (os.path.normpath(f"{start}/{folder}"), real):
        yield rest if place == "." else f"{escape(place)}/{rest}"
    file = base / start / named
    if file.is_symlink():
        yield escape(os.path.relpath(file.resolve(), base))
