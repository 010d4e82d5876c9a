"""Which cases a stage runs, and which suite reads which of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from hashlib import sha256
from pathlib import Path

from sluicegate.checks import SUITES, rule_faults
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Case, Given, Origin
from sluicegate.plan.cases import PROPOSED, each_case
from sluicegate.plan.types import Plan, Stage
from sluicegate.session.production import DOUBLED
from sluicegate.session.workspace import PlanError

__all__ = ["GOLDEN", "PLAIN", "CaseFile", "CasesError", "StageCases", "case_files", "stage_cases"]

PLAIN = "cases"
"""The name under which the lock pins the plan's own cases, whatever suites read them."""
GOLDEN = "golden"
_MOST_FAULTS = 50
_ROLLOUT = "rollout"
"""The one suite that asks about flags; no other reads such a case as an answer."""


class CasesError(PlanError):
    """The plan's case files cannot be used; evidence that was taken from them before still stands."""


@frozen
class CaseFile:
    """A file of cases by its name relative to the plan."""

    name: str
    path: Path


@frozen
class StageCases:
    """Cases by suite. `golden` is run apart, since its evidence has another origin."""

    by_suite: Mapping[str, Sequence[Case]]
    files: Mapping[str, str] = field(default_factory=dict)
    """Case file to SHA-256 of its content."""
    awaiting: int = 0
    """Cases that somebody has still to review: they are in the files, and are not run."""
    _of: dict[Origin, Sequence[Case]] = field(default_factory=dict, repr=False, compare=False)
    _own: set[str] = field(default_factory=set, repr=False, compare=False)

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

    def is_own(self, case_id: str) -> bool:
        """Whether it is one of the plan's cases or a copy of one (`id~twice`); so are all, where the plan has none."""
        if not self._own:
            self._own.update(case.id for case in self.by_suite.get(PLAIN, ()))
        return not self._own or case_id.partition("~")[0] in self._own

    @property
    def notes(self) -> list[str]:
        """What somebody should know who reads a verdict on these cases."""
        if not self.awaiting:
            return []
        said = "1 case awaits" if self.awaiting == 1 else f"{self.awaiting} cases await"
        return [f"{said} review and count for nothing until then: sluicegate golden review FILE"]

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
    awaiting = 0
    available = [name for name in stage.requires.suites if name in SUITES]
    # The user's own tests read outputs, whatever else the stage asks for.
    asks_suite = bool(available) or stage.requires.tests or _reads(stage, Origin.SUITE)
    if asks_suite and plan.cases:
        found = case_files(plan.cases, base)
        cases, awaiting = _read(found, plan)
        files.update(_digests(found))
        by_suite[PLAIN] = cases
        flagged = [case for case in cases if case.given.flags is not None]
        others = [case for case in cases if case.given.flags is None] if flagged else cases
        for name in available:
            by_suite[name] = SUITES[name].cases(flagged if name == _ROLLOUT else others, plan.seed)
    asks_golden = stage.requires.tests or _reads(stage, Origin.GOLDEN) or GOLDEN in stage.requires.suites
    if plan.golden and asks_golden:
        found = case_files(plan.golden, base)
        files.update(_digests(found))
        by_suite[GOLDEN], proposed = _read(found, plan)
        awaiting += proposed
    return StageCases(by_suite=by_suite, files=files, awaiting=awaiting)


def _read(files: Iterable[CaseFile], plan: Plan) -> tuple[list[Case], int]:
    """The cases, each with rules that can be applied and a script that can be played: what cannot would show late.

    Those that await a review are only counted. Raises InputError with the faults of all files and all cases.
    """
    paths = [file.path for file in files]
    faults = list[Fault]()
    written = [case for _, case in each_case(paths, faults)]
    if len(faults) >= _MOST_FAULTS:
        raise InputError(faults)
    cases = [case for case in written if case.review != PROPOSED]
    if written and not cases and not faults:
        what, mend = "Every case awaits review, so none would be run.", f"Run: sluicegate golden review {paths[0]}"
        raise InputError(Fault(where=", ".join(map(str, paths)), what=what, mend=mend))
    faults += [
        fault
        for case in cases
        for name in ("must", "must_not")
        for rule in getattr(case.expect, name)
        for fault in rule_faults(rule, f"case '{case.id}': {name}")
    ]
    faults += _script_faults(cases, plan)
    if len(faults) > _MOST_FAULTS:
        faults[_MOST_FAULTS:] = [Fault(where="", what=f"and {len(faults) - _MOST_FAULTS} more faults.")]
    if faults:
        raise InputError(faults)
    return cases, len(written) - len(cases)


def _script_faults(cases: Iterable[Case], plan: Plan) -> Iterator[Fault]:
    """What no double can do, of every case that scripts one. Tools are those of the plan, where doubles stand in."""
    if flagged := [case for case in cases if case.given.flags is not None]:
        from sluicegate.runner.flags import flag_faults

        yield from (fault for case in flagged for fault in flag_faults(case))
    scripted = [case for case in cases if _is_scripted(case.given)]
    if not scripted:
        return
    # Here, because the doubles take as long to load as everything else a check of a plan needs.
    from sluicegate.doubles.scripts import check_script

    tools = frozenset(tool.name for tool in plan.tools) if plan.pipeline.capabilities & DOUBLED else None
    for case in scripted:
        try:
            check_script(case, tools)
        except InputError as error:
            yield from error.faults


def _is_scripted(given: Given) -> bool:
    said = given.faults or given.model or given.snippets or given.retrieval or given.now or given.clock_rate != 1
    return bool(said)


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
