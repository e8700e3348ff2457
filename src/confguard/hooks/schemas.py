"""JSON Schema files as one side of a change has them, and what a newer one takes that an older one refused."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from confguard.documents.bundle import parse_bytes
from confguard.documents.registry import detect_format
from confguard.errors import DocumentError, SchemaError
from confguard.hooks.snapshots import Snapshot
from confguard.paths import show_path
from confguard.project import Config, Project
from confguard.schema.json_schema import JsonSchema
from confguard.schema.schema import Schema, resolve_schema

__all__ = ["looser_schema", "schema_in", "schema_path"]

_NEW_KEY = "CS101"
_SHOWN = 3


def schema_path(project: Project, config: Config, snapshot: Snapshot) -> str | None:
    """The path of a config's schema file from the root of the repository; None where it is none there."""
    named = project.schema_of(config)
    if named is None or not named.endswith((".json", ".yaml", ".yml")):
        return None
    file = Path(named)
    path = os.path.relpath(file.parent.resolve() / file.name, snapshot.root)
    return None if path.startswith(os.pardir) else path


def schema_in(snapshot: Snapshot, path: str) -> Schema[Any] | None:
    """The schema that a file holds there; None where git has no such file. Raises `SchemaError`."""
    content = snapshot.content(path)
    if content is None:
        return None
    file = os.path.relpath(snapshot.root / path)
    try:
        document = parse_bytes(content, detect_format(path).name, path=file)
    except DocumentError as error:
        raise SchemaError(f"schema '{file}': {error}", hint=error.hint) from error
    if not isinstance(document.data, dict | bool):
        raise SchemaError(f"schema '{file}': a mapping was expected")
    schema = JsonSchema(file, document.data, document, _Beside(snapshot))
    schema.resolve()
    return resolve_schema(schema)  # type: ignore[arg-type]


def looser_schema(old: Schema[Any], new: Schema[Any]) -> list[str]:
    """What the new one takes and the old one refused, but for keys that are new."""
    from confguard.schema.compatibility import compare_schemas

    refused = [each for each in compare_schemas(new, old) if each.grade in {"breaking", "may-break"}]
    paths = dict.fromkeys(show_path(each.path) for each in refused if each.code != _NEW_KEY)
    messages = [f"takes more at {path}" for path in list(paths)[:_SHOWN]]
    return [*messages, f"and at {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else messages


class _Beside(Mapping[str, Any]):
    """The files that references lead to, as git has them; what it does not have is read from the work tree."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, uri: str) -> Any:
        parts = urlsplit(uri)
        if parts.scheme != "file":
            raise KeyError(uri)
        path = os.path.relpath(os.path.realpath(url2pathname(parts.path)), self._snapshot.root)
        content = None if path.startswith(os.pardir) else self._snapshot.content(path)
        if content is None:
            raise KeyError(uri)
        return parse_bytes(content, detect_format(path).name, path=path).data

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
