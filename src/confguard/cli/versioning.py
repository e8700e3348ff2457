"""`git`: configuration files diffed and merged by meaning in git itself."""

from __future__ import annotations

import os
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
from confguard.diffs.splicing import keeps_every_word, spliced
from confguard.documents.document import Document
from confguard.documents.parsing import parse_bytes
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format
from confguard.errors import ConfguardError, DocumentError, harmless
from confguard.schema.sources import SourceData
from confguard.targets.files import write_durably
from confguard.values import same

__all__ = ["register"]

_SUFFIXES = ("*.toml", "*.yaml", "*.yml", "*.json", "*.jsonc", "*.ini", "*.env", ".env", "*.properties")
_BEGIN, _END = "# confguard: begin", "# confguard: end"
_BOM = "\ufeff"
_NOTHING = "/dev/null"
"""What git names as the file of a side that has none."""
_NO_FILES = {"120000": "symbolic link", "160000": "submodule"}
"""By its mode, what is named like a file and is none."""
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
        "diff.confguard.command": f"{program} diff-driver",
        "merge.confguard.name": "merge configuration by meaning",
        "merge.confguard.driver": f"{literal} merge-driver %O %A %B %P %L || {_AS_TEXT}",
    }
    for name, value in settings.items():
        git.configure(name, value if install else None)


def _diff_driver(arguments: list[str]) -> int:
    """Called by git with path, old file, its hash and mode, new file, its hash and mode; more for a rename.

    With the path alone for a file with conflicts.
    """
    if len(arguments) == 1:
        print(f"* Unmerged path {harmless(arguments[0])}")
        return 0
    if len(arguments) < 7:
        raise ConfguardError("git calls this with seven arguments", hint="confguard git install")
    path, old, _, old_mode, new, _, new_mode = arguments[:7]
    name = arguments[7] if len(arguments) > 7 else path
    renamed = f" -> {harmless(name)}" if name != path else ""
    modes = f" (mode {old_mode} -> {new_mode})" if old_mode != new_mode and _NOTHING not in (old, new) else ""
    head = paint(f"{harmless(path)}{renamed}{modes}", "high")
    entry = _NO_FILES.get(new_mode if old == _NOTHING else old_mode)
    if entry:
        print(f"{head}: {entry}: {_written(old)} -> {_written(new)}")
        return 0
    try:
        sides = [_document(file, at) for file, at in ((old, path), (new, name))]
        terms = sources.terms_for(name, None)
        kind: object = [] if any(side and isinstance(side.data, list) for side in sides) else {}
        made = diff(sides[0] or kind, sides[1] or kind, terms.schema)
        print(f"{head}: {show_diff(made)}")
    except ConfguardError as error:  # git shows what it can, and goes on to the next file
        print(f"{head}: {error}", flush=True)
        subprocess.run(["git", "--no-pager", "diff", "--no-index", "--no-ext-diff", old, new], check=False)
    return 0


def _written(file: str) -> str:
    """What git wrote for an entry that is no file: where a link leads, the commit of a submodule."""
    return "nothing" if file == _NOTHING else harmless(os.fsdecode(Path(file).read_bytes().strip()))


def _merge_driver(arguments: list[str]) -> int:
    """Called by git with base, ours, theirs, the path and the size of marks; the result replaces ours."""
    if len(arguments) not in (4, 5):
        raise ConfguardError("git calls this with five arguments", hint="confguard git install")
    base, ours, theirs, path = arguments[:4]
    size = arguments[4] if len(arguments) > 4 else "7"
    textual = git.merge_file(base, ours, theirs, marker_size=size)
    try:
        merged, document = _merged(base, ours, theirs, path)
    except ConfguardError as error:
        print(f"confguard: {path}: merged as text: {error}", file=sys.stderr)
        write_durably(Path(ours), textual.content)
        return 0 if textual.clean else 1
    content = _text_of(merged, document, (base, ours, theirs), textual) if merged.clean else None
    if content is not None:
        write_durably(Path(ours), content)
        return 0
    for conflict in merged.conflicts:
        print(f"confguard: {path}: {conflict}", file=sys.stderr)
    if merged.clean:
        print(f"confguard: {path}: no text says both without losing words of one side", file=sys.stderr)
    if textual.clean:  # lines that merge well into something else: all that differs is marked
        textual = git.merge_file(_NOTHING, ours, theirs, marker_size=size)
    write_durably(Path(ours), textual.content)
    return 1


def _merged(base: str, ours: str, theirs: str, path: str) -> tuple[Merged, Document]:
    was = _document(base, path)
    mine, other = _document(ours, path), _document(theirs, path)
    if mine is None or other is None:
        raise DocumentError("one side is empty", path=path)
    terms = sources.terms_for(path, None)
    return merge(was or {}, mine, other, terms.schema), mine


def _text_of(
    merged: Merged, ours: Document, files: tuple[str, str, str], textual: git.TextMerge
) -> bytes | None:
    """The text of a merge: git's own where it says the same; else each line for itself; else one side, edited.

    None where none of these says what was merged and has every word of both sides.
    """
    texts = tuple(b"" if file == _NOTHING else load_bytes(file) for file in files)

    def says_it(content: bytes) -> bool:
        try:
            return same(parse_bytes(content, ours.format, path=ours.path).data, merged.data)
        except DocumentError:
            return False  # lines that merge without a conflict need not make a file that parses

    if textual.clean:
        return textual.content if says_it(textual.content) else None
    lines = spliced(*texts)
    if lines is not None and says_it(lines):
        return lines
    for side in texts[1:]:
        try:
            document = parse_bytes(side, ours.format, path=ours.path)
            content = document.edit(compare(SourceData(document.data), SourceData(merged.data))).content
        except DocumentError:
            continue
        if says_it(content) and keeps_every_word(content, *texts):
            return content
    return None


def _document(file: str, name: str) -> Document | None:
    """A side; None where there is none (git says /dev/null)."""
    if file == _NOTHING:
        return None
    content = load_bytes(file)
    return parse_bytes(content, detect_format(name).name, path=name) if content.strip() else None
