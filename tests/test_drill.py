"""Drills: misconfigurations that are injected, and what catches them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import confguard.testing
from confguard.cli import main
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import parse
from confguard.documents.layout import Layout
from confguard.drill import drill
from confguard.drill.candidates import Candidates
from confguard.drill.mutants import mutants
from confguard.errors import ConfguardError
from confguard.fields import Duration
from confguard.risk.judging import Terms
from confguard.risk.policy import Decision, Policy
from confguard.rollout import Bake
from confguard.rollout.probes import as_probe, ask
from confguard.schema.schema import resolve_schema
from conftest import incidents, unmeasured

AUTH = files("confguard.demo").joinpath("auth.toml").read_text()
PROJECT = 'store = "sqlite:///c.db"\n[configs.auth]\nfiles = ["auth.toml"]\nschema = "{}"\n'
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("auth.toml").write_text(AUTH)
    Path("confguard.toml").write_text(PROJECT.format("confguard.demo.settings:AuthSettings"))
    return tmp_path


def result(capsys: Capture, *words: str) -> dict[str, object]:
    assert main(["drill", *words, "--format", "json"]) == 0
    made: dict[str, object] = json.loads(capsys.readouterr().out)
    return made


@pytest.mark.slow
@pytest.mark.once
def test_the_example_service_is_drilled_and_its_advice_raises_the_share(
    project: Path, capsys: Capture
) -> None:
    before = {each.name: each.read_bytes() for each in project.iterdir()}
    first = result(capsys, "auth")
    assert first["tried"] >= 300  # type: ignore[operator]
    assert {each.name: each.read_bytes() for each in project.iterdir()} == before
    assert {each["caught_by"] for each in first["cases"]} == {"parser", "schema", "risk policy", "none"}  # type: ignore[attr-defined]
    bounds = [each["paste"] for each in first["advice"] if each["kind"] == "bound"]  # type: ignore[attr-defined]
    with Path("confguard.toml").open("a") as file:
        file.write("\n" + "\n\n".join(bounds) + "\n")
    second = result(capsys, "auth")
    assert first["share"] < second["share"] == first["share_with_bounds"]  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.once
def test_what_a_bound_allows_still_passes(project: Path, capsys: Capture) -> None:
    pastes = [each["paste"] for each in result(capsys, "auth")["advice"] if each["kind"] == "bound"]  # type: ignore[attr-defined]
    with Path("confguard.toml").open("a") as file:
        file.write("\n" + "\n\n".join(pastes) + "\n")
    Path("after.toml").write_text(AUTH.replace('"75s"', '"90s"').replace("20000", "24000"))
    Path("confguard.toml").write_text(Path("confguard.toml").read_text().replace('"auth.toml"', '"a*.toml"'))
    assert main(["assess", "auth.toml", "after.toml"]) == 0


@pytest.mark.slow
@pytest.mark.once
def test_a_seed_repeats_it_byte_for_byte_and_another_chooses_others(project: Path, capsys: Capture) -> None:
    out = []
    for seed in ("7", "7", "8"):
        main(["drill", "auth.toml", "--seed", seed, "--limit", "60", "--format", "json"])
        out.append(capsys.readouterr().out)
    assert out[0] == out[1] != out[2]


@pytest.mark.slow
@pytest.mark.once
def test_what_means_the_same_is_not_counted() -> None:
    schema = resolve_schema("confguard.demo.settings:AuthSettings")
    made = drill(parse(AUTH, "toml"), Terms(schema=schema))
    assert made.equivalent > 5  # to drop a key that holds its default changes nothing
    assert not [each for each in made.cases if each.kind == "dropped" and each.path == "server.workers"]


@pytest.mark.slow
@pytest.mark.once
def test_caught_by_the_policy_is_what_it_stops_not_what_it_finds() -> None:
    strict, loose = (
        drill(parse(AUTH, "toml"), Terms(policy=Policy(review=score, block=score))) for score in (1, 101)
    )
    assert strict.share > loose.share
    assert "risk policy" not in {each.caught_by for each in loose.cases}
    lenient = drill(parse(AUTH, "toml"), Terms(policy=Policy(review=1, block=101)), fail_on=Decision.REVIEW)
    assert lenient.share == strict.share


def test_the_outage_is_among_the_changes() -> None:
    found = {each.content for each in mutants(parse(AUTH, "toml"), (), 0)}
    assert files("confguard.demo").joinpath("auth.faster.toml").read_bytes() in found


REPEATED = [
    "alg-none",
    "cors-any",
    "db-public",
    "google-2016-gce",
    "joyent-2014",
    "monzo-2019",
    "retry-storm",
    "roblox-2021",
    "steam-2015-cache",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", REPEATED)
def test_each_reconstructed_outage_is_tried_on_the_config_that_it_happened_to(name: str) -> None:
    outage = next(each for each in incidents() if each["id"] == name)
    before, after = (parse(outage[which], outage["format"]) for which in ("before", "after"))
    tried = [
        parse_bytes(each.content, before.format).data
        for each in mutants(before, (), 0)
        if each.kind == "reconstructed outage"
    ]
    assert after.data in tried


def test_an_outage_is_not_tried_where_its_settings_mean_something_else() -> None:
    unlike = parse('origins = ["a"]\nretries = "never"\nhosts = "a"\ncluster_size = 3\n', "toml")
    assert "reconstructed outage" not in {each.kind for each in mutants(unlike, (), 0)}


@pytest.mark.slow
@pytest.mark.once
def test_a_test_command_catches_what_no_other_layer_does(project: Path, capsys: Capture) -> None:
    Path("check.py").write_text(
        "import sys; sys.exit('redis://sessions:6379' not in open(sys.argv[1]).read())"
    )
    made = result(capsys, "auth", "--test", f"{sys.executable} check.py {{}}")
    assert {"kind": "other environment", "path": "sessions.store", "caught_by": "candidate tests"} in made[
        "cases"
    ]  # type: ignore[operator]


def test_values_of_other_environments_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("test", "live"):
        Path(name).mkdir()
        Path(name, "a.toml").write_text(f'db = "{name}-db"\n')
    found = list(mutants(parse('db = "live-db"\n', "toml"), [parse('db = "test-db"\n', "toml")], 0))
    assert ("stale copy", b'db = "test-db"\n') in [(each.kind, each.content) for each in found]


@pytest.mark.slow
def test_a_list_of_tables_is_drilled() -> None:
    text = (
        '[[servers]]\nhost = "a"\nport = 80\n[[servers]]\nhost = "b"\nport = 81\n[servers.tls]\non = true\n'
    )
    assert drill(parse(text, "toml")).tried > 50


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_config_is_refused(text: str) -> None:
    with pytest.raises(ConfguardError, match="is empty"):
        drill(parse(text, "toml"))


def test_what_does_not_parse_or_is_no_number_is_an_error(project: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text("a = [")
    assert main(["drill", "auth"]) == 2
    assert main(["drill", "auth", "--test", "'"]) == 2
    assert "auth.toml:1" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("yaml", "a: &x {b: 1s, c: [1, 2]}\nd: *x\n---\ne: yes\n"),
        ("json", '[1, {"a": null, "b": "\\u001b[31m<b>"}]'),
        ("ini", "[a]\nb = 1\n"),
        ("env", "A=1\nB=two\n"),
        ("properties", "a.b=1\nc=2\n"),
        ("toml", 'x = 1e999\ny = nan\nz = -9223372036854775808\n"q\\"" = "\\u007f"\n'),
    ],
)
def test_every_format_and_odd_values(format: str, text: str) -> None:
    made = drill(parse(text, format), limit=200)
    assert made.tried > 10


@pytest.mark.slow
@pytest.mark.once
def test_a_huge_config_is_bounded() -> None:
    text = "".join(f"[t{n}]\na = {n}\nb = 'x{n}'\n" for n in range(2_000))
    assert drill(parse(text, "toml"), limit=5).tried == 5


@pytest.mark.slow
def test_secrets_and_escapes_do_not_reach_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text('password = "hunter2-hunter2"\n"k\\u001b[31m" = 1\napi_token = 91827364\n')
    for way in ("text", "json"):
        assert main(["drill", "a.toml", "--format", way]) == 0
        out = capsys.readouterr().out
        assert "hunter2" not in out
        assert "91827364" not in out
        assert "\x1b" not in out


def test_nothing_is_written_beside_a_config_in_a_read_only_folder(project: Path, capsys: Capture) -> None:
    project.chmod(0o555)
    try:
        made = result(capsys, "auth", "--limit", "20", "--test", "test -w {}")
    finally:
        project.chmod(0o755)
    assert made["tried"] == 20
    assert "none" in {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    assert sorted(each.name for each in project.iterdir()) == ["auth.toml", "confguard.toml"]


def test_a_test_command_that_hangs_is_ended_and_counts_as_a_catch(project: Path, capsys: Capture) -> None:
    command = "sh -c 'cmp -s $0 auth.toml || exec sleep 60' {}"
    began = time.monotonic()
    made = result(capsys, "auth", "--limit", "20", "--test", command, "--timeout", "200ms")
    assert time.monotonic() - began < 30
    layers = {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    assert "candidate tests" in layers
    assert "none" not in layers


@pytest.mark.slow
def test_the_test_that_a_config_has_is_run_and_what_is_said_wins(project: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(
        PROJECT.format("confguard.demo.settings:AuthSettings")
        + 'drill_test = ["cmp", "-s", "{}", "auth.toml"]\n'
    )

    def layers(*words: str) -> set[str]:
        return {each["caught_by"] for each in result(capsys, *words, "--limit", "30")["cases"]}  # type: ignore[attr-defined]

    for name in ("auth", "auth.toml"):
        assert {"candidate tests"} <= layers(name)
        assert "none" not in layers(name)
        assert "candidate tests" not in layers(name, "--test", "")
        assert "candidate tests" not in layers(name, "--test", "test -s {}")
    in_tests = {each.caught_by for each in confguard.testing.drill("auth.toml", limit=30).cases}
    assert "candidate tests" in in_tests
    assert "none" not in in_tests


@pytest.mark.parametrize(
    ("text", "format"),
    [("[db]\nport = 5432\n", "toml"), ("[db]\nport = 5432\n", "ini"), ("PORT=5432\n", "env")],
)
def test_advice_is_on_settings_that_are_there(text: str, format: str) -> None:
    """A misspelt key is told of by the setting that is missing then; no rule is on the misspelt name."""
    made = drill(parse(text, format), Terms(), limit=60)
    bounds = [each for each in made.advice if each.kind == "bound"]
    assert [each.path.lower() for each in bounds] == ["db.port" if "[" in text else "port"]
    assert bounds[0].closes > 5
    assert {each.path.lower() for each in made.advice} <= {"db.port", "port", "db"}


def test_a_test_command_that_reads_no_copy_is_refused(project: Path, capsys: Capture) -> None:
    assert main(["drill", "auth", "--test", "sh check.sh auth.toml"]) == 2
    assert "names no copy" in capsys.readouterr().err


@pytest.mark.slow
def test_without_cel_it_is_drilled_and_said_why_there_is_no_advice(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cel", None)
    made = result(capsys, "auth", "--limit", "40")
    assert made["tried"] == 40
    assert made["advice"] == []
    assert "confguard-safety[cel]" in str(made["notes"])
    assert main(["drill", "auth", "--limit", "40"]) == 0
    assert "no advice" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (
            ["hint", "suspects --symptom 'logins are rejected'", "revert auth --reason 'logins fail'"],
            0,
            "logins well",
        ),
        (["log 'auth", "quit"], 1, "given up"),
    ],
)
def test_a_drill_with_people(words: list[str], code: int, says: str) -> None:
    pytest.importorskip("starlette", reason="the demo is not installed")
    playing = subprocess.Popen(
        [sys.executable, "-m", "confguard", "drill", "--live", "--seed", "3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert playing.stdin
    assert playing.stdout
    seen = ""
    try:
        for line in playing.stdout:  # until the clock has gone on after the change
            seen += line
            if "of logins succeed" in line:
                break
        playing.stdin.write("\n".join(words) + "\n")
        playing.stdin.flush()
        more, _ = playing.communicate(timeout=100)
    finally:
        playing.kill()
    seen += more
    assert playing.returncode == code, seen
    assert f"  {says}" in seen
    assert "Debrief: the queue" in seen
    assert "server.max_inflight: 400 -> 4 (100 times less)" in seen
    assert "Traceback" not in seen
    if code == 0:
        assert "hint: Attacks come from outside" in seen
        assert "1. auth, revision 2 by ops" in seen
        assert "would have said review: risk 70 (CG201)" in seen


SERVICE = """
import http.server, os, subprocess, sys, time, tomllib
from pathlib import Path

