"""What runs with a copy of the config: a test, and the service, watched by its probes and monitors."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from math import inf
from pathlib import Path

from attrs import evolve, field, frozen

from confguard.documents.bundle import BUNDLE, files_of
from confguard.documents.document import Document
from confguard.errors import ConfguardError
from confguard.fields import Duration
from confguard.rollout.bake import Bake, Outcome, health, watch
from confguard.rollout.probes import ask
from confguard.targets.commands import Ended, Running, not_run, run, started
from confguard.targets.concealing import concealed_words

_ASKED = 10
"""So many times probes and monitors are asked while a service is watched, but once a second at least."""
_OFTEN = Duration("50ms")
_SLOWER = 4
"""So many times as long as with what is right, and a second, a service may take until it is healthy."""
_SHOWN = 400
"""How much is shown of what a command printed."""


def written(document: Document, content: bytes, folder: Path) -> Path:
    """The copy of a file, or the folder with the copies of several."""
    if document.format != BUNDLE:
        copy = folder / Path(document.path or f"config.{document.format}").name
        copy.write_bytes(content)
        return copy
    for name, each in files_of(content).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(each)
    return folder


def _words(_: object, attribute: object, words: Sequence[str]) -> None:
    if words and not any("{}" in word for word in words):
        name = getattr(attribute, "name", "")
        raise ConfguardError(
            f"the {name} command names no copy", hint="write {} where the copy's path stands"
        )


@frozen(kw_only=True)
class Candidates:
    """The commands that may be run with a copy. Raises `ConfguardError` for those that cannot tell anything."""

    test: Sequence[str] = field(default=(), validator=_words)
    service: Sequence[str] = field(default=(), validator=_words)
    bake: Bake | None = None
    """How the service is watched."""
    timeout: Duration
    """How long the test may take, or the service until it is healthy."""
    patience: Duration = field()
    """How long the service may take until it is healthy, once it is known how long it takes."""

    @patience.default
    def _patience(self) -> Duration:
        return self.timeout

    def __attrs_post_init__(self) -> None:
        if self.service and self.bake is None:
            raise ConfguardError(
                "a service is watched by the probes and monitors of its config, and there are none",
                hint="`probes` or `monitors` in [configs.NAME] of the project file; or no service",
            )

    def check_test(self, copy: Path) -> None:
        """Raise `ConfguardError` if the test refuses a copy of the config as it is."""
        if self.test and (ended := self._tested(copy)).problem:
            raise ConfguardError(
                f"the test command {ended.problem} for the config as it is, and so would catch everything"
                f"{_said(ended)}",
                hint="run it by hand with a copy: it is to end with 0 for what is right"
                if not ended.problem.startswith("did not end")
                else "is it waiting for something? Else, a longer --timeout",
            )

    def check_service(self, copy: Path, when: str = "with the config as it is") -> Candidates:
        """Knowing how long the service takes with the config as it is. Raises `ConfguardError` if it is not healthy."""
        if not self.service:
            return self
        ended, took = self._served(copy)
        if ended.problem:
            raise ConfguardError(
                f"the service is not healthy {when}: {ended.problem}{_said(ended)}",
                hint="run it by hand with a copy, in the foreground, where the probes and monitors ask",
            )
        return evolve(self, patience=min(self.timeout, Duration(_SLOWER * took + 1)))

    def refused_by_test(self, copy: Path) -> bool:
        return bool(self.test and self._tested(copy).problem)

    def unhealthy(self, copy: Path) -> bool:
        return bool(self.service and self._served(copy)[0].problem)

    def _tested(self, copy: Path) -> Ended:
        return run([word.replace("{}", str(copy)) for word in self.test], self.timeout)

    def _served(self, copy: Path) -> tuple[Ended, float]:
        """How it went with the service: well if there is no `problem`; and in how many seconds it was healthy."""
        assert self.bake
        if self.bake.probes and not any(map(ask, self.bake.probes)):
            raise ConfguardError(
                "the probes are healthy before the service is started: they ask another one",
                hint="end what answers there; a service that starts a session of its own is not ended by the drill",
            )
        words = [word.replace("{}", str(copy)) for word in self.service]
        try:
            with started(words) as running, closing(_Service(running)) as service:
                problem = service.problem(self.bake, self.patience)
                printed = running.output.decode("utf-8", "replace")
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return not_run(error, words), 0.0
        return Ended(problem, concealed_words(words).clean(printed).strip()), service.took


class _Service:
    """A service that runs, and whose output is read meanwhile; all of its process group is ended, whatever happens."""

    def __init__(self, running: Running) -> None:
        self.running, self.took = running, 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="drill-service", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it, and whatever it started in its group."""
        self.running.end()
        self._thread.join(1)

    def problem(self, bake: Bake, limit: Duration) -> str | None:
        """Why it is not healthy, if it is not: started, and then watched as a bake is."""
        interval = Duration(min(max(bake.duration / _ASKED, _OFTEN), Duration("1s")))
        bake = evolve(bake, interval=interval)
        problem = self._starting(bake, limit)
        if problem:
            return problem
        watched = watch(bake, self._left, lambda name, wrong: None, sleep=self._wait)
        if watched.outcome is Outcome.LEFT:
            return self._ending()
        return watched.why if watched.outcome is Outcome.FAILED else None

    def _starting(self, bake: Bake, limit: Duration) -> str | None:
        """Why it does not get healthy in time; None once all probes are. Without any, its monitors are asked."""
        ready = evolve(bake, monitors=()) if bake.probes else bake
        began = time.monotonic()
        while True:
            healthy, wrong = health(ready, 0 if bake.probes else 2 * bake.interval.total_seconds())
            if self._over.is_set():
                return self._ending()
            self.took = time.monotonic() - began
            if healthy:
                return None
            if self.took >= limit.total_seconds():
                return f"not healthy within {limit}: {wrong}"
            self._wait(_OFTEN.total_seconds())

    def _wait(self, seconds: float) -> None:
        self._over.wait(seconds)

    def _left(self) -> Outcome | None:
        return Outcome.LEFT if self._over.is_set() else None

    def _ending(self) -> str:
        return f"it {self.running.ending}, and did not stay"

    def _follow(self) -> None:
        self.running.follow(inf)
        self._over.set()


def _said(ended: Ended) -> str:
    return f"; it printed: {ended.output[-_SHOWN:]}" if ended.output else ""
