"""`git`: configuration files diffed and merged by meaning in git itself."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from pathlib import Path

from confguard import git
from confguard.cli.drivers import diff_driver, merge_driver
from confguard.cli.options import Commands
from confguard.cli.output import indented, say, shown_path

__all__ = ["register"]

_SUFFIXES = (
    "*.toml",
    "*.yaml",
    "*.yml",
    "*.json",
    "*.jsonc",
    "*.json5",
    "*.ini",
    "*.env",
    ".env",
    ".env.*",
    "*.properties",
)
_BEGIN, _END = "# confguard: begin", "# confguard: end"
_BOM = "\ufeff"
_AS_TEXT = (
    "{ test $? = 1 && grep -q '^<<<* ours' %A && exit 1;"
    " git merge-file -q -L ours -L base -L theirs --marker-size=%L %A %O %B; }"
)
"""What git does unless confguard left a result, or marks: it is gone, was killed, or failed (Python ends with 1)."""


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "git",
        run,
        "confguard git install\n  git diff            # by meaning; as text: git diff --no-ext-diff",
        exits="0 done, or merged; 1 conflicts; 2 cannot run",
    )
    about = "install, uninstall: in this repository; diff-driver, merge-driver: what git calls"
    command.add_argument("what", choices=["install", "uninstall", "diff-driver", "merge-driver"], help=about)
    command.add_argument("arguments", nargs="*", metavar="ARG", help="what git hands to a driver")


def run(args: Namespace) -> int:
    """`confguard git`."""
    if args.what == "diff-driver":
        return diff_driver(args.arguments)
    if args.what == "merge-driver":
        return merge_driver(args.arguments)
    root = git.root()
    install = args.what == "install"
    attributes = root / ".gitattributes"
    _configure(install=install)
    _write_attributes(attributes, install=install)
    done = {"attributes": str(attributes), "installed": install}
    told = (
        f"{shown_path(attributes)}: git diffs and merges by meaning\n{indented(', '.join(_SUFFIXES))}\n"
        "commit it, and run `confguard git install` once in each clone"
        if install
        else f"{shown_path(attributes)}: git diffs and merges as it did"
    )
    say(args.format, done, lambda: told)
    return 0


def _write_attributes(file: Path, *, install: bool) -> None:
    """Our lines between two marks, above all others: of several lines that match a file, git takes the last."""
    content = file.read_bytes() if file.exists() else b""
    own = [f"{suffix} diff=confguard merge=confguard" for suffix in _SUFFIXES]
    text = _without(content.decode("utf-8", "surrogateescape"), own)
    if install:
        newline = "\r\n" if "\r\n" in text else "\n"
        others = text.removeprefix(_BOM)
        block = "".join(f"{line}{newline}" for line in (_BEGIN, *own, _END))
        text = text[: len(text) - len(others)] + block + others
    if text:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    elif content:
        file.unlink()


def _without(text: str, own: list[str]) -> str:
    """A text without our block: whatever others wrote within it stays."""
    kept: list[str] = []
    inside = False
    others = text.removeprefix(_BOM)
    for line in others.splitlines(keepends=True):
        bare = line.strip()
        if bare == _BEGIN:
            inside = True
        elif inside and bare == _END:
            inside = False
        elif not inside or bare not in own:
            kept.append(line)
    return text[: len(text) - len(others)] + "".join(kept)


def _configure(*, install: bool) -> None:
    # -P: what stands in a repository is not imported, whatever its modules are called.
    program = f"{shlex.quote(sys.executable)} -P -m confguard git"
    literal = program.replace(
        "%", "%%"
    )  # git puts names in place of %A in the driver, and of nothing in the command
    settings = {
        "diff.confguard.command": f"{program} diff-driver --",
        "merge.confguard.name": "merge configuration by meaning",
        "merge.confguard.driver": f"{literal} merge-driver -- %O %A %B %P %L || {_AS_TEXT}",
    }
    for name, value in settings.items():
        git.configure(name, value if install else None)
