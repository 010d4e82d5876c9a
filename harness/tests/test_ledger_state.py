"""The rollout's memory: appended to, never rewritten; gone or damaged, it says so."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import timedelta
from hashlib import sha256

import orjson
import pytest

from sluicegate.errors import InputError
from sluicegate.ledger import Attempt, Entered, LedgerError, VerdictGiven, append_state, read_state
from sluicegate.ledger.chain import ZERO, link
from sluicegate.model import parse_time, rfc3339

_AT = "2026-01-01T00:00:00Z"
_ATTEMPT = {"stage": "ten", "attempt": 1, "subject": "s", "at": _AT}
_VERDICT = {
    "hash": "h",
    "decision": "hold",
    "kind": "hold.insufficient",
    "from_stage": "ten",
    "to_stage": "all",
    "subject": "s",
    "at": _AT,
}
_ENTERED = {"stage": "ten", "subject": "s", "at": _AT}


def test_events_read_back_by_kind_and_in_order(tmp_path):
    """The head changes with each of them."""
    path = tmp_path / "rollout" / "state.jsonl"
    heads = [
        append_state(path, "entered", _ENTERED),
        append_state(path, "attempt", _ATTEMPT),
        append_state(path, "verdict", _VERDICT),
        append_state(path, "rolled_back", {"stage": "ten", "subject": "s", "at": _AT, "by": "ada"}),
        append_state(path, "acknowledged", {"subject": "s", "at": _AT, "by": "ada"}),
    ]

    state = read_state(path)

    assert len(set(heads)) == 5
    assert state.head == heads[-1]
    assert state.attempts == (Attempt(**_ATTEMPT),)
    assert state.entries == (Entered(**_ENTERED),)
    assert state.verdicts == (VerdictGiven(**_VERDICT),)
    assert [event.at for event in state.events] == [_AT] * 5
    assert (state.broken, state.missing) == (None, False)


def test_a_missing_state_is_missing_and_not_broken(tmp_path):
    """Before the first stage there is none; the judge knows whether there should be."""
    state = read_state(tmp_path / "none.jsonl")

    assert (state.missing, state.broken, state.head, state.events) == (True, None, None, ())


def test_an_emptied_state_is_broken(tmp_path):
    """Emptying the file does not make the rollout new."""
    path = tmp_path / "state.jsonl"
    path.touch()

    assert read_state(path).broken is not None


def test_a_changed_state_keeps_what_stood_before_and_takes_nothing_more(tmp_path):
    """A rollback that somebody edits out of the file shows."""
    path = tmp_path / "state.jsonl"
    for kind, body in (("entered", _ENTERED), ("attempt", _ATTEMPT), ("verdict", _VERDICT)):
        append_state(path, kind, body)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])

    state = read_state(path)

    assert state.events == (Entered(**_ENTERED),)
    assert state.broken is not None
    assert state.broken.where == f"{path}:2"
    with pytest.raises(LedgerError):
        append_state(path, "attempt", _ATTEMPT)
    assert path.read_bytes() == lines[0] + lines[2]


def test_an_append_that_never_returned_is_cut_by_the_next(tmp_path):
    """It took no effect: whoever made it was not told that it had."""
    path = tmp_path / "state.jsonl"
    append_state(path, "entered", _ENTERED)
    with path.open("ab") as file:
        file.write(b'{"seq":1,"prev":')
    assert read_state(path).broken is not None

    append_state(path, "attempt", _ATTEMPT)

    state = read_state(path)
    assert state.broken is None
    assert len(state.events) == 2


def test_what_is_no_event_is_refused_before_anything_is_written(tmp_path):
    """An unknown kind with the nearest one; a body with its faults."""
    path = tmp_path / "state.jsonl"

    with pytest.raises(InputError, match="Did you mean 'entered'"):
        append_state(path, "enterd", _ENTERED)
    with pytest.raises(InputError, match="lacks 'subject'"):
        append_state(path, "entered", {"stage": "ten", "at": _AT})

    assert not path.exists()


def test_a_place_that_cannot_hold_a_state_is_told(tmp_path):
    """A folder; a device."""
    for place in (tmp_path, "/dev/null"):
        with pytest.raises(LedgerError):
            append_state(type(tmp_path)(place), "entered", _ENTERED)


def test_appends_of_several_processes_follow_each_other(tmp_path):
    """Under a lock: none is lost, none forks the chain."""
    path = tmp_path / "state.jsonl"
    code = f"""
        from pathlib import Path
        from sluicegate.ledger import append_state, read_state
        for number in range(25):
            append_state(Path({str(path)!r}), "attempt", {{"stage": "s", "attempt": number, "subject": "s", "at": "t"}})
            assert read_state(Path({str(path)!r})).broken is None
    """
    running = [subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)]) for _ in range(3)]

    assert [process.wait() for process in running] == [0, 0, 0]
    state = read_state(path)
    assert len(state.attempts) == 75
    assert state.broken is None


_LATER, _EARLIER = "2026-01-02T00:00:00Z", "2025-12-31T00:00:00Z"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("entered", _ENTERED),
        ("rolled_back", {"stage": "ten", "subject": "s", "at": _AT, "by": "ada"}),
        ("acknowledged", {"subject": "s", "at": _AT, "by": "ada"}),
    ],
)
def test_what_a_person_says_of_an_earlier_time_is_refused(tmp_path, kind, body):
    """The fault names the last record and its time; nothing is written."""
    path = tmp_path / "state.jsonl"
    head = append_state(path, "attempt", {**_ATTEMPT, "at": _LATER})

    with pytest.raises(InputError, match=r"earlier than the last record, 'attempt 1 at ten' of 2026-01-02T"):
        append_state(path, kind, body)

    assert read_state(path).head == head


@pytest.mark.parametrize(("kind", "body"), [("attempt", _ATTEMPT), ("verdict", _VERDICT)])
def test_what_the_gate_notes_never_goes_backwards(tmp_path, kind, body):
    """By a clock that is days behind: the note gets the latest time there is."""
    path = tmp_path / "state.jsonl"
    append_state(path, "entered", {**_ENTERED, "at": _LATER})

    append_state(path, kind, body)

    state = read_state(path)
    assert state.backwards is None
    assert [parse_time(event.at) for event in state.events] == [parse_time(_LATER)] * 2


@pytest.mark.parametrize(("apart_s", "taken"), [(60, True), (61, False)])
def test_clocks_may_disagree_by_a_minute(tmp_path, apart_s, taken):
    """Two machines write one file; what a minute explains is no lie."""
    path = tmp_path / "state.jsonl"
    last = parse_time(_LATER)
    append_state(path, "attempt", {**_ATTEMPT, "at": rfc3339(last)})
    entry = {**_ENTERED, "at": rfc3339(last - timedelta(seconds=apart_s))}

    if taken:
        append_state(path, "entered", entry)
        assert parse_time(read_state(path).entries[0].at) == last
    else:
        with pytest.raises(InputError):
            append_state(path, "entered", entry)


def test_a_chain_that_goes_backwards_says_where(tmp_path):
    """Every record is read; the first that is earlier than one before it is named, by line."""
    path = tmp_path / "state.jsonl"
    before = ZERO
    for seq, at in enumerate((_AT, _LATER, _EARLIER, _LATER)):
        line = link(seq, before, "entered", orjson.dumps({**_ENTERED, "at": at}))
        before = sha256(line).hexdigest()
        with path.open("ab") as file:
            file.write(line + b"\n")

    state = read_state(path)

    assert state.broken is None
    assert len(state.entries) == 4
    assert state.latest == parse_time(_LATER)
    assert state.backwards is not None
    assert state.backwards.where == f"{path}:3"
    assert _EARLIER in state.backwards.what
