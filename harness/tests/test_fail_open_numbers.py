"""How a bad build gets promoted elsewhere: by numbers that are none, too few, too old, or of something else."""

from __future__ import annotations

import json
import sys
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
    gated,
    made,
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

ASKING = """\
import json
import time
import urllib.request


def answer(input, context):
    asked = {"model": "tiny-1", "messages": [{"role": "user", "content": "ok?"}]}
    url = context.endpoints["OPENAI_BASE_URL"] + "/chat/completions"
    for turn in range(4):
        request = urllib.request.Request(url, json.dumps(asked).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answered:
                if json.load(answered)["choices"][0]["message"]["content"]:
                    return {"structured": {"text": "ok", "order": input["n"]}}
        except Exception as failed:
            time.sleep(max(0.03 * 2**turn, float(getattr(failed, "headers", {}).get("retry-after") or 0)))
    return {"error": "no model could be reached"}
"""
WAIT = "wait: {from: live, at: p90, promote: 500 ms, alert: 900 ms, min: 100}"


@pytest.fixture
def shop(tmp_path: Path) -> Rollout:
    """At stage ten, and only the approvals are missing."""
    return prepared(unapproved, tmp_path)


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
        """What nobody measured is no data, without a number; the other metrics being fine changes nothing."""
        done = no_promote(shop.judge(), "hold.insufficient")

        approved = done.criterion("approved")
        assert approved["status"] == "no_data"
        assert "reason" in approved["measured"]
        assert "value" not in approved["measured"]

    def test_a_source_with_zero_rows(self, tmp_path: Path) -> None:
        """A load test without a request, an export without a line: not a p95 of 0."""
        rollout = prepared(recorded_only, tmp_path)
        refused(rollout.measured("wait", [], "--unit=ms"), 2, "holds no rows")

        no_promote(rollout.judge(), "hold.insufficient")

    def test_zero_cases(self, tmp_path: Path) -> None:
        """An empty set of cases collects nothing, and cannot be locked."""
        rollout = prepared(made, tmp_path)
        rollout.write("cases.jsonl", "")

        refused(rollout.run("plan", "lock", "rollout.yaml"), 40, "cases.jsonl", "no case")
        assert rollout.gate().code not in (0, 10, 20)


class TestNobodyAsked:
    """Good answers, and nothing crossed the boundary that the verdict is read from."""

    def test_a_pipeline_that_calls_its_model_elsewhere(self, tmp_path: Path) -> None:
        """It declares model calls, and the model server saw none: held, with the variables to take the address from."""
        plan = PLAN.replace("pipeline: bot:answer", "pipeline: {callable: bot:answer, capabilities: [model]}")
        rollout = made(tmp_path / "shop", plan.replace("{suites: [schema]}", "{suites: [schema, fallback]}", 1))

        done = no_promote(rollout.gate(), "hold.incomplete")

        assert "not one model call of" in done.said
        assert "OPENAI_BASE_URL" in done.text

    @pytest.mark.parametrize("name", ["tiny-1", "tiny-l"])
    def test_a_fault_of_a_model_that_nobody_asks(self, tmp_path: Path, name: str) -> None:
        """A name that is misspelt in a script fails nothing: every case would pass under a fault that never came."""
        plan = PLAN.replace("pipeline: bot:answer", "pipeline: {callable: bot:answer, capabilities: [model]}")
        plan = plan.replace("{suites: [schema]}", "{suites: [schema, fallback]}", 1)
        cases = [a_case(number) for number in range(40)]
        cases[0]["given"] = {"faults": [{"kind": "server_error", "model": name, "on_call": 1}]}
        rollout = made(tmp_path / "shop", plan, cases=cases)
        rollout.write("bot.py", ASKING)

        done = rollout.gate()

        assert ("faults are scripted for 'tiny-l', which no trial asked" in done.said) is (name == "tiny-l")
        if name == "tiny-l":
            no_promote(done, "hold.incomplete")
        else:
            assert done.code == 0, done.said


