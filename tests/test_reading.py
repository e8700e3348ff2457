"""What is read is what is meant: cases of each kind from the world, and laws over whatever a file may hold."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import confguard as cg
from confguard.cli import main
from confguard.diffs.pages import to_html, to_markdown
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document, write
from confguard.documents.reading import naming_tags
from confguard.documents.registry import known_formats
from confguard.errors import DiffError, DocumentError
from confguard.risk.model import check_document
from confguard.schema.schema import resolve_schema
from confguard.values import Documents, same
from conftest import examples
from hostile import BYTES, TEXTS

# .env: what bash, python-dotenv and compose agree on


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=#ff8800", "#ff8800"),
        ("A=a#b", "a#b"),
        ("A=a #b", "a"),
        ("A=a\t# b", "a"),
        ("A= # b", ""),
        ("A='a'\"b\"c", "abc"),
        ("A=\"it\"'s'", "its"),
        ("A='it'\\''s'", "it's"),
        ("A='a#b' # c", "a#b"),
        ("A='C:\\dir\\n'", "C:\\dir\\n"),
        ("A='$HOME \"q\" `id`'", '$HOME "q" `id`'),
        ('A="$HOME"', "$HOME"),
        ('A="say \\"hi\\" \\\\ now"', 'say "hi" \\ now'),
        ('A="\\d+"', "\\d+"),
        ("A='a\nb\n'", "a\nb\n"),
        ('A="a\r\nb"', "a\nb"),
        ("export A=1", "1"),
        ("\texport   A='1'", "1"),
        ("A={\"a\": 'b'}", "{\"a\": 'b'}"),
        ("A=https://u:p@h/p?x=1&y=#frag", "https://u:p@h/p?x=1&y=#frag"),
        ("A=p4ss#w0rd", "p4ss#w0rd"),
        ("A=''", ""),
        ("A=", ""),
    ],
)
def test_env_values(text: str, value: str) -> None:
    document = cg.parse(f"# first\n\n{text}\nZ=after", "env")
    assert document.data == {"A": value, "Z": "after"}
    assert document.locate(("Z",)) is not None


@pytest.mark.parametrize(
    "text", ["A='a' b", "A='a", 'A="a\\"', "A", "export A", "A B=1", "=1", "A=1\rB=2", "1A=x", "A='a'b'c"]
)
def test_env_that_nobody_reads_alike_is_refused(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        cg.parse(f"OK=1\n{text}\n", "env")
    assert caught.value.line == 2
    assert caught.value.column


TEXTS_OF_ENV = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
) | st.text("ab'\"\\$`#\n\r =x{}!", max_size=12)


@given(data=st.dictionaries(st.sampled_from(["A", "B_C", "D1"]), TEXTS_OF_ENV))
def test_env_whatever_is_written_reads_back(data: dict[str, str]) -> None:
    assert write(data, "env").data == data


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is asked what it reads")
@given(value=TEXTS_OF_ENV.filter(lambda text: "\r" not in text))
@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_env_bash_reads_what_is_written(value: str) -> None:
    """Without carriage returns, for which bash has no way of writing in double quotes."""
    text = write({"A": value}, "env").text
    script = f'set -a\n{text}\nprintf %s "$A"'
    run = subprocess.run(["bash", "-c", script], capture_output=True, env={"LC_ALL": "C.UTF-8"})
    assert run.stdout.decode() == value


@given(value=st.text("ab1'\"\\ #\tx=", max_size=8))
@settings(deadline=None, max_examples=examples(40), suppress_health_check=[HealthCheck.filter_too_much])
def test_env_what_bash_and_dotenv_agree_on_is_read_so(value: str) -> None:
    dotenv = pytest.importorskip("dotenv")
    bash = shutil.which("bash")
    text = f"A={value}\nZ=end\n"
    theirs = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
    run = subprocess.run(
        [bash or "false", "-c", f'set -e\n{text}\nprintf %s "$A"'], capture_output=True, text=True, env={}
    )
    assume(run.returncode == 0 and not run.stderr and theirs == {"A": run.stdout, "Z": "end"})
    assert cg.parse(text, "env").data == theirs


@given(
    lines=st.lists(
        st.sampled_from(
            ["[a]", "[b]", "k=1", "  j : 2", "    more", "x", "", "# k=1", "  ; c", "j=[a]", "\tk"]
        ),
        max_size=8,
    )
)
def test_ini_every_key_stands_where_its_place_says(lines: list[str]) -> None:
    try:
        document = cg.parse("\n".join(["[s]", *lines]), "ini")
    except DocumentError as error:
        assert error.line
        return
    paths = {(section,) for section in document.data}
    paths |= {(section, key) for section, keys in document.data.items() for key in keys}
    assert paths == document.places().keys()
    for path, place in document.places().items():
        line = document.lines[place.key.line - 1][place.key.column - 1 :]
        assert line.startswith(f"[{path[0]}" if len(path) == 1 else str(path[1]))


# YAML: what is legal is read


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("op: =", {"op": "="}),
        ("- =\n- '='", ["=", "="]),
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
        ("a: &x {k: 1}\nb: &x [*x]\nc: *x\n", None),
        ("base: &b {a: 1, b: 2}\nc: {<<: *b, b: 3}", {"base": {"a": 1, "b": 2}, "c": {"a": 1, "b": 3}}),
        ("m: {<<: [{a: 1}, {a: 2, b: 2}]}", {"m": {"a": 1, "b": 2}}),
        ("a: !!set {x, y}", {"a": {"x": None, "y": None}}),
        ("a: !!omap [x: 1, y: 2]", {"a": [{"x": 1}, {"y": 2}]}),
        ("a: !!str 80", {"a": "80"}),
        ("a: 2031-02-03", {"a": dt.date(2031, 2, 3)}),
        ("no: 1\n1: 2\nnull: 3", {False: 1, 1: 2, None: 3}),
        ("a: 1e3\nb: 1.0e+3", {"a": "1e3", "b": 1000.0}),
        ("a: 0o17\nb: 017\nc: 08", {"a": "0o17", "b": 15, "c": "08"}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
    ],
)
def test_yaml_is_read(text: str, data: Any) -> None:
    try:
        found = cg.parse(text, "yaml")
    except DocumentError as error:
        assert data is None
        assert error.line
        return
    assert data is None or same(found.data, data)
    assert found.places()


@pytest.mark.parametrize(
    ("format", "text", "line", "column", "says"),
    [
        ("yaml", "a: 1\nb: 2026-02-30\n", 2, 4, "no date or time"),
        ("yaml", "a: 2026-01-01 25:00:00\n", 1, 4, "no date or time"),
        ("yaml", "x: [1, !!int abc]\n", 1, 8, "no whole number"),
        ("yaml", "x: !!bool maybe\n", 1, 4, "neither true nor false"),
        ("yaml", "x: !!timestamp soon\n", 1, 4, "no date or time"),
        ("yaml", "x: !!float ''\n", 1, 4, "no number"),
        ("yaml", "x: 1\n0b_: 1\n", 2, 1, "no whole number"),
        ("yaml", "x: [0x_]\n", 1, 5, "no whole number"),
        ("yaml", "x: !!float +_\n", 1, 4, "no number"),
        ("yaml", "x: !!float 1::3\n", 1, 4, "no number"),
        ("yaml", "x: 1\n.nan: 2\n", 2, 1, "not a number"),
        ("yaml", "x: 1\n? {a: b}\n: 2\n", 2, 3, "list or a mapping"),
        ("yaml", "x: *nope\n", 1, 4, "undefined alias"),
        ("yaml", "é: 1\nx: '\x07'\n", 2, 5, "not allowed"),
        ("yaml", "a: " + ":".join(["59"] * 5000), 1, 4, "4,300 digits"),
        ("yaml", "a: 0b" + "1" * 14_900, 1, 4, "4,300 digits"),
        ("yaml", "a: 0x" + "f" * 4000, 1, 4, "4,300 digits"),
        ("yaml", "a:\n  - " + "9" * 4301, 2, 5, "4,300 digits"),
        ("toml", "b = '" + "9" * 5000 + "'\na = [1, " + "9" * 5000 + "]", 2, 9, "4,300 digits"),
        ("toml", "a = 1\nb = 0x" + "f" * 4000, 2, 5, "4,300 digits"),
        ("toml", "a = 1\nb = 2026-02-30", 2, 5, "date"),
        ("json", '{"a": "' + "9" * 5000 + '",\n "b": -' + "9" * 5000 + "}", 2, 7, "4,300 digits"),
        ("json", '{"NaN": [1,\n NaN]}', 2, 2, "NaN is not JSON"),
        ("json", '{"a": -Infinity}', 1, 7, "not JSON"),
        ("json", '{"1e999": 1e999}', 1, 11, "beyond"),
        ("json", '{"a": "\\ud83d\\ude00", "b":\n "\\ud83d"}', 2, 2, "half of a surrogate pair"),
        ("yaml", 'a: "\\ud83d"', 1, 7, "escape"),
        ("jsonc", '{"a": 1, // x\n "b": 1e400}', 2, 7, "beyond"),
        ("ini", "[a]\n  k\n    more\n", 3, 5, "without a value"),
        ("properties", "a = 1\nb = \\u12", 2, 1, "hexadecimal"),
    ],
)
def test_what_has_no_value_is_refused_at_its_place(
    format: str, text: str, line: int, column: int, says: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        cg.parse(text, format, path="f")
    assert says in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("format", "text", "again", "first"),
    [
        (
            "json",
            '{"web": {"port": 1},\n "db": {"port": 1,\n  "port": 2},\n "mq": {"port": 1}}',
            (3, 3),
            (2, 9),
        ),
        ("json", '{"a": {"b": 1}, "b": 2, "\\u0062": 3}', (1, 25), (1, 17)),
        ("json", '{"s": "\\"a\\": ", "a": {"a": 1}, "a": 2}', (1, 33), (1, 18)),
        ("jsonc", '{\n // "a": 0\n "a": 1,\n "a": 2, }', (4, 2), (3, 2)),
        ("yaml", "web: {port: 1}\ndb:\n  port: 1\n  x: 1\n  port: 2\nmq: {port: 1}", (5, 3), (3, 3)),
        ("yaml", "- a: 1\n- a: 2\n- {a: 1, b: 2, 'a': 3}", (3, 16), (3, 4)),
        ("yaml", "a: 1\n---\nb: 1\nb: 2", (4, 1), (3, 1)),
        ("yaml", "1: a\ntrue: b", (2, 1), (1, 1)),
        ("toml", "[web]\nport = 1\n[db]\nport = 1\nx = 1\n'port' = 2\n[mq]\nport = 1", (6, 1), (4, 1)),
        ("toml", "a = {x = 1, y = {x = 1}, x = 2}", (1, 26), (1, 6)),
        ("toml", "a.b = 1\na.c = 2\na.b = 3", (3, 3), (1, 3)),
        ("toml", "[a.b]\n[a]\nx = 1\n[a.b]", (4, 1), (1, 1)),
        ("toml", "[[p]]\nn = 1\n[[p]]\nn = 2\nn = 3", (5, 1), (4, 1)),
        ("toml", "a = 1\n[a]\n", (2, 1), (1, 1)),
        ("toml", 's = """\na = 1\n"""\na = 1\n# a = 2\na = 3', (6, 1), (4, 1)),
        ("ini", "[web]\nport = 1\n[db]\n  port = 1\n  port = 2\n[mq]\nport = 1", (5, 3), (4, 3)),
        ("ini", "[a]\nx = 1\n  y = 2\ny = 3\n[b]\n[a]\n", (6, 1), (1, 1)),
        ("env", "# A=0\nB='\nA=1'\nA=2\nexport A=3", (5, 8), (4, 1)),
        ("properties", "# a=0\nb=\\\n  a=1\na=2\n  a : 3", (5, 3), (4, 1)),
    ],
)
def test_a_key_that_stands_twice_is_placed_where_it_does(
    format: str, text: str, again: tuple[int, int], first: tuple[int, int]
) -> None:
    with pytest.raises(DocumentError) as caught:
        cg.parse(text, format)
    assert (caught.value.line, caught.value.column) == again
    assert f" on line {first[0]}, column {first[1]}" in str(caught.value)


# Tags that a project names


def test_an_unknown_tag_is_refused_with_the_line_that_names_all(folder: Path) -> None:
    Path("t.yaml").write_text("a: !Ref X\nb: !Join [x, !Ref y]\nc: !!str 1\nd: ! e\n")
    with pytest.raises(DocumentError) as caught:
        cg.read("t.yaml")
    assert (caught.value.line, caught.value.column) == (1, 4)
    assert caught.value.hint is not None
    line = caught.value.hint.split("`")[1]
    assert line == 'documents.tags = ["!Join", "!Ref"]'
    assert main(["check", "t.yaml"]) == 1
    Path("confguard.toml").write_text(line + "\n")
    assert main(["check", "t.yaml"]) == 0


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: !vault |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: !Ref Queue", {"a": "Queue"}),
        ("a: !reference [.setup, script]", {"a": [".setup", "script"]}),
        ("a: !Sub {x: 1}", {"a": {"x": 1}}),
        ("a: !Port 80\nb: !Port '80'", {"a": 80, "b": "80"}),
        ("!Root\na: 1", {"a": 1}),
        ("!Key a: 1", {"a": 1}),
    ],
)
def test_what_carries_a_named_tag_is_read_as_its_plain_value(text: str, data: Any) -> None:
    document = cg.parse(text, "yaml", tags=["!*"])
    assert document.data == data
    assert document.places()


def test_tags_that_ask_for_code_are_never_named() -> None:
    with pytest.raises(DocumentError, match="never read|is not known"), naming_tags(["*"]):
        cg.parse("a: !!python/object/apply:os.system ['true']", "yaml", tags=["*"])


def test_a_duplicate_inside_of_a_named_tag_is_found() -> None:
    with pytest.raises(DocumentError, match="twice"):
        cg.parse("a: !Sub {x: 1, x: 2}", "yaml", tags=["!Sub"])


# Several documents

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: prod}}
spec:
  replicas: {replicas}
  template: {{spec: {{containers: [{{name: app, env: [{{name: TIMEOUT, value: {timeout}}}]}}]}}}}
"""
SERVICE = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: prod}\nspec: {ports: [{port: 80}]}\n"
)


