"""Values with their secrets wrapped, so that no one shows them by accident; a document inside of a text, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from confguard.fields import Secret
from confguard.paths import Path, Unshown
from confguard.schema.inner_documents import inner_document, lines_without, may_be_document, rewritten
from confguard.schema.known_secrets import TELLING, Masked, parts_hidden, secret_texts, without
from confguard.schema.shape import ANYTHING, Shape
from confguard.schema.standing import State, below, shape_here
from confguard.secrets import (
    is_ambiguous,
    is_plain,
    is_reference,
    masked,
    masked_settings,
    plural_name,
    says_otherwise,
    secret_name,
)

__all__ = [
    "NOWHERE",
    "guarded",
    "guarded_leaf",
    "guarded_text",
    "is_secret_key",
    "shown_value",
]

NOWHERE = object()
"""The value of a place where nothing stands."""


_DEEPEST = 3
"""How many documents of lines may stand in each other's texts and are looked into."""


def guarded(value: Any, name: Any, state: State, shape: Shape, deep: int = 0) -> Any:
    """A value with its secrets wrapped. `deep`: in how many texts of lines it stands already."""
    if isinstance(value, dict):
        return {
            _key(shape, key, name): guarded(inner, key, below(state, value, key, inner, there), there, deep)
            for key, inner in value.items()
            for there in (shape_here(shape.child(key), inner),)
        }
    if isinstance(value, list | tuple | set | frozenset):
        elements = [
            guarded(inner, name, below(state, value, i, inner, there), there, deep)
            for i, inner in enumerate(value)
            for there in (shape_here(shape.child(i), inner),)
        ]
        return elements if isinstance(value, list) else type(value)(elements)
    return guarded_leaf(value, name, state, deep)


def _key(shape: Shape, key: Any, name: Any) -> Any:
    return Unshown(key) if isinstance(key, str) and is_secret_key(shape, key, name) else key


def guarded_leaf(value: Any, name: Any, state: State, deep: int = 0) -> Any:
    """A value that is no table and no list, wrapped if it is secret, or holds a secret."""
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
    may_be = may_be_document(text)
    parsed_text = _of_document(text, deep) if may_be and deep < _DEEPEST else None
    shown = parsed_text[0] if parsed_text is not None else masked_settings(text) if may_be else masked(text)
    if shown == text:
        return text
    return Masked(text, shown, tuple(parts_hidden(text, shown)) if parsed_text is None else parsed_text[1])


@lru_cache(maxsize=64)
def _of_document(text: str, deep: int) -> tuple[str, tuple[str, ...]] | None:
    """What is shown of a document in a text, and its secrets; None if it is no document."""
    document = inner_document(text)
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
    return shown, (*secrets, *parts_hidden(text, shown))


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


def shown_value(value: Any) -> Any:
    """A guarded value with its secrets as the text that is shown of them."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, dict):
        return {str(key) if isinstance(key, str) else key: shown_value(inner) for key, inner in value.items()}
    return [shown_value(each) for each in value] if isinstance(value, list) else value
