"""Which files of a change are judged, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import frozen

from confguard.documents.bounds import MAX_BYTES
from confguard.documents.registry import is_configuration
from confguard.git import ChangedFile
from confguard.hooks.projects import Membership, Projects
from confguard.risk.judging import Judged, LeftOut, Side, not_judged
from confguard.risk.policy import Decision

__all__ = ["LINK", "SUBMODULE", "Wanted", "sorted_out"]

LINK, SUBMODULE, NOTHING = "120000", "160000", "000000"
"""Modes of git."""
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
    """Each file that changed: to be judged, or why not."""
    for each in changed:
        yield _sorted(each, projects, contents)


def _sorted(each: ChangedFile, projects: Projects, contents: Mapping[str, bytes]) -> Sorted:
    file = each.path
    if SUBMODULE in each.modes and each.modes[0] in {SUBMODULE, NOTHING}:
        return LeftOut(file, "a submodule: what changed in it is judged in its own repository")
    if each.is_unmerged:
        return LeftOut(file, "it is not merged yet: git keeps all sides of it")
    member = None if each.is_gone or each.modes[1] == SUBMODULE else projects.membership(each.path)
    is_gone = member is None
    if member is None and each.before:  # gone, or called what nobody judges
        member = projects.membership(each.before)
    if member is None:
        is_one = is_configuration(each.path)
        return LeftOut(file, "no config of the project names it" if is_one else "no configuration file")
    if is_gone:
        file = each.before or each.path
        if each.modes[0] == LINK:
            return _not_judged(member, file, "a link that was there is gone", "See that nothing reads it.")
    elif each.modes[1] == LINK:
        target = contents.get(each.blobs[1] or "", b"").decode(errors="replace")
        return _not_judged(member, file, f"is a link to {target}", "Judge what it leads to.")
    wanted = each.blobs[:1] if is_gone else each.blobs
    missing = [blob for blob in wanted if blob and blob not in contents]
    if missing:
        return _not_judged(
            member, file, f"is larger than {MAX_BYTES:,} bytes", "Look at it, or make it smaller."
        )
    before, after = (contents.get(blob) if blob else None for blob in each.blobs)
    before = None if each.modes[0] == LINK else before
    if is_gone:
        after = None
    elif after is not None and after.startswith(_LFS):
        why = "is a pointer of Git LFS: its content is not here"
        return not_judged(file, why, "Look at the file itself.") if member.config else LeftOut(file, why)
    elif before == after and each.before and projects.membership(each.before) != member:
        before = None  # by other terms than before, it is judged as what is new
    elif before == after:
        renamed = f"renamed from {each.before}, with the same content"
        return LeftOut(file, "only its mode changed" if each.before == each.path else renamed)
    was = each.before or each.path
    return Wanted(file, was, Side(before, was), Side(after, file), member)


def _not_judged(member: Membership, file: str, why: str, advice: str) -> Judged:
    """A file that cannot be judged: what somebody named as a config does not pass for that."""
    return not_judged(file, why, advice, Decision.BLOCK if member.config else Decision.REVIEW)