def deployment(replicas: int, timeout: str, name: str = "web") -> str:
    return DEPLOYMENT.format(replicas=replicas, timeout=timeout, name=name)


def yaml(*documents: str) -> Document:
    return cg.parse("---\n".join(documents), "yaml", path="k8s.yaml")


def test_a_document_more_hides_nothing() -> None:
    old, new = deployment(6, "2s"), deployment(0, "2ms")
    alone = cg.assess(cg.diff(yaml(old), yaml(new)))
    for before, after in [
        ((old,), (new, SERVICE)),
        ((old, SERVICE), (new, SERVICE)),
        ((old, SERVICE), (SERVICE, new)),
    ]:
        made = cg.diff(yaml(*before), yaml(*after))
        assert "replicas: 6 -> 0" in str(made)
        risk = cg.assess(made)
        assert risk.score >= alone.score
        assert {each.code for each in alone.findings} <= {each.code for each in risk.findings}
        assert all(each.line for each in risk.findings)
        where = [each.line for each in risk.findings if each.code == "CG202"]
        assert where and yaml(*after).lines[where[0] - 1].startswith("  template")


def test_an_added_document_is_named() -> None:
    made = cg.diff(yaml(deployment(1, "2s")), yaml(deployment(1, "2s"), SERVICE))
    (change,) = made
    name = {"kind": "Service", "metadata.namespace": "prod", "metadata.name": "web"}
    assert (change.op, change.to_json()["path"]) == ("add", [name])
    assert made.locate(change) == ("k8s.yaml", 8, 1)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (("a: 1\n", "b: 1\n"), ("a: 1\n", "b: 2\n"), "[1].b: 1 -> 2"),
        (("a: 1\n",), ("a: 2\n", "b: 1\n"), "[0].a: 1 -> 2"),
        (("a: 1\nx: 1\n", "b: 1\n"), ("c: 3\n", "a: 1\nx: 2\n", "b: 1\n"), ".x: 1 -> 2"),
        ((deployment(1, "2s"), "b: 1\n"), ("b: 2\n", deployment(2, "2s")), "replicas: 1 -> 2"),
        ((deployment(1, "2s"),) * 2, (deployment(1, "2s"), deployment(2, "2s")), "[1].spec.replicas: 1 -> 2"),
        ((), ("a: 1\n", "b: 1\n"), "+ [0]"),
        (("", "a: 1\n"), ("a: 2\n",), "a: 1 -> 2"),
        (
            ("kind: Job\nmetadata: {generateName: x-}\nn: 1\n", "b: 1\n"),
            ("kind: Job\nmetadata: {generateName: x-}\nn: 2\n",),
            "[0].n: 1 -> 2",
        ),
    ],
)
def test_documents_are_compared_one_by_one(
    before: tuple[str, ...], after: tuple[str, ...], shown: str
) -> None:
    made = cg.diff(yaml(*before), yaml(*after))
    assert shown in str(made)


