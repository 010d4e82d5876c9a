"""Counting: cases pool to the worst, columns come out in order of time, findings stay few."""

from __future__ import annotations

import math
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.checks import Contribution
from sluicegate.gate.asking import Sample
from sluicegate.gate.faults import Names
from sluicegate.gate.growing import Arrivals, Upload
from sluicegate.gate.order import ordered
from sluicegate.gate.pool import Attempt, Pool
from sluicegate.gate.reading import Rows, VoidSpan
from sluicegate.gate.shortlist import Shortlist
from sluicegate.model import Finding, Kind, Origin, Reason
from sluicegate.plan.types import Better, MetricKind

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import WRONG, Memory, World, approval, block, case, closed, drafts, live_world, micros

sys.path.pop(0)


def pooled(kind, better, *attempts):
    """One case after these attempts, each (k, n) or a value."""
    pool = Pool(kind, better)
    for at, said in enumerate(attempts):
        counted = Contribution(value=said) if isinstance(said, float) else Contribution(k=said[0], n=said[1])
        pool.add(Attempt(unit=3, counted=counted, at_us=at, slice=None))
    series = pool.series()
    assert len(series) == 1
    return series.value[0] if series.value else (series.k[0], series.n[0])


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("kind", "better", "attempts", "expected"),
    [
        (MetricKind.PROPORTION, Better.HIGHER, [(1, 1), (0, 1)], (0, 1)),
        (MetricKind.PROPORTION, Better.LOWER, [(1, 1), (0, 1)], (1, 1)),
        (MetricKind.INCIDENTS, Better.LOWER, [(0, 1), (1, 1)], (1, 1)),
        (MetricKind.PROPORTION, Better.HIGHER, [(3, 4), (1, 2)], (1, 2)),
        (MetricKind.PROPORTION, Better.HIGHER, [(1, 2), (2, 4)], (2, 4)),
        (MetricKind.PROPORTION, Better.INSIDE, [(1, 1), (1, 1), (0, 1)], (1, 1)),
        (MetricKind.PROPORTION, Better.INSIDE, [(1, 1), (0, 1)], (0, 1)),
        (MetricKind.DISTRIBUTION, Better.LOWER, [1.0, 2.0, 6.0], 3.0),
        (MetricKind.DISTRIBUTION, Better.LOWER, [1.0, math.inf], math.inf),
        (MetricKind.DISTRIBUTION, Better.HIGHER, [1.0, -math.inf], -math.inf),
        (MetricKind.DISTRIBUTION, Better.HIGHER, [1.0, (0, 1)], -math.inf),
        (MetricKind.DISTRIBUTION, Better.LOWER, [1.0, (0, 1)], math.inf),
    ],
)
def test_attempts_at_a_case_pool_to_the_worst(kind, better, attempts, expected, turned):
    """Running again can only lower what is good; values take the mean, and a failed attempt is infinitely bad."""
    assert pooled(kind, better, *(reversed(attempts) if turned else attempts)) == expected


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6), seed=st.randoms())
def test_mean_of_attempts_does_not_depend_on_their_order(values, seed):
    """Floats are summed exactly."""
    mixed = list(values)
    seed.shuffle(mixed)

    assert pooled(MetricKind.DISTRIBUTION, Better.LOWER, *values) == pooled(
        MetricKind.DISTRIBUTION, Better.LOWER, *mixed
    )


def test_lost_attempts_are_an_overlay():
    """Counted as failures when asked for, and gone when not."""
    pool = Pool(MetricKind.PROPORTION, Better.HIGHER)
    pool.add(Attempt(unit=0, counted=Contribution(k=1, n=1), at_us=5, slice="a"))
    lost = [
        Attempt(unit=0, counted=Contribution(k=0, n=1), at_us=6, slice="a"),
        Attempt(unit=1, counted=Contribution(k=0, n=1), at_us=6, slice="b"),
    ]

    with_lost, without = pool.series(lost), pool.series()

    assert (list(with_lost.k), list(with_lost.n)) == ([0, 0], [1, 1])
    assert (list(without.k), list(without.n)) == ([1], [1])


