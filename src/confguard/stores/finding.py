"""Finding a revision by what a person knows of it: its number, a time, a label."""

from __future__ import annotations

from datetime import UTC, datetime

from confguard.errors import NotFoundError
from confguard.stores.interface import Revision, Store

__all__ = ["find"]

_PAGE = 100


def find(store: Store, config: str, to: int | datetime | str) -> Revision:
    """The revision with that number, the one that was the head at that time, or the newest one with that label.

    Raises `NotFoundError`.
    """
    if isinstance(to, int):
        return store.get(config, to)
    if isinstance(to, datetime):
        to = to.astimezone(UTC)  # one without a zone is local time
    page = store.history(config, _PAGE)
    while page:
        for revision in page:
            if to in revision.labels if isinstance(to, str) else revision.created_at <= to:
                return revision
        page = store.history(config, _PAGE, page[-1].number)
    what = f"with the label '{to}'" if isinstance(to, str) else f"at {to.isoformat()}, or before"
    raise NotFoundError(f"'{config}' has no revision {what}", hint=f"confguard log {config}")
