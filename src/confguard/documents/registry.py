"""Which formats there are, and which one a file is of."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from confguard.documents.interface import Format
from confguard.errors import DocumentError, did_you_mean

_BUILT_IN = {
    "toml": ("confguard.documents.toml:TomlFormat", ".toml"),
    "yaml": ("confguard.documents.yaml:YamlFormat", ".yaml", ".yml"),
    "json": ("confguard.documents.json:JsonFormat", ".json"),
    "ini": ("confguard.documents.ini:IniFormat", ".ini", ".cfg", ".cnf", ".conf"),
    "env": ("confguard.documents.env:EnvFormat", ".env"),
    "jsonc": ("confguard.documents.json:JsoncFormat", ".jsonc", ".json5"),
    "properties": ("confguard.documents.properties:PropertiesFormat", ".properties"),
}
"""By their names: the formats, which are loaded when a file is of them, and what names of such files end in."""
_BY_SUFFIX = {suffix: name for name, (_, *suffixes) in _BUILT_IN.items() for suffix in suffixes}


def known_formats() -> tuple[str, ...]:
    """The names of all formats, those of installed plug-ins among them.

    >>> known_formats()[:2]
    ('toml', 'yaml')
    """
    return tuple(dict.fromkeys([*_BUILT_IN, *_plugins()]))


@cache
def format_named(name: str) -> Format:
    """The format of that name. Raises `DocumentError` for one that is not known."""
    spec = _BUILT_IN[name][0] if name in _BUILT_IN else _plugins().get(name)
    if spec is None:
        known = known_formats()
        raise DocumentError(
            f"unknown format '{name}'{did_you_mean(name, known)}", hint=f"one of: {', '.join(known)}"
        )
    chosen: Format = _loaded(spec)()
    return chosen


def notation_of(name: str) -> Callable[[str], Any] | None:
    """What edits texts of a format, keeping comments and layout; None where nothing does."""
    notation = getattr(format_named(name), "notation", None)
    return _loaded(notation) if isinstance(notation, str) else notation


def detect_format(path: str) -> Format:
    """The format that a file's name tells. Raises `DocumentError` if it tells none.

    >>> detect_format("deploy/app.yml").name
    'yaml'
    >>> detect_format(".env.production").name
    'env'
    """
    name = path.rstrip("/").rpartition("/")[2].lower()
    dot = name.rfind(".")
    # As `pathlib` has it, which is asked too often here.
    suffix = name[dot:] if 0 < dot < len(name) - 1 else ""
    if name == ".env" or name.startswith(".env."):
        return format_named("env")
    if suffix in _BY_SUFFIX:
        return format_named(_BY_SUFFIX[suffix])
    for plugin in _plugins():
        chosen = format_named(plugin)
        if suffix in chosen.suffixes:
            return chosen
    raise DocumentError(
        f"unknown format: the name ends in '{suffix}'" if suffix else "unknown format: no suffix",
        path=path,
        hint=f"a suffix tells it, or `format` of the config: {', '.join(known_formats())}",
    )


def is_configuration(path: str) -> bool:
    """Does a file's name tell a format that is known?

    >>> is_configuration("deploy/app.yml"), is_configuration("notes.md")
    (True, False)
    """
    try:
        detect_format(path)
    except DocumentError:
        return False
    return True


@cache
def _plugins() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {
        point.name: point.value
        for point in entry_points(group="confguard.formats")
        if point.name not in _BUILT_IN
    }


def _loaded(spec: str) -> Any:
    from importlib import import_module

    module, _, name = spec.partition(":")
    return getattr(import_module(module), name)