def rows(*at, k=None):
    return Rows(
        at=list(at),
        slices=[f"s{one % 2}" for one in at],
        k=list(k or [1] * len(at)),
        n=[1] * len(at),
        first_us=min(at),
        last_us=max(at),
    )


@given(times=st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=8), min_size=1, max_size=8))
def test_arrivals_come_out_in_order_of_time(times):
    """Whatever the order of blocks and rows; equal times keep their order of arrival."""
    arrivals = Arrivals()
    everything = []
    for number, block_times in enumerate(times):
        arrivals.add(rows(*block_times, k=[number] * len(block_times)))
        everything += [(at, number) for at in block_times]

    done = arrivals.settled(())
    series = done.series

    assert list(zip(series.at_us, series.k, strict=True)) == sorted(everything)
    assert [series.slice_names[index] for index in series.slice_index] == [f"s{at % 2}" for at, _ in sorted(everything)]
    assert (done.void, done.repeated) == (0, 0)


@given(
    old=st.lists(st.integers(0, 5), min_size=1, max_size=10),
    new=st.lists(st.integers(0, 5), min_size=1, max_size=10),
)
def test_uploads_of_one_source_count_each_row_as_often_as_the_upload_that_has_it_most(old, new):
    """Neither counted twice nor lost."""
    arrivals = Arrivals()
    arrivals.add(rows(*old), Upload(source="a.csv", recording="1"))
    arrivals.add(rows(*new), Upload(source="a.csv", recording="2"))

    series = arrivals.settled(()).series

    assert sorted(series.at_us) == sorted(at for at in range(6) for _ in range(max(old.count(at), new.count(at))))


def test_equal_rows_of_other_sources_may_be_one_unit():
    """Two files may say the same: counted once, with the reason, and once as if they were distinct."""
    arrivals = Arrivals()
    arrivals.add(rows(1, 2), Upload(source="a.csv", recording="1"))
    arrivals.add(rows(1, 2), Upload(source="b.csv", recording="1"))

    done = arrivals.settled(())

    assert (len(done.series), len(done.apart)) == (2, 4)
    assert "a.csv and b.csv overlap in time" in done.unclear.reason


def test_void_spans_take_out_their_rows():
    """Both ends belong to the span."""
    arrivals = Arrivals()
    arrivals.add(rows(*range(10)))

    done = arrivals.settled([VoidSpan(origin=Origin.LOAD, reason="late", from_us=3, to_us=5)])

    assert (list(done.series.at_us), done.void) == ([0, 1, 2, 6, 7, 8, 9], 3)


def finding(number):
    return Finding(check="a.b", case_id=f"c{number:03}", message="wrong")


@given(numbers=st.lists(st.integers(0, 40), max_size=60), seed=st.randoms())
def test_shortlist_keeps_the_weightiest_whatever_the_order(numbers, seed):
    """At most so many, without doubles, in their own order."""
    mixed = list(numbers)
    seed.shuffle(mixed)
    one, two = Shortlist(limit=5), Shortlist(limit=5)
    for number in numbers:
        one.add(finding(number))
    for number in mixed:
        two.add(finding(number))

    assert one.findings == two.findings == tuple(finding(number) for number in sorted(set(numbers))[:5])


@given(numbers=st.permutations(range(30)))
def test_no_check_hides_another(numbers):
    """However many findings one check has, the first of every other is among those that lead."""
    found = Shortlist(limit=8)
    for number in numbers:
        found.add(Finding(check="z.last" if number == 29 else "a.first", case_id=f"c{number:03}", message="wrong"))

    assert [each.case_id for each in found.leading(4)] == ["c000", "c001", "c002", "c029"]
    assert len(found.leading(99)) == 9


def test_names_count_all_and_say_few():
    """A thousand failures are one line, with what would be read aloud."""
    names = Names(limit=2)
    for name in ("c", "a\x1b[2J", "b", "b"):
        names.add(name)

    assert str(names) == "a\\x1b[2J, b and 2 more"


