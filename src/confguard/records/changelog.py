"""Change logs: what each version changed, in words, and of which release it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

from attrs import field, frozen

from confguard.diffs.changes import Change, Diff
from confguard.diffs.effects import amounts
from confguard.diffs.engine import diff
from confguard.diffs.origins import means_same
from confguard.diffs.pages import code
from confguard.diffs.render import show_value
from confguard.documents.document import Document
from confguard.errors import DiffError, DocumentError
from confguard.fields import FieldType, Secret
from confguard.paths import Key, Path, follow, show_path, value_at
from confguard.records.versions import Version
from confguard.records.walking import View, leaves_of
from confguard.schema.schema import Schema
from confguard.texts import amount
from confguard.values import same

Mark: TypeAlias = Callable[[str], str]
"""How names and values are shown: as code, or as they are."""

_MOST = 20
"""How many changes of one version are told one by one."""
_SEVERAL = 4
"""From so many settings on that came to one table, or went from it, they are told together."""


@frozen
class Entry:
    """One version in a change log."""

    version: Version
    changes: tuple[Change, ...] = field(repr=False)
    difference: Diff | None = field(repr=False)
    """What all of it is about; None where that cannot be told."""
    note: str | None = None
    """What is to be said where there are no changes to tell."""

    def sentences(self, mark: Mark) -> list[str]:
        """What it changed, in words; names and values as `mark` shows them."""
        if self.note:
            return [self.note]
        sentences = list(_sentences(self.changes, mark))
        more = len(sentences) - _MOST
        return sentences if more <= 1 else [*sentences[:_MOST], f"and {amount(more, 'more change')}."]

    def clean(self, text: str) -> str:
        """A text without the secrets of this version."""
        return self.difference.clean(text) if self.difference is not None else text


@frozen
class Release:
    """Versions that were released together: under one label or tag, or on one day where there are none."""

    name: str | None
    """None for what was not released yet, or where there are no releases."""
    entries: tuple[Entry, ...]

    @property
    def at(self) -> datetime | None:
        """When the newest of them came."""
        return max((each.version.at for each in self.entries if each.version.at), default=None)


def entries(versions: Iterable[Version], schema: Schema[Any] | None) -> Iterator[Entry]:
    """The versions that are stored, each with what it changed in the one before it, newest first.

    They are read as they are asked for. Merges that changed nothing by themselves are left out.
    """
    older = _Older(versions, schema)
    while (version := older.next()) is not None:
        entry = _entry(version, older)
        older.forget(version)
        if entry is not None:
            yield entry


class _Older:
    """Versions, read as far as they are needed to know which one another was made from."""

    def __init__(self, versions: Iterable[Version], schema: Schema[Any] | None) -> None:
        self._versions, self._schema = iter(versions), schema
        self._known: dict[object, View] = {}
        self._queue: list[Version] = []

    def next(self) -> Version | None:
        return self._queue.pop(0) if self._queue else self._read()

    def view(self, identity: object) -> View | None:
        """The version that was in force, from this one on back."""
        while identity not in self._known:
            version = self._read()
            if version is None:
                return None
            self._queue.append(version)
        view = self._known[identity]
        if view.version.in_force:
            return view
        return self.view(view.version.parents[0]) if view.version.parents else None

    def forget(self, version: Version) -> None:
        """Let go of what is not needed again."""
        self._known.pop(version.id, None)

    def _read(self) -> Version | None:
        version = next(self._versions, None)
        if version is not None:
            self._known[version.id] = View(version, self._schema)
        return version


def _entry(version: Version, older: _Older) -> Entry | None:
    """What a version changed; None for a merge that changed nothing by itself."""
    if not version.in_force:
        return Entry(version, (), None, "What a target held when it was overwritten. It was never in force.")
    after = older.view(version.id)
    before = [older.view(parent) for parent in version.parents]
    assert after is not None
    try:
        if version.is_gone:
            return Entry(version, (), None, "The file was removed.")
        if not before or before[0] is None:
            return Entry(version, (), _difference(None, after), _first(version, after))
        difference = _difference(before[0], after)
        changes = difference.changes
        for other in before[1:]:
            changes = tuple(change for change in changes if other and _is_new(change, other, after))
    except (DocumentError, DiffError):
        why = "it, or the one before it, cannot be read"
        return Entry(version, (), None, f"What changed cannot be told: {why}.")
    if len(before) > 1 and not changes:
        return None
    return Entry(
        version, changes, difference, None if changes else "No value changed: layout or comments did."
    )


def _first(version: Version, view: View) -> str:
    if version.cut or version.parents:
        return f"What changed cannot be told: {version.cut or 'what was before is not there'}."
    count = sum(1 for _ in leaves_of(view.data))
    return f"The first one, with {amount(count, 'value')}."


def _difference(before: View | None, after: View) -> Diff:
    """What changed between two versions; of the first one, what is in it."""
    old: Document | dict[str, Any] = (before or after).document if not _is_gone(before) else {}
    return diff(old, after.document, after.schema)


def _is_gone(view: View | None) -> bool:
    return view is not None and view.version.is_gone


def _is_new(change: Change, other: View, after: View) -> bool:
    """Is a change of a merge not what the other side brought?"""
    there = follow(other.data, change.path)[1]
    if change.op == "remove":
        return there
    return not there or not same(value_at(other.data, change.path), value_at(after.data, change.path))


def releases(logged: Iterable[Entry], tags: dict[str, str] | None = None) -> Iterator[Release]:
    """Entries, newest first, by release: by labels or tags where there are some, else by day."""
    logged = list(logged)
    if not tags and not any(entry.version.labels for entry in logged):
        for _, some in groupby(logged, lambda entry: entry.version.at and entry.version.at.date()):
            yield Release(None, tuple(some))
        return
    name: str | None = None
    named: list[tuple[str | None, Entry]] = []
    for entry in logged:
        if tags is not None:
            name = tags.get(str(entry.version.id))
        elif entry.version.labels:
            name = ", ".join(entry.version.labels)
        named.append((name, entry))
    for release, group in groupby(named, lambda pair: pair[0]):
        yield Release(release or "Not released yet", tuple(entry for _, entry in group))


def day(at: datetime) -> str:
    """A day as a person writes it.

    >>> day(datetime(2026, 11, 6))
    '6 November 2026'
    """
    return f"{at.day} {at:%B %Y}"


def _sentences(changes: Iterable[Change], mark: Mark) -> Iterator[str]:
    """Changes in words: what came to one table, or went from it, together where it is much."""
    together: dict[tuple[str, Path], list[Change]] = defaultdict(list)
    changes = list(changes)
    for change in changes:
        if change.op in ("add", "remove") and change.path:
            together[change.op, change.path[:-1]].append(change)
    for change in changes:
        group = together.get((change.op, change.path[:-1]), []) if change.path else []
        if len(group) < _SEVERAL:
            yield _sentence(change, mark)
        elif change is group[0]:
            yield _several(group, mark)


def _several(changes: list[Change], mark: Mark) -> str:
    first = changes[0]
    where = f" in {mark(show_path(first.path[:-1]))}" if len(first.path) > 1 else ""
    what = "are new" if first.op == "add" else "were removed"
    values = [change.after if first.op == "add" else change.before for change in changes]
    shown = [
        f"{mark(show_path(change.path[-1:]))} ({_value(mark, change, value)})"
        for change, value in list(zip(changes, values, strict=True))[:_MOST]
    ]
    more = f", and {len(changes) - _MOST} more" if len(changes) > _MOST else ""
    return f"{amount(len(changes), 'setting')}{where} {what}: {', '.join(shown)}{more}."


def _sentence(change: Change, mark: Mark = code) -> str:
    """One change in words.

    >>> _sentence(Change("replace", ("pool",), 64, 4)), _sentence(Change("replace", ("wait",), "2s", "3s"))
    ('`pool` was lowered from `64` to `4` (16 times less).', '`wait` was raised from `2s` to `3s` (50 % more).')
    """
    where = mark(show_path(change.path))
    if change.op == "add":
        return f"{where} is new: {_value(mark, change, change.after)}."
    if change.op == "remove":
        return f"{where} was removed; it was {_value(mark, change, change.before)}."
    if change.op == "move":
        if change.path and isinstance(change.path[-1], Key):
            return f"{where} moved from position {change.before} to {change.after}."
        return f"{where} was {mark(show_path(change.origin or change.path))} before."
    if isinstance(change.before, bool) and isinstance(change.after, bool):
        return f"{where} was turned {'on' if change.after else 'off'}{_effect(change)}."
    if isinstance(change.before, Secret) or isinstance(change.after, Secret):
        return f"{where} was changed; it is secret."
    before, after = _value(mark, change, change.before), _value(mark, change, change.after)
    if means_same(change.before, change.after, change.shape):
        return f"{where} is written {after} now, which is the same as {before}."
    return f"{where} was {_verb(change)} from {before} to {after}{_effect(change)}."


def _verb(change: Change) -> str:
    ratio, word = change.effect.ratio, change.effect.word
    if ratio is not None and ratio != 1:
        return "raised" if ratio > 1 else "lowered"
    verbs = {"more": "raised", "less": "lowered", "wider": "widened", "narrower": "narrowed"}
    return verbs.get(word, "changed")


def _effect(change: Change) -> str:
    effect = change.effect
    share = ""
    if effect.ratio is not None and 0.5 < effect.ratio < 2 and abs(effect.ratio - 1) >= 0.005:
        share = f"{abs(effect.ratio - 1):.0%}".replace("%", " %") + (" more" if effect.ratio > 1 else " less")
    words = [each for each in (share, str(effect)) if each and each not in ("wider", "narrower")]
    return f" ({', '.join(words)})" if words else ""


def _value(mark: Mark, change: Change, value: Any) -> str:
    """A value with its unit, where it is an amount: `300` is `5m` to a schema that reads seconds."""
    meant = change.shape.meaning(value) if isinstance(value, int | float) else None
    if isinstance(meant, FieldType) and not isinstance(value, bool):
        return mark(f"{meant}")
    text = show_value(value)
    return mark(text[1:-1] if isinstance(value, str) and amounts(value) else text)
