"""`golden import`: files as other tools write them; what is mapped is judged, what is not is counted."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from sluicegate.checks.rules import rule_holds
from sluicegate.errors import InputError
from sluicegate.model import Case, Output, Rule
from sluicegate.plan.cases import read_cases
from sluicegate.session.golden_import import FORMATS, Imported, import_set


def imported(folder: Path, tool: str, name: str, text: str) -> tuple[list[Case], Imported]:
    """The cases of a file with this text, and the account of it."""
    (folder / name).write_text(text, encoding="utf-8")
    made = import_set(tool, folder / name, folder / "out.jsonl")
    return list(read_cases([folder / "out.jsonl"])), made


def table(*rows: dict[str, str]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


DEEPEVAL = {
    "input": "Where is order 7?",
    "actual_output": None,
    "expected_output": "It left on Monday.",
    "retrieval_context": ["order 7: shipped"],
    "context": ["orders leave on Mondays"],
    "name": "order seven",
    "comments": "from the pilot",
    "source_file": None,
    "tools_called": None,
    "expected_tools": [{"name": "order", "input_parameters": {"id": 7}}],
    "additional_metadata": {"team": "north"},
    "custom_column_key_values": {"level": "1"},
}
TALK = {
    "scenario": "a parcel is late",
    "turns": [{"role": "user", "content": "hello"}],
    "expected_outcome": "the customer knows the date",
    "user_description": "in a hurry",
    "name": None,
}


def test_deepeval_goldens(tmp_path: Path) -> None:
    """Reference, contexts and expected tools; arguments of tools and outcomes of talks are told."""
    cases, made = imported(tmp_path, "deepeval", "goldens.json", json.dumps([DEEPEVAL, TALK]))

    first, second = cases
    assert (first.id, first.input, first.expected_output) == ("order-seven", DEEPEVAL["input"], "It left on Monday.")
    assert (first.context, first.retrieval_context) == (("orders leave on Mondays",), ("order 7: shipped",))
    assert [(limit.target, limit.least) for limit in first.expect.calls] == [("tool:order", 1)]
    assert first.metadata == {"team": "north"}
    assert second.input == {key: TALK[key] for key in ("scenario", "turns", "user_description")}
    assert made.unmapped == {"expected_tools.input_parameters": 1, "expected_outcome": 1}
    assert second.tags == ("nothing-to-check",)
    assert [case.review for case in cases] == ["proposed", "proposed"]


def test_deepeval_tables_and_runs(tmp_path: Path) -> None:
    """Lists of a table are joined by '|', tools are JSON in a cell; a run's test cases are in camel case."""
    row = {
        "input": "q",
        "expected_output": "a",
        "retrieval_context": "one|two",
        "context": "",
        "expected_tools": '[{"name": "order"}]',
        "additional_metadata": '{"k": 1}',
    }
    (case,), _ = imported(tmp_path, "deepeval", "goldens.csv", table(row))
    assert (case.retrieval_context, case.context, case.metadata) == (("one", "two"), (), {"k": 1})
    assert case.expect.calls[0].target == "tool:order"

    (tmp_path / "out.jsonl").unlink()
    run = {"testCases": [{"name": "n", "input": "q", "expectedOutput": "a", "metricsData": [{"name": "Bias"}]}]}
    (case,), made = imported(tmp_path, "deepeval", "test_run.json", json.dumps(run))
    assert case.expected_output == "a"
    assert made.unmapped == {"metric Bias": 1}


PROMPTFOO = """\
description: support
prompts: [prompts/answer.txt]
providers: [openai:gpt-4o-mini]
defaultTest:
  vars: {shop: acme}
  assert:
    - {type: latency, threshold: 2000}
tests:
  - description: refunds
    vars: {question: How long do refunds take?, lang: [en, de]}
    metadata: {tags: [refund]}
    assert:
      - {type: icontains, value: "14 DAYS"}
      - {type: contains-any, value: [days, Tage]}
      - {type: contains-all, value: ["{{lang}}", "a.b"]}
      - {type: not-contains, value: guarantee}
      - {type: starts-with, value: "Hello ("}
      - {type: equals, value: {answer: 14}}
      - {type: cost, threshold: 0.002}
      - {type: llm-rubric, value: is polite}
      - {type: not-similar, value: x, threshold: 0.8}
      - {type: regex, value: "(?<year>20"}
      - {type: assert-set, assert: [{type: regex, value: "[0-9]+"}]}
      - {type: assert-set, threshold: 0.5, assert: [{type: contains, value: x}]}
      - {type: is-json}
      - {type: contains, value: y, weight: 0}
      - {type: contains, value: z, transform: output.trim()}
"""


