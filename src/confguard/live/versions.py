"""A version of settings, wherever it comes from; and whether another one is newer."""

from __future__ import annotations

import time
from collections import deque

from attrs import frozen

from confguard.documents.document import Document
from confguard.errors import StoreError

_OLD_SECONDS = 10.0
"""For how long an old head is not believed where nothing is followed."""
_REMEMBERED = 200
"""Of how many digests it is known that they were followed."""


@frozen
class SettingsVersion:
    """What a feed holds: the document, with the number and the digest by which one tells it from others.

    A number may come twice, where a store was restored from a backup; a digest is of one revision alone.
    """

    number: int
    document: Document
    digest: str
    parent: str | None = None
    """The digest of what it followed."""

    @property
    def has_settings(self) -> bool:
        """Does it say anything? An empty file, or one of comments, does not."""
        return self.document.data is not None and self.document.data != {}


class Followed:
    """The newest digests that were followed, and since when the source has said one of them again."""

    def __init__(self, interval: float | None) -> None:
        self._patience = interval or _OLD_SECONDS
        self._digests: deque[str | None] = deque(maxlen=_REMEMBERED)
        self._old_since: float | None = None

    def add(self, version: SettingsVersion) -> None:
        """It is in force now, and what it followed is over."""
        self._digests += (version.digest, version.parent)

    def is_up_to_date(self) -> None:
        """The source says what is in force."""
        self._old_since = None

    def check(self, version: SettingsVersion, current: SettingsVersion, *, is_whole: bool) -> None:
        """Raise `StoreError` for a head that was followed already, until it has stayed so for an interval.

        A replica that lags, or a connection to the old primary, says such a thing for a moment.
        """
        is_old = version.digest in self._digests or (is_whole and version.number < current.number)
        if not is_old:
            self._old_since = None
            return
        now = time.monotonic()
        self._old_since = now if self._old_since is None else self._old_since
        if now - self._old_since < self._patience:
            raise StoreError(
                f"the source says revision {version.number}, and {current.number} is in force: an old copy answers",
                hint=f"it is taken if it stays so for {self._patience:g} s",
            )
