"""How a bad build gets promoted elsewhere, tried through pytest: each row of it sees no promote here."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from sluicegate.ledger import read_ledger

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import OWN, OWN_ID, gated, project, records

sys.path.pop(0)


def test_the_sound_project_is_complete_so_that_every_hold_here_has_its_reason(tmp_path: Path) -> None:
    """The control: the project of all the other tests, untouched, passes."""
    example = project(tmp_path)

    gated(example).check(exit_code=0, kind="complete", counts={"passed": 6, "skipped": 2})


def test_no_test_collected_holds(tmp_path: Path) -> None:
    """0 collected is not 0 failed."""
    conftest = """
        def pytest_collection_modifyitems(items):
            items.clear()
    """
    example = project(tmp_path, files={"conftest.py": textwrap.dedent(conftest)})

    gated(example).check(exit_code=1, kind="hold.incomplete", says=("no tests ran", "required test did not run"))


def test_everything_skipped_holds(tmp_path: Path) -> None:
    """Skipped tests leave the pipeline uncalled, and that is what the verdict says."""
    conftest = """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.skip(reason="later"))
    """
    example = project(tmp_path, files={"conftest.py": textwrap.dedent(conftest)})

    gated(example).check(exit_code=1, kind="hold.incomplete", counts={"skipped": 8})


def test_required_tests_that_show_nothing_hold(tmp_path: Path) -> None:
    """However green pytest is about them: each is named with what it did not do, and one of them is enough to hold."""
    tests = """
        import pytest

        @pytest.mark.sluicegate
        @pytest.mark.parametrize("order", [])
        def test_empty_parametrize(order, outputs, expect): ...

        @pytest.mark.xfail(reason="known")
        @pytest.mark.sluicegate
        def test_xfail(outputs, expect):
            for case, output in outputs:
                expect(case, output.content).contains("nowhere")

        @pytest.mark.xfail(reason="known")
        @pytest.mark.sluicegate
        def test_xpass(outputs, expect):
            for case, output in outputs:
                expect(case, output.content).contains("Order")

        @pytest.mark.sluicegate
        def test_skips_in_its_body(outputs, expect):
            pytest.skip("not today")

        @pytest.mark.sluicegate
        def test_never_asserts(outputs, expect):
            for case, output in outputs:
                expect(case, output.content)

        @pytest.mark.sluicegate
        def test_asserts_about_no_output(outputs):
            for case, output in []:
                assert output.content == "right"

        @pytest.mark.sluicegate
        def test_of_one_name(outputs, expect):
            for case, output in outputs:
                expect(case, output.content).contains("nowhere")

        @pytest.mark.sluicegate
        def test_of_one_name(outputs, expect):
            for case, output in outputs:
                expect(case, output.content).contains("Order")

        def test_nobody_marked(outputs, expect):
            for case, output in outputs:
                expect(case, output.content).contains("Order")
    """
    said = {
        "test_empty_parametrize": "did not run",
        "test_xfail": "expected to fail, and did",
        "test_xpass": "expected to fail, and passed",
        "test_skips_in_its_body": "skipped",
        "test_never_asserts": "asserted nothing",
        "test_asserts_about_no_output": "asserted nothing",
        "test_of_one_name": "two tests of one name",
        "test_nobody_marked": "did not run",
    }
    ids = [f"test_own.py::{name}" for name in said]
    example = project(tmp_path, tests={"test_own.py": textwrap.dedent(tests)}, ids=ids)

    result = gated(example).check(exit_code=1, kind="hold.incomplete", counts={"failed": 0})

    assert result.verdict is not None
    reasons = [reason.text for reason in result.verdict.reasons]
    for name, what in said.items():
        assert any(name in reason and what in reason for reason in reasons), (name, reasons)


def test_rerun_until_green_holds(tmp_path: Path) -> None:
    """A second attempt is on record whatever rerunfailures shows; a failed one stays failed."""
    flaky = """
        import pathlib, pytest

        @pytest.mark.sluicegate
        def test_orders(outputs, expect):
            seen = pathlib.Path("seen")
            first = not seen.exists()
            seen.touch()
            for case, output in outputs:
                expect(case, output.content).contains("nowhere" if first else "Order")
    """
    example = project(tmp_path, tests={"test_own.py": textwrap.dedent(flaky)})

    result = gated(example, "-p", "pytest_rerunfailures", "--reruns", "3")

    result.check(exit_code=1, kind="hold.incomplete", says=("1 rerun", "1 required test failed"))
    assert [(test["outcome"], test["attempt"]) for test in records(example, "test")] == [("failed", 1), ("passed", 2)]


def test_a_ledger_cut_back_to_before_it_failed(tmp_path: Path) -> None:
    """What the verdict saw is gone: the next session goes on from nothing, calls nobody, and says why."""
    flaky = """
        import os

        async def answer(input):
            order = 1000 + input["n"]
            text = "Nothing." if os.path.exists("bad") else f"Order {order} is on its way."
            return {"content": text, "structured": {} if os.path.exists("bad") else {"order": order}}
    """
    example = project(tmp_path, pipeline=textwrap.dedent(flaky))
    (tmp_path / "bad").touch()
    gated(example).check(exit_code=1)
    (tmp_path / "bad").unlink()
    ledger = tmp_path / ".sluicegate/preflight/1/ledger-1.jsonl"
    ledger.write_bytes(ledger.read_bytes().partition(b"\n")[0] + b"\n")

    gated(example).check(exit_code=1, kind="hold.invalid_evidence", says=("replaced or deleted",))
    assert not ledger.with_name("ledger-2.jsonl").exists()


def test_a_case_that_kills_the_runner_is_not_retried_until_it_survives(tmp_path: Path) -> None:
    """The crash is on record for ever; the next session does not call the case again."""
    deadly = """
        import os, pathlib

        async def answer(input):
            calls = pathlib.Path("calls")
            with calls.open("a") as file:
                file.write(f"{input['n']}\\n")
            if input["n"] == 3 and calls.read_text().count("3\\n") == 1:
                os._exit(1)
            order = 1000 + input["n"]
            return {"content": f"Order {order} is on its way.", "structured": {"order": order}}
    """
    example = project(tmp_path, ids=(), tests={}, pipeline=textwrap.dedent(deadly))

    gated(example).check(exit_code=1, kind="hold.*", says="died")
    gated(example).check(exit_code=1, kind="hold.*", says="c003")
    called = (tmp_path / "calls").read_text().split()
    assert "3" in called
    assert called.count("3") == 1


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("-k", "not test_orders"), {}),
        (("-k", "test_orders"), {}),
        (("-m", "sluicegate"), {}),
        (("--deselect", "sluicegate/suites/test_schema.py::test_valid"), {}),
        ((), {"PYTEST_ADDOPTS": "-k 'not test_must'"}),
        (("--sluicegate-case", "c001"), {}),
    ],
    ids=["-k suites", "-k own", "-m", "--deselect", "PYTEST_ADDOPTS", "one case"],
)
def test_a_selection_holds(tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    """Useful for work, never enough to promote."""
    example = project(tmp_path)

    result = gated(example, *arguments, environment=environment)

    result.check(exit_code=1, kind="hold.incomplete")
    assert result.counts["passed"] >= 1
    assert "failed" not in result.counts


def test_a_conftest_that_deselects_holds(tmp_path: Path) -> None:
    """The lock knows what must have run."""
    conftest = """
        def pytest_collection_modifyitems(items):
            items[:] = [item for item in items if "test_orders" not in item.name]
    """
    example = project(tmp_path, files={"conftest.py": textwrap.dedent(conftest)})

    gated(example).check(exit_code=1, kind="hold.incomplete", says=f"1 required test did not run: {OWN_ID}")


def test_reports_and_exit_status_rewritten_by_a_conftest_do_not_reach_the_verdict(tmp_path: Path) -> None:
    """Everything is green and pytest exits with 0; the verdict, and whoever judges later, still says what happened."""
    conftest = """
        import pytest

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            report.outcome, report.longrepr = "passed", None
            return report

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_sessionfinish(session):
            yield
            session.exitstatus = 0
    """
    broken = 'async def answer(input):\n    return {"content": "no", "structured": {"order": 1, "x": 2}}\n'
    example = project(tmp_path, pipeline=broken, files={"conftest.py": textwrap.dedent(conftest)})

    gated(example).check(exit_code=0, kind="hold.failed", says=("HOLD", f"1 required test failed: {OWN_ID}"))
    example.run_sluicegate("judge", "rollout.yaml").check(exit_code=10, kind="hold.failed")


def test_an_old_promote_does_not_stand_for_a_run_without_the_plugin(tmp_path: Path) -> None:
    """What verifies asks for this subject: a verdict that lies there from before is of another one."""
    example = project(tmp_path)
    gated(example).check(exit_code=0, kind="complete")
    changed = example.with_files({"bot.py": example.files["bot.py"] + "# changed\n"})

    plain = changed.run_pytest("-p", "no:sluicegate", "--co", "-q")

    verdict = ".sluicegate/preflight/1/verdict.json"
    subject = changed.run_sluicegate("subject", "rollout.yaml").stdout.strip()
    asked = ("--plan", "rollout.yaml", "--from", "preflight", "--subject", subject)
    assert plain.verdict is None
    changed.run_sluicegate("verify", verdict, *asked).check(says_not="Traceback")
    assert changed.run_sluicegate("verify", verdict, *asked).exit_code != 0


def test_an_exit_in_the_middle_of_a_test_leaves_an_unclosed_run(tmp_path: Path) -> None:
    """pytest ends with 0 and no report; the run is on record as cut short, and a later judge holds."""
    leaving = OWN + "\n\ndef test_leaves():\n    import os\n    os._exit(0)\n"
    example = project(tmp_path, tests={"test_own.py": leaving})

    gated(example).check(exit_code=0)
    example.run_sluicegate("judge", "rollout.yaml").check(exit_code=30, kind="hold.invalid_evidence")


def test_an_xdist_worker_that_dies_leaves_its_shard_open(tmp_path: Path) -> None:
    """xdist starts another worker and goes on; the evidence is not whole."""
    leaving = OWN + "\n\ndef test_leaves():\n    import os\n    os._exit(0)\n"
    example = project(tmp_path, tests={"test_own.py": leaving})

    result = gated(example, "-p", "xdist", "-n", "2")

    result.check(exit_code=1, kind="hold.invalid_evidence")
    closed = {shard["name"]: shard["closed"] for shard in records(example, "shard")}
    assert False in closed.values()


def test_a_broker_that_is_killed_leaves_no_verdict(tmp_path: Path) -> None:
    """Whoever writes the evidence is gone: what is on disk is cut short, and pytest fails without a traceback."""
    killing = OWN + textwrap.dedent(
        """
        def test_kills_the_broker():
            import pathlib, signal, os
            for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                words = path.read_bytes().split(b"\\0")
                status = (path.parent / "stat").read_text().rsplit(")", 1)[1].split()
                if b"sluicegate.broker" in words and int(status[1]) == os.getpid():
                    os.kill(int(path.parent.name), signal.SIGKILL)
        """
    )
    example = project(tmp_path, tests={"test_own.py": killing})

    result = gated(example).check(exit_code=1, kind="none", says="HOLD: no verdict", says_not="INTERNALERROR")

    assert result.counts["passed"] == 2
    example.run_sluicegate("judge", "rollout.yaml").check(exit_code=30, kind="hold.invalid_evidence")


def test_the_bundled_suites_are_not_lost_under_xdist(tmp_path: Path) -> None:
    """Added only in the controller they would vanish, with exit 0: every item of every check runs in a worker."""
    example = project(tmp_path)

    result = gated(example, "-p", "xdist", "-n", "2")

    result.check(exit_code=0, kind="complete", counts={"passed": 11, "skipped": 4})
    # Seven checks, each an item for each of two workers.
    suites = next(shard for shard in records(example, "shard") if shard["name"] == "suites")
    assert (suites["planned"], suites["run"]) == (7, 7)


def test_a_failure_outside_of_the_gate_fails_pytest_and_not_the_verdict(tmp_path: Path) -> None:
    """Promote never hides a red test."""
    example = project(tmp_path, tests={"test_own.py": OWN + "\n\ndef test_other():\n    assert 1 == 2\n"})

    gated(example).check(exit_code=1, kind="complete", counts={"failed": 1})


def test_ledger_says_how_it_ended(tmp_path: Path) -> None:
    """Judged from what is on disk alone, the control is closed and whole."""
    example = project(tmp_path)
    gated(example).check(exit_code=0)

    reader = read_ledger(tmp_path / ".sluicegate/preflight/1/ledger-1.jsonl")
    reader.verify()

    assert reader.complete
