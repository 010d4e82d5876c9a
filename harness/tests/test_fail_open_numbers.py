"""How a bad build gets promoted elsewhere: by numbers that are none, too few, too old, or of something else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import (
    PLAN,
    Rollout,
    a_case,
    ago,
    drafts,
    entered,
    gated,
    live,
    made,
    no_promote,
    prepared,
    refused,
    times,
    waits,
)

sys.path.pop(0)

LAYER = """\
  - name: ten
    exposure: {live: true, percent: 10}
    criteria:
"""
"""A live stage without suites: nothing to collect, only what is recorded."""


def with_live(criteria: str, *, metrics: str = "", stage: str = "") -> str:
    """The plan whose live stage asks for these criteria alone."""
    before, _, rest = PLAN.partition("  - name: ten\n")
    last = rest[rest.index("  - name: half\n") :]
    body = "".join(f"      {line}\n" for line in criteria.strip().splitlines())
    before = before.replace("stages:\n", f"{metrics}stages:\n")
    return before + LAYER.replace("    criteria:\n", f"{stage}    criteria:\n") + body + last


def at_ten(root: Path, plan: str, *, since: str | None = None) -> Rollout:
    """A rollout that has come to stage ten, without the run at preflight."""
    rollout = made(root, plan)
    rollout.enter("preflight", since or ago(days=1, minutes=1))
    rollout.enter("ten", since or ago(days=1))
    return rollout


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Rollout]:
    """At stage ten, its suites run there, nothing measured."""
    yield prepared(entered, tmp_path)


class TestNumbersThatAreNone:
    """NaN, infinity, nothing."""

    @pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", "1e999", ""])
    def test_not_a_number_is_recorded_nowhere(self, tmp_path: Path, value: str) -> None:
        """A row that is no number refuses the whole file, with its line."""
        rollout = prepared(made, tmp_path)

        done = rollout.measured("wait", waits(5, ms=lambda number: value if number == 3 else 7), "--unit=ms")

        refused(done, 2, "wait-0.csv:5")
        assert not list(rollout.root.glob(".sluicegate/recorded/*"))

    def test_nan_from_the_pipeline(self, tmp_path: Path) -> None:
        """An answer that holds NaN is a crash, and a crash is an incident."""
        rollout = made(tmp_path / "shop")
        rollout.switch("nan", 7)

        done = no_promote(rollout.gate(), "hold.incident")

        assert "not_finite" in done.said

    def test_nan_in_a_ledger(self, tmp_path: Path) -> None:
        """Written past every door, it is no JSON and ends what can be believed."""
        rollout = prepared(gated, tmp_path)
        ledger = rollout.ledger()
        ledger.write_bytes(ledger.read_bytes().replace(b'"order":7', b'"order":NaN', 1))

        no_promote(rollout.judge(), "hold.invalid_evidence")

    def test_metric_missing(self, shop: Rollout) -> None:
        """What nobody measured is no data; the other metric being fine changes nothing."""
        shop.measured("wait", waits(), "--unit=ms")

        done = no_promote(shop.gate(), "hold.insufficient")

        approved = next(item for item in done.verdict["criteria"] if item["metric"] == "approved")
        assert approved["status"] == "no_data"
        assert "reason" in approved["measured"]
        assert "value" not in approved["measured"]

    def test_a_source_with_zero_rows(self, shop: Rollout) -> None:
        """A load test without a request, an export without a line: not a p95 of 0."""
        refused(shop.measured("wait", [], "--unit=ms"), 2, "holds no rows")

        assert shop.gate().code != 0

    def test_zero_cases(self, tmp_path: Path) -> None:
        """An empty set of cases collects nothing, and cannot be locked."""
        rollout = prepared(made, tmp_path)
        rollout.write("cases.jsonl", "")

        refused(rollout.run("plan", "lock", "rollout.yaml"), 2, "cases.jsonl", "no case")
        assert rollout.gate().code not in (0, 10, 20)


class TestOthersNumbers:
    """Evidence of another subject, stage, time or world."""

    @pytest.mark.parametrize(
        ("args", "left_out"),
        [
            (("--subject", "6" * 64), "foreign"),
            (("--stage", "preflight"), "foreign"),
            (("--provenance", "mocked"), "void"),
            (("--from", "load"), "foreign"),
        ],
    )
    def test_good_numbers_of_something_else(
        self, shop: Rollout, args: tuple[str, ...], left_out: str
    ) -> None:
        """Of another build, of the stage before, made up, or from a load test: counted nowhere, and said so."""
        shop.measured("wait", waits(), "--unit=ms")
        shop.measured("approved", drafts(), *args)

        done = no_promote(shop.gate(), "hold.insufficient")

        approved = next(item for item in done.verdict["criteria"] if item["metric"] == "approved")
        assert approved[left_out] == 400
        assert approved["status"] == "no_data"

    def test_numbers_from_before_the_stage(self, shop: Rollout) -> None:
        """Evidence of the previous stage, though it names no stage: it lies before the entry."""
        shop.measured("wait", waits(), "--unit=ms")
        shop.measured("approved", drafts(hours=40))

        done = no_promote(shop.gate(), "hold.insufficient")

        approved = next(item for item in done.verdict["criteria"] if item["metric"] == "approved")
        assert approved["foreign"] == 400

    @pytest.mark.parametrize("provenance", ["cached", "replayed"])
    def test_cached_answers_say_nothing_about_time(self, shop: Rollout, provenance: str) -> None:
        """A latency from a cache or a recording is void, also in a metric of the user's own."""
        shop.measured("approved", drafts())
        shop.measured("wait", waits(), "--unit=ms", "--provenance", provenance)

        done = no_promote(shop.gate(), "hold.insufficient")

        waited = next(item for item in done.verdict["criteria"] if item["metric"] == "wait")
        assert (waited["status"], waited["void"]) == ("no_data", 400)

    def test_a_recording_is_no_evidence_of_time_or_money(self, tmp_path: Path) -> None:
        """Outputs replayed from a file carry their recorded latency and cost, and neither counts."""
        lines = "      latency: {from: suite, at: p50, promote: 1 s, alert: 2 s, min: 30}\n"
        lines += "      cost.per_case: {from: suite, at: p50, promote: $0.01, alert: $0.02, min: 30}\n"
        plan = PLAN.replace("pipeline: bot:answer", "pipeline: {recording: rows.jsonl}")
        rollout = made(tmp_path / "shop", plan.replace("  - name: ten\n", lines + "  - name: ten\n", 1))
        output = {"latency_ms": 5, "cost_microusd": 3, "provenance": "live"}
        rows = [
            {"case_id": f"c{n:02}", "output": {"structured": {"text": "ok", "order": n}, **output}} for n in range(40)
        ]
        rollout.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

        done = no_promote(rollout.gate(), "hold.incomplete", "hold.insufficient")

        by_name = {item["metric"]: item for item in done.verdict["criteria"]}
        assert [by_name[name]["status"] for name in ("latency", "cost.per_case")] == ["no_data", "no_data"]
        assert by_name["draft.success_rate"]["status"] == "pass"

    def test_a_pipeline_that_answers_from_its_cache(self, tmp_path: Path) -> None:
        """Said by the output itself; its speed is no evidence."""
        line = "      latency: {from: suite, at: p50, promote: 1 s, alert: 2 s, min: 30}\n  - name: ten\n"
        rollout = made(tmp_path / "shop", PLAN.replace("  - name: ten\n", line, 1))
        rollout.replace(
            'return {"text": text',
            'from sluicegate import Output\n    return Output(structured={"text": text, "order": number}, '
            'provenance="cached")\n    return {"text": text',
            "bot.py",
        )

        done = no_promote(rollout.gate(), "hold.incomplete", "hold.insufficient")

        assert {item["metric"]: item["status"] for item in done.verdict["criteria"]}["latency"] == "no_data"


