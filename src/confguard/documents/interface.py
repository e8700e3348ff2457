"""What a format is: a name, the suffixes it goes by, a parser, and a finder of places."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import re

    from confguard.paths import Path


class Position(NamedTuple):
    """A line and a column, both from 1."""

    line: int
    column: int


class Span(NamedTuple):
    """Where one value stands: its key (or dash) and the value itself."""

    key: Position
    value: Position


Places: TypeAlias = "dict[Path, Span]"


class Spot(NamedTuple):
    """Where one value stands in a text, as offsets."""

    path: Path
    start: int
    """Where its key begins; of an element of a list, where it begins itself."""
    key_end: int
    value: int
    end: int


class ParseError(ValueError):
    """A text is not of its format. The reader adds the file's name."""

    def __init__(
        self, message: str, line: int | None = None, column: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.line, self.column, self.hint = line, column, hint

    @classmethod
    def at(cls, text: str, offset: int, message: str, hint: str | None = None) -> ParseError:
        """The error at an offset of a text."""
        return cls(message, *LineIndex(text).position(offset), hint)


def twice(text: str, what: str, first: int, again: int, where: str = "") -> ParseError:
    """The error for what stands twice and may stand once, with both places.

    >>> print(twice("a = 1\\na = 2\\n", "key 'a'", 0, 6, " in one table"))
    key 'a' stands twice in one table, as on line 1, column 1
    """
    line, column = LineIndex(text).position(first)
    return ParseError.at(text, again, f"{what} stands twice{where}, as on line {line}, column {column}")


def repeated(
    spots: Iterable[Spot], known_by: Callable[[Path], Hashable] = lambda path: path
) -> tuple[Spot, Spot] | None:
    """The first spot whose path was there already, behind the one that had it; None where all are different."""
    firsts: dict[Hashable, Spot] = {}
    pairs = ((firsts.setdefault(known_by(spot.path), spot), spot) for spot in spots)
    return next(((first, again) for first, again in pairs if first is not again), None)


def places_of(text: str, spots: Iterable[Spot]) -> Places:
    """The places that spots are; the first counts where there are several of one path."""
    index = LineIndex(text)
    places: Places = {}
    for path, start, _, value, _ in spots:
        if path not in places:
            places[path] = Span(index.position(start), index.position(value))
    return places


def end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where what a pattern matches at an offset ends; the offset where it does not match."""
    match = pattern.match(text, at)
    return match.end() if match else at


class Format(ABC):
    """One configuration format. Implementations hold no state; register one in `confguard.formats`."""

    name: str
    """The word for `--as` and `cg.parse(text, format)`."""
    suffixes: tuple[str, ...] = ()
    """How names of such files end, with the dot. Of those that come with confguard the registry knows it."""
    texts_only: bool = False
    """Are all values texts, so that `80` may be meant as a number?"""
    nulls: bool = True
    """Can a value be null? In other formats, what is not set is left out."""
    notation: Callable[[str], Any] | str | None = None
    """What edits a text of it: a subclass of `editing.weaving.Weaving`, or `module:name` of one that is loaded when
    something is edited; None if nothing is in place."""

    @abstractmethod
    def parse(self, text: str) -> Any:
        """The text's data: mappings, lists and scalars. Raises `ParseError`."""

    @abstractmethod
    def places(self, text: str) -> Places:
        """Where each path of a text that parses stands."""

    def write(self, data: Any) -> str:
        """A text that holds this data. Raises `TypeError` or `ValueError` for what it cannot hold."""
        raise NotImplementedError


class LineIndex:
    """Turns offsets in a text into positions.

    >>> LineIndex("a\\nbc").position(3)
    Position(line=2, column=2)
    """

    def __init__(self, text: str) -> None:
        self.starts, at = [0], text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)

    def position(self, offset: int) -> Position:
        """The position of an offset."""
        line = bisect_right(self.starts, offset)
        return Position(line, offset - self.starts[line - 1] + 1)
