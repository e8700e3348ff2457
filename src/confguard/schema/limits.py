"""What a schema allows at one place, in words that all ways of writing schemas share: JSON Schema's."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from confguard.fields import Impact, KeyedBy, Owner, Renamed, Safer, Unordered
from confguard.schema.bounds import WORDS, bounds_of, listed
from confguard.schema.conversion import options_of, standard
from confguard.schema.instances import plain
from confguard.schema.shape import NOTHING, Shape
from confguard.schema.validators import Says

_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}
_NUMBERS_TOO = {"duration", "decimal"}


MARKS: dict[str, type] = {
    "impact": Impact,
    "safer": Safer,
    "owner": Owner,
    "renamed": Renamed,
    "unordered": Unordered,
    "keyed_by": KeyedBy,
}
"""What `x-confguard` calls each mark, whose value it gives."""

_NUMBER = r"[-+]?[0-9][0-9._]*([eE][-+]?[0-9]+)?"
FORMS: dict[str, dict[str, Any]] = {
    "ByteSize": {
        "type": ["string", "integer"],
        "pattern": rf"^\s*{_NUMBER}\s*([kKmMgGtTpPeE][iI]?)?[bB]?\s*$",
        "minimum": 0,
    },
    "Cron": {"type": "string"},
    "Duration": {
        "type": ["string", "number"],
        "pattern": rf"^\s*(P[0-9TYWDHMS.,]+|{_NUMBER}\s*([a-zA-Zµμ]+\s*([0-9][0-9._]*\s*[a-zA-Zµμ]+\s*)*)?)\s*$",
        "minimum": 0,
    },
    "Network": {"type": "string"},
    "Port": {"type": ["string", "integer"], "pattern": "^[0-9]{1,5}$", "minimum": 1, "maximum": 65535},
    "Ratio": {
        "type": ["string", "number"],
        "pattern": rf"^\s*{_NUMBER}\s*%?\s*$",
        "minimum": 0,
        "maximum": 1,
    },
    "Regex": {"type": "string"},
    "Secret": {"type": "string", "writeOnly": True},
    "Url": {"type": "string", "pattern": "^\\s*[A-Za-z][A-Za-z0-9+.-]*://"},
}
"""What JSON Schema can say of the field types: a little more than they take, and nothing that they do."""


def allowed(shape: Shape) -> dict[str, Any]:
    """JSON Schema's keywords for the value at one place, `x-confguard` among them."""
    keywords: dict[str, Any] = {}
    if shape.description:
        keywords["description"] = shape.description
    if shape.field_type:
        keywords["type"] = ["string", "number"]
        keywords["description"] = shape.description or shape.field_type.expects
    elif shape.hint in _TYPES:
        keywords["type"] = _TYPES[shape.hint]
    elif options := options_of(shape.hint):
        keywords["enum"] = options
    elif known := standard(shape.hint):
        keywords["type"] = ["string", "number"] if known.form in _NUMBERS_TOO else "string"
        if known.form:
            keywords["format"] = known.form
    for mark in shape.marks:
        for keyword, bound in bounds_of(mark):
            _add(keywords, _for_containers(keyword, shape), bound)
        for keyword, keyword_value in mark.keywords.items() if isinstance(mark, Says) else ():
            _add(keywords, _for_containers(keyword, shape), keyword_value)
    if shape.default is not NOTHING and not callable(shape.default):
        keywords["default"] = plain(shape.default)
    if shape.deprecated:
        keywords["deprecated"] = True
    extra = dict(_extra(shape))
    return keywords | ({"x-confguard": extra} if extra else {})


def by_pydantic(hint: Any) -> dict[str, Any]:
    """What pydantic says of a type of its own, or of another library's that has told it."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or hint in (Any, object, None):
        return {"type": "null"} if hint is type(None) else {}
    try:
        keywords: dict[str, Any] = pydantic.TypeAdapter(hint).json_schema()
    except Exception:  # noqa: BLE001 - whatever a type's own code raises, it is not known then what it takes
        return {}
    return {} if "$defs" in keywords else {key: value for key, value in keywords.items() if key != "title"}


def type_name(shape: Shape) -> str:
    """The type in a word or two, for people."""
    if shape.field_type:
        return shape.field_type.__name__.lower()
    if shape.kind in {"map", "list"}:
        return {"map": "table", "list": "list"}[shape.kind]
    if shape.variants:
        names = dict.fromkeys(type_name(variant) for variant in shape.variants)
        return "anything" if "anything" in names else listed(names)
    if hasattr(shape.hint, "get_secret_value"):
        return "secret"
    keywords = allowed(shape)
    if "enum" in keywords and not shape.secret:
        return " or ".join(f"`{option}`" for option in keywords["enum"])
    return _word(keywords if keywords.keys() & {"format", "type"} else by_pydantic(shape.hint))


def _word(keywords: Mapping[str, Any]) -> str:
    if "anyOf" in keywords:
        return listed(dict.fromkeys(map(_word, keywords["anyOf"])))
    return str(keywords.get("format") or keywords.get("type", "anything"))


def described(shape: Shape, name: str | None = None) -> str:
    """What may stand at a place: its type and bounds, and those of what is in it."""
    words, keywords = WORDS | ({} if shape.secret else {"pattern": "like {}"}), allowed(shape)
    words_told = [name or type_name(shape)]
    bounds = ((text, keywords[keyword]) for keyword, text in words.items() if keyword in keywords)
    words_told += [text.format(getattr(bound, "written", bound)) for text, bound in bounds]
    if shape.keys and _says_more(shape.keys):
        words_told.append(f"each key: {described(shape.keys)}")
    if shape.rest and not shape.items and not shape.fields and _says_more(shape.rest.whole):
        words_told.append(f"each: {described(shape.rest.whole)}")
    return ", ".join(words_told)


def _says_more(shape: Shape) -> bool:
    return bool({"enum", "pattern", *WORDS} & allowed(shape).keys())


def default_text(shape: Shape) -> Any:
    """The default as a document writes it; NOTHING where there is none."""
    if shape.default is NOTHING:
        return NOTHING
    value = shape.default() if callable(shape.default) else shape.default
    return plain(value)


def _add(keywords: dict[str, Any], keyword: str, value: Any) -> None:
    """One more thing that is said: of two bounds the tighter holds, of other things both."""
    before = keywords.get(keyword, value)
    if keyword == "enum":
        keywords[keyword] = [option for option in value if option in before]
    elif before == value:
        keywords[keyword] = value
    elif keyword.startswith(("min", "exclusiveMin")):
        keywords[keyword] = max(before, value)
    elif keyword.startswith(("max", "exclusiveMax")):
        keywords[keyword] = min(before, value)
    else:
        keywords["allOf"] = [*keywords.get("allOf", []), {keyword: value}]


def _for_containers(keyword: str, shape: Shape) -> str:
    return keyword.replace("Length", {"list": "Items", "map": "Properties"}.get(shape.kind, "Length"))


def _extra(shape: Shape) -> Iterable[tuple[str, Any]]:
    if shape.field_type:
        yield "type", shape.field_type.__name__
    if shape.secret:
        yield "secret", True
    for mark in shape.marks:
        for name in (name for name, kind in MARKS.items() if type(mark) is kind):
            values = attrs.astuple(mark, recurse=False)  # type: ignore[arg-type]
            yield name, list(values[0]) if name == "keyed_by" else values[0] if values else True
