"""Keeping: retention, export and import, signatures."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

import confguard as cg
from confguard.errors import StoreError
from confguard.stores import Append, Signer, chain, open_store
from confguard.stores.packing import zstd
from confguard.stores.portable import import_
from conftest import STORES, fresh_url
from servers import needed

ANY = cg.Policy(review=101, block=101)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 18, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def filled(count: int = 12, **more: object) -> cg.Guard:
    """A config with a revision a day; the third has a label."""
    clock = Clock()
    guard = cg.Guard("a", format="toml", policy=ANY, clock=clock, **more)  # type: ignore[arg-type]
    for number in range(1, count + 1):
        labels = ("release",) if number == 3 else ()
        guard.apply(
            guard.plan({"x": number}, author="ana@example.com", reason=f"day {number}", labels=labels)
        )
        clock.now += timedelta(days=1)
    return guard


def there(guard: cg.Guard) -> list[int]:
    return sorted(each.number for each in guard.history() if each.content_if_there() is not None)


@pytest.mark.parametrize(
    ("retention", "stay"),
    [
        (cg.Retention(last=2, within="1s"), [3, 11, 12]),
        (cg.Retention(last=2, within="1s", labelled=False), [11, 12]),
        (cg.Retention(last=4, within="1s"), [3, 9, 10, 11, 12]),
        (cg.Retention(last=2, within="6d"), [3, 7, 8, 9, 10, 11, 12]),
        (None, list(range(1, 13))),
    ],
)
def test_what_retention_keeps(folder: Path, retention: cg.Retention | None, stay: list[int]) -> None:
    guard = filled()
    assert guard.thin(retention) == 12 - len(stay)
    assert there(guard) == stay
    assert guard.verify() == 12
    assert guard.revert(reason="back").data == {"x": 11}
    assert guard.plan({"x": 99}, reason="goes on").risk.score < 50


def test_retention_leaves_something_to_go_back_to() -> None:
    with pytest.raises(ValueError, match="last must be 2 or more"):
        cg.Retention(last=1)


def test_what_was_thinned_cannot_be_gone_back_to(folder: Path) -> None:
    guard = filled()
    guard.thin(cg.Retention(last=2, within="1s"))
    with pytest.raises(cg.NotFoundError, match="the content of revision 5 of 'a' was thinned out"):
        guard.revert(5, reason="back")


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES)
def test_a_history_is_carried_to_another_store(
    kind: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    guard = filled(60)
    guard.thin(cg.Retention(last=30, within="1s"))
    guard.export("a.confguard")
    store = open_store(fresh_url(kind, request))
    assert import_(store, "a.confguard") == ("a", 60)
    other = cg.Guard("a", store=store, format="toml", policy=ANY)
    assert other.history() == guard.history()
    assert there(other) == there(guard)
    assert other.verify() == 60
    assert import_(store, "a.confguard") == ("a", 0)
    for number in (100, 101):
        guard.apply(guard.plan({"x": number}, reason="more"))
    guard.export("a.confguard")
    assert import_(store, "a.confguard") == ("a", 2)
    other.apply(other.plan({"x": 7}, reason="goes its own way"))
    guard.apply(guard.plan({"x": 8}, reason="another way"))
    guard.export("a.confguard")
    with pytest.raises(cg.ConflictError, match="revision 63 of 'a' in a.confguard is another one"):
        import_(store, "a.confguard")
    stranger = cg.Guard("a", store="memory://", format="toml")
    stranger.apply(stranger.plan({"x": 99}, reason="not what the store began with"))
    stranger.export("short.confguard")
    with pytest.raises(cg.ConflictError, match="revision 1 of 'a' in short.confguard is another one"):
        import_(store, "short.confguard")
    store.close()


WRITES = {"memory": "commit", "sqlite": "_run", "postgresql": "_run", "etcd": "_commit"}


@pytest.mark.slow
@pytest.mark.parametrize("had", [0, 3])
@pytest.mark.parametrize("kind", STORES)
def test_no_revision_of_old_is_ever_seen_as_the_head(
    kind: str, had: int, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that takes its settings live would take it."""
    guard = filled(had)
    store = open_store(fresh_url(kind, request))
    if had:
        guard.export("short.confguard")
        import_(store, "short.confguard")
    for x in range(100, 180 - had):
        guard.apply(guard.plan({"x": x}, reason="more"))
    guard.export("a.confguard")
    seen: list[int | None] = []
    write = getattr(type(store), WRITES[kind])

    def looked_at(*words: Any, **more: Any) -> None:
        write(*words, **more)
        with suppress(StoreError):
            head = store.head("a")
            seen.append(head and head.number)

    monkeypatch.setattr(type(store), WRITES[kind], looked_at)
    assert import_(store, "a.confguard") == ("a", 80 - had)
    assert set(seen) == {80}
    store.close()


