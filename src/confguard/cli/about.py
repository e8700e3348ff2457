"""`rules`, `backtest` and `demo`: what confguard knows, what its score is worth, and the outage that it prevents."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from confguard.cli.options import Commands, argument
from confguard.cli.output import paint, say
from confguard.errors import ConfguardError
from confguard.streams import progress
from confguard.texts import indented

if TYPE_CHECKING:
    from confguard.risk.rules import Rule


def register(commands: Commands) -> None:
    command = commands.add("rules", rules, "confguard rules CG201")
    argument(command, "code", "CODE", "the rule to explain", nargs="?")

    example = "confguard demo --report outage.html"
    exits = "0 all acts went as they should, 1 one did not, 2 cannot run"
    command = commands.add("demo", demo, example, exits)
    argument(command, "--report", "FILE", "where to write the HTML report", type=Path)
    argument(command, "--seconds", "SECONDS", "how long the logins of an act go on", type=float, default=None)

    example = "confguard backtest . --html backtest.html\n  confguard backtest ../deploy --fit risk.json"
    command = commands.add("backtest", backtest, example)
    argument(command, "repository", "REPO", "a git repository, bare or not", type=Path)
    argument(command, "--revs", "FILE", "count only these commits: one a line", type=Path)
    argument(command, "--html", "FILE", "write a page with a plot, too", type=Path)
    argument(command, "--fit", "FILE", "write coefficients of this repository's own", type=Path)
    argument(command, "--model", "FILE", "score by what --fit wrote", type=Path)


def backtest(args: Namespace) -> None:
    from confguard.risk import backtest as backtesting
    from confguard.risk.backtest_page import to_html, to_text
    from confguard.risk.likelihood import read_model

    if not args.repository.is_dir():
        raise ConfguardError(f"{args.repository}: no such folder", hint="name a git repository")
    only = _commits_in(args.revs) if args.revs else None
    model = read_model(args.model) if args.model else None
    with progress("reading") as tell:
        page = backtesting.backtest(args.repository, only=only, model=model, progress=tell)
    if args.html:
        args.html.write_text(to_html(page), "utf-8")
    if args.fit:
        args.fit.write_text(json.dumps(page.fitted().to_json(), indent=1) + "\n", "utf-8")
    say(args.format, page.to_json(), lambda: to_text(page))


def _commits_in(file: Path) -> set[str]:
    try:
        return set(file.read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfguardError(f"{file}: cannot be read: {error}") from error


def rules(args: Namespace) -> None:
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


def demo(args: Namespace) -> int:
    try:
        from confguard.demo.play import run
    except ImportError as error:
        raise ConfguardError(
            f"the demo needs {error.name}, which is not installed",
            hint="pip install 'confguard-safety[demo]'",
        ) from error
    return run(report=args.report, seconds=args.seconds, format=args.format)


def _rule_json(rule: Rule) -> dict[str, object]:
    named = ("code", "title", "severity", "reason", "advice", "outage")
    example = {name: getattr(rule.example, name) for name in ("format", "before", "fires", "silent")}
    return {name: getattr(rule, name) for name in named} | {"example": example}


def _explain(rule: Rule) -> str:
    lines = [f"{rule.code}: {rule.title} ({paint(rule.severity, rule.severity)})", ""]
    lines += [indented(rule.reason, 2), indented(rule.advice, 2)]
    lines += [indented(f"Seen at: {rule.outage}", 2)] if rule.outage else []
    for name in ("before", "fires", "silent"):
        lines += ["", f"  {name}:", *(f"    {line}" for line in getattr(rule.example, name).splitlines())]
    return "\n".join(lines)
