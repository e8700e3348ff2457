"""What a format is: a name, the suffixes it goes by, a parser, and a finder of places."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["Format", "LineIndex", "ParseError", "Places", "Position", "Span", "twice"]


class Position(NamedTuple):
    """A line and a column, both from 1."""

    line: int
    column: int


class Span(NamedTuple):
    """Where one value stands: its key (or dash) and the value itself."""

    key: Position
    value: Position


Places: TypeAlias = "dict[Path, Span]"


class ParseError(ValueError):
    """A text is not of its format. The reader adds the file's name."""

    def __init__(
        self, message: str, line: int | None = None, column: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.line, self.column, self.hint = line, column, hint


def twice(what: str, first: Position, again: Position, where: str = "") -> ParseError:
    """The error for what stands twice and may stand once, with both places.

    >>> print(twice("key 'a'", Position(1, 2), Position(3, 2), " in one table"))
    key 'a' stands twice in one table, as on line 1, column 2
    """
    message = f"{what} stands twice{where}, as on line {first.line}, column {first.column}"
    return ParseError(message, again.line, again.column)


class Format(ABC):
    """One configuration format. Implementations hold no state; register one in `confguard.formats`."""

    name: str
    """The word for `--as` and `cg.parse(text, format)`."""
    suffixes: tuple[str, ...] = ()
    """How names of such files end, with the dot. Of those that come with confguard the registry knows it."""
    texts_only: bool = False
    """Are all values texts, so that `80` may be meant as a number?"""
    notation: Callable[[str], Any] | None = None
    """What edits a text of it: a subclass of `editing.weaving.Weaving`; None if it is not edited in place."""

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
