"""Load evidence to a verdict: unknown is never promote, and a late generator or an outage never rolls a build back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sluicegate.errors import InputError
from sluicegate.ledger.load_shard import ShardReader
from sluicegate.model import Decision, Kind, Status, Verdict
from sluicegate.model.verdict_json import read_verdict, verdict_json
from sluicegate.report.canonical_json import verdict_schema
from sluicegate.report.html import render_html
from sluicegate.report.markdown import render_markdown
from sluicegate.report.terminal import render_terminal
from sluicegate.session.compared_runs import read_run
from sluicegate.session.judge import decide
from sluicegate.session.load_cases import load_cases
from sluicegate.session.load_evidence import Sending, loading
from sluicegate.session.load_orphans import take_orphans

sys.path.insert(0, str(Path(__file__).parent))
from load_gate_world import Answer, LoadWorld, ok, unreachable

sys.path.pop(0)

EVERY = (
    "latency: {from: load, at: p95, promote: 100 ms, alert: 300 ms, rollback: 1 s}",
    "errors.rate: {from: load, promote: 1 %, alert: 5 %, rollback: 20 %}",
    "goodput: {from: load, promote: 95 %, alert: 90 %}",
    "draft.success_rate: {from: load, promote: 95 %, alert: 90 %, rollback: 50 %}",
    "throughput: {from: load, at: mean, promote: 50, mode: point}",
)
CONTRACT = "schemas: {structured: reply.json}\n"
REPLY = {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}}


def judged(root: Path, answer: Callable[[int], Answer] = ok, *, live: bool = False, **how: Any) -> Verdict:
    """The verdict on one run."""
    world = LoadWorld(root=root, criteria=EVERY, live=live)
    world.ran(answer, **how)
    return world.verdict()


def kinds(verdict: Verdict) -> set[str]:
    """Everything that keeps it."""
    return {reason.kind.value for reason in verdict.reasons}


def slow(_: int) -> Answer:
    """Twice as slow as the rollback line."""
    return Answer(took_ms=2000)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """A sound build under load."""
    return judged(tmp_path_factory.mktemp("good"), lambda i: Answer(took_ms=40 + i % 20, lag_ms=2))


def test_a_sound_build_is_promoted(good: Verdict) -> None:
    """Every criterion met by requests of the profile, each judged from its bytes."""
    assert good.kind is Kind.PROMOTE
    assert {(result.metric, result.profile, result.status) for result in good.criteria} == {
        (line.partition(":")[0], "steady", Status.PASS) for line in EVERY
    }
    assert {result.metric: result.measured.n for result in good.criteria}["goodput"] == 400  # type: ignore[union-attr]


def test_the_report_draws_it(good: Verdict) -> None:
    """Latency over time, arrivals against plan, errors, goodput and lag, in every form; 80 columns are enough."""
    lines = render_terminal(good, width=80).splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for said in (
        "load steady: 400 requests sent of 400 arrivals planned",
        "from  planned  sent  failed",
        "in time (200 ms)",
    ):
        assert said in text
    assert "latency p95 (steady)" in text
    assert "### Load: steady" in render_markdown(good)
    page = render_html(good)
    assert page.count('class="planned"') == 4
    assert "Load steady: latency, and arrivals against plan, over time" in page


def test_the_verdict_s_bytes_hold_it(good: Verdict) -> None:
    """Strictly read back, and as the published schema says."""
    raw = verdict_json(good)
    assert read_verdict(raw).loads[0].tally.planned == 400
    Draft202012Validator(verdict_schema()).validate(json.loads(raw))


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"of": 2, "killed": [1]}, Kind.HOLD_INVALID_EVIDENCE),
        ({"of": 2, "lost": [1]}, Kind.HOLD_INVALID_EVIDENCE),
        ({"leave_out": [7]}, Kind.HOLD_INVALID_EVIDENCE),
        ({"complete": False}, Kind.HOLD_INVALID_EVIDENCE),
        ({"answer": unreachable}, Kind.HOLD_INVALID_EXPERIMENT),
        ({"answer": lambda i: Answer(lag_ms=30 if i % 20 == 0 else 0)}, Kind.HOLD_INVALID_EXPERIMENT),
        ({"answer": lambda i: Answer(status="dropped") if i == 7 else Answer()}, Kind.HOLD_INCOMPLETE),
        ({"answer": lambda i: Answer(status="error", kind="not_sent") if i % 2 else Answer()}, Kind.HOLD_INCOMPLETE),
        ({"answer": lambda _: Answer(status="error", kind="garbage")}, Kind.HOLD_THRESHOLD),
        ({"answer": lambda _: Answer(status="incomplete", kind="garbage")}, Kind.HOLD_THRESHOLD),
        ({"answer": lambda _: Answer(content="an unrelated order")}, Kind.HOLD_BELOW_TARGET),
    ],
    ids=["killed", "lost", "hole", "stopped", "dead", "late", "dropped", "unsent", "html", "cut", "content"],
)
def test_never_a_pass(tmp_path: Path, how: dict[str, Any], kind: Kind) -> None:
    """What a load run can lack, beside numbers that would be good enough: each holds, with its own kind."""
    answer = how.pop("answer", ok)
    verdict = judged(tmp_path, answer, **how)

    assert verdict.kind is kind, [reason.text for reason in verdict.reasons]


def test_no_run_and_no_request(tmp_path: Path) -> None:
    """Neither nothing nor a run of nothing shows that nothing was slow; what to type is said."""
    world = LoadWorld(root=tmp_path, profiles=("steady: {users: 5, for: 4 s, objective: 1 s}",), criteria=EVERY)
    verdict = world.verdict()
    assert verdict.kind is Kind.HOLD_INCOMPLETE
    assert f"sluicegate load {tmp_path}/plan.yaml --stage first --profile steady" in verdict.reasons[0].mend

    world.ran(users=0)
    assert world.verdict().kind is Kind.HOLD_INCOMPLETE
    assert "measured no request" in world.verdict().reasons[0].text


def test_only_warm_up(tmp_path: Path) -> None:
    """Requests that count for nothing are no evidence."""
    profile = "steady: {users: 5, for: 4 s, pause: 3 s, warm_up: 3 s, objective: 1 s}"
    world = LoadWorld(root=tmp_path, profiles=(profile,), criteria=EVERY)
    world.ran(users=3)

    assert world.verdict().kind is Kind.HOLD_INCOMPLETE


@pytest.mark.parametrize("how", [{}, {"of": 2, "killed": [1]}, {"leave_out": [7]}])
def test_a_bad_build_rolls_back_whatever_else_is_broken(tmp_path: Path, how: dict[str, Any]) -> None:
    """A worker that was killed takes nothing from what the others saw."""
    assert judged(tmp_path, slow, live=True, **how).kind is Kind.ROLLBACK_THRESHOLD


def test_a_late_generator_rolls_nothing_back(tmp_path: Path) -> None:
    """Its own lateness looks as a slow target does: the run is void, and neither promotes nor rolls back."""
    verdict = judged(tmp_path, lambda i: Answer(took_ms=2000, lag_ms=1900 if i % 2 else 0), live=True)

    assert verdict.decision.value == "hold"
    assert Kind.HOLD_INVALID_EXPERIMENT.value in kinds(verdict)


@pytest.mark.parametrize(
    "line",
    [
        "goodput: {from: load, promote: 99.9 %, alert: 99.5 %, rollback: 99.2 %, min: 100}",
        "latency: {from: load, at: p99.9, promote: 100 ms, alert: 300 ms, rollback: 400 ms}",
    ],
)
def test_the_few_late_requests_that_are_allowed_roll_nothing_back(tmp_path: Path, line: str) -> None:
    """One in a hundred may begin late: it promotes nothing, and what the generator cost is not the target's."""

    def late(i: int) -> Answer:
        return Answer(lag_ms=500, took_ms=540) if i % 100 == 0 else Answer()

    def slow_too(i: int) -> Answer:
        return Answer(lag_ms=500, took_ms=2500) if i % 100 == 0 else Answer(took_ms=900 if i % 10 == 0 else 50)

    def verdict_on(name: str, answer: Callable[[int], Answer]) -> Verdict:
        world = LoadWorld(root=tmp_path / name, live=True, criteria=(line,))
        world.ran(answer)
        return world.verdict()

    verdict = verdict_on("ours", late)
    assert verdict.kind is Kind.HOLD_SUSPECT
    assert "the generator was late for" in verdict.reasons[0].text
    assert verdict_on("theirs", slow_too).kind is Kind.ROLLBACK_THRESHOLD


