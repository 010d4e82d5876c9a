"""The other direction: no outage, false alarm, late generator, chance or broken judge rolls a good build back."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import (
    PLAN,
    SLUICEGATE,
    Rollout,
    ago,
    drafts,
    entered,
    environment,
    hanging_up,
    no_promote,
    prepared,
    recorded_only,
    refused,
    times,
    unapproved,
    waits,
    with_live,
)

sys.path.pop(0)

from sluicegate.ledger import Expected, LedgerWriter, RunClosed, RunStarted, Void
from sluicegate.model import Origin, digest_of, rfc3339
from sluicegate.session.record import record_measurements, source_table
from sluicegate.session.workspace import Workspace
from sluicegate.sources.columns import Columns, RecordSpec


def append_void(rollout: Rollout, origin: Origin, reason: str, *, hours: float) -> None:
    """What a load generator writes that could not keep its pace; its command comes later, the judge knows it now."""
    verdict = rollout.judge().verdict
    number = len(list((rollout.root / ".sluicegate/recorded").glob("*.jsonl"))) + 1
    now = datetime.now(UTC)
    with LedgerWriter(rollout.recorded(number)) as ledger:
        started = RunStarted(
            schema_version=1,
            nonce="n",
            at=rfc3339(now),
            origin=origin,
            stage="ten",
            attempt=number,
            subject=verdict["subject"],
            apparatus=verdict["apparatus"],
            plan_digest=verdict["plan_digest"],
            lock_digest=verdict["lock_digest"],
            engine="0",
            pipeline="",
            expected=Expected(cases=0, trials=0, ids_digest=digest_of([])),
        )
        ledger.append(RunStarted.KIND, started.body())
        span = Void(origin=origin, reason=reason, begins=rfc3339(now - timedelta(hours=hours)), ends=rfc3339(now))
        ledger.append(Void.KIND, span.body())
        ledger.append(RunClosed.KIND, RunClosed(at=rfc3339(now), complete=True).body())


class TestADeadSource:
    """What measures is down."""

    def test_that_never_spoke(self, tmp_path: Path) -> None:
        """No data is a hold, on a live stage too."""
        done = no_promote(prepared(recorded_only, tmp_path).judge(), "hold.insufficient")

        assert done.criterion("approved")["status"] == "no_data"

    def test_that_fell_silent(self, tmp_path: Path) -> None:
        """Rows until this morning and none since: too few, never too bad."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(50, held=lambda number: number % 10 != 0))

        no_promote(rollout.judge(), "hold.insufficient")
        no_promote(rollout.judge("--now", ago(days=-30)), "hold.invalid_evidence")

    @pytest.mark.parametrize("raw", [b"", b"<!doctype html><title>502</title>", b"at,passed\n", b"\xff\xfe\x00"])
    def test_that_answers_with_an_error(self, tmp_path: Path, raw: bytes) -> None:
        """An empty file, an error page, a header alone, bytes: refused, and nothing is recorded."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.write("export.csv", raw)
        columns = ("--column", "at=at", "--column", "passed=passed")

        refused(
            rollout.run("record", "measurements", "rollout.yaml", "--metric=approved", "--file=export.csv", *columns),
            2,
            "export.csv",
        )
        assert not list(rollout.root.glob(".sluicegate/recorded/*"))

    def test_a_pipeline_out_of_reach(self, tmp_path: Path) -> None:
        """The sandbox is down on a live stage, or goes down: not an incident of what serves."""
        rollout = prepared(unapproved, tmp_path)
        rollout.measured("approved", drafts())
        rollout.replace("pipeline: bot:answer", "pipeline: {http: http://127.0.0.1:9/draft}")
        rollout.lock()

        refused(rollout.gate(), 2, "nothing answers")

        with hanging_up() as address:
            rollout.replace("http://127.0.0.1:9/draft", address)
            rollout.lock()

            no_promote(rollout.gate(), "hold.suspect")


class TestAVoidExperiment:
    """Evidence taken with a broken instrument."""

    def test_a_late_generator(self, tmp_path: Path) -> None:
        """Every request was slow because the generator was: void, not a rollback."""
        line = "wait: {from: load, at: p90, promote: 500 ms, alert: 900 ms, rollback: 2 s, min: 100}\n"
        rollout = recorded_only(
            tmp_path / "shop", with_live(line + "approved: {from: live, promote: 90 %, alert: 75 %}")
        )
        rollout.measured("wait", waits(ms=lambda number: 9000), "--unit=ms", "--from=load", "--stage=ten")
        rollout.measured("approved", drafts())
        append_void(rollout, Origin.LOAD, "the load generator was late", hours=30)

        done = rollout.run("judge", "rollout.yaml", "--format", "json")

        assert done.criterion("wait")["void"] == 400
        assert "hold.invalid_experiment load load evidence is void" in done.said
        assert "rollback" not in done.criterion("wait")["kind"]

    def test_a_mocked_incident(self, tmp_path: Path) -> None:
        """Made-up rows neither promote nor roll back."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(held=lambda number: False), "--provenance", "mocked")

        no_promote(rollout.judge(), "hold.invalid_experiment")

    def test_others_incidents(self, tmp_path: Path) -> None:
        """Another build, the stage before, the time before: not this one's fault."""
        rollout = prepared(recorded_only, tmp_path)
        bad = {"held": lambda number: False}
        rollout.measured("approved", drafts(**bad), "--subject", "6" * 64)
        rollout.measured("approved", drafts(**bad), "--stage", "preflight", name="before.csv")
        rollout.measured("approved", drafts(**bad, hours=40), name="earlier.csv")

        no_promote(rollout.judge(), "hold.insufficient")


