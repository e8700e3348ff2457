"""A drill with people: something is changed on the running login service, and whoever plays finds it and takes it back.

The commands are the real ones, on a real project: typed here, or in another terminal in its folder.
"""

from __future__ import annotations

import queue
import random
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from attrs import define, field, frozen

from confguard.demo.load import WAVE_EVERY, Load, Measured
from confguard.demo.play import CALM_SHARE, running_service, settings_named
from confguard.demo.service import NAME
from confguard.demo.settings import AuthSettings
from confguard.documents.document import Document, parse
from confguard.errors import harmless
from confguard.guard import Guard
from confguard.risk.policy import Policy
from confguard.texts import amount

_LONGEST = 1800.0
"""After so many seconds a drill is over."""
_AFTER_INPUT = 60.0
"""And so many after the last line could be typed: what was done may take a while to show."""
_ANY = Policy(review=101, block=101)
_PROJECT = """store = "sqlite:///confguard.db"

[configs.auth]
schema = "confguard.demo.settings:AuthSettings"

[configs.page]
format = "toml"

[configs.mail]
format = "toml"
"""


@frozen
class Scenario:
    """What is changed, and why somebody thought it good."""

    name: str
    reason: str
    edits: tuple[tuple[str, str], ...]
    """What is replaced in `auth.toml`, and by what."""
    hints: tuple[str, ...]

    def changed(self, good: Document) -> Document:
        text = good.text
        for old, new in self.edits:
            assert old in text
            text = text.replace(old, new)
        return parse(text, "toml")


_HINTS = (
    "Attacks come from outside; most outages from a change. What was changed in the last minutes?",
    'confguard suspects --symptom "logins are rejected"',
)
SCENARIOS = (
    Scenario(
        "the queue",
        "less memory for waiting logins",
        (("max_inflight = 400", "max_inflight = 4"),),
        (*_HINTS, "It rejects most when many log in at once. Which limit would do that?"),
    ),
    Scenario(
        "the unit",
        "time-outs in milliseconds, as everywhere",
        (('backend_timeout = "2s"', 'backend_timeout = "2ms"'),),
        (*_HINTS, "Every password check is cut off. How long may one take?"),
    ),
    Scenario(
        "18 January 2024",
        "tuning for speed: shorter time-outs and a shorter queue",
        (("max_inflight = 400", "max_inflight = 40"), ('backend_timeout = "2s"', 'backend_timeout = "20ms"')),
        (*_HINTS, "Two settings were cut in one change, both for speed."),
    ),
)


def play(seed: int) -> int:
    """Play one drill, with the lines of standard input; 0 if logins succeed again, 1 if nobody brought that about."""
    chance = random.Random(seed)  # noqa: S311 - a game
    scenario = chance.choice(SCENARIOS)
    with (
        tempfile.TemporaryDirectory(prefix="confguard-drill-") as folder,
        running_service(Path(folder)) as running,
    ):
        url, passwords, store = running
        Path(folder, "confguard.toml").write_text(_PROJECT)
        load = Load(url, passwords, limit=_LONGEST)
        load.start()
        try:
            return _Exercise(scenario, chance, Path(folder), store, load).play()
        finally:
            load.stop()