def test_one_long_stall_of_the_generator_rolls_nothing_back(tmp_path: Path) -> None:
    """A machine that stood still for seconds leaves one line of lag, as long as the stall was."""
    world = LoadWorld(
        root=tmp_path,
        live=True,
        profiles=["thirty: {users: 30, for: 22s}"],
        criteria=["latency: {from: load, at: p95, promote: 1 s, alert: 2 s, rollback: 5 s}"],
    )
    stalled = world.shards(
        lambda i: Answer(took_ms=7243 if i % 10 == 0 else 500),
        profile="thirty",
        users=600,
        clock_ms=lambda second: 7000.0 if second == 9 else 0.5,
    )
    world.took_in(stalled)

    assert world.verdict().kind is Kind.HOLD_INVALID_EXPERIMENT


def test_an_outage_rolls_nothing_back(tmp_path: Path) -> None:
    """Requests that found nobody hold and cannot roll back; what the target itself refused can."""
    out = judged(tmp_path / "out", lambda i: unreachable(i) if i >= 150 else Answer(), live=True)
    assert out.decision.value == "hold"
    assert Kind.HOLD_SUSPECT.value in kinds(out)

    refused = judged(
        tmp_path / "refused", lambda i: Answer(status="error", kind="http_status") if i >= 150 else Answer(), live=True
    )
    assert refused.kind is Kind.ROLLBACK_THRESHOLD


