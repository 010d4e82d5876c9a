"""The order of evaluation: one test per row, and what outweighs what."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sluicegate.errors import Fault
from sluicegate.ledger.state import Acknowledged, Entered, RolledBack, VerdictGiven
from sluicegate.model import Decision, Kind, Origin, Status, rfc3339

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import (
    CRASH,
    DEAD,
    LEAK,
    NOW,
    OTHER,
    SUBJECT,
    WRONG,
    World,
    approval,
    attested,
    block,
    drafts,
    incident,
    line,
    live_world,
    own_test,
    success,
    twice,
    violations,
)

sys.path.pop(0)


def with_doubles(**said):
    """A world whose idempotency suite writes refunds."""
    usual = {
        "suites": ("schema", "idempotency"),
        "doubled": [twice(number) for number in range(10)],
        "criteria": (success(), violations()),
    }
    return World(**{**usual, **said})


def seen(**said):
    """The same at a live stage after the first."""
    return with_doubles(live=True, stages_before=1, entered=NOW - timedelta(days=2), **said)


def back(subject=OTHER, kind="rollback.incident"):
    return VerdictGiven(
        hash="f" * 64,
        decision=kind.partition(".")[0],
        kind=kind,
        from_stage="first",
        subject=subject,
        at=rfc3339(NOW - timedelta(days=1)),
    )


def test_row_1_confirmed_incident_rolls_back():
    """One incident of zero tolerance, found again in recorded bytes, rolls back at any n."""
    world = seen()

    verdict = world.verdict(world.run({"c003~twice": LEAK}))

    assert verdict.kind is Kind.ROLLBACK_INCIDENT
    assert verdict.exit_code == 20
    assert verdict.reasons[0].finding.case_id == "c003~twice"
    assert "c003~twice" in verdict.reasons[0].rerun
    assert verdict.rollback_steps == (("./flag", "off"),)


def test_row_1_holds_where_nobody_sees_it():
    """A stage without exposure has nothing to roll back."""
    world = with_doubles()

    verdict = world.verdict(world.run({"c003~twice": LEAK}))

    assert verdict.kind is Kind.HOLD_INCIDENT
    assert verdict.rollback_steps == ()


def test_row_1_needs_no_criterion():
    """An incident that a required suite finds counts although no criterion reads it."""
    world = seen(criteria=(success(),))

    verdict = world.verdict(world.run({"c003~twice": LEAK}))

    assert verdict.kind is Kind.ROLLBACK_INCIDENT


def test_row_2_rollback_line_crossed_with_evidence():
    """A live share shown below its rollback line rolls back."""
    world = live_world(criteria=(approval(rollback=line(0.5)),))

    verdict = world.verdict(world.recorded(block(drafts(60, 200))))

    assert verdict.kind is Kind.ROLLBACK_THRESHOLD


def test_row_2_holds_where_nobody_sees_it():
    """Before exposure a crossed rollback line is a hold."""
    world = World(criteria=(success(rollback=line(0.5)),))

    verdict = world.verdict(world.run(lambda name: WRONG))

    assert verdict.kind is Kind.HOLD_THRESHOLD


def test_row_3_line_crossed_by_the_estimate_only():
    """Too few units to show anything, and past the line: a human looks."""
    world = live_world(criteria=(approval(rollback=line(0.5)),))

    verdict = world.verdict(world.recorded(block(drafts(2, 3))))

    assert verdict.kind is Kind.HOLD_SUSPECT


def test_row_3_self_reported_incident_is_suspect():
    """A user's own word about an incident never rolls back by itself."""
    world = seen(tests=("tests/a.py::t",))
    run = world.run()
    run.records.insert(1, own_test("tests/a.py::t", findings=[incident()]))
    run.records = [*run.records[:-2], run.records[-1]]

    verdict = world.verdict(run)

    assert verdict.kind is Kind.HOLD_SUSPECT


def test_row_4_broken_evidence():
    """Damage is hold.invalid_evidence, exit 30."""
    world = World()
    run = world.run()
    run.records[3][1]["results"] = 7

    verdict = world.verdict(run)

    assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
    assert verdict.exit_code == 30


def test_row_4_no_state():
    """A live stage without memory of its entry is hold.no_state."""
    world = live_world(with_state=False)

    verdict = world.verdict(world.recorded(block(drafts(300, 20))))

    assert verdict.kind is Kind.HOLD_NO_STATE
    assert verdict.exit_code == 30