class TestClocks:
    """Skew, future stamps, days that are not 24 hours long."""

    def test_rows_from_the_future_are_refused(self, shop: Rollout) -> None:
        """What has not happened was not measured."""
        refused(shop.measured("approved", drafts(hours=1)), 2, "lies in the future", "approved-0.csv:")

    def test_rows_recorded_by_a_clock_that_runs_ahead(self, shop: Rollout) -> None:
        """Taken in under a wrong clock, they are void under the right one, and hold."""
        tomorrow = ago(days=-2)
        assert shop.measured("approved", drafts(hours=-10), "--now", tomorrow).code == 0
        shop.measured("wait", waits(), "--unit=ms")

        done = no_promote(shop.gate(), "hold.invalid_evidence")

        assert "stamped later than now" in done.said

    def test_a_judge_whose_clock_is_behind(self, tmp_path: Path) -> None:
        """Evidence that began later than now is nobody's."""
        rollout = prepared(live, tmp_path)

        done = no_promote(rollout.judge("--now", ago(hours=3)), "hold.invalid_evidence")

        assert "later than now" in done.said

    def test_a_stage_that_will_be_entered(self, tmp_path: Path) -> None:
        """An entry in the future begins nothing."""
        rollout = at_ten(tmp_path / "shop", with_live("approved: {from: live, promote: 90 %, alert: 75 %, min: 100}"))
        rollout.enter("ten", ago(hours=-5))
        rollout.state.write_bytes(b"".join(rollout.state.read_bytes().splitlines(keepends=True)[:1]))
        rollout.enter("ten", ago(hours=-5))
        rollout.measured("approved", drafts())

        assert no_promote(rollout.judge(), "hold.no_state").code == 30

    def test_stable_days_are_local_days(self, tmp_path: Path) -> None:
        """Over the night the clocks go forward a day has 23 hours; two are two, and the day of entry is none."""
        line = "approved: {from: live, promote: 90 %, alert: 75 %, min: 20}"
        plan = with_live(line, stage="    bake: 2 stable days\n")
        zone = ZoneInfo("Europe/Berlin")
        entry = datetime(2026, 3, 27, 22, 30, tzinfo=zone)
        rollout = at_ten(tmp_path / "shop", plan, since=entry.isoformat())
        hourly = [entry + timedelta(hours=hours) for hours in range(1, 50)]
        rows = [{"at": at.isoformat(), "passed": True} for at in hourly for _ in range(4)]
        late = datetime(2026, 3, 30, 0, 30, tzinfo=zone)
        rollout.measured("approved", rows, "--now", late.isoformat())

        def judged(hour: int, minute: int, day: int) -> str:
            return rollout.judge("--now", datetime(2026, 3, day, hour, minute, tzinfo=zone).isoformat()).kind

        assert judged(23, 59, 29) == "hold.insufficient"
        assert judged(0, 1, 30) == "promote"


