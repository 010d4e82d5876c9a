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


def own_tests(plan: Plan) -> list[str]:
    """Ids of the tests marked `sluicegate`, collected in the plan's folder. Raises InputError when pytest cannot."""
    base = plan.path.resolve().parent
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder, "tests")
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", f"--sluicegate-list={listing}"]
        environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
        done = subprocess.run(command, cwd=base, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - pytest in the user's folder
        if not listing.exists():
            last = printable((done.stdout + done.stderr).strip()[-400:])
            what = f"pytest could not collect the tests in {base}: {last}"
            raise InputError(
                Fault(where="tests", what=what, mend="Mend the tests, or drop `tests: true` from the plan.")
            )
        found = listing.read_text(encoding="utf-8").split("\n")
    tests = sorted(filter(None, found))
    if not tests:
        what = f"no test in {base} is marked: @pytest.mark.sluicegate."
        raise InputError(Fault(where="tests", what=what, mend="Mark the tests that must run, or drop `tests: true`."))
    return tests