def test_what_was_never_sent_rolls_nothing_back(tmp_path: Path) -> None:
    """Dropped arrivals say that too many were under way; what the target did is said by those that were sent."""
    most = judged(tmp_path / "most", lambda i: Answer(status="dropped") if i % 10 else Answer(), live=True)
    assert most.decision is Decision.HOLD
    assert "hold.incomplete" in kinds(most)

    bad = judged(tmp_path / "bad", lambda i: Answer(status="dropped") if i % 10 else slow(i), live=True)
    assert bad.kind is Kind.ROLLBACK_THRESHOLD


def test_an_incident_in_a_void_run_is_one(tmp_path: Path) -> None:
    """Bad evidence never turns a rollback into a hold: the judge finds it again in the bytes of the answer."""
    (tmp_path / "reply.json").write_text(json.dumps(REPLY), encoding="utf-8")
    criteria = (*EVERY[:2], "schema.violations: {from: load, promote: 0, max_rate: 5 %}")

    def answer(i: int) -> Answer:
        return Answer(structured={"order": "one" if i == 9 else 1}, lag_ms=500)

    world = LoadWorld(root=tmp_path, criteria=criteria, more=CONTRACT, live=True)
    world.ran(answer)

    assert world.verdict().kind is Kind.ROLLBACK_INCIDENT


def test_contracts_are_judged_on_kept_answers(tmp_path: Path) -> None:
    """0 of 400 answers break their contract, counted by the judge; no number of the generator's is taken."""
    (tmp_path / "reply.json").write_text(json.dumps(REPLY), encoding="utf-8")
    criteria = (EVERY[0], "schema.violations: {from: load, promote: 0, max_rate: 5 %}")
    world = LoadWorld(root=tmp_path, criteria=criteria, more=CONTRACT)
    world.ran(lambda _: Answer(structured={"order": 1}))
    verdict = world.verdict()

    assert verdict.kind is Kind.PROMOTE
    assert (verdict.criteria[1].measured.k, verdict.criteria[1].measured.n) == (0, 400)  # type: ignore[union-attr]


