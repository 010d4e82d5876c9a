"""The JSON Schema for editors takes and refuses the same shapes as the reader."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from sluicegate.plan.criteria import CRITERION_KEYS
from sluicegate.plan.metrics import BUILT_IN, KNOWN_SUITES
from sluicegate.plan.own_metrics import METRIC_KEYS
from sluicegate.plan.pipeline import PIPELINE_KEYS, TOOL_KEYS
from sluicegate.plan.reader import PLAN_KEYS
from sluicegate.plan.schema import plan_schema
from sluicegate.plan.stages import REQUIRES_KEYS, STAGE_KEYS

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import EXAMPLES, a_plan, example, faults_of, with_criterion

SCHEMA = plan_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def messages(text: str | bytes) -> list[str]:
    """What an editor would underline."""
    return [error.message for error in VALIDATOR.iter_errors(YAML(typ="safe", pure=True).load(text))]


def test_it_is_a_schema() -> None:
    """Of draft 2020-12, and plain JSON: the same bytes each time."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert json.dumps(plan_schema()) == json.dumps(SCHEMA)


def test_it_knows_every_key_of_the_reader() -> None:
    """No key is known to one and unknown to the other."""
    keys = SCHEMA["$defs"]

    assert set(SCHEMA["properties"]) - {"<<"} == set(PLAN_KEYS)
    assert set(keys["criterion"]["properties"]) - {"<<"} == set(CRITERION_KEYS)
    assert set(keys["metric"]["properties"]) - {"<<"} == set(METRIC_KEYS)
    assert set(keys["stage"]["properties"]) - {"<<"} == set(STAGE_KEYS)
    assert set(keys["stage"]["properties"]["requires"]["properties"]) - {"<<"} == set(REQUIRES_KEYS)
    assert set(keys["pipeline"]["anyOf"][1]["properties"]) - {"<<"} == set(PIPELINE_KEYS)
    assert set(keys["tool"]["properties"]) - {"<<"} == set(TOOL_KEYS)


def test_it_names_every_metric_and_suite() -> None:
    """With what each is made of, so that an editor completes and explains."""
    metrics = SCHEMA["$defs"]["criteria"]["properties"]

    assert set(BUILT_IN) <= set(metrics)
    assert metrics["retrieval.latency"]["description"] == (
        "distribution, better lower, in ms, per retrieval, suite retrieval"
    )
    assert metrics["prerequisite.columns"]["description"].endswith(
        "suite prerequisites; its suite is not part of this version"
    )
    suites = SCHEMA["$defs"]["stage"]["properties"]["requires"]["properties"]["suites"]["anyOf"][0]["enum"]
    assert suites == list(KNOWN_SUITES)


@pytest.mark.parametrize("text", [*map(example, EXAMPLES), a_plan()])
def test_sound_plans_are_sound_to_both(text: str | bytes) -> None:
    """The examples and the small plan."""
    assert faults_of(text) == []
    assert messages(text) == []


SOUND = [
    "pipeline: {http: {url: http://x, headers: {a: b, c: {env: D}}, request: {a: [1]}, response: {content: $.a}}}",
    "pipeline: {command: [run, -v, -v]}",
    "pipeline: {command: {argv: [run], long_lived: false}, timeout: 3s}",
    "pipeline: {recording: {paths: [a, b], format: otlp, output: {content: text}}}",
    'tools: [{name: order, path: "/o/{id}", fields: [id]}]',
    "metrics: {m: {kind: count, better: lower, unit: x, sql: {query: q}}}",
    "criteria: {week: {uptime: {from: live, alert: 90 %}}}",
    "seed: 9",
]
UNSOUND = [
    "schema_version: 2",
    "flags: {a: true}",
    "repeats: 0",
    "repeats: many",
    "pipeline: shop",
    "pipeline: {retries: 1}",
    "pipeline: {callable: a:b, http: http://x}",
    "pipeline: {http: {url: http://x, methods: GET}}",
    "pipeline: {http: {url: http://x, response: {contents: a}}}",
    "pipeline: {command: run it}",
    "pipeline: {callable: a:b, capabilities: [male]}",
    "subject: {}",
    "subject: {code: {gti: HEAD}}",
    "slices: {businesses: []}",
    "tools: {o: {path: o}}",
    "tools: [{path: /o}]",
    "schemas: {structred: a}",
    "metrics: {m: {kind: counts, better: lower, unit: x, record: true}}",
    "metrics: {m: {kind: count, better: lower, unit: x}}",
    "metrics: {m: {kind: count, better: lower, unit: x, record: true, check: c}}",
    "metrics: {m: {kind: count, better: lower, unit: x, record: false}}",
    "criteria: {week: 1}",
    "stages: []",
    "stages: [{name: t}]",
    "stages: [{name: t, exposure: {percent: 10}}]",
    "stages: [{name: t, exposure: {live: 1}}]",
    "stages: [{name: t, exposure: {live: false}, requires: {suites: [schma]}}]",
    "stages: [{name: t, exposure: {live: false}, require: {tests: true}}]",
    "stages: [{name: t, exposure: {live: false}, rollback: {steps: [./flag]}}]",
]
CRITERIA = [
    "cache.hit_rate: 95 %",
    "cache.hit_rate: {alert: 30 %}",
    "cache.hit_rate: {from: lives, alert: 30 %}",
    "cache.hit_rate: {from: [live, live], alert: 30 %}",
    "cache.hit_rate: {from: live, alert: 30 %, min_samples: 3}",
    "cache.hit_rate: {from: live, alert: 30 %, min: 0}",
    "cache.hit_rate: {from: live, alert: 30 %, mode: strikt}",
    "cache.hit_rate: {from: live, alert: 30 %, admits: [replaid]}",
    "cache.hit_rate: {from: live, alert: {drop: 5 points}}",
    "draft.verification_rate: {from: live, promote: [20 %]}",
    "latency: {from: live, at: median, alert: 5 s}",
]


def put(line: str) -> str:
    """The small plan with one top-level key replaced."""
    key = line.partition(":")[0]
    kept, dropping = [], False
    for one in a_plan().splitlines():
        dropping = one.startswith(f"{key}:") or (dropping and one.startswith(" "))
        kept += [] if dropping else [one]
    return "\n".join([*kept, line])


@pytest.mark.parametrize("line", SOUND)
def test_sound_shapes_are_sound_to_both(line: str) -> None:
    """Every other way to write a pipeline, tools, metrics."""
    text = put(line)

    assert faults_of(text) == []
    assert messages(text) == []


@pytest.mark.parametrize("text", [*map(put, UNSOUND), *map(with_criterion, CRITERIA)])
def test_unsound_shapes_are_unsound_to_both(text: str) -> None:
    """A wrong key, word, type or number is refused by both."""
    assert faults_of(text)
    assert messages(text)


@pytest.mark.parametrize("key", ["schema_version", "name", "pipeline", "subject", "stages"])
def test_what_is_needed_is_needed_by_both(key: str) -> None:
    """The five keys without which there is no plan."""
    text = put(f"{key}: x").rpartition("\n")[0]

    assert faults_of(text)
    assert messages(text) == [f"'{key}' is a required property"]
