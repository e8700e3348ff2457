"""What led to what in a git repository: where its history begins, and which tag holds a commit first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from confguard.git import lines


def first_tags(commits: Sequence[str], *, cwd: Path) -> dict[str, str]:
    """The tag that holds each of these commits first, for those that a tag holds.

    By what led to what: a tag may have been made long after its commit, which `git name-rev` takes for a later one.
    """
    tags = _tagged(cwd)
    if not tags:
        return {}
    walked = lines("rev-list", "--topo-order", "--parents", "--tags", cwd=cwd, wanted="tags")
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
    """The commits that have a tag, and the first of its names; a tag may be of a tag, or of what is not a commit."""
    names = lines("for-each-ref", "--format=%(refname)", "refs/tags", cwd=cwd, wanted="tags")
    stdin = "".join(f"{name}^{{commit}}\n" for name in names).encode(errors="surrogateescape")
    commits = lines("cat-file", "--batch-check=%(objectname)", cwd=cwd, stdin=stdin, wanted="tags")
    tags: dict[str, str] = {}
    for name, commit in zip(names, commits, strict=True):
        if " " not in commit:  # else it says that there is none
            tags.setdefault(commit, name.removeprefix("refs/tags/"))
    return tags


def root_commits(revision: str = "HEAD", *, cwd: Path) -> list[str]:
    """The commits without parents that led to a revision, the oldest last; of a shallow clone, those it is cut at."""
    asked = ("rev-list", "--max-parents=0", "--end-of-options", revision, "--")
    return lines(*asked, cwd=cwd, wanted=revision)


def shallow_commits(repository: Path) -> frozenset[str]:
    """The commits of a shallow clone whose parents it lacks."""
    (place,) = lines("rev-parse", "--git-path", "shallow", cwd=repository, wanted="git")
    file = repository / place
    return frozenset(file.read_text().split()) if file.is_file() else frozenset()
