"""What is made of a project: the guard and the bake of a config, and the terms by which a file is judged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from confguard.errors import Problem, SchemaError
from confguard.events import Listener
from confguard.project.project import Config, Project, placed

if TYPE_CHECKING:
    from confguard.guard import Guard
    from confguard.risk.judging import Terms
    from confguard.risk.rules.interface import Rule
    from confguard.rollout import Bake
    from confguard.schema.schema import Schema, SchemaLike
    from confguard.stores import Store


def guard_of(
    project: Project,
    name: str,
    on_event: Listener | None = None,
    *,
    store: Store | None = None,
    with_schema: bool = True,
) -> Guard:
    """The guard of a config; with a store that is open already, if one is given.

    Without its schema, what goes back works even where the schema cannot be imported.
    """
    from confguard.guard import Guard
    from confguard.targets.tables import as_target

    config, layout = project.config(name), project.layout_of(name)
    return Guard(
        name,
        schema=resolved_schema(project, config) if with_schema else None,
        store=store or project.store_url,
        layers=layout.names if layout and layout.layered else (),
        files=layout.names if layout and not layout.layered else None,
        targets=[as_target(target, project.root, layout) for target in config.targets],
        reload=config.reload,
        signer=project.user_path(project.settings.signing_key),
        policy=project.policy_of(config),
        format=config.format,
        impact=config.impact,
        rules=project.settings.rules,
        naming=partial(project.name_of, config=config),
        on_event=_notifying(project, on_event),
    )


def resolved_schema(project: Project, config: Config) -> Schema[Any] | None:
    """The schema that a config names. Raises `SchemaError`, with the place that names it."""
    from confguard.schema.schema import resolve_schema

    project.make_importable()
    try:
        return resolve_schema(project.schema_of(config))
    except SchemaError as error:
        name = next(name for name, each in project.settings.configs.items() if each is config)
        problem = Problem(("configs", name, "schema"), str(error))
        raise SchemaError(str(placed(problem, project.document)), hint=error.hint) from error


def _notifying(project: Project, on_event: Listener | None) -> Listener | None:
    """What tells the project's notifiers, and then the listener."""
    if not project.settings.notifiers:
        return on_event
    from confguard.notify import Notifications, as_notifier

    tables = project.settings.notifiers.items()
    return Notifications({name: as_notifier(table, project.root) for name, table in tables}, on_event)


def bake_of(
    config: Config, duration: object = None, *, confirm: bool = False, stages: Sequence[object] | None = None
) -> Bake:
    """A bake with the probes and monitors of a config; as long, and in such stages, as it says if nothing is given.

    Raises `ValueError` where there is nothing to ask.
    """
    from confguard.rollout.bake import Bake

    stages = config.stages if stages is None else stages
    return Bake(duration or config.bake, config.probes, config.monitors, confirm=confirm, stages=stages)


def bake_for_drill(config: Config | None, watched: object) -> Bake | None:
    """How a service is watched that runs with a wrong copy; None for a config without probes and monitors."""
    asks = config is not None and bool(config.probes or config.monitors)
    return bake_of(config, watched, stages=()) if config and asks else None


def terms_of(project: Project, config: Config | None, schema: SchemaLike = None) -> Terms:
    """By what a file is judged: the terms of its config; a `schema` that is named wins.

    Raises `ConfguardError` for a schema, a rule or a model that cannot be used.
    """
    from confguard.risk.judging import Terms
    from confguard.risk.likelihood import read_model
    from confguard.schema.schema import resolve_schema

    model = project.settings.model
    if schema or not config:
        project.make_importable()
        resolved = resolve_schema(schema)
    else:
        resolved = resolved_schema(project, config)
    return Terms(
        schema=resolved,
        policy=project.policy_of(config),
        impact=config.impact if config else None,
        rules=rules_of(project),
        model=read_model(project.root / model) if model else None,
        format=config.format if config else None,
        unwatched=config is not None and not (resolved or config.probes or config.monitors),
        naming=partial(project.name_of, config=config),
    )


def rules_of(project: Project) -> Sequence[Rule]:
    """The project's own rules, compiled. Raises `ConfguardError`."""
    for rule in project.settings.rules:
        rule.compile()  # whether it does is to be known before anything is judged
    return project.settings.rules
