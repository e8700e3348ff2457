"""The model: findings and factors add up to a score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Thread

import attrs

from confguard.diffs.changes import Change, Diff
from confguard.diffs.effects import effect_of
from confguard.documents.document import Document
from confguard.errors import ConfguardError
from confguard.fields import Impact, ImpactLevel, Safer
from confguard.paths import Path, overlap, show_path
from confguard.risk.acceptance import split_accepted, void_comments
from confguard.risk.circumstances import Circumstances, Process
from confguard.risk.evidence import evidence, outline_of
from confguard.risk.findings import SEVERITIES, Factor, Finding, Risk, Severity
from confguard.risk.history import History
from confguard.risk.likelihood import Model, default_model
from confguard.risk.policy import Policy
from confguard.risk.rules.catalogue import all_rules, known_codes
from confguard.risk.rules.interface import Context, EditRule, Rule, left_out, lowered
from confguard.risk.rules.table import Danger
from confguard.schema.guarded import opaque, secret_texts
from confguard.schema.schema import SchemaLike, resolve_schema
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING, Shape
from confguard.stores.interface import Revision
from confguard.texts import amount
from confguard.values import Documents, check_type

PATIENCE = 5.0
"""Seconds that a plug-in's rule may take."""
_AS_GRAVE_IF_NEW = frozenset({"CG406", "CG535", "CG801", "CG802", "CG803", "CG804"})
"""What counts as much in a table that is new as in one that served until now."""
_WORSE_AT_ONCE = frozenset({"CG2", "CG3"})
"""Families of which a moderate change is grave where the file says that it reaches all at once."""
_OF_ENVIRONMENTS = frozenset({"CG508", "CG515", "CG303"})
"""What is as grave in a test environment: values of another environment, and what destroys."""
POINTS: dict[Severity, float] = {"info": 0, "low": 10, "medium": 30, "high": 60, "critical": 80}
"""What the gravest finding of a severity is worth: one high asks for a review, one critical blocks."""
DAMPING = 0.35
"""What each further finding counts for, relative to the one before: two high findings block."""
IMPACT: dict[ImpactLevel, float] = {"low": -15, "medium": 0, "high": 10, "critical": 15}
_SIZE_CAP = 8.0


def assess(
    diff: Diff,
    schema: SchemaLike = None,
    history: Iterable[Revision] | History | None = None,
    *,
    policy: Policy | None = None,
    impact: ImpactLevel | None = None,
    rules: Sequence[Rule] = (),
    model: Model | None = None,
    circumstances: Circumstances | None = None,
) -> Risk:
    """The risk of a diff: a score from 0 to 100 with the findings and factors that explain it.

    The schema is the diff's own, unless another is named. A `policy` accepts findings, and knows when changes may go
    in; `impact` says how much depends on the config where the schema does not; `rules` are asked beside those of the
    catalogue. `circumstances` are when and why the change is made, and what happened before; `history` alone is short
    for those. With what a repository tells of author and files, the risk has a `likelihood`, by `model`.

    >>> from confguard.diffs.engine import diff
    >>> risk = assess(diff({"pool": {"max_size": 64}}, {"pool": {"max_size": 4}}))
    >>> risk.score, risk.level, [finding.code for finding in risk.findings]
    (60, 'high', ['CG201'])
    """
    check_type(diff, Diff, "diff: cg.assess(cg.diff(before, after))")
    check_type(policy, Policy | None, "policy: cg.Policy(review=50, block=75)")
    check_type(circumstances, Circumstances | None, "Circumstances: cg.Circumstances(reason=..., at=...)")
    if impact is not None:
        Impact(impact)  # raises `ValueError` where there is no such level
    known = circumstances or Circumstances(history=history)
    history = known.history if history is None else history
    shape = diff.shape
    if resolved := resolve_schema(schema):
        several, whole = diff.several, resolved.shape
        shape = whole.of_documents() if several else whole.of_data(diff.before, diff.after)
    at = known.at or datetime.now(UTC)
    process = policy.process(at) if policy else Process()
    process = attrs.evolve(process, impact=impact, **attrs.asdict(known, recurse=False))
    context = Context(diff, diff.before, diff.after, shape, process)
    changes = {change.path: change for change in reversed((*context.changes, *diff.changes))}
    findings, accepted = split_accepted(
        [_placed(finding, diff, changes) for finding in _cleaned(_findings(context, rules), diff)],
        policy.accept if policy else (),
        diff.after_document,
        at.date(),
        diff.setting,
        diff.naming,
        lambda path: _place_after(path, changes),
    )
    for _, part in diff.after_document.parts if diff.after_document else ():
        findings += void_comments(part, known_codes(rules))
    findings.sort(key=lambda finding: -SEVERITIES.index(finding.severity))
    factors = finding_factors(findings)
    likelihood = None
    if diff.changes:
        factors += impact_factor(diff, shape, impact, found=bool(factors))
        factors += direction_factor(diff, shape)
        factors += size_factor(diff)
        if isinstance(history, History):
            found = _summed(findings, factors)
            pieces = evidence(outline_of(diff, found), history)
            factors = [*factors, *(model or default_model()).factors(pieces)]
            likelihood = (model or default_model()).likelihood(pieces)
        else:
            factors += history_factors(history)
    risk = _summed(findings, factors)
    return attrs.evolve(risk, likelihood=likelihood, accepted=tuple(accepted))


