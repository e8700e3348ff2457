"""What is wrong with data, in words that show no secret, and at its place: file, line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from confguard import units
from confguard.documents.document import Document
from confguard.errors import Problem, brief, did_you_mean
from confguard.paths import Path, show_path, value_at
from confguard.schema.conversion import expected_options, is_choice, options_of, written_choice
from confguard.schema.interface import Failure
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING, Shape

_OF_KEYS = ("unknown key", "is called '", "is deprecated", "is the same setting as")
"""How a problem begins that is one of a key, not of its value."""


def named_twice(first: Path, second: Path, where: str = "") -> Problem:
    """The problem of a setting that is said under two names; `where` is the place of the first."""
    there = f" ({where})" if where else ""
    return Problem(
        second,
        f"is the same setting as '{show_path(first)}'{there}, and says something else: keep one",
        related=(Problem(first, "is the other"),),
    )


def unknown_key(key: object, known: Iterable[object]) -> str:
    """What is wrong with a key that a schema does not name, and which one is meant.

    >>> unknown_key("prot", ["port"])
    "unknown key (did you mean 'port'?)"
    >>> unknown_key(True, ["on"])
    'unknown key: YAML reads on, yes and true as this; a name is to stand in quotes'
    """
    if isinstance(key, bool):
        words = "on, yes and true" if key else "off, no and false"
        return f"unknown key: YAML reads {words} as this; a name is to stand in quotes"
    return f"unknown key{did_you_mean(str(key), [str(each) for each in known])}"


def by_place(problem: Problem) -> tuple[str, int, int]:
    """Problems in the order in which a reader meets them."""
    return problem.file or "", problem.line or 0, problem.column or 0


def place_problem(
    problem: Problem, document: Document, shape: Shape = ANYTHING, secrets: Secrets | None = None
) -> Problem:
    """The problem with its file, line and column, and that line of the source unless a secret stands on it."""
    secrets = secrets or Secrets(shape, document.data)
    related = tuple(place_problem(each, document, shape, secrets) for each in problem.related)
    position = document.locate(problem.path, nearest=True)
    part, inner = document.part_at(problem.path)
    if position is None:
        return problem._replace(file=part.path, related=related)
    misplaced = _may_be_misplaced(problem, shape)
    placed = problem._replace(file=part.path, line=position.line, column=position.column, related=related)
    if part is not document:
        placed = placed._replace(path=inner if len(inner) == len(problem.path) else problem.path)
        secrets = Secrets(shape if inner == problem.path else shape.child(problem.path[0]), part.data)
    line, shown = part.lines[position.line - 1], secrets.lines(part)[position.line - 1]
    if line != shown or misplaced:
        return placed
    return placed._replace(source=line, under=_value_under(placed._replace(path=inner), part, position.line))


def _may_be_misplaced(problem: Problem, shape: Shape) -> bool:
    """Is this about a key that the schema does not name, in a table that is to hold a secret: under another name?"""
    *above, last = problem.path or (0,)
    around = shape.at(above)
    return isinstance(last, str) and around.holds_secret and around.child(last) is ANYTHING


def _value_under(problem: Problem, document: Document, line: int) -> tuple[int, int] | None:
    """Column and length of the value at fault, on the line of its key; None where the key is at fault."""
    value = document.locate_value(problem.path)
    if value is None or value.line != line or problem.message.startswith(_OF_KEYS):
        return None
    written = document.lines[line - 1][value.column - 1 :]
    held = value_at(document.data, problem.path)
    plain = isinstance(held, str) and written.startswith(held)  # an unquoted text may have several words
    return (value.column, len(held) if plain else 0) if written.strip() else None


def in_words(failures: Iterable[Failure], shape: Shape, secrets: Secrets) -> list[Problem]:
    """What a class says is wrong as problems: one for a union at one place, with the value unless it is a secret."""
    return [_problem(*each, shape, secrets) for each in _each_once(failures, shape)]


def _each_once(failures: Iterable[Failure], shape: Shape) -> list[Failure]:
    """The problems, those of a union's members at one place as one."""
    unique: dict[tuple[Path, int], Failure] = {}
    for i, (path, message, value) in enumerate(failures):
        place = (path, -1 if shape.at(path).variants else i)
        known = unique.get(place)
        if known is None:
            unique[place] = (path, message, value)
        elif message not in known[1]:
            unique[place] = (path, f"{known[1]} or {message.removeprefix('expected ')}", value)
    return list(unique.values())


def _problem(path: Path, message: str, value: Any, shape: Shape, secrets: Secrets) -> Problem:
    shown = not isinstance(value, dict | list | None.__class__) and "got " not in message
    if shown and not secrets.at(path):
        message = f"{message}, got {brief(units.shown(value), 80)}"
    if isinstance(value, dict):
        return _across(path, message, value, shape.at(path))
    return Problem(path, message)


def without_secrets(problem: Problem, secrets: Secrets) -> Problem:
    related = tuple(without_secrets(each, secrets) for each in problem.related)
    return problem._replace(
        path=secrets.path(problem.path), message=secrets.clean(problem.message, problem.path), related=related
    )


def _across(path: Path, message: str, table: dict[Any, Any], shape: Shape) -> Problem:
    """The problem of a rule across fields: at the first setting that its message names, the others with it."""
    words = set(re.findall(r"\w+", message))
    named = [key for key in table if key in shape.fields and key in words]
    if not named:
        return Problem(path, message)
    others = tuple(Problem((*path, key), "is part of it") for key in named[1:])
    return Problem((*path, named[0]), message, related=others)


def of_choice(failure: Failure, shape: Shape) -> Failure:
    """The failure; of a value that is not one of a few options, in the same words for every kind of class."""
    path, _, value = failure
    hint = shape.at(path).hint
    if not is_choice(hint) or value is None or written_choice(value, hint) in options_of(hint):
        return failure
    return path, expected_options(hint, value), value


def moved(problem: Problem, place: Callable[[Path], Path]) -> Problem:
    """The problem, and those related to it, at other paths."""
    related = tuple(moved(each, place) for each in problem.related)
    return problem._replace(path=place(tuple(problem.path)), related=related)
