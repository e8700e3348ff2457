"""The command line: one module a command group; each command parses, calls and renders."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from itertools import pairwise

from confguard import __version__
from confguard.cli.options import Commands, Parser, UsageError
from confguard.cli.output import report_error
from confguard.errors import ConfguardError

__all__ = ["build_parser", "main"]


_GROUPS = {
    "compare": ("check", "assess"),
    "differences": ("diff",),
    "versioning": ("git",),
    "backtesting": ("backtest",),
    "change": ("plan", "apply", "adopt", "confirm", "revert", "tell", "recover"),
    "history": ("log", "show", "status", "verify"),
    "drifting": ("drift",),
    "keeping": ("thin", "export", "import"),
    "schemas": ("schema", "explain"),
    "starting": ("init",),
    "about": ("rules", "demo"),
}
"""The modules here, and the commands that each adds."""


def build_parser(command: str | None = None) -> Parser:
    """The parser of all commands; of one group, where a command of it is named: the others cost their imports."""
    parser = Parser(
        prog="confguard",
        description="Keep configuration changes from causing outages.",
        epilog="Each command has a --help with an example. Start with: confguard demo",
    )
    parser.add_argument("--version", action="version", version=f"confguard {__version__}")
    commands = Commands(parser.add_subparsers(metavar="COMMAND", required=True))
    named = [group for group, names in _GROUPS.items() if command in names]
    for group in named or _GROUPS:
        import_module(f"confguard.cli.{group}").register(commands)
    return parser


def _tags() -> Sequence[str]:
    """The tags that the project names, where there is one that can be read: its own errors are told by who needs it."""
    from confguard.project import find_project

    try:
        project = find_project()
    except ConfguardError:
        return ()
    return project.tags if project else ()


def _asks_for_json(words: Sequence[str]) -> bool:
    """Does a command line that could not be parsed ask for JSON?"""
    return "--format=json" in words or ("--format", "json") in pairwise(words)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        args = build_parser(words[0] if words else None).parse_args(words)
    except UsageError as error:
        if _asks_for_json(words):
            report_error(error, "json")
        else:
            print(error.shown, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    from confguard.documents.tags import naming_tags

    try:
        with naming_tags(_tags):
            code: int = args.run(args)
        sys.stdout.flush()
    except ConfguardError as error:
        with suppress(BrokenPipeError):
            sys.stdout.flush()  # what was said before comes before
        report_error(error, args.format)
        return error.exit_code
    except (KeyboardInterrupt, SystemExit) as interruption:
        print("\n".join(["confguard: interrupted", *getattr(interruption, "__notes__", ())]), file=sys.stderr)
        return int(getattr(interruption, "code", None) or 130)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code