def check_document(document: Document) -> list[Finding]:
    """What rules say of a file as it stands."""
    pairs = [(rule, finding) for rule in all_rules() for finding in rule.check_document(document)]
    several = isinstance(document.data, Documents)
    secrets = Secrets(ANYTHING.of_documents() if several else ANYTHING.of_data(document.data), document.data)
    return [
        _in_document(_without_secrets(rule, finding, secrets), document, finding.path)
        for rule, finding in pairs
    ]


def _findings(context: Context, more: Sequence[Rule]) -> list[Finding]:
    """Every rule's findings; a generic one only where no other rule speaks of the setting."""
    # Of a file that is gone, no setting is off, cut or blank: what goes with it is told as a whole.
    applicable = [
        rule for rule in all_rules() if not context.process.removed or not isinstance(rule, Danger | EditRule)
    ]
    pairs = [(rule, finding) for rule in applicable for finding in _run(rule, context)]
    own = [finding for rule in more for finding in _run(rule, context)]
    covered = {finding.path for rule, finding in pairs if not rule.generic} | {each.path for each in own}
    return [
        _where_it_counts(finding, context)
        for rule, finding in pairs
        if not rule.generic or finding.path not in covered
    ] + own


def _where_it_counts(finding: Finding, context: Context) -> Finding:
    """Less grave in a file of a test environment, for what is switched off, and for what is only looked at."""
    severity = finding.severity
    if finding.code.startswith("CG9") or finding.code in _OF_ENVIRONMENTS:
        return finding
    if severity == "medium" and finding.code[:3] in _WORSE_AT_ONCE and context.at_once:
        severity = "high"
    if context.environment(finding.path) == "staging or test":
        severity = lowered(severity)
    if context.is_new(finding.path) and finding.code not in _AS_GRAVE_IF_NEW:
        severity = lowered(severity)
    live = finding.code in _AS_GRAVE_IF_NEW and severity == "critical"  # a key is one wherever it stands
    if context.asleep(finding.path) or (context.is_drawn(finding.path) and not live):
        severity = lowered(lowered(severity))
    return attrs.evolve(finding, severity=severity)


