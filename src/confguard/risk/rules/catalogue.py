"""All rules, built in and from plug-ins, by code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules

from confguard.errors import ConfguardError, did_you_mean
from confguard.plugins import naming_plugin
from confguard.risk.findings import Severity
from confguard.risk.rules.interface import Rule

FAMILIES = {
    1: "Units and magnitude",
    2: "Limits, pools, timeouts and retries",
    3: "Capacity",
    4: "Security",
    5: "Emptiness, scope and safety nets",
    6: "Durability",
    7: "Format traps",
    8: "Patterns",
    9: "Process",
}
"""The families by the hundreds of their codes."""
OF_FILES: dict[str, tuple[Severity, str]] = {
    "CG001": ("critical", "the file cannot be parsed"),
    "CG002": ("high", "a value does not fit the schema"),
    "CG003": ("low", "a key was renamed, or is deprecated"),
    "CG004": ("high", "a file could not be judged"),
    "CG005": ("high", "a change loosens the policy that it is judged by"),
}
"""What is found in a file without a rule: how grave it is, and what."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of codes: of each module here, and what plug-ins register in `confguard.rules`."""
    from importlib.metadata import entry_points

    modules = iter_modules(import_module(__package__).__path__)
    rules = [rule for module in modules for rule in _rules_in(f"{__package__}.{module.name}")]
    for point in entry_points(group="confguard.rules"):
        with naming_plugin(point):
            rules.append(point.load()())
    return tuple(sorted(rules, key=lambda rule: rule.code))


def known_codes(more: Iterable[Rule] = ()) -> set[str]:
    """The codes that a finding may have: of every rule, of `more`, and of what is found without a rule."""
    return {*(rule.code for rule in (*all_rules(), *more)), *OF_FILES}


def rule_coded(code: str) -> Rule:
    """The rule with a code. Raises `ConfguardError` with a did-you-mean for one that is not known.

    >>> rule_coded("CG201").title
    'a limit was cut'
    """
    by_code = {rule.code: rule for rule in all_rules()}
    if code.upper() not in by_code:
        raise ConfguardError(
            f"no rule '{code}'{_nearest(code, by_code)}", hint="`confguard rules` lists them"
        )
    return by_code[code.upper()]


def _nearest(code: str, known: Iterable[str]) -> str:
    """` (did you mean 'CG907' or 'CG906'?)`: those nearest by number; by letters, where the code has none."""
    number = re.fullmatch(r"(?:CG)?0*(\d{1,6})", code.strip().upper())
    if not number:
        return did_you_mean(code.upper(), known)
    numbers = {each: int(each.removeprefix("CG")) for each in known if re.fullmatch(r"CG\d+", each)}
    ranked = sorted(numbers, key=lambda each: (abs(numbers[each] - int(number[1])), each))
    return f" (did you mean {' or '.join(repr(each) for each in ranked[:2])}?)"


def _rules_in(module_name: str) -> list[Rule]:
    """The rules of a module: rows of the table, and classes of its own."""
    module = import_module(module_name)
    classes = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Rule)
        and not isabstract(kind)
        and isinstance(vars(kind).get("code"), str)  # one of a project's own has it from the project file
        and kind.__module__ == module_name
    ]
    return [*getattr(module, "DANGERS", ()), *(kind() for kind in classes)]
