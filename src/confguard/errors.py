"""Every error confguard raises on purpose: one tree below `ConfguardError`.

Each error is a sentence a person can act on. `hint` says what to do next, and `exit_code` is what the
command line returns for it: 2 cannot run, 1 refused, 3 the head moved, 4 applied and taken back, 5 in place and
not told, 6 in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from confguard.texts import shortened, window

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "BakeFailedError",
    "BakeNotToldError",
    "BakingError",
    "ConfguardError",
    "ConflictError",
    "DiffError",
    "DocumentError",
    "DriftError",
    "InDoubtError",
    "IntegrityError",
    "MergeConflictError",
    "NotFoundError",
    "NotToldError",
    "PolicyError",
    "Problem",
    "ProjectError",
    "RefusedError",
    "SchemaError",
    "StoreBusyError",
    "StoreError",
    "TargetError",
    "ValidationError",
]


class ConfguardError(Exception):
    """The root: catch it to catch all that confguard raises on purpose.

    >>> error = ConfguardError("the store is away", hint="start it")
    >>> print(error)
    the store is away
    >>> error.hint
    'start it'
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def to_json(self) -> dict[str, object]:
        """The error as JSON."""
        return {"message": str(self), "hint": self.hint, "exit_code": self.exit_code}


class DocumentError(ConfguardError):
    """A file cannot be read or parsed. `path`, `line` and `column` (from 1) say where."""

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.message, self.path, self.line, self.column = message, path, line, column
        super().__init__(f"{place(path, line, column)}{message}", hint=hint)

    def to_json(self) -> dict[str, object]:
        """The error as JSON, with its place beside the message."""
        place = {"file": self.path, "line": self.line, "column": self.column}
        return super().to_json() | {"message": self.message} | place


class SchemaError(ConfguardError):
    """A schema cannot be imported or is of a kind that confguard does not know."""


_KEY = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s=:,\]}]+")
_VALUE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\[[^\]]*\]?|\{[^}]*\}?|[^\s,\]}]+")
_SHOWN = 73
"""How much of a line of the source is shown, on 80 columns."""


class Problem(NamedTuple):
    """One way in which a document does not fit its schema."""

    path: tuple[object, ...]
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source: str | None = None
    """The line of the source, where it may be shown."""
    related: tuple[Problem, ...] = ()
    """The other settings that a rule across several of them names."""
    under: tuple[int, int] | None = None
    """Where in that line the value at fault stands: its column, and how long it is; None where the key is."""

    def report(self) -> str:
        """The problem with the line of the source, and what is at fault underlined.

        >>> print(Problem(("port",), "expected a port", "a.toml", 2, 1, "port = 99999", under=(8, 5)).report())
        a.toml:2:1: port: expected a port
           2 | port = 99999
             |        ^^^^^
        """
        shown = excerpt(self.source, self.line, self.column, self.under)
        return "\n".join([str(self), *shown, *(each.report() for each in self.related)])

    def to_json(self) -> dict[str, object]:
        """The problem as JSON."""
        from confguard.paths import path_to_json

        members: dict[str, object] = {
            "path": path_to_json(self.path),
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
        }
        return members | ({"related": [each.to_json() for each in self.related]} if self.related else {})

    def __str__(self) -> str:
        from confguard.paths import show_path

        where = show_path(self.path)
        return f"{place(self.file, self.line, self.column)}{where}: {self.message}"


class ValidationError(ConfguardError):
    """A document does not fit its schema. `problems` lists all of them, each with its place."""

    exit_code = 1

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def to_json(self) -> dict[str, object]:
        """The error as JSON, with all problems."""
        return super().to_json() | {"problems": [problem.to_json() for problem in self.problems]}

    def report(self) -> str:
        """All problems, each with its line of the source underlined."""
        return "\n".join(problem.report() for problem in self.problems)


class DiffError(ConfguardError):
    """A diff does not fit the data it is applied to."""


class PolicyError(ConfguardError):
    """The policy blocks a plan, or asks for an approval that was not given."""

    exit_code = 1


class StoreError(ConfguardError):
    """A store cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Another process held the store for longer than confguard waits."""


class NotFoundError(StoreError):
    """A revision or a config that was asked for is not in the store."""


class ConflictError(StoreError):
    """The head moved since the plan was made: plan again."""

    exit_code = 3


class InDoubtError(StoreError):
    """A commit was sent, and its answer was lost: nobody knows whether it was done, until the store answers again."""

    exit_code = 6


class MergeConflictError(StoreError):
    """A revision cannot be taken back by itself: `conflicts` lists what was changed again since."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, conflicts: Iterable[object] = ()) -> None:
        super().__init__(message, hint=hint)
        self.conflicts = tuple(conflicts)


class IntegrityError(StoreError):
    """Stored history is not what was written. The message names the first bad link, `bad` the numbers of all."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, bad: Iterable[int] = ()) -> None:
        super().__init__(message, hint=hint)
        self.bad = tuple(bad)


