"""Versions: what is no longer pinned, and steps that cannot be gone back."""

from __future__ import annotations

from confguard.risk.rules import kinds
from confguard.risk.rules.interface import Example
from confguard.risk.rules.table import Danger, cell

__all__ = ["DANGERS"]

DANGERS = (
    Danger(
        "CG519",
        "a version is no longer pinned",
        "What is newest changes without a change here: instances differ, and a revert brings nothing back.",
        "Name the version, or the digest.",
        Example('image = "web:2.14.1"\n', 'image = "web:latest"\n', 'image = "web:2.14.2"\n'),
        (cell("version", kinds.no_longer_pinned), cell(None, kinds.address_floating)),
    ),
    Danger(
        "CG609",
        "another minor version of what runs everything",
        "Interfaces, labels and defaults go with a minor version, and what asks for them fails; there is no way back.",
        "Read what the version removes, search for it in what runs there, and try it on a copy of the cluster.",
        Example(
            'kubernetesVersion = "v1.23.15"\n',
            'kubernetesVersion = "v1.24.9"\n',
            'kubernetesVersion = "v1.23.17"\n',
        ),
        (cell(None, kinds.another_minor),),
        "Reddit, 14 March 2023: a minor version of Kubernetes took away a label by which routes were chosen",
    ),
    Danger(
        "CG607",
        "another major version of what keeps data",
        "Data files of one major version are not read by another: the start fails, and so does going back.",
        "Upgrade by dump or by the tool of the database, on a copy first.",
        Example('image = "postgres:13.4"\n', 'image = "postgres:16.1"\n', 'image = "postgres:13.5"\n'),
        (cell("version", kinds.another_major), cell(None, kinds.another_in_path)),
    ),
)
