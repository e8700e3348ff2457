"""The files of a config in one folder, which switch as one: by the link that Kubernetes' own volumes swap.

    auth.toml      -> ..data/auth.toml
    worker.toml    -> ..data/worker.toml
    ..data         -> ..confguard-1b2c3d4e/    one rename of this link switches all
    ..confguard-1b2c3d4e/auth.toml, worker.toml

A file in a folder below (`conf.d/a.toml`) is led to by a link in that folder's place: `conf.d -> ..data/conf.d`.
Whoever opens one of the files finds that of the old folder or that of the new one; whoever wants several of one
revision opens `..data` once and reads them below it. What somebody put into such a folder, and is no configuration,
goes along into the next one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from attrs import Factory, field, frozen

from confguard.documents.bundle import files_of
from confguard.documents.layout import Layout, check_name
from confguard.errors import ConfguardError, DocumentError, TargetError
from confguard.targets.access import Access, Attributes, as_mode, check_who
from confguard.targets.files import FileTarget, check_path, file_status
from confguard.targets.interface import Staged, Target
from confguard.targets.obstacles import refuse_folder, refuse_pinned
from confguard.targets.writing import bound, failing_as, finish_folder, keep, sync_folder, undoing, write_new

_LINK = "..data"
_STAGED = "..confguard-"
_HINT = "write as its owner or as root"


def files_of_bundle(target: str, content: bytes) -> dict[str, bytes]:
    """The bytes of each file of a bundle. Raises `TargetError` for what is none, or would be written elsewhere."""
    try:
        files = files_of(content)
        for name in files:
            check_name(name)
    except ConfguardError as error:
        message = error.message if isinstance(error, DocumentError) else str(error)
        raise TargetError(
            f"target {target}: {message}", hint="a set holds configs of several files"
        ) from error
    return files


def as_layout(files: Iterable[str] | Layout) -> Layout:
    """The layout of files by their names. Raises `TargetError` for names that no file can have."""
    try:
        return files if isinstance(files, Layout) else Layout(files)
    except ConfguardError as error:
        raise TargetError(f"target: {error}", hint=error.hint) from error


@frozen
class FileSet(Target):
    """The files of a config in one folder, each by its name, which switch as one.

    Its content is a bundle of them (`confguard.documents.bundle`). The folder is the set's own: it is made if it is
    missing. Files that stand where a link has to be become links, their bytes unchanged meanwhile; folders are refused.
    Files, and the folder that `..data` leads to, keep what the old ones have beside their bytes: mode, owner, group,
    ACL, extended attributes. `mode`, `owner` and `group` are asked of files that are new, and of a folder that is made
    for them.
    """

    root: Path = field(converter=Path, validator=check_path)
    files: Layout = field(factory=lambda: Layout(()), converter=as_layout)
    """Their names. Others that the folder in force holds belong to it, too."""
    mode: int | None = field(default=None, kw_only=True, converter=as_mode)
    owner: str | int | None = field(default=None, kw_only=True, validator=check_who)
    group: str | int | None = field(default=None, kw_only=True, validator=check_who)
    at: Path = field(init=False, repr=False, default=Factory(lambda self: bound(self.root), takes_self=True))
    """The folder, from / on."""

    @property
    def access(self) -> Access:
        """What is asked of files that are new."""
        return Access(self.mode, self.owner, self.group)

    @property
    def name(self) -> str:
        return str(self.root)

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
        return tuple(self.at / name for name in self._names())

    def read(self) -> bytes | None:
        held = self.held()
        return self.files.content(held) if held else None

    def held(self) -> dict[str, bytes]:
        """What each file holds that is there."""
        there = {name: FileTarget(self.at / name).read() for name in self._names()}
        return {name: content for name, content in there.items() if content is not None}

    def readable(self) -> dict[str, bytes]:
        """The same without what cannot be read."""
        readable = {}
        for name in self._names():
            with contextlib.suppress(TargetError):
                if (content := FileTarget(self.at / name).read()) is not None:
                    readable[name] = content
        return readable

    def others(self) -> dict[str, Path]:
        """What the folder in force holds besides, by its name there: it is nobody's here, and stays."""
        top, ours = Path(os.path.realpath(self.at / _LINK)), self.readable()
        if top.parent != self.real:  # a folder of somebody else's
            return {}
        others = {}
        for folder, folders, files in os.walk(top):
            for each in [*files, *(name for name in folders if Path(folder, name).is_symlink())]:
                name = Path(folder, each).relative_to(top).as_posix()
                if name not in ours:
                    others[name] = Path(folder, each)
        return others

    def faults(self) -> tuple[str, ...]:
        """How mode, owner and group of its files differ from what is asked for; and which are links to elsewhere."""
        names = self._names()
        faults = [f"{name}: {fault}" for name in names for fault in self.access.faults(self.at / name)]
        return (*faults, *(f"{name} is a link that leads elsewhere" for name in self.astray(names)))

    def astray(self, names: Iterable[str] | None = None) -> list[str]:
        """In the place of which of them somebody put another link, once the set was in force."""
        if not (self.current() or "").startswith(_STAGED):
            return []
        links = (self.at / first for first in first_parts(self._names() if names is None else names))
        return [link.name for link in links if link.is_symlink() and not _leads(link)]

    def stage(self, content: bytes) -> StagedSet:
        files = files_of_bundle(self.name, content)
        with failing_as(f"target {self.root}: cannot be written", self.real):
            remove_root = self._remove_root if self._make_root() else lambda: None
            staged = self.waiting(files)
            with undoing(remove_root), undoing(staged.discard):
                self._refuse_obstacles(files)
                staged.write()
        return staged

    def takes(self, path: Path) -> bool:
        """Would a file of this path, links followed, be one of the set's?"""
        below = path.is_relative_to(self.real) and path != self.real
        return below and self.files.names_file(path.relative_to(self.real).as_posix())

    def waiting(self, files: Mapping[str, bytes]) -> StagedSet:
        """Files that are to be written into a folder of their own."""
        return StagedSet(self, self.real / f"{_STAGED}{secrets.token_hex(6)}", files)

    def littered(self) -> bool:
        """Are there folders that no link leads to, or links to files that are not there?"""
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

    def _names(self) -> list[str]:
        """Its files, and those that the folder in force holds beside them."""
        names, inside = self.files.below(self.at), self.at / _LINK
        inside_names = (path.relative_to(inside).as_posix() for path in inside.rglob("*") if path.is_file())
        names += sorted(name for name in inside_names if name not in names and self.files.knows(name))
        return [name for name in names if _is_text(name)]

    def dangling(self) -> list[Path]:
        """Links to files that the folder in force does not hold."""
        return [path for path in self.real.iterdir() if _is_dangling(path)]

    def _make_root(self) -> bool:
        if self.at.exists():
            return False
        if self.at.is_symlink():
            raise TargetError(
                f"target {self.root}: is a link to {self.real}, which is not there",
                hint=f"mkdir -p {self.real}",
            )
        self.at.mkdir(mode=0o700)
        with undoing(self._remove_root):
            finish_folder(self.at, lambda folder: self.access.of_folder.give(folder, f"target {self.root}"))
            sync_folder(self.at.parent)
        return True

    def _remove_root(self) -> None:
        with contextlib.suppress(OSError):
            self.at.rmdir()

    def _refuse_obstacles(self, files: Iterable[str]) -> None:
        """Raise `TargetError` for what keeps the links from being switched, or a file from being replaced."""
        folder = self.real
        refuse_folder(self.name, folder / _LINK, _link_status(folder / _LINK))
        replaced = self.astray(files)
        for first in first_parts(files):
            status = _link_status(folder / first, file="/" not in first)
            if status is None or not stat.S_ISLNK(status.st_mode) or _leads(folder / first):
                continue
            if first not in replaced:
                raise TargetError(
                    f"target {self.root / first}: is a link that leads elsewhere: {(folder / first).readlink()}",
                    hint="move it away, or give the set a folder of its own",
                )
        for name in files:
            if name.partition("/")[0] in replaced:
                continue
            if (old := file_status(folder / name, dangling=True)) is not None:
                refuse_pinned(str(self.root / name), Path(os.path.realpath(folder / name)), old)

    def _leftovers(self) -> list[Path]:
        current, link = self.current(), self.at / _LINK
        if link.exists() and not link.is_symlink():  # somebody's own: nobody knows what it leaves over
            return []
        try:
            return [
                path
                for path in self.at.iterdir()
                if (path.name.startswith(_STAGED) and path.name != current) or _is_dangling(path)
            ]
        except OSError:
            return []


