"""A store in memory: for tests and rehearsals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from threading import Condition, Event, RLock

import attrs

from confguard.errors import NotFoundError
from confguard.stores import chain
from confguard.stores.finding import made_between
from confguard.stores.interface import (
    LEASE_SECONDS,
    Append,
    PendingBake,
    PlaceState,
    Revision,
    thinned,
)
from confguard.stores.reports import REPORT_SECONDS, Report
from confguard.stores.retention import contents_to_keep

__all__ = ["MemoryStore"]


class MemoryStore:
    """Keeps revisions as long as the process lives."""

    local = True

    def __init__(self) -> None:
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._revisions: dict[str, list[Revision]] = {}
        self._contents: dict[tuple[str, str], bytes] = {}
        self._places: dict[str, dict[str, PlaceState]] = {}
        self._bakes: dict[str, PendingBake] = {}
        self._leases: dict[str, float] = {}
        self._reports: dict[str, dict[tuple[str, int], tuple[Report, float]]] = {}

    def commit(self, *appends: Append) -> None:
        """Append to one config or several: all of it or nothing."""
        chain.check_apart(appends)
        with self._lock:
            for each in appends:
                head, first = self.head(each.config), each.revisions[0]
                if (head.digest if head else None) != first.parent:
                    raise chain.conflict(each.config, head, first.number - 1)
                if each.unproved and each.config not in self._bakes:
                    raise chain.proved(each.config, head)
            for each in appends:
                self._revisions.setdefault(each.config, []).extend(map(self._kept, each.revisions))
                if each.place:
                    places = self._places.setdefault(each.config, {})
                    before = places.get(each.place, PlaceState(0))
                    places[each.place] = attrs.evolve(before, wanted=each.revisions[-1].number)
                self._bakes.pop(each.config, None)
                if each.bake:
                    self._bakes[each.config] = each.bake
                    self._leases[each.config] = time.monotonic() + each.bake.lease
            self._changed.notify_all()

    def places(self, config: str) -> dict[str, PlaceState]:
        """What is known of each place."""
        with self._lock:
            return dict(self._places.get(config, {}))

    def note_place(self, config: str, place: str, before: PlaceState | None, state: PlaceState) -> None:
        """Keep what was written and told."""
        with self._lock:
            places = self._places.setdefault(config, {})
            now = places.get(place)
            if (now and now.wanted) == (before and before.wanted):
                places[place] = state

    def newest(self, config: str) -> int:
        """The number of the head."""
        return len(self._revisions.get(config, []))

    def head(self, config: str) -> Revision | None:
        """The newest revision."""
        revisions = self._revisions.get(config)
        return revisions[-1] if revisions else None

    def get(self, config: str, number: int) -> Revision:
        """One revision."""
        revisions = self._revisions.get(config, [])
        if not 1 <= number <= len(revisions):
            raise NotFoundError(f"'{config}' has no revision {number}; it has {len(revisions)}")
        return revisions[number - 1]

    def history(self, config: str, limit: int | None = None, before: int | None = None) -> list[Revision]:
        """Revisions, newest first."""
        revisions = self._revisions.get(config, [])
        end = len(revisions) if before is None else max(0, min(before - 1, len(revisions)))
        return revisions[:end][::-1][:limit]

    def between(self, start: datetime, end: datetime, limit: int) -> list[Revision]:
        """What was made of all configs from one moment to another."""
        return made_between(self, start, end, limit)

    def walk(self, config: str) -> Iterator[Revision]:
        """All revisions, oldest first."""
        return iter(list(self._revisions.get(config, [])))

    def damage(self, config: str) -> str | None:
        """Nothing is wrong with memory."""

    def configs(self) -> list[str]:
        """The names of all configs."""
        return sorted(self._revisions)

    def pending_bake(self, config: str) -> PendingBake | None:
        """The bake that is under way."""
        with self._lock:
            pending = self._bakes.get(config)
            return pending and attrs.evolve(pending, watched=time.monotonic() < self._leases[config])

    def renew_bake(
        self, config: str, revision: int, seconds: float = LEASE_SECONDS, watcher: str = ""
    ) -> bool:
        """The bake of a revision is watched."""
        with self._lock:
            if not self._is_baking(config, revision) or self._bakes[config].watcher != watcher:
                return False
            self._leases[config] = time.monotonic() + seconds
            return True

    def change_bake(self, config: str, before: PendingBake, after: PendingBake) -> bool:
        """Let a bake be another one."""
        with self._lock:
            if self._bakes.get(config) != before:
                return False
            self._bakes[config] = after
            self._changed.notify_all()
            return True

    def end_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision."""
        with self._lock:
            if not self._is_baking(config, revision):
                return False
            del self._bakes[config]
            self._changed.notify_all()
            return True

    def note_report(self, config: str, report: Report) -> None:
        """Keep what a process has counted."""
        with self._lock:
            if config in self._revisions:
                kept = {(each.reporter, each.revision): (each, until) for each, until in self._fresh(config)}
                kept[report.reporter, report.revision] = report, time.monotonic() + REPORT_SECONDS
                self._reports[config] = kept

    def reports(self, config: str) -> list[Report]:
        """What all processes have reported."""
        with self._lock:
            return [report for report, _ in self._fresh(config)]

    def thin(self, config: str, keep: frozenset[int]) -> int:
        """Drop the content of all revisions but these."""
        with self._lock:
            revisions = self._revisions.get(config, [])
            kept = contents_to_keep(((each.number, each.content_digest) for each in revisions), keep)
            dropped = {digest for name, digest in self._contents if name == config} - kept
            for digest in dropped:
                del self._contents[config, digest]
            thinned_out = [i for i, each in enumerate(revisions) if each.content_digest in dropped]
            for i in thinned_out:
                revisions[i] = attrs.evolve(revisions[i])  # without the content that it has read already
            return len(thinned_out)

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        """Yield whenever something was appended."""
        while not stop.is_set():
            yield None
            with self._changed:
                self._changed.wait(min(patience, 0.2))

    def close(self) -> None:
        """Nothing is held open."""

    def _fresh(self, config: str) -> list[tuple[Report, float]]:
        return [each for each in self._reports.get(config, {}).values() if each[1] > time.monotonic()]

    def _is_baking(self, config: str, revision: int) -> bool:
        pending = self._bakes.get(config)
        return pending is not None and pending.revision == revision

    def _kept(self, revision: Revision) -> Revision:
        """The revision, with its content in the one place that retention can take it from."""
        place = (revision.config, revision.content_digest)
        content = revision.content_if_there()
        if content is not None:
            self._contents[place] = content

        def load() -> bytes:
            if place not in self._contents:
                raise thinned(revision.config, revision.number)
            return self._contents[place]

        return attrs.evolve(revision, load=load)