NAMES = st.sampled_from(["a", "b", "c"])
KUBERNETES = st.builds(
    lambda kind, name, space, api, n: {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name} | ({"namespace": space} if space else {}),
        "spec": {"n": n},
    },
    st.sampled_from(["Deployment", "Service"]),
    NAMES,
    st.none() | NAMES,
    st.sampled_from(["v1", "v2"]),
    st.integers(0, 3),
)
OTHER = st.dictionaries(NAMES, st.integers(0, 3), min_size=1, max_size=2)
FILES = st.lists(KUBERNETES | OTHER, max_size=5)


@given(before=FILES, after=FILES)
def test_a_diff_of_files_of_documents_leads_from_one_to_the_other(
    before: list[Any], after: list[Any]
) -> None:
    sides = [
        cg.parse("---\n".join(json.dumps(each) + "\n" for each in side), "yaml") for side in (before, after)
    ]
    old, new = (side.data for side in sides)
    made = cg.diff(*sides)
    assert same(made.apply(old), new)
    assert same(made.invert().apply(new), old)
    assert cg.Diff.from_json(json.loads(json.dumps(made.to_json()))).apply(old) == new
    assert same((made + made.invert()).apply(old), old)
    assert isinstance(old, Documents) is (len(before) > 1)
    for change in made:
        assert made.locate(change)[1] is not None
    cg.assess(made)


