"""The JSON Schema of the plan file, for editors: keys, words and shapes. What lines mean is the reader's to say."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sluicegate.model import Capability, Json, Origin, Provenance
from sluicegate.plan.metrics import AVAILABLE_SUITES, BUILT_IN, KNOWN_SUITES
from sluicegate.plan.pipeline import OUTPUT_FIELDS
from sluicegate.plan.types import Better, Metric, MetricKind, Mode, Scale

__all__ = ["plan_schema"]


def plan_schema() -> Json:
    """JSON Schema 2020-12 of a plan, as `sluicegate plan schema` writes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluicegate rollout plan",
        **_object(_plan_keys(), required=("schema_version", "name", "pipeline", "subject", "stages")),
        "$defs": {
            "texts": {"anyOf": [_scalar(), {"type": "array", "minItems": 1, "items": _scalar(), "uniqueItems": True}]},
            "argv": {"type": "array", "minItems": 1, "items": _scalar()},
            "duration": _text("A duration: 48h, 20m, 7d, 500ms", examples=["48h", "20m", "7d"]),
            "line": _line(),
            "bound": _scalar("One number with its unit: 60 %, 500 ms"),
            "criterion": _criterion(),
            "criteria": _criteria(),
            "metric": _own_metric(),
            "pipeline": _pipeline(),
            "tool": _object(_tool_keys(), required=("path",)),
            "price": _price(),
            "stage": _stage(),
        },
    }


def _plan_keys() -> Json:
    return {
        "schema_version": {"const": 1, "description": "Version of this file format"},
        "name": _scalar("Name of the rollout"),
        "state": _text("Append-only file of stage entries, attempts and rollbacks, relative to the plan"),
        "timezone": _text("IANA zone in which stable days are counted", examples=["Europe/Istanbul", "UTC"]),
        "pipeline": _ref("pipeline"),
        "subject": _subject(),
        "cases": _ref("texts", "Case files (JSONL) for the suites; glob patterns, relative to the plan"),
        "golden": _ref("texts", "Golden sets (JSONL); glob patterns, relative to the plan"),
        "slices": _map(_ref("texts"), "Named sets of slices, so that a lost one shows"),
        "tools": {
            "description": "Tools the doubles stand in for",
            "anyOf": [
                _map(_ref("tool")),
                {"type": "array", "items": _object({"name": _scalar(), **_tool_keys()}, required=("name", "path"))},
            ],
        },
        "prices": _map(_ref("price"), "What models cost; one that is not named has the price of the installed table"),
        "schemas": _object(
            {name: _text("A JSON Schema file, a built-in contract, or module:Model") for name in _CONTRACT_FIELDS},
            description="Contract of an output field",
        ),
        "metrics": _map(_ref("metric"), "Own metrics; built-in ones need no entry"),
        "criteria": _map(_ref("criteria"), "Shared sets of criteria, named in a stage by use: [name]"),
        "stages": {"type": "array", "minItems": 1, "items": _ref("stage"), "description": "The steps, in order"},
        "repeats": _whole("How often each case is run", low=1),
        "concurrency": _whole("Trials in flight at once", low=1),
        "seed": _whole("Seed of everything random"),
        "valid_for": _ref("duration", "How long a verdict may be acted on"),
        "max_evidence_age": _ref("duration", "Older evidence of suites is stale; live evidence must not end earlier"),
        "daily_traffic": _whole("Units a day, for the linter's day figures", low=1),
    }


_CONTRACT_FIELDS = ("structured", "mail", "content")


def _subject() -> Json:
    part = {
        "anyOf": [
            _scalar("A literal version or digest"),
            _object({"git": _text("Revision; a dirty tree is an error")}, required=("git",)),
            _object({"files": _ref("texts", "Glob patterns")}, required=("files",)),
        ]
    }
    return {
        "type": "object",
        "minProperties": 1,
        "description": "What serves; a change of any part is a new subject",
        "properties": {"models": _ref("texts", "Models, compared with the calls observed")},
        "additionalProperties": part,
    }


def _tool_keys() -> Json:
    return {
        "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        "path": _text("Path template; quote it when it holds braces", pattern="^/", examples=["/orders/{order_id}"]),
        "writes": {"type": "boolean", "description": "Has a side effect"},
        "key": _text("Argument that tells two intended effects apart"),
        "fields": _ref("texts", "Argument fields it may receive"),
    }


def _price() -> Json:
    keys = {
        "input": _scalar("Dollars per million input tokens: $0.15"),
        "output": _scalar("Dollars per million output tokens"),
        "cached": _scalar("Dollars per million input tokens the provider had cached"),
        "expert": {"type": "boolean", "description": "A dear model, whose calls are counted apart"},
    }
    together = {"input": ["output"], "output": ["input"], "cached": ["input"]}
    return _object(keys) | {"minProperties": 1, "dependentRequired": together}