def test_promptfoo_configuration(tmp_path: Path) -> None:
    """Rules and limits; a list of values is a test for each; what needs a model, code or a degree is counted."""
    cases, made = imported(tmp_path, "promptfoo", "promptfooconfig.yaml", PROMPTFOO)

    first, second = cases
    assert [case.id for case in cases] == ["refunds", "refunds-2"]
    assert first.input == {"shop": "acme", "question": "How long do refunds take?", "lang": "en"}
    assert second.input["lang"] == "de"
    assert first.tags == ("refund",)
    assert (first.expect.limits.latency_ms, first.expect.limits.cost_microusd) == (2000, 2000)
    assert first.expect.must == (
        Rule(field="content", matches="(?i)14\\ DAYS"),
        Rule(field="content", matches="days|Tage"),
        Rule(field="content", contains="en"),
        Rule(field="content", contains="a.b"),
        Rule(field="content", matches="\\AHello\\ \\("),
        Rule(field="structured", equals={"answer": 14}),
        Rule(field="content", matches="[0-9]+"),
    )
    assert first.expect.must_not == (Rule(field="content", contains="guarantee"),)
    assert made.unmapped == {
        "llm-rubric": 2,
        "not-similar": 2,
        "regex that is no pattern here": 2,
        "contains of a test that passes without it": 4,
        "is-json": 2,
        "contains after a transform": 2,
    }
    assert [item["kind"] for item in first.provenance["unmapped"]].count("llm-rubric") == 1


def test_promptfoo_rules_hold_where_the_assertions_do(tmp_path: Path) -> None:
    """An answer that satisfies them, and one that breaks each."""
    (case, _), _ = imported(tmp_path, "promptfoo", "config.yaml", PROMPTFOO)
    good = Output(content="Hello (you): 14 days en a.b", structured={"answer": 14})
    bad = Output(content="guarantee", structured={"answer": 15})

    assert all(rule_holds(rule, good) for rule in case.expect.must)
    assert not any(rule_holds(rule, bad) for rule in case.expect.must)
    assert rule_holds(case.expect.must_not[0], bad)


def test_promptfoo_lists_in_one_text_are_taken_apart(tmp_path: Path) -> None:
    """As promptfoo does it: whoever says one of the words has said one, and a comma within quotes parts nothing."""
    text = """\
tests:
  - vars: {q: tell}
    assert:
      - {type: not-contains-any, value: "SECRET, PASSWORD"}
      - {type: icontains-all, value: 'hello, "a, b"'}
"""
    (case,), _ = imported(tmp_path, "promptfoo", "config.yaml", text)
    good, bad, half = (Output(content=said) for said in ("Hello A, B", "Hello a, b PASSWORD", "Hello a b"))

    (forbidden,) = case.expect.must_not
    assert [rule_holds(forbidden, output) for output in (good, bad)] == [False, True]
    assert all(rule_holds(rule, good) for rule in case.expect.must)
    assert not all(rule_holds(rule, half) for rule in case.expect.must)


@pytest.mark.parametrize(
    "settings",
    [
        "tests: [{vars: {q: a}, options: {transform: output.a}, ASSERT}]",
        "tests: [{vars: {q: a}, options: {postprocess: output.a}, ASSERT}]",
        "defaultTest: {options: {transform: output.a}}\ntests: [{vars: {q: a}, options: {prefix: x}, ASSERT}]",
        "providers: [{id: x, transform: output.a}]\ntests: [{vars: {q: a}, ASSERT}]",
        "providers: [{x: {transform: output.a}}]\ntests: [{vars: {q: a}, ASSERT}]",
        "tests: [{vars: {q: a}, provider: {id: x, transform: output.a}, ASSERT}]",
    ],
)
def test_promptfoo_transforms_are_told(tmp_path: Path, settings: str) -> None:
    """What is asserted after code of the user's is asserted of no answer: unmapped, and awaits review."""
    asserts = "assert: [{type: contains, value: yes}, {type: latency, threshold: 2000}]"
    (case,), made = imported(tmp_path, "promptfoo", "config.yaml", settings.replace("ASSERT", asserts))

    assert case.expect.must == ()
    assert case.expect.limits.latency_ms == 2000
    assert made.unmapped == {"contains after a transform": 1}
    assert case.review == "proposed"


