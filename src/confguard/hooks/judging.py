"""Judging the files of a change, each by the terms of its config: for the hook, and for CI."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from confguard import git
from confguard.diff.changes import Diff
from confguard.diff.engine import diff
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import BUNDLE
from confguard.documents.document import Document, parse_bytes
from confguard.documents.patterns import common_folder
from confguard.documents.registry import detect_format, is_configuration
from confguard.errors import DocumentError, ValidationError
from confguard.project import Config, Project
from confguard.risk.commits import commits, remember, reverts
from confguard.risk.history import History, Past
from confguard.risk.likelihood import Model
from confguard.risk.model import assess
from confguard.risk.policy import Decision, Policy
from confguard.risk.reports import Judged
from confguard.risk.rules.interface import Rule
from confguard.schema.schema import Schema, resolve_schema

__all__ = ["Side", "judge", "judge_range", "past_of"]

_MOST_FILES_ASKED = 20
_MOST_ASKED = 3
"""Of how many settings of one file git is asked when they were changed last: each costs a process."""
REMEMBERED = 2_000
"""How many of the newest commits are looked back on."""
_TEMPLATE = re.compile(rb"\{\{-?\s|\{%-?\s")
"""What Helm and Jinja templates hold: not configuration until it is rendered."""


@frozen
class Side:
    """One side of a change: its bytes (None: not there), what it is called, and the revision it is of."""

    content: bytes | None
    name: str
    revision: str | None = None


def judge(
    files: Iterable[tuple[str, Side, Side]],
    project: Project | None,
    *,
    past: Past | None = None,
    author: str = "",
    at: float = 0.0,
    reason: str | None = None,
    model: Model | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Judged]:
    """What is said of each file that changed, by its config's terms where a project names it.

    With a `past`, each change also has a likelihood.
    """
    wanted = [
        (file, before, after, config)
        for file, before, after in _layered(files, project)
        for config in _configs(file, project)
    ]
    if project:
        project.make_importable()
        model = model or project.own_model()
    rules = project.own_rules() if project and wanted else []
    made = []
    for number, (file, before, after, config) in enumerate(wanted, 1):
        known = past.history(author, [file], at, reason) if past else None
        asked = before if len(wanted) <= _MOST_FILES_ASKED else evolve(before, revision=None)
        verdict = _judged(file, asked, after, config, project, known, reason, model, rules)
        if verdict:
            made.append(verdict)
        if progress:
            progress(number, len(wanted))
    return made


def judge_range(
    base: str,
    head: str,
    project: Project | None,
    *,
    paths: Iterable[str] = (),
    history: bool = True,
    model: Model | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Judged]:
    """What is said of each file that changed between two revisions. Raises `DocumentError`."""
    changed = git.changed(base, head, paths)
    names = [f"{base}:{each.before}" for each in changed if each.before]
    names += [f"{head}:{each.path}" for each in changed if each.after]
    texts = git.blobs(names, MAX_BYTES, skip_larger=True)
    unread = {each.path for each in changed if each.after and f"{head}:{each.path}" not in texts}
    files = [
        (
            each.path,
            Side(texts.get(f"{base}:{each.before}") if each.before else None, each.before or each.path, base),
            Side(texts.get(f"{head}:{each.path}") if each.after else None, each.path),
        )
        for each in changed
        if each.path not in unread
    ]
    author, at, subject = git.about(head)
    past = past_of(Path.cwd(), base) if history else None
    judged = judge(
        files,
        project,
        past=past,
        author=author,
        at=at,
        reason=subject,
        model=model,
        progress=progress,
    )
    return judged + [_unread(file) for file in sorted(unread) if _configs(file, project)]


def _unread(file: str) -> Judged:
    """What is too large to be read, or no file at all, is for a person to look at."""
    why = f"{file}: cannot be judged: larger than {MAX_BYTES:,} bytes, or no regular file"
    return Judged(file, Decision.REVIEW, errors=(why,))


def past_of(repository: Path, revision: str = "HEAD") -> Past | None:
    """What a repository's newest commits tell of authors and files; None where there are none yet."""
    try:
        known = list(commits(repository, most=REMEMBERED, revision=revision))
    except DocumentError:
        return None
    taken_back = {revert.by.sha: revert.commit for revert in reverts(known)}
    past = Past()
    for commit in known:
        remember(past, commit, taken_back.get(commit.sha))
    return past


