"""What a file has beside its bytes: what is kept of an old one, and the mode, owner and group asked of a new one.

Users and groups are known by name and by number.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import Attribute, field, frozen

from confguard.errors import TargetError, did_you_mean

_LARGEST = 2**32 - 2
"""The largest number that a user or group can have."""
_ACL, _DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"
_OF_THE_BYTES = frozenset({"security.evm", "security.ima"})
"""Computed by the system from a file's content and identity: another file has its own."""
_OCTAL = re.compile(r"(0o)?[0-7]{3,4}")
_MOST = 0o777


def number_of(kind: str, wanted: int | str) -> int:
    """The number of an owner or a group. Raises `TargetError` if there is none on this machine.

    >>> number_of("owner", "root"), number_of("owner", "2000"), number_of("group", 7)
    (0, 2000, 7)
    """
    if isinstance(wanted, int):
        return wanted
    by_name, _, entries = _database(kind)
    try:
        return int(by_name(wanted)[2])
    except (KeyError, OSError, ValueError):
        if wanted.isdecimal() and int(wanted) <= _LARGEST:
            return int(wanted)
        what, database = ("user", "passwd") if kind == "owner" else ("group", "group")
        raise TargetError(
            f"no {what} '{wanted}' on this machine{did_you_mean(wanted, [each[0] for each in entries()])}",
            hint=f"getent {database} {wanted}",
        ) from None


def name_of(kind: str, number: int) -> str:
    """The name of an owner or a group; the number if there is none.

    >>> name_of("owner", 0), name_of("group", 4_000_000_000)
    ('root', '4000000000')
    """
    try:
        return str(_database(kind)[1](number)[0])
    except (KeyError, OSError):
        return str(number)


def _database(kind: str) -> tuple[Callable[[str], Any], Callable[[int], Any], Callable[[], Iterable[Any]]]:
    """An entry by its name, one by its number, and all of them: each begins with name, password and number."""
    if kind == "owner":
        import pwd

        return pwd.getpwnam, pwd.getpwuid, pwd.getpwall
    import grp

    return grp.getgrnam, grp.getgrgid, grp.getgrall


@frozen
class Attributes:
    """What a file or folder has beside its bytes, to be given to the one that takes its place."""

    mode: int
    owner: int
    group: int
    extended: Mapping[str, bytes] = field(repr=False)
    """ACLs are among them."""

    @classmethod
    def of(cls, file: int | Path) -> Attributes:
        """What a file has. Raises `OSError`.

        >>> Attributes.of(Path("/dev/null")).owner
        0
        """
        status = os.stat(file)  # noqa: PTH116 - a descriptor, too
        return cls(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, _extended(file))

    def give(self, descriptor: int) -> list[str]:
        """Give each of them, as far as this user may, to a file that is new; what it does not have then, in words."""
        new = Attributes.of(descriptor)
        if new.owner != self.owner:
            _try(os.fchown, descriptor, self.owner, -1)
        if new.group != self.group:
            _try(os.fchown, descriptor, -1, self.group)
        self._give_extended(descriptor)
        # Last: a change of owner clears bits of it.
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != self.mode:
            _try(os.fchmod, descriptor, self.mode)
        return self._missing_in(Attributes.of(descriptor))

    def _give_extended(self, descriptor: int) -> None:
        """An ACL comes last: with it, the file may be one that its owner may not write to."""
        there = _extended(descriptor)  # after the owner: a change of owner takes capabilities away
        for name in (_ACL, _DEFAULT_ACL):  # the folder's default
            if name in there and name not in self.extended:
                _try(os.removexattr, descriptor, name)
        for name, value in sorted(self.extended.items(), key=lambda item: item[0] == _ACL):
            if there.get(name) != value:
                _try(os.setxattr, descriptor, name, value)

    def _missing_in(self, new: Attributes) -> list[str]:
        missing = []
        if new.owner != self.owner:
            missing.append(f"its owner ({name_of('owner', self.owner)})")
        if new.group != self.group:
            missing.append(f"its group ({name_of('group', self.group)})")
        if new.mode != self.mode:
            missing.append(f"its mode ({self.mode:04o})")
        acls = {_ACL, _DEFAULT_ACL}
        if any(new.extended.get(name) != self.extended.get(name) for name in acls):
            missing.append("its ACL")
        for name, value in self.extended.items():
            if name not in acls and new.extended.get(name) != value:
                missing.append(f"its extended attribute {name}")
        return missing


def _extended(file: int | Path) -> dict[str, bytes]:
    """Extended attributes by name; none where the file system or the platform has none."""
    attributes: dict[str, bytes] = {}
    with suppress(AttributeError):  # not every POSIX has them
        try:
            names = os.listxattr(file)
        except OSError:  # nor every file system
            return attributes
        for name in names:
            if name not in _OF_THE_BYTES:
                try:
                    attributes[name] = os.getxattr(file, name)
                except OSError as error:
                    if error.errno != errno.ENODATA:  # taken away in the meantime
                        raise
    return attributes


