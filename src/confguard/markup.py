"""Secrets in XML: settings whose name and value stand in two attributes, or in two elements."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["attributes_hidden"]

_TAG = re.compile(r"<[A-Za-z][^<>]{0,2000}>")
_ATTRIBUTE = re.compile(
    r"(?P<head>\b(?P<name>[\w.:-]+)\s*=\s*)(?P<quote>[\"'])(?P<value>.*?)(?P=quote)", re.DOTALL
)
_NAMING = frozenset({"name", "key", "id", "property", "param", "parameter", "option", "setting"})
_VALUE = frozenset({"value", "val", "default", "content"})
_ELEMENTS = re.compile(
    r"(?P<head><(?P<naming>name|key|property|param-name)>\s*(?P<name>[\w.:-]+)\s*</(?P=naming)>\s*<(?P<of>value|val|string|param-value)>)"
    r"(?P<value>[^<>]+)(?=</(?P=of)>)"
)
_NAMED = re.compile(
    r"(?P<head><[\w.:-]+\s(?:[^<>]*\s)?(?:name|key|id)\s*=\s*[\"'](?P<name>[\w.:-]+)[\"'][^<>/]*>\s*(?:<(?:value|val|string)>\s*)?)"
    r"(?P<value>[^<>\s][^<>]*?)(?=\s*</)"
)


def attributes_hidden(text: str, hidden: str, is_secret: Callable[[str, str], bool]) -> str:
    """A text in which the values of what is secret by its name are hidden.

    >>> def is_password(name: str, value: str) -> bool:
    ...     return name == "password"
    >>> attributes_hidden('<add value="hunter2" key="password"/> <add key="port" value="80"/>', "***", is_password)
    '<add value="***" key="password"/> <add key="port" value="80"/>'
    """

    def tag(match: re.Match[str]) -> str:
        names = [each["value"] for each in _ATTRIBUTE.finditer(match[0]) if each["name"].lower() in _NAMING]

        def attribute(each: re.Match[str]) -> str:
            meant = [*(names if each["name"].lower() in _VALUE else []), each["name"]]
            secret = each["name"].lower() not in _NAMING and any(
                is_secret(name, each["value"]) for name in meant
            )
            return f"{each['head']}{each['quote']}{hidden}{each['quote']}" if secret else each[0]

        return _ATTRIBUTE.sub(attribute, match[0])

    def element(match: re.Match[str]) -> str:
        return match["head"] + hidden if is_secret(match["name"], match["value"]) else match[0]

    if "=" in text:
        text = _NAMED.sub(element, _TAG.sub(tag, text))
    return _ELEMENTS.sub(element, text)
