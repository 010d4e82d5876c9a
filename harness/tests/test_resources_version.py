"""The version the engine says of itself."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

from sluicegate.resources import VERSION


def test_the_version_is_that_of_the_package() -> None:
    """It stands in every ledger and verdict; a release that forgot one of the two places would lie there."""
    assert metadata.version("sluicegate") == VERSION


def test_a_judge_starts_without_what_it_may_never_need() -> None:
    """Validator, web server and client, template engine: each loads longer than a hundred cases are judged."""
    program = (
        "import sys, sluicegate.broker.process, sluicegate.session.serve, sluicegate.session.judge\n"
        "heavy = {'aiohttp', 'jsonschema', 'pydantic', 'rich', 'jinja2', 'pytest', 'http.client', 'zipfile'}\n"
        "print(*sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