def test_row_5_experiment_void():
    """A late generator voids what it measured."""
    world = live_world(criteria=(approval(origins=tuple(approval().origins)),))
    void = {"origin": "live", "reason": "generator late", "from": rfc3339(NOW - timedelta(days=3)), "to": rfc3339(NOW)}

    verdict = world.verdict(world.recorded(block(drafts(60, 200)), ("void", void)))

    assert verdict.kind is Kind.HOLD_INVALID_EXPERIMENT
    assert verdict.criteria[0].void == 260


def test_row_6_missing_outcome():
    """A pinned case that did not run is hold.incomplete, with its name."""
    world = World()
    run = world.run()
    run.records = [item for item in run.records if item[1].get("case_id") != "c007"]

    verdict = world.verdict(run)

    assert verdict.kind is Kind.HOLD_INCOMPLETE
    assert "c007" in verdict.reasons[0].text


def test_row_7_required_suite_failed():
    """A check of a required suite that no criterion grades must not fail; the first finding has case and rerun."""
    world = World(criteria=())

    verdict = world.verdict(world.run({"c004": WRONG}))

    found, summed = verdict.reasons[0], next(reason for reason in verdict.reasons if reason.about == "schema")
    assert verdict.kind is found.kind is summed.kind is Kind.HOLD_FAILED
    assert found.finding is not None
    assert (found.finding.case_id, found.rerun.split()[-1]) == ("c004", "c004")
    assert found.text == "1 finding of schema.must in suite schema."
    assert "schema.must of c004" in summed.text


def test_row_7_leaves_a_draft_that_its_criterion_counts_to_the_criterion():
    """What breaks its contract or `must` is no success: within the target it is allowed, beyond it the target holds."""
    world, wrong = World(), {f"c{number:03}": WRONG for number in range(5)}

    assert world.verdict(world.run({"c004": WRONG})).kind is Kind.PROMOTE
    assert world.verdict(world.run(wrong)).kind is Kind.HOLD_BELOW_TARGET


@pytest.mark.parametrize(
    "criteria",
    [
        (success(promote=None),),
        (success(origins=(Origin.LIVE,)), success()),
        (success(origins=(Origin.LIVE,)),),
        (violations(),),
    ],
    ids=["no target", "control", "of live drafts", "of something else"],
)
def test_row_7_a_draft_that_no_target_counts_still_holds(criteria):
    """The suite's own trials must be what a target of `draft.success_rate` counts."""
    world = with_doubles(criteria=criteria)
    failed = {
        reason.about for reason in world.verdict(world.run({"c004": WRONG})).reasons if reason.kind is Kind.HOLD_FAILED
    }

    assert bool(failed) is (len(criteria) == 1)


def test_row_7_success_counts_no_check_of_another_suite():
    """A second effect in a draft that is right, or wrong too, is no business of `draft.success_rate`."""
    world = with_doubles(criteria=(success(),))
    for how in ({"c003~twice": DEAD}, {"c003~twice": DEAD, "c003": WRONG}):
        verdict = world.verdict(world.run(how))

        assert verdict.kind is Kind.HOLD_FAILED
        assert [reason.about for reason in verdict.reasons if reason.finding is None] == ["idempotency"]


def test_row_7_a_failed_check_rolls_back_where_the_plan_says_so():
    """`on_failed_tests` allows no failure of a required suite at a stage that somebody sees, counted or not."""
    world = World(on_failed_tests=True, live=True, entered=NOW - timedelta(days=1))

    assert world.verdict(world.run({"c004": WRONG})).kind is Kind.ROLLBACK_FAILED


@pytest.mark.parametrize(("live", "kind"), [(True, Kind.ROLLBACK_FAILED), (False, Kind.HOLD_FAILED)])
def test_row_7_failed_test_rolls_back_where_the_plan_says_so(live, kind):
    """`rollback: {on_failed_tests}` counts at a stage that somebody sees."""
    world = World(tests=("t1",), on_failed_tests=True, live=live, entered=NOW - timedelta(days=1))
    run = world.run()
    run.records[-2] = own_test("t1", "failed")

    verdict = world.verdict(run)

    assert verdict.kind is kind


def test_row_8_prerequisite_not_proven():
    """What nobody vouches for holds."""
    world = World(requires={"prerequisites": ("pilot-table",)})

    verdict = world.verdict(world.run())

    assert verdict.kind is Kind.HOLD_PREREQUISITE
    assert "pilot-table" in verdict.reasons[0].text


