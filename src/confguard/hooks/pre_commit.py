"""The pre-commit hook: what is staged against `HEAD`, file by file, judged before it is committed.

pre-commit hands over the names of the staged files. With a project file only those that a config names are
judged, by its schema and policy; without one, all that are configuration files. Run by
`pre-commit run --from-ref A --to-ref B`, it judges what changed between the two.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from attrs import evolve

from confguard.errors import ConfguardError, harmless
from confguard.hooks.judging import judge_staged, print_report
from confguard.risk.judging import Judged, Verdicts
from confguard.risk.policy import Decision
from confguard.risk.reports import REPORTS
from confguard.streams import discard_output, escape_unencodable, progress, run_to_end

APPROVED = "CONFGUARD_APPROVED_BY"
OVERRIDE = "CONFGUARD_OVERRIDE"


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the staged files. 0: commit; 1: refused; 2: cannot run."""
    return run_to_end(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="confguard-hook", description=__doc__.split("\n")[0])
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="of what is staged; all of it, if none is named"
    )
    parser.add_argument(
        "--fail-on", choices=["review", "block"], default="review", help="refuse from here on"
    )
    parser.add_argument("--format", choices=sorted(REPORTS), default="text", help="how to print")
    parser.add_argument("--no-history", action="store_true", help="do not look at earlier commits")
    args = parser.parse_args(argv)
    escape_unencodable()
    try:
        verdicts = _judged(args.files, history=not args.no_history)
    except ConfguardError as error:
        code = error.exit_code if error.exit_code == 1 else 2
        if args.format == "json":
            print(json.dumps({"error": error.to_json() | {"exit_code": code}}, indent=2, ensure_ascii=False))
            return code
        print(f"confguard: {harmless(str(error))}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {error.hint}", file=sys.stderr)
        return code
    refused = [each for each in verdicts.files if _refused(each, Decision(args.fail_on))]
    try:
        _report(verdicts, refused, args.format)
    except BrokenPipeError:
        discard_output()  # whoever read it has seen enough: the answer stands
    return 1 if refused else 0


def _report(verdicts: Verdicts, refused: Sequence[Judged], form: str) -> None:
    if form == "text":
        shown = tuple(each for each in verdicts.files if _is_reported(each))
        verdicts = evolve(verdicts, files=shown)
    print_report(verdicts, form)
    if form == "text":
        _tell_how_to_go_on(refused)
    if broken := [each.file for each in refused if each.is_unfit and os.environ.get(OVERRIDE, "").strip()]:
        where = sys.stdout if form == "text" else sys.stderr
        print(f"{OVERRIDE} is for risks: mend {', '.join(map(harmless, broken))}", file=where)
    sys.stdout.flush()


def _judged(files: Sequence[str], *, history: bool) -> Verdicts:
    """What is staged (or what changed between the two revisions that pre-commit names)."""
    base = os.environ.get("PRE_COMMIT_FROM_REF") or None
    head = os.environ.get("PRE_COMMIT_TO_REF") or None
    unnamed = not files and bool(os.environ.get("PRE_COMMIT"))
    with progress("judging") as tell:
        return judge_staged(files, base=base, head=head, unnamed=unnamed, history=history, progress=tell)


def _is_reported(verdict: Judged) -> bool:
    """Is there anything to say of a file, but that it may go in?"""
    accepted = verdict.risk.accepted if verdict.risk else ()
    return bool(verdict.findings or accepted) or verdict.decision is not Decision.ALLOW


def _refused(verdict: Judged, threshold: Decision) -> bool:
    if verdict.is_unfit:
        return True
    if not verdict.decision.at_least(threshold):
        return False
    if verdict.decision is Decision.REVIEW and os.environ.get(APPROVED, "").strip():
        return False
    return not os.environ.get(OVERRIDE, "").strip()


def _tell_how_to_go_on(refused: Sequence[Judged]) -> None:
    risky = [each for each in refused if each.risk or each.decision is Decision.REVIEW]
    if any(each.decision is Decision.BLOCK for each in risky):
        print(f'To commit it all the same, say why: {OVERRIDE}="..." git commit')
    elif risky:
        print(f"Once it is reviewed, say by whom: {APPROVED}=... git commit")


if __name__ == "__main__":
    sys.exit(main())
