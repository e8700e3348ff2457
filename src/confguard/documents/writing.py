"""Writing data as a text of a format, for programs that plan a mapping instead of a file."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from confguard.documents.document import Document, parse
from confguard.documents.yaml_dumper import text_dumper
from confguard.errors import DocumentError
from confguard.values import Documents, same

__all__ = ["env_quoted", "properties_escaped", "write"]


def write(data: Any, format: str) -> Document:
    """The document that holds this data. Raises `DocumentError` where the format cannot hold it exactly.

    >>> print(write({"server": {"port": 80}}, "toml").text, end="")
    [server]
    port = 80
    >>> write({"port": 80}, "env")
    Traceback (most recent call last):
        ...
    confguard.errors.DocumentError: env cannot hold this data exactly: hand in a file instead
    """
    writer = _WRITERS.get(format)
    if writer is None:
        raise DocumentError(f"confguard does not write {format}", hint="hand in a file instead of a mapping")
    problem = f"{format} cannot hold this data exactly: hand in a file instead"
    try:
        document = parse(writer(data), format)
    except (TypeError, ValueError, AttributeError, RecursionError, DocumentError) as error:
        raise DocumentError(problem) from error
    if not same(document.data, data):
        raise DocumentError(problem)
    return document


def _toml(data: Any) -> str:
    import tomlkit

    return tomlkit.dumps(data)


def _yaml(data: Any) -> str:
    import yaml

    dumper = text_dumper()
    if isinstance(data, Documents):
        several: str = yaml.dump_all(
            data, Dumper=dumper, sort_keys=False, allow_unicode=True, explicit_start=True
        )
        return several
    text: str = yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True)
    return text


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _ini(data: Any) -> str:
    import configparser

    parser = configparser.RawConfigParser(allow_no_value=True, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_dict(data)
    made = io.StringIO()
    parser.write(made)
    return made.getvalue()


def _env(data: Mapping[str, str]) -> str:
    return "".join(f"{name}={env_quoted(value)}\n" for name, value in data.items())


def env_quoted(value: str, quote: str = "", *, expanded: bool = False) -> str:
    """A value of a `.env` file, in the quotes that are asked for where they can hold it.

    It is written so that bash, python-dotenv and docker compose read it alike, as far as there is a way. What follows a
    `$` is literal, unless it is to be `expanded` there.

    >>> print(env_quoted("a"), env_quoted("a b"), env_quoted("$HOME"), env_quoted("a", "'"), env_quoted("it's", "'"))
    a "a b" '$HOME' 'a' "it's"
    >>> print(env_quoted("$HOME/x", expanded=True), env_quoted("$HOME x", expanded=True))
    $HOME/x "$HOME x"
    """
    if expanded:
        plain = quote != '"' and re.fullmatch(r"[\w./:@%+,?=${}-]+", value)
        return value if plain else '"' + re.sub(r'([\\"`])', r"\\\1", value).replace("\r", "\\r") + '"'
    if quote not in {"'", '"'} and re.fullmatch(r"[\w./:@%+,-]+", value):
        return value
    single = not re.search(r"['\r]|\\(?:[\\]|\Z)", value)  # where python-dotenv takes no backslash away
    if single and (quote == "'" or re.search(r'["$`]', value)):
        return f"'{value}'"
    escaped = re.sub(rf'[\\"`]|\$(?={_EXPANDS})', r"\\\g<0>", value)
    return '"' + escaped.replace("\r", "\\r") + '"'


_EXPANDS = r"[\w{(*@#?$!-]"
"""What a `$` has to stand before to mean something to a shell."""


def _properties(data: Mapping[str, str]) -> str:
    return "".join(
        f"{properties_escaped(name, ' =:#!')} = {properties_escaped(value, '')}\n"
        for name, value in data.items()
    )


def properties_escaped(text: str, special: str, *, ascii_only: bool = True) -> str:
    r"""A key or a value of a properties file, with `special` characters escaped.

    Java has read such files as Latin-1 or as UTF-8, and ASCII is both.

    >>> print(properties_escaped("a b", " "), properties_escaped(" é", ""))
    a\ b \ \u00e9
    """
    named = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
    made = "".join(named.get(char, "\\" + char if char in special else char) for char in text)
    made = "\\" + made if made.startswith(" ") else made
    if not ascii_only or made.isascii():
        return made
    units = made.encode("utf-16-be").hex()
    codes = [int(units[at : at + 4], 16) for at in range(0, len(units), 4)]
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


_WRITERS = {
    "toml": _toml,
    "yaml": _yaml,
    "json": _json,
    "jsonc": _json,
    "ini": _ini,
    "env": _env,
    "properties": _properties,
}
