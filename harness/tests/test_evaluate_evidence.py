"""What `evaluate` leaves on disk and in memory: outcomes before checks, nothing lost, ranks without sorting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sluicegate
from sluicegate.ledger import LedgerWriter, read_ledger
from sluicegate.session.tallies import SeenIds, Values


async def _echo(text: str) -> str:
    return text


def _cases(count: int) -> list[dict[str, Any]]:
    return [{"id": f"c{number}", "input": "x"} for number in range(count)]


def _kinds(path: Path) -> list[str]:
    reader = read_ledger(path)
    kinds = [record.kind for record in reader]
    assert reader.broken is None
    return kinds


def test_every_trial_has_its_three_records_in_order(tmp_path: Path) -> None:
    """Intent, outcome, results: also where several end in one step of the loop."""
    path = tmp_path / "run.jsonl"

    sluicegate.evaluate(_echo, _cases(100), [lambda case, output: True], ledger=path)

    told: dict[str, list[str]] = {}
    for record in read_ledger(path):
        if "case_id" in record.body:
            told.setdefault(record.body["case_id"], []).append(record.kind)
    assert set(map(tuple, told.values())) == {("intent", "outcome", "checked")}
    assert len(told) == 100


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    """Said before a case runs, with the mend."""
    with pytest.raises(sluicegate.InputError, match=r"is a folder\. Name a file"):
        sluicegate.evaluate(_echo, _cases(1), [lambda case, output: True], ledger=tmp_path)


def test_an_outcome_is_on_disk_before_its_check_runs(tmp_path: Path) -> None:
    """A check may hang, or take the process with it."""
    path = tmp_path / "run.jsonl"
    seen = []

    def looks(case: Any, output: Any) -> bool:
        lines = path.read_bytes().splitlines()
        seen.append(any(b'"kind":"outcome"' in line and f'"{case.id}"'.encode() in line for line in lines))
        return True

    sluicegate.evaluate(_echo, _cases(40), [looks], ledger=path)

    assert seen == [True] * 40


def test_an_intent_is_on_disk_before_its_call(tmp_path: Path) -> None:
    """Whatever happens to the process, a trial that began is known to have begun."""
    path = tmp_path / "run.jsonl"
    seen = []

    async def looks(input: Any, case: Any) -> str:  # noqa: A002 - the public name of the argument
        seen.append(f'"kind":"intent","case_id":"{case.id}"'.encode() in path.read_bytes())
        return "x"

    sluicegate.evaluate(looks, _cases(40), [], ledger=path)

    assert seen == [True] * 40


def test_what_has_ended_is_kept_when_the_run_is_ended(tmp_path: Path) -> None:
    """The cases fail in the middle: every outcome before is evidence, and the ledger is closed as incomplete."""
    path = tmp_path / "run.jsonl"

    def broken() -> Any:
        yield from _cases(5)
        raise OSError("the cases are gone")

    with pytest.raises(OSError, match="the cases are gone"):
        sluicegate.evaluate(_echo, broken(), [], concurrency=1, ledger=path)

    kinds = _kinds(path)
    assert kinds.count("intent") == kinds.count("outcome") == 5
    assert kinds[-1] == "run_closed"
    assert not read_ledger(path).complete


def test_held_records_are_written_with_the_next_one_or_when_told(tmp_path: Path) -> None:
    """Held back or not, the chain on disk is the same."""
    writer = LedgerWriter(tmp_path / "l")
    writer.append("run_started", {})
    writer.append("void", {"reason": "a"}, held=True)
    assert _kinds(tmp_path / "l") == ["run_started"]
    writer.append("void", {"reason": "b"})
    assert _kinds(tmp_path / "l") == ["run_started", "void", "void"]
    writer.append("void", {"reason": "c"}, held=True)
    writer.flush()
    assert len(_kinds(tmp_path / "l")) == 4
    writer.append("void", {"reason": "d"}, held=True)
    writer.close()

    assert len(_kinds(tmp_path / "l")) == 5


@given(st.lists(st.floats(min_value=0, allow_nan=False) | st.just(float("inf")), min_size=1), st.data())
def test_a_rank_is_that_of_the_sorted_values(values: list[float], data: st.DataObject) -> None:
    """Also among equals, zeros and infinities."""
    kept = Values()
    for value in values:
        kept.add(value)
    rank = data.draw(st.integers(0, len(values) - 1))

    assert kept._ranked(rank) == sorted(values)[rank]


@given(st.lists(st.text()))
def test_an_id_is_new_once(ids: list[str]) -> None:
    """Whatever it is made of, and however the table grows."""
    seen = SeenIds()

    assert sum(map(seen.add, ids)) == len(set(ids))
