"""What single platforms make of settings: Kubernetes, pipelines, schedules, alerts, and mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.diffs.effects import amounts
from confguard.paths import show_path, value_at
from confguard.risk.findings import Finding
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized
from confguard.texts import word_set

_STRANGERS = re.compile(
    r"\$\{\{\s*github\.(?:head_ref|event\.(?:issue|pull_request|comment|review|review_comment|discussion|head_commit|"
    r"commits|pages|workflow_run)\b[\w.*\[\]]{0,60}\.(?:title|body|message|ref|label|name|email|head_branch|page_name))\s*\}\}"
)
_FLAG = re.compile(r"(?<!\S)--([a-z][a-z-]{1,30})(?![\w-])")
_TELLING = word_set(
    "env environment namespace context profile region project cluster stage target dry-run check verify wait atomic "
    "limit only selector tags subset"
)
_MUCH = 4
_ALL = re.compile(r"([-~?+]?)all\b")
_STRICT = {"-": 3, "~": 2, "?": 1, "+": 0, "": 0}
_DMARC = re.compile(r"\bp\s*=\s*(none|quarantine|reject)", re.IGNORECASE)
_HARSH = ("none", "quarantine", "reject")


class NetworkPolicyDenies(Rule):
    code = "CG540"
    title = "a network policy refuses a whole direction"
    reason = "A direction that `policyTypes` names and for which no rule stands is refused altogether, names included."
    advice = "Add the rules for that direction first, DNS among them."
    example = Example(
        "kind: NetworkPolicy\nspec: {policyTypes: [Ingress], ingress: [{}]}\n",
        "kind: NetworkPolicy\nspec: {policyTypes: [Ingress, Egress], ingress: [{}]}\n",
        "kind: NetworkPolicy\nspec: {policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """Directions that are refused now and were not."""
        inside = (edit.path for edit in context.edits if "spec" in edit.path)
        for path in dict.fromkeys(path[: path.index("spec") + 1] for path in inside):
            for direction in sorted(_refused(context.after_at(path)) - _refused(context.before_at(path))):
                yield self.finding(path, f"refuses all {direction}")


class SelectorNarrowed(EditRule):
    code = "CG561"
    title = "a selector asks for more"
    reason = "What does not have the new label, often all that runs, gets no traffic any more."
    advice = "Give the label to what runs first, and see that all have it."
    example = Example(
        "kind: Service\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
        "kind: Service\nspec: {selector: {app: web, version: v2}, ports: [{port: 80}]}\n",
        "kind: Service\nspec: {selector: {app: web}, ports: [{port: 80}, {port: 443}]}\n",
        "yaml",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A key that is new in a selector that had some."""
        selecting = edit.path[-2:-1] in {("selector",), ("matchLabels",), ("podSelector",)}
        if not edit.added or not selecting or isinstance(edit.after, dict | list):
            return None
        before = context.before_at(edit.path[:-1])
        of_all = edit.name.startswith("app.kubernetes.io/")  # these come together, for all that is of one
        asked = isinstance(before, dict) and before and not of_all
        return f"asks for {edit.name}: {edit.after} as well" if asked else None


