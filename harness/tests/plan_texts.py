"""Plan files as text: a small sound plan to bend, and the two full examples."""

from __future__ import annotations

from pathlib import Path

from sluicegate.errors import InputError
from sluicegate.plan.reader import read_plan_bytes
from sluicegate.plan.types import Criterion, Plan

__all__ = ["EXAMPLES", "a_plan", "criterion", "example", "faults_of", "read", "sole_fault", "with_criterion"]

SAMPLES = Path(__file__).with_name("test_plan_samples")
EXAMPLES = ("ux.yaml", "email_rag.yaml")
PATH = Path("plan.yaml")

_HEAD = """\
schema_version: 1
name: shop
state: state.jsonl
timezone: Europe/Istanbul
pipeline: shop.drafts:draft_reply
subject: {code: {git: HEAD}}
cases: cases/*.jsonl
schemas: {structured: reply.json}
slices: {businesses: [acme, zenith]}
"""
_STAGES = """\
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [schema, idempotency]}
"""


def example(name: str) -> bytes:
    """One of EXAMPLES."""
    return (SAMPLES / name).read_bytes()


def a_plan(more: str = "", *, head: str = _HEAD, stages: str = _STAGES) -> str:
    """A sound plan of one stage, `more` put between its head and its stages."""
    return f"{head}{more}{stages}"


def read(text: str | bytes) -> Plan:
    """The plan of a text."""
    return read_plan_bytes(text.encode() if isinstance(text, str) else text, PATH)


def faults_of(text: str | bytes) -> list[str]:
    """Its faults as a user sees them; empty for a sound plan."""
    try:
        read(text)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []


def sole_fault(text: str | bytes) -> str:
    """The one fault of a text."""
    (fault,) = faults_of(text)
    return fault


def with_criterion(text: str, *, metrics: str = "") -> str:
    """A plan of a suite stage and a live stage, whose live criterion on line 16 (without `metrics`) is `text`."""
    stages = f"""\
stages:
  - {{name: setup, exposure: {{live: true}}, criteria: {{data.coverage: {{from: live, alert: 90 %}}}}}}
  - name: ten
    exposure: {{live: true, percent: 10}}
    criteria:
      data.coverage: {{from: live, alert: 90 %}}
      {text}
"""
    return a_plan(metrics, stages=stages)


def criterion(text: str, *, metrics: str = "") -> Criterion:
    """The criterion read from `name: {…}` at a live stage."""
    return read(with_criterion(text, metrics=metrics)).stages[1].criteria[-1]
