"""A document: a parsed file with its data, exact text and format; places are worked out on demand."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import define, field

from confguard.documents.interface import LineIndex, ParseError, Places, Position
from confguard.documents.reading import load_bytes, parsed
from confguard.documents.registry import detect_format, format_named
from confguard.errors import DocumentError
from confguard.paths import Path, follow, path_from_json
from confguard.values import Documents, digest_of

if TYPE_CHECKING:
    from confguard.documents.editing.edit import ChangeLike

__all__ = ["Document", "Position", "load_bytes", "parse", "parse_bytes", "read"]


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
    def texts_only(self) -> bool:
        """Has the format no other values than texts, so that what reads them tells what they are?"""
        return bool(getattr(format_named(self.format), "texts_only", False))

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
        found = self._places.get(walked) if whole else None
        return found.value if found else None

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

    def edit(self, changes: Iterable[ChangeLike]) -> Document:
        """The document after the changes (a `Diff`, or any of its changes), with comments, order and layout kept.

        Raises `DocumentError` where a change does not fit, or cannot be made in place exactly.

        >>> from confguard.diffs.engine import diff
        >>> document = parse("# the pool\\nsize = 64  # enough\\n", "toml")
        >>> print(document.edit(diff({"size": 64}, {"size": 32})).text, end="")
        # the pool
        size = 32  # enough
        """
        from confguard.documents.editing import edit

        return edit(self, changes)

    @property
    def single(self) -> Document:
        """The document itself, where its file holds no others, as settings do. Raises `DocumentError`."""
        if not isinstance(self.data, Documents):
            return self
        second = self.locate((1,)) or Position(1, 1)
        raise DocumentError(
            f"holds {len(self.data)} documents, and settings are one",
            path=self.path,
            line=second.line,
            column=second.column,
            hint="put the others into files of their own",
        )

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
        except (ParseError, RecursionError):  # a place is a courtesy: data is what counts
            return {}


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
    name = os.fspath(path)
    chosen = format_named(format) if format else detect_format(name)
    return parse_bytes(load_bytes(name), chosen.name, path=name, tags=tags)


def parse(text: str, format: str, *, path: str | None = None, tags: Iterable[str] = ()) -> Document:
    """Parse a text of a named format. Takes `tags` and raises `DocumentError` as `read` does.

    >>> parse('{"a": 1}', "json").data
    {'a': 1}
    >>> parse("queue: !Ref Jobs", "yaml", tags=["!Ref"]).data
    {'queue': 'Jobs'}
    """
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        line, column = LineIndex(text).position(error.start)
        raise DocumentError(
            "the text holds lone surrogates: not valid Unicode", path=path, line=line, column=column
        ) from error
    return parse_bytes(content, format, path=path, tags=tags)


def parse_bytes(
    content: bytes, format: str, *, path: str | None = None, tags: Iterable[str] = ()
) -> Document:
    """Parse the bytes of a file of a named format, or of a bundle of files."""
    if format == "bundle":
        from confguard.documents.bundle import parse_bundle

        return parse_bundle(content, path, tags)
    chosen, named = format_named(format), tuple(tags)
    return Document(parsed(content, chosen, path, named), content, chosen.name, path, named)
