"""Naming the changes that are likeliest behind an alarm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from attrs import field, frozen

from confguard.causes.changes import MOST, Collected, of_store, shown
from confguard.causes.dependencies import Dependencies
from confguard.causes.ranking import Suspect, lasted, rank
from confguard.causes.symptoms import Symptom
from confguard.documents.patterns import PROJECT_FILE
from confguard.errors import DocumentError, SchemaError, did_you_mean
from confguard.fields import Duration
from confguard.moments import read_moment
from confguard.project import Project, require_project
from confguard.project.guards import terms_of
from confguard.risk.judging import Terms
from confguard.stores.interface import Store
from confguard.stores.opening import as_store, check_there, missing_file
from confguard.texts import amount
from confguard.values import listed

_SHOWN, _UNDONE = 10, 3
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_LONG_AGO = datetime(1972, 1, 1, tzinfo=UTC)
_AHEAD = 300.0
"""Seconds by which clocks may differ."""
_AFTERWARDS = timedelta(days=1)
"""For so long after the symptom it is looked at what was taken back."""


@frozen(kw_only=True)
class Suspects:
    """The changes that are likeliest behind a symptom, first the likeliest, and what was looked at."""

    suspects: tuple[Suspect, ...]
    at: datetime
    """When the symptom began."""
    start: datetime
    """From when on changes were looked at."""
    symptom: str | None = None
    changes: int = 0
    """How many changes there were in the window."""
    left_out: Mapping[str, int] = field(factory=dict)
    """How many of them are no suspects, by why."""
    notes: tuple[str, ...] = ()
    """What else is to be known: what could not be looked at."""

    def to_json(self) -> dict[str, object]:
        """All of it as the JSON that other programs rely on."""
        return {
            "suspects": [each.to_json() for each in self.suspects],
            "at": self.at.isoformat(),
            "start": self.start.isoformat(),
            "symptom": self.symptom,
            "changes": self.changes,
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
        }


def suspects(
    store: Store | str | os.PathLike[str] | None = None,
    *,
    at: datetime | str | None = None,
    symptom: str | None = None,
    window: Duration | timedelta | str | float = "6h",
    repositories: Iterable[str | os.PathLike[str]] = (),
    depends: Mapping[str, Sequence[str]] | None = None,
    limit: int = _SHOWN,
) -> Suspects:
    """The changes that are likeliest behind an alarm, over all configs of a store and some git repositories.

    Without a `store`, those that the project file of the working folder names, with its dependencies and schemas.
    `at` is when the symptom began: now, unless it is said (a text as `confguard suspects --at` takes it; without a
    zone it is local time). What came after it is not a suspect, nor what was taken back before it. `depends` says
    for a config on which others it depends. Raises `NotFoundError` where there is no store at all, `StoreError`,
    `DocumentError` where there is neither a store nor a repository that can be read, and `ValueError` for a time or
    a window that is none.

    >>> from confguard import Guard
    >>> from confguard.stores import open_store
    >>> store = open_store("memory://")
    >>> auth, web = (Guard(name, store=store, format="toml") for name in ("auth", "web"))
    >>> for guard, settings in ((auth, {"max_inflight": 400}), (web, {"title": "Shop"})):
    ...     _ = guard.apply(guard.plan(settings, reason="start"))
    >>> _ = auth.apply(auth.plan({"max_inflight": 40}, reason="more speed"), override="for the campaign")
    >>> _ = web.apply(web.plan({"title": "The shop"}, reason="as marketing says"))
    >>> found = suspects(store, symptom="logins are rejected")
    >>> [(each.config, each.revision) for each in found.suspects]
    [('auth', 2), ('web', 2)]
    >>> found.suspects[0].revert
    "confguard revert auth --to 1 --reason 'suspected of: logins are rejected'"
    """
    project = None
    if store is None:
        project = require_project(leave_out=lambda _: None)  # who looks for a cause has no use for monitors
        store = project.store_url
        settings = project.settings.suspects
        repositories = [*listed(repositories), *(project.root / each for each in settings.repositories)]
        depends = {**settings.depends, **(depends or {})}
    needed = {name: listed(others) for name, others in (depends or {}).items()}
    now = datetime.now(UTC)
    began = _moment(at, now)
    length = Duration(window)
    if not length or limit < 1:
        raise ValueError("the window must be longer than 0, and the limit 1 or more")
    folders = [Path(each) for each in listed(repositories)]
    with ExitStack() as stack:
        opened = as_store(store)
        if opened is not store:
            stack.enter_context(closing(opened))
        return _found(opened, project, began, length, symptom, folders, needed, limit)


def _found(
    store: Store,
    project: Project | None,
    at: datetime,
    window: timedelta,
    symptom: str | None,
    repositories: Sequence[Path],
    depends: Mapping[str, Sequence[str]],
    limit: int,
) -> Suspects:
    if not repositories:
        check_there(store)
    collected = Collected()
    start = at - min(window, at - _EARLIEST) if at > _EARLIEST else at
    until = at + min(_AFTERWARDS, _LATEST - at) if at < _LATEST else at
    of_store(store, start, at, until, collected)
    unread = _of_repositories(repositories, start, at, until, collected)
    if unread and len(unread) == len(repositories) and missing_file(store) is not None:
        raise unread[0]
    if not repositories:  # their files have names, too
        collected.notes += _unknown(
            depends, {*store.configs(), *(project.settings.configs if project else ())}
        )
    ahead = (at - datetime.now(UTC)).total_seconds()
    if ahead > _AHEAD:
        collected.notes.append(f"that time is {lasted(ahead)} ahead of now: is its time zone right?")
    changes = len(collected.recent) + sum(collected.left_out.values())
    text = (symptom or "").strip()
    graph = Dependencies.read(text, depends, [name for each in collected.recent for name in each.named])
    why = f"suspected of: {text}" if text else "suspected cause of an outage"
    ranked = rank(
        collected, at, window, Symptom.read(text), graph, _terms(project, collected), limit=limit, why=why
    )
    if collected.undone:
        several = ", ..." if len(collected.undone) > _UNDONE else ""
        collected.notes.append(
            f"taken back: {'; '.join(collected.undone[:_UNDONE])}{several}; if it began earlier, say when"
        )
    first = ranked[0] if ranked else None
    if project and first and isinstance(first.revision, int) and first.config not in project.settings.configs:
        collected.notes.append(f"{shown(first.config)} is not in {PROJECT_FILE}: the command needs it there")
    if not ranked:
        collected.notes += _nearest(store, start, at)
    return Suspects(
        suspects=tuple(ranked),
        at=at,
        start=start,
        symptom=symptom,
        changes=changes,
        left_out=collected.left_out,
        notes=tuple(collected.notes),
    )


def _unknown(depends: Mapping[str, Sequence[str]], known: set[str]) -> list[str]:
    """What the dependencies name that nobody knows."""
    named = dict.fromkeys([*depends, *(each for ones in depends.values() for each in ones)])
    return [
        f"`depends` names {shown(name)}, which is not a config{did_you_mean(name, known)}"
        for name in named
        if name not in known
    ]


def _of_repositories(
    repositories: Sequence[Path], start: datetime, at: datetime, until: datetime, collected: Collected
) -> list[DocumentError]:
    """Add what was committed; one that cannot be read hides no other."""
    errors = []
    for repository in repositories:
        from confguard.causes.repositories import of_repository

        try:
            if not repository.is_dir():
                raise DocumentError("there is no such folder", path=str(repository))
            of_repository(repository, start, at, until, collected)
        except DocumentError as error:
            errors.append(error)
            collected.notes.append(f"not looked at: {shown(str(error))}")
    return errors


def _terms(project: Project | None, collected: Collected) -> Callable[[str], Terms]:
    """By what a config is judged: by the project's terms, where it names the config."""
    plain = Terms()

    @cache
    def terms(name: str) -> Terms:
        if project is None or name not in project.settings.configs:
            return plain
        try:
            return terms_of(project, project.config(name))
        except SchemaError as error:
            collected.notes.append(f"{shown(name)} is looked at without its schema: {shown(str(error))}")
        return plain

    return terms


def _nearest(store: Store, start: datetime, at: datetime) -> list[str]:
    """What there is in the store outside of a window that is empty: before it, or else after it."""
    for days in (1, 7, 30, 365):
        before = (
            store.between(max(_EARLIEST, start - timedelta(days=days)), start, 1) if start > _LONG_AGO else []
        )
        if before:
            ago = lasted((start - before[0].created_at).total_seconds())
            which = f"revision {before[0].number} of {shown(before[0].config)}"
            return [f"the newest change before this window is {which}, {ago} before it begins"]
    after = store.between(at, datetime.now(UTC), MOST)
    if after:
        return [f"{amount(len(after), 'change')} came after that time: is its time zone right?"]
    return [] if store.configs() else ["the store has no revision yet"]


def _moment(at: datetime | str | None, now: datetime) -> datetime:
    if at is None:
        return now
    if isinstance(at, str):
        return read_moment(at, now).at.astimezone(UTC)
    return at.astimezone(UTC)
