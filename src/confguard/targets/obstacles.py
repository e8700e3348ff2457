"""What would keep a file from being replaced by a rename: looked for before anything is decided."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import stat
import struct
from pathlib import Path

from confguard.errors import TargetError
from confguard.targets.writing import IN_PLACE, opened

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(rb"\\([0-7]{3})")


def is_mount_point(real: Path) -> bool:
    """Is something mounted exactly there? `real` has no links in it. False where the system does not tell.

    >>> is_mount_point(Path("/proc")), is_mount_point(Path("/proc/self"))
    (True, False)
    """
    try:
        listed = _MOUNTS.read_bytes()
    except OSError:
        return False
    return os.fsencode(real) in mount_points(listed)


def mount_points(listed: bytes) -> set[bytes]:
    """The places that a list of mounts names: the fifth word of each line, with spaces and the like as octal numbers.

    >>> mount_points(rb"98 29 254:0 /a /etc/my\\040app.toml rw - ext4 /dev/vda rw")
    {b'/etc/my app.toml'}
    """
    points = set()
    for line in listed.splitlines():
        words = line.split(b" ", 5)
        if len(words) > 5:
            points.add(_ESCAPE.sub(lambda octal: bytes([int(octal[1], 8) & 0xFF]), words[4]))
    return points


_READ = 0x40000000 if platform.machine().startswith(("ppc", "mips", "sparc", "alpha")) else 0x80000000
_GET_FLAGS = _READ | struct.calcsize("l") << 16 | ord("f") << 8 | 1
_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20
_CAP_FOWNER = 3


def refuse_pinned(name: str, real: Path, status: os.stat_result) -> None:
    """Raise `TargetError` for a file that has to stay the file it is: mounted, linked to, or marked unchangeable."""
    if is_mount_point(real):
        raise TargetError(
            f"target {name}: is mounted by itself: no other file can take its place",
            hint=f"{IN_PLACE}; or mount its folder instead",
        )
    if status.st_nlink > 1:
        others = status.st_nlink - 1
        raise TargetError(
            f"target {name}: has {others} other name{'s' if others > 1 else ''} (hard links), "
            "which would go on holding what is in it now",
            hint=f"{IN_PLACE}, for all its names; or end the link: cp -p {real} {real}.new && mv {real}.new {real}",
        )
    refuse_flags(name, real)


def refuse_flags(name: str, path: Path) -> None:
    """Raise `TargetError` for a file or folder that is immutable or append-only."""
    flags = _flags(path)
    if flags & (_IMMUTABLE | _APPEND_ONLY):
        kind, letter = ("immutable", "i") if flags & _IMMUTABLE else ("append-only", "a")
        raise TargetError(
            f"target {name}: {path} is {kind}",
            hint=f"somebody made it so on purpose; root lifts it: chattr -{letter} {path}",
        )


def refuse_folder(name: str, real: Path, status: os.stat_result | None) -> None:
    """Raise `TargetError` if names in the folder of a file, or that of this file, may not be changed."""
    folder = real.parent
    refuse_flags(name, folder)
    if status is None:
        return
    around = folder.stat()
    if (
        around.st_mode & stat.S_ISVTX
        and os.geteuid() not in (status.st_uid, around.st_uid)
        and not _any_owner()
    ):
        raise TargetError(
            f"target {name}: belongs to another user, and only its owner may replace it in {folder}, which is sticky",
            hint=f"write as its owner (ls -ld {folder} {real}), or take the sticky bit off: chmod -t {folder}",
        )


def _flags(path: Path) -> int:
    """The flags that `chattr` sets; 0 where there are none, or they cannot be asked for."""
    try:
        with opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW) as descriptor:
            return int(struct.unpack_from("i", fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8)))[0])
    except OSError:
        return 0


def _any_owner() -> bool:
    """May this process treat every file as its own?"""
    try:
        words = Path("/proc/thread-self/status").read_bytes().split()
        return bool(int(words[words.index(b"CapEff:") + 1], 16) >> _CAP_FOWNER & 1)
    except (OSError, ValueError, IndexError):
        return os.geteuid() == 0
