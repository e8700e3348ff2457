"""A document: a parsed file that can be edited, and of which files it is made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field

from confguard.documents.editing.interface import DataChange
from confguard.documents.interface import LineIndex, Position
from confguard.documents.parsed import Parsed
from confguard.documents.reading import load_bytes, parsed
from confguard.documents.registry import detect_format, format_named
from confguard.errors import DocumentError
from confguard.paths import Path, path_from_json
from confguard.values import Documents, check_type

__all__ = ["Document", "Position", "load_bytes", "parse", "parse_content", "read"]


@define(slots=False, frozen=True, eq=False)
class Document(Parsed):
    """A parsed file. Documents are equal to none but themselves; compare their `data`.

    >>> document = parse("[server]\\nport = 80\\n", "toml")
    >>> document.data
    {'server': {'port': 80}}
    >>> document.locate(["server", "port"])
    Position(line=2, column=1)
    """

    files: Mapping[str, Document] = field(factory=dict, repr=False, kw_only=True)
    """Of a config of several files: each by its name."""

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

    def edit(self, changes: Iterable[DataChange]) -> Document:
        """The document after the changes (a `Diff`, or any of its changes), with comments, order and layout kept.

        Raises `DocumentError` where a change does not fit, or cannot be made in place exactly.

        >>> from confguard.diffs.engine import diff
        >>> document = parse("# the pool\\nsize = 64  # enough\\n", "toml")
        >>> print(document.edit(diff({"size": 64}, {"size": 32})).text, end="")
        # the pool
        size = 32  # enough
        """
        from confguard.documents.editing import edited

        result = edited(self, changes)
        return (
            self
            if result is None
            else Document(result.data, result.content, self.format, self.path, self.tags)
        )

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
    return parse_content(load_bytes(name), chosen.name, path=name, tags=tags)


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
    chosen, named = format_named(format), tuple(tags)
    return Document(parsed(content, chosen, path, named), content, chosen.name, path, named)
