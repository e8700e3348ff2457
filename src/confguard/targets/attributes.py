"""What a file has beside its bytes: mode, owner, group, ACL, extended attributes."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import field, frozen

from confguard.targets.users import group_name, user_name

__all__ = ["Attributes"]

_ACL, _DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"
_OF_THE_BYTES = frozenset({"security.evm", "security.ima"})
"""Computed by the system from a file's content and identity: another file has its own."""


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
        if (
            stat.S_IMODE(os.fstat(descriptor).st_mode) != self.mode
        ):  # last: a change of owner clears bits of it
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
            missing.append(f"its owner ({user_name(self.owner)})")
        if new.group != self.group:
            missing.append(f"its group ({group_name(self.group)})")
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
