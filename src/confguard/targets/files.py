"""Files as targets: replaced atomically and durably, with mode and ownership kept."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from attrs import field, frozen

from confguard.documents.reading import load_bytes
from confguard.errors import DocumentError, TargetError

__all__ = ["FileTarget", "sync_folder", "write_durably", "write_new"]

_SUFFIX = ".confguard-staged"
_TEMPLATES = frozenset({".erb", ".j2", ".jinja", ".jinja2", ".mustache", ".template", ".tmpl", ".tpl"})


@frozen
class FileTarget:
    """A file. Its content is staged beside it, synced, and renamed over it; a link is followed.

    A new file is private to its user; one that was there keeps its mode and ownership. The bytes are written as they
    are: nothing in them is expanded. A template is no target: what is rendered from it is.
    """

    path: Path = field(converter=Path)

    @path.validator
    def _check_path(self, _: object, path: Path) -> None:
        if path.suffix in _TEMPLATES:
            raise TargetError(
                f"target {path}: is a template by its name", hint="name the file that is rendered from it"
            )

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    @property
    def folder(self) -> Path:
        """The folder that the file stands in, links followed."""
        return Path(os.path.realpath(self.path)).parent

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    def read(self) -> bytes | None:
        """The file's bytes; None if there is no file."""
        try:
            return load_bytes(str(self.path))
        except DocumentError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise TargetError(f"target {self.path}: {error.message}", hint=error.hint) from error

    def stage(self, content: bytes) -> StagedFile:
        """Write the content beside the file, synced to disk."""
        real = Path(os.path.realpath(self.path))
        waiting = StagedFile(real.with_name(f".{real.name}.{secrets.token_hex(6)}{_SUFFIX}"), real, content)
        try:
            waiting.write()
        except OSError as error:
            waiting.discard()
            raise TargetError(
                f"target {self.path}: cannot be written: {error.strerror}", hint=_hint(error, real)
            ) from error
        return waiting

    def littered(self) -> bool:
        """Are there staged files beside it?"""
        return bool(self._staged())

    def clean(self) -> None:
        """Remove staged files."""
        for path in self._staged():
            with contextlib.suppress(OSError):
                path.unlink()

    def _staged(self) -> list[Path]:
        real = Path(os.path.realpath(self.path))
        try:
            with os.scandir(real.parent) as entries:
                return [
                    Path(entry.path)
                    for entry in entries
                    if entry.name.startswith(f".{real.name}.") and entry.name.endswith(_SUFFIX)
                ]
        except OSError:
            return []


@frozen
class StagedFile:
    """A file that waits beside the one it will replace."""

    staged: Path
    real: Path
    content: bytes = field(repr=False)

    def write(self) -> None:
        """Write and sync the content; what it will replace gives it mode and owner."""
        write_new(self.staged, self.content, _status(self.real))

    def commit(self) -> None:
        """Rename it over the file, and sync the folder that the name stands in."""
        try:
            try:
                self.staged.replace(self.real)
            except FileNotFoundError:  # another process took it for a leftover
                self.write()
                self.staged.replace(self.real)
            sync_folder(self.real.parent)
        except OSError as error:
            raise TargetError(f"target {self.real}: cannot be replaced: {error.strerror}") from error

    def discard(self) -> None:
        """Remove it."""
        with contextlib.suppress(OSError):
            self.staged.unlink()


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file atomically and durably. Raises `TargetError`."""
    FileTarget(path).stage(content).commit()


def _status(real: Path) -> os.stat_result | None:
    try:
        status = real.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise TargetError(f"target {real}: is not a regular file")
    return status


def write_new(path: Path, content: bytes, like: os.stat_result | None = None) -> None:
    """Write a file that is not there yet, private to its user or with the mode and owner of another; synced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        if like is not None:
            if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):  # only root may give files away
                    os.fchown(descriptor, like.st_uid, like.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hint(error: OSError, real: Path) -> str | None:
    if isinstance(error, FileNotFoundError):
        return f"make the folder first: mkdir -p {real.parent}"
    if isinstance(error, PermissionError):
        return f"this user may not write to {real.parent}"
    return None
