"""The command line: one module a command group; each command parses, calls and renders."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from confguard import __version__
from confguard.cli import about, change, compare, history
from confguard.cli.options import Commands, Parser
from confguard.cli.output import report_error
from confguard.errors import ConfguardError

__all__ = ["build_parser", "main"]


def build_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(
        prog="confguard",
        description="Keep configuration changes from causing outages.",
        epilog="Each command has a --help with an example. Start with: confguard demo",
    )
    parser.add_argument("--version", action="version", version=f"confguard {__version__}")
    commands = Commands(parser.add_subparsers(metavar="COMMAND", required=True))
    for group in (compare, change, history, about):
        group.register(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except ConfguardError as error:
        report_error(error, args.format)
        return error.exit_code
    except KeyboardInterrupt:
        print("confguard: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code
