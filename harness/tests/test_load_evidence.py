"""Shards as evidence: every request counted from its bytes, what is left out said, and no count believed."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sluicegate.cli import load as load_door
from sluicegate.cli.load import load as load_command
from sluicegate.errors import Fault, InputError
from sluicegate.ledger import (
    Intent,
    LedgerError,
    LoadAccount,
    Measurements,
    Outcome,
    RunClosed,
    RunStarted,
    entry,
    read_ledger,
)
from sluicegate.model import Kind, Origin, now_utc
from sluicegate.session import load_evidence
from sluicegate.session.load import job_for, shards_at_hand, take_shards
from sluicegate.session.load_cases import load_cases
from sluicegate.session.load_evidence import SERVED, Sending, loading

sys.path.insert(0, str(Path(__file__).parent))
from load_gate_world import Answer, LoadWorld, ok, unreachable

sys.path.pop(0)

HUNDRED = "steady: {arrivals: constant, rate: 100/s, for: 4 s, warm_up: 1 s, cool_down: 500 ms, objective: 200 ms}"


def records(path: Path) -> dict[str, list[Any]]:
    """A ledger's records by kind, whole and unbroken."""
    found = defaultdict(list)
    reader = read_ledger(path)
    for record in reader:
        found[record.kind].append(entry(record))
    assert reader.broken is None
    return found


def values(found: dict[str, list[Any]], metric: str) -> list[float]:
    """Every value of a metric, failures being infinite."""
    blocks: list[Measurements] = [block for block in found["measurements"] if block.metric == metric]
    return [
        math.inf if failed else float(value)
        for block in blocks
        for value, failed in zip(block.rows.value, block.rows.failed, strict=True)
    ]


def shares(found: dict[str, list[Any]], metric: str) -> tuple[int, int]:
    """k and n of a metric."""
    blocks = [block for block in found["measurements"] if block.metric == metric]
    return sum(sum(block.rows.k) for block in blocks), sum(sum(block.rows.n) for block in blocks)


def test_a_run_in_the_ledger(tmp_path: Path) -> None:
    """Latency of every request from its intended start, failures infinite, warm-up and cool-down left out and said."""
    world = LoadWorld(root=tmp_path, profiles=(HUNDRED,))

    def answer(i: int) -> Answer:
        match i:
            case 150:
                return Answer(status="error", kind="http_status", http=503)
            case 151:
                return Answer(status="incomplete", kind="garbage")
            case 152:
                return Answer(status="dropped")
            case _:
                return Answer(took_ms=100 + i, first_ms=10, usage={"input_tokens": 3, "output_tokens": i}, cost=7)

    ran = world.ran(answer)
    found = records(ran.path)
    tally = ran.imported.tally
    measured = range(100, 350)

    assert sorted(values(found, "latency")) == [100.0 + i for i in measured if not 150 <= i <= 152] + [math.inf] * 3
    assert sorted(values(found, "ttft")) == [10.0] * 247 + [math.inf] * 3
    assert shares(found, "errors.rate") == shares(found, "crashes") == (3, 250)
    assert sum(values(found, "cost.per_case")) == 7 * 247
    assert sorted(values(found, "tokens.output")) == [float(i) for i in measured if not 150 <= i <= 152]
    assert (tally.planned, tally.sent, tally.ok, tally.errors, tally.incomplete, tally.dropped) == (
        400,
        399,
        397,
        1,
        1,
        1,
    )
    assert (tally.warm_up, tally.measured, tally.cool_down) == (100, 250, 50)
    # Exact, and of all that count: the 238th of 250 values, of which three are infinite.
    assert tally.p95_ms == 100 + sorted(i for i in measured if not 150 <= i <= 152)[237]
    assert ran.imported.complete
    assert found["run_closed"][0].complete


