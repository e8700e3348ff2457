"""`schema` and `explain`: what a schema says, what changed in it, and where values come from."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from confguard.cli.options import Commands, said
from confguard.cli.output import say
from confguard.cli.projects import the_project
from confguard.cli.sources import make_importable
from confguard.documents.document import read
from confguard.errors import SchemaError, ValidationError
from confguard.schema.compatibility import compare_schemas
from confguard.schema.explaining import explain
from confguard.schema.export import example_file, json_schema, reference_page
from confguard.schema.layers import Profile, Source
from confguard.schema.migration import migrate
from confguard.schema.schema import Schema, resolve_schema
from confguard.schema.variables import Env, SecretFiles
from confguard.targets.files import write_durably

__all__ = ["register"]

_SCHEMA = "module:Class, or a JSON Schema file"


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add(
        "schema",
        schema,
        "Write a schema out, compare two versions of it, or bring an old file up to it.",
        "confguard schema json app.settings:Auth > auth.schema.json\n"
        "  confguard schema check auth.schema.json app.settings:Auth",
        exits="0 done, or nothing that surely breaks a file, 1 breaking changes, 2 cannot run",
    )
    about = "json: JSON Schema; example: a commented file; docs: Markdown; check: OLD against NEW; migrate: a FILE"
    command.add_argument("what", choices=["json", "example", "docs", "check", "migrate"], help=about)
    command.add_argument("schema", metavar="SCHEMA", help=_SCHEMA)
    command.add_argument(
        "new", metavar="NEW", nargs="?", help="for check: the new version; for migrate: the file"
    )
    command.add_argument("--write", action="store_true", help="for migrate: replace the file")
    command.add_argument(
        "--as", dest="read_as", metavar="FORMAT", default="toml", help="for example: toml, yaml"
    )
    command.add_argument("--schema-file", metavar="FILE", help="for example: what editors complete from")
    command.add_argument("--config", metavar="NAME", help="for check: list its revisions that NEW refuses")

    command = commands.add(
        "explain",
        explain_values,
        "Show for each value where it comes from, and what it shadows.",
        "confguard explain app.settings:Auth auth.toml --env APP_",
    )
    command.add_argument("schema", metavar="SCHEMA", help=_SCHEMA)
    command.add_argument("files", nargs="*", metavar="FILE", help="files, lowest first")
    _add_layers(command)


def _add_layers(command: ArgumentParser) -> None:
    command.add_argument("--profile", type=said, help="look beside each file for FILE.PROFILE.SUFFIX")
    command.add_argument("--secrets", metavar="FOLDER", help="a folder with a file for each value")
    command.add_argument("--env", metavar="PREFIX", type=said, help="environment variables: PREFIX_A__B")


def schema(args: Namespace) -> int:
    """`confguard schema`."""
    make_importable()
    first = _resolved(args.schema)
    if args.what == "check":
        return _check(args, first)
    if args.what == "migrate":
        return _migrate(args, first)
    made = {
        "json": lambda: json.dumps(json_schema(first), indent=2, ensure_ascii=False),
        "example": lambda: example_file(first, args.read_as, schema_file=args.schema_file).rstrip("\n"),
        "docs": lambda: reference_page(first).rstrip("\n"),
    }[args.what]()
    say(args.format, json_schema(first) if args.what == "json" else {args.what: made}, lambda: made)
    return 0


def explain_values(args: Namespace) -> int:
    """`confguard explain`."""
    make_importable()
    sources: list[Source] = []
    for file in args.files:
        sources.append(file)
        if args.profile:
            sources.append(Profile(file, args.profile))
    sources += [SecretFiles(args.secrets)] if args.secrets else []
    sources += [Env(args.env)] if args.env else []
    made = explain(_resolved(args.schema), *sources)
    say(args.format, made.to_json(), lambda: str(made))
    return 0


def _check(args: Namespace, old: Schema[Any]) -> int:
    if not args.new:
        raise SchemaError("check needs two schemas: OLD and NEW", hint="confguard schema check OLD NEW")
    new = _resolved(args.new)
    findings = compare_schemas(old, new)
    refused = _refused(args.config, new) if args.config else []
    breaking = any(finding.grade == "breaking" for finding in findings) or bool(refused)

    def text() -> str:
        lines = [finding.report() for finding in findings]
        lines += [f"revision {number} of '{args.config}' would be refused: {why}" for number, why in refused]
        return "\n".join(lines) or "no difference that matters"

    data = {
        "compatible": not breaking,
        "findings": [finding.to_json() for finding in findings],
        "refused": [{"revision": number, "why": why} for number, why in refused],
    }
    say(args.format, data, text)
    return 1 if breaking else 0


def _migrate(args: Namespace, schema: Schema[Any]) -> int:
    if not args.new:
        raise SchemaError(
            "migrate needs a schema and a file", hint="confguard schema migrate module:Class FILE"
        )
    old = read(args.new)
    made = migrate(old, schema)
    if args.write and made.content != old.content:
        write_durably(Path(args.new), made.content)
    told = f"{args.new}: {'written' if made.content != old.content else 'nothing to rename'}"
    data = {"changed": made.content != old.content, "text": made.text}
    say(args.format, data, lambda: told if args.write else made.text.rstrip("\n"))
    return 0


def _refused(config: str, new: Schema[Any]) -> list[tuple[int, str]]:
    """The stored revisions that a schema would refuse, newest first, each with its first problem."""
    found = []
    with the_project().guard(config) as guard:
        for revision in guard.history():
            try:
                new.validate(revision.data, texts_only=revision.document.texts_only)
            except ValidationError as error:
                found.append((revision.number, str(error.problems[0])))
    return found


def _resolved(spec: str) -> Schema[Any]:
    made = resolve_schema(spec)
    if made is None:
        raise SchemaError("a schema is needed")
    return made