def test_goodput_asks_for_time_and_content(tmp_path: Path) -> None:
    """A request counts when it is whole, in time, and a success of its case."""

    def answer(i: int) -> Answer:
        match i % 20:
            case 1:
                return Answer(content="of nothing")  # case two has to name its order
            case 2:
                return Answer(took_ms=201)
            case 3:
                return Answer(status="error", kind="timeout")
            case _:
                return Answer(took_ms=200)

    verdict = judged(tmp_path, answer)
    measured = {result.metric: result.measured for result in verdict.criteria}

    assert (measured["goodput"].k, measured["goodput"].n) == (340, 400)  # type: ignore[union-attr]
    assert (measured["draft.success_rate"].k, measured["draft.success_rate"].n) == (360, 400)  # type: ignore[union-attr]


def test_failures_have_to_be_counted(tmp_path: Path) -> None:
    """Money alone, of those that answered, would leave out those that did not."""
    world = LoadWorld(root=tmp_path, criteria=("cost.per_case: {from: load, at: mean, promote: $1, mode: point}",))
    world.ran(lambda i: Answer(status="error", kind="timeout") if i % 2 else Answer(cost=5))

    assert world.verdict().kind is Kind.HOLD_FAILED


def test_profiles_are_not_averaged(tmp_path: Path) -> None:
    """A hundred users that fail stand beside ten that do not, and hold; a profile that is missing does too."""
    profiles = (
        "ten: {arrivals: constant, rate: 100/s, for: 4 s, objective: 1 s}",
        "hundred: {arrivals: constant, rate: 20/s, for: 4 s, objective: 1 s}",
    )
    world = LoadWorld(root=tmp_path, profiles=profiles, criteria=EVERY[1:3])
    world.ran(profile="ten")
    assert world.verdict().kind is Kind.HOLD_INCOMPLETE

    world.ran(lambda i: Answer(status="error", kind="timeout") if i % 4 == 0 else Answer(), profile="hundred")
    verdict = world.verdict()
    assert {(result.metric, result.profile) for result in verdict.criteria if result.status is Status.PASS} == {
        ("errors.rate", "ten"), ("goodput", "ten"),
    }  # fmt: skip
    assert verdict.kind.decision.value == "hold"
    assert [load.profile for load in verdict.loads] == ["ten", "hundred"]


def test_a_changed_profile_has_not_been_run(tmp_path: Path) -> None:
    """Half the rate is another load: what was measured before counts for nothing."""
    world = LoadWorld(root=tmp_path, criteria=EVERY)
    world.ran()
    world.profiles = ("steady: {arrivals: constant, rate: 100/s, for: 5 s, objective: 200 ms}",)
    world.write()
    verdict = world.verdict()

    assert verdict.kind is Kind.HOLD_INCOMPLETE
    assert "was changed since it was run" in verdict.reasons[0].text
    assert {result.status for result in verdict.criteria} == {Status.NO_DATA}


@pytest.mark.parametrize(
    "now",
    [
        "rush: {arrivals: constant, rate: 100/s, for: 4 s, objective: 200 ms}",
        "steady: {arrivals: constant, rate: 100/s, for: 4 s, objective: 201 ms}",
        "steady: {arrivals: constant, rate: 100/s, for: 4 s}",
    ],
)
def test_a_new_name_or_objective_forgets_no_crossed_line(tmp_path: Path, now: str) -> None:
    """What is sent is the same load, whatever it is called and whatever goodput asks of it: the line stays crossed."""
    world = LoadWorld(root=tmp_path, live=True)
    world.ran(slow)
    world.profiles = (now,)
    world.write()
    assert world.verdict().kind is Kind.ROLLBACK_THRESHOLD

    world.ran(profile=now.partition(":")[0])
    assert world.verdict().kind is Kind.ROLLBACK_THRESHOLD


def test_names_that_change_places_forget_no_crossed_line(tmp_path: Path) -> None:
    """The old name for a lighter load, and the old load under a new name: it is the old load that was crossed."""
    world = LoadWorld(root=tmp_path, live=True)
    world.ran(slow)
    world.profiles = (
        "steady: {arrivals: constant, rate: 50/s, for: 4 s}",
        "rush: {arrivals: constant, rate: 100/s, for: 4 s}",
    )
    world.write()
    world.ran()
    world.ran(profile="rush")

    assert world.verdict().kind is Kind.ROLLBACK_THRESHOLD


