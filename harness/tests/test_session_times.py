"""Times in the state file never go backwards, and nobody makes old evidence fresh, or a bake short, by the clock."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import (
    PLAN,
    Rollout,
    ago,
    drafts,
    entered,
    gated,
    live,
    made,
    no_promote,
    prepared,
    recorded_only,
    refused,
    with_live,
)

sys.path.pop(0)

ENTRY = ("record", "entry", "rollout.yaml", "--stage", "ten")
BACK = ("record", "rollback", "rollout.yaml", "--stage", "ten", "--by", "kim")
SEEN = ("record", "acknowledgement", "rollout.yaml", "--by", "kim")


def rewritten(rollout: Rollout, **said: object) -> None:
    """The last record says something else, under a hash that fits: what an older release, or a hand, would leave."""
    *before, last = rollout.state.read_bytes().splitlines()
    body = {**json.loads(last), **said, "prev": sha256(before[-1]).hexdigest() if before else "0" * 64}
    rollout.state.write_bytes(
        b"".join(line + b"\n" for line in (*before, json.dumps(body, separators=(",", ":")).encode()))
    )


class TestWhatPeopleSay:
    """Entries, rollbacks and acknowledgements."""

    @pytest.mark.parametrize("said", [ENTRY, BACK, SEEN])
    def test_earlier_than_the_last_record(self, tmp_path: Path, said: tuple[str, ...]) -> None:
        """Refused: exit 2, with the last record and its time, and nothing is written."""
        rollout = prepared(gated, tmp_path)
        before = rollout.state.read_bytes()

        refused(
            rollout.run(*said, "--now", ago(hours=23)), 2, "earlier than the last record", "promote", "never go back"
        )

        assert rollout.state.read_bytes() == before

    @pytest.mark.parametrize("said", [ENTRY, BACK, SEEN])
    def test_still_to_come(self, tmp_path: Path, said: tuple[str, ...]) -> None:
        """What is recorded has happened."""
        refused(prepared(gated, tmp_path).run(*said, "--now", ago(hours=-1)), 2, "--now: ", "still to come")

    def test_a_clock_that_is_a_little_slow(self, tmp_path: Path) -> None:
        """Two machines, twenty seconds apart: recorded, at the time of the record before it."""
        rollout = prepared(made, tmp_path)
        assert rollout.gate().code == 0

        rollout.enter("ten", clock=-timedelta(seconds=20))

        last, entry = (json.loads(line) for line in rollout.state.read_bytes().splitlines()[-2:])
        assert (entry["kind"], entry["at"]) == ("entered", last["at"])

    def test_an_entry_recorded_late(self, tmp_path: Path) -> None:
        """Nothing happened since, so an hour ago it may have been; the verdict says when it was written."""
        rollout = made(tmp_path / "shop")
        assert rollout.gate(clock=-timedelta(hours=5)).code == 0
        rollout.sound(*ENTRY, "--now", ago(hours=4))

        assert "was recorded later, at" in " ".join(rollout.judge("--stage", "ten").verdict["notes"])

    def test_an_entry_at_once(self, tmp_path: Path) -> None:
        """Promoted and entered: nothing to say."""
        notes = " ".join(prepared(live, tmp_path).judge().verdict["notes"])

        assert "entry" not in notes
        assert "entered" not in notes


class TestByWord:
    """A stage that no promote leads into."""

    def test_is_warned_of_and_noted(self, tmp_path: Path) -> None:
        """The entry stands; on standard error, and in each verdict, is on whose word."""
        rollout = prepared(made, tmp_path)
        assert rollout.sound("record", "entry", "rollout.yaml", "--stage", "preflight").err == ""
        done = rollout.sound(*ENTRY)

        assert "no promote into 'ten' of this subject is recorded" in done.err
        assert "by word of the operator" in " ".join(rollout.judge().verdict["notes"])

    def test_after_a_hold(self, tmp_path: Path) -> None:
        """A verdict about the step that does not allow it is no promote: refused, but for one's word and a reason."""
        rollout = prepared(made, tmp_path)
        rollout.switch("wrong", *range(20))
        assert rollout.gate().code == 10
        before = rollout.state.read_bytes()

        refused(rollout.run(*ENTRY), 2, "no promote into 'ten'", "hold.below_target", "--override REASON")
        assert rollout.state.read_bytes() == before
        assert "no promote into 'ten'" in rollout.sound(*ENTRY, "--override", "drill of kim").err
        assert json.loads(rollout.state.read_bytes().splitlines()[-1])["override"] == "drill of kim"
        assert "entered ten (override: drill of kim)" in rollout.sound("status", "rollout.yaml").out
        assert "by word of the operator" in " ".join(rollout.judge("--stage", "ten").verdict["notes"])

    def test_of_another_subject(self, tmp_path: Path) -> None:
        """The promote was of the build before."""
        rollout = prepared(gated, tmp_path)
        rollout.write("prompts/system.md", "Be rude.\n")

        refused(rollout.run(*ENTRY), 2, "no promote into 'ten' of this subject", "gate rollout.yaml --stage preflight")

    def test_of_a_stage_after_the_next(self, tmp_path: Path) -> None:
        """The promote was into ten; half is entered from there."""
        rollout = prepared(gated, tmp_path)

        half = ("record", "entry", "rollout.yaml", "--stage", "half")
        refused(rollout.run(*half), 2, "no promote into 'half'", "gate rollout.yaml --stage ten")

    def test_after_a_promote(self, tmp_path: Path) -> None:
        """The way it should go."""
        assert prepared(gated, tmp_path).sound(*ENTRY).err == ""


