"""`backtest`: what the score is worth on a repository's own history."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from confguard.cli.options import Commands
from confguard.cli.output import say
from confguard.errors import ConfguardError
from confguard.progress import progress
from confguard.risk.backtest import backtest
from confguard.risk.likelihood import read_model

__all__ = ["register"]


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "backtest",
        run,
        "confguard backtest . --html backtest.html\n  confguard backtest ../deploy --fit risk.json",
    )
    command.add_argument("repository", metavar="REPO", type=Path, help="a git repository, bare or not")
    command.add_argument("--revs", type=Path, metavar="FILE", help="count only these commits: one a line")
    command.add_argument("--html", type=Path, metavar="FILE", help="write a page with a plot, too")
    command.add_argument(
        "--fit", type=Path, metavar="FILE", help="write coefficients of this repository's own"
    )
    command.add_argument("--model", type=Path, metavar="FILE", help="score by what --fit wrote")


def run(args: Namespace) -> int:
    """`confguard backtest`."""
    from confguard.risk.backtest_page import to_html, to_text

    if not args.repository.is_dir():
        raise ConfguardError(f"{args.repository}: no such folder", hint="name a git repository")
    only = _revisions(args.revs) if args.revs else None
    with progress("reading") as tell:
        page = backtest(
            args.repository,
            only=only,
            model=read_model(args.model) if args.model else None,
            progress=tell,
        )
    if args.html:
        args.html.write_text(to_html(page), "utf-8")
    if args.fit:
        args.fit.write_text(json.dumps(page.fitted().to_json(), indent=1) + "\n", "utf-8")
    say(args.format, page.to_json(), lambda: to_text(page))
    return 0


def _revisions(file: Path) -> set[str]:
    try:
        lines = file.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfguardError(f"{file}: cannot be read: {error}") from error
    return set(lines)
