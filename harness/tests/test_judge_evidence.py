"""How a bad build gets promoted elsewhere: each row of the gate's list that the judge alone can show."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from sluicegate.checks import SUITES
from sluicegate.errors import Fault
from sluicegate.ledger.state import Attempt, Entered
from sluicegate.model import Decision, Kind, NotMeasured, Origin, Provenance, Status, encode, rfc3339
from sluicegate.plan.lock import LockedStage
from sluicegate.plan.types import Better, Drop, Line, Metric, MetricKind, Scale

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import (
    CRASH,
    DEAD,
    LEAK,
    NOW,
    OTHER,
    SUBJECT,
    WRONG,
    Memory,
    World,
    answered,
    approval,
    attested,
    block,
    case,
    closed,
    drafts,
    incident,
    line,
    live_world,
    micros,
    own_test,
    success,
    twice,
    violations,
)

sys.path.pop(0)


def of(run, kind, case_id=None):
    """Bodies of the records of a kind."""
    return [body for said, body in run.records if said == kind and case_id in (None, body.get("case_id"))]


def without(run, kind, case_id=None):
    """The same run without those records."""
    gone = [id(body) for body in of(run, kind, case_id)]
    return replace(run, records=[item for item in run.records if id(item[1]) not in gone])


class TestCollection:
    """What should have run and did not."""

    def test_no_ledger_at_all(self):
        """Nothing is no evidence."""
        world = World()
        world.ledgers = []

        verdict = world.verdict()

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert verdict.counts.planned == 20
        assert verdict.counts.run == 0

    def test_zero_collected(self):
        """A run without a single trial."""
        world = World()

        verdict = world.verdict(Memory([world.started(), closed()]))

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert isinstance(verdict.criteria[0].measured, NotMeasured)

    def test_empty_suite(self):
        """A suite whose lock names no case collected nothing."""
        world = World(cases=[])

        assert world.verdict(world.run()).kind is Kind.HOLD_INCOMPLETE

    def test_required_suite_that_the_lock_does_not_pin(self):
        """A bundled suite that was lost on the way."""
        world = World(suites=("schema", "headers"))

        verdict = world.verdict(world.run())

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert any(reason.about == "headers" for reason in verdict.reasons)

    def test_lock_loosened_by_a_check(self):
        """A lock that pins fewer checks than the suite has asks for too little."""
        world = World()
        suite = world.locked.suites["schema"]
        weak = LockedStage(suites={"schema": replace(suite, checks=suite.checks[1:])})
        world.lock_said = {"stages": {"first": weak}}

        assert world.verdict(world.run()).kind is Kind.HOLD_INCOMPLETE

    def test_stage_that_the_lock_does_not_know(self):
        """Nothing pinned, nothing proven."""
        world = World(lock_said={"stages": {}})

        assert world.verdict(world.run()).decision is Decision.HOLD

    def test_stage_that_asks_for_nothing(self):
        """A stage without criteria or suites promotes nobody."""
        world = World(criteria=(), suites=())

        verdict = world.verdict(Memory([world.started(), closed()]))

        assert verdict.kind is Kind.HOLD_INCOMPLETE

    def test_a_single_case_is_a_hold(self):
        """Useful for work, never a promotion; also after a whole run was green."""
        world = World()
        small = World(cases=world.cases[:1])
        alone = small.run(attempt=2, nonce="m")

        verdict = world.verdict(world.run(), alone)

        assert verdict.kind is Kind.HOLD_INCOMPLETE

    def test_repeat_missing(self):
        """Every repeat counts."""
        world = World(repeats=3)
        run = world.run()
        run.records = [item for item in run.records if (item[1].get("case_id"), item[1].get("repeat")) != ("c004", 2)]

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert "c004 (repeat 2)" in verdict.reasons[0].text

    def test_unscored(self):
        """An outcome that nobody checked is not a pass, though the judge would find none."""
        world = World()

        verdict = world.verdict(without(world.run(), "checked", "c004"))

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert verdict.suites[0].missing == len(SUITES["schema"].checks)

    def test_a_check_left_out_of_the_results(self):
        """Each check has a result."""
        world = World()
        run = world.run()
        del of(run, "checked", "c004")[0]["results"]["schema.whole"]

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert "schema.whole of c004" in verdict.reasons[0].text

    def test_worker_that_died(self):
        """A shard without its end."""
        world = World()
        run = world.run()
        run.records.insert(-1, ("shard", {"name": "gw1", "planned": 10, "run": 4, "closed": False, "head": None}))

        assert world.verdict(run).kind is Kind.HOLD_INCOMPLETE

    def test_only_not_applicable(self):
        """A suite that asked nothing showed nothing."""
        world = World(criteria=(), config=replace(World().config, contracts={}))
        world.cases = [replace(each, expect=replace(each.expect, must=()), needs=("mail",)) for each in world.cases]

        verdict = world.verdict(world.run())

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert verdict.suites[0].not_applicable == verdict.suites[0].planned

    def test_not_applicable_is_not_a_way_out(self):
        """A driver that calls everything not applicable is contradicted."""
        world = World()
        run = world.run({"c004": WRONG})
        body = of(run, "checked", "c004")[0]
        body["results"] = dict.fromkeys(body["results"], "not_applicable")

        assert world.verdict(run).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_capabilities_left_out_of_a_run(self):
        """A pipeline does not become unable between plan and run."""
        world = World()

        assert world.verdict(world.run(capabilities=[])).kind is Kind.HOLD_INVALID_EVIDENCE


class TestOwnTests:
    """The user's own tests, self-reported as they are."""

    @pytest.mark.parametrize(
        "said",
        [
            {"outcome": "skipped"},
            {"outcome": "xfailed"},
            {"outcome": "xpassed"},
            {"assertions": 0},
            {"attempt": 2},
        ],
    )
    def test_what_is_no_pass(self, said):
        """Skipped, expected to fail, asserting nothing or run again: hold.incomplete."""
        world = World(tests=("t1", "t2"))
        run = world.run()
        run.records[-2] = own_test("t2", **said)

        assert world.verdict(run).kind is Kind.HOLD_INCOMPLETE

    def test_passes(self):
        """Every pinned test passed once."""
        world = World(tests=("t1", "t2"))

        verdict = world.verdict(world.run())

        assert verdict.kind is Kind.PROMOTE
        assert verdict.suites[-1].self_reported

    def test_rerun_until_green(self):
        """The failure before it counts."""
        world = World(tests=("t1",))
        run = world.run()
        run.records[-2:-1] = [own_test("t1", "failed"), own_test("t1", attempt=2)]

        kinds = {reason.kind for reason in world.verdict(run).reasons}

        assert {Kind.HOLD_INCOMPLETE, Kind.HOLD_FAILED} <= kinds

    def test_two_tests_of_one_name(self):
        """One of them was not seen."""
        world = World(tests=("t1",))
        run = world.run()
        run.records.insert(-1, own_test("t1"))

        assert world.verdict(run).kind is Kind.HOLD_INCOMPLETE

    def test_deselected(self):
        """A pinned test that nobody reports."""
        world = World(tests=("t1", "t2"))
        run = world.run()
        run.records.pop(-2)

        assert world.verdict(run).kind is Kind.HOLD_INCOMPLETE

    def test_failed_earlier_on_the_same_subject(self):
        """Another attempt does not wash it off."""
        world = World(tests=("t1",))
        first = world.run()
        first.records[-2] = own_test("t1", "failed")

        verdict = world.verdict(first, world.run(attempt=2, nonce="m"))

        assert verdict.kind is Kind.HOLD_FAILED

    def test_not_pinned(self):
        """A test that the lock does not name means that the lock is old."""
        world = World(tests=("t1",))
        run = world.run()
        run.records.insert(-1, own_test("t9"))

        assert world.verdict(run).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_no_tests_pinned(self):
        """0 collected."""

        class Asked(World):
            @property
            def stage(self):
                plain = World.stage.fget(self)
                return replace(plain, requires=replace(plain.requires, tests=True))

        asked = Asked()

        assert asked.verdict(asked.run()).kind is Kind.HOLD_INCOMPLETE

    def test_set_up_error_is_not_a_rollback(self):
        """A test that could not begin says nothing about the subject."""
        world = World(tests=("t1",), on_failed_tests=True, live=True, entered=NOW - timedelta(days=1))
        run = world.run()
        run.records[-2] = own_test("t1", "error")

        verdict = world.verdict(run)
        assert verdict.kind is Kind.HOLD_FAILED
        assert [each.text for each in verdict.reasons] == ["1 required test could not be set up: t1."]

    def test_an_error_at_the_end_of_a_test_is_said_to_be_one(self):
        """It ran, and what it left behind nobody knows; an error before it began weighs more."""
        world = World(tests=("t1", "t2"))
        run = world.run()
        run.records[-3:-1] = [own_test("t1", "error", at_end=True), own_test("t2", "error")]
        said = [each.text for each in world.verdict(run).reasons]

        assert said == ["1 required test could not be set up: t2.", "1 required test failed at teardown: t1."]

    def test_a_failed_test_is_named_with_the_command_that_runs_it(self):
        """Its id as pytest takes it."""
        world = World(tests=("a.py::t[x%201]",))
        run = world.run()
        run.records[-2] = own_test("a.py::t[x%201]", "failed")

        assert world.verdict(run).reasons[0].mend.endswith(" --sluicegate-stage first 'a.py::t[x 1]'")


