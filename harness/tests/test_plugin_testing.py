"""`sluicegate.testing`: builders that are complete as they come, and runs that say everything in one call."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.ledger import read_ledger
from sluicegate.ledger.trials import TrialJoin
from sluicegate.testing import Example, a_case, a_ledger, a_mail, a_rollout, a_trial, an_output


def test_builders_take_values_and_the_json_of_files() -> None:
    """A test names only what it is about."""
    case = a_case("c7", given={"mail": a_mail(subject="Hello")}, expect={"recipients": ["alice@shop.test"]})

    assert (case.id, case.given.mail.subject, case.expect.recipients) == ("c7", "Hello", ("alice@shop.test",))
    assert a_mail(["alice@shop.test", "bob@shop.test"]).to == ("alice@shop.test", "bob@shop.test")
    assert an_output(structured={"order": 1}).structured == {"order": 1}
    assert len(a_trial(a_case(given={"deliveries": 2})).outputs) == 2


def test_a_misspelt_field_is_refused_with_the_right_name() -> None:
    """A builder that ignores a field makes a test that tests something else."""
    with pytest.raises(InputError, match=r"a_case\('c1'\).*Did you mean 'expect'"):
        a_case("c1", expects={})


@pytest.mark.parametrize("closed", [True, False])
def test_a_ledger_holds_the_trials_it_was_given(tmp_path: Path, closed: bool) -> None:
    """Chained, readable, and left open when asked to be."""
    trials = [a_trial(a_case("c1")), a_trial(a_case("c2"), an_output("no"))]

    reader = read_ledger(a_ledger(tmp_path / "run.jsonl", trials, closed=closed, stage="ten"))

    join = TrialJoin()
    read = [done.trial for record in reader if (done := join.feed(record)) is not None]
    assert trials == read
    assert closed == reader.complete


def test_a_result_says_all_that_differs_at_once(tmp_path: Path) -> None:
    """One call asserts much, and its message is enough to go on."""
    tests = "import pytest\n\ndef test_a(): pass\n\n@pytest.mark.skip\ndef test_b(): pass\n"
    example = Example(files={"test_a.py": tests}, folder=tmp_path, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})

    result = example.run_pytest("-p", "sluicegate.pytest_plugin")

    assert result.check(exit_code=0, kind="none", counts={"passed": 1, "skipped": 1}, says="1 skipped") is result
    with pytest.raises(AssertionError) as raised:
        result.check(exit_code=1, kind="hold.*", counts={"passed": 2}, says="no such thing", says_not="passed")
    for part in ("exit code 0, expected 1", "verdict None", "1 passed, expected 2", "does not say", "says 'passed'"):
        assert part in str(raised.value)


def test_importing_it_loads_neither_pytest_nor_hypothesis() -> None:
    """Builders are for every test runner."""
    program = (
        "import sys, sluicegate.testing as t; t.a_case(); t.Example; "
        "assert not {'pytest', 'hypothesis', '_pytest'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


DOCS = Path(__file__).parents[2] / "docs" / "pytest.md"


def blocks() -> list[str]:
    """The Python examples of the page, in order."""
    return re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def test_the_own_test_of_the_documentation_counts(tmp_path: Path) -> None:
    """As it stands there, with the golden set among the plan's cases."""
    files = a_rollout(
        6, requires="{tests: true}", criteria="errors.rate: {from: suite, promote: 50 %, alert: 60 %, min: 3}"
    )
    plan = files["rollout.yaml"].replace("cases: cases.jsonl", "cases: golden/email/*.jsonl")
    given = {"rollout.yaml": plan, "golden/email/orders.jsonl": files.pop("cases.jsonl"), "test_own.py": blocks()[0]}
    example = Example(files={**files, **given}, folder=tmp_path, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})

    example.run_sluicegate("plan", "lock", "rollout.yaml").check(exit_code=0)
    result = example.run_pytest("-p", "sluicegate.pytest_plugin", "--sluicegate-plan", "rollout.yaml")

    result.check(exit_code=0, kind="complete", counts={"passed": 2})


def test_the_plugin_test_of_the_documentation_runs(tmp_path: Path) -> None:
    """`Example` is enough to test a gate from outside."""
    namespace: dict[str, Any] = {}

    exec(blocks()[1], namespace)

    namespace["test_the_gate_holds"](tmp_path)
