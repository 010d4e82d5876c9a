"""What the lock says must have run, and what was found of it: two bytes per trial, whatever the number of records."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping

from sluicegate.errors import printable
from sluicegate.frozen import frozen
from sluicegate.gate.faults import Names
from sluicegate.gate.forgiving import is_forgiven
from sluicegate.model import Counts, SuiteResult
from sluicegate.plan.lock import LockedSuite

__all__ = ["Account", "Pinned", "SuiteAccount"]

MISSING, NOT_APPLICABLE, PASS, ERROR, FAIL = range(5)
_CODES = {"not_applicable": NOT_APPLICABLE, "pass": PASS, "error": ERROR, "fail": FAIL}
_HAS_OUTCOME, _CRASHED, _LOST, _NO_SUCCESS, _COUNTED_CRASH, _OTHERWISE_BAD, _BAD = 1, 2, 4, 8, 16, 32, 48
_NAMED = 20
_FAILED_NAMED = 3
_OWN = "cases"
"""What the lock calls the plan's own cases, which stand beside those of the suites."""
_GOLDEN = "golden"
_MOST_ALIKE = 1000
"""Sets of results whose codes are remembered; most trials say the same."""


@frozen
class _Suite:
    name: str
    checks: tuple[int, ...]
    cases: array[int]
    repeats: int