@frozen
class StagedSet(Staged):
    """A folder of files that waits to be linked to."""

    target: FileSet
    staged: Path
    files: Mapping[str, bytes] = field(repr=False)

    def write(self) -> None:
        """Write and sync the files; what they will replace gives them all that it has beside its bytes."""
        access = self.target.access
        fresh = self._old(_LINK) is None and not access.asked
        self.staged.mkdir(mode=0o755 if fresh else 0o700)  # the first is open to whoever may enter the set's
        others = {name: path for name, path in self.target.others().items() if name not in self.files}
        folders = {parent for name in [*self.files, *others] for parent in Path(name).parents}
        folders.discard(Path())
        for inner in sorted(folders):
            (self.staged / inner).mkdir(mode=0o755 if fresh else 0o700)
        for name, content in self.files.items():
            write_new(self.staged / name, content, partial(self._finish, name, access))
        for name, path in others.items():
            _take_along(path, self.staged / name)
        for inner in sorted(folders, reverse=True):
            finish_folder(self.staged / inner, partial(self._finish, str(inner), access.of_folder))
        # Last: with it, the folder may be one that nobody writes to.
        finish_folder(self.staged, partial(self._finish, _LINK, access.of_folder))
        sync_folder(self.staged.parent)

    def commit(self) -> None:
        """See to the links that lead through the one that is swapped; swap it; remove the folder before."""
        with failing_as(f"target {self.target.root}: cannot be switched", self.staged):
            self._take_over()
            before = self.target.current()
            # First: they lead nowhere, or to what is in force, until the swap.
            for name in first_parts(self.files):
                if not _leads(self.staged.with_name(name)):
                    self._lead(name, f"{_LINK}/{name}")
            self._swap()
            sync_folder(self.staged.parent)
            for path in self.target.dangling():  # of files that went
                path.unlink(missing_ok=True)
        if before != self.staged.name:
            self._remove_before(before)

    def discard(self) -> None:
        """Remove the folder, unless it is the one in force, and the link to it."""
        with contextlib.suppress(OSError):
            self._link.unlink()
        if self.target.current() != self.staged.name:
            _remove(self.staged)

    def _finish(self, name: str, access: Access, descriptor: int) -> None:
        old, what = self._old(name), f"target {self.target.root / name}"
        if old is not None:
            keep(old, descriptor, what, _HINT)
        else:
            access.give(descriptor, what.removesuffix(f"/{_LINK}"))

    def _old(self, name: str) -> Attributes | None:
        at, first = self.target.at, name.partition("/")[0]
        elsewhere = name != _LINK and (at / first).is_symlink() and not _leads(at / first)
        try:
            return Attributes.of(at / _LINK / name if elsewhere else at / name)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _take_over(self) -> None:
        """Let files that stand where a link has to be become links, their bytes unchanged at each moment."""
        root = self.staged.parent
        held = self.target.readable()
        plain = [name for name in held if "/" not in name and not (root / name).is_symlink()]
        if not plain:
            return
        before, there = self.target.current(), self.target.waiting(held)
        there.write()
        there._swap()
        sync_folder(root)  # else a power failure may leave links to a folder that is not in force
        for name in plain:
            there._lead(name, f"{_LINK}/{name}")
        sync_folder(root)
        self._remove_before(before)

    def _remove_before(self, folder: str | None) -> None:
        if folder and folder.startswith(_STAGED):
            _remove(self.staged.with_name(folder))

    def _swap(self) -> None:
        if not self.staged.exists():  # another process took it for a leftover
            self.write()
        self._lead(_LINK, self.staged.name)

    def _lead(self, name: str, to: str) -> None:
        """Let a name in the set's folder be a link, in one step."""
        with contextlib.suppress(FileNotFoundError):
            self._link.unlink()
        self._link.symlink_to(to)
        self._link.replace(self.staged.with_name(name))

    @property
    def _link(self) -> Path:
        return self.staged.with_name(f"{self.staged.name}.link")


