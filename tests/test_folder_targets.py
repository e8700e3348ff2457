"""A folder that holds a config's files: what else stands in it, what somebody puts there, and what it is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import confguard as cg
from confguard.cli import main
from confguard.errors import NotToldError, ProjectError, TargetError
from confguard.project import require_project
from confguard.stores.interface import PlaceState

ANY = cg.Policy(review=101, block=101)
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def jobs(folder: Path) -> cg.Guard:
    """Files by patterns, of which two revisions are in force, one after the other."""
    guard = cg.Guard(
        "jobs",
        files=["*.toml", "conf.d/*.toml"],
        targets=["live"],
        store="memory://",
        policy=ANY,
        reload=[["test", "!", "-e", "dead"]],
    )
    for text in ("x = 1\n", "x = 2\n"):
        apply(guard, {"a.toml": text, "conf.d/b.toml": text})
    return guard


def apply(guard: cg.Guard, files: dict[str, str | None]) -> cg.Revision:
    parsed = {name: text and cg.parse(text, "toml") for name, text in files.items()}
    return guard.apply(guard.plan(parsed, reason="more"))


def held(name: str = "a.toml") -> str:
    return Path("live", name).read_text()


# One place, whichever files it holds


@pytest.mark.parametrize("change", [{"c.toml": "y = 1\n"}, {"conf.d/b.toml": None}], ids=["comes", "goes"])
def test_whether_the_service_was_told_is_known_though_files_came_or_went(
    jobs: cg.Guard, change: dict[str, str | None]
) -> None:
    apply(jobs, change)
    Path("dead").touch()
    with pytest.raises(NotToldError):
        jobs.revert(reason="bad")
    assert jobs.place.state() == PlaceState(4, 4, 3, "reload (test ! -e dead): ended with 1")
    Path("live/stray.toml").write_text("z = 1\n")
    assert jobs.place.untold()
    Path("live/stray.toml").unlink()
    Path("dead").unlink()
    assert [each.what for each in jobs.recover()] == ["told"]
    assert jobs.recover() == ()


def test_files_that_came_and_went_leave_nothing_to_recover(jobs: cg.Guard) -> None:
    apply(jobs, {"c.toml": "y = 1\n"})
    jobs.revert(reason="bad")
    assert (jobs.recover(), jobs.drift()) == ((), ())


def test_relative_names_are_meant_from_where_they_were_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files that stand apart, too."""
    keys = set()
    for place in ("one", "two"):
        Path(place, "etc").mkdir(parents=True)
        monkeypatch.chdir(folder / place)
        guard = cg.Guard("a", files=["a.toml"], targets=[{"files": {"a.toml": "etc/a.toml"}}])
        keys.add(guard.place.key)
        monkeypatch.chdir(folder)
    assert len(keys) == 2


@pytest.mark.parametrize("order", [["jobs", "one"], ["one", "jobs"]], ids=["folder first", "file first"])
def test_a_file_in_the_folder_of_another_config_is_refused_before_it_is_there(
    folder: Path, order: list[str]
) -> None:
    tables = {
        "jobs": '[configs.jobs]\nfiles = ["jobs/*.toml"]\ntargets = ["live"]\n',
        "one": '[configs.one]\nfiles = ["one.toml"]\ntargets = ["live/one.toml"]\n',
    }
    Path("confguard.toml").write_text("".join(tables[name] for name in order))
    with pytest.raises(ProjectError, match=r"live/one\.toml is a target of '(jobs|one)' already"):
        require_project()


@pytest.mark.timeout(20)
def test_many_configs_with_folders_of_their_own_are_read_at_once(folder: Path) -> None:
    tables = (f'[configs.c{i}]\nfiles = ["c{i}/*.toml"]\ntargets = ["live/c{i}/"]\n' for i in range(500))
    Path("confguard.toml").write_text("".join(tables))
    assert len(require_project().settings.configs) == 500


# What else stands there