class TestCounting:
    """Denominators never shrink, and nothing recorded is believed."""

    def test_crash_is_a_failure_in_n(self):
        """A typed crash counts as a failed attempt."""
        world = World()

        verdict = world.verdict(world.run({"c001": DEAD}))

        assert (verdict.criteria[0].measured.k, verdict.criteria[0].measured.n) == (19, 20)
        assert verdict.counts.crashed == 1

    def test_intent_without_outcome_is_a_crash_for_ever(self):
        """A case that kills the runner counts as failed, also once it survived."""
        world = World()
        run = world.run({"c001": CRASH})
        again = world.run(attempt=2, nonce="m")

        alone, later = world.verdict(run), world.verdict(run, again)

        assert alone.kind is Kind.HOLD_INCOMPLETE
        assert (later.criteria[0].measured.k, later.criteria[0].measured.n) == (19, 20)
        assert later.kind is Kind.PROMOTE

    def test_lost_trial_is_named(self):
        """What began and never ended is told apart from what never began."""
        world = World()

        reasons = world.verdict(world.run({"c001": CRASH})).reasons

        assert any("1 trial began and never ended" in reason.text and "c001" in reason.text for reason in reasons)

    def test_retried_within_a_run_until_it_survives(self):
        """Two intents and one outcome are one crash."""
        world = World()
        run = world.run()
        at = next(i for i, item in enumerate(run.records) if item[0] == "intent" and item[1]["case_id"] == "c001")
        again = {key: value for key, value in run.records[at][1].items() if key != "case"}
        run.records.insert(at + 1, ("intent", again))

        measured = world.verdict(run).criteria[0].measured

        assert (measured.k, measured.n) == (19, 20)

    def test_repeats_and_attempts_pool_by_case(self):
        """A case passes when all its attempts passed; n is the number of cases."""
        world = World(repeats=3, criteria=(success(),))
        run = world.run()
        flaky = world.trial(world.cases[5], WRONG, 1)
        run.records = [
            flaky[[kind for kind, _ in flaky].index(kind)]
            if (body.get("case_id"), body.get("repeat")) == ("c005", 1)
            else (kind, body)
            for kind, body in run.records
        ]

        measured = world.verdict(run, world.run(attempt=2, nonce="m")).criteria[0].measured

        assert (measured.k, measured.n) == (19, 20)

    def test_a_copy_of_a_case_is_no_second_case(self):
        """`c001~twice` pools with `c001` where a metric spans suites."""
        world = World(suites=("schema", "idempotency"), doubled=[twice(n) for n in range(10)])

        measured = world.verdict(world.run({"c003~twice": DEAD})).criteria[0].measured

        assert (measured.k, measured.n) == (19, 20)

    def test_recorded_pass_of_a_failure(self):
        """Results forged are found: every failure recorded, a sample of the passes, all of zero tolerance."""
        world = World()
        run = world.run({"c004": WRONG})
        body = of(run, "checked", "c004")[0]
        body["results"] = dict.fromkeys(body["results"], "pass")

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert "schema.must of c004" in verdict.reasons[0].text

    @pytest.mark.parametrize("number", [3, 77, 150, 222])
    def test_zero_tolerance_is_judged_again_in_every_trial(self, number):
        """One forged pass among hundreds of trials, far outside of any sample."""
        world = World(
            cases=[],
            doubled=[twice(one) for one in range(300)],
            suites=("idempotency",),
            criteria=(violations(),),
            live=True,
            entered=NOW - timedelta(days=1),
        )
        run = world.run({f"c{number:03}~twice": LEAK})
        for body in of(run, "checked"):
            body["results"] = {name: "pass" if said == "fail" else said for name, said in body["results"].items()}

        verdict = world.verdict(run)

        assert verdict.kind is Kind.ROLLBACK_INCIDENT
        assert verdict.reasons[0].rerun.startswith("sluicegate gate plan.yaml --stage first --case ")

    def test_incident_of_an_own_check_is_suspect(self):
        """A metric that a user's check counts rests on that check's word."""
        metric = replace(
            approval().metric, kind=MetricKind.INCIDENTS, better=Better.LOWER, zero_tolerance=True, check="own.leak"
        )
        criterion = approval(
            metric=metric, origins=(Origin.SUITE,), promote=line(0), alert=None, max_rate=Fraction(1, 2)
        )
        world = World(criteria=(criterion,), live=True, entered=NOW - timedelta(days=1))
        run = world.run()
        for body in of(run, "checked"):
            found = [incident("own.leak", body["case_id"])] if body["case_id"] == "c004" else []
            own = {"own.leak": "fail" if found else "pass"}
            said = {"case_id": body["case_id"], "repeat": 0, "results": own, "findings": found, "self_reported": True}
            at = next(index for index, item in enumerate(run.records) if item[1] is body)
            run.records.insert(at + 1, ("checked", said))

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_SUSPECT
        assert verdict.criteria[0].measured.k == 1
        # The gate runs no check of a user's own, so its command would show nothing.
        assert verdict.reasons[0].rerun == (
            "pytest --sluicegate-plan plan.yaml --sluicegate-stage first --sluicegate-case c004"
        )

    def test_recorded_failure_of_a_pass(self):
        """The other way round is no evidence either."""
        world = World()
        run = world.run()
        of(run, "checked", "c004")[0]["results"]["schema.whole"] = "fail"

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE

    def test_recorded_counts_are_not_read(self):
        """A close that boasts is recounted."""
        world = World()
        run = world.run({"c001": CRASH})
        run.records[-1] = closed(counts={"planned": 20, "run": 20, "scored": 20})

        assert world.verdict(run).counts.run == 19

    def test_a_check_of_the_judges_own_raised_in_the_run(self):
        """`error` is unscored."""
        world = World(config=replace(World().config, contracts={}))
        sound = World()
        run = sound.run()

        assert world.verdict(run).decision is Decision.HOLD

    def test_latency_of_failures_is_infinite(self):
        """Latency over successes only is how bad builds look fast."""
        latency = Metric(
            name="latency",
            kind=MetricKind.DISTRIBUTION,
            better=Better.LOWER,
            scale=Scale.MS,
            unit="case",
            provenance=("live",),
        )
        criterion = approval(metric=latency, origins=(Origin.SUITE,), promote=line(500), alert=None, at=Fraction(1, 2))
        world = World(criteria=(criterion,))

        fine = world.verdict(world.run())
        half = world.verdict(world.run(lambda name: DEAD if name < "c012" else "good"))

        assert fine.criteria[0].status is Status.PASS
        assert half.criteria[0].kind is not Kind.PROMOTE

    def test_cached_outputs_are_no_latency(self):
        """A cached answer says nothing about time."""
        latency = Metric(
            name="latency",
            kind=MetricKind.DISTRIBUTION,
            better=Better.LOWER,
            scale=Scale.MS,
            unit="case",
            provenance=("live",),
        )
        world = World(
            criteria=(
                approval(metric=latency, origins=(Origin.SUITE,), promote=line(500), alert=None, at=Fraction(1, 2)),
            )
        )
        run = world.run()
        for body in of(run, "outcome"):
            for output in body["outputs"]:
                output["provenance"] = Provenance.CACHED.value

        verdict = world.verdict(run)

        assert verdict.criteria[0].status is Status.VOID
        assert verdict.criteria[0].void == 20
        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert "admits: [cached, replayed]" in verdict.reasons[0].mend


