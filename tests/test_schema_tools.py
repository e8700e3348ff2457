"""Schemas written out, read back, and compared."""

from __future__ import annotations

import enum
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import confguard as cg
from confguard.cli import main
from confguard.demo.settings import AuthSettings
from confguard.fields import (
    ByteSize,
    Duration,
    Impact,
    KeyedBy,
    Owner,
    Port,
    Ratio,
    Renamed,
    Safer,
    Secret,
    Unordered,
)
from confguard.schema.comparing import compare_schemas
from confguard.schema.export import example_file, reference_page
from confguard.schema.json_export import json_schema
from confguard.schema.json_schema import JsonSchema
from confguard.schema.migration import migrate
from confguard.schema.schema import resolve_schema
from confguard.testing import invalid, valid
from conftest import examples


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class One(BaseModel):
    """The first version."""

    name: str
    workers: Annotated[int, Field(ge=1, le=64, description="threads"), Impact("high"), Safer("lower")] = 4
    timeout: Annotated[Duration, Owner("web")] = Duration("2s")
    level: Literal["debug", "info", "error"] = "info"
    color: Color = Color.RED
    tags: Annotated[list[str], Unordered()] = []
    hosts: Annotated[list[dict[str, str]], KeyedBy("host")] = []
    password: Secret = Secret("")
    old: Annotated[int, Renamed("older")] = 1
    gone: Annotated[str, Field(deprecated="use name")] = "x"


def schema_of(model: Any) -> Any:
    found = resolve_schema(model)
    assert found is not None
    return found


@pytest.mark.parametrize("model", [One, AuthSettings])
@given(data=st.data())
@settings(max_examples=examples(40), deadline=None)
def test_a_schema_survives_json_schema(model: type, data: st.DataObject) -> None:
    """What fits the class fits its JSON Schema, and what does not, does not."""
    written = schema_of(JsonSchema("x", json.loads(json.dumps(json_schema(schema_of(model))))))
    written.validate(data.draw(valid(model)))
    flaw = data.draw(invalid(model))
    with pytest.raises(cg.ValidationError):
        written.validate(flaw.data)


def test_marks_survive_json_schema() -> None:
    written = schema_of(JsonSchema("x", json_schema(schema_of(One))))
    for path in (("workers",), ("timeout",), ("tags",), ("hosts",), ("old",)):
        before = {
            mark for mark in schema_of(One).shape.at(path).marks if hasattr(type(mark), "__attrs_attrs__")
        }
        after = {mark for mark in written.shape.at(path).marks if hasattr(type(mark), "__attrs_attrs__")}
        assert before == after, path
    assert written.shape.at(("password",)).secret


@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_an_example_reads_and_names_every_setting(format: str) -> None:
    text = example_file(schema_of(One), format, schema_file="one.schema.json")
    assert text.splitlines()[0].endswith("one.schema.json")
    assert cg.parse(text, format).data == {"name": "..."}
    for name in One.model_fields:
        assert name in text
    assert "# threads\n# integer, at least 1, at most 64\n" in text
    with pytest.raises(cg.DocumentError, match="json has none"):
        example_file(schema_of(One), "json")


def test_an_example_of_tables_is_valid_once_it_is_filled_in() -> None:
    text = example_file(schema_of(AuthSettings))
    assert "[server]\n# integer, at least 1, at most 128\n# workers = 16\n" in text
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    schema_of(AuthSettings).validate(cg.parse(uncommented, "toml").data)


def test_a_page_of_reference_has_a_row_each() -> None:
    page = reference_page(schema_of(One))
    assert "| `workers` | integer, at least 1, at most 64 | `4` | threads; impact: high |" in page
    assert "| `name` | string | required |  |" in page
    assert '| `gone` | string | `"x"` | deprecated: use name |' in page
    assert "| `password` | secret | *** |" in page


class Two(BaseModel):
    name: int
    workers: Annotated[int, Field(ge=2, le=128)] = 8
    timeout: Duration
    level: Literal["info", "error"] = "info"
    color: Color = Color.RED
    tags: str = ""
    hosts: list[dict[str, str]] = []
    password: str = ""
    older_name: Annotated[int, Renamed("old")] = 1
    gone: Annotated[str, Field(deprecated="use name")] = "x"
    extra: int


@attrs.frozen
class Loose:
    name: str = attrs.field(default="a", validator=attrs.validators.max_len(9))


@attrs.frozen
class Tight:
    name: str = attrs.field(default="a", validator=[attrs.validators.max_len(5), attrs.validators.min_len(1)])


