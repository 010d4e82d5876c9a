"""`golden import` of files that the other tools' own releases wrote, held against what was put into them.

The files in `peer_files` were written, with this content, by deepeval 4.3.1 (`EvaluationDataset.save_as`, `evaluate`),
ragas 0.4.3 (`to_jsonl`, `to_csv`), inspect-ai 0.3.285 (`Sample`), pydantic-evals 2.62.0 (`Dataset.to_file`), langsmith
0.15.0 (`Example`, `ExampleCreate`) and promptfoo 0.121.20 (`eval --output`, over a configuration written here).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.model import Case, Rule
from sluicegate.plan.cases import read_cases
from sluicegate.session.golden_import import Imported, import_set

FILES = Path(__file__).parent / "peer_files"


def imported(folder: Path, tool: str, name: str) -> tuple[list[Case], Imported]:
    made = import_set(tool, FILES / name, folder / "out.jsonl")
    return list(read_cases([folder / "out.jsonl"])), made


def said(case: Case) -> dict[str, Any]:
    """What a case asks and knows; its rules, and the row it came from, aside."""
    named = {"input": case.input, "expected": case.expected_output, "metadata": dict(case.metadata)}
    return {**named, "context": list(case.context), "retrieved": list(case.retrieval_context), "tags": list(case.tags)}


def asks(question: Any, expected: Any = None, **more: Any) -> dict[str, Any]:
    return {"input": question, "expected": expected, "metadata": {}, "context": [], "retrieved": [], "tags": [], **more}


UNCHECKED = {"tags": ["nothing-to-check"]}
NONE_LEFT: dict[str, int] = {}


def calls(case: Case) -> list[tuple[str, int | None]]:
    return [(limit.target, limit.least) for limit in case.expect.calls]


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv"])
def test_deepeval_goldens(tmp_path: Path, suffix: str) -> None:
    """The same in every format: lists that stand joined in a cell, sources of contexts, expectations in a cell."""
    cases, made = imported(tmp_path, "deepeval", f"deepeval_goldens.{suffix}")

    assert [said(case) for case in cases] == [
        asks(
            "Where is order 7?",
            "It left on Monday, 3 May.",
            metadata={"team": "north", "level": 2},
            context=["orders leave on Mondays", "Zürich takes two days"],
            retrieved=["order 7: shipped", "order 7: 3 May"],
        ),
        asks('Wie lange dauert die Rückgabe,\n"in Tagen"?', "14 Tage."),
        asks("Say hello.", **UNCHECKED),
    ]
    assert cases[0].id == "order-seven"
    assert calls(cases[0]) == [("tool:order", 1), ("tool:mail", 1)]
    assert made.unmapped == {
        "expected_tools.input_parameters": 1, "expectations.must": 1, "expectations.must_not": 2,
    }  # fmt: skip


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv"])
def test_deepeval_talks(tmp_path: Path, suffix: str) -> None:
    """Scenario, turns and who talks; a table of deepeval's leaves the persona out but for its description."""
    (case,), made = imported(tmp_path, "deepeval", f"deepeval_talks.{suffix}")

    assert {key: case.input[key] for key in ("scenario", "user_description")} == {
        "scenario": "a parcel is late", "user_description": "in a hurry",
    }  # fmt: skip
    assert [(turn["role"], turn["content"]) for turn in case.input["turns"]] == [("user", "hello"), ("assistant", "hi")]
    if suffix != "csv":
        assert (case.input["persona"]["name"], case.input["persona"]["metadata"]) == ("Kim", {"age": 40})
    assert (case.context, case.metadata) == (("parcels take two days",), {"team": "south"})
    assert made.unmapped == {"expected_outcome": 1, "expectations.must": 1}


