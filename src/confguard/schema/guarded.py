"""Values with their secrets wrapped, so that no one shows them by accident, and texts without them.

A document that stands in a text, as in ConfigMaps and variables, is judged as one.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from confguard.documents.document import Document, parse
from confguard.errors import DocumentError
from confguard.fields import Secret
from confguard.paths import Path, Unshown, reveal
from confguard.schema.shape import ANYTHING, Shape
from confguard.schema.standing import State, below
from confguard.secrets import (
    HIDDEN,
    is_ambiguous,
    is_plain,
    is_reference,
    masked,
    masked_settings,
    plural_name,
    says_otherwise,
    secret_name,
)

TELLING = 4
"""Shorter secrets are words that a text may hold by accident."""


class Masked(Secret):
    """A text with a secret in it: `postgres://app:***@db` is shown of it, and these parts are secret."""

    __slots__ = ("secrets", "shown")

    def __init__(self, value: str, shown: str = HIDDEN, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(value)
        self.shown, self.secrets = shown, secrets

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Masked({self.shown!r})"


def opaque(value: Any) -> Any:
    """A value of a change for judging it: a whole secret stays one, a text with a secret in it is revealed."""
    if isinstance(value, Masked):
        return value.reveal()
    if isinstance(value, dict):
        return {reveal(key): opaque(inner) for key, inner in value.items()}
    return [opaque(inner) for inner in value] if isinstance(value, list) else value


def secret_texts(guarded: Any) -> list[str]:
    """The secrets in a guarded value, or in several, as texts; the longest first."""
    return sorted(set(texts_of(guarded)), key=len, reverse=True)


def hidden(guarded: Any, secrets: list[str]) -> Any:
    """A guarded value in which texts are secret, too, that hold one of these secrets.

    >>> hidden({"note": "is hunter2", "port": 80}, ["hunter2"])
    {'note': Secret('***'), 'port': 80}
    """
    if isinstance(guarded, Secret):
        return guarded
    if isinstance(guarded, str):
        return Secret(guarded) if any(secret in guarded for secret in secrets) else guarded
    if isinstance(guarded, dict):
        return {key: hidden(inner, secrets) for key, inner in guarded.items()}
    if isinstance(guarded, list | tuple | set | frozenset):
        return type(guarded)(hidden(inner, secrets) for inner in guarded)
    return guarded


def without(text: str, secrets: list[str]) -> str:
    """A text without secrets that are known, however they are written there; short ones as words of their own.

    >>> without("expected a number, got 'hunter2'", ["hunter2"]), without("a is a pin", ["a"])
    ("expected a number, got '***'", '*** is *** pin')
    """
    for secret in secrets:
        quoted = repr(secret), json.dumps(secret), json.dumps(secret, ensure_ascii=False)
        for form in dict.fromkeys([secret, *(each[1:-1] for each in quoted)]):
            if len(form) > 5 and form in text:
                text = text.replace(form, HIDDEN)
            elif len(form) <= 5 and form in text:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", HIDDEN, text)
    return text


def texts_of(value: Any) -> Iterator[str]:
    """The secrets in a guarded value, as texts."""
    if isinstance(value, Unshown):
        yield value.reveal()
    elif isinstance(value, Masked):
        yield from value.secrets
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
        yield from (text for each in value.values() for text in texts_of(each))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (text for each in value for text in texts_of(each))


def _parts_hidden(text: str, shown: str) -> list[str]:
    """What stands behind the stars of a masked text."""
    pattern = "(.+?)".join(map(re.escape, shown.split(HIDDEN)))
    match = re.fullmatch(pattern, text, re.DOTALL) if shown.count(HIDDEN) <= 20 else None
    return [part for part in (match.groups() if match else ()) if part]


_MOST_JSON, _MOST_LINES, _MOST_VALUES = 1_000_000, 100_000, 20_000
"""How long a text in JSON may be, or one of lines, and how many values may be in it, to be looked into."""
_SETTING = re.compile(r"^[ \t]*(?:- +)?[\w.\"'/-]+[ \t]*[:=](?:\s|$)", re.MULTILINE)


def _may_be_document(text: str) -> bool:
    """Is it worth a try to read a text as JSON, or as YAML or TOML of several lines?

    >>> [_may_be_document(text) for text in ('{"a": 1}', "a: 1\\nb: 2", "a: 1", "word")]
    [True, True, False, False]
    """
    if _is_bracketed(text):
        return len(text) <= _MOST_JSON
    return "\n" in text and len(text) <= _MOST_LINES and bool(_SETTING.search(text))


def _is_bracketed(text: str) -> bool:
    plain = text.strip()
    return plain[:1] + plain[-1:] in {"{}", "[]"}


def _inner_document(text: str) -> Document | None:
    """The table or list that a text holds, if it does, and not too many values.

    >>> _inner_document('{"a": 1}').data, _inner_document("# of ana\\na: 1").data, _inner_document("one\\ntwo")
    ({'a': 1}, {'a': 1}, None)
    """
    for name in ("json", "yaml") if _is_bracketed(text) else ("yaml", "toml"):
        if name == "yaml" and len(text) > _MOST_LINES:
            continue
        try:
            document = parse(text, name)
        except DocumentError:
            continue
        if isinstance(document.data, dict | list) and document.data:
            return document if _size(document.data) <= _MOST_VALUES else None
    return None


def _size(data: Any) -> int:
    """How many values there are; counted no further than to the most that matter."""
    left, count = [data], 0
    while left and count <= _MOST_VALUES:
        value = left.pop()
        count += 1
        if isinstance(value, dict | list):
            left.extend(value.values() if isinstance(value, dict) else value)
    return count


def rewritten(text: str, data: Any) -> str:
    """Other data in the layout of a text in JSON, as far as it can be told."""
    lines = text.strip().split("\n")
    indent = len(lines[1]) - len(lines[1].lstrip()) if len(lines) > 1 else None
    tight = indent is None and '": ' not in text
    separators = (",", ":") if tight else None
    return json.dumps(data, ensure_ascii=False, indent=indent, separators=separators, default=str)


def lines_without(document: Document, hides: Callable[[Path], bool]) -> list[str]:
    """The lines of a document with what is secret as `***`, from its value to where the next setting begins."""
    lines = list(document.lines)
    places = sorted(document.places().items(), key=lambda entry: entry[1].key)
    starts = sorted({place.key.line for _, place in places} | {len(lines) + 1})
    for path, place in places:
        if not hides(path):
            continue
        line, column = place.value
        lines[line - 1] = _cut(lines[line - 1], column)
        following = starts[bisect_right(starts, line)] if line < starts[-1] else line + 1
        for hidden in range(line + 1, following):
            lines[hidden - 1] = HIDDEN if lines[hidden - 1].strip() else ""
    return lines


def _cut(line: str, column: int) -> str:
    """A line up to a column; it may have been cut before that already."""
    cut = line.endswith(HIDDEN) and len(line) - len(HIDDEN) < column
    return line if cut else line[: column - 1] + HIDDEN


NOWHERE = object()
"""The value of a place where nothing stands."""


_DEEPEST = 3
"""How many documents of lines may stand in each other's texts and are looked into."""


