"""The loss of what was not synced: every prefix of a recorded operation, and what POSIX lets be lost of it.

The system calls of an operation are recorded with their data and replayed on a model of a file system. After each of
them the power may fail: then everything that was synced is there, and of the rest any part may be. Tried are all of it,
none of it, all but one, only one, and some drawn at random. (After ALICE: Pillai et al., *All File Systems Are Not
Created Equal*, OSDI 2014.) The shared memory beside an SQLite database does not outlive a power failure.
"""

from __future__ import annotations

import ast
import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from attrs import define, field, frozen

from .promises import broken
from .syscalls import Prepared, _python
from .workload import BEGIN, END

__all__ = ["losses"]

_TRACED = (
    "openat,open,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,unlink,unlinkat,ftruncate,mkdir,mkdirat,"
    "rmdir,symlink,symlinkat,close,access,faccessat,faccessat2,fchmod"
)
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?(?: .*)?$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"^(-?\w+)<([^>]*)>")


@frozen
class Op:
    """One thing that a file system was asked for, and what makes it durable."""

    kind: str
    place: str
    """What has to be synced for it: a file, by the identity it had; or a folder."""
    values: tuple[object, ...]


@define
class Model:
    """A folder as it would be: names lead to files by identity."""

    names: dict[str, int | str] = field(factory=dict)
    """Paths to the identity of a file, or to `-> target` of a link, or to `folder`."""
    contents: dict[int, bytearray] = field(factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Model:
        """The model of what is on disk."""
        made = cls()
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_symlink():
                made.names[name] = f"-> {path.readlink()}"
            elif path.is_dir():
                made.names[name] = "folder"
            elif not name.endswith("-shm"):
                identity = len(made.contents) + 1
                made.names[name] = identity
                made.contents[identity] = bytearray(path.read_bytes())
        return made

    def copied(self) -> Model:
        return Model(
            dict(self.names), {identity: bytearray(data) for identity, data in self.contents.items()}
        )

    def do(self, op: Op) -> None:
        """Carry one thing out; what stands on something that was lost is lost, too."""
        match op.kind, op.values:
            case "write", (int(identity), int(at), bytes(data)):
                content = self.contents.setdefault(identity, bytearray())
                content.extend(bytes(max(0, at - len(content))))
                content[at : at + len(data)] = data
            case "truncate", (int(identity), int(size)):
                content = self.contents.setdefault(identity, bytearray())
                content.extend(bytes(max(0, size - len(content))))
                del content[size:]
            case "name", (str(name), (int() | str()) as what):
                if not name.count("/") or name.rpartition("/")[0] in self.names:
                    self.names[name] = what  # type: ignore[assignment]
                    if isinstance(what, int):
                        self.contents.setdefault(what, bytearray())
            case "unname", (str(name),):
                for gone in [each for each in self.names if each == name or each.startswith(f"{name}/")]:
                    del self.names[gone]
            case "rename", (str(old), str(new)):
                if old in self.names:
                    self.names[new] = self.names.pop(old)

    def build(self, folder: Path) -> None:
        """Make it real."""
        for name, what in sorted(self.names.items()):
            path = folder / name
            if what == "folder":
                path.mkdir()
            elif isinstance(what, str):
                path.symlink_to(what.removeprefix("-> "))
            else:
                path.write_bytes(self.contents.get(what, b""))


@define
class Recording:
    """The operations of a trace, in a folder; and where each acknowledgement came."""

    folder: str
    start: Model
    ops: list[Op] = field(factory=list)
    said: list[tuple[int, str]] = field(factory=list)
    begin: int = 0
    _now: Model = field(factory=Model)
    _appending: dict[str, int] = field(factory=dict)

    def read(self, lines: list[str]) -> None:
        """All lines of a trace."""
        self._now = self.start.copied()
        for line in lines:
            if BEGIN in _plain(line):
                self.begin = len(self.ops)
            elif END in _plain(line):
                return
            called = _CALL.match(line)
            if called and not called[3].startswith("-"):
                self._take(called[1], called[2], called[4])

    def _take(self, call: str, arguments: str, result: str | None) -> None:
        texts = [_bytes(text) for text in _TEXT.findall(arguments)]
        fd = _FD.match(arguments)
        at = _bytes_of_path(fd[2]) if fd else ""
        name = self._inside(at) if at.startswith("/") else None
        if call in ("write", "pwrite64"):
            self._write(call, arguments, texts, fd[1] if fd else "", name)
        elif call in ("openat", "open"):
            self._open(arguments, result)
        elif call in ("fsync", "fdatasync"):
            self._add("sync", name, ()) if name is not None else None
        elif call == "ftruncate" and name in self._now.names:
            self._add("truncate", name, (self._now.names[name], int(arguments.rpartition(",")[2])))
        elif call.startswith("rename") and len(texts) == 2:
            old, new = (self._inside(text.decode()) for text in texts)
            if old is not None and new is not None:
                self._add("rename", _parent(new), (old, new))
        elif call.startswith(("unlink", "rmdir")) and texts:
            self._name(texts[-1], None, unlink=True)
        elif call.startswith("mkdir") and texts:
            self._name(texts[-1], "folder")
        elif call.startswith("symlink") and len(texts) == 2:
            self._name(texts[1], f"-> {texts[0].decode()}")

    def _write(self, call: str, arguments: str, texts: list[bytes], fd: str, name: str | None) -> None:
        data = texts[0] if texts else b""
        if fd == "1" and name is None:
            self.said.append((len(self.ops), data.decode()))
        elif name is not None and name in self._now.names and not name.endswith("-shm"):
            identity = self._now.names[name]
            at = (
                int(arguments.rpartition(",")[2]) if call == "pwrite64" else len(self._now.contents[identity])
            )  # type: ignore[index]
            self._add("write", name, (identity, at, data))

    def _open(self, arguments: str, result: str | None) -> None:
        name = self._inside(_bytes_of_path(result)) if result else None
        if name is None or name.endswith("-shm"):
            return
        if "O_CREAT" in arguments and name not in self._now.names:
            identity = len(self._now.contents) + 1
            self._now.contents[identity] = bytearray()
            self._add("name", _parent(name), (name, identity))
        elif "O_TRUNC" in arguments and isinstance(self._now.names.get(name), int):
            self._add("truncate", name, (self._now.names[name], 0))

    def _name(self, text: bytes, what: str | None, *, unlink: bool = False) -> None:
        name = self._inside(text.decode())
        if name is None or name.endswith("-shm"):
            return
        if unlink:
            self._add("unname", _parent(name), (name,))
        elif what is not None:
            self._add("name", _parent(name), (name, what))

    def _add(self, kind: str, place: str, values: tuple[object, ...]) -> None:
        """`place` is the file or folder by name; what is in a file is known by its identity, through renames."""
        known = self._now.names.get(place)
        op = Op(kind, f"#{known}" if isinstance(known, int) else place, values)
        self._now.do(op)
        self.ops.append(op)

    def _inside(self, path: str) -> str | None:
        """The path within the folder; None for one outside."""
        full = os.path.normpath(Path(self.folder, path))
        if full == self.folder:
            return "."
        return full[len(self.folder) + 1 :] if full.startswith(self.folder + "/") else None


def losses(operation: str, *, stride: int = 1, lots: int = 2) -> Iterator[list[str]]:
    """Fail the power at every `stride`-th point of an operation; what is broken, for each state that may be found."""
    prepared = Prepared(operation)
    chance = random.Random(1)
    try:
        recording = _recorded(prepared)
        for point in range(recording.begin, len(recording.ops) + 1, stride):
            said = "".join(text for at, text in recording.said if at <= point)
            for lost, model in _states(recording, point, chance, lots):
                wrong = _tried(operation, Path(recording.folder), model, said)
                yield [f"{operation}, {point} of {len(recording.ops)}, {lost}: {each}" for each in wrong]
    finally:
        prepared.close()


def _states(
    recording: Recording, point: int, chance: random.Random, lots: int
) -> Iterator[tuple[str, Model]]:
    done = recording.ops[:point]
    unsynced = [i for i, op in enumerate(done) if op.kind != "sync" and not _synced(done, i)]
    subsets: dict[frozenset[int], str] = {frozenset(): "all of it there"}
    subsets.setdefault(frozenset(unsynced), "none of it there")
    for i in unsynced:
        subsets.setdefault(frozenset([i]), f"without {i} ({done[i].kind} {done[i].place})")
        subsets.setdefault(frozenset(unsynced) - {i}, f"only {i} ({done[i].kind} {done[i].place})")
    for _ in range(lots):
        subsets.setdefault(frozenset(i for i in unsynced if chance.random() < 0.5), "by lot")
    for lost, name in subsets.items():
        model = recording.start.copied()
        for i, op in enumerate(done):
            if i not in lost and op.kind != "sync":
                model.do(op)
        yield name, model


def _synced(done: list[Op], i: int) -> bool:
    return any(op.kind == "sync" and op.place == done[i].place for op in done[i + 1 :])


def _tried(operation: str, folder: Path, model: Model, said: str) -> list[str]:
    """In the folder that it was recorded in: the store knows targets by their paths."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.build(folder)
    return broken(operation, folder, said)


def _recorded(prepared: Prepared) -> Recording:
    folder = prepared.copy()
    start = Model.of(folder)
    trace = folder.parent / "trace"
    command = [
        prepared.strace,
        "-f",
        "-y",
        "-xx",
        "-s",
        "4000000",
        "-qq",
        "-o",
        str(trace),
        "-e",
        f"trace={_TRACED}",
    ]
    _python(["run", prepared.operation], folder, command)
    recording = Recording(str(folder), start)
    recording.read(trace.read_text(errors="replace").splitlines())
    return recording


def _parent(name: str) -> str:
    return name.rpartition("/")[0] or "."


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _bytes_of_path(text: str) -> str:
    return ast.literal_eval(f'"{text}"') if "\\" in text else text


def _plain(line: str) -> str:
    """A line with its texts readable: strace was asked to write all of them in hexadecimal."""
    return (
        _TEXT.sub(lambda found: _bytes(found[1]).decode("utf-8", "replace"), line) if "access" in line else ""
    )
