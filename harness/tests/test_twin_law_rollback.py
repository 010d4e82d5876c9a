"""The twin law: bad, broken or late evidence never turns a rollback into a hold."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import (
    BOT,
    PLAN,
    SLUICEGATE,
    Rollout,
    a_case,
    ago,
    drafts,
    entered,
    environment,
    made,
    no_promote,
    prepared,
    recorded_only,
    refused,
    waits,
)

sys.path.pop(0)

ONLY_TEN = PLAN[: PLAN.index("  - name: preflight")] + PLAN[PLAN.index("  - name: ten") : PLAN.index("  - name: half")]
"""The rollout's plan with one stage, under traffic."""


def incident(root: Path) -> Rollout:
    """Live, everything measured is fine, and one case of the suites crashes the pipeline: judged once, rolled back."""
    rollout = entered(root)
    rollout.switch("raises", 7)
    assert rollout.measured("approved", drafts()).code == 0
    assert rollout.measured("wait", waits(), "--unit=ms").code == 0
    rollout.sound("collect", "rollout.yaml")
    return rollout


def crossed(root: Path) -> Rollout:
    """Live, and a quarter of the drafts approved where 60 % is the line; not judged yet."""
    rollout = recorded_only(root)
    assert rollout.measured("approved", drafts(held=lambda number: number % 4 == 0)).code == 0
    return rollout


def rolls_back(rollout: Rollout, *args: str, kind: str = "rollback.incident") -> None:
    """Judge and gate say 20, the judge first: it must not live on what the gate noted."""
    no_promote(rollout.judge("--stage", "ten", *args), kind)
    no_promote(rollout.gate("--stage", "ten", *args), kind)


def cut_ledger(shop: Rollout) -> None:
    ledger = shop.ledger("ten")
    ledger.write_bytes(ledger.read_bytes()[:-700])


def change_after_the_incident(shop: Rollout) -> None:
    rows = shop.ledger("ten").read_bytes().splitlines(keepends=True)
    rows[-3] = rows[-3].replace(b'"pass"', b'"fail"')
    shop.ledger("ten").write_bytes(b"".join(rows))


def drop_the_end(shop: Rollout) -> None:
    rows = shop.ledger("ten").read_bytes().splitlines(keepends=True)
    shop.ledger("ten").write_bytes(b"".join(rows[:-1]))


def append_garbage(shop: Rollout) -> None:
    with shop.ledger("ten").open("ab") as file:
        file.write(b"\x00\xff garbage")


def lose_the_measurements(shop: Rollout) -> None:
    shutil.rmtree(shop.root / ".sluicegate/recorded")


def spoil_the_measurements(shop: Rollout) -> None:
    shop.recorded(1).write_bytes(b"not a ledger\n")


def spoil_the_state(shop: Rollout) -> None:
    shop.state.write_bytes(b"{}\n" + shop.state.read_bytes())


def lose_the_state(shop: Rollout) -> None:
    shop.state.unlink()


def change_the_plan(shop: Rollout) -> None:
    shop.replace("alert: 75 %", "alert: 70 %")
    shop.lock()


def remove_the_pipeline(shop: Rollout) -> None:
    shop.replace("pipeline: bot:answer", "pipeline: gone:answer")
    shop.lock()


def stop_the_service(shop: Rollout) -> None:
    shop.replace("pipeline: bot:answer", "pipeline: {http: http://127.0.0.1:9/draft}")
    shop.lock()


def switch_it_off(shop: Rollout) -> None:
    (shop.root / "switches/raises").unlink()
    shop.sound("collect", "rollout.yaml", "--again")


DAMAGE: list[Callable[[Rollout], None]] = [
    cut_ledger,
    change_after_the_incident,
    drop_the_end,
    append_garbage,
    lose_the_measurements,
    spoil_the_measurements,
    spoil_the_state,
    lose_the_state,
    change_the_plan,
    remove_the_pipeline,
    stop_the_service,
    switch_it_off,
]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_an_incident_survives(tmp_path: Path, damage: Callable[[Rollout], None]) -> None:
    """Whatever is broken, lost or changed around it, an incident in what can still be read rolls back."""
    rollout = prepared(incident, tmp_path)
    damage(rollout)

    rolls_back(rollout)


def test_an_incident_does_not_grow_old(tmp_path: Path) -> None:
    """Late evidence, a stale run, a verdict asked for a month later."""
    rollout = prepared(incident, tmp_path)

    no_promote(rollout.judge("--now", ago(days=-30)), "rollback.incident")


