"""Which cases a stage runs, and which suite reads which of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from hashlib import file_digest
from pathlib import Path

from sluicegate.checks import SUITES, every_case, rule_faults
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Case, Given, Origin
from sluicegate.plan.cases import PROPOSED
from sluicegate.plan.lock import LockedStage
from sluicegate.plan.locked_cases import LockedCases
from sluicegate.plan.stored_cases import StoredCases, as_pinned, read_stored
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
    _ids: dict[str, Collection[str]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, origin: Origin) -> Sequence[Case]:
        """The distinct cases of one origin in a stable order. Raises InputError for one id with two contents."""
        known = self._of.get(origin)
        if known is None:
            known = self._of[origin] = self._distinct(origin)
        return known

    def _distinct(self, origin: Origin) -> Sequence[Case]:
        asked = [
            (suite, cases) for suite, cases in self.by_suite.items() if (suite == GOLDEN) is (origin is Origin.GOLDEN)
        ]
        if asked and all(cases is asked[0][1] for _, cases in asked):
            return asked[0][1]  # of one file no id stands twice
        found: dict[str, Case] = {}
        for suite, cases in asked:
            for case in cases:
                known = found.setdefault(case.id, case)
                if known is not case and known != case:
                    what = f"two different cases have the id '{case.id}'."
                    raise InputError(Fault(where=f"suite {suite}", what=what, mend="Give each case an id of its own."))
        return tuple(found.values())

    def ids(self, suite: str) -> Collection[str]:
        """Ids of a suite's cases, each once."""
        known = self._ids.get(suite)
        if known is None:
            known = self._ids[suite] = ids_of(self.by_suite[suite])
        return known

    def ids_of(self, origin: Origin) -> Collection[str]:
        """Ids of all cases of an origin, each once."""
        return ids_of(self.of(origin))

    def is_own(self, case_id: str) -> bool:
        """Whether it is one of the plan's cases or a copy of one (`id~twice`); so are all, where the plan has none."""
        return not self.by_suite.get(PLAIN) or case_id.partition("~")[0] in self.ids(PLAIN)

    @property
    def notes(self) -> list[str]:
        """What somebody should know who reads a verdict on these cases."""
        if not self.awaiting:
            return []
        said = "1 case awaits" if self.awaiting == 1 else f"{self.awaiting} cases await"
        return [f"{said} review and count for nothing until then: sluicegate golden review FILE"]

    def suites_of(self, origin: Origin) -> dict[str, Collection[str]]:
        """Suite to the ids of its cases, for one origin."""
        return {suite: self.ids(suite) for suite in self.by_suite if (suite == GOLDEN) is (origin is Origin.GOLDEN)}


def ids_of(cases: Sequence[Case]) -> Collection[str]:
    """Ids of cases, each once."""
    return cases.pins.ids if isinstance(cases, StoredCases) else frozenset(case.id for case in cases)


def stage_cases(plan: Plan, stage: Stage, base: Path, locked: LockedStage | None = None) -> StageCases:
    """Read the plan's case files and derive each required suite's cases. Raises CasesError with every fault.

    Files that are as `locked` says were found sound when they were pinned, and are not looked through again.
    """
    try:
        return _stage_cases(plan, stage, base, locked or LockedStage())
    except InputError as error:
        raise CasesError(error.faults) from None


def _stage_cases(plan: Plan, stage: Stage, base: Path, locked: LockedStage) -> StageCases:
    files: dict[str, str] = {}
    by_suite: dict[str, Sequence[Case]] = {}
    awaiting = 0
    available = [name for name in stage.requires.suites if name in SUITES]
    # The user's own tests read outputs, whatever else the stage asks for.
    asks_suite = bool(available) or stage.requires.tests or _reads(stage, Origin.SUITE)
    if asks_suite and plan.cases:
        read = _read(PLAIN, plan.cases, plan, base, locked)
        files.update(read.files)
        awaiting += read.awaiting
        by_suite.update(_by_suite(read, available, plan.seed))
    asks_golden = stage.requires.tests or _reads(stage, Origin.GOLDEN) or GOLDEN in stage.requires.suites
    if plan.golden and asks_golden:
        read = _read(GOLDEN, plan.golden, plan, base, locked)
        files.update(read.files)
        awaiting += read.awaiting
        by_suite[GOLDEN] = read.cases
    return StageCases(by_suite=by_suite, files=files, awaiting=awaiting)


