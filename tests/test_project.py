"""The project file."""

from __future__ import annotations

from pathlib import Path

import pytest

import confguard as cg
from confguard.errors import ProjectError
from confguard.project import find_project, load_project


def test_found_upwards_and_paths_are_relative_to_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("confguard.toml").write_text(
        'store = "sqlite:///state/confguard.db"\n[policy]\nreview = 40\n'
        '[configs.auth]\nfiles = ["conf/*.toml"]\ntargets = ["live.toml"]\nschema = "my_models_x:Auth"\n'
        'policy = { review = 10, block = 20 }\nprobes = ["http://127.0.0.1/healthz", ["true"]]\n'
    )
    Path("src").mkdir()
    Path("src/my_models_x.py").write_text("import attrs\n@attrs.frozen\nclass Auth:\n    n: int = 1\n")
    Path("conf/sub").mkdir(parents=True)
    Path("conf/auth.toml").write_text("n = 2\n")
    monkeypatch.chdir("conf/sub")
    project = find_project()
    assert project is not None
    assert project.root == folder.resolve()
    assert project.policy_of(None) == cg.Policy(review=40)
    assert project.policy_of(project.config("auth")).block == 20
    assert [probe.name for probe in project.bake("auth", "1m").probes] == [
        "GET http://127.0.0.1/healthz",
        "true",
    ]
    found = project.config_of("../auth.toml")
    assert found is not None
    assert found[0] == "auth"
    assert project.config_of("../../other.yaml") is None
    assert project.config_of("/etc/passwd") is None
    with project.guard("auth") as guard:
        guard.apply(guard.plan(project.source_of("auth"), reason="start"))
    assert (folder / "state/confguard.db").exists()
    assert (folder / "live.toml").read_text() == "n = 2\n"


def test_in_pyproject(folder: Path) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "x"\n')
    assert find_project() is None
    Path("pyproject.toml").write_text('[tool.confguard.configs.a]\nfiles = ["a.toml"]\n')
    project = find_project()
    assert project is not None
    assert list(project.configs) == ["a"]


def test_named_by_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").mkdir()
    Path("elsewhere/confguard.toml").write_text("[configs.b]\n")
    monkeypatch.setenv("CONFGUARD_CONFIG", "elsewhere/confguard.toml")
    project = find_project()
    assert project is not None
    assert list(project.configs) == ["b"]
    monkeypatch.setenv("CONFGUARD_CONFIG", "none.toml")
    with pytest.raises(ProjectError, match="no such file"):
        find_project()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[configs.a]\nfile = ['x']\n",
            r"confguard\.toml:2:1: configs\.a\.file: unknown key \(did you mean 'files'\?\)",
        ),
        ("[policy]\nreview = 80\nblock = 70\n", "review .80. is above block"),
        ("[configs.a]\nimpact = 'huge'\n", r"confguard\.toml:2:1: configs\.a\.impact"),
        ("[configs.a]\nprobes = [1]\n", "a URL, or a command as a list"),
        ("[configs.a]\nprobes = ['ftp://x']\n", "starts with http"),
        ("store = 7\n", r"confguard\.toml:1:1: store: expected a valid string"),
        ("[configs\n", r"confguard\.toml:1"),
    ],
)
def test_mistakes_have_a_place(folder: Path, text: str, says: str) -> None:
    Path("confguard.toml").write_text(text)
    with pytest.raises(ProjectError, match=says):
        load_project(Path("confguard.toml"))


def test_a_pyproject_without_a_table(folder: Path) -> None:
    Path("pyproject.toml").write_text("")
    with pytest.raises(ProjectError, match="has no"):
        load_project(Path("pyproject.toml"))


def test_which_file_must_be_clear(folder: Path) -> None:
    Path("confguard.toml").write_text("[configs.a]\nfiles = ['*.yaml']\n")
    project = load_project(Path("confguard.toml"))
    with pytest.raises(ProjectError, match="has no file"):
        project.source_of("a")
    Path("1.yaml").touch()
    assert project.source_of("a").name == "1.yaml"
    Path("2.yaml").touch()
    assert project.source_of("a") == Path.cwd(), "several files are one config, whose source is their folder"
    Path("confguard.toml").write_text("[configs.a]\nfiles = ['*.yaml']\ntargets = ['live.yaml']\n")
    with pytest.raises(ProjectError, match="has 2 files"):
        load_project(Path("confguard.toml")).source_of("a")


def test_any_store_url_is_passed_on(folder: Path) -> None:
    Path("confguard.toml").write_text("store = 'memory://'\n[configs.a]\nformat = 'toml'\n")
    with load_project(Path("confguard.toml")).guard("a") as guard:
        assert guard.head() is None
