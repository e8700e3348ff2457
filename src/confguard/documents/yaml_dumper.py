"""How texts are written in YAML so that every reader takes them for texts, whichever version it knows."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

__all__ = ["is_ambiguous", "text_dumper"]

_AMBIGUOUS = re.compile(
    r"""(?:
    | ~ | = | << | null | y | n | yes | no | on | off | true | false
    | [-+]? \.inf | \.nan
    | [-+]? 0 (?: b[01_]+ | o?[0-9_]+ | x[0-9a-f_]+ )
    | [-+]? [0-9][0-9_,]* (?: : [0-5]?[0-9] )+ (?: \.[0-9_]* )?
    | [-+]? (?: [0-9][0-9_,]* (?: \.[0-9_]* )? | \.[0-9_]+ ) (?: e[-+]?[0-9]+ )?
    | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: (?: t | [ \t]+ ) [0-9] .* )?
    )""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What some reader takes for null, a truth value, a number, a time or a sign: YAML's types of 1.1 and 1.2 in one, with
what go-yaml, ruamel.yaml, SnakeYAML and Psych add to them."""


def is_ambiguous(text: str) -> bool:
    """Would some reader of YAML take a text without quotes for something else?

    >>> [word for word in ["on", "1e3", "0o17", "12:30", "1.2.3", "v1", "8080:80"] if is_ambiguous(word)]
    ['on', '1e3', '0o17', '12:30']
    """
    return bool(_AMBIGUOUS.fullmatch(text))


@cache
def text_dumper() -> Any:
    """PyYAML's safe dumper, save that ambiguous texts are quoted."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """The safe dumper; texts that some reader takes for something else are quoted."""

    def text(dumper: Any, data: str) -> Any:
        style = dumper.default_style or ("'" if is_ambiguous(data) else None)
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style)

    Dumper.add_representer(str, text)
    return Dumper
