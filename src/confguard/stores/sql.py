"""What SQLite and PostgreSQL have in common: how revisions and their content are read, written and thinned."""

from __future__ import annotations

import hashlib
import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from confguard.errors import IntegrityError, NotFoundError
from confguard.stores import chain, packing, sql_script
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
from confguard.stores.packing import Keyframe
from confguard.stores.retrying import bake_changed, check_apart, committed, conflict_of, settled
from confguard.stores.selecting import contents_to_keep
from confguard.stores.sql_script import ID, Row, Statement, UnmetError

_PAGE = 500
"""How many revisions are read at once."""
_MOST = 2**62
"""Of the numbers that a database takes: it knows none beyond 63 bits."""
_COLUMNS = (
    "c.name, r.number, r.content, r.format, r.author, r.reason, r.created_at, r.data, r.parent, r.digest, r.more,"
    " r.payload IS NULL"
)
_JOINED = "FROM config c JOIN revision r ON r.config = c.id"
_REVISIONS = f"SELECT {_COLUMNS} {_JOINED} WHERE c.name = ?"
_NEWEST = "(SELECT max(number) FROM revision WHERE config = c.id)"
_AT_HEAD = "FROM config c LEFT JOIN revision r ON r.config = c.id AND r.number = c.head WHERE c.name = ?"
_PACKED = "r.payload, r.keyframe, k.payload"
_WITH_CONTENT = (
    f"{_JOINED} LEFT JOIN revision k ON k.config = r.config AND k.number = r.keyframe WHERE c.name = ?"
)
_BETWEEN = f"""
WITH RECURSIVE recent (config, number, created_at) AS (
  SELECT r.config, r.number, r.created_at {_JOINED} AND r.number = c.head WHERE r.created_at >= ?
  UNION ALL
  SELECT r.config, r.number, r.created_at FROM recent x
  JOIN revision r ON r.config = x.config AND r.number = x.number - 1
  WHERE r.created_at >= ?
), newest AS (SELECT config, number, created_at FROM recent WHERE created_at <= ?
  ORDER BY created_at DESC, number DESC LIMIT ?)
SELECT {_COLUMNS} FROM newest n JOIN config c ON c.id = n.config
JOIN revision r ON r.config = n.config AND r.number = n.number ORDER BY n.created_at DESC, n.number DESC"""
"""From each head backwards by the primary key: what is older is not read, and no index is needed."""
_KEYFRAME = (
    "SELECT k.number, k.content, k.payload FROM config c JOIN revision r ON r.config = c.id AND r.number = c.head"
    " JOIN revision k ON k.config = r.config AND k.number = coalesce(r.keyframe, r.number)"
    " WHERE c.name = ? AND r.digest = ? AND k.payload IS NOT NULL"
)
"""What the head's content is packed with: itself, if it is a keyframe."""
_FRESH = "(until > {now} AND until <= {now} + ?)"
"""Is a report not over yet? One from further ahead was noted before the clock began anew."""


