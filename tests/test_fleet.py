"""A fleet: servers that are killed, cut off and restarted, clients that all want to write, and who may do what."""

from __future__ import annotations

import importlib
import os
import pwd
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import frozen

import confguard as cg
from appending import append
from confguard.errors import InDoubtError, StoreError
from confguard.stores import Draft, PlaceState, chain, open_store
from confguard.stores.retrying import LostError
from confguard.stores.sqlite import SqliteStore
from conftest import ROOT, as_a_user, fresh_url
from faults.histories import Clients, Operation, violations
from servers import Etcd, Postgres, free_port, needed, until

pytestmark = pytest.mark.slow
ANY = cg.Policy(review=101, block=101)


@frozen
class X:
    x: int


def checked(clients: Clients, url: str, least: int) -> int:
    """The number of acknowledged commits, if the history is linearizable and the chain good."""
    store = open_store(url)
    log = [(each.number, each.digest) for each in store.walk("c")]
    assert violations(clients.operations, log) == []
    assert chain.verify(store, "c") == len(log)
    store.close()
    assert clients.commits() >= least
    return clients.commits()


def test_the_checker_notices() -> None:
    good = [
        Operation("commit", 1, "a", 0, 1),
        Operation("commit", 2, "b", 2, 3),
        Operation("read", 2, "b", 4, 5),
    ]
    log = [(1, "a"), (2, "b")]
    assert violations(good, log) == []
    for bad, says in (
        ([*good, Operation("read", 1, "a", 6, 7)], "began after 2 was seen"),
        ([*good, Operation("commit", 3, "c", 6, 7)], "revision 3 is lost"),
        ([*good, Operation("read", 2, "x", 6, 7)], "not in the log"),
        (
            [Operation("read", 2, "b", 0, 1), *good[:1], Operation("commit", 2, "b", 2, 3)],
            "before it was made",
        ),
        ([*good, Operation("refused", 2, None, 6, 7)], "nothing ever followed"),
        ([*good, Operation("refused", 1, "b", 4, 5)], "revision 2 was refused, and is there"),
        ([Operation("refused", 1, None, 0, 1), *good], "nothing had followed it yet"),
    ):
        assert any(says in each for each in violations(bad, log)), says
    assert violations(good, [(1, "a"), (2, "b"), (3, "b")]) == ["a revision was applied twice"]


def test_postgresql_killed_in_the_middle_of_commits() -> None:
    server = Postgres()
    try:
        url = server.url()
        open_store(url).close()
        chance = random.Random(1)
        with Clients(lambda: open_store(url)) as clients:
            for _ in range(4):
                reached = clients.commits() + chance.randrange(10, 60)
                until(lambda reached=reached: clients.commits() > reached, what="commits")
                server.stop("immediate")
                time.sleep(chance.uniform(0, 0.2))
                server.start()
            reached = clients.commits() + 10
            until(lambda: clients.commits() > reached, what="commits after the last restart")
        checked(clients, url, 40)
    finally:
        server.close()


def test_postgresql_connections_cut(postgres: Postgres) -> None:
    schema = f"t{uuid.uuid4().hex[:12]}"
    url = postgres.url(schema=schema)
    open_store(url).close()
    with Clients(lambda: open_store(url)) as clients:
        for _ in range(12):
            reached = clients.commits() + 5
            until(lambda reached=reached: clients.commits() > reached, what="commits")
            postgres.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'confguard'"
            )
    checked(clients, url, 50)


def test_three_etcd_members_with_the_leader_killed_and_all_restarted() -> None:
    cluster = Etcd(3)
    try:
        url = f"{cluster.url}/c"
        open_store(url).close()
        with Clients(lambda: open_store(url), 3) as clients:
            for strike in ("leader", "leader", "all"):
                reached = clients.commits() + 8
                until(lambda reached=reached: clients.commits() > reached, 60, "commits")
                struck = list(range(3)) if strike == "all" else [cluster.leader()]
                for index in struck:
                    cluster.kill(index)
                if strike == "leader":
                    reached = clients.commits() + 3
                    until(
                        lambda reached=reached: clients.commits() > reached,
                        60,
                        "commits without the old leader",
                    )
                for index in struck:
                    cluster.start(index, wait=False)
                cluster.wait()
            reached = clients.commits() + 5
            until(lambda: clients.commits() > reached, 60, "commits after all were restarted")
        checked(clients, url, 25)
    finally:
        cluster.close()


