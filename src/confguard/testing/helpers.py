"""Small helps for examples in tests."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any

from confguard.drill import Drill
from confguard.fields import Duration
from confguard.guard import Guard
from confguard.risk.policy import Policy
from confguard.schema.schema import SchemaLike
from confguard.schema.sources import Source, read_source
from confguard.stores.sqlite import MemoryStore
from confguard.texts import amount
from confguard.values import key_alike


def memory_guard(
    name: str = "test",
    schema: SchemaLike = None,
    data: Source | None = None,
    *,
    policy: Policy | None = None,
) -> Guard:
    """A guard that keeps everything in memory and blocks nothing, with `data` as its first revision.

    >>> memory_guard(data={"size": 1}).head().data
    {'size': 1}
    """
    guard = Guard(name, schema, MemoryStore(), policy=policy or Policy(review=101, block=101), format="toml")
    if data is not None:
        guard.apply(guard.plan(data, author="test", reason="given"))
    return guard


def overridden(data: Source, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a source's data with some values set, each named by its dotted path: `server.port`, `hosts.0.port`.

    Raises `ValueError` for a path that leads into a single value, or to an element that is not there.

    >>> overridden({"server": {"port": 80}}, {"server.port": 81, "debug": True})
    {'server': {'port': 81}, 'debug': True}
    >>> overridden({"hosts": [{"port": 80}]}, {"hosts.0.port": 81})
    {'hosts': [{'port': 81}]}
    """
    copied: dict[str, Any] = copy.deepcopy(dict(read_source(data).data))
    for dotted, value in overrides.items():
        names = dotted.split(".")
        inner: Any = copied
        for depth in range(len(names) - 1):
            key = _key(inner, names, depth)
            inner = inner.setdefault(key, {}) if isinstance(inner, dict) else inner[key]
        inner[_key(inner, names, -1)] = value
    return copied


def _key(inner: Any, names: list[str], depth: int) -> Any:
    """What one name of a path is called where it leads to: the key of a table, the number of an element."""
    name = names[depth]
    if isinstance(inner, dict):
        return key_alike(name, inner)
    is_list = isinstance(inner, list)
    if is_list and name.isdecimal() and int(name) < len(inner):
        return int(name)
    what = f"a list of {amount(len(inner), 'element')}" if is_list else "neither a table nor a list"
    raise ValueError(f"{'.'.join(names[:depth])} is {what}: there is no {'.'.join(names)}")


def drill(
    file: str | os.PathLike[str],
    schema: SchemaLike = None,
    *,
    policy: Policy | None = None,
    seed: int = 0,
    limit: int = 300,
    test: Sequence[str] | None = None,
    service: Sequence[str] | None = None,
    watch: str = "2s",
    timeout: str = "60s",
) -> Drill:
    """Inject misconfigurations into copies of a file, and say which layer catches each: for a test that holds a share.

    A config of the project goes by its name, too. Schema, policy, rules, `drill_test` and
    `drill_service` are those that the project file has for it, but for what is given here (`[]` for no command). How
    long a service is watched is `watch`; `timeout` is for a test, and for a service until it is healthy.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "pool.toml")
    ...     _ = file.write_text("[pool]\\nsize = 64\\nenabled = true\\n")
    ...     result = drill(file, limit=30)
    >>> result.tried, result.share > 0
    (30, True)
    """
    from confguard.cli.drilling import drill_named

    return drill_named(
        os.fspath(file),
        schema,
        policy=policy,
        test=test,
        service=service,
        watch=Duration(watch),
        seed=seed,
        limit=limit,
        timeout=Duration(timeout),
    )
