"""How a bad build gets promoted elsewhere: by a verdict that is old, of something else, or used twice."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Done, Rollout, ago, drafts, gated, live, no_promote, prepared, recorded_only, refused

sys.path.pop(0)


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """Promoted from preflight; only to ask."""
    return prepared(gated, tmp_path_factory.mktemp("verdicts"))


def accepted(done: Done) -> None:
    assert done.code == 0, done.text
    assert done.out.startswith("promote: preflight → ten"), done.out


class TestAsked:
    """Whether this verdict is about exactly this step."""

    def test_the_one_way_through(self, promoted: Rollout) -> None:
        """Everything right: exit 0, or these tests show nothing."""
        accepted(promoted.verify(promoted.verdict(), "--max-age", "4h"))

    def test_stale(self, promoted: Rollout) -> None:
        """Past its own validity, past the consumer's limit, or issued by a clock that runs ahead."""
        refused(promoted.verify(promoted.verdict(), "--now", ago(hours=-5)), 30, "valid_until")
        refused(promoted.verify(promoted.verdict(), "--now", ago(hours=-1), "--max-age", "30m"), 30, "age: expected")
        refused(promoted.verify(promoted.verdict(), "--now", ago(minutes=30)), 30, "lies in the future")

    def test_of_another_step(self, promoted: Rollout) -> None:
        """A promote to the next stage is not one to the stage after, nor one from elsewhere."""
        refused(promoted.verify(promoted.verdict(), step=("preflight", "half")), 30, "to_stage: expected half")
        refused(promoted.verify(promoted.verdict(), step=("ten", "half")), 30, "from_stage: expected ten")

    @pytest.mark.parametrize(
        ("part", "change"),
        [
            ("code", lambda shop: shop.replace("ok", "well", "bot.py")),
            ("prompts", lambda shop: shop.write("prompts/system.md", "Be rude.")),
            ("prompts", lambda shop: shop.write("prompts/more.md", "And loud.")),
        ],
    )
    def test_of_another_build(self, tmp_path: Path, part: str, change: object) -> None:
        """Another commit, another prompt, one prompt more: what is about to serve is not what was judged."""
        rollout = prepared(gated, tmp_path)
        change(rollout)

        refused(rollout.verify(rollout.verdict()), 30, "subject: expected")

    def test_of_another_model(self, promoted: Rollout, tmp_path: Path) -> None:
        """The model belongs to the subject, and to the plan that names it."""
        other = prepared(gated, tmp_path)
        other.replace("model: tiny-1", "model: tiny-2")
        other.lock()

        refused(promoted.verify(promoted.verdict(), subject=other.subject()), 30, "subject: expected")

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"promote",
            b'{"kind":"promote"}',
            b'{"decision":"promote","kind":"promote"}',
            b"<!doctype html><title>Log in</title>promote",
        ],
    )
    def test_that_is_none(self, promoted: Rollout, tmp_path: Path, raw: bytes) -> None:
        """A login page, half a file, a word."""
        path = tmp_path / "verdict.json"
        path.write_bytes(raw)

        refused(promoted.verify(path), 30, "hold.invalid_evidence")

    def test_that_was_edited(self, tmp_path: Path) -> None:
        """A hold turned into a promote by hand is not what the state noted."""
        rollout = prepared(recorded_only, tmp_path)
        assert rollout.judge().kind == "hold.insufficient"
        verdict = json.loads(rollout.verdict("ten").read_bytes())
        verdict.update(decision="promote", kind="promote", criteria=[], reasons=[])
        verdict["reasons"] = [{"kind": "promote", "about": "ten", "text": "fine"}]
        rollout.verdict("ten").write_text(json.dumps(verdict, sort_keys=True, separators=(",", ":")) + "\n")

        done = rollout.verify(rollout.verdict("ten"), step=("ten", "half"))

        refused(done, 30, "hold.invalid_evidence")

    def test_that_is_not_there(self, promoted: Rollout) -> None:
        """A gate that never ran left nothing."""
        refused(promoted.verify(promoted.root / "gone.json"), 2, "gone.json", "There is no such file")


