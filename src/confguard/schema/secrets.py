"""Which values of a document are secret: by its schema, by the names above them, by their form.

`Secrets` is asked once for a document, or for both sides of a diff, and judges only what is shown: a place is worked
out on the way down to it, so nothing is walked that nobody asks for.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal, get_origin

from attrs import define

from confguard.documents.document import Document
from confguard.fields import Secret
from confguard.paths import Key, Path, Segment, Unshown
from confguard.schema.shape import ANYTHING, Shape
from confguard.secrets import (
    HIDDEN,
    about_name,
    is_count,
    is_login,
    is_reference,
    masked,
    plural_name,
    secret_name,
)

__all__ = ["Masked", "Secrets", "secret_texts", "shown_at", "shown_value", "without"]


class Masked(Secret):
    """A text with a secret in it: `postgres://app:***@db` is shown of it."""

    def __str__(self) -> str:
        return masked(self.reveal())

    def __repr__(self) -> str:
        return f"Masked({str(self)!r})"


class _State(IntEnum):
    """What is known of a place from above; of two, the larger one holds."""

    REFERENCE = 0
    """It says where a secret is to be found."""
    PLAIN = 1
    ABOUT = 2
    """In a table about one secret: its texts are the secret, unless their names say otherwise."""
    INSIDE = 3
    """It goes by a secret's name."""
    SECRET = 4
    """The schema says so, or it is the data of a Kubernetes Secret."""


_VALUES = frozenset(
    {"value", "values", "val", "default", "defaultvalue", "parametervalue", "content", "plaintext"}
)
_NAMES = (
    "name",
    "key",
    "variable",
    "var",
    "option",
    "setting",
    "header",
    "field",
    "property",
    "parameterkey",
    "env",
)
_CURRENT = frozenset({"value", "current", "previous", "old", "new", "plain", "text", "secret"})
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_REFERENCES = frozenset({"valuefrom", "envfrom", "remoteref"})
_REF = re.compile(r"[a-z_-](?:Ref|_ref|-ref)s?$")
_SPECIAL = _REFERENCES | {"data", "stringdata", "auth", "_auth"}
_OWNERS = frozenset(
    {
        "user",
        "username",
        "client",
        "service",
        "server",
        "host",
        "group",
        "admin",
        "owner",
        "region",
        "app",
        "system",
    }
)
"""Below `passwords` these are whose password it is."""


@define(eq=False)
class _Place:
    state: _State
    shape: Shape
    value: Any


