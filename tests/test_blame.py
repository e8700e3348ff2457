"""Who set each value: by meaning, over a store's history and over git."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

import confguard as cg
from confguard.cli import main
from confguard.fields import Duration, KeyedBy, Renamed, Secret
from confguard.paths import show_path
from confguard.records import walking
from conftest import git

Capture = pytest.CaptureFixture[str]
ANY = cg.Policy(review=101, block=101)


def history(*texts: str, format: str = "toml", schema: Any = None, **options: Any) -> cg.Guard:
    """A guard whose store holds these texts, one a revision."""
    guard = cg.Guard("app", schema=schema, store="memory://", format=format, policy=ANY, **options)
    for number, text in enumerate(texts, 1):
        plan = guard.plan(cg.parse(text, format), author=f"author {number}", reason=f"reason {number}")
        guard.apply(plan)
    return guard


def who(result: cg.Blame) -> dict[str, Any]:
    """The version that set each value."""
    return {show_path(value.path): value.revision for value in result}


def commit(message: str, **files: str | None) -> str:
    """Commit files, of which the names have `__` for a dot; None removes one."""
    for name, text in files.items():
        path = Path(name.replace("__", "."))
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    git("add", "-A")
    git("commit", "--quiet", "-m", message)
    return git("rev-parse", "HEAD").strip()


def command(capsys: Capture, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(words))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


MEANINGLESS = {
    "layout": ('wait="300s"\n\n\npool   =   8', "toml"),
    "a comment": ('# how long\nwait = "300s"  # enough\npool = 8\n', "toml"),
    "the order of keys": ('pool = 8\nwait = "300s"\n', "toml"),
    "another unit": ('wait = "5m"\npool = 8\n', "toml"),
    "another notation": ("wait = '300s'\npool = 0x8\n", "toml"),
    "line ends": ('wait = "300s"\r\npool = 8\r\n', "toml"),
}


@pytest.mark.parametrize("name", MEANINGLESS)
def test_what_changes_no_meaning_changes_no_blame(name: str, repository: Path) -> None:
    start, (text, _) = 'wait = "300s"\npool = 8\n', MEANINGLESS[name]
    guard = history(start, text, text + "\nnew = 1\n")
    assert who(cg.blame(guard)) == {"wait": 1, "pool": 1, "new": 3}
    first = commit("start", a__toml=start)
    Path("a.toml").write_bytes(text.encode())
    git("commit", "--quiet", "-am", "layout")
    assert set(who(cg.blame("a.toml")).values()) == {first}


def test_a_version_is_no_amount() -> None:
    assert who(cg.blame(history('version = "1.10"\n', 'version = "1.1"\n'))) == {"version": 2}
    assert who(cg.blame(history("on = 1\n", "on = true\n", "on = 1\n"))) == {"on": 3}


def test_each_value_has_who_when_why_and_the_ticket() -> None:
    guard = history("size = 8\n")
    plan = guard.plan({"size": 9}, author="ben", reason="more visitors", ticket="OPS-7")
    revision = guard.apply(plan)
    (value,) = cg.blame(guard)
    told = (value.path, value.value, value.revision, value.author, value.reason, value.ticket, value.line)
    assert told == (("size",), 9, 2, "ben", "more visitors", "OPS-7", 1)
    assert value.at == revision.created_at.isoformat()


def test_a_value_that_came_back_was_set_by_who_brought_it_back() -> None:
    guard = history("size = 8\nhost = 'a'\n", "size = 9\nhost = 'a'\n")
    guard.revert(reason="logins fail")
    assert who(cg.blame(guard)) == {"size": 3, "host": 1}


MOVED = [
    ("[db]\npool = 5\nhost = 'db1'\n", "[main.db]\npool = 5\nhost = 'db1'\n", {"main.db.pool": 1, "main.db.host": 1}),
    (
        "[db]\npool = 5\nhost = 'db1'\nport = 9\n",
        "[base]\npool = 5\nhost = 'db1'\nport = 7\n",
        {"base.port": 2, "base.host": 1},
    ),
    ("max_pool = 537\n", "[limits]\nmax_pool = 537\n", {"limits.max_pool": 1}),
    ("l = [1, 2, 3]\n", "l = [0, 1, 2, 3]\n", {"l[0]": 2, "l[1]": 1, "l[3]": 1}),
    ("l = [1, 2, 3]\n", "l = [1, 3]\n", {"l[0]": 1, "l[1]": 1}),
    ("l = [1]\n", "l = []\n", {"l": 2}),
    (
        "[[s]]\nname = 'a'\nw = 1\n[[s]]\nname = 'b'\nw = 2\n",
        "[[s]]\nname = 'b'\nw = 2\n[[s]]\nname = 'a'\nw = 3\n",
        {"s[name=b].w": 1, "s[name=a].w": 2, "s[name=a].name": 1},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), MOVED)
def test_what_went_elsewhere_keeps_its_blame(before: str, after: str, expected: dict[str, int]) -> None:
    found = who(cg.blame(history(before, after, after + "\n# the end\n")))
    assert expected.items() <= found.items()


def test_moves_are_followed_through_several_revisions() -> None:
    texts = ["a = [3, 4, 5]\n", "a = [2, 3, 4, 5]\n", "a = [2, 3, 4, 6]\n", "a = [1, 2, 3, 4, 6]\n"]
    assert list(who(cg.blame(history(*texts))).values()) == [4, 2, 1, 1, 3]


@pytest.mark.filterwarnings("ignore:.*is called 'pool' now")
def test_a_schema_says_what_means_the_same() -> None:
    class Server(BaseModel):
        addr: str
        w: int = 1

    class App(BaseModel):
        wait: Duration
        pool: Annotated[int, Renamed("size")] = 5
        servers: Annotated[list[Server], KeyedBy("addr")] = []

    texts = [
        "wait: 300\nsize: 8\nservers: [{addr: x, w: 2}]",
        "wait: 5m\npool: 8\nservers: [{addr: y}, {addr: x, w: 2}]",
        "wait: 5m\npool: 8\nservers: [{addr: y, w: 1}, {addr: x, w: 2}]",
    ]
    found = who(cg.blame(history(*texts, format="yaml", schema=App)))
    assert found == {
        "wait": 1,
        "pool": 1,
        "servers[addr=y].addr": 2,
        "servers[addr=y].w": 3,
        "servers[addr=x].addr": 1,
        "servers[addr=x].w": 1,
    }


def test_several_documents_and_one() -> None:
    one = "kind: Job\nmetadata: {name: a}\nn: 1\n"
    two = "kind: Job\nmetadata: {name: b}\nn: 2\n---\n" + one
    assert list(who(cg.blame(history(one, two, format="yaml"))).values()) == [2, 2, 2, 1, 1, 1]
    assert list(who(cg.blame(history(two, one, format="yaml"))).values()) == [1, 1, 1]


def test_secrets_are_hidden() -> None:
    class App(BaseModel):
        key: Secret
        note: str = ""

    guard = history('key = "hunter2-long"\n', schema=App)
    guard.apply(guard.plan({"key": "hunter3-long", "note": "x"}, author="a", reason="now hunter3-long"))
    shown = json.dumps(cg.blame(guard).to_json()) + str(cg.blame(guard))
    assert "hunter" not in shown and "= ***" in shown
    assert "hunter" not in str(cg.blame(history('password = "hunter2"\n[env]\nAPI_TOKEN = "hunter3x"\n')))


def test_layers_and_several_files(repository: Path) -> None:
    guard = cg.Guard("app", store="memory://", layers=["base.toml", "prod.toml"], policy=ANY)
    for number, (base, prod) in enumerate(
        [("a = 1\nb = 1\n", ""), ("a = 1\nb = 1\n", "b = 2\n"), ("a = 3\nb = 7\n", "b = 2\n")]
    ):
        Path("base.toml").write_text(base)
        Path("prod.toml").write_text(prod)
        guard.apply(guard.plan(".", author="ana", reason=f"{number}"))
    result = cg.blame(guard)
    assert who(result) == {"a": 3, "b": 2}
    assert [(value.file, value.line) for value in result] == [("base.toml", 1), ("prod.toml", 1)]
    several = cg.Guard("both", store="memory://", files=["*.toml"], policy=ANY)
    several.apply(several.plan({"a.toml": {"x": 1}, "b.toml": {"y": 1}}, author="ana", reason="1"))
    several.apply(several.plan({"b.toml": {"y": 2}}, author="ana", reason="2"))
    assert list(who(cg.blame(several)).values()) == [1, 2]
    assert [value.file for value in cg.blame(several)] == ["a.toml", "b.toml"]


def test_a_revision_that_does_not_parse_is_stepped_over(folder: Path) -> None:
    Path("live.toml").write_text("a = 1\nb = 1\n")
    guard = cg.Guard("app", store="memory://", targets=["live.toml"], policy=ANY)
    guard.apply(guard.plan({"a": 1, "b": 1}, author="ana", reason="start"))
    Path("live.toml").write_text("a = [[[\n")
    plan = guard.plan(cg.parse("a = 1\nb = 2\n", "toml"), author="ben", reason="mend")
    guard.apply(plan, overwrite=True, approved_by="eva")
    found = {value.path[0]: (value.reason, value.note) for value in cg.blame(guard)}
    assert found == {"a": ("start", None), "b": ("mend", None)}  # the copy of drift was never in force


def test_what_is_thinned_out_is_not_known() -> None:
    guard = history("a = 1\nb = 1\n", "a = 2\nb = 1\n", "a = 3\nb = 1\n", "a = 3\nb = 2\n")
    guard.store.thin("app", frozenset({3, 4}))
    found = {value.path[0]: (value.revision, value.note) for value in cg.blame(guard)}
    assert found == {
        "a": (None, "set by revision 3 or before: older contents were thinned out"),
        "b": (4, None),
    }
    guard = history("a = 1\nb = 1\n", "a = 2\nb = 1\n", "a = 3\nb = 1\n")
    guard.store.thin("app", frozenset({1, 3}))
    found = {value.path[0]: (value.revision, value.note) for value in cg.blame(guard)}
    assert found == {"a": (3, "or by revision 2, whose content was thinned out"), "b": (1, None)}


def test_a_store_without_revisions(repository: Path, capsys: Capture) -> None:
    with pytest.raises(cg.NotFoundError, match="no revision yet"):
        cg.blame(cg.Guard("app", store="memory://"))
    Path("confguard.toml").write_text('[configs.app]\nfiles = ["app.toml"]\n')
    code, _, said = command(capsys, "blame", "app")
    assert code == 2 and "there is no store" in said
    assert "did you mean 'app'?" in command(capsys, "blame", "ap")[2]


# Over git


def test_a_file_that_was_written_in_another_format(repository: Path) -> None:
    first = commit("start", a__yaml="server:\n  port: 80\n  hosts: [a, b]\n", b__yaml="x: 1\n")
    second = commit("port", a__yaml="server:\n  port: 8080\n  hosts: [a, b]\n")
    third = commit(
        "to TOML",
        a__yaml=None,
        b__yaml=None,
        c__toml='x = 2\n[server]\nport = 8080\nhosts = ["a", "b"]\n',
    )
    assert who(cg.blame("c.toml")) == {
        "server.port": second,
        "server.hosts[0]": first,
        "server.hosts[1]": first,
        "x": third,
    }


def test_a_merge_before_a_file_was_there_has_no_part_in_it(repository: Path) -> None:
    commit("readme", README="r\n")
    git("checkout", "--quiet", "-b", "side")
    commit("code", code__py="x\n")
    git("checkout", "--quiet", "-")
    git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    first = commit("add", svc__yaml="pool: 10\nsize: 1\n")
    assert [each.revision for each in cg.blame("svc.yaml")] == [first, first]
    git("mv", "svc.yaml", "s2.yaml")
    commit("rename")
    second = commit("size", s2__yaml="pool: 10\nsize: 2\n")
    assert who(cg.blame("s2.yaml")) == {"pool": first, "size": second}
    assert not any(each.note for each in cg.blame("s2.yaml"))


def test_control_characters_in_a_message_are_no_end_of_it(repository: Path, capsys: Capture) -> None:
    commit("start", a__toml="x = 1\ny = 1\n")
    Path("a.toml").write_text("x = 1\ny = 2\n")
    message = "ctl \x01 and \x01" + "a" * 40 + "\n\n\x01 more\n:100644 100644 a b M\n"
    subprocess.run(
        ["git", "commit", "-qa", "--cleanup=verbatim", "-F", "-"], input=message.encode(), check=True
    )
    last = git("rev-parse", "HEAD").strip()
    assert who(cg.blame("a.toml"))["y"] == last
    for words in (["blame", "a.toml"], ["log", "a.toml"], ["log", "a.toml", "--format", "atom"]):
        code, out, _ = command(capsys, *words)
        assert (code, "\x01" in out) == (0, False)
    found = cg.suspects("memory://", repositories=["."])
    assert [each.revision for each in found.suspects] == [last[:12]], "not what the repository began with"


def test_a_new_file_is_not_taken_for_one_that_went(repository: Path) -> None:
    commit("start", a__yaml="server: {port: 80}\n")
    new = commit("another", a__yaml=None, c__toml="[client]\nport = 80\n")
    assert who(cg.blame("c.toml")) == {"client.port": new}


def test_a_file_that_was_renamed_and_reformatted(repository: Path) -> None:
    first = commit("Start (#1)", a__toml="".join(f"k{i} = {i}\n" for i in range(9)))
    second = commit(
        "Raise\n\nTicket: OPS-2\n", a__toml="".join(f"k{i} = {i if i else 7}\n" for i in range(9))
    )
    git("mv", "a.toml", "b c.toml")
    commit("rename")
    git("mv", "b c.toml", "d.toml")
    Path("d.toml").write_text("# of the service\n" + Path("d.toml").read_text())
    commit("rename again")
    result = cg.blame("d.toml")
    assert who(result) == {"k0": second} | {f"k{i}": first for i in range(1, 9)}
    assert (result.values[0].ticket, result.values[1].ticket) == ("OPS-2", "#1")
    assert result.values[0].author == git("log", "-1", "--format=%an").strip()


def test_another_format_says_the_same(repository: Path) -> None:
    first = commit("start", a__yaml="a: 1\nb: 2\nc: [x, y]\n# ------\n")
    git("mv", "a.yaml", "a.yml")
    commit("rename")
    assert set(who(cg.blame("a.yml")).values()) == {first}


def test_merges(repository: Path) -> None:
    first = commit("start", a__toml="a = 1\n\n\n\nb = 1\n\n\n\nc = 1\n")
    git("checkout", "--quiet", "-b", "side")
    side = commit("side", a__toml="a = 2\n\n\n\nb = 1\n\n\n\nc = 1\n")
    git("checkout", "--quiet", "main")
    main_side = commit("main", a__toml="a = 1\n\n\n\nb = 2\n\n\n\nc = 1\n")
    git("merge", "--quiet", "--no-edit", "side")
    assert who(cg.blame("a.toml")) == {"a": side, "b": main_side, "c": first}
    git("checkout", "--quiet", "-b", "other", first)
    commit("other", a__toml="a = 1\n\n\n\nb = 1\n\n\n\nc = 5\n")
    git("checkout", "--quiet", "main")
    commit("third", a__toml="a = 2\n\n\n\nb = 2\n\n\n\nc = 6\n")
    git("merge", "--quiet", "--no-edit", "-s", "ours", "other")
    Path("a.toml").write_text("a = 2\n\n\n\nb = 2\n\n\n\nc = 7\n")
    git("commit", "--quiet", "-a", "--amend", "--no-edit")
    merged = git("rev-parse", "HEAD").strip()
    assert who(cg.blame("a.toml")) == {"a": side, "b": main_side, "c": merged}


def test_what_is_not_committed_yet(repository: Path, capsys: Capture) -> None:
    first = commit("start", a__toml="a = 1\nb = 1\n")
    Path("a.toml").write_text("a = 1\nb = 2\n")
    result = cg.blame("a.toml")
    assert who(result) == {"a": first, "b": None} and result.values[1].reason == "not committed yet"
    code, out, _ = command(capsys, "blame", "HEAD:a.toml", "--format", "json")
    assert code == 0 and [value["revision"] for value in json.loads(out)["values"]] == [first, first]


def test_commits_that_do_not_parse_or_lack_the_file(repository: Path) -> None:
    first = commit("start", a__toml="a = 1\nb = 1\n")
    broken = commit("break", a__toml="a = 1\nb = [\n")
    third = commit("mend", a__toml="a = 1\nb = 2\n")
    found = {value.path[0]: (value.revision, value.note) for value in cg.blame("a.toml")}
    assert found == {"a": (first, None), "b": (third, f"or by commit {broken[:10]}, which cannot be read")}
    commit("remove", a__toml=None)
    again = commit("bring back", a__toml="a = 1\nb = 2\n")
    assert set(who(cg.blame("a.toml")).values()) == {again}
    Path("a.toml").write_bytes(b"\x00\xff\x00")
    with pytest.raises(cg.DocumentError):
        cg.blame("a.toml")


def test_a_shallow_clone(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit("start", a__toml="a = 1\nb = 1\n")
    boundary = commit("more", a__toml="a = 1\nb = 2\n")
    last = commit("c", a__toml="a = 1\nb = 2\nc = 3\n")
    git("clone", "--quiet", "--depth=2", f"file://{Path.cwd()}", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    for value in cg.blame("a.toml").values[:2]:
        assert value.revision is value.author is None
        assert (
            value.note
            == f"set by commit {boundary[:10]} or before: the clone is shallow: git fetch --unshallow"
        )
    assert cg.blame("a.toml").values[2].revision == last


def test_what_git_does_not_know(repository: Path, capsys: Capture) -> None:
    commit("start", a__toml="a = 1\n")
    Path("new.toml").write_text("a = 1\n")
    Path("link.toml").symlink_to("a.toml")
    for name, words in {
        "new.toml": "no commit holds it",
        "link.toml": "is a link",
        "no.toml": "no such file",
    }.items():
        code, _, said = command(capsys, "blame", name)
        assert code == 2 and words in said and "hint: " in said


def test_outside_of_a_repository(folder: Path, capsys: Capture) -> None:
    Path("a.toml").write_text("a = 1\n")
    code, _, said = command(capsys, "blame", "a.toml")
    assert code == 2 and "not a git repository" in said


def test_names_of_any_characters(repository: Path, capsys: Capture) -> None:
    name = "sub/ü \x1b[31m *?[x]\n.toml"
    Path("sub").mkdir()
    Path(name).write_text("a = 1\n")
    Path("sub/other.toml").write_text("a = 2\n")
    git("add", ".")
    git("commit", "--quiet", "--author", "\u202eEve \x1b[2J <e@example.com>", "-m", "start \x1b[2J <b>")
    code, out, _ = command(capsys, "blame", name)
    assert code == 0 and "\x1b" not in out and "\u202e" not in out and "start" in out


# The lines are a shortcut: they say what parsers say


def _rendered(format: str, tables: dict[str, dict[str, Any]], chance: random.Random) -> str:
    if format == "json":
        return json.dumps(tables, indent=chance.choice([2, 2, 2, 4]))
    lines = []
    for name, table in tables.items():
        lines.append({"toml": f"[{name}]", "ini": f"[{name}]", "yaml": f"{name}:"}[format])
        indent, sign = ("  ", ":") if format == "yaml" else ("", " =")
        for key, value in table.items():
            shown = (
                value
                if isinstance(value, int)
                else f"'{value}'"
                if format == "yaml" and chance.random() < 0.1
                else f'"{value}"'
            )
            comment = "  # why" if chance.random() < 0.02 and format != "ini" else ""
            lines += ["", f"{indent}# {chance.random()}"] if chance.random() < 0.05 else []
            lines.append(f"{indent}{key}{sign} {shown}{comment}")
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("format", ["toml", "yaml", "json", "ini"])
@pytest.mark.parametrize("seed", range(8))
def test_lines_tell_what_parsers_tell(format: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    tables: dict[str, dict[str, Any]] = {t: dict.fromkeys("abcd", 0) for t in ("one", "two", "three")}
    texts = []
    for n in range(40):
        table = tables[chance.choice(list(tables))]
        kind = chance.random()
        if kind < 0.6 and table:
            table[chance.choice(list(table))] = chance.choice(
                [chance.randrange(5), "x y", "5m", "300s", f"v{n}"]
            )
        elif kind < 0.8:
            table[chance.choice("abcdefgh")] = chance.randrange(5)
        elif kind < 0.9 and len(table) > 1:
            del table[chance.choice(list(table))]
        else:
            tables = dict(chance.sample(list(tables.items()), len(tables)))
        texts.append(_rendered(format, tables, chance))
    guard = history(*texts, format=format)
    told = cg.blame(guard).to_json()
    seen = []
    monkeypatch.setattr(walking, "plausible", lambda *sides: seen.append(1))
    assert cg.blame(guard).to_json() == told and seen


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_lines_tell_what_parsers_tell_of_lists(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    elements = [{"name": f"n{i}", "w": i, "url": f"u{i}"} for i in range(4)]
    texts = []
    for _ in range(25):
        kind = chance.random()
        if kind < 0.6:
            chance.choice(elements)[chance.choice(["w", "w", "name", "url", "more"])] = (
                f"v{chance.randrange(9)}"
            )
        elif kind < 0.7:
            chance.shuffle(elements)
        elif kind < 0.8 and len(elements) > 2:
            elements.pop(chance.randrange(len(elements)))
        elif kind < 0.9:
            elements.insert(chance.randrange(len(elements)), {"name": f"n{chance.randrange(99)}", "w": 1})
        else:
            chance.choice(elements).pop("more", None)
        lines = [
            f"{'- ' if n == 0 else '  '}{k}: {v}"
            for each in elements
            for n, (k, v) in enumerate(each.items())
        ]
        texts.append("\n".join(["servers:", *lines, ""]))
    guard = history(*texts, format="yaml")
    told = cg.blame(guard).to_json()
    monkeypatch.setattr(walking, "plausible", lambda *sides: False)
    assert cg.blame(guard).to_json() == told


@pytest.mark.parametrize(
    ("format", "older", "newer"),
    [
        ("yaml", "a: |\n  x\n  b: 1\nc: 1\n", "a: |\n  x\n  b: 2\nc: 1\n"),
        ("yaml", "a: &x 1\nb: *x\n", "a: &x 2\nb: *x\n"),
        ("yaml", "k: |\n    # text\nb: 1\n", "k: 5\n    # text\nb: 1\n"),
        ("yaml", "a: one\n  two\nb: 1\n", "a: one\n  three\nb: 1\n"),
        ("yaml", "t: |\n  x\n  b: 1\n", "t: |\n  x\nb: 1\n"),
        ("toml", 'a = """\nb = 1\n"""\n', 'a = """\nb = 2\n"""\n'),
        ("toml", "[x]\na = 1\n[y]\nb = 1\n", "[x]\na = 1\nb = 1\n[y]\nc = 1\n"),
        ("env", "A=1\nB=${A}\n", "A=2\nB=${A}\n"),
        ("toml", 'a = 1\nt = """\n# x\n"""\n', 'a = 1\nt = """\n# y\n"""\n'),
        ("toml", 'a = 1\nt = """\n\nb = 1\n"""\n', 'a = 1\nt = """\nb = 1\n"""\n'),
        ("yaml", "a: 1\nt: |\n  # x\n  y\n", "a: 1\nt: |\n  # z\n  y\n"),
        ("yaml", "a: 1\nt: |\n  y\n\n\nb: 1\n", "a: 1\nt: |\n  y\nb: 1\n"),
        ("yaml", "a: 1\nt: >+\n  y\n\nb: 1\n", "a: 1\nt: >+\n  y\n\n\nb: 1\n"),
        ("yaml", "a: x\n\n  y\nb: 1\n", "a: x\n  y\nb: 1\n"),
        ("yaml", "a:\n  b: 1\n  c: 2\n", "a:\n  b: 1\nc: 2\n"),
        ("yaml", "a:\n  b: 1\nc: 2\n", "a:\n  b: 1\n  c: 2\nd: 1\n"),
        ("yaml", "a: 1\nb: 'x  # y'\n", "a: 1\nb: x  # y\n"),
        ("ini", "[s]\na = 1\nb = 1 # x\n", "[s]\na = 1\nb = 1 # y\n"),
        ("ini", "[s]\na = 1\n\n  more\n", "[s]\na = 1\n  more\n"),
        ("ini", "[s]\na = 1\n", "[s]\na = 1\n  b = 2\n"),
        ("toml", "a = 1\n[x]\nb = 1\n[y]\nb = 1\n", "[x]\na = 1\nb = 1\n[y]\nb = 2\n"),
        ("toml", "a.b = 1\na.c = 2\n", "a.b = 1\na.c = 3\n"),
        ("toml", "a = [\n  1,\n]\nb = 1\n", "a = [\n  # x\n  1,\n]\nb = 2\n"),
        ("json", '{\n"a": 1,\n"b": 2\n}', '{\n"a": 1,\n\n"b": 3\n}'),
        ("json", '{\n"a": 1,\n"x": 2,\n"b": 2\n}', '{\n"a": 1,\n"b": 3\n}'),
        ("ini", "[s]\na = 1\nb = 1\n", "[s]\na = 1\n  more\nb = 1\n"),
        ("properties", "a.b=1\nc=2\n", "a.b=3\nc=2\n"),
    ],
)
def test_lines_that_are_no_settings(
    format: str, older: str, newer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = history(older, newer, format=format)
    told = cg.blame(guard).to_json()
    monkeypatch.setattr(walking, "plausible", lambda *sides: False)
    assert cg.blame(guard).to_json() == told


@pytest.mark.slow
def test_no_more_is_read_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"a = {n}\nb = {n}\n" for n in range(600)]
    guard = history(*texts)
    read: list[int] = []
    load = walking.View.content.func  # type: ignore[attr-defined]
    monkeypatch.setattr(
        walking.View, "content", property(lambda view: read.append(view.version.id) or load(view))
    )
    assert who(cg.blame(guard)) == {"a": 600, "b": 600}
    assert set(read) == {600, 599}
