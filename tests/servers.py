"""Real servers for tests: PostgreSQL, etcd and Prometheus, on free loopback ports, gone when the tests are.

Where the programs are missing, a test is skipped and says why; in CI it fails.
"""

from __future__ import annotations

import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

START_SECONDS = 30.0


def needed(program: str, folders: str = "", package: str = "") -> str:
    """The path of a program; skips the test, or fails it in CI, where there is none."""
    places = [*sorted(glob.glob(folders), reverse=True), "/usr/sbin", "/sbin"]
    found = shutil.which(program, path=os.pathsep.join(places)) or shutil.which(program)
    if found:
        return found
    why = f"{program} is not on this machine: apt-get install {package or program}"
    if os.environ.get("CONFGUARD_CI"):
        pytest.fail(why)
    pytest.skip(why)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(holds: Callable[[], object], seconds: float = START_SECONDS, what: str = "it") -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true within {seconds:g} seconds")
        time.sleep(0.02)


def _stands_still(pid: int) -> bool:
    """Have all threads of a process stopped? One that has not may answer once more."""
    states = [each.read_text().rpartition(") ")[2][:1] for each in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(state in "Tt" for state in states)


class Postgres:
    """One PostgreSQL server, with `fsync` on. As root, it runs as the user `postgres`: it refuses to run as root."""

    def __init__(self, **settings: object) -> None:
        self._bin = "/usr/lib/postgresql/*/bin"
        initdb = needed("initdb", self._bin, "postgresql")
        self.folder = Path(tempfile.mkdtemp(prefix="confguard-pg-"))
        self.port = free_port()
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.data = self.folder / "data"
        command = [initdb, "-D", str(self.data), "-U", "confguard", "-A", "trust", "-E", "UTF8", "--locale=C"]
        self._run(command)
        lines = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": f"'{self.folder}'",
            "max_connections": 150,
            "shared_buffers": "'32MB'",
            **settings,
        }
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in lines.items())
        self.start()

    def url(self, *, schema: str = "confguard", user: str = "confguard", more: str = "") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/postgres?schema={schema}{more}"

    def start(self) -> None:
        self._run(
            [self._program("pg_ctl"), "-D", str(self.data), "-w", "-l", str(self.folder / "log"), "start"]
        )

    def stop(self, mode: str = "fast") -> None:
        self._run([self._program("pg_ctl"), "-D", str(self.data), "-w", "-m", mode, "stop"])

    def sql(self, statement: str) -> str:
        command = [
            needed("psql", self._bin, "postgresql-client"),
            "-qtAX",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
        ]
        command += ["-p", str(self.port), "-U", "confguard", "-d", "postgres", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def freeze(self) -> None:
        """Stop all its processes, as they stand: the kernel goes on to acknowledge what comes."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, number)
        listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
        for each in map(int, listed):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def close(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _program(self, name: str) -> str:
        return needed(name, self._bin, "postgresql")

    def _run(self, command: list[str]) -> None:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        ended = (
            subprocess.run(
                command,
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                **self._user,
            )
            if "start" not in command
            else subprocess.run(
                command,
                cwd=self.folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                **self._user,
            )
        )
        if ended.returncode:
            log = self.folder / "log"
            told = ended.stderr or (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}: {told}")


class Standby:
    """A replica that follows a primary, and answers questions."""

    def __init__(self, primary: Postgres) -> None:
        self._primary, self.port = primary, free_port()
        self.folder = primary.folder / "standby"
        command = [
            primary._program("pg_basebackup"),
            "-h",
            "127.0.0.1",
            "-p",
            str(primary.port),
            "-U",
            "confguard",
        ]
        primary._run([*command, "-D", str(self.folder), "-R", "-X", "stream"])
        with (self.folder / "postgresql.auto.conf").open("a") as conf:
            conf.write(f"port = {self.port}\n")
        self._ctl("start", "-l", str(primary.folder / "standby.log"))

    def url(self) -> str:
        return self._primary.url().replace(f":{self._primary.port}/", f":{self.port}/")

    def promote(self) -> None:
        """Be the primary from now on."""
        self._ctl("promote")

    def close(self) -> None:
        self._ctl("stop", "-m", "immediate")

    def _ctl(self, what: str, *words: str) -> None:
        self._primary._run([self._primary._program("pg_ctl"), "-D", str(self.folder), "-w", *words, what])


class Etcd:
    """One etcd, or several that form a cluster; each may be killed and started again."""

    def __init__(
        self,
        members: int = 1,
        *,
        hosts: list[str] | None = None,
        prefix: list[list[str]] | None = None,
        tls: dict[str, str] | None = None,
        **settings: object,
    ) -> None:
        self._etcd = needed("etcd", package="etcd-server")
        self.folder = Path(tempfile.mkdtemp(prefix="confguard-etcd-"))
        self.hosts = hosts or ["127.0.0.1"] * members
        self.ports = [free_port() for _ in range(members)]
        self._peers = [free_port() for _ in range(members)]
        self._prefix = prefix or [[] for _ in range(members)]
        self._tls, self._settings = tls or {}, settings
        self.processes: list[subprocess.Popen[bytes] | None] = [None] * members
        for index in range(members):
            self.start(index, wait=False)
        self.wait()

    @property
    def url(self) -> str:
        scheme = "etcds" if self._tls else "etcd"
        return f"{scheme}://" + ",".join(self.endpoints)

    @property
    def endpoints(self) -> list[str]:
        return [f"{host}:{port}" for host, port in zip(self.hosts, self.ports, strict=True)]

    def start(self, index: int, *, wait: bool = True) -> None:
        scheme = "https" if self._tls else "http"
        client = f"{scheme}://{self.hosts[index]}:{self.ports[index]}"
        peers = self._peer_urls
        options = {
            "name": f"m{index}",
            "data-dir": self.folder / f"m{index}",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peers[index],
            "initial-advertise-peer-urls": peers[index],
            "initial-cluster": self._members,
            "initial-cluster-state": "new",
            "log-level": "error",
            "heartbeat-interval": 50,
            "election-timeout": 500,
            **self._tls,
            **self._settings,
        }
        command = [*self._prefix[index], self._etcd]
        command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        environment = {"PATH": os.environ["PATH"], "ETCD_UNSUPPORTED_ARCH": os.uname().machine}
        log = (self.folder / f"m{index}.log").open("ab")
        self.processes[index] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        log.close()
        if wait:
            until(lambda: self.healthy(index), what="etcd's health")

    def wait(self) -> None:
        for index in range(len(self.ports)):
            until(lambda index=index: self.healthy(index), what="etcd's health")

    def healthy(self, index: int) -> bool:
        if self._tls:
            with socket.socket() as probe:
                return probe.connect_ex((self.hosts[index], self.ports[index])) == 0
        try:
            with urllib.request.urlopen(f"http://{self.endpoints[index]}/health", timeout=2) as answer:
                return json.load(answer)["health"] == "true"
        except (OSError, ValueError, KeyError):
            return False

    def leader(self) -> int:
        """The index of the member that leads."""
        for index in range(len(self.ports)):
            if self.processes[index] is None:
                continue
            try:
                status = self.call(index, "maintenance/status", {})
            except OSError:
                continue
            if status.get("leader") == status["header"]["member_id"]:
                return index
        return -1

    def call(self, index: int, path: str, body: dict[str, object]) -> Any:
        """Ask a member through its JSON gateway."""
        request = urllib.request.Request(
            f"http://{self.endpoints[index]}/v3/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def kill(self, index: int, how: int = signal.SIGKILL) -> None:
        process = self.processes[index]
        if process is not None:
            process.send_signal(how)
            process.wait()
            self.processes[index] = None

    def freeze(self, index: int) -> None:
        """It answers nothing, and its connections stay open."""
        process = self.processes[index]
        if process is not None:
            process.send_signal(signal.SIGSTOP)
            until(lambda: _stands_still(process.pid), what="the freeze")

    def thaw(self, index: int) -> None:
        process = self.processes[index]
        if process is not None:
            process.send_signal(signal.SIGCONT)

    def restore(self, backup: Path) -> None:
        """Begin anew, all members, with what `etcdctl snapshot save` kept."""
        for index in range(len(self.ports)):
            self.kill(index)
        for index, peer in enumerate(self._peer_urls):
            shutil.rmtree(self.folder / f"m{index}")
            options = {
                "name": f"m{index}",
                "data-dir": self.folder / f"m{index}",
                "initial-cluster": self._members,
                "initial-advertise-peer-urls": peer,
            }
            words = [f"--{name}={value}" for name, value in options.items()]
            self.ctl("snapshot", "restore", str(backup), *words)
        for index in range(len(self.ports)):
            self.start(index, wait=False)
        self.wait()

    @property
    def _peer_urls(self) -> list[str]:
        return [f"http://{host}:{port}" for host, port in zip(self.hosts, self._peers, strict=True)]

    @property
    def _members(self) -> str:
        return ",".join(f"m{i}={peer}" for i, peer in enumerate(self._peer_urls))

    def ctl(self, *arguments: str, user: str | None = None) -> str:
        command = [needed("etcdctl", package="etcd-client"), f"--endpoints={self.endpoints[0]}"]
        if user:
            command.append(f"--user={user}")
        environment = {"PATH": os.environ["PATH"], "ETCDCTL_API": "3"}
        return subprocess.run(
            [*command, *arguments], check=True, capture_output=True, text=True, env=environment
        ).stdout

    def close(self) -> None:
        for index in range(len(self.ports)):
            self.kill(index)
        shutil.rmtree(self.folder, ignore_errors=True)


class Prometheus:
    """One Prometheus server, which scrapes targets ten times a second."""

    def __init__(self, *targets: str) -> None:
        self._program = needed("prometheus")
        self.folder = Path(tempfile.mkdtemp(prefix="confguard-prometheus-"))
        self.port = free_port()
        scraped = {"job_name": "login", "static_configs": [{"targets": list(targets)}]}
        every = {"scrape_interval": "100ms", "scrape_timeout": "100ms"}
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps({"global": every, "scrape_configs": [scraped]}))  # JSON is YAML
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [self._program, f"--config.file={self.folder}/prometheus.yml"]
        command += [f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{self.port}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
        until(self._is_ready, what="Prometheus's start")

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


if __name__ == "__main__":
    sys.exit("servers for tests; run pytest")