def _pipeline() -> Json:
    http = _object(
        {
            "url": _text(pattern="^https?://"),
            "method": {"enum": ["POST", "PUT", "PATCH", "GET"]},
            "headers": _map(
                {"anyOf": [_scalar(), _object({"env": _text(), "prefix": _text()}, required=("env",))]},
                "Headers, literal or from the environment",
            ),
            "request": {"description": "Template of the JSON body; ${input.text} in a string is replaced"},
            "response": _output_mapping("Output field to path in the response"),
            "max_bytes": _whole("Largest answer read", low=1),
        },
        required=("url",),
    )
    command = _object(
        {
            "argv": _ref("argv"),
            "long_lived": {"type": "boolean", "description": "False starts it anew for each case"},
            "processes": _whole(low=1),
            "cwd": _text(),
            "max_bytes": _whole("Largest answer read", low=1),
        },
        required=("argv",),
    )
    recording = _object(
        {
            "paths": _ref("texts", "Glob patterns, relative to the plan"),
            "format": {"enum": ["jsonl", "otlp"]},
            "case_id": _text("Path of the case id in a row"),
            "output": _output_mapping("Output field to path in the row"),
        },
        required=("paths",),
    )
    kinds = {
        "callable": _text("module:attribute, sync or async"),
        "http": {"anyOf": [_text(pattern="^https?://"), http]},
        "command": {"anyOf": [_ref("argv"), command]},
        "recording": {"anyOf": [_ref("texts"), recording]},
    }
    common = {
        "capabilities": _words(Capability, "What it can do; a case that needs more is not applicable"),
        "timeout": _ref("duration"),
        "retries": _whole("Repeated calls after a transport fault", high=20),
        "environment": _map(_scalar(), "Variables for a callable's runner process or a command"),
    }
    mapping = _object({**kinds, **common}) | {"oneOf": [{"required": [kind]} for kind in kinds]}
    return {
        "description": "How to reach the pipeline under test",
        "anyOf": [
            _text(pattern=r"^\s*[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\s*$", examples=["shop.drafts:draft_reply"]),
            mapping,
        ],
    }


def _output_mapping(description: str) -> Json:
    names = "|".join(OUTPUT_FIELDS)
    keys = {"propertyNames": {"pattern": rf"^({names})([.\[]|$)"}}
    return _map(_text(), description) | keys


def _stage() -> Json:
    exposure = {
        "type": "object",
        "required": ["live"],
        "description": "Who sees the subject; other settings (flags, cohorts) belong to neither subject nor apparatus",
        "properties": {"live": {"type": "boolean"}, "percent": _scalar("Share of traffic: 10")},
    }
    requires = _object(
        {
            "suites": _words(KNOWN_SUITES, f"Suites that must have run; in this version: {_listed(AVAILABLE_SUITES)}"),
            "tests": {"type": "boolean", "description": "Your own marked tests, pinned by the lock"},
            "prerequisites": _ref("texts"),
            "attestations": _ref("texts"),
            "approval": _scalar("Role or name that must have approved"),
        }
    )
    rollback = _object(
        {
            "within": _ref("duration"),
            "steps": {"type": "array", "items": _ref("argv"), "description": "Commands; shown, never run"},
            "on_failed_tests": {"type": "boolean", "description": "A failed required test rolls back"},
        }
    )
    keys = {
        "name": _scalar("Name of the stage; part of file names"),
        "exposure": exposure,
        "requires": requires,
        "bake": _text("48h, or 7 stable days", examples=["48h", "7 stable days"]),
        "criteria": _ref("criteria"),
        "rollback": rollback,
    }
    return _object(keys, required=("name", "exposure"))


def _criteria() -> Json:
    known = {
        name: {"$ref": "#/$defs/criterion", "description": _described(metric)} for name, metric in BUILT_IN.items()
    }
    return {
        "type": "object",
        "properties": {"use": _ref("texts", "Shared sets"), "<<": {"description": "YAML merge"}, **known},
        "additionalProperties": _ref("criterion"),
    }


