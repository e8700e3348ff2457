"""Schemas written as attrs classes or dataclasses, structured by cattrs, with everything that is wrong.

Of what a class's validators and converters find wrong attrs tells the first only: the others are asked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_type_hints

import attrs

from confguard.errors import brief
from confguard.paths import Path
from confguard.schema.conversion import CONVERSIONS
from confguard.schema.interface import Failure, InvalidDataError, SchemaAdapter
from confguard.schema.members import is_class
from confguard.schema.pydantic import problems_of
from confguard.schema.shape import NOTHING, Shape
from confguard.schema.shaping import build_shape
from confguard.schema.structuring import converter
from confguard.schema.validators import frames_of, kind_of, message_of, words_of


class AttrsAdapter(SchemaAdapter):
    """attrs classes and dataclasses. Keys that a class does not name are errors."""

    def claims(self, model: object) -> bool:
        return is_class(model)

    def shape(self, model: Any) -> Shape:
        return build_shape(model)

    def validate(self, model: Any, data: Any) -> Any:
        if not isinstance(data, dict):
            raise InvalidDataError([((), "expected a table of settings", data)])
        try:
            return converter().structure(data, model)
        except Exception as error:  # noqa: BLE001 - validators may raise anything; all are findings
            problems = self.problems(error, data)
        raise InvalidDataError(problems)  # out here it has no context that quotes what was given

    def problems(self, error: Exception, data: Any) -> list[Failure]:
        return list(_problems(error, (), data))


def _problems(error: BaseException, path: Path, data: Any) -> Iterator[Failure]:
    """The leaves of cattrs' groups of errors, each with the path that its notes tell.

    Those of attrs' validators, of which a class raises the first only, are looked for anew: all of them.
    """
    if type(error).__module__.startswith("pydantic") and hasattr(error, "errors"):
        for inside, message, value in problems_of(error, data):
            yield (*path, *inside), message, value
        return
    if not isinstance(error, BaseExceptionGroup):
        if type(error).__name__ != "ForbiddenExtraKeysError":  # reported with a did-you-mean instead
            yield path, _message(error, data), data
        return
    kind = getattr(error, "cl", None)
    validated = attrs.has(kind) if isinstance(kind, type) else False
    raised = next((inner for inner in error.exceptions if _step(inner) is None), None)
    looked = validated and isinstance(data, dict)
    failures = list(_broken(error, data, raised)) if looked else []
    yield from (((*path, *where), message, value) for where, message, value in failures)
    for inner in error.exceptions:
        step = _step(inner)
        if isinstance(inner, KeyError) and step is not None and inner.args:
            yield (*path, inner.args[0]), "required, but missing", None
        elif step is not None and any(
            str(note).startswith("Structuring mapping key") for note in getattr(inner, "__notes__", ())
        ):
            yield from _problems(inner, (*path, step), step)
        elif step is not None:
            yield from _problems(inner, (*path, step), _child(data, step))
        elif not failures or isinstance(inner, BaseExceptionGroup):
            yield from _problems(inner, path, data)


def _step(error: BaseException) -> Any:
    for note in getattr(error, "__notes__", ()):
        noted = getattr(
            note, "__dict__", {}
        )  # a plain text, which other notes are, has an `index`, too: a method
        for name in ("name", "index"):
            if name in noted:
                return noted[name]
    return None


def _child(data: Any, step: Any) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def _message(error: BaseException, value: Any) -> str:
    if isinstance(error, AttributeError) and error.name in {"keys", "items"}:
        return "expected a table"  # what cattrs asks of anything that is to be an instance
    text = message_of(error, value)
    if text is not None:
        return text
    frames = list(frames_of(error))
    raiser = str(frames[-1].f_globals.get("__name__") or "cattrs") if frames else ""
    if raiser.startswith(("cattr", "_cattr")):  # its texts quote values, and types as Python writes them
        return _in_words(error)
    return str(error.args[0] if error.args else error) or type(error).__name__


def _in_words(error: BaseException) -> str:
    kind = getattr(error, "type_", None)
    if kind is not None:
        return f"is of a type that cannot be read from a document: {getattr(kind, '__name__', 'one without a name')}"
    return "expected elements that are single values" if isinstance(error, TypeError) else "does not fit"


def _broken(error: BaseException, data: dict[str, Any], raised: BaseException | None) -> Iterator[Failure]:
    """Where something is wrong, what, and the value there; `error` is cattrs' of the class, `raised` the class's own.

    Each value that can be made is looked at, whatever is wrong with the others. What of the user's own was asked before
    `raised` is not asked again.
    """
    kind: Any = error.cl  # type: ignore[attr-defined]
    come = _Come.to(kind, error, raised)
    hints, instance = get_type_hints(kind, include_extras=True), object.__new__(kind)
    attempts: list[tuple[Any, Any]] = []
    for item in attrs.fields(kind):
        given = item.init and item.name in data
        try:
            value = getattr(come.started, item.name, NOTHING)
            if value is NOTHING:
                ready = _read(item, data, come, hints) if given else _default(item, instance)
        except Exception:  # noqa: BLE001, S112 - told of as what it is, or a default that needs other fields
            continue
        try:
            if value is NOTHING:
                value = _converted(item, ready, instance, come)
        except Exception as wrong:  # noqa: BLE001 - a user's own converter may raise anything
            if given:
                yield (item.name,), _of_converter(item.converter, wrong), data[item.name]
            continue
        object.__setattr__(instance, item.name, value)
        if item.init and item.validator is not None:
            attempts.append((item, value))
    for item, value in attempts:
        asking = _Asking(instance, item, item.name in come.asked)
        failures = list(asking.failures(item.validator, value, (item.name,)))
        if item.name == come.stopped and raised is not None and message_of(raised, value) is None:
            failures.append(((item.name,), _own_words(raised), value))
        for path, message, rejected in failures:
            yield (path, message, rejected) if item.name in data else (path, f"the default: {message}", None)


@attrs.frozen
class _Come:
    """How far a class came before something was wrong."""

    read: Mapping[str, Any] | None
    """What cattrs could read of the fields, by the names of the class's arguments."""
    started: Any = None
    """The instance, with the fields that it got."""
    stopped: str | None = None
    """The field whose validator raised."""
    asked: frozenset[str] = frozenset()
    """The fields whose validators were asked."""
    choked: str | None = None
    """The field whose converter, or default, raised."""
    raised: BaseException | None = None

    @classmethod
    def to(cls, kind: Any, error: BaseException, raised: BaseException | None) -> _Come:
        names = [item.name for item in attrs.fields(kind)]
        *_, last = frames_of(error)
        read = last.f_locals.get("res")  # of the function that cattrs has made for the class
        read = read if isinstance(read, dict) else None
        own = (at.f_locals.get("self") for at in frames_of(raised) if at.f_code.co_name == "__init__")
        started = next((one for one in own if type(one) is kind), None)
        values = (value for frame in frames_of(raised) for value in frame.f_locals.values())
        stopped = next((value.name for value in values if isinstance(value, attrs.Attribute)), None)
        if stopped in names:
            return cls(read, started, stopped, frozenset(names[: names.index(stopped) + 1]), None, raised)
        choked = next((name for name in names if not hasattr(started, name)), None)
        asked = frozenset(names) if started is not None and choked is None else frozenset()
        return cls(read, started, None, asked, choked if started is not None else None, raised)


