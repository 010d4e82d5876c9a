"""Sluicegate's own hooks, as a conftest implements them; the examples in their docstrings are what runs here."""

from __future__ import annotations

import inspect
import sys
import textwrap
from pathlib import Path

import pytest

from sluicegate.model import Estimate
from sluicegate.pytest_plugin import hooks
from sluicegate.testing import a_rollout

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import gated, project, records

sys.path.pop(0)

POLITE = """\
async def answer(input):
    please = "" if input["n"] == 5 else ", please wait"
    return {"content": f"Order {1000 + input['n']}{please}.", "structured": {"order": 1000 + input["n"]}}
"""
METRIC = "metrics: {politeness: {kind: proportion, better: higher, unit: draft, check: says_please}}"
CRITERION = "politeness: {from: suite, promote: 90 %, alert: 60 %, min: 12}"


def example_of(hook: object) -> str:
    """The code block of a hook's docstring."""
    said = inspect.getdoc(hook) or ""
    return textwrap.dedent(said.split("in a conftest.py:\n", 1)[1])


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
def test_own_checks_run_over_every_output_and_feed_a_metric_of_the_plan(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    """The example of the hook, as it stands in its docstring: recorded as self-reported, counted by the judge."""
    conftest = {"conftest.py": example_of(hooks.pytest_sluicegate_checks)}
    example = project(
        tmp_path, ids=(), tests={}, files=conftest, pipeline=POLITE, more=METRIC, criteria=CRITERION, cases=400
    )

    result = gated(example, *workers)

    result.check(exit_code=0, kind="complete", says=("says_please: 1 case failed", "c005: says_please does not hold"))
    assert result.verdict is not None
    measured = result.verdict.criteria[0].measured
    assert isinstance(measured, Estimate)
    assert (measured.k, measured.n) == (399, 400)
    own = [record for record in records(example, "checked") if record["self_reported"]]
    assert len(own) == 400
    assert {said: sum(record["results"]["says_please"] == said for record in own) for said in ("fail", "pass")} == {
        "fail": 1,
        "pass": 399,
    }


def test_a_check_that_raises_holds(tmp_path: Path) -> None:
    """It could not judge, which is neither a pass nor a failure of the pipeline."""
    conftest = """
        def says_please(case, output):
            raise KeyError("please")

        def pytest_sluicegate_checks(config):
            return [says_please]
    """
    files = {"conftest.py": textwrap.dedent(conftest)}
    example = project(tmp_path, ids=(), tests={}, files=files, pipeline=POLITE, more=METRIC, criteria=CRITERION)

    gated(example).check(exit_code=1, kind="hold.*", says="the check raised KeyError: 'please'")


@pytest.mark.parametrize(
    ("returned", "says"),
    [("['schema.valid']", "'schema.valid' is no check"), ("[len, len]", "two checks are called len")],
)
def test_what_is_no_check_is_a_usage_error(tmp_path: Path, returned: str, says: str) -> None:
    """Said at once, not as a traceback of the hook."""
    conftest = f"def pytest_sluicegate_checks(config):\n    return {returned}\n"
    example = project(tmp_path, ids=(), tests={}, files={"conftest.py": conftest})

    gated(example).check(exit_code=4, says=says, says_not="Traceback")


def test_the_rollout_of_the_examples_is_the_one_that_testing_gives() -> None:
    """`a_rollout` stays what these tests build on."""
    assert {"rollout.yaml", "cases.jsonl", "reply.schema.json", "bot.py"} == set(a_rollout())
