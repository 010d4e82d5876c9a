"""Installed and not asked for, the plugin is neither seen nor paid for."""

from __future__ import annotations

from pathlib import Path

from sluicegate.testing import Example

LOADED = """
import sys

def test_loaded():
    mine = sorted(name for name in sys.modules if name.split(".")[0] == "sluicegate")
    heavy = {"pydantic", "jsonschema", "aiohttp", "orjson", "jinja2", "asyncio", "ruamel", "rich"} & set(sys.modules)
    assert ["sluicegate", "sluicegate.pytest_plugin", "sluicegate.pytest_plugin.hooks"] == mine
    assert not heavy
"""


def test_without_a_plan_only_the_plugin_itself_is_imported(tmp_path: Path) -> None:
    """No other room and no third-party package is loaded by a plain run, loaded as the entry point it is."""
    example = Example(
        files={"test_loaded.py": LOADED}, folder=tmp_path, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )

    result = example.run_pytest("-p", "sluicegate.pytest_plugin", "--strict-markers", "--strict-config")

    result.check(exit_code=0, kind="none", counts={"passed": 1}, says_not="sluicegate:")
    assert not (tmp_path / ".sluicegate").exists()


def test_the_entry_point_loads_it_in_every_run_of_the_environment(tmp_path: Path) -> None:
    """`pip install` is all it takes: options and marker are there."""
    example = Example(files={}, folder=tmp_path)

    result = example.run_pytest("--help", "-p", "no:hypothesispytest")

    result.check(exit_code=0, says=("--sluicegate-plan=PATH", "--sluicegate-case=ID", "sluicegate_plan (string)"))
