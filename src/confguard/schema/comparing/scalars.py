"""What a new JSON Schema refuses of the numbers and texts that an old one takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from confguard.schema.comparing.cases import Case
from confguard.schema.comparing.refusal import Refusal, Refusals
from confguard.schema.formats import CHECKED
from confguard.schema.json_validation import exact

__all__ = ["lower", "of_format", "of_numbers", "of_texts", "upper"]

_TRIVIAL = {"", "^", "$", ".*", "^.*"}
"""Patterns that every text matches."""


def of_numbers(case: Case, keywords: dict[str, Any], kind: str) -> Iterator[Refusal]:
    yield from lower(case, keywords, "minimum", "exclusiveMinimum", whole=kind == "integer")
    yield from upper(case, keywords, "maximum", "exclusiveMaximum", whole=kind == "integer")
    if "multipleOf" in keywords:
        now, before = exact(keywords["multipleOf"]), [exact(each) for each in case.all("multipleOf")]
        before += [exact(1)] if kind == "integer" else []
        if not any((each / now).denominator == 1 for each in before):
            yield _bound(case, "multipleOf", keywords["multipleOf"])


def of_texts(case: Case, keywords: dict[str, Any]) -> Iterator[Refusal]:
    yield from lower(case, keywords, "minLength")
    yield from upper(case, keywords, "maxLength")
    pattern = keywords.get("pattern")
    if pattern is not None and pattern not in case.all("pattern") and _written(pattern) not in _TRIVIAL:
        was = next(map(_written, case.all("pattern")), None)
        text = f"pattern is {_written(pattern)!r}" + (f", and was {was!r}" if was is not None else "")
        yield Refusal("CS105", text, sure=False, was=was, now=_written(pattern))


def _written(pattern: Any) -> str:
    return str(getattr(pattern, "written", pattern))


_WIDER_FORMATS = {
    ("uri", "uri-reference"),
    ("uri", "iri"),
    ("uri", "iri-reference"),
    ("uri-reference", "iri-reference"),
    ("iri", "iri-reference"),
    ("email", "idn-email"),
    ("hostname", "idn-hostname"),
    ("int32", "int64"),
    ("float", "double"),
}


def of_format(case: Case, keywords: dict[str, Any], kind: str) -> Iterator[Refusal]:
    now, before = keywords.get("format"), case.all("format")
    if now is None or now in before or any((was, now) in _WIDER_FORMATS for was in before):
        return
    if kind != "string" and now in CHECKED:  # which are about texts
        return
    text = f"format is {now!r}" + (f", and was {before[0]!r}" if before else "")
    yield Refusal("CS115", text, sure=False, was=before[0] if before else None, now=now)


def lower(
    case: Case, keywords: dict[str, Any], bound: str, strict: str = "", *, whole: bool = False
) -> Refusals:
    return _tighter(case, keywords, bound, strict, whole, lambda now, was: now > was)


def upper(
    case: Case, keywords: dict[str, Any], bound: str, strict: str = "", *, whole: bool = False
) -> Refusals:
    return _tighter(case, keywords, bound, strict, whole, lambda now, was: now < was)


def _tighter(
    case: Case,
    keywords: dict[str, Any],
    bound: str,
    strict: str,
    whole: bool,
    beyond: Callable[[Any, Any], bool],
) -> Refusals:
    """The bounds of the new schema that some value within the old ones is beyond."""
    found = []
    before = [_edge(name, value, whole) for name in (bound, strict) if name for value in case.all(name)]
    if bound in {"minLength", "minItems", "minProperties"}:
        before.append((0, 0))
    for name in (bound, strict):
        if name in keywords:
            now = _edge(name, keywords[name], whole)
            if not any(was == now or beyond(was, now) for was in before):
                found.append(_bound(case, name, keywords[name]))
    return found


def _edge(name: str, value: Any, whole: bool) -> tuple[Any, int]:
    """A bound as what sorts like the values that it lets in: an exclusive one lies a little further."""
    step = {"exclusiveMinimum": 1, "exclusiveMaximum": -1}.get(name, 0)
    if whole:
        rounded = math.ceil(value) if "inimum" in name else math.floor(value) if "aximum" in name else value
        return (rounded + (step if rounded == value else 0), 0)
    return (value, step)


def _bound(case: Case, name: str, now: Any) -> Refusal:
    was = next(iter(case.all(name)), None)
    return Refusal(
        "CS105", f"{name} is {now}" + (f", and was {was}" if was is not None else ""), was=was, now=now
    )