@pytest.fixture
def hosts() -> Iterator[tuple[list[str], list[list[str]], list[str]]]:
    """Three network namespaces on a bridge: addresses, what runs a program in each, and the cables."""
    ip = needed("ip", package="iproute2")
    tag = uuid.uuid4().hex[:5]
    bridge, spaces = f"cg{tag}", [f"cg{tag}{i}" for i in range(3)]
    net = f"10.{random.randrange(100, 250)}.{random.randrange(1, 250)}"

    def run(*arguments: str, check: bool = True) -> None:
        ended = subprocess.run([ip, *arguments], capture_output=True, text=True)
        if check and ended.returncode:
            raise OSError(ended.stderr)

    try:
        try:
            run("link", "add", bridge, "type", "bridge")
            run("addr", "add", f"{net}.254/24", "dev", bridge)
            run("link", "set", bridge, "up")
            for i, space in enumerate(spaces):
                run("netns", "add", space)
                run("link", "add", f"{space}h", "type", "veth", "peer", "name", "eth0", "netns", space)
                run("link", "set", f"{space}h", "master", bridge, "up")
                run("-n", space, "addr", "add", f"{net}.{i + 1}/24", "dev", "eth0")
                run("-n", space, "link", "set", "eth0", "up")
                run("-n", space, "link", "set", "lo", "up")
        except OSError as error:
            pytest.skip(f"no network namespaces here (they need root): {error}")
        yield (
            [f"{net}.{i + 1}" for i in range(3)],
            [[ip, "netns", "exec", space] for space in spaces],
            [f"{s}h" for s in spaces],
        )
    finally:
        for space in spaces:
            run("netns", "del", space, check=False)
        run("link", "del", bridge, check=False)


def test_an_etcd_member_that_is_cut_off(hosts: tuple[list[str], list[list[str]], list[str]]) -> None:
    addresses, prefixes, cables = hosts
    cluster = Etcd(3, hosts=addresses, prefix=prefixes)
    try:
        url = f"{cluster.url}/c"
        open_store(url).close()
        with Clients(lambda: open_store(url), 3) as clients:
            for cut in (cluster.leader(), (cluster.leader() + 1) % 3):
                reached = clients.commits() + 8
                until(lambda reached=reached: clients.commits() > reached, 60, "commits")
                subprocess.run(["ip", "link", "set", cables[cut], "down"], check=True)
                reached = clients.commits() + 5
                until(lambda reached=reached: clients.commits() > reached, 90, "commits while one is cut off")
                subprocess.run(["ip", "link", "set", cables[cut], "up"], check=True)
                cluster.wait()
        checked(clients, url, 20)
    finally:
        cluster.close()


def _write(path: str, process: int, count: int) -> None:
    store = SqliteStore(path, busy_seconds=60)
    for turn in range(count):
        while True:
            head = store.head("c")
            draft = chain_draft(f"process = {process}\nturn = {turn}\n")
            try:
                append(store, "c", [draft], expect=head.number if head else 0)
            except cg.ConflictError:
                continue
            break
    store.close()


def chain_draft(text: str) -> Draft:
    return Draft(
        content=text.encode(), format="toml", author="ana", reason="one of many", created_at=datetime.now(UTC)
    )


def test_fifty_processes_on_one_sqlite_file(folder: Path) -> None:
    SqliteStore("store.db").close()
    children = []
    for number in range(50):
        child = os.fork()
        if child == 0:
            try:
                _write("store.db", number, 3)
                os._exit(0)
            except BaseException:  # noqa: BLE001
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 50
    store = SqliteStore("store.db")
    assert chain.verify(store, "c") == 150
    seen = {each.text for each in store.walk("c")}
    assert len(seen) == 150
    store.close()


