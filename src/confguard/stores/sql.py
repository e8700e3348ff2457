"""What SQLite and PostgreSQL have in common: how revisions and their content are read, written and thinned."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from confguard.errors import IntegrityError, NotFoundError
from confguard.stores import chain, packing
from confguard.stores.interface import Append, PendingBake, Revision, thinned
from confguard.stores.sql_script import (
    ANYWHERE,
    BASE_GONE,
    HEAD_MOVED,
    ID,
    Base,
    Row,
    Statement,
    UnmetError,
    script_of,
    seal,
    time_of,
)

__all__ = ["SqlStore"]

_COLUMNS = (
    "c.name, r.number, b.digest, r.format, r.author, r.reason, r.created_at, r.data, r.parent, r.digest, r.more,"
    " b.id, b.payload IS NULL"
)
_REVISIONS = (
    f"SELECT {_COLUMNS} FROM config c JOIN revision r ON r.config = c.id JOIN content b ON b.id = r.content"
    " WHERE c.name = ?"
)
_NEWEST = "(SELECT max(number) FROM revision WHERE config = c.id)"
_CHAIN = (
    "WITH RECURSIVE chain(id, base, size, payload, digest, depth, step) AS ("
    "SELECT id, base, size, payload, digest, depth, 0 FROM content WHERE id = {start} UNION ALL"
    " SELECT b.id, b.base, b.size, b.payload, b.digest, b.depth, step + 1 FROM content b JOIN chain"
    f" ON b.id = chain.base WHERE step < {4 * packing.MAX_DEPTH})"
    " SELECT size, payload, digest, depth, base FROM chain ORDER BY step DESC"
)
_OF_REVISION = (
    "(SELECT r.content FROM config c JOIN revision r ON r.config = c.id WHERE c.name = ? AND r.number = ?)"
)


class SqlStore(ABC):
    """A store in a relational database."""

    @abstractmethod
    def _rows(self, query: str, *values: object) -> list[Row]:
        """The rows of a query."""

    @abstractmethod
    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        """Run a script in one transaction. Raises `UnmetError`."""

    def commit(self, *appends: Append) -> None:
        """Append to one config or several, in one transaction."""
        appends = tuple(sorted(appends, key=lambda each: each.config))
        for with_base in (True, False):
            script = [one for each in appends for one in self._script(each, with_base=with_base)]
            try:
                self._run(script)
            except UnmetError as error:
                if str(error) == BASE_GONE:
                    continue
                raise self._conflict(appends) from error
            return

    def unsettled(self, config: str, place: str) -> int | None:
        """The newest revision that a place perhaps does not hold."""
        query = "SELECT m.number FROM mark m JOIN config c ON c.id = m.config WHERE c.name = ? AND m.place IN (?, ?)"
        rows = self._rows(query, config, place, ANYWHERE)
        return max(row[0] for row in rows) if rows else None

    def settle(self, config: str, place: str, number: int) -> None:
        """A place holds revision `number`. Need not be durable: what is lost is done again."""
        query = f"DELETE FROM mark WHERE config = {ID} AND place IN (?, ?) AND number <= ?"
        self._run([Statement(query, (config, place, ANYWHERE, number))], durable=False)

    def head(self, config: str) -> Revision | None:
        """The newest revision."""
        query = (
            f"SELECT {_COLUMNS}, c.head, c.digest, {_NEWEST} FROM config c LEFT JOIN revision r"
            " ON r.config = c.id AND r.number = c.head LEFT JOIN content b ON b.id = r.content WHERE c.name = ?"
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
        """One revision. Raises `NotFoundError`, or `IntegrityError` if it is not what was written."""
        rows = self._rows(f"{_REVISIONS} AND r.number = ?", config, _whole(number))
        if not rows:
            newest = self.head(config)
            has = newest.number if newest else 0
            raise NotFoundError(f"'{config}' has no revision {number}; it has {has}")
        return chain.check_link(self._revision(rows[0]))

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
                    revision = self._revision(row)
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
        query = (
            "SELECT k.revision, k.deadline, k.abandoned_at, k.seal FROM bake k JOIN config c ON c.id = k.config"
            " WHERE c.name = ?"
        )
        rows = self._rows(query, config)
        if not rows:
            return None
        *row, sealed = rows[0]
        if sealed != seal(config, *row):
            raise IntegrityError(
                f"the bake of '{config}' is not what was written", hint="apply or revert anew"
            )
        return PendingBake(row[0], time_of(row[1]), time_of(row[2]))

    def settle_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision."""
        query = f"DELETE FROM bake WHERE config = {ID} AND revision = ? RETURNING 1"
        try:
            self._run([Statement(query, (config, revision), must="it is over")])
        except UnmetError:
            return False
        return True

    def thin(self, config: str, keep: frozenset[int]) -> int:
        """Drop the content of all revisions but these; the others are packed anew, on bases that stay."""
        rows = self._rows(
            "SELECT r.number, b.id, b.payload IS NULL FROM revision r JOIN config c ON c.id = r.config"
            " JOIN content b ON b.id = r.content WHERE c.name = ? ORDER BY r.number",
            config,
        )
        kept = list(dict.fromkeys(content for number, content, gone in rows if number in keep and not gone))
        dropped = {content for _, content, gone in rows if not gone}.difference(kept)
        if not dropped:
            return 0
        script = [
            Statement(f"UPDATE config SET head = head WHERE id = {ID}", (config,))
        ]  # nobody appends meanwhile
        script += [
            Statement(
                "UPDATE content SET payload = ?, base = ?, depth = ? WHERE id = ? AND payload IS NOT NULL"
                " RETURNING 1",
                values,
                must=BASE_GONE,
            )
            for values in self._packed_anew(kept)
        ]
        drop = "UPDATE content SET payload = NULL, base = NULL, depth = 0 WHERE id = ?"
        script += [Statement(drop, (content,)) for content in sorted(dropped)]
        newest = rows[-1][0]
        last = "SELECT 1 FROM config WHERE name = ? AND head = ?"
        script.append(Statement(last, (config, newest), must=HEAD_MOVED))
        try:
            self._run(script)
        except UnmetError:  # somebody appended: what they did may stand on what was to be dropped
            return self.thin(config, keep | {newest + 1})
        return sum(1 for _, content, _ in rows if content in dropped)

    def _packed_anew(self, kept: Sequence[int]) -> Iterator[Row]:
        """New payloads for the contents that stay, each on one of those before it."""
        depths: list[int] = []
        for index, content in enumerate(kept):
            here = self._content(content)
            number = packing.base_number(index + 1)
            base = kept[number - 1] if number is not None else None
            there = self._content(base) if base is not None else None
            if there is None or number is None or not (packing.fits(here) and packing.fits(there)):
                depths.append(0)
                yield packing.pack(here), None, 0, content
                continue
            depths.append(depths[number - 1] + 1)
            yield packing.pack(here, there), base, depths[-1], content

    def _conflict(self, appends: Sequence[Append]) -> Exception:
        """Which head is not the one that was to be followed."""
        heads = {each.config: (self.head(each.config), each.revisions[0]) for each in appends}
        for config, (head, first) in heads.items():
            if (head.digest if head else None) != first.parent:
                return chain.conflict(config, head, first.number - 1)
        return chain.conflict(
            appends[0].config, heads[appends[0].config][0], appends[0].revisions[0].number - 1
        )

    def _script(self, append: Append, *, with_base: bool) -> Iterator[Statement]:
        """What a commit does to one config."""

        def base_of(revision: Revision, depths: Mapping[int, int]) -> Base | None:
            return self._base(revision, append.revisions, depths) if with_base else None

        return script_of(append, base_of)

    def _base(self, revision: Revision, batch: Sequence[Revision], depths: Mapping[int, int]) -> Base | None:
        """What the content of a revision can be packed on; of the same batch, or stored already."""
        number = packing.base_number(revision.number)
        content = revision.content_if_there()
        if number is None or content is None or not packing.fits(content):
            return None
        first = batch[0].number
        if number >= first:
            found = batch[number - first]
            there = found.content_if_there()
            base = Base(there or b"", found.content_digest, depths[number], stored=False)
        else:
            rows = self._rows(_CHAIN.format(start=_OF_REVISION), revision.config, number)
            try:
                there = _unpacked(rows)
            except (IntegrityError, NotFoundError):
                return None
            base = Base(there, rows[-1][2].hex(), rows[-1][3], stored=True)
            if hashlib.sha256(there).hexdigest() != base.digest:
                return None  # nothing is built on what is damaged
        usable = base.depth < packing.MAX_DEPTH and packing.fits(base.content)
        return base if usable and base.digest != revision.content_digest else None

    def _content(self, content: int) -> bytes:
        return _unpacked(self._rows(_CHAIN.format(start="?"), content))

    def _revision(self, row: Row) -> Revision:
        """The revision in a row. Raises `IntegrityError` for a row that holds none."""
        try:
            name, number, content_digest, kind, author, reason, created, data, parent, digest, more = row[:11]
            content, gone = row[11:]
            rare = json.loads(more) if more else {}
            rare["labels"] = tuple(rare.get("labels", ()))

            def load() -> bytes:
                if gone:
                    raise thinned(name, number)
                return self._content(content)

            return Revision(
                config=name,
                number=number,
                content_digest=content_digest.hex(),
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
    if not rows or rows[0][4] is not None:
        raise IntegrityError("a content has no base that can be found")
    content: bytes | None = None
    for size, payload, *_ in rows:
        if payload is None:
            raise NotFoundError("a content was thinned out")
        content = packing.unpack(payload, size, content)
    assert content is not None
    return content


def _whole(number: int) -> int:
    """A number that a database takes: it knows none beyond 63 bits."""
    return max(-1, min(number, 2**62))
