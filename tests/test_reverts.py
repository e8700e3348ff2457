"""Reverts: to a number, a time, a label; of one revision while others stay; of several configs as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.errors import TargetError
from confguard.targets import CallbackTarget
from conftest import STORES, examples, fresh_url

ANY = cg.Policy(review=101, block=101)
START = datetime(2026, 1, 18, 8, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=STORES)
def guard(request: pytest.FixtureRequest, folder: Path, clock: Clock) -> cg.Guard:
    """Four revisions, an hour apart."""
    guard = cg.Guard(
        "auth", store=fresh_url(request.param, request), targets=["auth.toml"], policy=ANY, clock=clock
    )
    for text, labels in (
        ("# the first\npool = 64\n", ("stable",)),
        ("# the first\npool = 32  # less\n", ("stable", "2026-01")),
        ("# the first\npool = 32  # less\ntimeout = 3\n", ()),
        ("# the first\npool = 32  # less\ntimeout = 3\nretries = 1\n", ()),
    ):
        guard.apply(guard.plan(cg.parse(text, "toml"), reason="next", labels=labels, ticket="OPS-7"))
        clock.now += timedelta(hours=1)
    return guard


@pytest.mark.parametrize(
    ("to", "number"),
    [
        (None, 3),
        (1, 1),
        ("stable", 2),
        ("2026-01", 2),
        (START, 1),
        (START + timedelta(minutes=59), 1),
        (START + timedelta(hours=1), 2),
        (START + timedelta(days=9), 4),
        ((START + timedelta(hours=1)).astimezone().replace(tzinfo=None), 2),
    ],
)
def test_back_to(guard: cg.Guard, to: int | str | datetime | None, number: int) -> None:
    made = guard.revert(to, reason="it failed")
    assert (made.number, made.reverts) == (5, number)
    assert made.content == guard.revision(number).content == Path("auth.toml").read_bytes()
    assert made.data_digest == guard.revision(number).data_digest
    assert guard.verify() == 5


@pytest.mark.parametrize(
    ("to", "says"),
    [
        (9, "no revision 9"),
        ("stabel", "no revision with the label 'stabel'"),
        (START - timedelta(seconds=1), "no revision at 2026-01-18T07:59:59"),
    ],
)
def test_back_to_what_is_not_there(guard: cg.Guard, to: int | str | datetime, says: str) -> None:
    with pytest.raises(cg.NotFoundError, match=says):
        guard.revert(to, reason="it failed")


def test_what_is_kept_with_a_revision(guard: cg.Guard) -> None:
    second = guard.revision(2)
    assert (second.labels, second.ticket) == (("stable", "2026-01"), "OPS-7")
    same = cg.parse("pool = 0x20 # layout is no matter\n", "toml")
    assert guard.apply(guard.plan(same, reason="layout")).data_digest == second.data_digest


def test_one_revision_is_taken_back_and_what_came_after_it_stays(guard: cg.Guard) -> None:
    made = guard.revert(only=3, reason="the timeout is wrong")
    assert made.text == "# the first\npool = 32  # less\nretries = 1\n"
    assert made.reason == "revision 3 is taken back: the timeout is wrong"
    assert guard.drift() == ()
    assert guard.revert(only=2, reason="more again").data == {"pool": 64, "retries": 1}


@pytest.mark.parametrize("only", [2, 3])
def test_a_revision_that_was_taken_back_alone_does_not_come_back_with_the_next_revert(
    guard: cg.Guard, only: int
) -> None:
    taken = guard.revert(only=only, reason="it is bad")
    with pytest.raises(cg.ConflictError, match=f"is a revert already, of {only} alone, and in force"):
        guard.revert(reason="still bad, go back")
    with pytest.raises(
        cg.ConflictError, match=f"nothing that revision {only} of .* changed is in the head any more"
    ):
        guard.revert(only=only, reason="once more")
    assert guard.head() == taken
    assert [finding.name for finding in guard.plan(guard.revision(only).data, reason="again").risk.factors][
        -1
    ] == "history"


def test_no_reason_makes_a_change_a_revert(guard: cg.Guard) -> None:
    """What somebody writes decides nothing: in an outage, the revert would have been refused."""
    guard.apply(guard.plan({"pool": 5}, reason="revision 2 is taken back: pool was too small"))
    assert guard.revert(reason="still bad").reverts == 4


def test_what_was_changed_again_since_is_a_conflict(guard: cg.Guard) -> None:
    guard.apply(guard.plan({"pool": 16, "timeout": 3}, reason="less still"))
    with pytest.raises(cg.MergeConflictError, match="revision 2 cannot be taken back by itself") as caught:
        guard.revert(only=2, reason="more")
    assert "pool: ours is 16, theirs is 64, and it was 32" in str(caught.value)
    assert len(caught.value.conflicts) == 1
    head = guard.head()
    assert head is not None
    assert head.number == 5


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        ({"to": 1, "only": 2}, ValueError, "both at once"),
        ({"only": 1}, cg.NotFoundError, "has none before it"),
        ({"only": 9}, cg.NotFoundError, "no revision 9"),
    ],
)
def test_reverts_that_mean_nothing(
    folder: Path, more: dict[str, int], error: type[Exception], says: str
) -> None:
    guard = cg.Guard("a", store="memory://", format="toml")
    guard.apply(guard.plan({"x": 1}, reason="one"))
    guard.apply(guard.plan({"x": 2}, reason="two"))
    with pytest.raises(error, match=says):
        guard.revert(reason="x", **more)


VALUES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), max_size=6)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=VALUES, second=VALUES, third=VALUES)
def test_taking_back_undoes_exactly_one_step(
    first: dict[str, int], second: dict[str, int], third: dict[str, int]
) -> None:
    """Keys that the step did not touch are the head's; keys that it did are as before it, or a conflict is raised."""
    guard = cg.Guard("a", store="memory://", format="toml", policy=ANY)
    for values in (first, second, third):
        guard.apply(guard.plan(values, reason="next"))
    history = guard.history()[::-1]
    if len(history) < 3:  # applying what is there already makes no revision
        return
    before, undone, head = (history[i].data for i in range(3))
    touched = {key for key in {*before, *undone} if before.get(key) != undone.get(key)}
    try:
        made = guard.revert(only=2, reason="back").data
    except cg.MergeConflictError as error:
        assert any(head.get(key) not in (undone.get(key), before.get(key)) for key in touched), error
        return
    except cg.ConflictError:
        assert all(head.get(key) == before.get(key) for key in touched)
        return
    for key in {*before, *undone, *head}:
        assert made.get(key) == (before if key in touched else head).get(key)