def test_row_9_too_few():
    """n below the minimum is hold.insufficient."""
    world = live_world(criteria=(approval(minimum_n=400),))

    verdict = world.verdict(world.recorded(block(drafts(300, 20))))

    assert verdict.kind is Kind.HOLD_INSUFFICIENT


def test_row_9_bake_not_elapsed():
    """A stage bakes as long as the plan says."""
    world = live_world(bake_s=3 * 86_400)

    verdict = world.verdict(world.recorded(block(drafts(300, 20))))

    assert verdict.kind is Kind.HOLD_INSUFFICIENT
    assert verdict.reasons[0].about == "bake"


def test_row_10_target_not_met():
    """Enough evidence, and below the target."""
    world = live_world()

    verdict = world.verdict(world.recorded(block(drafts(260, 140))))

    assert verdict.kind is Kind.HOLD_BELOW_TARGET


def test_row_11_approval_absent():
    """Where a human must approve, nothing else promotes."""
    world = World(requires={"approval": "cto"})

    verdict = world.verdict(world.run())

    assert verdict.kind is Kind.HOLD_APPROVAL


def test_row_12_promotes_to_exactly_one_stage():
    """Nothing against it: the one next stage."""
    world = World(requires={"approval": "cto", "prerequisites": ("table",)})
    proofs = world.recorded(attested("cto"), attested("table", subject=None))

    verdict = world.verdict(proofs, world.run())

    assert (verdict.kind, verdict.to_stage, verdict.exit_code) == (Kind.PROMOTE, "after0", 0)
    assert verdict.valid_until == rfc3339(NOW + timedelta(hours=4))


def test_row_12_after_the_last_stage_is_complete():
    """There is nothing left to promote to."""
    world = World(stages_after=0)

    verdict = world.verdict(world.run())

    assert (verdict.kind, verdict.to_stage) == (Kind.COMPLETE, None)


def test_first_hit_decides_and_all_reasons_are_kept():
    """Every row that objects is in the verdict, most weighty first."""
    world = seen(criteria=(violations(),), requires={"approval": "cto", "prerequisites": ("table",)})
    run = world.run({"c003~twice": LEAK, "c001": WRONG, "c002": CRASH})
    run.broken = None
    run.records.pop()

    verdict = world.verdict(run)

    kinds = [reason.kind for reason in verdict.reasons]
    assert kinds[0] is Kind.ROLLBACK_INCIDENT
    assert {
        Kind.HOLD_INVALID_EVIDENCE,
        Kind.HOLD_INCOMPLETE,
        Kind.HOLD_FAILED,
        Kind.HOLD_PREREQUISITE,
        Kind.HOLD_APPROVAL,
    } <= set(kinds)
    assert kinds == sorted(kinds, key=list(Kind).index)


