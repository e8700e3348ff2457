"""`schema` and `explain`: what a schema says, what changed in it, and where values come from."""

from __future__ import annotations

import json
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from confguard.cli.here import find_project
from confguard.cli.options import Commands, argument, flag, nonblank
from confguard.cli.output import error_json, report_errors, say
from confguard.cli.subjects import (
    config_asked,
    config_named,
    file_named,
    files_of,
    guarded,
    guarded_there,
    leave_out,
    make_importable,
    names_of,
    of_all,
    one_file,
    the_project,
)
from confguard.documents.document import read
from confguard.errors import ConfguardError, SchemaError, ValidationError
from confguard.project.guards import resolved_schema
from confguard.schema.comparing import compare_schemas
from confguard.schema.explaining import Explanation, explain
from confguard.schema.export import Current, example_file, reference_page
from confguard.schema.json_export import json_schema
from confguard.schema.migration import migrate
from confguard.schema.schema import Schema, resolve_schema
from confguard.schema.sources import Profile, Source
from confguard.schema.variables import Env, SecretFiles
from confguard.targets.files import write_durably

_NAME_ONE = 'name one in the project file: [configs.{}] schema = "module:Class"'
_SCHEMA = "module:Class, a JSON Schema file, or a config of confguard.toml"


def register(commands: Commands) -> None:
    example = (
        "confguard schema json app.settings:Auth > auth.schema.json\n"
        "  confguard schema check auth.schema.json app.settings:Auth"
    )
    exits = "0 done, or nothing that surely breaks a file, 1 breaking changes, 2 cannot run"
    command = commands.add("schema", schema, example, exits)
    about = "json: JSON Schema; example: a commented file; docs: Markdown; check: OLD against NEW; migrate: a FILE"
    command.add_argument("what", help=about, choices=["json", "example", "docs", "check", "migrate"])
    argument(command, "schema", "SCHEMA", f"{_SCHEMA} (those of all configs)", nargs="?")
    argument(command, "new", "NEW", "for check: the new version; for migrate: the file", nargs="?")
    flag(command, "--write", "for migrate: replace the file")
    about = "for docs of a config: what each setting is now, its owner and last change"
    flag(command, "--values", about)
    argument(command, "--as", "FORMAT", "for example: toml, yaml", dest="read_as", default="toml")
    argument(command, "--schema-file", "FILE", "for example: what editors complete from")
    argument(command, "--config", "NAME", "for check: list its revisions that NEW refuses")

    example = "confguard explain\n  confguard explain app.settings:Auth auth.toml --env APP_"
    command = commands.add("explain", explain_values, example)
    argument(command, "schema", "SCHEMA", f"{_SCHEMA} (all configs)", nargs="?")
    argument(command, "files", "FILE", "files, lowest first (those of the config)", nargs="*")
    _add_layers(command)


def _add_layers(command: ArgumentParser) -> None:
    argument(command, "--profile", "PROFILE", "look beside each file for FILE.PROFILE.SUFFIX", type=nonblank)
    argument(command, "--secrets", "FOLDER", "a folder with a file for each value")
    argument(command, "--env", "PREFIX", "environment variables: PREFIX_A__B", type=nonblank)


def schema(args: Namespace) -> int:
    make_importable()
    if args.what == "check":
        return _check(args)
    if args.what == "migrate":
        _migrate(args)
        return 0
    if args.new:
        raise SchemaError(f"{args.what} is of one schema, and '{args.new}' is one too many")
    if args.schema:
        written = _written(args.schema, args)
        say(args.format, written, lambda: _as_text(written, args.what))
        return 0
    pages, errors = of_all(_with_schema(), lambda name: _written(name, args))
    say(
        args.format,
        pages | _errors_json(errors),
        lambda: (
            _as_text(pages, "json")
            if args.what == "json"
            else "\n\n".join(_as_text(page, args.what) for page in pages.values())
        ),
    )
    return report_errors(errors)


def _written(named: str, args: Namespace) -> dict[str, Any]:
    schema = _resolved(named)
    if args.what == "json":
        return json_schema(schema)
    if args.what == "docs":
        return {"docs": reference_page(schema, _current(named, schema) if args.values else None).rstrip("\n")}
    return {"example": example_file(schema, args.read_as, schema_file=args.schema_file).strip("\n")}


def _current(named: str, schema: Schema[Any]) -> Current:
    """What the settings of a config are. Raises `SchemaError` for what is not a config: nothing else has values."""
    from confguard.records.pages import current_settings

    project = config_named(named)
    if project is None:
        raise SchemaError(
            f"'{named}' is not a config, and has no values", hint="--values is for a config's name"
        )
    with guarded_there(named) as guard:
        return current_settings(guard, schema, project.config(named).owners)


def _as_text(written: dict[str, Any], what: str) -> str:
    return json.dumps(written, indent=2, ensure_ascii=False) if what == "json" else str(written[what])