def test_promptfoo_tables(tmp_path: Path) -> None:
    """Cells: a bare text is to be equalled, a prefix names the assertion; metadata; a threshold makes all optional."""
    text = table(
        {"q": "a?", "__expected": "yes", "__expected2": "icontains-any: sun, rain", "__metadata:tags[]": "x, y"},
        {"q": "b?", "__expected": "similar(0.8): rain", "__expected2": "not-contains:snow", "__metadata:tags[]": ""},
        {"q": "c?", "__expected": "javascript: output.length", "__expected2": "", "__metadata:tags[]": ""},
        {"q": "d?", "__expected": "note: this is the answer", "__expected2": "", "__metadata:tags[]": ""},
    )
    cases, made = imported(tmp_path, "promptfoo", "tests.csv", text)

    assert cases[0].expect.must == (
        Rule(field="content", equals="yes"),
        Rule(field="content", matches="(?i)sun|rain"),
    )
    assert cases[0].tags == ("x", "y")
    assert cases[1].expect.must_not == (Rule(field="content", contains="snow"),)
    assert cases[3].expect.must == (Rule(field="content", equals="note: this is the answer"),)
    assert made.unmapped == {"similar": 1, "javascript": 1}
    assert [case.review for case in cases] == [None, "proposed", "proposed", None]


def test_promptfoo_results_give_each_test_once(tmp_path: Path) -> None:
    """Whatever prompts and providers it was put to."""
    test = {"vars": {"q": "a?"}, "assert": [{"type": "equals", "value": "yes"}], "metadata": {}}
    row = {"testCase": test, "vars": {"q": "a?"}, "response": {"output": "no"}, "success": False}
    results = {"evalId": "e", "results": {"version": 3, "results": [row, {**row, "promptIdx": 1}]}, "config": {}}

    (case,), _ = imported(tmp_path, "promptfoo", "results.json", json.dumps(results))

    assert case.expect.must == (Rule(field="content", equals="yes"),)
    assert case.provenance["row"]["response"] == {"output": "no"}


def test_promptfoo_tests_elsewhere_are_asked_for(tmp_path: Path) -> None:
    """Never an empty set for a file that names another."""
    with pytest.raises(InputError, match="Import that file by itself"):
        imported(tmp_path, "promptfoo", "config.yaml", "prompts: [x]\ntests: file://tests.csv\n")
    with pytest.raises(InputError, match="no tests and no results"):
        imported(tmp_path, "promptfoo", "config.yaml", "prompts: [x]\n")


def test_ragas_samples(tmp_path: Path) -> None:
    """Rows of one turn, of several, and of older releases; lists of a table are Python's."""
    samples = lines(
        {
            "user_input": "q",
            "retrieved_contexts": ["c"],
            "reference_contexts": ["r"],
            "response": "old answer",
            "reference": "a",
            "rubrics": {"score1_description": "bad"},
        },
        {"user_input": [{"content": "hi", "type": "human"}], "reference_tool_calls": [{"name": "t", "args": {"x": 1}}]},
        {"question": "old q", "contexts": ["c"], "ground_truths": ["a"]},
    )
    cases, made = imported(tmp_path, "ragas", "samples.jsonl", samples)

    assert [case.input for case in cases] == ["q", [{"content": "hi", "type": "human"}], "old q"]
    assert [case.expected_output for case in cases] == ["a", None, "a"]
    assert (cases[0].retrieval_context, cases[0].context) == (("c",), ("r",))
    assert cases[0].provenance["row"]["response"] == "old answer"
    assert made.unmapped == {"rubrics": 1, "reference_tool_calls.args": 1}
    assert made.checked_by == {"reference": 2, "rules": 1}

    (tmp_path / "out.jsonl").unlink()
    text = table({"user_input": "q", "retrieved_contexts": "['one', 'two']", "reference": "a"})
    (case,), _ = imported(tmp_path, "ragas", "samples.csv", text)
    assert case.retrieval_context == ("one", "two")


