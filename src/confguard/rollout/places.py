"""A place: the targets of one config on one machine, and how the service there is told of them.

What is written and what is told are two things, and the store knows both of each place. So each machine of a fleet
finishes its own work, and no other's.
"""

from __future__ import annotations

import hashlib
import logging
import platform
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from confguard import telemetry
from confguard.documents.bundle import BUNDLE, arranged
from confguard.errors import ConfguardError, StoreError, TargetError
from confguard.events import Event, EventKind, Listener, log_event
from confguard.schema.schema import Schema
from confguard.stores.interface import PendingBake, PlaceState, Revision, Store
from confguard.targets import reload as reloads
from confguard.targets.calls import message_of
from confguard.targets.drift import Drift, drift_of
from confguard.targets.files import FileTarget
from confguard.targets.filesets import FileSet, places_of
from confguard.targets.interface import Staged, Target
from confguard.targets.locking import alone
from confguard.targets.separate import SeparateFiles

_LOG = logging.getLogger(__name__)
_REMEMBERED = 50
"""How many revisions back something that a target holds is looked for."""


@frozen
class Held:
    """What a target holds: nothing, bytes, or what cannot be read."""

    target: Target
    content: bytes | None = field(repr=False)
    problem: str | None = None

    @property
    def digest(self) -> str | None:
        return None if self.content is None else hashlib.sha256(self.content).hexdigest()