class TestOldNumbers:
    """Good once."""

    def test_a_source_that_died(self, tmp_path: Path) -> None:
        """Enough good drafts, and then nothing for a month: nobody knows how the build does today."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(900))
        assert rollout.judge().kind == "promote"

        done = no_promote(rollout.judge("--now", ago(days=-30)), "hold.invalid_evidence")

        assert "the newest live draft is about 30 days old" in done.said


class TestOthersNumbers:
    """Evidence of another subject, stage, time or world."""

    @pytest.mark.parametrize(
        ("args", "status", "left_out"),
        [
            (("--subject", "6" * 64), "no_data", "foreign"),
            (("--stage", "preflight"), "no_data", "foreign"),
            (("--from", "load"), "no_data", "foreign"),
            (("--provenance", "mocked"), "void", "void"),
        ],
    )
    def test_good_numbers_of_something_else(
        self, tmp_path: Path, args: tuple[str, ...], status: str, left_out: str
    ) -> None:
        """Of another build, of the stage before, from a load test, or made up: counted nowhere, and said so."""
        rollout = prepared(recorded_only, tmp_path)
        assert rollout.measured("approved", drafts(), *args).code == 0

        done = no_promote(rollout.judge(), "hold.insufficient", "hold.invalid_experiment")

        approved = done.criterion("approved")
        assert (approved["status"], approved[left_out]) == (status, 400)

    def test_numbers_from_before_the_stage(self, tmp_path: Path) -> None:
        """Evidence of the previous stage, though it names no stage: it lies before the entry."""
        rollout = prepared(recorded_only, tmp_path)
        recorded = rollout.measured("approved", drafts(hours=40))
        assert "warning: 400 rows are of before the subject entered 'ten'" in recorded.err

        done = no_promote(rollout.judge(), "hold.insufficient")

        approved = done.criterion("approved")
        assert approved["foreign"] == 400

    @pytest.mark.parametrize("provenance", ["cached", "replayed"])
    def test_cached_answers_say_nothing_about_time(self, tmp_path: Path, provenance: str) -> None:
        """A latency from a cache or a recording is void, also in a metric of the user's own."""
        rollout = recorded_only(tmp_path / "shop", with_live(WAIT))
        rollout.measured("wait", waits(), "--unit=ms", "--provenance", provenance)

        done = no_promote(rollout.judge(), "hold.invalid_experiment")

        waited = done.criterion("wait")
        assert (waited["status"], waited["void"]) == ("void", 400)

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

        done = no_promote(rollout.gate(), "hold.incomplete")

        statuses = {item["metric"]: item["status"] for item in done.verdict["criteria"]}
        assert statuses == {"draft.success_rate": "pass", "crashes": "pass", "latency": "void", "cost.per_case": "void"}

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

        done = no_promote(rollout.gate(), "hold.incomplete")

        assert done.criterion("latency")["status"] == "void"


