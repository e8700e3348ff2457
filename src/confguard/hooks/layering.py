"""Layers of one config, put together: they are judged as what they say together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import evolve

from confguard import git
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import BUNDLE
from confguard.documents.layout import common_folder
from confguard.hooks.sorting import Wanted
from confguard.risk.judging import Side

__all__ = ["layered"]


def layered(files: Iterable[Wanted], base: str) -> Iterator[Wanted]:
    """The files that changed; those that are layers of one config as one, with its layers that did not change."""
    groups: dict[tuple[Path, str], list[Wanted]] = {}
    for each in files:
        member = each.member
        if member.project and member.config and member.name and member.config.layers:
            groups.setdefault((member.project.root, member.name), []).append(each)
        else:
            yield each
    for (_, name), changed in groups.items():
        whole = _as_one(changed, name, base)
        yield whole
        if whole.after.content is not None:  # a layer that is gone is told of, and not only what it said
            yield from (each for each in changed if each.after.content is None)


def _as_one(changed: Sequence[Wanted], name: str, base: str) -> Wanted:
    first, project = changed[0], changed[0].member.project
    layout = project.layout_of(name) if project else None
    assert project and layout
    folder = os.path.relpath(project.root / common_folder(project.config(name).patterns))
    paths = {each: os.path.normpath(f"{folder}/{each}") for each in layout.names}
    unchanged = git.blobs([f"{base}:./{path}" for path in paths.values()], MAX_BYTES)
    root = git.root()
    sides = {os.path.relpath(root / each.file): (each.before, each.after) for each in changed}
    known: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
    for each, path in paths.items():
        same = Side(unchanged.get(f"{base}:./{path}"), path)
        for contents, side in zip(known, sides.get(path, (same, same)), strict=True):
            if side.content is not None:
                contents[each] = side.content
    before, after = (Side(layout.content(each) if each else None, folder, BUNDLE) for each in known)
    return evolve(first, before=before, after=after)