class TestAFalseAlarm:
    """Somebody's word, not a fact."""

    def test_a_detector_that_counts_a_leak(self, tmp_path: Path) -> None:
        """An incident recorded from outside is suspect until a human confirms it: a hold, with the count."""
        metrics = "  leaks: {kind: incidents, unit: draft, recall: 90 %, record: true}\n"
        criterion = "leaks: {from: live, promote: 0, max_rate: 2 %, rollback: confirmed, min: 100}"
        rollout = recorded_only(tmp_path / "shop", with_live(criterion, metrics=metrics))
        rows = [{"at": at, "k": int(number == 200), "n": 1} for number, at in times(400)]
        assert rollout.measured("leaks", rows).code == 0

        done = no_promote(rollout.judge(), "hold.suspect")

        assert done.criterion("leaks")["measured"]["k"] == 1

    def test_a_check_that_raises(self, tmp_path: Path) -> None:
        """The user's own check breaks down on every case of a live stage: it could not judge, that is all."""
        metric = "  polite: {kind: proportion, better: higher, unit: draft, check: polite}\n"
        plan = PLAN.replace("metrics:\n", f"metrics:\n{metric}").replace(
            "      wait: {from: live",
            "      polite: {from: suite, promote: 90 %, rollback: 80 %}\n      wait: {from: live",
        )
        rollout = recorded_only(tmp_path / "shop", plan)
        raising = "def polite(case, output):\n    return 1 / 0\n"
        hook = "def pytest_sluicegate_checks(config):\n    return [polite]\n"
        rollout.write("conftest.py", raising + hook)
        rollout.enter("preflight", clock=-timedelta(hours=23))
        rollout.enter("ten", clock=-timedelta(hours=22))
        asked = ("--sluicegate-plan", "rollout.yaml", "--sluicegate-stage", "ten")
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "sluicegate.pytest_plugin", *asked]
        alone = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        ended = subprocess.run(argv, cwd=rollout.root, env=alone, capture_output=True, text=True, check=False)
        assert "polite" in ended.stdout
        assert ended.returncode == 1, ended.stdout

        done = no_promote(rollout.judge(), "hold.incomplete")

        assert done.criterion("polite")["kind"] != "rollback.threshold"
        assert "could not be judged" in done.said

    def test_a_run_that_was_killed(self, tmp_path: Path) -> None:
        """kill -9 from outside in the middle of a live stage's suites: suspect, for what killed it is not known."""
        rollout = prepared(entered, tmp_path)
        rollout.switch("hangs", 20)
        run = subprocess.Popen([SLUICEGATE, "collect", "rollout.yaml"], cwd=rollout.root, env=environment())
        until = time.monotonic() + 30
        while not (rollout.root / "switches/hanging").exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()

        assert rollout.judge().kind.startswith("hold.")
        (rollout.root / "switches/hangs").unlink()
        assert rollout.gate().kind.startswith("hold.")


class TestChance:
    """A good build, looked at often and from many sides."""

    def test_many_looks(self, tmp_path: Path) -> None:
        """Five looks at a build that is well above its line; the early ones at bad luck."""
        rollout = prepared(recorded_only, tmp_path)
        rng = random.Random(3)
        rows = [dict(row, passed=number > 3 and rng.random() < 0.93) for number, row in enumerate(drafts(600))]
        kinds = []
        for upto in (6, 15, 40, 120, 600):
            assert rollout.measured("approved", rows[:upto], name="export.csv").code == 0
            done = rollout.judge()
            kinds.append(done.kind)

        assert not [kind for kind in kinds if kind.startswith("rollback")]
        assert done.criterion("approved")["measured"]["n"] == 600

    def test_twenty_quiet_criteria(self, tmp_path: Path) -> None:
        """Twenty metrics, each at its target: none rolls the others back, none blocks them."""
        names = [f"m{number:02}" for number in range(20)]
        metrics = "".join(
            f"  {name}: {{kind: proportion, better: higher, unit: draft, record: true}}\n" for name in names
        )
        criteria = "".join(
            f"{name}: {{from: live, promote: 90 %, alert: 80 %, rollback: 70 %, min: 100}}\n" for name in names
        )
        rollout = recorded_only(tmp_path / "shop", with_live(criteria, metrics=metrics))
        rng = random.Random(5)
        workspace = Workspace(rollout.plan)
        columns = Columns(at="at", slice="slice", passed="passed")
        for name in names:
            rows = [dict(row, passed=rng.random() < 0.95) for row in drafts(300)]
            export = rollout.write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
            spec = RecordSpec(metric=name, origin=Origin.LIVE, columns=columns, subject=workspace.subject)
            record_measurements(workspace, source_table(export), spec)

        assert rollout.judge().kind == "promote"