def test_linearizable_on_sqlite_too(folder: Path) -> None:
    with Clients(lambda: open_store("sqlite:///store.db")) as clients:
        until(lambda: clients.commits() > 100, what="commits")
    checked(clients, "sqlite:///store.db", 100)


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of two megabytes, as working folder; outside of `tmp_path`, which pytest cleans up by itself."""
    around = Path(tempfile.mkdtemp(prefix="confguard-mounted-"))
    root = around / "small"
    root.mkdir()
    ended = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(root)], capture_output=True, text=True
    )
    if ended.returncode:
        shutil.rmtree(around)
        pytest.skip(f"no file system can be mounted here (that needs root): {ended.stderr.strip()}")
    monkeypatch.chdir(root)
    try:
        yield root
    finally:
        monkeypatch.undo()
        subprocess.run(["umount", "-l", str(root)], check=True)
        shutil.rmtree(around, ignore_errors=True)  # a mount that is still in use somewhere harms nobody there


@pytest.mark.parametrize("kind", ["postgresql", "etcd"])
def test_a_crowd_of_watchers(kind: str) -> None:
    """A hundred on one server; `CROWD=1000 make test ARGS='-k crowd'` for a thousand."""
    count = int(os.environ.get("CROWD", "100"))
    server = Postgres(max_connections=count + 20) if kind == "postgresql" else Etcd()
    try:
        store = open_store(server.url() if isinstance(server, Postgres) else server.url)
        append(store, "c", [chain_draft("x = 1\n")], expect=0)
        stop = threading.Event()
        standing, told = threading.Semaphore(0), threading.Semaphore(0)

        def watch() -> None:
            for turn, _ in enumerate(store.watch("c", stop, 600)):
                (told if turn else standing).release()

        watchers = [threading.Thread(target=watch) for _ in range(count)]
        for begin in range(0, count, 50):  # a server takes only so many connections at the same moment
            batch = watchers[begin : begin + 50]
            for watcher in batch:
                watcher.start()
            for _ in batch:
                assert standing.acquire(timeout=60)
        started = time.monotonic()
        append(store, "c", [chain_draft("x = 2\n")], expect=1)
        for _ in watchers:
            assert told.acquire(timeout=60)
        print(f"{count} watchers of {kind} were told within {time.monotonic() - started:.2f} s")
        stop.set()
        for watcher in watchers:
            watcher.join()
        store.close()
    finally:
        server.close()


def test_a_full_file_system_refuses_and_goes_on(mounted: Path) -> None:
    guard = cg.Guard("c", targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="one"))
    Path("ballast").write_bytes(bytes(700_000))
    refused = applied = 0
    for number in range(200):
        try:
            guard.apply(
                guard.plan(
                    cg.parse(f'x = "{os.urandom(20_000).hex()}"\nn = {number}\n', "toml"), reason="fill"
                )
            )
            applied += 1
        except cg.ConfguardError as error:
            assert "No space left" in str(error) or "full" in str(error)
            refused += 1
            if refused == 5:
                break
    assert applied
    assert refused == 5
    assert guard.verify() >= applied + 1
    Path("ballast").unlink()
    guard.close()
    reopened = cg.Guard("c", targets=["a.toml"], policy=ANY)
    assert reopened.drift() == ()
    assert not list(Path().glob(".*staged*"))
    reopened.apply(reopened.plan({"x": 2}, reason="there is room again"))
    assert Path("a.toml").read_text() == "x = 2\n"
    reopened.close()


def test_a_file_system_that_became_read_only(mounted: Path) -> None:
    store = SqliteStore(
        mounted.parent / "store.db"
    )  # what is open for writing keeps its file system writable
    guard = cg.Guard("c", store=store, targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="one"))
    plan = guard.plan({"x": 2}, reason="two")
    other = SqliteStore("other.db")
    append(other, "other", [chain_draft("x = 1\n")], expect=0)
    other.close()
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    with pytest.raises(StoreError, match="readonly|Read-only|unable to open"):
        append(SqliteStore("other.db"), "c", [chain_draft("x = 1\n")], expect=0)
    with pytest.raises(cg.ConfguardError, match="Read-only file system|readonly"):
        guard.apply(plan)
    assert Path("a.toml").read_text() == "x = 1\n"
    subprocess.run(["mount", "-o", "remount,rw", str(mounted)], check=True)
    assert guard.apply(plan).number == 2
    assert guard.drift() == ()
    guard.close()


def test_a_limit_on_the_size_of_files(folder: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "import confguard as cg\n"
        "guard = cg.Guard('c', targets=['a.toml'], policy=cg.Policy(review=101, block=101))\n"
        "guard.apply(guard.plan({'x': 1}, reason='one'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    guard.apply(guard.plan({'x': 'y' * 200_000}, reason='two'))\n"
        "except cg.ConfguardError as error:\n"
        "    print('refused', error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "guard.apply(guard.plan({'x': 3}, reason='three'))\n"
        "assert guard.drift() == () and guard.verify() >= 2\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("refused target a.toml: cannot be written: File too large")


def test_a_clock_that_jumps(folder: Path) -> None:
    now = [datetime(2026, 1, 18, tzinfo=UTC)]
    guard = cg.Guard("c", targets=["a.toml"], policy=ANY, clock=lambda: now[0])
    for number, jump in enumerate(
        (timedelta(days=-400), timedelta(days=9000), timedelta(seconds=-1), timedelta())
    ):
        guard.apply(guard.plan({"x": number}, reason="next"))
        now[0] += jump
    assert guard.verify() == 4
    assert [each.data["x"] for each in guard.history()] == [3, 2, 1, 0]
    assert guard.revert(reason="back").data == {"x": 2}
    assert guard.drift() == ()


def test_a_reader_of_postgresql_cannot_write(postgres: Postgres) -> None:
    """By the words of the how-to page."""
    schema = f"t{uuid.uuid4().hex[:12]}"
    admin = open_store(postgres.url(schema=schema))
    for config in ("auth", "web"):
        guard = cg.Guard(config, store=admin, format="toml", policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
    names = {
        role: f"{role}_{schema}" for role in ("config_reader", "config_writer", "auth_service", "deployer")
    }
    statements = block("docs/how-to/fleet.md", "sql")
    for old, new in {**names, "confguard.": f"{schema}.", "SCHEMA confguard": f"SCHEMA {schema}"}.items():
        statements = statements.replace(old, new)
    postgres.sql(statements)
    writer = cg.Guard(
        "auth", store=postgres.url(schema=schema, user=names["deployer"]), format="toml", policy=ANY
    )
    writer.apply(writer.plan({"x": 2}, reason="by who may"))
    reader = cg.Guard(
        "auth", store=postgres.url(schema=schema, user=names["auth_service"]), format="toml", policy=ANY
    )
    assert reader.head().data == {"x": 2}  # type: ignore[union-attr]
    assert reader.verify() == 2
    assert cg.Guard("web", store=reader.store, format="toml").head() is None, (
        "rows of other configs are not seen"
    )
    for attempt in (
        lambda: reader.apply(reader.plan({"x": 3}, reason="by who may not")),
        lambda: (
            reader.thin(cg.Retention(last=2, within="1us"))
            or reader.store.note_place("auth", "p", None, PlaceState(9))
        ),
        lambda: reader.store.end_bake("auth", 1) or reader.store.note_place("auth", "p", None, PlaceState(1)),
    ):
        with pytest.raises(StoreError, match="this role may not do that"):
            attempt()
    rows = reader.store._rows("SELECT count(*) FROM revision")  # type: ignore[attr-defined]
    assert rows == [(2,)], "whoever asks the tables themselves sees no more"
    for statement in ("UPDATE revision SET author = 'eve'", "DELETE FROM revision", "DROP TABLE revision"):
        psql = [
            "psql",
            "-h",
            "127.0.0.1",
            "-p",
            str(postgres.port),
            "-U",
            names["auth_service"],
            "-d",
            "postgres",
        ]
        command = [*psql, "-v", "ON_ERROR_STOP=1", "-c", f"SET search_path TO {schema}; {statement}"]
        assert subprocess.run(command, capture_output=True).returncode != 0
    assert writer.head().data == {"x": 2}  # type: ignore[union-attr]
    with cg.Live(X, reader, interval=None) as live:
        assert live.current == X(2)


def test_a_reader_of_etcd_cannot_write() -> None:
    """By the words of the how-to page."""
    server = Etcd()
    try:
        for line in block("docs/how-to/fleet.md", "bash").splitlines():
            if line.startswith("etcdctl"):
                server.ctl(
                    *line.split()[1:],
                    user="root:root-secret"
                    if "auth enable" not in line and server_has_auth(server)
                    else None,
                )
        writer_url = server.url.replace("etcd://", "etcd://deployer:deployer-secret@")
        writer = cg.Guard("auth", store=f"{writer_url}/confguard", format="toml", policy=ANY)
        writer.apply(writer.plan({"x": 1}, reason="start"))
        url = server.url.replace("etcd://", "etcd://auth-service:reader-secret@")
        reader = cg.Guard("auth", store=f"{url}/confguard", format="toml", policy=ANY)
        assert reader.head().data == {"x": 1}  # type: ignore[union-attr]
        with pytest.raises(StoreError, match="permission denied") as caught:
            reader.apply(reader.plan({"x": 2}, reason="by who may not"))
        assert "fleet.md" in str(caught.value.hint)
        seen: list[int] = []
        stop = threading.Event()
        watcher = threading.Thread(
            target=lambda: [seen.append(1) for _ in reader.store.watch("auth", stop, 60)]
        )
        watcher.start()
        until(lambda: seen, what="the watch")
        writer.apply(writer.plan({"x": 3}, reason="by who may"))
        until(lambda: len(seen) > 1, what="a reader's watch")
        stop.set()
        watcher.join()
        for wrong, says in (("auth-service:wrong@", "user and password"), ("nobody:x@", "user and password")):
            with pytest.raises(StoreError) as refused:
                open_store(server.url.replace("etcd://", f"etcd://{wrong}") + "/confguard")
            assert says in str(refused.value.hint)
            assert "wrong" not in str(refused.value)
        with pytest.raises(StoreError, match="user name is empty|permission denied"):
            open_store(f"{server.url}/confguard").head("auth")
    finally:
        server.close()


def server_has_auth(server: Etcd) -> bool:
    return (
        subprocess.run(
            ["etcdctl", f"--endpoints={server.endpoints[0]}", "get", "x"],
            capture_output=True,
            env=os.environ | {"ETCDCTL_API": "3"},
        ).returncode
        != 0
    )


def block(page: str, language: str) -> str:
    """The first code block of a language in a page."""
    text = (ROOT / page).read_text()
    return text.split(f"```{language}", 1)[1].split("\n", 1)[1].split("```", 1)[0]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and certificates for a server and a client."""
    openssl = needed("openssl")
    folder = tmp_path_factory.mktemp("tls")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], check=True, capture_output=True, cwd=folder)

    new, days = ["-newkey", "rsa:2048", "-nodes"], ["-days", "2"]
    authority = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    for name in ("ca", "other"):
        run(
            "req",
            "-x509",
            *new,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            *days,
            "-subj",
            f"/CN={name}",
            *authority,
        )
    extensions = (
        "subjectAltName=IP:127.0.0.1",
        "extendedKeyUsage=serverAuth,clientAuth",
        "authorityKeyIdentifier=keyid",
    )
    (folder / "ext").write_text("\n".join((*extensions, "subjectKeyIdentifier=hash\n")))
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext"]
    for who in ("server", "client"):
        run("req", *new, "-keyout", f"{who}.key", "-out", f"{who}.csr", "-subj", f"/CN={who}")
        run("x509", "-req", "-in", f"{who}.csr", "-out", f"{who}.pem", *days, *signed)
    return folder


