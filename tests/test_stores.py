"""Stores: one conformance suite and one stateful machine, over every store; and SQLite's own promises."""

from __future__ import annotations

import gc
import os
import random
import signal
import sqlite3
import stat
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import EntryPoint
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import confguard as cg
from appending import append
from confguard.errors import StoreBusyError, StoreError
from confguard.stores import (
    Append,
    Draft,
    PendingBake,
    PlaceState,
    Report,
    Revision,
    Store,
    chain,
    open_store,
)
from confguard.stores.sqlite import MemoryStore, SqliteStore
from confguard.stores.stages import Instance, stages_of
from confguard.stores.urls import without_password
from conftest import SERVERS, STORES, as_a_user, examples, fresh_url

NOW = datetime(2026, 1, 18, 8, 45, tzinfo=UTC)


def draft(content: bytes = b"a = 1\n", **more: object) -> Draft:
    return Draft(content=content, format="toml", author="ana", reason="test", created_at=NOW, **more)  # type: ignore[arg-type]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, folder: Path) -> Iterator[Store]:
    opened = open_store(fresh_url(request.param, request))
    yield opened
    opened.close()


def test_revisions_are_numbered_and_chained(store: Store) -> None:
    first, second = append(store, "a", [draft(b"x = 1"), draft(b"x = 2")], expect=0)
    (third,) = append(store, "a", [draft(b"x = 3", reverts=1, override="o", approved_by="ben")], expect=2)
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert (second.parent, third.parent) == (first.digest, second.digest)
    assert store.head("a") == third == store.get("a", 3)
    assert [revision.number for revision in store.history("a")] == [3, 2, 1]
    assert [revision.number for revision in store.history("a", 2)] == [3, 2]
    assert chain.verify(store, "a") == 3
    assert (third.data, third.text, third.reverts, third.approved_by) == ({"x": 3}, "x = 3", 1, "ben")


def test_what_was_made_between_a_moment_is_found_in_all_configs(store: Store) -> None:
    minute = timedelta(minutes=1)
    for name, minutes in {"a": [0, 1, 2, 3], "b": [0, 5], "c": [0], "ö/<x>": [4]}.items():
        drafts = [attrs.evolve(draft(b"x = %d" % each), created_at=NOW + each * minute) for each in minutes]
        append(store, name, drafts, expect=0)
    later = NOW + timedelta(days=1)
    since = [(each.config, each.number) for each in store.between(NOW + 2 * minute, later, 10)]
    assert since == [("b", 2), ("ö/<x>", 1), ("a", 4), ("a", 3)]
    assert [each.config for each in store.between(NOW + 2 * minute, later, 2)] == ["b", "ö/<x>"]
    assert store.between(NOW + 6 * minute, later, 10) == []
    assert [each.number for each in store.between(NOW + minute, NOW + 2 * minute, 10)] == [3, 2]
    (newest,) = store.between((NOW + 5 * minute).astimezone(timezone(timedelta(hours=-8))), later, 10)
    assert newest == store.head("b")
    assert newest.data == {"x": 5}


def test_a_content_that_is_slow_to_read_keeps_no_other_waiting() -> None:
    """One store is silent: what is read of others, and after a fork, must not wait for it."""
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        go_on.wait(30)
        return b"a = 1\n"

    (quick,) = chain.link("a", [draft()], None)
    stuck, other = (
        attrs.evolve(quick, load=slow),
        attrs.evolve(quick, load=lambda: b"a = 1\n"),
    )
    reader = threading.Thread(target=lambda: stuck.document)
    reader.start()
    try:
        assert begun.wait(5)
        seen: list[object] = []
        second = threading.Thread(target=lambda: seen.append(other.document.data))
        second.start()
        second.join(5)
        assert seen == [{"a": 1}]
    finally:
        go_on.set()
        reader.join()


def test_configs_are_apart(store: Store) -> None:
    append(store, "a", [draft()], expect=0)
    append(store, "b", [draft()], expect=0)
    assert store.configs() == ["a", "b"]
    assert store.head("c") is None
    assert chain.verify(store, "c") == 0


def test_the_head_must_be_the_one_that_was_expected(store: Store) -> None:
    append(store, "a", [draft()], expect=0)
    for expect in (0, 2):
        with pytest.raises(cg.ConflictError, match=f"planned on revision {expect}, now 1, by ana: test"):
            append(store, "a", [draft()], expect=expect)
    assert chain.verify(store, "a") == 1


def test_a_revision_that_is_not_there(store: Store) -> None:
    append(store, "a", [draft()], expect=0)
    for number in (0, 2, -1):
        with pytest.raises(cg.NotFoundError, match=f"no revision {number}"):
            store.get("a", number)