class HeapAboveLimit(EditRule):
    code = "CG221"
    title = "a heap is larger than its memory"
    reason = "The process is killed when it uses what it was told that it may."
    advice = "Keep a quarter of the memory for all that is no heap."
    example = Example(
        "env: {JAVA_OPTS: -Xmx4g}\nresources: {limits: {memory: 6Gi}}\n",
        "env: {JAVA_OPTS: -Xmx8g}\nresources: {limits: {memory: 6Gi}}\n",
        "env: {JAVA_OPTS: -Xmx5g}\nresources: {limits: {memory: 6Gi}}\n",
        "yaml",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Above the limit of the container around it."""
        heap = amounts(edit.after).get("B") if edit.words & {"heap", "xmx", "maxheap"} else None
        for length in range(len(edit.path) if heap else 0):
            memory = value_at(context.after_at(edit.path[:length]), ("resources", "limits", "memory"))
            limit = amounts(memory).get("B")
            if heap and limit and heap > limit:
                return f"{edit.after} is above the limit of {memory}"
        return None


def _refused(spec: Any) -> set[str]:
    """The directions that the spec of a policy names without a rule."""
    types = spec.get("policyTypes") if isinstance(spec, dict) else None
    named = {each.lower() for each in types if isinstance(each, str)} if isinstance(types, list) else set()
    return {each for each in named if not spec.get(each)}


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
        before, after = (str(each) if isinstance(each, str) else "" for each in (edit.before, edit.after))
        match = _STRANGERS.search(after) if edit.name in {"run", "script"} else None
        return f"{match[0]} is put into the command" if match and not _STRANGERS.search(before) else None


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
        before, after = edit.texts
        if before.split()[:1] != after.split()[:1]:
            return None
        gone = (set(_FLAG.findall(before)) - set(_FLAG.findall(after))) & _TELLING
        return f"--{min(gone)} is gone" if gone else None


class ScheduleNever(EditRule):
    code = "CG518"
    title = "a schedule never runs, or runs all the time"
    reason = "What never runs is missed when it is needed (a backup, a renewal); what always runs never ends."
    advice = (
        "Read the schedule aloud; five fields: minute, hour, day, month, day of the week; six: seconds first."
    )
    example = Example(
        "schedule: '15 2 * * *'\n", "schedule: '* * * * *'\n", "schedule: '25 2 * * *'\n", "yaml"
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """No day such as 30 February; more than twenty times as often."""
        before, after = _runs_a_year(edit.before), _runs_a_year(edit.after)
        if before is None or after is None:
            return None
        if after == 0:
            return f"{edit.after} is never"
        if after >= 20 * before:
            return f"from {edit.before} to {edit.after}: {after / before:,.0f} times as often"
        if before >= 20 * after:
            return "medium", f"from {edit.before} to {edit.after}: {before / after:,.0f} times as seldom"
        return None


def _runs_a_year(value: Any) -> int | None:
    """How often a schedule runs in a year; None for what is none."""
    from confguard.fields import Cron

    if not isinstance(value, str) or (len(value.split()) not in (5, 6) and not value.startswith("@")):
        return None
    seconds, fields = 1, value.split()
    if len(fields) == 6:  # Quartz, Spring and others: seconds first
        seconds = 60 if fields[0] == "*" else len(fields[0].split(","))
        value = " ".join(fields[1:]).replace("?", "*")
    try:
        minutes, hours, days, months, weekdays = Cron(value).times
    except ValueError:
        return None
    lengths = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
    all_days = (
        (month, day) for month in months or range(1, 13) for day in range(1, lengths.get(month, 31) + 1)
    )
    matching = sum(1 for _, day in all_days if days is None or day in days)
    if weekdays is not None:
        matching = matching * len(weekdays) // 7 if days is None else matching + 52 * len(weekdays)
    return matching * len(minutes or range(60)) * len(hours or range(24)) * seconds


class AlertDulled(EditRule):
    code = "CG562"
    title = "an alert calls later, or for more only"
    reason = "What it was made for goes on unseen; its threshold was found when it was needed."
    advice = "Try the new threshold on the last outage that it called for."
    example = Example(
        "alert: Errors\nexpr: rate(errors[5m]) > 0.05\nfor: 5m\n",
        "alert: Errors\nexpr: rate(errors[5m]) > 0.5\nfor: 5m\n",
        "alert: Errors\nexpr: rate(errors[5m]) > 0.06\nfor: 5m\n",
        "yaml",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A bound of an alert's expression, or its time, by four times and more; either way."""
        places = (edit.path[:-1], edit.path[:-2])
        around = next((each for place in places if isinstance(each := context.after_at(place), dict)), {})
        if "alert" not in around or edit.ratio is None or not {"expr", "for"} & set(map(str, edit.path[-2:])):
            return None
        return sized(edit) if not 1 / _MUCH < edit.ratio < _MUCH else None


class SenderPolicy(EditRule):
    code = "CG428"
    title = "a domain's mail policy changed"
    reason = "Mail of a sender that is left out is refused everywhere; a policy that lets all pass invites forgery."
    advice = "Read the reports of a month for who sends in your name, first."
    example = Example(
        'txt = "v=spf1 include:_spf.example.com include:mail.example.net -all"\n',
        'txt = "v=spf1 include:_spf.example.com -all"\n',
        'txt = "v=spf1 include:_spf.example.com include:mail.example.net include:b.example.net -all"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A sender that went, a weaker `all`, another policy of DMARC."""
        before, after = str(edit.before), str(edit.after)
        if before.startswith("v=DMARC1") and after.startswith("v=DMARC1"):
            return _of_dmarc(before, after)
        if not before.startswith("v=spf1") or not after.startswith("v=spf1"):
            return None
        sent, sends = (
            {each for each in text.split()[1:] if not _ALL.fullmatch(each)} for text in (before, after)
        )
        if gone := sent - sends:
            return f"{min(gone)} may not send any more"
        was, now = _ALL.search(before), _ALL.search(after)
        weaker = was is not None and now is not None and _STRICT[now[1]] < _STRICT[was[1]]
        return f"from {was[0]} to {now[0]}" if weaker and was and now else None


def _of_dmarc(before: str, after: str) -> Verdict:
    was, now = _DMARC.search(before), _DMARC.search(after)
    if was is None or now is None or was[1].lower() == now[1].lower():
        return None
    steps = _HARSH.index(now[1].lower()) - _HARSH.index(was[1].lower())
    return f"from p={was[1]} to p={now[1]}" if steps < 0 or steps == 2 else None
