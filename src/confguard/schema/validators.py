"""attrs' own validators as what they say: of a type, in the words that all schemas share, and of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import islice
from types import FrameType, NoneType, UnionType
from typing import Annotated, Any, Optional, Union, get_args, get_origin

from attrs import frozen

from confguard.fields import Secret
from confguard.schema.bounds import listed, worded
from confguard.schema.formats import translated
from confguard.schema.instances import plain

_MOST_OPTIONS = 100
_COMPARISONS = {">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum"}


@frozen(eq=False)
class Says:
    """A mark: what a schema says of a place, in JSON Schema's words."""

    keywords: Mapping[str, Any]


def refined(hint: Any, validator: Any) -> Any:
    """A field's type with what a validator says of it, at the place that it says it of.

    >>> from attrs import validators
    >>> refined(list[int], validators.deep_iterable(validators.ge(0)))
    list[typing.Annotated[int, Says(keywords={'minimum': 0})]]
    """
    match kind_of(validator):
        case "_AndValidator":
            for inner in validator._validators:
                hint = refined(hint, inner)
            return hint
        case "_OptionalValidator":
            inner = refined(hint, validator.validator)
            return inner if hint is not Any or inner is hint else Optional[inner]  # noqa: UP045 - a value
        case "_InstanceOfValidator":
            return _type_of(validator.type) if hint is Any else hint
        case "_DeepIterable" | "_DeepMapping":
            return _deep(hint, validator)
        case _:
            keywords = _keywords(validator, hint)
            return Annotated[hint, Says(keywords)] if keywords else hint


def kind_of(validator: Any) -> str:
    """The name of a validator's class, where it is one of attrs' own."""
    known = type(validator).__module__ == "attr.validators" or type(validator).__name__ == "_AndValidator"
    return type(validator).__name__ if known else ""


def _type_of(kinds: Any) -> Any:
    types = kinds if isinstance(kinds, tuple) else (kinds,)
    return Union[types] if all(isinstance(kind, type) for kind in types) else Any  # noqa: UP007 - a value


def _deep(hint: Any, validator: Any) -> Any:
    """A container's type with what is said of what is in it."""
    if get_origin(hint) in (Union, UnionType):
        members = (kind if kind is NoneType else _deep(kind, validator) for kind in get_args(hint))
        return Union[tuple(members)]  # noqa: UP007 - a value
    if get_origin(hint) is Annotated:
        return Annotated[_deep(get_args(hint)[0], validator), *hint.__metadata__]
    around = getattr(validator, "iterable_validator", None) or getattr(validator, "mapping_validator", None)
    hint = refined(hint, around) if around else hint
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin is Annotated:
        return Annotated[_inside(get_args(hint)[0], validator), *hint.__metadata__]
    return _inside(hint, validator) if isinstance(origin, type) or arguments else hint


def _inside(hint: Any, validator: Any) -> Any:
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if not isinstance(origin, type) or issubclass(origin, str | bytes):
        return hint
    if kind_of(validator) == "_DeepMapping" and issubclass(origin, Mapping):
        key, value = arguments or (Any, Any)
        return dict[refined(key, validator.key_validator), refined(value, validator.value_validator)]  # type: ignore[misc]
    if kind_of(validator) == "_DeepIterable" and issubclass(origin, Sequence | Set):
        member = validator.member_validator
        if issubclass(origin, tuple) and arguments and arguments[-1] is not Ellipsis:
            return tuple[tuple(refined(kind, member) for kind in arguments)]  # type: ignore[misc]
        kind = refined(arguments[0] if arguments else Any, member)
        return tuple[kind, ...] if issubclass(origin, tuple) else list[kind]  # type: ignore[valid-type]
    return hint


