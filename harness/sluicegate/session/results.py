"""What the checks of a run said, counted as it goes, with the first failures kept to be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from zlib import crc32

from sluicegate.checks.check import is_crash
from sluicegate.checks.masking import masked
from sluicegate.errors import printable
from sluicegate.ledger import Checked
from sluicegate.model import Case, Crash, Finding, Json, Trial

__all__ = ["ANSWERS", "CheckResult", "RunResults"]

ANSWERS = "answers.given"
"""Not a check of the registry: whether the trial ended with an answer."""

_SHOWN = 20
"""Failing cases kept for each check and shard; the report holds all."""
_FINDINGS = 5
_CRASH = 500
_MOST_ALIKE = 256
_UNSHOWN = frozenset({"pass", "not_applicable"})


@dataclass(slots=True)
class CheckResult:
    """One check over one shard of the cases."""

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("pass", "fail", "error", "not_applicable"), 0)
    )
    failed: list[tuple[str, int, str, tuple[str, ...]]] = field(default_factory=list)
    """Case id, repeat, result, and what was found, line by line."""

    def body(self) -> Json:
        """As JSON, for a reader in another process."""
        failed = [[case_id, repeat, result, list(said)] for case_id, repeat, result, said in self.failed]
        return {"counts": dict(self.counts), "failed": failed}


@dataclass(slots=True)
class _Usual:
    """What is said of many answers in which no check failed."""

    results: Mapping[str, str]
    count: int = 0
    """Answers not counted by check yet."""


class RunResults:
    """Every check of every trial, by check and shard; memory depends on neither."""

    def __init__(self, shards: int) -> None:
        self._shards = shards
        self._cells: dict[str, list[CheckResult]] = {}
        self._usual: dict[tuple[int, int], _Usual] = {}
        """By shard and identity: the same results are mostly one object, and what is kept here stays that object."""

    def add(self, trial: Trial, checked: Checked | None) -> None:
        """Count one trial."""
        shard = _shard(trial.case.id, self._shards)
        if checked is not None and not trial.crashed:
            if (usual := self._usual.get((shard, id(checked.results)))) is not None:
                usual.count += 1
                return
            self._remember(shard, checked.results)
        crashed = next((output.error for output in trial.outputs if is_crash(output, trial.case)), None)
        cell = self._of(ANSWERS)[shard]
        if crashed is None:
            cell.counts["pass"] += 1
        else:
            _keep(cell, "fail", trial.case, trial.repeat, partial(_crash_lines, crashed))
        if checked is None:
            return
        for name, result in checked.results.items():
            cell = self._of(name)[shard]
            if result in ("fail", "error"):
                said = partial(_lines, checked.findings, name)
                _keep(cell, result, trial.case, trial.repeat, said)
            else:
                cell.counts[result] += 1

    def lost(self, case: Case, repeat: int) -> None:
        """A trial of an earlier attempt that began and never ended, which is a crash for ever."""
        cell = self._of(ANSWERS)[_shard(case.id, self._shards)]
        _keep(cell, "fail", case, repeat, lambda: ("began in an earlier attempt and never ended",))

    def of(self, check: str, shard: int) -> CheckResult:
        """What was counted; nothing, for a check that no trial was put to."""
        self._settle()
        return self._cells[check][shard] if check in self._cells else CheckResult()

    def _remember(self, shard: int, results: Mapping[str, str]) -> None:
        if len(self._usual) < _MOST_ALIKE and _UNSHOWN.issuperset(results.values()):
            self._usual[shard, id(results)] = _Usual(results)

    def _settle(self) -> None:
        for (shard, _), usual in self._usual.items():
            for name, result in ((ANSWERS, "pass"), *usual.results.items()):
                self._of(name)[shard].counts[result] += usual.count
            usual.count = 0

    def _of(self, check: str) -> list[CheckResult]:
        cells = self._cells.get(check)
        if cells is None:
            cells = self._cells[check] = [CheckResult() for _ in range(self._shards)]
        return cells


def _shard(case_id: str, shards: int) -> int:
    return crc32(case_id.encode("utf-8", "surrogatepass")) % shards if shards > 1 else 0


def _keep(cell: CheckResult, result: str, case: Case, repeat: int, said: Callable[[], tuple[str, ...]]) -> None:
    cell.counts[result] += 1
    if len(cell.failed) < _SHOWN:
        cell.failed.append((case.id, repeat, result, said()))


def _crash_lines(crash: Crash) -> tuple[str, ...]:
    return (f"{crash.kind.value}: {masked(crash.message, limit=_CRASH)}",)


def _lines(findings: tuple[Finding, ...], check: str) -> tuple[str, ...]:
    found = [finding for finding in findings if finding.check == check]
    said = [line for finding in found[:_FINDINGS] for line in _said(finding)]
    return (*said, *([f"and {len(found) - _FINDINGS} more"] if len(found) > _FINDINGS else []))


def _said(finding: Finding) -> list[str]:
    lines = [f"{printable(finding.place)} {printable(finding.message)}"]
    if finding.excerpt:
        lines.append(f"seen: {printable(finding.excerpt)}")
    return [*lines, *([printable(finding.mend)] if finding.mend else [])]