_NOWHERE = object()
_SCALARS = frozenset({str, int, float, bool, type(None)})
_TELLING = 4
"""Shorter secrets are words that a text may hold by accident."""


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
        self._roots = [
            _Place(_State.SECRET if shape.secret else _State.PLAIN, shape, side) for side in sides or (None,)
        ]
        self._known: list[dict[Path, _Place]] = [{} for _ in self._roots]
        self._elements: dict[tuple[int, tuple[str, ...]], dict[Any, Any]] = {}
        self._texts: list[str] | None = None
        self._paths: dict[Path, Path | None] = {}
        self._plain: dict[Path, Shape | None] = {(): None if shape.secret else shape}

    def __add__(self, other: Secrets) -> Secrets:
        made = Secrets()
        made._roots = [*self._roots, *other._roots]
        made._known = [{} for _ in made._roots]
        made._plain = {(): None}  # each side may have its own schema
        return made

    def at(self, path: Path) -> bool:
        """Is the value at a path secret, as a whole or in part?"""
        name = path[-1] if path else None
        for found in (self._place(side, path) for side in range(len(self._roots))):
            if isinstance(found.value, dict | list) and found.state is _State.SECRET:
                return True
            if isinstance(_guarded_leaf(found.value, name, found.state), Secret):
                return True
        return False

    def guarded(self, value: Any, path: Path, place: Path | None = None) -> Any:
        """A value that stands at a path with its secrets wrapped, so that no one shows them by accident.

        `place` is where it stands on the other side, if that is elsewhere.
        """
        where = (path,) if place is None or place is path else (path, place)
        if type(value) in _SCALARS and all(map(self._is_plain, where)):  # as most are
            return value if type(value) is not str or masked(value) == value else Masked(value)
        places = [self._place(side, each) for side in range(len(self._roots)) for each in where]
        there = [each for each in places if each.value is not _NOWHERE]
        found = max(there or places, key=lambda each: each.state)
        return _guarded(value, path[-1] if path else None, found.state, found.shape)

    def _is_plain(self, path: Path) -> bool:
        """Is there nothing in a setting's name, nor above it, that could make it secret?"""
        if not path or type(path[-1]) is not str or _is_telling(path[-1]):
            return False
        above = self._plain_above(path[:-1])
        return above is not None and not above.child(path[-1]).secret

    def _plain_above(self, path: Path) -> Shape | None:
        """The shape of a table or list, if no name on the way to it can make what is inside secret."""
        if path in self._plain:
            return self._plain[path]
        above, last = self._plain_above(path[:-1]), path[-1]
        shape = None if above is None or (isinstance(last, str) and _is_telling(last)) else above.child(last)
        self._plain[path] = None if shape is None or shape.secret else shape
        return self._plain[path]

    def path(self, path: Path) -> Path:
        """The path with keys that are secret themselves as `Unshown`."""
        if not path:
            return path
        if (
            path not in self._paths
        ):  # for None, it is shown as it is: `1` and `True` are one key here, and not there
            made = (*self.path(path[:-1]), self._segment(path, len(path) - 1))
            self._paths[path] = made if any(map(_hides, made)) else None
        return self._paths[path] or path

    def clean(self, text: str, path: Path | None = None) -> str:
        """A text in which no secret of the document stands, and whatever else looks like one is hidden.

        `path` is the place that it speaks of: what is secret there is hidden however short it is.
        """
        if self._texts is None:
            whole = [_guarded(each.value, None, each.state, each.shape) for each in self._roots]
            self._texts = [each for each in secret_texts(whole) if len(each) >= _TELLING]
        return masked(without(text, self._texts)) if path is None else self.clean_at(text, path, self._texts)

    def clean_at(self, text: str, path: Path, others: Iterable[str] = (), *, whole: bool = True) -> str:
        """A text without what is secret at a path, and without other secrets that are known.

        Without `whole`, tables and lists at the path are not looked through.
        """
        sides = [side for side in range(len(self._roots)) if whole or _is_leaf(self._place(side, path).value)]
        here = secret_texts([self._guarded_at(side, path) for side in sides])
        if not all(_is_leaf(self._place(side, path).value) for side in sides):
            here = [each for each in here if len(each) >= _TELLING - 1]
        return masked(without(text, [*others, *here]))

    def lines(self, document: Document) -> list[str]:
        """The lines of a document with what is secret as `***`, from its value to where the next setting begins."""
        lines = list(document.lines)
        places = sorted(document.places().items(), key=lambda entry: entry[1].key)
        starts = sorted({place.key.line for _, place in places} | {len(lines) + 1})
        for path, place in places:
            if not self._hides(path):
                continue
            line, column = place.value
            lines[line - 1] = _cut(lines[line - 1], column)
            following = starts[bisect_right(starts, line)] if line < starts[-1] else line + 1
            for hidden in range(line + 1, following):
                lines[hidden - 1] = HIDDEN if lines[hidden - 1].strip() else ""
        return [self.clean(line) for line in lines]

    def _hides(self, path: Path) -> bool:
        return any(isinstance(self._guarded_at(side, path), Secret) for side in range(len(self._roots)))

    def _guarded_at(self, side: int, path: Path) -> Any:
        found = self._place(side, path)
        return _guarded(found.value, path[-1] if path else None, found.state, found.shape)

    def _segment(self, path: Path, n: int) -> Segment:
        segment = path[n]
        if isinstance(segment, Key):
            inside = path[: n + 1]
            hidden = [
                isinstance(value, str)
                and not self._is_plain((*inside, *name.split(".")))
                and self.at((*inside, *name.split(".")))
                for name, value in segment.fields
            ]
            if not any(hidden):
                return segment
            fields = tuple(
                (name, Unshown(value) if secret else value)
                for secret, (name, value) in zip(hidden, segment.fields, strict=True)
            )
            return Key(fields)
        if isinstance(segment, str) and any(
            _secret_key(self._place(side, path[:n]), segment, path[n - 1] if n else None)
            for side in range(len(self._roots))
        ):
            return Unshown(segment)
        return segment

    def _place(self, side: int, path: Path) -> _Place:
        if not path:
            return self._roots[side]
        known = self._known[side].get(path)
        if known is None:
            known = self._known[side][path] = self._below(self._place(side, path[:-1]), path[-1])
        return known

    def _below(self, above: _Place, segment: Segment) -> _Place:
        container = above.value
        if isinstance(segment, Key):
            value = self._element(container, segment)
        elif isinstance(container, dict):
            value = container.get(segment, _NOWHERE)
        elif isinstance(container, list) and isinstance(segment, int):
            value = container[segment] if 0 <= segment < len(container) else _NOWHERE
        else:
            value = _NOWHERE
        shape = above.shape.child(segment)
        return _Place(_below(above.state, container, segment, value, shape), shape, value)

    def _element(self, container: Any, key: Key) -> Any:
        """The element of a list that a key names, looked up instead of searched."""
        if not isinstance(container, list):
            return _NOWHERE
        names = tuple(name for name, _ in key.fields)
        known = self._elements.get((id(container), names))
        if known is None:
            known = self._elements[id(container), names] = {Key.over(each, names): each for each in container}
        return known.get(key, _NOWHERE)


