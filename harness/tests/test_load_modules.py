"""Load is sent by processes of its own: a run of pytest, whatever it has of load, loads none of its libraries."""

from __future__ import annotations

from pathlib import Path

from sluicegate.session.lock import build_lock, write_lock
from sluicegate.session.starter import write_starter
from sluicegate.session.workspace import Workspace
from sluicegate.testing import Example

LOAD = """
load: {profiles: {few: {users: 2, for: 1s}}}
"""
CRITERION = (
    "      errors.rate: [{from: suite, promote: 2 %, alert: 10 %, min: 30}, {from: load, promote: 2 %, alert: 10 %}]\n"
)
TOLD = """
import sys

def pytest_unconfigure(config):
    print("loaded:", sorted({"gevent", "locust", "zmq"} & {name.partition(".")[0] for name in sys.modules}))
"""


def test_after_a_full_run_neither_gevent_nor_locust_is_loaded(tmp_path: Path) -> None:
    """A plan with profiles and a criterion on load, judged under pytest; and every room but the load's own imported.

    After `import locust` threads would be greenlets, and the user's own tests others than they are.
    """
    write_starter(tmp_path)
    plan = (tmp_path / "rollout.yaml").read_text()
    old = "      errors.rate: {from: suite, promote: 2 %, alert: 10 %, min: 30}\n"
    assert old in plan
    (tmp_path / "rollout.yaml").write_text(plan.replace(old, CRITERION) + LOAD)
    (tmp_path / "conftest.py").write_text(TOLD)
    (tmp_path / "test_rooms.py").write_text(
        "import sluicegate.cli.load, sluicegate.session.load, sluicegate.session.load_sweep\n"
        "import sluicegate.session.load_server, sluicegate.report.loads\n\ndef test_rooms():\n    pass\n"
    )
    workspace = Workspace(tmp_path / "rollout.yaml")
    write_lock(workspace, build_lock(workspace))

    result = Example(files={}, folder=tmp_path).run_pytest(
        "--sluicegate-plan", "rollout.yaml", "--sluicegate-stage", "preflight", "-p", "no:cacheprovider"
    )

    result.check(exit_code=1, kind="hold.*", says=("loaded: []", "errors.rate (few)"))