def test_processes_report_what_they_count(store: Store) -> None:
    store.note_report("a", Report("h1/x", 1, 10))
    assert store.reports("a") == []  # there is no such config
    append(store, "a", [draft()], expect=0)
    append(store, "b", [draft()], expect=0)
    first, other, later = Report("h1/x", 1, 10, 1), Report("h 2/\u00e9", 1, 7, 0, 3), Report("h1/x", 2, 5)
    for each in (Report("h1/x", 1, 2), first, other, later):
        store.note_report("a", each)
    store.note_report("b", Report("h1/x", 1, 1))
    assert set(store.reports("a")) == {first, other, later}
    assert store.reports("b") == [Report("h1/x", 1, 1)]
    assert chain.verify(store, "a") == 1


@pytest.mark.slow
def test_a_report_goes_when_its_process_is_not_heard_of(
    request: pytest.FixtureRequest, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sql", "etcd"):
        monkeypatch.setattr(f"confguard.stores.{module}.REPORT_SECONDS", 2.0)
    append(store, "a", [draft()], expect=0)
    lost, staying = Report("lost", 1, 3), Report("stays", 1, 0)
    store.note_report("a", lost)
    end = time.monotonic() + 20
    while set(store.reports("a")) != {staying}:
        assert time.monotonic() < end, store.reports("a")
        staying = attrs.evolve(staying, requests=staying.requests + 1)
        store.note_report("a", staying)
        time.sleep(0.2)
    if isinstance(store, SqliteStore):
        time.sleep(2)
        store.note_report("a", staying)
        assert len(store._rows("SELECT 1 FROM report")) == 1  # and is swept out


def test_a_place_wants_what_was_appended_for_it_and_says_what_it_has(store: Store) -> None:
    assert store.places("a") == {}
    append(store, "a", [draft(b"x = 1")], expect=0, place="here")
    append(store, "a", [draft(b"x = 2")], expect=1, place="there")
    append(store, "a", [draft(b"x = 3")], expect=2, place="here")
    append(store, "a", [draft(b"x = 4")], expect=3)
    assert store.places("a") == {"here": PlaceState(3), "there": PlaceState(2)}
    assert store.places("b") == {}
    store.note_place("a", "here", PlaceState(1), PlaceState(1, 1, 1))  # somebody who was slow
    assert store.places("a")["here"] == PlaceState(3)
    store.note_place("a", "here", PlaceState(3), PlaceState(3, 3, 0, "no \u00e9"))
    assert store.places("a")["here"] == PlaceState(3, 3, 0, "no \u00e9")
    store.note_place(
        "a", "here", PlaceState(3), PlaceState(4, 4, 4)
    )  # it took the head, which another place applied
    append(store, "a", [draft(b"x = 5")], expect=4, place="here")
    assert store.places("a")["here"] == PlaceState(5, 4, 4)
    store.note_place("a", "new", None, PlaceState(5, 5, 5))
    store.note_place("a", "new", None, PlaceState(1, 1, 1))  # there is one already
    assert store.places("a")["new"] == PlaceState(5, 5, 5)
    assert store.places("a")["there"] == PlaceState(2)
    assert store.places("b") == {}


def test_a_store_is_made_by_what_is_written(store: Store) -> None:
    assert (store.head("a"), store.newest("a"), store.history("a"), store.configs()) == (None, 0, [], [])
    assert (store.pending_bake("a"), store.places("a"), store.damage("a")) == (None, {}, None)
    assert chain.verify(store, "a") == 0
    with pytest.raises(cg.NotFoundError):
        store.get("a", 1)
    assert list(Path().iterdir()) == [], "reading makes no file"


def test_one_config_is_not_twice_in_one_commit(store: Store) -> None:
    one, two = (Append("a", tuple(chain.link("a", [draft(text)], None))) for text in (b"x = 1", b"x = 2"))
    with pytest.raises(StoreError, match="'a' is to change 2 times in one transaction"):
        store.commit(one, two)
    assert store.head("a") is None


def test_several_configs_are_one_commit(store: Store) -> None:
    append(store, "b", [draft(b"x = 1")], expect=0)
    head = store.head("b")
    made = [chain.link(config, [draft(b"x = 2")], parent) for config, parent in (("a", None), ("b", head))]
    store.commit(*(Append(each[0].config, tuple(each)) for each in made))
    assert [store.head(config) for config in "ab"] == [each[0] for each in made]
    again = [chain.link("c", [draft()], None), chain.link("b", [draft(b"x = 9")], head)]
    with pytest.raises(cg.ConflictError, match="head of 'b' moved: planned on revision 1, now 2"):
        store.commit(*(Append(each[0].config, tuple(each)) for each in again))
    assert store.head("c") is None
    assert store.configs() == ["a", "b"]


def test_history_has_pages(store: Store) -> None:
    append(store, "a", [draft(b"x = %d" % n) for n in range(7)], expect=0)
    pages, before = [], None
    while page := store.history("a", 3, before):
        pages.append([revision.number for revision in page])
        before = page[-1].number
    assert pages == [[7, 6, 5], [4, 3, 2], [1]]
    assert store.history("a", 3, 1) == store.history("b") == store.history("a", 0) == []


def test_everything_that_is_known_comes_back(store: Store) -> None:
    rich = draft(
        b"x = '\xc3\xa9'\n",
        ticket="OPS-1",
        labels=("stable", "2026"),
        data_digest="ab" * 32,
        override="because",
    )
    odd = attrs.evolve(rich, author="\u00e9ve '; DROP TABLE", reason="line\nline \u2028", format="yaml")
    made = append(store, "caf\u00e9/x #?%", [rich, odd], expect=0)
    assert store.history("caf\u00e9/x #?%") == made[::-1]
    assert [each.content for each in store.history("caf\u00e9/x #?%")] == [rich.content] * 2
    assert list(store.walk("caf\u00e9/x #?%")) == made
    assert store.configs() == ["caf\u00e9/x #?%"]
    assert chain.verify(store, "caf\u00e9/x #?%") == 2


@pytest.mark.parametrize("size", [0, 1, 5000, 400_000])
def test_content_of_any_size(store: Store, size: int) -> None:
    contents = [os.urandom(size) + b"%d" % n for n in range(3)]
    append(store, "a", [draft(content) for content in contents], expect=0)
    assert [each.content for each in store.walk("a")] == contents


@pytest.mark.parametrize("kind", STORES)
def test_contents_too_small_to_help_others(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    url = fresh_url(kind, request)
    contents = [b"", b"a=1", b"a=2", b"", b"a=1"]
    for number, content in enumerate(
        contents
    ):  # each time by a store that remembers nothing of what was before
        with closing(open_store(url)) as opened:
            append(opened, "a", [draft(content)], expect=number if kind != "memory" else 0)
            assert (head := opened.head("a")) is not None
            assert head.content == content
    if kind != "memory":
        with closing(open_store(url)) as opened:
            assert [opened.get("a", number).content for number in range(1, 6)] == contents


def test_thinned_content_is_gone_and_its_place_stays(store: Store) -> None:
    contents = [b"x = %d\n" % (n if n != 40 else 0) + b"y = 0\n" * 50 for n in range(60)]
    for number, content in enumerate(contents):
        append(store, "a", [draft(content)], expect=number)
    assert store.thin("a", frozenset(range(1, 61))) == 0
    assert store.thin("a", frozenset([3, 17, 41, 60])) == 60 - 5  # 1 and 41 hold the same bytes
    assert [each.number for each in store.history("a")] == list(range(60, 0, -1))
    for number in (1, 3, 17, 41, 60):
        assert store.get("a", number).content == contents[number - 1]
    with pytest.raises(cg.NotFoundError, match="the content of revision 2 of 'a' was thinned out"):
        store.get("a", 2).fetch()
    assert chain.verify(store, "a") == 60
    for number, content in enumerate([contents[1], contents[4], b"z = 1"], 60):  # what was thinned comes back
        append(store, "a", [draft(content)], expect=number)
    assert store.get("a", 2).content == contents[1]
    assert [each.content for each in store.history("a", 3)] == [b"z = 1", contents[4], contents[1]]
    assert store.thin("a", frozenset([62, 63])) > 0
    assert store.get("a", 62).content == contents[4]
    assert chain.verify(store, "a") == 63
    assert store.thin("none", frozenset()) == 0


@pytest.mark.slow
def test_watchers_are_told(store: Store) -> None:
    append(store, "a", [draft()], expect=0)
    stop, seen = threading.Event(), threading.Semaphore(0)

    def watch() -> None:
        for _ in store.watch("a", stop, 60):
            seen.release()

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert seen.acquire(timeout=10)  # it stands
    time.sleep(0.3)
    while seen.acquire(blocking=False):
        pass
    append(store, "a", [draft(b"x = 2")], expect=1)
    assert seen.acquire(timeout=10)
    stop.set()
    watcher.join(10)
    assert not watcher.is_alive()


def test_a_watcher_looks_from_time_to_time(store: Store) -> None:
    stop = threading.Event()
    times = 0
    for _ in store.watch("a", stop, 0.05):
        times += 1
        if times == 3:
            stop.set()
    assert times == 3


def test_threads_lose_no_update(store: Store) -> None:
    won: list[int] = []

    def work(number: int) -> None:
        while True:
            head = store.head("a")
            try:
                made = append(store, "a", [draft(b"%d" % number)], expect=head.number if head else 0)
            except (cg.ConflictError, StoreBusyError):
                continue
            won.append(made[0].number)
            return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(1, 13))
    assert chain.verify(store, "a") == 12


@pytest.mark.parametrize("store", ["sqlite", *SERVERS], indirect=True)
def test_a_forked_child_opens_the_store_anew(store: Store) -> None:
    append(store, "a", [draft()], expect=0)
    child = os.fork()
    if child == 0:
        try:
            append(store, "a", [draft(b"child = 1")], expect=1)
            os._exit(0)
        except BaseException:  # noqa: BLE001
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert chain.verify(store, "a") == 2
    append(store, "a", [draft(b"parent = 1")], expect=2)


@pytest.mark.parametrize(
    "store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_a_store_that_was_closed_says_so(store: Store) -> None:
    append(store, "a", [draft()], expect=0)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.head("a")


def test_a_bake_is_begun_with_its_revision_and_ends_once(store: Store) -> None:
    bake = PendingBake(1, 0, NOW)
    append(store, "a", [draft()], expect=0, bake=bake)
    assert store.pending_bake("a") == bake
    assert not store.end_bake("a", 2)
    assert store.end_bake("a", 1)
    assert not store.end_bake("a", 1)
    append(store, "a", [draft()], expect=1, bake=PendingBake(2, 1, NOW))
    assert store.pending_bake("a") == PendingBake(2, 1, NOW)
    append(store, "a", [draft()], expect=2)
    assert store.pending_bake("a") is None


@pytest.mark.slow  # it waits
def test_a_bake_is_watched_while_its_lease_is_renewed(store: Store) -> None:
    """Whatever the clocks of hosts say: the deadline here is a year ago."""
    append(store, "a", [draft()], expect=0, bake=PendingBake(1, 0, NOW - timedelta(days=365), lease=1.0))

    def watched() -> bool:
        pending = store.pending_bake("a")
        assert pending is not None
        return pending.watched

    assert watched()
    assert not store.renew_bake("a", 2)
    for _ in range(6):
        time.sleep(0.4)
        assert store.renew_bake("a", 1, 1.0)
        assert watched()
    end = time.monotonic() + 30
    while watched():  # etcd looks for leases that have ended from time to time
        assert time.monotonic() < end
        time.sleep(0.1)
    assert store.renew_bake("a", 1, 1.0)
    assert watched(), "its watcher was only slow"
    assert store.renew_bake("a", 1, 20.0)
    time.sleep(4)
    assert watched(), "it was renewed for longer"
    assert store.end_bake("a", 1)
    assert not store.renew_bake("a", 1)


def test_a_bake_becomes_another_one_only_if_it_is_what_it_was(store: Store) -> None:
    first = PendingBake(2, 1, NOW, watcher="h/1/a", stages=stages_of(["1%", "canary", "all"]), seconds=60.0)
    append(store, "a", [draft(), draft()], expect=0, bake=first)
    assert store.pending_bake("a") == first
    longer = attrs.evolve(first, deadline=NOW + timedelta(minutes=5))
    assert store.change_bake("a", first, longer)
    assert not store.change_bake("a", first, attrs.evolve(first, stage=1)), "somebody has extended it"
    second = attrs.evolve(longer, stage=1, confirm=True)
    assert store.change_bake("a", longer, second)
    assert store.pending_bake("a") == second
    assert second.takes(Instance("x", frozenset({"canary"})))
    assert not store.renew_bake("a", 2), "another one watches it"
    assert store.renew_bake("a", 2, watcher="h/1/a")
    assert store.end_bake("a", 2)
    assert not store.change_bake("a", second, first)


@pytest.mark.slow  # it waits for stores that poll
def test_who_watches_a_config_is_told_of_its_bake(store: Store) -> None:
    """So a service takes its stage at once, and not at its next look."""
    bake = PendingBake(1, 0, NOW, stages=stages_of(["1%", "all"]))
    append(store, "a", [draft()], expect=0, bake=bake)
    stop, told = threading.Event(), threading.Semaphore(0)

    def watch() -> None:
        for _ in store.watch("a", stop, 60.0):
            told.release()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        assert told.acquire(timeout=10), "at the beginning"
        time.sleep(1.5)  # what comes late of that
        while told.acquire(blocking=False):
            pass
        second = attrs.evolve(bake, stage=1)
        for change in (lambda: store.change_bake("a", bake, second), lambda: store.end_bake("a", 1)):
            assert change()
            assert told.acquire(timeout=10)
            time.sleep(1.5)
            while told.acquire(blocking=False):
                pass
    finally:
        stop.set()
        append(store, "a", [draft()], expect=1)
        thread.join(20)


class Machine(RuleBasedStateMachine):
    """Any sequence of calls on two configs, held against plain lists."""

    request: pytest.FixtureRequest
    kind = "memory"

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.url = fresh_url(self.kind, self.request, self.folder.name)
        self.store = open_store(self.url)
        self.model: dict[str, list[bytes]] = {"c": [], "d": []}
        self.gone: dict[str, set[int]] = {"c": set(), "d": set()}
        self.digests: dict[str, list[str]] = {"c": [], "d": []}
        self.places: dict[str, PlaceState] = {}
        self.bakes: dict[str, PendingBake] = {}

    @rule(
        config=st.sampled_from("cd"),
        contents=st.lists(
            st.sampled_from([b"", b"a" * 100, b"b" * 100, b"ab" * 50]) | st.binary(max_size=40),
            min_size=1,
            max_size=3,
        ),
        off=st.sampled_from([0, 0, 0, -1, 1]),
        place=st.none() | st.just("p"),
        bake=st.booleans(),
    )
    def append(self, config: str, contents: list[bytes], off: int, place: str | None, bake: bool) -> None:
        drafts = [draft(content) for content in contents]
        known = self.model[config]
        if off:
            with pytest.raises(cg.ConflictError):
                append(self.store, config, drafts, expect=len(known) + off)
            return
        stages = stages_of(["eu", "1%", "50%", "all"])
        pending = PendingBake(len(known) + len(drafts), len(known), NOW, stages=stages) if bake else None
        made = append(self.store, config, drafts, expect=len(known), place=place, bake=pending)
        known += contents
        self.digests[config] += [revision.digest for revision in made]
        for content in contents:  # what was thinned out is there again
            self.gone[config] -= {n for n in self.gone[config] if known[n - 1] == content}
        if place:
            self.places[config] = attrs.evolve(self.places.get(config, PlaceState(0)), wanted=len(known))
        self.bakes.pop(config, None)
        if pending:
            self.bakes[config] = pending

    @rule(content=st.binary(max_size=20), stale=st.booleans())
    def append_to_both(self, content: bytes, stale: bool) -> None:
        heads = [self.store.head(config) for config in "cd"]
        if stale:
            heads[1] = None if self.model["d"] else heads[1]
        made = [chain.link(config, [draft(content)], head) for config, head in zip("cd", heads, strict=True)]
        appends = [Append(each[0].config, tuple(each)) for each in made]
        if stale and self.model["d"]:
            with pytest.raises(cg.ConflictError):
                self.store.commit(*appends)
            return
        self.store.commit(*appends)
        for config, each in zip("cd", made, strict=True):
            self.model[config].append(content)
            self.digests[config].append(each[0].digest)
            self.gone[config] -= {n for n in self.gone[config] if self.model[config][n - 1] == content}
            self.bakes.pop(config, None)

    @rule(
        config=st.sampled_from("cd"),
        before=st.none() | st.integers(1, 8),
        state=st.builds(PlaceState, *[st.integers(0, 8)] * 3, st.none() | st.text(max_size=5)),
    )
    def note_place(self, config: str, before: int | None, state: PlaceState) -> None:
        assume("\0" not in (state.error or ""))
        now = self.places.get(config)
        if not self.model[config]:
            return  # nobody has a place for what has no revision
        self.store.note_place(config, "p", before and PlaceState(before), state)  # type: ignore[arg-type]
        if (now and now.wanted) == before:
            self.places[config] = state

    @rule(config=st.sampled_from("cd"), number=st.integers(1, 8), renew=st.booleans())
    def end_bake(self, config: str, number: int, renew: bool) -> None:
        bake = self.bakes.get(config)
        is_pending = bake is not None and bake.revision == number
        if renew:
            watcher = bake.watcher if bake else ""
            assert self.store.renew_bake(config, number, watcher=watcher) is is_pending
            return
        assert self.store.end_bake(config, number) is is_pending
        if is_pending:
            del self.bakes[config]

    @rule(
        config=st.sampled_from("cd"),
        stale=st.booleans(),
        watcher=st.sampled_from(["", "h/1"]),
        stage=st.integers(0, 3),
        longer=st.integers(0, 10**6),
    )
    def change_bake(self, config: str, stale: bool, watcher: str, stage: int, longer: int) -> None:
        bake = self.bakes.get(config) or PendingBake(1, 0, NOW)
        before = attrs.evolve(bake, back=bake.back + 1) if stale else bake
        later = bake.deadline + timedelta(microseconds=longer)
        after = attrs.evolve(bake, watcher=watcher, stage=stage, deadline=later)
        done = self.store.change_bake(config, before, after)
        assert done is (config in self.bakes and not stale)
        if done:
            self.bakes[config] = after

    @rule(config=st.sampled_from("cd"), keep=st.frozensets(st.integers(1, 12)))
    def thin(self, config: str, keep: frozenset[int]) -> None:
        known = self.model[config]
        keep |= {len(known)}
        kept = {known[n - 1] for n in keep if 1 <= n <= len(known)}
        doomed = {n for n, content in enumerate(known, 1) if content not in kept} - self.gone[config]
        assert self.store.thin(config, keep) == len(doomed)
        self.gone[config] |= doomed

    @rule()
    def reopen(self) -> None:
        if self.kind != "memory":
            self.store.close()
            self.store = open_store(self.url)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        assert self.store.configs() == [config for config in "cd" if self.model[config]]
        for config in "cd":
            known, gone = self.model[config], self.gone[config]
            history = self.store.history(config)[::-1]
            assert [revision.digest for revision in history] == self.digests[config]
            assert {n: history[n - 1].content for n in range(1, len(known) + 1) if n not in gone} == {
                n: content for n, content in enumerate(known, 1) if n not in gone
            }
            for number in gone:
                with pytest.raises(cg.NotFoundError, match="thinned"):
                    history[number - 1].fetch()
            assert chain.verify(self.store, config) == len(known)
            assert self.store.places(config).get("p") == self.places.get(config)
            assert self.store.pending_bake(config) == self.bakes.get(config)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("memory", 60),
        ("sqlite", 40),
        pytest.param("postgresql", 12, marks=pytest.mark.slow),
        pytest.param("etcd", 12, marks=pytest.mark.slow),
    ],
)
def test_any_sequence_of_calls(kind: str, most: int, request: pytest.FixtureRequest) -> None:
    machine = type(f"{kind.title()}Machine", (Machine,), {"kind": kind, "request": request})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples(most), stateful_step_count=15, deadline=None, suppress_health_check=checks
        ),
    )


