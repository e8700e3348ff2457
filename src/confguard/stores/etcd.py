"""A store in etcd (v3), for services on several machines that run it already.

PREFIX/layout                         which layout the keys have
PREFIX/head/CONFIG                    number and digest of the head: what a commit compares and swaps
PREFIX/revision/CONFIG/NUMBER         what is known of a revision
PREFIX/content/CONFIG/SHA-256         content, compressed
PREFIX/place/CONFIG/PLACE             what a place is to hold, holds, and whether its service knows
PREFIX/partly/CONFIG                  there while a history comes in that is too long for one transaction
PREFIX/bake/CONFIG                    the bake that is under way
PREFIX/watched/CONFIG                 there as long as the lease of the bake's watcher
PREFIX/report/CONFIG/REPORTER/NUMBER   what a process has counted under a revision, as long as it is heard of
PREFIX/ended/CONFIG                   who ended a bake last: so one whose answer was lost knows that it was itself
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Event
from urllib.parse import quote, unquote
from uuid import uuid4

from attrs import evolve

from confguard.errors import IntegrityError, NotFoundError, StoreError
from confguard.stores import chain, packing
from confguard.stores import etcd_values as values
from confguard.stores.etcd_client import Client, absent, delete, exists, holds, put, ranged
from confguard.stores.etcd_endpoint import Body
from confguard.stores.interface import (
    LEASE_SECONDS,
    REPORT_SECONDS,
    Append,
    PendingBake,
    PlaceState,
    Report,
    Revision,
    Store,
    thinned,
)
from confguard.stores.retrying import bake_changed, check_apart, committed, conflict_of, stored
from confguard.stores.selecting import contents_to_keep, revisions_between
from confguard.stores.urls import EtcdUrl, newer_layout

LAYOUT = 1
_PAGE = 500
_MOST_OPERATIONS = 100
"""etcd takes 128 operations in one transaction, unless it is told otherwise."""


class EtcdStore(Store):
    """Revisions in etcd. Raises `StoreError`."""

    local = False

    def __init__(self, url: str) -> None:
        parsed = EtcdUrl.parse(url)
        self._client = Client(parsed)
        self._prefix = (parsed.prefix or "confguard") + "/"
        self._layout = f"{self._prefix}layout".encode()
        self._leases: dict[str, tuple[str, float]] = {}
        self._reporting: dict[str, tuple[bytes, str]] = {}
        """The key of the last report of a config, and its lease."""
        self._has_layout = False
        self._check_layout()

    def commit(self, *appends: Append) -> None:
        """Append to one config or several, in one transaction; where the answer is lost, find out what became of it."""
        check_apart(appends)
        if not self._check_layout():  # before the first are written
            self._client.transaction([absent(self._layout)], [put(self._layout, str(LAYOUT).encode())])
        parts = values.in_parts(appends[0]) if len(appends) == 1 else []
        if len(parts) < 2:
            self._commit(appends)
            return
        for part in parts[:-1]:
            self._commit([part], partly=True)
        self._commit(parts[-1:])

    def _commit(self, appends: Sequence[Append], *, partly: bool = False) -> None:
        """One transaction, sent again while its answer is lost."""
        compares: list[Body] = []
        operations: dict[bytes, Body] = {}
        leases: dict[str, tuple[str, float]] = {}
        for each in appends:
            head, first = self._key("head", each.config), each.revisions[0]
            follows = first.parent and holds(head, values.head_text(first.number - 1, first.parent))
            compares.append(follows or absent(head))
            compares += [exists(self._key("bake", each.config))] if each.unproved else []
            operations |= self._operations(each, leases)
            key = self._key("partly", each.config)
            operations[key] = put(key, b"more is to come") if partly else delete(key)

        def change() -> bool:
            # What is sent again after its answer was lost compares false, if it was written the first time.
            if self._client.transaction(compares, list(operations.values())) or stored(self, appends):
                return True
            raise conflict_of(self, appends)

        committed(self, appends, change)
        self._leases |= leases

    def places(self, config: str) -> dict[str, PlaceState]:
        pairs = self._client.range(*self._below("place", config))
        return {key.rpartition(b"/")[2].decode(): _place(config, value) for key, value in pairs}

    def note_place(self, config: str, place: str, before: PlaceState | None, state: PlaceState) -> None:
        key = self._key("place", config, place)
        value = self._value(key)
        now = _place(config, value) if value is not None else None
        if (now and now.wanted) == (before and before.wanted):
            unchanged = absent(key) if value is None else holds(key, value)
            self._client.transaction([unchanged], [put(key, values.json_of(state))])

    def newest(self, config: str) -> int:
        noted = self._value(self._key("head", config))
        return values.head_of(config, noted)[0] if noted is not None else 0

    def head(self, config: str) -> Revision | None:
        heads, newest, parts = self._client.ranges(
            ranged(self._key("head", config)),
            ranged(*self._below("revision", config), limit=1, newest_first=True),
            ranged(self._key("partly", config)),
        )
        if parts:
            raise StoreError(
                f"the history of '{config}' is coming in, and not all of it is there yet",
                hint="if nobody is importing it any more: `confguard import FILE`, once more",
            )
        if not heads:
            return None
        number, digest = values.head_of(config, heads[0][1])
        if not newest:
            raise IntegrityError(f"revision {number} of '{config}' is missing, and it is noted as the head")
        revision = self._revision(newest[0][1])
        if (revision.number, revision.digest, revision.config) != (number, digest, config):
            raise IntegrityError(f"the head of '{config}' is not what was written")
        return chain.check_link(revision)

    def get(self, config: str, number: int) -> Revision:
        value = self._value(self._revision_key(config, number)) if number > 0 else None
        if value is None:
            newest = self.head(config)
            raise NotFoundError(
                f"'{config}' has no revision {number}; it has {newest.number if newest else 0}"
            )
        return chain.check_link(self._revision(value))

    def history(self, config: str, limit: int | None = None, before: int | None = None) -> list[Revision]:
        start, end = self._below("revision", config)
        if before is not None:
            end = self._revision_key(config, before)
        revisions: list[Revision] = []
        while limit is None or len(revisions) < limit:
            most = _PAGE if limit is None else min(_PAGE, limit - len(revisions))
            page = self._client.range(start, end, limit=most, newest_first=True)
            revisions += [chain.check_link(self._revision(value)) for _, value in page]
            if len(page) < most:
                break
            end = page[-1][0]
        return revisions

    def between(self, start: datetime, end: datetime, limit: int) -> list[Revision]:
        return revisions_between(self, start, end, limit)

    def walk(self, config: str) -> Iterator[Revision]:
        start, end = self._below("revision", config)
        while page := self._client.range(start, end, limit=_PAGE):
            for _, value in page:
                with suppress(IntegrityError):
                    yield self._revision(value)
            start = page[-1][0] + b"\0"

    def damage(self, config: str) -> str | None:
        """What is noted as the head, and is not the newest revision."""
        number, newest = self.newest(config), self.history(config, 1)
        last = newest[0].number if newest else 0
        if number != last:
            return f"'{config}' has revisions up to {last}, and {number} is noted as its head"
        return None

    def configs(self) -> list[str]:
        start = f"{self._prefix}head/".encode()
        heads = self._client.range(start, values.after(start), keys_only=True)
        return sorted(unquote(key.decode().rpartition("/")[2]) for key, _ in heads)

    def pending_bake(self, config: str) -> PendingBake | None:
        """The bake that is under way: watched, while the lease that its watcher renews has not ended."""
        value, watched = self._values(self._key("bake", config), self._key("watched", config))
        return values.bake_of(config, value, watched) if value is not None else None

    def renew_bake(
        self, config: str, revision: int, seconds: float = LEASE_SECONDS, watcher: str = ""
    ) -> bool:
        """The bake of a revision is watched: its lease is kept alive, or another one taken where it has ended."""
        bake, watched = self._key("bake", config), self._key("watched", config)
        value, noted = self._values(bake, watched)
        now = values.bake_of(config, value, noted) if value is not None else None
        if value is None or now is None or (now.revision, now.watcher) != (revision, watcher):
            return False
        lease, lasting = self._leases.get(config, ("", 0.0))
        if noted is None or lasting != seconds or not self._client.keep_alive(lease):
            lease = self._client.grant(seconds)
            self._leases[config] = lease, seconds
            noting = put(watched, str(revision).encode(), lease)
            return self._client.transaction([holds(bake, value)], [noting])
        return True

    def change_bake(self, config: str, before: PendingBake, after: PendingBake) -> bool:
        """Let a bake be another one; the head is written again as it is, since that is what is watched."""
        key, head = self._key("bake", config), self._key("head", config)
        noted = self._value(head)
        if noted is None:
            return False
        conditions = [holds(key, before.to_text().encode()), holds(head, noted)]
        changing = [put(key, after.to_text().encode()), put(head, noted)]

        def changed() -> bool:
            return self.pending_bake(config) == after

        return bake_changed(
            config,
            before.revision,
            lambda: self._client.transaction(conditions, changing) or changed(),
            changed,
        )

    def end_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision; who watches the head looks anew."""
        key, watched, ended, head = (self._key(kind, config) for kind in ("bake", "watched", "ended", "head"))
        value, noted = self._values(key, head)
        if value is None or noted is None or values.bake_of(config, value, None).revision != revision:
            return False
        mine = uuid4().hex.encode()
        ending = [delete(key), delete(watched), put(ended, mine), put(head, noted)]

        def signed() -> bool:
            return self._value(ended) == mine

        return bake_changed(
            config,
            revision,
            # What was done, and its answer lost, compares false when it is sent again: but it is signed.
            lambda: self._client.transaction([holds(key, value), holds(head, noted)], ending) or signed(),
            signed,
        )

    def note_report(self, config: str, report: Report) -> None:
        """Keep what a process has counted, with a lease that is kept alive as long as it reports."""
        key = self._key("report", config, quote(report.reporter, safe=""), f"{report.revision}")
        last, lease = self._reporting.get(config, (b"", ""))
        if last != key or not self._client.keep_alive(lease):
            lease = self._client.grant(REPORT_SECONDS)
            self._reporting[config] = key, lease
        noting = put(key, values.json_of(report), lease)
        self._client.transaction([exists(self._key("head", config))], [noting])

    def reports(self, config: str) -> list[Report]:
        pairs = self._client.range(*self._below("report", config))
        return [values.value_of(Report, f"a report of '{config}'", value) for _, value in pairs]

    def thin(self, config: str, keep: frozenset[int]) -> int:
        while True:  # until nobody appends meanwhile: what they did may stand on what was to be dropped
            noted = self._value(self._key("head", config))
            revisions = list(self.walk(config))
            staying = contents_to_keep(((each.number, each.content_digest) for each in revisions), keep)
            contents = self._client.range(*self._below("content", config), keys_only=True)
            dropped = {key.rpartition(b"/")[2].decode() for key, _ in contents} - staying
            digests = sorted(dropped)
            batches = [digests[i : i + _MOST_OPERATIONS] for i in range(0, len(digests), _MOST_OPERATIONS)]
            if noted is None or all(self._drop(config, noted, batch) for batch in batches):
                return sum(1 for each in revisions if each.content_digest in dropped)

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        return self._client.watch(self._key("head", config), stop, patience)

    def close(self) -> None:
        self._client.close()

    def _drop(self, config: str, noted: bytes, digests: Sequence[str]) -> bool:
        head = self._key("head", config)
        deletions = [delete(self._key("content", config, digest)) for digest in digests]
        return self._client.transaction([holds(head, noted)], deletions)

    def _operations(self, append: Append, leases: dict[str, tuple[str, float]]) -> dict[bytes, Body]:
        """What a commit writes, by key: etcd takes each key only once."""
        config, last = append.config, append.revisions[-1]
        puts = {self._key("head", config): values.head_text(last.number, last.digest)}
        bake, watched = self._key("bake", config), self._key("watched", config)
        for revision in append.revisions:
            header = json.dumps(chain.to_json(revision), ensure_ascii=False)
            puts[self._revision_key(config, revision.number)] = header.encode()
            content = revision.content_if_there()
            if content is not None:
                puts[self._key("content", config, revision.content_digest)] = packing.compress(content)
        if append.place:
            key = self._key("place", config, append.place)
            before = self._value(key)
            state = _place(config, before) if before is not None else PlaceState(0)
            puts[key] = values.json_of(evolve(state, wanted=last.number))
        operations = {key: put(key, value) for key, value in puts.items()}
        if append.bake is None:
            return operations | {bake: delete(bake), watched: delete(watched)}
        lease = self._client.grant(append.bake.lease)
        leases[config] = lease, append.bake.lease
        operations[bake] = put(bake, append.bake.to_text().encode())
        operations[watched] = put(watched, str(append.bake.revision).encode(), lease)
        return operations

    def _revision(self, value: bytes) -> Revision:
        with values.as_written("a revision"):
            header = json.loads(value)

        def load() -> bytes:
            payload = self._value(self._key("content", revision.config, revision.content_digest))
            if payload is None:
                raise thinned(revision.config, revision.number)
            return packing.decompress(payload)

        revision = chain.from_json(header, load)
        return revision

    def _check_layout(self) -> bool:
        """Is there a store? Raises `StoreError` for one of a newer layout."""
        value = None if self._has_layout else self._value(self._layout)
        layout = values.number_of(value) if value is not None else LAYOUT
        if layout > LAYOUT:
            raise newer_layout(self._client, layout, LAYOUT)
        self._has_layout = self._has_layout or value is not None
        return self._has_layout

    def _value(self, key: bytes) -> bytes | None:
        pairs = self._client.range(key)
        return pairs[0][1] if pairs else None

    def _values(self, *keys: bytes) -> list[bytes | None]:
        """The values of some keys as they were at the same moment; None for those that are not there."""
        return [pairs[0][1] if pairs else None for pairs in self._client.ranges(*map(ranged, keys))]

    def _key(self, kind: str, config: str, *more: str) -> bytes:
        return (self._prefix + "/".join([kind, quote(config, safe=""), *more])).encode()

    def _revision_key(self, config: str, number: int) -> bytes:
        return self._key("revision", config, f"{max(0, number):012d}")

    def _below(self, kind: str, config: str) -> tuple[bytes, bytes]:
        """From where to before where the keys of a kind go."""
        start = self._key(kind, config) + b"/"
        return start, values.after(start)


def _place(config: str, value: bytes) -> PlaceState:
    return values.value_of(PlaceState, f"a place of '{config}'", value)
