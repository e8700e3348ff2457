"""Which files of a change are judged, and why the others are not; layers of one config as one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from attrs import evolve, frozen

from confguard import git
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import BUNDLE, parse_bytes
from confguard.documents.layout import common_folder
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import DocumentError
from confguard.git import ChangedFile
from confguard.hooks.memberships import Membership
from confguard.hooks.projects import Projects
from confguard.project import Project
from confguard.risk.findings import Finding
from confguard.risk.judging import Judged, LeftOut, Side, not_judged
from confguard.risk.policy import Decision

LINK, SUBMODULE, NOTHING = "120000", "160000", "000000"
"""Modes of git."""
_POINTER = "is a pointer of Git LFS: its content is not here"
_LFS = b"version https://git-lfs.github.com/spec/v1"


@frozen
class Wanted:
    """A file that is to be judged."""

    file: str
    """Its path from the root of the repository, wherever one stands."""
    was: str
    """Its path before."""
    before: Side
    after: Side
    member: Membership


Sorted: TypeAlias = "Wanted | Judged | LeftOut"


def sorted_out(
    changed: Iterable[ChangedFile], projects: Projects, contents: Mapping[str, bytes]
) -> Iterator[Sorted]:
    """Each file that changed, for each config that it is of: to be judged, or why not."""
    for file in changed:
        for each, member in _of_configs(file, projects):
            sorted_file = _sorted(each, member, projects, contents)
            if isinstance(sorted_file, Wanted) and (sorted_file.before.content or b"").startswith(_LFS):
                yield _was_pointer(sorted_file)
                sorted_file = evolve(sorted_file, before=evolve(sorted_file.before, content=None))
            yield sorted_file


def _of_configs(each: ChangedFile, projects: Projects) -> Iterator[tuple[ChangedFile, Membership | None]]:
    """The change of a file for each config that it is of; it is gone from those that it was of and is no more."""
    there = not each.is_gone and each.modes[1] != SUBMODULE
    now = projects.memberships(each.path) if there else []
    keys = [member.key for member in now]
    moved = each.before is not None and not each.is_unmerged and (not now or each.before != each.path)
    was = projects.memberships(each.before) if each.before and moved else []
    left = [member for member in was if member.key not in keys and (member.config or not now)]
    gone = ChangedFile(each.before or each.path, each.before, (each.modes[0], NOTHING), (each.blobs[0], None))
    yield from ((gone, member) for member in left)
    yield from ((each, member) for member in now)
    if not left and not now:
        yield each, projects.below(each.path) if LINK in each.modes else None


def _sorted(
    each: ChangedFile, member: Membership | None, projects: Projects, contents: Mapping[str, bytes]
) -> Sorted:
    file = each.path
    if SUBMODULE in each.modes and each.modes[0] in {SUBMODULE, NOTHING}:
        return LeftOut(file, "a submodule: what changed in it is judged in its own repository")
    if each.is_unmerged:
        return LeftOut(file, "it is not merged yet: git keeps all sides of it")
    if member is None:
        is_one = is_configuration(each.path)
        return LeftOut(file, "named by no config of the project" if is_one else "no configuration file")
    if each.is_gone:
        if each.modes[0] == LINK:
            return _not_judged(member, file, "a link that was there is gone", "See that nothing reads it.")
    elif each.modes[1] == LINK:
        target = contents.get(each.blobs[1] or "", b"").decode(errors="replace")
        return _not_judged(member, file, f"is a link to {target}", "Judge what it leads to.")
    wanted = each.blobs[:1] if each.is_gone else each.blobs
    missing = [blob for blob in wanted if blob and blob not in contents]
    if missing:
        return _not_judged(
            member, file, f"is larger than {MAX_BYTES:,} bytes", "Look at it, or make it smaller."
        )
    before, after = (contents.get(blob) if blob else None for blob in each.blobs)
    before = None if each.modes[0] == LINK else before
    if each.is_gone:
        after = None
    elif after is not None and after.startswith(_LFS):
        became = each.blobs[0] is not None and before is not None and not before.startswith(_LFS)
        why = "became a pointer of Git LFS: its content is not here any more" if became else _POINTER
        return not_judged(file, why, "Look at the file itself.") if member.config else LeftOut(file, why)
    elif before == after and _moves_in(each, member, projects):
        before = None  # by other terms than before, it is judged as what is new
    elif before == after:
        renamed = f"renamed from {each.before}, with the same content"
        return LeftOut(file, "only its mode changed" if each.before == each.path else renamed)
    was = each.before or each.path
    formats = _formats(each, after, member, projects)
    return Wanted(file, was, Side(before, was, formats[0]), Side(after, file, formats[1]), member)


def _moves_in(each: ChangedFile, member: Membership, projects: Projects) -> bool:
    """Was it renamed to where it is judged by other terms?"""
    if each.before is None or each.before == each.path:
        return False
    return member.key not in [was.key for was in projects.memberships(each.before)]


def _formats(
    each: ChangedFile, after: bytes | None, member: Membership, projects: Projects
) -> tuple[str | None, str | None]:
    """What both sides are written in, where that is not what the terms or the names say.

    A file that can be read as before is, whatever its config says now. What had no format is read in the one it has.
    """
    was = projects.format_before(each.before) if each.before else None
    named = detect_format(each.path).name if is_configuration(each.path) else None
    now = (member.config.format if member.config else None) or named
    if was is None or was == now or each.before != each.path:
        return was or now, None
    try:
        parse_bytes(after or b"", was)
    except DocumentError:
        return was, None
    return was, was


def _was_pointer(wanted: Wanted) -> Judged:
    """What is said beside a file that is judged as new, because what it held before is not here."""
    why = "was a pointer of Git LFS, and its content is here now: it is judged as new"
    finding = Finding("CG004", "info", (), why, "Compare it with what LFS holds.", wanted.file)
    return Judged(wanted.file, Decision.REVIEW if wanted.member.config else Decision.ALLOW, faults=(finding,))


def _not_judged(member: Membership, file: str, why: str, advice: str) -> Judged:
    """A file that cannot be judged: what somebody named as a config does not pass for that."""
    return not_judged(file, why, advice, Decision.BLOCK if member.config else Decision.REVIEW)


def layered(files: Iterable[Wanted], projects: Projects, base: str) -> Iterator[Wanted]:
    """The files that changed; those that are layers of one config as one, with its layers that did not change.

    A config whose layers are others than before, or stand in another order, is one of those.
    """
    members = {(each.project.root, each.name): each for each in projects.relayered() if each.project}
    groups: dict[tuple[Path, str | None], list[Wanted]] = {key: [] for key in members}
    for each in files:
        member = each.member
        if member.project and member.config and member.config.layers:
            key = member.project.root, member.name
            members.setdefault(key, member)
            groups.setdefault(key, []).append(each)
        else:
            yield each
    for key, changed in groups.items():
        yield _as_one(changed, members[key], projects, base)


def _as_one(changed: Sequence[Wanted], member: Membership, projects: Projects, base: str) -> Wanted:
    root, now = git.root(), member.project
    assert now is not None
    sides = {each.file: (each.before, each.after) for each in changed}
    before = _bundled(projects.before_layers(member) or now, member, 0, sides, base)
    after = _bundled(now, member, 1, sides, base)
    last = os.path.relpath((now.root / now.config(member.name or "").patterns[-1]).resolve(), root)
    return Wanted(
        changed[0].file if changed else last, changed[0].was if changed else last, before, after, member
    )


def _bundled(
    project: Project, member: Membership, side: int, sides: Mapping[str, tuple[Side, Side]], base: str
) -> Side:
    """All layers that a project has for a config on one side of a change; those that did not change, of its base."""
    name = member.name or ""
    layout = project.layout_of(name)
    assert layout is not None
    there = (project.root / common_folder(project.config(name).patterns)).resolve()
    folder = os.path.relpath(there, git.root())
    paths = {each: os.path.normpath(f"{folder}/{each}") for each in layout.names}
    unchanged = git.blobs([f"{base}:{path}" for path in paths.values()], MAX_BYTES)
    held: dict[str, bytes] = {}
    for each, path in paths.items():
        content = sides[path][side].content if path in sides else unchanged.get(f"{base}:{path}")
        if content is not None:
            held[each] = content
    return Side(layout.content(held) if held else None, folder, BUNDLE)
