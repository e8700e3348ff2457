"""The drill: misconfigurations are judged one by one as the gate would judge them, on a copy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from confguard.diffs.engine import diff
from confguard.documents.document import Document
from confguard.documents.parsing import parse_bytes
from confguard.drill.advice import Gap, advise
from confguard.drill.mutants import Mutant, mutants
from confguard.drill.results import Case, Drill, Layer
from confguard.errors import ConfguardError, DocumentError, ValidationError
from confguard.fields import Duration
from confguard.paths import show_path
from confguard.risk.judging import Judged, Side, Terms, judge
from confguard.risk.policy import Decision
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING
from confguard.targets.commands import run

__all__ = ["LIMIT", "drill"]

LIMIT = 1_000


def drill(
    document: Document,
    terms: Terms | None = None,
    *,
    others: Sequence[Document] = (),
    seed: int = 0,
    limit: int = LIMIT,
    fail_on: Decision = Decision.BLOCK,
    test: Sequence[str] = (),
    timeout: Duration = Duration("60s"),  # noqa: B008 - it never changes
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Drill:
    """Inject at most `limit` misconfigurations into copies of a document, and say which layer catches each.

    The risk policy catches what it decides as strictly as `fail_on`. `test` is a command, in which `{}` is the copy's
    path: it is run for what no other layer caught, and catches what it does not end with 0 for.

    >>> from confguard.documents import parse
    >>> result = drill(parse("size = 64\\n", "toml"), limit=20)
    >>> result.tried, result.caught <= result.tried
    (20, True)
    """
    terms = terms or Terms()
    if test and not any("{}" in word for word in test):
        raise ConfguardError("the test command names no copy", hint="write {} where the copy's path stands")
    if (parts := document.files) or not document.content.strip():
        why = "is of several files: drill one of them" if parts else "is empty: nothing can be got wrong"
        raise ConfguardError(f"{document.path or 'the config'}: {why}")
    shape = terms.schema.shape if terms.schema else ANYTHING
    secrets = Secrets(shape, document.data)
    cases: list[Case] = []
    gaps: list[Gap] = []
    equivalent = 0
    with tempfile.TemporaryDirectory(prefix="confguard-drill-") as folder:
        for mutant in islice(mutants(document, others, seed), 10 * limit):
            if len(cases) >= limit:
                break
            if _means_the_same(document, mutant, terms):
                equivalent += 1
                continue
            layer = _layer(_judged(document, mutant, terms), fail_on)
            if layer == "none" and test:
                layer = _tested(document, mutant, test, timeout, Path(folder))
            path = show_path(secrets.path(mutant.path))
            cases.append(Case(mutant.kind, path, layer))
            if layer == "none":
                gaps.append(Gap(mutant, path))
            progress(len(cases), limit)

    def closes(mutant: Mutant, stricter: Terms) -> bool:
        return _layer(_judged(document, mutant, stricter), fail_on) != "none"

    advice, notes = advise(document, terms, gaps, secrets, closes)
    return Drill(tuple(cases), advice, equivalent, seed, notes)


def _judged(document: Document, mutant: Mutant, terms: Terms) -> Judged:
    name = document.path or f"config.{document.format}"
    judged = judge(
        name,
        Side(document.content, name, document.format),
        Side(mutant.content, name, document.format),
        terms,
    )
    return judged if isinstance(judged, Judged) else Judged(name, Decision.ALLOW)


def _layer(judged: Judged, fail_on: Decision) -> Layer:
    if judged.faults:
        return "parser" if judged.faults[0].code == "CG001" else "schema"
    return "risk policy" if judged.decision.at_least(fail_on) else "none"


def _tested(
    document: Document, mutant: Mutant, test: Sequence[str], timeout: Duration, folder: Path
) -> Layer:
    copy = folder / Path(document.path or f"config.{document.format}").name
    copy.write_bytes(mutant.content)
    ended = run([word.replace("{}", str(copy)) for word in test], timeout)
    return "candidate tests" if ended.problem else "none"


def _means_the_same(document: Document, mutant: Mutant, terms: Terms) -> bool:
    """Is the config after the change the one before it: written otherwise, or what is the default anyway?"""
    try:
        after = parse_bytes(mutant.content, document.format, path=document.path)
        if not diff(document, after, terms.schema).changes:
            return True
        if terms.schema is None:
            return False
        return bool(terms.schema.validate_document(document) == terms.schema.validate_document(after))
    except (DocumentError, ValidationError):
        return False
