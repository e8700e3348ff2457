"""The play: as it happened, planned, forced."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from attrs import define, field, frozen

from confguard.causes import suspects
from confguard.demo.display import Display, open_display
from confguard.demo.load import PROOF_SECONDS, WAVE_EVERY, Load, Measured, recovery
from confguard.demo.report import Act, Happening, Story, write_report
from confguard.demo.service import NAME, add_users
from confguard.demo.settings import AuthSettings
from confguard.diffs.changes import Diff
from confguard.documents.document import Document, parse
from confguard.errors import BakeFailedError, ConfguardError, PolicyError
from confguard.events import Event
from confguard.guard import Guard, Plan
from confguard.risk.policy import Policy
from confguard.rollout import Bake, ErrorRate, HttpCounts

USERS = 60
WHY = "tuning for speed: shorter time-outs and a shorter queue"
UNGUARDED = Policy(review=101, block=101)
CALM_SHARE = 0.98
"""So many must succeed in calm time, or the machine is too busy for so many logins."""
RECOVERY_SECONDS = 45.0
"""For so long recovery is waited for."""


@frozen
class Timing:
    """Seconds that each part of an act goes on."""

    calm: float = WAVE_EVERY + 1
    failing: float = 8.0

    @classmethod
    def scaled(cls, seconds: float | None) -> Timing:
        """So that the failing part goes on for `seconds`."""
        return cls() if seconds is None else cls(max(cls().calm, seconds / 2), max(WAVE_EVERY, seconds))


def run(report: Path | None = None, seconds: float | None = None, format: str = "text") -> int:
    """Play all acts, print what came of them, write the report. 0 if all went as they should."""
    file = (report or Path("confguard-demo.html")).absolute()
    with (
        tempfile.TemporaryDirectory(prefix="confguard-demo-") as folder,
        open_display(quiet=format == "json") as display,
    ):
        display.say(f"starting a login service on loopback, with {USERS} users")
        with running_service(Path(folder)) as (url, passwords, store):
            load = Load(url, passwords)
            stage = Scene(display, load, url, store, Path(folder), Timing.scaled(seconds))
            try:
                load.start()
                story = stage.play()
            finally:
                load.stop()
    story = story.with_logins(load.logins)
    try:
        file.write_text(write_report(story), encoding="utf-8")
    except OSError as error:
        raise ConfguardError(f"{file}: cannot be written: {error.strerror}") from error
    if format == "json":
        print(json.dumps(story.to_json() | {"report": str(file)}, indent=2))
    else:
        print(story.summary())
        print(f"\nreport: {file}")
    return 0 if story.complete else 1


@contextmanager
def running_service(folder: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    """The service as a process of its own, with a first revision; ended with us, whatever happens."""
    passwords = {f"user{number}": secrets.token_urlsafe(12) for number in range(USERS)}
    users, store = folder / "users.db", f"sqlite:///{folder / 'confguard.db'}"
    add_users(str(users), passwords)
    with Guard(NAME, AuthSettings, store, policy=UNGUARDED) as guard:
        guard.apply(guard.plan(settings_named("auth.toml"), author="ops", reason="as it was on 17 January"))
    command = [sys.executable, "-m", "confguard.demo.service", "--store", store, "--users", str(users)]
    service = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = service.stdout.readline().strip() if service.stdout else ""
        if not port:
            raise ConfguardError("the login service did not start: its error stands above")
        yield f"http://127.0.0.1:{port}", passwords, store
    finally:
        if service.stdin:
            service.stdin.close()  # the service ends with its input
        try:
            service.wait(timeout=5)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()
        if service.stdout:
            service.stdout.close()


@define
class Scene:
    """What the acts share."""

    display: Display
    load: Load
    url: str
    store: str
    folder: Path
    timing: Timing
    moments: list[Happening] = field(factory=list)
    acts: list[Act] = field(factory=list)
    calm_from: float = 0.0

    def play(self) -> Story:
        live = self.folder / "auth.toml"
        with Guard(NAME, AuthSettings, self.store, [live], UNGUARDED) as unguarded:
            calm = self._calm()
            self._as_it_happened(unguarded, calm)
        with Guard(NAME, AuthSettings, self.store, [live], on_event=self._heard) as guard:
            plan, refused = self._planned(guard)
            self._forced(guard, plan, calm)
        return Story(
            tuple(self.acts),
            tuple(self.moments),
            plan.diff,
            plan.risk,
            refused,
            calm_from=self.calm_from,
            capacity=self.load.capacity,
        )

    def _calm(self) -> Measured:
        """What is usual here and now: everything later is judged by it."""
        self._note(
            "start", f"logins as on any day; this machine answers {self.load.capacity:.0f} a second now"
        )
        for _ in range(5):
            self.calm_from = self.load.now()
            pace = self.load.pace
            self.display.say(
                f"{pace.rate:.1f} logins/s, and {pace.wave} at once every {WAVE_EVERY:g} s", quiet=True
            )
            self._watch(self.timing.calm)
            end = self.load.answered_until()
            calm = Measured.of(each for each in list(self.load.logins) if self.calm_from <= each.sent < end)
            if calm.share >= CALM_SHARE:
                self._note("calm", str(calm))
                return calm
            self.load.pace = pace.halved()
            self._note("busy", f"{calm}: too many for this machine now, so half as many")
        raise ConfguardError(
            "this machine is too busy: logins fail without any change", hint="try again later"
        )

    def _as_it_happened(self, guard: Guard, calm: Measured) -> None:
        self.display.act("Act 1: as it happened", "the change goes in, and nothing looks at it")
        plan = guard.plan(settings_named("auth.faster.toml"), author="ops", reason=WHY)
        self._show(plan.diff)
        started = self.load.now()
        guard.apply(plan)
        self._note("applied", "the change for speed goes in, unguarded")
        self._watch(self.timing.failing)
        self._suspected(guard)
        guard.revert(reason="logins fail", author="ops")
        ended = self.load.now()
        self._note("reverted", "one call: guard.revert(reason='logins fail')")
        self.acts.append(Act("as it happened", started, ended, self._until_recovered(ended, calm)))

    def _suspected(self, guard: Guard) -> None:
        """Which change it was, by what people say: in 2024 that took hours."""
        first = suspects(guard.store, symptom="logins are rejected").suspects[0]
        self._note(
            "suspected", f"revision {first.revision} of {first.config}: {first.why[0]}; {first.revert}"
        )

    def _planned(self, guard: Guard) -> tuple[Plan, str]:
        self.display.act("Act 2: planned", "the same change, looked at before it goes in")
        plan = guard.plan(settings_named("auth.faster.toml"), author="ops", reason=WHY)
        self._show(plan.diff)
        for line in plan.risk.explain().splitlines():
            self.display.say(line, quiet=True)
        try:
            guard.apply(plan)
        except PolicyError as error:
            self._note("blocked", str(error))
            return plan, str(error)
        raise ConfguardError("the policy did not block the change of the outage")

    def _forced(self, guard: Guard, plan: Plan, calm: Measured) -> None:
        self.display.act("Act 3: forced", "an operator overrides; the bake watches")
        errors = ErrorRate(HttpCounts(f"{self.url}/metrics"), baseline=max(0.01, 1 - calm.share))
        bake = Bake("30s", probes=[f"{self.url}/healthz"], monitors=[errors], interval="250ms")
        started = self.load.now()
        try:
            guard.apply(plan, "the campaign starts today, it must be fast", bake=bake)
        except BakeFailedError as error:
            self._note("verified", str(error))
        else:
            raise ConfguardError("the bake let the change of the outage stay")
        ended = next(each.at for each in reversed(self.moments) if each.kind == "reverted")
        self.acts.append(Act("forced", started, ended, self._until_recovered(ended, calm)))

    def _until_recovered(self, reverted: float, calm: Measured) -> float:
        """Watch until logins succeed as in calm time, for a wave's time; returns until when that was judged."""
        while True:
            self._watch(0.2)
            end = self.load.answered_until()
            after = recovery(list(self.load.logins), reverted, end, calm)
            if after is not None and end >= reverted + self.timing.calm:
                self._note(
                    "recovered", f"{after:.1f} s after the revert, and so for {PROOF_SECONDS:g} s and more"
                )
                return end
            if self.load.now() - reverted > RECOVERY_SECONDS:
                return end

    def _heard(self, event: Event) -> None:
        texts = {
            "applied": "an operator forces it, with a bake of 30s",
            "alarmed": event.detail.get("why"),
            "reverted": f"by itself: revision {event.revision} is in force",
        }
        if event.kind in texts:
            self._note(event.kind, str(texts[event.kind]))

    def _show(self, diff: Diff) -> None:
        for change in diff:
            self.display.say(str(change), quiet=True)

    def _note(self, kind: str, text: str) -> None:
        self.moments.append(Happening(self.load.now(), kind, text))
        self.display.say(f"{kind}: {text}")

    def _watch(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.display.show(self.load)
            time.sleep(0.1)


def settings_named(name: str) -> Document:
    return parse(files("confguard.demo").joinpath(name).read_text(encoding="utf-8"), "toml", path=name)
