"""`status --watch`: how it stands, again and again: drawn in a terminal, a line for each change elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, NoReturn

from confguard.cli.output import error_json
from confguard.cli.plotting import Rates
from confguard.cli.projects import guarded_anyway
from confguard.errors import ConfguardError, brief, harmless
from confguard.guard import Guard
from confguard.project import Config
from confguard.rollout.probes import Probe, as_probe, ask

__all__ = ["watch"]

_INTERVAL = 1.0
_CLEAR = "\x1b[H\x1b[J"
State = dict[str, Any]


def watch(
    configs: Mapping[str, Config],
    look: Callable[[Guard], State],
    show: Callable[[State], str],
    format: str,
) -> NoReturn:
    """Until Ctrl-C. Probes of a config are asked while it bakes; what its monitors count is drawn in a terminal."""
    asked = {name: [as_probe(each) for each in config.probes] for name, config in configs.items()}
    drawn = format == "text" and sys.stdout.isatty()
    rates = {name: Rates(config.monitors if drawn else []) for name, config in configs.items()}
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    last: dict[str, State] = {}
    with ExitStack() as stack:
        guards = [stack.enter_context(guarded_anyway(name)) for name in configs]
        while True:
            states = {guard.name: _looked(guard, look, asked[guard.name]) for guard in guards}
            if drawn:
                shown = []
                for name, state in states.items():
                    rates[name].look()
                    plots = [f"    {line}" for line in rates[name].lines(unicode=unicode)]
                    shown += [_lines(state, show, left=True), *plots]
                print(_CLEAR + "\n".join(shown), flush=True)
            else:
                for name in [name for name in states if states[name] != last.get(name)]:
                    _say(states[name], show, format)
            last = states
            time.sleep(_INTERVAL)


def _looked(guard: Guard, look: Callable[[Guard], State], probes: Sequence[Probe]) -> State:
    try:
        state = look(guard)
    except ConfguardError as error:  # the store is away: it goes on looking
        return {"config": guard.name, "error": error_json(error)}
    answers = {harmless(each.name): ask(each) for each in probes} if state["bake"] else {}
    return state | {"probes": answers}


def _say(state: State, show: Callable[[State], str], format: str) -> None:
    if format == "json":
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        print(json.dumps({"at": at, **state}, ensure_ascii=False), flush=True)
    else:
        print(f"{time.strftime('%H:%M:%S')} {_lines(state, show, left=False)}", flush=True)


def _lines(state: State, show: Callable[[State], str], *, left: bool) -> str:
    lines = [show(state)]
    if left and state.get("bake"):
        seconds = (datetime.fromisoformat(state["bake"]["deadline"]) - datetime.now(UTC)).total_seconds()
        lines.append(f"    {max(0, round(seconds))} s left")
    for name, wrong in state.get("probes", {}).items():
        lines.append(f"    {brief(name, 60)}: {wrong or 'healthy'}")
    return "\n".join(lines)
