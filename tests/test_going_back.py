"""Going back in the hour it is needed: services that died, edits by hand, bakes, bystanders. Each was wrong once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import confguard as cg
from appending import append
from confguard.cli import main
from confguard.errors import (
    BakeNotToldError,
    BakingError,
    DriftError,
    NotToldError,
    ProjectError,
    RefusedError,
)
from confguard.project import load_project
from confguard.project.guards import guard_of
from confguard.rollout import Bake, reverting
from confguard.rollout.places import Place
from confguard.stores import Draft, PendingBake, PlaceState, open_store
from confguard.targets import CommandReload
from confguard.targets.concealing import concealed_words
from confguard.targets.locking import alone
from conftest import ROOT, STORES, fresh_url, sampled, unmeasured

ANY = cg.Policy(review=101, block=101)
ALIVE = ["test", "-e", "alive"]
"""How a service is told that has died, unless the file `alive` is there."""


@pytest.fixture
def service(folder: Path) -> cg.Guard:
    """A config with two revisions, and a service that has died of the second."""
    Path("alive").touch()
    guard = cg.Guard("auth", targets=["auth.toml", "copy.toml"], policy=ANY, reload=[ALIVE])
    for size in (64, 1):
        guard.apply(guard.plan({"size": size}, author="ana", reason="size"))
    Path("alive").unlink()
    return guard


def held(*names: str) -> list[str]:
    return [Path(name).read_text() for name in names or ("auth.toml", "copy.toml")]


class TestADeadService:
    def test_a_revert_stays_in_every_target_and_says_who_was_not_told(self, service: cg.Guard) -> None:
        with pytest.raises(NotToldError) as caught:
            service.revert(to=1, reason="logins fail")
        assert held() == ["size = 64\n"] * 2
        assert caught.value.revision == service.head()
        assert (caught.value.revision.number, caught.value.revision.reverts) == (3, 1)
        said = str(caught.value)
        assert "revision 3 of 'auth', the bytes of revision 1, is in auth.toml, copy.toml" in said
        assert "the service was not told: reload (test -e alive)" in said
        assert "confguard tell auth" in str(caught.value.hint)
        assert service.drift() == ()
        state = service.place.state()
        assert state is not None
        assert (state.wanted, state.written, state.told) == (3, 3, 2)
        assert "test -e alive" in str(state.error)
        assert len(service.history()) == 3, "nothing was undone"

    def test_it_is_told_when_it_is_back(self, service: cg.Guard) -> None:
        for attempt in (lambda: service.revert(reason="logins fail"), service.tell, service.recover):
            with pytest.raises(NotToldError):
                attempt()
        Path("alive").touch()
        (recovered,) = service.recover()
        assert (recovered.what, recovered.revision.number) == ("told", 3)
        assert service.place.state() == PlaceState(3, 3, 3)
        assert service.tell() == service.head()

    def test_whatever_goes_back_stays(self, service: cg.Guard) -> None:
        with pytest.raises(NotToldError):
            service.revert(only=2, reason="size alone")
        assert held() == ["size = 64\n"] * 2
        Path("copy.toml").write_text("by = 'hand'\n")
        with pytest.raises(NotToldError):
            service.repair()
        assert held() == ["size = 64\n"] * 2

    def test_a_group_goes_back_as_one(self, service: cg.Guard) -> None:
        web = cg.Guard("web", store=service.store, targets=["web.toml"], policy=ANY)
        for port in (1, 2):
            web.apply(web.plan({"port": port}, reason="port"))
        with pytest.raises(NotToldError, match="'auth'") as caught:
            cg.Group(service, web).revert(reason="all")
        assert "'web'" not in str(caught.value), "whose service could be told"
        assert held("auth.toml", "copy.toml", "web.toml") == ["size = 64\n", "size = 64\n", "port = 1\n"]

    def test_an_apply_that_it_refuses_is_taken_back_and_that_is_not_undone(self, service: cg.Guard) -> None:
        with pytest.raises(NotToldError) as caught:
            service.apply(service.plan({"size": 2}, reason="more"))
        said = str(caught.value)
        assert "revision 3 of 'auth' was taken back: reload (test -e alive): ended with 1" in said
        assert "revision 4 of 'auth', the bytes of revision 2, is in auth.toml" in said
        assert held() == ["size = 1\n"] * 2

    def test_a_way_forward_is_open_too(self, service: cg.Guard) -> None:
        made = service.apply(service.plan({"size": 65}, reason="mend it"), tell=False)
        assert held() == ["size = 65\n"] * 2
        assert service.head() == made
        Path("alive").touch()
        service.tell()
        assert service.place.state() == PlaceState(3, 3, 3)

    def test_the_first_revision_stays_and_is_told_later(self, folder: Path) -> None:
        guard = cg.Guard("auth", targets=["auth.toml"], reload=[ALIVE])
        with pytest.raises(NotToldError, match="revision 1 of 'auth' is in auth.toml") as caught:
            guard.apply(guard.plan({"size": 1}, reason="start"))
        assert caught.value.revision == guard.head()
        assert held("auth.toml") == ["size = 1\n"]

    def test_a_failed_bake_goes_back_and_says_both(self, service: cg.Guard) -> None:
        Path("alive").touch()
        sick = Bake("5s", [lambda: Path("alive").unlink(missing_ok=True) or "logins fail"], interval="10ms")
        with pytest.raises(
            BakeNotToldError, match=r"(?s)was reverted: .*logins fail.*service was not told"
        ) as caught:
            service.apply(service.plan({"size": 2}, reason="more"), bake=sick)
        assert isinstance(caught.value, cg.BakeFailedError)
        assert isinstance(caught.value, NotToldError)
        assert held() == ["size = 1\n"] * 2
        assert service.store.pending_bake("auth") is None


def test_a_service_that_refuses_is_told_again_of_what_was(folder: Path) -> None:
    """What it is told of is noted by the service; it refuses `size = 2`."""
    told = "import pathlib, sys; text = pathlib.Path('auth.toml').read_text(); open('told', 'a').write(text);"
    told += "sys.exit('too small' if '2' in text else 0)"
    guard = cg.Guard("auth", targets=["auth.toml"], policy=ANY, reload=[[sys.executable, "-c", told]])
    guard.apply(guard.plan({"size": 1}, reason="one"))
    with pytest.raises(RefusedError) as caught:
        guard.apply(guard.plan({"size": 2}, reason="two"))
    said = str(caught.value)
    assert "revision 2 of 'auth' was taken back: reload" in said
    assert "ended with 1: too small" in said
    assert "revision 3 of 'auth', the bytes of revision 1, is in auth.toml, and its service was told" in said
    assert held("told") == ["size = 1\nsize = 2\nsize = 1\n"]
    assert guard.place.state() == PlaceState(3, 3, 3)


def test_a_group_is_taken_back_as_one(folder: Path) -> None:
    Path("alive").touch()
    web = cg.Guard("web", targets=["web.toml"], policy=ANY)
    auth = cg.Guard("auth", store=web.store, targets=["auth.toml"], policy=ANY, reload=[ALIVE])
    group = cg.Group(web, auth)
    group.apply(each.plan({"n": 1}, reason="start") for each in group.guards)
    Path("alive").unlink()
    with pytest.raises(NotToldError, match="'auth' was taken back"):
        group.apply(each.plan({"n": 2}, reason="more") for each in group.guards)
    assert held("web.toml", "auth.toml") == ["n = 1\n"] * 2
    assert [guard.head().reverts for guard in group.guards] == [1, 1]  # type: ignore[union-attr]


def test_a_reload_of_ones_own_may_raise_anything(folder: Path) -> None:
    class Odd:
        name = "odd"

        def tell(self) -> None:
            raise ZeroDivisionError("what a pity")

    guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[Odd()])
    with pytest.raises(NotToldError, match="ZeroDivisionError: what a pity"):
        guard.apply(guard.plan({"x": 1}, reason="x"))


class Auth(BaseModel):
    size: int = 64


class TestHandEdits:
    @pytest.fixture
    def guard(self, folder: Path) -> cg.Guard:
        guard = cg.Guard("auth", Auth, targets=["auth.toml", "copy.toml"], reload=[["true"]])
        guard.apply(guard.plan({"size": 64}, author="ana", reason="start"))
        Path("auth.toml").write_text("size = 60  # by hand\n")
        return guard

    def test_a_plan_shows_what_it_would_undo_and_asks_for_a_review(self, guard: cg.Guard) -> None:
        plan = guard.plan({"size": 62}, reason="a little less")
        assert plan.decision is cg.Decision.REVIEW
        (drift,) = plan.drift
        assert (drift.target, str(drift.changes)) == ("auth.toml", "size: 64 -> 60")
        assert str(plan.diff) == "size: 64 -> 62"
        assert plan.to_json()["drift"][0]["what"] == "1 value differs"  # type: ignore[index]

    def test_an_apply_is_refused_unless_it_shall_overwrite_and_a_copy_is_kept(self, guard: cg.Guard) -> None:
        plan = guard.plan({"size": 62}, reason="a little less")
        with pytest.raises(DriftError, match=r"auth\.toml 1 value differs") as caught:
            guard.apply(plan)
        assert caught.value.exit_code == 1
        assert [drift.target for drift in caught.value.drift] == ["auth.toml"]  # type: ignore[attr-defined]
        assert "confguard adopt auth" in str(caught.value.hint)
        made = guard.apply(plan, overwrite=True)
        assert held() == ["size = 62\n"] * 2
        assert [(each.number, each.drift_copy) for each in guard.history()] == [
            (3, False),
            (2, True),
            (1, False),
        ]
        assert guard.revision(2).text == "size = 60  # by hand\n"
        assert guard.revert(reason="back").reverts == 1, "the copy never was the head"
        assert guard.head() != made

    def test_an_apply_that_a_service_refuses_makes_no_edit_the_head(self, guard: cg.Guard) -> None:
        refusing = cg.Guard("auth", Auth, targets=["auth.toml", "copy.toml"], reload=[["false"]])
        for text in ("size = 60  # by hand\n", "no toml at all"):
            Path("auth.toml").write_text(text)
            with pytest.raises(NotToldError):
                refusing.apply(refusing.plan({"size": 62}, reason="less"), overwrite=True)
            head = refusing.head()
            assert head is not None
            assert (head.text, head.reverts is not None) == ("size = 64\n", True)
            assert held() == ["size = 64\n"] * 2
            assert refusing.drift() == ()

    def test_it_is_adopted_when_somebody_says_so(self, guard: cg.Guard) -> None:
        made = guard.adopt(author="ben", reason="the fix of last night")
        assert (made.number, made.text, made.author, made.drift_copy) == (
            2,
            "size = 60  # by hand\n",
            "ben",
            False,
        )
        assert held() == ["size = 60  # by hand\n"] * 2
        assert guard.drift() == ()
        with pytest.raises(cg.NotFoundError, match="holds nothing that could be adopted"):
            guard.adopt(reason="again")

    def test_it_is_judged_as_any_other_change(self, guard: cg.Guard) -> None:
        Path("auth.toml").write_text("size = 1\n")
        planned = guard.plan_adoption(reason="quick")
        assert planned.risk.score == guard.plan({"size": 1}, reason="quick").risk.score > 0
        guard = cg.Guard("auth", Auth, targets=guard.targets, policy=cg.Policy(review=5, block=10))
        with pytest.raises(cg.PolicyError):
            guard.adopt(reason="quick")
        assert guard.adopt(reason="quick", override="yes, so small").override == "yes, so small"
        Path("auth.toml").write_text("size = 'x'\n")
        with pytest.raises(cg.ValidationError, match=r"auth\.toml:1:.*size"):
            guard.adopt(reason="quick")
        Path("auth.toml").write_text("size =\n")
        with pytest.raises(cg.DocumentError, match=r"auth\.toml:1:"):
            guard.adopt(reason="quick")

    def test_of_two_that_differ_one_is_named(self, guard: cg.Guard) -> None:
        Path("copy.toml").write_text("size = 61\n")
        with pytest.raises(cg.ConfguardError, match="targets hold different things") as caught:
            guard.adopt(reason="which?")
        assert "--target" in str(caught.value.hint)
        with pytest.raises(DriftError, match="copy"):
            guard.adopt(reason="this one", target="auth.toml")
        assert guard.adopt(reason="this one", target="auth.toml", overwrite=True).data == {"size": 60}
        assert held() == ["size = 60  # by hand\n"] * 2

    @pytest.mark.parametrize("text", ["size = 'x'\n", "this is no toml", "\xff\0", ""])
    def test_nothing_in_a_target_keeps_anybody_from_a_good_one(self, guard: cg.Guard, text: str) -> None:
        Path("auth.toml").write_text(text, "latin-1")
        (drift,) = guard.drift()
        if text:
            assert "does not" in drift.what
        guard.apply(guard.plan({"size": 63}, reason="good"), overwrite=True)
        assert held() == ["size = 63\n"] * 2
        Path("auth.toml").write_text(text, "latin-1")
        guard.revert(reason="back")
        assert held() == ["size = 64\n"] * 2

    def test_what_is_missing_is_written(self, guard: cg.Guard) -> None:
        Path("auth.toml").unlink()
        assert [drift.what for drift in guard.drift()] == ["is missing"]
        guard.apply(guard.plan({"size": 63}, reason="good"))
        assert held() == ["size = 63\n"] * 2

    def test_what_was_written_here_before_is_no_edit(self, guard: cg.Guard) -> None:
        """Another machine applied: here is still what was written here."""
        Path("auth.toml").write_text("size = 64\n")
        elsewhere = cg.Guard("auth", Auth, store=guard.store, targets=["elsewhere.toml"])
        elsewhere.apply(elsewhere.plan({"size": 63}, reason="there"))
        plan = guard.plan({"size": 62}, reason="here")
        assert (plan.base, plan.drift) == (2, ())
        guard.apply(plan)
        assert held() == ["size = 62\n"] * 2

    def test_a_mode_that_was_asked_for_is_drift_too(self, folder: Path) -> None:
        told = [sys.executable, "-c", "open('told', 'a').write('.')"]
        target = {"file": "m.toml", "mode": "0640"}
        guard = cg.Guard("m", targets=[target], policy=ANY, reload=[told])
        guard.apply(guard.plan({"x": 1}, reason="start"))
        assert guard.drift() == ()
        Path("m.toml").chmod(0o600)
        (drift,) = guard.drift()
        assert "0640" in drift.what
        assert guard.repair() == (drift,)
        assert held("told") == ["."], "its bytes are the head's: there is nothing to write, or to tell"
        assert guard.apply(guard.plan({"x": 2}, reason="not held up by that")).number == 2

    def test_who_repairs_without_end_goes_on_when_the_service_is_dead(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("confguard.toml").write_text(
            '[configs.a]\ntargets = ["a.toml"]\nreload = [["test", "-e", "alive"]]\n'
        )
        Path("alive").touch()
        Path("new.toml").write_text("x = 1\n")
        assert run(capsys, "apply", "a", "new.toml", "--reason", "start")[0] == 0
        Path("alive").unlink()
        Path("a.toml").write_text("x = 2\n")
        code, _, err = run(capsys, "drift", "a", "--repair", "--for", "100ms")
        assert code == 0
        assert "the service was not told" in err
        assert held("a.toml") == ["x = 1\n"]


def test_a_head_that_does_not_parse_or_fit_any_more_stands_in_no_way(folder: Path) -> None:
    guard = cg.Guard("auth", Auth, targets=["auth.toml"])
    guard.apply(guard.plan({"size": 64}, reason="start"))
    for content, note in ((b"size = = 1\n", "does not parse"), (b"size = 'x'\n", None)):
        head = guard.head()
        assert head is not None
        draft = Draft(
            content=content, format="toml", author="old", reason="old", created_at=datetime.now(UTC)
        )
        append(guard.store, "auth", [draft], expect=head.number)
        Path("auth.toml").write_bytes(content)
        plan = guard.plan({"size": 63}, reason="a good one")
        assert plan.decision is cg.Decision.ALLOW
        assert (note is None) or note in plan.notes[0]
        guard.drift()
        guard.apply(plan)
        assert held("auth.toml") == ["size = 63\n"]
        guard.revert(to=1, reason="back")
        assert held("auth.toml") == ["size = 64\n"]


class TestImports:
    RISKY = "replicas: 0\nverify_tls: false\npassword: ''\n"

    def test_what_is_there_is_not_blocked_for_being_there(self, folder: Path) -> None:
        Path("web.yaml").write_text(self.RISKY)
        Path("live.yaml").write_text(self.RISKY)
        for targets in (["live.yaml"], [], ["not-yet.yaml"]):
            guard = cg.Guard("web", store="memory://", targets=targets)
            plan = guard.plan("web.yaml", reason="start")
            there = targets != ["not-yet.yaml"]
            assert (plan.imported, plan.decision) == (there, cg.Decision.ALLOW), (
                "nothing is imported from nothing"
            )
            assert guard.apply(plan).number == 1

    def test_what_changes_is_judged_from_what_is_there(self, folder: Path) -> None:
        Path("live.yaml").write_text("replicas: 3\n")
        guard = cg.Guard("web", targets=["live.yaml"])
        plan = guard.plan({"replicas": 0}, reason="start")
        assert (plan.imported, plan.decision, str(plan.diff)) == (
            False,
            cg.Decision.BLOCK,
            "replicas: 3 -> 0",
        )
        guard.apply(plan, "really")
        assert [(each.text, each.drift_copy) for each in guard.history()] == [
            ("replicas: 0\n", False),
            ("replicas: 3\n", False),
        ]
        guard.revert(reason="back to what was imported")
        assert held("live.yaml") == ["replicas: 3\n"]

    def test_it_is_validated(self, folder: Path) -> None:
        Path("live.toml").write_text("size = 'x'\n")
        with pytest.raises(cg.ValidationError):
            cg.Guard("web", Auth, targets=["live.toml"]).plan("live.toml", reason="start")


def test_the_library_asks_for_the_review_that_the_policy_asks_for(folder: Path) -> None:
    guard = cg.Guard("web", store="memory://", format="toml", policy=cg.Policy(review=1, block=101))
    guard.apply(guard.plan({"pool": 64}, reason="start"), approved_by="eva")
    plan = guard.plan({"pool": 32}, reason="less")
    assert plan.decision is cg.Decision.REVIEW
    for answers in ({}, {"approved_by": " "}, {"override": ""}):
        with pytest.raises(cg.PolicyError, match="the policy asks for a review"):
            guard.apply(plan, **answers)  # type: ignore[arg-type]
    assert guard.apply(plan, approved_by="eva").approved_by == "eva"
    other = guard.plan({"pool": 16}, reason="less")
    with pytest.raises(cg.PolicyError):
        cg.Group(guard).apply([other])
    assert guard.apply(other, "in a hurry").override == "in a hurry"


PROJECT = """
[configs.auth]
files = ["auth.new.toml"]
targets = ["auth.toml"]
reload = [["test", "-e", "alive"]]

