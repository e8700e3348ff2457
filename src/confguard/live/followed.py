"""What was in force already: an old head is not believed at once, and a history that was replaced is said."""

from __future__ import annotations

import time
from collections import deque

from confguard.errors import StoreError
from confguard.live.last_good import Copy
from confguard.live.seen import Seen

__all__ = ["Followed", "copy_of_another_history", "replaced_history"]

_OLD_SECONDS = 10.0
"""For how long an old head is not believed where nothing is followed."""
_REMEMBERED = 200
"""Of how many digests it is known that they were followed."""


class Followed:
    """The newest digests that were followed, and since when the source has said one of them again."""

    def __init__(self, interval: float | None) -> None:
        self._patience = interval or _OLD_SECONDS
        self._digests: deque[str | None] = deque(maxlen=_REMEMBERED)
        self._old_since: float | None = None

    def add(self, seen: Seen) -> None:
        """It is in force now, and what it followed is over."""
        self._digests += (seen.digest, seen.parent)

    def is_up_to_date(self) -> None:
        """The source says what is in force."""
        self._old_since = None

    def check(self, seen: Seen, current: Seen, *, is_whole: bool) -> None:
        """Raise `StoreError` for a head that was followed already, until it has stayed so for an interval.

        A replica that lags, or a connection to the old primary, says such a thing for a moment.
        """
        is_old = seen.digest in self._digests or (is_whole and seen.number < current.number)
        if not is_old:
            self._old_since = None
            return
        now = time.monotonic()
        self._old_since = now if self._old_since is None else self._old_since
        if now - self._old_since < self._patience:
            raise StoreError(
                f"the source says revision {seen.number}, and {current.number} is in force: an old copy answers",
                hint=f"it is taken if it stays so for {self._patience:g} s",
            )


def replaced_history(current: Seen, seen: Seen) -> str:
    """That what was in force is not in the history that is there now."""
    return (
        f"the store's history was replaced: revision {current.number}, which was in force, is not in it any more; "
        f"its head, revision {seen.number}, was taken (was a backup restored?)"
    )


def copy_of_another_history(copy: Copy, seen: Seen) -> str:
    """What is to be known of a copy that the store's history does not hold."""
    newer = f", and the store's newest is {seen.number}" if copy.seen.number > seen.number else ""
    return (
        f"the last known good copy, revision {copy.seen.number} of {copy.source}, is not in the store's history"
        f"{newer}: the head was taken (is it another store, or was a backup restored?)"
    )