class TestTwice:
    """An entry that is recorded again."""

    def test_changes_nothing(self, tmp_path: Path) -> None:
        """A deploy step that runs again is told since when it stands there, and the state stays as it is."""
        rollout = prepared(gated, tmp_path)
        rollout.enter("ten")
        before = rollout.state.read_bytes()
        at = json.loads(before.splitlines()[-1])["at"]

        done = rollout.sound(*ENTRY)

        assert f"already entered ten at {at}; nothing changed" in done.out
        assert rollout.state.read_bytes() == before

    def test_with_something_in_between(self, tmp_path: Path) -> None:
        """Back from ten, acknowledged, entered once more: that is another entry, and so is one with a reason."""
        rollout = prepared(gated, tmp_path)
        for said in (ENTRY, BACK, SEEN, ENTRY, (*ENTRY, "--override", "traffic was off")):
            rollout.sound(*said)

        kinds = [json.loads(line)["kind"] for line in rollout.state.read_bytes().splitlines()]
        assert kinds[2:] == ["entered", "rolled_back", "acknowledged", "entered", "entered"]

    def test_after_another_promote(self, tmp_path: Path) -> None:
        """The gate was asked again and promoted again: the entry is that step's, and its verdict is used up by it."""
        rollout = prepared(gated, tmp_path)
        rollout.enter("ten")
        assert rollout.gate("--stage", "preflight").code == 0

        assert "already" not in rollout.sound(*ENTRY).out
        refused(rollout.verify(rollout.verdict()), 30, "the entry of ten")

    def test_of_another_subject(self, tmp_path: Path) -> None:
        """The next build enters in its own name."""
        rollout = prepared(gated, tmp_path)
        rollout.enter("ten")
        rollout.write("prompts/system.md", "Be short.\n")
        assert rollout.gate("--stage", "preflight").code == 0

        assert "already" not in rollout.sound(*ENTRY).out