def first_parts(names: Iterable[str]) -> list[str]:
    """What stands in the folder itself: files, and the folders of others."""
    return list(dict.fromkeys(name.partition("/")[0] for name in names))


def _is_text(name: str) -> bool:
    """Is it UTF-8? Others have no place in a bundle."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _leads(path: Path) -> bool:
    """Is it a link to what has its name in the folder in force?"""
    return path.is_symlink() and os.path.normpath(path.readlink()) == f"{_LINK}/{path.name}"


def _take_along(path: Path, to: Path) -> None:
    """Give a file, or a link itself, a second name: until the folder of the first is removed."""
    try:
        os.link(path, to, follow_symlinks=False)
    except OSError:  # of somebody else's, or where the system has no such names
        shutil.copy2(path, to, follow_symlinks=False)


def _is_dangling(path: Path) -> bool:
    return path.is_symlink() and path.readlink().parts[:1] == (_LINK,) and not path.exists()


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.chmod(0o700)  # it may be one that nobody writes to
    shutil.rmtree(folder, ignore_errors=True)


def _link_status(link: Path, *, file: bool = False) -> os.stat_result | None:
    """Of a link itself, or a file where that may be; None if there is nothing. Raises `TargetError` for all else."""
    try:
        status = link.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode) and not (file and stat.S_ISREG(status.st_mode)):
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "file"
        raise TargetError(
            f"target {link}: a {kind} stands where a link to the set has to be",
            hint="move it away, or give the set a folder of its own",
        )
    return status


def places_of(target: Target) -> Sequence[Path]:
    """Where a target stands, whatever it holds now: what tells it from any other. Of a set, that is its folder."""
    return (target.at,) if isinstance(target, FileSet) else target.paths or (bound(Path(target.name)),)