[configs.web]
targets = ["web.toml"]
schema = "no_such_module:Web"
"""


@pytest.fixture
def project(folder: Path) -> Path:
    Path("confguard.toml").write_text(PROJECT)
    Path("alive").touch()
    for size in (64, 60):
        Path("auth.new.toml").write_text(f"size = {size}\n")
        assert main(["apply", "auth", "--reason", "size"]) == 0
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(words))
    said = capsys.readouterr()
    return code, said.out, said.err


def everything(root: Path) -> dict[str, tuple[bytes, int, int]]:
    """All files but the store's shared memory, which readers lock themselves in."""
    return {
        str(path): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in root.rglob("*")
        if not path.name.endswith("-shm")
    }


class TestAtATerminal:
    def test_a_revert_that_could_not_be_told_has_a_code_of_its_own(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("alive").unlink()
        code, _, err = run(capsys, "revert", "auth", "--reason", "logins fail")
        assert code == 5
        assert "is in" in err
        assert "the service was not told" in err
        assert "confguard tell auth" in err
        assert held("auth.toml") == ["size = 64\n"]
        code, out, _ = run(capsys, "status", "auth")
        assert code == 1
        assert "the service was not told of revision 3" in out
        assert run(capsys, "tell", "auth")[0] == 5
        Path("alive").touch()
        assert run(capsys, "recover", "auth")[:2] == (0, "auth: the service was told of revision 3\n")
        assert run(capsys, "status", "auth")[0] == 0

    def test_a_schema_that_cannot_be_imported_stands_in_no_way_back(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("confguard.toml").write_text(PROJECT.replace('schema = "no_such_module:Web"', ""))
        for port in (1, 2):
            Path("web.new.toml").write_text(f"port = {port}\n")
            assert run(capsys, "apply", "web", "web.new.toml", "--reason", "port")[0] == 0
        Path("confguard.toml").write_text(PROJECT)
        code, _, err = run(capsys, "revert", "web", "--reason", "back")
        assert code == 0
        assert "goes on without the schema of 'web'" in err
        assert held("web.toml") == ["port = 1\n"]

    def test_one_broken_config_hides_no_other(
        self, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(guard: cg.Guard) -> None:
            if guard.name == "auth":
                raise cg.StoreError("the store is away", hint="start it")

        for method in ("head", "verify", "recover"):
            good = getattr(cg.Guard, method)
            monkeypatch.setattr(
                cg.Guard, method, lambda guard, *more, good=good: broken(guard) or good(guard, *more)
            )
        code, out, _ = run(capsys, "status")
        assert (code, out) == (2, "auth: the store is away\n    hint: start it\nweb: no revision yet\n")
        code, out, err = run(capsys, "verify")
        assert (code, out) == (2, "web: 0 revisions, every link is good\n")
        assert "auth: the store is away" in err
        assert run(capsys, "recover")[0] == 2

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "state", sampled(["well", "drifted", "untold", "unwritten", "unreadable", "baking"], 3)
    )
    def test_reading_reads(self, project: Path, capsys: pytest.CaptureFixture[str], state: str) -> None:
        if state == "drifted":
            Path("auth.toml").write_text("size = 7\n")
        elif state == "untold":
            Path("alive").unlink()
            run(capsys, "revert", "auth", "--reason", "x")
        elif state == "unwritten":
            Path(".auth.toml.0123456789ab.confguard-staged").write_text("left behind")
            leave(project, DIED)
        elif state == "unreadable":
            Path("auth.toml").unlink()
            Path("auth.toml").mkdir()
        elif state == "baking":
            leave(project, BAKES)
        Path("alive").unlink(missing_ok=True)
        before = everything(project)
        for words in (
            ["status"],
            ["status", "auth", "--format", "json"],
            ["log", "auth"],
            ["show", "auth"],
            ["show", "auth", "1"],
            ["drift", "auth"],
            ["verify"],
            ["plan", "auth", "--reason", "look"],
            ["export", "auth", str(project.parent / f"{project.name}.confguard")],
        ):
            code = run(capsys, *words)[0]
            assert code in (0, 1), (words, code)
        assert everything(project) == before

    def test_reading_waits_for_no_lock(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with alone([project.resolve()]):
            started = time.monotonic()
            for words in (["status"], ["plan", "auth", "--reason", "x"], ["drift", "auth"], ["log", "auth"]):
                assert run(capsys, *words)[0] in (0, 1)
            assert time.monotonic() - started < 9, "the lock's time is 10 seconds"

    def test_a_reader_makes_no_store(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("confguard.toml").write_text(PROJECT)
        Path("auth.new.toml").write_text("size = 1\n")
        before = everything(folder)
        for code, words in (
            (0, ["status"]),
            (2, ["log", "auth"]),
            (2, ["drift", "auth"]),
            (0, ["plan", "auth", "--reason", "x"]),
            (2, ["verify"]),
        ):
            assert run(capsys, *words)[0] == code, words
        assert everything(folder) == before
        with pytest.raises(cg.NotFoundError):
            cg.Live(Auth, "sqlite:///confguard.db#auth")
        assert everything(folder) == before

    def test_a_bake_with_nothing_to_ask_is_refused(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = run(capsys, "apply", "auth", "--reason", "x", "--bake", "1s")
        assert code == 2
        assert "asks nothing" in err
        assert "--confirm" in err
        with pytest.raises(ValueError, match="asks nothing"):
            Bake("10s")


DIED = """
Place.write = lambda *_: os._exit(0)
guard.apply(guard.plan({"size": 62}, reason="died between the commit and the first rename"))
"""
BAKES = """
probes = [lambda: os._exit(0)]
guard.apply(guard.plan({"size": 62}, reason="bakes"), bake=cg.Bake("1h", probes, interval="1ms"))
"""


def leave(project: Path, what: str) -> None:
    """What a process leaves behind that dies in the middle of something."""
    code = """
        import os
        from pathlib import Path
        import confguard as cg
        from confguard.project import load_project
        from confguard.project.guards import guard_of
        from confguard.rollout.places import Place
        guard = guard_of(load_project(Path("confguard.toml")), "auth")
    """
    code = textwrap.dedent(code) + what.replace(
        "lambda: os._exit", "lambda: os.kill(os.getpid(), 9) or os._exit"
    )
    subprocess.run([sys.executable, "-c", code], check=False, cwd=project, env=unmeasured())


class TestBystanders:
    def test_busy_means_that_nothing_was_done(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="one"))
        plan = guard.plan({"x": 2}, reason="two")
        monkeypatch.setattr("confguard.rollout.places.alone", lambda folders: alone(folders, 0.1))
        before = everything(folder)
        with alone([folder.resolve()]), pytest.raises(cg.StoreBusyError):
            guard.apply(plan)
        with alone([folder.resolve()]), pytest.raises(cg.StoreBusyError):
            guard.revert(to=1, reason="back")
        assert everything(folder) == before
        assert guard.apply(plan).number == 2

    def test_a_slow_reload_keeps_nobody_waiting(self, folder: Path) -> None:
        """Two appliers, and a reload that takes longer than anybody waits for a lock."""
        release = threading.Event()

        class Slow:
            name = "slow"

            def tell(self) -> None:
                assert release.wait(60)

        one = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[Slow()])
        plan = one.plan({"x": 1}, reason="one")
        thread = threading.Thread(target=lambda: one.apply(plan))
        thread.start()
        while (state := one.place.state()) is None or state.written != 1:
            time.sleep(0.01)
        other = cg.Guard("b", targets=["b.toml"], policy=ANY)
        assert other.apply(other.plan({"x": 1}, reason="two")).number == 1, "it stands in the same folder"
        release.set()
        thread.join()
        assert one.place.state() == PlaceState(1, 1, 1)

    @pytest.mark.slow
    def test_a_reload_may_call_confguard(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for words in (["drift", "auth"], ["recover", "auth"], ["apply", "other", "o.toml", "--reason", "x"]):
            command = [sys.executable, "-m", "confguard", *words]
            text = PROJECT.replace('["test", "-e", "alive"]', str(command)) + "\n[configs.other]\n"
            Path("confguard.toml").write_text(text)
            Path("o.toml").write_text("a = 1\n")
            Path("auth.new.toml").write_text(f"size = {60 + len(words)}\nwhat = '{words[0]}'\n")
            code, _, err = run(capsys, "apply", "auth", "--reason", "inside")
            assert code == 0, err

    def test_a_reload_that_tells_confguard_to_tell_is_not_told_for_ever(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CONFGUARD_TELLING", "1")
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[["true"]])
        guard.apply(guard.plan({"x": 1}, reason="x"), tell=False)
        with pytest.raises(cg.ConfguardError, match="telling a service already"):
            guard.tell()
        assert guard.recover() == ()


class TestBakes:
    @pytest.fixture
    def guard(self, folder: Path) -> cg.Guard:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, author="ana", reason="one"))
        return guard

    @staticmethod
    def baking(guard: cg.Guard, x: int, **more: Any) -> threading.Thread:
        """Another applier, whose bake waits for somebody to confirm."""
        plan = guard.plan({"x": x}, author="ben", reason=f"try {x}")

        def work() -> None:
            with pytest.raises(cg.BakeFailedError):
                guard.apply(plan, bake=Bake("60s", confirm=True, interval="10ms"), **more)

        thread = threading.Thread(target=work)
        thread.start()
        while (
            (pending := guard.store.pending_bake("a")) is None
            or pending.revision == plan.base
            or (state := guard.place.state()) is None
            or state.told != pending.revision
        ):
            time.sleep(0.01)
        return thread

    def test_a_second_apply_is_refused_unless_it_supersedes(self, guard: cg.Guard) -> None:
        thread = self.baking(guard, 2)
        plan = guard.plan({"x": 3}, reason="three")
        with pytest.raises(
            BakingError, match=r"revision 2 by ben is being watched until 20.*Z: try 2"
        ) as caught:
            guard.apply(plan)
        assert (caught.value.exit_code, caught.value.revision) == (1, 2)
        assert caught.value.until > datetime.now(UTC)
        made = guard.apply(plan, supersede="it does not help")
        assert made.override == "supersedes the bake of revision 2: it does not help"
        thread.join()
        assert held("a.toml") == ["x = 3\n"]

    def test_a_failed_bake_goes_back_to_what_has_proved_itself(self, guard: cg.Guard) -> None:
        thread = self.baking(guard, 2)
        plan = guard.plan({"x": 3}, reason="three")
        sick = Bake("9s", [lambda: "sick"], interval="10ms")
        with pytest.raises(cg.BakeFailedError):
            guard.apply(plan, supersede="it does not help", bake=sick)
        thread.join()
        head = guard.head()
        assert head is not None
        assert (head.reverts, head.data) == (1, {"x": 1}), "not to 2, of which nobody knows"

    def test_by_hand_too_it_goes_back_to_what_has_proved_itself(self, guard: cg.Guard) -> None:
        first = self.baking(guard, 2)
        second = self.baking(guard, 3, supersede="it does not help")
        assert guard.revert(reason="enough").reverts == 1
        first.join()
        second.join()

    def test_what_superseded_a_bake_goes_back_past_it(self, guard: cg.Guard) -> None:
        first = self.baking(guard, 2)
        guard.apply(guard.plan({"x": 3}, reason="three"), supersede="it does not help")
        first.join()
        assert guard.revert(reason="enough").reverts == 1, "nobody knows whether 2 was well"
        assert guard.apply(guard.plan({"x": 4}, reason="four")).number == 5
        assert guard.revert(reason="no").reverts == 4

    def test_what_was_confirmed_has_proved_itself(self, guard: cg.Guard) -> None:
        plan = guard.plan({"x": 2}, reason="two")
        threading.Timer(0.3, guard.confirm).start()
        guard.apply(plan, bake=Bake("60s", confirm=True, interval="10ms"))
        with pytest.raises(cg.BakeFailedError):
            guard.apply(
                guard.plan({"x": 3}, reason="three"), bake=Bake("9s", [lambda: "sick"], interval="10ms")
            )
        assert guard.head().reverts == 2  # type: ignore[union-attr]

    def test_flapping_fails(self, guard: cg.Guard) -> None:
        answers = iter([None, "down"] * 500)
        with pytest.raises(cg.BakeFailedError, match=r"failed \d+ of \d+ times, the last time: down"):
            guard.apply(
                guard.plan({"x": 2}, reason="two"), bake=Bake("1s", [lambda: next(answers)], interval="10ms")
            )

    def test_a_probe_of_ones_own_may_raise_anything(self, guard: cg.Guard) -> None:
        class Odd:
            name = "odd"

            def check(self) -> str | None:
                raise ZeroDivisionError("what a pity")

        with pytest.raises(cg.BakeFailedError, match="odd: .*ZeroDivisionError: what a pity"):
            guard.apply(guard.plan({"x": 2}, reason="two"), bake=Bake("9s", [Odd()], interval="10ms"))
        assert held("a.toml") == ["x = 1\n"]

    @pytest.mark.parametrize("ahead", [timedelta(days=-400), timedelta(seconds=90), timedelta(days=400)])
    def test_a_clock_that_is_wrong_elsewhere_reverts_no_watched_bake(
        self, guard: cg.Guard, ahead: timedelta
    ) -> None:
        thread = self.baking(guard, 2)
        other = cg.Guard("a", targets=["a.toml"], policy=ANY, clock=lambda: datetime.now(UTC) + ahead)
        assert other.recover() == ()
        with pytest.raises(BakingError):
            other.apply(other.plan({"x": 3}, reason="three"))
        assert held("a.toml") == ["x = 2\n"]
        other.revert(reason="enough")
        thread.join()

    @pytest.fixture
    def abandoned(self, guard: cg.Guard, monkeypatch: pytest.MonkeyPatch) -> cg.Guard:
        """A bake whose watcher died longer ago than its lease lasts."""
        monkeypatch.setattr("confguard.stores.sql_script.LEASE", 1)
        monkeypatch.setattr("confguard.rollout.applying._bake", lambda *_, **__: None)
        guard.apply(guard.plan({"x": 2}, reason="two"), bake=Bake("1h", confirm=True))
        time.sleep(0.01)
        assert held("a.toml") == ["x = 2\n"]
        return guard

    @pytest.mark.parametrize("ahead", [timedelta(days=-400), timedelta(days=400)])
    def test_an_abandoned_bake_is_reverted_whatever_the_clock(
        self, abandoned: cg.Guard, ahead: timedelta
    ) -> None:
        other = cg.Guard("a", targets=["a.toml"], policy=ANY, clock=lambda: datetime.now(UTC) + ahead)
        plan = other.plan({"x": 3}, reason="three")
        with pytest.raises(cg.ConflictError, match="planned on revision 2, now 3"):
            other.apply(plan)
        assert held("a.toml") == ["x = 1\n"]

    def test_confirming_what_nobody_watches_is_a_word_too(self, abandoned: cg.Guard) -> None:
        assert abandoned.confirm().number == 2
        assert abandoned.recover() == ()

    def test_reverting_what_nobody_watches_goes_back_to_what_was_good(self, abandoned: cg.Guard) -> None:
        assert abandoned.revert(reason="it does not help").reverts == 1

    def test_a_group_bakes_as_one(self, guard: cg.Guard) -> None:
        other = cg.Guard("b", store=guard.store, targets=["b.toml"], policy=ANY)
        group = cg.Group(guard, other)
        group.apply(each.plan({"x": 5}, reason="five") for each in group.guards)
        sick = Bake("9s", [lambda: "sick"], interval="10ms")
        with pytest.raises(cg.BakeFailedError):
            group.apply([each.plan({"x": 6}, reason="six") for each in group.guards], bake=sick)
        assert held("a.toml", "b.toml") == ["x = 5\n"] * 2
        well = Bake("100ms", [lambda: True], interval="10ms")
        group.apply([each.plan({"x": 6}, reason="six") for each in group.guards], bake=well)
        assert held("a.toml", "b.toml") == ["x = 6\n"] * 2
        assert guard.store.pending_bake("a") is guard.store.pending_bake("b") is None

    @pytest.mark.slow
    @pytest.mark.parametrize("first", [0, 1])
    def test_a_group_is_watched_until_all_of_it_is_confirmed(self, guard: cg.Guard, first: int) -> None:
        other = cg.Guard("b", store=guard.store, targets=["b.toml"], policy=ANY)
        group = cg.Group(guard, other)
        group.apply(each.plan({"x": 5}, reason="five") for each in group.guards)
        answers: list[str | None] = []

        def sick_after_one_is_confirmed() -> str | None:
            if not answers:
                group.guards[first].confirm()
            answers.append("sick" if answers else None)
            return answers[-1]

        bake = Bake("20s", [sick_after_one_is_confirmed], interval="10ms")
        with pytest.raises(cg.BakeFailedError, match="sick"):
            group.apply([each.plan({"x": 6}, reason="six") for each in group.guards], bake=bake)
        assert held("a.toml", "b.toml") == ["x = 5\n"] * 2

    def test_every_bake_of_a_group_is_said_to_be_watched(
        self, guard: cg.Guard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = cg.Guard("b", store=guard.store, targets=["b.toml"], policy=ANY)
        group = cg.Group(guard, other)
        monkeypatch.setattr("confguard.rollout.bake.LEASE_SECONDS", 0.04)
        renewed: set[str] = set()
        renew = guard.store.renew_bake

        def noted(config: str, revision: int, seconds: float, watcher: str) -> bool:
            renewed.add(config)
            return renew(config, revision, seconds, watcher)

        def all_renewed() -> bool:
            end = time.monotonic() + 5
            while renewed != {"a", "b"} and time.monotonic() < end:
                time.sleep(0.01)
            return renewed == {"a", "b"}

        monkeypatch.setattr(guard.store, "renew_bake", noted)
        bake = Bake("50ms", [all_renewed], interval="10ms", failures=1)
        group.apply([each.plan({"x": 6}, reason="six") for each in group.guards], bake=bake)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    @pytest.mark.slow
    def test_signals_end_a_bake_as_a_revert(self, guard: cg.Guard, number: signal.Signals) -> None:
        Path("confguard.toml").write_text('[configs.a]\ntargets = ["a.toml"]\nprobes = [["true"]]\n')
        Path("new.toml").write_text("x = 2\n")
        command = [
            sys.executable,
            "-m",
            "confguard",
            "apply",
            "a",
            "new.toml",
            "--reason",
            "two",
            "--bake",
            "1h",
            "--format",
            "json" if number is signal.SIGTERM else "text",
        ]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=unmeasured()
        )
        while guard.store.pending_bake("a") is None:
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == (130 if number == signal.SIGINT else 128 + number)
        said = err
        if number is signal.SIGTERM:
            error = json.loads(out)["error"]
            said, code = error["message"], error["exit_code"]
            assert (code, err) == (143, "")
        assert f"revision 2 of 'a' was reverted: the bake was interrupted ({number.name})" in said
        assert held("a.toml") == ["x = 1\n"]
        assert guard.store.pending_bake("a") is None


def test_no_secret_of_a_reload_is_in_any_text(folder: Path) -> None:
    canary = "hunter2-canary"
    reloads = [
        f"http://ana:{canary}@127.0.0.1:9/reload?token={canary}",
        CommandReload(["false", f"--password={canary}"]),
    ]
    events: list[Any] = []
    guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=reloads, on_event=events.append)
    with pytest.raises(NotToldError) as caught:
        guard.apply(guard.plan({"x": 1}, reason="one"))
    texts = [str(caught.value), str(caught.value.hint), repr(events), repr(guard.place.state())]
    with pytest.raises(NotToldError) as caught:
        guard.apply(guard.plan({"x": 2}, reason="two"))
    texts += [str(caught.value), *(each.reason for each in guard.history())]
    guard.close()
    texts += [Path("confguard.db").read_bytes().hex()]
    assert not [text for text in texts if canary in text or canary.encode().hex() in text]


def test_the_page_for_the_outage_says_what_to_type() -> None:
    page = (ROOT / "docs/how-to/going-back.md").read_text()
    for command in (
        "revert",
        "tell",
        "recover",
        "adopt",
        "confirm",
        "drift",
        "status",
        "log",
        "--only",
        "--no-tell",
    ):
        assert command in page


class TestOverlappingTellings:
    """Two applies at once: which of two reloads the service took last, nobody knows."""

    def _slow(self, folder: Path) -> cg.Guard:
        """A service that takes the file as it is when its reload begins, and whose first reload takes long."""
        script = (
            "import pathlib, time; p = pathlib.Path; text = p('a.toml').read_text();"
            " p('begun').touch(); slow = 'n = 2' in text and not p('go').exists();"
            " end = time.monotonic() + 20\n"
            "while slow and not p('go').exists() and time.monotonic() < end: time.sleep(0.02)\n"
            "p('running').write_text(text)"
        )
        return cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[[sys.executable, "-c", script]])

    @pytest.mark.parametrize("how", ["apply", "revert"])
    def test_the_service_runs_on_the_head_in_the_end(self, folder: Path, how: str) -> None:
        guard = self._slow(folder)
        guard.apply(guard.plan({"n": 1}, reason="start"))
        Path("begun").unlink()
        caught: list[BaseException] = []

        def first() -> None:
            with self._slow(folder) as other:
                try:
                    other.apply(other.plan({"n": 2}, reason="slow"))
                except cg.ConfguardError as error:
                    caught.append(error)

        thread = threading.Thread(target=first)
        thread.start()
        end = time.monotonic() + 20
        while not Path("begun").exists() and time.monotonic() < end:
            time.sleep(0.02)
        quick = guard.plan({"n": 3}, reason="quick")
        newer = guard.apply(quick) if how == "apply" else guard.revert(reason="quick")
        Path("go").touch()
        thread.join()
        assert Path("running").read_bytes() == Path("a.toml").read_bytes() == newer.content
        assert guard.head() == newer
        assert guard.place.state() == PlaceState(3, 3, 3)
        (error,) = caught
        assert isinstance(error, RefusedError)
        assert "revision 2 of 'a' is not in force: revision 3 replaced it" in str(error)

    def test_a_revert_that_was_replaced_meanwhile_says_so(self, folder: Path) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        for n in (1, 2):
            guard.apply(guard.plan({"n": n}, reason="start"))

        class Replaces:
            name = "replaces"

            def tell(self) -> None:
                if "n = 4" not in Path("a.toml").read_text():
                    with cg.Guard("a", targets=["a.toml"], policy=ANY) as other:
                        other.apply(other.plan({"n": 4}, reason="meanwhile"))

        reverting = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[Replaces()])
        with pytest.raises(RefusedError, match="revision 3 of 'a' is not in force: revision 4 replaced it"):
            reverting.revert(reason="back")
        assert held("a.toml") == ["n = 4\n"]


