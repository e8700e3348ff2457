"""What would keep a target from being written is found when it is staged, and nothing is left behind then."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import confguard as cg
from confguard.errors import TargetError
from confguard.targets import CallbackTarget, FileSet, FileTarget
from confguard.targets.locking import alone
from confguard.targets.obstacles import mount_points
from conftest import as_a_user
from machine import as_user, flagged, flags, in_mounts, mounts, root
from sets import content_of

ANY = cg.Policy(review=101, block=101)


def refused(target: FileTarget | FileSet, says: str, hint: str) -> None:
    """It is refused when it is staged, with a hint, and nothing of it stays."""
    before = everything(Path())
    with pytest.raises(TargetError, match=says) as caught:
        target.stage(content_of(target, b"new"))
    assert hint in str(caught.value.hint)
    assert everything(Path()) == before


def written(target: FileSet, content: bytes) -> None:
    target.stage(content_of(target, content)).commit()


def everything(folder: Path) -> dict[str, object]:
    """All names below a folder, with what they hold."""
    return {
        str(path): path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


STAGE = """
from pathlib import Path
try:
    FileTarget({path!r}).stage(b"new").commit()
    print("done")
except TargetError as error:
    print(error, "|", error.hint)
print(sorted(each.name for each in Path({path!r}).resolve().parent.iterdir()))
print(Path({path!r}).read_bytes())
"""


@mounts
@pytest.mark.parametrize("name", ["auth.toml", "my app.toml", "a\\b#c.toml", "tab\there.toml", "ümläut.toml"])
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.slow
def test_a_file_that_is_mounted_by_itself(folder: Path, name: str, linked: bool) -> None:
    Path("source").write_text("old")
    Path(name).write_text("")
    Path("mounted").symlink_to(name)
    Path("links").mkdir()
    Path("links/way").symlink_to("../mounted")
    said = in_mounts(f"mount --bind source '{name}'", STAGE.format(path="links/way" if linked else name))
    first, names, held = said.splitlines()
    assert "is mounted by itself" in first
    assert "in_place = true" in first
    assert "confguard-staged" not in names
    assert held == "b'old'"


@pytest.mark.slow
@mounts
def test_an_apply_to_a_mounted_file_changes_no_store(folder: Path) -> None:
    """Whatever comes after: the history is as it was, and can be read."""
    Path("source").write_text("x = 1\n")
    Path("auth.toml").touch()
    code = """
guard = cg.Guard("a", store="sqlite:///c.db", targets=["auth.toml"], policy=cg.Policy(review=101, block=101))
try:
    guard.apply(guard.plan({"x": 2}, reason="r"))
except TargetError as error:
    print(error.hint)
print(len(guard.history()), guard.head())
"""
    hint, left = in_mounts("mount --bind source auth.toml", code).splitlines()
    assert "in_place" in hint
    assert left == "0 None"


@mounts
def test_a_folder_that_is_mounted_is_no_obstacle(folder: Path) -> None:
    Path("source").mkdir()
    Path("conf").mkdir()
    Path("source/a.toml").write_text("old")
    assert in_mounts("mount --bind source conf", STAGE.format(path="conf/a.toml")).splitlines() == [
        "done",
        "['a.toml']",
        "b'new'",
    ]


@mounts
@pytest.mark.slow
def test_a_read_only_file_system(folder: Path) -> None:
    Path("conf").mkdir()
    Path("conf/a.toml").write_text("old")
    said = in_mounts(
        "mount --bind conf conf; mount -o remount,bind,ro conf", STAGE.format(path="conf/a.toml")
    )
    assert "Read-only file system | the file system of" in said
    in_place = STAGE.format(path="conf/a.toml").replace(").stage", ", in_place=True).stage")
    said = in_mounts("mount --bind conf conf; mount -o remount,bind,ro conf", in_place)
    assert "cannot be written over: Read-only file system | the file system of" in said
    said = in_mounts(
        "mount --bind conf conf; mount -o remount,bind,ro conf",
        "target = FileSet('conf/set', ['a'])\n"
        "try: target.stage(target.files.content({'a': b'x'}))\n"
        "except TargetError as error: print(error, error.hint)",
    )
    assert "Read-only file system the file system of" in said


@mounts
@pytest.mark.slow
def test_one_file_that_may_be_written_in_a_system_that_may_not(folder: Path) -> None:
    """So a service manager gives one file to a service that else may write nothing."""
    Path("conf").mkdir()
    Path("conf/a.toml").write_text("x = 0\n")
    shell = (
        "mount --bind conf conf; mount --bind conf/a.toml conf/a.toml; mount -o remount,bind,ro conf;"
        " mount -o remount,bind,rw conf/a.toml"
    )
    assert "is mounted by itself" in in_mounts(shell, STAGE.format(path="conf/a.toml"))
    code = """