def explain_values(args: Namespace) -> int:
    make_importable()
    if args.schema:
        _refuse_file(args.schema)
        explained = _explained(args.schema, args)
        if args.schema in explained:
            say(args.format, explained[args.schema].to_json(), lambda: str(explained[args.schema]))
        else:
            _say_each(explained, args.format)
        return 0
    seen, errors = of_all(_with_schema(), lambda name: _explained(name, args))
    _say_each({title: each for parts in seen.values() for title, each in parts.items()}, args.format, errors)
    return report_errors(errors)


def _errors_json(errors: Mapping[str, ConfguardError]) -> dict[str, Any]:
    return {name: {"error": error_json(error)} for name, error in errors.items()}


def _refuse_file(named: str) -> None:
    """Raise `SchemaError` for a file of a config: some formats of these are those of schemas."""
    project = find_project(leave_out)
    configs = project.configs_of(named) if project and Path(named).is_file() else {}
    schemas = [(project.root / (each.schema or "")).resolve() for each in configs.values() if project]
    if configs and Path(named).resolve() not in schemas:
        found = next(iter(configs))
        raise SchemaError(
            f"'{named}' is a file of '{found}', and a schema or a config's name was expected",
            hint=f"confguard explain {found}, or: confguard explain module:Class {named}",
        )


def _say_each(
    explained: Mapping[str, Explanation], format: str, errors: Mapping[str, ConfguardError] | None = None
) -> None:
    say(
        format,
        {title: each.to_json() for title, each in explained.items()} | _errors_json(errors or {}),
        lambda: "\n\n".join(
            f"{title}:\n{textwrap.indent(str(each), '  ')}" for title, each in explained.items()
        ),
    )


def _explained(named: str, args: Namespace) -> dict[str, Explanation]:
    """Where the values of some files come from: of those that are named, else of those of the config.

    Files that are each judged by itself are explained each by itself, under their own titles.
    """
    project = config_named(named)
    files = args.files or (files_of(project, named) if project else [])
    alone = project is not None and not args.files and not project.config(named).layers and len(files) > 1
    parts = {f"{named} {file}": [file] for file in files} if alone else {named: files}
    return {title: _explanation(_resolved(named), part, args) for title, part in parts.items()}


def _explanation(schema: Schema[Any], files: Sequence[str], args: Namespace) -> Explanation:
    sources: list[Source] = []
    for file in map(file_named, files):
        sources.append(file)
        if args.profile:
            sources.append(Profile(file, args.profile))
    sources += [SecretFiles(args.secrets)] if args.secrets else []
    sources += [Env(args.env)] if args.env else []
    return explain(schema, *sources)


def _check(args: Namespace) -> int:
    if not args.schema or not args.new:
        raise SchemaError("check needs two schemas: OLD and NEW", hint="confguard schema check OLD NEW")
    old, new = _resolved(args.schema), _resolved(args.new)
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


def _migrate(args: Namespace) -> None:
    if not args.schema or not (args.new or config_named(args.schema)):
        raise SchemaError(
            "migrate needs a schema and a file", hint="confguard schema migrate module:Class FILE"
        )
    file = one_file(args.new or args.schema)
    old = read(file)
    migrated = migrate(old, _resolved(args.schema))
    if args.write and migrated.content != old.content:
        write_durably(Path(file), migrated.content)
    message = f"{file}: {'written' if migrated.content != old.content else 'nothing to rename'}"
    data = {"changed": migrated.content != old.content, "text": migrated.text}
    say(args.format, data, lambda: message if args.write else migrated.text.rstrip("\n"))


def _refused(config: str, new: Schema[Any]) -> list[tuple[int, str]]:
    """The stored revisions that a schema would refuse, newest first, each with its first problem."""
    refusals = []
    with guarded(config) as guard:
        for revision in guard.history():
            try:
                new.validate(revision.data, untyped=revision.document.is_untyped)
            except ValidationError as error:
                refusals.append((revision.number, str(error.problems[0])))
    return refusals


def _resolved(spec: str) -> Schema[Any]:
    """The schema of `module:Class`, of a file, or of a config. Raises `SchemaError`."""
    project = config_asked(spec)
    schema_found = resolved_schema(project, project.config(spec)) if project else resolve_schema(spec)
    if schema_found is None:
        raise SchemaError(f"'{spec}' has no schema", hint=_NAME_ONE.format(spec))
    return schema_found


def _with_schema() -> list[str]:
    """The configs of the project that have a schema. Raises `SchemaError` where none has: there is nothing to say."""
    configs = names_of(None)
    project = the_project()
    names = [name for name in configs if project.config(name).schema]
    if not names:
        raise SchemaError("no config here has a schema", hint=_NAME_ONE.format(min(configs)))
    return names
