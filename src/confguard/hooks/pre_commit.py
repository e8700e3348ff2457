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
from collections.abc import Iterable, Sequence

from attrs import frozen

from confguard import git
from confguard.diff.engine import diff
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.document import Document, parse_bytes
from confguard.documents.registry import detect_format
from confguard.errors import ConfguardError, DocumentError, ValidationError
from confguard.project import Config, Project, find_project
from confguard.risk.findings import Finding, Risk
from confguard.risk.model import assess
from confguard.risk.policy import Decision, Policy
from confguard.schema.schema import resolve_schema

__all__ = ["main"]

APPROVED = "CONFGUARD_APPROVED_BY"
OVERRIDE = "CONFGUARD_OVERRIDE"


@frozen
class Verdict:
    """What is said of one file."""

    file: str
    decision: Decision
    risk: Risk | None = None
    errors: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What rules said."""
        return self.risk.findings if self.risk else ()


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the staged files. 0: commit; 1: refused; 2: cannot run."""
    parser = argparse.ArgumentParser(prog="confguard-hook", description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument(
        "--fail-on", choices=["review", "block"], default="review", help="refuse from here on"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    args = parser.parse_args(argv)
    try:
        verdicts = judge(args.files, find_project())
    except ConfguardError as error:
        print(f"confguard: {error}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {error.hint}", file=sys.stderr)
        return error.exit_code if error.exit_code == 1 else 2
    refused = [each for each in verdicts if _refused(each, Decision(args.fail_on))]
    if args.format == "json":
        print(json.dumps([_to_json(each) for each in verdicts], indent=2, ensure_ascii=False))
    else:
        _report(verdicts, refused)
    return 1 if refused else 0


def judge(files: Iterable[str], project: Project | None) -> list[Verdict]:
    """A verdict for each file that is a configuration file and changed."""
    wanted: dict[str, Config | None] = {}
    for file in files:
        found = project.config_of(file) if project else None
        named = found is not None and bool(found[1].files)
        if named or (not (project and project.configs) and _is_configuration(file)):
            wanted[file] = found[1] if found else None
    if not wanted:
        return []
    base = os.environ.get("PRE_COMMIT_FROM_REF") or "HEAD"
    to = os.environ.get("PRE_COMMIT_TO_REF") or ""
    old_names = git.renames(base, to=to or None)
    before = {file: f"{base}:./{old_names.get(file, file)}" for file in wanted}
    after = {file: f"{to}:./{file}" for file in wanted}
    texts = git.blobs([*before.values(), *after.values()], MAX_BYTES)
    verdicts = []
    for file, config in wanted.items():
        old, new = texts.get(before[file]), texts.get(after[file])
        if new is not None and new != old:
            verdicts.append(_judged(file, old, new, config, project))
    return verdicts


def _judged(
    file: str, old: bytes | None, new: bytes, config: Config | None, project: Project | None
) -> Verdict:
    kind = (config and config.format) or detect_format(file).name
    try:
        document = parse_bytes(new, kind, path=file)
    except DocumentError as error:
        return Verdict(file, Decision.BLOCK, errors=(str(error),))
    if project:
        project.make_importable()
    schema = resolve_schema(project.schema_of(config) if project and config else None)
    if schema:
        try:
            schema.validate_document(document)
        except ValidationError as error:
            return Verdict(file, Decision.BLOCK, errors=tuple(map(str, error.problems)))
    made = diff(_before(old, kind, document, file), document, schema)
    risk = assess(made, schema, impact=config.impact if config else None)
    policy = project.policy_of(config) if project else Policy()
    return Verdict(file, policy.decide(risk), risk)


def _before(old: bytes | None, kind: str, document: Document, file: str) -> object:
    """The document before; nothing, in the new one's kind, where there was none that parses."""
    try:
        if old is not None:
            return parse_bytes(old, kind, path=file)
    except DocumentError:
        pass  # the commit mends it
    return [] if isinstance(document.data, list) else {}


def _is_configuration(file: str) -> bool:
    try:
        detect_format(file)
    except DocumentError:
        return False
    return True


def _refused(verdict: Verdict, threshold: Decision) -> bool:
    if verdict.errors:
        return True
    if not verdict.decision.at_least(threshold):
        return False
    if verdict.decision is Decision.REVIEW and os.environ.get(APPROVED, "").strip():
        return False
    return not os.environ.get(OVERRIDE, "").strip()


def _report(verdicts: Sequence[Verdict], refused: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        for error in verdict.errors:
            print(error)
        for finding in verdict.findings:
            print(finding)
            print(f"    {finding.advice}")
        if verdict.risk and verdict.findings:
            risk = verdict.risk
            print(f"{verdict.file}: {verdict.decision}: risk {risk.score} of 100 ({risk.level})")
    risky = [each for each in refused if not each.errors]
    if any(each.decision is Decision.BLOCK for each in risky):
        print(f'To commit it all the same, say why: {OVERRIDE}="..." git commit')
    elif risky:
        print(f"Once it is reviewed, say by whom: {APPROVED}=... git commit")


def _to_json(verdict: Verdict) -> dict[str, object]:
    risk = verdict.risk or Risk(100)
    return {"file": verdict.file, "errors": list(verdict.errors), **risk.to_json(verdict.decision)}


if __name__ == "__main__":
    sys.exit(main())
