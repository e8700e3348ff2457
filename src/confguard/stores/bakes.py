"""How a bake that is under way is written down: the same in every store."""

from __future__ import annotations

import json
from datetime import datetime

from confguard.stores.interface import PendingBake
from confguard.stores.stages import stages_of

__all__ = ["bake_from_text", "bake_text"]


def bake_text(bake: PendingBake) -> str:
    """A bake, written: the same text for the same bake, so that it can be compared.

    >>> from datetime import UTC
    >>> bake_text(PendingBake(2, 1, datetime(2026, 1, 1, tzinfo=UTC)))
    '{"revision": 2, "back": 1, "deadline": "2026-01-01T00:00:00+00:00"}'
    """
    kept: dict[str, object] = {
        "revision": bake.revision,
        "back": bake.back,
        "deadline": bake.deadline.isoformat(),
        "watcher": bake.watcher,
        "stages": [str(each) for each in bake.stages],
        "stage": bake.stage,
        "seconds": bake.seconds,
        "extended": bake.extended,
        "confirm": bake.confirm,
    }
    return json.dumps({name: value for name, value in kept.items() if value})


def bake_from_text(text: str | bytes, *, watched: bool) -> PendingBake:
    """A bake, read. Raises `ValueError` or `TypeError` for what is none."""
    kept = json.loads(text)
    try:
        deadline = datetime.fromisoformat(kept.pop("deadline"))
        stages = stages_of(kept.pop("stages", ()))
        back = kept.pop("back", 0)
        bake = PendingBake(kept.pop("revision"), back, deadline, watched, stages=stages, **kept)
    except (KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error
    if stages and bake.stage not in range(len(stages)):
        raise ValueError(f"it has no stage {bake.stage}")
    return bake
