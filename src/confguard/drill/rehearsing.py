"""Running a service on a wrong copy of its config: would its probes and monitors notice?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve, field, frozen

from confguard.errors import ConfguardError
from confguard.fields import Duration
from confguard.project.settings import Config
from confguard.rollout.bake import Bake, Outcome, watch
from confguard.rollout.probes import ask
from confguard.targets.commands import Kept

__all__ = ["Rehearsal", "not_passed"]


def not_passed(layer: str, problem: str) -> ConfguardError:
    """The error for what refuses the config as it is: it would refuse everything, and prove nothing."""
    return ConfguardError(
        f"the config as it is does not pass the {layer}: {problem}",
        hint="mend the command, or what it asks, so that it does",
    )


@frozen
class Rehearsal:
    """How a service is run on a copy, and what is asked of it.

    `service` is a command that runs it in the foreground; `{}` in it is the copy's path. Until the `start` is over all
    probes of the `bake` have to be healthy; then it is watched as in that bake, and ended.

    >>> probing = Bake("1s", probes=[lambda: False])
    >>> Rehearsal(["sh", "-c", "echo no memory; exit 3", "{}"], probing).problem(Path("auth.toml"))
    'the service ended with 3: no memory'
    """

    service: Sequence[str]
    bake: Bake
    start: Duration = field(default=Duration("30s"), converter=Duration)

    @staticmethod
    def of(config: Config, service: Sequence[str], lasting: Duration) -> Rehearsal | None:
        """With a config's probes and monitors, asked for so long; None without a command. Raises `ConfguardError`."""
        if not service:
            return None
        try:
            return Rehearsal(service, Bake(lasting, config.probes, config.monitors, interval="200ms"))
        except ValueError as error:
            if isinstance(error, ConfguardError):
                raise
            raise ConfguardError(
                "a service is to be run, and there is nothing to ask of it",
                hint="name probes or monitors of the config in the project file",
            ) from error

    def tried_out(self, right: Path) -> Rehearsal:
        """With as much time to come up as the service needs, told from a copy that is right.

        Raises `ConfguardError` where probes or monitors do not let that pass, or are content before anything is run.
        """
        if self.bake.probes and self._unhealthy() is None:
            raise ConfguardError(
                "the probes are healthy before the service is run: something else answers them",
                hint="end that first, or have the service and its probes use another port",
            )
        with self._running(right) as running:
            began = time.monotonic()
            problem = self._while_it_comes_up(running)
            took = time.monotonic() - began
            problem = problem or self._while_it_runs(running)
        if problem:
            raise not_passed("probes and monitors", problem)
        return evolve(self, start=Duration(min(self.start.total_seconds(), 1 + 4 * took)))

    def problem(self, copy: Path) -> str | None:
        """What is wrong with the service on this copy, as far as probes and monitors can tell; None if nothing is."""
        with self._running(copy) as running:
            return self._while_it_comes_up(running) or self._while_it_runs(running)

    def _running(self, copy: Path) -> Kept:
        return Kept([word.replace("{}", str(copy)) for word in self.service])

    def _unhealthy(self) -> str | None:
        return next((f"{each.name}: {answer}" for each in self.bake.probes if (answer := ask(each))), None)

    def _while_it_comes_up(self, running: Kept) -> str | None:
        end = time.monotonic() + self.start.total_seconds()
        while wrong := self._unhealthy():
            running.wait(self.bake.interval.total_seconds())
            if running.problem:
                return f"the service {running.problem}"
            if time.monotonic() > end:
                return f"the service did not come up within {self.start.total_seconds():.0f} s: {wrong}"
        return None

    def _while_it_runs(self, running: Kept) -> str | None:
        def ended() -> Outcome | None:
            return Outcome.LEFT if running.problem else None

        watched = watch(self.bake, ended, lambda *_: None, sleep=running.wait)
        if watched.outcome is Outcome.LEFT:
            return f"the service {running.problem}"
        return watched.why if watched.outcome is Outcome.FAILED else None
