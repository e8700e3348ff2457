"""The project file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.cli import main
from confguard.errors import ProjectError
from confguard.fields import Duration
from confguard.project import find_project, load_project
from confguard.project.guards import bake_of, guard_of
from confguard.rollout import CommandProbe, ErrorRate, HttpCounts, HttpProbe
from confguard.schema import validating


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
    assert [probe.name for probe in bake_of(project.config("auth"), "1m").probes] == [
        "GET http://127.0.0.1/healthz",
        "true",
    ]
    assert [*project.configs_of("../auth.toml")] == ["auth"]
    assert project.configs_of("../../other.yaml") == {}
    assert project.configs_of("/etc/passwd") == {}
    with guard_of(project, "auth") as guard:
        guard.apply(guard.plan(project.source_of("auth"), reason="start"))
    assert (folder / "state/confguard.db").exists()
    assert (folder / "live.toml").read_text() == "n = 2\n"


def test_in_pyproject(folder: Path) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "x"\n')
    assert find_project() is None
    Path("pyproject.toml").write_text('[tool.confguard.configs.a]\nfiles = ["a.toml"]\n')
    project = find_project()
    assert project is not None
    assert list(project.settings.configs) == ["a"]


def test_named_by_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").mkdir()
    Path("elsewhere/confguard.toml").write_text("[configs.b]\n")
    monkeypatch.setenv("CONFGUARD_CONFIG", "elsewhere/confguard.toml")
    project = find_project()
    assert project is not None
    assert list(project.settings.configs) == ["b"]
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
        ("[configs.a]\nprobes = [1]\n", "a URL, a command as a list"),
        ("[configs.a]\nprobes = ['ftp://x']\n", "starts with http"),
        ("store = 7\n", r"confguard\.toml:1:1: store: expected a valid string"),
        ("[configs\n", r"confguard\.toml:1"),
    ],
)
def test_mistakes_have_a_place(folder: Path, text: str, says: str) -> None:
    Path("confguard.toml").write_text(text)
    with pytest.raises(ProjectError, match=says):
        load_project(Path("confguard.toml"))


URL = "http://127.0.0.1:9"
PLACED = [
    # what is written (on lines 2 and on), where it is at fault, and what is said
    ('probes = [\n  "ftp://x",\n]', "3:3: configs.a.probes[0]: ", "not an http or https URL"),
    ("probes = [[]]", "2:11: configs.a.probes[0]: ", "a command is empty"),
    ("probes = [{ }]", "2:11: configs.a.probes[0]: ", "needs one of url, command"),
    (f'probes = [{{ url = "{URL}", timout = "1s" }}]', "2:41: configs.a.probes[0].timout: ", "'timeout'?"),
    ('probes = [{ urll = "http://x" }]', "2:13: configs.a.probes[0].urll: ", "did you mean 'url'?"),
    (f'probes = [{{ url = "{URL}", timeout = "2x" }}]', "2:41: configs.a.probes[0].timeout: ", "1ms to 1d"),
    ('probes = [{ command = "true" }]', "2:13: configs.a.probes[0].command: ", "a command is a list"),
    ('[[configs.a.probes]]\ncommand = [""]', "3:1: configs.a.probes[0].command: ", "a command is empty"),
    ('monitors = ["http://x/"]', "2:13: configs.a.monitors[0]: ", "a monitor is a table"),
    (f'monitors = [{{ url = "{URL}" }}]', "2:13: configs.a.monitors[0]: ", "needs 'baseline'"),
    (
        f'[[configs.a.monitors]]\nurl = "{URL}"\nbasline = 0.01',
        "4:1: configs.a.monitors[0].basline: ",
        "did you mean 'baseline'?",
    ),
    (
        f'[[configs.a.monitors]]\nurl = "{URL}"\nbaseline = 1.5',
        "4:1: configs.a.monitors[0].baseline: ",
        "a share",
    ),
    (
        f'[[configs.a.monitors]]\nurl = "{URL}"\nbaseline = "1%"',
        "4:1: configs.a.monitors[0].baseline",
        "a share",
    ),
    (
        f'[[configs.a.monitors]]\nurl = "{URL}"\nbaseline = 0\nsilence = 0.5',
        "5:1: configs.a.monitors[0].silence: ",
        "1 or more",
    ),
    (
        f'[[configs.a.monitors]]\nurl = "{URL}"\nbaseline = 0\nname = 5',
        "5:1: configs.a.monitors[0].name: ",
        "name is a text",
    ),
    (
        f'[[configs.a.monitors]]\nurl = "{URL}"\nbaseline = 0\nalpha = 0',
        "5:1: configs.a.monitors[0].alpha: ",
        "a share",
    ),
    (
        '[[configs.a.monitors]]\nurl = "x"\nbaseline = 0',
        "3:1: configs.a.monitors[0].url: ",
        "not an http or https",
    ),
    (
        'reload = [{ sistemd = "a.service" }]',
        "2:13: configs.a.reload[0].sistemd: ",
        "did you mean 'systemd'?",
    ),
    (
        'reload = ["http://x/", { pid_file = "p", signal = "HUB" }]',
        "reload[1].signal: ",
        "did you mean 'HUP'?",
    ),
    ('bake = "soon"\nprobes = [["true"]]', "2:1: configs.a.bake: ", "expected a duration"),
    ('bake = "0s"\nprobes = [["true"]]', "2:1: configs.a.bake: ", "longer than 0"),
    ('bake = "10m"', "2:1: configs.a.bake: ", "asks nothing"),
]


@pytest.mark.parametrize(("written", "where", "says"), PLACED)
def test_what_watches_and_tells_is_checked_where_it_stands(
    folder: Path, written: str, where: str, says: str
) -> None:
    Path("confguard.toml").write_text(f"[configs.a]\n{written}\n")
    with pytest.raises(ProjectError) as caught:
        load_project(Path("confguard.toml"))
    assert where in str(caught.value)
    assert says in str(caught.value)


def test_a_bake_is_told_as_python_can(folder: Path) -> None:
    Path("confguard.toml").write_text(
        '[configs.a]\nbake = "10m"\n'
        f'probes = ["{URL}", {{ url = "{URL}", timeout = "1s" }}, {{ command = ["true"], timeout = 3 }}]\n'
        f'[[configs.a.monitors]]\nurl = "{URL}"\nbaseline = 0.01\nalpha = 0.01\nsilence = 2\n'
        'name = "logins"\ntimeout = "3s"\n'
    )
    config = load_project(Path("confguard.toml")).config("a")
    bake = bake_of(config)
    assert bake.duration == Duration("10m")
    assert bake.probes == (
        HttpProbe(URL),
        HttpProbe(URL, timeout="1s"),
        CommandProbe(["true"], timeout="3s"),
    )
    assert bake.monitors == (
        ErrorRate(HttpCounts(URL, timeout="3s"), baseline=0.01, alpha=0.01, silence=2, name="logins"),
    )
    assert bake_of(config, "2m", confirm=True).duration == Duration("2m")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"probes": [7]}, "a probe is a URL"),
        ({"probes": [{"url": URL, "tiemout": 1}]}, "did you mean 'timeout'"),
        ({"monitors": [7]}, "a monitor is a table"),
        ({"monitors": [{"url": URL}]}, "needs 'baseline'"),
    ],
)
def test_python_is_told_the_same(given: dict[str, list[Any]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        cg.Bake("1m", **given)


def test_no_secret_of_a_table_is_said(folder: Path) -> None:
    Path("confguard.toml").write_text(
        '[configs.a]\nprobes = [{ url = "http://ana:hunter2@db:99999/" }]\n'
        'monitors = [{ url = "http://ana:hunter2#@db/", baseline = 0 }]\n'
        'reload = [{ command = ["x", "--password=hunter2"], timeout = "soon" }]\n'
    )
    with pytest.raises(ProjectError) as caught:
        load_project(Path("confguard.toml"))
    assert str(caught.value).count("confguard.toml:") == 3
    assert "hunter2" not in str(caught.value)


@pytest.mark.slow
def test_apply_bakes_as_the_project_file_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("confguard.toml").write_text(
        '[configs.a]\nfiles = ["a.toml"]\nbake = "1ms"\nprobes = [["test", "-e", "well"]]\n'
    )
    Path("a.toml").write_text("n = 1\n")
    assert main(["apply", "a", "--reason", "start"]) == 0
    Path("a.toml").write_text("n = 2\n")
    assert main(["apply", "a", "--reason", "more"]) == 4
    assert main(["apply", "a", "--reason", "more", "--no-bake", "--confirm"]) == 2
    assert "--confirm needs a bake" in capsys.readouterr().err
    Path("well").touch()
    assert main(["apply", "a", "--reason", "more"]) == 0
    assert "healthy" in capsys.readouterr().out


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
    with guard_of(load_project(Path("confguard.toml")), "a") as guard:
        assert guard.head() is None


@pytest.mark.parametrize("setting", ['format = "tmol"', 'schema = "no_such_x:M"', 'store = "sqlite://x.db"'])
def test_settings_that_are_looked_up_have_a_place(
    setting: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.toml").write_text("x = 1\n")
    config = '[configs.a]\nfiles = ["a.toml"]\n'
    text = f"{setting}\n{config}" if setting.startswith("store") else f"{config}{setting}\n"
    Path("confguard.toml").write_text(text)
    assert main(["plan", "a"]) == 2
    said = capsys.readouterr().err
    line = text.splitlines().index(setting) + 1
    assert f"confguard: confguard.toml:{line}:1: " in said
    assert "did you mean 'sqlite'" not in said


def test_hints_fit_a_file_that_cannot_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is to be written where there is a file already, or where the environment names another."""
    Path("confguard.toml").write_text("[configs.a]\nfiles = [\n")
    assert main(["status"]) == 2
    assert "hint" not in capsys.readouterr().err
    for named in ("none.toml", str(folder)):
        monkeypatch.setenv("CONFGUARD_CONFIG", named)
        assert main(["status"]) == 2
        assert "hint: CONFGUARD_CONFIG in the environment names it" in capsys.readouterr().err


