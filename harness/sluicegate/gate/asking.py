"""What is asked of a trial when it is judged: the checks its case is pinned to, and of whom all of them again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

from sluicegate.checks import CHECKS, Check
from sluicegate.frozen import frozen
from sluicegate.gate.pinned import Pinned
from sluicegate.ledger.loads import LoadRun
from sluicegate.model import Origin
from sluicegate.plan.types import Metric, Stage

__all__ = ["OF_EVERYBODY", "Asked", "Asking", "Sample", "Told", "is_asked"]

OF_EVERYBODY = ("errors.rate", "crashes")
"""Counted over every case that ran, those that a suite made included."""


def is_asked(metric: Metric, origin: Origin, case_id: str, pinned: Pinned) -> bool:
    """Whether the metric reads this case: of a suite's own metric, only the suite's cases; of success, only yours.

    An answer to an attack that a suite made says whether it crashed, not whether the work was done.
    """
    case = pinned.case(case_id)
    if case is None or origin is not Origin.SUITE:
        return True
    if metric.suite is not None:
        return metric.suite in pinned.suites_of(case)
    return metric.name in OF_EVERYBODY or pinned.is_own(case_id)


_OF_A_CASE = ("schema.must", "schema.valid")
"""What a case and the contract pin by themselves, where the stage runs no suite that would ask it."""


@frozen
class Asked:
    """What is asked of cases that the same suites pin."""

    names: frozenset[str]
    """Checks whose results are waited for."""
    built_in: tuple[tuple[str, Check], ...]
    """Those that can be put again, by name, in order."""


@frozen
class Told:
    """What results say to what was asked of their case."""

    results: Mapping[str, str]
    whole: bool
    """Nothing is missing."""
    failed: bool
    """A check failed, be it one that nobody asked for."""
    again: tuple[tuple[str, Check], ...]
    """Built-in checks that are put again whatever chance has: the strict ones, and what is no pass."""


class Asking:
    """What is asked of each case; worked out once for all cases that the same suites pin."""

    def __init__(self, pinned: Pinned, own_checks: frozenset[str], stage: Stage, strict: Collection[str]) -> None:
        """`strict` are built-in checks that are judged again in every trial."""
        self._pinned = pinned
        self._own_checks = own_checks
        self._strict = strict
        self._known: dict[int | None, Asked] = {}
        self._told: dict[tuple[int | None, int], Told] = {}
        self._known_of_load: dict[tuple[int | None, bool, bool], tuple[tuple[str, Check], ...]] = {}
        read = {criterion.metric.suite for criterion in stage.criteria if Origin.LOAD in criterion.origins}
        suites = read.union(stage.requires.suites)
        self.of_load = frozenset(name for name in strict if CHECKS[name].suite in suites)
        """Built-in checks that the stage asks of every answer under load."""
        self._read_of_load = frozenset(name for name, check in CHECKS.items() if check.suite in read)

    def of(self, case: int | None) -> Asked:
        """By the number of the case; None for one that nobody pinned."""
        group = None if case is None else self._pinned.group(case)
        asked = self._known.get(group)
        if asked is None:
            names = () if case is None else self._pinned.checks_of(case)
            built_in = tuple((name, CHECKS[name]) for name in sorted(names) if name in CHECKS)
            asked = self._known[group] = Asked(names=self._own_checks.union(names), built_in=built_in)
        return asked

    def told(self, case: int | None, results: Mapping[str, str]) -> Told:
        """What results say; most trials of the same suites share one mapping of them, of which it is known."""
        key = (None if case is None else self._pinned.group(case), id(results))
        told = self._told.get(key)
        if told is None or told.results is not results:
            asked = self.of(case)
            told = Told(
                results=results,
                whole=asked.names <= results.keys(),
                failed="fail" in results.values(),
                again=self._doubted(asked.built_in, results),
            )
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told[key] = told
        return told

    def again(
        self, case: int | None, told: Told, of_load: Sequence[tuple[str, Check]] | None, *, everything: bool
    ) -> Sequence[tuple[str, Check]]:
        """Built-in checks that are put again to a trial: of an answer under load those of `of_load`, which it is asked.

        Where nobody pinned the case, those that have a result, and the strict ones.
        """
        if case is not None and of_load is None:
            return self.of(case).built_in if everything else told.again
        asked = of_load
        if asked is None:
            asked = [(name, CHECKS[name]) for name in sorted({*self._strict, *told.results}) if name in CHECKS]
        return asked if everything else self._doubted(asked, told.results)

    def _doubted(self, asked: Sequence[tuple[str, Check]], results: Mapping[str, str]) -> tuple[tuple[str, Check], ...]:
        """The strict ones, and what is no pass."""
        return tuple(each for each in asked if each[0] in self._strict or results.get(each[0]) != "pass")

    def must_answer(self, name: str, load: LoadRun) -> bool:
        """Whether a check that cannot judge an answer of this load holds.

        Around an address stand no doubles: there it must where a criterion reads its suite's metric from load, and
        where none does, the cases' own trials were asked.
        """
        return name in self.of_load and (load.watched or name in self._read_of_load)

    def under_load(self, case: int | None, *, struck: bool, answered: bool) -> tuple[tuple[str, Check], ...]:
        """Of an answer that a load run kept: what its case's own trials are asked, and what the stage asks of load.

        Where no suite of the stage pins the case, an answer is held against what the case and the contract say. Of a
        request that was `struck` by a fault the strict ones alone: what it could not know may be missing rightly.
        """
        group = None if case is None else self._pinned.group(case)
        key = (group, struck, answered)
        if key not in self._known_of_load:
            own = [name for name, _ in self.of(case).built_in]
            if case is None and answered:
                own.extend(_OF_A_CASE)
            names = self.of_load.union(() if struck else (*own, *self._read_of_load))
            self._known_of_load[key] = tuple((name, CHECKS[name]) for name in sorted(names))
        return self._known_of_load[key]


_MOST_TOLD = 1000


class Sample:
    """Which trials are judged again in full: a tenth, no fewer than 50 and no more than 500, as chance has it."""

    def __init__(self, *, seed: int, trials: int) -> None:
        self._seed = f"{seed}\0".encode()
        wanted = max(50, min(500, -(-trials // 10)))
        self._below = (min(wanted, trials) << 64) // trials if trials else 1 << 64

    def takes(self, challenge: str) -> bool:
        """Decided by the hash of the record that brought the results, so nobody can know before they are written."""
        drawn = sha256(self._seed + challenge.encode())
        return int.from_bytes(drawn.digest()[:8], "big") < self._below
