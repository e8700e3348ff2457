"""`check`: files as they stand, against their schema and known traps."""

from __future__ import annotations

import json
import os
import warnings
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confguard.cli import subjects
from confguard.cli.options import Commands, argument, reading_options
from confguard.cli.output import error_json, report_error, say, show_finding
from confguard.cli.subjects import of_all
from confguard.documents.document import Document, load_bytes
from confguard.errors import ConfguardError, DocumentError
from confguard.paths import show_path
from confguard.risk.acceptance import split_accepted, void_comments
from confguard.risk.findings import Finding
from confguard.risk.judging import Terms, naming_configs, parse_finding, schema_findings
from confguard.risk.model import check_document
from confguard.risk.rules.catalogue import known_codes
from confguard.schema.problems import place_problem
from confguard.schema.schema import Schema
from confguard.texts import amount


def register(commands: Commands) -> None:
    example = "confguard check\n  confguard check --schema app.settings:Auth auth.toml"
    exits = "0 clean, 1 findings, 2 cannot run"
    command = commands.add("check", check, example, exits)
    about = "a file, a config of confguard.toml, REV:path of git, or - with --as (the files of all configs)"
    argument(command, "files", "FILE", about, nargs="*")
    argument(command, "--baseline", "FILE", "leave out findings that FILE lists", type=Path)
    argument(command, "--write-baseline", "FILE", "write the findings there are, and end with 0", type=Path)
    reading_options(command)


def check(args: Namespace) -> int:
    names, empty = subjects.files_named(args.files)
    checked, errors = of_all(names, lambda name: _checked(name, args, names[name]))
    errors |= empty
    if len(names) + len(empty) == 1 or args.write_baseline:
        for error in errors.values():
            raise error
    findings = _each_once({name: found for name, (found, _) in checked.items()})
    if args.write_baseline:
        _write_baseline(args, findings)
        return 0
    known = _baseline(args.baseline) if args.baseline else frozenset()
    findings = [finding for finding in findings if finding.fingerprint not in known]

    def text() -> str:
        free = sum(not has_schema for _, has_schema in checked.values())
        unknown = f" (no schema is known of {'it' if len(checked) == 1 else free})" if free else ""
        summary = amount(len(findings), "finding") if findings else f"no findings{unknown}"
        return "\n".join([*map(show_finding, findings), f"{amount(len(checked), 'file')} checked: {summary}"])

    data: dict[str, object] = {
        "ok": not findings and not errors,
        "findings": [finding.to_json() for finding in findings],
    }
    data |= {"errors": {name: error_json(error) for name, error in errors.items()}} if errors else {}
    say(args.format, data, text)
    for error in errors.values():
        report_error(error, "text")
    return 2 if errors else int(bool(findings))


def _write_baseline(args: Namespace, findings: list[Finding]) -> None:
    listed = {
        finding.fingerprint: f"{finding.code} {finding.file}: {show_path(finding.path)}"
        for finding in findings
    }
    args.write_baseline.write_text(
        json.dumps(listed, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8"
    )
    message = f"{args.write_baseline}: {amount(len(listed), 'finding')}"
    say(args.format, {"baseline": str(args.write_baseline), "findings": len(listed)}, lambda: message)


def _baseline(file: Path) -> frozenset[str]:
    hint = "`confguard check --write-baseline FILE ...` writes one"
    try:
        return frozenset(json.loads(load_bytes(str(file))))
    except DocumentError as error:
        raise ConfguardError(str(error), hint=hint) from error
    except (ValueError, TypeError) as error:
        raise ConfguardError(f"{file}: is not a baseline", hint=hint) from error


def _each_once(checked: Mapping[str, Mapping[str, list[Finding]]]) -> list[Finding]:
    """What was found when files were checked for configs: what is wrong with layers is found with each of them."""
    found_in: dict[str, dict[str, list[Finding]]] = {
        os.path.normpath(name): {config: [] for config in found} for name, found in checked.items()
    }
    for config, findings in (each for found in checked.values() for each in found.items()):
        for finding in findings:
            of_file = found_in.setdefault(os.path.normpath(finding.file or ""), {})
            of_file.setdefault(config, []).append(finding)
    return [
        finding
        for of_file in found_in.values()
        for finding in sorted(
            naming_configs(of_file).values(), key=lambda each: (each.line or 0, each.column or 0)
        )
    ]


def _checked(name: str, args: Namespace, asked: Sequence[str]) -> tuple[dict[str, list[Finding]], bool]:
    """What is found in a file by each config that was asked for it, and whether one of them has a schema."""
    raw = subjects.load(name, args.read_as)
    each = subjects.terms_of_each(name, args.schema)
    if "" not in asked:
        each = {config: terms for config, terms in each.items() if config in asked} or each
    has_schema = any(terms.schema for terms in each.values())
    try:
        document = subjects.parse(raw)
    except DocumentError as error:
        return {config: [parse_finding(error, raw.name, raw.content)] for config in each}, has_schema
    return {config: _found(name, document, config, terms) for config, terms in each.items()}, has_schema


def _found(name: str, document: Document, config: str, terms: Terms) -> list[Finding]:
    """What is found in a file by the terms of one config."""
    findings = check_document(document)
    if terms.schema:
        advice = "Write it as the schema has it now."
        for notice in (place_problem(each, document) for each in terms.schema.notices(document.data)):
            where = (notice.file, notice.line, notice.column)
            findings.append(Finding("CG003", "low", notice.path, notice.message, advice, *where))
        findings += _misfits(name, document, config, terms.schema)
    today = datetime.now(UTC).date()
    counted, _ = split_accepted(findings, terms.policy.accept, document, today, naming=terms.naming)
    return [*counted, *void_comments(document, known_codes(terms.rules))]


def _misfits(name: str, document: Document, config: str, schema: Schema[Any]) -> tuple[Finding, ...]:
    """What does not fit the schema: of a layer, together with the others as they stand."""
    try:
        whole = subjects.whole(name, document, config, subjects.revision_of(name))
    except DocumentError as error:  # of another layer, it is told where that one is checked
        own = error.path is not None and Path(error.path).resolve() == Path(name).resolve()
        return (parse_finding(error, name, document.content),) if own else ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is deprecated there are findings
        return schema_findings(schema, whole)
