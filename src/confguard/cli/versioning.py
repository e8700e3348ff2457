"""`git`: configuration files diffed and merged by meaning in git itself."""

from __future__ import annotations

import shlex
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from confguard import git
from confguard.cli import sources
from confguard.cli.differences import show_diff
from confguard.cli.options import Commands
from confguard.cli.output import indented, paint, say, shown_path
from confguard.diffs.engine import compare, diff
from confguard.diffs.merging import Merged, merge
from confguard.documents.document import Document
from confguard.documents.parsing import parse_bytes
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format
from confguard.errors import ConfguardError, DocumentError
from confguard.schema.sources import SourceData
from confguard.targets.files import write_durably
from confguard.values import same

__all__ = ["register"]

_SUFFIXES = ("*.toml", "*.yaml", "*.yml", "*.json", "*.jsonc", "*.ini", "*.env", ".env", "*.properties")
_BEGIN, _END = "# confguard: begin", "# confguard: end"


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
        return _diff_driver(args.arguments)
    if args.what == "merge-driver":
        return _merge_driver(args.arguments)
    root = git.root()
    install = args.what == "install"
    attributes = root / ".gitattributes"
    _write_attributes(attributes, install=install)
    _configure(install=install)
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
    """Our lines between two marks, whatever else stands there."""
    text = file.read_text("utf-8") if file.exists() else ""
    before, begin, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2].lstrip("\n") if begin else ""
    lines = [f"{suffix} diff=confguard merge=confguard" for suffix in _SUFFIXES]
    block = "\n".join([_BEGIN, *lines, _END, ""]) if install else ""
    before = before if not before or before.endswith("\n") else before + "\n"
    made = before + block + after
    if made:
        file.write_text(made, "utf-8")
    elif file.exists():
        file.unlink()


def _configure(*, install: bool) -> None:
    program = f"{shlex.quote(sys.executable)} -m confguard git"
    settings = {
        "diff.confguard.command": f"{program} diff-driver",
        "merge.confguard.name": "merge configuration by meaning",
        "merge.confguard.driver": f"{program} merge-driver %O %A %B %P",
    }
    for name, value in settings.items():
        git.configure(name, value if install else None)


def _diff_driver(arguments: list[str]) -> int:
    """Called by git with path, old file, its hash and mode, new file, its hash and mode; more for a rename."""
    if len(arguments) < 7:
        raise ConfguardError("git calls this with seven arguments", hint="confguard git install")
    path, old, _, _, new = arguments[:5]
    name = arguments[7] if len(arguments) > 7 else path
    head = paint(f"{path}{f' -> {name}' if name != path else ''}", "high")
    try:
        sides = [_document(file, at) for file, at in ((old, path), (new, name))]
        terms = sources.terms_for(name, None)
        kind: object = [] if any(side and isinstance(side.data, list) for side in sides) else {}
        made = diff(sides[0] or kind, sides[1] or kind, terms.schema)
        print(f"{head}: {show_diff(made)}")
    except ConfguardError as error:  # git shows what it can, and goes on to the next file
        print(f"{head}: {error}")
        subprocess.run(["git", "--no-pager", "diff", "--no-index", "--no-ext-diff", old, new], check=False)
    return 0


def _merge_driver(arguments: list[str]) -> int:
    """Called by git with base, ours, theirs and the path; the result replaces ours."""
    if len(arguments) != 4:
        raise ConfguardError("git calls this with four arguments", hint="confguard git install")
    base, ours, theirs, path = arguments
    textual = git.merge_file(base, ours, theirs)
    try:
        made, mine, other = _merged(base, ours, theirs, path)
    except ConfguardError as error:
        print(f"confguard: {path}: merged as text: {error}", file=sys.stderr)
        Path(ours).write_bytes(textual.content)
        return 0 if textual.clean else 1
    content = _text_of(made, mine, other, textual.content if textual.clean else None, path)
    if made.clean and content is not None:
        write_durably(Path(ours), content)
        return 0
    for conflict in made.conflicts:
        print(f"confguard: {path}: {conflict}", file=sys.stderr)
    left = textual.content if not textual.clean else content
    if left is not None:
        write_durably(Path(ours), left)
    return 1


def _merged(base: str, ours: str, theirs: str, path: str) -> tuple[Merged, Document, Document]:
    was = _document(base, path)
    mine, other = _document(ours, path), _document(theirs, path)
    if mine is None or other is None:
        raise DocumentError("one side is empty", path=path)
    terms = sources.terms_for(path, None)
    return merge(was or {}, mine, other, terms.schema), mine, other


def _text_of(
    made: Merged, ours: Document, theirs: Document, textual: bytes | None, path: str
) -> bytes | None:
    """The merged data as text: git's own merge where it says the same, else ours or theirs, edited."""
    if textual is not None:
        try:
            if same(parse_bytes(textual, ours.format, path=path).data, made.data):
                return textual
        except DocumentError:
            pass  # lines that merge without a conflict need not make a file that parses
    for side in (ours, theirs):
        try:
            return side.edit(compare(SourceData(side.data), SourceData(made.data))).content
        except DocumentError:
            continue
    return None


def _document(file: str, name: str) -> Document | None:
    """A side; None where there is none (git says /dev/null)."""
    if file == "/dev/null":
        return None
    content = load_bytes(file)
    return parse_bytes(content, detect_format(name).name, path=name) if content.strip() else None
