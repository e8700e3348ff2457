"""What a rule may look at: both sides of a change, how they correspond, and how the change comes about."""

from __future__ import annotations

import itertools
import os.path
import pathlib
import re
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from attrs import define, field

from confguard.diffs.changes import Change, Diff
from confguard.fields import Impact
from confguard.paths import Key, Path, follow, value_at
from confguard.risk.circumstances import Process
from confguard.risk.names import name_of, words_of, words_on_path
from confguard.risk.rules.edits import Edit, document_of, edits_of, leaves, paired
from confguard.schema.shape import ANYTHING, Shape
from confguard.texts import word_set
from confguard.values import Files

T = TypeVar("T")

_STAGES = word_set("canary canarypercent staged staging soak soakminutes holdseconds bake stages")
_ORDERS = word_set(
    "order rollout rolloutstrategy podmanagementpolicy apply strategy distribution push deploy update"
)
_REACHES = word_set(
    "targets target pushto announceto rollout distribution deploy clusters regions scope applyto maxunavailable "
    "publish push propagate edges fleet"
)
_PRODUCTION = re.compile(r"(?<![a-z])(prod|production|live)(?![a-z])", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"(?<![a-z])(staging|stage|dev|devel|development|tests?|testing|qa|sandbox|fixtures?|localhost|"
    r"127\.0\.0\.1)(?![a-z])",
    re.IGNORECASE,
)
_DRAWING = frozenset({"schemaVersion", "templating", "timepicker", "fiscalYearStartMonth", "graphTooltip"})
_ENVIRONMENT_KEYS = ("environment", "env", "stage", "ENV", "ENVIRONMENT", "RAILS_ENV", "NODE_ENV", "APP_ENV")