def told(old: Any, new: Any) -> list[str]:
    return [str(finding) for finding in compare_schemas(schema_of(old), schema_of(new))]


def test_what_changed_between_two_versions() -> None:
    assert told(One, One) == []
    assert told(One, Two) == [
        "CS101 breaking: older: is the old name of 'old', and is read no more",
        "CS102 breaking: extra: was added, and is required",
        "CS103 breaking: timeout: is required now",
        "CS104 breaking: name: was a string and is an integer",
        "CS104 breaking: tags: was a list and is a string",
        "CS105 breaking: workers: minimum is 2, and was 1",
        "CS107 breaking: level: no longer takes 'debug'",
        "CS106 risky: workers: has the default 8 and had 4",
        "CS108 risky: password: was a secret, and may be shown now",
        "CS110 info: old: is called 'older_name' now, and read under both names",
    ]
    assert told(Two, One)[0].startswith("CS101 breaking: older_name: was removed")


def test_bounds_of_attrs_validators_count() -> None:
    assert told(Loose, Tight) == [
        "CS105 breaking: name: minLength is 1",
        "CS105 breaking: name: maxLength is 5, and was 9",
    ]
    assert told(Tight, Loose) == []


def test_wider_is_no_finding_and_open_schemas_forgive() -> None:
    old = JsonSchema("old", {"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}})
    new = JsonSchema("new", {"properties": {"a": {"type": "number"}}})
    closed = JsonSchema("closed", {"properties": {"a": {"type": "integer"}}, "additionalProperties": False})
    assert told(old, new) == ["CS101 risky: b: was removed: it is read no more"]
    assert told(old, closed) == [
        "CS101 breaking: b: was removed",
        "CS109 breaking: (the whole document): refuses keys that it does not name",
    ]


MODELS = """
from pydantic import BaseModel
class Old(BaseModel):
    size: int = 1
class New(BaseModel):
    size: int = 1
    name: str
"""


def test_at_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("versioned_models.py").write_text(MODELS)
    Path("confguard.toml").write_text('[configs.a]\nformat = "toml"\n')
    Path("a.toml").write_text("size = 3\n")
    monkeypatch.syspath_prepend(str(folder))
    assert main(["apply", "a", "a.toml", "--reason", "start", "--format", "json"]) == 0
    capsys.readouterr()
    assert main(["schema", "json", "versioned_models:Old"]) == 0
    Path("old.schema.json").write_text(capsys.readouterr().out)
    assert main(["schema", "check", "old.schema.json", "versioned_models:Old", "--config", "a"]) == 0
    assert capsys.readouterr().out == "no difference that matters\n"
    assert main(["schema", "check", "old.schema.json", "versioned_models:New", "--config", "a"]) == 1
    out = capsys.readouterr().out
    assert "CS102 breaking: name: was added, and is required" in out
    assert "revision 1 of 'a' would be refused: name: required, but missing" in out
    assert main(["schema", "check", "old.schema.json", "--format", "json"]) == 2
    assert "two schemas" in capsys.readouterr().out
    for what in ("example", "docs"):
        assert main(["schema", what, "versioned_models:New"]) == 0
        assert "name" in capsys.readouterr().out
    assert main(["schema", "example", "versioned_models:New", "--as", "ini"]) == 2


class Renaming(BaseModel):
    server: Annotated[dict[str, int], Renamed("hosts")] = {}
    workers: Annotated[int, Renamed("threads")] = 1
    pools: list[Pooled] = []


class Pooled(BaseModel):
    size: Annotated[int, Renamed("pool size")] = 1


Renaming.model_rebuild()


@pytest.mark.parametrize(
    ("format", "text", "migrated"),
    [
        (
            "toml",
            '# web\nthreads = 4   # enough\n[[pools]]\n"pool size" = 2\n[server]\nthreads = 1\n',
            "# web\nworkers = 4   # enough\n[[pools]]\nsize = 2\n[server]\nthreads = 1\n",
        ),
        (
            "yaml",
            "threads: 4 # enough\npools:\n- {'pool size': 2}\n- pool size: 3\n",
            "workers: 4 # enough\npools:\n- {size: 2}\n- size: 3\n",
        ),
        ("json", '{"threads": 4, "pools": [{"pool size": 2}]}', '{"workers": 4, "pools": [{"size": 2}]}'),
        ("toml", "workers = 3\n", "workers = 3\n"),
        ("toml", "[hosts] # all\na = 1\n[hosts.b]\n", "[server] # all\na = 1\n[server.b]\n"),
        ("toml", "hosts.a = 1\n", "server.a = 1\n"),
        ("toml", '"thr\\u0065ads" = 4\n', "workers = 4\n"),
    ],
)
def test_an_old_file_is_brought_up_to_its_schema(format: str, text: str, migrated: str) -> None:
    assert migrate(cg.parse(text, format), schema_of(Renaming)).text == migrated


def test_what_cannot_be_migrated_is_said() -> None:
    with pytest.raises(cg.ValidationError, match="is the same setting as 'workers'"):
        migrate(cg.parse("threads = 4\nworkers = 3\n", "toml"), schema_of(Renaming))
    with pytest.raises(cg.DocumentError, match="workers first, cannot be made in place exactly"):
        migrate(cg.parse("? threads\n: 4\n", "yaml"), schema_of(Renaming))


def test_migrating_at_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("renamed_models.py").write_text(
        "from typing import Annotated\nfrom attrs import frozen\nfrom confguard.fields import Renamed\n"
        "@frozen\nclass App:\n    workers: Annotated[int, Renamed('threads')] = 1\n"
    )
    Path("a.toml").write_text("threads = 2\n")
    monkeypatch.syspath_prepend(str(folder))
    assert main(["schema", "migrate", "renamed_models:App", "a.toml"]) == 0
    assert capsys.readouterr().out == "workers = 2\n"
    assert main(["schema", "migrate", "renamed_models:App", "a.toml", "--write"]) == 0
    assert (capsys.readouterr().out, Path("a.toml").read_text()) == ("a.toml: written\n", "workers = 2\n")
    assert main(["schema", "migrate", "renamed_models:App", "a.toml", "--write"]) == 0
    assert capsys.readouterr().out == "a.toml: nothing to rename\n"
    assert main(["schema", "migrate", "renamed_models:App"]) == 2


@attrs.frozen
class Sized:
    size: ByteSize = ByteSize("64MiB")  # noqa: RUF009
    wait: Duration = Duration("5s")  # noqa: RUF009
    port: Port = Port(8080)  # noqa: RUF009
    share: Ratio = Ratio("5%")  # noqa: RUF009


@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_defaults_stand_in_an_example_as_a_person_writes_them(format: str) -> None:
    """A size is a number, and 67108864 says nothing to who reads it; a port is one, and "8080" is none."""
    text = example_file(resolve_schema(Sized), format).replace("# size", "size").replace("# port", "port")
    assert "64MiB" in text
    document = cg.parse(text, format)
    assert document.data == {"size": "64MiB", "port": 8080}
    assert resolve_schema(Sized).validate(document.data) == Sized()  # type: ignore[union-attr]


def test_a_schema_is_the_same_after_json(folder: Path) -> None:
    Path("sized.schema.json").write_text(json.dumps(json_schema(resolve_schema(Sized))))
    before = resolve_schema("sized.schema.json")
    assert list(compare_schemas(before, resolve_schema(Sized))) == []


def test_a_setting_under_both_its_names_is_said_by_both() -> None:
    document = cg.parse("workers = 1\nthreads = 2\n", "toml", path="a.toml")
    with pytest.raises(cg.ValidationError, match=r"a.toml:2:1: .*threads") as caught:
        migrate(document, resolve_schema(Renaming))  # type: ignore[arg-type]
    assert "workers" in str(caught.value)


def test_jsonschema_is_asked_for_only_where_schemas_are_compared(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    monkeypatch.syspath_prepend(str(folder))
    classes = "".join(f"@dataclass\nclass {name}:\n    x: int = 1\n" for name in ("One", "Two"))
    Path("compared_models.py").write_text(f"from dataclasses import dataclass\n{classes}")
    assert main(["schema", "check", "compared_models:One", "compared_models:One"]) == 0
    assert main(["schema", "check", "compared_models:One", "compared_models:Two"]) == 2
    assert "comparing two schemas, needs jsonschema" in capsys.readouterr().err
    Path("site.yaml").write_text("x: 1\n")
    Path("confguard.toml").write_text(
        '[configs.app]\nfiles = ["site.yaml"]\nschema = "compared_models:One"\n'
    )
    assert main(["explain", "site.yaml"]) == 2
    said = capsys.readouterr().err
    assert "'site.yaml' is a file of 'app', and a schema or a config's name was expected" in said
    assert "confguard explain app" in said