def _configs(file: str, project: Project | None) -> list[Config | None]:
    """The terms of a file: its config's; none of a config where no project names any; not at all where it is none."""
    found = project.config_of(file) if project else None
    if found is not None:
        return [found[1]]
    unnamed = not (project and project.configs) and is_configuration(file)
    return [None] if unnamed else []


def _layered(
    files: Iterable[tuple[str, Side, Side]], project: Project | None
) -> Iterator[tuple[str, Side, Side]]:
    """The files that changed; those that are layers of one config as one, with its layers that did not change."""
    groups: dict[str, dict[str, tuple[Side, Side]]] = {}
    for file, before, after in files:
        found = project.config_of(file) if project else None
        if found is not None and found[1].layers:
            groups.setdefault(found[0], {})[os.path.relpath(file)] = (before, after)
        else:
            yield file, before, after
    for name, changed in groups.items():
        layout = project.layout_of(name) if project else None
        assert project and layout
        folder = os.path.relpath(project.root / common_folder(project.config(name).patterns))
        paths = {each: os.path.normpath(f"{folder}/{each}") for each in layout.names}
        revision = next(iter(changed.values()))[0].revision or "HEAD"
        there = git.blobs([f"{revision}:./{path}" for path in paths.values()], MAX_BYTES)
        sides: list[dict[str, bytes]] = [{}, {}]
        for each, path in paths.items():
            same = Side(there.get(f"{revision}:./{path}"), path)
            for known, side in zip(sides, changed.get(path, (same, same)), strict=True):
                if side.content is not None:
                    known[each] = side.content
        first, second = (layout.content(known) if known else None for known in sides)
        yield next(iter(changed)), Side(first, folder, revision), Side(second, folder)


def _judged(
    file: str,
    before: Side,
    after: Side,
    config: Config | None,
    project: Project | None,
    history: History | None,
    reason: str | None,
    model: Model | None,
    rules: Sequence[Rule],
) -> Judged | None:
    if before.content == after.content:
        return None
    policy = project.policy_of(config) if project else Policy()
    schema = resolve_schema(project.schema_of(config) if project and config else None)
    kind = BUNDLE if config and config.layers else (config and config.format) or None
    try:
        document = _parsed(after, kind)
    except DocumentError as error:
        if config is None and after.content and _TEMPLATE.search(after.content):
            return None  # a template: what it renders to is judged where it is rendered
        return Judged(file, Decision.BLOCK, errors=(str(error),))
    problems = _problems(schema, document)
    if problems:
        return Judged(file, Decision.BLOCK, errors=problems)
    old = _before(before, kind)
    empty: Any = [] if any(isinstance(side.data, list) for side in (old, document) if side) else {}
    made = diff(old or empty, document or empty, schema)
    impact = config.impact if config else None
    risk = assess(
        made,
        schema,
        history,
        impact=impact,
        policy=policy,
        reason=reason,
        model=model,
        rules=rules,
        last_changed=_last_changed(before, old, made) if history else None,
    )
    return Judged(file, policy.decide(risk, made), risk)


def _last_changed(before: Side, old: Document | None, made: Diff) -> Callable[[Any], timedelta | None] | None:
    """How long ago the lines of the settings that change were written; asked only where they are few."""
    if old is None or before.revision is None or len(made) > _MOST_ASKED:
        return None
    known, revision = old, before.revision

    def since(path: Any) -> timedelta | None:
        found = known.locate(path)
        file = known.part_at(path)[0].path or before.name
        at = git.last_touched(revision, file, found.line) if found else None
        return None if at is None else timedelta(seconds=max(0.0, time.time() - at))

    return since


def _parsed(side: Side, kind: str | None) -> Document | None:
    if side.content is None:
        return None
    return parse_bytes(side.content, kind or detect_format(side.name).name, path=side.name)


def _before(side: Side, kind: str | None) -> Document | None:
    """The document before; None where there was none that parses: then the change mends it."""
    try:
        return _parsed(side, kind)
    except DocumentError:
        return None


def _problems(schema: Schema[Any] | None, document: Document | None) -> tuple[str, ...]:
    if schema is None or document is None:
        return ()
    try:
        schema.validate_document(document)
    except ValidationError as error:
        return tuple(map(str, error.problems))
    return ()