class TestAServiceThatWasNotTold:
    def test_applying_what_is_there_tells_it(self, service: cg.Guard) -> None:
        with pytest.raises(NotToldError):
            service.revert(reason="logins fail")
        same = service.plan({"size": 64}, reason="again")
        with pytest.raises(NotToldError, match="the service was not told"):
            service.apply(same)
        assert service.apply(same, tell=False).number == 3
        Path("alive").touch()
        assert service.apply(service.plan({"size": 64}, reason="again")).number == 3
        assert service.place.state() == PlaceState(3, 3, 3)

    def test_nor_in_a_group(self, service: cg.Guard) -> None:
        with pytest.raises(NotToldError):
            service.revert(reason="logins fail")
        other = cg.Guard("web", store=service.store, targets=["web.toml"], policy=ANY)
        plans = [service.plan({"size": 64}, reason="same"), other.plan({"n": 1}, reason="new")]
        with pytest.raises(NotToldError, match="revision 3 of 'auth'"):
            cg.Group(service, other).apply(plans)
        assert held("web.toml") == ["n = 1\n"]

    def test_what_was_repaired_and_not_told_is_known(self, service: cg.Guard) -> None:
        Path("alive").touch()
        service.tell()
        Path("alive").unlink()
        Path("auth.toml").write_text("size = 7\n")
        with pytest.raises(NotToldError):
            service.repair()
        assert held() == ["size = 1\n"] * 2
        state = service.place.state()
        assert state is not None
        assert (state.written, state.told) == (4, 2), "with a copy of what was there"
        Path("alive").touch()
        assert [each.what for each in service.recover()] == ["told"]

    def test_who_interrupts_it_is_told_what_is_in_force(self, folder: Path) -> None:
        class Interrupted:
            name = "interrupted"

            def tell(self) -> None:
                raise KeyboardInterrupt

        guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[Interrupted()])
        with pytest.raises(KeyboardInterrupt) as caught:
            guard.apply(guard.plan({"n": 1}, reason="start"))
        (note,) = caught.value.__notes__
        assert "revision 1 of 'a' is the head" in note
        assert "confguard tell a, or confguard revert a" in note


