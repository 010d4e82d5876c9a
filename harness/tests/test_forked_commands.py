"""A command forked from a process that has done the imports answers as one that is started anew."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from forked import Forge
from rollout_world import SLUICEGATE, environment

sys.path.pop(0)


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    made = Forge(environment())
    yield made
    made.close()


@pytest.mark.parametrize("words", [["--version"], ["plan", "schema"], ["gate", "gone.yaml"], ["init", "shop"]])
def test_same_words_same_answer(forge: Forge, words: Sequence[str], tmp_path: Path) -> None:
    """Output, errors, exit code, and what was written where."""
    argv = [SLUICEGATE, *words]
    forked, started = tmp_path / "forked", tmp_path / "started"
    for folder in (forked, started):
        folder.mkdir()

    found = forge.run(argv, cwd=forked, environment=environment(), timeout=60)
    wanted = subprocess.run(argv, cwd=started, env=environment(), capture_output=True, timeout=60, check=False)

    assert (found.returncode, found.stdout, found.stderr) == (wanted.returncode, wanted.stdout, wanted.stderr)
    written = [{path.relative_to(each) for path in each.rglob("*")} for each in (forked, started)]
    assert written[0] == written[1]


def test_each_has_its_own_environment(forge: Forge, tmp_path: Path) -> None:
    """A width set for one is not the next one's."""
    argv = [SLUICEGATE, "gate", "--help"]
    narrow, wide = (
        forge.run(argv, cwd=tmp_path, environment=environment(COLUMNS=width), timeout=60).stdout
        for width in ("50", "100")
    )

    assert max(map(len, narrow.splitlines())) < max(map(len, wide.splitlines()))


def test_one_that_takes_too_long_is_ended(forge: Forge, tmp_path: Path) -> None:
    """As `subprocess.run` does it; the next one is answered."""
    with pytest.raises(subprocess.TimeoutExpired):
        forge.run([SLUICEGATE, "doubles", "serve"], cwd=tmp_path, environment=environment(), timeout=2)

    again = forge.run([SLUICEGATE, "--version"], cwd=tmp_path, environment=environment(), timeout=60)
    assert again.returncode == 0
