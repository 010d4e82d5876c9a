"""The trend-analysis pipeline over its golden cases, between the doubles: sound, it passes; weakened, it is caught."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from trend_world import CASES, CONFIG, PLAN, REFERENCE, TEST_NAMES, asked, failing, run, some, tagged

sys.path.pop(0)

from sluicegate.checks import CHECKS
from sluicegate.checks.success import success
from sluicegate.doubles.template_trends import TASKS, trend_reply
from sluicegate.fixtures.trend_analysis import commands, guards, retrieval, telegram
from sluicegate.fixtures.trend_analysis.defects import PIPELINES, chosen
from sluicegate.fixtures.trend_analysis.pipeline import TrendPipeline
from sluicegate.fixtures.trend_analysis.routing import cost_of
from sluicegate.golden import trend_analysis_cases
from sluicegate.model import Case
from sluicegate.resources import data


class TestGolden:
    def test_the_program_writes_the_committed_bytes_again(self, tmp_path: Path) -> None:
        """Same seed, same bytes; the file is never edited by hand."""
        trend_analysis_cases.write(tmp_path)

        for name in ("trend_analysis.jsonl", "trend_analysis.manifest.json"):
            assert tmp_path.joinpath(name).read_bytes() == data("golden", name).read_bytes()

    def test_the_manifest_pins_the_file(self) -> None:
        """Digest, count and licence stand beside the set."""
        lines = data("golden", "trend_analysis.jsonl").read_bytes()
        said = json.loads(data("golden", "trend_analysis.manifest.json").read_bytes())["sets"]["trend_analysis.jsonl"]

        assert said["sha256"] == sha256(lines).hexdigest()
        assert said["cases"] == len(CASES) >= 150
        assert said["licence"] == "Apache-2.0"

    def test_every_test_name_of_the_production_plan_is_a_tag(self) -> None:
        """64 names, each on at least one case, and none that the plan does not have."""
        names = {f"test_{name}" for name in TEST_NAMES.split()}
        tags = {tag for case in CASES for tag in case.tags if tag.startswith("test_")}

        assert len(names) == 64
        assert tags == names

    def test_both_languages_are_asked_alike(self) -> None:
        """Every scenario, in Russian and in English; ids and contents are unique."""
        assert len({case.id for case in CASES}) == len({case.digest() for case in CASES}) == len(CASES)
        for tag in {case.tags[0] for case in CASES}:
            spoken = Counter(case.slice for case in CASES if case.tags[0] == tag)
            assert abs(spoken["ru"] - spoken["en"]) <= 1

    def test_nobody_is_named(self) -> None:
        """Sources and addresses are of domains that nobody can have (RFC 2606)."""
        text = data("golden", "trend_analysis.jsonl").read_text("utf-8")
        domains = {*re.findall(r"https://([\w.\-]+)", text), *re.findall(r"[\w.+\-]@([\w.\-]+\w)", text)}

        assert {domain.rpartition(".")[2] for domain in domains} <= {"test", "example"}


class TestSound:
    @pytest.mark.asyncio
    async def test_it_keeps_every_law_on_every_case(self) -> None:
        """Five suites, all cases, no finding; every trial is a success. Who is late alone is late, not who waited."""
        trials = await run(asked(CASES))
        late = {trial.case.id for trial in trials if set(failing([trial])) == {"schema.limits"}}
        assert len(late) <= 10
        if late:
            alone = await run([case for case in asked(CASES) if case.id in late])
            trials = [*(trial for trial in trials if trial.case.id not in late), *alone]

        assert failing(trials) == {}
        assert [trial.case.id for trial in trials if success(trial, CONFIG) is not True] == []

    @pytest.mark.asyncio
    async def test_each_model_is_called_in_its_own_wire_format_and_streams(self) -> None:
        """Three vendors, three protocols, the run's trace on each call."""
        trials = await run(some("trends"))
        calls = [item for trial in trials for item in trial.observations if item.double == "model"]

        assert {(item.action, item.detail["protocol"], item.detail["stream"]) for item in calls} == {
            ("gpt-5", "openai.chat", True),
            ("claude-4.5", "anthropic.messages", True),
            ("gemini-2.5-pro", "gemini.generate", True),
        }
        assert all("traceparent" in item.detail["correlation"] for item in calls)

    @pytest.mark.asyncio
    async def test_a_slow_model_is_left_at_its_time_out(self) -> None:
        """The log shows the caller hanging up, and the answer comes from the next model."""
        late = [case for case in tagged("gives-nothing") if case.given.faults[0].kind == "slow"]
        trials = await run(late)

        assert len(trials) >= 3
        for trial in trials:
            first, second = (item for item in trial.observations if item.double == "model")
            assert first.detail["aborted"] is True
            assert second.detail["status"] == 200
            assert 2_000 <= (trial.output.latency_ms or 0) < 5_500

    @pytest.mark.asyncio
    async def test_a_model_that_wants_to_be_left_alone_for_long_is_passed_over(self) -> None:
        """Five seconds by date: the next model answers within a second or so, and nobody came back."""
        (case,) = [case for case in tagged("primary-down") if case.given.faults[0].retry_after_as == "date"][:1]
        (trial,) = await run([case])

        assert [item.action for item in trial.observations if item.double == "model"] == list(
            case.expect.model_order or ()
        )
        assert (trial.output.latency_ms or 0) < 4_000

    @pytest.mark.asyncio
    async def test_reported_cost_is_that_of_the_log(self) -> None:
        """Each call priced by the plan and rounded up."""
        (trial,) = await run(some("trends", each=1))
        calls = [item.detail for item in trial.observations if item.double == "model"]

        assert trial.output.cost_microusd == sum(
            cost_of(call["model"], call["input_tokens"], call["output_tokens"]) for call in calls
        )
        assert len(trial.output.metadata["telemetry"]) == len(calls) == 3


