"""Small helps for examples in tests."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from confguard.guard import Guard
from confguard.risk.policy import Policy
from confguard.schema.schema import SchemaLike
from confguard.stores.memory import MemoryStore

__all__ = ["memory_guard", "overridden"]


def memory_guard(
    name: str = "test",
    schema: SchemaLike = None,
    data: Mapping[str, Any] | None = None,
    *,
    policy: Policy | None = None,
) -> Guard:
    """A guard that keeps everything in memory and blocks nothing, with `data` as its first revision.

    >>> memory_guard(data={"size": 1}).head().data
    {'size': 1}
    """
    guard = Guard(name, schema, MemoryStore(), policy=policy or Policy(review=101, block=101), format="toml")
    if data is not None:
        guard.apply(guard.plan(dict(data), author="test", reason="given"))
    return guard


def overridden(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of data with some values set, each named by its dotted path.

    >>> overridden({"server": {"port": 80}}, {"server.port": 81, "debug": True})
    {'server': {'port': 81}, 'debug': True}
    """
    copied = copy.deepcopy(dict(data))
    for dotted, value in overrides.items():
        *parents, last = dotted.split(".")
        inner = copied
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return copied