def test_what_the_first_and_last_records_say(tmp_path: Path) -> None:
    """Whose run it is, which profile, and that it ended."""
    world = LoadWorld(root=tmp_path)
    found = records(world.ran().path)
    started: RunStarted = found["run_started"][0]
    closed: RunClosed = found["run_closed"][0]
    account: LoadAccount = found["load"][0]

    assert (started.origin, started.stage, started.subject) == (Origin.LOAD, "first", world.workspace.subject)
    assert started.load is not None
    assert (started.load.profile, started.load.objective_ms) == ("steady", 200)
    assert account.broken == ()
    assert closed.complete
    assert [shard.closed for shard in found["shard"]] == [True]


def test_throughput_counts_whole_answers_by_the_second_they_came_in(tmp_path: Path) -> None:
    """Seconds without an answer are seconds: a stalled target has a throughput of 0, not none."""
    world = LoadWorld(root=tmp_path)
    # What was to begin in the second second comes in the third, and every other one of the fourth failed.
    stalled = {
        i: Answer(took_ms=1000) if 100 <= i < 200 else Answer(status="error", kind="http_status", http=500)
        for i in range(400)
        if 100 <= i < 200 or (i >= 300 and i % 2)
    }
    found = records(world.ran(lambda i: stalled.get(i, Answer(took_ms=1))).path)

    assert values(found, "throughput") == [100.0, 0.0, 200.0, 50.0]


def test_kept_answers_are_trials(tmp_path: Path) -> None:
    """Those that the run ids choose, with what came back and when; one that was never sent is a crash."""
    world = LoadWorld(
        root=tmp_path, profiles=("steady: {arrivals: constant, rate: 100/s, for: 4 s, objective: 1 s, sample: 25 %}",)
    )
    ran = world.ran(lambda i: Answer(status="dropped") if i % 2 else Answer(took_ms=40))
    found = records(ran.path)
    intents: list[Intent] = found["intent"]
    outcomes: list[Outcome] = found["outcome"]

    assert [one.run_id for one in intents] == [one.run_id for one in outcomes]
    assert 60 < len(outcomes) == ran.imported.tally.kept < 140
    assert sum(one.case is not None for one in intents) == 2
    for one in outcomes:
        output = one.outputs[0]
        assert (output.error is not None) == (one.case_id == "two")
        assert output.latency_ms == (None if one.case_id == "two" else 40.0)


@pytest.mark.parametrize("metric", ["errors.rate", "draft.success_rate", "goodput"])
def test_imported_twice_is_counted_once(tmp_path: Path, metric: str) -> None:
    """The same shards are the same requests and the same answers, however often they are handed over."""
    world = LoadWorld(root=tmp_path, criteria=(f"{metric}: {{from: load, promote: 1 %, mode: point}}",))
    folder = world.shards(lambda i: Answer(content="no order" if i % 4 else "order 1 and 2"))
    for _ in range(3):
        world.took_in(folder)
    verdict = world.verdict()

    assert verdict.criteria[0].measured.n == 400  # type: ignore[union-attr]
    if metric == "draft.success_rate":
        assert "800 answers under load taken in again and counted once" in verdict.notes


def test_what_was_found_under_load_alone_is_met_again_by_load(tmp_path: Path) -> None:
    """No command runs a case by itself at a stage that runs none."""
    world = LoadWorld(root=tmp_path, criteria=("draft.success_rate: {from: load, promote: 95 %, alert: 90 %}",))
    world.ran(lambda _: Answer(content="no order"))

    found = [reason.rerun for reason in world.verdict().reasons if reason.rerun]

    assert found
    assert all(rerun == f"sluicegate load {tmp_path}/plan.yaml --stage first" for rerun in found)


def test_a_copy_that_tells_an_answer_in_another_way_holds(tmp_path: Path) -> None:
    """Of one request there is one answer: where two files say two, nobody knows which it was."""
    world = LoadWorld(root=tmp_path, criteria=("draft.success_rate: {from: load, promote: 1 %, mode: point}",))
    first = world.shards()
    world.took_in(first)
    first.rename(tmp_path / "first")
    world.runs = 0  # the same run once more
    copied = world.shards(lambda i: Answer(content="no order" if i == 7 else "order 1 and 2"))
    world.took_in(copied)

    assert world.verdict().kind is Kind.HOLD_INVALID_EVIDENCE


