"""What the judge says so that a newcomer knows what to do: older attempts, own tests, bundled tests left out."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import DEAD, NOW, SUBJECT, WRONG, World, line, own_test, success

sys.path.pop(0)

from sluicegate.ledger.state import Attempt, RolledBack, VerdictGiven
from sluicegate.model import Capability, Kind, Origin, Verdict, rfc3339
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import CallableTarget, Criterion, HttpTarget, PipelineSpec, SubjectSpec


def test_an_older_attempt_that_holds_the_subject_is_named_first() -> None:
    """After a wrong token every case crashed; run again without a failure, the reader is told what still holds."""
    world = World()
    broken = world.run(lambda _: DEAD, at=rfc3339(NOW - timedelta(minutes=40)))
    mended = world.run(attempt=2)

    verdict = world.verdict(broken, mended)

    first = verdict.reasons[0]
    assert verdict.kind is first.kind is not Kind.PROMOTE
    assert first.about == "older attempt"
    assert first.text.startswith("attempt 1 of 2026-01-29 11:20 UTC failed in 20 trials, attempt 2 in 0: ")
    assert "serve a new subject" in first.mend
    assert "release: '2'" in first.mend


def test_an_older_attempt_that_was_no_worse_is_not_blamed() -> None:
    """What the newest attempt fails itself is its own."""
    world = World()

    verdict = world.verdict(world.run({"c001": WRONG}), world.run({"c001": WRONG}, attempt=2))

    assert [reason for reason in verdict.reasons if reason.about == "older attempt"] == []


def test_an_older_failure_that_holds_nothing_is_not_told() -> None:
    """A promotion has no older attempt to speak of."""
    world = World(requires={}, suites=())

    assert "older attempt" not in {reason.about for reason in world.verdict(world.run(), world.run(attempt=2)).reasons}


def test_a_crossed_line_names_its_attempt() -> None:
    """The state file's verdict, with when, and in which attempt."""
    given = VerdictGiven(
        hash="f" * 64,
        decision="hold",
        kind="hold.incident",
        from_stage="first",
        to_stage="after0",
        subject=SUBJECT,
        at=rfc3339(NOW - timedelta(hours=1)),
    )
    made = Attempt(stage="first", attempt=1, subject=SUBJECT, at=rfc3339(NOW - timedelta(hours=2)))
    world = World(state_events=[made, given])

    said = next(reason for reason in world.verdict(world.run()).reasons if reason.about == "state")

    assert "judged hold.incident at" in said.text
    assert ", in attempt 1: a line once crossed stays crossed." in said.text


@pytest.mark.parametrize(
    ("subject", "target", "says"),
    [
        (SubjectSpec(values={"r": "1"}), CallableTarget(target="shop:draft"), "an edit of the pipeline's files makes"),
        (SubjectSpec(files={"p": ("p/*",)}), HttpTarget(url="http://127.0.0.1:1/"), "an edit of the pipeline's files"),
        (SubjectSpec(git="HEAD", files={"p": ("p/*",)}), CallableTarget(target="shop:draft"), "a commit makes one"),
        (SubjectSpec(services={"v": "http://127.0.0.1:1/v"}), HttpTarget(url="http://127.0.0.1:1/"), "a deployment"),
        (SubjectSpec(values={"r": "1"}), HttpTarget(url="http://127.0.0.1:1/"), "subject: a new literal part in"),
    ],
)
def test_after_a_rollback_it_is_said_what_makes_a_new_subject(
    subject: SubjectSpec, target: CallableTarget | HttpTarget, says: str
) -> None:
    """Of what the plan names, or follows by itself; a word of its own always does."""
    back = RolledBack(stage="first", subject=SUBJECT, at=rfc3339(NOW - timedelta(hours=1)), by="ops")
    said = {"subject": subject, "pipeline": PipelineSpec(target=target, capabilities=frozenset({Capability.TOOLS}))}
    world = World(state_events=[back], plan_said=said)

    reason = next(each for each in world.verdict(world.run()).reasons if "was rolled back" in each.text)

    assert reason.mend.startswith("Mend the cause and serve a new subject: ")
    assert says in reason.mend
    assert "release: '2'" in reason.mend


def test_what_counts_crashes_allows_no_failed_check() -> None:
    """A note names the criteria under which a check may fail; with a crash that failed it those of crashes as well."""
    graded = ("schema.valid_rate", "errors.rate")
    others = (Criterion(metric=BUILT_IN[name], origins=(Origin.SUITE,), promote=line(0.5)) for name in graded)
    world = World(criteria=(success(), *others))

    wrong, crashed = world.verdict(world.run({"c001": WRONG})), world.verdict(world.run({"c001": WRONG, "c002": DEAD}))

    def allowing(verdict: Verdict) -> list[str]:
        (note,) = [note for note in verdict.notes if "allowed by the plan in" in note and "suite schema" in note]
        return sorted(note.partition("allowed by the plan in ")[2].partition(":")[0].split(", "))

    assert wrong.kind is crashed.kind is Kind.PROMOTE
    assert allowing(wrong) == ["draft.success_rate", "schema.valid_rate"]
    assert allowing(crashed) == ["draft.success_rate", "errors.rate", "schema.valid_rate"]


def test_own_tests_that_nobody_asked_for_are_no_part_and_it_is_said() -> None:
    """A failing own test beside a stage without `tests: true`: a note with the mend."""
    world = World()
    run = world.run()
    run.records.insert(-1, own_test("t1", "failed"))
    run.records.insert(-1, own_test("t2"))

    (note,) = [note for note in world.verdict(run).notes if note.startswith("own tests")]

    assert "are no part of this verdict, for stage 'first' does not ask for them: 2 ran, 1 failed" in note
    assert "requires: {tests: true} and run: sluicegate plan lock plan.yaml" in note


def test_bundled_tests_that_were_left_out_are_no_dead_worker() -> None:
    """With -k every worker ends well; what lacks are tests that read their results."""
    world = World()
    run = world.run()
    run.records.insert(-1, ("shard", {"name": "suites", "planned": 9, "run": 6, "closed": True}))

    verdict = world.verdict(run)

    (said,) = [reason for reason in verdict.reasons if reason.about == "suites"]
    assert (verdict.kind, said.kind) == (Kind.HOLD_INCOMPLETE, Kind.HOLD_INCOMPLETE)
    assert said.text.startswith("only 6 of 9 bundled tests read their results")
    assert "worker" not in " ".join(reason.text for reason in verdict.reasons)
