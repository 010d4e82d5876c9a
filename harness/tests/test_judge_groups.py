"""A window exported again, larger: its units count once, promote nothing, and hide no failure."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.gate import growing
from sluicegate.model import Decision, Kind
from sluicegate.plan.types import Better, Span

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import approval, line, live_world
from test_judge_distinct import RANGES, START, counted, export, judged

sys.path.pop(0)

MINUTE = 60_000_000
WORLD = live_world(criteria=(approval(minimum_n=20, promote=line(0.95), alert=line(0.9), rollback=line(0.85)),))


def windows(*states: tuple[int, int], at: int = START, name: str = "hours.csv", **said: object) -> list[object]:
    """One window in each of these states, (k, n), a recording each."""
    return [export(name, [(at, k, n)], **said) for k, n in states]


class TestWithoutIds:
    """What stands at one time, in one slice and source, is one group."""

    def test_counts_once(self) -> None:
        """Seventeen states of twenty drafts are twenty drafts, with the failures of the worst state."""
        assert judged(*windows(*((number, number) for number in range(4, 21))), world=WORLD).kind.row > 8
        grown = export("hours.csv", [(START, 20, 20), (START + MINUTE, 0, 30)])

        verdict = judged(*windows(*((number, number) for number in range(4, 21))), grown, world=WORLD)

        assert verdict.kind is Kind.ROLLBACK_THRESHOLD
        assert (verdict.criteria[0].measured.k, verdict.criteria[0].measured.n) == (20, 50)

    def test_inflated_counts_roll_nothing_back(self) -> None:
        """Nine failures beside twenty good drafts cross nothing; behind two hundred copies of the twenty they would."""
        bad = export("hours.csv", [(START, 20, 20), (START + MINUTE, 0, 9)])

        assert judged(bad, world=WORLD).kind is Kind.HOLD_SUSPECT
        states = windows(*((number, number) for number in range(4, 21)))
        assert judged(*states, bad, world=WORLD).kind is Kind.HOLD_SUSPECT

    @pytest.mark.parametrize("turned", [False, True])
    def test_a_smaller_export_takes_no_failure_back(self, turned: bool) -> None:
        """Ninety failures of a hundred, and an export of one good draft: still ninety of a hundred."""
        states = [each for at in range(4) for each in windows((10, 100), (1, 1), at=START + at * MINUTE)]

        verdict = judged(*(reversed(states) if turned else states), world=WORLD)

        assert verdict.kind is Kind.ROLLBACK_THRESHOLD
        assert verdict.criteria[0].measured.n == 400

    def test_one_draft_at_first(self) -> None:
        """Exported after the first draft, and after the tenth."""
        doubted = judged(*windows((1, 1), (10, 10))).criteria[0].measured
        assert "different results or sizes" in doubted.reason
        assert "serve a new one" in doubted.mend, "recording it once more takes nothing away"

    def test_of_several_rows(self) -> None:
        """Two hosts' groups of one minute, exported twice: their sum is what grows."""
        first = export("hours.csv", [(START, 40, 50), (START, 10, 50)])
        second = export("hours.csv", [(START, 50, 60), (START, 10, 60)])
        bad = export("hours.csv", [(START, 50, 60), (START, 10, 60), (START + MINUTE, 0, 60)])

        measured = judged(first, second, bad, world=WORLD).criteria[0].measured

        assert (measured.k, measured.n) == (60, 180)

    def test_with_its_slices_beside_it(self) -> None:
        """First the whole window, then the same by tenant: once, and nothing is promoted on it."""
        whole, parts = (
            windows((100, 100))[0],
            export("hours.csv", [(START, 50, 50), (START, 50, 50)], slices=["acme", "zenith"]),
        )

        assert judged(whole, parts).kind is Kind.HOLD_INSUFFICIENT

    def test_other_files_of_the_same_window(self) -> None:
        """Each export under a name of its own: overlapping, and counted no higher than once."""
        states = [windows((n, n), name=f"{n}.csv")[0] for n in range(4, 21)]
        bad = export("last.csv", [(START, 20, 20), (START + MINUTE, 0, 9)])

        assert judged(*states, bad, world=WORLD).kind is Kind.HOLD_SUSPECT

    def test_of_a_range(self) -> None:
        """Neither side is worse, so both extremes are asked: three of a hundred, then eighty, is outside either way."""
        inside = replace(approval().metric, better=Better.INSIDE)
        lines = {name: Span(low=Fraction(low, 10), high=Fraction(high, 10), text="") for name, low, high in RANGES}
        world = live_world(criteria=(approval(metric=inside, minimum_n=50, **lines),))
        low, mixed = windows((3, 300)), windows((3, 300), (120, 300))

        assert judged(*low, world=world).kind is Kind.ROLLBACK_THRESHOLD
        assert judged(*mixed, world=world).kind is Kind.ROLLBACK_THRESHOLD