@pytest.fixture
def sqlite_store(folder: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore("store.db", busy_seconds=0.1)
    yield opened
    opened.close()


def test_the_file_is_private_and_durable(sqlite_store: SqliteStore) -> None:
    append(sqlite_store, "a", [draft()], expect=0)
    assert stat.S_IMODE(sqlite_store.path.stat().st_mode) == 0o600
    with sqlite3.connect("store.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert sqlite_store._writing().execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE revision SET author = 'eve'", "DELETE FROM revision", "UPDATE revision SET content = x'01'"],
)
def test_history_is_final(sqlite_store: SqliteStore, statement: str) -> None:
    append(sqlite_store, "a", [draft()], expect=0)
    with (
        sqlite3.connect("store.db") as connection,
        pytest.raises(sqlite3.IntegrityError, match="history is final"),
    ):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        (
            "UPDATE revision SET payload = x'00' WHERE number = 2",
            "revision 2 of 'a' is not what was written.*still good: 1, 3 to 4",
        ),
        (
            "UPDATE revision SET content = x'00' WHERE number = 3",
            "revision 3 of 'a' is not what was written.*good: 1 to 2, 4",
        ),
        (
            "UPDATE revision SET author = 'eve' WHERE number = 1",
            "revision 1 of 'a' is not.*still good: 2 to 4",
        ),
        ("UPDATE revision SET created_at = 5 WHERE number = 3", "revision 3 of 'a' is not what was written"),
        (
            "UPDATE revision SET created_at = 1 << 62 WHERE number = 3",
            "revision 3 of 'a' is missing or unreadable",
        ),
        (
            "UPDATE revision SET more = '{\"x\": 1}' WHERE number = 3",
            "revision 3 of 'a' is missing or unreadable",
        ),
        ("DELETE FROM revision WHERE number = 2", "revision 2 of 'a' is missing"),
        ("DELETE FROM revision WHERE number = 4", "up to 3, and 4 is noted as its head"),
        ("UPDATE revision SET digest = x'0102', parent = x'03' WHERE number = 2", "revision 2"),
        ("UPDATE config SET head = 3", "up to 4, and 3 is noted as its head"),
        ("UPDATE revision SET keyframe = 9 WHERE number = 4", "revision 4"),
        ("UPDATE revision SET keyframe = NULL WHERE number = 4", "revision 4"),
        ("UPDATE revision SET keyframe = 3 WHERE number = 4", "revision 4"),
    ],
)
def test_verify_names_the_first_bad_link(sqlite_store: SqliteStore, tampering: str, says: str) -> None:
    same = b"# the same in all of them, and so packed with the first one\n" * 3
    append(sqlite_store, "a", [draft(b"x = %d\n" % n + same) for n in range(4)], expect=0)
    tables = sqlite_store._rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    with sqlite3.connect("store.db") as connection:
        for name, _ in tables:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(tampering)
        for _, text in tables:
            connection.execute(text)
    connection.close()
    with pytest.raises(cg.IntegrityError, match=says):
        chain.verify(sqlite_store, "a")


