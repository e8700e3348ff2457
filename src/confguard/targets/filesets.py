"""A set of files that switches as one: the link that Kubernetes' own volumes swap.

    auth.toml      -> ..data/auth.toml
    worker.toml    -> ..data/worker.toml
    ..data         -> ..confguard-1b2c3d4e/    one rename of this link switches all
    ..confguard-1b2c3d4e/auth.toml, worker.toml

Whoever opens one of the files finds that of the old folder or that of the new one; whoever wants several of one
revision opens `..data` once and reads them below it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from attrs import Factory, field, frozen

from confguard.errors import TargetError
from confguard.targets.access import Access, as_mode
from confguard.targets.attributes import Attributes
from confguard.targets.failing import bound, failing_as
from confguard.targets.files import FileTarget, check_path, file_status
from confguard.targets.obstacles import refuse_folder, refuse_pinned
from confguard.targets.writing import finish_folder, keep, sync_folder, write_new

__all__ = ["FileSet"]

_LINK = "..data"
_STAGED = "..confguard-"
_HINT = "write as its owner or as root"


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@frozen
class FileSet:
    """Files of one folder that hold the same bytes, and switch as one.

    The folder is the set's own: it is made if it is missing, and files that stand where a link has to be are refused.
    Files, and the folder that `..data` leads to, keep what the old ones have beside their bytes: mode, owner, group,
    ACL, extended attributes. `mode`, `owner` and `group` are asked of files that are new, and of a folder that is made
    for them.
    """

    root: Path = field(converter=Path, validator=check_path)
    files: tuple[str, ...] = field(converter=_names)
    mode: int | None = field(default=None, kw_only=True, converter=as_mode)
    owner: str | int | None = field(default=None, kw_only=True)
    group: str | int | None = field(default=None, kw_only=True)
    at: Path = field(init=False, repr=False, default=Factory(lambda self: bound(self.root), takes_self=True))
    """The folder, from / on."""

    def __attrs_post_init__(self) -> None:
        self.access  # noqa: B018 - is what is asked for something that can be asked for?

    @files.validator
    def _check_files(self, _: object, files: tuple[str, ...]) -> None:
        if not files:
            raise TargetError(f"target {self.root}: a set needs files", hint='files = ["a.toml", "b.toml"]')
        for name in files:
            if not name or {"/", "\0"} & {*name} or name.startswith("..") or name == ".":
                raise TargetError(
                    f"target {self.root}: {name!r} is no file's name", hint="names only, without folders"
                )

    @property
    def name(self) -> str:
        """The folder and its files."""
        return f"{self.root}/{{{','.join(self.files)}}}"

    @property
    def folder(self) -> Path:
        """The folder; the one that it stands in, until it is made."""
        return self.real if self.real.exists() else self.real.parent

    @property
    def real(self) -> Path:
        """The folder, links followed."""
        return Path(os.path.realpath(self.at))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files, as services open them."""
        return tuple(self.at / name for name in self.files)

    @property
    def access(self) -> Access:
        """What is asked of files that are new."""
        return Access(self.mode, self.owner, self.group)

    def read(self) -> bytes | None:
        """What the files hold; if they differ, what one of them holds; None if any is missing, and no other differs."""
        held = [FileTarget(path).read() for path in self.paths]
        there = [content for content in held if content is not None]
        differing = next((content for content in there if content != there[0]), None)
        return differing if differing is not None or len(there) < len(held) else held[0]

    def faults(self) -> tuple[str, ...]:
        """How mode, owner and group of its files differ from what is asked for."""
        return tuple(f"{path.name}: {fault}" for path in self.paths for fault in self.access.faults(path))

    def torn(self, held: bytes, before: bytes | None, wanted: bytes) -> bool:
        """Never: one rename switches it."""
        return False

    def stage(self, content: bytes) -> StagedSet:
        """Write all files into a folder of their own, synced to disk."""
        with failing_as(f"target {self.root}: cannot be written", self.real):
            made = self._make_root()
            staged = StagedSet(self, self.real / f"{_STAGED}{secrets.token_hex(6)}", content)
            try:
                self._refuse_obstacles()
                staged.write()
            except BaseException:
                staged.discard()
                if made:
                    self._remove_root()
                raise
        return staged

    def littered(self) -> bool:
        """Are there folders that no link leads to?"""
        return bool(self._leftovers())

    def clean(self) -> None:
        """Remove folders that no link leads to, and links that lead nowhere else."""
        for path in self._leftovers():
            if path.is_symlink():
                with contextlib.suppress(OSError):
                    path.unlink()
            else:
                _remove(path)

    def current(self) -> str | None:
        """The folder that the link leads to."""
        try:
            return str((self.at / _LINK).readlink())
        except OSError:
            return None

    def _make_root(self) -> bool:
        if self.at.exists():
            return False
        if self.at.is_symlink():
            raise TargetError(
                f"target {self.root}: is a link to {self.real}, which is not there",
                hint=f"mkdir -p {self.real}",
            )
        self.at.mkdir(mode=0o700)
        try:
            finish_folder(self.at, lambda made: self.access.of_folder.give(made, f"target {self.root}"))
            sync_folder(self.at.parent)
        except BaseException:
            self._remove_root()
            raise
        return True

    def _remove_root(self) -> None:
        with contextlib.suppress(OSError):
            self.at.rmdir()

    def _refuse_obstacles(self) -> None:
        """Raise `TargetError` for what keeps the links from being switched, or a file from being replaced."""
        folder = self.real
        refuse_folder(self.name, folder / _LINK, _link_status(folder / _LINK))
        for name in self.files:
            link = folder / name
            status = _link_status(link)
            if status is not None and os.path.normpath(link.readlink()) != f"{_LINK}/{name}":
                raise TargetError(
                    f"target {self.root / name}: is a link that leads elsewhere: {link.readlink()}",
                    hint="move it away, or give the set a folder of its own",
                )
            if (old := file_status(link, dangling=True)) is not None:
                refuse_pinned(str(self.root / name), Path(os.path.realpath(link)), old)

    def _leftovers(self) -> list[Path]:
        current = self.current()
        try:
            return [
                path for path in self.at.iterdir() if path.name.startswith(_STAGED) and path.name != current
            ]
        except OSError:
            return []