target = FileTarget("conf/a.toml", in_place=True)
guard = cg.Guard("a", store="memory://", targets=[target], policy=cg.Policy(review=101, block=101))
guard.apply(guard.plan({"x": 1}, reason="r"))
print(target.read(), target.littered(), target.faults())
"""
    assert in_mounts(shell, code) == "b'x = 1\\n' False ()\n"


@mounts
def test_a_file_of_a_lower_layer(folder: Path) -> None:
    """The file system of a container: what its image holds is seen through what was written since."""
    for name in ("lower", "upper", "work", "seen"):
        Path(name).mkdir()
    Path("lower/a.toml").write_text("old")
    Path("lower/a.toml").chmod(0o640)
    os.chown("lower/a.toml", 1234, 2000)
    os.setxattr("lower/a.toml", "user.managed", b"yes")
    tmpfs = "mount -t tmpfs tmpfs work; mkdir work/upper work/work;"
    shell = f"{tmpfs} mount -t overlay overlay -o lowerdir=lower,upperdir=work/upper,workdir=work/work seen"
    code = """
import os
from pathlib import Path
for content in (b"1", b"2"):
    file, over = (FileTarget("seen/a.toml", in_place=over) for over in (False, True))
    for target in (file, over, FileSet("seen/set", ["a", "b"])):
        files = getattr(target, "files", None)
        target.stage(files.content(dict.fromkeys(files.names, content)) if files else content).commit()
status = Path("seen/a.toml").stat()
print(oct(status.st_mode), status.st_uid, status.st_gid, os.listxattr("seen/a.toml"), Path("seen/set/b").read_bytes())
print(sorted(os.listdir("seen")))
"""
    try:
        said = in_mounts(shell, code)
    except AssertionError as error:
        if "mount" in str(error):
            pytest.skip("no layers here")
        raise
    assert said == "0o100640 1234 2000 ['user.managed'] b'2'\n['a.toml', 'set']\n"


@mounts
def test_a_full_file_system(folder: Path) -> None:
    Path("small").mkdir()
    shell = "mount -t tmpfs -o size=64k tmpfs small; echo old > small/a.toml"
    code = """
from pathlib import Path
for target in (FileTarget("small/a.toml"), FileSet("small/set", ["a", "b"]), FileTarget("small/a.toml", in_place=True)):
    try:
        files = getattr(target, "files", None)
        content = b"x" * 100_000
        target.stage(files.content(dict.fromkeys(files.names, content)) if files else content)
        print("staged")
    except TargetError as error:
        print(error, "|", error.hint)
    print(sorted(str(path) for path in Path("small").rglob("*")), Path("small/a.toml").read_bytes())
