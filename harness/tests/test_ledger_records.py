"""What records say: written in full, read strictly, a million rows at a time where they are many."""

from __future__ import annotations

import pytest

from sluicegate.errors import InputError
from sluicegate.ledger import (
    Attestation,
    Checked,
    CountRows,
    Expected,
    Intent,
    LedgerWriter,
    Measurements,
    Outcome,
    Record,
    RunClosed,
    RunStarted,
    Shard,
    Source,
    TestRun,
    ValueRows,
    Void,
    count_blocks,
    entry,
    read_ledger,
    value_blocks,
)
from sluicegate.ledger.trials import TrialJoin
from sluicegate.model import (
    Capability,
    Case,
    Counts,
    Crash,
    CrashKind,
    Finding,
    Observation,
    Origin,
    Output,
    Provenance,
)

_AT = "2026-01-01T00:00:00.000000Z"
_STARTED = RunStarted(
    schema_version=1,
    nonce="n",
    at=_AT,
    origin=Origin.GOLDEN,
    stage="s",
    attempt=2,
    subject="a",
    subject_parts={"code": "b"},
    apparatus="c",
    plan_digest="d",
    lock_digest="e",
    engine="0.1",
    previous="f",
    pipeline="http",
    capabilities=(Capability.MAIL,),
    expected=Expected(cases=2, trials=4, ids_digest="g"),
)
_COUNTS = Measurements(
    metric="approval_rate",
    origin=Origin.LIVE,
    subject="a",
    stage="ten",
    source=Source(name="a.csv", sha256="0"),
    window=(_AT, None),
    recorded_at=_AT,
    rows=CountRows(at=[1, 2], slice=["acme", None], k=[1, 0], n=[2, 3]),
)
_EVERY = [
    _STARTED,
    Intent(case_id="c", repeat=0, run_id="r", case=Case(id="c", input={"x": 1}), case_digest="d"),
    Intent(case_id="c", repeat=1, run_id="r", case_digest="d"),
    Outcome(
        case_id="c",
        repeat=0,
        run_id="r",
        at=_AT,
        outputs=(Output(content="é"), Output(error=Crash(kind=CrashKind.TIMEOUT, message="slow"))),
        observations=(Observation(run_id="r", double="model", action="gpt", at=_AT, detail={"n": 1}),),
    ),
    Checked(case_id="c", repeat=0, results={"a.b": "fail"}, findings=(Finding(check="a.b", case_id="c", message="m"),)),
    TestRun(test_id="t", outcome="passed", assertions=3, worker="gw0"),
    Shard(name="gw0", planned=3, run=3, closed=True),
    _COUNTS,
    Measurements(
        metric="latency",
        origin=Origin.LOAD,
        subject="a",
        provenance=Provenance.MOCKED,
        source=Source(name="a.csv", sha256="0"),
        recorded_at=_AT,
        rows=ValueRows(at=[1, 2], slice=[None, None], value=[1.5, None], failed=[False, True]),
    ),
    Attestation(name="audit", by="ada", statement="passed", at=_AT, expires=_AT),
    Void(origin=Origin.LOAD, reason="late", begins=_AT, ends=_AT),
    RunClosed(at=_AT, complete=True, counts=Counts(planned=4, run=4)),
]


def test_every_kind_of_record_reads_back_as_it_was_written(tmp_path):
    """Through a real ledger file."""
    with LedgerWriter(tmp_path / "l") as writer:
        for given in _EVERY:
            writer.append(given.KIND, given.body())

    reader = read_ledger(tmp_path / "l")
    assert [entry(record, reader.where(record.seq)) for record in reader] == _EVERY
    assert reader.closed


def test_every_field_stands_in_the_file_by_name():
    """A reader with other means than ours finds them all; only values inside leave their defaults out."""
    assert _EVERY[2].body() == {"case_id": "c", "repeat": 1, "run_id": "r", "case_digest": "d"}
    assert Shard(name="gw1", planned=3).body() == {"name": "gw1", "planned": 3, "run": 0, "closed": False, "head": None}
    assert set(_EVERY[10].body()) == {"origin", "reason", "from", "to"}
    assert _COUNTS.body()["window"] == [_AT, None]


def _record(kind: str, **body: object) -> Record:
    return Record(seq=3, kind=kind, body=body, hash="0")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (_record("outcom"), "Did you mean 'outcome'?"),
        (_record("intent", case_id=1, run_id="r", case_digest="d"), "$.case_id is 1"),
        (_record("outcome", case_id="c", repeat=0, run_id="r", at=_AT, outputs=[]), "holds no output"),
        (_record("checked", case_id="c", repeat=0, results={"a": "passed"}), "'passed' is no result"),
        (_record("run_started", **{**_STARTED.body(), "schema_version": 2}), "this release reads 1"),
        (_record("shard", name="gw0", planned=1, more=1), "unknown key 'more'"),
    ],
)
def test_a_record_that_says_something_else_is_refused_with_its_place(record, said):
    """A good hash says that nobody changed it, not that it is right."""
    with pytest.raises(InputError) as raised:
        entry(record, "l.jsonl:4")

    assert str(raised.value).startswith("l.jsonl:4")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"at": [1], "slice": [None], "k": [1]}, "need the columns"),
        ({"at": [1], "slice": [None], "k": [1], "n": [1, 2]}, "unequal length"),
        ({"at": [1], "slice": [None], "k": [True], "n": [1]}, "'k' holds bool"),
        ({"at": [1.5], "slice": [None], "k": [1], "n": [1]}, "'at' holds float"),
        ({"at": [True], "slice": [None], "k": [1], "n": [1]}, "'at' holds bool"),
        ({"at": [1], "slice": [2], "k": [1], "n": [1]}, "'slice' holds int"),
        ({"at": [1], "slice": [None], "k": [-1], "n": [1]}, "negative"),
        ({"at": [1], "slice": [None], "value": [None], "failed": [False]}, "missing where the attempt did not fail"),
        ({"at": [1], "slice": [None], "value": ["1"], "failed": [False]}, "'value' holds str"),
        ({"at": "x", "slice": [None], "k": [1], "n": [1]}, "not a list"),
        ({"at": [1] * 1001, "slice": [None] * 1001, "k": [1] * 1001, "n": [1] * 1001}, "at most 1000"),
        (None, "need the columns"),
    ],
)
def test_a_column_that_is_not_what_it_must_be_is_refused(rows, said):
    """Never a number for unknown: no boolean counts, no missing value, no half row."""
    with pytest.raises(InputError, match=said):
        entry(_record("measurements", **{**_COUNTS.body(), "rows": rows}), "l:1")


