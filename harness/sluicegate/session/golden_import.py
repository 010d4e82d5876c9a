"""Another tool's tests as a golden set, with an account of what could not be said in our words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from sluicegate.checks import rule_faults
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Case, Rule
from sluicegate.plan.cases import PROPOSED, case_or_faults
from sluicegate.session.golden_rows import Pinned, pin, write_rows
from sluicegate.sets.draft import Draft, Ids
from sluicegate.sets.from_deepeval import deepeval
from sluicegate.sets.from_promptfoo import promptfoo
from sluicegate.sets.from_pydantic_evals import pydantic_evals
from sluicegate.sets.from_rows import inspect, langsmith, ragas

__all__ = ["FORMATS", "Imported", "import_set"]

_READERS: Mapping[str, Callable[[Path], Iterator[Draft]]] = {
    "deepeval": deepeval,
    "promptfoo": promptfoo,
    "ragas": ragas,
    "inspect": inspect,
    "pydantic-evals": pydantic_evals,
    "langsmith": langsmith,
}
FORMATS = tuple(_READERS)


@dataclass(slots=True)
class Imported:
    """What became of a file."""

    cases: int = 0
    mapped: Counter[str] = field(default_factory=Counter)
    """Kind of assertion to how many became rules, limits or calls."""
    unmapped: Counter[str] = field(default_factory=Counter)
    """Kind of assertion to how many are not judged here."""
    checked_by: Counter[str] = field(default_factory=Counter)
    """rules | reference | nothing, to cases."""
    unchecked: list[str] = field(default_factory=list)
    """Ids of the cases with nothing to check."""
    proposed: int = 0
    pinned: Pinned | None = None


def import_set(tool: str, file: Path, to: Path) -> Imported:
    """Write the tests of `file`, which `tool` wrote, as the golden set `to` with its manifest.

    Raises InputError with every fault, and then nothing is written: for another format, for a file in the way.
    """
    if tool not in _READERS:
        mend = nearest(tool, FORMATS) or f"Known are {', '.join(FORMATS)}."
        raise InputError(Fault(where="FROM", what=f"'{tool}' is no format to import.", mend=mend))
    if to.exists():
        raise InputError(Fault(where=str(to), what="Is there already.", mend="Name another file, or remove it."))
    imported, cases, faults = Imported(), [], []
    ids = Ids(file.stem)
    for draft in _READERS[tool](file):
        if draft.input in (None, "", []):
            faults.append(Fault(where=draft.place, what="Asks nothing.", mend=f"Is it a row of {tool}?"))
            continue
        _drop_unusable(draft)
        case, wrong = case_or_faults(draft.case(ids.given(draft.name)), draft.place)
        faults += wrong
        if case is not None:
            cases.append(case)
            _count(imported, draft, case)
    if faults:
        raise InputError(faults)
    write_rows(to, cases)
    origin = f"imported from {file.name} ({tool}), SHA-256 {sha256(file.read_bytes()).hexdigest()}"
    imported.pinned = pin(to, origin=origin)
    return imported


def _drop_unusable(draft: Draft) -> None:
    """A rule that no answer could be held against (a pattern this harness cannot search) is told as unmapped."""
    for item in list(draft.rules):
        _, said, kind = item
        rule = Rule(**said)
        if faults := rule_faults(rule, draft.place):
            draft.rules.remove(item)
            draft.lose(f"{kind} that is no rule here", {**said, "why": faults[0].what})


def _count(imported: Imported, draft: Draft, case: Case) -> None:
    imported.cases += 1
    imported.mapped.update(draft.kinds)
    imported.unmapped.update(item["kind"] for item in draft.lost)
    imported.checked_by[draft.checked_by] += 1
    imported.proposed += case.review == PROPOSED
    if draft.checked_by == "nothing":
        imported.unchecked.append(case.id)