def test_usage_that_only_some_answers_have_is_unknown_of_the_others(tmp_path: Path) -> None:
    """And unknown is worse than any number; where no answer has any, there is no number at all."""
    world = LoadWorld(root=tmp_path)
    some = records(world.ran(lambda i: Answer(cost=5 if i % 2 else None)).path)
    none = records(world.ran(ok).path)

    assert values(some, "cost.per_case").count(math.inf) == 200
    assert values(none, "cost.per_case") == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"of": 2, "killed": [1]}, "no closing line"),
        ({"of": 3, "lost": [1]}, "1 shard of 3 missing"),
        ({"leave_out": [7]}, "1 of 400 arrivals the profile asks for are in no shard"),
        ({"twice": [7]}, "1 request twice"),
        ({"complete": False}, "stopped before the profile was over"),
    ],
)
def test_what_shards_lack(tmp_path: Path, how: dict[str, Any], said: str) -> None:
    """A killed, missing, cut, doubled or stopped shard leaves a run that is not complete, and says which."""
    ran = LoadWorld(root=tmp_path).ran(**how)

    assert not ran.imported.complete
    assert any(said in why for why in ran.imported.broken)
    assert not records(ran.path)["run_closed"][0].complete
    assert values(records(ran.path), "latency"), "what there is counts for lines that were crossed"


def test_a_changed_shard(tmp_path: Path) -> None:
    """One request made faster afterwards: the closing line no longer agrees."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards(lambda _: Answer(took_ms=900))
    shard = next(folder.glob("*.jsonl"))
    lines = shard.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[5] = lines[5].replace('"status":"error"', '"status":"ok"').replace('"end":1', '"end":2')
    shard.write_text("".join(lines), encoding="utf-8")

    assert any("changed after it was closed" in why for why in world.took_in(folder).imported.broken)


def _of(i: int, **changed: object) -> Callable[[dict[str, Any]], object]:
    """Changes one request."""
    return lambda line: line.update(changed) if line.get("i") == i else None


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_of(3, case="one", repeat=1), "1 request of another case than the profile asks there"),
        (_of(3, case="three"), "1 request of a case the plan does not have"),
        (_of(3, run_id="f" * 16), "1 request of another case than the profile asks there"),
        (_of(3, start=None), "1 request without beginning or end"),
        (_of(3, end=0), "1 request whose times go back"),
        (_of(3, first=0), "1 request whose times go back"),
        (_of(3, start=0), "1 request whose times go back"),
        (_of(3, http=500), "1 request called ok that went wrong"),
        (_of(3, error={"kind": "timeout", "message": "no answer"}), "1 request called ok that went wrong"),
        (_of(3, output=None), "1 request whose answer was to be kept, and is not there"),
        (_of(3, status="error"), "1 request that went wrong without an error"),
        (_of(3, status="dropped"), "1 request dropped and sent"),
        (
            _of(3, status="error", error={"kind": "cancelled", "message": "stopped"}),
            "says that it ran to its end, and cut requests off",
        ),
        (lambda line: "worst" not in line, "for 4.0 s its generator did not say whether it was late"),
    ],
)
def test_shards_whose_bytes_agree_and_that_cannot_be(
    tmp_path: Path, edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    """A hash says that nobody changed a shard since; what it says still has to be what a generator can have seen."""
    ran = LoadWorld(root=tmp_path).ran(edit=edit)

    assert any(said in why for why in ran.imported.broken), ran.imported.broken
    assert not ran.imported.complete


def test_users_whose_requests_have_holes(tmp_path: Path) -> None:
    """A user asks one after the other: what came before the last is there, or was taken out."""
    profile = "steady: {users: 5, for: 4 s, objective: 1 s}"
    world = LoadWorld(root=tmp_path, profiles=(profile,))

    assert world.ran(users=50, of=2).imported.complete
    ran = world.ran(users=50, of=2, leave_out=[20, 21, 24])
    assert any("3 requests that came before others are in no shard" in why for why in ran.imported.broken)


def test_a_generator_whose_users_asked_nothing_is_said(tmp_path: Path) -> None:
    """Its shard is there, closed and empty: its users were to ask as the others did."""
    world = LoadWorld(root=tmp_path, profiles=("steady: {users: 10, for: 4 s}",))

    assert not world.ran(users=400, of=2, leave_out=range(1, 400, 2)).imported.complete


@pytest.mark.parametrize(("kept", "pause", "is_whole"), [(400, "0s", True), (200, "0s", False), (200, "3s", True)])
def test_users_ask_until_they_go(tmp_path: Path, kept: int, pause: str, is_whole: bool) -> None:
    """The last requests taken out leave no hole; but a user asks for as long as it is there, short of its pause."""
    world = LoadWorld(root=tmp_path, profiles=(f"steady: {{users: 10, for: 4 s, pause: {pause}}}",))
    ran = world.ran(users=400, leave_out=range(kept, 400))

    assert ran.imported.complete is is_whole
    assert is_whole or "its users asked nothing in the last 2.0 s" in ran.imported.broken[0]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"subject": "0" * 64}, "the shards are of subject 000000000000, and the present one is subject "),
        ({"subject": ""}, "the shards are of no subject"),
        ({"asked": "0" * 64}, "what profile 'steady' asks has changed since"),
        ({"worker": 1}, "says that it is of generator 1 of 1"),
        ({"of": 1 << 40}, "says that it is of generator 0 of 1099511627776"),
        ({"start_us": 1 << 62}, "says times that no clock shows"),
        ({"version": 99}, "is of version 99"),
    ],
)
def test_shards_that_are_not_of_this_plan(tmp_path: Path, edit: dict[str, object], said: str) -> None:
    """Of another build, of nobody knows which, of other requests, of another release: refused, and nothing is kept."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards(edit=lambda line: line.update(edit) if "nonce" in line else None)
    with pytest.raises(InputError, match=said):
        world.took_in(folder)

    assert not list(tmp_path.rglob("recorded/*"))