def _run(rule: Rule, context: Context) -> Sequence[Finding]:
    """A rule's findings; one that fails, or takes too long, is reported as a finding, never silently."""
    if type(rule).__module__.startswith("confguard."):
        return _check(rule, context)
    findings: list[Finding] = []
    # A thread cannot be ended, but it can be left behind: the process does not wait for it.
    thread = Thread(target=lambda: findings.extend(_check(rule, context)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return [left_out(rule, f"it took longer than {PATIENCE:.0f} seconds")] if thread.is_alive() else findings


def _check(rule: Rule, context: Context) -> list[Finding]:
    try:
        return list(rule.check(context)) if rule.concerns(context) else []
    except ConfguardError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in's rule may raise anything
        return [left_out(rule, type(error).__name__)]


def _without_secrets(rule: Rule, finding: Finding, secrets: Secrets) -> Finding:
    """The finding without secrets: of a secret itself, only what kind it is."""
    message = rule.title if secrets.at(finding.path) else secrets.clean(finding.message)
    return attrs.evolve(finding, path=secrets.path(finding.path), message=message)


def _cleaned(findings: list[Finding], diff: Diff) -> Iterator[Finding]:
    """The findings without secrets, whatever their rules quoted."""
    secrets = diff.secrets
    hiding = [(each.path, texts) for each in diff if (texts := secret_texts((each.before, each.after)))]
    for finding in findings:
        changed = [text for path, texts in hiding if overlap(path, finding.path) for text in texts]
        message = secrets.clean_at(finding.message, finding.path, changed, whole=False)
        yield attrs.evolve(finding, path=secrets.path(finding.path), message=message)


def _summed(findings: list[Finding], factors: list[Factor]) -> Risk:
    factors = list(factors)
    total = sum(factor.points for factor in factors)
    score = round(min(100.0, max(0.0, total)))
    if abs(total - score) >= 0.5:
        within = 0 <= total <= 100
        name, why = ("rounding", "a score is whole") if within else ("bounds", "a score is from 0 to 100")
        factors.append(Factor(name, score - total, why))
    return Risk(score, tuple(findings), tuple(factors))


def _placed(finding: Finding, diff: Diff, changes: Mapping[Path, Change]) -> Finding:
    """The finding at the file and line of the value that it is about; of what is gone, where the change was."""
    if finding.file:  # it is about a file as a whole
        return finding
    place = _place_after(finding.path, changes)
    if place is not None and diff.after_document:
        return _in_document(finding, diff.after_document, place)
    change = _change_around(finding.path, changes)
    if change is None:
        return finding
    file, line, column = diff.locate(change)
    return attrs.evolve(finding, file=file, line=line, column=column)


def _place_after(path: Path, changes: Mapping[Path, Change]) -> Path | None:
    """Where what rules name by a path stands in the document after; None where it is gone."""
    change = _change_around(path, changes)
    if change is None:
        return path
    return None if change.op == "remove" else change.place + path[len(change.path) :]


def _change_around(path: Path, changes: Mapping[Path, Change]) -> Change | None:
    lengths = range(len(path), -1, -1)
    return next((found for length in lengths if (found := changes.get(path[:length]))), None)


def _in_document(finding: Finding, document: Document, place: Path) -> Finding:
    position = document.locate(place, nearest=True)
    path = document.part_at(place)[0].path
    if position is None:
        return attrs.evolve(finding, file=path)
    return attrs.evolve(finding, file=path, line=position.line, column=position.column)


def finding_factors(findings: Sequence[Finding]) -> list[Factor]:
    """The gravest finding counts whole, each further one less.

    Of several for one setting only one counts; so it is of several that say the same of an edit made in many places.
    """
    ranked = sorted(findings, key=lambda finding: -POINTS[finding.severity])
    ranked = _first_of_each(ranked, lambda finding: finding.path)
    ranked = _first_of_each(ranked, lambda finding: (finding.code, finding.message))
    return [
        Factor(
            f"finding {finding.code}",
            POINTS[finding.severity] * DAMPING**rank,
            f"{show_path(finding.path)}: {finding.message}",
        )
        for rank, finding in enumerate(ranked)
        if POINTS[finding.severity]
    ]


def _first_of_each(findings: Iterable[Finding], same: Callable[[Finding], object]) -> list[Finding]:
    first: dict[object, Finding] = {}
    for finding in findings:
        first.setdefault(same(finding), finding)
    return list(first.values())


def impact_factor(
    diff: Diff, shape: Shape, config_impact: ImpactLevel | None, *, found: bool
) -> list[Factor]:
    """How much depends on what changed: the highest mark on the way to any change, else the config's impact.

    A low impact only lowers what findings gave, so that nothing sinks below zero.
    """
    marked = [(mark.level, path) for change in diff for path, mark in shape.marks_on(change.path, Impact)]
    if marked:
        level, path = max(marked, key=lambda entry: IMPACT[entry[0]])
        why = f"{show_path(path)} is marked as of {level} impact"
    elif config_impact:
        level, why = config_impact, f"this config is of {config_impact} impact"
    else:
        return []
    points = IMPACT[level] if found or IMPACT[level] > 0 else 0
    return [Factor("impact", points, why)] if points else []


def direction_factor(diff: Diff, shape: Shape) -> list[Factor]:
    """What moved to the side that its `Safer` mark warns of: ten times and more, and a switch, count double."""
    worst: tuple[float, str] | None = None
    for change in diff:
        mark = shape.at(change.path).mark(Safer)
        if mark is None:
            continue
        effect = effect_of(change.op, opaque(change.before), opaque(change.after), shape.at(change.path))
        if effect.word != "looser":
            continue
        points = 12.0 if effect.ratio is not None and 0.1 < effect.ratio < 10 else 25.0
        if worst is None or points > worst[0]:
            worst = points, f"{show_path(change.path)} is safer {mark.direction}, and went the other way"
    return [Factor("direction", *worst)] if worst else []


def size_factor(diff: Diff) -> list[Factor]:
    """More changes at once, a little more risk: size alone says little (area under the curve 0.55)."""
    count = len(diff)
    points = min(_SIZE_CAP, 2 * math.log2(count)) if count > 1 else 0.0
    return [Factor("size", points, f"{count} changes at once")] if points else []


def history_factors(history: Iterable[Revision] | None) -> list[Factor]:
    """What was reverted lately is likelier to be reverted again. `history` is newest first."""
    recent = [past for _, past in zip(range(10), history or (), strict=False)]
    reverts = [past for past in recent if past.is_revert]
    if not reverts:
        return []
    points = min(15.0, 5.0 * len(reverts) + (5.0 if recent[0].is_revert else 0.0))
    times = "once" if len(reverts) == 1 else f"{len(reverts)} times"
    return [Factor("history", points, f"reverted {times} in the last {amount(len(recent), 'revision')}")]
