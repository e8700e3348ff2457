"""Where commands read from: files, standard input (`-`) and git revisions (`REV:path`); and for which config."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from attrs import frozen

from confguard import git
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.document import Document, parse_bytes
from confguard.documents.patterns import common_folder
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format, format_named
from confguard.errors import DocumentError
from confguard.project import Project, find_project
from confguard.risk.judging import Terms
from confguard.schema.schema import resolve_schema

__all__ = ["Raw", "load", "make_importable", "parse", "revision_of", "terms_for"]


@frozen
class Raw:
    """What was read, and not parsed yet."""

    content: bytes
    format: str
    name: str


def load(name: str, format: str | None) -> Raw:
    """The bytes that a command's argument names. Raises `DocumentError`."""
    if name == "-":
        if not format:
            raise DocumentError("standard input has no name to tell its format", hint="say it with --as")
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise DocumentError(
                f"is larger than {MAX_BYTES:,} bytes, the most that confguard reads", path="-"
            )
        return Raw(content, format_named(format).name, "<stdin>")
    _, colon, path = name.partition(":")
    if colon and not Path(name).exists():
        chosen = format_named(format) if format else detect_format(path)
        return Raw(git.blob(name, MAX_BYTES), chosen.name, name)
    chosen = format_named(format) if format else detect_format(name)
    return Raw(load_bytes(name), chosen.name, name)


def revision_of(name: str) -> str | None:
    """The revision that `REV:path` names; None for a file."""
    revision, colon, _ = name.partition(":")
    return revision if colon and revision and not Path(name).exists() else None


def parse(raw: Raw) -> Document:
    """The document. Raises `DocumentError`."""
    return parse_bytes(raw.content, raw.format, path=raw.name)


def whole(name: str, document: Document) -> Document:
    """The layers that a file is one of, as they stand; the document itself where it is none."""
    project = find_project()
    found = project.config_of(name) if project else None
    layout = project.layout_of(found[0]) if project and found and found[1].layers else None
    if project is None or found is None or layout is None or not Path(name).exists():
        return document
    folder = os.path.relpath(project.root / common_folder(found[1].patterns))
    bundle = layout.bundle(folder, None)
    return bundle.with_files({os.path.relpath(name, folder): document.content})


def make_importable() -> None:
    """Let schemas be imported from the working folder, as with `python -m`."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def terms_for(name: str, schema: str | None, project: Project | None = None) -> Terms:
    """The terms for a file: those of the project's config that it belongs to; a schema that is named wins."""
    make_importable()
    project = project or find_project()
    if project is None:
        return Terms(schema=resolve_schema(schema))
    found = project.config_of(name.rpartition(":")[2])
    return project.terms(found[1] if found else None, schema)
