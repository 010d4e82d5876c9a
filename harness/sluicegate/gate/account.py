"""What was found of the pinned trials: five bytes each, whatever the number of records."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping

from sluicegate.errors import printable
from sluicegate.frozen import frozen
from sluicegate.gate.faults import Names
from sluicegate.gate.forgiving import is_forgiven
from sluicegate.gate.pinned import Pinned, PinnedSuite
from sluicegate.model import Counts, SuiteResult

__all__ = ["Account", "SuiteAccount"]

MISSING, NOT_APPLICABLE, PASS, ERROR, FAIL = range(5)
_CODES = {"not_applicable": NOT_APPLICABLE, "pass": PASS, "error": ERROR, "fail": FAIL}
_HAS_OUTCOME, _CRASHED, _LOST, _NO_SUCCESS, _COUNTED_CRASH, _OTHERWISE_BAD, _BAD = 1, 2, 4, 8, 16, 32, 48
_NAMED = 20
_FAILED_NAMED = 3
_MOST_ALIKE = 1000
"""Sets of results whose codes are remembered; most trials say the same."""


@frozen
class SuiteAccount:
    """One suite counted, with names for what has no answer."""

    result: SuiteResult
    checks: int
    unrecorded: int
    """Checks without a result."""
    without_outcome: int
    """Of these, checks of trials that have no outcome."""
    missing: tuple[str, ...]
    """The first few checks without a result: `schema.valid of c1`."""
    errors: tuple[str, ...]
    failed: tuple[str, ...]
    unforgiven: Names
    """Failures that no target for successful drafts counts, by name."""
    unforgiven_checks: tuple[str, ...]
    """The checks that have one."""


class Account:
    """What was found of the pinned trials; attempts of one trial pool to the worst."""

    def __init__(self, pinned: Pinned) -> None:
        self.pinned = pinned
        self._flags = bytearray(pinned.trials)
        self._codes: list[bytes] = [bytes(len(pinned.checks))]
        self._code_number: dict[bytes, int] = {self._codes[0]: 0}
        self._results = array("I", bytes(4 * pinned.trials))
        self._known: dict[tuple[tuple[str, str], ...], int] = {}

    def outcome(self, trial: int, *, crashed: bool) -> None:
        """An outcome that may stand for this trial."""
        self._flags[trial] |= _HAS_OUTCOME | (_CRASHED if crashed else 0)

    def lost(self, trial: int) -> None:
        """An intent without an outcome: a crash for ever."""
        self._flags[trial] |= _LOST | _CRASHED

    def counted(self, trial: int) -> None:
        """A criterion on success counts this trial as a bad one."""
        self._flags[trial] |= _NO_SUCCESS

    def bad(self, trial: int, *, by_counted_crash: bool) -> None:
        """An attempt is bad: by a crash alone, which a criterion counts, or otherwise."""
        self._flags[trial] |= _COUNTED_CRASH if by_counted_crash else _OTHERWISE_BAD

    def has_outcome(self, trial: int) -> bool:
        """Whether some attempt that stands has an outcome."""
        return bool(self._flags[trial] & _HAS_OUTCOME)

    def results(self, trial: int, results: Mapping[str, str], *, failures_only: bool = False) -> None:
        """Results of one attempt. A stale or outdated attempt can fail a trial and cannot pass it."""
        before = self._results[trial]
        if not before and not failures_only:
            self._results[trial] = self._number_of(results)
            return
        codes = self._coded(results)
        if failures_only:
            codes = bytes(code if code == FAIL else MISSING for code in codes)
        self._results[trial] = self._interned(bytes(map(max, self._codes[before], codes)))

    def missing_outcomes(self) -> tuple[int, tuple[str, ...]]:
        """How many pinned trials have no outcome, and the first few."""
        count = 0
        named: list[str] = []
        for case in range(len(self.pinned)):
            for repeat in range(self.pinned.repeats[case]):
                trial = self.pinned.trial(case, repeat)
                if trial is not None and not self._flags[trial] & _HAS_OUTCOME:
                    count += 1
                    if len(named) < _NAMED:
                        named.append(_said(self.pinned.id(case), repeat))
        return count, tuple(named)

    def lost_trials(self) -> tuple[int, tuple[str, ...]]:
        """Trials that began, never ended, and have no outcome from any attempt."""
        lost = [
            _said(self.pinned.id(case), repeat)
            for case in range(len(self.pinned))
            for repeat in range(self.pinned.repeats[case])
            if self._flags[self.pinned.trial(case, repeat) or 0] & (_LOST | _HAS_OUTCOME) == _LOST
        ]
        return len(lost), tuple(lost[:_NAMED])

    def counts(self) -> Counts:
        """Trials of the stage."""
        flags = Counter(self._flags)
        run = sum(count for flag, count in flags.items() if flag & _HAS_OUTCOME)
        scored = Counter(self._results)
        complete = sum(count for number, count in scored.items() if number and ERROR not in self._codes[number])
        only_inapplicable = sum(
            count
            for number, count in scored.items()
            if number and not set(self._codes[number]) - {MISSING, NOT_APPLICABLE}
        )
        return Counts(
            planned=self.pinned.trials,
            run=run,
            crashed=sum(count for flag, count in flags.items() if flag & _CRASHED),
            scored=complete,
            not_applicable=only_inapplicable,
        )

    def suite_accounts(self) -> list[SuiteAccount]:
        """Each suite counted check by check, in the order of their names."""
        return [self._suite_account(suite) for suite in self.pinned.suites]

    def _suite_account(self, suite: PinnedSuite) -> SuiteAccount:
        tally: Counter[int] = Counter()
        named: dict[int, list[str]] = {MISSING: [], ERROR: [], FAIL: []}
        unforgiven, checks = Names(_FAILED_NAMED), dict[str, None]()
        crashed = absent = 0
        weight = len(suite.checks) or 1
        for trial, case, repeat in self.pinned.trials_of(suite):
            flags = self._flags[trial]
            crashed += weight if flags & _CRASHED else 0
            absent += 0 if flags & _HAS_OUTCOME else weight
            counted = {"no_success": bool(flags & _NO_SUCCESS), "crash_alone": flags & _BAD == _COUNTED_CRASH}
            codes = self._codes[self._results[trial]]
            if not suite.checks:
                tally[PASS if flags & _HAS_OUTCOME else MISSING] += 1
            for check in suite.checks:
                code = codes[check]
                tally[code] += 1
                name = self.pinned.checks[check]
                if code == FAIL and not is_forgiven(name, **counted):
                    unforgiven.add(f"{name} of {_said(self.pinned.id(case), repeat)}")
                    checks[name] = None
                if code in named and len(named[code]) < _NAMED:
                    named[code].append(f"{name} of {_said(self.pinned.id(case), repeat)}")
        unscored = tally[MISSING] + tally[ERROR]
        result = SuiteResult(
            suite=suite.name,
            planned=tally.total(),
            run=tally.total() - unscored,
            failed=tally[FAIL],
            crashed=crashed,
            skipped=0,
            missing=unscored,
            not_applicable=tally[NOT_APPLICABLE],
        )
        return SuiteAccount(
            result=result,
            checks=len(suite.checks),
            unrecorded=tally[MISSING],
            without_outcome=absent,
            missing=tuple(named[MISSING]),
            errors=tuple(named[ERROR]),
            failed=tuple(named[FAIL]),
            unforgiven=unforgiven,
            unforgiven_checks=tuple(checks),
        )

    def _coded(self, results: Mapping[str, str]) -> bytes:
        """Results as one byte per pinned check."""
        codes = bytearray(len(self.pinned.checks))
        for name, result in results.items():
            number = self.pinned.check(name)
            if number is not None:
                codes[number] = _CODES[result]
        return bytes(codes)

    def _number_of(self, results: Mapping[str, str]) -> int:
        said = tuple(results.items())
        number = self._known.get(said)
        if number is None:
            number = self._interned(self._coded(results))
            if len(self._known) < _MOST_ALIKE:
                self._known[said] = number
        return number

    def _interned(self, codes: bytes) -> int:
        number = self._code_number.get(codes)
        if number is None:
            number = self._code_number[codes] = len(self._codes)
            self._codes.append(codes)
        return number


def _said(case_id: str, repeat: int) -> str:
    shown = printable(case_id)
    return f"{shown} (repeat {repeat})" if repeat else shown
