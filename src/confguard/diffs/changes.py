"""A change, and a diff of several, as values: applied, inverted, shown, and written as JSON or JSON Patch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import attrs
from attrs import field, frozen

from confguard.diffs.effects import Effect, effect_of
from confguard.diffs.patch import operations
from confguard.diffs.render import json_value, show_change
from confguard.documents.document import Document
from confguard.documents.editing.changing import DataChange, Operation, data_after
from confguard.documents.editing.tree import UnfitError
from confguard.errors import DiffError
from confguard.paths import Key, Path, Segment, path_from_json, path_to_json, show_path
from confguard.schema.guarded import secret_texts, without
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING, Shape
from confguard.texts import amount
from confguard.values import alone, as_tables, documents_of, in_own_file

__all__ = ["Change", "Diff", "Operation", "Step"]


class Step(NamedTuple):
    """One difference. The fields are those of a `Change`."""

    op: Operation
    path: Path
    place: Path
    shape: Shape
    before: Any
    after: Any
    position: int | None = None
    origin: Path | None = None


@frozen
class Change(DataChange):
    """One semantic difference.

    Changes are applied in order, so a position in `path` counts as the list stands when the change's turn
    comes. In a keyed list `path` names the element; a `move` then has its positions in `before` and `after`.
    A secret's values are `Secret`s.
    """

    place: Path = field(default=(), eq=False, repr=False)
    """The path in the document after the change, to find its line."""
    shape: Shape = field(default=ANYTHING, eq=False, repr=False)
    """What the schema says of this place."""

    @property
    def effect(self) -> Effect:
        """What the change amounts to: how much, in which direction, and what it looks like.

        >>> Change("replace", ("pool",), 64, 4).effect
        Effect(word='less', ratio=0.0625, magnitude=-1, suspicion=None)
        """
        return effect_of(self.op, self.before, self.after, self.shape)

    def invert(self) -> Change:
        """The change that takes this one back."""
        if self.op == "move":
            return self._inverted_move()
        turned: dict[Operation, Operation] = {"add": "remove", "remove": "add", "replace": "replace"}
        return attrs.evolve(self, op=turned[self.op], before=self.after, after=self.before)

    def _inverted_move(self) -> Change:
        if isinstance(self.path[-1], Key):
            return attrs.evolve(self, before=self.after, after=self.before)
        return attrs.evolve(self, path=self.origin or self.path, origin=self.path)

    def within(self, segment: Segment) -> Change:
        """The change where what it was made from is a part of something: one of several documents."""
        origin = None if self.origin is None else (segment, *self.origin)
        return attrs.evolve(self, path=(segment, *self.path), origin=origin, place=(segment, *self.place))

    def to_json(self) -> dict[str, object]:
        """The change as the JSON that other programs rely on."""
        members: dict[str, object] = {
            "op": self.op,
            "path": path_to_json(self.path),
            "before": json_value(self.before),
            "after": json_value(self.after),
        }
        if self.op == "move":
            counted = (*self.path[:-1], self.before)
            members["from"] = path_to_json(self.origin if self.origin is not None else counted)
        if self.position is not None:
            members["position"] = self.position
        members["effect"] = self.effect.to_json()
        members["display"] = str(self)
        return members

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Change:
        """The change that `to_json` wrote (a secret's value is gone)."""
        path = path_from_json(members["path"])
        return cls(
            members["op"],
            path,
            members["before"],
            members["after"],
            path_from_json(members["from"]) if "from" in members and not isinstance(path[-1], Key) else None,
            members.get("position"),
        )

    def __str__(self) -> str:
        about = str(self.effect)
        shown = show_change(self.op, self.path, self.before, self.after, self.origin)
        return f"{shown} ({about})" if about else shown


@frozen
class Diff:
    """An ordered set of changes.

    >>> from confguard.diffs.engine import diff
    >>> difference = diff({"pool": 64, "tags": ["a"]}, {"pool": 4, "tags": ["a", "b"]})
    >>> print(difference)
    pool: 64 -> 4 (16 times less)
    + tags[1]: "b"
    >>> difference.apply({"pool": 64, "tags": ["a"]})
    {'pool': 4, 'tags': ['a', 'b']}
    >>> difference.invert().apply({"pool": 4, "tags": ["a", "b"]})
    {'pool': 64, 'tags': ['a']}
    """

    changes: tuple[Change, ...] = ()
    coarse: tuple[Path, ...] = field(default=(), eq=False, kw_only=True)
    """Lists so long and so different that parts of them were compared position by position."""
    shape: Shape = field(default=ANYTHING, eq=False, repr=False, kw_only=True)
    """What the schema says of the whole document."""
    several: bool = field(default=False, kw_only=True)
    """Were files compared document by document, of which a side holds several? Then paths begin with a document."""
    secrets: Secrets = field(factory=Secrets, eq=False, repr=False, kw_only=True)
    """What is secret in both sides."""
    before: Any = field(default=None, eq=False, repr=False, kw_only=True)
    """The data that it was made from; None where it was read from JSON."""
    after: Any = field(default=None, eq=False, repr=False, kw_only=True)
    """The data that it leads to."""
    before_document: Document | None = field(default=None, eq=False, repr=False, kw_only=True)
    after_document: Document | None = field(default=None, eq=False, repr=False, kw_only=True)
    naming: Callable[[str], str] = field(default=str, eq=False, repr=False, kw_only=True)
    """What policies and rules call the file of a path: it says where that is from the working folder, or the like."""

    @property
    def same(self) -> bool:
        """Do both sides mean the same?"""
        return not self.changes

    @property
    def in_files(self) -> bool:
        """Are its sides configs of several files, so that each change has its own?"""
        return any(side and side.files for side in (self.before_document, self.after_document))

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def apply(self, data: Any) -> Any:
        """The data after the changes; what is handed in stays as it was.

        Raises `DiffError` where the data is not what the diff was made from.
        """
        try:
            data = data if isinstance(data, dict | list) else as_tables(data)
            after = data_after(documents_of(data) if self.several else data, self.changes)
        except UnfitError as error:
            raise DiffError(str(error)) from None
        return alone(after) if self.several else after

    def invert(self) -> Diff:
        """The diff that takes this one back."""
        return attrs.evolve(
            self,
            changes=tuple(change.invert() for change in reversed(self.changes)),
            coarse=(),
            before=self.after,
            after=self.before,
            before_document=self.after_document,
            after_document=self.before_document,
        )

    @property
    def summary(self) -> str:
        """How many changes, and of what kind.

        >>> from confguard.diffs.engine import diff
        >>> diff({"a": 1, "b": 2}, {"a": 3, "c": [1, 2]}).summary
        '3 changes: 1 more, 1 removed, 1 added'
        """
        if self.same:
            return "no change in meaning"
        counts = Counter(change.effect.word for change in self.changes)
        total = amount(len(self), "change")
        return f"{total}: {', '.join(f'{count} {word}' for word, count in counts.items())}"

    def __add__(self, later: Diff) -> Diff:
        """One after the other, as one diff: from where this one begins to where the later one ends."""
        several = self.several or later.several
        one, two = (each._of_documents() if several else each for each in (self, later))
        return Diff(
            one.changes + two.changes,
            coarse=one.coarse + two.coarse,
            shape=one.shape,
            several=several,
            secrets=one.secrets + two.secrets,
            before=one.before,
            after=two.after,
            before_document=self.before_document,
            after_document=later.after_document,
        )

    def _of_documents(self) -> Diff:
        """The same, as the diff of a file that may hold several documents."""
        if self.several:
            return self
        return attrs.evolve(
            self,
            changes=tuple(change.within(0) for change in self.changes),
            coarse=tuple((0, *path) for path in self.coarse),
            shape=self.shape.of_documents(),
            several=True,
            secrets=self.secrets.of_documents(),
            before=documents_of(self.before),
            after=documents_of(self.after),
        )

    def clean(self, text: str) -> str:
        """A text without the secrets of both sides, and without whatever else looks like one."""
        changed = secret_texts([(change.before, change.after) for change in self])
        return self.secrets.clean(without(text, changed))

    def locate(self, change: Change) -> tuple[str | None, int | None, int | None]:
        """File, line and column of a change: in the new document, or in the old one for what is gone."""
        gone = change.op == "remove" or self.after_document is None
        document = self.before_document if gone else self.after_document
        if document is None:
            return None, None, None
        path = change.path if gone else change.place
        line, column = document.locate(path, nearest=True) or (None, None)
        return document.part_at(path)[0].path, line, column

    def file_of(self, change: Change, within: Path = ()) -> str:
        """The file that a change leads to, as policies and rules name it; blank if it is in none.

        Or the file of what stands `within` what changed. Of several files, what is gone counts for the one it was in.
        """
        document, path = self.after_document, change.place
        if document is None or (change.op == "remove" and self.in_files):
            document, path = self.before_document, change.path
        return self.naming((document.part_at(path + within)[0].path if document else None) or "")

    def setting(self, path: Path) -> str:
        """The setting of a path, as policies and rules name it: in its file, whatever that one is judged with."""
        return show_path(in_own_file(path, self.before, self.after))

    def to_json(self) -> dict[str, object]:
        """The diff as the JSON that other programs rely on."""
        changes = []
        for change in self.changes:
            shown = change.to_json()
            file, line, column = self.locate(change)
            if line is not None:
                shown |= {"line": line, "column": column}
            if file is not None and self.in_files:
                shown |= {"file": file}
            changes.append(shown)
        members: dict[str, object] = {"same": self.same, "summary": self.summary, "changes": changes}
        members |= {"several": True} if self.several else {}
        return members | ({"coarse": [path_to_json(path) for path in self.coarse]} if self.coarse else {})

    def to_json_patch(self, *, secrets: bool = False) -> list[dict[str, Any]]:
        """The diff as JSON Patch (RFC 6902).

        Elements of keyed lists become positions; so do documents, where a file holds several: the patch is one of a
        list. Raises `DiffError` for keys that are no texts, which JSON does not have, and for a value that is secret: a
        patch holds it in the clear, so `secrets=True` has to ask for that.

        >>> from confguard.diffs.engine import diff
        >>> difference = diff({"hosts": [{"name": "a"}, {"name": "b", "w": 1}]}, {"hosts": [{"name": "b", "w": 2}]})
        >>> difference.to_json_patch()
        [{'op': 'replace', 'path': '/hosts/1/w', 'value': 2}, {'op': 'remove', 'path': '/hosts/0'}]
        """
        return operations(self.changes, self.before, several=self.several, secrets=secrets)

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Diff:
        """The diff that `to_json` wrote."""
        changes = tuple(Change.from_json(change) for change in members["changes"])
        return cls(changes, several=members.get("several", False))

    def __str__(self) -> str:
        return "\n".join(str(change) for change in self.changes) or "no change in meaning"
