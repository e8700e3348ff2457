"""Appending to a store without a guard."""

from __future__ import annotations

from collections.abc import Sequence

from confguard.stores import Append, Draft, PendingBake, Revision, Store, chain

__all__ = ["append"]


def append(
    store: Store,
    config: str,
    drafts: Sequence[Draft],
    expect: int,
    *,
    place: str | None = None,
    bake: PendingBake | None = None,
) -> list[Revision]:
    """Append drafts to a config if its head's number is `expect` (0: none). Raises `ConflictError`."""
    head = store.head(config)
    if (head.number if head else 0) != expect:
        raise chain.conflict(config, head, expect)
    made = chain.link(config, drafts, head)
    store.commit(Append(config, tuple(made), place, bake))
    return made
