"""Every run of pytest answers for all required tests itself, and for the end of what they shared."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import gated, project

sys.path.pop(0)

TWO = """
import pytest

@pytest.mark.sluicegate
def test_a(outputs, expect):
    for case, output in outputs:
        expect(case, output.content).matches(".")

@pytest.mark.sluicegate
def test_b(outputs, expect):
    for case, output in outputs:
        expect(case, output.content).matches(".")
"""
IDS = ("test_own.py::test_a", "test_own.py::test_b")


@pytest.mark.parametrize(
    "left_out",
    [("--deselect", "test_own.py::test_b"), ("-k", "not test_b"), ("test_own.py::test_a",)],
    ids=["--deselect", "-k", "by name"],
)
def test_an_earlier_pass_does_not_stand_for_a_test_that_was_left_out(tmp_path: Path, left_out: tuple[str, ...]) -> None:
    """What the test looks at beside the answers may have changed since; the whole run passes again."""
    example = project(tmp_path, tests={"test_own.py": TWO}, ids=IDS)

    gated(example).check(exit_code=0, kind="complete")
    gated(example, *left_out).check(
        exit_code=1, kind="hold.incomplete", says="1 required test did not run: test_own.py::test_b"
    )
    gated(example).check(exit_code=0, kind="complete")


def test_two_halves_are_not_the_whole(tmp_path: Path) -> None:
    """Each part leaves out what the other ran."""
    example = project(tmp_path, tests={"test_own.py": TWO}, ids=IDS)

    for part in ("not test_b", "not test_a"):
        gated(example, "-k", part).check(exit_code=1, kind="hold.incomplete", says="1 required test did not run")


def test_a_stop_that_stops_nothing_changes_nothing(tmp_path: Path) -> None:
    """`-x` alone leaves nothing out."""
    example = project(tmp_path, tests={"test_own.py": TWO}, ids=IDS)

    gated(example, "-x").check(exit_code=0, kind="complete")


SHARED = """
import pytest

@pytest.fixture(scope="{scope}", autouse={autouse})
def shared():
    yield
    raise RuntimeError("\\x1b[31mnothing was closed")

@pytest.mark.sluicegate
def test_a(outputs, expect{used}):
    for case, output in outputs:
        expect(case, output.content).matches(".")

def test_last():
    pass
"""


@pytest.mark.parametrize("scope", ["session", "module"])
@pytest.mark.parametrize(("autouse", "used"), [(True, ""), (False, ", shared")], ids=["autouse", "used"])
def test_a_shared_fixture_that_fails_at_its_end_fails_who_used_it(
    tmp_path: Path, scope: str, autouse: bool, used: str
) -> None:
    """Whatever test comes last: with a session's fixture it is a bundled one."""
    tests = {"test_own.py": SHARED.format(scope=scope, autouse=autouse, used=used)}
    example = project(tmp_path, tests=tests, ids=(IDS[0],))

    gated(example).check(
        exit_code=1, kind="hold.failed", says=("failed at teardown: test_own.py::test_a", "nothing was closed")
    )


def test_a_fixture_that_only_an_unmarked_test_used_fails_the_run(tmp_path: Path) -> None:
    """As plain pytest would; it says nothing of what the gate counts, and is named in the last line."""
    text = SHARED.format(scope="session", autouse=False, used="").replace("test_last()", "test_last(shared)")
    example = project(tmp_path, tests={"test_own.py": text}, ids=(IDS[0],))

    gated(example).check(
        exit_code=1, kind="complete", says=("COMPLETE, but 1 of your own tests failed", "\\x1b[31mnothing was closed")
    )