def test_etcd_over_tls(certificates: Path) -> None:
    server = Etcd(tls=_etcd_tls(certificates, "server", "ca"))
    try:
        mine = f"ca={certificates}/ca.pem&cert={certificates}/client.pem&key={certificates}/client.key"
        guard = cg.Guard("c", store=f"{server.url}/c?{mine}", format="toml", policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        assert guard.verify() == 1
        for query in ("", f"?ca={certificates}/other.pem", f"?ca={certificates}/ca.pem"):
            with pytest.raises(StoreError, match="no endpoint answers"):
                open_store(f"{server.url}/c{query}")
        with pytest.raises(StoreError, match="unknown option 'cer' .did you mean 'cert'"):
            open_store(f"{server.url}/c?cer=x")
    finally:
        server.close()


def test_certificates_that_are_renewed_are_taken_by_a_service_that_runs(
    certificates: Path, tmp_path: Path
) -> None:
    """jetcd#988, etcd#15740: cert-manager and vault put new files in the old one's place; nobody restarts services."""
    for name in ("ca.pem", "client.pem", "client.key"):
        shutil.copy(certificates / name, tmp_path)
    server = Etcd(tls=_etcd_tls(certificates, "server", "ca"))
    try:
        mine = f"ca={tmp_path}/ca.pem&cert={tmp_path}/client.pem&key={tmp_path}/client.key"
        guard = cg.Guard("c", store=f"{server.url}/c?{mine}", format="toml", policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        with cg.Live(X, f"{server.url}/c?{mine}#c", interval=0.5) as live:
            server.kill(0)
            _signed(certificates, "server", certificates / "renewed.pem")
            server._tls = _etcd_tls(certificates, "renewed", "other")
            server.start(0)
            until(lambda: "no endpoint answers" in str(live.problem), what="a server that is not known")
            (tmp_path / "client.pem").write_text("half of")  # for a moment, as where files are written over
            with pytest.raises(cg.StoreError, match="no endpoint answers"):
                guard.head()
            shutil.copy(certificates / "other.pem", tmp_path / "ca.pem")
            _signed(certificates, "client", tmp_path / "client.pem")
            until(lambda: live.problem is None, what="no problem")
            guard.apply(guard.plan({"x": 2}, reason="with the new one"))
            until(lambda: live.current == X(2), what="the settings")
        guard.close()
    finally:
        server.close()


def _signed(folder: Path, who: str, into: Path) -> None:
    """A certificate by the other authority."""
    by = f"-CA {folder}/other.pem -CAkey {folder}/other.key -CAcreateserial -extfile {folder}/ext"
    command = f"{needed('openssl')} x509 -req -in {folder}/{who}.csr -out {into} -days 2 {by}"
    subprocess.run(command.split(), check=True, capture_output=True)


def _etcd_tls(folder: Path, server: str, clients: str) -> dict[str, str]:
    """A server's certificate, and the authority of its clients'."""
    return {
        "cert-file": str(folder / f"{server}.pem"),
        "key-file": str(folder / "server.key"),
        "trusted-ca-file": str(folder / f"{clients}.pem"),
        "client-cert-auth": "true",
    }


def test_postgresql_over_tls(certificates: Path) -> None:
    folder = Path("/tmp") / f"confguard-tls-{uuid.uuid4().hex[:8]}"
    shutil.copytree(certificates, folder)
    try:
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                os.chown(path, pwd.getpwnam("postgres").pw_uid, -1)
        (folder / "server.key").chmod(0o600)
        server = Postgres(
            ssl="on", ssl_cert_file=f"'{folder}/server.pem'", ssl_key_file=f"'{folder}/server.key'"
        )
        try:
            hba = (server.data / "pg_hba.conf").read_text().replace("host  ", "hostssl")
            (server.data / "pg_hba.conf").write_text(hba)
            server.stop()
            server.start()
            good = server.url(more=f"&sslmode=verify-full&sslrootcert={certificates}/ca.pem")
            guard = cg.Guard("c", store=good, format="toml", policy=ANY)
            guard.apply(guard.plan({"x": 1}, reason="start"))
            assert guard.verify() == 1
            for more in ("&sslmode=disable", f"&sslmode=verify-full&sslrootcert={certificates}/other.pem"):
                with pytest.raises(StoreError, match="cannot be reached"):
                    open_store(server.url(more=more))
            guard.close()
        finally:
            server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("kind", ["postgresql", "etcd"])
def test_a_newer_layout_is_refused(kind: str, request: pytest.FixtureRequest) -> None:
    url = fresh_url(kind, request)
    store = open_store(url)
    append(store, "a", [chain_draft("x = 1\n")], expect=0)
    if kind == "postgresql":
        store._connection.execute(store._tables.named("UPDATE layout SET version = 99"))  # type: ignore[attr-defined]
    else:
        name = url.rpartition("/")[2]
        request.getfixturevalue("etcd").ctl("put", f"{name}/layout", "99")
    store.close()
    with pytest.raises(StoreError, match=r"made by a newer confguard \(layout 99, this one knows 1\)"):
        open_store(url)


def test_history_is_final_in_postgresql(postgres: Postgres) -> None:
    schema = f"t{uuid.uuid4().hex[:12]}"
    guard = cg.Guard("c", store=postgres.url(schema=schema), format="toml", policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    for statement in (
        "UPDATE revision SET author = 'eve'",
        "DELETE FROM revision",
        "TRUNCATE revision CASCADE",
    ):
        with pytest.raises(subprocess.CalledProcessError) as caught:
            postgres.sql(f"SET search_path TO {schema}; {statement}")
        assert "history is final" in caught.value.stderr
    guard.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://127.0.0.1:9/x", "cannot be reached"),
        ("postgresql://ana:geheim@127.0.0.1:9/x", "cannot be reached"),
        ("postgresql://127.0.0.1:9/x?schema=a-b", "'a-b' is not a schema's name"),
        ("etcd://127.0.0.1:9", "no endpoint answers"),
        ("etcd://ana:geheim@127.0.0.1:9/x", "no endpoint answers"),
        ("etcd://127.0.0.1:x", "'127.0.0.1:x' is not an endpoint"),
        ("etcds://[::1]:9/x", "no endpoint answers"),
    ],
)
def test_servers_that_are_not_there(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says) as caught:
        open_store(url)
    assert "geheim" not in str(caught.value)


def test_files_are_private_to_their_user(shared_folder: Path) -> None:
    os.umask(0o022)
    guard = cg.Guard("c", targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    guard.export("copy")
    cg.Live(X, guard, cache="last-good", interval=None).close()
    guard.close()
    with as_a_user():
        if os.geteuid() == Path("a.toml").stat().st_uid:
            pytest.skip("only root can become somebody else")
        for path in Path().iterdir():
            with pytest.raises(PermissionError):
                path.read_bytes()


@pytest.mark.parametrize("kind", ["postgresql", "etcd"])
def test_many_write_to_a_new_store_at_the_same_moment(kind: str, request: pytest.FixtureRequest) -> None:
    for _ in range(3):
        url, wrong, barrier = fresh_url(kind, request), [], threading.Barrier(12)

        def work(
            number: int, url: str = url, barrier: threading.Barrier = barrier, wrong: list[object] = wrong
        ) -> None:
            try:
                store = open_store(url)
                barrier.wait()
                append(store, f"config {number}", [chain_draft("x = 1\n")], expect=0)
                store.close()
            except BaseException as error:  # noqa: BLE001
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        store = open_store(url)
        assert len(store.configs()) == 12
        store.close()


@pytest.mark.parametrize("kind", ["postgresql", "etcd"])
def test_a_commit_whose_answer_is_lost_for_good_is_in_doubt(
    kind: str, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = cg.Guard("a", store=fresh_url(kind, request), targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    plan = guard.plan({"x": 2}, reason="two")
    module = importlib.import_module(f"confguard.stores.{'postgres' if kind == 'postgresql' else 'etcd'}")
    where, name = (module.PostgresStore, "_run") if kind == "postgresql" else (module.Client, "transaction")
    send = getattr(where, name)

    def loses_the_answer(*words: object) -> None:
        with suppress(Exception):  # said a second time, it conflicts
            send(*words)
        raise LostError("the network went away")

    monkeypatch.setattr("confguard.stores.retrying.PATIENCE_SECONDS", 0.2)
    with monkeypatch.context() as patched:
        patched.setattr(where, name, loses_the_answer)
        with pytest.raises(InDoubtError, match="in doubt whether revision 2 of 'a' was committed") as caught:
            guard.apply(plan)
    assert "confguard log a" in str(caught.value.hint)
    assert Path("a.toml").read_text() == "x = 1\n"
    assert [each.what for each in guard.recover()] == ["written"]
    assert Path("a.toml").read_text() == "x = 2\n"


@pytest.mark.parametrize("kind", ["postgresql", "etcd"])
def test_a_commit_that_nobody_heard_is_not_in_doubt(
    kind: str, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = cg.Guard("a", store=fresh_url(kind, request), targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    plan = guard.plan({"x": 2}, reason="two")
    monkeypatch.setattr("confguard.stores.retrying.PATIENCE_SECONDS", 0.2)
    if kind == "postgresql":
        guard.store._connection.close()
        port = rf"(\D){request.getfixturevalue('postgres').port}"
        monkeypatch.setattr(guard.store, "url", re.sub(port, rf"\g<1>{free_port()}", guard.store.url))
    else:
        (endpoint,) = guard.store._client._endpoints
        endpoint.close()
        endpoint.pool.port = free_port()
    with pytest.raises(cg.StoreError) as caught:
        guard.store.commit(guard.change_of(plan).append)
    assert not isinstance(caught.value, InDoubtError)
