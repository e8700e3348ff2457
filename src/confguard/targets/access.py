"""Who may do what with a file that is new: the mode, owner and group that a target asks for."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import Attribute, field, frozen

from confguard.errors import TargetError
from confguard.targets.users import MOST, group_name, group_number, user_name, user_number

__all__ = ["Access", "as_mode", "mode_of_text"]

_OCTAL = re.compile(r"(0o)?[0-7]{3,4}")
_MOST = 0o777


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


def _check_who(_: object, attribute: Attribute[Any], who: object) -> None:
    if who is None:
        return
    named = isinstance(who, str) and who.strip() and "\0" not in who
    numbered = isinstance(who, int) and not isinstance(who, bool) and 0 <= who <= MOST
    if not (named or numbered):
        raise TargetError(f"{attribute.name} {who!r}: expected a name or a number")


@frozen
class Access:
    """What is asked of a file that is new; of one that is there already it is only said how it differs.

    >>> Access(mode="0640", group="root").asked
    True
    """

    mode: int | None = field(default=None, converter=as_mode)
    owner: str | int | None = field(default=None, validator=_check_who)
    group: str | int | None = field(default=None, validator=_check_who)

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
        if self.owner is not None and (number := user_number(self.owner)) != status.st_uid:
            with _refused(what, f"the owner ({user_name(number)})"):
                os.fchown(descriptor, number, -1)
        if self.group is not None and (number := group_number(self.group)) != status.st_gid:
            with _refused(what, f"the group ({group_name(number)})"):
                os.fchown(descriptor, -1, number)
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
        faults_found = []
        mode = stat.S_IMODE(status.st_mode)
        if self.mode is not None and mode != self.mode:
            faults_found.append(f"mode is {mode:04o}, {self.mode:04o} was asked for")
        for kind, wanted, number, number_of, name_of in (
            ("owner", self.owner, status.st_uid, user_number, user_name),
            ("group", self.group, status.st_gid, group_number, group_name),
        ):
            try:
                if wanted is not None and number_of(wanted) != number:
                    faults_found.append(f"{kind} is {name_of(number)}, {wanted} was asked for")
            except TargetError as error:
                faults_found.append(f"{kind} is {name_of(number)}: {error}")
        return tuple(faults_found)


@contextmanager
def _refused(what: str, asked: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TargetError(
            f"{what}: cannot be given {asked} that was asked for: {error.strerror or error}",
            hint="only root gives files away, and others only to groups they are in: leave it out, or run as root",
        ) from error
