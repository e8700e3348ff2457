"""The stages of a rollout: which instances of a service take a new revision, and which stay on the one before."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Iterable
from itertools import pairwise

from attrs import frozen

from confguard.errors import harmless

_POINTS = 2**64


@frozen
class Instance:
    """One instance of a service, by a name that stays, and the groups that it belongs to."""

    name: str
    groups: frozenset[str] = frozenset()

    @staticmethod
    def of(name: str | None, groups: Iterable[str] | None) -> Instance:
        """What was said of it; else `CONFGUARD_INSTANCE` or the host's name, and the names in `CONFGUARD_GROUPS`.

        Names in one text stand apart by commas, semicolons or spaces; quotes, as some shells and manifests leave them,
        and capitals mean nothing.

        >>> instance = Instance.of("auth-7", '"Canary; eu"')
        >>> instance.name, sorted(instance.groups)
        ('auth-7', ['canary', 'eu'])
        """
        if groups is None:
            groups = os.environ.get("CONFGUARD_GROUPS", "")
        if isinstance(groups, str):
            groups = re.split(r"[,;\s]+", groups)
        name = name or os.environ.get("CONFGUARD_INSTANCE") or platform.node()
        return Instance(name, frozenset(filter(None, map(_group, groups))))

    def point(self, salt: str) -> float:
        """Where it stands from 0 to 1: always in the same place for the same `salt`, as if drawn at random."""
        digest = hashlib.sha256(f"{salt}\0{self.name}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / _POINTS


@frozen
class Stage:
    """Who takes a new revision: a share of all instances, or those of some groups.

    >>> Stage.of("10 %"), str(Stage.of(0.005)), str(Stage.of("canary, eu")), str(Stage.of("all"))
    (Stage(share=0.1, groups=()), '0.5%', 'canary,eu', 'all')
    """

    share: float = 0.0
    groups: tuple[str, ...] = ()

    @staticmethod
    def of(value: object) -> Stage:
        """A share as `"10%"` or `0.1`, `"all"`, or the names of groups. Raises `ValueError`."""
        stage = value if isinstance(value, Stage) else _stage_of(value)
        if stage is None or not (stage.groups or 0 < stage.share <= 1):
            shown = harmless(str(value)[:40])
            raise ValueError(
                f"'{shown}' is not a stage: a share of more than nothing such as '10%', 'all', or names of groups"
            )
        return stage

    def __str__(self) -> str:
        if self.groups:
            return ",".join(self.groups)
        return "all" if self.share == 1 else f"{self.share * 100:.6g}%"

    def takes(self, instance: Instance, salt: str) -> bool:
        """Does this instance run the new revision in this stage?"""
        if self.groups:
            return not instance.groups.isdisjoint(self.groups)
        return self.share == 1 or instance.point(salt) < self.share


ALL = Stage(share=1.0)


def stages_of(values: Iterable[object]) -> tuple[Stage, ...]:
    """Stages, each of which adds to those before it. Raises `ValueError` where a later share is not larger.

    >>> [str(each) for each in stages_of(["canary", "1%", 0.1, "all"])]
    ['canary', '1%', '10%', 'all']
    """
    if isinstance(values, str):
        raise ValueError(f"stages are a list, such as ['1%', '10%', 'all'], not '{harmless(values)}'")
    stages = tuple(map(Stage.of, values))
    shares = [each for each in stages if not each.groups]
    for smaller, larger in pairwise(shares):
        if larger.share <= smaller.share:
            raise ValueError(f"each stage is larger than the one before, and {larger} follows {smaller}")
    before: set[str] = set()
    for stage in stages:
        if stage.groups and before.issuperset(stage.groups):
            raise ValueError(f"each stage takes somebody new, and '{stage}' stands there twice")
        before.update(stage.groups)
    if ALL in stages[:-1]:
        raise ValueError("nobody is left after 'all': it is the last stage")
    return stages


def _stage_of(value: object) -> Stage | None:
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else Stage(share=float(value))
    names = value if isinstance(value, list | tuple) else str(value).split(",")
    groups = tuple(dict.fromkeys(_group(str(name)) for name in names))
    if "all" in groups:
        return ALL
    if len(groups) == 1 and groups[0].endswith("%"):
        try:
            return Stage(share=float(groups[0][:-1]) / 100)
        except ValueError:
            return None
    return Stage(groups=groups) if groups and all(map(_is_name, groups)) else None


def _group(name: str) -> str:
    return name.strip(" \t\"'").casefold()


def _is_name(group: str) -> bool:
    return group[:1].isalpha() and group.isprintable() and not set(" ,;\"'") & set(group)