def test_shards_are_as_old_as_their_run(tmp_path: Path) -> None:
    """However late they are taken in; and a time still to come is none."""
    for days, said in ((-400, "is stale: older than"), (1, "is of a time that is still to come")):
        world = LoadWorld(root=tmp_path / str(days), start=now_utc() + timedelta(days=days))
        world.ran()
        assert world.verdict().kind is Kind.HOLD_INVALID_EVIDENCE
        reasons = " ".join(reason.text for reason in world.verdict().reasons)
        assert said in reasons
        assert "\\0" not in reasons


def test_what_was_sent_last_is_the_newest(tmp_path: Path) -> None:
    """An older run that is taken in after it does not stand for it."""
    world = LoadWorld(root=tmp_path)
    older, newer = world.shards(), world.shards(of=2, lost=[1])
    world.took_in(newer)
    world.took_in(older)

    assert world.verdict().kind is Kind.HOLD_INVALID_EVIDENCE


def test_less_than_nothing_is_no_figure(tmp_path: Path) -> None:
    """A cost or a count below 0 is not known, as in every suite."""
    found = records(
        LoadWorld(root=tmp_path).ran(lambda i: Answer(cost=-7, usage={"input_tokens": -1 if i else 3})).path
    )

    assert values(found, "cost.per_case") == []
    assert values(found, "tokens.input").count(math.inf) == 399


def test_shards_of_two_runs_are_no_run(tmp_path: Path) -> None:
    """Nor are those of another profile than the plan's of today."""
    world = LoadWorld(root=tmp_path)
    first, second = world.shards(), world.shards()
    for path in second.glob("*.jsonl"):
        path.rename(first / path.name)
    assert any("of another run" in why for why in world.took_in(first).imported.broken)

    other = world.shards(edit=lambda line: line.update(seed=7) if "nonce" in line else None)
    assert any("another profile than the plan's of today" in why for why in world.took_in(other).imported.broken)


