"""Saved DSPy programs, read without DSPy and with it; what they are trained on; how they are made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from sluicegate.fixtures.dspy_delegation.decision import SIGNATURE, Invalid, decided
from sluicegate.fixtures.dspy_delegation.optimise import Score, main, score
from sluicegate.fixtures.dspy_delegation.training import (
    MARK,
    collected,
    golden_tasks,
    leaks,
    read_examples,
)
from sluicegate.fixtures.dspy_delegation.training import main as write_next
from sluicegate.opinions.program import read_program
from sluicegate.resources import data

needs_dspy = pytest.mark.skipif(
    find_spec("dspy") is None and "CI" not in os.environ, reason="pip install 'sluicegate[dspy]'; CI has it"
)
BASE, OPTIMISED = (data("fixtures", "dspy_delegation", f"{name}.json") for name in ("base", "optimised_v1"))
INPUTS = {"task": "Sign the lease", "context": "Wanted {soon}.\nTwice."}
RIGHT = {"reason": "So.", "decision": "keep", "assignee": "nobody", "confidence": 0.9}


def python(code: str, *words: str) -> str:
    """What a fresh interpreter says; DSPy stays out of this one."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Reading


def test_the_optimised_program_is_the_base_with_examples() -> None:
    """Same instructions and fields; examples, and the ids of what it was made from, come on top."""
    base, optimised = read_program(BASE, SIGNATURE), read_program(OPTIMISED, SIGNATURE)

    assert (base.instructions, base.described) == (optimised.instructions, optimised.described)
    assert base.demos == base.trained_on == ()
    assert len(optimised.demos) == len(optimised.trained_on) == len(read_examples())
    assert len(optimised.messages(INPUTS)) == 2 * len(optimised.demos) + 2
    assert all(demo["task"] in str(optimised.messages(INPUTS)) for demo in optimised.demos)


@pytest.mark.parametrize(
    "state", [[], {}, {"signature": {"instructions": "x", "fields": []}, "demos": []}, {"signature": 1, "demos": 2}]
)
def test_what_is_no_program_is_refused(tmp_path: Path, state: object) -> None:
    """By name, before anything is asked."""
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(state), encoding="utf-8")

    with pytest.raises(ValueError, match=r"odd\.json"):
        read_program(path, SIGNATURE)


def test_an_answer_without_a_field_is_invalid() -> None:
    """And so is a value that is none of the options, or no number between 0 and 1."""
    with pytest.raises(Invalid, match="assignee, confidence"):
        read_program(BASE, SIGNATURE).parsed("[[ ## reason ## ]]\nx\n[[ ## decision ## ]]\nkeep")
    for wrong in ({"decision": "hire"}, {"confidence": 95}, {"confidence": "nan"}, {"assignee": "legal"}):
        with pytest.raises(Invalid):
            decided({**RIGHT, **wrong})
    assert decided({**RIGHT, "assignee": "data"})["assignee"] == "nobody"
    assert decided({**RIGHT, "decision": "delegate"})["decision"] == "ask"


_COMPARED = r"""
import json, sys
from pathlib import Path
from sluicegate.fixtures.dspy_delegation.decision import SIGNATURE
from sluicegate.fixtures.dspy_delegation.dspy_path import predictor, quiet_dspy
from sluicegate.opinions.program import read_program
dspy, inputs = quiet_dspy(), json.loads(sys.argv[1])
values = {"reason": "So.", "decision": "keep", "assignee": "nobody", "confidence": "0.9"}
said = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in values.items())
for path in map(Path, sys.argv[2:]):
    theirs, mine = predictor(path), read_program(path, SIGNATURE)
    assert len(theirs.demos) == len(mine.demos)
    print(json.dumps([mine.messages(inputs), dspy.ChatAdapter().format(theirs.signature, theirs.demos, inputs),
                      mine.parsed(said), dspy.ChatAdapter().parse(theirs.signature, said)]))
"""


@needs_dspy
def test_dspy_reads_the_same_files_and_sends_the_same_messages(tmp_path: Path) -> None:
    """Byte for byte, examples that lack a field included; and an answer is read alike."""
    state = json.loads(OPTIMISED.read_bytes())
    for number, name in enumerate(("reason", "context", "confidence", "task")):
        del state["demos"][number * 2][name]
    lacking = tmp_path / "lacking.json"
    lacking.write_text(json.dumps(state), encoding="utf-8")

    compared = python(_COMPARED, json.dumps(INPUTS), str(BASE), str(OPTIMISED), str(lacking)).splitlines()

    assert len(compared) == 3
    for mine, theirs, read, parsed in map(json.loads, compared):
        assert mine == theirs
        assert {**read, "confidence": float(read["confidence"])} == parsed


_GUARDED = """
import asyncio, json, socket, sys, threading
from pathlib import Path
asked = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        where = args[1][0] if event == "socket.connect" and isinstance(args[1], tuple) else str(args[0])
        if where not in ("127.0.0.1", "localhost", "::1"):
            asked.append([event, where])
sys.addaudithook(watch)
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.dspy_delegation.dspy_path import model_at, predictor, quiet_dspy
from sluicegate.model import Case
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
doubles = Doubles(latencies=Latencies(model_ms=0))
asyncio.run_coroutine_threadsafe(doubles.start(), loop).result()
url = doubles.open_run("00112233445566aa", Case(id="one"))["OPENAI_BASE_URL"]
with quiet_dspy().context(lm=model_at(url)):
    said = predictor(Path(sys.argv[1]))(**json.loads(sys.argv[2])).toDict()
seen = doubles.close_run("00112233445566aa")
print(json.dumps({"said": said, "calls": len(seen), "asked": asked, "litellm": "litellm" in sys.modules}))
"""


