"""attrs' own validators as what they say: of a type, in the words that all schemas share, and of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import islice
from types import NoneType, UnionType
from typing import Annotated, Any, Optional, Union, get_args, get_origin, get_type_hints

import attrs

from confguard.errors import brief
from confguard.fields import Secret
from confguard.paths import Path
from confguard.schema.limits import Says, plain, worded
from confguard.schema.patterns import translated
from confguard.schema.scalars import CONVERSIONS
from confguard.schema.wording import listed

__all__ = ["broken", "refined", "said_by"]

_MOST_OPTIONS = 100
_COMPARISONS = {">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum"}


def refined(hint: Any, validator: Any) -> Any:
    """A field's type with what a validator says of it, at the place that it says it of.

    >>> from attrs import validators
    >>> refined(list[int], validators.deep_iterable(validators.ge(0)))
    list[typing.Annotated[int, Says(keywords={'minimum': 0})]]
    """
    match _kind(validator):
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
            said = _keywords(validator, hint)
            return Annotated[hint, Says(said)] if said else hint


def _kind(validator: Any) -> str:
    """The name of a validator's class, where it is one of attrs' own."""
    known = type(validator).__module__ == "attr.validators" or type(validator).__name__ == "_AndValidator"
    return type(validator).__name__ if known else ""


def _type_of(kinds: Any) -> Any:
    found = kinds if isinstance(kinds, tuple) else (kinds,)
    return Union[found] if all(isinstance(kind, type) for kind in found) else Any  # noqa: UP007 - a value


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
    if _kind(validator) == "_DeepMapping" and issubclass(origin, Mapping):
        key, value = arguments or (Any, Any)
        return dict[refined(key, validator.key_validator), refined(value, validator.value_validator)]  # type: ignore[misc]
    if _kind(validator) == "_DeepIterable" and issubclass(origin, Sequence | Set):
        member = validator.member_validator
        if issubclass(origin, tuple) and arguments and arguments[-1] is not Ellipsis:
            return tuple[tuple(refined(kind, member) for kind in arguments)]  # type: ignore[misc]
        kind = refined(arguments[0] if arguments else Any, member)
        return tuple[kind, ...] if issubclass(origin, tuple) else list[kind]  # type: ignore[valid-type]
    return hint


def _keywords(validator: Any, hint: Any = None) -> dict[str, Any]:
    """What a validator of one value says, in JSON Schema's words; nothing where those cannot say it."""
    match _kind(validator):
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
            said = _keywords(validator.validator)
            return {"not": said} if said else {}
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
        found = [plain(option) for option in islice(options, _MOST_OPTIONS + 1)]
    except TypeError:
        return {}
    scalars = all(option is None or isinstance(option, str | int | float) for option in found)
    if isinstance(options, Set):
        found.sort(key=repr)
    return {"enum": found} if scalars and len(found) <= _MOST_OPTIONS else {}


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


Told = tuple[Path, str, Any]


def broken(
    kind: Any, data: Mapping[str, Any], structure: Callable[[Any, Any], Any], raised: BaseException | None
) -> Iterator[Told]:
    """Everything that validators and converters of an attrs class find wrong: where, what, and the value there.

    attrs stops at the first; here each value that can be made is looked at, whatever is wrong with the others. What
    the class itself has `raised` tells how far it came: a validator of the user's own is asked once.
    """
    stopped = _field_of(raised)
    names = [item.name for item in attrs.fields(kind)]
    asked = frozenset(names[: names.index(stopped) + 1]) if stopped in names else frozenset()
    hints, instance = get_type_hints(kind, include_extras=True), object.__new__(kind)
    made: list[tuple[Any, Any]] = []
    for item in attrs.fields(kind):
        given = item.init and item.name in data
        try:
            if not given:
                value = _default(item, instance)
            elif item.converter is None:
                value = structure(data[item.name], hints.get(item.name, Any))
            else:
                value = data[item.name]
        except Exception:  # noqa: BLE001, S112 - told of as what it is, or a default that needs other fields
            continue
        try:
            value = _converted(item, value, instance)
        except Exception as error:  # noqa: BLE001 - a user's own converter may raise anything
            if given:
                yield (item.name,), _of_converter(item.converter, error), data[item.name]
            continue
        object.__setattr__(instance, item.name, value)
        if item.init and item.validator is not None:
            made.append((item, value))
    for item, value in made:
        only_own = item.name in asked
        asking = _Asking(instance, item, only_own)
        failures = list(asking.failures(item.validator, value, (item.name,)))
        if item.name == stopped and raised is not None and said_by(raised, value) is None:
            failures.append(((item.name,), _own_words(raised), value))
        for path, message, wrong in failures:
            told = (path, message, wrong) if item.name in data else (path, f"the default: {message}", None)
            yield told


