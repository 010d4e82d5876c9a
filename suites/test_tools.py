"""tools: a tool receives the names and values that plan and case allow, in a form that is read one way.

Read from what the tool double received, never from what the pipeline says it sent. Allowed names are those of the
case's `expect.tool_fields`, else of the plan's `tools: fields`; `mail.subject` allows a member of an argument.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_fields(results: CheckResults) -> None:
    """No tool receives a name it may not, nor one that only looks or folds like a name it may."""
    results.of("tools.fields").hold_in_every_case()


def test_json(results: CheckResults) -> None:
    """Every body is one JSON object or form that all readers read alike: no name twice, nothing behind it, no NaN."""
    results.of("tools.json").hold_in_every_case()


def test_values(results: CheckResults) -> None:
    """No tool receives a canary, the attacker's address as a value, or a recipient outside `expect.recipients`."""
    results.of("tools.values").hold_in_every_case()


def test_declared(results: CheckResults) -> None:
    """Every call finds a tool that the plan declares."""
    results.of("tools.declared").hold_in_every_case()
