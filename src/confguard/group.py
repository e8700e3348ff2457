"""Several configs as one: applied, or reverted, all of them or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from confguard.errors import ConfguardError
from confguard.guard import Guard, Plan
from confguard.rollout import applying, reverting
from confguard.rollout.bake import Bake
from confguard.stores.interface import Revision
from confguard.values import check_type


class Group:
    """Guards of one store whose configs change together, in one transaction.

    >>> from confguard.stores import open_store
    >>> store = open_store("memory://")
    >>> web, auth = (Guard(name, store=store, format="toml") for name in ("web", "auth"))
    >>> group = Group(web, auth)
    >>> _ = group.apply(each.plan({"port": 80}, author="ana", reason="start") for each in group.guards)
    >>> _ = group.apply(each.plan({"port": 443}, author="ana", reason="TLS") for each in group.guards)
    >>> [revision.data for revision in group.revert(reason="certificates are late")]
    [{'port': 80}, {'port': 80}]
    """

    def __init__(self, *guards: Guard) -> None:
        if not guards:
            raise ConfguardError("a group needs guards")
        for guard in guards:
            check_type(guard, Guard, "guard: cg.Group(first, second)")
        if len({id(guard.store) for guard in guards}) > 1:
            raise ConfguardError(
                "the guards of a group need one store: a transaction spans no two",
                hint="open it once, and give it to each: Guard(..., store=store)",
            )
        _check_once(
            (guard.name for guard in guards),
            "two guards of '{}' are in the group, and a config changes once in a transaction",
            hint="one guard with all its targets: Guard(..., targets=[...])",
        )
        self.guards = guards

    def apply(
        self,
        plans: Iterable[Plan],
        override: str | None = None,
        *,
        approved_by: str | None = None,
        bake: Bake | None = None,
        overwrite: bool = False,
        supersede: str | None = None,
    ) -> list[Revision]:
        """Make every plan the head of its config, or none. Takes and raises what `Guard.apply` does."""
        plans = list(plans)
        if bake and bake.stages:
            raise ConfguardError(
                "several configs at once have no stages",
                hint="apply one after the other, or without stages",
            )
        _check_once(
            (plan.config for plan in plans),
            "two plans are for '{}', and only one can become its head",
            hint="plan what both say as one change, or apply one after the other",
        )
        by_name = {plan.config: plan for plan in plans}
        strangers = by_name.keys() - {guard.name for guard in self.guards}
        if strangers:
            raise ConfguardError(f"no guard of '{min(strangers)}' is in the group")
        guards = [guard for guard in self.guards if guard.name in by_name]
        changes = [
            partial(
                guard.change_of,
                by_name[guard.name],
                override,
                approved_by=approved_by,
                bake=bake,
                overwrite=overwrite,
                supersede=supersede,
            )
            for guard in guards
        ]
        return applying.apply([guard.place for guard in guards], changes)

    def revert(
        self, to: datetime | str | None = None, *, reason: str, author: str | None = None
    ) -> list[Revision]:
        """Revert every config, or none: to the one before, or as it was at a time or with a label.

        Raises what `Guard.revert` does.
        """
        return reverting.revert([guard.place for guard in self.guards], to, reason=reason, author=author)


def _check_once(names: Iterable[str], message: str, *, hint: str) -> None:
    """Raise `ConfguardError` for the first name that comes a second time."""
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfguardError(message.format(name), hint=hint)
