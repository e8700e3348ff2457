"""The guard of one config: plan, apply, revert; it ties schema, store, targets, policy and rollout together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import evolve

from confguard.diffs.changes import Diff
from confguard.diffs.engine import diff
from confguard.documents.bundle import BUNDLE, parse_bytes
from confguard.documents.document import Document
from confguard.documents.layout import layout_from
from confguard.documents.registry import detect_format, format_named
from confguard.errors import ConfguardError, DocumentError, harmless
from confguard.events import Listener
from confguard.fields import Duration, Impact, ImpactLevel
from confguard.risk.judging import Terms
from confguard.risk.policy import Policy
from confguard.risk.rules.interface import Rule
from confguard.rollout import applying, baking, recovering, reverting
from confguard.rollout.bake import Bake
from confguard.rollout.changes import HeadChange, author_name, stripped
from confguard.rollout.documents import as_bundle, as_document, refuse_other_format
from confguard.rollout.places import Place
from confguard.rollout.plans import Plan, change_of, held_by_hand, plan_change
from confguard.rollout.recovering import Recovered
from confguard.schema.schema import SchemaLike, resolve_schema
from confguard.schema.shape import ANYTHING
from confguard.schema.sources import Source
from confguard.stores import chain
from confguard.stores.interface import PendingBake, Revision, Store
from confguard.stores.opening import as_store
from confguard.stores.selecting import Retention, other_before
from confguard.stores.signing import Signer, Signers, verify_signed
from confguard.targets.drift import Drift
from confguard.targets.files import write_durably
from confguard.targets.reload import ReloadLike, as_reload
from confguard.targets.tables import TargetLike, as_target, refuse_folders
from confguard.values import check_type, listed

__all__ = ["Guard", "Plan"]

_LONGEST_NAME = 200
_PLAN = "plan: guard.apply(guard.plan(source, reason=...))"


def _now() -> datetime:
    return datetime.now(UTC)


class Guard:
    """Guards one config.

    `store` is a store, its URL, or the path of an SQLite file; `targets` are files (or targets) that shall hold the
    head, and `reload` says how their service is told of it: a URL, a command as a list, or a `Reload`. `schema` is a
    class or `"module:Class"`; `impact` says how much depends on this config where the schema does not; `format` names
    the format where no target's name does. `signer` is an SSH key, or its file, that signs every revision. `rules` are
    asked beside those of the catalogue; these and the policy call a file what `naming` makes of its path. `on_event` is
    told of all that happens.

    A config of several files names them, relative to the folder that is planned from and to those that are targets:
    `layers`, of which the later win over the earlier, are judged together; `files` are each judged by itself. One
    revision holds them all.

    Opening a guard changes nothing, and makes no store. What a process that died left behind is finished by `recover`,
    which everything that writes does first. Raises `StoreError`, `SchemaError` or `TargetError`.

    >>> guard = Guard("pool", store="memory://", format="toml")
    >>> first = guard.apply(guard.plan({"replicas": 3}, author="ana", reason="start"))
    >>> plan = guard.plan({"replicas": 0}, author="ben", reason="save memory")
    >>> plan.decision.value, plan.risk.score, str(plan.diff)
    ('block', 80, 'replicas: 3 -> 0')
    >>> guard.apply(plan)
    Traceback (most recent call last):
        ...
    confguard.errors.PolicyError: 'pool': the policy blocks this change: risk 80 (critical), and 75 blocks
    >>> guard.head().number
    1
    """

    def __init__(
        self,
        name: str,
        schema: SchemaLike = None,
        store: Store | str | os.PathLike[str] = "sqlite:///confguard.db",
        targets: Iterable[TargetLike] = (),
        policy: Policy | None = None,
        *,
        layers: Iterable[str] = (),
        files: Iterable[str] | None = None,
        format: str | None = None,
        impact: ImpactLevel | None = None,
        reload: Iterable[ReloadLike] = (),
        signer: Signer | str | os.PathLike[str] | None = None,
        rules: Iterable[Rule] = (),
        naming: Callable[[str], str] = str,
        on_event: Listener | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        check_type(name, str, "config's name")
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ConfguardError(
                f"'{harmless(name[:40])}' is not a config's name: 1 to {_LONGEST_NAME} printable characters"
            )
        check_type(policy, Policy | None, "policy: cg.Policy(review=50, block=75)")
        check_type(on_event, Callable | None, "listener: a function that is called with each event")  # type: ignore[arg-type]
        for rule in (rules := listed(rules)):
            check_type(rule, Rule, "rule: a subclass of confguard.risk.rules.Rule is one")
        if impact is not None:
            Impact(impact)  # raises `ValueError` where there is no such level
        self.name = name
        self.schema = resolve_schema(schema)
        self.policy = policy or Policy()
        self.store = as_store(store)
        self.files = layout_from(listed(layers), None if files is None else listed(files), format)
        self.targets = tuple(as_target(target, files=self.files) for target in listed(targets))
        if self.files is None:
            refuse_folders(name, self.targets)
        self._terms = Terms(schema=self.schema, policy=self.policy, impact=impact, rules=rules, naming=naming)
        self._format = None if format is None else format_named(format).name
        if signer is not None and not isinstance(signer, Signer):
            signer = Signer(Path(signer))
        self.place = Place(
            name,
            self.store,
            self.targets,
            tuple(as_reload(each) for each in listed(reload)),
            self.schema,
            clock,
            signer.sign if signer else None,
            on_event,
        )

    def plan(
        self,
        source: Source,
        *,
        author: str | None = None,
        reason: str | None = None,
        ticket: str | None = None,
        labels: Iterable[str] = (),
    ) -> Plan:
        """Validate, diff and score a change against the head. Writes nothing.

        `source` is a path, a `Document`, a mapping, or an instance of the schema; of several files, their folder, or a
        mapping of names to what each is to be (None: it goes), of which the others stay as they are. A mapping or an
        instance is written into the head's file, whose comments stay. `author` is the user who runs this, unless
        given; the `reason` may wait until it is applied; `ticket` and `labels` are kept with the revision. Targets that
        somebody edited are in the plan's `drift`, and ask for a review. The first revision of a file that is there is
        an import: nothing blocks it. Raises `DocumentError`, `ValidationError` with every problem, and `ValueError`
        for a blank reason.
        """
        return plan_change(
            self.place,
            self._document(source),
            self._terms,
            author=author_name(author),
            reason=reason,
            ticket=ticket,
            labels=listed(labels),
        )

    def apply(
        self,
        plan: Plan,
        override: str | None = None,
        *,
        reason: str | None = None,
        approved_by: str | None = None,
        bake: Bake | None = None,
        overwrite: bool = False,
        supersede: str | None = None,
        tell: bool = True,
        detach: bool = False,
    ) -> Revision:
        """Make a plan the head, write it to all targets, and tell the service: all of it or nothing.

        A plan without a `reason` needs one here. `approved_by` records who reviewed a plan that asks for it;
        `override` says why one that the policy blocks is applied all the same. `overwrite` lets it replace what
        somebody wrote into a target: the store keeps a copy. `supersede` says why it ends the bake of another
        revision. With a `bake`, waits until the revision has proved itself, and reverts it otherwise; with `detach`, an
        agent does that: one has to take it over within half a minute, or it is abandoned. With `tell=False` the service
        is not told: `tell` does that later. Applying what is there already returns the head; with a label that it does
        not have, the same bytes become a revision that has it, which no bake watches.

        Raises, when nothing was done, `PolicyError`, `DriftError`, `BakingError`, `ConflictError` if the head moved,
        `StoreBusyError`, `TargetError` or `StoreError`; `RefusedError` if it could not be written everywhere or the
        service refused it, and it was taken back; `NotToldError` if the service could not be told of that;
        `BakeFailedError` if its bake reverted it. A reason that is missing is a `ValueError`.
        """
        check_type(plan, Plan, _PLAN)
        if stated := stripped(reason, "the reason"):
            plan = evolve(plan, reason=plan.diff.clean(stated))

        def change() -> HeadChange | Revision:
            return self.change_of(
                plan, override, approved_by=approved_by, bake=bake, overwrite=overwrite, supersede=supersede
            )

        return applying.apply([self.place], [change], tell_services=tell, detach=detach)[0]

    def change_of(
        self,
        plan: Plan,
        override: str | None = None,
        *,
        approved_by: str | None = None,
        bake: Bake | None = None,
        overwrite: bool = False,
        supersede: str | None = None,
    ) -> HeadChange | Revision:
        """What applying a plan would do to the head; the head, if all is there already. Raises as `apply` does."""
        check_type(plan, Plan, _PLAN)
        check_type(bake, Bake | None, "bake: cg.Bake('10m', probes=[...])")
        if plan.config != self.name:
            raise ConfguardError(f"the plan is for '{plan.config}', and this is the guard of '{self.name}'")
        return change_of(
            self.place,
            plan,
            override=override,
            approved_by=approved_by,
            overwrite=overwrite,
            supersede=supersede,
            bake=bake,
        )

    def adopt(
        self,
        *,
        reason: str,
        author: str | None = None,
        target: str | os.PathLike[str] | None = None,
        override: str | None = None,
        approved_by: str | None = None,
        overwrite: bool = False,
        supersede: str | None = None,
    ) -> Revision:
        """Make what a target holds a revision: validated and scored as any other, and written to the other targets.

        `target` names one where several were edited in different ways; `overwrite` lets it replace what the others
        hold. Raises `NotFoundError` if no target was edited, and what `plan` and `apply` raise.
        """
        plan = self.plan_adoption(reason=reason, author=author, target=target)
        return self.apply(plan, override, approved_by=approved_by, overwrite=overwrite, supersede=supersede)

    def plan_adoption(
        self, *, reason: str, author: str | None = None, target: str | os.PathLike[str] | None = None
    ) -> Plan:
        """The plan that makes what a target holds the head. Writes nothing."""
        content, name = held_by_hand(self.place, target)
        document = parse_bytes(content, self._own_format(), path=name)
        return self.plan(document, author=author, reason=reason)

    def revert(
        self,
        to: int | datetime | str | None = None,
        *,
        reason: str,
        author: str | None = None,
        only: int | None = None,
    ) -> Revision:
        """Bring back the exact bytes of an earlier revision, as a new revision.

        Without `to`, of the one before the head (while a bake is under way, of the last one that has proved itself);
        else of the one with that number, of the one that was the head at that time, or of the newest one with that
        label. `only` takes back what that one revision changed, and leaves what came after it. Said again, a revert is
        finished if something of it is left to do; one that is in force is never reverted unless `to` says so, since
        that would bring the failure back.

        Nothing stands in the way: neither schema nor policy, nor what somebody wrote into a target, of which a copy is
        kept in the store. Raises `NotFoundError` where there is nothing to go back to, `MergeConflictError` where what
        `only` changed was changed again since, `ConflictError` if somebody else changes the head at the same moment,
        or if the head is a revert that is in force already,
        and `NotToldError` when the bytes are back in place, and the service could not be told of it.
        """
        return reverting.revert([self.place], to, only=only, reason=reason, author=author)[0]

    def confirm(self) -> Revision:
        """Let the head stay, before its bake is over. Raises `NotFoundError` if no bake is under way."""
        return baking.confirm(self.place)

    def extend(self, by: timedelta | str) -> PendingBake:
        """Let a bake, or its stage, be longer by so much.

        Raises `NotFoundError` if no bake is under way, and `ConfguardError` if nobody watches it any more.
        """
        return baking.extend(self.place, Duration(by))

    def tell(self) -> Revision:
        """Tell the service of what is in its targets, and return that.

        Raises `DriftError` where somebody edited a target since, and `NotToldError`.
        """
        return recovering.tell_again(self.place)

    def recover(self) -> tuple[Recovered, ...]:
        """Finish what was left behind: write what was decided, revert what nobody watches, tell what was not told.

        Raises `TargetError` where a target still cannot be written, `NotToldError` where the service still cannot be
        told.
        """
        return tuple(recovering.recover(self.place))

    def repair(self) -> tuple[Drift, ...]:
        """Write the head to all targets that drifted, and tell the service; what they held is in the answer.

        The mode, owner and group of a file that is there stay what they are: `drift` says so. Raises `NotToldError`
        when they hold it again, and the service could not be told.
        """
        head, drifted = self.head(), self.drift()
        if head and (any(each.held != head.content for each in drifted) or self.place.is_linked_away()):
            recovering.repair(self.place, [each.target for each in drifted])
        return drifted

    def head(self) -> Revision | None:
        """The newest revision; None if there is none."""
        if head := self.store.head(self.name):
            head.fetch()
        return head

    def history(self, limit: int | None = None, before: int | None = None) -> list[Revision]:
        """The newest `limit` revisions (all, if None), newest first; only those before number `before`, if given."""
        return self.store.history(self.name, limit, before)

    def revision(self, number: int) -> Revision:
        """The revision with a number. Raises `NotFoundError`."""
        check_type(number, int, "revision's number")
        return self.store.get(self.name, number)

    def diff(self, a: int, b: int) -> Diff:
        """What changed from revision `a` to revision `b`."""
        return diff(self.revision(a).document, self.revision(b).document, self.schema)

    def drift(self) -> tuple[Drift, ...]:
        """The targets that do not hold the head's bytes, with what differs and since when; empty if all do."""
        head = self.head()
        return self.place.drift(head) if head else ()

    def verify(self, signers: str | os.PathLike[str] | None = None) -> int:
        """Check the whole chain and return its length. Raises `IntegrityError` that names the first bad link.

        With a file of allowed `signers`, every revision from the first signed one on must be signed by its author, or
        by who approved it, with a key that the file allows them.
        """
        if signers is None:
            return chain.verify(self.store, self.name)
        return verify_signed(self.store, self.name, Signers(Path(signers)))

    def thin(self, retention: Retention | None = None) -> int:
        """Drop the content of old revisions, and say of how many; all stay in the chain, still verified."""
        history = self.history()
        if not history:
            return 0
        keep = {history[0].number, *(retention or Retention()).kept(history, self.place.clock())}
        back, pending = other_before(self.store, history[0]), self.store.pending_bake(self.name)
        keep |= {back.number} if back else set()
        keep |= {pending.back} if pending else set()
        keep |= {each.written for each in self.store.places(self.name).values()}
        return self.store.thin(self.name, frozenset(keep))

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the whole history to one portable file. Raises `IntegrityError` if it is not good."""
        from confguard.stores.portable import exported

        write_durably(Path(path), exported(self.store, self.name))

    def close(self) -> None:
        """Close the store, once notifiers have sent what they were told, for a few seconds at most."""
        if flush := getattr(self.place.listener, "flush", None):
            flush()
        self.store.close()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _document(self, source: Source) -> Document:
        shape = self.schema.shape if self.schema else ANYTHING

        def head() -> Document | None:
            revision = self.head()
            return revision.document if revision else None

        if self.files is None:
            document = as_document(source, self._format, self._own_format, shape, head)
        else:
            document = as_bundle(source, self.files, head() if isinstance(source, Mapping) else None, shape)
        if not self._format:
            refuse_other_format(document, self.targets)
        return document

    def _own_format(self) -> str:
        if self.files is not None:
            return BUNDLE
        if self._format:
            return self._format
        if head := self.head():
            return head.format
        if self.targets:
            return detect_format(self.targets[0].name).name
        raise DocumentError(
            f"'{self.name}': in which format shall the mapping be written?",
            hint="give the guard a target or format=",
        )