def test_a_void_run_of_a_profile_that_is_no_more_holds_nobody(tmp_path: Path) -> None:
    """Renamed, the next run of the same load stands for it; deleted, nobody asks for it."""
    world = LoadWorld(root=tmp_path)
    world.ran(lambda _: Answer(lag_ms=500))
    world.profiles = ("rush: {arrivals: constant, rate: 100/s, for: 4 s}",)
    world.write()
    assert world.verdict().kind is Kind.HOLD_INVALID_EXPERIMENT

    world.ran(profile="rush")
    assert world.verdict().kind is Kind.PROMOTE
    world.profiles = ("other: {arrivals: constant, rate: 50/s, for: 4 s}",)
    world.write()
    world.ran(profile="other")
    assert world.verdict().kind is Kind.PROMOTE


def test_a_pipeline_that_is_asked_in_another_way_was_not_loaded(tmp_path: Path) -> None:
    """Another request, other variables at its start: what was measured is not what would be."""
    world = LoadWorld(root=tmp_path)
    world.ran()
    assert world.verdict().kind is Kind.PROMOTE
    plan = world.root / "plan.yaml"
    plain = '{http: "http://127.0.0.1:9/draft"}'
    asked = '{http: {url: "http://127.0.0.1:9/draft", request: {tries: 1}}}'
    plan.write_text(plan.read_text(encoding="utf-8").replace(plain, asked), encoding="utf-8")
    world.lock()

    verdict = world.verdict()

    assert verdict.kind is Kind.HOLD_INCOMPLETE
    assert "profile 'steady' was changed since it was run" in verdict.reasons[0].text


def test_another_profile_of_the_plan_is_not_taken_for_a_renamed_one(tmp_path: Path) -> None:
    """Two names for one load are two questions, as long as the plan asks both."""
    both = [f"{name}: {{arrivals: constant, rate: 100/s, for: 4 s}}" for name in ("steady", "rush")]
    world = LoadWorld(root=tmp_path, profiles=both)
    world.ran()

    assert "profile 'rush' was never run" in world.verdict().reasons[0].text


def test_goodput_asks_for_answers_to_its_objective(tmp_path: Path) -> None:
    """What was good within another objective says nothing of today's."""
    world = LoadWorld(root=tmp_path, criteria=("goodput: {from: load, promote: 90 %, alert: 80 %, min: 100}",))
    world.ran()
    assert world.verdict().kind is Kind.PROMOTE
    world.profiles = ("steady: {arrivals: constant, rate: 100/s, for: 4 s, objective: 1 ms}",)
    world.write()

    assert [result.status for result in world.verdict().criteria] == [Status.NO_DATA]


def test_a_better_run_later_does_not_undo_a_crossed_line(tmp_path: Path) -> None:
    """Growing evidence is looked at as often as one likes; all runs of a subject count together."""
    world = LoadWorld(root=tmp_path, criteria=EVERY)
    world.ran(slow)
    world.ran()

    assert world.verdict().kind is Kind.HOLD_THRESHOLD


def test_a_run_after_a_broken_one_stands_for_itself(tmp_path: Path) -> None:
    """Interrupted, late, then whole: the newest run of the profile has to be whole, and what is void stays out."""
    world = LoadWorld(root=tmp_path, criteria=EVERY)
    world.ran(complete=False)
    world.ran(lambda _: Answer(lag_ms=500))
    assert world.verdict().kind is Kind.HOLD_INVALID_EXPERIMENT
    world.ran()

    assert world.verdict().kind is Kind.PROMOTE


