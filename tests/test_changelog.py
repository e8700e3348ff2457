"""Change logs of a store's history and of git: as text, Markdown, JSON and Atom."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from pydantic import BaseModel

import confguard as cg
from confguard.cli import main
from confguard.fields import ByteSize, Duration, Safer, Secret
from confguard.records.changelog import entries, releases
from confguard.records.pages import to_atom, to_markdown
from confguard.records.versions import of_store
from conftest import git

Capture = pytest.CaptureFixture[str]
ANY = cg.Policy(review=101, block=101)
ATOM = "{http://www.w3.org/2005/Atom}"
NASTY = "fast\x1b[2J\u202e <script>alert(1)</script> [x](javascript:y) `z` *b* &amp; \\ \ud7ff\ufffe\x00|"


class App(BaseModel):
    wait: Duration = Duration("2s")
    cache: ByteSize = ByteSize("1MiB")
    limit: Annotated[int, Safer("lower")] = 5
    key: Secret = Secret("")
    debug: bool = False


def sentences(before: str, after: str, format: str = "toml", schema: object = None) -> list[str]:
    """What a change log says of one change."""
    guard = cg.Guard("app", schema=schema, store="memory://", format=format, policy=ANY)
    for text in (before, after):
        guard.apply(guard.plan(cg.parse(text, format), author="ana", reason="x"))
    newest, *_ = entries(of_store(guard.store, "app"), guard.schema)
    page = to_markdown("app", releases([newest]))
    return [line.removeprefix("- ") for line in page.splitlines() if line.startswith("- ")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("pool = 64", "pool = 4", "`pool` was lowered from `64` to `4` (16 times less)."),
        ("wait = '2s'", "wait = '2500ms'", "`wait` was raised from `2s` to `2500ms` (25 % more)."),
        ("on = false", "on = true", "`on` was turned on."),
        ("h = 'a'", "h = 'b'", '`h` was changed from `"a"` to `"b"`.'),
        ("a = 1\nx = 1", "a = 1", "`x` was removed; it was `1`."),
        ("a = 1", "a = 1\nx = '`'", '`x` is new: ``"`"``.'),
        ("a = '300s'", "a = '5m'", "`a` is written `5m` now, which is the same as `300s`."),
        ("a = 1", "a = 1  # one", "No value changed: layout or comments did."),
        ("max_pool = 64", "pool_max = 64", "`pool_max` was `max_pool` before."),
        ("password = 'hunter2'", "password = 'hunter3'", "`password` was changed; it is secret."),
        (
            "[db]\na = 1",
            "[db]\na = 1\nb = 2\nc = 3\nd = '5m'\ne = 'x'",
            '4 settings in `db` are new: `b` (`2`), `c` (`3`), `d` (`5m`), `e` (`"x"`).',
        ),
    ],
)
def test_changes_in_words(before: str, after: str, expected: str) -> None:
    assert sentences(before, after) == [expected]


def test_a_schema_tells_units_and_sides() -> None:
    before, after = "wait = 300\ncache = 1048576\nlimit = 5", "wait = 3\ncache = 2097152\nlimit = 50"
    assert sentences(before, after, schema=App) == [
        "`wait` was lowered from `5m` to `3s` (100 times less).",
        "`cache` was raised from `1MiB` to `2MiB` (2 times more).",
        "`limit` was raised from `5` to `50` (10 times more, looser).",
    ]


def test_much_is_told_in_short() -> None:
    many = "".join(f"k{i} = {i + 5}\n" for i in range(90))
    told = sentences(many, "".join(f"k{i} = {i + 6}\n" for i in range(90)))
    assert len(told) == 21 and told[-1] == "and 70 more changes."
    assert "and 70 more." in sentences("a = 1\n", "a = 1\n" + many)[0]


@pytest.fixture
def project(repository: Path) -> Path:
    Path("confguard.toml").write_text(
        '[configs.app]\ntargets = ["live.toml"]\n[policy]\nreview = 101\nblock = 101\n'
    )
    return repository


def apply(text: str, *words: str) -> None:
    Path("app.toml").write_text(text)
    assert main(["apply", "app", "app.toml", *words]) == 0


def run(capsys: Capture, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(words))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def test_a_log_by_release(project: Path, capsys: Capture) -> None:
    apply("a = 1\n", "--reason", "start", "--author", "ana")
    apply(
        "a = 2\n", "--reason", "more visitors", "--author", "ben", "--ticket", "OPS-7", "--label", "2026-11"
    )
    apply("a = 3\n", "--reason", "try it", "--author", "eva", "--approved-by", "ida")
    assert main(["revert", "app", "--reason", "logins fail", "--author", "eva"]) == 0
    page = run(capsys, "log", "app", "--format", "markdown")[1]
    shape = [re.sub(r"\d+ \w+ 20\d\d|\d\d:\d\d", "...", line) for line in page.splitlines() if line]
    assert shape == [
        "# Changes to `app`",
        "## Not released yet, ...",
        "### logins fail",
        "Revision 4 by eva on ... at ... UTC; it goes back to revision 2.",
        "- `a` was lowered from `3` to `2` (33 % less).",
        "### try it",
        "Revision 3 by eva on ... at ... UTC; approved by ida.",
        "- `a` was raised from `2` to `3` (50 % more).",
        "## 2026-11, ...",
        "### more visitors (OPS-7)",
        "Revision 2 by ben on ... at ... UTC.",
        "- `a` was raised from `1` to `2` (2 times more).",
        "### start",
        "Revision 1 by ana on ... at ... UTC.",
        "- The first one, with 1 value.",
    ]
    logged = json.loads(run(capsys, "log", "app", "--format", "json", "--limit", "1", "--before", "3")[1])
    assert [(each["number"], each["changes"]) for each in logged] == [
        (2, ["a was raised from 1 to 2 (2 times more)."])
    ]
    assert "There is no revision yet" in run(capsys, "log", "app", "--before", "1", "--format", "markdown")[1]
    code, _, said = run(capsys, "log", "app", "--before", "1", "--format", "atom")
    assert code == 2 and "no revision yet" in said


def test_a_log_by_day_where_nothing_is_labelled(project: Path, capsys: Capture) -> None:
    apply("a = 1\n", "--reason", "start")
    lines = run(capsys, "log", "app", "--format", "markdown")[1].splitlines()
    assert re.fullmatch(r"## \d+ \w+ 20\d\d", lines[2])


def check_atom(text: str) -> ET.Element:
    """What RFC 4287 asks of a feed: one id, title and updated in each, ids that differ, an author, content."""
    feed = ET.fromstring(text)
    assert feed.tag == f"{ATOM}feed"
    found = feed.findall(f"{ATOM}entry")
    for element in (feed, *found):
        for name in ("id", "title", "updated"):
            (only,) = element.findall(f"{ATOM}{name}")
            assert only.text and not list(only)
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "").tzinfo
        assert UUID((element.findtext(f"{ATOM}id") or "").removeprefix("urn:uuid:"))
        allowed = {"id", "title", "updated", "generator", "entry", "author", "category", "content"}
        assert {child.tag.removeprefix(ATOM) for child in element} <= allowed
    ids = [each.findtext(f"{ATOM}id") for each in (feed, *found)]
    assert len(set(ids)) == len(ids) and found
    for entry in found:
        (author,) = entry.findall(f"{ATOM}author")
        assert author.findtext(f"{ATOM}name")
        assert all("@" in (email.text or "") for email in author.findall(f"{ATOM}email"))
        (content,) = entry.findall(f"{ATOM}content")
        (div,) = content
        assert content.get("type") == "xhtml" and div.tag == "{http://www.w3.org/1999/xhtml}div"
        assert {each.tag.rpartition("}")[2] for each in div.iter()} <= {"div", "p", "ul", "li"}
    return feed


def test_atom(project: Path, capsys: Capture) -> None:
    apply("a = 1\n", "--reason", "start")
    first = check_atom(run(capsys, "log", "app", "--format", "atom")[1])
    apply("a = 2\n", "--reason", "more", "--ticket", "OPS-7")
    second = check_atom(run(capsys, "log", "app", "--format", "atom")[1])
    ids = [[each.text for each in feed.iter(f"{ATOM}id")] for feed in (first, second)]
    assert ids[0][0] == ids[1][0] and ids[0][1] == ids[1][2]  # the feed's, and that of the first revision
    assert [each.get("term") for each in second.iter(f"{ATOM}category")] == ["OPS-7"]
    assert "a was raised from 1 to 2" in "".join(second.itertext())


def test_whatever_a_user_wrote_is_escaped(repository: Path) -> None:
    guard = cg.Guard("app", store="memory://", format="json", policy=ANY)
    for number in range(2):
        data = {NASTY: f"{NASTY}{number}", "ok": 1}
        plan = guard.plan(data, author=NASTY, reason=NASTY, ticket=NASTY, labels=[NASTY])
        guard.apply(plan, approved_by=NASTY)
    logged = list(entries(of_store(guard.store, "app"), None))
    page, feed = to_markdown(NASTY, releases(logged)), to_atom(NASTY, "x", logged)
    check_atom(feed)
    for text in (page, feed, str(cg.blame(guard))):
        assert all(char.isprintable() or char == "\n" for char in text)
    outside_of_code = re.sub(r"(`+).+?(?<!`)\1(?!`)", "", page.replace("\\`", ""))
    assert "<script" not in outside_of_code and not re.search(r"(?<!\\)[\[*`]", outside_of_code)


def test_secrets_are_in_no_log(project: Path, capsys: Capture) -> None:
    apply('password = "hunter2-a"\nnote = "x"\n', "--reason", "start")
    apply('password = "hunter2-b"\nnote = "y"\n', "--reason", "now it is hunter2-b")
    apply('password = "hunter2-b"\n[env]\nAPI_TOKEN = "hunter2-c"\n', "--reason", "x")
    for form in ("text", "markdown", "json", "atom"):
        assert "hunter2" not in run(capsys, "log", "app", "--format", form)[1]


def test_what_cannot_be_read_is_told(project: Path, capsys: Capture) -> None:
    apply("a = 1\n", "--reason", "start")
    apply("a = 2\n", "--reason", "second")
    apply("a = 3\n", "--reason", "third")
    assert main(["thin", "app", "--keep", "1", "--keep-for", "1s"]) in (0, 2)
    Path("live.toml").write_text("a = [[[\n")
    apply("a = 4\n", "--reason", "fourth", "--overwrite", "--approved-by", "eva")
    page = run(capsys, "log", "app", "--format", "markdown")[1]
    assert "What a target held when it was overwritten. It was never in force." in page
    assert "`a` was raised from `3` to `4`" in page


def test_a_log_of_a_file_in_git(repository: Path, capsys: Capture) -> None:
    def commit(text: str, message: str) -> None:
        Path("b c.toml").write_text(text)
        git("add", ".")
        git("commit", "--quiet", "-m", message)

    commit("a = 1\nb = 1\n", "Start")
    git("tag", "v1.0")
    commit("a = 2\nb = 1\n", "Raise it\n\nTicket: OPS-7")
    git("tag", "-m", "second", "v1.1")
    git("checkout", "--quiet", "-b", "side")
    commit("a = 2\nb = 5\n", "On the side")
    git("checkout", "--quiet", "main")
    git("commit", "--quiet", "--allow-empty", "-m", "nothing")
    git("merge", "--quiet", "--no-edit", "side")
    commit("a = [\n", "Break it")
    commit("a = 2\nb = 5\n", "Mend it")
    page = run(capsys, "log", "b c.toml", "--format", "markdown")[1]
    assert re.findall(r"(?m)^##+ (.*)$", re.sub(r", \d+ \w+ 20\d\d$", "", page, flags=re.MULTILINE)) == [
        *["Not released yet", "Mend it", "Break it", "On the side"],
        *["v1.1", "Raise it (OPS-7)", "v1.0", "Start"],
    ]
    assert "- `b` was raised from `1` to `5` (5 times more)." in page
    assert page.count("What changed cannot be told: it, or the one before it, cannot be read.") == 2
    check_atom(run(capsys, "log", "b c.toml", "--format", "atom")[1])
    logged = json.loads(run(capsys, "log", "b c.toml", "--format", "json")[1])
    assert [each["release"] for each in logged] == [None, None, None, "v1.1", "v1.0"]
    text = run(capsys, "log", "b c.toml", "--limit", "2")[1].splitlines()
    assert len(text) == 4 and text[1].strip() == "Mend it"
    code, _, said = run(capsys, "log", "b c.toml", "--before", "2")
    assert code == 2 and "--before counts" in said


def test_merges_tell_what_they_changed_themselves(repository: Path, capsys: Capture) -> None:
    def commit(text: str) -> None:
        Path("a.toml").write_text(text)
        git("commit", "--quiet", "-am", text.replace("\n", " "))

    Path("a.toml").write_text("a = 1\n\n\n\nb = 1\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "start")
    git("checkout", "--quiet", "-b", "side")
    commit("a = 2\n\n\n\nb = 1\n")
    git("checkout", "--quiet", "main")
    commit("a = 1\n\n\n\nb = 2\n")
    git("merge", "--quiet", "-m", "clean", "side")
    page = run(capsys, "log", "a.toml", "--format", "markdown")[1]
    assert "clean" not in page and page.count("###") == 3
    assert run(capsys, "log", "a.toml", "--limit", "2", "--format", "markdown")[1].count("###") == 2
    Path("a.toml").write_text("a = 2\n\n\n\nb = 3\n")
    git("commit", "--quiet", "-a", "--amend", "-m", "by hand")
    assert "by hand" in (page := run(capsys, "log", "a.toml", "--format", "markdown")[1])
    assert "`b` was raised from `2` to `3`" in page and page.count("`a` was raised") == 1


def committed(name: str, number: int) -> None:
    Path(name).write_text(f"x = {number}\n")
    git("add", "-A")
    git("commit", "--quiet", "-m", f"change {number}")


def test_a_release_that_was_tagged_late_holds_what_it_held(repository: Path, capsys: Capture) -> None:
    for number in range(1, 5):
        committed("a.toml", number)
        if number == 3:
            git("tag", "v3")
    git("tag", "-m", "late", "v2", "HEAD~2")
    assert main(["log", "a.toml", "--format", "markdown"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("##")]
    assert [line.split(",")[0].lstrip("# ") for line in lines] == [
        *["Not released yet", "change 4"],
        *["v3", "change 3"],
        *["v2", "change 2", "change 1"],
    ]


def test_tags_of_tags_and_of_what_is_no_commit(repository: Path, capsys: Capture) -> None:
    for number in (1, 2):
        committed("a.toml", number)
    git("tag", "-m", "inner", "inner", "HEAD~1")
    git("-c", "advice.nestedTag=false", "tag", "-m", "outer", "v1", "inner")
    git("tag", "-d", "inner")
    git("tag", "blob", "HEAD:a.toml")
    git("tag", "tree", "HEAD^{tree}")
    assert main(["log", "a.toml", "--format", "json"]) == 0
    assert [each["release"] for each in json.loads(capsys.readouterr().out)] == [None, "v1"]


def test_the_ids_of_a_feed_stay_when_the_file_is_renamed(repository: Path, capsys: Capture) -> None:
    def ids() -> list[str]:
        name = next(str(each) for each in Path().glob("*.toml"))
        assert main(["log", name, "--format", "atom"]) == 0
        return re.findall("<id>(.*)</id>", capsys.readouterr().out)

    for number in (1, 2):
        committed("a.toml", number)
    before = ids()
    git("mv", "a.toml", "b.toml")
    git("commit", "--quiet", "-m", "rename")
    assert set(before) <= set(ids())