@frozen(slots=False)
class Place:
    """One config at one place: its store, its targets, its service."""

    config: str
    store: Store
    targets: Sequence[Target]
    reloads: Sequence[reloads.Reload]
    schema: Schema[Any] | None
    clock: Callable[[], datetime]
    sign: Callable[[str], str] | None = None
    """Makes the signature of a revision's digest."""
    listener: Listener | None = None
    key: str | None = field(init=False, repr=False, eq=False)
    """What this place is called in the store, where relative names are meant from the folder in which it was made.

    None if there is nothing to write or tell.
    """

    @key.default
    def _key(self) -> str | None:
        if not self.targets and not self.reloads:
            return None
        names = [str(place) for target in self.targets for place in places_of(target)]
        if not self.store.local:
            names.append(platform.node())
        return hashlib.sha256("\0".join(names).encode()).hexdigest()[:32]

    def head(self) -> Revision | None:
        return self.store.head(self.config)

    def revision(self, number: int) -> Revision:
        """One revision of the config. Raises `NotFoundError`."""
        return self.store.get(self.config, number)

    def pending_bake(self) -> PendingBake | None:
        return self.store.pending_bake(self.config)

    def state(self) -> PlaceState | None:
        """What is known of this place; None if it was never to hold a revision."""
        return self.store.places(self.config).get(self.key) if self.key is not None else None

    def held(self, *known: bytes | None) -> list[Held]:
        """What the targets hold; the files of a known content, in whatever order the config names them, as that."""
        return [_held(target, [each for each in known if each is not None]) for target in self.targets]

    def is_linked_away(self) -> bool:
        """Did somebody put a link to something else in the place of a file of a set?"""
        return any(isinstance(target, FileSet) and target.astray() for target in self.targets)

    def littered(self) -> bool:
        """Is there something that a process which died while staging left behind, or one that is staging?"""
        return any(target.littered() for target in self.targets)

    def sweep(self) -> None:
        """Remove what a process that died while staging left behind. Nobody else may be staging: see `locked`."""
        for target in self.targets:
            target.clean()

    def drift(self, head: Revision) -> tuple[Drift, ...]:
        """The targets that do not hold the head's bytes, or not as they are to hold them."""
        differing = [
            each
            for each in self.held(head.content)
            if each.problem or each.content != head.content or each.target.faults()
        ]
        state = self.state() if differing else None
        known = self._known_digests() if state and state.unwritten else frozenset()
        return tuple(
            evolve(self._drift(each, head), unwritten=self._awaits(each, head, state, known))
            for each in differing
        )

    def edited(self, head: Revision | None, wanted: bytes | None = None) -> tuple[Drift, ...]:
        """The targets that hold what somebody else wrote: what writing the `wanted` bytes would undo.

        One that holds nothing, the wanted bytes, or what was written here last, was not edited.
        """
        if head is None:
            return ()
        state, ours = self.state(), [head.content, wanted]
        if state is not None and 0 < state.written < head.number:
            ours.append(self.revision(state.written).content_if_there())
        return tuple(
            self._drift(each, head)
            for each in self.held(*ours)
            if each.problem
            or (each.content is not None and each.content not in ours and not self._torn(each, head, state))
        )

    def strangers(
        self, head: Revision | None, wanted: bytes, held: Sequence[Held] | None = None
    ) -> list[bytes]:
        """What targets hold that no revision does, each once: overwritten, it would be lost."""
        there = [
            each
            for each in (self.held(wanted, head.content if head else None) if held is None else held)
            if each.content not in (None, wanted)
        ]
        if not there:
            return []
        known, state = self._known_digests(), self.state()
        strange = [each for each in there if each.digest not in known and not self._torn(each, head, state)]
        return list(dict.fromkeys(each.content for each in strange if each.content is not None))

    def stage(self, revision: Revision) -> list[Staged]:
        """Make content ready for every target that does not hold it. Raises `TargetError`; then nothing is staged."""
        content = revision.content
        if revision.format == BUNDLE:
            _refuse_single(self.targets, revision)
        staged: list[Staged] = []
        try:
            staged.extend(
                each.target.stage(content)
                for each in self.held(content)
                if each.content != content
                or isinstance(each.target, SeparateFiles)  # which knows its own files
                or (isinstance(each.target, FileSet) and each.target.astray())
            )
        except BaseException as error:
            discard(staged)
            if isinstance(error, Exception) and not isinstance(error, ConfguardError):
                raise TargetError(message_of(error)) from error
            raise
        return staged

    def write(self, revision: Revision, staged: Iterable[Staged]) -> str | None:
        """Let a revision that was staged take effect, and note that; why not, if a target cannot be written."""
        problems = []
        for waiting in staged:
            try:
                waiting.commit()
            except Exception as error:  # noqa: BLE001 - a target of the user's own may raise anything
                waiting.discard()
                problems.append(message_of(error))
        problem = "; ".join(problems) or None
        try:
            before = self.state()
        except StoreError:  # it is written all the same; whoever recovers finds that out
            return problem
        written = (before.written if before else 0) if problem else revision.number
        # What the service took under this number may be another's bytes.
        told = before.told if before and before.told != revision.number else 0
        self._note(before, PlaceState(revision.number, written, told, problem))
        return problem

    def tell(self, revision: Revision) -> str | None:
        """Tell the service of what is in its targets, and note that; why not, if it cannot be told.

        Where another revision is written meanwhile, nobody knows which of the two the service took last: it is told
        again, of that.
        """
        if self.key is None:
            return None
        wanted, problem = revision.number, self._tell_all()
        answer = problem
        try:
            while (state := self.state()) is not None and state.wanted == state.written != wanted:
                wanted, problem = state.wanted, self._tell_all()
        except StoreError:  # whoever recovers tells it once more
            return answer
        if state is not None and state.wanted == wanted:
            told = wanted if not problem else state.told if wanted == revision.number else 0
            self._note(state, PlaceState(state.wanted, state.written, told, problem))
        return answer

    def untold(self) -> bool:
        """Does it hold what its service was not told of?"""
        state = self.state()
        return state is not None and state.wanted == state.written != state.told

    def names(self) -> str:
        return ", ".join(target.name for target in self.targets) or "the store"

    def emit(self, kind: EventKind, revision: Revision, **detail: object) -> None:
        """Say what happened to a revision."""
        event = Event(kind, self.config, revision.number, self.clock(), detail)
        log_event(event)
        telemetry.count(event)
        if self.listener:
            try:
                self.listener(event)
            except Exception:  # noqa: BLE001 - what is under way is carried out, whoever listens
                _LOG.exception("a listener failed at '%s' of revision %d", kind, revision.number)

    def _tell_all(self) -> str | None:
        """Tell all, even if one cannot be told; why not."""
        problems = []
        for reload in self.reloads:
            try:
                reloads.tell(reload)
            except TargetError as error:
                problems.append(message_of(error))
        return "; ".join(problems) or None

    def _note(self, before: PlaceState | None, state: PlaceState) -> None:
        if self.key is not None and state != before:
            with suppress(StoreError):  # what was done is done; whoever recovers does it once more
                self.store.note_place(self.config, self.key, before, state)

    def _drift(self, held: Held, head: Revision) -> Drift:
        return drift_of(held.target, held.content, head, self.schema, held.problem)

    def _known_digests(self) -> frozenset[str]:
        """The digests of what the newest revisions hold."""
        return frozenset(each.content_digest for each in self.store.history(self.config, _REMEMBERED))

    def _awaits(
        self, held: Held, head: Revision, state: PlaceState | None, known: Collection[str | None]
    ) -> bool:
        """Does a target wait for the head to be written to it, and hold nothing that somebody else wrote?"""
        if state is None or not state.unwritten or held.problem or held.content == head.content:
            return False
        return held.content is None or held.digest in known or self._torn(held, head, state)

    def _torn(self, held: Held, head: Revision | None, state: PlaceState | None) -> bool:
        """May this be what a process left that died while it wrote the head over what was written here before?"""
        if held.content is None or head is None or state is None or not state.unwritten:
            return False
        before = self.revision(state.written).content_if_there() if state.written else None
        return held.target.torn(held.content, before, head.content)


def locked(places: Collection[Place]) -> AbstractContextManager[None]:
    """Be the only one that writes to these places. Raises `StoreBusyError`, and then nothing was done."""
    return alone([target.folder for place in places for target in place.targets if target.folder is not None])


def discard(staged: Iterable[Staged]) -> None:
    """Leave no trace of what was staged."""
    for waiting in staged:
        waiting.discard()


def _refuse_single(targets: Iterable[Target], revision: Revision) -> None:
    """Raise `TargetError` for a target that is one file, where a revision has several."""
    single = next((target for target in targets if isinstance(target, FileTarget)), None)
    if single:
        raise TargetError(
            f"target {single.name}: is one file, and revision {revision.reverts or revision.number} holds several",
            hint="name a folder as the target, and the config's files (layers, files)",
        )


def _held(target: Target, known: Sequence[bytes]) -> Held:
    try:
        content = target.read()
    except Exception as error:  # noqa: BLE001 - a target of the user's own may raise anything
        return Held(target, None, message_of(error))
    if content is not None and known and content not in known and isinstance(target, FileSet | SeparateFiles):
        ours = target.targets if isinstance(target, SeparateFiles) else None  # others have no place there
        as_known = [arranged(content, each, ours) for each in known]
        content = next((each for each in as_known if each in known), as_known[0])
    return Held(target, content)