class TestRuns:
    """Whole runs that cannot be believed."""

    @pytest.mark.parametrize("part", ["plan_digest", "lock_digest", "apparatus"])
    def test_measured_with_something_else(self, part):
        """Plan or lock loosened along with the build."""
        world = World()

        verdict = world.verdict(world.run(**{part: "9" * 64}))

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE

    def test_another_subject(self):
        """Evidence of another commit, model or prompt."""
        world = World()

        verdict = world.verdict(world.run(subject=OTHER))

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert verdict.counts.run == 0

    def test_another_stage(self):
        """Evidence of the stage before."""
        world = World()

        assert world.verdict(world.run(stage="before")).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_stale(self):
        """Yesterday's suites do not promote today."""
        world = World()

        verdict = world.verdict(world.run(at=rfc3339(NOW - timedelta(hours=25))))

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE

    def test_stale_pass_is_not_counted_and_stale_failure_is(self):
        """Old evidence can only lower."""
        world = World(criteria=(success(promote=line(0.96)),))
        old = world.run({"c001": WRONG}, at=rfc3339(NOW - timedelta(hours=25)))

        verdict = world.verdict(old, world.run(attempt=2, nonce="m"))

        assert verdict.criteria[0].measured.k == 19
        assert verdict.kind is Kind.HOLD_BELOW_TARGET

    def test_passes_of_another_apparatus_do_not_stand(self):
        """What was measured before the plan changed completes nothing."""
        world = World()
        before = world.run(apparatus="9" * 64)
        now = world.run(attempt=2, nonce="m")
        now.records = [item for item in now.records if item[1].get("case_id") != "c007"]

        verdict = world.verdict(before, now)

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert "c007" in verdict.reasons[0].text

    def test_outputs_of_another_apparatus_are_judged_anew(self):
        """Of the same subject they still are, and its failures count by today's checks, whatever was recorded then."""
        world = World(cases=[case(number) for number in range(300)], criteria=(success(promote=line(0.99)),))
        before = world.run({f"c{number:03}": WRONG for number in (1, 2, 3, 4)}, lock_digest="9" * 64)
        for body in of(before, "checked"):
            body["results"] = dict.fromkeys(body["results"], "pass")

        verdict = world.verdict(before, world.run(attempt=2, nonce="m"))

        assert verdict.kind is Kind.HOLD_BELOW_TARGET
        assert verdict.criteria[0].measured.k == 296

    def test_from_the_future(self):
        """Clock skew is a hold."""
        world = World()

        assert world.verdict(world.run(at=rfc3339(NOW + timedelta(hours=1)))).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_outcome_from_the_future(self):
        """So is an outcome that has not happened yet."""
        world = World()
        run = world.run()
        of(run, "outcome", "c001")[0]["at"] = rfc3339(NOW + timedelta(hours=1))

        assert world.verdict(run).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_unclosed(self):
        """os._exit(0) in the middle leaves no close."""
        world = World()
        run = world.run()
        run.records.pop()

        assert world.verdict(run).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_resumed(self):
        """A run that was cut and gone on with is one run."""
        world = World()
        whole = world.run()
        cut = next(i for i, item in enumerate(whole.records) if item[1].get("case_id") == "c010")
        first = Memory(whole.records[:cut])
        second = Memory([world.started(previous=first.head), *whole.records[cut:]])

        verdict = world.verdict(first, second)

        assert verdict.kind is Kind.PROMOTE

    def test_resumed_after_something_deleted(self):
        """The file before was cut, or is not there: failing evidence deleted."""
        world = World()
        whole = world.run()
        cut = next(i for i, item in enumerate(whole.records) if item[1].get("case_id") == "c010")
        first = Memory(whole.records[:cut])
        second = Memory([world.started(previous=first.head), *whole.records[cut:]])

        shortened = world.verdict(Memory(first.records[:-2]), second)
        gone = world.verdict(second)

        assert shortened.kind is Kind.HOLD_INVALID_EVIDENCE
        assert gone.kind is Kind.HOLD_INVALID_EVIDENCE

    def test_attempt_deleted(self):
        """An attempt that was counted, or noted in the state file, has its ledger."""
        world = World()
        noted = World(state_events=[Attempt(stage="first", attempt=2, subject=SUBJECT, at=rfc3339(NOW))])

        counted = world.verdict(world.run(attempt=2))
        missing = noted.verdict(noted.run())

        assert counted.kind is Kind.HOLD_INVALID_EVIDENCE
        assert missing.kind is Kind.HOLD_INVALID_EVIDENCE

    def test_recording_deleted(self):
        """Recordings are numbered; a gap is something taken away."""
        world = live_world()

        verdict = world.verdict(world.recorded(block(drafts(300, 20)), number=2))

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE

    def test_judged_again_until_green(self):
        """A second attempt on the same subject is read with the first."""
        world = World(criteria=(success(promote=line(0.9), alert=line(0.5)),))
        first = world.run({f"c{n:03}": WRONG for n in range(8)})

        verdict = world.verdict(first, world.run(attempt=2, nonce="m"))

        assert verdict.decision is Decision.HOLD
        assert verdict.criteria[0].measured.k == 12

    def test_same_ledger_twice(self):
        """Uploaded twice."""
        world = World()
        run = world.run()

        assert world.verdict(run, run).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_broken(self):
        """Tampered, truncated, reordered: the reader says so, the judge holds."""
        world = World()
        run = world.run()
        run.broken = Fault(where="ledger:9", what="the record was changed")

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert "changed" in verdict.reasons[0].text

    def test_lock_of_another_plan(self):
        """The lock names the plan it was written for."""
        world = World(lock_said={"plan_digest": "9" * 64})

        assert world.verdict(world.run()).kind is Kind.HOLD_INVALID_EVIDENCE


