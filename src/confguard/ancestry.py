"""What led to what in a git repository: where its history begins, and which tag holds a commit first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from confguard.git import output, text_of

__all__ = ["first_tags", "root_commits", "shallow_commits"]


def first_tags(commits: Sequence[str], *, cwd: Path) -> dict[str, str]:
    """The tag that holds each of these commits first, for those that a tag holds.

    By what led to what: a tag may have been made long after its commit, which `git name-rev` takes for a later one.
    """
    tags = _tagged(cwd)
    if not tags:
        return {}
    walked = (
        output("rev-list", "--topo-order", "--parents", "--tags", cwd=cwd, wanted="tags")
        .decode()
        .splitlines()
    )
    first: dict[str, tuple[int, str]] = {}
    """Of each commit, how far back the tag is that holds it, and that tag."""
    for back, line in enumerate(walked):
        sha, *parents = line.split(" ")
        if sha in tags:
            first[sha] = back, tags[sha]
        if sha in first:
            for parent in parents:
                first[parent] = max(first[sha], first.get(parent, first[sha]))
    return {sha: first[sha][1] for sha in commits if sha in first}


def _tagged(cwd: Path) -> dict[str, str]:
    """The commits that have a tag, and the first of its names; a tag may be of a tag, or of what is no commit."""
    names = text_of(
        output("for-each-ref", "--format=%(refname)", "refs/tags", cwd=cwd, wanted="tags")
    ).splitlines()
    stdin = "".join(f"{name}^{{commit}}\n" for name in names).encode(errors="surrogateescape")
    found = output("cat-file", "--batch-check=%(objectname)", cwd=cwd, stdin=stdin, wanted="tags").decode(
        errors="surrogateescape"
    )
    tags: dict[str, str] = {}
    for name, commit in zip(names, found.splitlines(), strict=True):
        if " " not in commit:  # else it says that there is none
            tags.setdefault(commit, name.removeprefix("refs/tags/"))
    return tags


def root_commits(revision: str = "HEAD", *, cwd: Path) -> list[str]:
    """The commits without parents that led to a revision, the oldest last; of a shallow clone, those it is cut at."""
    return (
        output("rev-list", "--max-parents=0", "--end-of-options", revision, "--", cwd=cwd, wanted=revision)
        .decode()
        .split()
    )


def shallow_commits(repository: Path) -> frozenset[str]:
    """The commits of a shallow clone whose parents it lacks."""
    place = output("rev-parse", "--git-path", "shallow", cwd=repository, wanted="git").decode().strip()
    file = repository / place
    return frozenset(file.read_text().split()) if file.is_file() else frozenset()
