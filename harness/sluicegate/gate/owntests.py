"""The user's own tests, and what pytest's workers say of themselves: pinned tests pass once, and assert something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sluicegate.errors import printable
from sluicegate.gate.faults import Names
from sluicegate.gate.validity import Run
from sluicegate.ledger.records import Shard, TestRun
from sluicegate.model import SuiteResult

__all__ = ["READINGS", "OwnTests", "Shards"]

READINGS = "suites"
"""The shard that counts which of the bundled tests read their results; no worker has this name."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    """One pinned test, as the newest run that has it reports it."""

    run: int = -1
    outcomes: list[str] = field(default_factory=list)
    attempts: set[int] = field(default_factory=set)
    asserted: bool = True
    failed: bool = False
    """In any run of this apparatus: run again, a failed test stays failed."""
    errors: bool = False
    """Could not be set up, or failed at its teardown, in the newest run: says nothing about the pipeline."""
    at_end: bool = False
    """All of its errors came from teardowns."""


class OwnTests:
    """The state of every pinned test."""

    def __init__(self, pinned: Sequence[str]) -> None:
        self._tests = {name: _Seen() for name in pinned}
        self.unpinned = Names()
        self.unpinned_failed = Names()

    def add(self, test: TestRun, run: Run) -> None:
        """One report of a test. Stale runs can fail it and cannot pass it; of another apparatus nothing counts."""
        seen = self._tests.get(test.test_id)
        if run.differs:
            return
        if seen is None:
            self.unpinned.add(test.test_id)
            if test.outcome in ("failed", "error"):
                self.unpinned_failed.add(test.test_id)
            return
        if test.outcome == "failed":
            seen.failed = True
        if not run.stands:
            return
        if seen.run != run.number:
            seen.run, seen.outcomes, seen.attempts, seen.asserted = run.number, [], set(), True
            seen.errors = seen.at_end = False
        seen.outcomes.append(test.outcome)
        if test.outcome == "error":
            seen.at_end = test.at_end and (seen.at_end or not seen.errors)
            seen.errors = True
        seen.attempts.add(test.attempt)
        seen.asserted = seen.asserted and (test.assertions > 0 or test.outcome != "passed")

    @property
    def pinned(self) -> int:
        """How many tests the lock names."""
        return len(self._tests)

    @property
    def failed(self) -> Names:
        """Tests that failed."""
        return _names(name for name, seen in self._tests.items() if seen.failed)

    @property
    def errors(self) -> Names:
        """Tests that could not be set up."""
        return _names(name for name, seen in self._tests.items() if seen.errors and not seen.at_end)

    @property
    def torn(self) -> Names:
        """Tests whose teardown failed."""
        return _names(name for name, seen in self._tests.items() if seen.errors and seen.at_end)

    def incomplete(self) -> list[tuple[str, Names]]:
        """What keeps tests from counting as run, each with the tests it is about."""
        found = {said: Names() for said in _SAID}
        for name, seen in self._tests.items():
            for said in _objections(seen):
                found[said].add(name)
        return [(said, names) for said, names in found.items() if names]

    def result(self) -> SuiteResult:
        """Counts, self-reported."""
        seen = self._tests.values()
        missing = sum(not one.outcomes or _ABSENT in one.outcomes for one in seen)
        skipped = sum(any(outcome in _NOT_RUN for outcome in one.outcomes) for one in seen)
        return SuiteResult(
            suite="tests",
            planned=len(self._tests),
            run=len(self._tests) - missing,
            failed=sum(one.failed or one.errors for one in seen),
            crashed=0,
            skipped=skipped,
            missing=missing,
            self_reported=True,
        )


def _names(said: Iterable[str]) -> Names:
    names = Names()
    for name in said:
        names.add(name)
    return names


_ABSENT = "absent"
"""A run says of it that it was left out; that an earlier run had it says nothing of what this one had to run."""
_NOT_RUN = ("skipped", "xfailed", "xpassed")
_SAID = (
    "did not run",
    "were skipped",
    "were expected to fail, and did",
    "were expected to fail, and passed",
    "were run again until they passed",
    "asserted nothing",
    "were reported twice: two tests of one name",
)


def _objections(seen: _Seen) -> list[str]:
    outcomes = seen.outcomes
    again = len(seen.attempts) > 1 or any(attempt > 1 for attempt in seen.attempts)
    holds = (
        not outcomes or _ABSENT in outcomes,
        "skipped" in outcomes,
        "xfailed" in outcomes,
        "xpassed" in outcomes,
        again,
        not seen.asserted,
        len(outcomes) > len(seen.attempts),
    )
    return [said for said, held in zip(_SAID, holds, strict=True) if held]


class Shards:
    """What the workers of the newest run say they ran."""

    def __init__(self) -> None:
        self._run = -1
        self._shards: dict[str, Shard] = {}

    def add(self, shard: Shard, run: Run) -> None:
        """The last word of a worker in a run counts."""
        if run.number != self._run:
            self._run, self._shards = run.number, {}
        self._shards[shard.name] = shard

    def unfinished(self) -> Names:
        """Workers that died, or ran less than they were given."""
        names = Names()
        for name, shard in self._shards.items():
            if name != READINGS and (not shard.closed or shard.run < shard.planned):
                names.add(f"{printable(name)} ({shard.run} of {shard.planned})")
        return names

    def unread(self) -> str:
        """`3 of 12`, where bundled tests did not read their results; else the empty string."""
        shard = self._shards.get(READINGS)
        return "" if shard is None or shard.run >= shard.planned else f"{shard.run:,} of {shard.planned:,}"
