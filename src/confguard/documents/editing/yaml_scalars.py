"""How values of YAML are written on one line, and in the style of those that they replace."""

from __future__ import annotations

from functools import cache
from typing import Any

from confguard.documents.editing.moments import moment
from confguard.documents.yaml_dumper import text_dumper

__all__ = ["flow", "scalar"]

_WORDS = (
    *(("yes", "no"), ("on", "off"), ("Yes", "No"), ("On", "Off"), ("YES", "NO"), ("ON", "OFF")),
    *(("True", "False"), ("TRUE", "FALSE")),
)


def flow(data: Any, style: str | None = None, *, inside: bool = False, ascii_only: bool = False) -> str:
    """Any value on one line; `inside` of brackets more has to be quoted.

    >>> flow({"a": [1, "no"], "b": "two\\nlines"})
    '{a: [1, \\'no\\'], b: "two\\\\nlines"}'
    >>> flow("p, q"), flow("p, q", inside=True)
    ('p, q', "'p, q'")
    """
    import yaml

    shown: str = yaml.dump(
        [data] if inside else data,
        Dumper=_dumper(),
        default_flow_style=True,
        default_style=style,
        sort_keys=False,
        allow_unicode=not ascii_only,
        width=2**20,
    )
    shown = shown.removesuffix("\n").removesuffix("\n...")
    return shown[1:-1] if inside else shown


def scalar(data: Any, old: str, *, inside: bool = False, ascii_only: bool = False) -> str:
    """A scalar in the style of the one it replaces.

    >>> scalar("x", '"y"'), scalar(False, "yes"), scalar("no", "maybe")
    ('"x"', 'no', "'no'")
    """
    import yaml

    if isinstance(data, str) and old[:1] in {'"', "'"}:
        return flow(data, '"' if "\n" in data else old[0], inside=inside, ascii_only=ascii_only)
    if isinstance(data, bool):
        pair = next((pair for pair in _WORDS if old in pair), ("true", "false"))
        return pair[0] if data else pair[1]
    date = moment(data, old)
    if date and yaml.safe_load(date) == data:  # not every time of day is one to YAML
        return date
    return flow(data, inside=inside, ascii_only=ascii_only)


@cache
def _dumper() -> Any:
    class Dumper(text_dumper()):  # type: ignore[misc]
        """Without anchors of its own, and with every value on one line."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def represent_scalar(self, tag: str, value: str, style: str | None = None) -> Any:
            return super().represent_scalar(tag, value, '"' if "\n" in value else style)

    return Dumper
