"""docs/plan.md says what the reader does: every key, every example, every figure."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import (
    a_rollout,
    blocks,
    keys_of,
    needs_docs,
    one_line,
    overlaid,
    page,
    plan_of,
    quoted,
    run,
    section,
    tables,
    whole_plan,
)

sys.path.pop(0)

from sluicegate.errors import InputError
from sluicegate.model.case import Expect, Given
from sluicegate.plan.cases import read_cases
from sluicegate.plan.criteria import CRITERION_KEYS
from sluicegate.plan.own_metrics import METRIC_KEYS, SOURCES
from sluicegate.plan.pipeline import TOOL_KEYS
from sluicegate.plan.reader import PLAN_KEYS
from sluicegate.plan.stages import REQUIRES_KEYS, STAGE_KEYS
from sluicegate.plan.types import MetricKind, Plan

pytestmark = needs_docs

PAGE = "plan.md"


def same(plan: Plan) -> Plan:
    """A plan without what only its bytes decide."""
    stages = tuple(
        replace(stage, line=0, criteria=tuple(replace(each, line=0) for each in stage.criteria))
        for stage in plan.stages
    )
    return replace(plan, digest="", stages=stages)


def rows(heading: str, number: int = 0) -> list[list[str]]:
    return tables(section(PAGE, heading))[number]


# Keys


@pytest.mark.parametrize(
    ("heading", "number", "keys"),
    [
        ("## Top level", 0, PLAN_KEYS),
        ("## Stages", 0, STAGE_KEYS),
        ("## Stages", 1, REQUIRES_KEYS),
        ("## Criteria", 0, CRITERION_KEYS),
        ("## Own metrics", 0, SOURCES),
        ("## Criteria", 1, tuple(kind.value for kind in MetricKind)),
    ],
)
def test_every_key_has_its_row(heading: str, number: int, keys: tuple[str, ...]) -> None:
    """No key of the reader is left out, and none is made up."""
    assert sorted(keys_of(rows(heading, number))) == sorted(keys)


def test_keys_in_prose_are_those_of_the_reader() -> None:
    """Tools and own metrics are described in sentences."""
    for key in TOOL_KEYS:
        assert f"`{key}`" in section(PAGE, "## Top level")
    for key in METRIC_KEYS:
        assert f"`{key}`" in section(PAGE, "## Own metrics")


# Examples and defaults


def test_the_whole_plan_is_read() -> None:
    """The plan the page begins with has no fault."""
    plan = plan_of(whole_plan())

    assert [stage.name for stage in plan.stages] == ["preflight", "ten", "all"]


def test_examples_of_top_level_keys_are_read() -> None:
    """Each stands in the whole plan in the place of its own value."""
    for row in rows("## Top level")[1:]:
        (key,), example = keys_of([row, row])[:1], quoted(row[3])
        assert example is not None, key
        base = whole_plan()
        if key in ("metrics", "criteria"):
            base = overlaid(base, "stages: [{name: one, exposure: {live: false}, requires: {suites: [schema]}}]\n")
        if key == "metrics":
            base = overlaid(base, "criteria: {}\n")
        if key == "mail":
            base = overlaid(base, "pipeline: {callable: bot:answer, capabilities: [mail]}\n")
        plan_of(overlaid(base, one_line(key, example)))


def test_defaults_of_top_level_keys_are_the_reader_s() -> None:
    """Writing the default changes nothing."""
    for row in rows("## Top level")[1:]:
        (key,), default = keys_of([row, row])[:1], quoted(row[2])
        if default is None:
            assert row[2] in ("needed", "none"), key
            continue
        base = re.sub(rf"^{key}:.*\n", "", whole_plan(), flags=re.MULTILINE)
        if key == "timezone":
            base = base.replace("bake: 7 stable days", "bake: 48h")
        assert same(plan_of(base)) == same(plan_of(overlaid(base, one_line(key, default)))), key


def a_stage(key: str, value: str) -> str:
    lines = {"name": "one", "exposure": "{live: true}", "criteria": "{use: [weekly]}", key: value}
    return "stages:\n  - " + "\n    ".join(f"{name}: {said}" for name, said in lines.items()) + "\n"


def test_examples_of_stage_keys_are_read() -> None:
    """Each in a stage of its own."""
    for row in rows("## Stages")[1:]:
        (key,), example = keys_of([row, row])[:1], quoted(row[3])
        assert example is not None, key
        plan_of(overlaid(whole_plan(), a_stage(key, example)))


CRITERION_OF = {
    "alert_above": "draft.verification_rate: {from: live, promote: [20 %, 40 %]",
    "alert_below": "draft.verification_rate: {from: live, promote: [70 %, 80 %]",
    "at": "latency: {from: live, promote: 2 s, alert: 4 s",
    "max_rate": "crashes: {from: live, promote: 0",
    "recall": "pii.leaks: {from: live, promote: 0, max_rate: 1 %",
    "weights": "experiment.balance: {from: live",
    "profile": "latency: {from: load, at: p95, promote: 2 s, alert: 4 s",
}
"""A criterion that lacks the key."""


def a_criterion(key: str, value: str) -> str:
    begun = CRITERION_OF.get(key)
    if begun is None:
        usual = {"from": "live", "promote": "95 %", "alert": "90 %", key: value}
        begun = "draft.success_rate: {" + ", ".join(f"{name}: {said}" for name, said in usual.items())
    else:
        begun += f", {key}: {value}"
    load = "load: {profiles: {fifty: {users: 50, for: 60 s}}}\n" if key == "profile" else ""
    return load + a_stage("criteria", f"{{{begun}}}, errors.rate: {{from: live, alert: 5 %}}}}")


def test_examples_of_criterion_keys_are_read() -> None:
    """Each in a criterion that lacks it."""
    for row in rows("## Criteria")[1:]:
        example = quoted(row[3])
        for key in keys_of([row, row])[: row[0].count("`") // 2]:
            assert example is not None, key
            plan_of(overlaid(whole_plan(), a_criterion(key, example)))


def test_defaults_of_criterion_keys_are_the_reader_s() -> None:
    """Writing the default changes nothing."""
    for row in rows("## Criteria")[1:]:
        (key, *_), default = keys_of([row, row]), quoted(row[2])
        if default is None:
            continue
        with_it = plan_of(overlaid(whole_plan(), a_criterion(key, default)))
        without = plan_of(overlaid(whole_plan(), a_criterion("alert", "90 %")))
        assert same(without) == same(with_it), key


def test_lines_are_read() -> None:
    """Each form of a line, in a live stage after others."""
    for line in blocks(section(PAGE, "## Criteria"), "yaml")[0].text.splitlines():
        metric = line.partition(":")[0]
        fed = "" if metric == "errors.rate" else ", errors.rate: {from: live, alert: 5 %}"
        plan = plan_of(overlaid(whole_plan(), a_stage("criteria", f"{{{line}{fed}}}")))
        assert plan.stages[0].criteria[0].metric.name == metric


def test_own_metrics_are_read() -> None:
    """Each source with a kind it can measure."""
    fragment = blocks(section(PAGE, "## Own metrics"), "yaml")[0].text
    stage = "stages: [{name: one, exposure: {live: false}, requires: {suites: [schema]}}]\ncriteria: {}\n"
    plan = plan_of(overlaid(whole_plan(), stage + fragment))

    sources = {metric.measured_by for metric in plan.metrics.values()}
    assert sources == {"rule", "value", "check", "score", "record", "sql"}


def test_the_case_is_read(tmp_path: Path) -> None:
    """And says nothing the words do not know."""
    line = blocks(section(PAGE, "## Cases"), "json")[0].text
    path = tmp_path / "cases.jsonl"
    path.write_text(line, encoding="utf-8")

    (case,) = read_cases([path])
    assert case.id == json.loads(line)["id"]


# What the commands print


@pytest.fixture
def rollout(tmp_path: Path) -> Path:
    """The whole plan with everything it names."""
    return a_rollout(tmp_path)


def test_plan_check_prints_what_the_page_says(rollout: Path) -> None:
    """The notes on the whole plan, word for word but for line ends, with exit 0."""
    run("sluicegate plan lock rollout.yaml", rollout)
    part = section(PAGE, "## `plan check` and `plan lock`")
    done = run(blocks(part, "sh")[0].text, rollout)

    assert (blocks(part, "")[0].text.split(), 0) == (done.stdout.split(), done.returncode)


def test_plan_lock_as_the_page_says(rollout: Path) -> None:
    """Written, up to date, and out of date after a change of the cases; then the gate refuses too."""
    write, check = blocks(section(PAGE, "## `plan check` and `plan lock`"), "sh")[1].text.splitlines()

    assert run(check, rollout).returncode == 40
    assert run(write, rollout).returncode == 0
    assert run(check, rollout).returncode == 0
    assert run("sluicegate gate rollout.yaml", rollout).returncode == 0
    with (rollout / "golden" / "orders.jsonl").open("a") as cases:
        cases.write('{"id": "one-more", "input": {"order": 99}}\n')
    assert run(check, rollout).returncode == 40
    assert run("sluicegate gate rollout.yaml", rollout).returncode == 40


def test_the_header_for_editors_names_a_schema_that_takes_the_plan(rollout: Path) -> None:
    """The first line of the plan names the file that `plan schema` writes."""
    from jsonschema import Draft202012Validator

    from sluicegate.plan.document import json_value, parse_document

    command = re.search(r"`(sluicegate plan schema[^`]*)`", page(PAGE))
    assert command is not None
    assert run(command[1], rollout).returncode == 0
    named = whole_plan().splitlines()[0].partition("$schema=")[2]
    schema = json.loads((rollout / named).read_text())
    root, _ = parse_document(whole_plan().encode(), "rollout.yaml")

    assert list(Draft202012Validator(schema).iter_errors(json_value(root))) == []


@pytest.mark.parametrize("text", ["yes", "off", "1:30", "0100", "!tag x"])
def test_what_readers_take_differently_is_refused(text: str) -> None:
    """Also where text would do."""
    with pytest.raises(InputError):
        plan_of(overlaid(whole_plan(), one_line("name", text)))


@pytest.mark.parametrize("more", ["name: again\n", "nmae: x\n", "---\nname: x\n"])
def test_what_stands_twice_or_is_unknown_is_refused(more: str) -> None:
    """A key twice, a key nobody knows, a second document."""
    with pytest.raises(InputError):
        plan_of(whole_plan() + more)


@pytest.mark.parametrize(("number", "kind"), [(0, Given), (1, Expect)])
def test_the_keys_of_a_case_are_told_and_no_others(number: int, kind: type) -> None:
    """Each key of `given` and `expect` has its row, alone or beside its like."""
    told = [key for row in rows("## Cases", number)[1:] for key in re.findall(r"`(\w+)`", row[0])]

    assert sorted(told) == sorted(item.name for item in fields(kind))
