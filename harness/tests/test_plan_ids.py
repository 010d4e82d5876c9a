"""Ids of cases by number: what a dictionary says, in a tenth of its memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.plan.ids import CaseIds

IDS = st.lists(st.text(st.characters(), max_size=6) | st.sampled_from(["a", "b", "\ud800", ""]), max_size=30)


@given(IDS, st.text(st.characters(), max_size=3))
def test_ids_are_found_as_a_list_finds_them(ids: list[str], other: str) -> None:
    """Each by its number, each number by its id, the first where one stands twice; nobody else is there."""
    found = CaseIds(ids)

    assert list(found) == ids
    assert [found[number] for number in range(len(ids))] == ids
    assert [found.number(case_id) for case_id in ids] == [ids.index(case_id) for case_id in ids]
    assert (other in found) is (other in ids)
    assert found.is_sorted is (ids == sorted(set(ids)))
    assert found.repeated == next((at for at, case_id in enumerate(ids) if case_id in ids[:at]), None)


def test_ids_whose_hashes_are_alike_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash only says where to look."""
    monkeypatch.setattr("sluicegate.plan.ids.hash", lambda _id: 7, raising=False)
    found = CaseIds(["a", "b", "c", "b"])

    assert [found.number(case_id) for case_id in "abcd"] == [0, 1, 2, None]
    assert found.repeated == 3


def test_an_id_out_of_range_is_an_index_error() -> None:
    """As of any sequence."""
    found = CaseIds(["a", "b"])

    assert (found[-1], found[0:5]) == ("b", ["a", "b"])
    with pytest.raises(IndexError):
        found[2]


def test_ids_take_little_memory() -> None:
    """Sixteen bytes and the id itself; a set of texts takes a hundred and more."""
    tracemalloc.start()
    found = CaseIds(f"case-{number:06}" for number in range(20_000))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(found) == 20_000
    assert held < 20_000 * 32