class TestSlices:
    """A pooled average hides a bad tenant; a lost one hides itself."""

    def test_a_bad_tenant_behind_a_good_average(self, shop: Rollout) -> None:
        """95 % pooled, 55 % of the small tenant: its own bound decides."""
        rows = drafts(1000, hours=17)
        for number, row in enumerate(rows):
            row["slice"] = "zenith" if number % 10 == 0 else "acme"
            row["passed"] = row["slice"] == "acme" or number % 20 == 0
        shop.measured("approved", rows)
        shop.measured("wait", waits(), "--unit=ms")

        done = shop.gate()

        assert done.kind != "promote"
        approved = next(item for item in done.verdict["criteria"] if item["metric"] == "approved")
        assert approved["measured"]["value"] >= 0.90
        assert {item["slice"]: item["status"] for item in approved["slices"]}["zenith"] != "pass"

    def test_a_tenant_that_vanished(self, shop: Rollout) -> None:
        """Declared in the plan and absent from the rows: no data, not no problem."""
        rows = [row for row in drafts(800, hours=16) if row["slice"] == "acme"]
        shop.measured("approved", rows)
        shop.measured("wait", waits(), "--unit=ms")

        done = no_promote(shop.gate(), "hold.insufficient")

        approved = next(item for item in done.verdict["criteria"] if item["metric"] == "approved")
        assert {item["slice"]: item["status"] for item in approved["slices"]}["zenith"] == "no_data"


class TestDenominators:
    """n counts attempts."""

    def test_failed_calls_stay_in_the_denominator(self, tmp_path: Path) -> None:
        """Ten of forty crash and thirty are right: 75 %, not 100 % of thirty."""
        plan = PLAN.replace("      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}\n", "")
        rollout = made(tmp_path / "shop", plan)
        rollout.switch("raises", *range(0, 40, 4))

        done = no_promote(rollout.gate(), "hold.below_target", "hold.incomplete")

        success = done.verdict["criteria"][0]["measured"]
        assert (success["k"], success["n"]) == (30, 40)

    def test_cases_a_recording_leaves_out_stay_in_the_denominator(self, tmp_path: Path) -> None:
        """Failing answers dropped from an export are failures."""
        rollout = made(tmp_path / "shop", PLAN.replace("pipeline: bot:answer", "pipeline: {recording: rows.jsonl}"))
        rows = [
            {"case_id": f"c{n:02}", "output": {"structured": {"text": "ok", "order": n}}} for n in range(40) if n % 4
        ]
        rollout.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

        done = rollout.gate()

        assert done.kind.startswith("hold.")
        success = done.verdict["criteria"][0]["measured"]
        assert (success["k"], success["n"]) == (30, 40)

    def test_latency_over_successes_only(self, shop: Rollout) -> None:
        """A fifth of the requests fails at once: each counts as infinitely slow, so p90 has no finite value."""
        rows = [{"at": at, "value": 20, "failed": number % 5 == 0} for number, at in times(400)]
        shop.measured("approved", drafts())
        assert shop.measured("wait", rows, "--unit=ms").code == 0

        done = shop.gate()

        waited = next(item for item in done.verdict["criteria"] if item["metric"] == "wait")
        assert done.code != 0
        assert waited["status"] in ("alert", "inconclusive")

    def test_more_right_than_there_are(self, tmp_path: Path) -> None:
        """k of n with k above n is a fault of the file."""
        rows = [{"at": at, "k": 12, "n": 10} for _, at in times(3)]

        refused(prepared(made, tmp_path).measured("approved", rows), 2, "k 12 is more than n 10")

    def test_duplicate_uploads_count_once(self, shop: Rollout) -> None:
        """The same sixty drafts handed in three times are sixty drafts, whatever the file is called."""
        rows = drafts(60, held=lambda number: True)
        for name in ("monday.csv", "monday.csv", "monday-copy.csv"):
            assert shop.measured("approved", rows, name=name).code == 0
        shop.measured("wait", waits(), "--unit=ms")

        done = no_promote(shop.gate(), "hold.insufficient")

        approved = next(item for item in done.verdict["criteria"] if item["metric"] == "approved")
        assert approved["measured"]["n"] == 60

    def test_a_row_twice_in_one_file(self, tmp_path: Path) -> None:
        """An id names one unit."""
        rows = [{"at": at, "passed": True, "id": f"d{number % 3}"} for number, at in times(4)]

        refused(prepared(made, tmp_path).measured("approved", rows), 2, "approved-0.csv:5", "d0")


