"""The catalogue of rules: one module a family, one small class a rule."""

from confguard.risk.rules.catalogue import all_rules, rule_coded
from confguard.risk.rules.interface import Context, Edit, Example, Rule

__all__ = ["Context", "Edit", "Example", "Rule", "all_rules", "rule_coded"]
