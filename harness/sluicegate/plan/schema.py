"""The JSON Schema of the plan file, for editors: keys, words and shapes. What lines mean is the reader's to say."""

from __future__ import annotations

from sluicegate.model import Capability, Json, Origin, Provenance
from sluicegate.plan.correlation import SCHEMA
from sluicegate.plan.load_schema import LOAD_SCHEMA, PROFILE_SCHEMA
from sluicegate.plan.metrics import AVAILABLE_SUITES, BUILT_IN, KNOWN_SUITES
from sluicegate.plan.pipeline import OUTPUT_FIELDS
from sluicegate.plan.schema_forms import listed, map_of, object_of, ref, scalar, text, values_of, whole, words
from sluicegate.plan.scoring import BUILT_IN_SCORERS
from sluicegate.plan.types import Better, Metric, MetricKind, Mode, Scale

__all__ = ["plan_schema"]


def plan_schema() -> Json:
    """JSON Schema 2020-12 of a plan, as `sluicegate plan schema` writes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluicegate rollout plan",
        **object_of(_plan_keys(), required=("schema_version", "name", "pipeline", "subject", "stages")),
        "$defs": {
            "texts": {"anyOf": [scalar(), {"type": "array", "minItems": 1, "items": scalar(), "uniqueItems": True}]},
            "argv": {"type": "array", "minItems": 1, "items": scalar()},
            "duration": text("A duration: 48h, 20m, 7d, 500ms", examples=["48h", "20m", "7d"]),
            "line": _line(),
            "bound": scalar("One number with its unit: 60 %, 500 ms"),
            "criterion": _criterion(),
            "judged": {"anyOf": [ref("criterion"), {"type": "array", "minItems": 1, "items": ref("criterion")}]},
            "criteria": _criteria(),
            "profile": PROFILE_SCHEMA,
            "metric": _own_metric(),
            "pipeline": _pipeline(),
            "tool": object_of(_tool_keys(), required=("path",)),
            "price": _price(),
            "stage": _stage(),
        },
    }


def _plan_keys() -> Json:
    return {
        "schema_version": {"const": 1, "description": "Version of this file format"},
        "name": scalar("Name of the rollout"),
        "state": text("Append-only file of stage entries, attempts and rollbacks, relative to the plan"),
        "timezone": text("IANA zone in which stable days are counted", examples=["Europe/Istanbul", "UTC"]),
        "pipeline": ref("pipeline"),
        "subject": _subject(),
        "cases": ref("texts", "Case files (JSONL) for the suites; glob patterns, relative to the plan"),
        "golden": ref("texts", "Golden sets (JSONL); glob patterns, relative to the plan"),
        "slices": map_of(ref("texts"), "Named sets of slices, so that a lost one shows"),
        "tools": {
            "description": "Tools the doubles stand in for",
            "anyOf": [
                map_of(ref("tool")),
                {
                    "type": "array",
                    "items": object_of({"name": scalar(), **_tool_keys()}, required=("name", "path")),
                },
            ],
        },
        **SCHEMA,
        "prices": map_of(ref("price"), "What models cost; one that is not named has the price of the installed table"),
        "schemas": object_of(
            {name: text("A JSON Schema file, a built-in contract, or module:Model") for name in _CONTRACT_FIELDS},
            description="Contract of an output field",
        ),
        "load": LOAD_SCHEMA,
        "metrics": map_of(ref("metric"), "Own metrics; built-in ones need no entry"),
        "criteria": map_of(ref("criteria"), "Shared sets of criteria, named in a stage by use: [name]"),
        "stages": {"type": "array", "minItems": 1, "items": ref("stage"), "description": "The steps, in order"},
        "repeats": whole("How often each case is run", low=1),
        "concurrency": whole("Trials in flight at once", low=1),
        "seed": whole("Seed of everything random"),
        "valid_for": ref("duration", "How long a verdict may be acted on"),
        "max_evidence_age": ref("duration", "Older evidence of suites is stale; live evidence must not end earlier"),
        "daily_traffic": whole("Units a day, for the linter's day figures", low=1),
    }


_CONTRACT_FIELDS = ("structured", "mail", "content")


def _subject() -> Json:
    part = {
        "anyOf": [
            scalar("A literal version or digest"),
            object_of({"git": text("Revision; a dirty tree is an error")}, required=("git",)),
            object_of({"files": ref("texts", "Glob patterns")}, required=("files",)),
            object_of({"http": text("Address where the service says it", pattern="^https?://")}, required=("http",)),
            object_of({"command": ref("argv", "Program that prints what serves")}, required=("command",)),
        ]
    }
    return {
        "type": "object",
        "minProperties": 1,
        "description": "What serves; a change of any part is a new subject",
        "properties": {"models": ref("texts", "Models, compared with the calls observed")},
        "additionalProperties": part,
    }


def _tool_keys() -> Json:
    return {
        "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        "path": text("Path template; quote it when it holds braces", pattern="^/", examples=["/orders/{order_id}"]),
        "writes": {"type": "boolean", "description": "Has a side effect"},
        "key": text("Argument that tells two intended effects apart"),
        "fields": ref("texts", "Argument fields it may receive; status[]: several times in a query or form"),
    }


def _price() -> Json:
    keys = {
        "input": scalar("Dollars per million input tokens: $0.15"),
        "output": scalar("Dollars per million output tokens"),
        "cached": scalar("Dollars per million input tokens the provider had cached"),
        "expert": {"type": "boolean", "description": "A dear model, whose calls are counted apart"},
    }
    together = {"input": ["output"], "output": ["input"], "cached": ["input"]}
    return object_of(keys) | {"minProperties": 1, "dependentRequired": together}


def _pipeline() -> Json:
    http = object_of(
        {
            "url": text(pattern="^https?://"),
            "method": {"enum": ["POST", "PUT", "PATCH", "GET"]},
            "headers": map_of(
                {"anyOf": [scalar(), object_of({"env": text(), "prefix": text()}, required=("env",))]},
                "Headers, literal or from the environment",
            ),
            "request": {"description": "Template of the JSON body; ${input.text} in a string is replaced"},
            "response": _output_mapping("Output field to path in the response"),
            "max_bytes": whole("Largest answer read", low=1),
        },
        required=("url",),
    )
    command = object_of(
        {
            "argv": ref("argv"),
            "long_lived": {"type": "boolean", "description": "False starts it anew for each case"},
            "processes": whole(low=1),
            "cwd": text(),
            "max_bytes": whole("Largest answer read", low=1),
        },
        required=("argv",),
    )
    recording = object_of(
        {
            "paths": ref("texts", "Glob patterns, relative to the plan"),
            "format": {"enum": ["jsonl", "otlp"]},
            "case_id": text("Path of the case id in a row"),
            "output": _output_mapping("Output field to path in the row"),
        },
        required=("paths",),
    )
    kinds = {
        "callable": text("module:attribute, sync or async"),
        "http": {"anyOf": [text(pattern="^https?://"), http]},
        "command": {"anyOf": [ref("argv"), command]},
        "recording": {"anyOf": [ref("texts"), recording]},
    }
    common = {
        "capabilities": words(Capability, "What it can do; a case that needs more is not applicable"),
        "timeout": ref("duration"),
        "retries": whole("Repeated calls after a transport fault", high=20),
        "environment": map_of(scalar(), "Variables for a callable's runner process or a command"),
        "switch": {"anyOf": [text("module:attribute that sets a flag"), ref("argv")]},
        "may_connect": ref("texts", "Addresses besides the doubles it may open connections to: db.internal:5432"),
    }
    mapping = object_of({**kinds, **common}) | {"oneOf": [{"required": [kind]} for kind in kinds]}
    return {
        "description": "How to reach the pipeline under test",
        "anyOf": [
            text(pattern=r"^\s*[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\s*$", examples=["shop.drafts:draft_reply"]),
            mapping,
        ],
    }


def _output_mapping(description: str) -> Json:
    names = "|".join(OUTPUT_FIELDS)
    keys = {"propertyNames": {"pattern": rf"^({names})([.\[]|$)"}}
    return map_of(text(), description) | keys


def _stage() -> Json:
    exposure = {
        "type": "object",
        "required": ["live"],
        "description": "Who sees the subject; other settings (flags, cohorts) belong to neither subject nor apparatus",
        "properties": {
            "live": {"type": "boolean"},
            "percent": scalar("Share of traffic: 10"),
            "variables": map_of(scalar(), "Variables for a callable or command while the stage's cases run"),
        },
    }
    requires = object_of(
        {
            "suites": words(KNOWN_SUITES, f"Suites that must have run; in this version: {listed(AVAILABLE_SUITES)}"),
            "tests": {"type": "boolean", "description": "Your own marked tests, pinned by the lock"},
            "prerequisites": ref("texts"),
            "attestations": ref("texts"),
            "approval": scalar("Role or name that must have approved"),
        }
    )
    rollback = object_of(
        {
            "within": ref("duration"),
            "steps": {"type": "array", "items": ref("argv"), "description": "Commands; shown, never run"},
            "on_failed_tests": {"type": "boolean", "description": "A failed required test rolls back"},
        }
    )
    keys = {
        "name": scalar("Name of the stage; part of file names"),
        "exposure": exposure,
        "requires": requires,
        "bake": text("48h, or 7 stable days", examples=["48h", "7 stable days"]),
        "criteria": ref("criteria"),
        "rollback": rollback,
    }
    return object_of(keys, required=("name", "exposure"))


def _criteria() -> Json:
    known = {name: {"$ref": "#/$defs/judged", "description": _described(metric)} for name, metric in BUILT_IN.items()}
    return {
        "type": "object",
        "properties": {"use": ref("texts", "Shared sets"), "<<": {"description": "YAML merge"}, **known},
        "additionalProperties": ref("judged"),
    }


def _criterion() -> Json:
    keys = {
        "from": words(Origin, "Where its evidence comes from"),
        "promote": ref("line", "The target"),
        "alert": ref("line", "Past it: hold and look"),
        "alert_above": ref("bound", "For a range: past it upwards"),
        "alert_below": ref("bound", "For a range: past it downwards"),
        "rollback": ref("line", "Past it: go back; for incidents: confirmed"),
        "min": whole("Least number of units", low=1),
        "max_rate": scalar("Incidents: the rate that 0 seen must exclude, as 1 %"),
        "at": text(
            "Distributions: p95, or mean", pattern=r"^\s*(p[0-9]{1,2}(\.[0-9]+)?|P[0-9]+(\.[0-9]+)?|[mM]ean|MEAN)\s*$"
        ),
        "mode": {"enum": values_of(Mode), "description": "What a pass must show"},
        "alpha": scalar("One-sided error level, 0.05"),
        "slices": scalar("Name of a set under slices:"),
        "unit": scalar("What n counts, where it is not the metric's own"),
        "window": ref("duration", "Only evidence this recent"),
        "after": ref("duration", "Armed so long after stage entry"),
        "admits": words(Provenance, "Provenances admitted beyond the metric's own"),
        "optional": {"type": "boolean", "description": "The plan allows not_applicable"},
        "recall": scalar("Incidents: share of true ones your detector finds, or unknown"),
        "weights": map_of(scalar(), "Split: the configured shares"),
        "profile": ref("texts", "Load: only evidence of this profile; without it, each profile is judged apart"),
    }
    return object_of(keys, required=("from",))


def _line() -> Json:
    relative = {
        "drop": text("Worse by: 20 points, or 15 percent", examples=["20 points", "15 percent"]),
        "rise": text("Worse by, where lower is better", examples=["5 points", "15 percent"]),
        "ratio": scalar("Multiple of the reference"),
        "bound": scalar("Multiple its bound must clear"),
        "than": scalar("A stage before, baseline or previous"),
    }
    return {
        "anyOf": [
            scalar(),
            {"type": "array", "items": scalar(), "minItems": 2, "maxItems": 2, "description": "A range: [20 %, 40 %]"},
            object_of(relative, required=("than",)),
        ]
    }


def _own_metric() -> Json:
    sources = {
        "rule": object_of(
            {
                "field": text("Path of the output"),
                "equals": {},
                "contains": scalar(),
                "matches": scalar("A regular expression, searched"),
            },
            required=("field",),
        ),
        "value": text("Path of a number in the output"),
        "check": text("Name of your own check (self-reported)"),
        "score": _score(),
        "record": {"const": True, "description": "Rows handed over by sluicegate record"},
        "sql": {"type": "object", "required": ["query"]},
        "prometheus": {"type": "object", "required": ["query"]},
        "traces": {"type": "object"},
    }
    keys = {
        "kind": {"enum": values_of(MetricKind)},
        "better": {"enum": values_of(Better)},
        "unit": scalar("What n counts: case, draft, request, minute"),
        "scale": {"enum": values_of(Scale), "description": "Needed where the kind does not say it"},
        "matures_after": ref("duration"),
        "weights": map_of(scalar()),
        "recall": scalar("Share of true incidents that is found, or unknown"),
        **sources,
    }
    return object_of(keys, required=("kind", "unit")) | {"oneOf": [{"required": [source]} for source in sources]}


def _score() -> Json:
    by = {
        "description": "A scorer that comes along, or module:attribute of your own",
        "anyOf": [{"enum": list(BUILT_IN_SCORERS)}, text(pattern="^[A-Za-z_][\\w.]*:[A-Za-z_][\\w.]*$")],
    }
    keys = {
        "by": by,
        "field": text("Path of the output; structured or content without it"),
        "expected": text("Path within expected_output; all of it without it"),
        "tolerance": scalar("Of numeric: 0.01, or 5 %"),
        "fields": ref("texts", "Of fields: those that count; all that are expected without it"),
        "passes": scalar("Of a proportion: the score from which on a trial holds; 100 % without it"),
    }
    return {"description": "How right an answer is, 0..1", "anyOf": [by, object_of(keys, required=("by",))]}


def _described(metric: Metric) -> str:
    suite = f", suite {metric.suite}" if metric.suite else ""
    later = "" if metric.available else "; its suite is not part of this version"
    return (
        f"{metric.kind.value}, better {metric.better.value}, in {metric.scale.value}, per {metric.unit}{suite}{later}"
    )
