"""What is asked of a trial when it is judged: the checks its case is pinned to, and of whom all of them again."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

from sluicegate.checks import CHECKS, Check
from sluicegate.frozen import frozen
from sluicegate.gate.pinned import Pinned
from sluicegate.ledger.loads import LoadRun
from sluicegate.model import Origin
from sluicegate.plan.types import Metric, Stage

__all__ = ["OF_EVERYBODY", "Asked", "Asking", "Sample", "is_asked"]

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


class Asking:
    """What is asked of each case; worked out once for all cases that the same suites pin."""

    def __init__(self, pinned: Pinned, own_checks: frozenset[str], stage: Stage, strict: Collection[str]) -> None:
        """`strict` are built-in checks that are judged again in every trial."""
        self._pinned = pinned
        self._own_checks = own_checks
        self._known: dict[int | None, Asked] = {}
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


class Sample:
    """Which trials are judged again in full: a tenth, no fewer than 50 and no more than 500, as chance has it."""

    def __init__(self, *, seed: int, trials: int) -> None:
        self._seeded = sha256(f"{seed}\0".encode())
        wanted = max(50, min(500, -(-trials // 10)))
        self._below = (min(wanted, trials) << 64) // trials if trials else 1 << 64

    def takes(self, challenge: str) -> bool:
        """Decided by the hash of the record that brought the results, so nobody can know before they are written."""
        drawn = self._seeded.copy()
        drawn.update(challenge.encode())
        return int.from_bytes(drawn.digest()[:8], "big") < self._below
