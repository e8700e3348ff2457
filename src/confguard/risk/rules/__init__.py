"""The catalogue of rules: one module a family, one small class a rule."""

from confguard.risk.rules.catalogue import all_rules, rule_coded
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized

__all__ = ["Context", "Edit", "EditRule", "Example", "Rule", "Verdict", "all_rules", "rule_coded", "sized"]