@needs_dspy
def test_the_dspy_path_decides_and_speaks_to_the_endpoint_alone(tmp_path: Path) -> None:
    """One call; no name looked up, no address but loopback: no price list, no telemetry; nothing left at home."""
    home = tmp_path / "home"
    home.mkdir()
    code = f"import os; os.environ['HOME'] = {str(home)!r}\n{_GUARDED}"
    found = json.loads(python(code, str(OPTIMISED), json.dumps({**INPUTS, "task": "Sign the contract with a carrier"})))

    assert found["asked"] == []
    assert (found["calls"], found["litellm"]) == (1, False)
    assert (found["said"]["decision"], found["said"]["assignee"]) == ("keep", "nobody")
    assert list(home.iterdir()) == []


# Training


def test_no_training_example_is_a_golden_case() -> None:
    """By id and by words; one that is one is found, whatever its case and blanks."""
    golden = golden_tasks()
    (name, task), *_ = golden.items()

    assert leaks(read_examples(), golden) == []
    assert leaks([{"id": name, "task": "x"}], golden) == [name]
    assert leaks([{"id": "train-900", "task": f"  {task.upper()} "}], golden) == ["train-900"]


def test_a_bad_training_file_names_its_line(tmp_path: Path) -> None:
    """Not an example is taken from it."""
    path = tmp_path / "t.jsonl"
    good = {"id": "t", "task": "x", "context": "y", **RIGHT}
    for bad in ("{", "[]", json.dumps({**good, "decision": "hire"}), json.dumps({**good, "task": ""})):
        path.write_text(f"{json.dumps(good)}\n{bad}\n", encoding="utf-8")
        with pytest.raises(ValueError, match=r"t\.jsonl, line 2"):
            read_examples(path)


def line(name: str, task: str, **said: object) -> str:
    return f"2026-01-05 INFO {MARK}{json.dumps({'id': name, 'task': task, 'context': 'c', **RIGHT, **said})}"


def test_failed_decisions_become_the_next_examples(tmp_path: Path) -> None:
    """One command: what was corrected comes in, with an id of its own; what was right, unknown or golden does not."""
    golden = next(iter(golden_tasks().values()))
    log = [
        "2026-01-05 INFO started",
        line("a", "Paint the fence"), line("b", "Pay the rent"), line("c", golden), line("d", "Paint  the FENCE"),
        f"{MARK}{{broken",
    ]  # fmt: skip
    right = [{"id": name, "decision": "delegate", "assignee": "support", "reason": "Easy."} for name in "acdx"]
    right.append({"id": "b", "decision": "keep", "assignee": "nobody"})
    (new,) = collected(log, right, read_examples())

    assert (new["task"], new["decision"], new["source"]) == ("Paint the fence", "delegate", "collected")
    assert new["id"] not in {each["id"] for each in read_examples()}

    (tmp_path / "d.log").write_text("\n".join(log), encoding="utf-8")
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, right)), encoding="utf-8")
    assert write_next([str(tmp_path / "d.log"), str(tmp_path / "c.jsonl"), "--out", str(tmp_path / "n.jsonl")]) == 0
    assert read_examples(tmp_path / "n.jsonl") == [*read_examples(), new]


# Optimising


class _Said(dict):
    def inputs(self) -> dict[str, str]:
        return {"task": self["task"]}


def test_an_exception_in_a_metric_is_an_error_and_no_zero() -> None:
    """Of program or metric: the rate is of what was scored, and nothing scored is no rate."""
    examples = [_Said(id=f"t{n}", task=str(n)) for n in range(4)]

    def metric(example: _Said, pred: str, trace: object = None) -> bool:
        if pred == "1":
            raise KeyError("decision")
        return pred != "2"

    found = score(lambda task: task, examples, metric)

    assert (found.right, found.scored, len(found.errors)) == (2, 3, 1)
    assert found.rate == pytest.approx(2 / 3)
    assert found.errors[0].startswith("t1: KeyError")
    assert score(lambda task: 1 / 0, examples, metric).rate is None
    assert str(Score(right=0, scored=0, errors=("x",))) == "not scored (0 of 0, 1 errors)"


def test_optimising_on_a_golden_case_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before DSPy is even loaded; nothing is written."""
    task = next(iter(golden_tasks().values()))
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"id": "t1", "task": task, "context": "c", **RIGHT}), encoding="utf-8")

    assert main(["--training", str(path), "--out", str(tmp_path)]) == 2
    assert "golden cases among the training examples: t1" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["t.jsonl"]


@needs_dspy
def test_the_committed_programs_are_what_the_script_writes(tmp_path: Path) -> None:
    """BootstrapFewShot against the double gives the same programs again, versions aside."""
    out = python(
        "import sys; from sluicegate.fixtures.dspy_delegation.optimise import main; sys.exit(main(sys.argv[1:]))",
        "--out", str(tmp_path),
    )  # fmt: skip

    assert "this proves the wiring, not the prompts" in out
    for path in (BASE, OPTIMISED):
        made, committed = (json.loads(each.read_bytes()) for each in (tmp_path / path.name, path))
        assert made["metadata"].pop("dependency_versions")
        committed["metadata"].pop("dependency_versions")
        assert made == committed
