"""Judging the files of a change, each by the terms of its config: for the hook, and for CI."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from attrs import evolve, frozen

from confguard import git
from confguard.diffs.changes import Diff
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.reading import naming_tags
from confguard.documents.registry import is_configuration
from confguard.errors import DocumentError
from confguard.git import ChangedFile
from confguard.hooks.projects import Projects
from confguard.hooks.sorting import LINK, SUBMODULE, Wanted, layered, sorted_out
from confguard.risk.circumstances import Circumstances
from confguard.risk.history import History, Past, of_configuration, past_after
from confguard.risk.judging import Judged, LeftOut, Side, Terms, Verdicts, judge, of_configs
from confguard.risk.likelihood import Model, default_model, refined
from confguard.risk.reports import REPORTS

Progress: TypeAlias = "Callable[[int, int], None]"

_MOST_FILES_ASKED = 20
_MOST_ASKED = 3
"""Of how many settings of one file git is asked when they were changed last: each costs a process."""
REMEMBERED = 2_000
"""How many of the newest commits are looked back on."""


def judge_range(
    base: str,
    head: str,
    *,
    history: bool = True,
    progress: Progress | None = None,
) -> Verdicts:
    """What is said of each file that changed between two revisions. Raises `DocumentError`."""
    base, head = git.commit(base), git.commit(head)
    author, at, subject = git.about(head)
    change = Changeset(base, author, at, subject)
    return _judge(change, head, history=history, progress=progress)


def judge_staged(
    files: Sequence[str],
    *,
    base: str | None = None,
    head: str | None = None,
    unnamed: bool = False,
    history: bool = True,
    progress: Progress | None = None,
) -> Verdicts:
    """What is said of files as they are staged, or in a revision `head`, against a base: `HEAD` unless said.

    Of all that changed, where no files are named; or of what is `unnamed`: that of which pre-commit has no names, what
    is gone, say. Raises `DocumentError` for a file that is not there.
    """
    change = Changeset(_base(base, head), git.identity(), time.time())
    head = git.commit(head) if head else None
    return _judge(change, head, files, unnamed=unnamed, history=history, progress=progress)


@frozen(slots=False)
class Changeset:
    """What is known of a change as a whole."""

    base: str
    """The revision that it starts from."""
    author: str = ""
    at: float = 0.0
    reason: str | None = None
    past: Past | None = None
    edits: bool = False
    """Is there other configuration in it than what goes?"""

    @cached_property
    def learned(self) -> Model | None:
        """The coefficients refined by what the repository itself went through."""
        return refined(default_model(), self.past.lessons, self.at) if self.past else None


def _judge(
    change: Changeset,
    head: str | None,
    files: Sequence[str] = (),
    *,
    unnamed: bool = False,
    history: bool,
    progress: Progress | None,
) -> Verdicts:
    everything = git.changed(change.base, head)
    projects = Projects.of_change(everything, change.base, head)
    changed = [each for each in everything if _is_unnamed(each, projects)] if unnamed else everything
    changed, unchanged = _named(changed, files, projects)
    past = past_of(Path.cwd(), change.base) if history and changed else None
    change = evolve(change, past=past, edits=_edits(everything))
    listed = list(sorted_out(changed, projects, _contents(changed, projects)))
    wanted = [each for each in listed if isinstance(each, Wanted)]
    verdicts: list[Judged | LeftOut] = list(projects.loosened())
    verdicts += [each for each in listed if not isinstance(each, Wanted)]
    whole = list(layered(wanted, projects, change.base))
    ask = len(wanted) <= _MOST_FILES_ASKED
    of_files: dict[str, dict[str, Judged]] = {}
    judging = _verdicts(whole, change, projects, ask=ask)
    for number, (each, verdict) in enumerate(zip(whole, judging, strict=True), 1):
        if isinstance(verdict, Judged):
            # Two projects may each have a config of that name.
            named, name = of_files.setdefault(verdict.file, {}), each.member.name or ""
            named[name] = named[name].with_more(verdict) if name in named else verdict
        else:
            verdicts.append(verdict)
        if progress:
            progress(number, len(whole))
    verdicts += map(of_configs, of_files.values())
    judged: dict[str, Judged] = {}
    for told in verdicts:
        if isinstance(told, Judged):
            judged[told.file] = judged[told.file].with_more(told) if told.file in judged else told
    left_out = {told.file: told for told in verdicts if isinstance(told, LeftOut) and told.file not in judged}
    uncounted = list(projects.uncounted())
    seen = len(changed) + len(uncounted) + len(unchanged)
    return Verdicts(tuple(judged.values()), (*left_out.values(), *uncounted, *unchanged), seen)


def _contents(changed: Iterable[ChangedFile], projects: Projects) -> dict[str, bytes]:
    """What the files that may be judged hold on both sides."""
    names = [
        blob
        for each in changed
        if LINK in each.modes
        or projects.memberships(each.path)
        or (each.before and projects.memberships(each.before))
        for blob, mode in zip(each.blobs, each.modes, strict=True)
        if blob and mode != SUBMODULE
    ]
    return git.blobs(dict.fromkeys(names), MAX_BYTES, skip_larger=True)


def _verdicts(
    files: Sequence[Wanted], change: Changeset, projects: Projects, *, ask: bool
) -> Iterator[Judged | LeftOut]:
    """What is said of each file; of many, by a process for each processor."""
    for each in files:
        projects.terms(each.file, each.member)  # what cannot be used is told here, and imported once
    judged = partial(_verdict, change=change, projects=projects, ask=ask)
    processors = os.cpu_count() or 1
    alone = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    if len(files) < _MANY or processors == 1 or not alone:
        yield from map(judged, files)
        return
    _ = change.learned
    # Here, not above: most commits need neither.
    from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor

    fork = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(processors, fork, _share, (judged, files)) as pool:
            yield from pool.map(_shared, range(len(files)), chunksize=_CHUNK)
    except BrokenProcessPool:
        raise DocumentError(
            "a process that judged files was killed",
            hint="is there too little memory? Name fewer files at once",
        ) from None


_MANY = 500
_CHUNK = 50
_work: list[tuple[Callable[[Wanted], Judged | LeftOut], Sequence[Wanted]]] = []
"""In a process of the pool, what it is to do: inherited, so that no schema has to be pickled."""


def _share(judged: Callable[[Wanted], Judged | LeftOut], files: Sequence[Wanted]) -> None:
    _work.append((judged, files))


def _shared(index: int) -> Judged | LeftOut:
    judged, files = _work[-1]
    return judged(files[index])


def _verdict(each: Wanted, change: Changeset, projects: Projects, *, ask: bool) -> Judged | LeftOut:
    terms = projects.terms(each.file, each.member)
    terms = evolve(terms, model=terms.model or change.learned)
    known = change.past.history(change.author, [each.was], change.at, change.reason) if change.past else None
    base = change.base if ask and change.past else None
    named, project = each.member.config is not None, each.member.project
    accompanied = change.edits and not named
    circumstances = partial(_circumstances, base, each.was, known, change.reason, accompanied)
    with naming_tags(project.settings.documents.tags if project else ()):
        return judge(each.file, each.before, each.after, terms, circumstances, named=named)


def _named(
    changed: list[ChangedFile], files: Sequence[str], projects: Projects
) -> tuple[list[ChangedFile], list[LeftOut]]:
    """Of what changed, the files that were named (all, if none was) or cannot be; and those that did not change."""
    if not files:
        return changed, []
    root = git.root().resolve()
    named = {_from_root(root, file): file for file in files}
    wanted = [
        each
        for each in changed
        if any(place in named for place in _with_folders(each.path)) or _is_unnamed(each, projects)
    ]
    there = {place for each in wanted for place in _with_folders(each.path)}
    others = named.keys() - there
    left_out = [LeftOut(named[path], "it did not change") for path in sorted(others)]
    for each in left_out:
        if not os.path.lexists(each.file):
            raise DocumentError(
                "no such file", path=each.file, hint="name files that are staged, or none for all of them"
            )
    return wanted, left_out


def _base(base: str | None, head: str | None) -> str:
    """Where a change begins: `HEAD` unless said; of a branch, where it parted from what is said."""
    if base is None:
        return _head()
    if head is None:
        return git.commit(base)
    commits = git.commit(base), git.commit(head)
    try:
        return git.merge_base(*commits)
    except DocumentError:  # histories that have nothing in common
        return commits[0]


def _from_root(root: Path, file: str) -> str:
    """A path as git has it, from the root of the repository. Raises `DocumentError` for one outside of it."""
    whole = Path.cwd() / file
    place = whole.parent.resolve() / whole.name if whole.name not in {"", ".."} else whole.resolve()
    if not place.is_relative_to(root):
        raise DocumentError("is outside of the repository", path=file, hint=f"name files below {root}")
    return place.relative_to(root).as_posix()


def _with_folders(path: str) -> list[str]:
    """A path, and the folders that it stands in, the root of the repository last."""
    return [path, *map(str, PurePosixPath(path).parents)]


def _edits(changed: Iterable[ChangedFile]) -> bool:
    """Is there configuration that stays, or another file that was edited, and none that is called otherwise now?"""
    there = [each for each in changed if not each.is_gone and each.modes[1] not in {LINK, SUBMODULE}]
    edited = any(is_configuration(each.path) or each.before for each in there)
    return edited and not any(map(_moved_out, there))


def _moved_out(each: ChangedFile) -> bool:
    """Was it renamed to what pre-commit does not take for configuration?"""
    return each.before != each.path and each.before is not None and not is_configuration(each.path)


def _is_unnamed(each: ChangedFile, projects: Projects) -> bool:
    """May pre-commit hand over no name of it: is it gone, a link, or not called as the files of a format are?

    Of a rename it has the new name, and that may match no pattern of the hook. Of the others, what a config names is
    judged.
    """
    if each.is_gone or each.before not in {None, each.path}:
        return True
    is_link = LINK in each.modes
    if is_configuration(each.path) and not is_link:
        return False
    members = projects.memberships(each.path)
    if is_link:
        return bool(members or projects.below(each.path))
    return any(member.config for member in members)


def _head() -> str:
    """The commit that is checked out; before the first one, nothing."""
    try:
        return git.commit("HEAD")
    except DocumentError:
        git.root()
        return git.empty_tree()


def judging_against(revision: str, file: str) -> Callable[[Side, Side, Terms], Judged | LeftOut]:
    """What judges one file against what it is in a revision of git, with the history that the hook looks at."""
    past = past_of(Path.cwd(), revision)
    at = time.time()
    known = past.history(git.identity(), [_in_repository(file)], at) if past else None
    learned = refined(default_model(), past.lessons, at) if past else None

    def judged(before: Side, after: Side, terms: Terms) -> Judged | LeftOut:
        named = _in_repository(before.name)
        asked = revision if past else None
        circumstances = partial(
            _circumstances, asked, named, known, None, False, in_repository=_in_repository
        )
        return judge(file, before, after, evolve(terms, model=terms.model or learned), circumstances)

    return judged


def past_of(repository: Path, revision: str = "HEAD") -> Past | None:
    """What a repository's newest commits tell of authors and files; None where there are none yet."""
    try:
        known = list(of_configuration(git.log(repository, most=REMEMBERED, revision=revision)))
    except DocumentError:
        return None
    return past_after(known)