class TestLinesOnTheEdge:
    """Compared unrounded, on whole numbers."""

    @pytest.mark.parametrize(("k", "code"), [(9496, 10), (9499, 10), (9500, 0)])
    def test_94_96_is_not_95(self, tmp_path: Path, k: int, code: int) -> None:
        """Shown as 95.0 elsewhere; k and n are kept and compared as they are."""
        line = "approved: {from: live, promote: 95 %, alert: 75 %, min: 100}"
        rollout = at_ten(tmp_path / "shop", with_live(line))
        rows = [{"at": at, "k": k // 100 + (number < k % 100), "n": 100} for number, at in times(100, hours=2)]
        rollout.measured("approved", rows)

        done = rollout.judge()

        measured = done.verdict["criteria"][0]["measured"]
        assert (done.code, measured["k"], measured["n"]) == (code, k, 10_000)
        assert code == 0 or done.kind == "hold.below_target"

    def test_the_wrong_unit_of_a_line(self, tmp_path: Path) -> None:
        """0.2 for a latency in ms, 95 for a share: refused where it is written."""
        for old, new, said in [
            ("promote: 500 ms", "promote: 0.5", "rollout.yaml:29"),
            ("promote: 90 %", "promote: 90", "rollout.yaml:28"),
            ("promote: 500 ms", "promote: 5 %", "rollout.yaml:29"),
        ]:
            rollout = prepared(made, tmp_path / new.replace(" ", ""))
            rollout.replace(old, new)
            refused(rollout.run("gate", "rollout.yaml"), 40, said)

    def test_the_wrong_unit_of_a_value(self, shop: Rollout) -> None:
        """Seconds handed in as what they are become milliseconds: 2 s is not under 500 ms."""
        shop.measured("approved", drafts())
        shop.measured("wait", waits(ms=lambda number: 2), "--unit", "s")

        done = no_promote(shop.gate(), "hold.below_target")

        assert next(c for c in done.verdict["criteria"] if c["metric"] == "wait")["measured"]["value"] == 2000

    def test_a_value_without_a_unit_is_refused(self, shop: Rollout) -> None:
        """A time has a unit; nobody guesses whether 2 is milliseconds or seconds."""
        refused(shop.measured("wait", waits(5)), 2, "--unit")


class TestDenseCases:
    """What makes a case count more than once."""

    def test_one_id_for_two_cases(self, tmp_path: Path) -> None:
        """A set with an id twice cannot be locked."""
        rollout = prepared(made, tmp_path)
        rollout.write("cases.jsonl", json.dumps(a_case(1)) + "\n" + json.dumps(a_case(1, input={"n": 2})) + "\n")

        refused(rollout.run("plan", "lock", "rollout.yaml"), 2, "cases.jsonl:2", "c01")

    def test_an_upload_made_twice(self, tmp_path: Path) -> None:
        """A recording that holds a row twice is refused, with both lines."""
        rollout = made(tmp_path / "shop", PLAN.replace("pipeline: bot:answer", "pipeline: {recording: rows.jsonl}"))
        row = json.dumps({"case_id": "c01", "output": {"structured": {"text": "ok", "order": 1}}}) + "\n"
        rollout.write("rows.jsonl", row * 2)

        refused(rollout.gate(), 2, "rows.jsonl:2", "rows.jsonl:1")
