"""Where commands read from: files, standard input (`-`) and git revisions (`REV:path`); and for which config."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from attrs import field, frozen

from confguard import git
from confguard.cli.output import shown_path
from confguard.cli.projects import leave_out, of_all, the_project
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.documents.layout import common_folder
from confguard.documents.reading import load_bytes
from confguard.documents.registry import detect_format, format_named
from confguard.errors import ConfguardError, DocumentError, ProjectError
from confguard.project import Project, find_project
from confguard.project.guards import terms_of
from confguard.risk.judging import Terms
from confguard.schema.schema import resolve_schema

__all__ = [
    "Raw",
    "config_named",
    "file_named",
    "files_named",
    "files_of",
    "from_here",
    "load",
    "make_importable",
    "parse",
    "revision_of",
    "terms_for",
]

_PATTERN = re.compile(r"[*?\[]")


@frozen
class Raw:
    """What was read, and not parsed yet."""

    content: bytes = field(repr=False)
    format: str
    name: str


def file_named(name: str) -> str:
    """The file of an argument: itself, or the one file of the config with that name. Raises `ProjectError`."""
    project = config_named(name)
    return shown_path(project.source_of(name)) if project else name


def files_named(names: Sequence[str]) -> tuple[list[str], dict[str, ConfguardError]]:
    """The files of arguments: themselves, or those of the configs with these names; of all configs without any.

    With them, the configs of which no file is there, and what is wrong. Raises `ProjectError` where none names a file.
    """
    project = the_project() if not names else None
    configs: dict[str, Project | None] = {name: config_named(name) for name in names}
    if project:
        configs |= dict.fromkeys(project.settings.configs, project)

    def files(name: str) -> list[str]:
        of = configs[name]
        return [name] if of is None else files_of(of, name)

    found, errors = of_all(configs, files)
    if project and not errors and not any(found.values()):
        raise ProjectError(
            f"{project.file}: no config there names files", hint="`files` in [configs.NAME] does"
        )
    return [file for listed in found.values() for file in listed], errors


def files_of(project: Project, name: str) -> list[str]:
    """The files of a config, seen from here; those named without a pattern need not be there.

    Raises `ProjectError` where nothing matches its patterns.
    """
    patterns = project.config(name).patterns
    exact = [pattern for pattern in patterns if not _PATTERN.search(pattern)]
    there = _files_below(project.root) if len(exact) < len(patterns) else []
    matching = [
        file
        for file in there
        if any(fnmatchcase(file, pattern) for pattern in patterns if pattern not in exact)
    ]
    if patterns and not exact and not matching:
        raise ProjectError(
            f"'{name}' has no file: nothing matches {', '.join(patterns)}",
            hint=f"patterns are from {project.root}; files that git ignores do not count",
        )
    return [shown_path(project.root / file) for file in dict.fromkeys([*exact, *sorted(matching)])]


def _files_below(root: Path) -> list[str]:
    """The files of a project: those git does not ignore; where there is no git, all but those in hidden folders."""
    known = git.tracked(root)
    if known is not None:
        return [file for file in known if (root / file).is_file()]
    below = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below += [Path(folder, file).relative_to(root).as_posix() for file in files]
    return below


def config_named(name: str) -> Project | None:
    """The project, where it has a config of this name that no file here takes from it."""
    if Path(name).is_file():
        return None
    project = find_project(leave_out=leave_out)
    return project if project and name in project.settings.configs else None


def load(name: str, format: str | None) -> Raw:
    """The bytes of the file, or of the config's one file, that an argument names. Raises `DocumentError`."""
    name = file_named(name)
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
    project = find_project()
    config = project.config_of(name) if project and not format else None
    wanted = format or (config[1].format if config else None)
    chosen = format_named(wanted) if wanted else detect_format(name)
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
    config = project.config_of(name) if project else None
    layout = project.layout_of(config[0]) if project and config and config[1].layers else None
    if project is None or config is None or layout is None or not Path(name).exists():
        return document
    folder = os.path.relpath(project.root / common_folder(config[1].patterns))
    bundle = layout.bundle(folder, None)
    return bundle.with_files({os.path.relpath(name, folder): document.content})


def make_importable() -> None:
    """Let schemas be imported from the working folder, as with `python -m`."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def from_here(name: str) -> str:
    """The path of a file, or of `REV:path`: from the top of the work tree, unless it begins with a dot."""
    _, colon, path = name.rpartition(":")
    if not colon or Path(name).exists():
        return name
    return path if path.startswith((".", "/")) else str(git.root() / path)


def terms_for(name: str, schema: str | None, project: Project | None = None) -> Terms:
    """The terms for a file: those of the project's config that it belongs to; a schema that is named wins."""
    if schema:
        make_importable()
    name = file_named(name)
    project = project or find_project()
    if project is None:
        return Terms(schema=resolve_schema(schema))
    config = project.config_of(from_here(name))
    return terms_of(project, config[1] if config else None, schema)
