"""A set of files that switches as one: the link that Kubernetes' own volumes swap.

    auth.toml      -> ..data/auth.toml
    worker.toml    -> ..data/worker.toml
    ..data         -> ..1b2c3d4e/          one rename of this link switches all
    ..1b2c3d4e/auth.toml, worker.toml

Whoever opens one of the files finds that of the old folder or that of the new one; whoever wants several of one
revision opens `..data` once and reads them below it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from attrs import field, frozen

from confguard.errors import TargetError
from confguard.targets.files import FileTarget, sync_folder, write_new

__all__ = ["FileSet"]

_LINK = "..data"
_STAGED = "..confguard-"


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@frozen
class FileSet:
    """Files of one folder that hold the same bytes, and switch as one.

    The folder is the set's own: it is made if it is missing, and files that stand where a link has to be are refused.
    """

    root: Path = field(converter=Path)
    files: tuple[str, ...] = field(converter=_names)

    @files.validator
    def _check_files(self, _: object, files: tuple[str, ...]) -> None:
        if not files:
            raise TargetError(f"target {self.root}: a set needs files", hint='files = ["a.toml", "b.toml"]')
        for name in files:
            if not name or "/" in name or name.startswith("..") or name == ".":
                raise TargetError(
                    f"target {self.root}: '{name}' is no file's name", hint="names only, without folders"
                )

    @property
    def name(self) -> str:
        """The folder and its files."""
        return f"{self.root}/{{{','.join(self.files)}}}"

    @property
    def folder(self) -> Path:
        """The folder."""
        return Path(os.path.realpath(self.root))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files, as services open them."""
        return tuple(self.root / name for name in self.files)

    def read(self) -> bytes | None:
        """What the files hold; if they differ, what one of them holds; None if any is missing, and no other differs."""
        held = [FileTarget(self.root / name).read() for name in self.files]
        there = [content for content in held if content is not None]
        differing = next((content for content in there if content != there[0]), None)
        return differing if differing is not None or len(there) < len(held) else held[0]

    def stage(self, content: bytes) -> StagedSet:
        """Write all files into a folder of their own, synced to disk."""
        try:
            self._make_root()
            staged = StagedSet(self, self.folder / f"{_STAGED}{secrets.token_hex(6)}", content)
            try:
                staged.write()
            except OSError:
                staged.discard()
                raise
        except OSError as error:
            raise TargetError(f"target {self.root}: cannot be written: {error.strerror}") from error
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
                shutil.rmtree(path, ignore_errors=True)

    def current(self) -> str | None:
        """The folder that the link leads to."""
        try:
            return str((self.root / _LINK).readlink())
        except OSError:
            return None

    def _make_root(self) -> None:
        if not self.root.exists():
            self.root.mkdir(mode=0o700)
            sync_folder(self.root.parent)
        for name in self.files:
            path = self.root / name
            if path.exists() and not path.is_symlink():
                raise TargetError(
                    f"target {path}: a file stands where a link to the set has to be",
                    hint="move it away, or give the set a folder of its own",
                )

    def _leftovers(self) -> list[Path]:
        current = self.current()
        try:
            return [
                path for path in self.root.iterdir() if path.name.startswith(_STAGED) and path.name != current
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
        """Write and sync the files, with the modes and owners of those that they will replace."""
        self.staged.mkdir(mode=0o755)
        for name in self.target.files:
            old = self.target.root / name
            write_new(self.staged / name, self.content, old.stat() if old.exists() else None)
        sync_folder(self.staged)
        sync_folder(self.staged.parent)

    def commit(self) -> None:
        """See to the links that lead through the one that is swapped; swap it; remove the folder before."""
        try:
            before = self.target.current()
            self._link_names()  # first: they lead nowhere, or to what is in force, until the swap
            self._swap()
            sync_folder(self.staged.parent)
        except OSError as error:
            raise TargetError(f"target {self.target.root}: cannot be switched: {error.strerror}") from error
        if before and before != self.staged.name and before.startswith(_STAGED):
            shutil.rmtree(self.staged.parent / before, ignore_errors=True)

    def discard(self) -> None:
        """Remove the folder, unless it is the one in force."""
        if self.target.current() != self.staged.name:
            shutil.rmtree(self.staged, ignore_errors=True)

    def _swap(self) -> None:
        if not self.staged.exists():  # another process took it for a leftover
            self.write()
        new = self.staged.with_name(f"{self.staged.name}.link")
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        new.symlink_to(self.staged.name)
        new.replace(self.staged.with_name(_LINK))

    def _link_names(self) -> None:
        for name in self.target.files:
            link = self.staged.with_name(name)
            if not link.is_symlink():
                link.symlink_to(f"{_LINK}/{name}")
