"""In what a project looks at files less than it did before a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from confguard.fields import ImpactLevel
from confguard.hooks.memberships import Membership
from confguard.project import Config, Project
from confguard.risk.findings import SEVERITIES
from confguard.risk.policy import Policy
from confguard.risk.rules.user import UserRule

__all__ = ["looser_membership", "looser_project", "policy_of"]


def policy_of(member: Membership) -> Policy:
    """The policy of whatever a file belongs to."""
    return member.project.policy_of(member.config) if member.project else Policy()


def looser_project(old: Project, new: Project | None) -> list[str]:
    """In what a project file lets pass more than it did."""
    if new is None:
        return ["the project file is gone"]
    messages = new.settings.policy.looser_than(old.settings.policy)
    for name, config in old.settings.configs.items():
        now = new.settings.configs.get(name)
        if now is None:
            messages.append(f"config '{name}' is no longer named")
            continue
        of_config = _patterns_gone(config, now) + _less(config, now)
        if now.policy or config.policy:
            of_config += new.policy_of(now).looser_than(old.policy_of(config))
        messages += [f"{name}: {each}" for each in of_config]
    return messages + _of_all_configs(old, new)


def looser_membership(old: Membership, new: Membership) -> list[str]:
    """In what a file is looked at less where it belongs now than where it belonged."""
    messages = policy_of(new).looser_than(policy_of(old))
    if old.config:
        messages += _less(old.config, new.config) if new.config else ["no config names it"]
    if old.project and new.project:
        messages += _of_all_configs(old.project, new.project)
    return messages


def _patterns_gone(before: Config, now: Config) -> list[str]:
    return [f"no longer judges {each}" for each in before.patterns if each not in now.patterns]


def _less(before: Config, now: Config) -> list[str]:
    """In what a config is looked at less than before, whatever its policy says."""
    messages = []
    if before.schema and not now.schema:
        messages.append("has no schema any more")
    levels = list(get_args(ImpactLevel))
    if before.impact and (now.impact is None or levels.index(now.impact) < levels.index(before.impact)):
        messages.append(f"is of {now.impact or 'no'} impact (was {before.impact})")
    if before.format != now.format:
        messages.append(
            f"is read as {now.format or 'its name says'} (was {before.format or 'as its name says'})"
        )
    return messages


def _of_all_configs(old: Project, new: Project) -> list[str]:
    messages = _rules(old.settings.rules, new.settings.rules)
    if old.settings.model != new.settings.model:
        messages.append("the likelihood is by other coefficients")
    return messages


def _rules(old: Sequence[UserRule], new: Sequence[UserRule]) -> list[str]:
    """Rules that are gone, ask something else, or are less grave."""
    now = {each.code: each for each in new}
    messages = []
    for each in old:
        rule = now.get(each.code)
        if rule is None:
            messages.append(f"no rule {each.code}")
        elif SEVERITIES.index(rule.severity) < SEVERITIES.index(each.severity):
            messages.append(f"rule {each.code} is {rule.severity} (was {each.severity})")
        elif rule.when != each.when:
            messages.append(f"rule {each.code} asks something else")
    return messages