@pytest.fixture(params=STORES)
def group(request: pytest.FixtureRequest, folder: Path, clock: Clock) -> cg.Group:
    web = cg.Guard(
        "web", store=fresh_url(request.param, request), targets=["web.toml"], policy=ANY, clock=clock
    )
    auth = cg.Guard("auth", store=web.store, targets=["auth.toml"], policy=ANY, clock=clock)
    return cg.Group(web, auth)


def test_several_configs_change_as_one(group: cg.Group, clock: Clock) -> None:
    web, auth = group.guards
    group.apply(each.plan({"port": 1}, reason="one") for each in group.guards)
    clock.now += timedelta(hours=1)
    group.apply(each.plan({"port": 2}, reason="two", labels=["two"]) for each in group.guards)
    clock.now += timedelta(hours=1)
    web.apply(web.plan({"port": 3}, reason="three"))
    assert [made.data for made in group.revert("two", reason="back")] == [{"port": 2}, {"port": 2}]
    assert [made.data for made in group.revert(START, reason="back")] == [{"port": 1}, {"port": 1}]
    assert [Path(name).read_text() for name in ("web.toml", "auth.toml")] == ["port = 1\n"] * 2
    assert (web.verify(), auth.verify()) == (5, 4)
    assert (web.drift(), auth.drift()) == ((), ())


def test_one_head_that_moved_stops_all(group: cg.Group) -> None:
    web, auth = group.guards
    group.apply(each.plan({"port": 1}, reason="one") for each in group.guards)
    plans = [each.plan({"port": 2}, reason="two") for each in group.guards]
    auth.apply(auth.plan({"port": 9}, reason="faster"))
    with pytest.raises(cg.ConflictError, match="the head of 'auth' moved"):
        group.apply(plans)
    assert web.drift() == auth.drift() == ()
    assert [Path(name).read_text() for name in ("web.toml", "auth.toml")] == ["port = 1\n", "port = 9\n"]


def test_one_target_that_fails_undoes_all(folder: Path) -> None:
    failing = [False]

    def call(_: bytes) -> None:
        if failing[0]:
            failing[0] = False
            raise RuntimeError("the volume is gone")

    web = cg.Guard("web", targets=["web.toml"], policy=ANY)
    auth = cg.Guard(
        "auth", store=web.store, targets=[CallbackTarget("auth", call)], format="toml", policy=ANY
    )
    group = cg.Group(web, auth)
    group.apply(each.plan({"port": 1}, reason="one") for each in group.guards)
    failing[0] = True
    with pytest.raises(TargetError, match="RuntimeError: the volume is gone"):
        group.apply(each.plan({"port": 2}, reason="two") for each in group.guards)
    assert [each.head().data for each in group.guards] == [{"port": 1}] * 2  # type: ignore[union-attr]
    assert [each.head().number for each in group.guards] == [3, 3]  # type: ignore[union-attr]
    assert Path("web.toml").read_text() == "port = 1\n"
    assert web.drift() == auth.drift() == ()


def test_groups_that_cannot_be(folder: Path) -> None:
    web, auth = (cg.Guard(name, store="memory://", format="toml") for name in ("web", "auth"))
    with pytest.raises(cg.ConfguardError, match="need one store"):
        cg.Group(web, auth)
    with pytest.raises(cg.ConfguardError, match="needs guards"):
        cg.Group()
    with pytest.raises(cg.ConfguardError, match="no guard of 'auth' is in the group"):
        cg.Group(web).apply([auth.plan({"x": 1}, reason="x")])
    made = cg.Group(web).apply([web.plan({"x": 1}, reason="x")])
    assert cg.Group(web).apply([web.plan({"x": 1}, reason="x")]) == made
    assert cg.Group(web).apply([]) == []
    plan = web.plan({"replicas": 0}, reason="x")
    with pytest.raises(cg.PolicyError):
        cg.Group(web).apply(
            [
                cg.Guard("web", store=web.store, format="toml", policy=cg.Policy(review=1, block=2)).plan(
                    {"replicas": 0}, reason="x"
                )
            ]
        )
    assert plan.base == 1
