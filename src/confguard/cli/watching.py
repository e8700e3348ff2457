"""`agent`, and `status --watch`: what stays, and tells what happens."""

from __future__ import annotations

import signal
import sys
import threading
import time
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, NoReturn

from attrs import define, field

from confguard.cli.options import Commands, argument, config_argument, duration, flag
from confguard.cli.output import error_json, say_line
from confguard.cli.subjects import guarded_anyway, names_of, the_project
from confguard.errors import ConfguardError, brief, harmless
from confguard.guard import Guard
from confguard.project import Config
from confguard.rollout.monitors import Counts, as_monitor
from confguard.rollout.probes import Probe, as_probe, ask

_INTERVAL = 1.0
_CLEAR = "\x1b[H\x1b[J"
State = dict[str, Any]


def register(commands: Commands) -> None:
    example = "confguard agent\n  confguard agent auth --interval 1s --format json\n  confguard agent --once"
    exits = "0 it was ended by SIGTERM or Ctrl-C, or has looked once; 2 cannot run"
    command = commands.add("agent", agent, example, exits)
    config_argument(command, optional=True)
    argument(
        command,
        "--interval",
        "TIME",
        "between two looks (250ms, or as [agent] in the project file says)",
        type=duration,
    )
    argument(
        command, "--drift-interval", "TIME", "between two looks at targets (1m, or as there)", type=duration
    )
    argument(command, "--metrics", "[HOST:]PORT", "serve them to Prometheus, at 127.0.0.1 (as there)")
    flag(command, "--once", "look once, and end")


def agent(args: Namespace) -> None:
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
            return
        if served := args.metrics or settings.metrics:
            url = stack.enter_context(serving(metrics, listen_address(str(served))))
            _say(None, f"serves {url}", args.format)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        _say(None, f"watches {', '.join(each.guard.name for each in charges)}", args.format)
        watcher.run(stop)


def _say(config: str | None, text: str, format: str) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = f"{at} {f'{config}: ' if config else ''}{text}"
    say_line(format, {"at": at, "config": config, "message": text}, line)


def watch(
    configs: Mapping[str, Config],
    look: Callable[[Guard], State],
    show: Callable[[State], str],
    format: str,
) -> NoReturn:
    """Until Ctrl-C. Probes of a config are asked while it bakes; what its monitors count is drawn in a terminal."""
    asked = {name: [as_probe(each) for each in config.probes] for name, config in configs.items()}
    drawn = format == "text" and sys.stdout.isatty()
    rates = {name: _rates(config.monitors if drawn else []) for name, config in configs.items()}
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    last: dict[str, State] = {}
    with ExitStack() as stack:
        guards = [stack.enter_context(guarded_anyway(name)) for name in configs]
        while True:
            states = {guard.name: _looked(guard, look, asked[guard.name]) for guard in guards}
            if drawn:
                shown = []
                for name, state in states.items():
                    shown.append(_lines(state, show, left=True))
                    for rate in rates[name]:
                        rate.look()
                        shown.append(f"    {rate.line(unicode=unicode)}")
                print(_CLEAR + "\n".join(shown), flush=True)
            else:
                for name in [name for name in states if states[name] != last.get(name)]:
                    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
                    text = _lines(states[name], show, left=False)
                    say_line(format, {"at": at, **states[name]}, f"{time.strftime('%H:%M:%S')} {text}")
            last = states
            time.sleep(_INTERVAL)


def _looked(guard: Guard, look: Callable[[Guard], State], probes: Sequence[Probe]) -> State:
    try:
        state = look(guard)
    except ConfguardError as error:  # the store is away: it goes on looking
        return {"config": guard.name, "error": error_json(error)}
    answers = {harmless(each.name): ask(each) for each in probes} if state["bake"] else {}
    return state | {"probes": answers}


def _lines(state: State, show: Callable[[State], str], *, left: bool) -> str:
    lines = [show(state)]
    if left and state.get("bake"):
        seconds = (datetime.fromisoformat(state["bake"]["deadline"]) - datetime.now(UTC)).total_seconds()
        lines.append(f"    {max(0, round(seconds))} s left")
    for name, wrong in state.get("probes", {}).items():
        lines.append(f"    {brief(name, 60)}: {wrong or 'healthy'}")
    return "\n".join(lines)


@define
class Rate:
    """What a monitor counts, as a share that succeeds: one character a look, the newest on the right.

    >>> totals = iter([Counts(0, 0), Counts(10, 0), Counts(20, 5)])
    >>> rate = Rate("logins", lambda: next(totals))
    >>> for _ in range(3):
    ...     rate.look()
    >>> rate.line(unicode=False)
    'logins:  #= 50 % succeed'
    """

    name: str
    source: Callable[[], Counts]
    last: Counts | None = None
    shares: deque[float | None] = field(factory=lambda: deque(maxlen=40))

    def look(self) -> None:
        try:
            counts = self.source()
        except Exception:  # noqa: BLE001 - a source may raise anything; what is not known is a gap
            self.shares.append(None)
            return
        new = counts.since(self.last) if self.last is not None else Counts(0, 0)
        self.last = counts
        self.shares.append(1 - new.errors / new.requests if new.requests else None)

    def line(self, *, unicode: bool) -> str:
        bars = "▁▂▃▄▅▆▇█" if unicode else "_.-~=+*#"
        plot = "".join(" " if share is None else bars[round(share * 7)] for share in self.shares)
        known = [share for share in self.shares if share is not None]
        newest = f"{known[-1] * 100:.3g} % succeed" if known else "no request yet"
        return f"{self.name}: {plot} {newest}"


def _rates(monitors: Iterable[Any]) -> list[Rate]:
    sources = ((each.name, getattr(each, "source", None)) for each in map(as_monitor, monitors))
    return [Rate(harmless(name), source) for name, source in sources if source is not None]