class TestTrials:
    """Single trials that cannot be believed."""

    def test_case_that_nobody_pinned(self):
        """An extra case is foreign."""
        world = World()
        run = world.run()
        run.records[-1:-1] = World(cases=[case(99)]).trial(case(99))

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert verdict.criteria[0].measured.n == 20

    def test_case_of_other_content(self):
        """A pinned id with another question."""
        world = World()
        run = world.run()
        of(run, "intent", "c001")[0]["case"]["input"] = "an easier question"

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert verdict.counts.run == 19

    def test_case_written_in_more_words(self):
        """What says a default is the same case: its content is pinned, not its bytes."""
        world = World()
        run = world.run()
        of(run, "intent", "c001")[0]["case"]["tags"] = []

        verdict = world.verdict(run)

        assert verdict.kind is Kind.PROMOTE
        assert verdict.counts.run == 20

    def test_two_outcomes_of_one_trial(self):
        """The second is not a second chance."""
        world = World()
        run = world.run()
        run.records[-1:-1] = world.trial(world.cases[3])

        assert world.verdict(run).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_outcome_without_intent(self):
        """Nobody announced it."""
        world = World()

        assert world.verdict(without(world.run(), "intent", "c003")).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_incident_in_a_case_that_nobody_pinned_is_suspect(self):
        """It proves nothing about the pinned ones, and is not to be passed over."""
        world = World(suites=("schema", "idempotency"), doubled=[twice(0)])
        run = world.run()
        stranger = twice(7)
        run.records[-1:-1] = World(doubled=[stranger], suites=("idempotency",)).trial(stranger, "leak")

        assert world.verdict(run).kind is Kind.HOLD_SUSPECT

    def test_model_that_the_subject_does_not_name(self):
        """The subject is not what was said."""
        world = World()
        run = world.run()
        of(run, "outcome", "c001")[0]["observations"][0]["action"] = "gpt-cheap"

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert "gpt-cheap" in verdict.reasons[0].text

    def test_model_text_cannot_write_on_the_terminal(self):
        """What came from a model is escaped."""
        world = World()
        run = world.run()
        of(run, "outcome", "c001")[0]["observations"][0]["action"] = "\x1b[2Jgpt"

        assert "\x1b" not in str([reason.text for reason in world.verdict(run).reasons])


