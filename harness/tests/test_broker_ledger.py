"""The broker as the owner of a ledger: what it writes, when it is complete, what it never loses."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import orjson
import pytest

from sluicegate.broker.broker import Broker
from sluicegate.broker.catalogue import Catalogue
from sluicegate.broker.stamp import Stamp
from sluicegate.errors import InputError
from sluicegate.ledger import Checked, Intent, Outcome, Shard, TestRun, entry, read_ledger
from sluicegate.model import Case, Crash, CrashKind, Observation, Output, Trial, parse_time

sys.path.insert(0, str(Path(__file__).parent))
from broker_jobs import examine, started

sys.path.pop(0)

_FINE = (Output(content="x"),)


def _run(broker, *ids, outputs=_FINE, observations=()):
    for case_id in ids:
        case = Case(id=case_id, input={"of": case_id})
        broker.intend(case, 0, f"run-{case_id}")
        broker.record(Trial(case=case, outputs=outputs, observations=observations), f"run-{case_id}")


def _entries(path):
    return [entry(record) for record in read_ledger(path)]


def test_intent_outcome_and_results_stand_in_this_order(tmp_path):
    """With the case in its intent and its digest, so that a ledger can be judged alone."""
    with Broker(tmp_path / "l", started(1), examine=examine) as broker:
        _run(broker, "c7")
        closed = broker.close()

    first, intent, outcome, checked, last = _entries(tmp_path / "l")
    case = Case(id="c7", input={"of": "c7"})
    assert first == started(1)
    assert intent == Intent(case_id="c7", repeat=0, run_id="run-c7", case=case, case_digest=case.digest())
    assert isinstance(outcome, Outcome)
    assert outcome.trial(case) == Trial(case=case, outputs=(Output(content="x"),))
    assert parse_time(outcome.at)
    assert checked == examine(outcome.trial(case))
    assert last == closed
    assert (closed.complete, closed.counts.planned, closed.counts.run, closed.counts.scored) == (True, 1, 1, 1)


def test_a_case_is_written_once_and_its_repeats_name_it(tmp_path):
    """Unless the attempt is a resumed one, whose first repeat may stand in another file."""
    case = Case(id="c", input="x")
    for name, resumed, with_case in (("1", (0, 0), [True, False]), ("2", (1, 0), [True, True])):
        with Broker(tmp_path / name, started(2), resumed=resumed) as broker:
            for repeat in range(2):
                broker.intend(case, repeat, f"r{repeat}")
        intents = [said for said in _entries(tmp_path / name) if isinstance(said, Intent)]
        assert [said.case is not None for said in intents] == with_case


@pytest.mark.parametrize("missing", ["trial", "outcome", "shard", "unclosed shard", "short shard", "asked"])
def test_a_run_that_lacks_anything_is_closed_as_incomplete(tmp_path, missing):
    """Whatever it was asked to say."""
    with Broker(tmp_path / "l", started(2)) as broker:
        _run(broker, "c1")
        if missing != "trial":
            broker.intend(Case(id="c2"), 0, "r2")
            if missing != "outcome":
                broker.record(Trial(case=Case(id="c2"), outputs=(Output(),)), "r2")
        broker.open_shard("gw0", 3)
        if missing != "shard":
            run = 2 if missing == "short shard" else 3
            broker.close_shard(Shard(name="gw0", planned=3, run=run, closed=missing != "unclosed shard"))
        closed = broker.close(complete=missing != "asked")

    assert not closed.complete
    assert read_ledger(tmp_path / "l").complete is False


def test_a_run_that_lacks_nothing_is_complete(tmp_path):
    """The control of the test above."""
    with Broker(tmp_path / "l", started(1)) as broker:
        _run(broker, "c1", outputs=(Output(error=Crash(kind=CrashKind.DIED, message="x")),))
        broker.open_shard("gw0", 1)
        broker.close_shard(Shard(name="gw0", planned=1, run=1, closed=True))
        closed = broker.close()

    assert closed.complete
    assert closed.counts.crashed == 1


def test_trials_of_earlier_attempts_count_as_run(tmp_path):
    """And those that crashed there are not missing."""
    with Broker(tmp_path / "l", started(4), resumed=(2, 1)) as broker:
        _run(broker, "c4")
        closed = broker.close()

    assert closed.complete
    assert (closed.counts.planned, closed.counts.run, closed.counts.skipped) == (4, 3, 0)


def test_an_error_on_the_way_closes_the_ledger_as_incomplete(tmp_path):
    """And is not hidden by that."""

    def run():
        with Broker(tmp_path / "l", started(1)) as broker:
            _run(broker, "c1")
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        run()

    reader = read_ledger(tmp_path / "l")
    reader.verify()
    assert reader.closed
    assert not reader.complete


@pytest.mark.parametrize("bad", ["\ud800 alone", {1, 2}, 2**70, object()], ids=["surrogate", "set", "huge", "object"])
def test_an_answer_that_json_cannot_hold_is_a_crash_of_that_trial(tmp_path, bad):
    """It stays in the count, and the run goes on."""
    seen = Observation(run_id="r", double="model", action="a\ud800", at="t", detail={"body": "x\udfff", "n": 1})
    with Broker(tmp_path / "l", started(2)) as broker:
        _run(broker, "c1", outputs=(Output(structured={"x": bad}), Output(content="fine")), observations=(seen,))
        _run(broker, "c2")
        closed = broker.close()

    outcomes = [said for said in _entries(tmp_path / "l") if isinstance(said, Outcome)]
    assert closed.complete
    assert closed.counts.crashed == 1
    assert outcomes[0].outputs[0].error is not None
    assert outcomes[0].outputs[0].error.kind is CrashKind.GARBAGE
    assert "cannot be written as JSON" in outcomes[0].outputs[0].error.message
    assert outcomes[0].outputs[1] == Output(content="fine")
    assert outcomes[0].observations[0].detail == {"body": "x?", "n": 1}


def test_a_case_that_json_cannot_hold_is_the_users_fault(tmp_path):
    """With its id."""
    with Broker(tmp_path / "l", started(1)) as broker, pytest.raises(InputError, match="case 'c1': the case cannot"):
        broker.intend(Case(id="c1", input={1, 2}), 0, "r")


def test_tests_and_own_checks_are_recorded(tmp_path):
    """As they were reported."""
    own = Checked(case_id="c", repeat=0, results={"mine": "pass"}, self_reported=True)
    test = TestRun(test_id="t::x", outcome="passed", worker="gw0")
    with Broker(tmp_path / "l", started(0)) as broker:
        broker.checked(own)
        broker.test(test)
        broker.close()

    assert _entries(tmp_path / "l")[1:3] == [own, test]


def test_the_time_of_a_record_is_rfc_3339_with_microseconds():
    """The second is made once, the rest each time."""
    ticks = iter([1_767_225_600_123_456_789, 1_767_225_600_999_999_999, 1_767_225_601_000_000_000])
    stamp = Stamp(lambda: next(ticks))

    assert [stamp(), stamp(), stamp()] == [
        "2026-01-01T00:00:00.123456Z",
        "2026-01-01T00:00:00.999999Z",
        "2026-01-01T00:00:01.000000Z",
    ]


async def _ids(catalogue, *asked, **more):
    return [
        orjson.loads(line)["outcome"]["case_id"]
        async for batch in catalogue.batches(*asked, **more)
        for line in batch.splitlines()
    ]


def test_readers_get_each_trial_as_it_ends_and_wait_for_the_next(tmp_path):
    """Those of their group and shard, and the end when there are no more."""

    async def run():
        catalogue = Catalogue(lambda case: ["even"] if int(case.id[1:]) % 2 == 0 else ["odd", "all"])
        with Broker(tmp_path / "l", started(20), examine=examine, catalogue=catalogue) as broker:
            _run(broker, *(f"c{n}" for n in range(10)))
            reading = [
                asyncio.create_task(_ids(catalogue, *asked))
                for asked in [
                    (None, None),
                    ("even", None),
                    ("all", None),
                    ("none", None),
                    (None, (0, 2)),
                    (None, (1, 2)),
                ]
            ]
            await asyncio.sleep(0.01)
            assert not any(task.done() for task in reading)
            for n in range(10, 20):
                _run(broker, f"c{n}")
                await asyncio.sleep(0)
            catalogue.end()
            return [await task for task in reading]

    everything, even, odd, none, first, second = asyncio.run(run())

    ids = [f"c{n}" for n in range(20)]
    assert sorted(everything) == sorted(ids)
    assert even == ids[::2]
    assert odd == ids[1::2]
    assert none == []
    assert sorted(first + second) == sorted(ids)
    assert first
    assert second


def test_what_is_gathered_is_in_the_file_with_the_next_commit(tmp_path):
    """One write for a turn of the runner; trials are checked when the calls wait, or at the end; the rest at once."""
    path = tmp_path / "l"
    with Broker(path, started(2), examine=examine, gathers=True) as broker:
        begun = path.stat().st_size
        _run(broker, "c1", "c2")
        assert path.stat().st_size == begun

        broker.commit()
        assert [record.kind for record in read_ledger(path)][1:] == ["intent", "outcome"] * 2
        broker.settle(1)
        assert [record.kind for record in read_ledger(path)][5:] == ["checked"]
        broker.flush()
        assert [record.kind for record in read_ledger(path)][5:] == ["checked", "checked"]
        broker.checked(Checked(case_id="c1", results={"mine": "pass"}, self_reported=True))
        broker.review(Trial(case=Case(id="c1"), outputs=_FINE))
        assert [record.kind for record in read_ledger(path)][7:] == ["checked", "checked"]
        assert broker.close().complete


def test_repeats_of_a_case_share_the_record_of_its_case(tmp_path):
    """Every trial comes with its case."""

    async def run():
        catalogue = Catalogue(repeats=2)
        case = Case(id="c", input="x")
        with Broker(tmp_path / "l", started(2), catalogue=catalogue) as broker:
            for repeat in range(2):
                broker.intend(case, repeat, f"r{repeat}")
            for repeat in range(2):
                broker.record(Trial(case=case, repeat=repeat, outputs=(Output(),)), f"r{repeat}")
            catalogue.end()
            return [orjson.loads(line) async for batch in catalogue.batches() for line in batch.splitlines()]

    lines = asyncio.run(run())

    assert [line["intent"]["case"]["id"] for line in lines] == ["c", "c"]
    assert [line["outcome"]["repeat"] for line in lines] == [0, 1]
    assert [line["checked"] for line in lines] == [None, None]


def test_a_ledger_that_is_cut_under_its_readers_is_told(tmp_path):
    """Instead of a line that ends in the middle."""

    async def run():
        catalogue = Catalogue()
        with Broker(tmp_path / "l", started(1), catalogue=catalogue) as broker:
            _run(broker, "c1")
            os.truncate(tmp_path / "l", (tmp_path / "l").stat().st_size - 5)
            return [batch async for batch in catalogue.batches()]

    with pytest.raises(InputError, match="was cut"):
        asyncio.run(run())


def test_a_long_line_is_read_whole(tmp_path):
    """Whatever its length."""

    async def run():
        catalogue = Catalogue()
        with Broker(tmp_path / "l", started(1), catalogue=catalogue) as broker:
            _run(broker, "c1", outputs=(Output(content="x" * 100_000),))
            catalogue.end()
            return [orjson.loads(batch) async for batch in catalogue.batches()]

    assert len(asyncio.run(run())[0]["outcome"]["outputs"][0]["content"]) == 100_000


def test_what_was_gathered_is_checked_before_the_end_whoever_asks(tmp_path):
    """Nobody settles: no trial goes without its checks, and no more than some wait for them at any time."""
    path = tmp_path / "l"
    with Broker(path, started(300), examine=examine, gathers=True) as broker:
        for number in range(300):
            _run(broker, f"c{number}")
        assert sum(record.kind == "checked" for record in read_ledger(path)) >= 300 - 128 - 1
        closed = broker.close()

    assert closed.complete
    assert closed.counts.scored == 300
