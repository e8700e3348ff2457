"""How commands speak: text for people (plain or in colour), JSON for programs, errors on standard error."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from confguard.errors import ConfguardError, ValidationError, brief, excerpt, harmless
from confguard.texts import indented

if TYPE_CHECKING:
    from confguard.diffs.changes import Change, Diff
    from confguard.risk.findings import Finding, Risk
    from confguard.risk.policy import Decision
    from confguard.stores.interface import Revision

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
_KINDS = {"add": "allow", "remove": "critical", "replace": "medium", "move": "low"}
_LOG_LEVELS = ("debug", "info", "warning", "error")


def say(format: str, data: Any, text: Callable[[], str]) -> None:
    shown = json.dumps(data, indent=2, ensure_ascii=False) if format == "json" else text()
    if shown:
        print(shown)


def say_line(format: str, data: Any, text: str) -> None:
    """Print one thing of many that happen one after the other, as a line of JSON or as text, at once."""
    print(json.dumps(data, ensure_ascii=False) if format == "json" else text, flush=True)


def wrapped(text: str, hanging: int, *, to: TextIO | None = None) -> str:
    """An explanation within the width of a terminal, moved in from its second line on; elsewhere as it is."""
    if not (to or sys.stdout).isatty():
        return text
    width, indent = shutil.get_terminal_size().columns, " " * hanging
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def shown_path(path: str | os.PathLike[str]) -> str:
    """A path from where one stands, unless the whole one is shorter."""
    whole = os.path.abspath(path)  # noqa: PTH100 - links stay as they are named
    return min(os.path.relpath(whole), whole, key=len)


def paint(text: str, kind: str) -> str:
    """A text in the colour of its kind, where standard output is a terminal and `NO_COLOR` is not set."""
    if not _coloured() or kind not in _COLOURS:
        return text
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


def report_error(error: ConfguardError, format: str) -> None:
    """Say what went wrong and what to do: on standard error, or as JSON where that was asked for."""
    if format == "json":
        print(json.dumps({"error": error.to_json()}, indent=2, ensure_ascii=False))
        return
    _print_error(error.report() if isinstance(error, ValidationError) else str(error), error.hint)


def report_errors(errors: Mapping[str, ConfguardError]) -> int:
    """Say what is wrong with some configs, and return the exit code of the worst; 0 if there is none."""
    for name, error in errors.items():
        _print_error(str(error), error.hint, f"{name}: ")
    return max((error.exit_code for error in errors.values()), default=0)


def _print_error(message: str, hint: str | None, about: str = "") -> None:
    said = f"confguard: {about}{relative(message)}"
    placed = "\n" in said or re.search(r":\d+:\d+: ", said)  # what editors read stays in its lines
    print(said if placed else wrapped(said, 2, to=sys.stderr), file=sys.stderr)
    if hint:
        print(wrapped(f"  hint: {hint}", 8, to=sys.stderr), file=sys.stderr)


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
    """One of several errors: its place stands in the message."""
    return ConfguardError.to_json(error)


def relative(message: str) -> str:
    """A message that names files as they are seen from here; what it quotes stays as it is."""
    here = re.escape(f"{os.getcwd()}{os.sep}")  # noqa: PTH109 - as it is named, links and all
    return re.sub(rf"(^(?:target )?|there is no store ){here}", r"\1", message, flags=re.MULTILINE)


def _coloured() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (
        sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    )


def show_diff(difference: Diff) -> str:
    """A diff for a person: a summary, then a line a change."""
    lines = [
        difference.summary,
        *(f"  {show_change(change)}{_place_of(difference, change)}" for change in difference),
    ]
    if difference.coarse:
        lines.append("  (lists too long and too different to align were compared position by position)")
    return "\n".join(lines)


def _place_of(difference: Diff, change: Change) -> str:
    """Where a change of a config of several files stands."""
    if not difference.in_files:
        return ""
    file, line, _ = difference.locate(change)
    return f"  {paint(f'{file}:{line}', 'info')}" if line else f"  {file or ''}".rstrip()


def show_change(change: Change) -> str:
    """A change, in the colour of its kind."""
    return paint(str(change), _KINDS[change.op])


def show_risk(risk: Risk, decision: Decision) -> str:
    """A risk for a person: decision and score, the factors it is the sum of, the findings with advice."""
    lines = [f"{paint(str(decision), decision)}: risk {risk.score} of 100 ({risk.level})"]
    lines += [wrapped(f"  {factor.points:+6.1f}  {factor.name}: {factor.why}", 10) for factor in risk.factors]
    lines += [show_finding(finding) for finding in risk.findings]
    lines += [str(accepted) for accepted in risk.accepted]
    return "\n".join(lines)


def show_finding(finding: Finding) -> str:
    grade = f"{finding.code} {finding.severity}: "
    shown = str(finding).replace(grade, f"{finding.code} {paint(finding.severity, finding.severity)}: ", 1)
    lines = [shown, *excerpt(finding.source, finding.line, finding.column, finding.under)]
    return "\n".join([*lines, indented(finding.advice)] if finding.advice else lines)


def show_revision(revision: Revision) -> str:
    """Number, time, author and what kind it is; the reason below it."""
    kind = f"  revert to {revision.reverts}" if revision.reverts is not None else ""
    kind = f"  revert of {revision.takes_back} alone" if revision.takes_back is not None else kind
    kind = "  a copy of drift, never in force" if revision.drift_copy else kind
    forced = paint(f"  override: {harmless(revision.override)}", "review") if revision.override else ""
    seen = f"  approved by {harmless(revision.approved_by)}" if revision.approved_by else ""
    head = (
        f"{revision.number:>4}  {revision.created_at:%Y-%m-%d %H:%M:%S}Z  {harmless(revision.author)}{kind}"
    )
    names = f"  [{', '.join(map(harmless, revision.labels))}]" if revision.labels else ""
    ticket = f" ({harmless(revision.ticket)})" if revision.ticket else ""
    return f"{head}{names}{seen}{forced}\n{indented(harmless(revision.reason) + ticket, 6)}"


def revision_json(revision: Revision) -> dict[str, object]:
    return {
        "config": revision.config,
        "number": revision.number,
        "author": revision.author,
        "reason": revision.reason,
        "created_at": revision.created_at.isoformat(),
        "reverts": revision.reverts,
        "takes_back": revision.takes_back,
        "supersedes": revision.supersedes,
        "override": revision.override,
        "approved_by": revision.approved_by,
        "ticket": revision.ticket,
        "labels": list(revision.labels),
        "drift_copy": revision.drift_copy,
        "signed": revision.signature is not None,
        "content_digest": revision.content_digest,
        "data_digest": revision.data_digest,
        "digest": revision.digest,
        "parent": revision.parent,
    }


def log_to_stderr() -> None:
    """Print what the library logs, from the level on that `CONFGUARD_LOG` names: warnings, unless it does."""
    import logging
    import time

    named = os.environ.get("CONFGUARD_LOG", "").strip().lower()
    if named and named not in _LOG_LEVELS:
        raise ConfguardError(
            f"CONFGUARD_LOG is '{brief(named, 40)}'", hint=f"one of {', '.join(_LOG_LEVELS)}"
        )
    logger = logging.getLogger("confguard")
    if not named:  # a command tells its events itself
        logging.getLogger("confguard.events").setLevel(logging.ERROR)
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.setLevel(named.upper() or logging.WARNING)
    logger.setLevel(handler.level)
    logger.addHandler(handler)
