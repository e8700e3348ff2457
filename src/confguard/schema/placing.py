"""Problems at their places: file, line and column, and the line itself where it shows no secret."""

from __future__ import annotations

from confguard.documents.document import Document
from confguard.errors import Problem
from confguard.paths import Path, show_path, value_at
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING, Shape

__all__ = ["by_place", "place_problem", "said_twice"]

_OF_KEYS = ("unknown key", "is called '", "is deprecated", "is the same setting as")
"""How a problem begins that is one of a key, not of its value."""


def said_twice(first: Path, second: Path, where: str = "") -> Problem:
    """The problem of a setting that is said under two names; `where` is the place of the first."""
    there = f" ({where})" if where else ""
    return Problem(
        second,
        f"is the same setting as '{show_path(first)}'{there}, and says something else: keep one",
        related=(Problem(first, "is the other"),),
    )


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
