"""What a file has beside its bytes survives an apply, or is refused by name; a new file gets what is asked for."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.errors import TargetError
from confguard.targets import FileSet, FileTarget, write_durably
from conftest import examples
from machine import acls, as_user, in_mounts, mounts, root
from sets import content_of

ANY = cg.Policy(review=101, block=101)
ACL = "system.posix_acl_access"


def acl(path: Path | str, *entries: str) -> None:
    subprocess.run(["setfacl", *(part for entry in entries for part in ("-m", entry)), path], check=True)


def acl_of(path: Path | str) -> str:
    return subprocess.run(["getfacl", "-cnp", path], check=True, capture_output=True, text=True).stdout


def looks(path: Path | str) -> tuple[Any, ...]:
    """All that a file has beside its bytes."""
    status = Path(path).stat()
    extended = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return oct(stat.S_IMODE(status.st_mode)), status.st_uid, status.st_gid, extended


def write_file(target: FileTarget | FileSet, content: bytes = b"new") -> None:
    target.stage(content_of(target, content)).commit()


@root
@acls
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60))
@given(
    mode=st.integers(0, 0o7777),
    owner=st.sampled_from([0, 1234]),
    group=st.sampled_from([0, 2000]),
    entries=st.sets(st.sampled_from(["u:1300:r", "u:1301:rw", "g:1302:r", "m::r", "m::---"])),
    user=st.dictionaries(st.sampled_from(["user.a", "user.b", "trusted.c"]), st.binary(max_size=40)),
    default=st.booleans(),
    setgid=st.booleans(),
    in_place=st.booleans(),
)
def test_root_keeps_everything(
    folder: Path,
    mode: int,
    owner: int,
    group: int,
    entries: set[str],
    user: dict[str, bytes],
    default: bool,
    setgid: bool,
    in_place: bool,
) -> None:
    """Whatever the file has, and whatever the folder gives to new files."""
    made = folder / f"f{len(os.listdir(folder))}"
    made.mkdir()
    path = made / "a.toml"
    path.write_text("old")
    os.chown(path, owner, group)
    if entries - {"m::r", "m::---"}:
        acl(path, *sorted(entries))
    for name, value in user.items():
        os.setxattr(path, name, value)
    path.chmod(mode)
    if default:
        acl(made, "d:u:1400:rwx", "d:g:1401:rwx")
    if setgid:
        os.chown(made, 0, 1500)
        made.chmod(0o2775)
    before = looks(path)
    write_file(FileTarget(path, in_place=in_place))
    assert looks(path) == before
    assert path.read_text() == "new"
    write_durably(path, b"newer")
    assert looks(path) == before


@root
@acls
def test_a_default_acl_gives_nobody_a_file_that_was_closed_to_them(folder: Path) -> None:
    Path("a.toml").write_text("old")
    Path("a.toml").chmod(0o660)
    acl(".", "d:u:1400:rw")
    write_file(FileTarget("a.toml"))
    assert "1400" not in acl_of("a.toml")
    write_file(FileTarget("new.toml"))
    assert stat.S_IMODE(Path("new.toml").stat().st_mode) == 0o600  # private: the mask lets nobody in
    assert "mask::---" in acl_of("new.toml")


@root
def test_a_capability_and_the_bits_that_a_change_of_owner_clears(folder: Path) -> None:
    Path("a.toml").write_text("old")
    os.chown("a.toml", 1234, 2000)
    Path("a.toml").chmod(0o6755)
    capability = bytes.fromhex("0100000200040000000000000000000000000000")
    os.setxattr("a.toml", "security.capability", capability)
    before = looks("a.toml")
    write_file(FileTarget("a.toml"))
    assert looks("a.toml") == before


@root
@acls
def test_a_deployer_keeps_the_group_and_the_acl_of_its_own_file(shared_folder: Path) -> None:
    """Each by itself: the group is one that it is in, but not its first."""
    Path("a.toml").write_text("old")
    os.chown("a.toml", 1234, 2000)
    Path("a.toml").chmod(0o640)
    acl("a.toml", "u:1300:r")
    os.setxattr("a.toml", "user.managed", b"by confguard")
    before = looks("a.toml")
    assert as_user(1234, [1234, 2000], lambda: write_file(FileTarget("a.toml"))) is None
    assert looks("a.toml") == before
    assert Path("a.toml").read_text() == "new"


def own(path: str, uid: int, gid: int, mode: int) -> None:
    Path(path).write_text("old")
    os.chown(path, uid, gid)
    Path(path).chmod(mode)


def with_capability(path: str) -> None:
    own(path, 1234, 1234, 0o600)
    os.setxattr(path, "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))


@root
@pytest.mark.parametrize(
    ("make", "lost"),
    [
        (lambda path: own(path, 0, 2000, 0o640), "its owner (root)"),
        (lambda path: own(path, 1234, 2001, 0o640), "its group (2001)"),
        (lambda path: own(path, 0, 2001, 0o666), "its owner (root) and its group (2001)"),
        (lambda path: own(path, 1234, 2001, 0o2755), "its group (2001)"),
        (with_capability, "its extended attribute security.capability"),
    ],
)
def test_what_a_deployer_cannot_keep_is_named_and_nothing_is_done(
    shared_folder: Path, make: Callable[[str], None], lost: str
) -> None:
    make("a.toml")
    before = looks("a.toml")
    kind, says, hint = as_user(1234, [1234, 2000], lambda: FileTarget("a.toml").stage(b"new"))
    assert kind == "TargetError"
    assert f"target a.toml: cannot keep {lost}" in says
    assert "in_place = true" in hint
    assert "root" in hint
    assert os.listdir() == ["a.toml"]
    assert looks("a.toml") == before


@root
def test_in_place_a_deployer_who_may_write_keeps_all_of_another_users_file(shared_folder: Path) -> None:
    own("a.toml", 0, 2000, 0o660)
    os.setxattr("a.toml", "user.managed", b"yes")
    before = looks("a.toml")
    assert as_user(1234, [1234, 2000], lambda: write_file(FileTarget("a.toml", in_place=True))) is None
    assert looks("a.toml") == before
    assert Path("a.toml").read_text() == "new"
    Path("a.toml").chmod(0o640)
    kind, says, hint = as_user(
        1234, [1234, 2000], lambda: FileTarget("a.toml", in_place=True).stage(b"newer")
    )
    assert (kind, says) == ("TargetError", "target a.toml: cannot be written over: Permission denied")
    assert "ls -ld" in hint


@root
def test_confguards_own_files_are_kept_as_far_as_may_be(shared_folder: Path) -> None:
    """A last known good copy that root wrote once does not keep a service from keeping the next one."""
    own("copy", 0, 2000, 0o640)
    assert as_user(1234, [1234, 2000], lambda: write_durably(Path("copy"), b"new")) is None
    assert looks("copy") == ("0o640", 1234, 2000, {})


@root
@acls
def test_an_apply_and_a_revert_keep_all(folder: Path) -> None:
    Path("a.toml").write_text("x = 0\n")
    os.chown("a.toml", 1234, 2000)
    Path("a.toml").chmod(0o640)
    acl("a.toml", "u:1300:r")
    before = looks("a.toml")
    guard = cg.Guard("a", store="memory://", targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="one"))
    guard.apply(guard.plan({"x": 2}, reason="two"))
    guard.revert(reason="back")
    assert Path("a.toml").read_text() == "x = 1\n"
    assert looks("a.toml") == before


@root
@acls
def test_a_set_keeps_what_its_files_and_their_folder_have(folder: Path) -> None:
    target = FileSet("set", ["a.toml", "b.toml"])
    write_file(target, b"1")
    os.chown("set/a.toml", 1234, 2000)
    Path("set/a.toml").chmod(0o640)
    acl("set/b.toml", "u:1300:r")
    inner = Path("set/..data").resolve()
    os.chown(inner, 0, 2000)
    inner.chmod(0o710)
    acl(inner, "g:1500:x")
    acl("set", "d:u:1400:rwx")
    before = [looks(Path("set", name)) for name in ("a.toml", "b.toml", "..data")]
    for number in range(3):
        write_file(target, b"%d" % number)
        assert [looks(Path("set", name)) for name in ("a.toml", "b.toml", "..data")] == before
    assert len([name for name in os.listdir("set") if name.startswith("..confguard")]) == 1


@root
def test_a_deployer_cannot_keep_the_files_of_a_set_that_root_wrote(shared_folder: Path) -> None:
    target = FileSet("set", ["a.toml"])
    write_file(target, b"1")
    Path("set").chmod(0o777)
    Path("set/..data").chmod(0o777)
    Path("set/a.toml").chmod(0o666)
    before = sorted(os.listdir("set"))
    kind, says, hint = as_user(1234, [1234], lambda: target.stage(content_of(target, b"2")))
    assert (kind, says) == (
        "TargetError",
        "target set/a.toml: cannot keep its owner (root) and its group (root)",
    )
    assert hint == "write as its owner or as root"
    assert sorted(os.listdir("set")) == before


@root
def test_a_new_file_is_given_what_is_asked_for(folder: Path) -> None:
    Path.cwd().chmod(0o2775)
    write_file(FileTarget("a.toml", mode=0o640, owner="nobody", group="daemon"))
    assert looks("a.toml") == ("0o640", 65534, 1, {})
    write_file(FileTarget("b.toml", mode="0o644", owner=1234, group="2000", in_place=True))
    assert looks("b.toml") == ("0o644", 1234, 2000, {})
    write_file(FileSet("set", ["a.toml"], mode="0640", owner=1234, group=2000))
    assert looks("set/a.toml")[:3] == ("0o640", 1234, 2000)
    assert looks("set")[1:3] == looks("set/..data")[1:3] == (1234, 2000)
    assert int(looks("set")[0], 8) & 0o777 == int(looks("set/..data")[0], 8) & 0o777 == 0o750


@root
def test_an_old_file_is_left_as_it_is_and_the_difference_is_said(folder: Path) -> None:
    own("a.toml", 1234, 2000, 0o600)
    target = FileTarget("a.toml", mode=0o640, owner="root", group="daemon")
    write_file(target)
    assert looks("a.toml") == ("0o600", 1234, 2000, {})
    assert target.faults() == (
        "mode is 0600, 0640 was asked for",
        "owner is 1234, root was asked for",
        "group is 2000, daemon was asked for",
    )
    os.chown("a.toml", 0, 1)
    Path("a.toml").chmod(0o640)
    assert target.faults() == ()
    assert FileTarget("a.toml").faults() == ()
    assert FileTarget("none.toml", mode=0o640).faults() == ()
    missing = FileTarget("a.toml", owner="no-such-user")
    assert missing.faults() == ("owner is root: no user 'no-such-user' on this machine",)
    write_file(FileSet("set", ["a", "b"]))
    assert FileSet("set", ["a", "b"], mode=0o640).faults() == (
        "a: mode is 0600, 0640 was asked for",
        "b: mode is 0600, 0640 was asked for",
    )


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"owner": "rooot"}, r"no user 'rooot' on this machine \(did you mean 'root'\?\)"),
        ({"group": "deamon"}, r"no group 'deamon' on this machine \(did you mean 'daemon'\?\)"),
        ({"owner": "99999999999"}, "no user '99999999999'"),
    ],
)
def test_users_that_there_are_not_here(folder: Path, asked: dict[str, Any], says: str) -> None:
    """It is said when it is staged: a project file is read on machines that have other users, too."""
    for target in (FileTarget("a.toml", **asked), FileSet("set", ["a"], **asked)):
        with pytest.raises(TargetError, match=says) as caught:
            target.stage(content_of(target, b"x"))
        assert "getent" in str(caught.value.hint)
        assert os.listdir(folder) == []


@root
@pytest.mark.parametrize(
    ("asked", "says"),
    [({"owner": "root"}, r"the owner \(root\)"), ({"group": "daemon"}, r"the group \(daemon\)")],
)
def test_what_a_deployer_may_not_give(shared_folder: Path, asked: dict[str, Any], says: str) -> None:
    kind, message, hint = as_user(1234, [1234], lambda: FileTarget("a.toml", **asked).stage(b"x"))
    assert kind == "TargetError"
    assert "target a.toml: cannot be given" in message
    assert says.replace("\\", "") in message
    assert "groups they are in" in hint
    assert os.listdir(shared_folder) == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"mode": 640}, r"mode 640: expected an octal number .*\(did you mean 0o640\?\)"),
        ({"mode": 755}, r"did you mean 0o755"),
        ({"mode": 1000}, "expected an octal number"),
        ({"mode": -1}, "expected an octal number"),
        ({"mode": True}, "mode True"),
        ({"mode": "640x"}, "mode '640x'"),
        ({"mode": "u=rw"}, 'as "0640"'),
        ({"mode": "4755"}, "from 0000 to 0777"),
        ({"mode": ""}, "mode ''"),
        ({"owner": ""}, "owner '': expected a name or a number"),
        ({"owner": True}, "owner True"),
        ({"owner": -1}, "owner -1"),
        ({"group": 2**32}, "group 4294967296"),
        ({"group": "a\0b"}, "group 'a"),
        ({"group": ["a"]}, "group .*: expected a name"),
    ],
)
def test_what_cannot_be_asked_for(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(TargetError, match=says):
        FileTarget("a.toml", **asked)
    with pytest.raises(TargetError, match=says):
        FileSet("set", ["a"], **asked)


@mounts
def test_a_file_system_without_extended_attributes(folder: Path) -> None:
    Path("m").mkdir()
    code = """
import os
from pathlib import Path
os.chown("m/a.toml", 1234, 2000)
Path("m/a.toml").chmod(0o640)
FileTarget("m/a.toml").stage(b"new").commit()
status = os.stat("m/a.toml")
print(oct(status.st_mode), status.st_uid, status.st_gid, Path("m/a.toml").read_bytes())
"""
    said = in_mounts("mount -t ramfs ramfs m; echo old > m/a.toml", code)
    assert said == "0o100640 1234 2000 b'new'\n"


def test_a_platform_without_extended_attributes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "listxattr")
    for content in (b"1", b"2"):
        write_file(FileTarget("a.toml", mode=0o640), content)
    assert stat.S_IMODE(Path("a.toml").stat().st_mode) == 0o640