def test_inspect_samples_and_logs(tmp_path: Path) -> None:
    """Targets and choices; of a log each sample once, its scorers told; a packed log says how to unpack it."""
    samples = [
        {"input": "2+2?", "target": ["4", "four"], "id": 1, "choices": ["3", "4"], "metadata": {"k": 1}},
        {"input": [{"role": "user", "content": "hi"}], "target": "hello", "sandbox": "docker"},
    ]
    cases, made = imported(tmp_path, "inspect", "samples.json", json.dumps(samples))
    assert cases[0].input == {"input": "2+2?", "choices": ["3", "4"]}
    assert cases[0].expected_output == ["4", "four"]
    assert (cases[0].id, cases[1].id) == ("1", "samples-0002")
    assert made.unmapped == {"sandbox": 1}

    (tmp_path / "out.jsonl").unlink()
    epochs = [{"id": "s", "epoch": n, "input": "q", "target": "a", "scores": {"match": {"value": "C"}}} for n in (1, 2)]
    (case,), made = imported(tmp_path, "inspect", "log.json", json.dumps({"version": 2, "eval": {}, "samples": epochs}))
    assert case.id == "s"
    assert made.unmapped == {"scorer match": 1}

    (tmp_path / "out.jsonl").unlink()
    with pytest.raises(InputError, match="inspect log convert"):
        imported(tmp_path, "inspect", "log.eval", "PK")


PYDANTIC = """\
# yaml-language-server: $schema=./capitals_schema.json
name: capitals
cases:
- name: france
  inputs: {question: capital of France}
  metadata: {difficulty: easy}
  expected_output: Paris
  evaluators:
  - EqualsExpected
  - Contains: Par
  - Contains: {value: PARIS, case_sensitive: false}
  - LLMJudge: says it plainly
- inputs: 7
  expected_output: {n: 7}
  evaluators:
  - name: Contains
    arguments: {value: {n: 7}}
evaluators:
- MaxDuration: 2.5
- EqualsExpected
- call: IsInstance
  args: [dict]
  kwargs: {}
"""


def test_pydantic_evals_datasets(tmp_path: Path) -> None:
    """Evaluators of a case and of the set, in each spelling."""
    cases, made = imported(tmp_path, "pydantic-evals", "capitals.yaml", PYDANTIC)

    assert [case.id for case in cases] == ["france", "capitals-0002"]
    assert cases[0].expect.must == (
        Rule(field="content", equals="Paris"),
        Rule(field="content", contains="Par"),
        Rule(field="content", matches="(?i)PARIS"),
        Rule(field="content", equals="Paris"),
    )
    assert cases[1].expect.must == (
        Rule(field="structured.n", equals=7),
        Rule(field="structured", equals={"n": 7}),
    )
    assert cases[1].expect.limits.latency_ms == 2500
    assert made.unmapped == {"LLMJudge": 1, "IsInstance": 2}
    assert cases[0].metadata == {"difficulty": "easy"}


def test_langsmith_examples(tmp_path: Path) -> None:
    """As the client's `Example.json()` writes them; an example without outputs has nothing to check."""
    example = {
        "dataset_id": "00000000-0000-0000-0000-000000000000",
        "inputs": {"question": "Where is order 1?"},
        "outputs": {"answer": "Shipped."},
        "metadata": {"dataset_split": ["base"]},
        "id": "00000000-0000-0000-0000-000000000001",
        "created_at": "1970-01-01T00:00:00Z",
        "modified_at": None,
        "source_run_id": None,
        "attachments": None,
    }
    bare = {**example, "outputs": None, "id": "00000000-0000-0000-0000-000000000002"}

    cases, made = imported(tmp_path, "langsmith", "examples.jsonl", lines(example, bare))

    assert cases[0].id == example["id"]
    assert (cases[0].input, cases[0].expected_output) == (example["inputs"], example["outputs"])
    assert cases[0].tags == ("base",)
    assert made.unchecked == [bare["id"]]
    assert [case.review for case in cases] == [None, "proposed"]