def _read(item: Any, data: dict[str, Any], come: _Come, hints: dict[str, Any]) -> Any:
    """A value as cattrs read it, before the field's converter. Raises whatever it raises."""
    if come.read is not None:
        return come.read[item.alias]
    written, hint = data[item.name], hints.get(item.name, Any)
    return converter().structure(written, hint) if item.converter is None else written


def _default(item: Any, instance: Any) -> Any:
    if isinstance(item.default, attrs.Factory):  # type: ignore[arg-type]
        return item.default.factory(*([instance] if item.default.takes_self else []))
    if item.default is attrs.NOTHING:
        raise LookupError(item.name)
    return item.default


def _converted(item: Any, value: Any, instance: Any, come: _Come) -> Any:
    if item.converter is None:
        return value
    if item.name == come.choked and come.raised is not None:
        raise come.raised
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

    def failures(self, validator: Any, value: Any, path: Path) -> Iterator[Failure]:
        """What a validator says of a value at a path, and of what is in it."""
        match kind_of(validator):
            case "_AndValidator":
                for inner in validator._validators:
                    yield from self.failures(inner, value, path)
            case "_OptionalValidator":
                if value is not None:
                    yield from self.failures(validator.validator, value, path)
            case "_DeepIterable":
                yield from self.failures(validator.iterable_validator, value, path)
                for i, element in enumerate(value):
                    inner = (*path, i) if isinstance(value, Sequence) else path
                    yield from self.failures(validator.member_validator, element, inner)
            case "_DeepMapping":
                yield from self.failures(validator.mapping_validator, value, path)
                for key, element in value.items():
                    for _, message, _ in self.failures(validator.key_validator, key, path):
                        yield (*path, key), f"the key: {message}", key
                    yield from self.failures(validator.value_validator, element, (*path, key))
            case kind if validator is not None and (kind or not self.only_own):
                yield from self.failure(validator, value, path, own=bool(kind))

    def failure(self, validator: Any, value: Any, path: Path, *, own: bool) -> Iterator[Failure]:
        """What one validator raises, in our words where it is attrs' own."""
        try:
            validator(self.instance, self.item, value)
        except AttributeError as error:
            if error.obj is not self.instance:  # else it is about a field that could not be made
                yield path, _own_words(error), value
        except Exception as error:  # noqa: BLE001 - a user's own validator may raise anything
            if not own:
                yield path, message_of(error, value) or _own_words(error), value
            else:
                yield path, words_of(validator, value), value
