"""Build and deploy pipelines: whose text runs as a command, and what a command applies to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from confguard.paths import show_path
from confguard.risk.findings import Finding
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict

__all__ = ["FlagDropped", "StrangersText", "StrangersTrigger"]

_STRANGERS = re.compile(
    r"\$\{\{\s*github\.(?:head_ref|event\.(?:issue|pull_request|comment|review|review_comment|discussion|head_commit|"
    r"commits|pages|workflow_run)\b[\w.*\[\]]{0,60}\.(?:title|body|message|ref|label|name|email|head_branch|page_name))\s*\}\}"
)
_FLAG = re.compile(r"(?<!\S)--([a-z][a-z-]{1,30})(?![\w-])")
_TELLING = frozenset(
    {
        *(
            "env",
            "environment",
            "namespace",
            "context",
            "profile",
            "region",
            "project",
            "cluster",
            "stage",
            "target",
        ),
        *("dry-run", "check", "verify", "wait", "atomic", "limit", "only", "selector", "tags", "subset"),
    }
)


class StrangersText(EditRule):
    code = "CG425"
    title = "a stranger's text runs as a command"
    severity = "critical"
    reason = "A title or a branch's name with a quote in it is a program, run with the pipeline's token and secrets."
    advice = "Give it to the command as an environment variable, and quote that."
    example = Example(
        'steps:\n- run: check.js "$TITLE"\n',
        'steps:\n- run: check.js "${{ github.event.pull_request.title }}"\n',
        'steps:\n- run: check2.js "$TITLE"\n',
        "yaml",
    )
    outage = "GitHub Security Lab, 2020: untrusted input in workflows of hundreds of projects"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """In what is run; as the value of a variable it is fine."""
        match = (
            _STRANGERS.search(edit.after)
            if isinstance(edit.after, str) and edit.name in {"run", "script"}
            else None
        )
        if match is None or (isinstance(edit.before, str) and _STRANGERS.search(edit.before)):
            return None
        return f"{match[0]} is put into the command"


class StrangersTrigger(Rule):
    code = "CG426"
    title = "strangers' changes run with this repository's rights"
    reason = "`pull_request_target` runs with secrets and a token that may write, for whoever opens a pull request."
    advice = "Use `pull_request`; keep what needs a secret in a second workflow that checks nothing out."
    example = Example(
        "on:\n  pull_request: {}\njobs: {}\n",
        "on:\n  pull_request_target: {}\njobs: {}\n",
        "on:\n  pull_request: {types: [opened]}\njobs: {}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """The trigger is new, in a table or in a list."""
        for edit in context.edits:
            texts = [each for each in edit.path if isinstance(each, str)]
            new = "pull_request_target" in texts[-1:] if edit.added else edit.after == "pull_request_target"
            if new and edit.before != "pull_request_target":
                yield self.finding(edit.path, f"{show_path(edit.path)} is new")
                return


class FlagDropped(EditRule):
    code = "CG556"
    title = "a command lost a flag that held it in"
    reason = "Without it the command takes its default: another environment, everything, or no check at all."
    advice = "Say it again, or say in the reason what the default is."
    example = Example(
        'deploy = "tool deploy --env production"\n',
        'deploy = "tool deploy"\n',
        'deploy = "tool deploy --env production --quiet"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """The same command, without such a flag."""
        before, after = edit.before, edit.after
        if (
            not isinstance(before, str)
            or not isinstance(after, str)
            or before.split()[:1] != after.split()[:1]
        ):
            return None
        gone = (set(_FLAG.findall(before)) - set(_FLAG.findall(after))) & _TELLING
        return f"--{min(gone)} is gone" if gone else None
