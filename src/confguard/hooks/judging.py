"""Judging the files of a change, each by the terms of its config: for the hook, and for CI."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from attrs import evolve

from confguard import git
from confguard.diffs.changes import Diff
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.bundle import BUNDLE
from confguard.documents.patterns import common_folder
from confguard.documents.registry import is_configuration
from confguard.errors import DocumentError
from confguard.project import Config, Project
from confguard.project.guards import terms_of
from confguard.risk.circumstances import Circumstances
from confguard.risk.commits import commits, past_after
from confguard.risk.history import History, Past
from confguard.risk.judging import Judged, Side, Terms, judge
from confguard.risk.learning import refined
from confguard.risk.likelihood import Model, default_model
from confguard.risk.policy import Decision

__all__ = ["judge_against", "judge_all", "judge_range", "past_of"]

_MOST_FILES_ASKED = 20
_MOST_ASKED = 3
"""Of how many settings of one file git is asked when they were changed last: each costs a process."""
REMEMBERED = 2_000
"""How many of the newest commits are looked back on."""


def judge_all(
    files: Iterable[tuple[str, Side, Side]],
    project: Project | None,
    base: str,
    *,
    past: Past | None = None,
    author: str = "",
    at: float = 0.0,
    reason: str | None = None,
    model: Model | None = None,
    root: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Judged]:
    """What is said of each file that changed since the revision `base`, by its config's terms where a project names it.

    Names are relative to `root`, or to where one stands. With a `past`, each change also has a likelihood.
    """
    wanted = [
        (file, before, after, config)
        for file, before, after in _layered(files, project, base, root)
        for config in _configs(file, project, root)
    ]
    few = len(wanted) <= _MOST_FILES_ASKED
    learned = refined(default_model(), past.lessons, at) if past and wanted else None
    terms: dict[int, Terms] = {}
    made = []
    for number, (file, before, after, config) in enumerate(wanted, 1):
        if id(config) not in terms:
            own = terms_of(project, config) if project else Terms()
            terms[id(config)] = evolve(own, model=model or own.model or learned)
        known = past.history(author, [file], at, reason) if past else None
        circumstances = partial(_circumstances, base if few and past else None, before.name, known, reason)
        verdict = judge(
            file,
            before,
            after,
            terms[id(config)],
            circumstances,
            templates=config is None,
        )
        if verdict:
            made.append(verdict)
        if progress:
            progress(number, len(wanted))
    return made


def judge_against(revision: str, file: str, before: Side, after: Side, terms: Terms) -> Judged | None:
    """What is said of one file against what it is in a revision of git, with the history that the hook looks at."""
    past = past_of(Path.cwd(), revision)
    at = time.time()
    known = past.history(git.identity(), [_in_repository(file)], at) if past else None
    if past and terms.model is None:
        terms = evolve(terms, model=refined(default_model(), past.lessons, at))
    named = _in_repository(before.name)
    return judge(
        file, before, after, terms, partial(_circumstances, revision if past else None, named, known, None)
    )


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
            Side(texts.get(f"{base}:{each.before}") if each.before else None, each.before or each.path),
            Side(texts.get(f"{head}:{each.path}") if each.after else None, each.path),
        )
        for each in changed
        if each.path not in unread
    ]
    author, at, subject = git.about(head)
    past = past_of(Path.cwd(), base) if history else None
    root = git.root()
    judged = judge_all(
        files,
        project,
        base,
        past=past,
        author=author,
        at=at,
        reason=subject,
        model=model,
        root=root,
        progress=progress,
    )
    return judged + [_unread(file) for file in sorted(unread) if _configs(file, project, root)]


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
    return past_after(known)


def _in_repository(file: str) -> str:
    """A file's path from the root of its repository."""
    _, _, path = file.rpartition(":")  # of REV:path
    root = git.root()
    whole = (Path.cwd() / path).resolve() if path == file or path.startswith("./") else root / path
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else path


def _configs(file: str, project: Project | None, root: Path | None) -> list[Config | None]:
    """The terms of a file: its config's; none of a config where no project names any; not at all where it is none."""
    found = project.config_of(root / file if root else file) if project else None
    if found is not None:
        return [found[1]]
    unnamed = not (project and project.settings.configs) and is_configuration(file)
    return [None] if unnamed else []


def _layered(
    files: Iterable[tuple[str, Side, Side]], project: Project | None, revision: str, root: Path | None
) -> Iterator[tuple[str, Side, Side]]:
    """The files that changed; those that are layers of one config as one, with its layers that did not change."""
    groups: dict[str, dict[str, tuple[Side, Side]]] = {}
    for file, before, after in files:
        there = root / file if root else Path(file)
        found = project.config_of(there) if project else None
        if found is not None and found[1].layers:
            groups.setdefault(found[0], {})[os.path.relpath(there)] = (before, after)
        else:
            yield file, before, after
    for name, changed in groups.items():
        layout = project.layout_of(name) if project else None
        assert project and layout
        folder = os.path.relpath(project.root / common_folder(project.config(name).patterns))
        paths = {each: os.path.normpath(f"{folder}/{each}") for each in layout.names}
        unchanged = git.blobs([f"{revision}:./{path}" for path in paths.values()], MAX_BYTES)
        sides: list[dict[str, bytes]] = [{}, {}]
        for each, path in paths.items():
            same = Side(unchanged.get(f"{revision}:./{path}"), path)
            for known, side in zip(sides, changed.get(path, (same, same)), strict=True):
                if side.content is not None:
                    known[each] = side.content
        first, second = (layout.content(known) if known else None for known in sides)
        yield _named(next(iter(changed)), root), Side(first, folder, BUNDLE), Side(second, folder, BUNDLE)


def _named(path: str, root: Path | None) -> str:
    """A path from here as the other files are named."""
    return os.path.relpath(path, root) if root else path


def _circumstances(
    revision: str | None, file: str, history: History | None, reason: str | None, diff: Diff
) -> Circumstances:
    """How long ago the lines of settings were written is asked only where few changed: each costs a process."""
    document = diff.before_document
    if revision is None or document is None or len(diff) > _MOST_ASKED:
        return Circumstances(history=history, reason=reason)

    def since(path: Any) -> timedelta | None:
        found, part = document.locate(path), document.part_at(path)[0]
        named = file if part is document else _in_repository(part.path or "")
        at = git.last_touched(revision, named, found.line) if found else None
        return None if at is None else timedelta(seconds=max(0.0, time.time() - at))

    return Circumstances(history=history, reason=reason, last_changed=since)