def _hides(segment: Segment) -> bool:
    if isinstance(segment, Key):
        return any(isinstance(value, Unshown) for _, value in segment.fields)
    return isinstance(segment, Unshown)


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, dict | list)


def secret_texts(guarded: Any) -> list[str]:
    """The secrets in a guarded value, or in several, as texts; the longest first."""
    return sorted(set(_texts(guarded)), key=len, reverse=True)


def shown_at(value: Any, path: Path, shape: Shape) -> Any:
    """What is shown of a value that a schema gives for a path, such as a default."""
    above = Secrets()._place(0, path)
    state = _State.SECRET if shape.secret else above.state
    return shown_value(_guarded(value, path[-1] if path else None, state, shape))


def shown_value(value: Any) -> Any:
    """A guarded value with its secrets as the text that is shown of them."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, dict):
        return {str(key) if isinstance(key, str) else key: shown_value(inner) for key, inner in value.items()}
    return [shown_value(each) for each in value] if isinstance(value, list) else value


def without(text: str, secrets: list[str]) -> str:
    """A text without secrets that are known, however they are written there; short ones as words of their own.

    >>> without("expected a number, got 'hunter2'", ["hunter2"]), without("a is a pin", ["a"])
    ("expected a number, got '***'", '*** is *** pin')
    """
    for secret in secrets:
        for form in dict.fromkeys(
            [
                secret,
                repr(secret)[1:-1],
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
            ]
        ):
            if len(form) > 5 and form in text:
                text = text.replace(form, HIDDEN)
            elif len(form) <= 5 and form in text:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", HIDDEN, text)
    return text


def _below(state: _State, container: Any, segment: Segment, value: Any, shape: Shape) -> _State:
    """What is known of a value from the container it stands in."""
    if state is _State.SECRET or shape.secret:
        return _State.SECRET
    if shape.field_type or get_origin(shape.hint) is Literal:  # the schema says what it is, and no secret
        return _State.PLAIN
    if isinstance(segment, int | Key):
        if isinstance(segment, int) and isinstance(container, list) and _is_options_value(container, segment):
            return _State.INSIDE
        return _State.ABOUT if state is _State.INSIDE and isinstance(value, dict) else state
    return _by_name(state, container, str(segment), value)


@lru_cache(maxsize=4096)
def _is_telling(name: str) -> bool:
    """Can a name make a value secret, or a reference?"""
    lowered = name.lower()
    known = lowered in _VALUES or lowered in _HEADERS or lowered in _SPECIAL
    return known or bool(_REF.search(name)) or secret_name(name)


def _by_name(state: _State, container: Any, name: str, value: Any) -> _State:
    if state <= _State.PLAIN and not _is_telling(name):
        return state
    lowered = name.lower()
    siblings = container if isinstance(container, dict) else {}
    if siblings.get("kind") == "Secret" and name in {"data", "stringData"}:
        return _State.SECRET
    if lowered in _REFERENCES or _REF.search(name):
        return _State.REFERENCE
    if state is _State.REFERENCE:
        return state
    if lowered in _VALUES and _names_secret(siblings):
        return _State.INSIDE
    if secret_name(name):
        return _State.ABOUT if isinstance(value, dict) and not plural_name(name) else _State.INSIDE
    if lowered in _HEADERS and isinstance(value, str) and re.search(r"[\s\d=]|.{24}", value):
        return _State.INSIDE
    if lowered in {"auth", "_auth"} and isinstance(value, str) and is_login(value):
        return _State.INSIDE
    if state is _State.ABOUT and lowered in _CURRENT:
        return _State.INSIDE
    if state is _State.INSIDE:
        if about_name(name) and lowered not in _OWNERS:
            return _State.PLAIN
        return _State.ABOUT if isinstance(value, dict) else state
    return _State.PLAIN if state is _State.ABOUT and about_name(name) else state


def _names_secret(siblings: dict[Any, Any]) -> bool:
    """Is this `{name: API_KEY, value: ...}`, in one of the spellings that there are?"""
    return (
        any(
            isinstance(key, str) and key.lower() in _NAMES and isinstance(value, str) and secret_name(value)
            for key, value in siblings.items()
        )
        and len(siblings) <= 12
    )


def _is_options_value(container: list[Any], at: int) -> bool:
    """Is this what follows `--token` in a list of arguments, or a name in a pair of two?"""
    if not 0 < at < len(container):
        return False
    before, value = container[at - 1], container[at]
    if not isinstance(before, str) or not isinstance(value, str) or value.startswith("--"):
        return False
    if before in {"-u", "--user"}:
        return ":" in value
    return (before.startswith("-") or len(container) == 2) and "=" not in before and secret_name(before)


def _guarded(value: Any, name: Any, state: _State, shape: Shape) -> Any:
    if isinstance(value, dict):
        above = _Place(state, shape, value)
        return {
            _key(above, key, name): _guarded(inner, key, _below(state, value, key, inner, below), below)
            for key, inner in value.items()
            for below in (shape.child(key),)
        }
    if isinstance(value, list | tuple | set | frozenset):
        made = [
            _guarded(inner, name, _below(state, value, i, inner, below), below)
            for i, inner in enumerate(value)
            for below in (shape.child(i),)
        ]
        return made if isinstance(value, list) else type(value)(made)
    return _guarded_leaf(value, name, state)


def _key(above: _Place, key: Any, name: Any) -> Any:
    return Unshown(key) if isinstance(key, str) and _secret_key(above, key, name) else key


def _guarded_leaf(value: Any, name: Any, state: _State) -> Any:
    if value is None or value is _NOWHERE or isinstance(value, bool | Secret | dict | list):
        return value
    if isinstance(value, str):
        hidden = state is _State.SECRET or (state >= _State.ABOUT and not is_reference(value))
        if hidden:
            return Secret(value)
        shown = masked(value)
        return value if shown == value else Masked(value)
    counts = isinstance(name, str) and isinstance(value, int | float) and is_count(name, value)
    if state is _State.SECRET or (state is _State.INSIDE and not counts):
        return Secret(value)
    return value


def _secret_key(place: _Place, key: str, name: Any) -> bool:
    """Is the key of a table a secret itself, as where tokens lead to those who hold them?"""
    if masked(key) != key:
        return True
    if place.shape.secret_keys:
        return True
    holds = isinstance(name, str) and secret_name(name) and plural_name(name)
    return (
        holds
        and len(key) >= 8
        and bool(re.search(r"\d.*[A-Za-z]|[A-Za-z].*\d", key))
        and not secret_name(key)
    )


def _texts(value: Any) -> Iterator[str]:
    """The secrets in a guarded value, as texts."""
    if isinstance(value, Unshown):
        yield value.reveal()
    elif isinstance(value, Masked):
        yield from _parts(value.reveal(), str(value))
    elif isinstance(value, Secret):
        inner = value.reveal()
        if isinstance(inner, str):
            yield inner
            yield from (line for line in inner.split("\n") if len(line) > 5)
        elif isinstance(inner, bytes):
            yield inner.decode("utf-8", "replace")
        elif isinstance(inner, dt.date | int | float) and not isinstance(inner, bool):
            yield str(inner)
    elif isinstance(value, dict):
        yield from (key.reveal() for key in value if isinstance(key, Unshown))
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts(each)


def _cut(line: str, column: int) -> str:
    """A line up to a column; it may have been cut before that already."""
    return (
        line[: column - 1] + HIDDEN
        if not line.endswith(HIDDEN) or len(line) - len(HIDDEN) > column - 1
        else line
    )


def _parts(text: str, shown: str) -> Iterator[str]:
    """What stands behind the stars of a masked text."""
    pattern = "(.+?)".join(map(re.escape, shown.split(HIDDEN)))
    found = re.fullmatch(pattern, text, re.DOTALL) if shown.count(HIDDEN) <= 20 else None
    yield from (part for part in (found.groups() if found else ()) if part)