def test_a_folder_of_several_runs_is_taken_in_run_by_run(tmp_path: Path) -> None:
    """Locust writes every start into one folder: each is a run of its own, and one by no profile is no evidence."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards()
    by_hand = world.shards(edit=lambda line: line.update(asked="", subject="") if "nonce" in line else None)
    for path in [*world.shards().glob("*.jsonl"), *by_hand.glob("*.jsonl")]:
        path.rename(folder / path.name)

    done = CliRunner().invoke(load_command, [str(tmp_path / "plan.yaml"), "--shards", str(folder)])

    assert done.exit_code == 0, done.output
    assert done.output.count("load steady: 400 requests sent of 400 arrivals planned") == 2
    assert "run 0000000000000002 left out" in done.output
    assert "not complete" not in done.output
    assert world.verdict().kind is Kind.PROMOTE


def test_a_folder_of_what_is_no_evidence_says_why(tmp_path: Path) -> None:
    """Nothing is recorded, and the mend is named."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards(edit=lambda line: line.update(asked="", subject="") if "nonce" in line else None)

    with pytest.raises(InputError, match="by no profile"):
        shards_at_hand(world.workspace, folder)

    assert not list(tmp_path.glob(".sluicegate/recorded/*"))


def test_a_lost_generator_is_missed_beside_other_runs(tmp_path: Path) -> None:
    """What another run brought stands in for no shard that is missing."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards(of=2, lost=[1])
    for path in world.shards(of=2).glob("*.jsonl"):
        path.rename(folder / path.name)
    runs, left = shards_at_hand(world.workspace, folder)

    taken = [take_shards(world.workspace, folder, stage=world.workspace.stage("first"), run=run) for run in runs]

    assert not left
    assert any("1 shard of 2 missing" in why for why in taken[0].imported.broken)
    assert taken[1].imported.complete


def test_arrivals_at_other_times_than_the_profile_asks_for(tmp_path: Path) -> None:
    """A generator that sends when it likes has not sent the profile, whatever it counts."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards(edit=lambda line: line.update(intended=line["intended"] - 1) if line.get("i") == 7 else None)

    assert any("at another time than the profile asks for" in why for why in world.took_in(folder).imported.broken)


def test_a_folder_without_shards(tmp_path: Path) -> None:
    """A mistake of whoever names it: nothing is written."""
    world = LoadWorld(root=tmp_path)
    with pytest.raises(InputError, match="holds no shard"):
        world.took_in(tmp_path)

    assert not list(tmp_path.glob(".sluicegate/recorded/*"))


def test_a_profile_that_locust_was_told_is_missed_by_its_option(tmp_path: Path) -> None:
    """Whoever typed `--load-profile` has no `--profile` to correct."""
    world = LoadWorld(root=tmp_path)

    with pytest.raises(InputError, match=r"--load-profile: 'stedy' is no load profile\. Did you mean 'steady'"):
        job_for(world.root / "plan.yaml", "stedy")


def test_locust_is_told_a_profile_where_there_are_several(tmp_path: Path) -> None:
    """The only one is meant; of more, their names are said."""
    one = LoadWorld(root=tmp_path / "one")
    two = LoadWorld(root=tmp_path / "two", profiles=("ten: {users: 10, for: 9s}", "peak: {rate: 9/s, for: 9s}"))

    assert job_for(one.root / "plan.yaml", None).profile.name == "steady"
    with pytest.raises(InputError, match="Add --load-profile NAME: ten, peak"):
        job_for(two.root / "plan.yaml", None)


def test_nobody_answered(tmp_path: Path) -> None:
    """All unreachable: the run is void, since what serves may be well."""
    ran = LoadWorld(root=tmp_path).ran(unreachable)

    assert ran.imported.void.startswith("nobody answered at POST http://127.0.0.1:9/draft")
    assert len(records(ran.path)["void"]) == 1


