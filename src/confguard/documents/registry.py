"""Which formats there are, and which one a file is of."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from confguard.documents.interface import Format
from confguard.errors import DocumentError, did_you_mean
from confguard.plugins import naming_plugin
from confguard.values import check_type

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

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
    check_type(name, str, "format's name")
    chosen: Format
    if name in _BUILT_IN:
        chosen = _loaded(_BUILT_IN[name][0])()
        return chosen
    point = _plugins().get(name)
    if point is None:
        known = known_formats()
        raise DocumentError(
            f"unknown format '{name}'{did_you_mean(name, known)}", hint=f"one of: {', '.join(known)}"
        )
    with naming_plugin(point, DocumentError):
        chosen = point.load()()
        chosen.name = name  # documents name their format by it, whatever its class does
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
    if suffix in (by_plugins := _by_suffix_of_plugins()):
        return by_plugins[suffix]
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


def is_built_in(name: str) -> bool:
    """Does a format come with confguard?"""
    return name in _BUILT_IN


@cache
def _plugins() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    points = entry_points(group="confguard.formats")
    return {point.name: point for point in points if point.name not in _BUILT_IN}


@cache
def _by_suffix_of_plugins() -> dict[str, Format]:
    """The formats of plug-ins by their suffixes; of one that cannot be loaded a warning tells, once."""
    by_suffix: dict[str, Format] = {}
    for name in _plugins():
        try:
            chosen = format_named(name)
        except DocumentError as error:
            warnings.warn(str(error), UserWarning, stacklevel=3)
        else:
            by_suffix = dict.fromkeys(chosen.suffixes, chosen) | by_suffix
    return by_suffix


def _loaded(spec: str) -> Any:
    from importlib import import_module

    module, _, name = spec.partition(":")
    return getattr(import_module(module), name)
