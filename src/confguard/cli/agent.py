"""`agent`: stays, and finishes what was left, watches monitors and targets."""

from __future__ import annotations

import json
import signal
import threading
import time
from argparse import Namespace
from contextlib import ExitStack

from confguard.cli.options import Commands, duration
from confguard.cli.projects import guarded_anyway, names_of, the_project

__all__ = ["register"]


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "agent",
        agent,
        "confguard agent\n  confguard agent auth --interval 1s --format json\n  confguard agent --once",
        exits="0 it was ended by SIGTERM or Ctrl-C, or has looked once; 2 cannot run",
    )
    commands.add_config(command, optional=True)
    command.add_argument(
        "--interval",
        metavar="TIME",
        type=duration,
        help="between two looks (250ms, or as [agent] in the project file says)",
    )
    command.add_argument(
        "--drift-interval",
        metavar="TIME",
        type=duration,
        help="between two looks at targets (1m, or as there)",
    )
    command.add_argument(
        "--metrics", metavar="[HOST:]PORT", help="serve them to Prometheus, at 127.0.0.1 (as there)"
    )
    command.add_argument("--once", action="store_true", help="look once, and end")


def agent(args: Namespace) -> int:
    """`confguard agent`: until it is told to end."""
    from confguard.agent import Agent, Charge
    from confguard.agent.metrics import Metrics, listen_address, serving
    from confguard.project.guards import guard_of

    project = the_project()
    settings = project.settings.agent
    stop = threading.Event()
    metrics = Metrics(names_of(args.name), lambda name: guard_of(project, name, with_schema=False))
    with ExitStack() as stack:
        charges = []
        for name in names_of(args.name):
            config = project.config(name)
            guard = stack.enter_context(guarded_anyway(name, on_event=metrics))
            charges.append(
                Charge(
                    guard=guard,
                    probes=config.probes,
                    monitors=config.monitors,
                    revert_within=config.revert_within,
                )
            )
        watcher = Agent(
            charges,
            interval=args.interval or settings.interval,
            drift_interval=args.drift_interval or settings.drift_interval,
            say=lambda config, text: _say(config, text, args.format),
        )
        if args.once:
            watcher.look()
            return 0
        if served := args.metrics or settings.metrics:
            url = stack.enter_context(serving(metrics, listen_address(str(served))))
            _say(None, f"serves {url}", args.format)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        _say(None, f"watches {', '.join(each.guard.name for each in charges)}", args.format)
        watcher.run(stop)
    return 0


def _say(config: str | None, text: str, format: str) -> None:
    """A line of its own for each thing that happens: of text, or of JSON."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if format == "json":
        print(json.dumps({"at": at, "config": config, "message": text}, ensure_ascii=False), flush=True)
    else:
        print(f"{at} {f'{config}: ' if config else ''}{text}", flush=True)
