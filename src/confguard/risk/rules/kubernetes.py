"""What Kubernetes makes of two settings that stand apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confguard.diffs.quantity import amounts
from confguard.risk.findings import Finding
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict

__all__ = ["HeapAboveLimit", "NetworkPolicyDenies", "SelectorNarrowed"]


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
        for path in dict.fromkeys(
            edit.path[: edit.path.index("spec") + 1] for edit in context.edits if "spec" in edit.path
        ):
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
        table = edit.path[-2] if len(edit.path) > 1 else None
        if (
            not edit.added
            or table not in {"selector", "matchLabels", "podSelector"}
            or edit.name.startswith("app.kubernetes.io/")  # these come together, for all that is of one
            or isinstance(edit.after, dict | list)
        ):
            return None
        before = context.before_at(edit.path[:-1])
        return f"asks for {edit.name}: {edit.after} as well" if isinstance(before, dict) and before else None


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
            around = context.after_at(edit.path[:length])
            resources = around.get("resources") if isinstance(around, dict) else None
            limits = resources.get("limits") if isinstance(resources, dict) else None
            memory = limits.get("memory") if isinstance(limits, dict) else None
            limit = amounts(memory).get("B")
            if heap and limit and heap > limit:
                return f"{edit.after} is above the limit of {memory}"
        return None


def _refused(spec: Any) -> set[str]:
    """The directions that the spec of a policy names without a rule."""
    types = spec.get("policyTypes") if isinstance(spec, dict) else None
    named = (
        {each.lower() for each in types if isinstance(each, str)} if isinstance(types, list) else set[str]()
    )
    return {each for each in named if not spec.get(each)}