def _keywords(validator: Any, hint: Any = None) -> dict[str, Any]:
    """What a validator of one value says, in JSON Schema's words; nothing where those cannot say it."""
    match kind_of(validator):
        case "_NumberValidator" if validator.compare_op in _COMPARISONS:
            return {_COMPARISONS[validator.compare_op]: validator.bound}
        case "_MinLengthValidator":
            return {"minLength": validator.min_length}
        case "_MaxLengthValidator":
            return {"maxLength": validator.max_length}
        case "_InValidator":
            return _options(validator.options, hint)
        case "_MatchesReValidator":
            return _pattern(validator)
        case "_NotValidator":
            keywords = _keywords(validator.validator)
            return {"not": keywords} if keywords else {}
        case "_OrValidator":
            each = [_keywords(inner) for inner in validator.validators]
            return {"anyOf": each} if all(each) else {}
        case "_AndValidator":
            each = [_keywords(inner) for inner in validator._validators]
            return {"allOf": each} if all(each) else {}
    return {}


def _options(options: Any, hint: Any) -> dict[str, Any]:
    if isinstance(options, str) or (isinstance(options, type) and options is hint):
        return {}  # parts of a text; or the type says it already
    try:
        options_plain = [plain(option) for option in islice(options, _MOST_OPTIONS + 1)]
    except TypeError:
        return {}
    scalars = all(option is None or isinstance(option, str | int | float) for option in options_plain)
    if isinstance(options, Set):
        options_plain.sort(key=repr)
    return {"enum": options_plain} if scalars and len(options_plain) <= _MOST_OPTIONS else {}


_ANCHORED = {"fullmatch": "^(?:{})$", "match": "^(?:{})", "search": "{}"}


def _pattern(validator: Any) -> dict[str, Any]:
    """The pattern, where it means the same in JSON Schema."""
    pattern = validator.pattern
    anchored = _ANCHORED.get(getattr(validator.match_func, "__name__", ""))
    if anchored is None or pattern.flags & ~(re.UNICODE | re.ASCII):
        return {}
    try:
        translated(pattern.pattern)
    except re.error:
        return {}
    return {"pattern": anchored.format(pattern.pattern)}


def message_of(error: BaseException, value: Any) -> str | None:
    """What one of attrs' own validators says in our words, if one raised this. Its message quotes the value."""
    frames = list(frames_of(error))
    if not frames or frames[-1].f_globals.get("__name__") != "attr.validators":
        return None
    held = frames[-1].f_locals
    return words_of(held["self"], held.get("value", value)) if "self" in held else None


def frames_of(error: BaseException | None) -> Iterator[FrameType]:
    """The calls through which an error came, the one that raised it last."""
    step = error.__traceback__ if error is not None else None
    while step is not None:
        yield step.tb_frame
        step = step.tb_next


def words_of(validator: Any, value: Any) -> str:
    """What is wrong with a value that a validator of attrs' own refuses."""
    if isinstance(value, Secret) or hasattr(value, "get_secret_value"):
        return "does not fit the schema"  # options of a secret are secrets
    match kind_of(validator):
        case "_InstanceOfValidator":
            kinds = validator.type if isinstance(validator.type, tuple) else (validator.type,)
            return "expected a valid " + listed(_NAMES.get(kind, kind.__name__) for kind in kinds)
        case "_NotValidator":
            return "is what the schema excludes"
        case "_OrValidator":
            each = [words_of(inner, value) for inner in validator.validators]
            return listed([each[0], *(text.removeprefix("expected ") for text in each[1:])])
        case "_IsCallableValidator":
            return "expected what can be called"
        case "_SubclassOfValidator":
            return f"expected a subclass of {getattr(validator.type, '__name__', validator.type)}"
        case "_MatchesReValidator":
            return f"does not match the pattern {validator.pattern.pattern!r}"
    keywords = _keywords(validator)
    texts = [
        worded(keyword, bound, of_list=not isinstance(value, str)) for keyword, bound in keywords.items()
    ]
    return f"expected {listed(texts, 'and')}" if texts else "does not fit the schema"


_NAMES: dict[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}