def test_what_is_no_configuration_stays_beside_it(jobs: cg.Guard) -> None:
    """In a folder below the set's own, it stands among what is switched."""
    there = Path("live/conf.d")
    (there / "ca.pem").write_text("KEY")
    (there / "ca.pem").chmod(0o640)
    (there / "certs").mkdir(mode=0o750)
    (there / "certs/k.pem").write_text("K")
    (there / "run.sh").symlink_to("/etc/run.sh")
    (there / "ssl").symlink_to("/etc")
    apply(jobs, {"a.toml": "x = 3\n"})
    jobs.revert(reason="bad")
    assert (held("conf.d/ca.pem"), held("conf.d/certs/k.pem")) == ("KEY", "K")
    assert (there / "ca.pem").stat().st_mode & 0o777 == 0o640
    assert (there / "certs").stat().st_mode & 0o777 == 0o750
    assert [(there / name).readlink() for name in ("run.sh", "ssl")] == [Path("/etc/run.sh"), Path("/etc")]
    assert jobs.drift() == ()


def test_what_a_volume_holds_besides_stays_when_it_is_taken_over(folder: Path) -> None:
    Path("live/..2024_01").mkdir(parents=True)
    Path("live/..2024_01/a.toml").write_text("x = 1\n")
    Path("live/..2024_01/ca.crt").write_text("CA")
    Path("live/..data").symlink_to("..2024_01")
    for name in ("a.toml", "ca.crt"):
        Path("live", name).symlink_to(f"..data/{name}")
    guard = cg.Guard("a", files=["*.toml"], targets=["live"], store="memory://", policy=ANY)
    apply(guard, {"a.toml": "x = 2\n"})
    assert (held(), held("ca.crt")) == ("x = 2\n", "CA")


@pytest.mark.parametrize("where", [b"live/\xff.toml", b"live/conf.d/\xff.toml"])
def test_a_name_that_is_no_text_is_no_file_of_the_config(
    jobs: cg.Guard, where: bytes, capsys: Capture
) -> None:
    Path(os.fsdecode(where)).write_text("y = 1\n")
    assert jobs.drift() == ()
    jobs.revert(reason="bad")
    assert held() == "x = 1\n"
    assert Path(os.fsdecode(where)).exists()


def test_a_file_that_cannot_be_read_keeps_no_revert(jobs: cg.Guard) -> None:
    with Path("live/big.toml").open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    assert [each.unreadable for each in jobs.drift()] == [True]
    jobs.revert(reason="bad")
    assert held() == "x = 1\n"
    Path("live/big.toml").unlink()
    assert jobs.drift() == ()


def test_an_own_file_that_cannot_be_read_is_replaced(jobs: cg.Guard) -> None:
    Path("live/a.toml").unlink()
    with Path("live/a.toml").open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    jobs.revert(reason="bad")
    assert held() == "x = 1\n"
    assert jobs.drift() == ()


def test_a_link_that_somebody_made_instead_keeps_no_revert(jobs: cg.Guard) -> None:
    Path("fix.toml").write_text("x = 7\n")
    Path("live/a.toml").unlink()
    Path("live/a.toml").symlink_to("../fix.toml")
    jobs.revert(reason="bad")
    assert (held(), Path("fix.toml").read_text()) == ("x = 1\n", "x = 7\n")
    assert [each.text for each in jobs.history() if each.drift_copy] != []
    assert jobs.drift() == ()


def test_a_link_to_the_same_bytes_is_drift_that_a_repair_ends(jobs: cg.Guard) -> None:
    Path("other").write_text("x = 2\n")
    Path("other").chmod(0o666)
    Path("live/a.toml").unlink()
    Path("live/a.toml").symlink_to("../other")
    (drift,) = jobs.drift()
    assert drift.problems == ("a.toml is a link that leads elsewhere",)
    jobs.repair()
    assert (jobs.drift(), Path("live/a.toml").readlink()) == ((), Path("..data/a.toml"))
    assert Path("live/a.toml").stat().st_mode & 0o777 == 0o600


