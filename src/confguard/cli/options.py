"""What the commands' parsers share."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from confguard.errors import ConfguardError, did_you_mean, harmless

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from confguard.fields import Duration
    from confguard.moments import Moment

__all__ = [
    "Command",
    "Commands",
    "Parser",
    "UsageError",
    "duration",
    "moment",
    "said",
    "whole",
    "written_moment",
]

Command: TypeAlias = Callable[[Namespace], int]
_INVALID_CHOICE = re.compile(r"argument (?P<name>\S+): invalid choice: '(?P<word>[^']*)'")
_EPILOG = "example:\n  {example}\n\nexit codes: {exits}"


class UsageError(ConfguardError):
    """A command line that no command takes."""

    def __init__(self, message: str, *, hint: str, usage: str, prog: str) -> None:
        super().__init__(message, hint=hint)
        self.shown = f"{usage}{prog}: error: {message}"
        """As argparse says it."""


class Parser(ArgumentParser):
    """A parser whose errors name what was probably meant."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Write without hiding that it cannot be written, as argparse does."""
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`, with a did-you-mean for a command."""
        match = _INVALID_CHOICE.match(message)
        for action in self._actions if match else ():
            if (
                match
                and action.choices
                and match["name"] in (action.metavar, "/".join(action.option_strings))
            ):
                known = [str(choice) for choice in action.choices]
                message = f"unknown {match['name']} '{match['word']}'{did_you_mean(match['word'], known)}"
                message += "" if action.metavar else f"; one of: {', '.join(known)}"
        raise UsageError(message, hint=f"{self.prog} --help", usage=self.format_usage(), prog=self.prog)


class Commands:
    """The commands' parsers, and the options that several of them take."""

    def __init__(self, parsers: Any, abouts: Mapping[str, str]) -> None:
        self._parsers = {
            name: parsers.add_parser(name, help=about, description=about) for name, about in abouts.items()
        }

    def add(
        self,
        name: str,
        run: Command,
        example: str,
        exits: str = "0 done, 2 cannot run",
        formats: Sequence[str] = ("text", "json"),
    ) -> ArgumentParser:
        """What runs a command, with an example; its options are added to what this returns."""
        command: ArgumentParser = self._parsers[name]
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        command.epilog = _EPILOG.format(
            example=example, exits=textwrap.fill(exits, 66, subsequent_indent=" " * 12)
        )
        command.set_defaults(run=run)
        many = len(formats) > 2
        about_format = f"how to print: {', '.join(formats)} (text)" if many else "how to print (text)"
        command.add_argument(
            "--format",
            choices=formats,
            default="text",
            metavar="FORMAT" if many else None,
            help=about_format,
        )
        return command

    def add_reading(self, command: ArgumentParser) -> None:
        """How files are read, and by which schema."""
        command.add_argument(
            "--as", dest="read_as", metavar="FORMAT", help="the files' format, where names do not tell it"
        )
        command.add_argument("--schema", metavar="MODULE:CLASS", help="what the files must fit")

    def add_config(self, command: ArgumentParser, *, optional: bool = False) -> None:
        """The name of a config; of all, where it may be left out."""
        about = "a config in confguard.toml"
        command.add_argument(
            "name",
            metavar="NAME",
            nargs="?" if optional else None,
            help=f"{about} (all)" if optional else about,
        )

    def add_author(self, command: ArgumentParser, *, why: str, required: bool = True) -> None:
        """Who does it, and why."""
        command.add_argument("--reason", required=required, type=said, help=why)
        command.add_argument("--author", type=said, help="who does it (the user who runs this)")


def said(text: str) -> str:
    """A text that says something."""
    if not text.strip():
        raise ArgumentTypeError("must say something")
    return text.strip()


def duration(text: str) -> Duration:
    """A duration, for an option."""
    from confguard.fields import Duration

    try:
        parsed = Duration(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
    if not parsed:
        raise ArgumentTypeError("must be longer than nothing")
    return parsed


def whole(text: str) -> int:
    """A revision's number."""
    if not text.isdigit():
        raise ArgumentTypeError(f"expected a revision's number, got '{text}'")
    return int(text)


def moment(text: str) -> datetime:
    """A moment in time, for an option: `2026-11-25T08:45Z`, `14:05`, `2h ago`; local time where it names no zone."""
    return written_moment(text).at.astimezone(UTC)


def written_moment(text: str) -> Moment:
    """The same, with whether it names a zone."""
    from confguard.moments import EXAMPLES, read_moment

    try:
        return read_moment(text)
    except ValueError as error:
        raise ArgumentTypeError(
            f"expected a time, got '{harmless(text[:80])}': {error} (such as {EXAMPLES})"
        ) from error