def guarded(value: Any, name: Any, state: State, shape: Shape, deep: int = 0) -> Any:
    """A value with its secrets wrapped. `deep`: in how many texts of lines it stands already."""
    if isinstance(value, dict):
        return {
            _key(shape, key, name, inner): guarded(
                inner, key, below(state, value, key, inner, there), there, deep
            )
            for key, inner in value.items()
            for there in (shape.child(key).holding(inner),)
        }
    if isinstance(value, list | tuple | set | frozenset):
        elements = [
            guarded(inner, name, below(state, value, i, inner, there), there, deep)
            for i, inner in enumerate(value)
            for there in (shape.child(i).holding(inner),)
        ]
        return elements if isinstance(value, list) else type(value)(elements)
    return guarded_leaf(value, name, state, deep)


def _key(shape: Shape, key: Any, name: Any, value: Any) -> Any:
    return Unshown(key) if isinstance(key, str) and is_secret_key(shape, key, name, value) else key


def guarded_leaf(value: Any, name: Any, state: State, deep: int = 0) -> Any:
    """A value that is neither a table nor a list, wrapped if it is secret, or holds a secret."""
    if value is None or value is NOWHERE or isinstance(value, bool | Secret | dict | list):
        return value
    if isinstance(value, str):
        if state is State.SECRET or (state >= State.ABOUT and not _is_harmless(name, value)):
            return Secret(value)
        return guarded_text(value, deep)
    counts = isinstance(name, str) and isinstance(value, int | float) and says_otherwise(name, value)
    if state is State.SECRET or (state is State.INSIDE and not counts):
        return Secret(value)
    return value


