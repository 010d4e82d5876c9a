"""The pytest plugin. Importing it costs the standard library; without a plan it adds options, a marker and fixtures.

With `--sluicegate-plan` the bundled suites of the stage join the collection, the pipeline runs once in the broker's
processes, and the last lines are the verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sluicegate.pytest_plugin.expecting import Expectations
    from sluicegate.pytest_plugin.own_checks import OwnCheckRun
    from sluicegate.pytest_plugin.reading import Outputs
    from sluicegate.pytest_plugin.results import CheckResults

__all__ = ["expect", "outputs", "own_check", "results"]

_MARKER = (
    "sluicegate(golden=None, suite=None): a test that the gate counts. `outputs` then reads the pipeline's answers to "
    "the cases of one golden set or case file, or of one suite; to every case of the stage without an argument."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, and ini keys of the same names with underscores."""
    group = parser.getgroup("sluicegate", "Sluicegate: promote, hold or roll back")

    def option(name: str, said: str, **how: Any) -> None:
        group.addoption(f"--sluicegate-{name}", dest=f"sluicegate_{name}", help=said, **how)

    option("plan", "gate this run with the plan at PATH", metavar="PATH")
    option("stage", "the stage to gate; without it the one the state file says", metavar="NAME")
    option("case", "run only this case (repeatable); always a hold", metavar="ID", action="append", default=[])
    option("failed", "run only the cases that failed last time; always a hold", action="store_true")
    option("evidence", "where evidence is kept; .sluicegate beside the plan without it", metavar="DIR")
    option("junit", "also write the gate's JUnit file, a test case per case, to FILE", metavar="FILE")
    option("list", "with --collect-only: write the ids of the tests marked sluicegate to FILE", metavar="FILE")
    for name in ("plan", "stage", "evidence", "junit"):
        parser.addini(f"sluicegate_{name}", f"default of --sluicegate-{name}")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """The hooks that a conftest or another plugin may implement."""
    from sluicegate.pytest_plugin import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Stay out of the way unless this run has a plan, lists tests, or collects the bundled suites."""
    config.addinivalue_line("markers", _MARKER)
    if config.option.sluicegate_list:
        from sluicegate.pytest_plugin.listing import Listing

        config.pluginmanager.register(Listing(config), "sluicegate-listing")
        return
    if _is_asked(config):
        from sluicegate.pytest_plugin.gating import activate

        activate(config)


def _is_asked(config: pytest.Config) -> bool:
    if config.option.sluicegate_plan or config.getini("sluicegate_plan"):
        return True
    if hasattr(config, "workerinput"):
        return "sluicegate" in config.workerinput
    asked = config.option
    if asked.sluicegate_case or asked.sluicegate_failed or asked.sluicegate_stage or asked.sluicegate_junit:
        return True
    return any("suites" in argument for argument in config.args)


@pytest.fixture
def outputs(request: pytest.FixtureRequest) -> Outputs:
    """The pipeline's answers as `(case, output)` pairs, in the order in which they come."""
    from sluicegate.pytest_plugin.reading import outputs_for

    return outputs_for(request)


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> Expectations:
    """`expect(case, value).contains(…)`: failures are collected and reported by case when the test ends."""
    from sluicegate.pytest_plugin.expecting import expectations_for

    return expectations_for(request)


@pytest.fixture
def results(request: pytest.FixtureRequest) -> CheckResults:
    """What the built-in checks said of the pipeline; for the bundled suites."""
    from sluicegate.pytest_plugin.results import results_for

    return results_for(request)


@pytest.fixture
def own_check(request: pytest.FixtureRequest) -> OwnCheckRun:
    """One of the checks that `pytest_sluicegate_checks` returns; for the bundled suites."""
    from sluicegate.pytest_plugin.own_checks import own_check_for

    return own_check_for(request)