class TestUsedUp:
    """A promote is good once."""

    def test_replayed_after_the_step(self, tmp_path: Path) -> None:
        """Once the stage is entered the permission is used; after a rollback it stays used."""
        rollout = prepared(gated, tmp_path)
        old = rollout.write("old.json", rollout.verdict().read_bytes())
        accepted(rollout.verify(old))
        rollout.enter("ten")

        refused(rollout.verify(old), 30, "the entry of ten")
        rollout.sound("record", "rollback", "rollout.yaml", "--stage", "ten", "--by", "kim")
        refused(rollout.verify(old), 30, "to be the last word")

    def test_replayed_after_a_worse_verdict(self, tmp_path: Path) -> None:
        """The newest verdict counts; judged again as a hold, the old promote is void."""
        rollout = prepared(gated, tmp_path)
        old = rollout.write("old.json", rollout.verdict().read_bytes())
        rollout.switch("wrong", 1, 2, 3, 4, 5, 6, 7, 8, 9)
        no_promote(rollout.gate("--again"), "hold.failed", "hold.below_target")

        refused(rollout.verify(old), 30, "to be the last word")

    def test_left_lying_by_a_gate_that_failed(self, tmp_path: Path) -> None:
        """The gate of a new build broke down before it could judge; the promote that lies there is not for this one."""
        rollout = prepared(gated, tmp_path)
        rollout.write("bot.py", "def answer(input: broken")
        before = rollout.verdict().read_bytes()

        refused(rollout.gate(), 2, "bot")

        assert rollout.verdict().read_bytes() == before
        refused(rollout.verify(rollout.verdict()), 30, "subject: expected")
        refused(rollout.verify(rollout.verdict(), "--max-age", "1s", subject="6" * 64), 30)

    def test_left_lying_by_a_gate_that_began_again(self, tmp_path: Path) -> None:
        """Of the same build: since another attempt has begun, the earlier promote is not the last word."""
        rollout = prepared(gated, tmp_path)
        rollout.switch("dies", 3)
        rollout.sound("collect", "rollout.yaml", "--again")

        refused(rollout.verify(rollout.verdict()), 30, "attempt 2 at preflight")


class TestState:
    """A rollout under way without its memory."""

    def test_deleted_at_a_live_stage(self, tmp_path: Path) -> None:
        """Nothing says when the stage was entered; none is made up, so the same answer comes again."""
        rollout = prepared(live, tmp_path)
        verdict = rollout.write("old.json", rollout.verdict("ten").read_bytes())
        rollout.state.unlink()

        for _ in range(2):
            no_promote(rollout.gate("--stage", "ten"), "hold.no_state")
        refused(rollout.verify(verdict, step=("ten", "half")), 30, "hold.no_state")
        refused(rollout.run("record", "entry", "rollout.yaml", "--stage", "ten"), 30, "state file is gone")
        assert not rollout.state.exists()

    def test_deleted_before_the_first_step(self, tmp_path: Path) -> None:
        """Evidence of attempts without a state that notes them is a loss, not a beginning."""
        rollout = prepared(gated, tmp_path)
        rollout.state.unlink()

        no_promote(rollout.gate(), "hold.no_state")
        assert not rollout.state.exists()

    @pytest.mark.parametrize(
        "damage",
        [
            lambda raw: raw.replace(b'"attempt":1', b'"attempt":2', 1),
            lambda raw: b"".join(reversed(raw.splitlines(keepends=True))),
            lambda raw: b"".join(raw.splitlines(keepends=True)[1:]),
            lambda raw: raw + raw.splitlines(keepends=True)[0],
            lambda raw: b"{}\n",
            lambda raw: b"",
        ],
    )
    def test_damaged(self, tmp_path: Path, damage: object) -> None:
        """Changed, reordered, cut at the beginning, repeated, replaced, emptied."""
        rollout = prepared(gated, tmp_path)
        rollout.state.write_bytes(damage(rollout.state.read_bytes()))

        done = no_promote(rollout.gate(), "hold.no_state", "hold.invalid_evidence")
        assert "hold.no_state" in done.said
        refused(rollout.verify(rollout.verdict()), 30)

    def test_of_an_earlier_build(self, tmp_path: Path) -> None:
        """The stage was entered with another subject: this one's evidence has not begun."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts())
        rollout.write("prompts/system.md", "Be rude.")

        done = no_promote(rollout.judge(), "hold.no_state")

        assert "not with this subject" in done.said


class TestRollbackSignal:
    """A rollback is heard, however late the consumer asks."""

    def test_not_lost(self, tmp_path: Path) -> None:
        """It does not age, later verdicts do not call it back, and the gate says it again."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(200, held=lambda number: number % 4 == 0))
        no_promote(rollout.judge(), "rollback.threshold")
        verdict = rollout.write("rollback.json", rollout.verdict("ten").read_bytes())
        rollout.measured("approved", drafts(1100, held=lambda number: True, hours=19))

        no_promote(rollout.judge(), "rollback.threshold")
        refused(rollout.verify(verdict, "--now", ago(days=-9), step=("ten", "half")), 20, "rollback.threshold: ten")

    def test_the_next_build_waits_for_a_human(self, tmp_path: Path) -> None:
        """After a rollback a new subject is held until somebody has seen it."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.sound("record", "rollback", "rollout.yaml", "--stage", "ten", "--by", "kim")
        rollout.write("prompts/system.md", "Be kind.")

        assert "nobody has acknowledged" in no_promote(rollout.gate("--stage", "preflight"), "hold.approval").said
        rollout.sound("record", "acknowledgement", "rollout.yaml", "--by", "kim")
        assert rollout.gate("--stage", "preflight").code == 0