def test_a_link_that_is_there_before_the_first_revision_is_not_replaced(folder: Path) -> None:
    Path("live").mkdir()
    Path("shared.toml").write_text("x = 1\n")
    Path("live/a.toml").symlink_to("../shared.toml")
    guard = cg.Guard("a", files=["a.toml"], targets=["live"], store="memory://", policy=ANY)
    with pytest.raises(TargetError, match="is a link that leads elsewhere"):
        apply(guard, {"a.toml": "x = 2\n"})


# What is told of it


@pytest.mark.parametrize(
    "target", ["live", {"files": {"base.toml": "etc/base.toml", "prod.toml": "etc/prod.toml"}}]
)
def test_a_file_that_is_missing_is_named(folder: Path, target: object) -> None:
    Path("etc").mkdir()
    guard = cg.Guard("a", layers=["base.toml", "prod.toml"], targets=[target], store="memory://", policy=ANY)
    apply(guard, {"base.toml": "x = 1\ny = 1\n", "prod.toml": "x = 2\n"})
    (drift_path,) = (path for path in (Path("live/base.toml"), Path("etc/base.toml")) if path.exists())
    drift_path.unlink()
    assert [each.what for each in guard.drift()] == ["base.toml is missing; 1 value differs"]
    guard.repair()
    apply(guard, {"base.toml": "x = 1\n", "prod.toml": "x = 2\n"})
    drift_path.unlink()
    (drift,) = guard.drift()
    assert (drift.what, drift.to_json()["missing"]) == ("base.toml is missing", ["base.toml"])
    with pytest.raises(cg.DocumentError, match=r"base\.toml is missing: the config names more files"):
        guard.plan_adoption(reason="as it is")


def test_a_layer_that_is_called_otherwise_since_is_asked_for_by_its_name(folder: Path) -> None:
    """Where it stood, the project file said."""
    Path("etc").mkdir()

    def of(prod: str) -> cg.Guard:
        stand = {"files": {name: f"etc/{name}" for name in ("base.toml", prod)}}
        return cg.Guard("a", layers=["base.toml", prod], targets=[stand], store="sqlite:///c.db", policy=ANY)

    apply(of("prod.toml"), {"base.toml": "x = 1\n", "prod.toml": "x = 2\n"})
    apply(of("live.toml"), {"base.toml": "x = 1\n", "live.toml": "x = 3\n"})
    with pytest.raises(TargetError, match=r"where does 'prod\.toml' stand\? The config does not name it"):
        of("live.toml").revert(reason="bad")
    assert of("prod.toml").revert(reason="bad").number == 3
    assert Path("etc/prod.toml").read_text() == "x = 2\n"


def test_a_config_that_has_several_files_since_is_drift_of_its_kind(folder: Path) -> None:
    one = cg.Guard("a", targets=["a.toml"], store="sqlite:///c.db", policy=ANY)
    one.apply(one.plan(cg.parse("x = 1\n", "toml"), reason="start"))
    Path("live").mkdir()
    Path("live/a.toml").write_text("x = 1\n")
    several = cg.Guard("a", files=["a.toml"], targets=["live"], store="sqlite:///c.db", policy=ANY)
    assert [each.what for each in several.drift()] == ["holds several files, and the head is one"]
    several.apply(several.plan("live", reason="apart"), overwrite=True)
    assert [each.what for each in one.drift()] == ["is one file, and the head has several"]


def test_the_project_file_is_no_file_of_a_config(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.toml").write_text("x = 1\n")
    Path("confguard.toml").write_text('[configs.a]\nfiles = ["*.toml"]\ntargets = ["live"]\n')
    assert main(["apply", "a", "--reason", "start"]) == 0
    assert main(["check", "a"]) == 0
    assert "1 file checked" in capsys.readouterr().out
    assert sorted(path.name for path in Path("live").iterdir() if not path.name.startswith("..")) == [
        "a.toml"
    ]
