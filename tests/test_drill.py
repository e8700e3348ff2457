"""Drills: misconfigurations that are injected, and what catches them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

import confguard.testing
from confguard.cli import main
from confguard.documents.document import parse
from confguard.documents.parsing import parse_bytes
from confguard.drill import drill
from confguard.drill.mutants import mutants
from confguard.errors import ConfguardError
from confguard.risk.judging import Terms
from confguard.risk.policy import Decision, Policy
from confguard.schema.schema import resolve_schema
from conftest import incidents

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
    command = f"{sys.executable} -c 'import time; time.sleep(60)' {{}}"
    began = time.monotonic()
    made = result(capsys, "auth", "--limit", "20", "--test", command, "--timeout", "200ms")
    assert time.monotonic() - began < 30
    layers = {each["caught_by"] for each in made["cases"]}  # type: ignore[attr-defined]
    assert "candidate tests" in layers
    assert "none" not in layers


def test_the_test_that_a_config_has_is_run_and_what_is_said_wins(project: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(
        PROJECT.format("confguard.demo.settings:AuthSettings") + 'drill_test = ["test", "!", "-s", "{}"]\n'
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


def test_a_test_command_that_reads_no_copy_is_refused(project: Path, capsys: Capture) -> None:
    assert main(["drill", "auth", "--test", "sh check.sh auth.toml"]) == 2
    assert "names no copy" in capsys.readouterr().err


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