def test_deepeval_runs(tmp_path: Path) -> None:
    """Test cases of one turn and of talks, each with the metrics that judged it."""
    cases, made = imported(tmp_path, "deepeval", "deepeval_run.json")
    assert [case.input for case in cases] == ["Where is order 7?", "Say hello."]
    assert calls(cases[0]) == [("tool:order", 1)]
    assert made.unmapped == {"expected_tools.input_parameters": 1, "metric Names the day": 2}

    (tmp_path / "out.jsonl").unlink()
    (case,), made = imported(tmp_path, "deepeval", "deepeval_talks_run.json")
    assert case.input["scenario"] == "a parcel is late"
    assert made.unmapped == {"expected_outcome": 1, "metric Polite": 1}


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_ragas(tmp_path: Path, suffix: str) -> None:
    """Samples of one turn and of several; rubrics, ids of contexts, topics and arguments are told."""
    cases, made = imported(tmp_path, "ragas", f"ragas_single.{suffix}")
    assert [said(case) for case in cases] == [
        asks(
            "Where is order 7?",
            "It left on Monday.",
            metadata={"persona_name": "Kim", "query_style": "formal", "query_length": "short"},
            context=["orders leave on Mondays"],
            retrieved=["order 7: shipped", 'it\'s "late"'],
        ),
        asks("Wie lange dauert die Rückgabe?", "14 Tage."),
        asks("Say hello.", **UNCHECKED),
    ]
    assert made.unmapped == {"rubrics": 1, "reference_context_ids": 1}

    (tmp_path / "out.jsonl").unlink()
    (case,), made = imported(tmp_path, "ragas", f"ragas_talk.{suffix}")
    turns = [(turn["type"], turn["content"]) for turn in case.input]
    assert turns == [("human", "Send order 7 again"), ("ai", "Done."), ("tool", "ok")]
    assert (case.expected_output, calls(case)) == ("It is sent.", [("tool:send", 1), ("tool:mail", 1)])
    assert made.unmapped == {"reference_tool_calls.args": 1, "reference_topics": 1, "rubrics": 1}


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_inspect_samples(tmp_path: Path, suffix: str) -> None:
    """Texts, chats and choices; files and set-up are told."""
    cases, made = imported(tmp_path, "inspect", f"inspect_samples.{suffix}")

    assert [case.id for case in cases] == ["1", "order-seven", "river", "inspect_samples-0004"]
    assert said(cases[0]) == asks("What is 2+2?", ["4", "four"], metadata={"level": "easy"})
    chat = [(message["role"], message["content"]) for message in cases[1].input]
    assert (chat, cases[1].expected_output) == (
        [("system", "Be short."), ("user", "Wo ist Bestellung 7?")], "Unterwegs.",
    )  # fmt: skip
    assert said(cases[2]) == asks({"input": "Which is a river?", "choices": ["Aare", "Bern"]}, "A")
    assert said(cases[3]) == asks("Say hello.", **UNCHECKED)
    assert made.unmapped == {"files": 1, "setup": 1}


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_pydantic_evals(tmp_path: Path, suffix: str) -> None:
    """Evaluators as they are written: short, with arguments, durations; `Contains` of a list asks for a whole item."""
    cases, made = imported(tmp_path, "pydantic-evals", f"pydantic_evals.{suffix}")

    assert [(case.input["question"], case.expected_output) for case in cases] == [
        ("capital of France", "Paris"),
        ("seven", {"n": 7}),
        ("the capital of a lake", None),
        ("two rivers", ["Aare", "Rhine"]),
    ]
    assert set(cases[0].expect.must) == {
        Rule(field="content", equals="Paris"),
        Rule(field="content", contains="Par"),
        Rule(field="content", matches="(?i)PARIS"),
    }
    fields = {rule.field: rule.equals for rule in cases[1].expect.must}
    assert fields == {"structured.n": 7, "structured.value": 3, "structured": {"n": 7}}
    assert {rule.field for rule in cases[3].expect.must} == {"structured"}
    assert {case.expect.limits.latency_ms for case in cases} == {2500.0}
    assert made.unmapped == {
        "LLMJudge": 1, "IsInstance": 1, "Contains": 4, "Equals": 1, "report ConfusionMatrixEvaluator": 4,
    }  # fmt: skip


def test_langsmith(tmp_path: Path) -> None:
    """Examples as the client has them, and as it creates them."""
    cases, made = imported(tmp_path, "langsmith", "langsmith_examples.jsonl")
    assert [said(case) for case in cases] == [
        asks(
            {"question": "Where is order 1?"},
            {"answer": "It left on Monday."},
            metadata={"dataset_split": ["base", "hard"], "team": "north"},
            tags=["base", "hard"],
        ),
        asks({"messages": [{"role": "user", "content": "Grüezi"}]}, **UNCHECKED),
        asks(
            {"question": "What is on the picture?"},
            {"answer": "A lamp."},
            metadata={"dataset_split": "base"},
            tags=["base"],
        ),
    ]
    assert made.unmapped == {"attachments": 1}

    (tmp_path / "out.jsonl").unlink()
    cases, made = imported(tmp_path, "langsmith", "langsmith_creates.jsonl")
    assert said(cases[0]) == asks(
        {"question": "Where is order 4?"}, {"answer": "On its way."}, metadata={"team": "south"}, tags=["base"]
    )
    assert cases[1].tags == ("hard", "nothing-to-check")
    assert made.unmapped == NONE_LEFT


@pytest.mark.parametrize("name", ["promptfoo.yaml", "promptfoo_results.jsonl"])
def test_promptfoo(tmp_path: Path, name: str) -> None:
    """A configuration, and what it wrote of its run, hold the same tests with the same assertions."""
    cases, made = imported(tmp_path, "promptfoo", name)

    assert [case.input for case in cases] == [
        {"shop": "acme", "question": question, "lang": lang}
        for question, lang in [
            ("How long?", "en"), ("How long?", "de"), ("Any, at all?", "fr"), ("Hello", "it"), ("Bare", "es"),
            ("Where?", "tr"), ("Where?", "ru"),
        ]
    ]  # fmt: skip
    assert {case.metadata["team"] for case in cases} == {"north"}
    assert cases[0].tags == ("refund",)
    assert cases[1].expect.must == (
        Rule(field="content", matches="(?i)14\\ DAYS"),
        Rule(field="content", matches="days|Tage"),
        Rule(field="content", contains="de"),
        Rule(field="content", contains="14"),
        Rule(field="content", matches="\\ARefunds"),
        Rule(field="content", matches="[0-9]+ days"),
    )
    assert len(cases[2].expect.must_not) == 4
    assert made.mapped["latency"] == 6
    assert made.unmapped == {
        "contains of a test that passes without it": 6, "latency of a test that passes without it": 1,
        "is-json": 2, "javascript": 2, "levenshtein": 2, "word-count": 2,
    }  # fmt: skip


def test_promptfoo_table_of_results_is_refused(tmp_path: Path) -> None:
    """It names no assertion, so no case of it would be judged; the fault says which file does."""
    with pytest.raises(InputError, match=r"results\.json"):
        imported(tmp_path, "promptfoo", "promptfoo_results.csv")
    assert list(tmp_path.iterdir()) == []