@frozen
class _Read:
    """The cases of some files."""

    cases: StoredCases
    files: Mapping[str, str]
    """File to SHA-256 of its content."""
    awaiting: int = 0
    has_flags: bool = False


def _read(name: str, patterns: Iterable[str], plan: Plan, base: Path, locked: LockedStage) -> _Read:
    found = case_files(patterns, base)
    pins = locked.suites[name].cases if name in locked.suites else None
    if isinstance(pins, LockedCases):
        cases = as_pinned({file.name: file.path for file in found}, locked.case_files, pins)
        if cases is not None:
            return _Read(cases=cases, files={file.name: locked.case_files[file.name] for file in found})
    return _looked_through(found, plan)


def _by_suite(read: _Read, names: Sequence[str], seed: int) -> Iterator[tuple[str, Sequence[Case]]]:
    """The plan's own cases, and those of each suite."""
    if not read.has_flags and all(SUITES[name].cases is every_case for name in names):
        yield from ((name, read.cases) for name in (PLAIN, *names))
        return
    held = list(read.cases)  # several suites take some of them: in memory once, not once for each
    flagged = [case for case in held if case.given.flags is not None]
    others = [case for case in held if case.given.flags is None] if flagged else held
    yield PLAIN, held
    for name in names:
        yield name, SUITES[name].cases(flagged if name == _ROLLOUT else others, seed)


def _looked_through(found: Sequence[CaseFile], plan: Plan) -> _Read:
    """The cases, each with rules that can be applied and a script that can be played: what cannot would show late.

    Those that await a review are only counted. Raises InputError with the faults of all files and all cases.
    """
    faults, unmet, unplayed, awaiting, has_flags = list[Fault](), list[Fault](), list[Fault](), 0, False
    paths = [file.path for file in found]
    # Of the plan, where doubles stand in.
    tools = frozenset(tool.name for tool in plan.tools) if plan.pipeline.capabilities & DOUBLED else None

    def wanted(case: Case) -> bool:
        nonlocal awaiting, has_flags
        if case.review == PROPOSED:
            awaiting += 1
            return False
        has_flags = has_flags or case.given.flags is not None
        for name, rules in (("must", case.expect.must), ("must_not", case.expect.must_not)):
            for rule in rules:
                unmet.extend(rule_faults(rule, f"case '{case.id}': {name}"))
        unplayed.extend(_script_faults(case, tools))
        return True

    cases = read_stored(paths, faults, wanted)
    if len(faults) >= _MOST_FAULTS:
        raise InputError(faults)
    if awaiting and not cases and not faults:
        what, mend = "Every case awaits review, so none would be run.", f"Run: sluicegate golden review {paths[0]}"
        raise InputError(Fault(where=", ".join(map(str, paths)), what=what, mend=mend))
    faults += unmet + unplayed
    if len(faults) > _MOST_FAULTS:
        faults[_MOST_FAULTS:] = [Fault(where="", what=f"and {len(faults) - _MOST_FAULTS} more faults.")]
    if faults:
        raise InputError(faults)
    return _Read(cases=cases, files=_digests(found), awaiting=awaiting, has_flags=has_flags)


def _script_faults(case: Case, tools: frozenset[str] | None) -> Iterator[Fault]:
    """What no double can do, of a case that scripts one."""
    if case.given.flags is not None:
        from sluicegate.runner.flags import flag_faults

        yield from flag_faults(case)
    if not _is_scripted(case.given):
        return
    # Here, because the doubles take as long to load as everything else a check of a plan needs.
    from sluicegate.doubles.scripts import check_script

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
    found = {}
    for file in files:
        with file.path.open("rb") as stream:
            found[file.name] = file_digest(stream, "sha256").hexdigest()
    return found


def _reads(stage: Stage, origin: Origin) -> bool:
    return any(origin in criterion.origins for criterion in stage.criteria)