"""
    lines = in_mounts(shell, code).splitlines()
    for line in lines[::2]:
        assert "No space left" in line or "no room" in line, line
        assert "make room: df" in line
    assert set(lines[1::2]) == {"['small/a.toml'] b'old\\n'"}


@root
@pytest.mark.parametrize("in_place", [False, True])
def test_a_process_that_may_write_small_files_only(shared_folder: Path, in_place: bool) -> None:
    def stage() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        FileTarget("a.toml", in_place=in_place).stage(b"x" * 2000)

    Path("a.toml").write_text("old")
    os.chown("a.toml", 1234, 1234)
    kind, says, hint = as_user(1234, [1234], stage)
    assert (kind, hint) == ("TargetError", "the file would be larger than this process may write: ulimit -f")
    assert "File too large" in says
    assert everything(Path()) == {"a.toml": b"old"}


@given(st.binary(max_size=20).filter(lambda name: b"\n" not in name and b"\0" not in name))
def test_every_name_of_a_mount_is_understood(name: bytes) -> None:
    """The kernel writes space, tab, newline and backslash as octal numbers, and `#` in newer ones."""
    escaped = b"".join(b"\\%03o" % byte if byte in b" \t\n\\#" else bytes([byte]) for byte in b"/" + name)
    listed = (
        b"98 29 254:0 / /other rw - ext4 /dev/vda rw\n99 29 254:0 /a %s rw shared:1 - ext4 /dev/vda rw\n"
        % escaped
    )
    if b"\r" not in name and not set(name) & {0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85}:
        assert mount_points(listed) == {b"/other", b"/" + name}


@flags
@pytest.mark.parametrize(("flag", "says"), [("i", "immutable"), ("a", "append-only")])
def test_flags_of_files_and_folders(folder: Path, flag: str, says: str) -> None:
    Path("conf").mkdir()
    Path("conf/a.toml").write_text("old")
    written(FileSet("set", ["a.toml"]), b"old")
    with flagged("conf/a.toml", flag):
        refused(FileTarget("conf/a.toml"), f"a.toml is {says}", f"chattr -{flag} ")
        refused(FileTarget("conf/a.toml", in_place=True), f"a.toml is {says}", f"chattr -{flag} ")
    with flagged("conf", flag):
        refused(FileTarget("conf/a.toml"), f"conf is {says}", f"chattr -{flag} ")
        refused(FileTarget("conf/new.toml"), f"conf is {says}", f"chattr -{flag} ")
        assert FileTarget("conf/a.toml", in_place=True).stage(b"new").commit() is None
    with flagged("set", flag):
        refused(FileSet("set", ["a.toml"]), f"set is {says}", f"chattr -{flag} ")
    with flagged(os.path.realpath("set/a.toml"), flag):
        refused(FileSet("set", ["a.toml"]), f"a.toml is {says}", f"chattr -{flag} ")


@root
def test_another_users_file_in_a_sticky_folder(shared_folder: Path) -> None:
    Path("tmp").mkdir()
    Path("tmp").chmod(0o1777)
    Path("tmp/a.toml").write_text("old")
    Path("tmp/a.toml").chmod(0o666)
    kind, says, hint = as_user(1234, [1234], lambda: FileTarget("tmp/a.toml").stage(b"new"))
    assert kind == "TargetError"
    assert "only its owner may replace it" in says
    assert "sticky" in says
    assert "chmod -t" in hint
    assert os.listdir("tmp") == ["a.toml"]
    assert as_user(1234, [1234], lambda: FileTarget("tmp/b.toml").stage(b"new").commit()) is None
    assert as_user(1234, [1234], lambda: FileTarget("tmp/b.toml").stage(b"newer").commit()) is None
    assert Path("tmp/b.toml").read_text() == "newer"
    assert FileTarget("tmp/b.toml").stage(b"root may").commit() is None
    assert Path("tmp/b.toml").stat().st_uid == 1234
    os.chown("tmp", 1234, 1234)  # it owns the folder; what it cannot keep is the owner of the file
    _, says, _ = as_user(1234, [1234], lambda: FileTarget("tmp/a.toml").stage(b"new"))
    assert "cannot keep its owner (root)" in says


@root
def test_somebody_elses_link_in_a_folder_for_all_is_not_followed_to_a_file_that_is_not_there(
    shared_folder: Path,
) -> None:
    Path("tmp").mkdir()
    Path("tmp").chmod(0o1777)
    Path("tmp/a.toml").symlink_to("/etc/made-by-a-link.toml")
    refused(
        FileTarget("tmp/a.toml"),
        "is a link to /etc/made-by-a-link.toml, which is not there",
        "remove the link",
    )
    assert not Path("/etc/made-by-a-link.toml").exists()


def fifo(path: str) -> None:
    os.mkfifo(path)


def listening(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("make", "says", "hint"),
    [
        (os.mkdir, "is a folder", "a target is a file"),
        (fifo, "is not a regular file", "a target is a file"),
        (listening, "is not a regular file", "a target is a file"),
        (lambda path: Path(path).symlink_to("/dev/null"), "is not a regular file", "a target is a file"),
        (
            lambda path: Path(path).symlink_to("nowhere"),
            "is a link to .*nowhere, which is not there",
            "make the file",
        ),
        (lambda path: Path(path).symlink_to("no/such"), "which is not there", "make the file"),
        (lambda path: Path(path).symlink_to(path), "symbolic links", "in a circle"),
        (lambda path: None, "", ""),
    ],
)
def test_what_is_no_file(
    folder: Path, make: Callable[[str], object], says: str, hint: str, in_place: bool
) -> None:
    make("a.toml")
    target = FileTarget("a.toml", in_place=in_place)
    if says:
        refused(target, says, hint)
        target.littered()
        target.faults()
    else:
        target.stage(b"new").commit()
        assert target.read() == b"new"


def test_a_name_that_is_too_long_for_the_staged_one(folder: Path) -> None:
    name = "x" * 250
    Path(name).write_text("old")
    refused(FileTarget(name), "File name too long", "a shorter name")
    FileTarget(name, in_place=True).stage(b"new").commit()
    assert Path(name).read_text() == "new"


def test_a_folder_whose_name_begins_the_same_keeps_what_is_staged_in_it(folder: Path) -> None:
    """`a.toml` and `a.toml.d`, say: what waits for one is not swept away with what is left of the other."""
    staged = FileTarget("a.toml.local").stage(b"x")
    assert not FileTarget("a.toml").littered()
    FileTarget("a.toml").clean()
    assert FileTarget("a.toml.local").littered()
    staged.discard()


def test_hard_links_are_said_and_not_torn(folder: Path) -> None:
    Path("a.toml").write_text("old")
    os.link("a.toml", "b.toml")
    refused(FileTarget("a.toml"), r"has 1 other name \(hard links\)", "in_place = true")
    FileTarget("a.toml", in_place=True).stage(b"new").commit()
    assert Path("b.toml").read_text() == "new"
    assert Path("a.toml").samefile("b.toml")
    written(FileSet("set", ["a.toml"]), b"x")
    os.link(os.path.realpath("set/a.toml"), "c.toml")
    refused(FileSet("set", ["a.toml"]), "has 1 other name", "end the link")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_stops_it_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def stopped(*_: object) -> None:
        raise stop

    monkeypatch.setattr(os, "fsync", stopped)
    for target in (FileTarget("a.toml"), FileSet("set", ["a.toml"])):
        with pytest.raises(stop):
            target.stage(content_of(target, b"x"))
    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    "code", [errno.EIO, errno.EDQUOT, errno.ESTALE, errno.EPERM, errno.EBUSY, errno.EXDEV]
)
@pytest.mark.parametrize("call", ["stage", "commit"])
def test_whatever_the_system_says_is_said_with_the_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, call: str
) -> None:
    Path("a.toml").write_text("old")
    written(FileSet("set", ["a"]), b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    for target, name in (
        (FileTarget("a.toml"), "a.toml"),
        (FileTarget("a.toml", in_place=True), "a.toml"),
        (FileSet("set", ["a"]), "set"),
    ):
        wanted = content_of(target, b"new")
        staged = target.stage(wanted) if call == "commit" else None
        with monkeypatch.context() as failing:
            for name_of in ("write", "pwrite", "fstatvfs"):
                failing.setattr(os, name_of, fail)
            for name_of in ("replace", "mkdir"):
                failing.setattr(Path, name_of, fail)
            with pytest.raises(TargetError, match=f"target {name}.*{os.strerror(code)}"):
                staged.commit() if staged else target.stage(wanted)
        if staged:
            staged.discard()
        assert target.read() == content_of(target, b"old")
        assert not target.littered()


def test_an_error_without_a_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("strange")

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(TargetError, match=r"target a\.toml: cannot be written: strange"):
        FileTarget("a.toml").stage(b"x")


def test_reading_changes_nothing_and_says_who_may(shared_folder: Path) -> None:
    Path("a.toml").write_text("secret")
    Path("a.toml").chmod(0o600)
    Path("closed").mkdir(mode=0o700)
    before = everything(Path())
    targets = [FileTarget("a.toml", mode=0o640), FileTarget("closed/a.toml", mode=0o640, owner="root")]
    with as_a_user():
        for target in targets:
            with pytest.raises(TargetError, match="Permission denied") as caught:
                target.read()
            assert "ls -ld" in str(caught.value.hint)
            target.littered()
        assert targets[0].faults() == ("mode is 0600, 0640 was asked for",)
        assert targets[1].faults() == ("its mode, owner and group cannot be seen: Permission denied",)
        FileSet("no/such", ["a"]).littered()
    assert everything(Path()) == before


def test_a_callback_that_cannot_tell_what_is_in_force() -> None:
    target = CallbackTarget("limits", print, {}.popitem)  # type: ignore[arg-type]
    with pytest.raises(TargetError, match="target limits: KeyError"):
        target.read()
    assert (target.faults(), target.torn(b"a", b"b", b"ab")) == ((), False)


@pytest.mark.parametrize("name", ["..data", "a.toml"])
def test_what_stands_where_a_link_of_a_set_has_to_be(folder: Path, name: str) -> None:
    Path("set", name).mkdir(parents=True)
    refused(FileSet("set", ["a.toml"]), "a folder stands where a link to the set has to be", "move it away")
    Path("set", name).rmdir()
    if name == "..data":
        Path("set", name).write_text("mine")
        refused(FileSet("set", ["a.toml"]), "a file stands where a link to the set has to be", "move it away")


def test_a_set_whose_link_leads_elsewhere(folder: Path) -> None:
    Path("set").mkdir()
    Path("shared.toml").write_text("old")
    Path("set/a.toml").symlink_to("../shared.toml")
    refused(FileSet("set", ["a.toml"]), "is a link that leads elsewhere: ../shared.toml", "folder of its own")
    Path("gone").symlink_to("nowhere")
    refused(FileSet("gone", ["a.toml"]), "is a link to .*nowhere, which is not there", "mkdir -p")


def test_a_set_whose_folder_may_not_be_written(shared_folder: Path) -> None:
    Path("set").mkdir(mode=0o755)
    with as_a_user():
        refused(FileSet("set", ["a.toml"]), "Permission denied", "may not write to")
        refused(FileSet("set/inner", ["a.toml"]), "Permission denied", "may not write to")


def test_a_set_that_is_the_working_folder(folder: Path) -> None:
    written(FileSet(".", ["a.toml"]), b"x")
    assert Path("a.toml").read_bytes() == b"x"
    Path("..data").resolve().joinpath("b.toml").mkdir()
    Path("b.toml").symlink_to("..data/b.toml")
    refused(FileSet(".", ["a.toml", "b.toml"]), "b.toml: is a folder", "a target is a file")


@mounts
def test_a_file_of_a_set_that_is_mounted(folder: Path) -> None:
    written(FileSet("set", ["a.toml"]), b"old")
    Path("source").write_text("mounted")
    code = (
        "target = FileSet('set', ['a.toml'])\ntry: target.stage(target.files.content({'a.toml': b'new'}))\n"
    )
    code += "except TargetError as error: print(error)"
    assert "a.toml: is mounted by itself" in in_mounts("mount --bind source set/a.toml", code)


def test_one_folder_by_two_ways_is_locked_once(folder: Path) -> None:
    Path("real").mkdir()
    Path("way").symlink_to("real")
    with alone([Path("real"), Path("way"), folder / "real"], 0.1):
        pass


@mounts
def test_one_folder_that_is_mounted_twice_is_locked_once(folder: Path) -> None:
    for name in ("one", "two"):
        Path(name).mkdir()
    code = """