class TestTwin:
    """Bad, broken or late evidence never turns a rollback into a hold."""

    def spoilt(self, how):  # noqa: C901 - one branch for each way
        """An incident, and then something goes wrong with its ledger."""
        world = seen()
        run = world.run({"c003~twice": LEAK})
        match how:
            case "unclosed":
                run.records.pop()
            case "incomplete":
                run.records[-1][1]["complete"] = False
            case "tampered later":
                run.broken = Fault(where="ledger:90", what="the line was rewritten")
            case "truncated":
                leak = max(at for at, item in enumerate(run.records) if item[1].get("case_id") == "c003~twice")
                run.records = run.records[: leak + 1]
            case "crash before its results":
                leak = next(
                    at
                    for at, (kind, item) in enumerate(run.records)
                    if kind == "checked" and item["case_id"] == "c003~twice"
                )
                run.records = run.records[:leak]
            case "crash later":
                run.records = [*run.records[:-1], world.trial(world.cases[0], CRASH)[0]]
            case "stale":
                run.records[0][1]["at"] = rfc3339(NOW - timedelta(days=30))
            case "other plan":
                run.records[0][1]["plan_digest"] = "9" * 64
            case "other lock":
                run.records[0][1]["lock_digest"] = "9" * 64
            case "other apparatus":
                run.records[0][1]["apparatus"] = "9" * 64
            case "results forged":
                for kind, item in run.records:
                    if kind == "checked":
                        item["results"] = dict.fromkeys(item["results"], "pass")
            case "garbage beside it":
                run.records.insert(5, ("outcome", {"case_id": 4}))
            case "unknown record":
                run.records.insert(5, ("rumour", {}))
        return world, run

    @pytest.mark.parametrize(
        "how",
        [
            "unclosed",
            "incomplete",
            "tampered later",
            "truncated",
            "crash before its results",
            "crash later",
            "stale",
            "other plan",
            "other lock",
            "other apparatus",
            "results forged",
            "garbage beside it",
            "unknown record",
        ],
    )
    def test_incident_in_spoilt_evidence_still_rolls_back(self, how):
        """What was found before the damage, or in spite of it, stands."""
        world, run = self.spoilt(how)

        verdict = world.verdict(run)

        assert verdict.kind is Kind.ROLLBACK_INCIDENT

    def test_incident_in_an_earlier_attempt_still_rolls_back(self):
        """Running again until green does not undo it."""
        world = seen()

        verdict = world.verdict(world.run({"c003~twice": LEAK}), world.run(attempt=2, nonce="m"))

        assert verdict.kind is Kind.ROLLBACK_INCIDENT

    def test_incident_without_state_still_rolls_back(self):
        """A state file that is gone hides nothing that the ledger shows."""
        world = seen(with_state=False)

        verdict = world.verdict(world.run({"c003~twice": LEAK}))

        assert verdict.kind is Kind.ROLLBACK_INCIDENT

    def test_failed_test_that_rolls_back_does_so_beside_broken_evidence(self):
        """The law stands above the order of rows 4 and 7."""
        world = World(tests=("t1",), on_failed_tests=True, live=True, entered=NOW - timedelta(days=1))
        run = world.run()
        run.records[-2] = own_test("t1", "failed")
        run.records.pop()

        verdict = world.verdict(run)

        assert verdict.kind is Kind.ROLLBACK_FAILED

    def test_dead_source_never_rolls_back(self):
        """No rows are no evidence of anything."""
        world = live_world(criteria=(approval(rollback=line(0.5)),))

        verdict = world.verdict(world.recorded())

        assert verdict.kind is Kind.HOLD_INSUFFICIENT

    def test_raising_check_never_rolls_back(self, monkeypatch):
        """A check that raises in the judge's hands holds, visibly."""
        from dataclasses import replace

        from sluicegate.gate import asking, measuring, trials

        def broken(trial, config):
            raise RuntimeError("no")

        world = seen()
        run = world.run()
        name = "idempotency.once"
        broken_checks = {**trials.CHECKS, name: replace(trials.CHECKS[name], run=broken)}
        for room in (asking, measuring, trials):
            monkeypatch.setattr(room, "CHECKS", broken_checks)

        verdict = world.verdict(run)

        assert verdict.kind is Kind.HOLD_INCOMPLETE
        assert verdict.decision is Decision.HOLD

    @pytest.mark.parametrize("where", ["measure", "judge_criterion"])
    def test_raising_judge_never_rolls_back_and_hides_no_incident(self, monkeypatch, where):
        """A fault of the judge's own is a hold; what was found beside it still counts."""
        from sluicegate.gate import judge, measuring

        def broken(*args, **said):
            raise RuntimeError("no")

        monkeypatch.setattr({"measure": measuring, "judge_criterion": judge}[where], where, broken)
        world = seen(criteria=(success(rollback=line(0.9)),))

        sound = world.verdict(world.run(lambda name: WRONG))
        leaking = world.verdict(world.run({"c003~twice": LEAK}))

        assert sound.kind is Kind.HOLD_INCOMPLETE
        assert leaking.kind is Kind.ROLLBACK_INCIDENT

    def test_lost_trials_alone_never_roll_back(self):
        """A killed run is not a bad subject: crossed by lost trials only, a human looks."""
        world = seen(criteria=(success(rollback=line(0.6)),))
        run = world.run(lambda name: CRASH if name > "c003" else "good")
        run.records.pop()

        verdict = world.verdict(run)

        assert verdict.decision is Decision.HOLD
        assert verdict.criteria[0].status is Status.SUSPECT
        assert verdict.criteria[0].kind is Kind.HOLD_SUSPECT


