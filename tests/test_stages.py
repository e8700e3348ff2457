"""Stages: who takes a new revision when; who watches it; and what becomes of it when that dies, stops or is refused."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import confguard as cg
from confguard.agent import Agent, Charge
from confguard.live import Live
from confguard.rollout import Bake
from confguard.stores import open_store
from confguard.stores.interface import Report, Store
from confguard.stores.stages import Instance, Stage, stages_of
from test_agent import ended, run, until
from test_agent import folder as folder

STAGES = ["canary", "50%", "all"]


@frozen
class Pool:
    size: int = 1


@pytest.fixture(params=["memory://", pytest.param("sqlite", marks=[pytest.mark.slow, pytest.mark.once])])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = request.param if "://" in request.param else f"sqlite:///{tmp_path}/confguard.db"
    store = open_store(url)
    yield store
    store.close()


def started(store: Store, **more: Any) -> cg.Guard:
    guard = cg.Guard("pool", store=store, format="toml", **more)
    guard.apply(guard.plan({"size": 1}, reason="start"))
    return guard


@contextmanager
def fleet(store: Store, number: int = 20) -> Iterator[list[Live[Pool]]]:
    """Services that follow the store; the first two are canaries."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                Live(
                    Pool,
                    cg.Guard("pool", store=store, format="toml"),
                    interval=0.1,
                    instance=f"i{n}",
                    groups=["canary"] if n < 2 else [],
                )
            )
            for n in range(number)
        ]


@contextmanager
def applying(guard: cg.Guard, **how: Any) -> Iterator[list[Any]]:
    """Apply on a thread of its own, to look meanwhile; what came of it is in the list when it is over."""
    came: list[Any] = []

    def apply() -> None:
        try:
            came.append(guard.apply(guard.plan({"size": 2}, reason="more"), **how))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            came.append(error)

    thread = threading.Thread(target=apply)
    thread.start()
    try:
        until(lambda: came or guard.store.pending_bake("pool"))
        yield came
    finally:
        thread.join(60)


def sizes(services: list[Live[Pool]]) -> list[int]:
    return [each.current.size for each in services]


def in_stage(guard: cg.Guard, number: int) -> Callable[[], bool]:
    def reached() -> bool:
        pending = guard.store.pending_bake("pool")
        return pending is not None and pending.stage == number

    return reached


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1%", "1%"),
        ("0.5 %", "0.5%"),
        (0.25, "25%"),
        (1, "all"),
        ("100%", "all"),
        ("all", "all"),
        ("eu-west", "eu-west"),
        (["canary", "eu"], "canary,eu"),
        ("Canary , EU", "canary,eu"),
        ("eu,all", "all"),
    ],
)
def test_a_stage_is_a_share_or_groups(value: object, shown: str) -> None:
    assert str(Stage.of(value)) == shown
    assert Stage.of(shown) == Stage.of(value)