@pytest.mark.slow
def test_an_import_into_etcd_that_was_cut_off_is_finished_by_importing_again(
    folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = filled(60)
    guard.export("a.confguard")
    store = open_store(fresh_url("etcd", request))
    commit, calls = type(store)._commit, []

    def dies(*words: Any, **more: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        commit(*words, **more)

    with monkeypatch.context() as patched:
        patched.setattr(type(store), "_commit", dies)
        with pytest.raises(KeyboardInterrupt):
            import_(store, "a.confguard")
    with pytest.raises(StoreError, match="not all of it is there yet") as caught:
        store.head("a")
    assert "confguard import FILE" in str(caught.value.hint)
    assert import_(store, "a.confguard") == ("a", 35)
    assert cg.Guard("a", store=store, format="toml").history() == guard.history()
    store.close()


def test_an_export_that_is_damaged_is_not_taken(folder: Path) -> None:
    guard = filled()
    guard.export("whole")
    whole = Path("whole").read_bytes()
    store = open_store("memory://")
    for at in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[at] ^= 0x55
        Path("bad").write_bytes(changed)
        try:
            import_(store, "bad")
        except StoreError:
            assert store.configs() == []
        else:  # zstd does not read every bit of its headers
            assert chain.verify(store, "a") == 12
            store = open_store("memory://")
    for content, says in (
        (whole[:-20], "cut short"),
        (b"", "not an export|cut short"),
        (b"not zstd", "not an export"),
        (zstd.compress(b'{"x": 1}\n'), "not an export of confguard"),
        (zstd.compress(b'{"confguard-export": 2}\n'), "newer confguard"),
        (zstd.compress(b'{"confguard-export": 1}\n'), "holds no revision"),
        (zstd.compress(b'{"confguard-export": 1}\n{"config": "a"}\n'), "not a revision"),
        (zstd.compress(b'{"confguard-export": 1}\n[1]\n'), "not a revision"),
        (zstd.compress(b"[" * 100_000 + b"\n"), "not an export"),
    ):
        Path("bad").write_bytes(content)
        with pytest.raises(StoreError, match=says):
            import_(store, "bad")
    with pytest.raises(StoreError, match=r"none: cannot be read: No such file"):
        import_(store, "none")


def test_an_export_whose_revisions_were_swapped_is_not_taken(folder: Path) -> None:
    guard = filled(3)
    guard.export("whole")
    lines = zstd.decompress(Path("whole").read_bytes()).splitlines(keepends=True)
    for order in ([0, 2, 1, 3], [0, 1, 3], [0, 2, 3], [0, 1, 1, 2, 3]):
        Path("bad").write_bytes(zstd.compress(b"".join(lines[i] for i in order)))
        with pytest.raises(cg.IntegrityError, match="does not follow"):
            import_(open_store("memory://"), "bad")


def test_nothing_is_exported_that_is_not_there_or_not_good(folder: Path) -> None:
    with pytest.raises(cg.NotFoundError, match="no config 'a'"):
        cg.Guard("a", store="memory://", format="toml").export("x")
    guard = filled(3)
    guard.store._writing().execute("DROP TRIGGER revision_is_final")  # type: ignore[attr-defined]
    guard.store._writing().execute("UPDATE revision SET author = 'eve' WHERE number = 2")  # type: ignore[attr-defined]
    with pytest.raises(cg.IntegrityError, match="revision 2"):
        guard.export("x")
    assert not Path("x").exists()


@pytest.fixture
def keys(folder: Path) -> Path:
    """Ana's and Eve's keys; only Ana is allowed to sign."""
    keygen = needed("ssh-keygen", package="openssh-client")
    for who in ("ana", "eve"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", who], check=True)
    kind, key, _ = Path("ana.pub").read_text().split()
    Path("signers").write_text(f'# who may sign\nana@example.com namespaces="confguard" {kind} {key}\n')
    return folder


@pytest.mark.parametrize("kind", STORES)
def test_signed_revisions_are_verified(kind: str, keys: Path, request: pytest.FixtureRequest) -> None:
    guard = filled(3, store=fresh_url(kind, request), signer="ana")
    assert guard.verify("signers") == 3
    assert "BEGIN SSH SIGNATURE" in str(guard.revision(2).signature)
    reverted = guard.revert(reason="back", author="ana@example.com")
    assert reverted.signature
    assert guard.verify("signers") == 4
    guard.export("x")
    assert import_(open_store("memory://"), "x") == ("a", 4)


def test_signatures_that_are_not_good(keys: Path) -> None:
    unsigned = filled(2)
    assert unsigned.verify() == 2
    with pytest.raises(cg.IntegrityError, match="no revision of 'a' is signed"):
        unsigned.verify("signers")
    eve = cg.Guard("a", format="toml", policy=ANY, signer=Signer("eve"))
    eve.apply(eve.plan({"x": 50}, author="ana@example.com", reason="it was ana"))
    with pytest.raises(
        cg.IntegrityError, match="revision 3 of 'a' is not signed by ana@example.com, or by a key"
    ):
        eve.verify("signers")
    eve.apply(eve.plan({"x": 51}, author="eve@example.com", reason="it was eve"))
    with pytest.raises(cg.IntegrityError, match="revision 3") as caught:
        eve.verify("signers")
    assert caught.value.bad == (3, 4)
    ana = cg.Guard("b", format="toml", policy=ANY, signer="ana")
    ana.apply(ana.plan({"x": 1}, author="ana@example.com", reason="signed"))
    bare = cg.Guard("b", format="toml", policy=ANY)
    bare.apply(bare.plan({"x": 2}, author="ana@example.com", reason="not signed"))
    with pytest.raises(cg.IntegrityError, match="revision 2 of 'b' is not signed; still good: 1"):
        bare.verify("signers")


def test_a_signature_stands_for_its_revision_alone(keys: Path) -> None:
    guard = filled(2, store="memory://", signer="ana")
    first, second = guard.history()[::-1]
    moved = cg.Guard("a", store="memory://", format="toml")
    moved.store.commit(chain_of(first))
    moved.store.commit(chain_of(second, signature=first.signature))
    with pytest.raises(cg.IntegrityError, match="revision 2 of 'a' is not signed by"):
        moved.verify("signers")


def chain_of(revision: cg.Revision, **changed: object) -> Append:
    return Append(revision.config, (attrs.evolve(revision, **changed),))  # type: ignore[arg-type]


def test_keys_and_files_that_are_not_there(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = cg.Guard("a", store="memory://", format="toml", signer="none")
    with pytest.raises(StoreError, match="none: cannot sign"):
        guard.apply(guard.plan({"x": 1}, reason="x"))
    assert guard.head() is None
    with pytest.raises(StoreError, match="nobody: no such file of allowed signers"):
        guard.verify("nobody")
    monkeypatch.setenv("PATH", "/nowhere")
    signing = cg.Guard("a", store="memory://", format="toml", signer="ana")
    with pytest.raises(StoreError, match="ssh-keygen is not there"):
        signing.apply(signing.plan({"x": 1}, author="ana", reason="x"))


def test_git_would_take_the_signatures(keys: Path) -> None:
    """`ssh-keygen` by itself agrees: what is signed is the digest."""
    guard = filled(1, store="memory://", signer="ana")
    head = guard.head()
    assert head is not None
    Path("sig").write_text(str(head.signature))
    command = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-n",
        "confguard",
        "-f",
        "signers",
        "-I",
        "ana@example.com",
        "-s",
        "sig",
    ]
    assert subprocess.run(command, input=head.digest.encode(), capture_output=True).returncode == 0
    assert shutil.which("ssh-keygen")
