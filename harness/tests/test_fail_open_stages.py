"""How a bad build gets promoted elsewhere: at a later stage, by what belongs to another time of the rollout."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, drafts, no_promote, recorded_only, with_live

sys.path.pop(0)

APPROVED = "approved: {from: live, promote: 90 %, alert: 75 %, rollback: 60 %, min: 100}"
COMPARED = "approved: {from: live, promote: 50 %, alert: 40 %, rollback: {drop: 20 points, than: ten}, min: 100}"
HOURS_AT_HALF = 12


def at_half(root: Path) -> Rollout:
    """At stage half, which is compared with ten; nothing is measured yet."""
    before, half, after = with_live(APPROVED).partition("  - name: half\n")
    rollout = recorded_only(root / "shop", before + half + after.replace(APPROVED, COMPARED))
    rollout.enter("half", clock=-timedelta(hours=HOURS_AT_HALF))
    return rollout


class TestReference:
    """`than: STAGE` compares with what was measured while the rollout was at that stage."""

    @pytest.mark.parametrize("hours", [60, 10])
    def test_what_an_export_holds_of_another_time_lowers_no_reference(self, tmp_path: Path, hours: int) -> None:
        """Drafts of before its entry, or of the stage after it: 95 % there, 60 % here, and the line is 20 points."""
        rollout = at_half(tmp_path)
        bad = drafts(held=lambda number: number % 5 < 3, hours=10)
        strays = drafts(800 if hours == 60 else 400, held=lambda number: number % 5 < 3, hours=hours)
        rollout.measured("approved", [*drafts(), *strays], "--stage", "ten")
        rollout.measured("approved", bad, "--stage", "half")

        done = no_promote(rollout.judge("--stage", "half"), "rollback.threshold")

        assert "below ten" in done.criterion("approved")["shown"]

    def test_nothing_but_another_time_is_no_reference(self, tmp_path: Path) -> None:
        """It holds, and says how much was left out."""
        rollout = at_half(tmp_path)
        rollout.measured("approved", drafts(hours=60), "--stage", "ten")
        rollout.measured("approved", drafts(hours=10), "--stage", "half")

        done = no_promote(rollout.judge("--stage", "half"), "hold.insufficient")

        assert "400 recorded units are of when the rollout was not at 'ten'" in done.said


class TestOvertaken:
    """While another build is on its way, this one shows nothing."""

    def test_hours_of_another_build_are_no_bake(self, tmp_path: Path) -> None:
        """Another subject entered since; this one holds until somebody says that it serves."""
        rollout = at_half(tmp_path)
        rollout.measured("approved", drafts(), "--stage", "ten")
        rollout.measured("approved", drafts(hours=10), "--stage", "half")
        assert rollout.judge("--stage", "half").code == 0
        prompt = (rollout.root / "prompts" / "system.md").read_text(encoding="utf-8")
        rollout.write("prompts/system.md", "Be kind.\n")
        rollout.sound("record", "entry", "rollout.yaml", "--stage", "ten", "--override", "a quick repair")
        rollout.write("prompts/system.md", prompt)

        done = no_promote(rollout.judge("--stage", "half"), "hold.no_state")

        assert "another subject, " in done.said
        assert "what served since is not known" in done.said
        rollout.sound("record", "entry", "rollout.yaml", "--stage", "half", "--override", "the repair was taken back")
        assert rollout.judge("--stage", "half").code == 0


class TestSteppedBack:
    """A stage that was left for an earlier one bakes no further."""

    def test_it_is_left_only_from_where_the_rollout_is(self, tmp_path: Path) -> None:
        """All that half asks for was shown before the rollout went back to ten; entered again it counts."""
        rollout = at_half(tmp_path)
        rollout.measured("approved", drafts(), "--stage", "ten")
        rollout.measured("approved", drafts(hours=10), "--stage", "half")
        assert rollout.judge("--stage", "half").code == 0
        rollout.sound("record", "entry", "rollout.yaml", "--stage", "ten", "--override", "many complaints")

        done = no_promote(rollout.judge("--stage", "half"), "hold.no_state")

        assert "went back to 'ten'" in done.said
        assert "--stage ten" in done.verdict["reasons"][0]["mend"]
        assert rollout.judge("--stage", "ten").code == 0
        rollout.enter("half")
        assert rollout.judge("--stage", "half").code == 0
