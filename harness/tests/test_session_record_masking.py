"""What people type into a record is kept for ever, so no key gets into it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import prepared, recorded_only

sys.path.pop(0)

KEY = "sk-proj-AbCdEf0123456789AbCdEf0123456789AbCdEf01"


def test_no_key_in_a_reason_or_a_name_is_written(tmp_path: Path) -> None:
    """State, status and verdict show it masked, on one line; a mail address stays where it says who it was."""
    rollout = prepared(recorded_only, tmp_path)
    stage = ("rollout.yaml", "--stage", "ten")

    rollout.sound("record", "entry", *stage, "--override", f"\x1b[31m{KEY} eve@shop.test")
    rollout.sound("record", "rollback", *stage, "--by", f"kim@shop.test\x1b[0m\n{KEY}")
    shown = rollout.run("status", "rollout.yaml").out
    judged = rollout.run("judge", *stage)
    acknowledged = rollout.sound("record", "acknowledgement", "rollout.yaml", "--by", KEY)

    assert "(override: \\x1b[31m[secret] ***@s***)" in shown
    assert "by kim@shop.test\\x1b[0m\\n[secret]" in shown
    assert judged.code == 20, "the state is still whole, and the rollback in it counts"
    assert "acknowledged by [secret]" in acknowledged.out
    kept = [path for path in rollout.root.rglob("*") if path.is_file() and b"AbCdEf0123" in path.read_bytes()]
    assert kept == []
