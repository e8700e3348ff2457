"""A project: what its file says, and what that means in the folder where it stands."""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from confguard.documents.layout import common_folder, is_several, layout_of, matching, the_only
from confguard.errors import ProjectError, did_you_mean
from confguard.project.settings import Config, Settings
from confguard.risk.policy import Policy

if TYPE_CHECKING:
    from confguard.documents.layout import Layout

__all__ = ["Project"]


@frozen(kw_only=True)
class Project:
    """A project file that was read."""

    file: Path
    """The file, as it was named."""
    root: Path
    """The folder it stands in; all its paths are relative to that."""
    settings: Settings
    """What it says."""

    @property
    def signers(self) -> Path | None:
        """The file of allowed signers."""
        return self.user_path(self.settings.allowed_signers)

    @property
    def store_url(self) -> str:
        """The store's URL; that of an SQLite file is relative to the project."""
        store = self.settings.store
        scheme, slashes, rest = store.partition(":///")
        if scheme == "sqlite" and slashes and not rest.startswith("/"):
            return f"sqlite:///{self.root.resolve() / rest}"
        return store

    def user_path(self, named: str | None) -> Path | None:
        """The file of a setting, in which `~` is the home of the user; None if it names none."""
        return self.root / Path(named).expanduser() if named else None

    def config(self, name: str) -> Config:
        """The config of a name. Raises `ProjectError` with a did-you-mean."""
        configs = self.settings.configs
        if name not in configs:
            raise ProjectError(
                f"{self.file}: no config '{name}'{did_you_mean(name, configs)}",
                hint=f"configs there: {', '.join(configs) or 'none yet'}",
            )
        return configs[name]

    def config_of(self, path: str | os.PathLike[str]) -> tuple[str, Config] | None:
        """The config that a file belongs to, and its name; None if it belongs to none."""
        whole, root = Path.cwd() / path, self.root.resolve()
        for place in dict.fromkeys(
            [whole.parent.resolve() / whole.name, whole.resolve()]
        ):  # a link by its own name
            name = place.relative_to(root).as_posix() if place.is_relative_to(root) else None
            for config_name, config in self.settings.configs.items() if name else ():
                if any(fnmatchcase(str(name), pattern) for pattern in config.patterns):
                    return config_name, config
        return None

    def policy_of(self, config: Config | None) -> Policy:
        """The policy that holds for a config."""
        return config.policy if config and config.policy else self.settings.policy

    def schema_of(self, config: Config) -> str | None:
        """What a config names as its schema; a file is relative to the project."""
        if config.schema and ":" not in config.schema:
            return str(self.root / config.schema)
        return config.schema

    def source_of(self, name: str) -> Path:
        """The one file that holds a config, or the folder of its several. Raises `ProjectError` if that is not told."""
        config = self.config(name)
        if self.layout_of(name) is not None:
            return self.root / common_folder(config.patterns)
        return the_only(self.root, config.patterns, name)

    def layout_of(self, name: str) -> Layout | None:
        """The files of a config that has several: layers; or those of a folder that is its target, or of none."""
        config = self.config(name)
        if config.layers:
            return layout_of(config.patterns, config.format, layered=True)
        is_layout = is_several(config.files, config.targets)
        untold = not config.targets and len(matching(self.root, config.patterns)) > 1
        return layout_of(config.patterns, config.format) if is_layout or untold else None

    def make_importable(self) -> None:
        """Let schemas be imported from the project's folder and from its `src`."""
        for folder in (str(self.root / "src"), str(self.root)):
            if folder not in sys.path:
                sys.path.insert(0, folder)