from confguard.targets.locking import alone
from pathlib import Path
with alone([Path("one"), Path("two")], 0.1):
    print("alone")
"""
    assert in_mounts("mount --bind one two", code) == "alone\n"


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL])
def test_a_file_system_without_locks(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """A network file system, say: exclusive locks of some need a file that is open for writing, which no folder is."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(TargetError, match=f"cannot be locked: {os.strerror(code)}") as caught:
        alone([folder]).__enter__()
    assert "no locks for folders" in str(caught.value.hint)


def test_a_folder_that_cannot_be_locked(shared_folder: Path) -> None:
    Path("closed").mkdir()
    Path("closed").chmod(0o311)
    with as_a_user(), pytest.raises(TargetError, match="cannot be opened: Permission denied") as caught:
        alone([Path("closed")]).__enter__()
    assert "ls -ld" in str(caught.value.hint)
    with pytest.raises(TargetError, match="cannot be opened: No such file") as caught:
        alone([Path("none")]).__enter__()
    assert "mkdir -p none" in str(caught.value.hint)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists mounts there")
def test_a_system_that_lists_no_mounts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confguard.targets.obstacles._MOUNTS", Path("none"))
    FileTarget("a.toml").stage(b"x").commit()
    FileTarget("a.toml").stage(b"y").commit()
    assert FileTarget("a.toml").read() == b"y"


@mounts
def test_a_file_of_confguards_own_that_is_mounted_leaves_nothing_beside_it(folder: Path) -> None:
    Path("source").write_text("old")
    Path("copy").touch()
    code = """
import os
from pathlib import Path
try:
    write_durably(Path("copy"), b"new")
except TargetError as error:
    print(error)
print(sorted(os.listdir()))
"""
    assert in_mounts("mount --bind source copy", code) == (
        "target copy: cannot be replaced: Device or resource busy\n['copy', 'source']\n"
    )