def _in_repository(file: str) -> str:
    """A file's path from the root of its repository."""
    _, _, path = file.rpartition(":")  # of REV:path
    root = git.root()
    whole = (Path.cwd() / path).resolve() if path == file or path.startswith("./") else root / path
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else path


def _circumstances(
    revision: str | None,
    file: str,
    history: History | None,
    reason: str | None,
    accompanied: bool,
    diff: Diff,
    *,
    in_repository: Callable[[str], str] = str,
) -> Circumstances:
    """How long ago the lines of settings were written is asked only where few changed: each costs a process."""
    document = diff.before_document
    if revision is None or document is None or len(diff) > _MOST_ASKED:
        return Circumstances(history=history, reason=reason, accompanied=accompanied)

    def since(path: Any) -> timedelta | None:
        position, part = document.locate(path), document.part_at(path)[0]
        named = file if part is document else in_repository(part.path or "")
        at = git.last_touched(revision, named, position.line, cwd=git.root()) if position else None
        return None if at is None else timedelta(seconds=max(0.0, time.time() - at))

    return Circumstances(history=history, reason=reason, last_changed=since, accompanied=accompanied)


def print_report(verdicts: Verdicts, form: str) -> None:
    """Print what was judged in one of the forms, and how much of the change that is."""
    if report := REPORTS[form](verdicts):
        print(report)
    if form == "gitlab":  # a list of issues, and no place for anything else
        print(f"confguard: {verdicts}", file=sys.stderr)
