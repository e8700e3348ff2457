"""Small helps for examples in tests."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from confguard.documents.document import Document, read
from confguard.drill import Drill
from confguard.drill import drill as drilled
from confguard.fields import Duration
from confguard.guard import Guard
from confguard.project import Config, find_project
from confguard.project.guards import bake_for_drill, terms_of
from confguard.risk.judging import Terms
from confguard.risk.policy import Policy
from confguard.schema.schema import SchemaLike, resolve_schema
from confguard.stores.sqlite import MemoryStore

__all__ = ["drill", "memory_guard", "overridden"]


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

    A config of the project that has several files goes by its name. Schema, policy, rules, `drill_test` and
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
    project = find_project()
    name = os.fspath(file)
    named = project and name in project.settings.configs and not Path(name).is_file()
    layout = project.layout_of(name) if project and named else None
    if project and layout:
        document: Document = layout.bundle(project.source_of(name), None)
        config: Config | None = project.config(name)
    else:
        of_file = project.config_of(file) if project else None
        config = of_file[1] if of_file else None
        document = read(file, config.format if config else None)
    terms = terms_of(project, config) if project else Terms()
    if schema is not None:
        terms = evolve(terms, schema=resolve_schema(schema))
    if policy is not None:
        terms = evolve(terms, policy=policy)
    if config:
        test = config.drill_test if test is None else test
        service = config.drill_service if service is None else service
    bake = bake_for_drill(config, watch) if service else None
    return drilled(
        document,
        terms,
        seed=seed,
        limit=limit,
        test=test or (),
        service=service or (),
        bake=bake,
        timeout=Duration(timeout),
    )
