"""Going on where an attempt was cut off: what ended is kept, what began is a crash, what never began is run."""

from __future__ import annotations

import pytest

from sluicegate.errors import InputError
from sluicegate.ledger import (
    Expected,
    Intent,
    LedgerError,
    LedgerWriter,
    Outcome,
    RunClosed,
    RunStarted,
    read_ledger,
    resume,
)
from sluicegate.model import Case, Crash, CrashKind, Origin, Output

_AT = "2026-01-01T00:00:00Z"
_A, _B, _C = (Case(id=name, input=name) for name in "abc")


def _attempt(path, *, begun=(), ended=(), previous=None, close=None):
    with LedgerWriter(path) as writer:
        started = RunStarted(
            schema_version=1,
            nonce="n",
            at=_AT,
            origin=Origin.SUITE,
            stage="s",
            attempt=1,
            subject="s",
            apparatus="a",
            plan_digest="p",
            lock_digest="l",
            engine="e",
            previous=previous,
            pipeline="callable",
            expected=Expected(cases=3, trials=3, ids_digest="i"),
        )
        writer.append(RunStarted.KIND, started.body())
        for case in begun:
            intent = Intent(case_id=case.id, repeat=0, run_id=f"r-{case.id}", case=case, case_digest=case.digest())
            writer.append(Intent.KIND, intent.body())
        for case in ended:
            failed = Output(error=Crash(kind=CrashKind.TIMEOUT, message="slow"))
            outcome = Outcome(case_id=case.id, repeat=0, run_id=f"r-{case.id}", at=_AT, outputs=(failed,))
            writer.append(Outcome.KIND, outcome.body())
        if close is not None:
            writer.append(RunClosed.KIND, RunClosed(at=_AT, complete=close).body())
        return writer.head


def _left(resumed) -> list[str]:
    return [case.id for case, _ in resumed.remaining((case, 0) for case in (_A, _B, _C))]


def test_outcomes_are_never_run_again_and_begun_trials_are_crashes_for_ever(tmp_path):
    """Failures are outcomes too; a case that killed the runner is not tried until it survives."""
    head = _attempt(tmp_path / "1", begun=(_A, _B), ended=(_A,))

    resumed = resume([tmp_path / "1"])

    assert _left(resumed) == ["c"]
    assert resumed.crashed == [("b", 0)]
    assert (resumed.run, resumed.head, resumed.closed) == (1, head, False)
    assert resumed.started[0].nonce == "n"


def test_a_case_whose_content_changed_is_another_case(tmp_path):
    """Its old outcome says nothing about it."""
    _attempt(tmp_path / "1", begun=(_A,), ended=(_A,))
    resumed = resume([tmp_path / "1"])

    assert resumed.skips(_A, 0)
    assert not resumed.skips(Case(id="a", input="other"), 0)
    assert not resumed.skips(_A, 1)


def test_attempts_add_up_when_each_names_the_one_before(tmp_path):
    """The second file says with which hash the first ended."""
    head = _attempt(tmp_path / "1", begun=(_A,), ended=(_A,))
    _attempt(tmp_path / "2", begun=(_B, _C), ended=(_B,), previous=head)

    resumed = resume([tmp_path / "1", tmp_path / "2"])

    assert _left(resumed) == []
    assert (resumed.run, resumed.crashed) == (2, [("c", 0)])


def test_an_attempt_that_names_another_head_is_refused(tmp_path):
    """Failing evidence cannot be taken out from between two attempts."""
    _attempt(tmp_path / "1", begun=(_A,), ended=(_A,))
    _attempt(tmp_path / "2", previous="0" * 64)

    with pytest.raises(InputError, match="the file of the attempt before ends with"):
        resume([tmp_path / "1", tmp_path / "2"])


def test_a_finished_run_has_nothing_to_resume(tmp_path):
    """Closed and complete; closed as incomplete is not finished."""
    _attempt(tmp_path / "1", close=True)
    _attempt(tmp_path / "2", close=False)

    assert resume([tmp_path / "1"]).closed
    assert not resume([tmp_path / "2"]).closed


def test_only_a_torn_last_line_is_cut(tmp_path):
    """The file is whole afterwards, and what the torn line was about is a crash."""
    path = tmp_path / "1"
    _attempt(path, begun=(_A,))
    before = path.read_bytes()
    path.write_bytes(before + b'{"seq":2,"prev":"')

    resumed = resume([path])

    assert path.read_bytes() == before
    assert resumed.crashed == [("a", 0)]
    reader = read_ledger(path)
    reader.verify()
    assert reader.broken is None


@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_damage_further_up_is_refused_and_left_as_it_is(tmp_path, damage):
    """Nothing is added on top of changed evidence; its verified prefix can still be read."""
    path = tmp_path / "1"
    _attempt(path, begun=(_A, _B), ended=(_A,))
    lines = path.read_bytes().splitlines(keepends=True)
    lines = (
        [lines[0], lines[1].replace(b'"input":"a"', b'"input":"x"'), *lines[2:]]
        if damage == "changed"
        else [lines[0], *lines[2:]]
    )
    path.write_bytes(b"".join(lines))

    with pytest.raises(LedgerError) as raised:
        resume([path])

    assert raised.value.faults[0].where.startswith(f"{path}:")
    assert path.read_bytes() == b"".join(lines)
    assert [record.kind for record in read_ledger(path)] == ["run_started"]


def test_an_older_file_with_a_torn_line_is_refused(tmp_path):
    """Only the newest can have been cut off by a crash."""
    head = _attempt(tmp_path / "1", begun=(_A,))
    _attempt(tmp_path / "2", previous=head)
    with (tmp_path / "1").open("ab") as file:
        file.write(b"{")

    with pytest.raises(LedgerError, match="unfinished"):
        resume([tmp_path / "1", tmp_path / "2"])


def test_a_ledger_that_is_being_written_cannot_be_resumed(tmp_path):
    """Two brokers would tell two stories."""
    with LedgerWriter(tmp_path / "1") as writer:
        writer.append("run_started", {})
        with pytest.raises(LedgerError, match="another run is writing"):
            resume([tmp_path / "1"])


def test_a_missing_ledger_is_told(tmp_path):
    """With its path."""
    with pytest.raises(LedgerError, match="cannot be opened"):
        resume([tmp_path / "none"])


def test_nothing_earlier_leaves_everything_to_run():
    """The first attempt."""
    assert _left(resume([])) == ["a", "b", "c"]