@pytest.mark.parametrize("name", ["steady", "rush"])
def test_a_run_that_was_killed_is_taken_in_before_it_is_outlived(tmp_path: Path, name: str) -> None:
    """A good run does not cover a bad one whose command was killed: first somebody looks at what that one measured."""
    world = LoadWorld(root=tmp_path, criteria=EVERY)
    workspace, profile = world.workspace, world.profile()
    bad = world.shards(slow, complete=False)
    nonce = next(ShardReader(path).opened.nonce for path in bad.glob("*.jsonl"))
    cases = {case.id: case for case in load_cases(workspace.plan, workspace.base)}
    sent = Sending(profile=profile, stage="first", cases=cases, nonce=nonce, target="", workers=1, at=world.start)
    with loading(workspace, sent) as run:
        for path in bad.glob("*.jsonl"):
            path.rename(run.shards / path.name)
        assert take_orphans(workspace) == []  # its command is still there
    world.profiles = (f"{name}: {{arrivals: constant, rate: 100/s, for: 4 s, objective: 200 ms}}",)
    world.write()
    world.ran(profile=name)
    workspace = world.workspace
    assert "did not end, and nobody has looked at what it measured" in world.verdict().reasons[0].text

    (taken,) = take_orphans(workspace)
    assert not taken.imported.complete
    assert world.verdict().kind is Kind.HOLD_THRESHOLD
    assert take_orphans(workspace) == []


@pytest.mark.parametrize(("file", "was", "now"), [("cases.jsonl", "2}", "7}"), ("plan.yaml", "/draft", "/other")])
def test_what_a_profile_asks_is_part_of_it(tmp_path: Path, file: str, was: str, now: str) -> None:
    """Other cases, another address: what was measured before was another load."""
    world = LoadWorld(root=tmp_path, criteria=EVERY[:2])
    world.ran()
    assert world.verdict().kind is Kind.PROMOTE
    (tmp_path / file).write_text((tmp_path / file).read_text().replace(was, now))
    world.lock()

    assert world.verdict().kind is Kind.HOLD_INCOMPLETE
    assert "was changed since it was run" in world.verdict().reasons[0].text


def test_a_trace_is_part_of_its_profile(tmp_path: Path) -> None:
    """By what it holds, not by its name."""
    (tmp_path / "trace.jsonl").write_text('{"at": 1}\n{"at": 2}\n')
    world = LoadWorld(root=tmp_path, profiles=("steady: {trace: trace.jsonl, objective: 1 s}",), criteria=EVERY[:2])
    before = world.asked()
    (tmp_path / "trace.jsonl").write_text('{"at": 1}\n{"at": 3}\n')

    assert world.asked() != before


def test_a_throughput_that_the_generator_lost_rolls_nothing_back(tmp_path: Path) -> None:
    """Half dropped, half at nobody, half not sent, a shard missing: fewer answers say nothing of the target then."""
    criteria = ("throughput: {from: load, at: mean, promote: 90, rollback: 80, mode: point}", EVERY[1])
    lacks = (
        {"answer": lambda i: Answer(status="dropped") if i % 2 else Answer()},
        {"answer": lambda i: unreachable(i) if i % 2 else Answer()},
        {"answer": lambda i: Answer(status="error", kind="not_sent") if i % 2 else Answer()},
        {"of": 2, "lost": [1]},
    )
    for number, how in enumerate(lacks):
        world = LoadWorld(root=tmp_path / str(number), criteria=criteria, live=True)
        world.ran(**how)
        assert world.verdict().decision is Decision.HOLD

    slow_one = LoadWorld(root=tmp_path / "bad", criteria=criteria, live=True)
    slow_one.ran(lambda i: Answer(status="error", kind="garbage") if i % 2 else Answer())
    assert slow_one.verdict().kind is Kind.ROLLBACK_THRESHOLD


def test_answers_that_break_off_are_the_build_s(tmp_path: Path) -> None:
    """Every one of them: somebody was there, and said half of it."""
    broken = judged(tmp_path, lambda _: Answer(status="incomplete", kind="garbage"), live=True)

    assert broken.kind is Kind.ROLLBACK_THRESHOLD


def test_users_who_hang_from_the_warm_up_on_are_measured(tmp_path: Path) -> None:
    """They are some of those that the profile asks for, and wait while the others are measured."""
    profile = "steady: {users: 10, for: 4 s, warm_up: 1 s, objective: 1 s}"
    world = LoadWorld(root=tmp_path, profiles=(profile,), criteria=EVERY[:2])
    hung = Answer(status="error", kind="timeout", took_ms=3500)
    world.ran(lambda i: hung if i < 3 else Answer(), users=40)

    assert world.verdict().kind is Kind.HOLD_THRESHOLD


