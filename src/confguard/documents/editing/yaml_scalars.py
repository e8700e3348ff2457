"""How values of YAML are written on one line, and in the style of those that they replace."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["flow", "literal", "scalar"]

_WORDS = (
    *(("yes", "no"), ("on", "off"), ("Yes", "No"), ("On", "Off"), ("YES", "NO"), ("ON", "OFF")),
    *(("True", "False"), ("TRUE", "FALSE")),
)


def flow(data: Any, style: str | None = None) -> str:
    """Any value on one line.

    >>> flow({"a": [1, "no"], "b": "two\\nlines"})
    '{a: [1, \\'no\\'], b: "two\\\\nlines"}'
    """
    import yaml

    shown: str = yaml.dump(
        data,
        Dumper=_dumper(),
        default_flow_style=True,
        default_style=style,
        sort_keys=False,
        allow_unicode=True,
        width=2**20,
    )
    return shown.removesuffix("\n").removesuffix("\n...")


def scalar(data: Any, old: str) -> str:
    """A scalar in the style of the one it replaces.

    >>> scalar("x", '"y"'), scalar(False, "yes"), scalar("no", "maybe")
    ('"x"', 'no', "'no'")
    """
    if isinstance(data, str) and old[:1] in {'"', "'"}:
        return flow(data, '"' if "\n" in data else old[0])
    if isinstance(data, bool):
        pair = next((pair for pair in _WORDS if old in pair), ("true", "false"))
        return pair[0] if data else pair[1]
    return flow(data)


def literal(data: Any, indent: str, newline: str) -> str | None:
    """A text as a literal block, if it can be one."""
    if not isinstance(data, str) or "\n" not in data or data.endswith("\n\n"):
        return None
    lines = data.removesuffix("\n").split("\n")
    if not lines[0] or lines[0][0] in " \t" or not all(line.isprintable() for line in lines):
        return None
    chomp = "" if data.endswith("\n") else "-"
    return newline.join([f"|{chomp}", *(indent + line if line else "" for line in lines)])


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        """The safe dumper, without anchors of its own, and with every value on one line."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, data: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, '"' if "\n" in data else None)

    Dumper.add_representer(str, text)
    return Dumper