class SqlStore(Store):
    """A store in a relational database."""

    longest_lease = 1
    """How many leases one may seem to last: the store's clock may be another one than that by which it was given."""
    now: str
    """The time in microseconds by the store's own clock, as an expression."""

    def __init__(self) -> None:
        self._keyframes: dict[str, tuple[str, Keyframe | None]] = {}
        """What the next contents may be packed with, and the digest of the head that this holds for."""
        self._newest: dict[str, Revision] = {}
        """The newest revisions that this store wrote: mostly still the heads when they are asked for."""
        self._swept: dict[str, float] = {}
        """When reports that are over were dropped last."""

    @abstractmethod
    def _rows(self, query: str, *values: object) -> list[Row]:
        """The rows of a query."""

    @abstractmethod
    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        """Run a script in one transaction. Raises `UnmetError`."""

    def commit(self, *appends: Append) -> None:
        """Append to one config or several, in one transaction; where the answer is lost, find out what became of it."""
        check_apart(appends)
        appends = tuple(sorted(appends, key=lambda each: each.config))
        committed(self, appends, lambda: self._commit(appends))

    def _commit(self, appends: tuple[Append, ...]) -> bool:
        script: list[Statement] = []
        keyframes: dict[str, tuple[str, Keyframe | None]] = {}
        for each in appends:
            contents = ((revision.number, revision.content_if_there()) for revision in each.revisions)
            packed, keyframe = packing.pack_all(contents, self._keyframe(each))
            keyframes[each.config] = (each.revisions[-1].digest, keyframe)
            script += [*sql_script.script_of(each, packed, self.now), *self._waking(each.config)]
        try:
            self._run(script)
        except UnmetError as error:
            if str(error) == sql_script.KEYFRAME_GONE:
                self._keyframes |= {each.config: (each.revisions[0].parent or "", None) for each in appends}
                return self._commit(appends)
            raise conflict_of(self, appends) from error
        self._keyframes |= keyframes
        self._newest |= {each.config: each.revisions[-1] for each in appends}
        return True

    def places(self, config: str) -> dict[str, PlaceState]:
        query = f"SELECT place, wanted, written, told, error FROM place WHERE config = {ID}"
        return {row[0]: PlaceState(*row[1:]) for row in self._rows(query, config)}

    def note_place(self, config: str, place: str, before: PlaceState | None, state: PlaceState) -> None:
        """Keep what was written and told. Need not be durable: what is lost is done again."""
        values = (state.wanted, state.written, state.told, state.error)
        if before is None:
            insert = (
                f"INSERT INTO place (config, place, wanted, written, told, error) VALUES ({ID}, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING"
            )
            note = Statement(insert, (config, place, *values))
        else:
            update = (
                "UPDATE place SET wanted = ?, written = ?, told = ?, error = ?"
                f" WHERE config = {ID} AND place = ? AND wanted = ?"
            )
            note = Statement(update, (*values, config, place, before.wanted))
        self._run([note], durable=False)

    def newest(self, config: str) -> int:
        rows = self._rows("SELECT head FROM config WHERE name = ?", config)
        return rows[0][0] if rows else 0

    def head(self, config: str) -> Revision | None:
        written = self._newest.get(config)
        if written is not None:
            rows = self._rows("SELECT head, digest FROM config WHERE name = ?", config)
            if rows and rows[0] == (written.number, bytes.fromhex(written.digest)):
                return written
        rows = self._rows(f"SELECT {_COLUMNS}, c.head, c.digest, {_NEWEST} {_AT_HEAD}", config)
        if not rows:
            return None
        *row, number, digest, newest = rows[0]
        if not (row[1] == number == newest and row[9] == digest):
            raise IntegrityError(
                f"the head of '{config}' is not what was written: revision {number} was, and {newest} is the newest",
                hint="`confguard verify` says which revisions are still good",
            )
        return chain.check_link(self._revision(tuple(row)))

    def get(self, config: str, number: int) -> Revision:
        query = f"SELECT {_COLUMNS}, {_PACKED} {_WITH_CONTENT} AND r.number = ?"
        rows = self._rows(query, config, _bounded(number))
        if not rows:
            raise NotFoundError(f"'{config}' has no revision {number}; it has {self.newest(config)}")
        *row, payload, keyframe, dictionary = rows[0]
        return chain.check_link(self._revision(tuple(row), packed=(payload, keyframe, dictionary)))

    def history(self, config: str, limit: int | None = None, before: int | None = None) -> list[Revision]:
        query = f"{_REVISIONS} AND r.number < ? ORDER BY r.number DESC LIMIT ?"
        below, most = (_MOST if each is None else _bounded(each) for each in (before, limit))
        rows = self._rows(query, config, below, most)
        return [chain.check_link(self._revision(row)) for row in rows]

    def between(self, start: datetime, end: datetime, limit: int) -> list[Revision]:
        oldest, newest = (sql_script.micros(each.astimezone(UTC)) for each in (start, end))
        rows = self._rows(_BETWEEN, oldest, oldest, newest, _bounded(limit))
        return [chain.check_link(self._revision(row)) for row in rows]

    def walk(self, config: str) -> Iterator[Revision]:
        query = f"{_REVISIONS} AND r.number > ? ORDER BY r.number LIMIT ?"
        after = 0
        while rows := self._rows(query, config, after, _PAGE):
            for row in rows:
                with suppress(IntegrityError):
                    yield self._revision(row, look_elsewhere=False)
            after = rows[-1][1]

    def damage(self, config: str) -> str | None:
        """What the config's own row says otherwise than its revisions."""
        rows = self._rows(f"SELECT c.head, c.digest, r.digest, {_NEWEST} {_AT_HEAD}", config)
        if rows and (rows[0][0] != rows[0][3] or rows[0][1] != rows[0][2]):
            return f"'{config}' has revisions up to {rows[0][3]}, and {rows[0][0]} is noted as its head"
        return None

    def configs(self) -> list[str]:
        return sorted(row[0] for row in self._rows("SELECT name FROM config"))

    def pending_bake(self, config: str) -> PendingBake | None:
        bake = self._bake(config)
        return bake[1] if bake else None

    def renew_bake(
        self, config: str, revision: int, seconds: float = LEASE_SECONDS, watcher: str = ""
    ) -> bool:
        """The bake of a revision is watched; where the answer is lost, it is said again."""

        def renew() -> bool:
            bake = self._bake(config)
            if bake is None or (bake[1].revision, bake[1].watcher) != (revision, watcher):
                return False
            lease = f"lease = {_micros(seconds)} + {self.now}"
            return self._on_bake(config, bake[0], lease, durable=False)

        return settled(renew, lambda: False, lambda error: error)

    def change_bake(self, config: str, before: PendingBake, after: PendingBake) -> bool:
        """Let a bake be another one; where the answer is lost, one that is as it was to be was changed."""
        texts = sql_script.bake_text(config, before), sql_script.bake_text(config, after)
        return bake_changed(
            config,
            before.revision,
            lambda: self._on_bake(config, texts[0], "bake = ?", texts[1]),
            lambda: self.pending_bake(config) == after,
        )

    def end_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision; where the answer is lost, one that is over while it is the head was ended."""

        def end() -> bool:
            bake = self._bake(config)
            if bake is None or bake[1].revision != revision:
                return False
            return self._on_bake(config, bake[0], "bake = NULL")

        over = "SELECT 1 FROM config WHERE name = ? AND head = ? AND bake IS NULL"
        return bake_changed(config, revision, end, lambda: bool(self._rows(over, config, revision)))

    def _bake(self, config: str) -> tuple[str, PendingBake] | None:
        """The bake that is under way, as text and as what that says."""
        query = f"SELECT bake, lease - {self.now} FROM config WHERE name = ? AND bake IS NOT NULL"
        for text, left in self._rows(query, config):
            return text, sql_script.bake_of(config, text, left, self.longest_lease)
        return None

    def _on_bake(
        self, config: str, text: str | None, change: str, *values: object, durable: bool = True
    ) -> bool:
        """Change the row of a config, if the bake in this text is still under way."""
        query = f"UPDATE config SET {change} WHERE name = ? AND bake = ? RETURNING 1"
        changing = Statement(query, (*values, config, text), must="it is over")
        try:
            self._run([changing, *(self._waking(config) if durable else ())], durable=durable)
        except UnmetError:
            return False
        return True

    def note_report(self, config: str, report: Report) -> None:
        insert = (
            f"INSERT INTO report (config, reporter, revision, requests, errors, slow, until)"
            f" SELECT c.id, ?, ?, ?, ?, ?, ? + {self.now} FROM config c WHERE c.name = ?"
            " ON CONFLICT (config, reporter, revision) DO UPDATE SET requests = excluded.requests,"
            " errors = excluded.errors, slow = excluded.slow, until = excluded.until"
        )
        counts = (report.requests, report.errors, report.slow)
        values = (report.reporter, report.revision, *counts, _micros(REPORT_SECONDS), config)
        self._run([Statement(insert, values)], durable=False)
        if time.monotonic() >= self._swept.get(config, 0.0) + REPORT_SECONDS:
            # In a transaction of its own: two that wait for each other's rows would be a deadlock.
            drop = f"DELETE FROM report WHERE config = {ID} AND NOT {_FRESH.format(now=self.now)}"
            self._run([Statement(drop, (config, _micros(REPORT_SECONDS)))], durable=False)
            self._swept[config] = time.monotonic()

    def reports(self, config: str) -> list[Report]:
        query = (
            f"SELECT reporter, revision, requests, errors, slow FROM report"
            f" WHERE config = {ID} AND {_FRESH.format(now=self.now)}"
        )
        return [Report(*row) for row in self._rows(query, config, _micros(REPORT_SECONDS))]

    def thin(self, config: str, keep: frozenset[int]) -> int:
        """Drop the content of all revisions but these; the others are packed anew, with keyframes that stay."""
        rows = self._rows(
            "SELECT c.id, c.head, r.number, r.content, r.payload IS NULL"
            " FROM revision r JOIN config c ON c.id = r.config WHERE c.name = ? ORDER BY r.number",
            config,
        )
        wanted = contents_to_keep(((number, content) for _, _, number, content, _ in rows), keep)
        packed = {number: content for _, _, number, content, gone in rows if not gone}
        dropped = set(packed.values()) - wanted
        if not dropped:
            return 0
        staying = [number for number, content in packed.items() if content in wanted]
        identity, head = rows[0][:2]
        script = [
            Statement(
                "UPDATE config SET head = head WHERE id = ? AND head = ? RETURNING 1",
                (identity, head),
                sql_script.HEAD_MOVED,
            )
        ]
        pack = "UPDATE revision SET payload = ?, keyframe = ? WHERE config = ? AND number = ?"
        script += [
            Statement(pack, (*row[:2], identity, row[2])) for row in self._packed_anew(config, staying)
        ]
        drop = "UPDATE revision SET payload = NULL, keyframe = NULL WHERE config = ? AND number = ?"
        script += [Statement(drop, (identity, number)) for number in packed if packed[number] in dropped]
        try:
            self._run(script)
        except UnmetError:  # somebody appended: what they did may stand on what was to be dropped
            return self.thin(config, keep)
        self._keyframes.pop(config, None)
        self._newest.pop(config, None)
        return sum(1 for row in rows if row[3] in dropped)

    def _packed_anew(self, config: str, staying: Sequence[int]) -> Iterator[Row]:
        """Payload, keyframe and number of the revisions that keep their content, packed as if there were no others."""
        contents = (self._content(config, "r.number = ?", number) for number in staying)
        packed, _ = packing.pack_all(enumerate(contents), None)
        for number, each in zip(staying, packed, strict=True):
            if each is not None:
                yield each.payload, staying[each.keyframe] if each.keyframe is not None else None, number

    def _waking(self, config: str) -> Iterator[Statement]:
        """What tells those who watch a config; nothing where they see it by themselves."""
        return iter(())

    def _keyframe(self, append: Append) -> Keyframe | None:
        """What the contents that follow a head can be packed with."""
        parent = append.revisions[0].parent
        if parent is None:
            return None
        cached = self._keyframes.get(append.config)
        if cached is not None and cached[0] == parent:
            return cached[1]
        for number, digest, payload in self._rows(_KEYFRAME, append.config, bytes.fromhex(parent)):
            with suppress(IntegrityError):
                content = packing.decompress(payload)
                if hashlib.sha256(content).digest() == digest:  # nothing is built on what is damaged
                    return packing.keyframe_of(number, content)
        return None

    def _content(self, config: str, condition: str, value: object) -> bytes | None:
        """The content of a revision; None if there is no such revision."""
        rows = self._rows(f"SELECT {_PACKED} {_WITH_CONTENT} AND {condition} LIMIT 1", config, value)
        return _unpacked(*rows[0]) if rows else None

    def _revision(self, row: Row, *, packed: Row | None = None, look_elsewhere: bool = True) -> Revision:
        """The revision in a row, with its packed content where that was read, too."""
        (name, number, digest), gone = row[:3], row[-1]

        def load() -> bytes:
            if not gone:
                content = _unpacked(*packed) if packed else self._content(name, "r.number = ?", number)
            elif look_elsewhere:  # any revision with the same bytes may still have them
                content = self._content(name, "r.content = ? AND r.payload IS NOT NULL", digest)
            else:
                content = None
            if content is None:
                raise thinned(name, number)
            return content

        return sql_script.revision_of(row, load)


def _unpacked(payload: object, keyframe: int | None, dictionary: object) -> bytes:
    """The content of a row. Raises `NotFoundError` if it was thinned out."""
    if payload is None:
        raise NotFoundError("a content was thinned out")
    if keyframe is None:
        dictionary = None
    elif dictionary is None:
        raise IntegrityError(f"a content does not unpack: its keyframe {keyframe} is not there")
    if not (isinstance(payload, bytes) and isinstance(dictionary, bytes | None)):
        raise IntegrityError("a content is not what was written")
    return packing.decompress(payload, None if dictionary is None else packing.decompress(dictionary))


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)


def _bounded(number: int) -> int:
    """A number that a database takes."""
    return max(-1, min(number, _MOST))