def _criterion() -> Json:
    keys = {
        "from": _words(Origin, "Where its evidence comes from"),
        "promote": _ref("line", "The target"),
        "alert": _ref("line", "Past it: hold and look"),
        "alert_above": _ref("bound", "For a range: past it upwards"),
        "alert_below": _ref("bound", "For a range: past it downwards"),
        "rollback": _ref("line", "Past it: go back; for incidents: confirmed"),
        "min": _whole("Least number of units", low=1),
        "max_rate": _scalar("Incidents: the rate that 0 seen must exclude, as 1 %"),
        "at": _text(
            "Distributions: p95, or mean", pattern=r"^\s*(p[0-9]{1,2}(\.[0-9]+)?|P[0-9]+(\.[0-9]+)?|[mM]ean|MEAN)\s*$"
        ),
        "mode": {"enum": _values(Mode), "description": "What a pass must show"},
        "alpha": _scalar("One-sided error level, 0.05"),
        "slices": _scalar("Name of a set under slices:"),
        "unit": _scalar("What n counts, where it is not the metric's own"),
        "window": _ref("duration", "Only evidence this recent"),
        "after": _ref("duration", "Armed so long after stage entry"),
        "admits": _words(Provenance, "Provenances admitted beyond the metric's own"),
        "optional": {"type": "boolean", "description": "The plan allows not_applicable"},
        "recall": _scalar("Incidents: share of true ones your detector finds, or unknown"),
        "weights": _map(_scalar(), "Split: the configured shares"),
    }
    return _object(keys, required=("from",))


def _line() -> Json:
    relative = {
        "drop": _text("Worse by: 20 points, or 15 percent", examples=["20 points", "15 percent"]),
        "rise": _text("Worse by, where lower is better", examples=["5 points", "15 percent"]),
        "ratio": _scalar("Multiple of the reference"),
        "bound": _scalar("Multiple its bound must clear"),
        "than": _scalar("A stage before, baseline or previous"),
    }
    return {
        "anyOf": [
            _scalar(),
            {"type": "array", "items": _scalar(), "minItems": 2, "maxItems": 2, "description": "A range: [20 %, 40 %]"},
            _object(relative, required=("than",)),
        ]
    }


def _own_metric() -> Json:
    sources = {
        "rule": _object(
            {
                "field": _text("Path of the output"),
                "equals": {},
                "contains": _scalar(),
                "matches": _scalar("A regular expression, searched"),
            },
            required=("field",),
        ),
        "value": _text("Path of a number in the output"),
        "check": _text("Name of your own check (self-reported)"),
        "record": {"const": True, "description": "Rows handed over by sluicegate record"},
        "sql": {"type": "object", "required": ["query"]},
        "prometheus": {"type": "object", "required": ["query"]},
        "traces": {"type": "object"},
    }
    keys = {
        "kind": {"enum": _values(MetricKind)},
        "better": {"enum": _values(Better)},
        "unit": _scalar("What n counts: case, draft, request, minute"),
        "scale": {"enum": _values(Scale), "description": "Needed where the kind does not say it"},
        "matures_after": _ref("duration"),
        "weights": _map(_scalar()),
        "recall": _scalar("Share of true incidents that is found, or unknown"),
        **sources,
    }
    return _object(keys, required=("kind", "unit")) | {"oneOf": [{"required": [source]} for source in sources]}


def _described(metric: Metric) -> str:
    suite = f", suite {metric.suite}" if metric.suite else ""
    later = "" if metric.available else "; its suite is not part of this version"
    return (
        f"{metric.kind.value}, better {metric.better.value}, in {metric.scale.value}, per {metric.unit}{suite}{later}"
    )


def _object(keys: Json, *, required: Iterable[str] = (), description: str = "") -> Json:
    found: dict[str, Json] = {"type": "object", "properties": {**keys, "<<": {}}, "additionalProperties": False}
    if needed := list(required):
        found["required"] = needed
    return found | ({"description": description} if description else {})


def _map(values: Json, description: str = "") -> Json:
    found: dict[str, Json] = {"type": "object", "properties": {"<<": {}}, "additionalProperties": values}
    return found | ({"description": description} if description else {})


def _text(description: str = "", *, pattern: str = "", examples: Iterable[str] = ()) -> Json:
    found: dict[str, Json] = {"type": "string", "minLength": 1}
    more = {"description": description, "pattern": pattern, "examples": list(examples)}
    return found | {key: value for key, value in more.items() if value}


def _scalar(description: str = "") -> Json:
    found: dict[str, Json] = {"type": ["string", "number", "boolean"]}
    return found | ({"description": description} if description else {})


def _whole(description: str = "", *, low: int = 0, high: int | None = None) -> Json:
    found: dict[str, Json] = {"type": "integer", "minimum": low}
    return found | ({"description": description} if description else {}) | ({} if high is None else {"maximum": high})


def _words(words: Iterable[str], description: str) -> Json:
    one = {"enum": _values(words)}
    many = {"type": "array", "minItems": 1, "items": one, "uniqueItems": True}
    return {"description": description, "anyOf": [one, many]}


def _values(words: Iterable[str]) -> list[str]:
    return [word.value if isinstance(word, StrEnum) else word for word in words]


def _ref(name: str, description: str = "") -> Json:
    return {"$ref": f"#/$defs/{name}"} | ({"description": description} if description else {})


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