class TestWithIds:
    """A unit id says the same."""

    def test_a_group_that_grows_rolls_nothing_back(self) -> None:
        """Four good drafts, then twenty, of one id: twenty, beside which nine failures cross nothing."""
        states = windows((4, 4), (20, 20), numbers=[1])
        bad = export("bad.csv", [(START + MINUTE, 0, 9)], [2])

        verdict = judged(*states, bad, world=WORLD)

        assert verdict.kind is Kind.HOLD_SUSPECT
        assert counted(*states, export("bad.csv", [(START + MINUTE, 0, 60)], [2]), world=WORLD) == (20, 80)


_STATES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda pair: (min(pair), pair[1])), min_size=1)
_ROWS = {Decision.PROMOTE: 2, Decision.COMPLETE: 2, Decision.HOLD: 1, Decision.ROLLBACK: 0}


class TestWhatever:
    """Laws for any states of two windows."""

    @settings(max_examples=80, deadline=None)
    @given(one=_STATES, two=_STATES, seed=st.randoms(), named=st.booleans())
    def test_the_order_does_not_matter(self, one, two, seed, named) -> None:
        """The same recordings in another order are the same evidence."""
        states = windows(*one, **({"numbers": [1]} if named else {}))
        states += windows(*two, at=START + MINUTE, **({"numbers": [2]} if named else {}))
        mixed = list(states)
        seed.shuffle(mixed)

        first, second = judged(*states, world=WORLD), judged(*mixed, world=WORLD)

        assert (first.kind, first.criteria[0].measured) == (second.kind, second.criteria[0].measured)

    @settings(max_examples=80, deadline=None)
    @given(one=_STATES, two=_STATES)
    def test_rolls_back_on_no_more_than_was_seen(self, one, two) -> None:
        """A rollback is one of the windows at their largest and worst, recorded once."""
        every = judged(*windows(*one), *windows(*two, at=START + MINUTE), world=WORLD)
        once = [(max(n for _, n in states), max(n - k for k, n in states)) for states in (one, two)]
        rows = [(START + place * MINUTE, size - bad, size) for place, (size, bad) in enumerate(once)]

        assert (every.decision is Decision.ROLLBACK) == (
            judged(export("hours.csv", rows), world=WORLD).decision is Decision.ROLLBACK
        )

    @settings(max_examples=80, deadline=None)
    @given(one=_STATES)
    def test_a_state_more_never_helps(self, one) -> None:
        """Once more what was seen first: nothing is promoted that was not."""
        states = windows(*one)

        assert _ROWS[judged(*states, states[0]).decision] <= _ROWS[judged(*states).decision]


def test_these_tests_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the folding of groups the inflated counts do roll back."""
    monkeypatch.setattr(growing, "folded", lambda *_: 0)
    bad = export("hours.csv", [(START, 20, 20), (START + MINUTE, 0, 9)])

    assert judged(*windows(*((number, number) for number in range(4, 21))), bad, world=WORLD).kind.row <= 2
