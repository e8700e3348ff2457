"""The files of a config that stand in different folders: each is renamed by itself, in the order in which it is named.

A crash between two renames leaves some files of the new revision and some of the old one. That is known for what it is
(`torn`), and the next `recover` writes the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from attrs import field, frozen

from confguard.documents.bundle import files_of
from confguard.documents.layout import Layout
from confguard.errors import DocumentError, TargetError
from confguard.targets.files import FileTarget
from confguard.targets.filesets import files_of_bundle
from confguard.targets.interface import Staged, Target
from confguard.targets.writing import failing_as, sync_folder, undoing


@frozen
class SeparateFiles(Target):
    """Where each file of a config stands, if that is not one folder.

    Layers are written from the lowest to the one that wins; other files by their names.
    """

    targets: Mapping[str, FileTarget]
    files: Layout

    @classmethod
    def of(cls, targets: Mapping[str, FileTarget], files: Layout | None = None) -> SeparateFiles:
        """Each by its name, in the order of the config. Raises `TargetError` where one has no path, or no name."""
        files = files or Layout(targets)
        for name in dict.fromkeys([*files.names, *targets]):
            if name not in targets:
                raise TargetError(
                    f"target: where does '{name}' stand?", hint=f'files = {{ "{name}" = "/etc/{name}", ... }}'
                )
            if name not in files.names:
                raise TargetError(
                    f"target: '{name}' is not one of the config's files: {', '.join(files.names)}"
                )
        named: dict[Path, str] = {}
        for name, target in targets.items():
            if (other := named.setdefault(target.at, name)) != name:
                raise TargetError(
                    f"target: '{other}' and '{name}' would both be {target.name}",
                    hint="give each a path of its own",
                )
        return cls({name: targets[name] for name in files.names}, files)

    @property
    def name(self) -> str:
        return ", ".join(target.name for target in self.targets.values())

    @property
    def folder(self) -> Path:
        """The folder of the first: whoever writes to any locks that."""
        return next(iter(self.targets.values())).folder

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(target.at for target in self.targets.values())

    def read(self) -> bytes | None:
        """The bundle of the files that are there; None if there is none."""
        there = {name: target.read() for name, target in self.targets.items()}
        held = {name: content for name, content in there.items() if content is not None}
        return self.files.content(held) if held else None

    def faults(self) -> tuple[str, ...]:
        return tuple(f"{each.name}: {fault}" for each in self.targets.values() for fault in each.faults())

    def torn(self, held: bytes, before: bytes | None, wanted: bytes) -> bool:
        """Is each file of one revision or the other, or torn itself?"""
        try:
            there, old, new = files_of(held), files_of(before) if before is not None else {}, files_of(wanted)
        except DocumentError:
            return False
        return all(
            there.get(name) in (old.get(name), new.get(name))
            or (name in there and name in new and target.torn(there[name], old.get(name), new[name]))
            for name, target in self.targets.items()
        )

    def stage(self, content: bytes) -> Staged:
        """Write each that changes beside its file, synced to disk."""
        parts = files_of_bundle(self.name, content)
        for name in parts:
            if name not in self.targets:
                raise TargetError(
                    f"target: where does '{name}' stand? The config does not name it",
                    hint="name it again, among its files and where it stands, as when the revision was applied",
                )
        staged = _StagedFiles()
        with undoing(staged.discard):
            for name, target in self.targets.items():
                if name not in parts:
                    staged.waiting.append(_Removal(target))
                elif target.read() != parts[name]:
                    staged.waiting.append(target.stage(parts[name]))
        return staged

    def littered(self) -> bool:
        return any(target.littered() for target in self.targets.values())

    def clean(self) -> None:
        for target in self.targets.values():
            target.clean()


@frozen
class _Removal(Staged):
    """A file that the revision does not have."""

    target: FileTarget

    def commit(self) -> None:
        path = self.target.at
        with failing_as(f"target {path}: cannot be removed", path), suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)


@frozen
class _StagedFiles(Staged):
    waiting: list[Staged] = field(factory=list)

    def commit(self) -> None:
        for each in self.waiting:
            each.commit()

    def discard(self) -> None:
        for each in self.waiting:
            each.discard()