file = Path(sys.argv[1])
size = tomllib.loads((file / "pool.toml" if file.is_dir() else file).read_text())["size"]
print(os.getpid(), file=Path("pids").open("a"))
if "CHILD" in os.environ:  # what a service starts goes with it
    print(subprocess.Popen(["sleep", "300"]).pid, file=Path("pids").open("a"))
print("size", size, "password=hunter2-hunter2", flush=True)
if size == 0:
    time.sleep(300)  # it waits for something
asked = 0


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        self.send_response(503 if size < 0 and asked > 2 else 200)
        self.end_headers()
        self.wfile.write(b'{"requests": %d, "errors": %d}' % (9 * asked, 9 * asked if size > 999 else 0))

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Answer).serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Path:
    """A project with a service that answers on a free port."""
    monkeypatch.chdir(tmp_path)
    Path("pids").touch()
    Path("service.py").write_text(SERVICE)
    Path("pool.toml").write_text("size = 64\n")
    Path("confguard.toml").write_text(
        f'[configs.pool]\nfiles = ["pool.toml"]\nprobes = ["http://127.0.0.1:{port}/"]\n'
        f'drill_service = ["{sys.executable}", "service.py", "{{}}", "{port}"]\n'
    )
    return tmp_path


def candidates(port: int, **more: Any) -> Candidates:
    url = f"http://127.0.0.1:{port}/"
    bake = Bake("300ms", [url], [{"url": url, "baseline": 0.01}])
    given = {
        "service": [sys.executable, "service.py", "{}", str(port)],
        "bake": bake,
        "timeout": Duration("3s"),
    }
    return Candidates(**given | more)


