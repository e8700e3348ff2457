"""Programs that everybody runs: values that their own documentation warns of, as data in `programs.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from confguard.paths import Path
from confguard.risk.names import name_of, word_set
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = ["DangerousValue", "Warned", "warnings_of"]


@frozen
class Warned:
    """One warning of a program's documentation."""

    to: frozenset[str]
    was: frozenset[str]
    says: str
    source: str


class DangerousValue(EditRule):
    code = "CG543"
    title = "a value that its program warns of"
    reason = "The documentation of the program says what goes wrong with it."
    advice = "Read what it says there; keep the safe value where it matters."
    example = Example(
        "unclean.leader.election.enable = false\n",
        "unclean.leader.election.enable = true\n",
        "unclean.leader.election.enable = false\nx = 1\n",
        "properties",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A known setting that has such a value now."""
        if edit.removed or isinstance(edit.after, dict | list):
            return None
        before, after = _plain(edit.before), _plain(edit.after)
        for warned in warnings_of(edit.path):
            known = not warned.was or before in warned.was
            if after in warned.to and before not in warned.to and known and edit.before is not None:
                return f"{sized(edit)}: {warned.says} ({warned.source})"
        return None


def warnings_of(path: Path) -> tuple[Warned, ...]:
    """What is warned of for the setting that a path leads to.

    >>> [each.says for each in warnings_of(("mtls", "mode"))][1]
    'connections are neither encrypted nor authenticated'
    """
    names = [_plain(each) for each in path if isinstance(each, str)] or [_plain(name_of(path))]
    known = _known()
    warnings: tuple[Warned, ...] = ()
    for length in range(1, min(len(names), 4) + 1):
        warnings += known.get("".join(names[-length:]), ())
    return warnings


_LONGEST = 200
"""A longer text is no word that a program knows."""


@cache
def _known() -> Mapping[str, tuple[Warned, ...]]:
    read = tomllib.loads(files(__package__).joinpath("programs.toml").read_text())
    known: dict[str, tuple[Warned, ...]] = {}
    for each in read["value"]:
        to = word_set(each["to"]) or frozenset({""})
        warned = Warned(to, word_set(each.get("was", "")), each["says"], each["source"])
        for name in each["names"]:
            known[_plain(name)] = (*known.get(_plain(name), ()), warned)
    return known


def _plain(value: Any) -> str:
    text = str(value)[:_LONGEST].lower()
    return text if text in {"/dev/null"} else "".join(char for char in text if char.isalnum())
