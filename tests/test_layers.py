"""Layers: what wins, where it came from, and what was not used."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from pydantic import BaseModel, ConfigDict

import confguard as cg
from confguard.cli import main
from confguard.fields import Duration, Port, Secret
from confguard.values import merge_layers
from strategies import PLAIN_DOCUMENTS


class Db(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str = "localhost"
    password: Secret = Secret("")


class App(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: Port = Port(80)
    timeout: Duration = Duration("2s")
    tags: list[str] = []
    db: Db = Db()


@given(PLAIN_DOCUMENTS, PLAIN_DOCUMENTS, PLAIN_DOCUMENTS)
def test_merging_has_laws(a: object, b: object, c: object) -> None:
    assert merge_layers(merge_layers(a, b), c) == merge_layers(a, merge_layers(b, c))
    assert merge_layers({}, a) == merge_layers(a, {}) == a
    assert merge_layers(a, a) == a


@pytest.fixture
def files(folder: Path) -> Path:
    Path("app.toml").write_text('port = 8080\n[db]\nhost = "base"\n')
    Path("app.production.toml").write_text('[db]\nhost = "prod"\n')
    Path("secrets").mkdir()
    Path("secrets/db__password").write_text("geheim\n")
    Path("secrets/..data").mkdir()
    Path(".env").write_text('APP_TIMEOUT=30s\nOTHER=1\nAPP_TAGS=["a", "b"]\n')
    return folder


def sources() -> tuple[object, ...]:
    return (
        "app.toml",
        cg.Profile("app.toml", "production"),
        cg.SecretFiles("secrets"),
        cg.Env("APP_", file=".env"),
        cg.Env("APP_", environ={"APP_PORT": "9090", "app_db__HOST": "env"}),
        {"timeout": "5s"},
    )


def test_later_sources_win(files: Path) -> None:
    app = cg.load(App, *sources())  # type: ignore[arg-type]
    assert (app.port, app.timeout, app.tags, app.db.host) == (9090, Duration("5s"), ["a", "b"], "env")
    assert app.db.password.reveal() == "geheim"


def test_each_value_is_explained(files: Path) -> None:
    made = cg.explain(App, *sources())  # type: ignore[arg-type]
    port = made["port"]
    assert (port.origin.value, str(port.origin)) == ("9090", "$APP_PORT")
    assert [str(origin) for origin in port.shadowed] == ["app.toml:1:1", "default"]
    assert [str(origin) for origin in made["db.host"].shadowed] == [
        "app.production.toml:2:1",
        "app.toml:3:1",
        "default",
    ]
    assert str(made["timeout"].shadowed[0]) == ".env:1"
    assert str(made["db.password"].origin) == "secrets/db__password"
    assert "geheim" not in str(made) + json.dumps(made.to_json()) + repr(made)
    with pytest.raises(KeyError):
        made["nonsense"]


def test_the_process_environment_is_read(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_PORT", "7070")
    assert cg.load(App, cg.Env("APP_")).port == 7070


def test_variables_that_are_no_settings_are_reported() -> None:
    environment = {"APP_PROT": "1", "APP_DB__HSOT": "x", "APP_": "y", "HOME": "/"}
    with pytest.warns(UserWarning) as caught:
        cg.load(App, cg.Env("APP_", environ=environment))
    assert sorted(str(each.message) for each in caught) == [
        "environment APP_*: APP_ is not a setting (did you mean 'APP_TAGS'?)",
        "environment APP_*: APP_DB__HSOT is not a setting (did you mean 'APP_DB__HOST'?)",
        "environment APP_*: APP_PROT is not a setting (did you mean 'APP_PORT'?)",
    ]


def test_problems_name_the_variable_and_the_file(files: Path) -> None:
    Path("secrets/port").write_text("99999")
    with pytest.raises(cg.ValidationError, match="secrets/port: port: expected a port"):
        cg.load(App, "app.toml", cg.SecretFiles("secrets"))
    with pytest.raises(cg.ValidationError, match=r"\$APP_PORT: port: expected a port .* got 'x'"):
        cg.load(App, "app.toml", cg.Env("APP_", environ={"APP_PORT": "x"}))
    with pytest.raises(cg.ValidationError, match="tags"):
        cg.load(App, cg.Env("APP_", environ={"APP_TAGS": "[broken"}))


def test_a_profile_may_be_missing_unless_it_is_required(files: Path) -> None:
    assert cg.load(App, "app.toml", cg.Profile("app.toml", "test")).db.host == "base"
    with pytest.raises(cg.DocumentError, match=r"app\.test\.toml: no such file"):
        cg.load(App, cg.Profile("app.toml", "test", required=True))


def test_secrets_stay_in_their_folder(folder: Path) -> None:
    Path("outside").write_text("geheim")
    Path("secrets").mkdir()
    Path("secrets/port").symlink_to("../outside")
    with pytest.raises(cg.DocumentError, match="leads outside of its folder"):
        cg.load(App, cg.SecretFiles("secrets"))
    Path("secrets/port").unlink()
    Path("secrets/..v1").mkdir()
    Path("secrets/..v1/port").write_text("81\n")
    Path("secrets/..data").symlink_to("..v1")
    Path("secrets/port").symlink_to("..data/port")
    assert cg.load(App, cg.SecretFiles("secrets")).port == 81


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: os.mkfifo("secrets/port"), "not a regular file"),
        (lambda: Path("secrets/port").write_bytes(b"\xff"), "is not UTF-8"),
        (lambda: Path("secrets/port").write_bytes(b"1" * 2_000_000), "larger than"),
        (lambda: Path("secrets").rmdir(), "cannot be read: No such file"),
        (lambda: Path("secrets/prot").write_text("1"), "did you mean 'port'"),
    ],
)
def test_secret_folders_that_are_wrong(folder: Path, make: object, says: str) -> None:
    Path("secrets").mkdir()
    make()  # type: ignore[operator]
    if "did you mean" in says:
        with pytest.warns(UserWarning, match=says):
            cg.load(App, cg.SecretFiles("secrets"))
        return
    with pytest.raises(cg.DocumentError, match=says):
        cg.load(App, cg.SecretFiles("secrets"))


def test_keys_a_schema_leaves_open() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        labels: dict[str, str] = {}

    made = cg.load(Open, cg.Env("X_", environ={"X_LABELS__TEAM": "web", "X_MORE": "1"}))
    assert made.labels == {"team": "web"}


def test_explain_at_a_terminal(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("layered_app.py").write_text(
        "from pydantic import BaseModel\nclass App(BaseModel):\n    port: int = 80\n    host: str = 'x'\n"
    )
    Path("app.toml").write_text("port = 8080\n")
    Path("app.production.toml").write_text("host = 'p'\n")
    Path("secrets/db__password").unlink()
    arguments = ["explain", "layered_app:App", "app.toml", "--profile", "production", "--secrets", "secrets"]
    assert main([*arguments, "--env", "NOSUCH_"]) == 0
    out = capsys.readouterr().out
    assert "port = 8080\n    from app.toml:1:1\n    over 80 from default\n" in out
    assert main([*arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"][1]["file"] == "app.production.toml"


def test_a_report_underlines_what_is_wrong_and_shows_no_secret(folder: Path) -> None:
    Path("a.toml").write_text('port = 99999\n[db]\npassword = 5\nhots = "x"\n')
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(App, "a.toml")
    report = caught.value.report()
    assert (
        "a.toml:1:1: port: expected a port from 1 to 65535, got 99999\n   1 | port = 99999\n     |        ^^^^^"
        in report
    )
    assert "password = 5" not in report
    Path("b.json").write_text('{"port": 99999, "db": {"password": "geheim"}}')
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(App, "b.json")
    assert "geheim" not in caught.value.report()
    assert cg.errors.Problem(("x",), "y").report() == "x: y"


class Limits(BaseModel):
    limit: int = 0
    rate: int = 1


class Ports(BaseModel):
    ports: dict[int, Limits] = {}


YAML_PORTS = cg.parse("ports:\n  80:\n    limit: 500\n    rate: 20\n", "yaml", path="base.yaml")
HIGHER = {
    "toml": cg.parse("[ports.80]\nrate = 21\n", "toml", path="prod.toml"),
    "json": cg.parse('{"ports": {"80": {"rate": 21}}}', "json", path="prod.json"),
    "mapping": {"ports": {"80": {"rate": 21}}},
    "variable": cg.Env("P_", environ={"P_PORTS__80__RATE": "21"}),
}


@pytest.mark.parametrize("higher", HIGHER.values(), ids=HIGHER)
def test_a_key_is_the_same_as_a_number_and_as_a_text(higher: object) -> None:
    """YAML has numbers as keys where TOML, JSON and variables have texts only."""
    loaded = cg.load(Ports, YAML_PORTS, higher)  # type: ignore[arg-type]
    assert loaded == Ports(ports={80: Limits(limit=500, rate=21)})
    explained = cg.explain(Ports, YAML_PORTS, higher)["ports[80].limit"]  # type: ignore[arg-type]
    assert str(explained.origin) == "base.yaml:3:5"


def test_the_last_layer_wins_however_it_writes_a_key() -> None:
    layers = [
        cg.parse(text, kind) for text, kind in [("80: a", "yaml"), ('80 = "z"', "toml"), ("80: c", "yaml")]
    ]
    assert merge_layers(merge_layers(layers[0].data, layers[1].data), layers[2].data) == {80: "c"}
    assert merge_layers(layers[1].data, layers[0].data) == {"80": "a"}
    dates = [cg.parse(text, kind) for text, kind in [("2026-01-18: a", "yaml"), ('2026-01-18 = "z"', "toml")]]
    assert list(merge_layers(dates[0].data, dates[1].data).values()) == ["z"]
    apart = {80: "number", "80": "text"}
    assert merge_layers(apart, {"80": "b"}) == {80: "number", "80": "b"}


@pytest.mark.parametrize("key", ["80", "-3", "1.5", "2026-01-18", "2026-01-18T10:00:00"])
def test_a_key_of_any_kind_is_the_text_that_it_is_written_as(key: str) -> None:
    """In whichever of two layers it is the text."""
    plain, text = (
        cg.parse(f"{key}: {{a: 1, b: 2}}", "yaml").data,
        cg.parse(f'["{key}"]\na = 9\n', "toml").data,
    )
    assert not isinstance(next(iter(plain)), str)
    assert list(merge_layers(plain, text).values()) == [{"a": 9, "b": 2}]
    assert list(merge_layers(text, plain).values()) == [{"a": 1, "b": 2}]


def test_a_layer_is_edited_by_the_key_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("ports:\n  80:\n    limit: 500\n    rate: 20\n")
    (tmp_path / "prod.toml").write_text("[ports.80]\nrate = 21  # more\n")
    guard = cg.Guard("ports", store="memory://", layers=["base.yaml", "prod.toml"])
    guard.apply(guard.plan(tmp_path, reason="start"))
    head = guard.head()
    assert head is not None
    edited = head.document.edit(cg.diff(head.document, {"ports": {80: {"limit": 500, "rate": 22}}}))
    assert edited.files["prod.toml"].text == "[ports.80]\nrate = 22  # more\n"


def test_what_comes_from_files_of_secrets_is_shown_nowhere(tmp_path: Path) -> None:
    """Whatever the schema says of it."""
    (tmp_path / "db__host").write_text("internal-9f8e7d\n")
    (tmp_path / "port").write_text("no-port-9f8e7d\n")
    sources = [{"port": 8080}, cg.SecretFiles(tmp_path)]
    explained = cg.explain(App, *sources)
    assert "9f8e7d" not in str(explained) + json.dumps(explained.to_json())
    assert explained["db.host"].value == "***"
    assert [each.value for each in explained["port"].shadowed] == [8080, 80]
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(App, *sources)
    assert "9f8e7d" not in str(caught.value)
    (tmp_path / "port").write_text("8081\n")
    assert cg.load(App, *sources).db.host == "internal-9f8e7d"