@pytest.mark.parametrize(
    ("tool", "name", "text"),
    [
        ("deepeval", "goldens.json", json.dumps([DEEPEVAL, TALK])),
        ("promptfoo", "config.yaml", PROMPTFOO),
        ("pydantic-evals", "capitals.yaml", PYDANTIC),
        ("ragas", "samples.jsonl", lines({"user_input": "q", "novel": [1]})),
        ("inspect", "samples.jsonl", lines({"input": "q", "target": "a", "novel": 1})),
        ("langsmith", "examples.jsonl", lines({"inputs": {"q": 1}, "novel": 1})),
    ],
)
def test_rows_travel_whole(tmp_path: Path, tool: str, name: str, text: str) -> None:
    """Each case holds the row it came from, with its place; the manifest names file and digest."""
    cases, made = imported(tmp_path, tool, name, text)

    assert all(case.provenance["from"] == tool for case in cases)
    assert all(case.provenance["at"].startswith(str(tmp_path / name)) for case in cases)
    if name.endswith(".jsonl"):
        assert [case.provenance["row"] for case in cases] == [json.loads(line) for line in text.splitlines()]
    assert made.cases == len(cases)
    assert f"imported from {name} ({tool})" in (tmp_path / "out.manifest.json").read_text()


@pytest.mark.parametrize("tool", FORMATS)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", "{"),
        ("x.json", "3"),
        ("x.json", "[1, 2]"),
        ("x.json", "[]"),
        ("x.json", "{}"),
        ("x.jsonl", "\n"),
        ("x.yaml", "a: [1\n"),
        ("x.yaml", "- 1\n"),
        ("x.csv", ""),
        ("x.csv", 'a\n"b'),
        ("x.jsonl", '{"prompt": "of yet another tool"}'),
    ],
)
def test_foreign_files_are_faults_and_write_nothing(tmp_path: Path, tool: str, name: str, text: str) -> None:
    """Never a traceback, never half a set."""
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as raised:
        import_set(tool, tmp_path / name, tmp_path / "out.jsonl")

    assert all(str(tmp_path / name) in fault.where for fault in raised.value.faults)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A set that is there stays; a format nobody knows has its nearest right name."""
    (tmp_path / "out.jsonl").write_text("")
    with pytest.raises(InputError, match="Is there already"):
        imported(tmp_path, "ragas", "x.jsonl", lines({"user_input": "q"}))
    with pytest.raises(InputError, match="Did you mean 'deepeval'"):
        imported(tmp_path, "deep_eval", "x.jsonl", "")


def test_inspect_scorers_of_samples_that_ended_in_an_error(tmp_path: Path) -> None:
    """They have no score; what the log scored with is told all the same."""
    log = {
        "version": 2,
        "eval": {"scorers": [{"name": "match"}, {"name": "includes"}]},
        "samples": [{"id": "s", "epoch": 1, "input": "q", "target": "a", "scores": {}, "error": {"message": "x"}}],
    }
    (case,), made = imported(tmp_path, "inspect", "log.json", json.dumps(log))

    assert made.unmapped == {"scorer match": 1, "scorer includes": 1}
    assert case.review == "proposed"


@pytest.mark.parametrize(
    "config",
    [
        {"defaultTest": {"options": {"transform": "output.trim()"}}},
        {"providers": ["echo", {"id": "openai:gpt-4o", "transform": "output.trim()"}]},
        {"defaultTest": {"assertScoringFunction": "file://score.js"}},
    ],
)
def test_promptfoo_assertions_about_something_else_than_the_answer(tmp_path: Path, config: dict[str, Any]) -> None:
    """What code makes of the answer, or of the assertions, is not what a rule would judge."""
    test = {"vars": {"q": "a"}, "assert": [{"type": "contains", "value": "x"}], "options": {"prefix": "y"}}
    (case,), made = imported(tmp_path, "promptfoo", "config.json", json.dumps({**config, "tests": [test]}))

    assert case.expect.must == ()
    assert sum(made.unmapped.values()) == 1


def test_promptfoo_variables_that_code_makes_are_told(tmp_path: Path) -> None:
    """The prompt saw other values than the ones that stand there."""
    test = {"vars": {"q": "a"}, "options": {"transformVars": "{q: vars.q + '!'}"}}
    _, made = imported(tmp_path, "promptfoo", "config.json", json.dumps({"tests": [test]}))

    assert made.unmapped == {"transformVars": 1}