def test_old_load_is_stale(tmp_path: Path) -> None:
    """As every run that a verdict rests on."""
    world = LoadWorld(root=tmp_path, criteria=EVERY)
    world.ran()
    workspace = world.workspace
    later = decide(workspace, workspace.stage("first"), now=world.start + timedelta(hours=30))

    assert later.kind is Kind.HOLD_INVALID_EVIDENCE
    assert "is stale" in later.reasons[0].text


class TestComparing:
    """A previous run as a baseline."""

    LINE = ("errors.rate: {from: load, promote: {rise: 5 points, than: baseline}, mode: point}",)

    def world(self, root: Path) -> LoadWorld:
        return LoadWorld(root=root, criteria=self.LINE)

    def baseline(self, world: LoadWorld, answer: Callable[[int], Answer], **how: Any) -> None:
        from sluicegate.session.load import take_shards

        workspace = world.workspace
        take_shards(workspace, world.shards(answer, **how), stage=workspace.stage("first"), baseline=True)

    def test_against_a_baseline(self, tmp_path: Path) -> None:
        """No worse than the run recorded with --baseline; without one it holds."""
        world = self.world(tmp_path)
        world.serve("2")
        world.ran(lambda i: Answer(status="error", kind="timeout") if i % 50 == 0 else Answer())
        assert world.verdict().kind.decision.value == "hold"

        world.serve("1")
        self.baseline(world, ok)
        world.serve("2")
        assert world.verdict().kind is Kind.PROMOTE

    def test_a_late_or_cut_baseline_is_none(self, tmp_path: Path) -> None:
        """It would make anything look good."""
        world = self.world(tmp_path)
        world.ran()
        self.baseline(world, lambda i: Answer(status="error", kind="timeout", lag_ms=500))
        assert world.verdict().kind is Kind.HOLD_INVALID_EXPERIMENT

        self.baseline(world, ok, of=2, killed=[1])
        assert world.verdict().kind is Kind.HOLD_INVALID_EVIDENCE

    def test_compare_pairs_cases_and_refuses_load(self, tmp_path: Path) -> None:
        """What compares load instead is said."""
        ran = self.world(tmp_path).ran()
        with pytest.raises(InputError, match=r"is a load run: .*than: baseline"):
            read_run(ran.path)