@pytest.mark.parametrize(
    ("trials", "least", "most"), [(30, 30, 30), (100, 30, 70), (2_000, 140, 260), (50_000, 420, 580)]
)
def test_sample_of_trials_judged_again(trials, least, most):
    """A tenth, about 50 at least and about 500 at most, decided by seed and record."""
    sample = Sample(seed=1, trials=trials)

    taken = sum(sample.takes(f"hash {number}") for number in range(trials))

    assert least <= taken <= most


def test_reasons_are_said_once_and_in_order():
    """Rollback first, then the rows; what names a case before what sums it up."""
    hold = Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about="b", text="x")
    failed = Reason(kind=Kind.ROLLBACK_FAILED, about="a", text="x")
    summed = Reason(kind=Kind.HOLD_SUSPECT, about="a", text="x")
    named = Reason(kind=Kind.HOLD_SUSPECT, about="z", text="x", finding=finding(1))

    assert ordered([hold, summed, failed, named, hold]) == (failed, named, summed, hold)


def test_forged_passes_among_many_are_found_by_the_sample():
    """A driver made a no-op passes everything; a tenth judged again finds it."""
    world = World()
    run = world.run(lambda name: "wrong")
    for kind, body in run.records:
        if kind == "checked":
            body["results"] = dict.fromkeys(body["results"], "pass")

    assert world.verdict(run).kind is Kind.HOLD_INVALID_EVIDENCE


def late_results(world, how=None):
    """A run whose results all come after its last outcome."""
    run = world.run(how)
    results = [item for item in run.records if item[0] == "checked"]
    rest = [item for item in run.records if item[0] != "checked"]
    return Memory([*rest[:-1], *results, rest[-1]])


def test_many_outcomes_before_their_results():
    """Results that come long after their outcomes are compared with what the judge found meanwhile."""
    world = World(cases=[case(number) for number in range(600)])
    honest, forged = late_results(world), late_results(world, {"c001": WRONG})
    for kind, body in forged.records:
        if kind == "checked":
            body["results"] = {name: "pass" if found == "fail" else found for name, found in body["results"].items()}

    assert world.verdict(honest).kind is Kind.PROMOTE
    assert world.verdict(forged).kind is Kind.HOLD_INVALID_EVIDENCE


def test_checks_done_again_in_a_later_run():
    """Outputs are paid for and kept; the results of a resumed run belong to the outcomes before it."""
    world = World()
    whole = late_results(world)
    results = [item for item in whole.records if item[0] == "checked"]
    first = Memory([item for item in whole.records if item[0] not in ("checked", "run_closed")])
    second = Memory([world.started(previous=first.head), *results, closed()])

    assert world.verdict(first, second).kind is Kind.PROMOTE


@pytest.mark.slow
def test_a_million_rows_in_the_memory_of_their_columns():
    """Flat memory: a million rows take what their columns take."""
    import tracemalloc

    world = live_world(criteria=(approval(minimum_n=1),))
    start = micros(timedelta(hours=40))
    said = block(drafts(1000))

    class Stream:
        broken = None
        head = "f" * 64
        complete = True

        def __iter__(self):
            from sluicegate.ledger.chain import Record

            kind, body = world.recorded().records[0]
            yield Record(seq=0, kind=kind, body=body, hash="0")
            for number in range(1000):
                rows_said = dict(said[1]["rows"])
                rows_said["at"] = [start + number * 100_000_000 + one * 100_000 for one in range(1000)]
                yield Record(seq=1, kind="measurements", body={**said[1], "rows": rows_said}, hash="0")

    from sluicegate.gate import judge

    peak = []
    original = judge.judge_criterion

    def measured(*args, **kwargs):
        peak.append(tracemalloc.get_traced_memory()[1])
        return original(args[0], type(args[1])(), **kwargs)

    judge.judge_criterion = measured
    tracemalloc.start()
    try:
        world.verdict(Stream())
    finally:
        tracemalloc.stop()
        judge.judge_criterion = original

    assert peak[0] < 40_000_000
