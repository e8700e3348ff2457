"""Reference pages of configs: what each setting is now, whose it is, who changed it last."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from confguard.cli import main
from confguard.schema.export import reference_page
from confguard.schema.schema import resolve_schema

Capture = pytest.CaptureFixture[str]
MODELS = """
from typing import Annotated
from pydantic import BaseModel, Field
from confguard.fields import Duration, Owner, Renamed, Secret

class Database(BaseModel):
    pool: Annotated[int, Renamed("size")] = 5
    hosts: list[str] = []
    password: Secret = Secret("")

class Shown(BaseModel):
    wait: Annotated[Duration, Owner("auth-team"), Field(description="a | b")] = Duration("2s")
    db: Annotated[Database, Owner("dba")] = Database()
    never: int = 1
"""
PROJECT = """
[policy]
review = 101
block = 101

[configs.app]
schema = "page_models:Shown"
owners = ["ops"]
targets = ["live.yaml"]
"""


@pytest.fixture
def project(folder: Path) -> Path:
    Path("confguard.toml").write_text(PROJECT)
    Path("page_models.py").write_text(MODELS)
    return folder


def run(capsys: Capture, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(words))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


@pytest.mark.filterwarnings("ignore:.*is called 'pool' now")
def test_a_page_says_what_is_now(project: Path, capsys: Capture) -> None:
    for text, why in [
        ("wait: 2s\ndb: {size: 8, password: hunter2-a}\n", "start"),
        ("wait: 3s\ndb: {pool: 8, hosts: [x, y], password: hunter2-b}\n", "a | <b>"),
    ]:
        Path("app.yaml").write_text(text)
        assert (
            main(["apply", "app", "app.yaml", "--author", "ana", "--reason", why, "--ticket", "OPS-1"]) == 0
        )
    code, page, _ = run(capsys, "schema", "docs", "app", "--values")
    rows = {
        row.split("`")[1]: [cell.strip() for cell in row.replace("\\|", "¦").split("|")[1:-1]]
        for row in page.splitlines()[4:]
    }
    assert code == 0 and "hunter2" not in page
    assert page.splitlines()[2] == "| setting | type | default | now | owner | last change | what |"
    day = rows["wait"][5][:10]
    assert rows["wait"][3:] == [
        '`"3s"`',
        "auth-team",
        f"{day}, revision 2 by ana: a ¦ &lt;b>; OPS-1",
        "a ¦ b",
    ]
    assert rows["db.pool"][3:6] == ["`8`", "dba", f"{day}, revision 1 by ana: start; OPS-1"]
    assert rows["db.hosts"][3] == "2 values" and rows["db.password"][3] == '`"***"`'
    assert rows["never"][3:6] == ["not set", "ops", ""]
    assert run(capsys, "schema", "docs", "--values")[1] == page


def test_a_list_of_one_is_a_list(project: Path, capsys: Capture) -> None:
    Path("app.yaml").write_text("db: {hosts: [x]}\n")
    assert main(["apply", "app", "app.yaml", "--author", "ana", "--reason", "start"]) == 0
    assert (
        '| `db.hosts` | list | `[]` | `["x"]` | dba |' in run(capsys, "schema", "docs", "app", "--values")[1]
    )


def test_only_a_config_has_values(project: Path, capsys: Capture) -> None:
    code, _, said = run(capsys, "schema", "docs", "page_models:Shown", "--values")
    assert code == 2 and "is not a config" in said
    assert "there is no store" in run(capsys, "schema", "docs", "app", "--values")[2]


def test_files_that_are_each_judged_by_itself(project: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(
        PROJECT.replace('targets = ["live.yaml"]', 'files = ["conf/*.yaml"]\ntargets = [{ folder = "live" }]')
    )
    Path("conf").mkdir()
    Path("conf/a.yaml").write_text("wait: 2s\n")
    Path("conf/b.yaml").write_text("wait: 5s\n")
    assert main(["apply", "app", "conf", "--author", "ana", "--reason", "start"]) == 0
    assert '`"2s"` in `"a.yaml"`, `"5s"` in `"b.yaml"`' in run(capsys, "schema", "docs", "app", "--values")[1]


def test_a_description_of_several_lines_and_with_markup_is_one_cell() -> None:
    class Pool(BaseModel):
        size: int = Field(3, description="how many\n| <script>alert(1)</script>")

    page = reference_page(resolve_schema(Pool))
    row = "| `size` | integer | `3` | how many \\| &lt;script&gt;alert(1)&lt;/script&gt; |"
    assert page.splitlines()[-1] == row
