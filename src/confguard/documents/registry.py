"""Which formats there are, and which one a file is of."""

from __future__ import annotations

from functools import cache
from pathlib import PurePath

from confguard.documents.interface import Format
from confguard.errors import DocumentError, did_you_mean

__all__ = ["detect_format", "format_named", "is_configuration", "known_formats"]

_BUILT_IN = {
    "toml": "confguard.documents.toml:TomlFormat",
    "yaml": "confguard.documents.yaml:YamlFormat",
    "json": "confguard.documents.json:JsonFormat",
    "ini": "confguard.documents.ini:IniFormat",
    "env": "confguard.documents.env:EnvFormat",
    "jsonc": "confguard.documents.jsonc:JsoncFormat",
    "properties": "confguard.documents.properties:PropertiesFormat",
}
_BUILT_IN_SUFFIXES = {
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".ini": "ini",
    ".cfg": "ini",
    ".cnf": "ini",
    ".conf": "ini",
    ".env": "env",
    ".jsonc": "jsonc",
    ".json5": "jsonc",
    ".properties": "properties",
}


def known_formats() -> tuple[str, ...]:
    """The names of all formats, those of installed plug-ins among them.

    >>> known_formats()[:2]
    ('toml', 'yaml')
    """
    return tuple(dict.fromkeys([*_BUILT_IN, *_plugins()]))


@cache
def format_named(name: str) -> Format:
    """The format of that name. Raises `DocumentError` for one that is not known."""
    if name in _BUILT_IN:
        return _load(_BUILT_IN[name])
    plugins = _plugins()
    if name in plugins:
        return _load(plugins[name])
    known = known_formats()
    raise DocumentError(
        f"unknown format '{name}'{did_you_mean(name, known)}", hint=f"one of: {', '.join(known)}"
    )


def detect_format(path: str) -> Format:
    """The format that a file's name tells. Raises `DocumentError` if it tells none.

    >>> detect_format("deploy/app.yml").name
    'yaml'
    >>> detect_format(".env.production").name
    'env'
    """
    name = PurePath(path).name.lower()
    suffix = PurePath(name).suffix
    if name == ".env" or name.startswith(".env."):
        return format_named("env")
    if suffix in _BUILT_IN_SUFFIXES:
        return format_named(_BUILT_IN_SUFFIXES[suffix])
    for plugin in _plugins():
        chosen = format_named(plugin)
        if suffix in chosen.suffixes:
            return chosen
    raise DocumentError(
        f"unknown format: the name ends in '{suffix}'" if suffix else "unknown format: no suffix",
        path=path,
        hint=f"name it with --as: {', '.join(known_formats())}",
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


def _load(spec: str) -> Format:
    from importlib import import_module

    module, _, name = spec.partition(":")
    made: Format = getattr(import_module(module), name)()
    return made
