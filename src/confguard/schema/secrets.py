"""Which values of a document are secret: by its schema, by the names above them, by their form.

`Secrets` is asked once for a document, or for both sides of a diff, and judges only what is shown: a place is worked
out on the way down to it, so nothing is walked that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, field

from confguard.documents.document import Document
from confguard.fields import Secret
from confguard.paths import Key, Path, Segment, Unshown
from confguard.schema.guarded import (
    NOWHERE,
    TELLING,
    guarded,
    guarded_leaf,
    guarded_text,
    is_secret_key,
    lines_without,
    secret_texts,
    shown_value,
    without,
)
from confguard.schema.shape import ANYTHING, Shape
from confguard.schema.standing import State, below, is_telling
from confguard.secrets import masked
from confguard.values import Documents, documents_of


@define(eq=False)
class ValueInShape:
    state: State
    shape: Shape
    value: Any = field(repr=False)


_SCALARS = frozenset({str, int, float, bool, type(None)})


class Secrets:
    """What is secret in a document, or in both sides of a diff, whose schema has this shape.

    >>> data = {"db": {"password": "hunter2", "port": 5432}, "env": [{"name": "API_KEY", "value": "k-12345"}]}
    >>> secrets = Secrets(ANYTHING, data)
    >>> secrets.at(("db", "password")), secrets.at(("db", "port")), secrets.at(("env", 0, "value"))
    (True, False, True)
    >>> secrets.guarded(data, ())
    {'db': {'password': Secret('***'), 'port': 5432}, 'env': [{'name': 'API_KEY', 'value': Secret('***')}]}
    >>> secrets.clean("the key k-12345 is not known")
    'the key *** is not known'
    """

    def __init__(self, shape: Shape = ANYTHING, *sides: Any) -> None:
        self.shape = shape
        self._roots = [
            ValueInShape(State.SECRET if here.secret else State.PLAIN, here, side)
            for side in sides or (None,)
            for here in (shape.holding(side),)
        ]
        self._known: list[dict[Path, ValueInShape]] = [{} for _ in self._roots]
        self._elements: dict[tuple[int, tuple[str, ...]], dict[Any, Any]] = {}
        self._texts: list[str] | None = None
        self._paths: dict[Path, Path | None] = {}
        self._plain: dict[Path, Shape | None] = {(): None if shape.secret else shape}

    @classmethod
    def _of(cls, roots: Iterable[ValueInShape]) -> Secrets:
        secrets = cls()
        secrets._roots = list(roots)
        secrets._known = [{} for _ in secrets._roots]
        secrets._plain = {(): None}  # each may have its own schema
        return secrets

    def __add__(self, other: Secrets) -> Secrets:
        return Secrets._of([*self._roots, *other._roots])

    @classmethod
    def in_files(cls, shape: Shape, *sides: Any) -> Secrets:
        """What is secret in the data of files, of which any may hold several documents."""
        if not any(isinstance(side, Documents) for side in sides):
            return cls(shape.of_data(*sides), *sides)
        return cls(shape.of_documents(), *map(documents_of, sides))

    def of_documents(self) -> Secrets:
        """The same, of files that may hold several documents."""
        return Secrets._of(
            ValueInShape(State.PLAIN, each.shape.of_documents(), documents_of(each.value))
            for each in self._roots
        )

    def at(self, path: Path) -> bool:
        """Is the value at a path secret, as a whole or in part?"""
        name = path[-1] if path else None
        return any(
            isinstance(guarded_leaf(place.value, name, place.state), Secret)
            or (place.state is State.SECRET and not _is_leaf(place.value))
            for place in self._places(path)
        )

    def guarded(self, value: Any, path: Path, place: Path | None = None) -> Any:
        """A value that stands at a path with its secrets wrapped, so that no one shows them by accident.

        `place` is where it stands on the other side, if that is elsewhere.
        """
        where = (path,) if place is None or place is path else (path, place)
        if type(value) in _SCALARS and all(map(self._is_plain, where)):  # as most are
            return guarded_text(value) if type(value) is str else value
        places = [place for each in where for place in self._places(each)]
        there = [each for each in places if each.value is not NOWHERE]
        most = max(there or places, key=lambda each: each.state)
        return guarded(value, path[-1] if path else None, most.state, most.shape)

    def _is_plain(self, path: Path) -> bool:
        """Is there nothing in a setting's name, nor above it, that could make it secret?"""
        if not path or type(path[-1]) is not str or is_telling(path[-1]):
            return False
        above = self._plain_above(path[:-1])
        return above is not None and not above.child(path[-1]).holds_secret

    def _plain_above(self, path: Path) -> Shape | None:
        """The shape of a table or list, if no name on the way to it can make what is inside secret."""
        if path in self._plain:
            return self._plain[path]
        above, last = self._plain_above(path[:-1]), path[-1]
        shape = None if above is None or (isinstance(last, str) and is_telling(last)) else above.child(last)
        self._plain[path] = None if shape is None or shape.secret else shape
        return self._plain[path]

    def path(self, path: Path) -> Path:
        """The path with keys that are secret themselves as `Unshown`."""
        if not path:
            return path
        if path not in self._paths:  # for None, it is shown as it is: `1` and `True` are one key here
            shown = (*self.path(path[:-1]), self._segment(path))
            self._paths[path] = shown if any(map(_hides, shown)) else None
        return self._paths[path] or path

    def clean(self, text: str, path: Path | None = None) -> str:
        """A text in which no secret of the document stands, and whatever else looks like one is hidden.

        `path` is the place that it speaks of: what is secret there is hidden however short it is.
        """
        if self._texts is None:
            whole = [_guarded(each, ()) for each in self._roots]
            self._texts = [each for each in secret_texts(whole) if len(each) >= TELLING]
        return masked(without(text, self._texts)) if path is None else self.clean_at(text, path, self._texts)

    def clean_at(self, text: str, path: Path, others: Iterable[str] = (), *, whole: bool = True) -> str:
        """A text without what is secret at a path, and without other secrets that are known.

        Without `whole`, tables and lists at the path are not looked through.
        """
        places = [place for place in self._places(path) if whole or _is_leaf(place.value)]
        here = secret_texts([_guarded(place, path) for place in places])
        if not all(_is_leaf(place.value) for place in places):
            here = [each for each in here if len(each) >= TELLING - 1]
        return masked(without(text, [*others, *here]))

    def lines(self, document: Document) -> list[str]:
        """The lines of a document with what is secret as `***`, from its value to where the next setting begins."""
        return [self.clean(line) for line in lines_without(document, self._hides)]

    def _hides(self, path: Path) -> bool:
        return any(isinstance(_guarded(place, path), Secret) for place in self._places(path))

    def _segment(self, path: Path) -> Segment:
        *above, segment = path
        if isinstance(segment, Key):
            shown = Key(tuple((name, self._field(path, name, value)) for name, value in segment.fields))
            return shown if _hides(shown) else segment
        name = above[-1] if above else None
        if isinstance(segment, str) and any(
            is_secret_key(place.shape, segment, name, self._below(place, segment).value)
            for place in self._places(tuple(above))
        ):
            return Unshown(segment)
        return segment

    def _field(self, path: Path, name: str, value: Any) -> Any:
        """What is shown of a field by which an element is known."""
        inner = (*path, *name.split("."))
        secret = isinstance(value, str) and not self._is_plain(inner) and self.at(inner)
        return Unshown(value) if secret else value

    def _places(self, path: Path) -> list[ValueInShape]:
        return [self._place(side, path) for side in range(len(self._roots))]

    def _place(self, side: int, path: Path) -> ValueInShape:
        if not path:
            return self._roots[side]
        known = self._known[side].get(path)
        if known is None:
            known = self._known[side][path] = self._below(self._place(side, path[:-1]), path[-1])
        return known

    def _below(self, above: ValueInShape, segment: Segment) -> ValueInShape:
        container = above.value
        if isinstance(segment, Key):
            value = self._element(container, segment)
        elif isinstance(container, dict):
            value = container.get(segment, NOWHERE)
        elif isinstance(container, list) and isinstance(segment, int):
            value = container[segment] if 0 <= segment < len(container) else NOWHERE
        else:
            value = NOWHERE
        shape = above.shape.child(segment).holding(value)
        return ValueInShape(below(above.state, container, segment, value, shape), shape, value)

    def _element(self, container: Any, key: Key) -> Any:
        """The element of a list that a key names, looked up instead of searched."""
        if not isinstance(container, list):
            return NOWHERE
        names = tuple(name for name, _ in key.fields)
        known = self._elements.get((id(container), names))
        if known is None:
            known = self._elements[id(container), names] = {Key.over(each, names): each for each in container}
        return known.get(key, NOWHERE)


def _hides(segment: Segment) -> bool:
    if isinstance(segment, Key):
        return any(isinstance(value, Unshown) for _, value in segment.fields)
    return isinstance(segment, Unshown)


def _guarded(place: ValueInShape, path: Path) -> Any:
    return guarded(place.value, path[-1] if path else None, place.state, place.shape)


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, dict | list)


def shown_at(value: Any, path: Path, shape: Shape) -> Any:
    """What is shown of a value that a schema gives for a path, such as a default."""
    return shown_value(guarded(value, path[-1] if path else None, _state_at(path, shape), shape))


def is_secret(path: Path, shape: Shape) -> bool:
    """Does what stands at a path hold a secret, by what the schema says or by the names on the way to it?"""
    return isinstance(guarded_leaf("a text", path[-1] if path else None, _state_at(path, shape)), Secret)


def _state_at(path: Path, shape: Shape) -> State:
    return State.SECRET if shape.secret else Secrets()._place(0, path).state
