"""The secrets that are known of guarded values, as texts, and texts without them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from confguard.fields import Secret
from confguard.paths import Unshown, reveal
from confguard.secrets import HIDDEN

__all__ = ["TELLING", "Masked", "hidden", "opaque", "parts_hidden", "secret_texts", "without"]


TELLING = 4
"""Shorter secrets are words that a text may hold by accident."""


@frozen(repr=False)
class Masked(Secret):
    """A text with a secret in it: `postgres://app:***@db` is shown of it, and these parts are secret."""

    shown: str = field(default=HIDDEN, eq=False)
    secrets: tuple[str, ...] = field(default=(), eq=False)

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
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from texts_of(each)


def parts_hidden(text: str, shown: str) -> Iterator[str]:
    """What stands behind the stars of a masked text."""
    pattern = "(.+?)".join(map(re.escape, shown.split(HIDDEN)))
    match = re.fullmatch(pattern, text, re.DOTALL) if shown.count(HIDDEN) <= 20 else None
    yield from (part for part in (match.groups() if match else ()) if part)