class TestAStateThatGoesBackwards:
    """Times that no release of today writes."""

    def test_shortens_no_bake(self, tmp_path: Path) -> None:
        """The entry of a minute ago is made one of yesterday: held by the judge, and refused by verify."""
        bakes = with_live("approved: {from: live, promote: 90 %, alert: 75 %, min: 100}", stage="    bake: 20h\n")
        rollout = entered(tmp_path / "shop", bakes)
        rollout.measured("approved", drafts())
        assert rollout.judge().kind == "promote"
        promoted = rollout.copy(tmp_path / "copy")
        lines = rollout.state.read_bytes().splitlines()
        rollout.state.write_bytes(b"".join(line + b"\n" for line in lines[:3]))
        rewritten(rollout, at=ago(days=3))

        assert "the times in the state file go backwards" in no_promote(rollout.judge(), "hold.no_state").said
        rewritten(promoted, at=ago(days=3))
        refused(promoted.verify(promoted.verdict("ten"), step=("ten", "half")), 30, "hold.no_state", "earlier than")
        assert "not in order of time" in promoted.sound("status", "rollout.yaml").out

    def test_hides_no_rollback(self, tmp_path: Path) -> None:
        """What stands behind the record in question is read all the same."""
        rollout = prepared(recorded_only, tmp_path)
        rewritten(rollout, at=ago(days=3))
        rollout.measured("approved", drafts(held=lambda number: number % 4 == 0))

        no_promote(rollout.judge(), "rollback.threshold")
        refused(rollout.verify(rollout.verdict("ten"), step=("ten", "half")), 20, "rollback.threshold")


class TestAnOldClock:
    """Behind what is on record."""

    @pytest.mark.parametrize("how", [{"clock": -timedelta(hours=3)}, {}])
    def test_of_verify(self, tmp_path: Path, how: dict[str, timedelta]) -> None:
        """A verdict of the day before is not fresh because somebody's clock stands still."""
        rollout = made(tmp_path / "shop")
        assert rollout.gate(clock=-timedelta(hours=8)).code == 0
        verdict = rollout.verdict()
        refused(rollout.verify(verdict), 30, "valid_until")
        rollout.sound("record", "attestation", "rollout.yaml", "--name=a", "--by=kim", "--statement=x")
        now = () if how else ("--now", ago(hours=7))

        how = {"clock": -timedelta(hours=7)} if how else {}
        refused(rollout.verify(verdict, *now, **how), 30, "the clock is behind", "last record of the state file")

    def test_of_the_judge_hides_no_rollback(self, tmp_path: Path) -> None:
        """Units that are younger than the clock are seen all the same."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(held=lambda number: number % 4 == 0))

        no_promote(rollout.judge("--now", ago(hours=22)), "rollback.threshold")


class TestAnEarlyClock:
    """Ahead of it."""

    def test_of_the_judge_promotes_nothing_that_verify_takes(self, tmp_path: Path) -> None:
        """Judged as of tomorrow a bake is over; a verdict of tomorrow is nobody's today, whatever `--now` says."""
        bakes = with_live("approved: {from: live, promote: 90 %, alert: 75 %, min: 100}", stage="    bake: 2d\n")
        rollout = entered(tmp_path / "shop", bakes.replace("cases:", "max_evidence_age: 7d\ncases:"))
        rollout.measured("approved", drafts(hours=10))
        assert no_promote(rollout.judge(), "hold.insufficient")

        before = (rollout.state.read_bytes(), rollout.verdict("ten").read_bytes())
        for asked in (
            rollout.run("judge", "rollout.yaml", "--now", ago(hours=-25)),
            rollout.gate("--now", ago(hours=-25)),
        ):
            refused(asked, 2, "--now: ", "is still to come", "promote is of the present")
        assert (rollout.state.read_bytes(), rollout.verdict("ten").read_bytes()) == before
        refused(rollout.run("record", "entry", "rollout.yaml", "--stage", "half"), 2, "no promote into 'half'")

    def test_of_the_judge_hides_no_rollback(self, tmp_path: Path) -> None:
        """Only a promote is refused: a rollback of tomorrow is one today."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(held=lambda number: number % 4 == 0))

        no_promote(rollout.judge("--now", ago(hours=-1)), "rollback.threshold")

    def test_within_the_skew_of_clocks(self, tmp_path: Path) -> None:
        """Half a minute ahead is a machine in good order."""
        assert prepared(gated, tmp_path).gate("--now", ago(seconds=-30)).kind == "promote"

    def test_the_plan_of_these_tests_promotes(self, tmp_path: Path) -> None:
        """Or they show nothing."""
        assert "min: 40" in PLAN
        assert prepared(live, tmp_path).judge().kind == "promote"
