"""Which files are a config's, and that every command and the hook say the same of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.cli import main, subjects
from confguard.documents.patterns import files_below, leads_through, matches
from confguard.errors import DocumentError
from confguard.hooks.pre_commit import main as hook
from confguard.project import Project, load_project
from conftest import git

Capture = pytest.CaptureFixture[str]
NAMES = [
    "a.toml",
    "conf/..hidden.toml",
    "conf/.env.toml",
    "conf/a.toml",
    "conf/b.yaml",
    "conf/..data/a.toml",
    "conf/eu/a.toml",
    "conf/eu/west/a.toml",
    "conf/x[1].toml",
]


def write(**files: str) -> None:
    for name, text in files.items():
        path = Path(name.replace("__", "/").replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit() -> None:
    git("add", "-A")
    git("commit", "--quiet", "-m", "change")


def staged(capsys: Capture) -> dict[str, tuple[str, list[str]]]:
    """What the hook decides of each file of the change, and the messages of what it found."""
    git("add", "-A")
    capsys.readouterr()
    hook(["--format", "json", "--no-history"])
    return _told(json.loads(capsys.readouterr().out)["files"])


def _told(files: list[dict[str, object]]) -> dict[str, tuple[str, list[str]]]:
    return {
        str(each["file"]): (str(each["decision"]), [finding["message"] for finding in each["findings"]])  # type: ignore[attr-defined]
        for each in files
    }


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.toml", ["a.toml"]),
        ("conf/*.toml", ["conf/.env.toml", "conf/a.toml", "conf/x[1].toml"]),
        ("conf/?.toml", ["conf/a.toml"]),
        ("conf/[!b].*", ["conf/a.toml"]),
        ("conf/x[[]1].toml", ["conf/x[1].toml"]),
        ("conf/*/a.toml", ["conf/eu/a.toml"]),
        ("conf/**/a.toml", ["conf/a.toml", "conf/eu/a.toml", "conf/eu/west/a.toml"]),
        ("**/a.toml", ["a.toml", "conf/a.toml", "conf/eu/a.toml", "conf/eu/west/a.toml"]),
        ("conf/**/west/**/a.toml", ["conf/eu/west/a.toml"]),
        ("conf/eu/**", ["conf/eu/a.toml", "conf/eu/west/a.toml"]),
        ("conf/**.yaml", ["conf/b.yaml"]),
        ("conf//eu/./*.toml", ["conf/eu/a.toml"]),
        ("conf/*.toml/", []),
        ("conf/a.toml/*", []),
        ("conf", []),
    ],
)
def test_a_pattern_names_in_a_folder_what_it_matches(folder: Path, pattern: str, found: list[str]) -> None:
    for name in NAMES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert [name for name in sorted(NAMES) if matches(name, pattern)] == found
    assert files_below(folder, [pattern]) == found


@pytest.mark.parametrize(
    ("pattern", "folder_name", "leads"),
    [
        ("conf/live/*.toml", "conf", True),
        ("conf/live/*.toml", "conf/live", True),
        ("conf/live/*.toml", "conf/live/eu", False),
        ("conf/**/*.toml", "conf/live/eu/west", True),
        ("conf/*/a.toml", "conf/live", True),
        ("conf/*.toml", "conf/a.toml", False),
    ],
)
def test_a_pattern_leads_through_folders(pattern: str, folder_name: str, leads: bool) -> None:
    assert leads_through(folder_name, pattern) is leads


JOBS = '[configs.jobs]\nfiles = ["{}"]\ntargets = ["live"]\npolicy = {{ review = 1, block = 2 }}\n'


@pytest.mark.parametrize(
    ("pattern", "file", "is_one"),
    [
        ("jobs/*.toml", "jobs/b.toml", True),
        ("jobs/*.toml", "jobs/eu/b.toml", False),
        ("jobs/*.toml", "jobs/..dot.toml", False),
        ("jobs/**/*.toml", "jobs/b.toml", True),
        ("jobs/**/*.toml", "jobs/eu/b.toml", True),
        ("*/b.toml", "jobs/b.toml", True),
        ("*b.toml", "jobs/b.toml", False),
    ],
)
def test_the_hook_judges_what_is_applied_and_nothing_else(
    repository: Path, capsys: Capture, pattern: str, file: str, is_one: bool
) -> None:
    for path in (Path(file), Path("jobs/a.toml"), Path("0b.toml")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("replicas = 5\n")
    write(confguard_toml=JOBS.format(pattern))
    commit()
    assert main(["apply", "jobs", "--reason", "start"]) == 0
    Path(file).write_text("replicas = 0\n")
    assert (main(["plan", "jobs"]) == 1) is is_one
    assert set(staged(capsys)) == ({file} if is_one else set())
    main(["check", "--format", "json"])
    main(["check"])
    counted = len(files_below(repository, [pattern]))
    assert f"{counted} file{'s' if counted > 1 else ''} checked" in capsys.readouterr().out


def test_what_a_pattern_matches_is_taken_by_its_name(folder: Path) -> None:
    guard = cg.Guard(
        "jobs", files=["conf/**/*.toml"], store="memory://", policy=cg.Policy(review=101, block=101)
    )
    guard.apply(guard.plan({"conf/a.toml": {"x": 1}, "conf/eu/b.toml": {"x": 1}}, reason="start"))
    with pytest.raises(DocumentError, match="'a.toml' is not one of its files"):
        guard.plan({"a.toml": {"x": 1}}, reason="more")


SHARED = """
[configs.prod]
layers = ["d/base.yaml", "d/prod.yaml"]
{prod}
[configs.staging]
layers = ["d/base.yaml", "d/staging.yaml"]
{staging}
"""


def shared(*, swapped: bool, **terms: str) -> None:
    """Two configs that have one base: `prod` says the replicas itself, and `staging` the pool."""
    first, _, second = SHARED.partition("[configs.staging]\n")
    text = f"[configs.staging]\n{second}{first}" if swapped else SHARED
    write(
        confguard_toml=text.format(**{"prod": "", "staging": ""} | terms),
        d__base_yaml="replicas: 5\npool: 100\n",
        d__prod_yaml="replicas: 9\n",
        d__staging_yaml="pool: 7\n",
    )
    commit()


def assessed(capsys: Capture, *words: str) -> tuple[int, str]:
    capsys.readouterr()
    return main(["assess", *words, "--no-history"]), capsys.readouterr().out


@pytest.mark.parametrize("swapped", [False, True], ids=["prod first", "staging first"])
@pytest.mark.parametrize(
    ("setting", "value", "config"), [("replicas: 5", "0", "staging"), ("pool: 100", "1", "prod")]
)
def test_a_layer_of_two_configs_is_judged_for_each(
    repository: Path, capsys: Capture, swapped: bool, setting: str, value: str, config: str
) -> None:
    shared(swapped=swapped)
    base = Path("d/base.yaml")
    base.write_text(base.read_text().replace(setting, f"{setting.split(':')[0]}: {value}"))
    ((file, (decision, messages)),) = staged(capsys).items()
    assert (file, decision != "allow") == ("d/base.yaml", True)
    assert all(each.endswith(f"(for '{config}')") for each in messages)
    code, told = assessed(capsys, "HEAD:d/base.yaml", "d/base.yaml", "--fail-on", "review")
    assert (code, messages[0] in told) == (1, True)
    commit()
    code, told = assessed(capsys, "--git", "HEAD~1..HEAD", "--fail-on", "review")
    assert (code, messages[0] in told) == (1, True)


def test_what_is_found_for_all_configs_is_said_once(repository: Path, capsys: Capture) -> None:
    shared(swapped=False)
    write(d__base_yaml="replicas: 5\npool: 100\ntls:\n  verify: true\n")
    commit()
    write(d__base_yaml="replicas: 5\npool: 100\ntls:\n  verify: false\n")
    ((decision, messages),) = staged(capsys).values()
    assert (decision, len(messages), "(for" in messages[0]) == ("block", 1, False)


MODELS = """
from typing import Annotated
from pydantic import BaseModel, Field