@pytest.mark.parametrize(
    "value",
    ["", "0%", "-1%", "101%", "nan%", "10", 0, 2, True, "a,,b", "\x1b[2J", "ten %", "the canary", "a;b", []],
)
def test_what_is_no_stage_is_refused_in_words(value: object) -> None:
    with pytest.raises(
        ValueError, match="is not a stage: a share of more than nothing such as '10%'"
    ) as caught:
        Stage.of(value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["10%", "5%"], "each stage is larger than the one before, and 5% follows 10%"),
        (["all", "canary"], "nobody is left after 'all'"),
        (["canary", "10%", "Canary"], "'canary' stands there twice"),
        (["canary,eu", "eu"], "'eu' stands there twice"),
        ("10%", "stages are a list"),
    ],
)
def test_stages_that_take_nobody_new_are_refused(values: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        stages_of(values)


@given(
    st.lists(st.text(min_size=1), min_size=1, unique=True), st.text(), st.floats(0.01, 1), st.floats(0.01, 1)
)
def test_who_is_in_a_share_stays_in_every_larger_one(names: list[str], salt: str, a: float, b: float) -> None:
    small, large = Stage(share=min(a, b)), Stage(share=max(a, b))
    for name in names:
        instance = Instance(name)
        assert not small.takes(instance, salt) or large.takes(instance, salt)
        assert Stage.of("all").takes(instance, salt)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_share_holds_so_many_instances_and_other_ones_for_each_revision(share: float) -> None:
    names = [Instance(f"auth-{n}.example.org") for n in range(20_000)]
    first, second = ({each for each in names if Stage(share=share).takes(each, salt)} for salt in ("8", "9"))
    for taken in (first, second):
        assert abs(len(taken) / len(names) - share) < 0.015
    assert abs(len(first & second) / len(names) - share**2) < 0.015


def test_an_instance_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFGUARD_INSTANCE", "auth-7")
    monkeypatch.setenv("CONFGUARD_GROUPS", "canary, eu,")
    assert Instance.of(None, None) == Instance("auth-7", frozenset({"canary", "eu"}))
    assert Instance.of("x", []) == Instance("x")
    for written in ("canary eu", '"canary,eu"', "Canary;EU", "'canary', \"eu\""):
        monkeypatch.setenv("CONFGUARD_GROUPS", written)
        assert Instance.of(None, None).groups == {"canary", "eu"}
    assert Stage.of("Canary").takes(Instance.of("x", [" CANARY"]), "1")


@pytest.mark.slow
def test_instances_take_a_revision_stage_after_stage(store: Store) -> None:
    guard = started(store)
    with fleet(store) as services, applying(guard, bake=Bake("1s", [lambda: True], stages=STAGES)) as came:
        until(lambda: sizes(services)[:2] == [2, 2])
        assert sizes(services)[2:] == [1] * 18
        until(in_stage(guard, 1))
        until(lambda: 2 in sizes(services)[2:])
        half = sizes(services)
        assert 1 in half
        with Live(Pool, guard, interval=None, instance="i19") as again:
            assert again.current.size == half[19], "a service that starts anew is on the same side"
        until(lambda: came)
        until(lambda: sizes(services) == [2] * 20)
        assert came[0].number == 2
        assert [each.revision for each in services] == [2] * 20


@pytest.mark.slow
def test_what_fails_in_its_stage_never_comes_to_the_others(store: Store) -> None:
    events: list[cg.Event] = []
    guard = started(store, on_event=events.append)
    with fleet(store) as services:
        seen: list[list[int]] = [[] for _ in services]
        for each, told in zip(services, seen, strict=True):
            each.subscribe(lambda update, told=told: told.append(update.after.size))  # type: ignore[misc]
        with applying(
            guard,
            bake=Bake("3s", [lambda: services[0].current.size == 1], interval="50ms", stages=STAGES),
        ) as came:
            until(lambda: came)
        assert isinstance(came[0], cg.BakeFailedError)
        assert came[0].healthy_again
        assert "it is healthy again" in str(came[0])
        until(lambda: [each.revision for each in services] == [3] * 20)
        assert sizes(services) == [1] * 20
        assert not any(2 in told for told in seen[2:])
    kinds = [each.kind for each in events]
    assert kinds[-3:] == ["alarmed", "reverted", "verified"]
    assert events[-1].detail == {"healthy": True, "wrong": ""}


def test_what_is_taken_back_while_it_is_looked_at_does_not_come_to_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look at the head and one at its bake: then nothing bakes, and the head was for everybody."""
    guard = started(store)
    bake = Bake("30s", [lambda: True], stages=STAGES)
    guard.apply(guard.plan({"size": 2}, reason="more"), bake=bake, detach=True)
    pending_bake = store.pending_bake

    def after_the_revert(config: str) -> Any:
        monkeypatch.undo()
        guard.revert(reason="it fails")
        return pending_bake(config)

    monkeypatch.setattr(store, "pending_bake", after_the_revert)
    with Live(Pool, guard, instance="none of the first") as live:
        assert (live.current.size, live.revision) == (1, 3)


def test_a_revert_that_helps_nothing_says_that_the_change_was_not_the_cause(store: Store) -> None:
    guard = started(store)
    with applying(guard, bake=Bake("300ms", [lambda: "refused"], interval="20ms")) as came:
        until(lambda: came)
    assert came[0].healthy_again is False
    assert "it is no better 0.3 s later: the change was not the cause, or not the only one" in str(came[0])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["revert", "confirm"])
def test_it_is_ended_from_anywhere(store: Store, how: str) -> None:
    guard, elsewhere = started(store), cg.Guard("pool", store=store, format="toml")
    bake = Bake("30s", [lambda: True], interval="50ms", stages=STAGES)
    with fleet(store) as services, applying(guard, bake=bake) as came:
        until(lambda: sizes(services)[:2] == [2, 2])
        if how == "revert":
            elsewhere.revert(reason="not today")
            until(lambda: sizes(services) == [1] * 20)
            until(lambda: came)
            assert isinstance(came[0], cg.BakeFailedError)
        else:
            elsewhere.confirm()
            until(lambda: sizes(services) == [2] * 20)
            until(lambda: came)
            assert came[0].number == 2


@pytest.mark.slow
def test_a_stage_is_extended_from_anywhere(store: Store) -> None:
    guard, elsewhere = started(store), cg.Guard("pool", store=store, format="toml")
    begun = time.monotonic()
    with applying(guard, bake=Bake("300ms", [lambda: True], interval="50ms", stages=["50%", "all"])) as came:
        pending = elsewhere.extend("1s")
        assert pending.stage == 0
        until(lambda: came)
    assert time.monotonic() - begun >= 1.6
    assert came[0].number == 2
    with pytest.raises(cg.NotFoundError, match="has no revision that is being watched"):
        elsewhere.extend("1s")


@pytest.mark.slow
def test_who_takes_over_goes_on_for_as_long_as_it_was_extended(store: Store) -> None:
    guard = started(store)
    bake = Bake("400ms", [lambda: True], stages=["50%", "all"])
    guard.apply(guard.plan({"size": 2}, reason="more"), bake=bake, detach=True)
    guard.extend("500ms")
    guard.extend("500ms")
    agent = Working(guard, probes=[lambda: True])
    try:
        until(lambda: (pending := store.pending_bake("pool")) and pending.watcher)
        begun, pending = time.monotonic(), store.pending_bake("pool")
        assert pending is not None
        assert (pending.deadline - guard.place.clock()).total_seconds() > 1
        until(in_stage(guard, 1))
        assert time.monotonic() - begun > 1
        until(lambda: store.pending_bake("pool") is None)
        assert time.monotonic() - begun < 10, "the next stage is not longer"
    finally:
        agent.end()


def test_what_is_abandoned_is_not_extended() -> None:
    store = open_store("memory://")
    guard = started(store)
    bake = Bake("10m", [lambda: True], stages=STAGES)
    guard.apply(guard.plan({"size": 2}, reason="more"), bake=bake, detach=True)
    store.renew_bake("pool", 2, 0.0)
    with pytest.raises(cg.ConfguardError, match="is abandoned: nobody watches it") as caught:
        guard.extend("10m")
    assert caught.value.hint == "confguard recover pool takes it back; confguard confirm pool lets it stay"
    assert guard.confirm().number == 2


def test_only_the_last_stage_waits_for_somebody_to_confirm(store: Store) -> None:
    guard = started(store)
    with applying(guard, bake=Bake("300ms", confirm=True, stages=["50%", "all"], interval="50ms")) as came:
        until(in_stage(guard, 1))
        until(lambda: came)
    assert "nobody confirmed within 300ms" in str(came[0])


@pytest.mark.slow
def test_an_agent_that_loses_its_lease_does_not_watch_twice() -> None:
    store = open_store("memory://")
    guard = started(store)
    bake = Bake("1s", [lambda: True], stages=["50%", "all"])
    guard.apply(guard.plan({"size": 2}, reason="more"), bake=bake, detach=True)
    agent = Working(guard, probes=[lambda: True])
    try:
        for _ in range(8):
            store.renew_bake("pool", 2, 0.0)  # as after a long stop
            time.sleep(0.1)
        until(lambda: store.pending_bake("pool") is None)
    finally:
        agent.end()
    assert [each.number for each in guard.history()] == [2, 1]
    assert len([line for line in agent.lines if line.startswith("watches revision 2")]) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("requests", "stays"), [(40, True), (0, False)])
def test_in_the_last_stage_there_is_no_control_group_left(requests: int, stays: bool) -> None:
    """Nobody is left to compare with there: that is no sign of sickness, as it is before."""
    store = open_store("memory://")
    guard = started(store)
    monitors = [
        {
            "reports": store,
            "config": "pool",
            "side": "new",
            "control": {"reports": store, "config": "pool", "side": "rest"},
        }
    ]
    over = threading.Event()

    def serve() -> None:
        totals: dict[tuple[str, int], int] = {}
        while not over.wait(0.02):
            pending, newest = store.pending_bake("pool"), store.newest("pool")
            alone = pending is None or pending.stage > 0
            for name, revision in (("a", newest), ("b", newest if alone else newest - 1)):
                if revision:
                    totals[name, revision] = totals.get((name, revision), 0) + requests
                    store.note_report("pool", Report(name, revision, totals[name, revision]))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        bake = Bake("400ms", monitors=monitors, interval="50ms", stages=["50%", "all"])
        with applying(guard, bake=bake) as came:
            until(lambda: came)
    finally:
        over.set()
        thread.join()
    assert guard.history(1)[0].number == (2 if stays else 3), came
    if not stays:
        assert "nothing was measured" in str(came[0])


def test_several_configs_have_no_stages(store: Store) -> None:
    guards = [cg.Guard(name, store=store, format="toml") for name in ("a", "b")]
    group = cg.Group(*guards)
    group.apply([each.plan({"x": 1}, reason="start") for each in guards])
    plans = [each.plan({"x": 2}, reason="more") for each in guards]
    with pytest.raises(cg.ConfguardError, match="several configs at once have no stages"):
        group.apply(plans, bake=Bake("1s", [lambda: True], stages=STAGES))
    assert [each.head().number for each in guards] == [1, 1]  # type: ignore[union-attr]


class Working:
    """An agent on a thread of its own."""

    def __init__(self, guard: cg.Guard, **more: Any) -> None:
        self.lines: list[str] = []
        self.stop = threading.Event()
        agent = Agent(
            [Charge(guard=guard, **more)],
            interval=timedelta(seconds=0.05),
            say=lambda _, line: self.lines.append(line),
        )
        self.thread = threading.Thread(target=agent.run, args=(self.stop,))
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(20)


@pytest.mark.slow
def test_an_agent_sees_through_what_was_left_to_it_and_the_next_one_goes_on(store: Store) -> None:
    guard = started(store)
    bake = Bake("1500ms", [lambda: True], stages=STAGES)
    revision = guard.apply(guard.plan({"size": 2}, reason="more"), bake=bake, detach=True)
    assert (revision.number, guard.store.pending_bake("pool").watcher) == (2, "")  # type: ignore[union-attr]
    first = Working(cg.Guard("pool", store=store, format="toml"), probes=[lambda: True])
    try:
        until(in_stage(guard, 1))
    finally:
        first.end()
    assert first.lines[-1] == "the bake of revision 2 left to the next agent"
    assert guard.store.pending_bake("pool").watcher == ""  # type: ignore[union-attr]
    second = Working(cg.Guard("pool", store=store, format="toml"), probes=[lambda: True])
    try:
        until(lambda: guard.store.pending_bake("pool") is None)
        until(lambda: len(second.lines) == 2)
    finally:
        second.end()
    assert second.lines == [
        "watches revision 2 in its stage 50% from now on",
        "the bake of revision 2 is over",
    ]
    assert [each.number for each in guard.history()] == [2, 1]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("confirm", "the bake of revision 2 is over"),
        ("revert", "revision 2 of 'pool' was replaced by revision 3 while it was watched"),
    ],
)
def test_an_agent_that_ends_leaves_nobody_a_bake_that_is_over(store: Store, how: str, says: str) -> None:
    guard = started(store)
    guard.apply(guard.plan({"size": 2}, reason="more"), bake=Bake("9s", [lambda: True]), detach=True)
    agent = Working(cg.Guard("pool", store=store, format="toml"), probes=[lambda: True])
    until(lambda: agent.lines)
    if how == "confirm":
        guard.confirm()
    else:
        guard.revert(reason="no")
    agent.end()
    assert agent.lines[1:] == [says]


def test_an_agent_that_ends_when_a_bake_stays_says_so(store: Store) -> None:
    guard = started(store)
    guard.apply(guard.plan({"size": 2}, reason="more"), bake=Bake("300ms", [lambda: True]), detach=True)

    def end(event: cg.Event) -> None:
        if event.kind == "confirmed":
            agent.stop.set()

    agent = Working(cg.Guard("pool", store=store, format="toml", on_event=end), probes=[lambda: True])
    until(agent.stop.is_set)
    agent.end()
    assert agent.lines[1:] == ["the bake of revision 2 is over"]


def test_an_agent_that_can_ask_nothing_leaves_it_to_others(store: Store) -> None:
    guard = started(store)
    guard.apply(guard.plan({"size": 2}, reason="more"), bake=Bake("1s", [lambda: True]), detach=True)
    idle = Working(guard)
    time.sleep(0.3)
    idle.end()
    (line,) = idle.lines
    assert line.startswith("revision 2 waits for an agent to watch it, and this one has nothing to ask")
    assert guard.store.pending_bake("pool").watcher == ""  # type: ignore[union-attr]


@pytest.mark.slow
def test_an_agent_reverts_what_fails_in_its_care(store: Store) -> None:
    guard = started(store)
    guard.apply(
        guard.plan({"size": 2}, reason="more"), bake=Bake("20s", [lambda: True], stages=STAGES), detach=True
    )
    agent = Working(guard, probes=[lambda: guard.head().data["size"] == 1 or "too many"])  # type: ignore[union-attr]
    try:
        until(lambda: len(agent.lines) == 2)
    finally:
        agent.end()
    assert "revision 2 of 'pool' was reverted" in agent.lines[1]
    assert "it is healthy again" in agent.lines[1]
    assert [each.reverts for each in guard.history()] == [1, None, None]


STAGED = """[configs.auth]
files = ["auth.toml"]
targets = ["live.toml"]
bake = "{lasting}"
stages = ["10%", "all"]
probes = [["true"]]
"""


@pytest.mark.slow
@pytest.mark.once
def test_an_agent_that_was_stopped_loses_the_work_to_another_and_notices(folder: Path) -> None:
    (folder / "confguard.toml").write_text(STAGED.format(lasting="6s"))
    first = run("agent", folder=folder)
    applier = run("apply", "auth", "--reason", "two", "--detach", folder=folder)
    out, _ = applier.communicate(timeout=30)
    assert "revision 2 is applied, and an agent is to watch it" in out
    with cg.Guard("auth", store=f"sqlite:///{folder}/confguard.db") as guard:
        until(lambda: (pending := guard.store.pending_bake("auth")) and pending.watcher)
        first.send_signal(signal.SIGSTOP)
        second = run("agent", folder=folder)
        watcher = guard.store.pending_bake("auth").watcher  # type: ignore[union-attr]
        until(lambda: (pending := guard.store.pending_bake("auth")) and pending.watcher != watcher)
        first.send_signal(signal.SIGCONT)
        until(lambda: guard.store.pending_bake("auth") is None)
        assert [each.number for each in guard.history()] == [2, 1], "nobody reverted it"
    said = ended(first)
    assert f"revision 2 of 'auth' is watched by {os.uname().nodename}/{second.pid}/" in said
    assert "the bake of revision 2 is over" in ended(second)


@pytest.mark.slow
@pytest.mark.once
def test_a_killed_applier_loses_a_stage_to_the_agent(folder: Path) -> None:
    (folder / "confguard.toml").write_text(STAGED.format(lasting="6s"))
    applier = run("apply", "auth", "--reason", "two", folder=folder)
    with cg.Guard("auth", store=f"sqlite:///{folder}/confguard.db") as guard:
        until(lambda: guard.store.pending_bake("auth"))
        until(lambda: any(each.told == 2 for each in guard.store.places("auth").values()))
        applier.kill()
        applier.communicate()
        agent = run("agent", "--format", "json", folder=folder)
        until(lambda: guard.store.pending_bake("auth") is None)
        assert [each.number for each in guard.history()] == [2, 1]
    messages = [json.loads(line)["message"] for line in ended(agent).splitlines()]
    assert "watches revision 2 in its stage 10% from now on" in messages


@pytest.mark.slow
def test_status_says_who_runs_what(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from confguard.cli import main

    monkeypatch.chdir(folder)
    (folder / "confguard.toml").write_text(STAGED.format(lasting="9m").replace('"10%"', '"canary", "10%"'))
    assert main(["apply", "auth", "--reason", "two", "--detach"]) == 0
    capsys.readouterr()
    assert main(["status"]) == 1
    out = capsys.readouterr().out
    assert "stage 1 of 3: canary run revision 2, all others revision 1" in out
    assert ", watched by nobody yet: it waits for an agent" in out
    assert main(["extend", "auth", "5m"]) == 0
    assert "revision 2 is being watched until " in capsys.readouterr().out
    assert main(["status", "--format", "json"]) == 1
    bake = json.loads(capsys.readouterr().out)[0]["bake"]
    assert (bake["stages"], bake["stage"], bake["back"], bake["watcher"]) == (
        ["canary", "10%", "all"],
        1,
        1,
        None,
    )
    assert main(["revert", "auth", "--reason", "no"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--detach"], ["--stages", "10%,all"]])
def test_without_a_bake_there_are_no_stages(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, options: list[str]
) -> None:
    from confguard.cli import main

    monkeypatch.chdir(folder)
    assert main(["apply", "auth", "--reason", "two", *options]) == 2
    assert f"{options[0]} needs a bake" in capsys.readouterr().err
