"""What the lock says must have run: cases and checks by number."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from sluicegate.errors import printable
from sluicegate.frozen import frozen
from sluicegate.plan.lock import LockedSuite
from sluicegate.plan.locked_cases import LockedCases

__all__ = ["Pinned", "PinnedSuite"]

_OWN = "cases"
"""What the lock calls the plan's own cases, which stand beside those of the suites."""
_GOLDEN = "golden"


@frozen
class PinnedSuite:
    """One suite: numbers of its checks and cases."""

    name: str
    checks: tuple[int, ...]
    cases: Sequence[int]
    repeats: int


class Pinned:
    """Cases and checks of a stage by number, from the lock alone.

    Most cases are pinned by several suites alike: those of the suite that has most are numbered as they stand there.
    """

    def __init__(self, suites: Mapping[str, LockedSuite]) -> None:
        self.checks: list[str] = sorted({name for suite in suites.values() for name in suite.checks})
        self._check_number = {name: number for number, name in enumerate(self.checks)}
        self._most_cases = max((suite.cases for suite in suites.values()), key=len, default=())
        self._base = _as_locked(self._most_cases)
        self._more: dict[str, int] = {}
        """Numbers of cases that the suite with the most cases does not have."""
        self._digests: list[str] = []
        """Of these."""
        self.conflicts: list[str] = []
        """Case ids pinned with two contents, or twice within a suite."""
        self.suites = [self._read(name, suites[name]) for name in sorted(suites)]
        names = [suite.name for suite in self.suites]
        self._own = names.index(_OWN) if _OWN in names else None
        self._suites_of = array("Q", bytes(8 * len(self)))
        self.repeats = array("I", bytes(4 * len(self)))
        for bit, suite in enumerate(self.suites):
            for case in suite.cases:
                self._suites_of[case] |= 1 << bit
                self.repeats[case] = max(self.repeats[case], suite.repeats)
        self._first = array("Q", [0])
        for count in self.repeats:
            self._first.append(self._first[-1] + count)
        self._checks_of: dict[int, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._base) + len(self._more)

    @property
    def trials(self) -> int:
        """Cases times repeats."""
        return self._first[-1]

    def case(self, case_id: str) -> int | None:
        """The number of a pinned case."""
        number = self._base.ids.number(case_id)
        return number if number is not None else self._more.get(case_id)

    def id(self, case: int) -> str:
        """The id of a pinned case."""
        return self._base.ids[case] if case < len(self._base) else self._ids_of_more[case - len(self._base)]

    @cached_property
    def _ids_of_more(self) -> list[str]:
        return list(self._more)

    def is_own(self, case_id: str) -> bool:
        """Whether it is one of the plan's cases or a copy of one (`id~twice`); so are all, where none are pinned."""
        if self._own is None:
            return True
        base = self.case(case_id.partition("~")[0])
        return base is not None and bool(self._suites_of[base] >> self._own & 1)

    def maker(self, case_id: str) -> str:
        """The suite that made a case, be it as a copy of one; empty for a case of a file."""
        suites = [] if (number := self.case(case_id)) is None else self.suites_of(number)
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
        own = self._own
        return own is not None and any(
            not bits >> own & 1 and not self.is_own(self.id(case)) for case, bits in enumerate(self._suites_of)
        )

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
        return self._base.digest(case) if case < len(self._base) else self._digests[case - len(self._base)]

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

    def trials_of(self, suite: PinnedSuite) -> Iterator[tuple[int, int, int]]:
        """(trial, case, repeat) of every trial the suite asks for."""
        for case in suite.cases:
            first = self._first[case]
            for repeat in range(suite.repeats):
                yield first + repeat, case, repeat

    def check(self, name: str) -> int | None:
        """The number of a pinned check."""
        return self._check_number.get(name)

    def _read(self, name: str, suite: LockedSuite) -> PinnedSuite:
        checks = tuple(self._check_number[check] for check in suite.checks)
        numbers: Sequence[int]
        if suite.cases is self._most_cases:
            numbers, twice = range(len(self._base)), self._base.ids.repeated is not None
        else:
            numbers = array("I", [self._numbered(case_id, digest) for case_id, digest in suite.cases])
            twice = len(set(numbers)) != len(numbers)
        if twice:
            self.conflicts.append(f"a case of suite {name} twice")
        return PinnedSuite(name=name, checks=checks, cases=numbers, repeats=suite.repeats)

    def _numbered(self, case_id: str, digest: str) -> int:
        number = self.case(case_id)
        if number is None:
            number = self._more[case_id] = len(self)
            self._digests.append(digest)
        elif self.digest(number) != digest:
            self.conflicts.append(printable(case_id))
        return number


def _as_locked(cases: Sequence[tuple[str, str]]) -> LockedCases:
    return cases if isinstance(cases, LockedCases) else LockedCases(cases)