def test_altered_triggers_are_found(sqlite_store: SqliteStore) -> None:
    append(sqlite_store, "a", [draft()], expect=0)
    sqlite_store._writing().execute("DROP TRIGGER revision_stays")
    with pytest.raises(cg.IntegrityError, match="the tables or triggers of the store were altered"):
        chain.verify(sqlite_store, "a")


def test_a_head_that_was_turned_back_is_not_served(sqlite_store: SqliteStore) -> None:
    append(sqlite_store, "a", [draft(b"x = 1"), draft(b"x = 2")], expect=0)
    sqlite_store._writing().execute("UPDATE config SET head = 1")
    with pytest.raises(cg.IntegrityError, match="the head of 'a' is not what was written"):
        sqlite_store.head("a")


def test_a_bake_that_was_changed_is_not_believed(sqlite_store: SqliteStore) -> None:
    append(sqlite_store, "a", [draft()], expect=0, bake=PendingBake(1, 0, NOW))
    sqlite_store._writing().execute("UPDATE config SET bake = replace(bake, '2026', '2027')")
    with pytest.raises(cg.IntegrityError, match="the bake of 'a' is not what was written"):
        sqlite_store.pending_bake("a")


def test_a_chain_that_was_forked_is_found() -> None:
    class Forked:
        def walk(self, _: str) -> Iterator[Revision]:
            one = chain.link("a", [draft(b"x = 1"), draft(b"x = 2")], None)
            other = chain.link("a", [draft(b"y = 1"), draft(b"y = 2")], None)
            return iter([one[0], other[1]])

        def damage(self, _: str) -> None:
            pass

    with pytest.raises(cg.IntegrityError, match="does not follow") as caught:
        chain.verify(Forked(), "a")  # type: ignore[arg-type]
    assert caught.value.bad == (2,)