def test_why_requests_failed_is_said_where_they_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By kind and status, the most frequent first, with what the first one said: after the run and in the verdict."""
    page = "POST http://127.0.0.1:9/draft: expected JSON, got text/html: <html>ann@mail.example</html>"

    def wrong(line: dict[str, Any]) -> None:
        if line.get("i") == 3:
            line.update(status="error", http=503, error={"kind": "http_status", "message": "answered 503"}, output=None)
        elif "i" in line and line["i"] % 2:
            line.update(status="error", error={"kind": "garbage", "message": page}, output=None)

    world = LoadWorld(root=tmp_path)
    ran = world.ran(edit=wrong)

    assert [(cause.kind, cause.count) for cause in ran.imported.tally.causes] == [("garbage", 199), ("http_status", 1)]
    load_door._told(ran)
    said = " ".join(capsys.readouterr().out.split())
    assert "199 requests failed as garbage, first: POST http://127.0.0.1:9/draft: expected JSON, got text/html" in said
    assert "ann@mail.example" not in said
    assert world.verdict().loads[0].tally == ran.imported.tally


@pytest.mark.parametrize(
    ("how", "is_late"),
    [
        ({"answer": lambda i: Answer(lag_ms=25 if i % 100 == 0 else 1)}, False),
        ({"answer": lambda i: Answer(lag_ms=25 if i % 50 == 0 else 1)}, True),
        ({"clock_ms": lambda second: 25 if second == 0 else 1}, False),
        ({"clock_ms": lambda second: 25 if second < 2 else 1}, True),
    ],
)
def test_a_late_generator(tmp_path: Path, how: dict[str, Any], is_late: bool) -> None:
    """More than 1 % of requests, or 5 % of its seconds and at least two, beyond max_lag: the run counts for nothing."""
    assert bool(LoadWorld(root=tmp_path).ran(**how).imported.void) is is_late


def test_a_full_disk_takes_nothing_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written whole stays as an unclosed run, which holds; a run that sent nothing leaves nothing."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards()

    def full(*_: object, **__: object) -> None:
        raise LedgerError(Fault(where="ledger", what="the disk is full."))

    with monkeypatch.context() as patched:
        patched.setattr(load_evidence, "import_shards", full)
        with pytest.raises(LedgerError):
            world.took_in(folder)

    assert world.verdict().kind is Kind.HOLD_INVALID_EVIDENCE
    assert "did not end" in world.verdict().reasons[0].text


def test_a_run_without_a_lock_leaves_nothing(tmp_path: Path) -> None:
    """Said before anything is made: no empty ledger stays, which would speak against every later run."""
    world = LoadWorld(root=tmp_path)
    folder = world.shards()
    lock = next(tmp_path.glob("*.lock"))
    kept = lock.read_bytes()
    lock.unlink()
    world._read = None
    with pytest.raises(InputError, match="there is no lock"):
        world.took_in(folder)

    lock.write_bytes(kept)
    world._read = None
    world.took_in(folder)

    assert world.verdict().kind is Kind.PROMOTE


def test_a_run_that_sent_nothing_leaves_no_folder(tmp_path: Path) -> None:
    """What stood around the pipeline had begun its file: the next run has the same number, and its folder is new."""
    world = LoadWorld(root=tmp_path)
    workspace, profile = world.workspace, world.profile()
    cases = {case.id: case for case in load_cases(workspace.plan, workspace.base)}
    sending = Sending(profile=profile, stage="first", cases=cases, nonce="0" * 32, target="here", workers=1)

    def refused() -> None:
        with loading(workspace, sending) as run:
            (run.shards / SERVED).write_bytes(b"{}")
            raise InputError(Fault(where="load", what="the generator refused the job."))

    for _ in range(2):
        with pytest.raises(InputError, match="refused"):
            refused()

    assert list((workspace.evidence / "recorded").iterdir()) == []


def test_what_shards_say_reaches_a_terminal_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shard may come from anywhere, and a generator's last words are whatever it wrote."""
    ran = LoadWorld(root=tmp_path).ran()
    odd = replace(ran.imported, broken=("holds a line of kind '\u202ex'",), void="nobody answered at \u202ey")

    load_door._told(replace(ran, imported=odd))

    said = capsys.readouterr().out
    assert "\u202e" not in said
    assert r"kind '\u202ex'" in said
    assert r"answered at \u202ey" in said
