"""Writing the lock: every case, check and test that a verdict will ask for, pinned outside the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from sluicegate.checks import SUITES
from sluicegate.errors import Fault
from sluicegate.gate.wording import count_of
from sluicegate.model import Case
from sluicegate.plan.lock import Lock, LockedStage, LockedSuite, lock_bytes, lock_path
from sluicegate.plan.locked_cases import LockedCases
from sluicegate.plan.stored_cases import StoredCases
from sluicegate.plan.types import Plan, Stage
from sluicegate.session.contracts import compile_contracts, exported_models
from sluicegate.session.own_test_files import files_of_tests
from sluicegate.session.stage_cases import StageCases, stage_cases
from sluicegate.session.workspace import PlanError, Workspace
from sluicegate.sources.subject import missing_files

__all__ = ["build_lock", "differences", "write_lock"]


def build_lock(workspace: Workspace, *, tests_of: Callable[[Plan], Sequence[str]] | None = None) -> Lock:
    """The lock of the plan as it stands; `tests_of` names the user's own marked tests where a stage requires them."""
    plan, base = workspace.plan, workspace.base
    if faults := missing_files(plan.subject, base):
        raise PlanError(faults)
    models = exported_models(plan, base)
    contracts = compile_contracts(plan, base, models)
    tests = tuple(sorted(tests_of(plan))) if tests_of and any(stage.requires.tests for stage in plan.stages) else ()
    return Lock(
        plan_digest=plan.digest,
        stages={stage.name: _locked(plan, stage, stage_cases(plan, stage, base), tests, base) for stage in plan.stages},
        contracts={name: contract.digest for name, contract in contracts.items()},
        models=models,
    )


def write_lock(workspace: Workspace, lock: Lock) -> Path:
    """Write the lock beside the plan, whole or not at all."""
    path = lock_path(workspace.plan.path)
    unfinished = path.with_suffix(".lock.new")
    try:
        unfinished.write_bytes(lock_bytes(lock))
        os.replace(unfinished, path)
    except OSError as error:
        what = f"the lock cannot be written: {error.strerror}."
        raise PlanError(Fault(where=str(path), what=what, mend="Make the folder writable.")) from None
    return path


def differences(old: Lock, new: Lock) -> list[str]:
    """What a review should look at, one line each; empty when nothing changed."""
    said = []
    if old.plan_digest != new.plan_digest:
        said.append("the plan changed")
    for name in sorted(old.stages.keys() | new.stages.keys()):
        before, after = old.stages.get(name, LockedStage()), new.stages.get(name, LockedStage())
        for suite in sorted(before.suites.keys() | after.suites.keys()):
            said += _suite_differences(
                f"{name}: {suite}", before.suites.get(suite, LockedSuite()), after.suites.get(suite, LockedSuite())
            )
        for test in sorted(set(before.tests) ^ set(after.tests)):
            said.append(f"{name}: test {test} {'gone' if test in before.tests else 'new'}")
        for path in sorted(before.test_files.keys() | after.test_files.keys()):
            if before.test_files.get(path) != after.test_files.get(path):
                word = "changed" if path in before.test_files and path in after.test_files else "pinned"
                said.append(f"{name}: text of {path} {word if path in after.test_files else 'gone'}")
    changed = [
        field for field in {*old.contracts, *new.contracts} if old.contracts.get(field) != new.contracts.get(field)
    ]
    return said + [f"contract of {field} changed" for field in sorted(changed)]


def _suite_differences(where: str, before: LockedSuite, after: LockedSuite) -> list[str]:
    said = []
    old, new = dict(before.cases), dict(after.cases)
    counts = {
        "gone": len(old.keys() - new.keys()),
        "new": len(new.keys() - old.keys()),
        "changed": sum(old[key] != new[key] for key in old.keys() & new.keys()),
    }
    said += [f"{where}: {count_of(count, 'case')} {what}" for what, count in counts.items() if count]
    said += [
        f"{where}: check {check} {'gone' if check in before.checks else 'new'}"
        for check in sorted(set(before.checks) ^ set(after.checks))
    ]
    if before.repeats != after.repeats:
        said.append(f"{where}: repeats {before.repeats} → {after.repeats}")
    return said


def _locked(plan: Plan, stage: Stage, cases: StageCases, tests: tuple[str, ...], base: Path) -> LockedStage:
    return LockedStage(
        suites={
            suite: LockedSuite(
                checks=tuple(SUITES[suite].checks) if suite in SUITES else (),
                cases=_pinned(found),
                repeats=plan.repeats,
            )
            for suite, found in cases.by_suite.items()
        },
        tests=tests if stage.requires.tests else (),
        test_files=files_of_tests(tests, base) if stage.requires.tests else {},
        case_files=cases.files,
    )


def _pinned(cases: Sequence[Case]) -> LockedCases:
    return cases.pins if isinstance(cases, StoredCases) else LockedCases((case.id, case.digest()) for case in cases)
