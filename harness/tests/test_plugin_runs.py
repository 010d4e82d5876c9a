"""pytest with a plan, in the company it keeps: xdist, selections, other plugins, signals, and a user's mistakes."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import psutil
import pytest

from sluicegate.ledger import read_ledger
from sluicegate.testing import Example

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import OWN, OWN_ID, PLAN, gated, project, records

sys.path.pop(0)

SOUND = """\
async def answer(input):
    order = 1000 + input["n"]
    return {"content": f"Order {order} is on its way.", "structured": {"order": order}}
"""

WEAK = """\
async def answer(input):
    number = input["n"]
    if number == 3:
        raise ValueError("no such \\x1b[31morder")
    order = 1 if number == 4 else 1000 + number
    return {"content": f"Order {order} is on its way.", "structured": {"order": order}}
"""


def test_failing_cases_are_reported_one_by_one_with_the_command_that_reruns_each(tmp_path: Path) -> None:
    """The id is in the text, what a model said is escaped, and the command names only this case."""
    example = project(tmp_path, pipeline=WEAK)

    result = gated(example, "--junitxml", "pytest.xml", "--sluicegate-junit", "gate.xml")

    result.check(exit_code=1, kind="hold.failed", says_not="\x1b")
    shown = re.sub(r"_{3,}.*", "", result.stdout)
    assert (
        "c004: $.content must contain '1004'\n"
        "  seen: Order 1 is on its way.\n"
        "  rerun: pytest --sluicegate-plan rollout.yaml --sluicegate-case c004\n"
    ) in shown
    assert "c003: exception: ValueError: no such \\x1b[31morder (bot.py:4)" in shown
    assert "c004: expected: contains '1004'" in shown
    assert result.stdout.rstrip().splitlines()[-7:] == [
        " report .sluicegate/preflight/1/report.html",
        " verdict .sluicegate/preflight/1/verdict.json",
        " newest .sluicegate/preflight/verdict.json",
        "",
        " 1 of your own tests failed: mend that first",
        f"     {OWN_ID}",
        f"     next: pytest --sluicegate-plan rollout.yaml {OWN_ID}",
    ]
    assert ET.parse(tmp_path / "pytest.xml").getroot() is not None
    cases = {
        (case.get("classname"), case.get("name")) for case in ET.parse(tmp_path / "gate.xml").getroot().iter("testcase")
    }
    assert len([name for _, name in cases if name and "c004" in name]) >= 6


def test_one_case_and_the_failed_cases_are_called_anew(tmp_path: Path) -> None:
    """A narrow run is kept aside: the stage's verdict, its attempts and its state stay as they were."""
    pipeline = 'open("calls", "a").close()\n' + WEAK.replace(
        "    number = input", '    print(input["n"], file=open("calls", "a"))\n    number = input'
    )
    example = project(tmp_path, ids=(), tests={}, pipeline=pipeline)
    calls = tmp_path / "calls"

    gated(example).check(exit_code=1, kind="hold.failed", says="attempt 1")
    own = {path: path.read_bytes() for path in (tmp_path / ".sluicegate/preflight").rglob("*") if path.is_file()}
    assert len(calls.read_text().split()) == 12

    one = gated(example, "--sluicegate-case", "c004")
    failed = gated(example, "--sluicegate-failed")

    one.check(exit_code=1, kind="hold.incomplete", says=("kept aside", " unchanged .sluicegate/preflight/verdict.json"))
    failed.check(exit_code=1, kind="hold.*", says=".sluicegate/selected/2/preflight/1/verdict.json")
    assert "attempt" not in one.stdout.partition(" HOLD ")[2].partition("\n")[0]
    assert calls.read_text().split()[12] == "4"
    assert sorted(calls.read_text().split()[13:]) == ["3", "4"]
    stage = tmp_path / ".sluicegate/preflight"
    assert {path: path.read_bytes() for path in stage.rglob("*") if path.is_file()} == own


