"""From a plan file to a `Plan`, with every fault of the file raised at once."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Capability
from sluicegate.plan.correlation import (
    CORRELATION_KEYS,
    DOUBLES_KEYS,
    MAIL_KEYS,
    read_correlation,
    read_doubles,
    read_mail,
)
from sluicegate.plan.criteria import CriteriaReader
from sluicegate.plan.document import MappingNode, parse_document
from sluicegate.plan.load_reading import LOAD_KEYS, check_target, read_load
from sluicegate.plan.own_metrics import own_metrics
from sluicegate.plan.pipeline import read_pipeline, read_schemas, read_tools
from sluicegate.plan.prices import read_prices
from sluicegate.plan.stages import Feeds, read_stages
from sluicegate.plan.subject import read_subject
from sluicegate.plan.table import Faults, Table
from sluicegate.plan.textfile import neighbour, read_bytes
from sluicegate.plan.types import CallableTarget, CommandTarget, PipelineSpec, Plan, RecordingTarget

__all__ = ["PLAN_KEYS", "read_plan", "read_plan_bytes"]

PLAN_KEYS = (
    "schema_version",
    "name",
    "state",
    "timezone",
    "pipeline",
    "subject",
    "cases",
    "golden",
    "slices",
    "tools",
    "doubles",
    "mail",
    "correlation",
    "prices",
    "schemas",
    "load",
    "metrics",
    "criteria",
    "stages",
    "repeats",
    "concurrency",
    "seed",
    "valid_for",
    "max_evidence_age",
    "daily_traffic",
)
_MAX_BYTES = 256 * 1024
_PLANS = "*.y*ml"
_NO_PLANS = (".py", ".jsonl", ".lock", ".csv", ".md")
"""Endings of what else lies beside a plan; under any other name a file is read as the plan that it is said to be."""


def read_plan(path: Path) -> Plan:
    """The plan at `path`. Raises InputError with all its faults, each at `path:line`."""
    data = read_bytes(path, "a plan file", limit=_MAX_BYTES, siblings=_PLANS)
    if path.suffix in _NO_PLANS:
        what = f"Is no plan, which is a YAML file and not a {path.suffix} file."
        raise InputError(Fault(where=str(path), what=what, mend=neighbour(path, _PLANS) or "Name the plan."))
    return read_plan_bytes(data, path)


def read_plan_bytes(data: bytes, path: Path) -> Plan:
    """A plan from bytes already read; `path` names it in faults and anchors its relative paths."""
    root, found = parse_document(data, str(path))
    faults = Faults(str(path))
    for fault in found:
        faults.found[fault] = int(fault.where.rpartition(":")[2])
    plan = _plan(root, faults, path, sha256(data).hexdigest())
    if faults.found:
        raise InputError(faults.in_order())
    return plan


def _plan(root: MappingNode, faults: Faults, path: Path, digest: str) -> Plan:
    table = Table(root, "plan", faults, PLAN_KEYS)
    _check_needed(table)
    state = table.optional_text("state")
    slices = _slices(table)
    own = own_metrics(table.table("metrics", label="metrics"))
    cases, golden = _globs(table, "cases"), _globs(table, "golden")
    schemas = read_schemas(table.table("schemas", label="schemas"))
    shared = table.table("criteria", label="criteria")
    seed = table.whole("seed", 0, high=2**63 - 1)
    load = read_load(table.table("load", LOAD_KEYS, "load"), seed=seed)
    criteria = CriteriaReader(
        faults=faults,
        declared=own,
        slice_sets=slices,
        shared=dict(shared.items()) if shared is not None else {},
        load=load,
    )
    for name, entry in shared.items() if shared is not None else ():
        criteria.set_of(entry.node, f"criteria '{name}'")
    node = table.node("pipeline")
    pipeline = PipelineSpec(target=CallableTarget(target="")) if node is None else read_pipeline(node, faults)
    feeds = Feeds(
        cases=bool(cases),
        golden=bool(golden),
        schemas=bool(schemas),
        state=bool(state),
        timezone="timezone" in table,
        environment=isinstance(pipeline.target, (CallableTarget, CommandTarget)),
    )
    _check_mail(table, pipeline)
    check_target(table, load, pipeline)
    return Plan(
        path=path,
        digest=digest,
        schema_version=table.whole("schema_version", 1),
        name=_name(table),
        state=None if state is None else path.parent / state,
        timezone=_timezone(table),
        pipeline=pipeline,
        subject=read_subject(table.table("subject", label="subject")),
        cases=cases,
        golden=golden,
        slices=slices,
        metrics=own,
        stages=read_stages(table.node("stages"), criteria, feeds, faults),
        tools=read_tools(table.node("tools"), faults),
        doubles=read_doubles(table.table("doubles", DOUBLES_KEYS, "doubles")),
        mail=read_mail(table.table("mail", MAIL_KEYS, "mail")),
        load=load,
        correlation=read_correlation(table.table("correlation", CORRELATION_KEYS, "correlation")),
        prices=read_prices(table.table("prices", label="prices")),
        schemas=schemas,
        repeats=table.whole("repeats", 1, low=1, high=10_000),
        concurrency=table.whole("concurrency", 32, low=1, high=100_000),
        seed=seed,
        valid_for_s=table.seconds("valid_for", 4 * 3600, low=1),
        max_evidence_age_s=table.seconds("max_evidence_age", 24 * 3600, low=1),
        daily_traffic=table.optional_whole("daily_traffic", low=1),
    )


def _check_needed(table: Table) -> None:
    table.needs("schema_version", "Write schema_version: 1.")
    table.needs("name", "Give the rollout a name: name: email-rag-pilot.")
    table.needs("pipeline", "Write pipeline: module:attribute, or {http: …}, {command: […]}, {recording: …}.")
    table.needs("subject", "Say what serves: subject: {code: {git: HEAD}}.")
    table.needs("stages", "Write at least one stage: stages: [{name: preflight, …}].")
    if "schema_version" in table and (seen := table.optional_whole("schema_version")) not in (None, 1):
        mend = "Write schema_version: 1, or use the version of Sluicegate it was written for."
        table.fault("schema_version", f"'schema_version' is {seen}; this version reads 1.", mend)


def _check_mail(table: Table, pipeline: PipelineSpec) -> None:
    """Note a mail sink to which nobody will send."""
    if "mail" not in table:
        return
    if isinstance(pipeline.target, RecordingTarget):
        table.fault("mail", "'mail' stands beside a recording, which sends nothing.", "Leave it out.")
    elif Capability.MAIL not in pipeline.capabilities:
        mend = "Write pipeline: {capabilities: [mail, …]}, or leave 'mail' out."
        table.fault("mail", "'mail' is there, and the pipeline does not declare that it sends any.", mend)


def _name(table: Table) -> str:
    name = table.text("name")
    if len(name) > 100 or "\n" in name:
        table.fault("name", "'name' is longer than one short line.", "Write a few words.")
    return name


def _timezone(table: Table) -> str:
    name = table.text("timezone", "UTC")
    if name == "UTC":
        return name
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        mend = nearest(name, available_timezones()) or "Write an IANA zone, as Europe/Istanbul."
        table.fault("timezone", f"unknown time zone '{name}'.", mend)
    return name


def _slices(table: Table) -> Mapping[str, tuple[str, ...]]:
    sets = table.table("slices", label="slices")
    return {} if sets is None else {name: sets.texts(name, example=f"{name}: [acme, zenith]") for name in sets}


def _globs(table: Table, key: str) -> tuple[str, ...]:
    patterns = table.texts(key, example=f"{key}: {key}/*.jsonl")
    for pattern in patterns:
        if Path(pattern).is_absolute():
            table.fault(key, f"'{key}' names '{pattern}'.", "Write it relative to the plan; the lock names it so.")
    return patterns
