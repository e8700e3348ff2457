"""What git has on one side of a change, and what its files belong to: the configs of the projects that stand there."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath

from attrs import define, field, frozen

from confguard import git
from confguard.documents.bounds import MAX_BYTES
from confguard.documents.registry import is_configuration
from confguard.errors import ConfguardError
from confguard.project import (
    ENVIRONMENT,
    FILE_NAME,
    Config,
    Project,
    find_project,
    has_project,
    load_project,
    project_in,
)
from confguard.project.naming import NamedFiles

_LONGEST_LINK = 4096
PROJECT_FILES = (FILE_NAME, "pyproject.toml")
"""What a project file is called: of two in a folder, the first."""


@define(slots=False)
class Snapshot:
    """What git has, by paths from the root: nothing is read from the work tree."""

    root: Path
    """The top of the work tree."""
    revision: str | None
    """None for what is staged."""
    _known: dict[str, bytes | None] = field(factory=dict, repr=False)

    def read_ahead(self, paths: Iterable[str]) -> None:
        """Ask for many files at once: two calls of git."""
        names = {self._name(path): path for path in paths if path not in self._known}
        contents = git.blobs(names, MAX_BYTES, cwd=self.root, skip_larger=True) if names else {}
        self._known |= {path: contents.get(name) for name, path in names.items()}

    def content(self, path: str) -> bytes | None:
        """What a file holds; None where there is none. Of a link, what it leads to."""
        self.read_ahead([path])
        content = self._known[path]
        if content is None or len(content) > _LONGEST_LINK or b"\n" in content or b"=" in content:
            return content
        target = os.path.normpath(PurePosixPath(path).parent / os.fsdecode(content))
        self.read_ahead([target])
        return self._known[target] or content

    def files(self, folder: str) -> Iterator[str]:
        yield from git.listed(self.revision, folder, cwd=self.root)

    def _name(self, path: str) -> str:
        return f":0:{path}" if self.revision is None else f"{self.revision}:{path}"


@frozen
class Membership:
    """What a file belongs to: a config of a project; or neither, where it is judged as any configuration is."""

    project: Project | None = None
    name: str | None = None
    config: Config | None = None

    @property
    def key(self) -> tuple[Path | None, str | None]:
        """What is the same for all files of one config, on both sides of a change."""
        return self.project.file if self.project else None, self.name


def project_around(root: Path) -> Project | None:
    """The project that git does not have: around the repository, or named by the environment."""
    if os.environ.get(ENVIRONMENT):
        return find_project()
    return next((project for folder in root.parents if (project := project_in(folder))), None)


@define(eq=False, slots=False)
class Memberships:
    """The projects of a snapshot, and which files they name."""

    snapshot: Snapshot
    default: Project | None = None
    """The project that is asked where none in the repository names a file."""
    is_before: bool = False
    """Is it the side before a change, of which what cannot be used is not there?"""
    places: list[str] = field(factory=list, init=False, repr=False)
    """Where project files might stand around the files that were read ahead."""
    _projects: dict[str, Project | None] = field(factory=dict, repr=False)
    _around: dict[str, list[_Patterns]] = field(factory=dict, repr=False)
    _patterns: dict[Path, _Patterns] = field(factory=dict, repr=False)

    def read_ahead(self, paths: Iterable[str]) -> None:
        """Read the project files around all of these at once."""
        around = set(map(posixpath.dirname, paths))
        folders = {folder for each in around for folder in _upwards(each)}
        self.places = [posixpath.join(folder, name) for folder in sorted(folders) for name in PROJECT_FILES]
        self.snapshot.read_ahead(self.places)

    def memberships(self, path: str) -> list[Membership]:
        """What a file belongs to: all configs of the nearest project that names it. Nothing: it is not to be judged."""
        around = self._patterns_around(posixpath.dirname(path))
        for each in around:
            if configs := each.configs_of(path):
                return [Membership(each.project, name, config) for name, config in configs.items()]
        if any(each.project.settings.configs for each in around) or not is_configuration(path):
            return []
        return [Membership(around[0].project if around else None)]

    def below(self, link: str) -> Membership | None:
        """The config that names what stands below a link that leads to a folder."""
        for each in self._patterns_around(posixpath.dirname(link)):
            if config := each.config_below(link):
                return Membership(each.project, *config)
        return None

    def project(self, file: str) -> Project | None:
        """The project of a file of this path, where that is the one that counts in its folder."""
        project = self._of_folder(posixpath.dirname(file))
        return project if project and self.path_of(project) == file else None

    def all_projects(self) -> Iterator[Project]:
        """Every project in the repository that can be used."""
        for path in self.snapshot.files(""):
            if path.rpartition("/")[2] in PROJECT_FILES:
                with suppress(ConfguardError):
                    if project := self.project(path):
                        yield project

    def path_of(self, project: Project) -> str:
        """The path of a project file, from the root of the repository if it stands there."""
        file = Path(os.path.abspath(project.file))  # noqa: PTH100 - links stay as they are named
        for each in (file, file.resolve()):
            if each.is_relative_to(self.snapshot.root):
                return each.relative_to(self.snapshot.root).as_posix()
        return str(file)

    def _patterns_around(self, folder: str) -> list[_Patterns]:
        """The projects around a folder, the nearest first, and the one that counts everywhere."""
        if folder not in self._around:
            projects = [project for each in _upwards(folder) if (project := self._of_folder(each))]
            default = self._default
            if default and self.path_of(default) not in map(self.path_of, projects):
                projects.append(default)
            self._around[folder] = [self._patterns_of(each) for each in projects]
        return self._around[folder]

    def _patterns_of(self, project: Project) -> _Patterns:
        if project.file not in self._patterns:
            self._patterns[project.file] = _Patterns(self.snapshot.root, project)
        return self._patterns[project.file]

    def _of_folder(self, folder: str) -> Project | None:
        if folder not in self._projects:
            self._projects[folder] = self._read(folder)
        return self._projects[folder]

    def _read(self, folder: str) -> Project | None:
        for name in PROJECT_FILES:
            content = self.snapshot.content(posixpath.join(folder, name))
            file = self.snapshot.root / folder / name
            try:
                if content is not None and has_project(file, content):
                    return self._load(file, content)
            except ConfguardError:
                if not self.is_before:
                    raise
        return None

    def _load(self, file: Path, content: bytes) -> Project:
        """A project file; one before the change also where a rule of it, say, cannot be used."""
        return load_project(file, content, (lambda _: None) if self.is_before else None)

    @cached_property
    def _default(self) -> Project | None:
        """The default; where git has its file, as git has it."""
        if self.default is None:
            return None
        path = self.path_of(self.default)
        if Path(path).is_absolute():
            return self.default
        content = self.snapshot.content(path)
        try:
            return self._load(self.default.file, content) if content is not None else None
        except ConfguardError:
            if not self.is_before:
                raise
            return None


class _Patterns:
    """The patterns of a project's configs, for paths from the root of the repository."""

    def __init__(self, root: Path, project: Project) -> None:
        self.project = project
        place = project.root.resolve()
        within = place.is_relative_to(root)
        self._prefix = "" if within else f"{os.path.relpath(root, place)}/"
        patterns = {name: config.patterns for name, config in project.settings.configs.items()}
        self._files = NamedFiles(root if within else place, place, patterns)

    def configs_of(self, path: str) -> dict[str, Config]:
        """The configs that name a file."""
        return {name: self.project.config(name) for name in self._files.configs_of(self._prefix + path)}

    def config_below(self, folder: str) -> tuple[str, Config] | None:
        """The first config whose pattern leads through a folder."""
        name = self._files.config_below(self._prefix + folder)
        return None if name is None else (name, self.project.config(name))


def _upwards(folder: str) -> list[str]:
    """A folder and those around it, the root (a blank) last."""
    parents = [each.as_posix() for each in PurePosixPath(folder).parents]
    return list(dict.fromkeys("" if each == "." else each for each in (folder, *parents)))