def _is_harmless(name: Any, value: str) -> bool:
    """Is a text under a secret's name a reference, or a word that is none?"""
    if is_reference(value):
        return True
    return isinstance(name, str) and (
        is_plain(name, value) or (is_ambiguous(name) and says_otherwise(name, value))
    )


def guarded_text(text: str, deep: int = 0) -> str | Masked:
    """A text, wrapped if a secret stands in it; a document in a text is judged as one."""
    may_be = _may_be_document(text)
    parsed_text = _of_document(text, deep) if may_be and deep < _DEEPEST else None
    shown = parsed_text[0] if parsed_text is not None else masked_settings(text) if may_be else masked(text)
    if shown == text:
        return text
    return Masked(text, shown, tuple(_parts_hidden(text, shown)) if parsed_text is None else parsed_text[1])


@lru_cache(maxsize=64)
def _of_document(text: str, deep: int) -> tuple[str, tuple[str, ...]] | None:
    """What is shown of a document in a text, and its secrets; None if it is not a document."""
    document = _inner_document(text)
    if document is None:
        return None
    lines = document.format != "json"  # JSON in JSON doubles with each step: it ends by itself
    whole = guarded(document.data, None, State.PLAIN, ANYTHING, deep + lines)
    secrets = tuple(secret_texts(whole))
    if not lines:
        data = shown_value(whole)
        return (rewritten(text, data) if data != document.data else text), secrets
    left = lines_without(document, set(_hidden_paths(document.data, whole, ())).__contains__)
    known = [each for each in secrets if len(each) >= TELLING]
    shown = "\n".join(masked(without(line, known)) for line in left)
    return shown, (*secrets, *_parts_hidden(text, shown))


def _hidden_paths(value: Any, whole: Any, path: Path) -> Iterator[Path]:
    """The places of a document that show nothing of their value; `whole` is it with its secrets wrapped."""
    if isinstance(whole, Masked):
        if "\n" in whole.reveal():
            yield path
    elif isinstance(whole, Secret):
        yield path
    elif isinstance(value, dict):
        for (key, inner), there in zip(value.items(), whole.values(), strict=False):
            yield from _hidden_paths(inner, there, (*path, key))
    elif isinstance(value, list):
        for i, (inner, there) in enumerate(zip(value, whole, strict=True)):
            yield from _hidden_paths(inner, there, (*path, i))


def is_secret_key(shape: Shape, key: str, name: Any, value: Any = NOWHERE) -> bool:
    """Is the key of a table a secret itself, as where tokens lead to those who hold them?

    In INI, a line without a separator, such as `password hunter2`, is a key that has no value.
    """
    if masked(key) != key or (value in (None, "") and any(map(secret_name, key.split()[:-1]))):
        return True
    if shape.secret_keys or (shape.secret and key not in shape.fields):
        return True
    holds = isinstance(name, str) and secret_name(name) and plural_name(name)
    return (
        holds
        and len(key) >= 8
        and bool(re.search(r"\d.*[A-Za-z]|[A-Za-z].*\d", key))
        and not secret_name(key)
    )


def shown_value(value: Any) -> Any:
    """A guarded value with its secrets as the text that is shown of them."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, dict):
        return {str(key) if isinstance(key, str) else key: shown_value(inner) for key, inner in value.items()}
    return [shown_value(each) for each in value] if isinstance(value, list) else value