def test_no_config_is_kept_from_going_back_by_the_targets_of_another(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = '[configs.app]\nfiles = ["conf/*.toml"]\ntargets = ["live.d"]\n'
    Path("confguard.toml").write_text(
        f'{several}[configs.web]\nfiles = ["web.toml"]\ntargets = ["live.toml"]\n'
    )
    for n in (1, 2):
        Path("web.toml").write_text(f"x = {n}\n")
        assert main(["apply", "web", "--reason", "change"]) == 0
    Path("live.d").touch()
    assert main(["revert", "web", "--reason", "back"]) == 0
    assert "confguard.toml:3:12: configs.app.targets[0]: target" in capsys.readouterr().err
    assert Path("live.toml").read_text() == "x = 1\n"
    assert main(["revert", "app", "--reason", "back"]) == 2
    assert "is one file, and the config has several" in capsys.readouterr().err


def test_what_a_config_may_hold_is_told_once_for_all_of_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def counted(*args: Any) -> bool:
        seen.append(args)
        return looked(*args)

    looked = validating._may_be_raw
    monkeypatch.setattr(validating, "_may_be_raw", counted)
    counts = []
    for count in (2, 40):
        seen.clear()
        Path("confguard.toml").write_text(
            "".join(f'[configs.n{i}]\nfiles = ["a.toml"]\n' for i in range(count))
        )
        load_project(Path("confguard.toml"))
        counts.append(len(seen))
    assert counts[0] == counts[1] > 0
