"""What the bundled suites are told of a run: counts by check and shard, whatever order and however many alike."""

from __future__ import annotations

from collections import Counter
from random import Random

from sluicegate.ledger import Checked
from sluicegate.model import Case, Crash, CrashKind, Output, Trial
from sluicegate.session.results import ANSWERS, RunResults

_WORDS = ("pass", "not_applicable", "fail", "error")


def _one(number: int, random: Random) -> tuple[Trial, Checked | None]:
    crash = Crash(kind=CrashKind.DIED, message="gone") if random.random() < 0.2 else None
    output = Output(content=None if crash else "x", error=crash)
    case = Case(id=f"c{number}", input="x")
    results = {name: random.choice(_WORDS[: random.choice((1, 2, 4))]) for name in ("schema.valid", "schema.must")}
    checked = None if random.random() < 0.1 else Checked(case_id=case.id, results=results)
    return Trial(case=case, outputs=(output,)), checked


def test_every_trial_is_counted_once_for_each_of_its_checks() -> None:
    """Answers that say the same as one before are counted like it, crashed or not, in each shard."""
    random = Random(7)
    for shards in (1, 3):
        results, expected = RunResults(shards), Counter[tuple[str, str]]()
        for number in range(400):
            trial, checked = _one(number, random)
            results.add(trial, checked)
            expected[ANSWERS, "fail" if trial.failed else "pass"] += 1
            expected.update((checked.results.items()) if checked is not None else ())
        seen = Counter[tuple[str, str]]()
        for name in (ANSWERS, "schema.valid", "schema.must"):
            for shard in range(shards):
                for result, count in results.of(name, shard).counts.items():
                    seen[name, result] += count

        assert +seen == expected
        shown = [line for shard in range(shards) for line in results.of("schema.valid", shard).failed]
        assert len(shown) == sum(min(20, _bad(results, shard)) for shard in range(shards))


def test_results_that_are_one_object_are_counted_for_every_trial() -> None:
    """However often they are read meanwhile, and whether they were seen before in this shard or in another."""
    usual, odd = {"schema.valid": "pass", "schema.must": "not_applicable"}, {"schema.valid": "fail"}
    results = RunResults(2)
    for number in range(40):
        case = Case(id=f"c{number}", input="x")
        said = odd if number % 10 == 9 else usual
        results.add(Trial(case=case, outputs=(Output(content="x"),)), Checked(case_id=case.id, results=said))
        counted = sum((Counter(results.of("schema.valid", shard).counts) for shard in (0, 1)), Counter())
        assert counted == +Counter(**{"pass": number + 1 - (number + 1) // 10, "fail": (number + 1) // 10})

    assert sum(results.of("schema.must", shard).counts["not_applicable"] for shard in (0, 1)) == 36
    assert sum(results.of(ANSWERS, shard).counts["pass"] for shard in (0, 1)) == 40


def _bad(results: RunResults, shard: int) -> int:
    counts = results.of("schema.valid", shard).counts
    return counts["fail"] + counts["error"]
