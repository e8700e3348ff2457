"""`rules` and `demo`: knowing confguard."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from confguard.cli.options import Commands
from confguard.cli.output import indented, paint, say
from confguard.errors import ConfguardError

if TYPE_CHECKING:
    from confguard.risk.rules import Rule

__all__ = ["register"]


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add("rules", rules, "confguard rules CG201")
    command.add_argument("code", nargs="?", metavar="CODE", help="the rule to explain")

    command = commands.add(
        "demo",
        demo,
        "confguard demo --report outage.html",
        exits="0 all acts went as they should, 1 one did not, 2 cannot run",
    )
    command.add_argument("--report", metavar="FILE", type=Path, help="where to write the HTML report")
    command.add_argument("--seconds", type=float, default=None, help="how long the logins of an act go on")


def rules(args: Namespace) -> int:
    """`confguard rules`."""
    from confguard.risk.rules import all_rules, rule_coded
    from confguard.risk.rules.catalogue import OF_FILES

    if args.code and args.code.upper() in OF_FILES:
        code, (severity, title) = args.code.upper(), OF_FILES[args.code.upper()]
        say(
            args.format,
            {"code": code, "title": title, "severity": severity},
            lambda: f"{code}: {title} ({paint(severity, severity)}), as `confguard check` says",
        )
    elif args.code:
        rule = rule_coded(args.code)
        say(args.format, _rule_json(rule), lambda: _explain(rule))
    else:
        known = all_rules()
        say(
            args.format,
            [_rule_json(rule) for rule in known],
            lambda: "\n".join(
                f"{rule.code}  {paint(f'{rule.severity:<8}', rule.severity)}  {rule.title}" for rule in known
            ),
        )
    return 0


def demo(args: Namespace) -> int:
    """`confguard demo`."""
    try:
        from confguard.demo.play import run
    except ImportError as error:
        raise ConfguardError(
            f"the demo needs {error.name}, which is not installed",
            hint="pip install 'confguard-safety[demo]'",
        ) from error
    return run(report=args.report, seconds=args.seconds, format=args.format)


def _rule_json(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "title": rule.title,
        "severity": rule.severity,
        "reason": rule.reason,
        "advice": rule.advice,
        "outage": rule.outage,
        "example": {
            "format": rule.example.format,
            "before": rule.example.before,
            "fires": rule.example.fires,
            "silent": rule.example.silent,
        },
    }


def _explain(rule: Rule) -> str:
    lines = [
        f"{rule.code}: {rule.title} ({paint(rule.severity, rule.severity)})",
        "",
        indented(rule.reason, 2),
    ]
    lines += [indented(rule.advice, 2)]
    if rule.outage:
        lines += [indented(f"Seen at: {rule.outage}", 2)]
    for name, text in (
        ("before", rule.example.before),
        ("fires", rule.example.fires),
        ("silent", rule.example.silent),
    ):
        lines += ["", f"  {name}:", *(f"    {line}" for line in text.splitlines())]
    return "\n".join(lines)