@define
class _Exercise:
    scenario: Scenario
    chance: random.Random
    folder: Path
    store: str
    load: Load
    lines: queue.Queue[str | None] = field(factory=queue.Queue)
    began: float = field(factory=time.monotonic)
    due: float = 0.0
    hinted: int = 0
    first_command: float | None = None
    over: bool = False
    ends: float = 0.0

    def play(self) -> int:
        _say(
            "A login service runs, and users log in. Soon something is changed. Find out what, and\n"
            "take it back: type confguard's commands here, without its name (status, log auth,\n"
            f"suspects, revert auth --reason ...), or use them in another terminal, in\n{self.folder}\n"
            "`hint` helps, `quit` gives up."
        )
        threading.Thread(target=self._read, name="drill-input", daemon=True).start()
        time.sleep(WAVE_EVERY)
        broken = self._change()
        changed_at = time.monotonic()
        self.ends = changed_at + _LONGEST
        while not self.over and time.monotonic() < self.ends:
            for line in self._typed():
                self._obey(line)
            if self._is_mended(broken):
                self._debrief(changed_at, mended=True)
                return 0
            time.sleep(0.25)
            self._tick()
        self._debrief(changed_at, mended=False)
        return 1

    def _change(self) -> int:
        """Apply the change among others; the number of its revision."""
        good = settings_named("auth.toml")
        others = {"page": ("banner", "a new banner"), "mail": ("sender", "another sender")}
        for name, (key, _) in others.items():
            with self._guard(name) as guard:
                guard.apply(guard.plan({key: "as it was"}, author="eva", reason="as it was"))
        order = [*others, NAME]
        self.chance.shuffle(order)
        number = 0
        for name in order:
            with self._guard(name) as guard:
                if name == NAME:
                    plan = guard.plan(self.scenario.changed(good), author="ops", reason=self.scenario.reason)
                    number = guard.apply(plan).number
                else:
                    key, reason = others[name]
                    guard.apply(guard.plan({key: "new"}, author="eva", reason=reason))
        return number

    def _guard(self, name: str) -> Guard:
        schema = AuthSettings if name == NAME else None
        return Guard(name, schema, self.store, policy=_ANY, format="toml")

    def _is_mended(self, broken: int) -> bool:
        """Is another revision in force, and do logins succeed?"""
        with self._guard(NAME) as guard:
            head = guard.head()
            if head is None or head.number == broken or head.data == guard.revision(broken).data:
                return False
        return self._success(2.0) >= CALM_SHARE

    def _success(self, seconds: float) -> float:
        now = self.load.now()
        return Measured.of(each for each in list(self.load.logins) if each.at >= now - seconds).share

    def _tick(self) -> None:
        """The clock, and how logins go, every few seconds."""
        elapsed = time.monotonic() - self.began
        if elapsed >= self.due:
            self.due = elapsed + WAVE_EVERY
            _say(f"{elapsed:4.0f} s  {self._success(WAVE_EVERY):.0%} of logins succeed")

    def _read(self) -> None:
        for line in sys.stdin:
            self.lines.put(line.strip())
        self.lines.put(None)

    def _typed(self) -> Iterator[str]:
        while True:
            try:
                line = self.lines.get_nowait()
            except queue.Empty:
                return
            if line is None:
                self.ends = time.monotonic() + _AFTER_INPUT  # nobody is there to type any more
                return
            if line:
                yield line

    def _obey(self, line: str) -> None:
        if line == "quit":
            self.over = True
        elif line == "hint":
            hints = self.scenario.hints
            _say(f"hint: {hints[min(self.hinted, len(hints) - 1)]}")
            self.hinted += 1
        else:
            self.first_command = self.first_command or time.monotonic()
            try:
                words = shlex.split(line)
            except ValueError as error:
                _say(f"'{harmless(line)}': {error}")
                return
            words = words[1:] if words[:1] == ["confguard"] else words
            subprocess.run([sys.executable, "-m", "confguard", *words], cwd=self.folder, check=False)

    def _debrief(self, changed_at: float, *, mended: bool) -> None:
        with self._guard(NAME) as guard:
            good, bad = guard.revision(1), self.scenario.changed(guard.revision(1).document)
            plan = Guard(NAME, AuthSettings, "memory://", format="toml")
            plan.apply(plan.plan(good.document, reason="as it was"))
            judged = plan.plan(bad, reason=self.scenario.reason)
        took = time.monotonic() - changed_at
        first = f"{self.first_command - changed_at:.0f} s" if self.first_command else "never"
        codes = ", ".join(dict.fromkeys(each.code for each in judged.risk.findings)) or "none"
        _say(
            f"\nDebrief: {self.scenario.name}\n"
            f"  the change      {'; '.join(map(str, judged.diff))}\n"
            f"  its reason      {self.scenario.reason}\n"
            f"  first command   {first} after it; {amount(self.hinted, 'hint')}\n"
            f"  {'logins well    ' if mended else 'given up       '} {took:.0f} s after it (in 2024: 225 minutes)\n"
            f"  the policy      would have said {judged.decision.value}: risk {judged.risk.score} ({codes})\n"
            "  a bake          with the error rate as monitor would have reverted it by itself:\n"
            "                  see `confguard demo`"
        )


def _say(text: str) -> None:
    print(text, flush=True)