def _default(item: Any, instance: Any) -> Any:
    if isinstance(item.default, attrs.Factory):  # type: ignore[arg-type]
        return item.default.factory(*([instance] if item.default.takes_self else []))
    if item.default is attrs.NOTHING:
        raise LookupError(item.name)
    return item.default


def _converted(item: Any, value: Any, instance: Any) -> Any:
    if item.converter is None:
        return value
    converter: Any = item.converter
    own = isinstance(converter, attrs.Converter)  # which is called with all that it might ask for
    return converter(value, instance, item) if own else converter(value)


def _of_converter(converter: Any, error: Exception) -> str:
    try:
        CONVERSIONS[converter]("?")
    except ValueError as known:
        return str(known)
    except (KeyError, TypeError):
        pass
    return _own_words(error)


def _own_words(error: BaseException) -> str:
    return brief(str(error.args[0]) if error.args else "", 200) or type(error).__name__


@attrs.frozen
class _Asking:
    """Asks the validators of one field what is wrong with its value."""

    instance: Any
    item: Any
    only_own: bool
    """Are only attrs' own asked? Those of the user's were asked before."""

    def failures(self, validator: Any, value: Any, path: Path) -> Iterator[Told]:
        """What a validator says of a value at a path, and of what is in it."""
        match _kind(validator):
            case "_AndValidator":
                for inner in validator._validators:
                    yield from self.failures(inner, value, path)
            case "_OptionalValidator":
                if value is not None:
                    yield from self.failures(validator.validator, value, path)
            case "_DeepIterable":
                yield from self.optional(validator.iterable_validator, value, path)
                for i, element in enumerate(value):
                    inner = (*path, i) if isinstance(value, Sequence) else path
                    yield from self.failures(validator.member_validator, element, inner)
            case "_DeepMapping":
                yield from self.optional(validator.mapping_validator, value, path)
                for key, element in value.items():
                    for _, message, _ in self.optional(validator.key_validator, key, path):
                        yield (*path, key), f"the key: {message}", key
                    yield from self.optional(validator.value_validator, element, (*path, key))
            case kind if kind or not self.only_own:
                yield from self.failure(validator, value, path, own=bool(kind))

    def optional(self, validator: Any, value: Any, path: Path) -> Iterator[Told]:
        """The same for a validator that may not be there."""
        if validator is not None:
            yield from self.failures(validator, value, path)

    def failure(self, validator: Any, value: Any, path: Path, *, own: bool) -> Iterator[Told]:
        """What one validator raises, in our words where it is attrs' own."""
        try:
            validator(self.instance, self.item, value)
        except AttributeError as error:
            if error.obj is not self.instance:  # else it is about a field that could not be made
                yield path, _own_words(error), value
        except Exception as error:  # noqa: BLE001 - a user's own validator may raise anything
            if not own:
                yield path, said_by(error, value) or _own_words(error), value
            else:
                yield path, _words(validator, value), value


def _field_of(raised: BaseException | None) -> str | None:
    """The field whose validator raised an error: its attribute is handed to every validator."""
    step = raised.__traceback__ if raised is not None else None
    while step is not None:
        for value in step.tb_frame.f_locals.values():
            if isinstance(value, attrs.Attribute):
                name: str = value.name
                return name
        step = step.tb_next
    return None


def said_by(error: BaseException, value: Any) -> str | None:
    """What one of attrs' own validators says in our words, if one raised this. Its message quotes the value."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or step.tb_frame.f_globals.get("__name__") != "attr.validators":
        return None
    validator = step.tb_frame.f_locals.get("self")
    return _words(validator, step.tb_frame.f_locals.get("value", value)) if validator is not None else None


def _words(validator: Any, value: Any) -> str:
    """What is wrong with a value that a validator of attrs' own refuses."""
    if isinstance(value, Secret) or hasattr(value, "get_secret_value"):
        return "does not fit the schema"  # options of a secret are secrets
    match _kind(validator):
        case "_InstanceOfValidator":
            kinds = validator.type if isinstance(validator.type, tuple) else (validator.type,)
            return "expected a valid " + listed(_NAMES.get(kind, kind.__name__) for kind in kinds)
        case "_NotValidator":
            return "is what the schema excludes"
        case "_OrValidator":
            each = [_words(inner, value) for inner in validator.validators]
            return listed([each[0], *(text.removeprefix("expected ") for text in each[1:])])
        case "_IsCallableValidator":
            return "expected what can be called"
        case "_SubclassOfValidator":
            return f"expected a subclass of {getattr(validator.type, '__name__', validator.type)}"
        case "_MatchesReValidator":
            return f"does not match the pattern {validator.pattern.pattern!r}"
    said = _keywords(validator)
    texts = [worded(keyword, bound, of_list=not isinstance(value, str)) for keyword, bound in said.items()]
    return f"expected {listed(texts, 'and')}" if texts else "does not fit the schema"


_NAMES: dict[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}