def test_a_mode_that_repair_leaves_alone_is_not_said_to_be_mended(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("confguard.toml").write_text('[configs.a]\ntargets = [{ file = "a.toml", mode = "0600" }]\n')
    Path("new.toml").write_text("x = 1\n")
    assert run(capsys, "apply", "a", "new.toml", "--reason", "start")[0] == 0
    Path("a.toml").chmod(0o644)
    code, out, _ = run(capsys, "drift", "a", "--repair")
    assert code == 1
    assert "not repaired by this: mode is 0644, 0600 was asked for" in out
    code, out, _ = run(capsys, "drift", "a", "--repair", "--format", "json")
    assert (code, json.loads(out)["drift"][0]["repaired"]) == (1, False)
    Path("a.toml").chmod(0o600)
    Path("a.toml").write_text("x = 2\n")
    code, out, _ = run(capsys, "drift", "a", "--repair")
    assert (code, "; repaired\n" in out) == (0, True), out


@pytest.mark.slow
@pytest.mark.parametrize("content", ["size = 'many'\n", "size = = 1\n"])
@pytest.mark.parametrize("how", ["refused", "reverted", "bake"])
def test_the_first_revision_gives_back_what_was_there_even_if_it_is_wrong(
    folder: Path, content: str, how: str
) -> None:
    class Sized(BaseModel):
        size: int

    Path("auth.toml").write_text(content)
    says = ["test", "!", "-e", "refuses"]
    guard = cg.Guard("auth", Sized, targets=["auth.toml"], policy=ANY, reload=[says])
    plan = guard.plan({"size": 1}, reason="start")
    assert not plan.imported
    assert any("what is there does not" in note for note in plan.notes)
    if how == "refused":
        Path("auth.toml").write_text(content)
        guard = cg.Guard(
            "auth",
            Sized,
            targets=["auth.toml"],
            policy=ANY,
            reload=[["grep", "-q", content.strip(), "auth.toml"]],
        )
        with pytest.raises(RefusedError, match="was taken back"):
            guard.apply(plan)
    elif how == "bake":
        bake = Bake("1m", probes=[lambda: False], interval="10ms", failures=1)
        with pytest.raises(cg.BakeFailedError):
            guard.apply(plan, bake=bake)
    else:
        guard.apply(plan)
        guard.revert(reason="it was better")
    assert held("auth.toml") == [content]


def test_a_plan_says_that_its_bytes_were_taken_back_before(folder: Path) -> None:
    guard = cg.Guard("a", store="memory://", targets=["a.toml"], policy=ANY)
    for n in (1, 2):
        guard.apply(guard.plan({"n": n}, reason="start"))
    guard.revert(reason="logins fail")
    (note,) = guard.plan({"n": 2}, reason="again").notes
    assert note == "revision 2 held these bytes, and revision 3 took it back: logins fail"
    assert guard.plan({"n": 3}, reason="other").notes == ()


def test_a_target_that_is_adopted_may_be_named_from_anywhere(folder: Path) -> None:
    names = [str(folder / "deep" / each) for each in ("a.toml", "b.toml")]
    Path("deep").mkdir()
    guard = cg.Guard("a", store="memory://", targets=names, policy=ANY)
    guard.apply(guard.plan({"n": 1}, reason="start"))
    for number, target in enumerate((names[0], "deep/a.toml", "a.toml", "./deep/../deep/a.toml"), 2):
        Path(names[0]).write_text(f"n = {number}\n")
        assert guard.adopt(reason="mine", target=target).data == {"n": number}
    Path(names[0]).write_text("n = 99\n")
    with pytest.raises(cg.NotFoundError, match="has no target 'c.toml'") as caught:
        guard.adopt(reason="mine", target="c.toml")
    assert "it has: " in str(caught.value.hint)


def test_one_file_is_the_target_of_one_config(folder: Path) -> None:
    Path("link.toml").symlink_to("a.toml")
    Path("confguard.toml").write_text(
        '[configs.a]\ntargets = ["a.toml"]\n[configs.b]\ntargets = ["link.toml"]\n'
    )
    with pytest.raises(ProjectError, match=r"confguard.toml:4:12: .*a.toml is a target of 'a' already"):
        load_project(Path("confguard.toml"))


@pytest.mark.parametrize(
    ("does", "said"),
    [("signal.SIG_DFL", "it has no handler for it"), ("signal.SIG_IGN", "it ignores it"), ("print", None)],
)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_signal_that_would_end_a_service_is_not_sent(folder: Path, does: str, said: str | None) -> None:
    script = (
        f"import signal, time; signal.signal(signal.SIGHUP, {does}); print('up', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            Path("pid").write_text(str(process.pid))
            guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[{"pid_file": "pid"}])
            plan = guard.plan({"n": 1}, reason="start")
            if said is None:
                assert guard.apply(plan).number == 1
            else:
                with pytest.raises(
                    cg.ConfguardError, match=f"process {process.pid} is not told by SIGHUP: {said}"
                ):
                    guard.apply(plan)
            assert process.poll() is None
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["curl", "-HX-Api-Key: hunter2-x", "http://h/"], "curl -HX-Api-Key: *** http://h/"),
        (["sh", "-c", "echo hunter2-x", "x", "--password", "hunter2-x"], "sh -c echo *** x --password ***"),
    ],
)
def test_a_secret_in_a_command_line_is_hidden_wherever_it_stands(words: list[str], shown: str) -> None:
    assert concealed_words(words).shown == shown


