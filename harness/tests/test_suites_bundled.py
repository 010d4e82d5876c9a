"""The bundled suites: complete, short, and what the checkout runs without a plan."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from sluicegate.checks import CHECKS
from sluicegate.resources import data
from sluicegate.testing import Example

CHECKOUT = Path(__file__).parents[2]
SUITES = {path.stem.removeprefix("test_"): path for path in sorted(data("suites").glob("test_*.py"))}


@pytest.mark.parametrize("path", SUITES.values(), ids=lambda path: path.name)
def test_each_suite_reads_as_a_specification(path: Path) -> None:
    """At most 150 lines; every file and every test says its law."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]

    assert len(text.splitlines()) <= 150
    assert tests
    assert ast.get_docstring(tree)
    assert all(ast.get_docstring(test) for test in tests)


def test_every_check_has_a_test_and_every_test_a_check() -> None:
    """A check that no suite asks would be recorded and shown to nobody."""
    asked = {
        check
        for name, path in SUITES.items()
        if name not in ("answers", "own_checks")
        for check in re.findall(r'results\.of\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }

    assert set(CHECKS) == asked


def test_without_a_plan_the_checkout_tests_the_reference_pipeline() -> None:
    """`pytest suites`: the sound pipeline at its preflight, in a folder that is gone afterwards.

    The suites are named where they are installed: in a checkout that is the folder of that name, from a wheel another.
    """
    example = Example(files={}, folder=CHECKOUT, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    options = ("-p", "sluicegate.pytest_plugin", "-p", "no:cacheprovider", "-W", "ignore")

    result = example.run_pytest(*options, str(data("suites")))

    result.check(exit_code=0, counts={"failed": 0}, says=("PROMOTE", "email-rag-pilot · preflight → setup"))
    assert result.counts["passed"] >= 6
