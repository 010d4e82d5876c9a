"""Small gated projects for the plugin's tests: files, a lock made here, and pytest with only the plugins named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sluicegate.session.lock import build_lock, write_lock
from sluicegate.session.workspace import Workspace
from sluicegate.testing import Example, Result, a_rollout

OWN = '''\
import pytest

@pytest.mark.sluicegate
def test_orders(outputs, expect):
    """Every answer names its order."""
    for case, output in outputs:
        expect(case, output.content).contains(case.expected_output["order_id"])
'''
OWN_ID = "test_own.py::test_orders"
PLAN = ("--sluicegate-plan", "rollout.yaml")


def project(
    folder: Path,
    *,
    tests: Mapping[str, str] | None = None,
    ids: Sequence[str] = (OWN_ID,),
    files: Mapping[str, str] | None = None,
    cases: Any = 12,
    **rollout: Any,
) -> Example:
    """A project whose stage requires the schema suite and the tests of these ids, locked as it stands."""
    requires = "{suites: [schema], tests: true}" if ids else "{suites: [schema]}"
    given = {
        "requires": requires,
        "criteria": "errors.rate: {from: suite, promote: 25 %, alert: 30 %, min: 3}",
        **rollout,
    }
    example = Example(
        files={**a_rollout(cases, **given), **({"test_own.py": OWN} if tests is None else tests), **(files or {})},
        folder=folder,
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    workspace = Workspace(example.write() / "rollout.yaml")
    write_lock(workspace, build_lock(workspace, tests_of=lambda _: list(ids)))
    return example


def gated(example: Example, *args: str, environment: Mapping[str, str] | None = None) -> Result:
    """Run pytest with the plan, and no other plugins than those named with -p."""
    return example.run_pytest("-p", "sluicegate.pytest_plugin", *PLAN, *args, environment=environment or {})


def records(example: Example, kind: str) -> list[dict[str, Any]]:
    """Bodies of the records of one kind in the newest ledger."""
    from sluicegate.ledger import read_ledger

    newest = max(example.folder.glob(".sluicegate/*/*/ledger-*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return [dict(record.body) for record in read_ledger(newest) if record.kind == kind]