@pytest.mark.parametrize("split", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "two workers"])
def test_a_check_shows_twenty_cases_and_counts_the_rest(tmp_path: Path, split: tuple[str, ...]) -> None:
    """However many workers share it."""
    wrong = "def answer(input):\n    return {'content': 'Hello.', 'structured': {'order': 1}}\n"
    example = project(tmp_path, ids=(), tests={}, pipeline=wrong, cases=70)

    result = gated(example, *split)

    result.check(exit_code=1)
    counted = re.findall(r"^schema\.must: (\d+) cases failed; (\d+) more in the report", result.stdout, re.MULTILINE)
    shown = len(re.findall(r"^c\d+: \$\.content must contain", result.stdout, re.MULTILINE))
    assert shown == sum(int(failed) - int(more) for failed, more in counted) == 20
    assert sum(int(failed) for failed, _ in counted) == 70


def test_last_failed_runs_the_failed_items_and_holds(tmp_path: Path) -> None:
    """`--lf` finds the items again, own and bundled."""
    example = project(tmp_path, pipeline=WEAK)
    gated(example, "-p", "no:randomly").check(exit_code=1)

    result = gated(example, "--lf")

    result.check(exit_code=1, kind="hold.*")
    assert "passed" not in result.counts
    assert "test_own.py" in result.stdout


def test_without_terminal_and_cache_nothing_breaks(tmp_path: Path) -> None:
    """The verdict goes to standard output itself."""
    example = project(tmp_path)

    result = gated(example, "-p", "no:terminal", "-p", "no:cacheprovider")

    result.check(exit_code=0, kind="complete", says=" COMPLETE", says_not="Traceback")


def test_own_tests_that_fail_are_the_next_step_under_a_hold_too(tmp_path: Path) -> None:
    """The command runs that test and no other of the user's; the verdict's own advice stands above it."""
    own = OWN.replace(".contains(", '.matches("never " + ')
    example = project(tmp_path, tests={"test_own.py": own, "test_zest.py": "def test_zest(): pass\n"})

    result = gated(example)

    result.check(exit_code=1, kind="hold.*")
    *_, said, named, then = result.stdout.rstrip().splitlines()
    assert (said, named.strip()) == (" 1 of your own tests failed: mend that first", OWN_ID)
    again = gated(example, *shlex.split(then.partition("next: pytest ")[2]))
    assert again.counts["failed"] == result.counts["failed"]
    assert "test_zest" in result.stdout
    assert "test_zest" not in again.stdout