def test_an_incident_in_a_run_that_is_killed(tmp_path: Path) -> None:
    """kill -9 after the incident and before the end: the ledger is unclosed, and rolls back."""
    rollout = prepared(entered, tmp_path)
    rollout.switch("raises", 3)
    rollout.switch("hangs", 20)
    run = subprocess.Popen([SLUICEGATE, "collect", "rollout.yaml"], cwd=rollout.root, env=environment())
    until = time.monotonic() + 30
    while not (rollout.root / "switches/hanging").exists() or b"boom" not in rollout.ledger("ten").read_bytes():
        assert time.monotonic() < until
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()

    no_promote(rollout.judge(), "rollback.incident")
    (rollout.root / "switches/hangs").unlink()
    no_promote(rollout.gate(), "rollback.incident")


class TestALineCrossed:
    """A rollback line that live evidence has crossed."""

    def test_survives_what_comes_after(self, tmp_path: Path) -> None:
        """Damage to another recording, a source that went silent, a month without data, a lost state's neighbour."""
        rollout = prepared(crossed, tmp_path)
        rollout.measured("approved", drafts(60, hours=2))
        rollout.recorded(2).write_bytes(rollout.recorded(2).read_bytes()[:-50])

        no_promote(rollout.judge("--now", ago(days=-30)), "rollback.threshold")
        no_promote(rollout.gate(), "rollback.threshold")

    def test_survives_good_numbers(self, tmp_path: Path) -> None:
        """A thousand good drafts after it, and a window that leaves the bad ones out: once crossed, crossed."""
        rollout = recorded_only(tmp_path / "shop")
        rollout.replace(
            "rollback: 60 %, min: 100}\n  - name: half", "rollback: 60 %, min: 100, window: 2h}\n  - name: half"
        )
        rollout.lock()
        rollout.measured("approved", drafts(200, held=lambda number: number % 4 == 0, hours=23))
        rollout.measured("approved", drafts(1000, held=lambda number: True, hours=17), name="later.csv")

        no_promote(rollout.judge(), "rollback.threshold")

    def test_survives_a_bad_row(self, tmp_path: Path) -> None:
        """A later file with a NaN in it is refused whole; what was recorded before still rolls back."""
        rollout = prepared(crossed, tmp_path)
        rows = drafts(5, hours=1.5)
        rows[2]["passed"] = "nan"
        refused(rollout.measured("approved", rows), 2, "approved-1.csv:4")

        no_promote(rollout.judge(), "rollback.threshold")

    def test_needs_no_minimum(self, tmp_path: Path) -> None:
        """Minimum samples gate promotion, never rollback."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(40, held=lambda number: False))

        done = no_promote(rollout.judge(), "rollback.threshold")

        assert done.criterion("approved")["measured"]["n"] == 40

    def test_tells_what_to_run(self, tmp_path: Path) -> None:
        """The plan's own steps are shown with it, as they were written, and never run."""
        rollout = prepared(crossed, tmp_path)
        steps = "    rollback: {within: 20m, steps: [[./ops/flag, set, rag, 'false; rm -rf /']]}\n  - name: half"
        rollout.replace("  - name: half", steps)
        rollout.lock()

        done = rollout.run("judge", "rollout.yaml")

        refused(done, 20, "ROLLBACK", "./ops/flag set rag 'false; rm -rf /'")


WRITES = """
import time
from pathlib import Path


def answer(input):
    Path(f"trace_{input['n']}.py").write_text(f"# {time.time()}")
    raise RuntimeError("boom")
"""
"""A bad build that leaves files of its own subject behind."""


def test_what_a_bad_build_writes_into_its_own_files_hides_nothing(tmp_path: Path) -> None:
    """Judged again, files are others than those it was measured with, by its own hand: 20, as it was the first time.

    Once somebody mends it, what serves is no longer what the run left, and is judged by what is its own.
    """
    rollout = made(tmp_path, ONLY_TEN, cases=[a_case(number) for number in range(4)])
    rollout.write("bot.py", WRITES)
    rollout.enter("ten")

    gated = no_promote(rollout.gate(), "rollback.incident")
    judged = no_promote(rollout.judge(), "rollback.incident")
    assert judged.verdict["subject"] == gated.verdict["subject"]

    rollout.write("bot.py", BOT)
    assert rollout.judge().code == 30