class TestLive:
    """Growing evidence: whose, when, and counted once."""

    def shown(self, *blocks, **said):
        world = live_world(**said)
        return world.verdict(world.recorded(*blocks)).criteria[0]

    def test_suite_evidence_is_not_live(self):
        """Green suites say nothing of approval."""
        world = live_world(criteria=(success(origins=(Origin.LIVE,)),), suites=("schema",))

        result = world.verdict(world.run()).criteria[0]

        assert isinstance(result.measured, NotMeasured)

    def test_mocked_is_not_live(self):
        """Mocked rows are void."""
        result = self.shown(block(drafts(300), provenance="mocked"))

        assert (result.status, result.void) == (Status.VOID, 300)

    @pytest.mark.parametrize("said", [{"subject": OTHER}, {"stage": "before0"}, {"origin": "load"}])
    def test_foreign(self, said):
        """Rows of another subject, stage or origin are left out and counted."""
        result = self.shown(block(drafts(300), **said))

        assert result.foreign == 300
        assert isinstance(result.measured, NotMeasured)

    @pytest.mark.parametrize("origin", ["load", "live"])
    def test_what_cases_alone_show_lacks_no_traffic(self, origin):
        """Load and live rows of the same metric are nothing that a criterion from suites left out."""
        world = live_world(criteria=(success(origins=(Origin.SUITE,)),), suites=("schema",))
        recorded = world.recorded(block(drafts(300), metric="draft.success_rate", origin=origin))

        assert world.verdict(world.run(), recorded).criteria[0].foreign == 0

    def test_before_stage_entry(self):
        """Live evidence starts when the stage does."""
        early = [(micros(timedelta(days=3)) + n, 1, 1) for n in range(50)]

        result = self.shown(block(early + drafts(300, 20)))

        assert (result.foreign, result.measured.n) == (50, 320)

    def test_stage_entered_with_another_subject(self):
        """A new subject starts anew."""
        world = live_world(entered=None)
        world.state_events = [Entered(stage="ten", subject=OTHER, at=rfc3339(NOW - timedelta(days=2)))]

        assert world.verdict(world.recorded(block(drafts(300)))).kind is Kind.HOLD_NO_STATE

    def test_entering_again_sheds_no_evidence(self):
        """The first entry counts."""
        world = live_world()
        world.state_events = [Entered(stage="ten", subject=SUBJECT, at=rfc3339(NOW - timedelta(minutes=1)))]

        assert world.verdict(world.recorded(block(drafts(300, 20)))).criteria[0].measured.n == 320

    def test_from_the_future(self):
        """Rows stamped later than now are void, and hold."""
        late = [(micros() + 3_600_000_000 + n, 1, 1) for n in range(40)]
        world = live_world()

        verdict = world.verdict(world.recorded(block(drafts(300, 20) + late)))

        assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
        assert (verdict.criteria[0].void, verdict.criteria[0].measured.n) == (40, 320)

    def test_not_matured_yet(self):
        """Yesterday's drafts have no review today."""
        metric = replace(approval().metric, matures_after_s=86_400)
        fresh = [(micros(timedelta(hours=1)) + n, 0, 1) for n in range(40)]
        world = live_world(criteria=(approval(metric=metric),))

        result = world.verdict(world.recorded(block(drafts(300, hours=47) + fresh))).criteria[0]

        assert result.measured.n == 300

    def test_uploaded_twice(self):
        """The same file recorded again counts once."""
        rows = block(drafts(300, 20))
        again = block(drafts(300, 20), recorded_at=rfc3339(NOW))
        world = live_world()

        verdict = world.verdict(world.recorded(rows), world.recorded(again, number=2))

        assert verdict.criteria[0].measured.n == 320
        assert any("recorded again" in note for note in verdict.notes)

    def test_growing_file_recorded_every_day(self):
        """A file that grew counts its new rows, and keeps what vanished from it."""
        old, new = drafts(300, 20), drafts(300, 20)[10:] + drafts(30, hours=3)
        world = live_world()
        later = block(new, recorded_at=rfc3339(NOW), source={"name": "pilot.csv", "sha256": "2" * 64})

        verdict = world.verdict(world.recorded(block(old)), world.recorded(later, number=2))

        assert verdict.criteria[0].measured.n == 350

    def test_values_where_counts_belong(self):
        """A block of the wrong shape is evidence of nothing."""
        said = block([])
        said[1]["rows"] = {"at": [micros()], "slice": [None], "value": [0.9], "failed": [False]}
        world = live_world()

        assert world.verdict(world.recorded(said)).kind is Kind.HOLD_INVALID_EVIDENCE

    @pytest.mark.parametrize(
        "rows",
        [
            {"at": [1], "slice": [None], "k": [2], "n": [1]},
            {"at": [1], "slice": [None], "k": [-1], "n": [1]},
            {"at": ["x"], "slice": [None], "k": [1], "n": [1]},
            {"at": [1, 2], "slice": [None], "k": [1], "n": [1]},
            {"at": [(1 << 64) - 1], "slice": [None], "k": [1], "n": [1]},
        ],
    )
    def test_impossible_counts(self, rows):
        """A block is read whole or not at all."""
        said = block([])
        said[1]["rows"] = rows
        world = live_world()

        assert world.verdict(world.recorded(said)).kind is Kind.HOLD_INVALID_EVIDENCE

    def test_tenant_that_vanished(self):
        """A declared slice without evidence holds."""
        world = live_world(
            criteria=(approval(slices="tenants"),), plan_said={"slices": {"tenants": ("acme", "zenith")}}
        )
        said = block(drafts(300, 20))
        said[1]["rows"]["slice"] = ["acme"] * 320

        assert world.verdict(world.recorded(said)).decision is Decision.HOLD

    def test_void_span_that_a_later_run_outlived(self):
        """Measured again, the new evidence stands for itself."""
        void = (
            "void",
            {
                "origin": "live",
                "reason": "late",
                "from": rfc3339(NOW - timedelta(days=3)),
                "to": rfc3339(NOW - timedelta(hours=39)),
            },
        )
        world = live_world()
        fresh = block(drafts(300, 20, hours=20), source={"name": "second.csv", "sha256": "3" * 64})

        verdict = world.verdict(world.recorded(block(drafts(50, hours=40)), void), world.recorded(fresh, number=2))

        assert verdict.kind is Kind.PROMOTE
        assert verdict.criteria[0].measured.n == 320

    def test_compared_with_the_stage_before(self):
        """A relative line reads the reference stage, of this subject if it served there."""
        drop = Drop(amount=Fraction(1, 5), relative=False, than="before0", text="20 points below before0")
        world = live_world(criteria=(approval(promote=line(0.5), alert=None, rollback=drop),))
        before = block([(at - 10**12, k, n) for at, k, n in drafts(300, 6)], stage="before0")
        worse = block(drafts(200, 200), stage="ten", source={"name": "now.csv", "sha256": "4" * 64})
        fine = block(drafts(380, 20), stage="ten", source={"name": "now.csv", "sha256": "4" * 64})

        assert world.verdict(world.recorded(before, worse)).kind is Kind.ROLLBACK_THRESHOLD
        assert world.verdict(world.recorded(before, fine)).kind is Kind.PROMOTE

    def test_reference_missing(self):
        """Nothing to compare with is not a pass."""
        drop: Line = Drop(amount=Fraction(1, 5), relative=False, than="before0", text="")
        world = live_world(criteria=(approval(promote=line(0.5), alert=None, rollback=drop),))

        assert world.verdict(world.recorded(block(drafts(300, 20)))).decision is Decision.HOLD

    def test_counted_incidents_of_a_source_are_suspect(self):
        """Somebody's table says so: a human looks."""
        metric = replace(approval().metric, kind=MetricKind.INCIDENTS, better=Better.LOWER, zero_tolerance=True)
        world = live_world(criteria=(approval(metric=metric, promote=line(0), alert=None, max_rate=Fraction(1, 20)),))
        rows = [(at, 0, n) for at, _, n in drafts(400)]
        rows[7] = (rows[7][0], 1, 1)

        assert world.verdict(world.recorded(block(rows))).kind is Kind.HOLD_SUSPECT


