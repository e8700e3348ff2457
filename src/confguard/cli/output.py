"""How commands speak: text for people (plain or in colour), JSON for programs, errors on standard error."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from confguard.errors import ConfguardError, DocumentError, ValidationError

__all__ = [
    "error_json",
    "indented",
    "paint",
    "report_error",
    "report_errors",
    "report_interruption",
    "say",
    "shown_path",
]


_COLOURS = {
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "36",
    "info": "2",
    "block": "1;31",
    "review": "33",
    "allow": "32",
}


def say(format: str, data: Any, text: Callable[[], str]) -> None:
    """Print data as JSON, or the text."""
    shown = json.dumps(data, indent=2, ensure_ascii=False) if format == "json" else text()
    if shown:
        print(shown)


def shown_path(path: str | os.PathLike[str]) -> str:
    """A path from where one stands, unless the whole one is shorter."""
    whole = os.path.abspath(path)  # noqa: PTH100 - links stay as they are named
    return min(os.path.relpath(whole), whole, key=len)


def paint(text: str, kind: str) -> str:
    """A text in the colour of its kind, where standard output is a terminal and `NO_COLOR` is not set."""
    if not _coloured() or kind not in _COLOURS:
        return text
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


def indented(text: str, by: int = 4) -> str:
    """A text wrapped to 80 columns and moved in."""
    return textwrap.fill(
        text,
        80,
        initial_indent=" " * by,
        subsequent_indent=" " * by,
        break_on_hyphens=False,
        break_long_words=False,
    )


def report_error(error: ConfguardError, format: str) -> None:
    """Say what went wrong and what to do: on standard error, or as JSON where that was asked for."""
    if format == "json":
        members = error_json(error)
        if isinstance(error, DocumentError):
            members |= {
                "message": error.message,
                "file": error.path,
                "line": error.line,
                "column": error.column,
            }
        if isinstance(error, ValidationError):
            members["problems"] = [problem.to_json() for problem in error.problems]
        print(json.dumps({"error": members}, indent=2, ensure_ascii=False))
        return
    message = error.report() if isinstance(error, ValidationError) else str(error)
    print(f"confguard: {_from_here(message)}", file=sys.stderr)
    if error.hint:
        print(f"  hint: {error.hint}", file=sys.stderr)


def report_errors(errors: Mapping[str, ConfguardError]) -> int:
    """Say what is wrong with some configs, and return the exit code of the worst; 0 if there is none."""
    for name, error in errors.items():
        print(f"confguard: {name}: {_from_here(str(error))}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {error.hint}", file=sys.stderr)
    return max((error.exit_code for error in errors.values()), default=0)


def report_interruption(interruption: BaseException, format: str) -> int:
    """Say what it has left, and return the exit code; where nothing is to be said, a stream of JSON just ends."""
    notes = getattr(interruption, "__notes__", ())
    code = int(getattr(interruption, "code", None) or 130)
    message = "\n".join(["interrupted", *notes])
    if notes and format == "json":
        members = {"message": message, "hint": None, "exit_code": code}
        print(json.dumps({"error": members}, indent=2, ensure_ascii=False))
    else:
        print(f"confguard: {message}", file=sys.stderr)
    return code


def error_json(error: ConfguardError) -> dict[str, object]:
    """An error as JSON."""
    return {"message": str(error), "hint": error.hint, "exit_code": error.exit_code}


def _from_here(message: str) -> str:
    """A message whose lines begin with paths as they are seen from here; what it quotes stays as it is."""
    here = re.escape(f"{os.getcwd()}{os.sep}")  # noqa: PTH109 - as it is named, links and all
    return re.sub(rf"^(target )?{here}", r"\1", message, flags=re.MULTILINE)


def _coloured() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (
        sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    )