class TestWhatIsSaidOfWhatWasLeft:
    """Each state by its own name, and the command that ends it."""

    @pytest.mark.slow
    @pytest.mark.parametrize("held_by_one", sampled(["size = 60\n", None], 2))
    def test_an_apply_that_was_cut_off_is_no_drift(
        self, project: Path, capsys: pytest.CaptureFixture[str], held_by_one: str | None
    ) -> None:
        leave(project, DIED)
        if held_by_one is None:
            Path("auth.toml").unlink()
        code, out, _ = run(capsys, "status", "auth")
        assert code == 1
        assert "drift" not in out
        assert "was cut off" in out.replace("\n    ", " ")
        assert "confguard recover auth" in out.replace("\n    ", " ")
        code, out, _ = run(capsys, "drift", "auth")
        assert code == 1
        assert "auth.toml: the head is not written to it yet" in out
        assert "was cut off, or is at work still: confguard recover auth" in out
        assert (
            "revision 3 is not written to its targets yet" in run(capsys, "plan", "auth", "--reason", "x")[1]
        )
        assert run(capsys, "recover")[0] == 0
        assert run(capsys, "status", "auth")[0] == 0

    @pytest.mark.slow
    def test_what_was_edited_since_is_drift_all_the_same(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        leave(project, DIED)
        Path("auth.toml").write_text("size = 7  # by hand\n")
        out = run(capsys, "status", "auth")[1]
        assert "auth.toml: 1 value differs" in out
        assert "confguard recover auth" in out.replace("\n    ", " ")

    def test_a_target_that_is_a_folder_was_not_edited(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("auth.toml").unlink()
        Path("auth.toml").mkdir()
        out = run(capsys, "plan", "auth", "--reason", "x")[1]
        assert "auth.toml cannot be read: is a folder" in out
        assert "was edited" not in out
        assert "auth.toml: is a folder" in run(capsys, "status", "auth")[1]
        Path("auth.new.toml").write_text("size = 65\n")
        err = run(capsys, "apply", "auth", "--reason", "x", "--approved-by", "eva")[2]
        assert "a target cannot be read, and nobody knows what this would undo" in err
        assert "edited" not in err

    @pytest.mark.slow
    def test_a_plan_says_whose_bake_is_under_way(
        self, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        leave(project, BAKES)
        out = run(capsys, "plan", "auth", "--reason", "x")[1]
        assert "revision 3 by" in out
        assert "is being watched until" in out
        assert "--supersede WHY" in out.replace("\n", " ")
        monkeypatch.setattr("confguard.stores.sql_script.LEASE", 0)
        out = run(capsys, "plan", "auth", "--reason", "x")[1]
        assert "the bake of revision 3 was abandoned" in out
        assert "confguard recover auth" in out

    def test_a_first_revision_imports_nothing_from_nothing(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("confguard.toml").write_text('[configs.a]\ntargets = ["a.toml"]\n')
        Path("new.toml").write_text("x = 1\n")
        assert "an import" not in run(capsys, "plan", "a", "new.toml", "--reason", "start")[1]
        Path("a.toml").write_text("x = 1\n")
        assert "an import: what is there" in run(capsys, "plan", "a", "new.toml", "--reason", "start")[1]


class TestAStoreThatIsNotThere:
    """A path that was mistyped is no history without revisions."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "words",
        [
            ["log", "auth"],
            ["show", "auth"],
            ["verify", "auth"],
            ["drift", "auth"],
            ["tell", "auth"],
            ["confirm", "auth"],
            ["export", "auth", "out"],
            ["revert", "auth", "--reason", "x"],
        ],
    )
    def test_is_said(self, project: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
        Path("confguard.toml").write_text('store = "sqlite:///confgaurd.db"\n' + PROJECT)
        before = everything(project)
        code, _, err = run(capsys, *words)
        assert code == 2
        assert "there is no store" in err
        assert "confgaurd.db" in err
        assert everything(project) == before, "and none is made"

    def test_is_said_by_status(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("confguard.toml").write_text('store = "sqlite:///confgaurd.db"\n' + PROJECT)
        assert "confgaurd.db" in run(capsys, "status", "auth")[1]
        (state,) = json.loads(run(capsys, "status", "auth", "--format", "json")[1])
        assert state["store_missing"].endswith("confgaurd.db")
        assert not Path("confgaurd.db").exists()

    def test_one_that_is_there_and_has_no_such_config_is_not(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out, _ = run(capsys, "log", "web")
        assert (code, out) == (0, "'web' has no revision yet\n")


def test_an_error_of_the_disk_says_where_to_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    plan = guard.plan({"x": 2}, reason="two")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("confguard.stores.sqlite._execute", full)
    with pytest.raises(cg.StoreError, match="disk I/O error") as caught:
        guard.apply(plan)
    assert f"df -h {folder}" in str(caught.value.hint)
    assert held("a.toml") == ["x = 1\n"]


class TestWhatComesBetween:
    """Somebody decides, or something breaks, while an apply is under way."""

    def test_who_confirms_during_the_last_probe_is_not_overruled(self, folder: Path) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        asked: list[int] = []

        def sick() -> bool:
            asked.append(1)
            if len(asked) == 2:
                guard.confirm()
            return False

        bake = Bake("1m", probes=[sick], interval="10ms", failures=2)
        assert guard.apply(guard.plan({"x": 2}, reason="two"), bake=bake).number == 2
        assert guard.head() == guard.revision(2)

    @pytest.mark.parametrize("kind", STORES)
    def test_who_confirms_before_the_revert_is_committed_is_not_overruled(
        self, kind: str, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the last moment: all has been decided, and nothing is in the store yet."""
        guard = cg.Guard("a", store=fresh_url(kind, request), targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        where, commit = type(guard.store), type(guard.store).commit

        def confirmed_before(store: Any, *appends: Any) -> None:
            if any(each.revisions[-1].reverts for each in appends):
                guard.confirm()
            commit(store, *appends)

        monkeypatch.setattr(where, "commit", confirmed_before)
        sick = Bake("1m", probes=[lambda: False], interval="10ms", failures=2)
        assert guard.apply(guard.plan({"x": 2}, reason="two"), bake=sick).number == 2
        assert guard.head() == guard.revision(2)
        assert held("a.toml") == ["x = 2\n"]
        assert guard.recover() == ()

    def test_who_confirms_while_it_is_recovered_is_not_overruled(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guard = cg.Guard("a", store="memory://", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        with monkeypatch.context() as patched:
            patched.setattr("confguard.rollout.bake.LEASE_SECONDS", 0)
            patched.setattr("confguard.rollout.applying._bake", lambda *_, **__: None)
            guard.apply(guard.plan({"x": 2}, reason="two"), bake=Bake("1h", confirm=True))
        commit = guard.store.commit
        monkeypatch.setattr(guard.store, "commit", lambda *words: (guard.confirm(), commit(*words)))
        assert guard.recover() == ()
        assert held("a.toml") == ["x = 2\n"]

    def test_who_confirms_too_late_is_told_what_came_first(self, folder: Path) -> None:
        guard = cg.Guard("a", store="memory://", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        with pytest.raises(cg.BakeFailedError):
            guard.apply(guard.plan({"x": 2}, reason="two"), bake=Bake("9s", [lambda: "sick"], interval="1ms"))
        with pytest.raises(cg.NotFoundError, match="revision 3 by confguard is in force: .*sick"):
            guard.confirm()

    def test_who_reverts_during_the_last_probe_is_heard(self, folder: Path) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))

        def healthy() -> bool:
            guard.revert(reason="I saw enough")
            return True

        bake = Bake("10ms", probes=[healthy], interval="10ms")
        with pytest.raises(cg.BakeFailedError, match="revision 2 of 'a' was replaced by revision 3"):
            guard.apply(guard.plan({"x": 2}, reason="two"), bake=bake)
        assert held("a.toml") == ["x = 1\n"]

    def test_what_bakes_with_a_reverted_one_is_not_left_alone(self, folder: Path) -> None:
        store = open_store("memory://")
        guards = [cg.Guard(each, store=store, targets=[f"{each}.toml"], policy=ANY) for each in ("a", "b")]
        group = cg.Group(*guards)
        group.apply(each.plan({"x": 1}, reason="start") for each in guards)

        def healthy() -> bool:
            guards[1].revert(reason="b alone")
            return True

        bake = Bake("10s", probes=[healthy], interval="10ms")
        with pytest.raises(cg.BakeFailedError, match="revision 2 of 'b' was replaced by revision 3"):
            group.apply([each.plan({"x": 2}, reason="two") for each in guards], bake=bake)
        assert held("a.toml", "b.toml") == ["x = 1\n"] * 2
        assert store.pending_bake("a") is None

    def test_what_changes_with_a_replaced_one_is_taken_back(self, folder: Path) -> None:
        store = open_store("memory://")

        class Replaces:
            name = "replaces"

            def tell(self) -> None:
                if Path("b.toml").read_text() == "x = 2\n":
                    plain.apply(plain.plan({"x": 3}, reason="meanwhile"))

        plain = cg.Guard("b", store=store, targets=["b.toml"], policy=ANY)
        a = cg.Guard("a", store=store, targets=["a.toml"], policy=ANY)
        b = cg.Guard("b", store=store, targets=["b.toml"], policy=ANY, reload=[Replaces()])
        cg.Group(a, b).apply(each.plan({"x": 1}, reason="start") for each in (a, b))
        with pytest.raises(
            RefusedError, match="revision 2 of 'b' is not in force: revision 3.*\n.*back: 'a'"
        ):
            cg.Group(a, b).apply([each.plan({"x": 2}, reason="two") for each in (a, b)])
        assert held("a.toml", "b.toml") == ["x = 1\n", "x = 3\n"]

    def test_a_config_changes_once_in_a_group(self, folder: Path) -> None:
        store = open_store("memory://")
        a, b = (cg.Guard(each, store=store, targets=[f"{each}.toml"], policy=ANY) for each in ("a", "b"))
        plans = [a.plan({"x": 1}, reason="one"), b.plan({"x": 1}, reason="b"), a.plan({"x": 2}, reason="two")]
        with pytest.raises(cg.ConfguardError, match="two plans are for 'a'"):
            cg.Group(a, b).apply(plans)
        assert store.configs() == []
        again = cg.Guard("a", store=store, targets=["elsewhere.toml"], policy=ANY)
        with pytest.raises(cg.ConfguardError, match="two guards of 'a'"):
            cg.Group(a, b, again)

    def test_a_first_revision_in_a_group_keeps_nobody_from_going_back(self, folder: Path) -> None:
        store = open_store("memory://")
        old = cg.Guard("old", store=store, targets=["old.toml"], policy=ANY)
        old.apply(old.plan({"x": 1}, reason="start"))
        old = cg.Guard(
            "old", store=store, targets=["old.toml"], policy=ANY, reload=[["grep", "-q", "1", "old.toml"]]
        )
        new = cg.Guard("new", store=store, targets=["new.toml"], policy=ANY)
        with pytest.raises(RefusedError, match="revision 2 of 'old' was taken back"):
            cg.Group(old, new).apply([old.plan({"x": 2}, reason="two"), new.plan({"x": 2}, reason="two")])
        assert held("old.toml", "new.toml") == ["x = 1\n", "x = 2\n"]

    def test_what_supersedes_a_bake_and_is_refused_goes_back_to_what_is_proved(self, folder: Path) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        first = guard.apply(guard.plan({"x": 1}, reason="start"))
        now = datetime.now(UTC)
        draft = Draft(content=b"x = 2\n", format="toml", author="ana", reason="two", created_at=now)
        append(guard.store, "a", [draft], 1, bake=PendingBake(2, 1, now + timedelta(minutes=1)))
        refusing = cg.Guard(
            "a", store=guard.store, targets=["a.toml"], policy=ANY, reload=[["grep", "-q", "1", "a.toml"]]
        )
        with pytest.raises(RefusedError):
            refusing.apply(refusing.plan({"x": 3}, reason="three"), supersede="urgent", overwrite=True)
        assert held("a.toml") == [first.text]

    def test_a_listener_that_raises_cuts_nothing_in_two(
        self, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        def listener(_: object) -> None:
            raise BrokenPipeError

        Path("a.toml").write_text("by = 'hand'\n")
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY, on_event=listener)
        assert guard.apply(guard.plan({"x": 1}, reason="start")).content == Path("a.toml").read_bytes()
        assert "a listener failed at 'applied' of revision 2" in caplog.text

    def test_a_store_that_goes_away_after_the_commit_undoes_nothing(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[["true"]])
        guard.apply(guard.plan({"x": 1}, reason="start"))

        def away(*_: object) -> None:
            raise cg.StoreError("away")

        with monkeypatch.context() as patched:
            patched.setattr(type(guard.store), "note_place", away)
            assert guard.apply(guard.plan({"x": 2}, reason="two")).number == 2
            assert guard.revert(reason="back").number == 3
        assert held("a.toml") == ["x = 1\n"]
        assert [each.what for each in guard.recover()] == ["written"]
        assert guard.place.state() == PlaceState(3, 3, 3)

    def test_what_is_repaired_is_kept_as_a_copy(self, folder: Path) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        Path("a.toml").write_text("x = 7  # at night\n")
        guard.repair()
        assert held("a.toml") == ["x = 1\n"]
        assert [(each.text, each.drift_copy) for each in guard.history(2)] == [
            ("x = 1\n", False),
            ("x = 7  # at night\n", True),
        ]

    @pytest.mark.parametrize("again", ["repair", "revert"])
    def test_a_revert_that_is_written_again_stays_one(self, folder: Path, again: str) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        for x in (1, 2):
            guard.apply(guard.plan({"x": x}, reason="more"))
        guard.revert(reason="bad")
        Path("a.toml").write_text("x = 7\n")
        if again == "repair":
            guard.repair()
        else:
            guard.revert(reason="bad")
        assert held("a.toml") == ["x = 1\n"]
        with pytest.raises(cg.ConflictError, match="is a revert already, to 1, and in force"):
            guard.revert(reason="bad")
        assert held("a.toml") == ["x = 1\n"]

    def test_a_revert_that_got_a_label_is_finished_by_the_same_words(self, folder: Path) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        for x in (1, 2):
            guard.apply(guard.plan({"x": x}, reason="more"))
        guard.revert(reason="bad")
        guard.apply(guard.plan({"x": 1}, reason="release", labels=["rel"]))
        Path("a.toml").write_text("x = 2\n")
        guard.revert(reason="bad")
        assert held("a.toml") == ["x = 1\n"]
        with pytest.raises(cg.ConflictError, match=r"is a revert already, to 1, and in force as revision 4"):
            guard.revert(reason="bad")

    def test_one_revision_that_was_taken_back_and_written_again_stays_so(self, folder: Path) -> None:
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        for text in ("x = 1\n", "x = 2\n", "x = 2\ny = 1\n"):
            guard.apply(guard.plan(cg.parse(text, "toml"), reason="more"))
        guard.revert(only=2, reason="bad")
        Path("a.toml").write_text("x = 7\n")
        guard.repair()
        with pytest.raises(cg.ConflictError, match="is a revert already, of 2 alone, and in force"):
            guard.revert(reason="bad")

    def test_thinning_never_takes_what_came_since(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guard = cg.Guard("a", policy=ANY, format="toml")
        for x in range(4):
            guard.apply(guard.plan({"x": x}, reason="more"))
        seen = guard.history()
        for x in (98, 99):
            guard.apply(guard.plan({"x": x}, reason="meanwhile"))
        monkeypatch.setattr(guard, "history", lambda: seen)
        guard.thin(cg.Retention(last=2, within="1us"))
        with pytest.raises(cg.NotFoundError, match="thinned out"):
            guard.revision(1).fetch()
        assert [guard.revision(number).text for number in (6, 5, 4)] == ["x = 99\n", "x = 98\n", "x = 3\n"]

    def test_thinning_keeps_what_a_revert_goes_back_to(self, folder: Path) -> None:
        Path("a.toml").write_text("x = 0\n")
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        for text in ("y = 1\n", "y = 2\n"):
            Path("a.toml").write_text(text)
            guard.repair()
        Path("a.toml").write_text("y = 3\n")
        guard.apply(guard.plan({"x": 2}, reason="two"), overwrite=True)
        guard.thin(cg.Retention(last=2))
        assert guard.revert(reason="back").text == "x = 1\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_within_an_apply_locks_nobody_out(folder: Path) -> None:
    with alone([folder]):
        child = os.fork()
        if not child:
            time.sleep(30)
            os._exit(0)
    try:
        with alone([folder], busy_seconds=0.2):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["write", "take_back"])
def test_a_signal_waits_until_nothing_is_half_done(folder: Path, when: str) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # coverage has a handler of its own
        import confguard as cg
        from confguard.rollout.places import Place
        ANY = cg.Policy(review=101, block=101)
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
        guard.apply(guard.plan({{"x": 1}}, reason="start"))
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[["grep", "-q", "x = 1", "a.toml"]])
        write, calls = Place.write, []
        def interrupted(self, *args):
            calls.append(1)
            if len(calls) == {1 if when == "write" else 2}:
                os.kill(os.getpid(), signal.SIGTERM)
            return write(self, *args)
        Place.write = interrupted
        guard.apply(guard.plan({{"x": 2}}, reason="two"))
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
    head = guard.head()
    assert head is not None
    assert Path("a.toml").read_bytes() == head.content, done.stderr
    assert head.text == ("x = 2\n" if when == "write" else "x = 1\n")


class TestAnEditInTheLastMoment:
    """Somebody writes into a target after it was looked at, and before it is replaced."""

    @pytest.fixture
    def guard(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> cg.Guard:
        guard = cg.Guard("a", targets=["a.toml", "b.toml"], policy=ANY)
        for x in (1, 2):
            guard.apply(guard.plan({"x": x}, reason="start"))
        stage = Place.stage

        def edited(place: Place, content: bytes) -> Any:
            monkeypatch.setattr(Place, "stage", stage)
            staged = stage(place, content)
            Path("a.toml").write_text("x = 7  # at night\n")
            return staged

        monkeypatch.setattr(Place, "stage", edited)
        return guard

    @staticmethod
    def copies(guard: cg.Guard) -> list[str]:
        return [each.text for each in guard.history() if each.drift_copy]

    def test_is_kept_as_a_copy_when_something_is_applied(self, guard: cg.Guard) -> None:
        made = guard.apply(guard.plan({"x": 3}, author="ana", reason="three", ticket="OPS-1"))
        assert held("a.toml", "b.toml") == ["x = 3\n"] * 2
        assert self.copies(guard) == ["x = 7  # at night\n"]
        assert (made, made.author, made.reason, made.ticket) == (guard.head(), "ana", "three", "OPS-1")
        state = guard.place.state()
        assert state is not None
        assert state.complete
        assert guard.revert(reason="back").text == "x = 2\n", "and not to what was written before the copy"
        assert guard.verify() == len(guard.history())

    def test_is_kept_as_a_copy_when_something_is_reverted(self, guard: cg.Guard) -> None:
        assert guard.revert(reason="back").reverts == 1
        assert held("a.toml", "b.toml") == ["x = 1\n"] * 2
        assert self.copies(guard) == ["x = 7  # at night\n"]
        with pytest.raises(cg.ConflictError, match="is a revert already, to 1"):
            guard.revert(reason="back")

    def test_a_bake_goes_on_and_goes_back_to_what_has_proved_itself(self, guard: cg.Guard) -> None:
        sick = Bake("9s", [lambda: "sick"], interval="10ms")
        with pytest.raises(cg.BakeFailedError):
            guard.apply(guard.plan({"x": 3}, reason="three"), bake=sick)
        assert held("a.toml", "b.toml") == ["x = 2\n"] * 2
        assert self.copies(guard) == ["x = 7  # at night\n"]

    def test_a_bake_that_is_interrupted_is_reverted(self, guard: cg.Guard) -> None:
        class Impatient:
            name = "operator"

            def check(self) -> str | None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            guard.apply(guard.plan({"x": 3}, reason="three"), bake=Bake("9s", [Impatient()], interval="1ms"))
        assert held("a.toml", "b.toml") == ["x = 2\n"] * 2

    def test_a_store_that_is_away_then_cuts_nothing_in_two(
        self, guard: cg.Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        plan = guard.plan({"x": 3}, reason="three")
        commit = type(guard.store).commit

        def once(*words: Any) -> None:
            def away(*_: Any) -> None:
                raise cg.StoreError("away")

            commit(*words)
            monkeypatch.setattr(type(guard.store), "commit", away)

        monkeypatch.setattr(type(guard.store), "commit", once)
        assert guard.apply(plan).number == 3
        assert held("a.toml", "b.toml") == ["x = 3\n"] * 2
        assert "what was written into a target of 'a' just now is lost: away" in caplog.text


def test_a_revert_after_a_repair_goes_back_and_not_to_the_same_bytes(folder: Path) -> None:
    guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
    for x in (1, 2):
        guard.apply(guard.plan({"x": x}, reason="start"))
    Path("a.toml").write_text("x = 7  # at night\n")
    guard.repair()
    guard.thin(cg.Retention(last=2, within="1us"))
    assert guard.revert(reason="back").text == "x = 1\n"


class TestARevertThatIsSaidAgain:
    """Whoever is not sure that a revert went through types it once more."""

    @pytest.fixture
    def reverted(self, project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
        assert run(capsys, "revert", "auth", "--reason", "logins fail")[0] == 0
        return project

    @pytest.mark.parametrize("by_hand", ["size = 7\n", "size = = 7\n", None])
    def test_it_is_finished(
        self, reverted: Path, by_hand: str | None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with guard_of(load_project(Path("confguard.toml")), "auth") as guard:
            target = guard.targets[0].name
        good = Path(target).read_text()
        Path(target).unlink()
        if by_hand is not None:
            Path(target).write_text(by_hand)
        code, out, err = run(capsys, "revert", "auth", "--reason", "again")
        assert (code, Path(target).read_text()) == (0, good), err
        assert "is in force" in out

    def test_one_that_is_in_force_is_not_reverted(
        self, reverted: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = run(capsys, "revert", "auth", "--reason", "again")
        assert code == 3
        assert "is a revert already, to 1, and in force: logins fail" in err


class TestARevertThatIsCalledAgain:
    """A script is as safe as a terminal."""

    @pytest.fixture
    def reverted(self, service: cg.Guard) -> cg.Guard:
        with pytest.raises(NotToldError):
            service.revert(reason="logins fail")
        return service

    def test_who_was_not_told_is_told_again(self, reverted: cg.Guard) -> None:
        with pytest.raises(NotToldError):
            reverted.revert(reason="again")
        Path("alive").touch()
        assert reverted.revert(reason="again").number == 3
        assert held() == ["size = 64\n"] * 2
        with pytest.raises(
            cg.ConflictError, match="is a revert already, to 1, and in force: logins fail"
        ) as caught:
            reverted.revert(reason="again")
        assert "--to N" in str(caught.value.hint)
        assert held() == ["size = 64\n"] * 2
        assert reverted.revert(2, reason="it was not that").reverts == 2

    def test_what_was_edited_or_not_written_is_written(self, reverted: cg.Guard) -> None:
        Path("alive").touch()
        Path("copy.toml").write_text("size = 7\n")
        assert reverted.revert(reason="again").content == b"size = 64\n"
        assert held() == ["size = 64\n"] * 2
        assert reverted.history()[1].text == "size = 7\n"

    def test_two_that_revert_at_the_same_moment_go_back_once(
        self, service: cg.Guard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path("alive").touch()
        other = cg.Guard("auth", store=service.store, targets=["auth.toml", "copy.toml"], policy=ANY)
        lock = reverting.go_back

        def second(*words: Any) -> Any:
            monkeypatch.setattr(reverting, "go_back", lock)
            other.revert(reason="faster")
            return lock(*words)

        monkeypatch.setattr(reverting, "go_back", second)
        with pytest.raises(cg.ConflictError, match="is a revert already, to 1, and in force: faster"):
            service.revert(reason="logins fail")
        assert held() == ["size = 64\n"] * 2

    def test_a_group_that_was_reverted_is_finished_and_not_reverted(self, service: cg.Guard) -> None:
        web = cg.Guard("web", store=service.store, targets=["web.toml"], policy=ANY)
        for port in (1, 2):
            web.apply(web.plan({"port": port}, reason="port"))
        group = cg.Group(service, web)
        with pytest.raises(NotToldError):
            group.revert(reason="all")
        Path("alive").touch()
        assert [each.number for each in group.revert(reason="again")] == [3, 3]
        with pytest.raises(cg.ConflictError, match="is a revert already"):
            group.revert(reason="again")
        assert held("auth.toml", "copy.toml", "web.toml") == ["size = 64\n", "size = 64\n", "port = 1\n"]

    def test_a_group_of_which_one_was_reverted_is_not_half_reverted(self, service: cg.Guard) -> None:
        web = cg.Guard("web", store=service.store, targets=["web.toml"], policy=ANY)
        for port in (1, 2):
            web.apply(web.plan({"port": port}, reason="port"))
        with pytest.raises(NotToldError):
            service.revert(reason="auth alone")
        with pytest.raises(
            cg.ConflictError, match="'auth' is a revert that is not finished, and that of 'web'"
        ):
            cg.Group(service, web).revert(reason="all")
        assert held("auth.toml", "copy.toml", "web.toml") == ["size = 64\n", "size = 64\n", "port = 2\n"]


def test_a_service_is_not_told_of_what_its_target_does_not_hold(service: cg.Guard) -> None:
    Path("alive").touch()
    Path("auth.toml").write_text("size = 7\n")
    with pytest.raises(DriftError, match=r"does not hold revision 2.*auth.toml 1 value differs"):
        service.tell()


def test_who_has_no_service_is_told_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("confguard.toml").write_text('[configs.a]\ntargets = ["a.toml"]\n')
    Path("new.toml").write_text("x = 1\n")
    run(capsys, "apply", "a", "new.toml", "--reason", "start")
    assert "'a' has no reload: there is nobody to tell" in run(capsys, "tell", "a")[1]


@pytest.mark.parametrize("asked", [{"only": ["size"]}, {"only": "size"}, {"only": True}, {"only": 2.0}])
def test_what_names_no_revision_is_told_from_what_is_wanted(service: cg.Guard, asked: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="`only` is the number of the revision to take back, such as 12"):
        service.revert(reason="back", **asked)
    head: Any = service.head()
    with pytest.raises(TypeError, match="`to` is a revision's number, a time or a label, and not Revision"):
        service.revert(head, reason="back")
    assert service.head() == head


class TestAProcessThatGoesToAnotherFolder:
    """As a daemon does, after it has read its settings."""

    def test_targets_and_what_is_known_of_them_stay_where_they_were(self, folder: Path) -> None:
        Path("elsewhere").mkdir()
        Path("run").mkdir()
        targets = [
            "a.toml",
            {"file": "in.toml", "in_place": True},
        ]
        guard = cg.Guard("a", targets=targets, policy=ANY, reload=[{"pid_file": "run/a.pid"}])
        guard.apply(guard.plan({"x": 1}, reason="start"), tell=False)
        os.chdir("elsewhere")
        assert guard.drift() == ()
        guard.apply(guard.plan({"x": 2}, reason="two"), tell=False)
        os.chdir(folder)
        assert held("a.toml", "in.toml") == ["x = 2\n"] * 2
        assert list(Path("elsewhere").iterdir()) == []
        again = cg.Guard("a", targets=targets, policy=ANY)
        assert again.place.state() == PlaceState(2, 2, 0), "known under one name, from wherever it is seen"

    def test_a_pid_file_is_looked_for_where_it_was(self, folder: Path) -> None:
        Path("elsewhere").mkdir()
        heard: list[int] = []
        before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
        try:
            guard = cg.Guard("a", targets=["a.toml"], reload=[{"pid_file": "a.pid", "signal": "USR1"}])
            Path("a.pid").write_text(str(os.getpid()))
            os.chdir("elsewhere")
            guard.apply(guard.plan({"x": 1}, reason="start"))
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert heard == [signal.SIGUSR1]

    def test_a_project_file_is_read_where_it_was(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("conf").mkdir()
        Path("elsewhere").mkdir()
        Path("conf/confguard.toml").write_text('[configs.a]\ntargets = ["a.toml"]\nfiles = ["*.new.toml"]\n')
        Path("conf/a.new.toml").write_text("x = 1\n")
        project = load_project(Path("conf/confguard.toml"))
        os.chdir("elsewhere")
        with guard_of(project, "a") as guard:
            guard.apply(guard.plan(project.source_of("a"), reason="start"))
        os.chdir(folder)
        assert held("conf/a.toml") == ["x = 1\n"]
        assert list(Path("elsewhere").iterdir()) == []


def test_all_are_told_even_if_the_first_cannot_be(folder: Path) -> None:
    guard = cg.Guard("a", targets=["a.toml"], reload=[["false"], ["touch", "told"], ["test", "-e", "no"]])
    with pytest.raises(NotToldError, match=r"reload \(false\).*; reload \(test -e no\)"):
        guard.apply(guard.plan({"x": 1}, reason="start"))
    assert Path("told").exists()


def test_what_is_written_again_has_to_be_told_again(service: cg.Guard) -> None:
    """The service may have taken what stood there in between."""
    Path("auth.toml").unlink()
    with pytest.raises(NotToldError):
        service.repair()
    Path("alive").touch()
    assert [each.what for each in service.recover()] == ["told"]


class TestTwoMachines:
    """Two places of one config: each has targets of its own."""

    @pytest.fixture
    def machines(self, folder: Path) -> tuple[cg.Guard, cg.Guard]:
        store = open_store("memory://")
        one, two = (
            cg.Guard("a", store=store, targets=[f"{each}.toml"], policy=ANY) for each in ("one", "two")
        )
        for x in (1, 2):
            one.apply(one.plan({"x": x}, reason="start"))
        two.apply(two.plan({"x": 2, "y": 1}, reason="start"))
        one.apply(one.plan({"x": 3, "y": 1}, reason="four"))
        two.apply(two.plan({"x": 4, "y": 1}, reason="five"))
        return one, two

    @pytest.mark.parametrize("told", [0, 3, 4])
    @pytest.mark.parametrize("holds", ["x = 3\ny = 1\n", "x = 1\n", None])
    def test_what_was_wanted_and_not_written_is_written(
        self, machines: tuple[cg.Guard, cg.Guard], told: int, holds: str | None
    ) -> None:
        _, two = machines
        assert two.place.key is not None
        before = two.place.state()
        two.store.note_place("a", two.place.key, before, PlaceState(5, 4, told))
        Path("two.toml").unlink()
        if holds is not None:
            Path("two.toml").write_text(holds)
        assert [(each.what, each.revision.number) for each in two.recover()] == [("written", 5)]
        assert held("two.toml") == ["x = 4\ny = 1\n"]
        assert two.place.state() == PlaceState(5, 5, 5)

    def test_what_was_reverted_while_one_was_away_does_not_stay_there(
        self, machines: tuple[cg.Guard, cg.Guard]
    ) -> None:
        one, two = machines
        one.revert(reason="logins fail")
        assert held("two.toml") == ["x = 4\ny = 1\n"], "which nobody has told it yet"
        assert [each.what for each in two.recover()] == ["written"]
        assert held("one.toml", "two.toml") == ["x = 3\ny = 1\n"] * 2
        assert two.place.state() == PlaceState(6, 6, 6)
        assert two.recover() == ()

    def test_what_was_edited_there_meanwhile_is_drift_and_stays(
        self, machines: tuple[cg.Guard, cg.Guard]
    ) -> None:
        one, two = machines
        one.revert(reason="logins fail")
        Path("two.toml").write_text("x = 9  # by hand\n")
        assert two.recover() == ()
        assert held("two.toml") == ["x = 9  # by hand\n"]

    def test_what_was_applied_elsewhere_only_waits_for_who_applies_it_here(
        self, machines: tuple[cg.Guard, cg.Guard]
    ) -> None:
        one, two = machines
        one.apply(one.plan({"x": 6, "y": 1}, reason="on one machine first"))
        assert two.recover() == ()
        assert held("two.toml") == ["x = 4\ny = 1\n"]

    @pytest.mark.parametrize("holds", ["x = 3\ny = 1\n", "x = 9  # by hand\n"])
    def test_what_another_machine_watches_is_not_for_this_one_yet(
        self, machines: tuple[cg.Guard, cg.Guard], holds: str
    ) -> None:
        one, two = machines
        assert two.place.key is not None
        two.store.note_place("a", two.place.key, two.place.state(), PlaceState(5, 4, 4))
        Path("two.toml").write_text(holds)
        thread = TestBakes.baking(one, 6)
        two.recover()
        by_hand = "hand" in holds
        assert held("two.toml") == [holds if by_hand else "x = 4\ny = 1\n"]
        assert one.store.pending_bake("a") is not None, "which goes on"
        one.revert(reason="enough")
        thread.join()


RELEASED = """
[configs.auth]
files = ["auth.toml"]
targets = ["auth.live.toml"]
[configs.web]
files = ["web.toml"]
targets = ["web.live.toml"]
bake = "1h"
probes = [{ command = ["false"] }]
"""


def test_a_label_is_kept_where_nothing_else_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("confguard.toml").write_text(RELEASED)
    Path("auth.toml").write_text("pool = 64\n")
    Path("web.toml").write_text("port = 80\n")

    def run(*words: str) -> str:
        assert main([*words, "--reason", "x"]) == 0, capsys.readouterr()
        return capsys.readouterr().out.splitlines()[-1]

    for name in ("auth", "web"):
        assert run("apply", name, "--label", "release-1") == "revision 1 is in force"
    written = Path("web.live.toml").stat().st_mtime_ns
    Path("auth.toml").write_text("pool = 60\n")
    for name in ("auth", "web"):  # what does not change is not watched
        assert run("apply", name, "--label", "release-2", "--ticket", "OPS-1") == "revision 2 is in force"
        assert run("apply", name, "--label", "release-2") == "revision 2 is in force already"
        assert run("apply", name, "--ticket", "OPS-2") == "revision 2 is in force already"
    assert Path("web.live.toml").stat().st_mtime_ns == written
    Path("auth.toml").write_text("pool = 50\n")
    run("apply", "auth")
    assert "revision 3 is in force, with the bytes of 2" in run(
        "revert", "auth", "--with", "web", "--label", "release-2"
    )
    assert Path("auth.live.toml").read_text() == "pool = 60\n"


def test_a_label_does_not_hide_what_is_in_force_or_what_was_before(folder: Path) -> None:
    with cg.Guard("a", store="memory://", format="toml") as guard:
        for number in (1, 2):
            guard.apply(guard.plan({"pool": 60 + number}, reason="x"))
        guard.apply(guard.plan({"pool": 62}, reason="x", labels=["tried"]))
        assert guard.revert(reason="fails").data == {"pool": 61}
        labelled = guard.apply(guard.plan({"pool": 61}, reason="x", labels=["good"]))
        assert (labelled.number, labelled.labels) == (5, ("good",))
        with pytest.raises(cg.ConflictError, match="revision 4 of 'a' is a revert already"):
            guard.revert(reason="again")
        again = guard.plan({"pool": 62}, reason="more")
        assert "CG907" in {each.code for each in again.risk.findings}
        assert any("took it back" in note for note in again.notes)