def _try(call: Callable[..., None], *arguments: Any) -> None:
    """What could not be given is seen afterwards."""
    with suppress(OSError):
        call(*arguments)


def as_mode(like: object) -> int | None:
    """A mode from octal text, or from a number that is one.

    >>> as_mode("0640") == as_mode(0o640) == 0o640
    True
    """
    if like is None:
        return None
    if isinstance(like, str) and _OCTAL.fullmatch(like) and int(like, 8) <= _MOST:
        return int(like, 8)
    if isinstance(like, int) and not isinstance(like, bool) and 0 <= like <= _MOST:
        return like
    raise TargetError(f"mode {like!r}: expected an octal number from 0000 to 0777{_meant(like)}")


def mode_of_text(like: object) -> int | None:
    """A mode from octal text only: of a bare number nobody knows whether it was meant as octal."""
    if like is None or isinstance(like, str):
        return as_mode(like)
    raise TargetError(f"mode {like!r}: expected octal text, in quotes{_meant(like, quoted=True)}")


def _meant(like: object, *, quoted: bool = False) -> str:
    """The mode that a number was meant as: by its digits, or as TOML reads 0o640, if that is one that people use."""
    if isinstance(like, int) and not isinstance(like, bool):
        for digits in (str(like), f"{like:o}") if quoted else (str(like),):
            if _OCTAL.fullmatch(digits) and _is_usual(int(digits, 8)):
                return f' (did you mean "{digits:0>4}"?)' if quoted else f" (did you mean 0o{digits}?)"
    return ', as "0640"'


def _is_usual(mode: int) -> bool:
    """May the group do no more than the owner, and others no more than the group?"""
    owner, group, others = mode >> 6, mode >> 3 & 7, mode & 7
    return mode <= _MOST and group & ~owner == 0 and others & ~group == 0


def check_who(_: object, attribute: Attribute[Any], who: object) -> None:
    if who is None:
        return
    named = isinstance(who, str) and who.strip() and "\0" not in who
    numbered = isinstance(who, int) and not isinstance(who, bool) and 0 <= who <= _LARGEST
    if not (named or numbered):
        raise TargetError(f"{attribute.name} {who!r}: expected a name or a number")


@frozen
class Access:
    """What is asked of a file that is new; of one that is there already it is only said how it differs.

    >>> Access(mode="0640", group="root").asked
    True
    """

    mode: int | None = field(default=None, converter=as_mode)
    owner: str | int | None = None
    group: str | int | None = None

    @property
    def asked(self) -> bool:
        """Is anything asked for?"""
        return (self.mode, self.owner, self.group) != (None, None, None)

    @property
    def of_folder(self) -> Access:
        """The same for a folder: whoever may read may enter."""
        mode = None if self.mode is None else self.mode | (self.mode & 0o444) >> 2
        return Access(mode, self.owner, self.group)

    def give(self, descriptor: int, what: str) -> None:
        """Give a new file what is asked for. Raises `TargetError` that begins with `what`."""
        status = os.fstat(descriptor)
        for kind, wanted, held in self._whose(status):
            if wanted is not None and (number := number_of(kind, wanted)) != held:
                with _giving(what, f"the {kind} ({name_of(kind, number)})"):
                    os.fchown(descriptor, *((number, -1) if kind == "owner" else (-1, number)))
        if self.mode is not None:
            os.fchmod(descriptor, self.mode)

    def faults(self, path: Path) -> tuple[str, ...]:
        """How a file that is there differs, in a few words each; never raises."""
        if not self.asked:
            return ()
        try:
            status = path.stat()
        except FileNotFoundError:
            return ()
        except OSError as error:
            return (f"its mode, owner and group cannot be seen: {error.strerror}",)
        faults = []
        mode = stat.S_IMODE(status.st_mode)
        if self.mode is not None and mode != self.mode:
            faults.append(f"mode is {mode:04o}, {self.mode:04o} was asked for")
        for kind, wanted, number in self._whose(status):
            try:
                if wanted is not None and number_of(kind, wanted) != number:
                    faults.append(f"{kind} is {name_of(kind, number)}, {wanted} was asked for")
            except TargetError as error:
                faults.append(f"{kind} is {name_of(kind, number)}: {error}")
        return tuple(faults)

    def _whose(self, status: os.stat_result) -> tuple[tuple[str, str | int | None, int], ...]:
        """Owner and group: what is asked for, and which one a file has."""
        return ("owner", self.owner, status.st_uid), ("group", self.group, status.st_gid)


@contextmanager
def _giving(what: str, asked: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TargetError(
            f"{what}: cannot be given {asked} that was asked for: {error.strerror or error}",
            hint="only root gives files away, and others only to groups they are in: leave it out, or run as root",
        ) from error
