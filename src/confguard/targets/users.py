"""Users and groups by name and by number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from confguard.errors import TargetError, did_you_mean

__all__ = ["group_name", "group_number", "user_name", "user_number"]

MOST = 2**32 - 2
"""The largest number that a user or group can have."""


def user_number(user: int | str) -> int:
    """The number of a user. Raises `TargetError` if there is no such user.

    >>> user_number("root"), user_number("2000"), user_number(7)
    (0, 2000, 7)
    """
    import pwd

    return _number(
        "user",
        user,
        lambda name: pwd.getpwnam(name).pw_uid,
        lambda: [each.pw_name for each in pwd.getpwall()],
    )


def group_number(group: int | str) -> int:
    """The number of a group. Raises `TargetError` if there is no such group."""
    import grp

    return _number(
        "group",
        group,
        lambda name: grp.getgrnam(name).gr_gid,
        lambda: [each.gr_name for each in grp.getgrall()],
    )


def user_name(number: int) -> str:
    """The name of a user; its number if it has none.

    >>> user_name(0), user_name(4_000_000_000)
    ('root', '4000000000')
    """
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except (KeyError, OSError):
        return str(number)


def group_name(number: int) -> str:
    """The name of a group; its number if it has none."""
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except (KeyError, OSError):
        return str(number)


def _number(
    kind: str, wanted: int | str, look_up: Callable[[Any], int], all_names: Callable[[], Iterable[str]]
) -> int:
    if isinstance(wanted, int):
        return wanted
    try:
        return look_up(wanted)
    except (KeyError, OSError, ValueError):
        if wanted.isdecimal() and int(wanted) <= MOST:
            return int(wanted)
        raise TargetError(
            f"no {kind} '{wanted}' on this machine{did_you_mean(wanted, all_names())}",
            hint=f"getent {'passwd' if kind == 'user' else 'group'} {wanted}",
        ) from None
