"""The guard: plan, apply, revert, and what it finishes or undoes when it is opened."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import confguard as cg
from appending import append
from confguard.errors import RefusedError, StoreError, TargetError
from confguard.events import Event
from confguard.fields import Duration
from confguard.rollout import Bake, Counts, ErrorRate
from confguard.stores import Draft, PendingBake, open_store
from confguard.stores.sqlite import MemoryStore
from confguard.targets import FileTarget
from conftest import examples

ANY = cg.Policy(review=101, block=101)


class Auth(BaseModel):
    max_inflight: int = Field(default=400, ge=1)
    backend_timeout: Duration = Duration("2s")


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 18, 8, 45, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def guard(folder: Path, events: list[Event]) -> cg.Guard:
    Path("auth.toml").write_text("max_inflight = 400\n")
    return cg.Guard("auth", Auth, targets=["auth.toml"], on_event=events.append)


def kinds(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.kind, event.revision) for event in events]


def test_a_plan_writes_nothing(guard: cg.Guard) -> None:
    plan = guard.plan({"max_inflight": 380}, author="ana", reason=" less ")
    assert (plan.config, plan.base, plan.author, plan.reason) == ("auth", 0, "ana", "less")
    assert str(plan.diff) == "max_inflight: 400 -> 380"
    assert plan.decision is cg.Decision.ALLOW
    assert guard.head() is None
    assert Path("auth.toml").read_text() == "max_inflight = 400\n"
    assert json.loads(json.dumps(plan.to_json()))["decision"] == "allow"


@pytest.mark.parametrize("source", ["new.toml", Path("new.toml"), {"max_inflight": 380}, "document"])
def test_a_plan_takes_a_path_a_document_or_a_mapping(guard: cg.Guard, source: Any) -> None:
    Path("new.toml").write_text("max_inflight = 380\n")
    if source == "document":
        source = cg.read("new.toml")
    assert guard.plan(source, reason="less").document.data == {"max_inflight": 380}


def test_a_plan_must_be_valid_and_say_why(guard: cg.Guard) -> None:
    with pytest.raises(cg.ValidationError, match="max_inflight"):
        guard.plan({"max_inflight": 0}, reason="none")
    with pytest.raises(ValueError, match="a reason is required"):
        guard.plan({}, reason=" ")
    with pytest.raises(cg.DocumentError, match="no such file"):
        guard.plan("none.toml", reason="x")


def test_applying_records_what_was_there_and_writes_the_new(guard: cg.Guard, events: list[Event]) -> None:
    made = guard.apply(guard.plan({"max_inflight": 380}, author="ana", reason="less"))
    assert Path("auth.toml").read_bytes() == made.content
    assert (made.number, made.author, made.reason) == (2, "ana", "less")
    assert guard.revision(1).text == "max_inflight = 400\n"
    assert kinds(events) == [("imported", 1), ("applied", 2)]
    assert (guard.drift(), guard.verify()) == ((), 2)


def test_one_call_brings_the_exact_bytes_back(guard: cg.Guard, events: list[Event]) -> None:
    Path("auth.toml").write_bytes(b"# as it was\r\nmax_inflight   =   400")
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    back = guard.revert(reason="login failures", author="ben")
    assert Path("auth.toml").read_bytes() == b"# as it was\r\nmax_inflight   =   400"
    assert (back.number, back.reverts, back.author, back.reason) == (3, 1, "ben", "login failures")
    assert kinds(events)[-1] == ("reverted", 3)
    assert [revision.number for revision in guard.history(2)] == [3, 2]


def test_reverting_to_a_number(guard: cg.Guard) -> None:
    for number in (390, 380, 370):
        guard.apply(guard.plan({"max_inflight": number}, reason="down"))
    assert guard.revert(2, reason="back").data == {"max_inflight": 390}
    with pytest.raises(cg.NotFoundError, match="no revision 99"):
        guard.revert(99, reason="back")
    with pytest.raises(ValueError, match="say why"):
        guard.revert(reason="")


def test_with_nothing_before_there_is_nothing_to_go_back_to(folder: Path) -> None:
    guard = cg.Guard("x", store="memory://", format="toml")
    with pytest.raises(cg.NotFoundError, match="has no revision"):
        guard.revert(reason="x")
    guard.apply(guard.plan({"a": 1}, reason="x"))
    with pytest.raises(cg.NotFoundError, match="'x' has nothing to go back to: nothing else was in force"):
        guard.revert(reason="x")
    guard.apply(guard.plan({"a": 1}, reason="the same again"))
    with pytest.raises(cg.NotFoundError, match="'x' has nothing to go back to: nothing else was in force"):
        guard.revert(reason="x")


def test_the_policy_blocks_and_an_override_is_recorded(guard: cg.Guard) -> None:
    plan = guard.plan({"max_inflight": 40, "backend_timeout": "20ms"}, reason="speed")
    assert plan.decision is cg.Decision.BLOCK
    for override in (None, " "):
        with pytest.raises(cg.PolicyError, match="the policy blocks this change"):
            guard.apply(plan, override)
    assert guard.head() is None
    assert guard.apply(plan, "campaign", approved_by="eva").override == "campaign"
    head = guard.head()
    assert head is not None
    assert head.approved_by == "eva"


def test_a_head_that_moved_is_a_conflict_and_nothing_is_written(guard: cg.Guard) -> None:
    plan = guard.plan({"max_inflight": 380}, reason="mine")
    guard.apply(guard.plan({"max_inflight": 390}, author="ben", reason="theirs"))
    held = Path("auth.toml").read_bytes()
    with pytest.raises(cg.ConflictError, match="planned on revision 0, now 2, by ben: theirs") as caught:
        guard.apply(plan)
    assert (caught.value.exit_code, Path("auth.toml").read_bytes()) == (3, held)
    assert not list(Path().glob(".*staged*"))


def test_applying_what_is_there_changes_nothing(guard: cg.Guard) -> None:
    first = guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    assert guard.apply(guard.plan({"max_inflight": 380}, reason="again")) == first
    Path("auth.toml").unlink()
    assert guard.apply(guard.plan({"max_inflight": 380}, reason="again")).number == 3
    assert Path("auth.toml").exists()


def test_a_revert_goes_on_over_drift_and_keeps_a_copy(guard: cg.Guard, events: list[Event]) -> None:
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    Path("auth.toml").write_text("max_inflight = 7 # by hand\n")
    (drifted,) = guard.drift()
    assert (drifted.target, drifted.what) == ("auth.toml", "1 value differs")
    guard.revert(reason="back")
    assert Path("auth.toml").read_text() == "max_inflight = 400\n"
    assert [(revision.text, revision.drift_copy) for revision in guard.history(2)] == [
        ("max_inflight = 400\n", False),
        ("max_inflight = 7 # by hand\n", True),
    ]
    assert ("copied", 3) in kinds(events)
    assert guard.revert(2, reason="what was in force before").text == guard.revision(2).text


def test_bytes_that_do_not_parse_are_kept_all_the_same(guard: cg.Guard) -> None:
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    Path("auth.toml").write_bytes(b"\xff\x00 torn")
    guard.apply(guard.plan({"max_inflight": 370}, reason="mend"), overwrite=True)
    assert guard.revision(3).content == b"\xff\x00 torn"
    with pytest.raises(cg.DocumentError):
        _ = guard.revision(3).data


def test_several_targets_hold_the_same(folder: Path) -> None:
    Path("a.toml").write_text("x = 1\n")
    Path("b.toml").write_text("x = 2\n")
    with cg.Guard("c", targets=["a.toml", "b.toml", "new.toml"], policy=ANY) as guard:
        guard.apply(guard.plan({"x": 3}, reason="same"))
        assert {Path(name).read_text() for name in ("a.toml", "b.toml", "new.toml")} == {"x = 3\n"}
        assert [revision.data["x"] for revision in guard.history()] == [3, 1, 2]
        guard.revert(reason="back")
        assert Path("b.toml").read_text() == "x = 1\n"


def test_a_target_that_cannot_be_staged_changes_nothing(folder: Path) -> None:
    Path("a.toml").write_text("x = 1\n")
    guard = cg.Guard("c", targets=["a.toml", "no/such/b.toml"], policy=ANY)
    with pytest.raises(TargetError, match=r"no/such.*No such file or directory"):
        guard.apply(guard.plan({"x": 2}, reason="x"))
    assert (Path("a.toml").read_text(), guard.head()) == ("x = 1\n", None)
    assert not list(Path().glob(".*staged*"))


class Fragile:
    """A target whose commits fail on demand."""

    name = "fragile"
    folder = None
    paths = ()

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.failing = 0

    def read(self) -> bytes | None:
        return self.content

    def littered(self) -> bool:
        return False

    def faults(self) -> tuple[str, ...]:
        return ()

    def torn(self, *_: object) -> bool:
        return False

    def clean(self) -> None:
        pass

    def stage(self, content: bytes) -> Any:
        target = self

        class Waiting:
            def commit(self) -> None:
                if target.failing:
                    target.failing -= 1
                    raise TargetError("target fragile: the volume went away")
                target.content = content

            def discard(self) -> None:
                pass

        return Waiting()


def test_a_switch_that_fails_midway_is_undone_everywhere(folder: Path) -> None:
    fragile = Fragile()
    guard = cg.Guard("c", targets=["a.toml", fragile], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="one"))
    fragile.failing = 1
    with pytest.raises(RefusedError, match=r"revision 2 of 'c' was taken back: .*the volume went away"):
        guard.apply(guard.plan({"x": 2}, reason="two"))
    assert (Path("a.toml").read_text(), fragile.content) == ("x = 1\n", b"x = 1\n")
    head = guard.head()
    assert head is not None
    assert (head.number, head.reverts) == (3, 1)
    assert "taken back: target fragile" in head.reason
    assert guard.drift() == ()


def test_a_service_is_not_told_of_what_is_not_in_every_target(folder: Path) -> None:
    fragile = Fragile()
    told: list[str] = []

    class Service:
        name = "service"

        def tell(self) -> None:
            told.append(Path("a.toml").read_text())

    guard = cg.Guard("c", targets=["a.toml", fragile], policy=ANY, reload=[Service()])
    guard.apply(guard.plan({"x": 1}, reason="one"))
    fragile.failing = 1
    with pytest.raises(RefusedError):
        guard.apply(guard.plan({"x": 2}, reason="two"))
    assert told == ["x = 1\n"] * 2, "of the first, and once it was there again"


def test_a_commit_that_fails_leaves_nothing_beside_the_targets(
    guard: cg.Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    plan = guard.plan({"max_inflight": 370}, reason="less")

    def away(*_: object) -> None:
        raise cg.StoreError("away")

    monkeypatch.setattr(guard.store, "commit", away)
    for attempt in (lambda: guard.apply(plan), lambda: guard.revert(reason="back")):
        with pytest.raises(cg.StoreError, match="away"):
            attempt()
        assert not list(Path().glob(".*staged*"))
    assert Path("auth.toml").read_text() == "max_inflight = 380\n"


def test_a_target_that_stays_away_is_written_by_recover(folder: Path) -> None:
    fragile = Fragile()
    guard = cg.Guard("c", targets=["a.toml", fragile], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="one"))
    fragile.failing, fragile.content = 2, b"x = 3"
    with pytest.raises(TargetError, match="revision 4 of 'c'.* is the head, and not yet in every target"):
        guard.apply(guard.plan({"x": 2}, reason="two"), overwrite=True)
    fragile.content = b"torn"
    opened = cg.Guard("c", targets=["a.toml", fragile], policy=ANY)
    assert fragile.content == b"torn", "opening a guard changes nothing"
    (recovered,) = opened.recover()
    assert (recovered.what, recovered.revision.text) == ("written", "x = 1\n")
    assert opened.drift() == ()
    assert fragile.content == b"x = 1\n"
    found = opened.history()[1]
    assert (found.content, found.author, found.drift_copy) == (b"torn", "unknown", True)
    assert opened.recover() == ()


def test_a_crash_between_store_and_target_is_finished_by_recover(
    guard: cg.Guard, events: list[Event]
) -> None:
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    draft = Draft(
        content=b"max_inflight = 370\n", format="toml", author="a", reason="b", created_at=Clock().now
    )
    append(guard.store, "auth", [draft], expect=2, place=guard.place.key)
    FileTarget("auth.toml").stage(b"never committed")
    opened = cg.Guard("auth", Auth, targets=["auth.toml"], on_event=events.append)
    assert Path("auth.toml").read_text() == "max_inflight = 380\n"
    opened.recover()
    assert Path("auth.toml").read_text() == "max_inflight = 370\n"
    assert kinds(events)[-1] == ("recovered", 3)
    assert not list(Path().glob(".*staged*"))


def test_litter_is_swept_without_touching_a_drifted_target(guard: cg.Guard) -> None:
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    Path("auth.toml").write_text("max_inflight = 7\n")
    FileTarget("auth.toml").stage(b"left behind")
    assert cg.Guard("auth", Auth, targets=["auth.toml"]).recover() == ()
    assert not list(Path().glob(".*staged*"))
    assert Path("auth.toml").read_text() == "max_inflight = 7\n"


@pytest.mark.parametrize("watched", [True, False])
def test_an_abandoned_bake_is_reverted_by_whoever_comes(
    guard: cg.Guard, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"))
    draft = Draft(
        content=b"max_inflight = 370\n", format="toml", author="a", reason="b", created_at=clock.now
    )
    if not watched:
        monkeypatch.setattr("confguard.stores.sql_script.LEASE", 0)
    append(guard.store, "auth", [draft], expect=2, bake=PendingBake(3, 2, clock.now - timedelta(days=1)))
    opened = cg.Guard("auth", Auth, targets=["auth.toml"], clock=clock)
    opened.recover()
    head = opened.head()
    assert head is not None
    if watched:  # whatever clocks say: the lease has not ended
        assert head.number == 3
    else:
        assert (head.number, head.reverts, head.author) == (4, 2, "confguard")
        assert "abandoned" in head.reason
        assert opened.store.pending_bake("auth") is None


TOTALS = itertools.count(0, 20)


def counting() -> Counts:
    """Half of all requests fail."""
    total = next(TOTALS)
    return Counts(total, total // 2)


def quick(**more: Any) -> Bake:
    return Bake("300ms", interval="20ms", **more)


def test_a_healthy_bake_stays(guard: cg.Guard, events: list[Event]) -> None:
    made = guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=quick(probes=[lambda: True]))
    assert guard.head() == made
    assert guard.store.pending_bake("auth") is None
    assert kinds(events)[-1] == ("confirmed", 2)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"probes": [lambda: "queue is full"]}, r"queue is full \(3 times in a row\)"),
        ({"confirm": True}, "nobody confirmed within 300ms"),
        ({"monitors": [ErrorRate(counting, 0.01)]}, "requests failed"),
        pytest.param(
            {"probes": [lambda: "slow start"], "failures": 99},
            "unhealthy at the end of the bake",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_bake_that_fails_reverts_by_itself(
    guard: cg.Guard, events: list[Event], more: dict[str, Any], says: str
) -> None:
    with pytest.raises(cg.BakeFailedError, match=says) as caught:
        guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=quick(**more))
    assert caught.value.exit_code == 4
    assert Path("auth.toml").read_text() == "max_inflight = 400\n"
    decided = [each for each in kinds(events) if each[0] != "verified"]
    assert decided[-2:] == [("alarmed", 2), ("reverted", 3)]
    assert caught.value.healthy_again is (None if "confirm" in more else False)
    assert guard.store.pending_bake("auth") is None


def test_a_probe_that_recovers_is_healthy(guard: cg.Guard, events: list[Event]) -> None:
    answers = iter(["down", "down"])
    guard.apply(
        guard.plan({"max_inflight": 380}, reason="less"),
        bake=quick(probes=[lambda: next(answers, None)]),
    )
    assert {event.detail["wrong"] for event in events if event.kind == "probed"} == {"down"}


def test_every_probe_is_asked_each_time(guard: cg.Guard) -> None:
    asked: dict[str, int] = {"one": 0, "two": 0}

    def counting_as(name: str) -> Callable[[], bool]:
        def probe() -> bool:
            asked[name] += 1
            return True

        return probe

    guard.apply(
        guard.plan({"max_inflight": 380}, reason="less"),
        bake=quick(probes=[counting_as(each) for each in asked]),
    )
    assert asked["one"] == asked["two"] > 1


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_sick_probe_of_several_is_enough(guard: cg.Guard, place: int) -> None:
    probes: list[Any] = [lambda: True] * 3
    probes[place] = lambda: "queue is full"
    with pytest.raises(cg.BakeFailedError, match="queue is full"):
        guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=quick(probes=probes))


@pytest.mark.slow
def test_one_probe_that_was_sick_just_before_the_end_is_asked_again(guard: cg.Guard) -> None:
    """The last of several; the others are well."""
    bake = Bake("60ms", [lambda: True, lambda: "late"], interval="50ms", failures=9)
    with pytest.raises(cg.BakeFailedError, match="late"):
        guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=bake)


class Noted:
    """A monitor that notes what it is asked."""

    name = "noted"

    def __init__(self, alarm: str | None = None) -> None:
        self.calls: list[str] = []
        self._alarm = alarm

    def start(self) -> None:
        self.calls.append("start")

    def check(self) -> str | None:
        self.calls.append("check")
        return self._alarm


def test_monitors_begin_with_the_bake_and_are_asked_each_time(guard: cg.Guard) -> None:
    monitors = [Noted(), Noted()]
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=quick(monitors=monitors))
    for monitor in monitors:
        assert monitor.calls[0] == "start"
        assert set(monitor.calls[1:]) == {"check"}
        assert len(monitor.calls) > 2


def test_what_happened_before_a_bake_does_not_count(guard: cg.Guard) -> None:
    """The totals of a monitor go on from one bake to the next."""
    totals = iter([Counts(1000, 900), *[Counts(1000 + 10 * n, 900) for n in range(1, 1000)]])
    monitor = ErrorRate(lambda: next(totals), 0.01)
    monitor.check()
    guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=quick(monitors=[monitor]))
    assert monitor._seen.errors == 0


@pytest.mark.parametrize("place", [0, 1])
def test_one_monitor_that_alarms_is_enough(guard: cg.Guard, place: int) -> None:
    monitors = [Noted(), Noted()]
    monitors[place] = Noted("too many errors")
    with pytest.raises(cg.BakeFailedError, match="noted: too many errors"):
        guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=quick(monitors=monitors))


@pytest.mark.parametrize("while_told", [False, True])
def test_a_bake_that_lasts_longer_than_its_lease_stays_watched(
    folder: Path, monkeypatch: pytest.MonkeyPatch, while_told: bool
) -> None:
    """Also while the service takes its time to be told."""
    renewed = threading.Semaphore(0)
    store = open_store("sqlite:///lease.db")
    renew = store.renew_bake

    def noted(config: str, revision: int, seconds: float, watcher: str) -> bool:
        done = renew(config, revision, seconds, watcher)
        assert done
        renewed.release()
        return done

    monkeypatch.setattr(store, "renew_bake", noted)
    monkeypatch.setattr("confguard.rollout.bake.LEASE_SECONDS", 0.04)

    def three_leases() -> None:
        if store.pending_bake("a"):
            for _ in range(3):
                assert renewed.acquire(timeout=5), "nobody says that it is watched"

    class Slow:
        name = "slow"

        def tell(self) -> None:
            if while_told:
                three_leases()

    guard = cg.Guard("a", store=store, targets=["a.toml"], policy=ANY, reload=[Slow()])
    guard.apply(guard.plan({"x": 1}, reason="start"))
    probe = (lambda: None) if while_told else three_leases
    guard.apply(guard.plan({"x": 2}, reason="two"), bake=Bake("50ms", [probe], interval="10ms"))
    assert store.pending_bake("a") is None


def test_someone_confirms(guard: cg.Guard, events: list[Event]) -> None:
    plan = guard.plan({"max_inflight": 380}, reason="less")
    other = cg.Guard("auth", Auth, targets=["auth.toml"], on_event=events.append)
    threading.Timer(0.3, other.confirm).start()
    made = guard.apply(plan, bake=Bake("20s", interval="20ms", confirm=True))
    assert guard.head() == made
    assert ("confirmed", 2) in kinds(events)
    with pytest.raises(cg.NotFoundError, match="waits to be confirmed"):
        guard.confirm()


def test_someone_else_reverts_while_it_bakes(guard: cg.Guard) -> None:
    plan = guard.plan({"max_inflight": 380}, reason="less")
    other = cg.Guard("auth", Auth, targets=["auth.toml"])
    reverting = threading.Timer(0.2, lambda: other.revert(reason="no"))
    reverting.start()
    with pytest.raises(cg.BakeFailedError, match="was replaced by revision 3"):
        guard.apply(plan, bake=Bake("20s", [lambda: True], interval="20ms"))
    reverting.join()  # what is in the store already is in the target a moment later
    assert other.head() == guard.head()
    assert Path("auth.toml").read_text() == "max_inflight = 400\n"


def test_what_is_interrupted_is_reverted(guard: cg.Guard) -> None:
    class Impatient:
        name = "operator"

        def check(self) -> str | None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guard.apply(guard.plan({"max_inflight": 380}, reason="less"), bake=quick(probes=[Impatient()]))
    assert Path("auth.toml").read_text() == "max_inflight = 400\n"


def test_a_first_revision_that_fails_has_nothing_to_go_back_to(folder: Path) -> None:
    guard = cg.Guard("x", store="memory://", format="toml")
    with pytest.raises(cg.BakeFailedError, match="none to go back to"):
        guard.apply(guard.plan({"a": 1}, reason="x"), bake=quick(probes=[lambda: False]))
    assert guard.store.pending_bake("x") is None


def test_a_plan_of_another_config_is_refused(guard: cg.Guard) -> None:
    other = cg.Guard("other", store="memory://", format="toml")
    with pytest.raises(cg.ConfguardError, match="the plan is for 'other'"):
        guard.apply(other.plan({"a": 1}, reason="x"))


def test_a_mapping_needs_a_format(folder: Path) -> None:
    guard = cg.Guard("x", store="memory://")
    with pytest.raises(cg.DocumentError, match="in which format"):
        guard.plan({"a": 1}, reason="x")
    Path("a.yaml").write_text("a: 1\n")
    guard.apply(guard.plan("a.yaml", reason="x"))
    assert guard.plan({"a": 2}, reason="x").document.text == "a: 2\n"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12))
@settings(max_examples=examples(60), deadline=None)
def test_any_run_of_applies_and_reverts_keeps_every_byte(steps: list[tuple[bool, int]]) -> None:
    guard = cg.Guard("x", store=open_store("memory://"), format="toml", policy=ANY)
    model: list[bytes] = []
    for applies, number in steps:
        if applies:
            document = cg.parse(f"x = {number}  # {len(model)}\n", "toml")
            guard.apply(guard.plan(document, reason="x"))
            model.append(document.content)
        elif len(model) > 1:
            head = guard.head()
            assert head is not None
            if head.reverts is None:
                guard.revert(reason="x")
                model.append(model[-2])
            else:
                with pytest.raises(cg.ConflictError, match="is a revert already"):
                    guard.revert(reason="x")
    assert [revision.content for revision in guard.history()][::-1] == model
    assert guard.verify() == len(model)
    if model:
        assert guard.diff(1, len(model)).same == (guard.revision(1).data == guard.revision(len(model)).data)


def test_guards_race_and_one_wins(folder: Path) -> None:
    results: list[str] = []
    cg.Guard("r", targets=["r.toml"], policy=ANY).close()

    def race(number: int) -> None:
        with cg.Guard("r", targets=["r.toml"], policy=ANY) as guard:
            plan = guard.plan({"x": number}, reason="race")
            barrier.wait()
            try:
                guard.apply(plan)
                results.append("won")
            except cg.ConflictError:
                results.append("lost")

    barrier = threading.Barrier(4)
    run_all([lambda number=number: race(number) for number in range(4)])
    assert sorted(results) == ["lost", "lost", "lost", "won"]
    assert cg.Guard("r", targets=["r.toml"]).drift() == ()


def run_all(functions: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_setting_that_was_not_touched_in_a_year_is_told(folder: Path) -> None:
    now = [datetime(2025, 1, 1, tzinfo=UTC)]
    guard = cg.Guard("a", store="memory://", format="toml", clock=lambda: now[0])
    for size in (1, 2):
        guard.apply(guard.plan({"size": size, "other": "x"}, reason="start"))
    now[0] = datetime(2026, 6, 1, tzinfo=UTC)
    plan = guard.plan({"size": 3, "other": "y"}, reason="more room for the campaign")
    told = {each.path: each.message for each in plan.risk.findings if each.code == "CG902"}
    assert told == {("size",): "was not changed in 516 days", ("other",): "was not changed in 516 days"}


def test_a_user_without_a_name_is_an_author_by_number(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    guard = cg.Guard("a", store="memory://", format="toml")
    assert guard.plan({"x": 1}, reason="in a container").author.startswith("uid ")
    assert guard.plan({"x": 1}, author=" ana ", reason="by name").author == "ana"


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201, "\x1b[2J"])
def test_names_that_no_config_can_have(name: str) -> None:
    with pytest.raises(cg.ConfguardError, match="is not a config's name"):
        cg.Guard(name, store="memory://")


def test_a_store_that_goes_away_does_not_take_the_place_of_an_interruption(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(MemoryStore):
        away = False

        def pending_bake(self, config: str) -> Any:
            if self.away:
                raise StoreError("the store is away")
            return super().pending_bake(config)

    store = Away()
    guard = cg.Guard("a", store=store, format="toml", policy=cg.Policy(review=101, block=101))
    guard.apply(guard.plan({"x": 1}, reason="start"))

    def interrupted(*_: object, **__: object) -> None:
        store.away = True
        raise KeyboardInterrupt

    monkeypatch.setattr("confguard.rollout.applying._bake", interrupted)
    plan = guard.plan({"x": 2}, reason="next")
    with pytest.raises(KeyboardInterrupt) as caught:
        guard.apply(plan, bake=Bake("1s", [lambda: True]))
    assert "the store is away" in "".join(caught.value.__notes__)
    assert "confguard recover" in "".join(caught.value.__notes__)


@pytest.mark.parametrize(
    ("target", "text", "kind", "taken"),
    [
        ("live.toml", "size: 11\n", "yaml", False),
        ("live.yaml", "size = 11\n", "toml", False),
        ("live.json", "size = 11\n", "toml", False),
        ("live.yaml", '{"size": 11}', "json", True),
        ("live.conf", "size = 11\n", "toml", True),
        ("live", "size = 11\n", "toml", True),
    ],
)
def test_what_a_target_would_read_otherwise_is_refused(
    tmp_path: Path, target: str, text: str, kind: str, taken: bool
) -> None:
    """A service opens the file by its name, and cannot read what is in it."""
    guard = cg.Guard("pool", store="memory://", targets=[tmp_path / target])
    document = cg.parse(text, kind)
    if taken:
        guard.apply(guard.plan(document, reason="more"))
        assert (tmp_path / target).read_text() == text
    else:
        with pytest.raises(cg.DocumentError, match=rf"is {kind}, and the target .*{target} is read as"):
            guard.plan(document, reason="more")
        told = cg.Guard("pool", store="memory://", targets=[tmp_path / target], format=kind)
        told.plan(document, reason="more")
