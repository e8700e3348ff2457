"""When two values are the same: as a reader of configuration means it, not as Python compares."""

from __future__ import annotations

import datetime as dt
import marshal
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import wraps
from types import UnionType
from typing import Any, TypeVar

T = TypeVar("T")


class Documents(list[Any]):
    """The data of a file that holds several documents, as YAML may: a list that is known not to be one document."""


class Files(dict[str, Any]):
    """The data of several files by their names: a mapping that is known not to be one document."""


class Elements(dict[int, Any]):
    """Elements by their positions, where no list is known yet that they stand in: variables name them one by one."""


def check_type(value: object, kind: type | UnionType, meant: str) -> None:
    """Raise `TypeError` where a value is of another kind than the one that is meant.

    >>> check_type({"a": 1}, str, "text")
    Traceback (most recent call last):
        ...
    TypeError: dict is not a text
    """
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is not a {meant}")


def refusing_in_words(kind: type[T]) -> type[T]:
    """A class whose validators say what is wrong with a value, and no more: attrs adds the attribute, with all options.

    >>> from attrs import field, frozen, validators
    >>> @refusing_in_words
    ... @frozen
    ... class Pool:
    ...     mode: str = field(validator=validators.in_(("shared", "own")))
    >>> Pool("none")
    Traceback (most recent call last):
        ...
    ValueError: 'mode' must be in ('shared', 'own') (got 'none')
    """
    made = kind.__init__

    @wraps(made)
    def init(self: object, *args: Any, **kwargs: Any) -> None:
        try:
            made(self, *args, **kwargs)
        except (TypeError, ValueError) as error:
            error.args = error.args[:1]
            raise

    kind.__init__ = init  # type: ignore[method-assign]
    return kind


def in_own_file(path: tuple[Any, ...], *sides: Any) -> tuple[Any, ...]:
    """A path within its file: without the file's name, where sides are files that are each judged by itself.

    >>> in_own_file(("a.toml", "pool"), Files({"a.toml": {"pool": 3}}))
    ('pool',)
    """
    return path[1:] if any(isinstance(side, Files) for side in sides) else path


