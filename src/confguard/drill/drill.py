"""The drill: misconfigurations are judged one by one as the gate would judge them, on a copy."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from attrs import asdict, frozen

from confguard.diffs.engine import diff
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.drill.advice import Advice, advise
from confguard.drill.candidates import Candidates, written
from confguard.drill.mutants import Mutant, mutants
from confguard.errors import ConfguardError, DocumentError, ValidationError
from confguard.fields import Duration
from confguard.interrupting import interruptible
from confguard.paths import show_path
from confguard.risk.judging import Judged, Side, Terms, judge
from confguard.risk.policy import Decision
from confguard.rollout.bake import Bake
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING
from confguard.texts import amount
from confguard.values import Files

LIMIT = 1_000
Layer: TypeAlias = Literal[
    "parser", "schema", "risk policy", "candidate tests", "probes and monitors", "none"
]
"""What may stop a wrong change, in the order in which they are asked."""


@frozen
class Case:
    """One misconfiguration that was tried."""

    kind: str
    path: str
    caught_by: Layer


@frozen
class Drill:
    """The result of a drill."""

    cases: tuple[Case, ...]
    advice: tuple[Advice, ...]
    equivalent: int
    """Changes that mean the same as the original, and are not counted."""
    seed: int
    notes: tuple[str, ...] = ()
    """What the drill could not do."""

    @property
    def tried(self) -> int:
        return len(self.cases)

    @property
    def caught(self) -> int:
        """How many of them a layer stops."""
        return sum(each.caught_by != "none" for each in self.cases)

    @property
    def share(self) -> float:
        """The share of misconfigurations caught; 0 where none was tried."""
        return round(self.caught / self.tried, 4) if self.cases else 0.0

    @property
    def share_with_bounds(self) -> float:
        """The share with the advice followed that gives bounds."""
        return self._share_with(each for each in self.advice if each.kind == "bound")

    @property
    def share_with_advice(self) -> float:
        """The share with all advice followed."""
        return self._share_with(self.advice)

    def _share_with(self, advice: Iterable[Advice]) -> float:
        closed = sum(each.closes for each in advice)
        return round((self.caught + closed) / self.tried, 4) if self.cases else 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "tried": self.tried,
            "caught": self.caught,
            "share": self.share,
            "cases": list(map(asdict, self.cases)),
            "advice": list(map(asdict, self.advice)),
            "share_with_bounds": self.share_with_bounds,
            "share_with_advice": self.share_with_advice,
            "equivalent": self.equivalent,
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """A table of kinds and layers, the figure, and the advice."""
        by_kind: dict[str, Counter[str]] = {}
        for case in self.cases:
            by_kind.setdefault(case.kind, Counter())[case.caught_by] += 1
        layers = [layer for layer in get_args(Layer) if any(row[layer] for row in by_kind.values())]
        width = max(map(len, by_kind), default=0)
        lines = ["  ".join([" " * width, *layers])] if layers else []
        for kind, row in by_kind.items():
            cells = [str(row[layer] or "").rjust(len(layer)) for layer in layers]
            lines.append("  ".join([kind.ljust(width), *cells]).rstrip())
        lines.append(
            f"misconfigurations caught: {self.caught} of {self.tried} ({self.share:.1%});"
            f" {amount(self.equivalent, 'change')} of no effect not counted"
        )
        lines += self.notes
        if self.advice:
            lines.append(
                f"with the bounds below in the project file {self.share_with_bounds:.1%};\n"
                f"with the pins, which stop every change of a setting, {self.share_with_advice:.1%}:"
            )
            lines += [
                f"\n# a {each.kind} that closes {amount(each.closes, 'gap')}\n{each.paste}"
                for each in self.advice
            ]
        return "\n".join(lines)


def drill(
    document: Document,
    terms: Terms | None = None,
    *,
    others: Sequence[Document] = (),
    seed: int = 0,
    limit: int = LIMIT,
    fail_on: Decision = Decision.BLOCK,
    test: Sequence[str] = (),
    service: Sequence[str] = (),
    bake: Bake | None = None,
    timeout: Duration = Duration("60s"),  # noqa: B008 - it never changes
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Drill:
    """Inject at most `limit` misconfigurations into copies of a document, and say which layer catches each.

    The risk policy catches what it decides as strictly as `fail_on`. `test` and `service` are commands, in which `{}`
    is the copy's path, or the folder with the copies of several files. They are run for what no other layer caught. A
    test catches what it does not end with 0 for; a service runs in the foreground, and its probes and monitors catch
    that it is not healthy for as long as the `bake`. Raises `ConfguardError` where the config as it is fails in one of
    them.

    >>> from confguard.documents.document import parse
    >>> result = drill(parse("size = 64\\n", "toml"), limit=20)
    >>> result.tried, result.caught <= result.tried
    (20, True)
    """
    terms = terms or Terms()
    if not (document.files or document.content.strip()):
        raise ConfguardError(f"{document.path or 'the config'}: is empty: nothing can be got wrong")
    candidates = Candidates(test=test, service=service, bake=bake, timeout=timeout)
    secrets = Secrets.in_files(terms.schema.shape if terms.schema else ANYTHING, document.data)
    cases: list[Case] = []
    gaps: list[Mutant] = []
    equivalent = 0
    with interruptible(), tempfile.TemporaryDirectory(prefix="confguard-drill-") as folder, _shown(secrets):

        def copy(content: bytes) -> Path:
            return written(document, content, Path(folder))

        candidates.check_test(copy(document.content))
        candidates = candidates.check_service(copy(document.content))
        for mutant in islice(mutants(document, others, seed), 10 * limit):
            if len(cases) >= limit:
                break
            if _means_the_same(document, mutant, terms):
                equivalent += 1
                continue
            layer = _layer(_judged(document, mutant, terms), fail_on)
            if layer == "none" and (test or service):
                layer = _tried(candidates, copy(mutant.content))
            cases.append(Case(mutant.kind, _path(document, mutant, secrets), layer))
            if layer == "none":
                gaps.append(mutant)
            progress(len(cases), limit)
        candidates.check_service(copy(document.content), "any more with the config as it is")

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


def _tried(candidates: Candidates, copy: Path) -> Layer:
    if candidates.refused_by_test(copy):
        return "candidate tests"
    return "probes and monitors" if candidates.unhealthy(copy) else "none"


def _path(document: Document, mutant: Mutant, secrets: Secrets) -> str:
    """Where it is, as it may be shown; of several files with the file's name."""
    if mutant.file is None:
        return show_path(secrets.path(mutant.path))
    data_of_files = isinstance(document.data, Files)
    shown = secrets.path((mutant.file, *mutant.path) if data_of_files else mutant.path)
    return f"{mutant.file}:{show_path(shown[1:] if data_of_files else shown)}"


@contextmanager
def _shown(secrets: Secrets) -> Iterator[None]:
    """What goes wrong is told without the secrets of the config, which a command may have printed."""
    try:
        yield
    except ConfguardError as error:
        error.args = (secrets.clean(str(error)),)
        raise


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