@given(
    documents=st.lists(
        st.dictionaries(NAMES, st.text("ab:#- \n", max_size=4), min_size=1), min_size=2, max_size=4
    )
)
def test_several_documents_are_written(documents: list[Any]) -> None:
    assert same(write(Documents(documents), "yaml").data, Documents(documents))


class App(BaseModel):
    name: str
    port: int


def test_a_schema_says_what_each_document_holds() -> None:
    schema = resolve_schema(App)
    assert schema is not None
    good = yaml("name: a\nport: 1\n", "name: b\nport: 2\n")
    assert [each.port for each in schema.validate_document(good)] == [1, 2]
    bad = yaml("name: a\nport: 1\n", "name: b\nport: x\n", "name: c\nprt: 1\n")
    with pytest.raises(cg.ValidationError) as caught:
        schema.validate_document(bad)
    assert [(each.path, each.line) for each in caught.value.problems][:1] == [((1, "port"), 5)]
    assert {each.path[0] for each in caught.value.problems} == {1, 2}


def test_settings_are_one_document(folder: Path) -> None:
    Path("two.yaml").write_text("name: a\nport: 1\n---\nname: b\nport: 2\n")
    with pytest.raises(DocumentError, match="two.yaml:4:1: holds 2 documents"):
        cg.load(App, "two.yaml")


