"""The command line: one module a command group; each command parses, calls and renders."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from errno import ENOSPC
from importlib import import_module
from itertools import pairwise
from typing import Any

from confguard import __version__
from confguard.cli.here import find_project, finding_once
from confguard.cli.options import Commands, Parser, UsageError
from confguard.errors import ConfguardError
from confguard.streams import escape_unencodable, run_to_end

_COMMANDS = {
    "demo": ("about", "Replay the outage of 18 January 2024 on a real login service, and prevent it."),
    "init": ("starting", "Write confguard.toml from the configuration files found here."),
    "check": ("checking", "Parse files, hold them against their schema, and look for format traps."),
    "diff": ("compare", "Show what changed in meaning: between files, folders, environments or revisions."),
    "assess": ("compare", "Score how dangerous a change is, and say why."),
    "plan": ("change", "Validate, diff and score a change against the head. Writes nothing."),
    "apply": ("change", "Make a change the head, and write it to all targets."),
    "confirm": ("change", "Let the head stay, before its bake is over."),
    "revert": ("change", "Bring back the exact bytes of the revision before the head, or of another one."),
    "extend": ("change", "Let a bake, or its stage, be longer."),
    "status": ("status", "Say for each config what is in force, and whether all is well."),
    "log": ("history", "List what changed when: revisions or commits, newest first; or a change log."),
    "blame": ("history", "Say for each value who set it, when and why: by meaning, not by lines."),
    "show": ("history", "Show one revision: who, when, why, and what it changed."),
    "suspects": ("history", "Name the changes that are likeliest behind an alarm, and say why."),
    "drift": ("status", "Say which values in targets differ from the head, and since when."),
    "adopt": ("change", "Make what somebody wrote into a target a revision, judged as any other."),
    "tell": ("change", "Tell the service of what is in its targets, again."),
    "recover": ("change", "Finish what was left: write, revert what nobody watches, tell what was not told."),
    "agent": ("watching", "Stay, finish what was left behind, and watch monitors and targets."),
    "verify": ("history", "Check every link of the chain of revisions."),
    "thin": ("keeping", "Drop the content of old revisions; all stay in the chain."),
    "export": ("keeping", "Write a config's whole history to one file."),
    "import": ("keeping", "Add what an export holds to the store: all of a config, or what is newer."),
    "store": ("keeping", "Print or run what a DBA runs once for a store in PostgreSQL."),
    "schema": ("schemas", "Write a schema out, compare two versions of it, or bring an old file up to it."),
    "explain": ("schemas", "Show for each value where it comes from, and what it shadows."),
    "rules": ("about", "List the rules, or explain one."),
    "drill": ("drilling", "Inject misconfigurations into a copy, and say which layer catches each."),
    "git": ("versioning", "Let git diff and merge configuration files by meaning."),
    "backtest": ("about", "Score a repository's past changes, and compare with what was reverted."),
}
"""Each command: the module here that adds it, and what it is for."""


def build_parser(command: str | None = None) -> Parser:
    """The parser of all commands; with one named, the others have their names alone: options cost imports."""
    parser = Parser(
        prog="confguard",
        description="Keep configuration changes from causing outages.",
        epilog="Each command has a --help with an example. Start with: confguard demo",
    )
    parser.add_argument("--version", action="version", version=f"confguard {__version__}")
    commands = Commands(
        parser.add_subparsers(metavar="COMMAND", required=True),
        {name: about for name, (_, about) in _COMMANDS.items()},
    )
    wanted = _COMMANDS if command is None else {command} & _COMMANDS.keys()
    for group in dict.fromkeys(_COMMANDS[name][0] for name in wanted):
        import_module(f"confguard.cli.{group}").register(commands)
    return parser


def _tags() -> Sequence[str]:
    """The tags that the project names, where there is one that can be read: its own errors are told by who needs it."""
    try:
        project = find_project()
    except ConfguardError:
        return ()
    return project.settings.documents.tags if project else ()


def _asks_for_json(words: Sequence[str]) -> bool:
    """Does a command line that could not be parsed ask for JSON?"""
    return "--format=json" in words or ("--format", "json") in pairwise(words)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning in a line of its own: where in the library it was given says nothing to who runs a command."""
    print(f"confguard: warning: {message}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    return run_to_end(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    escape_unencodable()
    named = next((word for word in words if not word.startswith("-")), "")
    from confguard.cli.output import log_to_stderr, report_error, report_interruption

    try:
        args = build_parser(named).parse_args(words)
    except UsageError as error:
        if _asks_for_json(words):
            report_error(error, "json")
        else:
            print(error.shown, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    from confguard.documents.reading import naming_tags

    try:
        if argv is None:  # a process of its own
            log_to_stderr()
        with finding_once(), naming_tags(_tags), warnings.catch_warnings():
            warnings.showwarning = _warn
            code: int = args.run(args) or 0
    except ConfguardError as error:
        with suppress(BrokenPipeError):
            sys.stdout.flush()  # what was said before comes before
        report_error(error, args.format)
        return error.exit_code
    except (KeyboardInterrupt, SystemExit) as interruption:
        return report_interruption(interruption, args.format)
    except BrokenPipeError:
        raise  # `run_to_end` knows what to do
    except OSError as error:
        if error.errno == ENOSPC and error.filename is None:  # of the output: files have names
            raise
        where = f"{error.filename}: " if error.filename else ""
        report_error(ConfguardError(f"{where}{error.strerror or error}"), args.format)
        return 2
    return code