@frozen
class StagedSet:
    """A folder of files that waits to be linked to."""

    target: FileSet
    staged: Path
    content: bytes = field(repr=False)

    def write(self) -> None:
        """Write and sync the files; what they will replace gives them all that it has beside its bytes."""
        fresh = self._old(_LINK) is None and not self.target.access.asked
        self.staged.mkdir(mode=0o755 if fresh else 0o700)  # the first is open to whoever may enter the set's
        for name in self.target.files:
            write_new(self.staged / name, self.content, partial(self._finish, name))
        finish_folder(
            self.staged, self._finish_folder
        )  # last: with it, the folder may be one that nobody writes to
        sync_folder(self.staged.parent)

    def commit(self) -> None:
        """See to the links that lead through the one that is swapped; swap it; remove the folder before."""
        with failing_as(f"target {self.target.root}: cannot be switched", self.staged):
            before = self.target.current()
            self._link_names()  # first: they lead nowhere, or to what is in force, until the swap
            self._swap()
            sync_folder(self.staged.parent)
        if before and before != self.staged.name and before.startswith(_STAGED):
            _remove(self.staged.parent / before)

    def discard(self) -> None:
        """Remove the folder, unless it is the one in force, and the link to it."""
        with contextlib.suppress(OSError):
            self._link.unlink()
        if self.target.current() != self.staged.name:
            _remove(self.staged)

    def _finish(self, name: str, descriptor: int) -> None:
        old = self._old(name)
        if old is None:
            self.target.access.give(descriptor, f"target {self.target.root / name}")
        else:
            keep(old, descriptor, f"target {self.target.root / name}", _HINT)

    def _finish_folder(self, descriptor: int) -> None:
        old = self._old(_LINK)
        if old is not None:
            keep(old, descriptor, f"target {self.target.root / _LINK}", _HINT)
        else:
            self.target.access.of_folder.give(descriptor, f"target {self.target.root}")

    def _old(self, name: str) -> Attributes | None:
        try:
            return Attributes.of(self.target.at / name)
        except FileNotFoundError:
            return None

    def _swap(self) -> None:
        if not self.staged.exists():  # another process took it for a leftover
            self.write()
        with contextlib.suppress(FileNotFoundError):
            self._link.unlink()
        self._link.symlink_to(self.staged.name)
        self._link.replace(self.staged.with_name(_LINK))

    @property
    def _link(self) -> Path:
        return self.staged.with_name(f"{self.staged.name}.link")

    def _link_names(self) -> None:
        for name in self.target.files:
            link = self.staged.with_name(name)
            if not link.is_symlink():
                link.symlink_to(f"{_LINK}/{name}")


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.chmod(0o700)  # it may be one that nobody writes to
    shutil.rmtree(folder, ignore_errors=True)


def _link_status(link: Path) -> os.stat_result | None:
    """Of a link itself; None if there is nothing. Raises `TargetError` if something else stands there."""
    try:
        status = link.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "file"
        raise TargetError(
            f"target {link}: a {kind} stands where a link to the set has to be",
            hint="move it away, or give the set a folder of its own",
        )
    return status