def test_a_damaged_page_is_found(folder: Path) -> None:
    store = SqliteStore("store.db")
    append(store, "a", [draft(os.urandom(20_000)) for _ in range(20)], expect=0)
    store.close()
    size = Path("store.db").stat().st_size
    with Path("store.db").open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * min(40_960, size - 8192))
    with pytest.raises(cg.StoreError):
        chain.verify(SqliteStore("store.db"), "a")


def test_a_locked_store_is_busy_after_a_bounded_wait(sqlite_store: SqliteStore) -> None:
    append(sqlite_store, "b", [draft()], expect=0)
    other = sqlite3.connect("store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match=r"another process has held it for 0\.1 seconds"):
        append(sqlite_store, "a", [draft()], expect=0)
    assert sqlite_store.head("a") is None
    other.close()
    append(sqlite_store, "a", [draft()], expect=0)


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_a_signal_handler_leaves_the_write_alone_that_it_interrupts(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> None:
    """Within the transaction of its own thread it cannot write: it is told so, and that goes on."""
    store = open_store(fresh_url(kind, request))
    append(store, "mine", [draft(b"a = 0\n")], expect=0)
    refused: list[StoreError] = []
    taken = 0

    def handle(*_: object) -> None:
        nonlocal taken
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            append(store, "other", [draft(f"a = {taken}\n".encode())], expect=taken)
            taken += 1
        except StoreError as error:
            refused.append(error)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        number = 0
        while not refused and number < 2000:
            number += 1
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00005, 0.003))
            append(store, "mine", [draft(f"a = {number}\n".encode())], expect=number)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert all(isinstance(each, StoreBusyError) for each in refused), refused
    assert refused, "no signal came within a write"
    assert chain.verify(store, "mine") == number + 1
    assert store.newest("other") == taken
    store.close()


