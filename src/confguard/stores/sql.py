"""What SQLite and PostgreSQL have in common: how revisions and their content are read, written and thinned."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from confguard.errors import IntegrityError, NotFoundError
from confguard.stores import chain, packing
from confguard.stores.bases import Bases
from confguard.stores.interface import Append, PendingBake, PlaceState, Revision, thinned
from confguard.stores.sql_script import (
    BASE_GONE,
    HEAD_MOVED,
    ID,
    LEASE,
    Base,
    Row,
    Statement,
    UnmetError,
    bake_of,
    script_of,
    time_of,
)

__all__ = ["SqlStore"]

_KNOWN = "number, content, format, author, reason, created_at, data, parent, digest, more"
_OF_R = ", ".join(f"r.{name}" for name in _KNOWN.split(", "))
_COLUMNS = f"c.name, {_OF_R}, r.payload IS NULL"
_REVISIONS = f"SELECT {_COLUMNS} FROM config c JOIN revision r ON r.config = c.id WHERE c.name = ?"
_NEWEST = "(SELECT max(number) FROM revision WHERE config = c.id)"
_WHOLE = (
    f"WITH RECURSIVE chain({_KNOWN}, config, base, size, payload, step) AS ("
    f"SELECT {_OF_R}, r.config, r.base, r.size, r.payload, 0 FROM config c JOIN revision r ON r.config = c.id"
    f" WHERE c.name = ? AND r.number = ? UNION ALL"
    f" SELECT {_OF_R}, r.config, r.base, r.size, r.payload, step + 1 FROM revision r JOIN chain"
    f" ON r.config = chain.config AND r.number = chain.base WHERE step < {4 * packing.MAX_DEPTH})"
    f" SELECT {_KNOWN}, payload IS NULL, size, payload, base FROM chain ORDER BY step DESC"
)
"""A revision, behind what its content is packed on: bases first, so that they can be unpacked in turn."""
_ON_THE_WAY = {
    count: (
        f"SELECT {_OF_R}, r.payload IS NULL, r.size, r.payload, r.base FROM config c JOIN revision r"
        f" ON r.config = c.id WHERE c.name = ? AND r.number IN ({', '.join('?' * count)}) ORDER BY r.number"
    )
    for count in range(1, packing.MAX_DEPTH)
}
"""The same without recursion, for the usual case that the bases are those that the numbers tell."""


class SqlStore(ABC):
    """A store in a relational database."""

    local: bool
    now: str
    """The time in microseconds by the store's own clock, as an expression."""

    def __init__(self) -> None:
        self._bases: dict[str, Bases] = {}
        self._newest: dict[str, Revision] = {}
        """The newest revisions that this store wrote: mostly still the heads when they are asked for."""

    @abstractmethod
    def _rows(self, query: str, *values: object) -> list[Row]:
        """The rows of a query."""

    @abstractmethod
    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        """Run a script in one transaction. Raises `UnmetError`."""

    def commit(self, *appends: Append) -> None:
        """Append to one config or several, in one transaction."""
        chain.check_apart(appends)
        appends = tuple(sorted(appends, key=lambda each: each.config))
        paths = {each.config: self._path(each) for each in appends}
        for with_base in (True, False):
            script: list[Statement] = []
            for each in appends:
                bases = paths[each.config].extended(each.revisions) if with_base else {}
                script += self._script(each, bases)
            try:
                self._run(script)
            except UnmetError as error:
                if str(error) == BASE_GONE:
                    continue
                raise chain.conflict_of(self.head, appends) from error
            if with_base:
                self._bases |= paths
            self._newest |= {each.config: each.revisions[-1] for each in appends}
            return

    def places(self, config: str) -> dict[str, PlaceState]:
        """What is known of each place."""
        query = f"SELECT place, wanted, written, told, error FROM place WHERE config = {ID}"
        return {row[0]: PlaceState(*row[1:]) for row in self._rows(query, config)}

    def note_place(self, config: str, place: str, before: PlaceState | None, state: PlaceState) -> None:
        """Keep what was written and told. Need not be durable: what is lost is done again."""
        known = (state.wanted, state.written, state.told, state.error)
        if before is None:
            insert = (
                f"INSERT INTO place (config, place, wanted, written, told, error) VALUES ({ID}, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING"
            )
            note = Statement(insert, (config, place, *known))
        else:
            update = (
                "UPDATE place SET wanted = ?, written = ?, told = ?, error = ?"
                f" WHERE config = {ID} AND place = ? AND wanted = ?"
            )
            note = Statement(update, (*known, config, place, before.wanted))
        self._run([note], durable=False)

    def newest(self, config: str) -> int:
        """The number of the head."""
        rows = self._rows("SELECT head FROM config WHERE name = ?", config)
        return rows[0][0] if rows else 0

    def head(self, config: str) -> Revision | None:
        """The newest revision."""
        mine = self._newest.get(config)
        if mine is not None:
            rows = self._rows("SELECT head, digest FROM config WHERE name = ?", config)
            if rows and rows[0] == (mine.number, bytes.fromhex(mine.digest)):
                return mine
        query = (
            f"SELECT {_COLUMNS}, c.head, c.digest, {_NEWEST} FROM config c LEFT JOIN revision r"
            " ON r.config = c.id AND r.number = c.head WHERE c.name = ?"
        )
        rows = self._rows(query, config)
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
        """One revision with its content. Raises `NotFoundError`, or `IntegrityError` if it is not what was written."""
        rows = self._whole(config, _whole(number))
        if not rows:
            raise NotFoundError(f"'{config}' has no revision {number}; it has {self.newest(config)}")
        revision = self._revision((config, *rows[-1][:-3]), packed=[row[-3:] for row in rows])
        return chain.check_link(revision)

    def history(self, config: str, limit: int | None = None, before: int | None = None) -> list[Revision]:
        """Revisions, newest first."""
        query = f"{_REVISIONS} AND r.number < ? ORDER BY r.number DESC LIMIT ?"
        most = 2**62
        rows = self._rows(
            query, config, most if before is None else _whole(before), most if limit is None else limit
        )
        return [chain.check_link(self._revision(row)) for row in rows]

    def walk(self, config: str, page: int = 500) -> Iterator[Revision]:
        """All revisions, oldest first, unchecked; those whose row cannot be read are left out."""
        after = 0
        while True:
            query = f"{_REVISIONS} AND r.number > ? ORDER BY r.number LIMIT ?"
            rows = self._rows(query, config, after, page)
            for row in rows:
                try:
                    revision = self._revision(row, look_elsewhere=False)
                except IntegrityError:
                    continue
                yield revision
            if len(rows) < page:
                return
            after = rows[-1][1]

    def damage(self, config: str) -> str | None:
        """What the config's own row says otherwise than its revisions."""
        query = (
            f"SELECT c.head, c.digest, r.digest, {_NEWEST} FROM config c LEFT JOIN revision r"
            " ON r.config = c.id AND r.number = c.head WHERE c.name = ?"
        )
        rows = self._rows(query, config)
        if rows and (rows[0][0] != rows[0][3] or rows[0][1] != rows[0][2]):
            return f"'{config}' has revisions up to {rows[0][3]}, and {rows[0][0]} is noted as its head"
        return None

    def configs(self) -> list[str]:
        """The names of all configs."""
        return sorted(row[0] for row in self._rows("SELECT name FROM config"))

    def pending_bake(self, config: str) -> PendingBake | None:
        """The bake that is under way."""
        row = self._bake(config)
        return bake_of(config, *row) if row else None

    def renew_bake(self, config: str, revision: int) -> bool:
        """The bake of a revision is watched."""
        return self._on_bake(config, revision, f"lease = {LEASE} + {self.now}", durable=True)

    def end_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision."""
        return self._on_bake(config, revision, "bake = NULL", durable=True)

    def _bake(self, config: str) -> Row | None:
        """The bake as it is kept, and how long its lease lasts."""
        query = f"SELECT bake, lease - {self.now} FROM config WHERE name = ? AND bake IS NOT NULL"
        rows = self._rows(query, config)
        return rows[0] if rows else None

    def _on_bake(self, config: str, revision: int, change: str, *, durable: bool) -> bool:
        """Change the row of a config, if the bake of this revision is still under way."""
        row = self._bake(config)
        if row is None or bake_of(config, *row).revision != revision:
            return False
        query = f"UPDATE config SET {change} WHERE name = ? AND bake = ? RETURNING 1"
        try:
            self._run([Statement(query, (config, row[0]), must="it is over")], durable=durable)
        except UnmetError:
            return False
        return True

    def thin(self, config: str, keep: frozenset[int]) -> int:
        """Drop the content of all revisions but these; the others are packed anew, on bases that stay."""
        rows = self._rows(
            "SELECT c.id, c.head, r.number, r.content, r.payload IS NULL"
            " FROM revision r JOIN config c ON c.id = r.config WHERE c.name = ? ORDER BY r.number",
            config,
        )
        newest = max(keep, default=0)
        wanted = {content for _, _, number, content, _ in rows if number in keep or number > newest}
        there = [(number, content) for _, _, number, content, gone in rows if not gone]
        kept = [number for number, content in there if content in wanted]
        dropped = [number for number, content in there if content not in wanted]
        if not dropped:
            return 0
        identity, head = rows[0][:2]
        script = [
            Statement(
                "UPDATE config SET head = head WHERE id = ? AND head = ? RETURNING 1",
                (identity, head),
                HEAD_MOVED,
            )
        ]
        pack = "UPDATE revision SET payload = ?, base = ?, depth = ? WHERE config = ? AND number = ?"
        script += [Statement(pack, values) for values in self._packed_anew(config, identity, kept)]
        drop = "UPDATE revision SET payload = NULL, base = NULL, depth = 0 WHERE config = ? AND number = ?"
        script += [Statement(drop, (identity, number)) for number in dropped]
        try:
            self._run(script)
        except UnmetError:  # somebody appended: what they did may stand on what was to be dropped
            return self.thin(config, keep)
        self._bases.pop(config, None)
        self._newest.pop(config, None)
        lost = {content for _, content in there}.difference(wanted)
        return sum(1 for row in rows if row[3] in lost)

    def _packed_anew(self, config: str, identity: int, kept: Sequence[int]) -> Iterator[Row]:
        """New payloads for the revisions that keep their content, each on one of those before it."""
        depths: list[int] = []
        for index, number in enumerate(kept):
            here = self._content(config, number)
            at = packing.base_number(index + 1)
            there = self._content(config, kept[at - 1]) if at is not None else None
            if at is None or there is None or not (packing.fits(here) and packing.fits(there)):
                depths.append(0)
                yield packing.pack(here), None, 0, identity, number
                continue
            depths.append(depths[at - 1] + 1)
            yield packing.pack(here, there), kept[at - 1], depths[-1], identity, number

    def _script(self, append: Append, bases: Mapping[int, Base]) -> Iterator[Statement]:
        """What a commit does to one config."""
        return script_of(append, bases, self.now)

    def _path(self, append: Append) -> Bases:
        """The contents that the first of these revisions, or one after it, can be packed on."""
        first = append.revisions[0]
        path = self._bases.get(append.config)
        if path is None or path.head != first.parent:
            path = self._read_path(append.config, first)
        return path.copied()

    def _read_path(self, config: str, first: Revision) -> Bases:
        path = Bases(head=first.parent)
        for number in packing.way_to(first.number - 1) if first.number > 1 else ():
            rows = self._whole(config, number)
            try:
                content = _unpacked([row[-3:] for row in rows])
            except (IntegrityError, NotFoundError):
                continue
            if hashlib.sha256(content).digest() == rows[-1][1]:  # nothing is built on what is damaged
                path.add(number, content, len(rows) - 1)
        return path

    def _whole(self, config: str, number: int) -> list[Row]:
        """A revision's row, behind those that its content is packed on; empty if there is none."""
        way = packing.way_to(number) if number > 0 else [number]
        rows = self._rows(_ON_THE_WAY[len(way)], config, *way)
        bases = [None, *(row[0] for row in rows[:-1])]
        if [row[0] for row in rows] == way and [row[-1] for row in rows] == bases:
            return rows
        return self._rows(_WHOLE, config, number)

    def _content(self, config: str, number: int) -> bytes:
        return _unpacked([row[-3:] for row in self._whole(config, number)])

    def _same_content(self, config: str, digest: bytes) -> bytes | None:
        """The content with a digest, from any revision that still has it."""
        query = (
            f"SELECT number FROM revision WHERE config = {ID} AND content = ? AND payload IS NOT NULL LIMIT 1"
        )
        rows = self._rows(query, config, digest)
        return self._content(config, rows[0][0]) if rows else None

    def _revision(
        self, row: Row, *, packed: Sequence[Row] | None = None, look_elsewhere: bool = True
    ) -> Revision:
        """The revision in a row, with its packed content where that was read, too.

        Raises `IntegrityError` for a row that holds none.
        """
        try:
            name, number, content, kind, author, reason, created, data, parent, digest, more = row[:11]
            (gone,) = row[11:]
            if not all(isinstance(each, str) for each in (kind, author, reason)):
                raise TypeError("a text was expected")
            rare = json.loads(more) if more else {}
            rare["labels"] = tuple(rare.get("labels", ()))

            def load() -> bytes:
                if not gone:
                    return _unpacked(packed) if packed else self._content(name, number)
                found = self._same_content(name, content) if look_elsewhere else None
                if found is None:
                    raise thinned(name, number)
                return found

            return Revision(
                config=name,
                number=number,
                content_digest=content.hex(),
                format=kind,
                author=author,
                reason=reason,
                created_at=time_of(created),
                data_digest=data.hex() if data is not None else None,
                parent=parent.hex() if parent is not None else None,
                digest=digest.hex(),
                load=load,
                **rare,
            )
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            said = f"revision {row[1]} of '{row[0]}' is not what was written: {error}"
            raise IntegrityError(said) from error


def _unpacked(rows: Sequence[Row]) -> bytes:
    """The last content of a chain of bases. Raises `NotFoundError` if it was thinned out."""
    if not rows or rows[0][2] is not None:
        raise IntegrityError("a content has no base that can be found")
    content: bytes | None = None
    for size, payload, _ in rows:
        if payload is None:
            raise NotFoundError("a content was thinned out")
        if not (isinstance(payload, bytes) and isinstance(size, int)):
            raise IntegrityError("a content is not what was written")
        content = packing.unpack(payload, size, content)
    assert content is not None
    return content


def _whole(number: int) -> int:
    """A number that a database takes: it knows none beyond 63 bits."""
    return max(-1, min(number, 2**62))