def test_a_number_that_is_not_finite_is_never_written():
    """orjson would write it as null."""
    rows = ValueRows(at=[1], slice=[None], value=[float("nan")], failed=[False])
    with pytest.raises(ValueError, match="expected a finite number"):
        Measurements(
            metric="m",
            origin=Origin.LIVE,
            subject="s",
            source=Source(name="f", sha256="0"),
            recorded_at=_AT,
            rows=rows,
        ).body()


def test_rows_come_in_blocks_of_a_thousand():
    """From a stream, keeping one block."""
    counts = list(count_blocks((at, "a", 1, 2) for at in range(2500)))
    values = list(value_blocks([(1, None, 0.5, False)]))

    assert [len(block) for block in counts] == [1000, 1000, 500]
    assert counts[2].at[-1] == 2499
    assert values == [ValueRows(at=[1], slice=[None], value=[0.5], failed=[False])]
    assert list(count_blocks([])) == []


def _trial_records(repeats: int):
    case = Case(id="c", input="x")
    for repeat in range(repeats):
        intent = Intent(
            case_id="c", repeat=repeat, run_id=f"r{repeat}", case=case if repeat == 0 else None, case_digest="d"
        )
        yield _record("intent", **intent.body())
    for repeat in range(repeats):
        outcome = Outcome(case_id="c", repeat=repeat, run_id=f"r{repeat}", at=_AT, outputs=(Output(content="y"),))
        yield _record("outcome", **outcome.body())


def test_trials_are_put_together_from_intents_and_outcomes():
    """Repeats share the case that the first intent carries."""
    join = TrialJoin(repeats=3)
    trials = [done.trial for record in _trial_records(3) if (done := join.feed(record)) is not None]

    assert [trial.repeat for trial in trials] == [0, 1, 2]
    assert all(trial.case == Case(id="c", input="x") for trial in trials)
    assert join.case("c") is None
    assert list(join.unfinished()) == []


def test_an_intent_without_an_outcome_stays_unfinished():
    """It is a crash once the ledger has ended."""
    join = TrialJoin()
    for record in list(_trial_records(1))[:1]:
        join.feed(record)

    assert [intent.case_id for intent in join.unfinished()] == ["c"]


def test_an_outcome_that_nobody_intended_is_refused():
    """Outcomes cannot be slipped in."""
    with pytest.raises(InputError, match="answers no intent"):
        TrialJoin().feed(list(_trial_records(1))[1], "l:9")


_MET = {"case_id": "c", "repeat": 0, "results": {"a": "pass"}, "findings": [], "self_reported": False}


def _met(**other):
    return Record(seq=0, kind="checked", body=_MET | other, hash="")


def test_results_that_were_met_before_are_shared():
    """Most trials say the same, which is kept once: in their order, which a report keeps."""
    entry(_met())
    first, again = entry(_met(case_id="d")), entry(_met(case_id="e", repeat=1))
    assert again == Checked(case_id="e", repeat=1, results={"a": "pass"})
    assert first.results is again.results
    assert [*entry(_met(results={"b": "pass", "a": "fail"})).results] == ["b", "a"]
    assert [*entry(_met(results={"a": "fail", "b": "pass"})).results] == ["a", "b"]


@pytest.mark.parametrize(
    "other",
    [
        {"case_id": 1},
        {"repeat": True},
        {"repeat": "0"},
        {"self_reported": 0},
        {"findings": {}},
        {"findings": None},
        {"scores": {"a": "much"}},
        {"more": 1},
        {"results": {"a": 1}},
        {"results": {"a": ["pass"]}},
        {"results": [["a", "pass"]]},
    ],
    ids=str,
)
def test_what_stands_beside_results_that_were_met_before_is_read_as_strictly(other):
    """That its results are known vouches for nothing else in a record."""
    assert entry(_met()).results == {"a": "pass"}
    with pytest.raises(InputError):
        entry(_met(**other))


@pytest.mark.parametrize("name", ["case_id", "results"])
def test_a_field_that_is_missing_beside_results_that_were_met_before_is_missed(name):
    """A record with as many fields as it should have may still lack one."""
    entry(_met())
    body = {key: value for key, value in _MET.items() if key != name} | {"scores": {}}
    with pytest.raises(InputError):
        entry(Record(seq=0, kind="checked", body=body, hash=""))