class TestProofs:
    """What people vouch for."""

    @pytest.mark.parametrize(
        ("said", "counts"),
        [
            ({}, True),
            ({"subject": None}, True),
            ({"subject": OTHER}, False),
            ({"stage": "first"}, True),
            ({"stage": "other"}, False),
            ({"expires": rfc3339(NOW)}, False),
            ({"expires": rfc3339(NOW + timedelta(days=1))}, True),
            ({"at": rfc3339(NOW + timedelta(days=1))}, False),
        ],
    )
    def test_attestation(self, said, counts):
        """This subject or any, this stage or any, not expired, not of tomorrow."""
        world = World(requires={"attestations": ("audit",)})

        verdict = world.verdict(world.recorded(attested("audit", **said)), world.run())

        assert (verdict.kind is Kind.PROMOTE) is counts

    @pytest.mark.parametrize(
        ("said", "counts"),
        [
            ({}, True),
            ({"subject": None}, False),
            ({"name": "approval", "by": "cto"}, True),
            ({"name": "approval", "by": "kim"}, False),
        ],
    )
    def test_approval(self, said, counts):
        """An approval is of one subject, under the role that gives it."""
        world = World(requires={"approval": "cto"})

        verdict = world.verdict(world.recorded(attested("cto", **said)), world.run())

        assert (verdict.kind is Kind.PROMOTE) is counts

    def test_approval_of_an_earlier_stage(self):
        """Given before the stage was entered, it was for another step."""
        world = live_world(requires={"approval": "cto"})
        old = attested("cto", at=rfc3339(NOW - timedelta(days=3)))
        new = attested("cto", at=rfc3339(NOW - timedelta(days=1)))

        early = world.verdict(world.recorded(block(drafts(300, 20)), old))
        fine = world.verdict(world.recorded(block(drafts(300, 20)), new))

        assert early.kind is Kind.HOLD_APPROVAL
        assert fine.kind is Kind.PROMOTE

    def test_attestation_in_a_broken_ledger(self):
        """What was tampered with vouches for nothing."""
        world = World(requires={"attestations": ("audit",)})
        proof = world.recorded(attested("audit"))
        proof.broken = Fault(where="x", what="changed")

        kinds = {reason.kind for reason in world.verdict(proof, world.run()).reasons}

        assert Kind.HOLD_PREREQUISITE in kinds


def test_answers_of_builders_are_honest():
    """The builders' good answer passes and carries no incident."""
    assert answered(case(1), "good").output.content == "ok."
    assert encode(incident()) == incident()
