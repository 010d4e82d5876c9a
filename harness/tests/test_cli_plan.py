"""`sluicegate plan check | schema | lock`, as a person types them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import PLAN, called, made, prepared, refused

sys.path.pop(0)


def test_check_says_what_the_figures_take(tmp_path: Path) -> None:
    """A sound plan: notes with file and line, wrapped where they are wider than the screen, and the count."""
    done = prepared(made, tmp_path).sound("plan", "check", "rollout.yaml")

    lines = done.out.splitlines()
    notes = [line for line in lines[:-1] if not line.startswith("  ")]
    assert lines[-1] == f"0 errors, {len(notes)} notes"
    assert all(line.startswith("rollout.yaml:") for line in notes)
    assert max(map(len, lines)) <= 100


def test_check_says_all_faults_at_once(tmp_path: Path) -> None:
    """Four mistakes in four places: four lines, the nearest right words, 40."""
    plan = PLAN.replace("schema_version: 1", "schema_version: 7").replace("draft.success_rate", "draft.sucess_rate")
    plan = plan.replace("suites: [schema]", "suites: [shema]", 1).replace(
        "min: 100}\n  - name: half", "mim: 100}\n  - name: half"
    )
    (tmp_path / "rollout.yaml").write_text(plan)

    done = refused(called("plan", "check", "rollout.yaml", cwd=tmp_path), 40, "draft.success_rate", "'schema'", "'min'")

    assert "4 errors" in done.out
    assert done.out.count("error: rollout.yaml:") == 4
    assert done.err == ""
    locked = refused(called("plan", "lock", "rollout.yaml", cwd=tmp_path), 40, "draft.success_rate", "'schema'")
    assert locked.err.count("error: rollout.yaml:") == 4


def test_check_says_which_keywords_of_a_schema_check_nothing(tmp_path: Path) -> None:
    """A slip of the pen is an error; what JSON Schema merely does not know is a note, and what says x- is neither."""
    rollout = prepared(made, tmp_path)
    schema = json.loads((rollout.root / "reply.schema.json").read_text())
    inner = next(iter(schema["properties"].values()))
    inner |= {"uiWidget": "textarea", "x-required": True}
    rollout.write("reply.schema.json", json.dumps(schema))

    done = rollout.sound("plan", "check", "rollout.yaml")

    (note,) = (line for line in done.out.splitlines() if "no keyword of JSON Schema" in line)
    assert "uiWidget" in note
    assert "x-required" not in done.out
    inner["requried"] = []
    rollout.write("reply.schema.json", json.dumps(schema))
    refused(rollout.run("plan", "check", "rollout.yaml"), 40, "'requried'", "Did you mean 'required'?")


def test_check_reads_the_trace_of_a_load_profile(tmp_path: Path) -> None:
    """What is not there, or is no trace, is said before the run that needs it, once."""
    rollout = prepared(made, tmp_path)
    plan = (rollout.root / "rollout.yaml").read_text()
    load = "load: {profiles: {day: {trace: day.jsonl}, fast: {trace: day.jsonl, speed: 2}}}\n"
    rollout.write("rollout.yaml", plan.replace("stages:\n", f"{load}stages:\n", 1))

    done = refused(rollout.run("plan", "check", "rollout.yaml"), 40, "day.jsonl: cannot be read: No such file")
    assert "1 error" in done.out
    rollout.write("day.jsonl", '{"at": 1}\n{"when": 2}\n')
    refused(rollout.run("plan", "check", "rollout.yaml"), 40, "day.jsonl:2: is no arrival.")
    rollout.write("day.jsonl", '{"at": 1, "case": "c1"}\n{"at": 2, "case": "c02"}\n')
    done = refused(rollout.run("plan", "check", "rollout.yaml"), 40, "day.jsonl: asks 1 case that load is not made of:")
    assert "'c1'" in done.out
    assert "Did you mean 'c" in done.out
    rollout.write("day.jsonl", '{"at": 1}\n{"at": 2, "case": "c02"}\n')
    assert "0 errors" in rollout.sound("plan", "check", "rollout.yaml").out


def test_schema_is_one_that_editors_take(tmp_path: Path) -> None:
    """Draft 2020-12, on standard output or in a file."""
    printed = called("plan", "schema", cwd=tmp_path).out
    called("plan", "schema", "-o", "plan.schema.json", cwd=tmp_path)

    schema = json.loads(printed)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads((tmp_path / "plan.schema.json").read_text()) == schema
    refused(called("plan", "schema", "-o", "no/such/file", cwd=tmp_path), 2, "no/such/file: cannot be written")


def test_lock_says_what_changed_for_review(tmp_path: Path) -> None:
    """Cases changed, gone and new; twice the same is nothing, and the same bytes."""
    rollout = prepared(made, tmp_path)
    before = (rollout.root / "rollout.lock").read_bytes()
    assert rollout.sound("plan", "lock", "rollout.yaml").out == "wrote rollout.lock\n"
    assert (rollout.root / "rollout.lock").read_bytes() == before
    rollout.replace('"id": "c03"', '"id": "c03b"', "cases.jsonl")
    rollout.replace('{"n": 4}', '{"n": 44}', "cases.jsonl")

    said = rollout.sound("plan", "lock", "rollout.yaml").out

    assert "preflight: schema: 1 case gone" in said
    assert "preflight: schema: 1 case new" in said
    assert "preflight: schema: 1 case changed" in said