def test_a_schema_guides_the_diff_of_several_documents() -> None:
    made = cg.diff(yaml("name: a\nport: 1\n"), yaml("name: a\nport: '1'\n", "name: b\nport: 2\n"), App)
    assert [change.op for change in made] == ["add"]


# Whatever a file holds: an error with a place, or data that all that follows can deal with

PIECES = {
    "yaml": [
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&x ",
        "*x",
        "<<: ",
        "!t ",
        "!!int ",
        "!!set ",
    ]
    + [
        "!!omap ",
        "!!binary ",
        "---\n",
        "...\n",
        "|\n",
        "'",
        '"',
        "\\",
        "#",
        "=",
        "~",
        ".nan",
        "-.inf",
        "1:2:3",
        "0x",
        "0b1",
    ]
    + [
        "2026-02-30",
        "2026-02-03 04:05:06 +99:00",
        "1_0",
        "1e9",
        "1.0e+400",
        "no",
        "%YAML 1.2\n",
        "\t",
        "\r",
        "\x85",
        "\u2028",
    ],
    "toml": [
        "a",
        "b = ",
        "[a]\n",
        "[[a]]\n",
        "a.b",
        "\n",
        "= ",
        "1",
        "{",
        "}",
        ", ",
        "[",
        "]",
        "'",
        '"',
        '"""',
        "inf",
        "-nan",
    ]
    + ["2026-02-30", "12:61:00", "1979-05-27T07:32:00Z", "0x", "1e400", "#", "\\u0000", "\r", "."],
    "json": [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"a"',
        '"b"',
        '""',
        "1",
        "-0",
        "1e400",
        "NaN",
        "null",
        "true",
        "\\",
        "\n",
        "\\ud800",
        '"',
    ]
    + ["//", "/*", "*/", "0.1", "\t"],
    "env": ["A", "B", "=", "'", '"', "\\", "#", " ", "\n", "\r", "$A", "export ", "`", "x"],
    "ini": ["[a]", "[b]\n", "a", "=", ":", "\n", "\n  ", "#", ";", "x", "\r", "%(a)s", "[", "]"],
    "properties": ["a", "=", ":", " ", "\\", "\\u00", "\\uD83D", "\n", "\r", "#", "!", "x", "\f"],
}
PIECES["jsonc"] = PIECES["json"]


