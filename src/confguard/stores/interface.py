"""What a store is, and the values it keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event
from typing import Any, Protocol

from attrs import asdict, field, frozen

from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.errors import IntegrityError, NotFoundError
from confguard.lazy import read_once
from confguard.stores.stages import ALL, Instance, Stage, stages_of

LEASE_SECONDS = 30.0
"""How long a bake counts as watched after its watcher was last heard of."""
REPORT_SECONDS = 60.0
"""How long a report stays after it was renewed last."""


@frozen(kw_only=True)
class Draft:
    """What is to become a revision."""

    content: bytes = field(repr=False)
    format: str
    author: str
    reason: str
    created_at: datetime
    data_digest: str | None = None
    reverts: int | None = None
    takes_back: int | None = None
    supersedes: int | None = None
    override: str | None = None
    approved_by: str | None = None
    ticket: str | None = None
    labels: tuple[str, ...] = ()
    drift_copy: bool = False


AUTOMATIC = "confguard"
"""The author of what was reverted by itself."""


@frozen(kw_only=True, slots=False)
class Revision:
    """One immutable version of a config."""

    config: str
    number: int
    """From 1, without gaps."""
    content_digest: str
    """SHA-256 of the exact bytes."""
    format: str
    author: str
    reason: str
    created_at: datetime
    """In UTC."""
    data_digest: str | None = None
    """SHA-256 of what the bytes say, whatever their layout and format; None where they do not parse."""
    reverts: int | None = None
    """For a revert: the number of the revision whose bytes it brought back."""
    takes_back: int | None = None
    """For a revert of one revision alone, that leaves what came after it: its number."""
    supersedes: int | None = None
    """The number of the revision whose bake it ended, which has not proved itself."""
    override: str | None = None
    """Why the policy was overridden, if it was."""
    approved_by: str | None = None
    """Who approved it, if an approval was asked for."""
    ticket: str | None = None
    """Where the change was asked for or discussed."""
    labels: tuple[str, ...] = ()
    """Names it was given: `stable`, `2026-11`."""
    drift_copy: bool = False
    """Is it a copy of what a target held when it was overwritten? Then nobody applied it, and it never was the head."""
    parent: str | None = None
    """The digest of the revision before; None for the first."""
    digest: str
    """SHA-256 over all the above, the parent's digest among it: a link of the chain."""
    signature: str | None = None
    """An SSH signature of the digest, if it was signed."""
    load: Callable[[], bytes] = field(repr=False, eq=False)
    """How the store finds the content."""

    @read_once
    def content(self) -> bytes:
        """The exact bytes, read when first used. Raises `NotFoundError` if retention has thinned them out."""
        content = self.load()
        if hashlib.sha256(content).hexdigest() != self.content_digest:
            raise IntegrityError(
                f"the content of revision {self.number} of '{self.config}' is not what was written",
                hint="`confguard verify` says which revisions are still good",
            )
        return content

    @property
    def is_revert(self) -> bool:
        """Does it go back to an earlier revision, or take one back alone?"""
        return self.reverts is not None or self.takes_back is not None

    def fetch(self) -> bytes:
        """Read the content now, and compare its digest: it is there from then on, even when the store is not.

        Raises `NotFoundError` if retention has thinned it out, `IntegrityError` if it is not what was written.
        """
        return self.content

    def content_if_there(self) -> bytes | None:
        """The exact bytes; None if retention has thinned them out."""
        try:
            return self.content
        except NotFoundError:
            return None

    @read_once
    def document(self) -> Document:
        """The revision as a parsed document. Raises `DocumentError` for adopted bytes that do not parse."""
        # Every tag: they were named when it came in.
        return parse_bytes(self.content, self.format, path=None, tags=["*"])

    @property
    def text(self) -> str:
        """The exact text."""
        return self.content.decode("utf-8")

    @property
    def data(self) -> Any:
        """What the text says."""
        return self.document.data


@frozen
class PendingBake:
    """A head that is being watched, and has not proved itself yet."""

    revision: int
    back: int
    """The last revision that has proved itself: where a failed bake goes back to. 0 if there is none."""
    deadline: datetime
    """Until when it is watched, by the clock of whoever applied it: to be shown, not to be compared."""
    watched: bool = field(default=True, eq=False)
    """Was its watcher heard of within the lease? By the store's own clock. If not, the bake was abandoned."""
    lease: float = field(default=LEASE_SECONDS, eq=False)
    """For how many seconds it counts as watched from the commit on."""
    watcher: str = ""
    """Which process watches it; empty while it waits for an agent."""
    stages: tuple[Stage, ...] = ()
    """Who takes the revision, one stage after the other; none: everybody, at once."""
    stage: int = 0
    """In which of the stages it is, from 0."""
    seconds: float = 0.0
    """How long it is watched, in each of its stages."""
    extended: float = 0.0
    """By how many seconds somebody has made the stage that it is in longer."""
    confirm: bool = False
    """Is it reverted at the end unless somebody confirms it?"""

    @property
    def now(self) -> Stage:
        """The stage that it is in."""
        return self.stages[self.stage] if self.stages else ALL

    def takes(self, instance: Instance) -> bool:
        """Does this instance run the revision already? What earlier stages have taken, the later ones keep."""
        salt = f"{self.revision}"
        so_far = self.stages[: self.stage + 1]
        return not (self.stages and self.back) or any(each.takes(instance, salt) for each in so_far)

    def to_text(self) -> str:
        """How every store writes it down: the same text for the same bake, so that it can be compared.

        >>> from datetime import UTC
        >>> PendingBake(2, 1, datetime(2026, 1, 1, tzinfo=UTC)).to_text()
        '{"revision": 2, "back": 1, "deadline": "2026-01-01T00:00:00+00:00"}'
        """
        values = asdict(self, recurse=False, filter=lambda field, value: field.eq and bool(value))
        values |= {"deadline": self.deadline.isoformat()}
        return json.dumps(values | ({"stages": [str(each) for each in self.stages]} if self.stages else {}))

    @staticmethod
    def from_text(text: str | bytes, *, watched: bool) -> PendingBake:
        """A bake, read. Raises `ValueError` or `TypeError` for what is none."""
        values = json.loads(text)
        try:
            values |= {"deadline": datetime.fromisoformat(values["deadline"]), "watched": watched}
            bake = PendingBake(**{"back": 0} | values | {"stages": stages_of(values.get("stages", ()))})
        except (KeyError, AttributeError) as error:
            raise ValueError(str(error)) from error
        if bake.stages and bake.stage not in range(len(bake.stages)):
            raise ValueError(f"it has no stage {bake.stage}")
        return bake


