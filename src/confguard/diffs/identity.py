"""By what the elements of a list are known: fields that all of them carry, each with values of its own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import Any

from attrs import field, frozen

from confguard.fields import KeyedBy
from confguard.paths import Key, Path, dig
from confguard.schema.secrets import is_secret
from confguard.schema.shape import ANYTHING, Shape

_IDENTIFYING = (
    *("id", "uuid", "guid", "key", "kid", "name", "slug", "code"),
    *("job_name", "alert", "record", "hostname", "host", "domain", "address", "url", "path"),
    *("mountPath", "containerPort", "port", "email", "username", "user", "topic", "queue"),
)
_QUALIFYING = (
    "namespace",
    "protocol",
    "host",
    "hostname",
    "port",
    "region",
    "zone",
    "environment",
    "type",
    "kind",
)
"""What, with one of the above, identifies what neither does alone: Kubernetes' ports by number and protocol."""
_KUBERNETES = ("kind", "metadata.namespace", "metadata.name")
IDENTIFYING = frozenset({*_IDENTIFYING, *_QUALIFYING, "apiVersion", "metadata"})
"""What may be a part of by what an element is known: when anything else changes, it stays the same element."""


@frozen
class Keying:
    """The fields by which the elements of lists are known, and for each list the values of its elements."""

    fields: tuple[str, ...]
    values: list[list[Hashable]] = field(repr=False)

    def key(self, element: Any) -> Key:
        """The key of an element."""
        if len(self.fields) == 1:
            name = self.fields[0]
            return Key(((name, element[name] if "." not in name else dig(element, name)),))
        return Key.over(element, self.fields)


def keying(*lists: list[Any], shape: Shape = ANYTHING) -> Keying | None:
    """How the elements of all these lists, of this shape, are known; None where they are not. No secret is a key."""
    first = next((elements[0] for elements in lists if elements), None)
    if type(first) is not dict or {kind for elements in lists for kind in map(type, elements)} != {dict}:
        return None
    mark, element = shape.mark(KeyedBy), shape.child(0)
    for fields in _candidates(first, mark.fields if mark else None):
        if not any(is_secret((name,), element.child(name)) for name in fields):
            values: list[list[Hashable]] = []
            for elements in lists:
                if (known := _values(elements, fields)) is None:
                    break
                values.append(known)
            else:
                return Keying(fields, values)
    return None


def document_keys(old: list[Any], new: list[Any]) -> tuple[list[Key | None], list[Key | None]]:
    """By what each of a file's documents is known, before and after: Kubernetes' kind, namespace and name.

    None for a document that has no such names, or shares them with another. The API's version only counts where
    two kinds of one name would be mixed up without: a Deployment stays one when its version changes.
    """
    for fields in (_KUBERNETES, ("apiVersion", *_KUBERNETES)):
        sides = [[_document_key(each, fields) for each in side] for side in (old, new)]
        again = {key for side in sides for key, count in Counter(side).items() if key and count > 1}
        if not again:
            break
    before, after = ([key if key not in again else None for key in side] for side in sides)
    return before, after


def _document_key(document: Any, fields: tuple[str, ...]) -> Key | None:
    values = [(name, dig(document, name)) for name in fields]
    known = dict(values)
    named = isinstance(known["kind"], str) and isinstance(known["metadata.name"], str)
    return Key(tuple(values)) if named and {*map(type, known.values())} <= {str, type(None)} else None


def _candidates(first: dict[Any, Any], marked: tuple[str, ...] | None) -> list[tuple[str, ...]]:
    candidates: list[tuple[str, ...]] = [marked] if marked else []
    if "kind" in first and dig(first, "metadata.name"):
        candidates.append(_KUBERNETES)
    single = [name for name in _IDENTIFYING if name in first]
    candidates += [(name,) for name in single]
    more = [name for name in _QUALIFYING if name in first]
    candidates += [(name, other) for name in single for other in more if name != other]
    candidates += list(combinations([name for name in more if name not in single], 2))
    return candidates


def _values(elements: list[Any], fields: tuple[str, ...]) -> list[Hashable] | None:
    """Each element's values; None where one has none, or two have the same."""
    if len(fields) == 1 and "." not in fields[0]:
        return _single(elements, fields[0])
    needed = _KUBERNETES[-1:] if fields is _KUBERNETES else fields
    values: list[Hashable] = []
    for element in elements:
        if any(dig(element, name) is None for name in needed):
            return None
        values.append(tuple(token(dig(element, name)) for name in fields))
    return values if len(set(values)) == len(values) else None


def _single(elements: list[Any], name: str) -> list[Hashable] | None:
    values = [element.get(name) for element in elements]
    kinds = set(map(type, values))
    if not kinds <= {str, int, float, bool} or any(value != value for value in values):
        return None
    tokens: Sequence[Hashable] = values if kinds == {str} else [(type(value), value) for value in values]
    return list(tokens) if len(set(tokens)) == len(tokens) else None


def token(value: Any) -> Hashable:
    """A hashable that is equal exactly where two values are the same in a type-strict way."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is dict:
        return ("{", frozenset((token(key), token(inner)) for key, inner in value.items()))
    if kind is list:
        return ("[", tuple(map(token, value)))
    if kind is tuple:  # what YAML's !!pairs and !!omap hold
        return ("(", tuple(map(token, value)))
    if kind is set:
        return ("set", frozenset(map(token, value)))
    if value != value:
        return ("nan",)
    return (kind, value)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Hashable]]:
    """Each value inside of tables, by its path; a list is one."""
    if value and isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, token(value)


_COMMON = 30
"""What more than this have in common says nothing."""


def likenesses(
    before: list[dict[Path, Hashable]], after: list[dict[Path, Hashable]]
) -> Iterator[tuple[int, int, int, int]]:
    """Pairs of tables, by their leaves, that have something in common: how many are equal, how many placed."""
    holding: dict[Any, list[int]] = defaultdict(list)
    for j, values in enumerate(after):
        for feature in (*values.items(), *values):
            holding[feature].append(j)
    for i, values in enumerate(before):
        holders = (holding.get(feature, ()) for feature in (*values.items(), *values))
        for j in sorted({j for numbers in holders if len(numbers) <= _COMMON for j in numbers}):
            equal = len(values.items() & after[j].items())
            yield i, j, equal, len(values.keys() & after[j].keys())