@define(slots=False, eq=False)
class Context:
    """What a rule may look at."""

    diff: Diff
    before: Any
    after: Any
    shape: Shape = ANYTHING
    process: Process = field(factory=Process)
    """What is known of how the change comes about."""
    _old: dict[Path, Any] = field(factory=dict, init=False, repr=False)
    _new: dict[Path, Any] = field(factory=dict, init=False, repr=False)
    """What was looked up: every rule asks for what stands around the same settings."""
    figures: dict[tuple[Path, frozenset[str]], list[tuple[Any, str, Any]]] = field(
        factory=dict, init=False, repr=False
    )
    """Amounts that were found in tables, by the words of their names."""

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """Every setting that changed."""
        return tuple(edits_of(self.changes, self.shape))

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The changes; an element that went, and one that came with the same keys, are one that changed."""
        return tuple(paired(self.diff))

    def before_at(self, path: Path) -> Any:
        """The value at a change's path before; None if there was none."""
        if path not in self._old:
            self._old[path] = value_at(self.before_at(path[:-1]), path[-1:]) if path else self.before
        return self._old[path]

    def after_at(self, path: Path) -> Any:
        """The value at a change's path after; None if there is none."""
        if path not in self._new:
            self._new[path] = value_at(self.after, self.path_after(path))
        return self._new[path]

    def around(self, path: Path) -> dict[Any, Any]:
        """The table in which a setting stands, after; an empty one where it stands in none."""
        table = self.after_at(path[:-1])
        return table if isinstance(table, dict) else {}

    def is_elsewhere(self, table: Any) -> bool:
        """Does what a table held, all of it, stand in something that is new?"""
        settings = {(name_of(path), repr(value)) for path, value in leaves(table, ())}
        return bool(settings) and any(settings <= each for each in self._held_by_new)

    @cached_property
    def _held_by_new(self) -> tuple[frozenset[tuple[str, str]], ...]:
        new = (change.after for change in self.changes if change.op == "add")
        return tuple(
            frozenset((name_of(path), repr(value)) for path, value in leaves(each, ()))
            for each in new
            if isinstance(each, dict | list)
        )

    def member_gone(self, path: Path) -> bool:
        """Does a setting stand in an element of a list that is gone as a whole?"""
        return any(path[:length] in self._members_gone for length in range(1, len(path)))

    @cached_property
    def _members_gone(self) -> frozenset[Path]:
        removed = (change for change in self.changes if change.op == "remove" and change.path)
        return frozenset(change.path for change in removed if isinstance(change.path[-1], int | Key))

    def path_after(self, path: Path) -> Path:
        """Where that which a path led to before stands after, elements of lists by their position."""
        lengths = (length for length in range(len(path), 0, -1) if path[:length] in self._places)
        place = next((self._places[path[:length]] + path[length:] for length in lengths), path)
        walked, found = follow(self.after, place)
        return walked if found else place

    def document_of(self, path: Path) -> Any:
        """What a path's document holds after: the file's only one, or that one of several."""
        apart = self.diff.several or isinstance(self.after, Files)
        return self.after_at(path[:1]) if apart else self.after

    def environment(self, path: Path) -> str | None:
        """The environment that a setting is for: by names on its path, what its document says, or the file's name."""
        document = self.diff.after_document
        file = self.diff.naming(document.part_at(path)[0].path or "") if document else ""
        texts = _within_project(file).split("/")
        around = self.document_of(path)
        if isinstance(around, dict):
            texts += [around[key] for key in _ENVIRONMENT_KEYS if isinstance(around.get(key), str)]
        texts += [segment for segment in path[:-1] if isinstance(segment, str)]
        return next((found for text in reversed(texts) if (found := environment_of(text))), None)

    def is_weighty(self, path: Path) -> bool:
        """Does much depend on a setting: by its own mark, one above it, or what is said of the config?"""
        marked = [mark.level for _, mark in self.shape.marks_on(path, Impact)]
        return (marked[-1] if marked else self.process.impact) in {"high", "critical"}

    def siblings(self, path: Path) -> list[dict[Any, Any]]:
        """The other tables of the list or table in which the one at a path stands, after."""
        place = self.path_after(path)
        around = value_at(self.after, place[:-1]) if place else None
        own = value_at(self.after, place)
        tables = around.values() if isinstance(around, dict) else around if isinstance(around, list) else ()
        return [each for each in tables if isinstance(each, dict) and each is not own]

    def is_new(self, path: Path) -> bool:
        """Does a setting stand in a table or list that is new as a whole?"""
        around = [path[:length] for length in range(1, len(path) + 1)]
        added, others = self._touched
        return not added.isdisjoint(around[:-1]) and others.isdisjoint(around)

    @cached_property
    def _touched(self) -> tuple[frozenset[Path], frozenset[Path]]:
        """The paths of what is new, and of all else that changed: the same one where an element came before another."""
        added = frozenset(change.path for change in self.changes if change.op == "add")
        return added, frozenset(change.path for change in self.changes if change.op != "add")

    @cached_property
    def unusual(self) -> tuple[Edit, ...]:
        """The edits but for parts of something new that others of its kind in the file have already."""
        return tuple(
            edit
            for edit in self.edits
            if not edit.added
            or edit.path == edit.change.path
            or (edit.name, repr(edit.after)) not in self._known
        )

    @cached_property
    def _known(self) -> frozenset[tuple[str, str]]:
        return frozenset((name_of(path), repr(value)) for path, value in leaves(self.before, ()))

    @cached_property
    def roles(self) -> frozenset[str | None]:
        """What the settings that were edited are for; None stands for whatever it is, where any was."""
        roles = frozenset[str | None]().union(*(edit.roles for edit in self.unusual))
        return roles | {None} if self.unusual else roles

    def once(self, what: Hashable, work: Callable[[], T]) -> T:
        """What several rules have to work out: the first of them does."""
        if what not in self._worked_out:
            self._worked_out[what] = work()
        known: T = self._worked_out[what]
        return known

    @cached_property
    def _worked_out(self) -> dict[Hashable, Any]:
        return {}

    def asleep(self, path: Path) -> bool:
        """Does a table around a setting say that it is not in use?"""
        return any(
            all(isinstance(side, dict) and side.get("enabled") is False for side in sides)
            for sides in list(self._sides_around(path))[:-1]
        )

    def is_drawn(self, path: Path) -> bool:
        """Does a setting stand in a dashboard, so that it says what is shown, and nothing is run by it?"""
        return any(map(_is_dashboard, itertools.chain(*self._sides_around(path))))

    def _sides_around(self, path: Path) -> Iterator[tuple[Any, Any]]:
        """A setting and all that stands around it, before and after."""
        for length in range(len(path), -1, -1):
            yield self.before_at(path[:length]), self.after_at(path[:length])

    @cached_property
    def containers(self) -> tuple[tuple[Path, Any, Any], ...]:
        """Every list and table that got, lost or changed an element, or was replaced: path, before, after."""
        paths = [path for change in self.changes for path in (change.path[:-1], change.path) if change.path]
        sides = ((path, self.before_at(path), self.after_at(path)) for path in dict.fromkeys(paths))
        single = {each.path for each in self.changes if each.op in {"add", "remove"}}  # on one side only
        return tuple(
            (path, before, after)
            for path, before, after in sides
            if isinstance(before, dict | list) and path not in single
        )

    @cached_property
    def lists(self) -> tuple[tuple[Path, list[Any], list[Any]], ...]:
        """Those of the containers that are lists on both sides."""
        return tuple(
            each for each in self.containers if isinstance(each[1], list) and isinstance(each[2], list)
        )

    @cached_property
    def at_once(self) -> str:
        """What the file says of a change that goes to all at once, as `rollout.order = parallel`; blank if nothing."""
        telling = (each for each in self.texts_after if each[0] and _goes_to_all(each[0], each[1].lower()))
        return next((f"{name_of(path)} = {text}" for path, text in telling), "")

    @cached_property
    def texts_after(self) -> tuple[tuple[Path, str], ...]:
        """Every scalar after, as text, with its path."""
        return tuple((path, str(value)) for path, value in leaves(self.after, ()))

    @cached_property
    def _places(self) -> dict[Path, Path]:
        """The paths after of what changed and of all around it, by the paths before."""
        places: dict[Path, Path] = {}
        for change in self.changes:
            gone = change.op == "remove"
            path, place = (change.path[:-1] if gone else change.path), change.place
            if len(path) != len(place):
                continue
            for length in range(1, len(path) + (change.op == "replace")):
                places.setdefault(path[:length], place[:length])
        return places


