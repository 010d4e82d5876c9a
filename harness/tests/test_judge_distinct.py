"""One unit counts once: overlapping exports, the same rows again, and records of one unit that disagree."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.gate import distinct
from sluicegate.gate.growing import Arrivals, Upload
from sluicegate.ledger import unit_digest
from sluicegate.ledger.measurements import Measurements
from sluicegate.model import Decision, Kind
from sluicegate.plan.types import Better, MetricKind, Span

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import approval, block, drafts, line, live_world, micros

sys.path.pop(0)

RANGES = (("promote", 2, 4), ("alert", 1, 5), ("rollback", 1, 7))

START = micros(timedelta(hours=24))
WORLD = live_world(criteria=(approval(minimum_n=100, rollback=line(0.5)),))


def ids(*numbers: int) -> str:
    return "".join(unit_digest("approval_rate", number) for number in numbers)


def export(name, rows, numbers=None, *, slices=None, place=""):
    """A recording of (at, k, n), with unit ids where numbers are given."""
    content = unit_digest(name, (rows, numbers, slices, place)) * 4
    kind, body = block(rows, source={"name": name, "sha256": content, "place": place})
    if numbers is not None:
        body["rows"]["id"] = ids(*numbers)
    if slices is not None:
        body["rows"]["slice"] = slices
    return kind, body


def judged(*exports, world=WORLD):
    """The verdict when each export is a recording of its own."""
    return world.verdict(*(world.recorded(each, number=number) for number, each in enumerate(exports, start=1)))


def counted(*exports, world=WORLD):
    measured = judged(*exports, world=world).criteria[0].measured
    return measured.k, measured.n


class TestGroups:
    """Rows that stand for many units, without ids."""

    def test_a_group_that_grows_is_no_new_group(self):
        """An hour exported again and again while it fills: seventeen states of twenty drafts are twenty drafts."""
        states = [export("hours.csv", [(START, number, number)]) for number in range(4, 21)]

        assert judged(states[-1]).criteria[0].measured.n == 20
        assert judged(*states).kind is Kind.HOLD_INSUFFICIENT

    def test_whole_groups_appended_to_their_file_count(self):
        """The file grows by a row each hour, and is recorded whole each time."""
        hours = [(START + 3_600_000_000 * number, 100, 100) for number in range(3)]
        states = [export("hours.csv", hours[:size]) for size in (1, 2, 3)]

        assert judged(*states).kind is Kind.PROMOTE
        assert counted(*states) == (300, 300)


class TestWithIds:
    """A unit id says what is one unit, whatever file it came in."""

    def test_overlapping_exports_count_each_unit_once(self):
        """Sixty good drafts in two exports are sixty drafts, and sixty are too few."""
        rows = drafts(60)

        one = export("monday.csv", rows[:50], range(50))
        two = export("tuesday.csv", rows[20:], range(20, 60))

        assert counted(one, two) == (60, 60)
        assert judged(one, two).kind is Kind.HOLD_INSUFFICIENT

    def test_the_same_time_and_outcome_of_two_units_is_two_units(self):
        """Failures of two hosts in one second are all failures, though the files share their name."""
        failed = [(START + 60_000_000 * number, 0, 1) for number in range(12)]

        verdict = judged(export("a.csv", failed, range(12)), export("a.csv", failed, range(100, 112)))

        assert verdict.kind is Kind.ROLLBACK_THRESHOLD
        assert verdict.criteria[0].measured.n == 24

    @pytest.mark.parametrize("turned", [False, True])
    def test_the_worse_of_two_records_counts(self, turned):
        """Good in one export and bad in the other: bad, whatever the order."""
        rows = drafts(200)
        good = export("good.csv", rows, range(200))
        bad = export("bad.csv", [(at, 0, 1) for at, _, _ in rows[:20]], range(20))

        assert counted(*((bad, good) if turned else (good, bad))) == (180, 200)

    def test_a_unit_with_and_without_its_slice_is_one(self):
        """Exported once with the tenant and once without; the worse outcome counts."""
        rows = drafts(4)
        bare = export("bare.csv", [(at, 0 if place == 2 else 1, 1) for place, (at, _, _) in enumerate(rows)], range(4))
        sliced = export("sliced.csv", rows, range(4), slices=["acme", "acme", "zenith", "zenith"])

        assert counted(bare, sliced) == counted(sliced, bare) == (3, 4)

    @pytest.mark.parametrize("turned", [False, True])
    def test_a_group_recorded_before_it_was_whole_hides_no_failure(self, turned):
        """An export in mid-hour and the full one after it: the failures of the full one roll back, in either order."""
        hours = [(START + 3_600_000_000 * number, 10, 100) for number in range(4)]
        final = export("final.csv", hours, range(4))
        partial = export("partial.csv", [(at, 0, 1) for at, _, _ in hours], range(4))

        verdict = judged(*((partial, final) if turned else (final, partial)))

        assert verdict.kind is Kind.ROLLBACK_THRESHOLD
        assert verdict.criteria[0].measured.n == 400

    def test_groups_of_different_sizes_promote_nothing(self):
        """Which of the two is whole, nobody can say."""
        good = export("one.csv", [(START, 200, 200)], range(1))
        more = export("two.csv", [(START, 300, 300)], range(1))

        assert judged(good).kind is Kind.PROMOTE
        assert judged(good, more).kind is Kind.HOLD_INSUFFICIENT

    def test_one_id_in_two_slices_is_two_units(self):
        """Each tenant may number its own drafts."""
        rows = drafts(4)
        one = export("acme.csv", rows, range(4), slices=["acme"] * 4)
        two = export("zenith.csv", rows, range(4), slices=["zenith"] * 4)

        assert counted(one, two) == (8, 8)

    def test_ids_added_to_a_file_recorded_without(self):
        """Recording both files again with their ids mends what could not be told apart."""
        rows = drafts(300)
        bare = [export("one.csv", rows[:200]), export("two.csv", rows[150:])]
        named = [export("one.csv", rows[:200], range(200)), export("two.csv", rows[150:], range(150, 300))]

        assert judged(*bare).kind is Kind.HOLD_INSUFFICIENT
        assert judged(*bare, *named).kind is Kind.PROMOTE
        assert counted(*bare, *named) == (300, 300)

    def test_a_value_counts_at_its_worst(self):
        """The slower of two records of one request; a failed one is slower than any."""
        arrivals = Arrivals()
        for number, value in enumerate((1.0, 3.0, 2.0)):
            rows = replace(_rows([START], [0]), value=[value], ids=_ids([7]))
            arrivals.add(rows, Upload(source=f"{number}.csv", recording=str(number)))

        assert list(arrivals.settled((), Better.LOWER).series.value) == [3.0]

    def test_neither_of_two_is_worse(self):
        """A range has no bad side: units that disagree hold."""
        world = live_world(criteria=(approval(metric=replace(approval().metric, better=Better.INSIDE)),))
        rows = drafts(300)
        other = export("b.csv", [(rows[0][0], 0, 1)], [0])

        verdict = judged(export("a.csv", rows, range(300)), other, world=world)

        assert "recorded with different results" in verdict.criteria[0].measured.reason

    @pytest.mark.parametrize("turned", [False, True])
    def test_a_rollback_is_not_lost_in_records_that_contradict_it(self, turned):
        """Two hundred drafts outside of the range, a second export that says otherwise of sixty: still rolled back."""
        inside = replace(approval().metric, better=Better.INSIDE)
        lines = {name: Span(low=Fraction(low, 10), high=Fraction(high, 10), text="") for name, low, high in RANGES}
        world = live_world(criteria=(approval(metric=inside, minimum_n=50, **lines),))
        rows = [(at, 0, 1) for at, _, _ in drafts(200)]
        first = export("a.csv", rows, range(200))
        second = export("b.csv", [(at, 1, 1) for at, _, _ in rows[:60]], range(60))

        assert judged(first, world=world).kind is Kind.ROLLBACK_THRESHOLD
        verdict = judged(*((second, first) if turned else (first, second)), world=world)
        assert verdict.kind is Kind.ROLLBACK_THRESHOLD

    def test_comparisons_in_parts_see_the_same(self, monkeypatch):
        """What is compared piece by piece is compared as if at once."""
        rows = drafts(90, 30)
        named = (export("a.csv", rows, range(120)), export("b.csv", rows[40:], range(40, 120)))
        grown = (export("c.csv", rows[:80]), export("c.csv", rows))
        whole = [judged(*pair).criteria for pair in (named, grown)]
        monkeypatch.setattr(distinct, "_AT_ONCE", 7)

        assert [judged(*pair).criteria for pair in (named, grown)] == whole


class TestWithoutIds:
    """Rows of different files can be told apart by their time alone."""

    def test_overlapping_exports_are_not_measured(self):
        """The same good drafts in two files never make the minimum."""
        rows = drafts(60)

        verdict = judged(export("a.csv", rows[:50]), export("b.csv", rows[10:]))

        assert verdict.kind is Kind.HOLD_INSUFFICIENT
        assert "a.csv and b.csv overlap in time" in verdict.criteria[0].measured.reason
        assert "--column id=" in verdict.reasons[0].mend

    def test_exports_one_after_the_other_are_distinct(self):
        """A file a day counts whole."""
        rows = drafts(300)

        assert judged(export("a.csv", rows[:150]), export("b.csv", rows[150:])).kind is Kind.PROMOTE

    def test_exports_of_one_tenant_each_are_distinct(self):
        """Of different slices; rows without a slice may be of any."""
        rows = drafts(150)
        acme, zenith = (export(f"{name}.csv", rows, slices=[name] * 150) for name in ("acme", "zenith"))

        assert judged(acme, zenith).kind is Kind.PROMOTE
        assert judged(acme, export("all.csv", rows)).decision is Decision.HOLD

    def test_a_rollback_stays_one(self):
        """A file that overlaps takes nothing away from what another shows."""
        bad = export("bad.csv", drafts(20, 60))

        assert judged(bad).kind is Kind.ROLLBACK_THRESHOLD
        assert judged(bad, export("other.csv", drafts(300))).decision is not Decision.PROMOTE
        assert judged(bad, export("copy.csv", drafts(20, 60)[10:])).kind is Kind.ROLLBACK_THRESHOLD

    def test_mere_copies_roll_nothing_back(self):
        """A line that is crossed only if copies are counted as units is for a human."""
        few = [(START + 60_000_000 * number, int(number % 4 == 0), 1) for number in range(16)]
        exports = [export(f"{number}.csv", few) for number in range(6)]

        assert judged(exports[0]).kind is Kind.HOLD_SUSPECT
        verdict = judged(*exports)

        assert verdict.kind is Kind.HOLD_SUSPECT
        assert "if no unit was recorded twice" in verdict.reasons[0].text

    def test_files_of_one_name_in_two_folders(self):
        """Two hosts write export.csv each: not one file that grew."""
        rows = drafts(200)

        assert judged(export("export.csv", rows[:150]), export("export.csv", rows[50:])).kind is Kind.PROMOTE
        verdict = judged(export("export.csv", rows[:150]), export("export.csv", rows[50:], place="ab" * 8))

        assert "two files named export.csv overlap" in verdict.criteria[0].measured.reason

    def test_the_same_file_with_its_slices(self):
        """Recorded again with a column more: each row once."""
        rows = drafts(150)

        assert counted(export("a.csv", rows), export("a.csv", rows, slices=["acme"] * 150)) == (150, 150)
        assert counted(export("a.csv", rows, slices=["acme"] * 150), export("a.csv", rows)) == (150, 150)

    def test_a_reference_that_overlaps(self):
        """What a line compares with has to be clear too."""
        from sluicegate.plan.types import Drop

        drop = Drop(amount=Fraction(1, 5), relative=False, than="before0", text="20 points below before0")
        world = live_world(criteria=(approval(promote=line(0.5), alert=None, rollback=drop),))
        before = [(at - 10**12, k, n) for at, k, n in drafts(300, 6)]
        one, two = (export(name, before[part], None) for name, part in (("a", slice(0, 200)), ("b", slice(100, 306))))
        for _, body in (one, two):
            body["stage"] = "before0"
        kind, now = export("now.csv", drafts(380, 20))
        now["stage"] = "ten"

        assert judged(one, (kind, now), world=world).kind is Kind.PROMOTE
        assert judged(one, two, (kind, now), world=world).kind is Kind.HOLD_INSUFFICIENT


_UNITS = st.lists(st.booleans(), min_size=1, max_size=40)


@st.composite
def exports(draw):
    """Overlapping parts of one list of units, with ids or without; some tell another outcome."""
    outcomes = draw(_UNITS) * draw(st.integers(1, 8))
    found = []
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(outcomes) - 1))
        stop = draw(st.integers(begin + 1, len(outcomes)))
        turned = draw(st.sets(st.integers(begin, stop - 1), max_size=3))
        rows = [
            (START + place * 1_000_000, int(outcomes[place] is not (place in turned)), 1)
            for place in range(begin, stop)
        ]
        name = draw(st.sampled_from(["a.csv", "b.csv", "c.csv"]))
        numbers = range(begin, stop) if draw(st.booleans()) else None
        found.append(export(name, rows, numbers))
    return found


_ROWS = {Decision.PROMOTE: 2, Decision.COMPLETE: 2, Decision.HOLD: 1, Decision.ROLLBACK: 0}


class TestWhatever:
    """Laws for any recordings."""

    @settings(max_examples=60, deadline=None)
    @given(given_exports=exports(), seed=st.randoms())
    def test_the_order_of_recordings_does_not_matter(self, given_exports, seed):
        """The same evidence in another order."""
        mixed = list(given_exports)
        seed.shuffle(mixed)
        one, two = judged(*given_exports), judged(*mixed)

        assert (one.kind, one.criteria[0].measured) == (two.kind, two.criteria[0].measured)

    @settings(max_examples=60, deadline=None)
    @given(given_exports=exports(), again=st.integers(0, 3))
    def test_recording_the_same_again_changes_nothing(self, given_exports, again):
        """The same file once more, under its name or another."""
        one = judged(*given_exports)
        kind, body = given_exports[again % len(given_exports)]
        renamed = {**body, "source": {**body["source"], "name": "copy.csv"}}

        for more in (body, renamed):
            two = judged(*given_exports, (kind, more))
            assert one.kind is two.kind
            assert getattr(one.criteria[0].measured, "n", 0) == getattr(two.criteria[0].measured, "n", 0)

    @settings(max_examples=60, deadline=None)
    @given(given_exports=exports(), place=st.integers(0, 400), named=st.booleans())
    def test_a_failing_row_more_never_helps(self, given_exports, place, named):
        """Of a new unit or of a known one: never from a hold to a promote, nor from a rollback to a hold."""
        row = [(START + place * 1_000_000, 0, 1)]
        more = export("late.csv", row, [place] if named else None)

        assert _ROWS[judged(*given_exports, more).decision] <= _ROWS[judged(*given_exports).decision]


class TestIds:
    """What a ledger keeps of an id."""

    def test_a_digest_says_no_more_than_sameness(self):
        """Of one metric; nothing of the id itself, and another metric has another."""
        assert unit_digest("wait", "kim@shop.test") == unit_digest("wait", "kim@shop.test")
        assert unit_digest("wait", "kim@shop.test") != unit_digest("approved", "kim@shop.test")
        assert "kim" not in unit_digest("wait", "kim@shop.test")

    @pytest.mark.parametrize("said", ["", "ab" * 7, "AB" * 7 + "  ", "xy" * 8, 7, ["ab" * 8]])
    def test_ids_that_are_none_are_refused(self, said):
        """A block is read whole or not at all."""
        _, body = export("a.csv", drafts(1), [1])
        body["rows"]["id"] = said
        world = WORLD

        assert world.verdict(world.recorded(("measurements", body))).decision is Decision.HOLD

    def test_a_block_with_ids_reads_back(self):
        """As it was written."""
        _, body = export("a.csv", drafts(3), [1, 2, 3])

        assert Measurements.read(body).body()["rows"]["id"] == ids(1, 2, 3)

    def test_incidents_disagreeing(self):
        """More incidents are worse, though the plan's metric says nothing of a better side."""
        metric = replace(approval().metric, kind=MetricKind.INCIDENTS, better=Better.HIGHER, zero_tolerance=True)
        world = live_world(criteria=(approval(metric=metric, promote=line(0), alert=None, max_rate=Fraction(1, 20)),))
        clean = export("a.csv", [(at, 0, 1) for at, _, _ in drafts(400)], range(400))
        one = export("b.csv", [(drafts(400)[5][0], 1, 1)], [5])

        assert judged(clean, one, world=world).kind is Kind.HOLD_SUSPECT
        assert judged(one, clean, world=world).kind is Kind.HOLD_SUSPECT


def _rows(at, k):
    from sluicegate.gate.reading import Rows

    return Rows(at=at, slices=[None] * len(at), k=k, n=[1] * len(at), first_us=min(at), last_us=max(at))


def _ids(numbers):
    from array import array

    return array("Q", numbers)
