"""Which cases a stage runs, and which suite reads which of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from sluicegate.checks import SUITES, rule_faults
from sluicegate.errors import Fault, InputError
from sluicegate.model import Case, Origin
from sluicegate.plan.cases import read_cases
from sluicegate.plan.types import Plan, Stage
from sluicegate.session.workspace import PlanError

__all__ = ["GOLDEN", "PLAIN", "CaseFile", "CasesError", "StageCases", "case_files", "stage_cases"]

PLAIN = "cases"
"""The name under which the lock pins the plan's own cases, whatever suites read them."""
GOLDEN = "golden"


class CasesError(PlanError):
    """The plan's case files cannot be used; evidence that was taken from them before still stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A file of cases by its name relative to the plan."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCases:
    """Cases by suite. `golden` is run apart, since its evidence has another origin."""

    by_suite: Mapping[str, Sequence[Case]]
    files: Mapping[str, str] = field(default_factory=dict)
    """Case file to SHA-256 of its content."""
    _of: dict[Origin, Sequence[Case]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, origin: Origin) -> Sequence[Case]:
        """The distinct cases of one origin in a stable order. Raises InputError for one id with two contents."""
        known = self._of.get(origin)
        if known is None:
            known = self._of[origin] = self._distinct(origin)
        return known

    def _distinct(self, origin: Origin) -> Sequence[Case]:
        found: dict[str, Case] = {}
        for suite, cases in self.by_suite.items():
            if (suite == GOLDEN) is not (origin is Origin.GOLDEN):
                continue
            for case in cases:
                known = found.setdefault(case.id, case)
                if known is not case and known != case:
                    what = f"two different cases have the id '{case.id}'."
                    raise InputError(Fault(where=f"suite {suite}", what=what, mend="Give each case an id of its own."))
        return tuple(found.values())

    def suites_of(self, origin: Origin) -> dict[str, frozenset[str]]:
        """Suite to the ids of its cases, for one origin."""
        return {
            suite: frozenset(case.id for case in cases)
            for suite, cases in self.by_suite.items()
            if (suite == GOLDEN) is (origin is Origin.GOLDEN)
        }


def stage_cases(plan: Plan, stage: Stage, base: Path) -> StageCases:
    """Read the plan's case files and derive each required suite's cases. Raises CasesError with every fault."""
    try:
        return _stage_cases(plan, stage, base)
    except InputError as error:
        raise CasesError(error.faults) from None


def _stage_cases(plan: Plan, stage: Stage, base: Path) -> StageCases:
    files: dict[str, str] = {}
    by_suite: dict[str, Sequence[Case]] = {}
    available = [name for name in stage.requires.suites if name in SUITES]
    # The user's own tests read outputs, whatever else the stage asks for.
    asks_suite = bool(available) or stage.requires.tests or _reads(stage, Origin.SUITE)
    if asks_suite and plan.cases:
        found = case_files(plan.cases, base)
        cases = _read(found)
        files.update(_digests(found))
        by_suite[PLAIN] = cases
        for name in available:
            by_suite[name] = SUITES[name].cases(cases, plan.seed)
    asks_golden = stage.requires.tests or _reads(stage, Origin.GOLDEN) or GOLDEN in stage.requires.suites
    if plan.golden and asks_golden:
        found = case_files(plan.golden, base)
        files.update(_digests(found))
        by_suite[GOLDEN] = _read(found)
    return StageCases(by_suite=by_suite, files=files)


def _read(files: Iterable[CaseFile]) -> list[Case]:
    """The cases, each with rules that can be applied: one that cannot would only show when it is judged."""
    cases = list(read_cases([file.path for file in files]))
    faults = [
        fault
        for case in cases
        for name in ("must", "must_not")
        for rule in getattr(case.expect, name)
        for fault in rule_faults(rule, f"case '{case.id}': {name}")
    ]
    if faults:
        raise InputError(faults)
    return cases


def case_files(patterns: Iterable[str], base: Path) -> list[CaseFile]:
    """Files that match, each once, by name. Raises InputError for a pattern that matches nothing."""
    faults, found = [], {}
    for pattern in patterns:
        matched = [path for path in sorted(base.glob(pattern)) if path.is_file()]
        if not matched:
            what = f"'{pattern}' matches no file in {base}."
            faults.append(Fault(where="cases", what=what, mend="Mend the pattern, or write the file."))
        found.update({path.relative_to(base).as_posix(): path for path in matched})
    if faults:
        raise InputError(faults)
    return [CaseFile(name=name, path=path) for name, path in sorted(found.items())]


def _digests(files: Iterable[CaseFile]) -> dict[str, str]:
    return {file.name: sha256(file.path.read_bytes()).hexdigest() for file in files}


def _reads(stage: Stage, origin: Origin) -> bool:
    return any(origin in criterion.origins for criterion in stage.criteria)
