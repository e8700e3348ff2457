"""What changed in a window of time: the revisions of a store, and the commits of repositories."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from attrs import define, field, frozen

from confguard.errors import DocumentError, MergeConflictError, NotFoundError, StoreError, harmless
from confguard.risk.circumstances import Circumstances
from confguard.risk.judging import Side
from confguard.rollout.monitors.evidence import share_between
from confguard.rollout.monitors.interface import Counts
from confguard.schema.schema import SchemaLike
from confguard.secrets import masked
from confguard.stores.interface import AUTOMATIC, Revision, Store
from confguard.stores.selecting import previous
from confguard.stores.stages import ALL
from confguard.texts import amount

MOST = 2000
"""So many changes of a store are looked at, the newest."""
_CLOCK_SKEW = timedelta(hours=1)
"""A clock that was set back must not hide what came before."""
_HISTORY = 10


@frozen
class FileVersions:
    """One file of a change before, after, and at the time of the symptom; without content where it was not there."""

    name: str
    before: Side
    after: Side
    at_symptom: Side

    @property
    def is_last(self) -> bool:
        """Was it left as this change had it, until the symptom?"""
        return self.at_symptom.content == self.after.content


@frozen(kw_only=True)
class Recent:
    """A change in the window: who made it, when and why, and how to look into it."""

    config: str
    """The config's name in the store; of a commit, the file of it that counts."""
    revision: int | str
    at: datetime
    author: str
    reason: str
    override: str | None = None
    brings_back: bool = False
    """Is it a revert?"""
    taken_back: str | None = None
    """By what it was taken back after the symptom."""
    files: Callable[[], list[FileVersions]] = field(repr=False)
    """Raises `ConfguardError` where the content cannot be read."""
    circumstances: Circumstances = field(factory=Circumstances, repr=False)
    reach: Callable[[], tuple[float, str] | None] = field(default=lambda: None, repr=False)
    """How much of all it has reached, from 0 to 1, and where; None where nothing says that it is not everywhere."""
    health: Callable[[], tuple[float, str] | None] = field(default=lambda: None, repr=False)
    """From -1 (well under it) to 1 (worse under it than under what was before), and by which figures; None if nobody
    reports."""
    revert: Callable[[str, SchemaLike], str | None] = field(repr=False)
    """The command that takes it back, for a reason; None where it is not to be taken back."""
    named: tuple[str, ...] = ()
    """The names under which people know it."""


@define
class Collected:
    """What was found in the window, and what of it is not to be suspected."""

    recent: list[Recent] = field(factory=list)
    left_out: dict[str, int] = field(factory=dict)
    """How many changes are no suspects, by why."""
    notes: list[str] = field(factory=list)
    """What could not be looked at."""
    contents: set[str] = field(factory=set)
    """The digests of what revisions hold: a commit of the same is the same change."""

    undone: list[str] = field(factory=list)
    """What was taken back before the symptom."""

    def leave_out(self, why: str) -> None:
        """Count a change that is not a suspect."""
        self.left_out[why] = self.left_out.get(why, 0) + 1

    def leave_out_undone(self, config: str, revision: int | str) -> None:
        """Count a change that was taken back before the symptom, and remember which it was."""
        self.leave_out(TAKEN_BACK)
        self.undone.append(f"{shown(config)}, {'revision ' if isinstance(revision, int) else ''}{revision}")


_ENOUGH, _ALPHA, _WELL = 50, 0.01, 0.01
"""So many requests say something, with such a chance to be wrong; where fewer than one in 100 fails, it is well."""
TAKEN_BACK = "taken back before the symptom"
UNREAD = "commits of files that are too large"
IN_STORE = "commits of what is in the store as a revision"
FIRST = "first revisions or commits: nothing of theirs was in force before"


def of_store(store: Store, start: datetime, at: datetime, until: datetime, collected: Collected) -> None:
    """Add what a store's configs changed from `start` to `at`; what came until `until` tells what became of it."""
    recent = store.between(start - _CLOCK_SKEW, at, MOST)
    if len(recent) == MOST:
        collected.notes.append(
            f"the newest {MOST:,} revisions of the window were looked at, and there are more"
        )
    by_config: dict[str, list[Revision]] = {}
    collected.contents.update(revision.content_digest for revision in recent)
    for revision in recent:
        if not revision.drift_copy:
            by_config.setdefault(revision.config, []).append(revision)
    later: dict[str, list[Revision]] = {}
    for revision in store.between(at, until, MOST) if by_config else ():
        if revision.is_revert and revision.created_at > at:
            later.setdefault(revision.config, []).append(revision)
    for config, revisions in by_config.items():
        by_number = {each.number: each for each in revisions}
        last = by_number[max(by_number)]
        for revision in revisions:
            if revision.created_at < start:
                continue
            if revision.number == 1:
                collected.leave_out(FIRST)
                continue
            back = [
                each
                for each in later.get(config, ())
                if each.takes_back == revision.number
                or (each.reverts is not None and each.reverts < revision.number)
            ]
            older = by_number.get(revision.number - 1)
            collected.recent.append(_recent(store, revision, older, last, back[-1] if back else None))