def test_a_foreign_database_is_left_alone(folder: Path) -> None:
    with sqlite3.connect("other.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = Path("other.db").read_bytes()
    with pytest.raises(StoreError, match="a database of another program"):
        SqliteStore("other.db")
    assert Path("other.db").read_bytes() == before


def test_a_newer_store_is_refused(sqlite_store: SqliteStore) -> None:
    sqlite_store._writing().execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"made by a newer confguard \(layout 99"):
        SqliteStore("store.db")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Path("store.db").write_bytes(b"not a database at all " * 50), "not a confguard store"),
        (lambda: Path("store.db").mkdir(), "is not a regular file"),
    ],
)
def test_what_is_no_database(folder: Path, make: object, says: str) -> None:
    make()  # type: ignore[operator]
    with pytest.raises(StoreError, match=says):
        SqliteStore("store.db")


@pytest.mark.slow  # many processes
def test_many_open_a_new_store_at_the_same_moment(folder: Path) -> None:
    wrong: list[BaseException] = []

    def work(name: str) -> None:
        try:
            store = SqliteStore(name)
            try:
                append(store, threading.current_thread().name, [draft()], expect=0)
            finally:
                store.close()
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)

    for turn in range(25):
        threads = [threading.Thread(target=work, args=(f"{turn}.db",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_folder_that_is_not_there(folder: Path) -> None:
    store = SqliteStore("new/store.db")
    assert not Path("new").exists()
    append(store, "a", [draft()], expect=0)
    store.close()
    assert stat.S_IMODE(Path("new").stat().st_mode) == 0o700
    with pytest.raises(StoreError, match="cannot be opened: there is no folder .*no/such"):
        SqliteStore("no/such/store.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "mysql:///x", "x", "memory:", "etcd://"])
def test_urls_that_name_no_store(url: str) -> None:
    with pytest.raises(StoreError, match="unknown store"):
        open_store(url)


def test_a_full_disk_loses_nothing(folder: Path) -> None:
    store = SqliteStore("store.db")
    append(store, "a", [draft()], expect=0)
    pages = store._writing().execute("PRAGMA page_count").fetchone()[0]
    store._writing().execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full") as caught:
        append(store, "a", [draft(os.urandom(100_000))], expect=1)
    assert "make room" in str(caught.value.hint)
    assert chain.verify(store, "a") == 1
    store.close()


def test_a_package_may_bring_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point(EntryPoint):
        def load(self) -> object:
            return lambda url: (url, open_store("memory://"))

    points = {
        "consul": Point("consul", "", "confguard.stores"),
        "lost": EntryPoint("lost", "no_such:f", "stores"),
    }

    def entry_points(*, group: str, name: str) -> list[EntryPoint]:
        return [points[name]] if group == "confguard.stores" and name in points else []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    with pytest.raises(StoreError, match="the plug-in 'lost' of a package .* cannot be loaded"):
        open_store("lost://host")
    assert open_store("consul://host/x")[0] == "consul://host/x"  # type: ignore[index]
    with pytest.raises(StoreError, match="unknown store 'consu://x'"):
        open_store("consu://x")


def everything() -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in Path().iterdir()}


@pytest.mark.parametrize("left", ["closed", "killed"])
def test_reading_changes_no_byte(folder: Path, left: str) -> None:
    child = os.fork()
    if child == 0:
        store = SqliteStore("store.db")
        append(store, "a", [draft(b"x = %d" % n) for n in range(3)], expect=0)
        if left == "closed":
            store.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert Path("store.db-wal").exists() == (left == "killed")
    before = everything()
    store = SqliteStore("store.db")
    assert chain.verify(store, "a") == 3
    assert (store.places("a"), store.pending_bake("a"), store.configs()) == ({}, None, ["a"])
    store.close()
    assert everything().keys() == before.keys()
    assert {name: it for name, it in everything().items() if "-shm" not in name} == {
        name: it for name, it in before.items() if "-shm" not in name
    }


def test_a_reader_sees_what_is_written_after_it_began(folder: Path) -> None:
    writer, reader = SqliteStore("store.db"), SqliteStore("store.db")
    for number in range(5):
        assert reader.newest("a") == number
        append(writer, "a", [draft(b"x = %d" % number)], expect=number)
        if number % 2:
            writer.close()
            writer = SqliteStore("store.db")
    assert [each.content for each in reader.walk("a")] == [b"x = %d" % n for n in range(5)]


@pytest.mark.slow
def test_readers_are_right_while_others_write_and_close(folder: Path) -> None:
    """What was committed is seen whole, whatever the log and the database hold of it at the moment."""
    append(SqliteStore("store.db"), "a", [draft(b"x = 0 " + b"#" * 9000)], expect=0)
    reader, wrong, over = SqliteStore("store.db"), [], threading.Event()

    def write() -> None:
        for number in range(1, 60):
            store = SqliteStore("store.db")
            append(store, "a", [draft(b"x = %d " % number + b"#" * 9000)], expect=number)
            store.close()
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    last = 0
    while not over.is_set():
        head = reader.head("a")
        assert head is not None
        number = int(head.content.split()[2])
        if number != head.number - 1 or number < last:
            wrong.append((number, head.number, last))
        last = number
    thread.join()
    assert wrong == []


def test_a_store_that_may_only_be_read(shared_folder: Path) -> None:
    store = SqliteStore("store.db")
    append(store, "a", [draft()], expect=0)
    store.close()
    Path("store.db").chmod(0o444)
    shared_folder.chmod(0o555)
    with as_a_user():
        reader = SqliteStore("store.db")
        assert reader.newest("a") == 1
        assert chain.verify(reader, "a") == 1
        with pytest.raises(StoreError, match="readonly|read-only"):
            append(reader, "a", [draft(b"x = 2")], expect=1)
        assert reader.newest("a") == 1
        reader.close()
    shared_folder.chmod(0o755)


def test_several_revisions_are_packed_with_one_that_comes_with_them(store: Store) -> None:
    same = b"# the same in all of them, and so packed with the first one of those that come at once\n" * 3
    for first, last in ((0, 2), (2, 40), (40, 43)):
        append(store, "a", [draft(b"x = %d\n" % n + same) for n in range(first, last)], expect=first)
    assert [store.get("a", n).content for n in (2, 33, 34, 41, 43)] == [
        b"x = %d\n" % (n - 1) + same for n in (2, 33, 34, 41, 43)
    ]


def test_a_store_in_memory_that_nobody_closes_leaves_nothing_open() -> None:
    """Python warns of a connection that is collected while it is open."""
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        connection = MemoryStore()._connection
        gc.collect()
    assert [str(each.message) for each in caught] == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        connection.execute("select 1")


@pytest.mark.parametrize(
    "password",
    [
        "don't-tell-me",
        "Ab3 xyz99",
        "[abc]def",
        "x;y=z",
        "true",
        "none",
        "/run/secrets/pg",
        "${ecret}",
        "<abcdefg>",
        "env:ABC",
    ],
)
def test_a_password_in_a_stores_url_is_hidden_whatever_it_looks_like(password: str) -> None:
    shown = without_password(f"postgresql:///confguard?user=ana&password={password}&port=5432")
    assert shown == "postgresql:///confguard?user=ana&password=***&port=5432"
    assert without_password("etcds://db:1/app?cert=me.pem") == "etcds://db:1/app?cert=me.pem"