def none_lives(pids: str) -> bool:
    """Has all ended that is named, within a moment?"""
    until = time.monotonic() + 5
    while any(Path("/proc", each, "cwd").exists() for each in pids.split()):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "unhealthy"),
    [
        ("size = 640", False),
        ("sizes = 64", True),  # it ends by itself
        ("size = 0", True),  # it does not get healthy
        ("size = -64", True),  # its probe fails after a while
        ("size = 64000", True),  # its monitor alarms
    ],
)
def test_a_service_is_watched_with_a_copy_and_ended(
    pool: Path, port: int, text: str, unhealthy: bool
) -> None:
    Path("copy.toml").write_text(text)
    timeout = Duration("3s" if text == "size = 0" else "20s")  # a busy machine starts nothing in a second
    assert candidates(port, timeout=timeout).unhealthy(Path("copy.toml")) == unhealthy
    pids = Path("pids").read_text()
    assert bool(pids) == (text != "sizes = 64")
    assert none_lives(pids)


@pytest.mark.slow
def test_a_service_that_does_not_get_healthy_is_not_waited_for_much_longer_than_usual(
    pool: Path, port: int
) -> None:
    known = candidates(port, timeout=Duration("60s")).check_service(Path("pool.toml"))
    Path("copy.toml").write_text("size = 0")
    begun = time.monotonic()
    assert known.unhealthy(Path("copy.toml"))
    assert time.monotonic() - begun < 30
    assert known.patience < known.timeout == Duration("60s")


