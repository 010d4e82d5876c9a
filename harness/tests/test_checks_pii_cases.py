"""The cases of the pii suite: planted values and business numbers, in each place, the same under one seed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sluicegate.checks import SUITES
from sluicegate.checks.pii_cases import CLEAN, PLACES, PLANTED
from sluicegate.model import Case, Given, Rule, ToolResult, encode
from sluicegate.pii.evaluation_templates import PERSONAL
from sluicegate.pii.known import Known, KnownValues
from sluicegate.plan.cases import read_cases
from sluicegate.resources import data


@pytest.fixture(scope="module")
def plain() -> list[Case]:
    return list(read_cases([Path(data("golden", "email_rag.jsonl"))]))


def derived(plain: list[Case], seed: int = 1) -> list[Case]:
    return SUITES["pii"].cases(plain, seed)[len(plain) :]


def test_every_kind_stands_in_every_place(plain: list[Case]) -> None:
    """By ids of kind, place and content; fewer than a hundred, each once."""
    ids = [case.id for case in derived(plain)]
    kinds = [*(f"pii-{word}" for word in PLANTED), *(f"clean-{word}" for word in CLEAN)]
    assert {name.rpartition("-")[0] for name in ids} == {
        *(f"{kind}-{place}" for kind in kinds for place in PLACES if place != "input"),
        "pii-others-tool",
        "pii-others-list",
    }
    assert len(set(ids)) == len(ids) < 100
    assert all(re.fullmatch(r"(pii|clean)-[a-z0-9-]+-[0-9a-f]{8}", name) for name in ids)


def test_a_planted_value_stands_in_its_case_and_may_be_said_to_nobody(plain: list[Case]) -> None:
    """A canary that no model may see, but contacts; a clean case has none."""
    for case in derived(plain):
        if case.id.startswith("clean-"):
            assert (case.expect.canaries, case.expect.model_never_sees) == ((), ())
            continue
        text = "\n".join(str(encode(part)) for part in (case.given.mail, case.given.tool_results, case.given.snippets))
        for value in case.expect.canaries:
            assert next(KnownValues([Known(value=value)]).hits(text), None) is not None, case.id
        is_others = case.id.startswith("pii-others")
        assert case.expect.model_never_sees == (() if is_others else case.expect.canaries)


def test_the_same_seed_gives_the_same_cases_and_another_gives_others(plain: list[Case]) -> None:
    """Whatever order the plan's cases are in."""
    assert derived(list(reversed(plain))) == derived(plain)
    assert [case.digest() for case in derived(plain)] == [case.digest() for case in derived(plain)]
    assert not {case.id for case in derived(plain)} & {case.id for case in derived(plain, 2)}


def test_every_kind_of_the_evaluation_has_one_case_that_stands_for_it(plain: list[Case]) -> None:
    """So that recall is counted once, kind by kind."""
    said = [case.metadata["pii_recall"] for case in derived(plain) if "pii_recall" in case.metadata]
    assert said == list(PERSONAL)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("Where is it?", ()),
        ({"order": "A 7 b", "text": "hi"}, ("text",)),
        ({"order": 7, "note": "Where is it?"}, ("note",)),
        (
            {"messages": [{"role": "user", "content": "a b c"}, {"role": "user", "content": "d"}]},
            ("messages", 1, "content"),
        ),
    ],
)
def test_without_a_mail_values_are_planted_where_an_input_says_something(given: Any, place: tuple[Any, ...]) -> None:
    """Below what is said, and in what tools and retriever answer; the input is the template's in all else."""
    result = ToolResult(tool="order", result={"status": "sent"})
    made = derived([Case(id="a", input=given, given=Given(tool_results=(result,)))])

    kinds = len(PLANTED) + len(CLEAN)
    assert (
        len([case for case in made if "-input-" in case.id])
        == len([case for case in made if "-tool-" in case.id])
        == kinds
    )
    for case in made:
        was, now = given, case.input
        for step in place:
            was, now = was[step], now[step]
        assert now.startswith(f"{was}\n\n") is ("-input-" in case.id)
        assert ("-tool-" in case.id) is (case.given.tool_results != (result,))


def test_where_nobody_says_anything_nothing_is_planted() -> None:
    """The plan's own cases are judged all the same."""
    silent = ("x", {"n": 7}, {"text": "/trends 24h"}, {"text": "explain:3b8"})
    cases = [Case(id=str(at), input=given) for at, given in enumerate(silent)]
    cases += [Case(id="b", given=Given(command="go"))]
    assert SUITES["pii"].cases(cases, 1) == cases


def test_what_never_came_in_is_no_evidence_and_a_leak_stands_all_the_same(plain: list[Case]) -> None:
    """A value in a tool's answer that was never asked for: the trial says nothing, unless something leaked in it."""
    from sluicegate.checks import CHECKS, CheckConfig, run_check
    from sluicegate.model import Mail, Observation, Output, Trial

    def said(case: Case, body: str, *seen: Observation) -> str:
        answer = Output(mail=Mail(to=case.expect.recipients or (), subject="Re:", body=body))
        trial = Trial(case=case, outputs=(answer,), observations=seen)
        return str(run_check(CHECKS["pii.answer"], trial, CheckConfig()).result.value)

    def call(double: str, action: str, **detail: object) -> Observation:
        return Observation(run_id="0" * 16, double=double, action=action, at="2026-01-29T12:00:00Z", detail=detail)

    by_place = {case.id.rsplit("-", 2)[1]: case for case in derived(plain) if case.id.startswith("pii-")}
    tool = {place: by_place[place].given.tool_results[0].tool for place in ("tool", "list")}
    missed, answered = (
        {place: call("tool", name, arguments={}, status=status) for place, name in tool.items()}
        for status in (404, 200)
    )
    empty, full = (call("retriever", "search", status=200, returned=ids) for ids in ([], ["planted"]))
    for place in ("tool", "list", "snippet"):
        before, after = missed.get(place, empty), answered.get(place, full)
        case = by_place[place]
        assert said(case, "On its way.", before) == said(case, "On its way.") == "not_applicable"
        assert said(case, "On its way.", after) == "pass"
        assert said(case, f"So: {case.expect.canaries[0]}", before) == "fail"
    assert said(by_place["body"], "On its way.") == "pass"


def test_what_every_case_expects_is_expected_of_these_too(plain: list[Case]) -> None:
    """The shop's own numbers below each answer; what a single case expects is its own."""
    foot, own = (
        Rule(field="mail.body", contains="IBAN DE89 3704 0044 0532 0130 00"),
        Rule(field="content", contains="x"),
    )
    cases = [replace(case, expect=replace(case.expect, must=(foot,))) for case in plain]
    cases[0] = replace(cases[0], expect=replace(cases[0].expect, must=(own, foot)))

    assert {case.expect.must for case in derived(cases)} == {(foot,)}
    assert {case.expect.must for case in derived(plain)} == {()}
