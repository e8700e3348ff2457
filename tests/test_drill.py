"""Drills: misconfigurations that are injected, and what catches them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

import confguard.testing
from confguard.cli import main
from confguard.documents.document import parse
from confguard.documents.parsing import parse_bytes
from confguard.drill import Rehearsal, drill
from confguard.drill.mutants import mutants
from confguard.errors import ConfguardError
from confguard.fields import Duration
from confguard.risk.judging import Terms
from confguard.risk.policy import Decision, Policy
from confguard.schema.schema import resolve_schema
from conftest import incidents, unmeasured
from servers import free_port

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


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_config_is_refused(text: str) -> None:
    with pytest.raises(ConfguardError, match="is empty"):
        drill(parse(text, "toml"))


def test_what_does_not_parse_or_is_no_number_is_an_error(project: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text("a = [")
    assert main(["drill", "auth"]) == 2
    assert main(["drill", "auth", "--test", "'"]) == 2
    assert "auth.toml:1" in capsys.readouterr().err


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
    command = "sh -c 'cmp -s $0 auth.toml || sleep 60' {}"
    began = time.monotonic()
    made = result(capsys, "auth", "--limit", "20", "--test", command, "--timeout", "200ms")
    assert time.monotonic() - began < 30
    layers = {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    assert "candidate tests" in layers
    assert "none" not in layers


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


def test_a_test_command_that_refuses_the_config_as_it_is_proves_nothing(
    project: Path, capsys: Capture
) -> None:
    assert main(["drill", "auth", "--test", "sh -c 'echo no pytest; exit 4' {}"]) == 2
    err = capsys.readouterr().err
    assert "the config as it is does not pass the candidate tests: sh ended with 4" in err
    assert "no pytest" in err


SERVICE = """
import http.server, sys, tomllib
settings = tomllib.load(open(sys.argv[1], "rb"))
if settings["pool"]["size"] < 1:
    sys.exit("no pool")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sick = settings["pool"]["size"] > 5000 and self.path == "/healthz"
        failing = settings["pool"].get("backend") != "db.internal"
        self.send_response(503 if sick else 200)
        self.end_headers()
        Handler.asked += 50
        self.wfile.write(b'{"requests": %d, "errors": %d}' % (Handler.asked, failing * Handler.asked))
    asked = 0
    def log_message(self, *_):
        print("x" * 20_000, flush=True)  # a service that talks all the time
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A project with a service of its own; its port."""
    monkeypatch.chdir(tmp_path)
    port = free_port()
    Path("service.py").write_text(SERVICE)
    Path("pool.toml").write_text('[pool]\nsize = 4000\nbackend = "db.internal"\n')
    Path("confguard.toml").write_text(
        '[configs.pool]\nfiles = ["pool.toml"]\n'
        f'drill_service = [{json.dumps(sys.executable)}, "service.py", "{{}}", "{port}"]\n'
        f'probes = ["http://127.0.0.1:{port}/healthz"]\n'
        f'monitors = [{{ url = "http://127.0.0.1:{port}/counts", baseline = 0.01 }}]\n'
        "policy = { review = 101, block = 101 }\n"
    )
    return port


@pytest.mark.slow
@pytest.mark.once
def test_probes_and_monitors_are_asked_of_the_service_on_each_copy(served: int, capsys: Capture) -> None:
    made = result(capsys, "pool", "--watch", "600ms", "--limit", "30")
    by_layer: dict[str, set[str]] = {}
    for each in made["cases"]:  # type: ignore[attr-defined]
        by_layer.setdefault(each["caught_by"], set()).add(f"{each['kind']}: {each['path']}")
    caught = by_layer["probes and monitors"]
    assert "zeros too many: pool.size" in caught, "unhealthy"
    assert "wrong sign: pool.size" in caught, "does not start"
    assert "dropped: pool.backend" in caught, "its requests fail"
    assert "zeros too few: pool.size" in by_layer["none"], "forty are as well for this service"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", served)) != 0, "nothing is left of it"


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("size = 4000", "size = 0"),
            "does not pass the probes and monitors: the service ended with 1: no pool",
        ),
        (("size = 4000", "size = 6000"), "the service did not come up within 1 s: GET http://127.0.0.1:"),
        (("db.internal", "elsewhere"), "requests failed since"),
    ],
)
def test_a_service_that_is_not_healthy_as_it_is_proves_nothing(
    served: int, capsys: Capture, change: tuple[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rehearsal.__init__, "__defaults__", (Duration("1s"),))
    Path("pool.toml").write_text(Path("pool.toml").read_text().replace(*change))
    assert main(["drill", "pool", "--watch", "600ms"]) == 2
    assert says in capsys.readouterr().err


def test_a_service_that_runs_already_is_not_taken_for_the_copys(served: int, capsys: Capture) -> None:
    with running(["service.py", "pool.toml", str(served)]):
        assert main(["drill", "pool"]) == 2
    assert "the probes are healthy before the service is run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--service", "python service.py"], "the service command names no copy"),
        (["--service", "/no/such/program {}"], "/no/such/program cannot be run: No such file or directory"),
        (["--service", "'"], "--service: No closing quotation"),
    ],
)
def test_a_service_command_that_cannot_be_run(
    served: int, capsys: Capture, words: list[str], says: str
) -> None:
    assert main(["drill", "pool", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_service_of_which_nothing_can_be_asked(project: Path, capsys: Capture) -> None:
    assert main(["drill", "auth", "--service", "sleep 60 {}"]) == 2
    assert "there is nothing to ask of it\n  hint: name probes or monitors" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drill_that_is_interrupted_leaves_no_service(served: int, number: signal.Signals) -> None:
    with running(["-m", "confguard", "drill", "pool", "--watch", "60s"]) as drilling:
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", served)):
                time.sleep(0.05)
        drilling.send_signal(number)
        assert drilling.wait(20) == 128 + number
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", served)) != 0


@contextmanager
def running(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.DEVNULL, env=unmeasured())
    try:
        if words[0] == "service.py":
            with socket.socket() as probe:
                while probe.connect_ex(("127.0.0.1", int(words[-1]))):
                    time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


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