@pytest.mark.slow
def test_probes_and_monitors_are_a_layer_after_the_others(pool: Path, capsys: Capture) -> None:
    made = result(capsys, "pool", "--limit", "12", "--watch", "200ms", "--timeout", "1s")
    layers = {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    assert {"parser", "probes and monitors"} <= layers
    assert none_lives(Path("pids").read_text())
    made = result(capsys, "pool", "--limit", "12", "--service", "")
    assert "probes and monitors" not in {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    in_tests = confguard.testing.drill("pool.toml", limit=6, watch="200ms", timeout="1s")
    assert "probes and monitors" in {each.caught_by for each in in_tests.cases}


def test_a_service_that_is_not_healthy_as_it_is_tells_nothing(pool: Path, capsys: Capture) -> None:
    Path("pool.toml").write_text("size = -64\n")
    assert main(["drill", "pool", "--limit", "5", "--watch", "1s"]) == 2
    said = capsys.readouterr().err
    assert "the service is not healthy with the config as it is: GET http" in said
    assert "answered 503" in said
    assert "it printed: size -64" in said
    assert "hunter2" not in said
    for command, why in (
        ("false {}", "it ended with 1"),
        ("no-such-program {}", "cannot be run: No such file"),
    ):
        assert main(["drill", "pool", "--service", command]) == 2
        assert f"with the config as it is: {why}" in capsys.readouterr().err
    assert main(["drill", "pool", "--service", "sleep 60", "--limit", "5"]) == 2
    assert "the service command names no copy" in capsys.readouterr().err


def test_a_service_without_anything_that_watches_it_is_refused(pool: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text('[configs.pool]\nfiles = ["pool.toml"]\n')
    for name in ("pool", "pool.toml"):
        assert main(["drill", name, "--service", "sleep 60 {}"]) == 2
        said = capsys.readouterr().err
        assert "watched by the probes and monitors of its config, and there are none" in said
        assert "[configs.NAME]" in said


def test_a_probe_that_another_service_answers_tells_nothing(pool: Path, port: int, capsys: Capture) -> None:
    other = subprocess.Popen(
        [sys.executable, "service.py", "pool.toml", str(port)], stdout=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 20
        while ask(as_probe(f"http://127.0.0.1:{port}/")) and time.monotonic() < until:
            time.sleep(0.05)
        assert main(["drill", "pool"]) == 2
        assert "healthy before the service is started" in capsys.readouterr().err
    finally:
        other.kill()
        other.wait()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("layer", ["service", "test"])
def test_nothing_stays_after_a_signal(pool: Path, number: int, code: int, layer: str) -> None:
    words = [sys.executable, "-m", "confguard", "drill", "pool", "--watch", "60s"]
    if layer == "test":
        script = "cmp -s $0 pool.toml || { sleep 300 & echo $! > pids; wait; }"
        words += ["--service", "", "--test", f"sh -c '{script}' {{}}"]
    environment = unmeasured() | {"TMPDIR": str(pool), "CHILD": "1"}
    drilling = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    until = time.monotonic() + 60
    while (
        len(Path("pids").read_text().split()) < (2 if layer == "service" else 1)
        and drilling.poll() is None
        and time.monotonic() < until
    ):
        time.sleep(0.02)
    drilling.send_signal(number)
    said, _ = drilling.communicate(timeout=30)
    assert drilling.returncode == code, said
    assert b"Traceback" not in said
    assert Path("pids").read_text().strip()
    assert none_lives(Path("pids").read_text())
    assert not list(pool.glob("confguard-drill-*"))


@pytest.mark.slow
def test_nothing_stays_after_an_exception(pool: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHILD", "1")

    class Interrupting:
        name = "one of the user's own"

        def check(self) -> str | None:
            raise SystemExit(7)

    bake = Bake("5s", [f"http://127.0.0.1:{port}/", Interrupting()])
    with pytest.raises(SystemExit):
        candidates(port, bake=bake).unhealthy(Path("pool.toml"))
    assert none_lives(Path("pids").read_text())


@pytest.mark.slow
def test_a_test_that_refuses_the_config_as_it_is_tells_nothing(project: Path, capsys: Capture) -> None:
    for command, why in (
        ("sh -c 'echo no redis here; exit 3' {}", "ended with 3"),
        ("no-such-program {}", "cannot be run: No such file or directory"),
        ("sh -c 'echo no redis here; sleep 60' {}", "did not end within 300ms"),
    ):
        assert main(["drill", "auth", "--test", command, "--timeout", "300ms"]) == 2
        said = capsys.readouterr().err
        assert f"the test command {why} for the config as it is, and so would catch everything" in said
        assert ("it printed: no redis here" in said) == ("echo" in command)
        assert "hint: " in said


def test_a_secret_that_a_test_prints_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text('password = "plain words of ours"\n')
    assert main(["drill", "a.toml", "--test", "sh -c 'cat $0; exit 1' {}"]) == 2
    said = capsys.readouterr().err
    assert "it printed" in said
    assert "plain words" not in said


@pytest.fixture
def several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("deploy/conf.d").mkdir(parents=True)
    Path("deploy/base.toml").write_text('level = "info"\n[db]\nhost = "db.internal"\npool = 10\n')
    Path("deploy/prod.yaml").write_text("db:\n  pool: 40   # production has more\n")
    Path("deploy/mail.toml").write_text('every = "5m"\npassword = "hunter2-hunter2"\n')
    Path("deploy/conf.d/report.toml").write_text('every = "1h"\n')
    Path("confguard.toml").write_text(
        'store = "sqlite:///c.db"\n[configs.app]\nlayers = ["deploy/base.toml", "deploy/prod.yaml"]\n'
        '[configs.jobs]\nfiles = ["deploy/mail.toml", "deploy/conf.d/*.toml"]\ntargets = ["live"]\n'
    )
    Path("check.py").write_text(
        "import sys; from pathlib import Path; copy, most = Path(sys.argv[1]), int(sys.argv[2])\n"
        "files = [each.relative_to(copy) for each in copy.rglob('*.*') if each.is_file()]\n"
        "wrong = [each for each in files if (copy / each).read_bytes() != Path('deploy', each).read_bytes()]\n"
        "sys.exit(len(files) != 2 or len(wrong) > most)\n"
    )
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "names"), [("app", ["base.toml", "prod.yaml"]), ("jobs", ["conf.d/report.toml", "mail.toml"])]
)
def test_each_file_of_several_is_wrong_in_turn(
    several: Path, capsys: Capture, name: str, names: list[str]
) -> None:
    before = {each: each.read_bytes() for each in several.rglob("*") if each.is_file()}
    made = result(capsys, name, "--limit", "20", "--test", f"{sys.executable} check.py {{}} 1")
    paths: list[str] = [each["path"] for each in made["cases"]]  # type: ignore[attr-defined]
    assert len(paths) == 20
    assert sorted({path.partition(":")[0] for path in paths}) == names
    layers = {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    assert "none" in layers
    assert "candidate tests" not in layers  # the other file is as it was
    made = result(capsys, name, "--limit", "20", "--test", f"{sys.executable} check.py {{}} 0")
    assert "none" not in {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    assert {each: each.read_bytes() for each in several.rglob("*") if each.is_file()} == before
    assert confguard.testing.drill(name, limit=20).tried == 20


@pytest.mark.slow
def test_what_a_layer_below_hides_is_no_misconfiguration(several: Path) -> None:
    layers = Layout(["base.toml", "prod.yaml"], layered=True).bundle("deploy", None)
    made = drill(layers)
    hidden = [
        each for each in made.cases if each.path == "base.toml:db.pool" and each.kind == "zeros too many"
    ]
    assert not hidden  # prod.yaml says it anew
    assert [each for each in made.cases if each.path == "prod.yaml:db.pool" and each.kind == "zeros too many"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["app", "jobs"])
def test_advice_for_several_files_raises_the_share(several: Path, capsys: Capture, name: str) -> None:
    first = result(capsys, name, "--limit", "60")
    with Path("confguard.toml").open("a") as file:
        file.write("\n" + "\n\n".join(each["paste"] for each in first["advice"]) + "\n")  # type: ignore[attr-defined]
    second = result(capsys, name, "--limit", "60")
    assert first["share"] < second["share"] == first["share_with_advice"]  # type: ignore[operator]
    assert "hunter2" not in str(first)


@pytest.mark.slow
def test_a_stale_copy_is_of_the_same_file(several: Path, capsys: Capture) -> None:
    assert main(["apply", "app", "--reason", "first"]) == 0
    Path("deploy/prod.yaml").write_text("db:\n  pool: 41\n")
    capsys.readouterr()
    made = result(capsys, "app", "--limit", "200")
    stale = {each["path"] for each in made["cases"] if each["kind"] == "stale copy"}  # type: ignore[attr-defined]
    assert stale == {"prod.yaml:db.pool"}


@pytest.mark.slow
def test_a_service_of_several_files_has_their_folder(pool: Path, port: int, capsys: Capture) -> None:
    Path("other.toml").write_text('[log]\nlevel = "info"\n')
    Path("confguard.toml").write_text(
        Path("confguard.toml").read_text().replace('["pool.toml"]', '["pool.toml", "other.toml"]')
    )
    made = result(capsys, "pool", "--limit", "10", "--watch", "200ms", "--timeout", "1s")
    layers = {each["caught_by"] for each in made["cases"] if "pool.toml:" in each["path"]}  # type: ignore[attr-defined]
    assert "probes and monitors" in layers
    of_other = {each["caught_by"] for each in made["cases"] if "other.toml:" in each["path"]}  # type: ignore[attr-defined]
    assert of_other <= {"parser", "risk policy", "none"}


@pytest.mark.slow
@pytest.mark.once
def test_the_monitor_of_the_example_service_catches_the_outage(tmp_path: Path, port: int) -> None:
    pytest.importorskip("starlette", reason="the demo is not installed")
    url = f"http://127.0.0.1:{port}"
    watching = Candidates(
        service=[sys.executable, "-m", "confguard.demo.serving", "{}", "--port", str(port)],
        bake=Bake("1s", [f"{url}/healthz"], [{"url": f"{url}/logins", "baseline": 0.01}]),
        timeout=Duration("60s"),
    )
    for name, unhealthy in (("auth.toml", False), ("auth.faster.toml", True)):
        copy = tmp_path / name
        copy.write_bytes(files("confguard.demo").joinpath(name).read_bytes())
        assert watching.unhealthy(copy) == unhealthy, name


@pytest.mark.slow
def test_a_service_that_is_not_healthy_any_more_at_the_end_tells_nothing(pool: Path, capsys: Capture) -> None:
    Path("service.py").write_text(
        "import os, sys\nif os.path.exists('used'): sys.exit('the folder is in use')\n"
        "if 'size = 64\\n' not in open(sys.argv[1]).read(): open('used', 'w')\n" + SERVICE
    )
    assert main(["drill", "pool", "--limit", "8", "--watch", "200ms", "--timeout", "1s"]) == 2
    said = capsys.readouterr().err
    assert "the service is not healthy any more with the config as it is: it ended with 1" in said
    assert "the folder is in use" in said


def test_commands_can_be_given_in_tests(pool: Path) -> None:
    made = confguard.testing.drill("pool.toml", limit=4, service=[], test=["cmp", "-s", "{}", "pool.toml"])
    assert {each.caught_by for each in made.cases} <= {"parser", "candidate tests"}
    with pytest.raises(ConfguardError, match="not healthy with the config as it is: it ended with 1"):
        confguard.testing.drill("pool.toml", limit=4, service=["false", "{}"], watch="200ms")
