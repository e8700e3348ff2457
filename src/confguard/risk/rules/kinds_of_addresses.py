"""What happened to names and addresses that others know, and to ranges of them."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from confguard.risk.rules.happened import Happened
from confguard.risk.rules.interface import Context, Edit, sized

__all__ = ["made_internal", "public_made_private", "range_shrank"]

_LONGEST = 1_000
_INTERNAL = re.compile(
    r"(?:[a-z]+://)?(?:[\w-]+\.)*(?:localhost|local|internal|svc|lan|localdomain|intranet|consul)\.?(?::\d+)?(?:/.*)?",
    re.IGNORECASE,
)
_PUBLIC = re.compile(r"(?:[a-z]+://)?(?:[\w-]+\.)+[a-z]{2,24}\.?(?::\d+)?(?:/.*)?", re.IGNORECASE)
_INSIDE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7"),
    )
)
_RANGE = re.compile(r"\s*([0-9a-fA-F.:]{3,45})\s*(?:-|to|,|\s)\s*([0-9a-fA-F.:]{3,45})\s*")


def made_internal(edit: Edit, context: Context, role: str) -> Happened | None:
    """A name that others know became one that only this network knows."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str) or len(edit.after) > _LONGEST:
        return None
    was = _PUBLIC.fullmatch(edit.before.strip()) and not _INTERNAL.fullmatch(edit.before.strip())
    return (
        Happened(1, f"{sized(edit)}: nobody outside knows it")
        if was and _INTERNAL.fullmatch(edit.after.strip())
        else None
    )


def public_made_private(edit: Edit, context: Context, role: str) -> Happened | None:
    """An address that everybody reaches became one that only this network reaches."""
    before, after = _address(edit.before), _address(edit.after)
    if before is None or after is None or _is_inside(before) or not _is_inside(after):
        return None
    return Happened(1, f"{sized(edit)}: nobody outside reaches it")


def _is_inside(address: IPv4Address | IPv6Address) -> bool:
    """Is it of a network of one's own?"""
    return any(address.version == each.version and address in each for each in _INSIDE)


def range_shrank(edit: Edit, context: Context, role: str) -> Happened | None:
    """A range of addresses of which a third or less is left."""
    before, after = _length(edit.before), _length(edit.after)
    shrank = before and after and after * 3 <= before
    return Happened(before / after, f"{sized(edit)}: from {before} addresses to {after}") if shrank else None


def _address(value: object) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _length(value: object) -> int:
    """How many addresses a range holds; 0 for what is none."""
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    first, last = (_address(match[1]), _address(match[2])) if match else (None, None)
    if first is None or last is None or first.version != last.version:
        return 0
    return max(0, int(last) - int(first) + 1)
