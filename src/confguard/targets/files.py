"""Files as targets: replaced atomically and durably, with all that they have beside their bytes; or written over."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any

from attrs import Attribute, Factory, field, frozen

from confguard.documents.reading import load_bytes
from confguard.errors import DocumentError, TargetError
from confguard.targets.access import Access, Attributes, as_mode, check_who
from confguard.targets.interface import Staged, Target
from confguard.targets.obstacles import refuse_flags, refuse_folder, refuse_pinned
from confguard.targets.options import can_be_passed
from confguard.targets.overwriting import StagedOverwrite, torn_between
from confguard.targets.writing import IN_PLACE, bound, failing_as, keep, sync_folder, undoing, write_new

_SUFFIX = ".confguard-staged"
_TEMPLATES = frozenset({".erb", ".j2", ".jinja", ".jinja2", ".mustache", ".template", ".tmpl", ".tpl"})


def check_path(_: object, attribute: Attribute[Any], path: Path) -> None:
    """A path that some system could open."""
    if not can_be_passed(path):
        raise TargetError(f"target {str(path)!r}: no path has such characters")


def _check_flag(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise TargetError(f"{attribute.name} {value!r}: expected true or false")


@frozen
class FileTarget(Target):
    """A file. Its content is staged beside it, synced, and renamed over it; a link is followed.

    What an old file has beside its bytes (mode, owner, group, ACL, extended attributes) is kept, and what this user may
    not keep is an error before anything is written. A new file is private to its user unless `mode`, `owner` or `group`
    are asked for; of a file that is there already they are only compared (`faults`). The bytes are written as they are:
    nothing in them is expanded. A template is not a target: what is rendered from it is.

    `in_place=True` writes over the file instead, where no other file can take its place: one that is mounted by itself
    (a file bind-mounted into a container), that has several names, or that another user owns. Its promise is weaker:
    while it is written, a reader can see old and new bytes mixed, and a crash can leave such a mixture, until the next
    `recover` writes it again. A file that is not there yet is made as any other.

    >>> target = FileTarget("auth.toml", mode="0640")
    >>> target.mode == 0o640, target.in_place
    (True, False)
    """

    path: Path = field(converter=Path, validator=check_path)
    in_place: bool = field(default=False, kw_only=True, validator=_check_flag)
    mode: int | None = field(default=None, kw_only=True, converter=as_mode)
    owner: str | int | None = field(default=None, kw_only=True, validator=check_who)
    group: str | int | None = field(default=None, kw_only=True, validator=check_who)
    at: Path = field(init=False, repr=False, default=Factory(lambda self: bound(self.path), takes_self=True))

    def __attrs_post_init__(self) -> None:
        if self.path.suffix in _TEMPLATES:
            raise TargetError(
                f"target {self.path}: is a template by its name",
                hint="name the file that is rendered from it",
            )

    @property
    def _access(self) -> Access:
        return Access(self.mode, self.owner, self.group)

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def folder(self) -> Path:
        """The folder that the file stands in, links followed."""
        return self._real.parent

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file, from / on."""
        return (self.at,)

    def read(self) -> bytes | None:
        try:
            with failing_as(f"target {self.path}: cannot be read", self.at):
                return load_bytes(str(self.at), expected=False)
        except DocumentError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            hint = error.hint or f"who may read it? ls -ld {self.folder} {self.at}"
            raise TargetError(f"target {self.path}: {error.message}", hint=hint) from error

    def faults(self) -> tuple[str, ...]:
        return self._access.faults(self.at)

    def torn(self, held: bytes, before: bytes | None, wanted: bytes) -> bool:
        """Only what is written in place can be."""
        return self.in_place and torn_between(held, before or b"", wanted)

    def stage(self, content: bytes) -> Staged:
        """Write the content beside the file, synced to disk; or see that it can be written over it."""
        real = self._real
        with failing_as(f"target {self.path}: cannot be written", real):
            status = file_status(self.at, self.name)
            if status is None:
                refuse_folder(self.name, real, None)
            elif self.in_place:
                refuse_flags(self.name, real)
                over = StagedOverwrite(self.name, real, content)
                over.check()
                return over
            else:
                refuse_pinned(self.name, real, status)
                refuse_folder(self.name, real, status)
            return StagedFile(self.name, _beside(real), real, content, self._access).written()

    def littered(self) -> bool:
        return bool(self._left_behind())

    def clean(self) -> None:
        for path in self._left_behind():
            with contextlib.suppress(OSError):
                path.unlink()

    @property
    def _real(self) -> Path:
        return Path(os.path.realpath(self.at))

    def _left_behind(self) -> list[Path]:
        real = self._real
        staged = re.compile(rf"\.{re.escape(real.name)}\.[0-9a-f]{{12}}{re.escape(_SUFFIX)}")
        try:
            with os.scandir(real.parent) as entries:
                return [Path(entry.path) for entry in entries if staged.fullmatch(entry.name)]
        except OSError:
            return []


@frozen
class StagedFile(Staged):
    """A file that waits beside the one it will replace."""

    name: str
    staged: Path
    real: Path
    content: bytes = field(repr=False)
    access: Access = field(factory=Access)
    strict: bool = True
    """Is what cannot be kept an error?"""

    def write(self) -> None:
        """Write and sync the content; what it will replace gives it all that it has beside its bytes."""
        write_new(self.staged, self.content, self._finish)

    def written(self) -> StagedFile:
        """It, written and synced; or nothing is left of it."""
        with undoing(self.discard):
            self.write()
        return self

    def commit(self) -> None:
        """Rename it over the file, and sync the folder that the name stands in."""
        with failing_as(f"target {self.name}: cannot be replaced", self.real):
            try:
                self.staged.replace(self.real)
            except FileNotFoundError:  # another process took it for a leftover
                self.write()
                self.staged.replace(self.real)
            sync_folder(self.real.parent)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self.staged.unlink()

    def _finish(self, descriptor: int) -> None:
        try:
            old = Attributes.of(self.real)
        except FileNotFoundError:
            self.access.give(descriptor, f"target {self.name}")
            return
        if self.strict:
            hint = f"write as its owner or as root; or {IN_PLACE}, and it stays the file it is"
            keep(old, descriptor, f"target {self.name}", hint)
        else:
            old.give(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file of confguard's own atomically and durably. Raises `TargetError`.

    What it had beside its bytes is kept as far as this user may, as editors do.
    """
    real = Path(os.path.realpath(path))
    with failing_as(f"target {path}: cannot be written", real):
        file_status(path, dangling=True)
        waiting = StagedFile(str(path), _beside(real), real, content, strict=False).written()
    try:
        waiting.commit()
    finally:
        waiting.discard()


def _beside(real: Path) -> Path:
    return real.with_name(f".{real.name}.{secrets.token_hex(6)}{_SUFFIX}")


def file_status(path: Path, name: str | None = None, *, dangling: bool = False) -> os.stat_result | None:
    """What stands there, links followed; None if nothing does. Raises `TargetError` if it is not a file."""
    name = name or str(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        if path.is_symlink() and not dangling:
            raise TargetError(
                f"target {name}: is a link to {os.path.realpath(path)}, which is not there",
                hint="make the file that it leads to, or remove the link",
            ) from None
        return None
    if not stat.S_ISREG(status.st_mode):
        kind = "is a folder" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
        raise TargetError(f"target {name}: {kind}", hint="a target is a file, or a link to one")
    return status
