"""What the agent serves to Prometheus."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import confguard as cg
from confguard.agent.metrics import Metrics, listen_address, serving
from confguard.cli import main
from confguard.errors import ConfguardError, StoreError
from conftest import ROOT
from servers import free_port, until


def scraped(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return str(answer.read().decode())


@pytest.mark.slow
def test_an_agent_serves_what_it_knows(folder: Path) -> None:
    port = free_port()
    Path("confguard.toml").write_text(
        f'[agent]\nmetrics = {port}\n[configs.auth]\nfiles = ["auth.toml"]\ntargets = ["live.toml"]\n[configs.new]\n'
    )
    with cg.Guard("auth", targets=["live.toml"]) as guard:
        for n in (1, 2):
            guard.apply(guard.plan({"n": n, "token": "PLANTED"}, reason="password=PLANTED"), "a test")
    Path("live.toml").write_text("n = 9\n")
    command = [sys.executable, "-m", "confguard", "agent"]
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as agent:
        try:
            assert agent.stdout is not None
            assert f"serves http://127.0.0.1:{port}/metrics" in agent.stdout.readline()
            url = f"http://127.0.0.1:{port}/metrics"
            until(lambda: 'confguard_events_total{config="auth",kind="drifted"} 1\n' in scraped(url), 10)
            text = scraped(url)
        finally:
            agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    assert 'confguard_revision{config="auth"} 2\n' in text
    assert 'confguard_revision{config="new"} 0\n' in text
    assert 'confguard_baking{config="auth"} 0\n' in text
    assert "PLANTED" not in text


def test_a_store_that_is_away_and_names_with_quotes() -> None:
    def away(_: str) -> cg.Guard:
        raise StoreError("away: password=PLANTED")

    text = Metrics(['a"b\\'], away).text()
    assert 'confguard_store_up{config="a\\"b\\\\"} 0\n' in text
    assert "confguard_revision{" not in text
    assert "PLANTED" not in text


def test_a_client_that_says_nothing_holds_up_nobody() -> None:
    with serving(Metrics([], cg.Guard), ("127.0.0.1", 0)) as url:
        port = int(url.split(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port)):
            assert "# TYPE confguard_revision gauge" in scraped(url)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            scraped(url.replace("/metrics", "/"))


@pytest.mark.parametrize("text", ["", "x", "127.0.0.1:", "1:99999", ":-1"])
def test_no_address(text: str) -> None:
    with pytest.raises(ConfguardError, match="is not an address"):
        listen_address(text)


def test_a_port_that_is_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("confguard.toml").write_text('[agent]\nmetrics = "0.0.0.0:1"\n[configs.auth]\n')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["agent", "--metrics", f"127.0.0.1:{port}"]) == 2
    assert f"cannot listen at 127.0.0.1:{port}: " in capsys.readouterr().err