class Pinned:
    """Cases and checks of a stage by number, from the lock alone."""

    def __init__(self, suites: Mapping[str, LockedSuite]) -> None:
        self.checks: list[str] = sorted({name for suite in suites.values() for name in suite.checks})
        self._check_number = {name: number for number, name in enumerate(self.checks)}
        self._number: dict[str, int] = {}
        self._digests: list[str] = []
        self.conflicts: list[str] = []
        """Case ids pinned with two contents, or twice within a suite."""
        self.suites = [self._read(name, suites[name]) for name in sorted(suites)]
        names = [suite.name for suite in self.suites]
        self._own = names.index(_OWN) if _OWN in names else None
        self._suites_of = [0] * len(self._digests)
        self.repeats = array("I", bytes(4 * len(self._digests)))
        for bit, suite in enumerate(self.suites):
            for case in suite.cases:
                self._suites_of[case] |= 1 << bit
                self.repeats[case] = max(self.repeats[case], suite.repeats)
        self._first = array("Q", [0])
        for count in self.repeats:
            self._first.append(self._first[-1] + count)
        self._checks_of: dict[int, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._digests)

    @property
    def trials(self) -> int:
        """Cases times repeats."""
        return self._first[-1]

    def case(self, case_id: str) -> int | None:
        """The number of a pinned case."""
        return self._number.get(case_id)

    def is_own(self, case_id: str) -> bool:
        """Whether it is one of the plan's cases or a copy of one (`id~twice`); so are all, where none are pinned."""
        if self._own is None:
            return True
        base = self._number.get(case_id.partition("~")[0])
        return base is not None and bool(self._suites_of[base] >> self._own & 1)

    def maker(self, case_id: str) -> str:
        """The suite that made a case, be it as a copy of one; empty for a case of a file."""
        suites = [] if (number := self._number.get(case_id)) is None else self.suites_of(number)
        return "" if self._own is None or {_OWN, _GOLDEN} & set(suites) else ", ".join(suites)

    def has_made(self, suite: str) -> bool:
        """Whether a suite has cases of its own beside the plan's."""
        if self._own is None:
            return True
        cases = next((item.cases for item in self.suites if item.name == suite), array("I"))
        return any(not self._suites_of[case] >> self._own & 1 for case in cases)

    @property
    def has_attacks(self) -> bool:
        """Whether suites made cases that are no copies of the plan's."""
        return any(not self.is_own(case_id) for case_id in self._number)

    def own_and_made(self) -> tuple[int, dict[str, int]]:
        """How many cases are the plan's own, and how many more each suite has made of them, copies included."""
        if self._own is None:
            return 0, {}
        own = sum(bits >> self._own & 1 for bits in self._suites_of)
        made = {
            suite.name: sum(not self._suites_of[case] >> self._own & 1 for case in suite.cases) for suite in self.suites
        }
        return own, {name: count for name, count in made.items() if count}

    def differs(self, case_id: str, digest: str) -> bool:
        """Whether a case of that id is pinned with another content."""
        number = self.case(case_id)
        return number is not None and self.digest(number) != digest

    def digest(self, case: int) -> str:
        """The content the lock pins."""
        return self._digests[case]

    def trial(self, case: int, repeat: int) -> int | None:
        """The number of a trial, or None for a repeat that nobody asked for."""
        return self._first[case] + repeat if 0 <= repeat < self.repeats[case] else None

    def checks_of(self, case: int) -> tuple[str, ...]:
        """Every check some suite puts to this case."""
        bits = self._suites_of[case]
        known = self._checks_of.get(bits)
        if known is None:
            numbers = {check for bit, suite in enumerate(self.suites) if bits >> bit & 1 for check in suite.checks}
            known = self._checks_of[bits] = tuple(self.checks[number] for number in sorted(numbers))
        return known

    def group(self, case: int) -> int:
        """The same number for cases that the same suites pin."""
        return self._suites_of[case]

    def suites_of(self, case: int) -> list[str]:
        """Names of the suites that pin this case."""
        bits = self._suites_of[case]
        return [suite.name for bit, suite in enumerate(self.suites) if bits >> bit & 1]

    def trials_of(self, suite: _Suite) -> Iterator[tuple[int, int, int]]:
        """(trial, case, repeat) of every trial the suite asks for."""
        for case in suite.cases:
            first = self._first[case]
            for repeat in range(suite.repeats):
                yield first + repeat, case, repeat

    def ids(self) -> list[str]:
        """Case ids by number."""
        return list(self._number)

    def coded(self, results: Mapping[str, str]) -> bytes:
        """Results as one byte per pinned check."""
        codes = bytearray(len(self.checks))
        for name, result in results.items():
            number = self._check_number.get(name)
            if number is not None:
                codes[number] = _CODES[result]
        return bytes(codes)

    def _read(self, name: str, suite: LockedSuite) -> _Suite:
        numbers = array("I")
        for case_id, digest in suite.cases:
            number = self._number.setdefault(case_id, len(self._number))
            if number == len(self._digests):
                self._digests.append(digest)
            elif self._digests[number] != digest:
                self.conflicts.append(printable(case_id))
            numbers.append(number)
        if len(set(numbers)) != len(numbers):
            self.conflicts.append(f"a case of suite {name} twice")
        checks = tuple(self._check_number[check] for check in suite.checks)
        return _Suite(name=name, checks=checks, cases=numbers, repeats=suite.repeats)


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
        codes = self.pinned.coded(results)
        if failures_only:
            codes = bytes(code if code == FAIL else MISSING for code in codes)
        self._results[trial] = self._interned(bytes(map(max, self._codes[before], codes)))

    def missing_outcomes(self) -> tuple[int, tuple[str, ...]]:
        """How many pinned trials have no outcome, and the first few."""
        count = 0
        named: list[str] = []
        ids = self.pinned.ids()
        for case in range(len(self.pinned)):
            for repeat in range(self.pinned.repeats[case]):
                trial = self.pinned.trial(case, repeat)
                if trial is not None and not self._flags[trial] & _HAS_OUTCOME:
                    count += 1
                    if len(named) < _NAMED:
                        named.append(_said(ids[case], repeat))
        return count, tuple(named)

    def lost_trials(self) -> tuple[int, tuple[str, ...]]:
        """Trials that began, never ended, and have no outcome from any attempt."""
        ids = self.pinned.ids()
        lost = [
            _said(ids[case], repeat)
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
        ids = self.pinned.ids()
        return [self._suite_account(suite, ids) for suite in self.pinned.suites]

    def _suite_account(self, suite: _Suite, ids: list[str]) -> SuiteAccount:
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
                    unforgiven.add(f"{name} of {_said(ids[case], repeat)}")
                    checks[name] = None
                if code in named and len(named[code]) < _NAMED:
                    named[code].append(f"{name} of {_said(ids[case], repeat)}")
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

    def _number_of(self, results: Mapping[str, str]) -> int:
        said = tuple(results.items())
        number = self._known.get(said)
        if number is None:
            number = self._interned(self.pinned.coded(results))
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