RELEVANT = {
    "falls-back-to-wrong-model": ("gives-nothing",),
    "ignores-retry-after": ("fails-once",),
    "retries-without-end": ("primary-down",),
    "ignores-time-out": ("side-by-side",),
    "raises-on-all-fail": ("all-down",),
    "drops-evidence-first": ("degraded",),
    "offsets-in-code-points": ("message", "emoji"),
    "callback-data-too-long": ("long-query",),
    "unescaped-markup": ("button-pressed",),
    "cache-marked-live": ("asked-twice",),
    "reports-fewer-tokens": ("analyze",),
    "leaks-personal-data": ("personal-data",),
    "never-falls-back": ("gives-nothing",),
    "presents-half-a-stream": ("fails-once",),
    "claims-the-primary": ("gives-nothing",),
    "swallows-all-fail": ("all-down",),
    "ignores-budget-cap": ("no-budget",),
    "invents-evidence": ("analyze",),
    "english-buttons": ("message",),
    "button-nobody-answers": ("message",),
    "answers-in-english": ("message",),
    "loses-id-on-retry": ("fails-once",),
    "fresh-id-in-fallback": ("gives-nothing",),
    "logs-without-id": ("message",),
    "spans-of-another-trace": ("message",),
    "echoes-a-constant-id": ("message",),
    "keeps-the-first-id": ("asked-twice",),
}
"""Scenarios in which a defect must show."""


def quick(cases: list[Case]) -> list[Case]:
    """Without those in which a time-out has to pass, as long as there are others."""
    return [each for each in cases if not {"slow", "timeout"} & {fault.kind for fault in each.given.faults}] or cases