@pytest.mark.parametrize("split", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
def test_a_test_beside_that_fails_is_named_below_the_verdict(tmp_path: Path, split: tuple[str, ...]) -> None:
    """What exits with 1 under a verdict that is none against it says why, last of all; a promote alone says nothing."""
    beside = "def test_beside(): assert 0\ndef test_two(): assert 0\n"
    example = project(tmp_path, tests={"test_own.py": OWN, "test_beside.py": beside})

    result = gated(example, *split)

    result.check(exit_code=1, kind="complete")
    *_, said, named, then = result.stdout.rstrip().splitlines()
    assert said == " COMPLETE, but 2 of your own tests failed: exit 1"
    assert re.fullmatch(r"     (\S+/)?test_beside\.py::test_(beside|two) and 1 more", named)
    assert re.fullmatch(r"     next: pytest .*test_beside\.py::test_(beside|two)", then)
    assert "but" not in gated(example, "--deselect", "test_beside.py", *split).stdout.rpartition("COMPLETE")[2]


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_async_tests_run_beside(tmp_path: Path, mode: str) -> None:
    """Marked or not, in both modes of pytest-asyncio, with a time-out on each test."""
    mark = "@pytest.mark.asyncio\n" if mode == "strict" else ""
    tests = f"""
import asyncio, pytest

{mark}async def test_other():
    await asyncio.sleep(0)

{mark}@pytest.mark.sluicegate
async def test_orders(outputs, expect):
    for case, output in outputs:
        await asyncio.sleep(0)
        expect(case, output.content).matches("Order \\\\d+")
"""
    example = project(tmp_path, tests={"test_own.py": tests})
    options = ("-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "--timeout", "60", f"--asyncio-mode={mode}")

    gated(example, *options, "-W", "ignore").check(exit_code=0, kind="complete", counts={"passed": 7})


def test_a_second_run_calls_nothing_and_a_changed_pipeline_everything(tmp_path: Path) -> None:
    """What was paid for is kept for as long as the same subject serves."""
    counting = SOUND.replace("    order", '    print(input["n"], file=open("calls", "a"))\n    order')
    example = project(tmp_path, pipeline=counting)
    calls = tmp_path / "calls"

    gated(example).check(exit_code=0, kind="complete")
    gated(example).check(exit_code=0, kind="complete")
    assert len(calls.read_text().split()) == 12
    gated(example.with_files({"bot.py": counting + "# changed\n"})).check(exit_code=0, kind="complete")
    assert len(calls.read_text().split()) == 24


def test_ini_keys_stand_for_the_options_and_collecting_runs_nothing(tmp_path: Path) -> None:
    """`pytest` alone is gated then; `--collect-only` shows the suites and writes no evidence."""
    ini = "[pytest]\nsluicegate_plan = rollout.yaml\nsluicegate_stage = preflight\nsluicegate_evidence = evidence\n"
    example = project(tmp_path, files={"pytest.ini": ini})
    plugin = ("-p", "sluicegate.pytest_plugin")

    example.run_pytest(*plugin, "--collect-only", "-q").check(
        exit_code=0, kind="none", says="sluicegate/suites/test_schema.py::test_valid"
    )
    example.run_pytest(*plugin, "--setup-only").check(kind="hold.incomplete")
    assert not list(tmp_path.glob("evidence/preflight/1/ledger-1.jsonl")) or not records_of(tmp_path, "outcome")
    example.run_pytest(*plugin, "--markers").check(exit_code=0, says="@pytest.mark.sluicegate(golden=None, suite=None)")
    example.run_pytest(*plugin).check(exit_code=0, kind="complete")
    assert (tmp_path / "evidence/preflight").is_dir()


@pytest.mark.parametrize("shows", ["--fixtures", "--fixtures-per-test", "--cache-show", "--collect-only", "--markers"])
def test_what_only_shows_something_judges_nothing(tmp_path: Path, shows: str) -> None:
    """No attempt begins and no verdict is written; one line says so, where a session was made for it."""
    example = project(tmp_path)

    result = example.run_pytest("-p", "sluicegate.pytest_plugin", *PLAN, shows, "-p", "cacheprovider")

    says = () if shows == "--markers" else ("sluicegate: nothing ran, so there is no verdict",)
    result.check(exit_code=0, kind="none", says=says, says_not=("HOLD", "next:"))
    assert not (tmp_path / ".sluicegate").exists()


def records_of(folder: Path, kind: str) -> list[object]:
    return [
        record
        for path in folder.glob("evidence/*/*/ledger-*.jsonl")
        for record in read_ledger(path)
        if record.kind == kind
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--sluicegate-plan", "rolout.yaml"), ("rolout.yaml", "rollout.yaml")),
        (
            (*PLAN, "--sluicegate-stage", "prefligth"),
            ("--sluicegate-stage: 'prefligth' is no stage", "Did you mean 'preflight'?"),
        ),
        ((*PLAN, "--sluicegate-case", "c1"), ("no case of stage 'preflight' is called c1",)),
        ((*PLAN, "--sluicegate-failed"), ("no case failed in the last attempt",)),
        (("--sluicegate-stage", "preflight"), ("--sluicegate-stage: needs a plan. Add --sluicegate-plan PATH.",)),
        (("--sluicegate-list", "ids"), ("--sluicegate-list: needs --collect-only",)),
    ],
    ids=["plan", "stage", "case", "failed", "no plan", "list"],
)
def test_a_mistake_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    """Exit code 4, the fault with its mend, and no traceback."""
    example = project(tmp_path)

    result = example.run_pytest("-p", "sluicegate.pytest_plugin", *arguments)

    result.check(exit_code=4, kind="none", says=says, says_not="Traceback")
    assert "INTERNALERROR" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"bot.py": "raise RuntimeError('not today')\n"}, "not today"),
        (
            {"test_own.py": OWN.replace("sluicegate\n", "sluicegate(golden='case.jsonl')\n")},
            "Did you mean 'cases.jsonl'?",
        ),
    ],
    ids=["pipeline that cannot be loaded", "golden set that is none"],
)
def test_what_keeps_the_run_from_beginning_is_said_in_each_test_and_holds(
    tmp_path: Path, files: dict[str, str], says: str
) -> None:
    """No test passes on outputs that are not there."""
    example = project(tmp_path, tests={"test_own.py": OWN, **files}, files=files)

    result = gated(example)

    result.check(exit_code=1, kind="hold.*", says=says, says_not="Traceback")
    assert "passed" not in result.counts