class TestClocks:
    """Skew, future stamps, days that are not 24 hours long."""

    def test_rows_from_the_future(self, tmp_path: Path) -> None:
        """What has not happened was not measured; taken in under a wrong clock, it promotes nothing under the right."""
        rollout = prepared(recorded_only, tmp_path)
        refused(rollout.measured("approved", drafts(hours=1)), 2, "lies in the future", "approved-0.csv:")
        refused(rollout.measured("approved", drafts(hours=-10), "--now", ago(days=-2)), 2, "still to come")
        assert rollout.measured("approved", drafts(900, hours=-10), clock=timedelta(days=2)).code == 0

        done = no_promote(rollout.judge(), "hold.no_state", "hold.invalid_evidence")

        assert "the clock is behind" in done.said

    def test_a_judge_whose_clock_is_behind(self, tmp_path: Path) -> None:
        """The last record of the state is later than now: a lie of `--now`, or a clock that is."""
        rollout = prepared(gated, tmp_path)
        for how in ({"clock": -timedelta(hours=3)}, {}):
            said = () if how else ("--now", ago(hours=3))

            done = no_promote(rollout.copy(tmp_path / str(len(said))).judge(*said, **how), "hold.no_state")

            assert "the clock is behind" in done.said

    def test_evidence_that_is_younger_than_the_clock(self, tmp_path: Path) -> None:
        """Where the state does not tell, because the plan has none, the ledger does."""
        alone = PLAN[: PLAN.index("  - name: ten")].replace("state: rollout/state.jsonl\n", "")
        rollout = made(tmp_path / "shop", alone)
        assert rollout.gate().kind == "complete"

        done = no_promote(rollout.judge("--now", ago(hours=3)), "hold.invalid_evidence")

        assert "has a record of" in done.said

    def test_an_old_clock_makes_nothing_fresh(self, tmp_path: Path) -> None:
        """Evidence of the day before yesterday is stale, and as of yesterday it would not be."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(900, hours=23))
        assert rollout.judge().kind == "promote"
        later = rollout.judge(clock=timedelta(hours=40))
        assert "max_evidence_age" in no_promote(later, "hold.invalid_evidence").said

        done = no_promote(rollout.judge(clock=timedelta(hours=2)), "hold.no_state", "hold.invalid_evidence")

        assert "the clock is behind" in done.said

    def test_a_stage_that_will_be_entered(self, tmp_path: Path) -> None:
        """An entry in the future is refused; one that a wrong clock made begins nothing."""
        rollout = prepared(recorded_only, tmp_path)
        later = ("--stage", "ten", "--now", ago(hours=-5))
        refused(rollout.run("record", "entry", "rollout.yaml", *later), 2, "still to come")
        again = ("--stage", "ten", "--override", "traffic was off")
        rollout.sound("record", "entry", "rollout.yaml", *again, clock=timedelta(hours=5))

        assert "the clock is behind" in no_promote(rollout.judge(), "hold.no_state").said

    def test_stable_days_are_local_days(self, tmp_path: Path) -> None:
        """Over the night the clocks go forward a day has 23 hours; two are two, and the day of entry is none."""
        plan = with_live(
            "approved: {from: live, promote: 90 %, alert: 75 %, min: 20}", stage="    bake: 2 stable days\n"
        )

        def on(day: int, hour: int, minute: int) -> datetime:
            return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin"))

        rollout = recorded_only(tmp_path / "shop", plan, since=on(27, 22, 30))
        hours = [(28, hour) for hour in range(24)] + [(29, hour) for hour in range(24) if hour != 2]
        rows = [{"at": on(day, hour, 30).isoformat(), "passed": True} for day, hour in hours for _ in range(4)]
        assert rollout.measured("approved", rows, clock=on(29, 23, 58)).code == 0

        assert rollout.judge(clock=on(29, 23, 59)).kind == "hold.insufficient"
        assert rollout.judge(clock=on(30, 0, 1)).kind == "promote"


class TestSlices:
    """A pooled average hides a bad tenant; a lost one hides itself."""

    def test_a_bad_tenant_behind_a_good_average(self, shop: Rollout) -> None:
        """92 % pooled, 62 % of the smaller tenant: its own bound decides."""
        rows = drafts(1400, hours=23.5)
        for number, row in enumerate(rows):
            row["slice"] = "zenith" if number % 5 == 0 else "acme"
            row["passed"] = row["slice"] == "acme" or number % 40 >= 15
        shop.measured("approved", rows)

        done = no_promote(shop.judge(), "hold.below_target")

        approved = done.criterion("approved")
        assert sum(map(bool, (row["passed"] for row in rows))) / len(rows) > 0.92
        assert {item["slice"]: item["status"] for item in approved["slices"]} == {"acme": "pass", "zenith": "alert"}

    def test_a_tenant_that_vanished(self, shop: Rollout) -> None:
        """Declared in the plan and absent from the rows: no data, not no problem."""
        rows = [row for row in drafts(800, hours=16) if row["slice"] == "acme"]
        shop.measured("approved", rows)

        done = no_promote(shop.judge(), "hold.insufficient")

        approved = done.criterion("approved")
        assert {item["slice"]: item["status"] for item in approved["slices"]}["zenith"] == "no_data"


class TestDenominators:
    """n counts attempts."""

    def test_failed_calls_stay_in_the_denominator(self, tmp_path: Path) -> None:
        """Ten of forty crash and thirty are right: 75 %, not 100 % of thirty."""
        plan = PLAN.replace(
            "      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}\n", ""
        )
        rollout = made(tmp_path / "shop", plan)
        rollout.switch("raises", *range(0, 40, 4))

        done = no_promote(rollout.gate(), "hold.below_target")

        success = done.verdict["criteria"][0]["measured"]
        assert (success["k"], success["n"]) == (30, 40)

    def test_cases_a_recording_leaves_out_stay_in_the_denominator(self, tmp_path: Path) -> None:
        """Failing answers dropped from an export: thirty of thirty are right, and ten of forty are missing."""
        rollout = made(tmp_path / "shop", PLAN.replace("pipeline: bot:answer", "pipeline: {recording: rows.jsonl}"))
        rows = [
            {"case_id": f"c{n:02}", "output": {"structured": {"text": "ok", "order": n}}} for n in range(40) if n % 4
        ]
        rollout.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

        done = no_promote(rollout.gate(), "hold.incomplete")

        assert "10 trials" in done.said

    def test_latency_over_successes_only(self, tmp_path: Path) -> None:
        """A fifth of the requests fails at once: each counts as infinitely slow, so the p90 is beyond every line."""
        rollout = recorded_only(tmp_path / "shop", with_live(WAIT))
        rows = [{"at": at, "value": 20, "failed": number % 5 == 0} for number, at in times(400)]
        assert rollout.measured("wait", rows, "--unit=ms").code == 0

        done = no_promote(rollout.judge(), "hold.below_target")

        assert done.criterion("wait")["status"] == "alert"

    def test_more_right_than_there_are(self, tmp_path: Path) -> None:
        """k of n with k above n is a fault of the file."""
        rows = [{"at": at, "k": 12, "n": 10} for _, at in times(3)]

        refused(prepared(made, tmp_path).measured("approved", rows), 2, "k 12 is more than n 10")

    def test_duplicate_uploads_count_once(self, tmp_path: Path) -> None:
        """The same sixty drafts handed in three times are sixty drafts, whatever the file is called."""
        rollout = prepared(recorded_only, tmp_path)
        rows = drafts(60, held=lambda number: True)
        for name in ("monday.csv", "monday.csv", "monday-copy.csv"):
            stage = ("--stage", "ten") if name == "monday-copy.csv" else ()
            assert rollout.measured("approved", rows, *stage, name=name).code == 0

        done = no_promote(rollout.judge(), "hold.insufficient")

        approved = done.criterion("approved")
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
        rollout = prepared(recorded_only, tmp_path)
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

    def test_the_wrong_unit_of_a_value(self, tmp_path: Path) -> None:
        """Nobody guesses whether 2 is milliseconds or seconds; said, 2 s are not under 500 ms."""
        rollout = recorded_only(tmp_path / "shop", with_live(WAIT))
        seconds = waits(ms=lambda number: 2)
        refused(rollout.measured("wait", seconds), 2, "--unit", "wait is measured in ms")
        assert rollout.measured("wait", seconds, "--unit", "s").code == 0

        done = no_promote(rollout.judge(), "hold.below_target")

        assert done.criterion("wait")["measured"]["value"] == 2000


class TestDoubles:
    """What would make a case count more than once."""

    def test_one_id_for_two_cases(self, tmp_path: Path) -> None:
        """A set with an id twice cannot be locked."""
        rollout = prepared(made, tmp_path)
        rollout.write("cases.jsonl", json.dumps(a_case(1)) + "\n" + json.dumps(a_case(1, input={"n": 2})) + "\n")

        refused(rollout.run("plan", "lock", "rollout.yaml"), 40, "cases.jsonl:2", "is taken")

    def test_an_upload_made_twice(self, tmp_path: Path) -> None:
        """A recording that holds a row twice is refused, with both lines."""
        rollout = made(tmp_path / "shop", PLAN.replace("pipeline: bot:answer", "pipeline: {recording: rows.jsonl}"))
        row = json.dumps({"case_id": "c01", "output": {"structured": {"text": "ok", "order": 1}}}) + "\n"
        rollout.write("rows.jsonl", row * 2)

        refused(rollout.gate(), 2, "rows.jsonl:2", "rows.jsonl:1")
