"""Values with their secrets wrapped, so that no one shows them by accident; and texts without those that are known."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

from confguard.fields import Secret
from confguard.paths import Unshown
from confguard.schema.shape import Shape
from confguard.schema.standing import State, below, shape_here
from confguard.secrets import (
    HIDDEN,
    is_ambiguous,
    is_reference,
    masked,
    plural_name,
    says_otherwise,
    secret_name,
)

__all__ = [
    "NOWHERE",
    "Masked",
    "guarded",
    "guarded_leaf",
    "is_secret_key",
    "secret_texts",
    "shown_value",
    "without",
]

NOWHERE = object()
"""The value of a place where nothing stands."""


class Masked(Secret):
    """A text with a secret in it: `postgres://app:***@db` is shown of it."""

    def __str__(self) -> str:
        return masked(self.reveal())

    def __repr__(self) -> str:
        return f"Masked({str(self)!r})"


def guarded(value: Any, name: Any, state: State, shape: Shape) -> Any:
    if isinstance(value, dict):
        return {
            _key(shape, key, name): guarded(inner, key, below(state, value, key, inner, there), there)
            for key, inner in value.items()
            for there in (shape_here(shape.child(key), inner),)
        }
    if isinstance(value, list | tuple | set | frozenset):
        made = [
            guarded(inner, name, below(state, value, i, inner, there), there)
            for i, inner in enumerate(value)
            for there in (shape_here(shape.child(i), inner),)
        ]
        return made if isinstance(value, list) else type(value)(made)
    return guarded_leaf(value, name, state)


def _key(shape: Shape, key: Any, name: Any) -> Any:
    return Unshown(key) if isinstance(key, str) and is_secret_key(shape, key, name) else key


def guarded_leaf(value: Any, name: Any, state: State) -> Any:
    if value is None or value is NOWHERE or isinstance(value, bool | Secret | dict | list):
        return value
    if isinstance(value, str):
        otherwise = isinstance(name, str) and is_ambiguous(name) and says_otherwise(name, value)
        if state is State.SECRET or (state >= State.ABOUT and not otherwise and not is_reference(value)):
            return Secret(value)
        shown = masked(value)
        return value if shown == value else Masked(value)
    counts = isinstance(name, str) and isinstance(value, int | float) and says_otherwise(name, value)
    if state is State.SECRET or (state is State.INSIDE and not counts):
        return Secret(value)
    return value


def is_secret_key(shape: Shape, key: str, name: Any) -> bool:
    """Is the key of a table a secret itself, as where tokens lead to those who hold them?"""
    if masked(key) != key:
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


def texts_of(value: Any) -> Iterator[str]:
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
            yield from texts_of(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from texts_of(each)


def _parts(text: str, shown: str) -> Iterator[str]:
    """What stands behind the stars of a masked text."""
    pattern = "(.+?)".join(map(re.escape, shown.split(HIDDEN)))
    found = re.fullmatch(pattern, text, re.DOTALL) if shown.count(HIDDEN) <= 20 else None
    yield from (part for part in (found.groups() if found else ()) if part)
