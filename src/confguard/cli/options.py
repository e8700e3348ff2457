"""What the commands' parsers share."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from confguard.errors import ConfguardError, did_you_mean, harmless

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from confguard.fields import Duration
    from confguard.moments import Moment


Command: TypeAlias = Callable[[Namespace], int | None]
"""What runs a command, and returns its exit code unless all is well."""
Options: TypeAlias = "argparse._ActionsContainer"
"""A parser, or a group of its options."""
_INVALID_CHOICE = re.compile(r"argument (?P<name>\S+): invalid choice: '(?P<word>[^']*)'")


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

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does; what a command does not know is told by the command, which knows its options."""
        self._words = list(sys.argv[1:] if args is None else args)
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._meant(unknown[0])}")
        return parsed, unknown

    def _meant(self, word: str) -> str:
        """The did-you-mean for a word that is no option of these."""
        name = word.partition("=")[0]
        forms = [each for action in self._actions if action.dest == "format" for each in action.choices or ()]
        if name.removeprefix("--") in forms:
            return f" (did you mean '--format {name[2:]}'?)"
        options = [option for action in self._actions for option in action.option_strings]
        return did_you_mean(name, options) if name.startswith("-") else ""

    def _misspelt(self) -> str:
        """The first option on the command line that is none, with what was meant."""
        options = [option for action in self._actions for option in action.option_strings]
        for word in takewhile(lambda word: word != "--", self._words):
            name = word.partition("=")[0]
            if name.startswith("--") and not any(option.startswith(name) for option in options):
                return f"unrecognized arguments: {name}{self._meant(name)}; "
        return ""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`, with a did-you-mean for a command."""
        for action in self._actions:
            if action.choices and not action.option_strings and not action.metavar:
                named = f"one of {', '.join(map(str, action.choices))}"
                message = re.sub(rf"(required: (?:.*, )?){action.dest}\b", rf"\1{named}", message)
        if message.startswith("the following arguments are required"):  # as one that is misspelt is
            message = self._misspelt() + message
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
    """The commands' parsers, by name."""

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
        exits = textwrap.fill(exits, 66, subsequent_indent=" " * 12)
        command.epilog = f"example:\n  {example}\n\nexit codes: {exits}"
        command.set_defaults(run=run)
        many = len(formats) > 2
        about = f"how to print: {', '.join(formats)} (text)" if many else "how to print (text)"
        metavar = "FORMAT" if many else None
        command.add_argument("--format", choices=formats, default="text", metavar=metavar, help=about)
        return command


def argument(command: Options, name: str, metavar: str, help: str, **more: Any) -> None:
    """Add an argument, or an option that takes one."""
    command.add_argument(name, metavar=metavar, help=help, **more)


def flag(command: Options, name: str, help: str, **more: Any) -> None:
    """Add an option that is there, or not."""
    command.add_argument(name, action="store_true", help=help, **more)


def repeated(command: Options, name: str, metavar: str, help: str, **more: Any) -> None:
    """Add an option that may be given several times."""
    command.add_argument(name, metavar=metavar, help=help, action="append", default=[], **more)


def config_argument(command: Options, *, optional: bool = False) -> None:
    """Add the name of a config; of all, where it may be left out."""
    about = f"a config in confguard.toml{' (all)' if optional else ''}"
    argument(command, "name", "NAME", about, nargs="?" if optional else None)


def reading_options(command: Options) -> None:
    """Add how files are read, and by which schema."""
    argument(command, "--as", "FORMAT", "the files' format, where names do not tell it", dest="read_as")
    argument(command, "--schema", "MODULE:CLASS", "what the files must fit")


def author_options(command: Options, *, why: str, required: bool = True) -> None:
    """Add who does it, and why."""
    argument(command, "--reason", "REASON", why, required=required, type=nonblank)
    argument(command, "--author", "AUTHOR", "who does it (the user who runs this)", type=nonblank)


def fail_on_option(command: Options, about: str) -> None:
    """Add the decision that counts as a failure."""
    command.add_argument("--fail-on", choices=["review", "block"], default="block", help=about)


def nonblank(text: str) -> str:
    """A text that says something."""
    if not text.strip():
        raise ArgumentTypeError("must not be empty")
    return text.strip()


def duration(text: str) -> Duration:
    from confguard.fields import Duration

    try:
        parsed = Duration(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
    if not parsed:
        raise ArgumentTypeError("must be longer than 0")
    return parsed


def number(text: str) -> int:
    if not text.isdigit():
        raise ArgumentTypeError(f"expected a revision's number, got '{text}'")
    return int(text)


def whole(text: str) -> int:
    if not text.isdigit():
        raise ArgumentTypeError(f"expected a number, got '{text}'")
    return int(text)


def count(text: str) -> int:
    if not (counted := whole(text)):
        raise ArgumentTypeError("must be 1 or more")
    return counted


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
