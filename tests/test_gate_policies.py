"""By whose terms the gate judges: those that git has for the change, and never looser ones. With real git."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from confguard.cli import main as command
from confguard.hooks.pre_commit import main
from conftest import git

Capture = pytest.CaptureFixture[str]
CONFIGS = '[configs.web]\nfiles = ["web.yaml"]\n'
LAX = "[policy]\nreview = 101\nblock = 101\n"
ZERO = "name: web\nreplicas: 0\nport: 80\n"


def commit(message: str = "x") -> None:
    git("add", "-A")
    git("commit", "--quiet", "--allow-empty", "-m", message)


@pytest.fixture
def web(repository: Path) -> Path:
    Path("web.yaml").write_text("name: web\nreplicas: 3\nport: 80\n")
    commit("one")
    return repository


def judged(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["--format", "json", "--no-history", *arguments])
    return code, json.loads(capsys.readouterr().out)


def ranged(capsys: Capture, span: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = command(["assess", "--git", span, "--format", "json", "--no-history"])
    return code, json.loads(capsys.readouterr().out)


def loosening(told: dict[str, Any]) -> str:
    """What is said of the terms that got looser; blank where nothing is."""
    found = [each for file in told["files"] for each in file["findings"] if each["code"] == "CG005"]
    return "; ".join(each["message"] for each in found)


def codes(told: dict[str, Any]) -> set[str]:
    return {finding["code"] for each in told["files"] for finding in each["findings"]}


@pytest.mark.parametrize("how", ["loosened", "deleted", "torn", "other"])
def test_what_is_staged_is_judged_by_the_project_file_that_git_has(
    web: Path, capsys: Capture, how: str
) -> None:
    Path("confguard.toml").write_text(CONFIGS)
    commit()
    Path("web.yaml").write_text(ZERO)
    git("add", "web.yaml")
    if how == "deleted":
        Path("confguard.toml").unlink()
    else:
        others = {
            "loosened": LAX + CONFIGS,
            "torn": "[policy\n",
            "other": '[configs.o]\nfiles = ["o.yaml"]\n',
        }
        Path("confguard.toml").write_text(others[how])
    code, told = judged(capsys, "web.yaml")
    assert (code, codes(told)) == (1, {"CG301"})


def test_a_range_is_judged_by_its_own_project_file_whatever_is_checked_out(
    web: Path, capsys: Capture
) -> None:
    git("checkout", "--quiet", "-b", "topic")
    Path("confguard.toml").write_text('[configs.site]\nfiles = ["site"]\nformat = "yaml"\n')
    Path("site").write_text("replicas: 3\n")
    commit("a config")
    Path("site").write_text("replicas: 0\n")
    commit("zero")
    git("checkout", "--quiet", "main")
    code, told = ranged(capsys, "topic~1..topic")
    assert (code, codes(told)) == (1, {"CG301"})


def test_a_project_file_that_nobody_staged_does_not_count_and_is_said(web: Path, capsys: Capture) -> None:
    Path("web.yaml").write_text(ZERO)
    git("add", "web.yaml")
    Path("confguard.toml").write_text(LAX + CONFIGS)
    code, told = judged(capsys, "web.yaml")
    assert (code, codes(told)) == (1, {"CG301"})
    (left_out,) = told["left_out"]
    assert left_out["file"] == "confguard.toml"
    assert left_out["why"].startswith("git does not have it")


def test_a_staged_project_file_is_not_what_the_work_tree_has(web: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(CONFIGS)
    commit()
    Path("web.yaml").write_text(ZERO)
    Path("confguard.toml").write_text(LAX + CONFIGS)
    git("add", "-A")
    Path("confguard.toml").write_text(CONFIGS)
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG005", "CG301"})


def test_a_schema_of_a_file_is_the_one_that_git_has(web: Path, capsys: Capture) -> None:
    Path("web.schema.json").write_text('{"properties": {"replicas": {"type": "integer"}}}')
    Path("confguard.toml").write_text(CONFIGS + 'schema = "web.schema.json"\n')
    commit()
    Path("web.yaml").write_text("name: web\nreplicas: many\nport: 80\n")
    git("add", "web.yaml")
    Path("web.schema.json").write_text("{}")
    code, told = judged(capsys, "web.yaml")
    assert (code, codes(told)) == (1, {"CG002"})


@pytest.mark.parametrize("where", ["svc/confguard.toml", "svc/pyproject.toml"])
def test_a_new_project_file_that_is_nearer_and_laxer(web: Path, capsys: Capture, where: str) -> None:
    Path("svc").mkdir()
    git("mv", "web.yaml", "svc/web.yaml")
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["svc/web.yaml"]\n')
    commit()
    lax = LAX + CONFIGS
    if where.endswith("pyproject.toml"):
        lax = "[project]\nname = 'x'\n" + lax.replace("[configs", "[tool.confguard.configs").replace(
            "[policy", "[tool.confguard.policy"
        )
    Path(where).write_text(lax)
    Path("svc/web.yaml").write_text(ZERO)
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG005", "CG301"})
    assert "review from 101 on (was 50)" in loosening(told)


def test_a_confguard_toml_that_hides_the_table_of_pyproject(web: Path, capsys: Capture) -> None:
    Path("pyproject.toml").write_text(
        '[tool.confguard.configs.web]\nfiles = ["web.yaml"]\nimpact = "critical"\n'
    )
    commit()
    Path("confguard.toml").write_text(CONFIGS)
    git("add", "-A")
    code, told = judged(capsys)
    assert code == 1
    assert "is of no impact (was critical)" in loosening(told)


def test_a_first_project_file_that_is_laxer_than_none(web: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(LAX + CONFIGS)
    Path("web.yaml").write_text(ZERO)
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG005", "CG301"})


def test_a_first_project_file_is_no_loosening_by_itself(web: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(CONFIGS)
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (0, set())


RULE = '[[rules]]\ncode = "ACME1"\nwhen = "name == \'port\'"\nmessage = "a port"\nseverity = "{}"\n'


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            CONFIGS + 'format = "yaml"\n',
            CONFIGS + 'format = "properties"\n',
            "is read as properties (was yaml)",
        ),
        (CONFIGS + RULE.format("critical"), CONFIGS + RULE.format("low"), "rule ACME1 is low (was critical)"),
        (
            CONFIGS + RULE.format("high"),
            CONFIGS + RULE.format("high").replace("port'", "prt'"),
            "rule ACME1 asks something else",
        ),
        (CONFIGS, 'model = "m.json"\n' + CONFIGS, "the likelihood is by other coefficients"),
    ],
)
def test_other_ways_to_loosen(web: Path, capsys: Capture, before: str, after: str, told: str) -> None:
    Path("m.json").write_text('{"intercept": 0, "weights": {}}')
    Path("confguard.toml").write_text(before)
    commit()
    Path("confguard.toml").write_text(after)
    git("add", "-A")
    code, found = judged(capsys)
    assert (code, loosening(found).partition("looser: ")[2].removeprefix("web: ")) == (1, told)


def test_a_rule_of_the_project_that_gets_less_grave_judges_as_it_was(web: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(CONFIGS + RULE.format("critical"))
    commit()
    Path("confguard.toml").write_text(CONFIGS + RULE.format("low"))
    Path("web.yaml").write_text("name: web\nreplicas: 3\nport: 81\n")
    git("add", "-A")
    code, told = judged(capsys)
    severities = {each["code"]: each["severity"] for file in told["files"] for each in file["findings"]}
    assert (code, severities["ACME1"]) == (1, "critical")


def test_a_format_that_changes_hides_nothing(web: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(CONFIGS)
    commit()
    Path("confguard.toml").write_text(CONFIGS + 'format = "properties"\n')
    Path("web.yaml").write_text(ZERO)
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG005", "CG301"})


@pytest.mark.parametrize("beside", [False, True])
def test_a_schema_file_that_the_change_loosens_does_not_judge_it(
    web: Path, capsys: Capture, beside: bool
) -> None:
    limit = '{"type": "integer", "maximum": 9}'
    schema = '{"properties": {"replicas": %s}}'
    Path("schemas").mkdir()
    if beside:
        Path("schemas/count.json").write_text(limit)
    Path("schemas/web.json").write_text(schema % ('{"$ref": "count.json"}' if beside else limit))
    Path("confguard.toml").write_text(CONFIGS + 'schema = "schemas/web.json"\n')
    commit()
    loosened = Path("schemas/count.json" if beside else "schemas/web.json")
    loosened.write_text(loosened.read_text().replace("9", "900"))
    Path("web.yaml").write_text("name: web\nreplicas: 90\nport: 80\n")
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG002", "CG005"})
    assert loosening(told) == "the schema is looser: takes more at replicas"


def test_a_file_beside_a_schema_that_does_not_parse_is_told_with_its_place(
    web: Path, capsys: Capture
) -> None:
    Path("schemas").mkdir()
    Path("schemas/count.json").write_text('{"type": "integer"}')
    Path("schemas/web.json").write_text('{"properties": {"replicas": {"$ref": "count.json"}}}')
    Path("confguard.toml").write_text(CONFIGS + 'schema = "schemas/web.json"\n')
    commit()
    Path("schemas/count.json").write_text('{"type":\n')
    Path("web.yaml").write_text("name: web\nreplicas: 4\nport: 80\n")
    git("add", "-A")
    assert main([]) == 2
    assert (
        "the reference 'count.json' cannot be followed: schemas/count.json:2:1: expecting value"
        in capsys.readouterr().err
    )


def test_a_schema_that_gets_a_key_or_gets_stricter_is_no_loosening(web: Path, capsys: Capture) -> None:
    schema = '{"properties": {"name": {}, "replicas": {"maximum": 9}, "port": {}%s}, "additionalProperties": false}'
    Path("web.schema.json").write_text(schema % "")
    Path("confguard.toml").write_text(CONFIGS + 'schema = "web.schema.json"\n')
    commit()
    Path("web.schema.json").write_text(schema % ', "zone": {"type": "string"}')
    Path("web.yaml").write_text("name: web\nreplicas: 3\nport: 80\nzone: a\n")
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (0, set())


def test_a_config_that_is_dropped_from_the_project_with_its_change(web: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(CONFIGS + '[configs.o]\nfiles = ["o.yaml"]\n')
    commit()
    Path("confguard.toml").write_text('[configs.o]\nfiles = ["o.yaml"]\n')
    Path("web.yaml").write_text(ZERO)
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG005", "CG301"})


def test_a_project_that_the_environment_names(web: Path, capsys: Capture, monkeypatch: Any) -> None:
    Path("ci").mkdir()
    Path("ci/gate.toml").write_text('[configs.web]\nfiles = ["../web.yaml"]\n')
    commit()
    monkeypatch.setenv("CONFGUARD_CONFIG", "ci/gate.toml")
    Path("web.yaml").write_text(ZERO)
    git("add", "web.yaml")
    Path("ci/gate.toml").write_text(LAX + '[configs.web]\nfiles = ["../web.yaml"]\n')
    code, told = judged(capsys, "web.yaml")
    assert (code, codes(told)) == (1, {"CG301"})


@pytest.mark.parametrize("stands", [".", "conf"])
def test_a_folder_that_is_a_link(web: Path, capsys: Capture, monkeypatch: Any, stands: str) -> None:
    for folder in ("blue", "green", "conf"):
        Path(folder).mkdir()
        Path(folder, "web.site").write_text("replicas: 3\n")
    Path("conf/live").symlink_to("../blue")
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["conf/live/*.site"]\nformat = "yaml"\n')
    commit()
    Path("blue/web.site").write_text("replicas: 0\n")
    git("add", "-A")
    monkeypatch.chdir(stands)
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG301"}), "what it leads to is the config's"
    git("reset", "--quiet", "--hard")
    monkeypatch.chdir(web)
    Path("conf/live").unlink()
    Path("conf/live").symlink_to("../green")
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told), told["files"][0]["file"]) == (1, {"CG004"}, "conf/live")
    assert "is a link to ../green" in told["files"][0]["errors"][0]
    assert main(["--fail-on", "block", "--no-history"]) == 1


@pytest.mark.parametrize("how", ["deleted", "renamed", "into another config", "all of them"])
def test_a_layer_that_goes_away(web: Path, capsys: Capture, how: str) -> None:
    Path("base.yaml").write_text("replicas: 3\nport: 80\n")
    Path("prod.yaml").write_text("port: 80\nlimits: {memory: 1Gi}\n")
    Path("confguard.toml").write_text(
        '[configs.app]\nlayers = ["base.yaml", "prod.yaml"]\n[configs.other]\nfiles = ["other.yaml"]\n'
    )
    commit()
    if how == "renamed":
        git("mv", "prod.yaml", "prod.yaml.off")
    elif how == "into another config":
        git("mv", "prod.yaml", "other.yaml")
    else:
        git("rm", "--quiet", "prod.yaml", *(["base.yaml"] if how == "all of them" else []))
    code, told = judged(capsys)
    assert code == 1
    gone = {
        finding["file"] if "file" in finding else file["file"]
        for file in told["files"]
        for finding in file["findings"]
        if finding["code"] == "CG910"
    }
    assert "prod.yaml" in gone or how == "all of them"
    assert gone


def test_a_file_that_is_renamed_to_configuration_is_compared_with_what_it_was(
    web: Path, capsys: Capture
) -> None:
    git("mv", "web.yaml", "web.txt")
    text = "".join(f"key{n}: {n}\n" for n in range(20))
    Path("web.txt").write_text(text + "replicas: 3\n")
    commit()
    git("mv", "web.txt", "web.yaml")
    Path("web.yaml").write_text(text + "replicas: 0\n")
    git("add", "-A")
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG301"})


def test_the_environment_of_git_in_a_hook(web: Path, capsys: Capture, monkeypatch: Any) -> None:
    """`git commit FILE` runs the hook with an index of its own: that one is judged."""
    Path("confguard.toml").write_text(CONFIGS)
    commit()
    Path("web.yaml").write_text(ZERO)
    git("read-tree", "--index-output=.git/other", "HEAD")
    monkeypatch.setenv("GIT_INDEX_FILE", os.path.abspath(".git/other"))  # noqa: PTH100 - as git names it
    git("add", "web.yaml")
    code, told = judged(capsys)
    assert (code, codes(told)) == (1, {"CG301"})


def test_a_policy_beside_a_rule_that_could_never_hold_is_not_loosened_unseen(
    web: Path, capsys: Capture
) -> None:
    rule = '[[rules]]\ncode = "ACME1"\nmessage = "x"\nwhen = "{} == \'x\'"\n'
    Path("confguard.toml").write_text(rule.format("nam") + CONFIGS)
    commit("a rule that is misspelt")
    Path("confguard.toml").write_text(LAX + rule.format("name") + CONFIGS)
    Path("web.yaml").write_text(ZERO)
    git("add", ".")
    code, told = judged(capsys)
    assert (code, "the policy is looser" in loosening(told)) == (1, True)
    assert {each["file"]: each["decision"] for each in told["files"]}["web.yaml"] == "block"
