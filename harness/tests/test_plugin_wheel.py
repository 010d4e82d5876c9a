"""The plugin as a stranger gets it: from a built wheel, with two workers, beside tests of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import OWN_ID, PLAN, project, records

sys.path.pop(0)

CHECKOUT = Path(__file__).parents[2]
PARTS = ("harness/sluicegate", "suites", "fixtures", "golden", "load")
FILES = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")
BUILD = """
import sys
from setuptools import build_meta
print(build_meta.build_wheel(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout and unpacked as an installer would."""
    tree, site = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for part in PARTS:
        shutil.copytree(CHECKOUT / part, tree / part, ignore=ignored)
    for name in FILES:
        source = CHECKOUT / name
        (tree / name).write_bytes(source.read_bytes() if source.exists() else b"")
    command = [sys.executable, "-c", BUILD, str(tree)]
    built = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tree / built.stdout.split()[-1]) as wheel:
        wheel.extractall(site)
    return site


def test_the_bundled_suites_come_along_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Suites and own tests run in both workers; nothing of it comes from the checkout."""
    where = (
        "import sluicegate, sluicegate.suites\n\n"
        "def test_home():\n"
        f"    assert sluicegate.__file__.startswith({str(installed)!r})\n"
        f"    assert sluicegate.suites.__file__.startswith({str(installed)!r})\n"
    )
    example = project(tmp_path, files={"test_home.py": where})
    environment = {"PYTHONPATH": os.pathsep.join([str(installed)])}
    options = ("-p", "sluicegate.pytest_plugin", "-p", "xdist", "-n", "2")

    result = example.run_pytest(*options, *PLAN, environment=environment)

    result.check(exit_code=0, kind="complete", counts={"passed": 12, "skipped": 4})
    assert [test["test_id"] for test in records(example, "test")] == [OWN_ID]
    assert {"gw0", "gw1", "suites"} == {shard["name"] for shard in records(example, "shard")}
