"""A file as a document: what it says, its exact bytes and format, and, on demand, where each value stands."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import define, field

from confguard.documents.bounds import TOO_DEEP
from confguard.documents.interface import LineIndex, ParseError, Places, Position
from confguard.documents.reading import load_bytes, parsed
from confguard.documents.registry import detect_format, format_named, is_built_in, notation_of
from confguard.errors import DocumentError
from confguard.paths import Key, Path, follow, path_from_json, show_path, value_at
from confguard.values import Documents, as_tables, check_type, digest_of, identical, listed, same

if TYPE_CHECKING:
    from confguard.documents.editing.changing import DataChange
    from confguard.documents.editing.weaving import Weaving
    from confguard.documents.interface import Format

__all__ = ["Document", "Position", "load_bytes", "parse", "parse_content", "read", "write"]


@define(slots=False, frozen=True, eq=False)
class Document:
    """A parsed file. Documents are equal to none but themselves; compare their `data`.

    >>> document = parse("[server]\\nport = 80\\n", "toml")
    >>> document.data
    {'server': {'port': 80}}
    >>> document.locate(["server", "port"])
    Position(line=2, column=1)
    """

    data: Any = field(repr=False)
    """What the text says: mappings, lists and scalars."""
    content: bytes = field(repr=False)
    """The exact bytes."""
    format: str
    """The format's name: `toml`, `yaml`, `json`, `ini` or `env`."""
    path: str | None = None
    """The file it came from, if it came from one."""
    tags: tuple[str, ...] = field(default=(), repr=False)
    """The tags that were named for reading it."""
    files: Mapping[str, Document] = field(factory=dict, repr=False, kw_only=True)
    """Of a config of several files: each by its name."""

    @cached_property
    def text(self) -> str:
        """The exact text."""
        return self.content.decode("utf-8")

    @property
    def parts(self) -> list[tuple[Path, Document]]:
        """The files that it is made of, and under which path the data of each stands: itself, but for a `Bundle`."""
        return [((), self)]

    def part_at(self, path: Sequence[object]) -> tuple[Document, Path]:
        """The document in whose file a value stands, and its path there."""
        return self, path_from_json(path)

    def is_untyped(self, path: Sequence[object]) -> bool:
        """Is what stands at a path a text only because its file's format has no other values?"""
        return self.part_at(path)[0].texts_only

    @property
    def texts_only(self) -> bool:
        """Has the format no other values than texts, so that what reads them tells what they are?"""
        return format_named(self.format).texts_only

    @cached_property
    def data_digest(self) -> str:
        """SHA-256 of what the text says, whatever its format, layout, comments and order of keys."""
        return digest_of(self.data)

    def digest_data(self) -> str:
        """Work out `data_digest` now, so that it is there when time is short."""
        return self.data_digest

    def locate(self, path: Sequence[object], *, nearest: bool = False) -> Position | None:
        """Where the key of a path stands; None if nowhere.

        With `nearest`, the closest enclosing value that does stand somewhere.
        """
        walked, whole = follow(self.data, path_from_json(path))
        if not whole and not nearest:
            return None
        while walked:
            if walked in self._places:
                return self._places[walked].key
            walked = walked[:-1]
        return Position(1, 1)

    def locate_value(self, path: Sequence[object]) -> Position | None:
        """Where the value of a path stands; None if nowhere."""
        walked, whole = follow(self.data, path_from_json(path))
        position = self._places.get(walked) if whole else None
        return position.value if position else None

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, as places count them."""
        return self.text.removeprefix("\ufeff").split("\n")

    def places(self) -> Places:
        """Where each path stands."""
        return self._places

    @cached_property
    def _places(self) -> Places:
        try:
            return format_named(self.format).places(self.text.removeprefix("\ufeff"))
        except Exception as error:  # a place is a courtesy: data is what counts
            if is_built_in(self.format) and not isinstance(error, ParseError | RecursionError):
                raise
            return {}

    def worded(self, path: Path) -> Path:
        """A path whose keys that are no texts are the words that stand for them in the file.

        >>> parse("yes: {12: [a]}\\n", "yaml").worded((True, 12, 0))
        ('yes', '12', 0)
        """
        return tuple(
            segment if isinstance(segment, str | Key) else self._word(path[:number], segment)
            for number, segment in enumerate(path)
        )

    def _word(self, parent: Path, segment: Any) -> Any:
        walked, whole = follow(self.data, (*parent, segment))
        if not isinstance(value_at(self.data, parent), Mapping) or (whole and not walked):
            return segment  # the position in a list, or among documents
        place = self.places().get(walked) if whole else None
        if place is None:
            return "null" if segment is None else str(segment).lower()
        match = _WRITTEN_KEY.match(self.lines[place.key.line - 1], place.key.column - 1)
        return match.group(1) if match else str(segment)

    def error(self, message: str, place: Position | None, hint: str | None = None) -> DocumentError:
        """The error for what is wrong at a place in the file."""
        line, column = place or (None, None)
        return DocumentError(message, path=self.path, line=line, column=column, hint=hint)

    @property
    def single(self) -> Document:
        """The document itself, where its file holds no others, as settings do. Raises `DocumentError`."""
        if not isinstance(self.data, Documents):
            return self
        raise self.error(
            f"holds {len(self.data)} documents, and settings are one",
            self.locate((1,)) or Position(1, 1),
            "put the others into files of their own",
        )

    def edit(self, changes: Iterable[DataChange]) -> Document:
        """The document after the changes (a `Diff`, or any of its changes), with comments, order and layout kept.

        Raises `DocumentError` where a change does not fit, or cannot be made in place exactly.

        >>> from confguard.diffs.engine import diff
        >>> document = parse("# the pool\\nsize = 64  # enough\\n", "toml")
        >>> print(document.edit(diff({"size": 64}, {"size": 32})).text, end="")
        # the pool
        size = 32  # enough
        """
        from confguard.documents.editing.changing import asked_for
        from confguard.documents.editing.tree import UnfitError

        asked = asked_for(changes)
        if not asked:
            return self
        notation = notation_of(self.format)
        if notation is None:
            raise DocumentError(f"{self.format} files cannot be edited in place", path=self.path)
        text, place = self.text.removeprefix("\ufeff"), asked[0].origin or asked[0].path
        try:
            # Paths of a diff of files that may hold several documents begin with one of them.
            return self._edited(notation(text), asked, several=getattr(changes, "several", False))
        except UnfitError as error:
            known = error.at is not None and error.at >= 0
            at = LineIndex(text).position(error.at or 0) if known else self.locate(place, nearest=True)
            raise self.error(str(error), at, error.hint or "edit by hand") from error
        except Exception as error:  # a layout that the spans don't foresee is the user's, and no fault
            shown = show_path(self.worded(asked[0].path))
            raise self.error(
                f"the changes, {shown} first, cannot be made in place exactly",
                self.locate(place, nearest=True),  # of the user's own text: what was made of it nobody has
                "unusual layout stands in the way, or the format has no way to write it: edit by hand",
            ) from error

    def _edited(self, notation: Weaving, changes: Sequence[DataChange], *, several: bool) -> Document:
        """The document after the changes, if it says what was asked for: an edit is exact, or it is refused."""
        from confguard.documents.editing.changing import edited

        woven, data = edited(notation, self.data, changes, self.worded, several=several)
        bom = "\ufeff" if self.text.startswith("\ufeff") else ""
        for end in ["", notation.newline][: 1 if woven.endswith("\n") else 2]:
            # The last line end may be missing as it was, save where it is a part of the last value.
            with suppress(DocumentError):
                document = parse(bom + woven + end, self.format, path=self.path, tags=self.tags)
                held = list(document.data) if isinstance(document.data, Documents) else document.data
                if identical(held, data) or same(held, data):
                    return document
        raise ValueError("the edited text says something else")


_WRITTEN_KEY = re.compile(r"(?:\?\s+)?(.*?)\s*(?::(?=[\s,\[\]{}]|\Z)|\s#|\Z)")


def read(path: str | os.PathLike[str], format: str | None = None, *, tags: Iterable[str] = ()) -> Document:
    """Read and parse a file.

    `format` names the format where the file's name does not. What carries one of the YAML `tags` (`!Ref`, or patterns
    such as `!*`) is read as its plain value. Raises `DocumentError` with the place for
    what cannot be read: no regular file, too large, not UTF-8, not of its format, nested too deep.

    >>> read("no-such.toml")
    Traceback (most recent call last):
        ...
    confguard.errors.DocumentError: no-such.toml: no such file
    """
    check_type(path, str | os.PathLike, "path")
    name = os.fspath(path)
    content = load_bytes(name)  # first: no format is missing where there is no file
    chosen = format_named(format) if format else detect_format(name)
    return parse_content(content, chosen.name, path=name, tags=tags)


def parse(text: str, format: str, *, path: str | None = None, tags: Iterable[str] = ()) -> Document:
    """Parse a text of a named format. Takes `tags` and raises `DocumentError` as `read` does.

    >>> parse('{"a": 1}', "json").data
    {'a': 1}
    >>> parse("queue: !Ref Jobs", "yaml", tags=["!Ref"]).data
    {'queue': 'Jobs'}
    """
    check_type(text, str, "text")
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        line, column = LineIndex(text).position(error.start)
        raise DocumentError(
            "the text holds lone surrogates: not valid Unicode", path=path, line=line, column=column
        ) from error
    return parse_content(content, format, path=path, tags=tags)


def parse_content(
    content: bytes, format: str, *, path: str | None = None, tags: Iterable[str] = ()
) -> Document:
    """Parse the bytes of one file of a named format."""
    chosen, named = format_named(format), listed(tags)
    return Document(parsed(content, chosen, path, named), content, chosen.name, path, named)


def write(data: Any, format: str) -> Document:
    """The document that holds this data. Raises `DocumentError` where the format cannot hold it exactly.

    >>> print(write({"server": {"port": 80}}, "toml").text, end="")
    [server]
    port = 80
    >>> write({"port": 80}, "env")
    Traceback (most recent call last):
        ...
    confguard.errors.DocumentError: env cannot hold this data exactly: port is of type int
    """
    chosen, hint = format_named(format), "hand in a file instead of a mapping"
    try:
        if (document := _held(data, chosen)) is not None:
            return document
        culprit = _culprit(data, lambda part: _held(part, chosen) is not None)
    except NotImplementedError:
        raise DocumentError(f"confguard does not write {format}", hint=hint) from None
    except RecursionError:
        raise DocumentError(TOO_DEEP, hint=hint) from None
    raise DocumentError(f"{format} cannot hold this data exactly{culprit}", hint=hint)


def _held(data: Any, format: Format) -> Document | None:
    """The document that holds this data; None where there is none."""
    try:
        tables = as_tables(data)
        document = parse(format.write(tables), format.name)
    except (NotImplementedError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - a format raises whatever its library does for what it cannot hold
        return None
    return document if same(document.data, tables) else None


def _culprit(value: Any, held: Callable[[Any], bool], path: Path = ()) -> str:
    """The first value that is not held though it stands alone, where another in its place is."""
    is_table = isinstance(value, Mapping)
    for step, inner in value.items() if is_table else enumerate(value if isinstance(value, list) else ()):

        def alone(part: Any, step: Any = step) -> bool:
            return held({step: part} if is_table else [part])

        if not alone(inner):
            if alone("x") or alone({"x": "x"}):
                return _culprit(inner, alone, (*path, step))
            break
    kind = "None" if value is None else f"of type {type(value).__name__}"
    return f": {show_path(path)} is {kind}" if path else ""