def environment_of(text: str) -> str | None:
    """The environment that a text names; None where it names none, or both.

    >>> environment_of("db.prod.internal"), environment_of("qa-2"), environment_of("web")
    ('production', 'staging or test', None)
    """
    production, elsewhere = bool(_PRODUCTION.search(text)), bool(_ELSEWHERE.search(text))
    return None if production is elsewhere else "production" if production else "staging or test"


def _is_dashboard(value: Any) -> bool:
    """Is it what Grafana draws panels by, or a text of that?"""
    if isinstance(value, str):
        return '"panels"' in value and _is_dashboard(_read(value))
    panels = isinstance(value, dict) and isinstance(value.get("panels", value.get("rows")), list)
    return panels and not _DRAWING.isdisjoint(value)


@lru_cache(maxsize=16)
def _read(text: str) -> Any:
    return document_of(text)


def _within_project(path: str) -> str:
    """A file's path below the folder that it is named from; of one elsewhere, only its name says what it is for."""
    if not pathlib.Path(path).is_absolute():
        return path
    within = os.path.relpath(path)
    return pathlib.Path(path).name if within.startswith(os.pardir) else within


def _goes_to_all(path: Path, text: str) -> bool:
    """Does a setting say that what stands here reaches all of them at the same time?"""
    words = words_on_path(path[-2:])
    if text in {"0", "0%", "false", "none", "off"}:
        return bool(words_of(str(path[-1])) & _STAGES)
    if text in {"parallel", "simultaneous", "allatonce", "all-at-once", "all_at_once", "immediate"}:
        return bool(words & _ORDERS)
    everywhere = text in {"*", "all", "global", "everywhere", "100%"} or text.startswith(("all-", "all_"))
    return everywhere and bool(words & _REACHES)
