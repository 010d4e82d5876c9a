"""The user's own marked tests by id, as pytest collects them in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sluicegate.errors import Fault, InputError, printable
from sluicegate.plan.types import Plan

__all__ = ["own_tests"]

_ROOT_FILES = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", ".git")
_PLUGIN = "sluicegate.pytest_plugin"


def own_tests(plan: Plan) -> list[str]:
    """Ids of the tests marked `sluicegate`, relative to the plan, of the project the plan lies in.

    Raises InputError when pytest cannot collect them, when two have one name, and when there are none.
    """
    path = plan.path.resolve()
    root = _root(path.parent)
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder, "tests")
        done = subprocess.run(  # noqa: S603 - pytest in the user's folder
            _command(path, listing), cwd=root, env=_environment(), capture_output=True, text=True, check=False
        )
        if not listing.exists():
            last = printable((done.stdout + done.stderr).strip()[-800:])
            what = f"pytest could not collect the tests in {root}: {last}"
            raise InputError(
                Fault(where="tests", what=what, mend="Mend the tests, or drop `tests: true` from the plan.")
            )
        found = listing.read_text(encoding="utf-8").split("\n")
    tests = sorted(filter(None, found))
    if not tests:
        what = f"no test in {root} is marked: @pytest.mark.sluicegate."
        raise InputError(Fault(where="tests", what=what, mend="Mark the tests that must run, or drop `tests: true`."))
    return tests


def _command(plan: Path, listing: Path) -> list[str]:
    # With autoloading off, as in some CI images, nobody else would load the plugin.
    loaded = ["-p", _PLUGIN] if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") else []
    options = ["--collect-only", "-q", f"--sluicegate-plan={plan}", f"--sluicegate-list={listing}"]
    return [sys.executable, "-m", "pytest", *loaded, *options]


def _environment() -> dict[str, str]:
    """Options from outside would narrow what is pinned."""
    return {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}


def _root(folder: Path) -> Path:
    """Where a user would type `pytest`: the nearest folder above the plan that configures something."""
    return next((at for at in (folder, *folder.parents) if any((at / name).exists() for name in _ROOT_FILES)), folder)
