"""`blame` and `log`: who set each value, and what changed when, over a store's history or over git."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from confguard.cli.options import Commands
from confguard.cli.output import say
from confguard.cli.projects import guarded_there
from confguard.cli.sources import config_named, from_here, revision_of, terms_for
from confguard.records import Blame, blame

__all__ = ["register"]

_ABOUT = "a config in confguard.toml (its store), a file in git, or REV:path"


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add(
        "blame",
        show_blame,
        "confguard blame auth\n  confguard blame deploy/auth.yaml --format json",
    )
    command.add_argument("name", metavar="FILE|NAME", help=_ABOUT)
    commands.add_reading(command)


def show_blame(args: Namespace) -> int:
    """`confguard blame`."""
    result = _blame(args)
    say(args.format, result.to_json(), lambda: str(result))
    return 0


def _blame(args: Namespace) -> Blame:
    if is_config(args.name):
        with guarded_there(args.name) as guard:
            return blame(guard, schema=args.schema)
    revision = revision_of(args.name)
    terms = terms_for(args.name, args.schema)
    return blame(
        Path(from_here(args.name)),
        schema=terms.schema,
        revision=revision,
        format=args.read_as or terms.format,
    )


def is_config(name: str) -> bool:
    """Does an argument name a config of the project, and no file? What is neither is taken as a config's name."""
    named_as_file = ":" in name or "/" in name or "." in name or Path(name).exists()
    return config_named(name) is not None or not named_as_file
