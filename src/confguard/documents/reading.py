"""From a file to data: bytes, text, values, bounds. No more than a service needs when it starts."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from confguard.documents.bounds import MAX_BYTES, TOO_DEEP, check_bounds, deepest_place
from confguard.documents.interface import ParseError
from confguard.documents.registry import is_built_in
from confguard.errors import DocumentError, brief, did_you_mean, nearest

if TYPE_CHECKING:
    from confguard.documents.interface import Format


def parsed(content: bytes, format: Format, path: str | None = None, tags: Collection[str] = ()) -> Any:
    """The data in the bytes of a file. Raises `DocumentError` with the place."""
    text = _decode(content, path).removeprefix("\ufeff")
    if line := conflict_line(content):
        message = "has the marks of a merge that is not finished"
        raise DocumentError(message, path=path, line=line, column=1, hint="finish the merge")
    try:
        if tags:
            with naming_tags(tags):
                data = format.parse(text)
        else:
            data = format.parse(text)
        check_bounds(data, content, format.name)
        return data
    except ParseError as error:
        line, column = (error.line, error.column or 1) if error.line else deepest_place(text)
        from confguard.secrets import masked  # its patterns take a while: a good file needs none

        hint = masked(error.hint) if error.hint else None
        problem = DocumentError(masked(brief(str(error))), path=path, line=line, column=column, hint=hint)
    except RecursionError:
        line, column = deepest_place(text)
        problem = DocumentError(TOO_DEEP, path=path, line=line, column=column)
    except Exception as error:
        if is_built_in(format.name) or isinstance(error, DocumentError):
            raise
        message = f"cannot be read as {format.name}: its plug-in raised {type(error).__name__}"
        problem = DocumentError(message, path=path, hint="a `ParseError` of the plug-in would say more")
    raise problem  # out here it has no context: parsers quote the lines around a mistake


def conflict_line(content: bytes) -> int | None:
    """The line of the first mark of a conflict, as git leaves it with what it names; None where there is none.

    >>> conflict_line(b"a=1\\n<<<<<<< ours\\nb=1\\n=======\\nb=2\\n>>>>>>> theirs\\n"), conflict_line(b"a=1\\n")
    (2, None)
    """
    if not any(mark in content for mark in _MARKS):
        return None
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(_MARKS)), None)


_MARKS = (b"<<<<<<< ", b">>>>>>> ")


def load_bytes(path: str, limit: int = MAX_BYTES, *, expected: bool = True) -> bytes:
    """The bytes of a regular file of at most `limit` bytes. Raises `DocumentError`.

    For one that is `expected` and not there, it looks for what was meant, which takes a moment.
    """
    try:
        # O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        meant = _file_meant(path) if expected else ""
        raise DocumentError(f"no such file{meant}", path=path) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DocumentError(f"cannot be read: {reason}", path=path) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise DocumentError(f"is {kind}, and a configuration file was expected", path=path)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(min(status.st_size, limit) + 1)
        if status.st_size < len(content) <= limit:  # it grew, or is one of those that do not tell their size
            content += file.read(limit + 1 - len(content))
    if len(content) > limit:
        raise DocumentError(
            f"is larger than {limit:,} bytes, the most that confguard reads",
            path=path,
            hint="a configuration of this size is usually data: keep it outside",
        )
    return content


def _file_meant(path: str) -> str:
    """` (did you mean 'app.toml'?)` where a file beside it has nearly its name, or has it with another suffix."""
    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or ".") as entries:
            there = [entry.name for entry in islice(entries, 1_000)]
    except OSError:
        return ""
    stem = nearest(_stem(name), map(_stem, there))
    return did_you_mean(name, [each for each in there if _stem(each) == stem])


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
"""How files in UTF-16 and UTF-32 begin."""


def _decode(content: bytes, path: str | None) -> str:
    if content.startswith(_WIDE):
        problem = "is UTF-16 or UTF-32, and UTF-8 was expected"
        raise DocumentError(problem, path=path, line=1, column=1, hint="save the file as UTF-8")
    zero = content.find(b"\0")
    if zero >= 0:
        problem = f"is binary: byte {zero} is NUL, and text in UTF-8 was expected"
        line, column = _position(content, zero)
        raise DocumentError(problem, path=path, line=line, column=column)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8: byte {error.start} is 0x{content[error.start]:02x}"
        line, column = _position(content, error.start)
        hint = "save the file as UTF-8"
        raise DocumentError(problem, path=path, line=line, column=column, hint=hint) from error


def _position(content: bytes, at: int) -> tuple[int, int]:
    return content.count(b"\n", 0, at) + 1, at - content.rfind(b"\n", 0, at)


_NAMED: ContextVar[tuple[Callable[[], tuple[str, ...]], ...]] = ContextVar("named_tags", default=())
_OF_YAML = "tag:yaml.org,2002:"


@contextmanager
def naming_tags(tags: Iterable[str] | Callable[[], Iterable[str]]) -> Iterator[None]:
    """Within this context what carries one of these tags (or patterns, such as `!*`) is read as its plain value.

    What is to be called for them is called when a document has a tag that is not known, and no sooner.

    >>> from confguard.documents.document import parse
    >>> with naming_tags(["!Ref"]):
    ...     parse("queue: !Ref Jobs", "yaml").data
    {'queue': 'Jobs'}
    """
    named = tuple(tags) if not callable(tags) else ()
    tags_now = cache(lambda: tuple(tags()) if callable(tags) else named)
    token = _NAMED.set((*_NAMED.get(), tags_now))
    try:
        yield
    finally:
        _NAMED.reset(token)


def is_named(tag: str) -> bool:
    """Is a tag named? Those of YAML's own that nobody knows, `!!python/...` among them, never are."""
    patterns = (pattern for named in _NAMED.get() for pattern in named())
    return not tag.startswith(_OF_YAML) and any(fnmatchcase(tag, pattern) for pattern in patterns)


_NAME = re.compile(r"""^\s*(?:-\s+)*[{,]*\s*(?:\[+\s*([^\[\]"']+?)\s*\]+|["']?([\w.$/-]+)["']?\s*[:=])""")


def names_around(text: str, line: int) -> str:
    """The names on a line, and on those above it that are indented less: what would be its path.

    >>> names_around("a:\\n  x: 1\\nb:\\n  list: [1\\n", 5), names_around("[a]\\nx = 1\\n\\nx = 2\\n", 4)
    ('b list', 'a x')
    """
    lines = text.removeprefix("\ufeff").splitlines()[: max(line, 1)]
    while lines and not lines[-1].strip():
        lines.pop()  # at the end of a text, it is what stands before that is not finished
    names: list[str] = []
    depth: float = float("inf")
    for each in reversed(lines):
        indent, match = len(each) - len(each.lstrip()), _NAME.match(each)
        header = match is not None and match[1] is not None
        if match and (indent < depth or (header and not any(name.startswith("[") for name in names))):
            names.append(f"[{match[1]}" if header else match[2])
            depth = indent
        if depth == 0 and header:
            break
    return " ".join(name.lstrip("[") for name in reversed(names))