class {name}(BaseModel):
    replicas: Annotated[int, Field(le={most})]
    pool: int = 1
"""


@pytest.mark.parametrize("swapped", [False, True], ids=["prod first", "staging first"])
def test_a_layer_of_two_configs_fits_the_schema_of_each(
    repository: Path, capsys: Capture, swapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("models_of_shared.py").write_text(
        MODELS.format(name="Prod", most=60) + MODELS.format(name="Staging", most=6)
    )
    shared(
        swapped=swapped,
        prod='schema = "models_of_shared:Prod"',
        staging='schema = "models_of_shared:Staging"',
    )
    write(d__base_yaml="replicas: 7\npool: 100\n")
    decision, (message,) = staged(capsys)["d/base.yaml"]
    assert (decision, message.endswith("(for 'staging')")) == ("block", True)
    monkeypatch.setenv("CONFGUARD_OVERRIDE", "it does not fit, and nobody can answer for that")
    assert hook(["--no-history"]) == 1
    code, told = assessed(capsys, "HEAD:d/base.yaml", "d/base.yaml")
    assert (code, "CG002" in told, "(for 'staging')" in told) == (1, True, True)
    for asked, wrong in [
        (["d/base.yaml"], True),
        ([], True),
        (["staging"], True),
        (["prod"], False),
        (["prod", "staging"], True),
    ]:
        capsys.readouterr()
        assert main(["check", *asked]) == int(wrong), asked
        told = capsys.readouterr().out
        assert told.count("CG002") == int(wrong), (asked, told)
        assert ("(for 'staging')" in told) is (wrong and asked != ["staging"]), (asked, told)


def test_a_plain_file_of_two_configs_is_judged_by_the_terms_of_each(
    repository: Path, capsys: Capture
) -> None:
    lax, strict = (f"policy = {{ review = {score}, block = {score} }}" for score in (101, 1))
    both = '[configs.{}]\nfiles = ["web.yaml"]\n{}\n'
    write(confguard_toml=both.format("lax", lax) + both.format("strict", strict), web_yaml="pool: 100\n")
    commit()
    write(web_yaml="pool: 10\n")
    assert staged(capsys)["web.yaml"][0] == "block"
    assert assessed(capsys, "HEAD:web.yaml", "web.yaml")[0] == 1


def test_a_file_that_moves_between_configs_that_share_others(repository: Path, capsys: Capture) -> None:
    """It is gone from the config that has it no more, new in the other one, and stays in the third."""
    write(
        confguard_toml="".join(
            f"[configs.{name}]\nfiles = [{files}]\n"
            for name, files in {"both": '"*/web.yaml"', "old": '"a/*"', "new": '"b/*"'}.items()
        ),
        a__web_yaml="name: web\nreplicas: 5\nport: 80\n",
    )
    commit()
    Path("b").mkdir()
    git("mv", "a/web.yaml", "b/web.yaml")
    told = staged(capsys)
    assert told["a/web.yaml"][0] == "review"
    assert told["b/web.yaml"][0] == "allow"
    write(b__web_yaml="name: web\nreplicas: 0\nport: 80\n")
    assert staged(capsys)["b/web.yaml"][0] == "block"


def test_layers_of_a_revision_are_those_of_that_revision(repository: Path, capsys: Capture) -> None:
    """One layer takes over what another one said: nothing changes, and the hook and `assess` say so."""
    Path("models_of_revisions.py").write_text(MODELS.format(name="App", most=60))
    write(
        confguard_toml='[configs.app]\nlayers = ["d/base.yaml", "d/prod.yaml"]\nschema = "models_of_revisions:App"\n',
        d__base_yaml="replicas: 5\npool: 9\n",
        d__prod_yaml="{}\n",
    )
    commit()
    write(d__base_yaml="replicas: 5\npool: 900\n", d__prod_yaml="pool: 9\n")
    assert {decision for decision, _ in staged(capsys).values()} == {"allow"}
    nothing = (0, "allow: risk 0 of 100 (low)\n")
    for file in ("d/base.yaml", "d/prod.yaml"):
        assert assessed(capsys, f"HEAD:{file}", file) == nothing
    commit()
    for file in ("d/base.yaml", "d/prod.yaml"):
        assert assessed(capsys, f"HEAD~1:{file}", f"HEAD:{file}") == nothing
        assert main(["check", f"HEAD:{file}"]) == 0
    write(d__base_yaml="replicas: 5\npool: 90\n", d__prod_yaml="{}\n")
    assert "pool: from 9 to 90" in assessed(capsys, "HEAD~1:d/prod.yaml", "d/prod.yaml")[1]


def test_a_command_reads_its_project_once_for_all_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = [f'[configs.n{i}]\nfiles = ["c/f{i}.toml"]\n' for i in range(8)]
    write(confguard_toml="".join(configs), **{f"c__f{i}_toml": "x = 1\n" for i in range(8)})
    read = []

    def counted(*args: Any, **options: Any) -> Project:
        read.append(args)
        return load_project(*args, **options)

    monkeypatch.setattr("confguard.project.reading.load_project", counted)
    for command in (
        ["check"],
        ["check", *(f"c/f{i}.toml" for i in range(8))],
        ["status"],
        ["diff", "c", "c"],
    ):
        read.clear()
        assert main(command) == 0
        assert 1 <= len(read) <= 2, command  # once more without what cannot be used
    write(confguard_toml="".join(configs[1:]) + '[configs.n0]\nfiles = ["c/gone.toml"]\n')
    assert main(["check"]) == 2
    assert subjects.the_project().config("n0").files == ["c/gone.toml"]
    write(confguard_toml="".join(configs))
    assert subjects.the_project().config("n0").files == ["c/f0.toml"]  # between commands, too


@pytest.mark.parametrize(
    "pattern", ["current/auth.toml", "current/*.toml", "cur*/auth.toml", "dot/../current/a*"]
)
def test_a_file_in_a_linked_folder_is_its_configs(repository: Path, capsys: Capture, pattern: str) -> None:
    Path("releases/42").mkdir(parents=True)
    Path("dot").mkdir()
    Path("current").symlink_to("releases/42")
    Path("s.json").write_text(
        '{"type": "object", "properties": {"timeout": {"type": "integer", "minimum": 10}}}'
    )
    terms = 'schema = "s.json"\npolicy = { review = 10, block = 20 }\n'
    write(
        current__auth_toml="timeout = 100\n", confguard_toml=f'[configs.auth]\nfiles = ["{pattern}"]\n{terms}'
    )
    commit()
    write(current__auth_toml="timeout = 50\n")
    assert main(["assess", "HEAD:releases/42/auth.toml", "current/auth.toml"]) == 1
    write(current__auth_toml="timeout = 1\n")
    for words in ([], ["current/auth.toml"], [str(repository / "current/auth.toml")], ["auth"]):
        capsys.readouterr()
        assert main(["check", *words]) == 1, words
        assert "current/auth.toml:1:1: CG002" in capsys.readouterr().out.replace(f"{repository}/", "")
    if not pattern.startswith("cur*"):  # git has no file there
        assert [decision for decision, _ in staged(capsys).values()] == ["block"]
        assert main(["check", "releases/42/auth.toml"]) == 1


def test_a_layer_in_a_linked_folder_has_the_others_beside_it(repository: Path, capsys: Capture) -> None:
    Path("releases/42").mkdir(parents=True)
    Path("current").symlink_to("releases/42")
    names = ["current/base.toml", "current/prod.toml"]
    schema = {
        "type": "object",
        "required": ["pool"],
        "properties": {"pool": {"type": "integer", "minimum": 10}},
    }
    write(
        s_json=json.dumps(schema),
        current__base_toml="pool = 1\n",
        current__prod_toml="pool = 50\n",
        confguard_toml=f'[configs.auth]\nlayers = {names}\nschema = "s.json"\n',
    )
    commit()
    assert main(["check"]) == 0
    assert main(["check", "releases/42/base.toml"]) == 0  # the other layer wins
    write(current__base_toml="pool = 2\n")
    for file in ("current/base.toml", "releases/42/base.toml"):
        capsys.readouterr()
        main(["assess", "HEAD:releases/42/base.toml", file, "--format", "json"])
        assert json.loads(capsys.readouterr().out)["findings"] == []


@pytest.mark.parametrize("in_git", [True, False])
@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        ("lnk/*.toml", "lnk/a.toml"),
        ("up/../conf/*.toml", "conf/a.toml"),
        ("conf//a*.toml", "conf/a.toml"),
        ("conf/./a*.toml", "conf/a.toml"),
        ("c/**/*.toml", "c/.hid/a.toml"),
        ("ignored/*.toml", "ignored/a.toml"),
    ],
)
def test_check_sees_the_files_that_are_planned(
    repository: Path, capsys: Capture, pattern: str, file: str, in_git: bool
) -> None:
    Path("conf").mkdir()
    Path("up").mkdir()
    Path("lnk").symlink_to("conf")
    Path(".gitignore").write_text("ignored\n")
    schema = {"type": "object", "properties": {"pool": {"type": "integer", "minimum": 10}}}
    text = f'[configs.auth]\nfiles = ["{pattern}"]\nschema = "s.json"\n'
    write(s_json=json.dumps(schema), confguard_toml=text)
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text("pool = 1\n")
    if in_git:
        commit()
    else:
        Path(".git").rename("no.git")
    for words in (["check"], ["check", "auth"], ["plan", "auth"]):
        capsys.readouterr()
        assert main([*words, "--format", "json"]) == 1, words
        assert "got 1" in capsys.readouterr().out