@frozen
class PlaceState:
    """Which revision one place is to hold, which one it holds, and of which one its service was told."""

    wanted: int
    written: int = 0
    told: int = 0
    error: str | None = None
    """Why it could not be written or told, the last time that was tried."""

    @property
    def unwritten(self) -> bool:
        """Is it to hold another revision than it does?"""
        return self.wanted != self.written

    @property
    def complete(self) -> bool:
        """Is all done that was decided?"""
        return self.wanted == self.written == self.told


@frozen
class Report:
    """Running totals of one process under one revision: what it has counted since it took that revision."""

    reporter: str
    """Which process of which instance: another one after each start, so that its totals never fall."""
    revision: int
    requests: int = 0
    errors: int = 0
    slow: int = 0


@frozen
class Append:
    """Revisions that are to follow the head of one config."""

    config: str
    revisions: tuple[Revision, ...]
    """Linked: the first one's parent is the head that it is to follow."""
    place: str | None = None
    """The place that is to hold the last of them from now on."""
    bake: PendingBake | None = None
    unproved: bool = False
    """Only as long as the head's bake is under way: who lets it stay in the same moment is not overruled."""


class Store(Protocol):
    """Where revisions live. Every method is safe to call from several threads and processes."""

    local: bool
    """Is it of this machine alone? Then the paths of targets tell them from all others that it knows."""

    def commit(self, *appends: Append) -> None:
        """Append to one config or several, in one transaction: all of it or nothing.

        When it has returned, all is durable. Each place then wants its newest revision, a bake that was pending before
        is over, and one that begins is watched for the seconds of its `lease`. Raises `ConflictError` if a head is not
        the one to be followed, or has proved itself where it was to be `unproved`.
        """

    def places(self, config: str) -> dict[str, PlaceState]:
        """What is known of each place that was ever to hold a revision."""

    def note_place(self, config: str, place: str, before: PlaceState | None, state: PlaceState) -> None:
        """Keep what was written and told, unless the place wants another revision by now than it did before."""

    def newest(self, config: str) -> int:
        """The number of the head; 0 if there is none."""

    def head(self, config: str) -> Revision | None:
        """The newest revision; None if there is none."""

    def get(self, config: str, number: int) -> Revision:
        """One revision. Raises `NotFoundError`."""

    def history(self, config: str, limit: int | None = None, before: int | None = None) -> list[Revision]:
        """Revisions, newest first: at most `limit`, and only those with numbers below `before`."""

    def between(self, start: datetime, end: datetime, limit: int) -> list[Revision]:
        """What was made of all configs from one moment to another, newest first: at most the newest `limit`.

        Of each config it is looked back from the head until a revision that is older: no further.
        """

    def walk(self, config: str) -> Iterator[Revision]:
        """All revisions, oldest first, as they are stored: neither checked nor complete."""

    def damage(self, config: str) -> str | None:
        """What is wrong with the store itself, beside the chain of revisions."""

    def configs(self) -> list[str]:
        """The names of all configs that have a revision."""

    def pending_bake(self, config: str) -> PendingBake | None:
        """The bake that is under way."""

    def renew_bake(
        self, config: str, revision: int, seconds: float = LEASE_SECONDS, watcher: str = ""
    ) -> bool:
        """The bake of a revision is watched for so many seconds from now on. False if it is over, or another's."""

    def change_bake(self, config: str, before: PendingBake, after: PendingBake) -> bool:
        """Let a bake be another one from now on, but for its lease: extended, in its next stage, or watched by another.

        False if it is not what it was before any more. Who watches the config looks anew.
        """

    def end_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision: it has proved itself. False if it was ended before."""

    def note_report(self, config: str, report: Report) -> None:
        """Keep what a process has counted, in the place of what it reported of that revision before.

        It need not be durable, and goes `REPORT_SECONDS` after it was noted last. Nothing is kept of a config that
        has no revision.
        """

    def reports(self, config: str) -> list[Report]:
        """What all processes have reported that were heard of within `REPORT_SECONDS`, by the store's own clock."""

    def thin(self, config: str, keep: frozenset[int]) -> int:
        """Drop the content of all revisions but these and newer ones, and say of how many; the chain stays whole.

        What is newer than all of `keep` was appended since it was worked out.
        """

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        """Yield whenever the head may have moved, at least every `patience` seconds, until `stop` is set.

        What comes after the first is not missed for longer than a second. Raises `StoreError` when the store is lost.
        """

    def close(self) -> None:
        """Give back what the store holds open."""


def thinned(config: str, number: int) -> NotFoundError:
    """The error for content that is not there any more."""
    return NotFoundError(
        f"the content of revision {number} of '{config}' was thinned out",
        hint="its place in the chain stays; an export made before holds the bytes",
    )