def test_a_test_without_a_plan_says_which_option_it_needs(tmp_path: Path) -> None:
    """An own test that reads outputs is no use without a pipeline."""
    example = project(tmp_path)

    result = example.run_pytest("-p", "sluicegate.pytest_plugin")

    result.check(exit_code=1, kind="none", says="outputs: this run has no plan. Run: pytest --sluicegate-plan")


def begun(example: Example, *args: str) -> tuple[subprocess.Popen[str], Path]:
    """pytest on a slow pipeline, once the first outcome is on record."""
    command = [sys.executable, "-m", "pytest", "-p", "sluicegate.pytest_plugin", *PLAN, *args]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    process = subprocess.Popen(
        command,
        cwd=example.folder,
        env={**environment, **example.environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    ledger = example.folder / ".sluicegate/preflight/1/ledger-1.jsonl"
    until = time.monotonic() + 30
    while time.monotonic() < until and not (ledger.exists() and b'"kind":"outcome"' in ledger.read_bytes()):
        time.sleep(0.05)
    return process, ledger


SLOW = """\
import asyncio

async def answer(input):
    await asyncio.sleep(0.2)
    order = 1000 + input["n"]
    return {"content": f"Order {order} is on its way.", "structured": {"order": order}}
"""


@pytest.mark.parametrize("own", [True, False], ids=["own tests", "suites alone"])
def test_interrupting_leaves_evidence_that_the_next_run_goes_on_from(tmp_path: Path, own: bool) -> None:
    """Ctrl-C is an interrupt whoever hears it first; what is in flight is finished, the rest is run next time."""
    tests = {} if own else {"ids": (), "tests": {}}
    example = project(tmp_path, pipeline=SLOW, more="concurrency: 1", cases=24, **tests)
    process, ledger = begun(example)

    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    assert process.returncode in (2, -signal.SIGINT), said
    assert "HOLD" in said
    reader = read_ledger(ledger)
    kinds = [record.kind for record in reader]
    assert kinds.count("intent") == kinds.count("outcome") < 24
    assert not reader.complete
    gated(example).check(exit_code=0, kind="complete")


def test_an_interrupt_at_an_instruction_without_a_line_is_an_interrupt(tmp_path: Path) -> None:
    """CPython has such instructions, and pytest cannot show them: it would exit with 1 and a traceback."""
    tests = """
        import dis, types, pytest

        def interrupted():
            try:
                raise KeyboardInterrupt
            except ValueError:
                pass

        @pytest.mark.sluicegate
        def test_orders(outputs):
            try:
                interrupted()
            except KeyboardInterrupt as error:
                inner = error.__traceback__.tb_next
                lines = {i.offset: p[0] for i, p in zip(dis.get_instructions(inner.tb_frame.f_code, show_caches=True),
                                                        inner.tb_frame.f_code.co_positions())}
                at = next(offset for offset, line in lines.items() if line is None)
                raise error.with_traceback(types.TracebackType(None, inner.tb_frame, at, -1))
    """
    example = project(tmp_path, tests={"test_own.py": textwrap.dedent(tests)})

    result = gated(example)

    result.check(exit_code=2, kind="hold.*", says="KeyboardInterrupt", says_not="Traceback")


def test_an_interrupt_that_gets_lost_is_an_interrupt(tmp_path: Path) -> None:
    """Turned into another error on its way, as Python does in some places, it still ends the session, with exit 2."""
    tests = """
        import os, signal, time, pytest

        @pytest.mark.sluicegate
        def test_orders(outputs):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(5)
            except KeyboardInterrupt:
                raise RuntimeError("something else")

        def test_other():
            assert False, "runs although it was interrupted"
    """
    example = project(tmp_path, tests={"test_own.py": textwrap.dedent(tests)})

    result = gated(example, "-p", "no:randomly")

    result.check(exit_code=2, kind="hold.*", says=("something else", "interrupted"), says_not="although")
    assert records(example, "test") == []


def test_an_interrupt_that_gets_lost_while_outputs_are_read_ends_the_reading(tmp_path: Path) -> None:
    """Nobody waits for the rest of a long run because Python mislaid the signal."""
    tests = """
        import os, signal, time, pytest

        @pytest.mark.sluicegate
        def test_orders(outputs, expect):
            for case, output in outputs:
                open("read", "a").write(case.id)
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(5)
                except KeyboardInterrupt:
                    pass
                expect(case, output.content).contains("Order")
    """
    example = project(tmp_path, tests={"test_own.py": textwrap.dedent(tests)})

    gated(example).check(exit_code=2, kind="hold.*", says="KeyboardInterrupt")

    assert len((tmp_path / "read").read_text()) == len("c000")


def test_a_killed_controller_leaves_nobody_behind(tmp_path: Path) -> None:
    """The broker sees its parent's end: no process stays, and the ledger is not whole."""
    example = project(tmp_path, pipeline=SLOW, more="concurrency: 1")
    process, ledger = begun(example)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2

    process.kill()
    process.communicate(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=30)

    assert alive == []
    reader = read_ledger(ledger)
    reader.verify()
    assert not reader.complete
    example.run_sluicegate("judge", "rollout.yaml").check(exit_code=30, kind="hold.invalid_evidence")
    gated(example).check(exit_code=0, kind="complete")


def test_test_ids_are_stable_and_without_spaces(tmp_path: Path) -> None:
    """Classes and parameters are part of the id, and every worker tells the same."""
    tests = """
        import pytest

        class TestOrders:
            @pytest.mark.sluicegate
            @pytest.mark.parametrize("word", ["Order", "on its way"])
            def test_word(self, word, outputs, expect):
                for case, output in outputs:
                    expect(case, output.content).contains(word)
    """
    ids = [
        "tests/test_own.py::TestOrders::test_word[Order]",
        "tests/test_own.py::TestOrders::test_word[on%20its%20way]",
    ]
    example = project(tmp_path, tests={"tests/test_own.py": textwrap.dedent(tests)}, ids=ids)

    example.run_sluicegate("plan", "lock", "--check", "rollout.yaml").check(exit_code=0, says="up to date")
    gated(example, "-p", "xdist", "-n", "2").check(exit_code=0, kind="complete")
    assert sorted(ids) == sorted(test["test_id"] for test in records(example, "test"))


def test_golden_sets_and_cases_are_read_apart(tmp_path: Path) -> None:
    """Each runs as evidence of its own origin; a test reads the one its marker names, or both."""
    tests = """
        import pytest

        @pytest.mark.sluicegate(golden="golden.jsonl")
        def test_golden(outputs, expect):
            for case, output in outputs:
                expect(case, case.id).matches("^g")

        @pytest.mark.sluicegate(golden="cases.jsonl")
        def test_cases(outputs, expect):
            for case, output in outputs:
                expect(case, case.id).matches("^c")

        @pytest.mark.sluicegate
        def test_both(outputs, expect):
            for case, output in outputs:
                expect(case, output.content).contains("Order")
            assert outputs.count == 15
    """
    golden = "".join(f'{{"id": "g{number}", "input": {{"n": {number}}}}}\n' for number in range(3))
    ids = [f"test_own.py::{name}" for name in ("test_golden", "test_cases", "test_both")]
    example = project(
        tmp_path,
        tests={"test_own.py": textwrap.dedent(tests)},
        ids=ids,
        files={"golden.jsonl": golden},
        more="golden: golden.jsonl",
        requires="{tests: true}",
    )

    gated(example).check(exit_code=0, kind="complete", counts={"passed": 4})
    assert len(list(tmp_path.glob(".sluicegate/preflight/1/ledger-*.jsonl"))) == 2
