"""The pre-commit hook: what is staged against `HEAD`, file by file, judged before it is committed.

pre-commit hands over the names of the staged files. With a project file only those that a config names are
judged, by its schema and policy; without one, all that are configuration files. Run by
`pre-commit run --from-ref A --to-ref B`, it judges what changed between the two.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from confguard import git
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.tags import naming_tags
from confguard.errors import ConfguardError
from confguard.hooks.judging import judge_all, past_of
from confguard.project import Project, find_project
from confguard.risk.judging import Judged, Side
from confguard.risk.policy import Decision
from confguard.risk.reports import REPORTS, to_text

__all__ = ["main"]

APPROVED = "CONFGUARD_APPROVED_BY"
OVERRIDE = "CONFGUARD_OVERRIDE"


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the staged files. 0: commit; 1: refused; 2: cannot run."""
    parser = argparse.ArgumentParser(prog="confguard-hook", description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument(
        "--fail-on", choices=["review", "block"], default="review", help="refuse from here on"
    )
    parser.add_argument("--format", choices=sorted(REPORTS), default="text", help="how to print")
    parser.add_argument("--no-history", action="store_true", help="do not look at earlier commits")
    args = parser.parse_args(argv)
    try:
        project = find_project()
        with naming_tags(project.settings.documents.tags if project else ()):
            verdicts = staged(args.files, project, history=not args.no_history)
    except ConfguardError as error:
        print(f"confguard: {error}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {error.hint}", file=sys.stderr)
        return error.exit_code if error.exit_code == 1 else 2
    refused = [each for each in verdicts if _refused(each, Decision(args.fail_on))]
    if args.format == "text":
        _report(verdicts, refused)
    else:
        print(REPORTS[args.format](verdicts))
    return 1 if refused else 0


def staged(files: Iterable[str], project: Project | None, *, history: bool = True) -> list[Judged]:
    """A verdict for each file that changed in what is staged (or between the two that pre-commit names)."""
    wanted = list(dict.fromkeys(files))
    base = os.environ.get("PRE_COMMIT_FROM_REF") or "HEAD"
    to = os.environ.get("PRE_COMMIT_TO_REF") or ""
    old_names = git.renames(base, to=to or None) if wanted else {}
    before = {file: f"{base}:./{old_names.get(file, file)}" for file in wanted}
    after = {file: f"{to}:./{file}" for file in wanted}
    texts = git.blobs([*before.values(), *after.values()], MAX_BYTES) if wanted else {}
    sides = [
        (
            file,
            Side(texts.get(before[file]), old_names.get(file, file)),
            Side(texts.get(after[file]), file),
        )
        for file in wanted
        if after[file] in texts
    ]
    past = past_of(Path.cwd(), base) if history and sides else None
    return judge_all(sides, project, base, past=past, author=git.identity(), at=time.time())


def _refused(verdict: Judged, threshold: Decision) -> bool:
    if verdict.errors:
        return True
    if not verdict.decision.at_least(threshold):
        return False
    if verdict.decision is Decision.REVIEW and os.environ.get(APPROVED, "").strip():
        return False
    return not os.environ.get(OVERRIDE, "").strip()


def _report(verdicts: Sequence[Judged], refused: Sequence[Judged]) -> None:
    told = [
        each for each in verdicts if each.findings or each in refused or (each.risk and each.risk.accepted)
    ]
    if told:
        print(to_text(told))
    risky = [each for each in refused if not each.errors]
    if any(each.decision is Decision.BLOCK for each in risky):
        print(f'To commit it all the same, say why: {OVERRIDE}="..." git commit')
    elif risky:
        print(f"Once it is reviewed, say by whom: {APPROVED}=... git commit")


if __name__ == "__main__":
    sys.exit(main())