class TestMemory:
    """A line once crossed stays crossed; after a rollback somebody looks."""

    @pytest.mark.parametrize("kind", ["rollback.incident", "rollback.threshold", "rollback.failed"])
    def test_rolled_back_subject_stays_back(self, kind):
        """Judged again until green is judged once."""
        world = live_world(state_events=[back(SUBJECT, kind)])

        verdict = world.verdict(world.recorded(block(drafts(300, 20))))

        assert verdict.kind is Kind(kind)

    def test_rolled_back_by_hand_stays_back(self):
        """A person's rollback is one."""
        rolled = RolledBack(stage="ten", subject=SUBJECT, at=rfc3339(NOW - timedelta(hours=1)), by="kim")
        world = live_world(state_events=[rolled])

        verdict = world.verdict(world.recorded(block(drafts(300, 20))))

        assert verdict.decision is Decision.ROLLBACK

    def test_next_subject_waits_for_an_acknowledgement(self):
        """After a rollback somebody has to say that they saw it."""
        world = live_world(state_events=[back()])

        verdict = world.verdict(world.recorded(block(drafts(300, 20))))

        assert verdict.kind is Kind.HOLD_APPROVAL

    @pytest.mark.parametrize("subject", [SUBJECT, OTHER])
    def test_acknowledged_rollback_lets_the_next_subject_try(self, subject):
        """Acknowledged by the old subject or for the new one."""
        seen_it = Acknowledged(subject=subject, at=rfc3339(NOW), by="kim")
        world = live_world(state_events=[back(), seen_it])

        verdict = world.verdict(world.recorded(block(drafts(300, 20))))

        assert verdict.kind is Kind.PROMOTE

    def test_what_was_acknowledged_for_a_third_subject_lets_only_that_one_try(self):
        """And the reason says for which it was; a rollback after it was acknowledged by nobody."""
        at = [rfc3339(NOW - timedelta(hours=hours)) for hours in (3, 2, 1)]
        seen_it = Acknowledged(subject="3" * 64, at=at[0], by="kim")
        records = block(drafts(300, 20))

        world = live_world(state_events=[back(), seen_it])
        verdict = world.verdict(world.recorded(records))
        let_in = Entered(stage="ten", subject=OTHER, at=at[1], override="a second try")
        mine = Entered(stage="ten", subject=SUBJECT, at=at[2], override="it serves again")
        world = live_world(state_events=[back(), seen_it, let_in, replace(back(), at=at[2]), mine])
        again = world.verdict(world.recorded(records))

        assert verdict.kind is again.kind is Kind.HOLD_APPROVAL
        assert "which is acknowledged for subject 333333333333, and not for this one." in verdict.reasons[0].text
        assert "nobody has acknowledged it" in again.reasons[0].text

    def test_acknowledgement_does_not_revive_the_subject(self):
        """It lets the next one try, not the same."""
        seen_it = Acknowledged(subject=SUBJECT, at=rfc3339(NOW), by="kim")
        world = live_world(state_events=[back(SUBJECT), seen_it])

        verdict = world.verdict(world.recorded(block(drafts(300, 20))))

        assert verdict.decision is Decision.ROLLBACK

    @pytest.mark.parametrize("first", ["hold.incident", "hold.threshold", "hold.failed"])
    @pytest.mark.parametrize("by_hand", [True, False])
    def test_a_hold_nobody_saw_hides_no_rollback_after_it(self, first, by_hand):
        """A line crossed in the sandbox is remembered, and the rollback that users saw is remembered too."""
        rolled = RolledBack(stage="ten", subject=SUBJECT, at=rfc3339(NOW - timedelta(hours=1)), by="kim")
        after = rolled if by_hand else back(SUBJECT, "rollback.threshold")
        world = live_world(state_events=[back(SUBJECT, first), after])

        verdict = world.verdict(world.recorded(block(drafts(300, 20))))

        assert verdict.decision is Decision.ROLLBACK

    def test_a_subject_let_in_again_and_rolled_back_again_is_looked_at_again(self):
        """One acknowledgement is for one rollback; the same one judged again asks nobody again."""
        at = [rfc3339(NOW - timedelta(hours=hours)) for hours in (3, 2, 1)]
        seen_it = Acknowledged(subject=OTHER, at=at[0], by="kim")
        again = Entered(stage="ten", subject=OTHER, at=at[1], override="a second try")
        later = replace(back(), at=at[2])
        judged = live_world(state_events=[back(), seen_it, later])
        mine = Entered(stage="ten", subject=SUBJECT, at=at[2], override="it serves again")
        entered = live_world(state_events=[back(), seen_it, again, later, mine])

        said = [world.verdict(world.recorded(block(drafts(300, 20)))).kind for world in (judged, entered)]

        assert said == [Kind.PROMOTE, Kind.HOLD_APPROVAL]