class TestDefects:
    def test_each_says_what_must_catch_it(self) -> None:
        """At least eight of behaviour; described, tied to a check of the stage, and to a kind that is no promotion."""
        stage = PLAN.stage(REFERENCE.stage)

        assert set(RELEVANT) == set(PIPELINES) == {defect.name for defect in REFERENCE.defects}
        assert len(REFERENCE.defects) >= 20
        for defect in REFERENCE.defects:
            assert defect.description.endswith(".")
            assert defect.kind.startswith(("hold.", "rollback."))
            assert defect.suite in (*stage.requires.suites, "measurements")
            assert defect.check in CHECKS or defect.check in {item.metric.name for item in stage.criteria}

    def test_one_is_chosen_by_the_environment(self) -> None:
        """Unset or empty is the sound pipeline; an unknown one is refused."""
        assert chosen({}) is chosen({"SLUICEGATE_DEFECT": ""}) is TrendPipeline
        for name, pipeline in PIPELINES.items():
            assert chosen(REFERENCE.environment(name)) is pipeline is not TrendPipeline
        with pytest.raises(KeyError):
            chosen({"SLUICEGATE_DEFECT": "no-such-defect"})

    @pytest.mark.asyncio
    @pytest.mark.parametrize("defect", REFERENCE.defects, ids=lambda defect: defect.name)
    async def test_a_defect_fails_the_check_that_must_catch_it(self, defect: Any) -> None:
        """The check that is silent on the sound pipeline speaks; where the defect says so, no other one does."""
        if defect.name == "ignores-time-out":
            cases = [case for case in tagged("gives-nothing") if case.given.faults[0].kind == "slow"][:2]
        else:
            cases = quick(some(*RELEVANT[defect.name], each=18))
        trials = await run(cases, PIPELINES[defect.name])

        found = failing(trials, cases=cases)
        if defect.suite == "measurements":
            assert any(trial.output.error and trial.output.error.kind == "exception" for trial in trials)
        else:
            assert found[defect.check] >= 1
        if defect.alone:
            assert set(found) == {defect.check}

    @pytest.mark.slow
    @pytest.mark.parametrize("defect", REFERENCE.defects, ids=lambda defect: defect.name)
    def test_a_demonstration_holds_with_the_kind_it_states(
        self, defect: Any, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        """`sluicegate demo trend-analysis --defect D`: the exit code, the kind, and a reason that names the cause."""
        if not request.config.getoption("--slow"):
            pytest.skip("all defects take minutes; run with --slow")
        verdict, code = demonstrated(tmp_path, "--defect", defect.name)

        causes = {reason["about"] for reason in verdict["reasons"]}
        causes |= {reason["finding"]["check"] for reason in verdict["reasons"] if "finding" in reason}
        assert (verdict["kind"], code) == (defect.kind, 10)
        assert defect.check in causes


def test_the_sound_demonstration_promotes(tmp_path: Path) -> None:
    """From preflight into the first share of the traffic, on statistics that exist."""
    verdict, code = demonstrated(tmp_path)

    assert (verdict["decision"], code) == ("promote", 0)


def demonstrated(folder: Path, *options: str) -> tuple[dict[str, Any], int]:
    command = [
        sys.executable,
        "-c",
        "from sluicegate.cli import main; main()",
        "demo",
        "trend-analysis",
        *options,
        "--format",
        "json",
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SLUICEGATE"))}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done.returncode


def test_the_stages_are_those_of_the_production_plan() -> None:
    """10 % for 4 hours, 30 % for a day with rerank, 100 % for seven stable days; back within minutes."""
    stages = {stage.name: stage for stage in PLAN.stages}

    assert list(stages) == ["preflight", "ten", "thirty", "everyone"]
    shares = [stages[name].exposure.percent for name in ("ten", "thirty", "everyone")]
    assert shares == [Fraction(1, 10), Fraction(3, 10), 1]
    assert stages["thirty"].exposure.settings["flags"] == {"enable_rerank": True}
    assert stages["everyone"].stable_days == 7


class TestRooms:
    @pytest.mark.parametrize(
        ("text", "code", "kind", "language", "window", "query"),
        [
            ("/trends", "ru", "trends", "ru", "24h", ""),
            ("/trends 1w", "en", "trends", "en", "1w", ""),
            ("/analyze keywords цены на зерно", "auto", "keyphrases", "ru", "24h", "цены на зерно"),
            ("/analyze topics 1w port", "auto", "topics", "en", "1w", "port"),
            ("/analyze", "en", "unknown", "en", "24h", ""),
            ("/analyze moods", "en", "unknown", "en", "24h", ""),
            ("/trends now", "en", "unknown", "en", "24h", ""),
            ("explain:0123456789ab", "ru", "explain", "ru", "24h", ""),
            ("", "", "unknown", "en", "24h", ""),
        ],
    )
    def test_commands_are_read(self, text: str, code: str, kind: str, language: str, window: str, query: str) -> None:
        """Window, mode, query, button; `auto` goes by the letters of the query."""
        found = commands.read({"text": text, "language_code": code})

        assert (found.kind, found.language, found.window, found.query) == (kind, language, window, query)

    def test_the_key_of_an_answer_fits_a_button_and_tells_requests_apart(self) -> None:
        """However long the query is."""
        keys = [
            commands.read({"text": f"/analyze topics {'зерно ' * n}", "language_code": "ru"}).key for n in (1, 2, 40)
        ]

        assert len(set(keys)) == 3
        assert all(len(f"explain:{key}".encode()) <= 64 for key in keys)

    @pytest.mark.parametrize("text", ["a@mail.test", "+7 912 555 01 44", "078-05-1120", "4111-1111-1111-1111"])
    def test_personal_data_is_masked_and_dates_and_reports_are_not(self, text: str) -> None:
        """Mail, phone, social security number, card."""
        assert guards.masked(f"Call {text} now", "[x]") == "Call [x] now"
        assert not guards.has_personal_data("On 2026-01-29 report K-017-09 told of 1 200 000 tons, 24h")

    def test_a_text_is_shortened_to_whole_sentences(self) -> None:
        """Never in the middle of a word, never beyond the limit."""
        assert guards.sentence_within("One. Two three.", 12) == "One."
        assert guards.sentence_within("One two three four", 12) == "One two."
        assert guards.joined(["First one.", "Second one."], 15) == "First one."

    def test_ranking_fuses_score_and_date(self) -> None:
        """The newest and the surest before what is only one of them."""
        found = [
            {"id": "old", "text": "a", "source": "s.example", "at": "2026-01-01T00:00:00Z", "score": 0.99},
            {"id": "both", "text": "b", "source": "s.example", "at": "2026-01-29T00:00:00Z", "score": 0.95},
            {"id": "weak", "text": "c", "source": "s.example", "at": "2026-01-28T00:00:00Z", "score": 0.10},
            {"id": "same", "text": "b", "source": "s.example", "at": "2026-01-29T00:00:00Z", "score": 0.94},
            {"id": "spam", "text": "d", "source": guards.BLOCKED[0], "at": "2026-01-29T00:00:00Z", "score": 1.0},
        ]

        assert [item.id for item in retrieval.ranked(retrieval.taken(found, "en"))] == ["both", "old", "weak"]

    def test_offsets_are_counted_in_utf16_units(self) -> None:
        """An emoji before a bold word moves it by two."""
        sheet = telegram.Sheet().say("📈 ").say("Trends", "bold")

        assert sheet.entities == [{"type": "bold", "offset": 3, "length": 6}]


BROKEN: dict[str, Callable[[dict[str, Any]], None]] = {
    "a refusal": lambda said: said.update(insights=[]),
    "no list": lambda said: said.update(insights="x"),
    "an insight that is text": lambda said: said.update(insights=["x"]),
    "references that are no list": lambda said: said["insights"][0].update(evidence_refs="n1"),
    "references that are lists": lambda said: said["insights"][0].update(evidence_refs=[["n1"]]),
    "confidence in words": lambda said: said["insights"][0].update(confidence="high"),
    "confidence left empty": lambda said: said["insights"][0].update(confidence=None),
    "no number": lambda said: said["insights"][0].update(confidence=float("nan")),
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_any_draft_that_is_none_is_refused_the_same_way(breaking: Callable[[dict[str, Any]], None]) -> None:
    """What a model may say instead of a draft never raises anything else."""
    insight = {"type": "fact", "text": "The port is open.", "evidence_refs": ["n1"], "confidence": 0.5}
    said: dict[str, Any] = {"tldr": "The port is open.", "insights": [insight]}
    assert guards.usable_draft(json.dumps(said), {"n1"}, "en") == said
    breaking(said)

    with pytest.raises(ValueError, match=r"."):
        guards.usable_draft(json.dumps(said), {"n1"}, "en")


@pytest.mark.asyncio
async def test_an_error_that_is_reported_is_timed_like_an_answer() -> None:
    """Where an error is the right answer, its latency is evidence; without it the stage's latency were unknown."""
    (trial,) = await run(some("no-data", each=1))

    assert trial.output.error is not None
    assert 0 < (trial.output.latency_ms or 0) < 5_000


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("language", "text"), [("en", "The port is open again"), ("ru", "Порт снова открыт")])
def test_the_template_model_analyses_what_it_is_shown(task: str, language: str, text: str) -> None:
    """A draft that the pipeline can use, in the language asked for; the same each time."""
    evidence = "\n".join(f"[n{n}] 2026-01-29 | gazette.example | {text}, {n}. More of it." for n in range(4))
    found = {"TASK": task, "LANGUAGE": language, "EVIDENCE": evidence}

    draft = trend_reply(found)

    assert guards.usable_draft(json.dumps(draft), {"n0", "n1", "n2", "n3"}, language) == draft == trend_reply(found)
    assert trend_reply({**found, "EVIDENCE": "nothing was found"})["insights"] == []