def key_text(key: Any) -> str:
    """A key as a text: JSON has no others."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return key.isoformat() if isinstance(key, dt.date | dt.time) else str(key)


_KEYS_READ: tuple[Callable[[str], Any], ...] = (
    int,
    float,
    dt.date.fromisoformat,
    dt.datetime.fromisoformat,
)


def key_alike(key: Any, table: Mapping[Any, Any]) -> Any:
    """The key of a table that is written like another: YAML has numbers and dates as keys, TOML and variables texts.

    The key itself, where there is none.

    >>> key_alike("80", {80: "http"}), key_alike(80, {"80": "http"}), key_alike("80", {"443": "https"})
    (80, '80', '80')
    """
    if key in table:
        return key
    if not isinstance(key, str):
        return text if (text := key_text(key)) in table else key
    if key[-1:].isdigit():
        for read in _KEYS_READ:
            with suppress(ValueError):
                if (other := read(key)) in table and key_text(other) == key:
                    return other
    return key


def merge_layers(below: Any, above: Any) -> Any:
    """Mappings merge key by key; anything else in the upper layer replaces what is below.

    >>> merge_layers({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    merged = dict(below)
    for key, value in above.items():
        own = key_alike(key, below)
        merged[own] = merge_layers(below[own], value) if own in below else value
    return merged


def documents_of(data: Any) -> list[Any]:
    """The documents that the data of a file are: several, one, or none where the file is empty.

    >>> documents_of({"a": 1}), documents_of(Documents([1, 2])), documents_of({})
    ([{'a': 1}], [1, 2], [])
    """
    if isinstance(data, Documents):
        return list(data)
    return [] if data == {} or data is None else [data]


def alone(documents: list[Any]) -> Any:
    """The data of a file that holds these documents: what `documents_of` took apart."""
    if len(documents) == 1:
        return documents[0]
    return Documents(documents) if documents else {}


_VERSION = 0
"""Marshal's first format: no marks for what is interned or referred to twice, so that equal values have equal bytes."""


def same(a: Any, b: Any) -> bool:
    """Type-strict equality: `1`, `1.0` and `True` differ; NaN equals itself; the order of keys is nothing."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            (entry := _entry(b, key)) is not None and same(value, entry[0]) for key, value in a.items()
        )
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b or (a != a and b != b))


def identical(a: Any, b: Any) -> bool:
    """Are two values the same for sure, keys in the same order? Much faster than `same`, and may say no to what is.

    >>> identical({"a": [1]}, {"a": [1]}), identical({"a": [1]}, {"a": [True]})
    (True, False)
    """
    if a is b:
        return True
    try:
        return marshal.dumps(a, _VERSION) == marshal.dumps(b, _VERSION)
    except ValueError:  # a date, say
        return False


def copied(data: Any) -> Any:
    """A copy in which no container stands twice: what an alias shares would change in both places."""
    if isinstance(data, Files):
        return Files((key, copied(value)) for key, value in data.items())
    if isinstance(data, dict):
        return {key: copied(value) for key, value in data.items()}
    if isinstance(data, Documents):
        return Documents(map(copied, data))
    return [copied(value) for value in data] if isinstance(data, list) else data


def as_tables(data: Any) -> Any:
    """Data with a plain table for every mapping, as documents hold them.

    >>> from types import MappingProxyType
    >>> as_tables({"db": MappingProxyType({"port": 1})})
    {'db': {'port': 1}}
    """
    if isinstance(data, Mapping):
        tables = ((key, as_tables(value)) for key, value in data.items())
        return Files(tables) if isinstance(data, Files) else dict(tables)
    if isinstance(data, Documents):
        return Documents(map(as_tables, data))
    return [as_tables(value) for value in data] if isinstance(data, list) else data


def has_odd_tables(data: Any) -> bool:
    """Does data hold a mapping that is not a plain table?"""
    if isinstance(data, Mapping):
        return not isinstance(data, dict) or any(map(has_odd_tables, data.values()))
    return isinstance(data, list) and any(map(has_odd_tables, data))


def listed(value: Any) -> tuple[Any, ...]:
    """What stands in a list, or alone in its place: no text is taken letter by letter, no table key by key."""
    is_alone = isinstance(value, str | os.PathLike | Mapping) or not isinstance(value, Iterable)
    return (value,) if is_alone else tuple(value)


def digest_of(data: Any) -> str:
    """SHA-256 of what a document says, in a canonical form: whatever its format, layout, comments and key order.

    >>> digest_of({"a": 1, "b": [2.0]}) == digest_of({"b": [2.0], "a": 1})
    True
    >>> digest_of({"a": 1}) == digest_of({"a": 1.0})
    False
    """
    import json
    from hashlib import sha256

    canonical = json.dumps(_canonical(data), sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(value: Any) -> Any:
    """Plain JSON of a value; what JSON has no word for, as a list that begins with its type's name."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return ["float", repr(value)]
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: _canonical(each) for key, each in value.items()}
        pairs = ([_canonical(key), _canonical(each)] for key, each in value.items())
        return ["map", *sorted(pairs, key=repr)]
    if isinstance(value, list | tuple):
        return ["list", *map(_canonical, value)]
    if isinstance(value, set | frozenset):
        return ["set", *sorted(map(_canonical, value), key=repr)]
    return [type(value).__name__, value.isoformat() if hasattr(value, "isoformat") else repr(value)]


def _entry(mapping: dict[Any, Any], key: Any) -> tuple[Any] | None:
    if key not in mapping:
        return None
    if type(key) is str or any(type(other) is type(key) for other in mapping if other == key):
        return (mapping[key],)
    return None