class TestUncounted:
    """Answers that a check found wrong, and no criterion of the stage would notice."""

    PROFILES = (
        "a: {arrivals: constant, rate: 50/s, for: 2 s, objective: 1 s}",
        "b: {arrivals: constant, rate: 50/s, for: 2 s, objective: 1 s}",
    )

    def world(self, root: Path, *criteria: str, profiles: Iterable[str] = PROFILES, live: bool = False) -> LoadWorld:
        (root / "reply.json").write_text(json.dumps(REPLY), encoding="utf-8")
        world = LoadWorld(root=root, profiles=profiles, criteria=(EVERY[1], *criteria), more=CONTRACT, live=live)
        plan = (root / "plan.yaml").read_text()
        (root / "plan.yaml").write_text(
            plan.replace("    criteria:", "    requires: {suites: [schema]}\n    criteria:", 1)
        )
        world.lock()
        return world

    def failed(self, verdict: Verdict) -> list[str]:
        return [reason.text for reason in verdict.reasons if reason.kind is Kind.HOLD_FAILED]

    @pytest.mark.parametrize("live", [False, True])
    def test_garbage_that_nobody_asked_about_holds(self, tmp_path: Path, *, live: bool) -> None:
        """The contract is asked of one profile, or of none, and each answer of the other breaks it; live as before."""
        world = self.world(
            tmp_path, "schema.valid_rate: {from: load, profile: a, promote: 95 %, alert: 90 %}", live=live
        )
        world.ran(lambda _: Answer(structured={"order": 1}), profile="a")
        world.ran(lambda _: Answer(structured={"garbage": 1}), profile="b")
        verdict = world.verdict()

        (said,) = self.failed(verdict)
        assert "(b, " in said
        assert "100 answers failed, and no criterion counts that: schema.valid of " in said
        assert verdict.decision is Decision.HOLD

    @pytest.mark.parametrize("live", [False, True])
    def test_a_stage_without_suites_holds_answers_against_their_cases(self, tmp_path: Path, *, live: bool) -> None:
        """Nothing but latency is asked of load, and no suite pins the cases: their contract and `must` stand anyhow."""
        (tmp_path / "reply.json").write_text(json.dumps(REPLY), encoding="utf-8")
        world = LoadWorld(root=tmp_path, profiles=self.PROFILES[:1], criteria=(EVERY[1],), more=CONTRACT, live=live)
        world.ran(lambda i: Answer(structured={"garbage": 1} if i == 7 else {"order": 1}), profile="a")

        (said,) = self.failed(world.verdict())
        assert "1 answer failed, and no criterion counts that: schema.valid of " in said

    @pytest.mark.parametrize(("origins", "holds"), [("suite", False), ("[suite, load]", True)])
    def test_what_nobody_can_see_around_an_address(self, tmp_path: Path, origins: str, *, holds: bool) -> None:
        """Where mails go is left to the trials of the cases; only a criterion that asks it of load makes it hold."""
        world = LoadWorld(root=tmp_path, profiles=self.PROFILES[:1], criteria=(EVERY[1],))
        mail = {"sender": "Ann <ann@mail.test>", "to": ["shop@shop.test"], "subject": "Order", "body": "Where is it?"}
        mailed = [
            {"id": name, "given": {"mail": mail}, "expect": {"outcome": "answer", "recipients": ["ann@mail.test"]}}
            for name in ("one", "two")
        ]
        (tmp_path / "cases.jsonl").write_text("".join(json.dumps(each) + "\n" for each in mailed), encoding="utf-8")
        watched = f"recipients.violations: {{from: {origins}, promote: 0, max_rate: 5 %, rollback: confirmed}}"
        plan = (tmp_path / "plan.yaml").read_text(encoding="utf-8")
        plan = plan.replace(
            '{http: "http://127.0.0.1:9/draft"}', "{http: 'http://127.0.0.1:9/draft', capabilities: [mail]}"
        )
        asked = f"    requires: {{suites: [recipients]}}\n    criteria:\n      {watched}\n"
        (tmp_path / "plan.yaml").write_text(plan.replace("    criteria:\n", asked, 1), encoding="utf-8")
        world.lock()
        world.ran(profile="a")

        texts = [reason.text for reason in world.verdict().reasons if "could not answer" in reason.text]

        assert bool(texts) is holds, texts

    def test_a_good_run_later_hides_no_bad_one(self, tmp_path: Path) -> None:
        """As with suites; but a run that was void is nobody's fault, once another stands in its place."""
        profile = self.PROFILES[:1]
        bad = self.world(tmp_path, profiles=profile)
        bad.ran(lambda i: Answer(structured={"garbage": 1} if i == 7 else {"order": 1}), profile="a")
        bad.ran(lambda _: Answer(structured={"order": 1}), profile="a")
        assert len(self.failed(bad.verdict())) == 1

        (tmp_path / "late").mkdir()
        late = self.world(tmp_path / "late", profiles=profile)
        late.ran(lambda _: Answer(structured={"garbage": 1}, lag_ms=500), profile="a")
        assert len(self.failed(late.verdict())) == 1
        late.ran(lambda _: Answer(structured={"order": 1}), profile="a")
        assert self.failed(late.verdict()) == []

    def test_what_is_counted_is_left_to_the_criterion(self, tmp_path: Path) -> None:
        """Crashes that errors.rate counts, and broken contracts within the target of successful drafts."""
        world = self.world(
            tmp_path, "draft.success_rate: {from: load, promote: 80 %, alert: 70 %}", profiles=self.PROFILES[:1]
        )

        def answer(i: int) -> Answer:
            if i == 50:
                return Answer(status="error", kind="garbage")
            return Answer(structured={"garbage": 1} if i == 7 else {"order": 1})

        world.ran(answer, profile="a")

        assert self.failed(world.verdict()) == []