def contents(format: str) -> st.SearchStrategy[bytes]:
    soup = st.lists(st.sampled_from(PIECES[format]), max_size=14).map("".join)
    return soup.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=12)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=4)
    | st.integers(10**4290, 10**4300 - 1)
    | st.text("a\x1b\x85\u2028\ufeffé", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.none()
            | st.booleans()
            | st.integers(0, 3)
            | st.dates()
            | st.binary(max_size=2)
            | st.text("ab.", max_size=2)
            | st.floats(allow_nan=False),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def goes_on(before: Document, after: Document) -> None:
    """All that is done with documents: none of it raises."""
    made = cg.diff(before, after)
    assert same(made.apply(before.data), after.data)
    assert made.same is same(before.data, after.data)
    risk = cg.assess(made)
    for shown in (str(made), to_html(made), to_markdown(made), str(risk), *map(str, risk.findings)):
        shown.encode()
    json.dumps([made.to_json(), risk.to_json(cg.Policy().decide(risk))], allow_nan=False).encode()
    for document in (before, after):
        assert len(document.data_digest) == 64
        for path in document.places():
            assert document.locate(path)
        check_document(document)
        validated(document)
    with suppress(DiffError, TypeError):  # JSON has no such value
        json.dumps(made.to_json_patch(secrets=True))


def validated(document: Document) -> None:
    schema = resolve_schema(App)
    assert schema is not None
    try:
        schema.validate_document(document)
    except cg.ValidationError as error:
        json.dumps([problem.to_json() for problem in error.problems], allow_nan=False)
        "".join(problem.report() for problem in error.problems).encode()


def parsed_or_refused(content: bytes, format: str) -> Document | None:
    try:
        return parse_bytes(content, format, path="f")
    except DocumentError as error:
        assert error.line is not None and error.column is not None, str(error)
        lines = content.decode(errors="replace").removeprefix("\ufeff").split("\n")
        assert 1 <= error.line <= len(lines) + 1
        str(error).encode()
        assert len(str(error)) < 500
        return None


@pytest.mark.parametrize("format", known_formats())
@given(data=st.data())
@settings(max_examples=examples(40), deadline=None)
def test_whatever_the_text(format: str, data: st.DataObject) -> None:
    sides = [parsed_or_refused(data.draw(contents(format)), format) for _ in range(2)]
    empty = {"json": "{}", "jsonc": "{}"}.get(format, "")
    goes_on(sides[0] or cg.parse(empty, format), sides[1] or cg.parse(empty, format))


@given(before=VALUES, after=VALUES)
@settings(max_examples=examples(100), deadline=None)
def test_whatever_yaml_holds(before: Any, after: Any) -> None:
    sides = []
    for value in (before, after):
        try:
            sides.append(write(value, "yaml"))
        except DocumentError:
            assume(False)
    goes_on(*sides)


SHORT = [
    (name, kind, text.encode("utf-8", "surrogatepass")) for name, kind, text in TEXTS if len(text) < 7_000
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "format", "content"), SHORT + BYTES, ids=[each[0] for each in SHORT + BYTES]
)
def test_no_command_ends_in_a_traceback(
    name: str, format: str, content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ".env" if format == "env" else f"f.{format}"
    Path(file).write_bytes(content)
    Path("other.yaml").write_text("a: 1\n")
    Path("reading_models.py").write_text(
        "from pydantic import BaseModel\nclass M(BaseModel):\n    a: int = 1\n"
    )
    for words in (["check", file], ["diff", file, "other.yaml"]):
        assert main(words) in {0, 1, 2}
    assert main(["assess", "other.yaml", file, "--format", "json"]) in {0, 1, 2}
    assert main(["explain", "reading_models:M", file]) in {0, 1, 2}
    assert "Traceback" not in capsys.readouterr().err
