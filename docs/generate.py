"""An mkdocs hook: pages that are made of the code, so that they cannot disagree with it.

The pages of the rules come from the catalogue, that of the commands from the parsers, that of the vocabulary from its
tables.
"""

from __future__ import annotations

import argparse
import os

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from confguard.cli import build_parser
from confguard.risk.names import vocabulary
from confguard.risk.rules import Rule, all_rules
from confguard.risk.rules.catalogue import FAMILIES


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    os.environ["COLUMNS"] = "80"
    files.append(File.generated(config, "reference/rules.md", content=rules_page()))
    files.append(File.generated(config, "reference/commands.md", content=commands_page()))
    files.append(File.generated(config, "reference/vocabulary.md", content=vocabulary_page()))
    for rule in all_rules():
        files.append(File.generated(config, f"reference/rules/{rule.code}.md", content=rule_page(rule)))
    return files


def rules_page() -> str:
    """The list of rules, by family."""
    lines = [
        "# Rules",
        "",
        "What each says of a change, and how grave it is where the rule does not say otherwise. "
        "`confguard rules CODE` prints the same at a terminal.",
    ]
    for number, family in FAMILIES.items():
        rules = [rule for rule in all_rules() if rule.code.startswith(f"CG{number}")]
        lines += ["", f"## {family}", "", "| code | severity | what |", "|---|---|---|"]
        lines += [
            f"| [{rule.code}](rules/{rule.code}.md) | {rule.severity} | {rule.title} |" for rule in rules
        ]
    lines += [
        "",
        "## What `check` says",
        "",
        "`CG001`: the file cannot be parsed. `CG002`: a value does not fit the schema. "
        "`CG003`: a key was renamed, or is deprecated. `CG004` (of the gate): a file could not be judged. "
        "`CG005` (of the gate): the change loosens the policy that it is judged by.",
    ]
    return "\n".join(lines) + "\n"


def rule_page(rule: Rule) -> str:
    """One rule."""
    example = rule.example
    lines = [f"# {rule.code}: {rule.title}", "", f"Severity: **{rule.severity}**", "", rule.reason, ""]
    lines += [f"**What to do:** {rule.advice}", ""]
    if rule.outage:
        lines += [f"**Seen at:** {rule.outage}", ""]
    for title, text in (("Before", example.before), ("Fires", example.fires), ("Does not", example.silent)):
        lines += [f"## {title}", "", f"```{example.format}", text.rstrip("\n"), "```", ""]
    return "\n".join(lines)


def vocabulary_page() -> str:
    """The names of settings that do not say themselves what they are."""
    lines = [
        "# Vocabulary",
        "",
        "Rules know a setting by the words of its name: `maxInflight`, `pool.max-size` and `DB_POOL_SIZE` say what "
        "they are. The names below do not, or say something else: a rule takes the words beside them instead. Case "
        "and punctuation do not count. `number` stands for no rule at all: more or less of it is as you like.",
        "",
        "Names of your own come through the entry-point group `confguard.vocabulary`: a mapping of names to words, in "
        "a package that is installed beside confguard.",
        "",
        "```toml",
        '[project.entry-points."confguard.vocabulary"]',
        'ours = "our_package.words:NAMES"   # NAMES = {"lanes": "worker pool limit", "fuse": "circuit breaker"}',
        "```",
    ]
    for program, names in vocabulary().items():
        title = program[0].upper() + program[1:] if " " in program else program
        lines += ["", f"## {title}", "", "| name | words |", "|---|---|"]
        lines += [f"| `{name}` | {words} |" for name, words in names.items()]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command's help."""
    parser = build_parser()
    lines = ["# Commands", "", "```text", parser.format_help().rstrip(), "```", ""]
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        lines += [f"## {name}", "", "```text", command.format_help().rstrip(), "```", ""]
    lines += ["## Environment", ""]
    lines += [
        "| variable | what for |",
        "|---|---|",
        "| `CONFGUARD_CONFIG` | the project file, where it is not found upwards |",
        "| `CONFGUARD_APPROVED_BY` | for the hook: who reviewed a change that needs a review |",
        "| `CONFGUARD_OVERRIDE` | for the hook: why a change that is blocked goes in |",
        "| `NO_COLOR`, `FORCE_COLOR` | never, or always, colours |",
        "",
    ]
    return "\n".join(lines)
