"""Which files are mounted by themselves: nothing can be renamed over those."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["is_mount_point"]

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
