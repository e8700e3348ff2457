"""A store in memory: for tests and rehearsals."""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock

from confguard.errors import NotFoundError
from confguard.stores.chain import check_expected, link, verify_chain
from confguard.stores.interface import Draft, PendingBake, Publish, Revision

__all__ = ["MemoryStore"]


class MemoryStore:
    """Keeps revisions as long as the process lives."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._revisions: dict[str, list[Revision]] = {}
        self._unsettled: set[str] = set()
        self._bakes: dict[str, PendingBake] = {}

    def append(
        self, config: str, drafts: Sequence[Draft], *, expect: int, bake: PendingBake | None = None
    ) -> list[Revision]:
        """Append revisions if the head's number is `expect`."""
        with self._lock:
            check_expected(config, self.head(config), expect)
            kept = self._revisions.setdefault(config, [])
            start = len(kept)
            for draft in drafts:
                kept.append(link(config, draft, kept[-1] if kept else None))
            self._unsettled.add(config)
            self._bakes.pop(config, None)
            if bake:
                self._bakes[config] = bake
            return kept[start:]

    def publish(self, config: str, write: Publish) -> None:
        """Call `write` with the head; then the config is settled."""
        with self._lock:
            head = self.head(config)
            if head is not None:
                write(head)
            self._unsettled.discard(config)

    def unsettled(self, config: str) -> bool:
        """Was the head appended, but not published?"""
        return config in self._unsettled

    def head(self, config: str) -> Revision | None:
        """The newest revision."""
        kept = self._revisions.get(config)
        return kept[-1] if kept else None

    def get(self, config: str, number: int) -> Revision:
        """One revision."""
        kept = self._revisions.get(config, [])
        if not 1 <= number <= len(kept):
            raise NotFoundError(f"'{config}' has no revision {number}; it has {len(kept)}")
        return kept[number - 1]

    def history(self, config: str, limit: int | None = None) -> list[Revision]:
        """Revisions, newest first."""
        return self._revisions.get(config, [])[::-1][:limit]

    def configs(self) -> list[str]:
        """The names of all configs."""
        return sorted(self._revisions)

    def pending_bake(self, config: str) -> PendingBake | None:
        """The bake that is under way."""
        return self._bakes.get(config)

    def settle_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision."""
        with self._lock:
            pending = self._bakes.get(config)
            if pending is None or pending.revision != revision:
                return False
            del self._bakes[config]
            return True

    def verify(self, config: str) -> int:
        """Check the whole chain."""
        return verify_chain(config, self._revisions.get(config, []))

    def close(self) -> None:
        """Nothing is held open."""