class DriftError(ConfguardError):
    """A target holds what somebody else wrote into it, and the plan would undo that.

    `drift` tells what differs from the head. Adopt it, or apply with `overwrite=True`.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, drift: Iterable[object] = ()) -> None:
        super().__init__(message, hint=hint)
        self.drift = tuple(drift)


class BakingError(ConfguardError):
    """Another revision is being watched. `revision` is its number, `until` the end of its bake.

    Wait for it, confirm it, revert it, or apply with `supersede="why"`.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, revision: int, until: datetime) -> None:
        super().__init__(message, hint=hint)
        self.revision, self.until = revision, until


class TargetError(ConfguardError):
    """A target cannot be read or written, or a service cannot be told of it."""


class RefusedError(TargetError):
    """A revision could not be written everywhere, or its service refused it; what was before is in force again."""

    exit_code = 4


class NotToldError(TargetError):
    """A revision is in place in every target, and stays; its service could not be told.

    `revision` is that revision. `confguard tell NAME` (`guard.tell()`) tells it again.
    """

    exit_code = 5

    def __init__(self, message: str, *, hint: str | None = None, revision: Any) -> None:
        super().__init__(message, hint=hint)
        self.revision = revision


class BakeFailedError(ConfguardError):
    """A revision was applied, found unhealthy or left unconfirmed, and reverted.

    `healthy_again` says whether what its bake asks was well again afterwards; if not, the change was not the cause, or
    not the only one. None where that was not asked, or could not be measured.
    """

    exit_code = 4
    healthy_again: bool | None = None


class BakeNotToldError(NotToldError, BakeFailedError):
    """Both: a bake failed, the bytes before it are in place, and the service could not be told of them."""


class ProjectError(ConfguardError):
    """`confguard.toml` is missing, does not parse, or does not say what is needed."""


def place(path: str | None, line: int | None = None, column: int | None = None) -> str:
    """The prefix `file:line:column: ` as compilers write it, as far as it is known.

    >>> place("auth.toml", 3, 1)
    'auth.toml:3:1: '
    """
    if path is None and line is None:
        return ""
    parts = [path or "<text>", *(str(number) for number in (line, column) if number is not None)]
    return ":".join(parts) + ": "


def excerpt(
    source: str | None, line: int | None, column: int | None, under: tuple[int, int] | None = None
) -> list[str]:
    """A line of the source with what stands at a column underlined, or with `under`; nothing where it is not known.

    >>> excerpt("port = 99999", 2, 1)
    ['   2 | port = 99999', '     | ^^^^']
    >>> excerpt("port = 99999", 2, 1, (8, 5))
    ['   2 | port = 99999', '     |        ^^^^^']
    """
    if source is None or line is None or column is None:
        return []
    at, length = (under[0] - 1, under[1]) if under else (column - 1, 0)
    if not length:
        token = (_VALUE if under else _KEY).match(source, at)
        length = len(token.group()) if token else 1
    shown, at = window(source.rstrip("\r\n"), at, length, _SHOWN)
    shown = "".join(char if char.isprintable() else "." for char in shown)
    marks = "^" * max(1, min(length, len(shown) - at))
    return [f"{line:>4} | {shown}", f"     | {' ' * at}{marks}"]


def brief(text: str, most: int = 300) -> str:
    """A text that fits into a message: its middle left out where it is long, control characters written out.

    >>> brief("a" * 20, 11), brief("a\\x1b[2J")
    ('aaa ... aaa', 'a\\\\x1b[2J')
    """
    if len(text) > 2 * most:
        text = f"{text[:most]} {text[-most:]}"
    return shortened(harmless(text), most)  # which writes some characters as several


def harmless(text: str) -> str:
    """A text whose control and direction characters are written out.

    >>> harmless("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing when no known word is close.

    >>> did_you_mean("timout", ["timeout", "retries"])
    " (did you mean 'timeout'?)"
    >>> did_you_mean("zzz", ["timeout"])
    ''
    """
    close = nearest(word, known)
    return f" (did you mean '{close}'?)" if close is not None else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is close to another, letter case aside, if any is.

    >>> nearest("LICENCE", ["port", "licence"]), nearest("prot", ["port", "licence"])
    ('licence', 'port')
    """
    if len(word) > 100:  # finding what was meant would take long, and help nobody
        return None
    from difflib import get_close_matches

    by_letters: dict[str, list[str]] = {}
    for each in known:
        by_letters.setdefault(each.casefold(), []).append(each)
    close = get_close_matches(word.casefold(), list(by_letters), n=1, cutoff=0.6)
    spellings = by_letters[close[0]] if close else []
    return next(iter(get_close_matches(word, spellings, n=1, cutoff=0.6)), next(iter(spellings), None))
