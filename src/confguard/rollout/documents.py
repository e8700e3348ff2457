"""The document of a source: as it is, or written in the config's own format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from confguard.diffs.engine import diff
from confguard.documents.bounds import TOO_DEEP
from confguard.documents.bundle import Bundle, parse_bytes
from confguard.documents.document import Document, write
from confguard.documents.layout import Layout
from confguard.documents.registry import detect_format, format_named, is_configuration
from confguard.errors import DiffError, DocumentError, ValidationError
from confguard.schema.instances import document_data
from confguard.schema.schema import resolve_schema
from confguard.schema.shape import ANYTHING, Shape
from confguard.schema.sources import Source, read_source
from confguard.targets.files import FileTarget
from confguard.targets.interface import Target
from confguard.targets.separate import SeparateFiles
from confguard.values import same


def as_document(
    source: Source,
    format: str | None,
    own_format: Callable[[], str],
    shape: Shape = ANYTHING,
    head: Callable[[], Document | None] = lambda: None,
) -> Document:
    """The document of a source; what is no document yet is written in the config's own format, into the head's layout.

    Raises `DocumentError`, and `TypeError` for what is not a source.
    """
    data, document = read_source(source, shape, format=format)
    if document:
        return document
    chosen = format_named(own_format())
    if not chosen.nulls and not isinstance(source, Mapping | list):
        data = _as_told(source, data)
    try:
        data = document_data(data, shape)
    except RecursionError:
        raise DocumentError(TOO_DEEP) from None
    # Where an edit does not fit, it is written anew, without comments.
    with suppress(DocumentError, DiffError):
        known = head()
        if known and known.format == chosen.name and isinstance(data, dict | list):
            return known.edit(diff(known, data))
    return write(data, chosen.name)


_BY_NAME = frozenset({"toml", "yaml", "json", "jsonc"})
"""Formats that a file of such a name is read in; what `.conf` is, nobody knows."""


def refuse_other_format(document: Document, targets: Sequence[Target]) -> None:
    """Raise `DocumentError` for a document that says something else, or nothing, in the format of a target's name."""
    for target in targets:
        if isinstance(target, SeparateFiles) and isinstance(document, Bundle):
            for name, each in document.files.items():
                refuse_other_format(each, [target.targets[name]])
        if not isinstance(target, FileTarget) or not is_configuration(target.name):
            continue
        there = detect_format(target.name).name
        if there != document.format and there in _BY_NAME and not _reads_alike(document, there):
            raise DocumentError(
                f"is {document.format}, and the target {target.name} is read as {there}",
                path=document.path,
                hint=f'write it in {there}; or say what the target is read as: format = "{document.format}"',
            )


def _reads_alike(document: Document, format: str) -> bool:
    try:
        return same(parse_bytes(document.content, format).data, document.data)
    except DocumentError:
        return False


def _as_told(source: object, data: Any) -> Any:
    """An instance's data without what it has None for, where that reads back as the same."""
    schema, short = resolve_schema(type(source)), _without_nulls(data)
    assert schema is not None
    with suppress(ValidationError):
        if same(document_data(schema.validate(short), schema.shape), data):
            return short
    return data


def _without_nulls(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    return [_without_nulls(value) for value in data] if isinstance(data, list) else data


def as_bundle(source: Source, files: Layout, head: Document | None, shape: Shape = ANYTHING) -> Document:
    """The same of a config of several files; those that a mapping does not name are the head's."""
    bundle = _bundle(source, files, head, shape)
    if not bundle.files:
        raise DocumentError("no file would be left", hint="a config of several files has one at least")
    return bundle


def _bundle(source: Source, files: Layout, head: Document | None, shape: Shape) -> Bundle:
    if isinstance(source, str | os.PathLike | Mapping):

        def written(like: Any, kind: str, part: Document | None) -> Document:
            return as_document(like, None, lambda: kind, shape, lambda: part)

        return files.bundle(source, head, written)
    if not isinstance(source, Document):
        raise TypeError(
            f"{type(source).__name__} is not a source: a folder, a Bundle, or a mapping of names to files is"
        )
    if not isinstance(source, Bundle):
        raise DocumentError(
            "is one file, and the config has several",
            path=source.path,
            hint='by its name: {"base.toml": document}',
        )
    if missing := [name for name in files.outright if name not in source.files]:
        raise DocumentError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: the config names more files",
            path=source.path,
            hint="put what is missing there, or take its name out of the config",
        )
    if source.layered != files.layered or {*files.outright} != {*source.files}:
        return files.bundle(dict(source.files), None)
    return source
