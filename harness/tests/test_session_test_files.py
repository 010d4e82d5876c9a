"""The lock pins the text of the user's own tests: one that was made easier under its name is another test."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import OWN, gated, project

sys.path.pop(0)

EASIER = OWN.replace('contains(case.expected_output["order_id"])', 'contains("")')


def locked(folder: Path) -> dict[str, object]:
    return json.loads((folder / "rollout.lock").read_bytes())["stages"]["preflight"]


def test_a_test_as_it_was_locked_counts(tmp_path: Path) -> None:
    """Or the tests below show nothing."""
    example = project(tmp_path)

    gated(example).check(exit_code=0, kind="complete")
    assert list(locked(tmp_path)["test_files"]) == ["test_own.py"]


def test_an_edited_test_holds_until_it_is_locked(tmp_path: Path) -> None:
    """The gate is not open: exit 40 of the command, and of pytest anything but 0, with the file and the mend."""
    example = project(tmp_path)
    assert EASIER != OWN
    edited = example.with_files({"test_own.py": EASIER})

    done = gated(edited)

    assert done.exit_code not in (0, 20)
    said = done.stdout + done.stderr
    assert "the tests in test_own.py are not those the lock pins: the file changed." in said
    assert "Review the change, then run: sluicegate plan lock" in said
    edited.run_sluicegate("gate", "rollout.yaml").check(exit_code=40, says="test_own.py")


def test_a_conftest_that_comes_beside_them(tmp_path: Path) -> None:
    """It can give a test other outputs to judge than those that were recorded."""
    example = project(tmp_path).with_files({"conftest.py": ""})

    done = gated(example)

    assert done.exit_code not in (0, 20)
    assert "the tests in conftest.py are not those the lock pins: the file changed." in done.stdout + done.stderr


def test_a_test_that_is_gone(tmp_path: Path) -> None:
    """Taken away with its file."""
    example = project(tmp_path)
    files = {name: text for name, text in example.files.items() if name != "test_own.py"}
    (tmp_path / "test_own.py").unlink()

    replace(example, files=files).run_sluicegate("gate", "rollout.yaml").check(exit_code=40, says="the file is gone")


def test_an_older_lock_pins_names_alone(tmp_path: Path) -> None:
    """Written by a release that did not know: lock again."""
    example = project(tmp_path)
    whole = json.loads((tmp_path / "rollout.lock").read_bytes())
    del whole["stages"]["preflight"]["test_files"]
    (tmp_path / "rollout.lock").write_text(json.dumps(whole))

    example.run_sluicegate("gate", "rollout.yaml").check(exit_code=40, says="by their names alone")


def test_locking_again_shows_which_text_changed(tmp_path: Path) -> None:
    """One line for the review, and `--check` sees it before."""
    edited = project(tmp_path).with_files({"test_own.py": EASIER})

    lock = ("plan", "lock", "rollout.yaml")
    edited.run_sluicegate(*lock, "--check").check(exit_code=40, says="preflight: text of test_own.py changed")
    edited.run_sluicegate(*lock).check(exit_code=0)
    gated(edited).check(exit_code=0, kind="complete")
