"""What somebody wrote into a target, where it is to become a revision."""

from __future__ import annotations

import os
from pathlib import Path

from confguard.errors import ConfguardError, NotFoundError, harmless
from confguard.rollout.places import Place
from confguard.targets.interface import Target

__all__ = ["held_by_hand"]


def held_by_hand(place: Place, target: str | os.PathLike[str] | None = None) -> tuple[bytes, str]:
    """What a target holds that somebody wrote, and the target's name; what any holds, before the first revision.

    Raises `NotFoundError` where none does, and `ConfguardError` where several hold different things and none is named.
    """
    head = place.head()
    others = {each.target for each in place.edited(head)}  # a machine that lags was not edited
    wanted = None if target is None else _named(place, os.fspath(target))
    edited = [
        (each.content, each.target.name)
        for each in place.held()
        if each.content is not None
        and (head is None or each.target.name in others)
        and (wanted is None or each.target in wanted)
    ]
    if not edited:
        which = place.names() if target is None else f"'{target}'"
        raise NotFoundError(
            f"'{place.config}': {which} holds nothing that could be adopted: it is the head already, or missing",
            hint=f"confguard drift {place.config}",
        )
    if len({content for content, _ in edited}) > 1:
        raise ConfguardError(
            f"'{place.config}': targets hold different things: {', '.join(name for _, name in edited)}",
            hint="say which one is adopted: target=, --target FILE",
        )
    return edited[0]


def _named(place: Place, name: str) -> list[Target]:
    """The targets that a path means, from here or from where the targets are. Raises `NotFoundError`."""
    wanted = Path(os.path.normpath(name)).parts
    targets = [
        each
        for each in place.targets
        if Path(name).resolve() == Path(each.name).resolve()
        or Path(each.name).parts[-len(wanted) :] == wanted
    ]
    if not targets:
        raise NotFoundError(
            f"'{place.config}' has no target '{harmless(name)}'", hint=f"it has: {place.names()}"
        )
    return targets