def _recent(
    store: Store, revision: Revision, older: Revision | None, last: Revision, back: Revision | None
) -> Recent:
    """The change of a revision; the one before it is looked up only where the change is looked into."""
    config, number = revision.config, revision.number
    by_itself = revision.is_revert and revision.author == AUTOMATIC

    @cache
    def before() -> Revision:
        earlier = older or previous(store, revision)
        if earlier is None:
            raise NotFoundError(f"nothing was in force before revision {number} of '{config}'")
        return earlier

    def files() -> list[FileVersions]:
        sides = (Side(each.content, config, each.format) for each in (before(), revision, last))
        return [FileVersions(config, *sides)]

    return Recent(
        config=config,
        revision=number,
        at=revision.created_at,
        author=revision.author,
        reason=revision.reason,
        override=revision.override,
        brings_back=revision.is_revert,
        taken_back=f"revision {back.number}: {shown(back.reason)}" if back else None,
        files=files,
        circumstances=Circumstances(
            history=_Lazily(lambda: store.history(config, _HISTORY, number)),
            reason=revision.reason,
            at=revision.created_at,
        ),
        reach=lambda: _reach(store, config, number),
        health=lambda: _health(store, config, number),
        revert=lambda why, schema: (
            None if by_itself else _revert_command(store, revision, before(), schema, why)
        ),
        named=(config,),
    )


class _Lazily:
    """An iterable that is asked for when it is walked."""

    def __init__(self, ask: Callable[[], list[Revision]]) -> None:
        self._ask = ask

    def __iter__(self) -> Any:
        return iter(self._ask())


def _reach(store: Store, config: str, number: int) -> tuple[float, str] | None:
    """How much of all a revision has reached: by the stage of its rollout, and by the places that hold it."""
    pending = store.pending_bake(config)
    if pending and pending.revision == number and pending.stages and pending.now != ALL:
        share = max(each.share for each in pending.stages[: pending.stage + 1])
        return share, f"its rollout is in stage {pending.now}"
    places = store.places(config).values()
    reached = sum(1 for place in places if place.written >= number)
    if not places or reached == len(places):
        return None
    return reached / len(places), f"written to {reached} of {len(places)} places"


def _health(store: Store, config: str, number: int) -> tuple[float, str] | None:
    """Whether requests fail more often under a revision than under what was before, as processes report it."""
    try:
        reports = store.reports(config)
    except StoreError:  # whoever looks may have no right to read them
        return None
    new, old = (
        sum(
            (Counts(each.requests, each.errors) for each in reports if (each.revision < number) is was),
            Counts(0, 0),
        )
        for was in (False, True)
    )
    if new.requests < _ENOUGH:
        return None
    least, most = share_between(new.requests, new.errors, _ALPHA)
    figures = f"{new.errors:,} of {amount(new.requests, 'request')} failed under it"
    if old.requests >= _ENOUGH:
        figures = f"{figures}, {old.errors:,} of {old.requests:,} under what was before"
        if least > share_between(old.requests, old.errors, _ALPHA)[1]:
            return 1.0, figures
    return (-1.0, figures) if most < _WELL else None


def _revert_command(store: Store, revision: Revision, before: Revision, schema: SchemaLike, why: str) -> str:
    """The one command that takes a revision back: alone, if it can be; else with all that came after it."""
    config, number = revision.config, revision.number
    head = store.head(config)
    to = f"--to {before.number}"
    if head is not None and head.number != number and head.content_digest != before.content_digest:
        from confguard.rollout.reverting import without

        try:
            without(before.document, revision.document, head.document, schema)
            to = f"--only {number}"
        except (MergeConflictError, DocumentError, NotFoundError):
            to = f"--to {before.number}"
    words = ["confguard", "revert", *to.split(), "--reason", why]
    return shell([*words, "--", config] if config.startswith("-") else [*words[:2], config, *words[2:]])


def shell(words: list[str]) -> str:
    """A command line that a shell takes as it is, whatever its words hold."""
    return " ".join(shlex.quote(harmless(word)) for word in words)


def shown(text: str) -> str:
    """What somebody wrote, as one line for a terminal: without secrets and control characters."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return harmless(masked(first.strip()))[:200]
