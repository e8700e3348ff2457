"""What rules about two settings of one table share: the tables that a change touched, and amounts held together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from confguard.diffs.effects import amounts
from confguard.paths import Path
from confguard.risk.findings import Finding
from confguard.risk.rules.edits import leaves
from confguard.risk.rules.interface import Context, Rule

__all__ = ["PairRule", "above", "is_zero", "same", "tables_around"]

_MOST_KEYS = 200


class PairRule(Rule):
    """A rule about two settings of one table: it fires where they disagree now and did not before."""

    across: ClassVar[bool] = False
    """May the two stand in different tables of one small document?"""

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for each table that a change touched and in which the pair is wrong now."""
        beside = list(self._beside(context))
        yield from beside
        if self.across:
            known = {finding.path for finding in beside}
            yield from (finding for finding in self._apart(context) if finding.path not in known)

    def _apart(self, context: Context) -> Iterator[Finding]:
        before, after = context.once("flat", lambda: (_flat(context.before), _flat(context.after)))
        known = {message for _, message in self.disagreements(before)}
        for key, message in self.disagreements(after):
            if message not in known:
                yield self.finding(tuple(key.split("\t")), message.replace("\t", "."))

    def _beside(self, context: Context) -> Iterator[Finding]:
        for path, before, after in context.once("tables", lambda: list(_tables(context))):
            if not isinstance(after, Mapping) or len(after) > _MOST_KEYS:
                continue  # what has hundreds of keys is a list of things, not the settings of one
            known = set(self.disagreements(before)) if isinstance(before, Mapping) else set()
            for key, message in self.disagreements(after):
                if (key, message) not in known:
                    yield self.finding((*path, key), message)

    @abstractmethod
    def disagreements(self, table: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong in a table: the key at which it is told, and the message."""


def _tables(context: Context) -> Iterator[tuple[Path, Any, Any]]:
    """The tables around what was edited, with their amounts as the schema reads them: path, before, after."""
    for path in dict.fromkeys(path for edit in context.edits for path in tables_around(edit.path)):
        before, after = context.before_at(path), context.after_at(path)
        yield path, _as_read(before, path, context), _as_read(after, path, context)


def _flat(data: Any) -> dict[Any, Any]:
    """The amounts of a small document in one table, by their paths; empty for what is a collection of things."""
    flat = {"\t".join(map(str, path)): value for path, value in leaves(data, ()) if path}
    return (
        flat
        if len(flat) <= 80 and not any(segment.isdigit() for key in flat for segment in key.split("\t"))
        else {}
    )


def _as_read(table: Any, path: Path, context: Context) -> Any:
    """A table with its amounts as the schema reads them."""
    shape = context.shape.at(path).of(table)
    if not isinstance(table, Mapping) or not any(child.amount for child in shape.fields.values()):
        return table
    children = {key: shape.child(key) for key in table}
    return {
        key: children[key].meaning(value) if children[key].amount else value for key, value in table.items()
    }


def tables_around(path: Path) -> Iterator[Path]:
    """The table a setting stands in, and the one around that."""
    for depth in range(len(path) - 1, max(len(path) - 3, -1), -1):
        yield path[:depth]


def above(one: Any, other: Any) -> bool:
    """Is one amount above the other, in a dimension that both have?"""
    first, second = amounts(one), amounts(other)
    common = next(
        (dimension for dimension in ("n", "s", "B") if dimension in first and dimension in second), None
    )
    return common is not None and first[common] > second[common]


def same(one: Any, other: Any) -> bool:
    first, second = amounts(one), amounts(other)
    return any(first[dimension] == second[dimension] for dimension in first.keys() & second.keys())


def is_zero(amounts: dict[str, float]) -> bool:
    return bool(amounts) and not any(amounts.values())
