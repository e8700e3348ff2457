"""`git`: configuration files diffed and merged by meaning in git itself."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from confguard import git
from confguard.cli import subjects
from confguard.cli.options import Commands, argument
from confguard.cli.output import paint, say, show_diff, shown_path
from confguard.diffs.engine import compare, diff
from confguard.diffs.merging import merge
from confguard.diffs.splicing import has_words_of_both, lays_out_anew, spliced
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format
from confguard.documents.yaml_aliases import with_aliases
from confguard.errors import ConfguardError, DocumentError, harmless
from confguard.schema.sources import SourceData
from confguard.targets.files import write_durably
from confguard.texts import amount, indented
from confguard.values import same

_SUFFIXES = [f"*.{suffix}" for suffix in ("toml", "yaml", "yml", "json", "jsonc", "json5", "ini", "env")]
_SUFFIXES += [".env", ".env.*", "*.properties"]
_BEGIN, _END = "# confguard: begin", "# confguard: end"
_BOM = "\ufeff"
_AS_TEXT = (
    "{ test $? = 1 && grep -q '^<<<* ours' %A && exit 1;"
    " git merge-file -q -L ours -L base -L theirs --marker-size=%L %A %O %B; }"
)
"""What git does unless confguard left a result, or marks: it is gone, was killed, or failed (Python ends with 1)."""
_NOTHING = "/dev/null"
"""What git names as the file of a side that has none."""
_NO_FILES = {"120000": "symbolic link", "160000": "submodule"}
"""By its mode, what is named like a file and is none."""
Sides: TypeAlias = "tuple[Document, Document, Document]"
"""Base, ours and theirs."""


def register(commands: Commands) -> None:
    example = "confguard git install\n  git diff            # by meaning; as text: git diff --no-ext-diff"
    exits = "0 done, or merged; 1 conflicts; 2 cannot run"
    command = commands.add("git", git_command, example, exits)
    about = "install, uninstall: in this repository; diff-driver, merge-driver: what git calls"
    command.add_argument("what", help=about, choices=["install", "uninstall", "diff-driver", "merge-driver"])
    argument(command, "arguments", "ARG", "what git hands to a driver", nargs="*")


def git_command(args: Namespace) -> int:
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
    message = (
        f"{shown_path(attributes)}: git diffs and merges by meaning\n{indented(', '.join(_SUFFIXES))}\n"
        "commit it, and run `confguard git install` once in each clone"
        if install
        else f"{shown_path(attributes)}: git diffs and merges as it did"
    )
    say(args.format, done, lambda: message)
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


def diff_driver(arguments: list[str]) -> int:
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
        before, after = _document(old, path), _document(new, name)
        terms = subjects.terms_for(name, None)
        kind: object = [] if any(side and isinstance(side.data, list) for side in (before, after)) else {}
        difference = diff(before or kind, after or kind, terms.schema)
        otherwise = _written_otherwise(before, after) if difference.same else ""
        print(f"{head}: {show_diff(difference)}{otherwise}")
    except ConfguardError as error:  # git shows what it can, and goes on to the next file
        print(f"{head}: {error}", flush=True)
        subprocess.run(["git", "--no-pager", "diff", "--no-index", "--no-ext-diff", old, new], check=False)
    return 0


def _written_otherwise(before: Document | None, after: Document | None) -> str:
    """How the texts of what means the same differ: in comments and acceptances, say, or in tags."""
    if before is None or after is None or before.content == after.content:
        return ""
    old, new = (Counter(side.content.splitlines()) for side in (before, after))
    lines = max((new - old).total(), (old - new).total())
    return f", {amount(lines, 'line')} written otherwise" if lines else ", in another order"


def _written(file: str) -> str:
    """What git wrote for an entry that is not a file: where a link leads, the commit of a submodule."""
    return "nothing" if file == _NOTHING else harmless(os.fsdecode(Path(file).read_bytes().strip()))


def merge_driver(arguments: list[str]) -> int:
    """Called by git with base, ours, theirs, the path and the size of marks; the result replaces ours."""
    if len(arguments) not in (4, 5):
        raise ConfguardError("git calls this with five arguments", hint="confguard git install")
    base, ours, theirs, path = arguments[:4]
    size = arguments[4] if len(arguments) > 4 else "7"
    textual = git.merge_file(base, ours, theirs, marker_size=size)
    try:
        sides = _sides(base, ours, theirs, path)
        schema = subjects.terms_for(path, None).schema
        merged = merge(*sides, schema)
    except ConfguardError as error:
        print(f"confguard: {path}: merged as text: {error}", file=sys.stderr)
        write_durably(Path(ours), textual.content)
        return 0 if textual.clean else 1
    mirrored = merge(sides[0], sides[2], sides[1], schema)  # elements that both added, in the other order
    content = _text_of([merged.data, mirrored.data], sides, textual) if merged.clean else None
    if content is None:
        content = _text_of_aliases(sides, textual)
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


def _sides(base: str, ours: str, theirs: str, path: str) -> Sides:
    was, mine, other = (_document(file, path) for file in (base, ours, theirs))
    if mine is None or other is None:
        raise DocumentError("one side is empty", path=path)
    return was or Document({}, b"", mine.format), mine, other


def _text_of(merged: Sequence[Any], sides: Sides, textual: git.TextMerge) -> bytes | None:
    """The text of a merge: git's own where it says the same; else each line for itself; else one side, edited.

    None where none of these says (one of) what was merged and has every word of both sides.
    """
    texts = tuple(side.content for side in sides)

    def says_it(content: bytes) -> bool:
        document = _parsed(
            content, sides
        )  # lines that merge without a conflict need not make a file that parses
        return document is not None and any(same(document.data, data) for data in merged)

    if textual.clean:
        return textual.content if says_it(textual.content) else None
    base, ours, theirs = texts
    for first, second in ((ours, theirs), (theirs, ours)):  # of what both put in at one place
        lines = spliced(base, first, second)
        if lines is not None and says_it(lines):
            return lines
    for side, other in ((sides[1], theirs), (sides[2], ours)):
        if lays_out_anew(base, other):
            continue
        try:
            content = side.edit(compare(SourceData(side.data), SourceData(merged[0]))).content
        except DocumentError:
            continue
        if says_it(content) and has_words_of_both(content, *texts):
            return content
    return None


def _text_of_aliases(sides: Sides, textual: git.TextMerge) -> bytes | None:
    """A merge of the lines of YAML in which aliases stand as both sides wrote them, whatever they lead to by now.

    None where there is none, or where an alias would lead to another anchor.
    """
    if sides[1].format != "yaml" or not any("*" in side.text for side in sides):
        return None
    content = textual.content if textual.clean else spliced(*(side.content for side in sides))
    document = None if content is None else _parsed(content, sides)
    if document is None:
        return None
    base, ours, theirs, result = (with_aliases(each.text) for each in (*sides, document))
    if not all(isinstance(each, dict | list) for each in (base, ours, theirs)):
        return None
    merged = merge(base, ours, theirs)
    return content if merged.clean and same(result, merged.data) else None


def _parsed(content: bytes, sides: Sides) -> Document | None:
    try:
        return parse_bytes(content, sides[1].format, path=sides[1].path)
    except DocumentError:
        return None


def _document(file: str, name: str) -> Document | None:
    """A side; None where there is none (git says /dev/null)."""
    if file == _NOTHING:
        return None
    content = load_bytes(file)
    return parse_bytes(content, detect_format(name).name, path=name) if content.strip() else None
