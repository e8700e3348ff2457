"""Several configs as one: applied, or reverted, all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from confguard.errors import ConfguardError
from confguard.guard import Guard, Plan
from confguard.rollout.switch import Change, replace_all
from confguard.stores.interface import Revision

__all__ = ["Group"]


class Group:
    """Guards of one store whose configs change together, in one transaction.

    >>> from confguard.stores import open_store
    >>> store = open_store("memory://")
    >>> web, auth = (Guard(name, store=store, format="toml") for name in ("web", "auth"))
    >>> group = Group(web, auth)
    >>> _ = group.apply(each.plan({"port": 80}, author="ana", reason="start") for each in group.guards)
    >>> _ = group.apply(each.plan({"port": 443}, author="ana", reason="TLS") for each in group.guards)
    >>> [made.data for made in group.revert(reason="certificates are late")]
    [{'port': 80}, {'port': 80}]
    """

    def __init__(self, *guards: Guard) -> None:
        if not guards:
            raise ConfguardError("a group needs guards")
        if len({id(guard.store) for guard in guards}) > 1:
            raise ConfguardError(
                "the guards of a group need one store: a transaction spans no two",
                hint="open it once, and give it to each: Guard(..., store=store)",
            )
        self.guards = guards

    def apply(
        self, plans: Iterable[Plan], override: str | None = None, *, approved_by: str | None = None
    ) -> list[Revision]:
        """Make every plan the head of its config, or none. Raises what `Guard.apply` raises."""
        by_name = {plan.config: plan for plan in plans}
        strangers = by_name.keys() - {guard.name for guard in self.guards}
        if strangers:
            raise ConfguardError(f"no guard of '{min(strangers)}' is in the group")
        guards = [guard for guard in self.guards if guard.name in by_name]
        changes = [guard._changed(by_name[guard.name], override, approved_by, None) for guard in guards]
        wanted = [change for change in changes if isinstance(change, Change)]
        made = iter(self._carried_out(wanted))
        done = [next(made) if isinstance(change, Change) else change for change in changes]
        for guard, change, revision in zip(guards, changes, done, strict=True):
            if isinstance(change, Change):
                plan = by_name[guard.name]
                guard._emit(
                    "applied", revision, author=plan.author, reason=plan.reason, score=plan.risk.score
                )
        return done

    def revert(
        self, to: datetime | str | None = None, *, reason: str, author: str | None = None
    ) -> list[Revision]:
        """Revert every config, or none: to the one before, or as it was at a time or with a label."""
        pairs = [guard._changing.reverted(to, None, reason, author) for guard in self.guards]
        done = self._carried_out([change for change, _ in pairs])
        for guard, (_, back), revision in zip(self.guards, pairs, done, strict=True):
            guard._emit("reverted", revision, to=back.number, reason=reason.strip())
        return done

    def _carried_out(self, changes: Sequence[Change]) -> list[Revision]:
        if not changes:
            return []
        by_name = {guard.name: guard for guard in self.guards}
        made = replace_all(changes)
        return [
            by_name[change.switch.config]._adopted(each) for change, each in zip(changes, made, strict=True)
        ]
