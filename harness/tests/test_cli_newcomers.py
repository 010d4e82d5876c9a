"""What `plan check`, `gate` and `init` tell somebody on the first day."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called, made, prepared, refused

sys.path.pop(0)


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("nowhere.bot:answer", "there is no module 'nowhere.bot'"),
        ("{command: [./no-such-program]}", "there is no program './no-such-program'"),
        ("{recording: runs/*.jsonl}", "no recording matches runs/*.jsonl"),
        ("{callable: bot:answer, retries: 2}", "retries has no effect: only an http pipeline is called again."),
    ],
)
def test_check_notes_a_pipeline_that_is_not_there(tmp_path: Path, pipeline: str, said: str) -> None:
    """It may be there where the gate runs, so it is a note; and the lock that no longer fits is another."""
    rollout = prepared(made, tmp_path)
    rollout.replace("pipeline: bot:answer", f"pipeline: {pipeline}")

    shown = " ".join(rollout.sound("plan", "check", "rollout.yaml").out.split())

    assert said in shown
    assert "lock the lock was written for another version of this plan. Until then gate exits with 40." in shown


def test_check_notes_a_missing_lock(tmp_path: Path) -> None:
    """Nothing is wrong with the plan; the gate will still refuse."""
    rollout = prepared(made, tmp_path)
    (rollout.root / "rollout.lock").unlink()

    assert "there is no lock" in rollout.sound("plan", "check", "rollout.yaml").out
    refused(rollout.run("gate", "rollout.yaml"), 40, "there is no lock")


def test_check_of_a_whole_folder_notes_nothing_of_it(tmp_path: Path) -> None:
    """Module, lock, cases and subject are there."""
    out = prepared(made, tmp_path).sound("plan", "check", "rollout.yaml").out

    assert [word for word in ("  pipeline  ", "  lock  ", "  cases  ", "  subject  ") if word in out] == []


@pytest.mark.parametrize("command", [("plan", "check"), ("gate",), ("collect",), ("plan", "lock")])
def test_a_missing_case_file_has_one_exit_code(tmp_path: Path, command: tuple[str, ...]) -> None:
    """40 and the same words, whoever finds it."""
    rollout = prepared(made, tmp_path)
    (rollout.root / "cases.jsonl").unlink()

    refused(rollout.run(*command, "rollout.yaml"), 40, "'cases.jsonl' matches no file")


def test_init_gates_what_is_served_and_ignores_what_is_produced(tmp_path: Path) -> None:
    """Tests beside the pipeline are no part of the subject; evidence is no part of the repository."""
    called("init", ".", cwd=tmp_path)
    before = called("subject", "rollout.yaml", cwd=tmp_path).out
    (tmp_path / "test_support_bot.py").write_text("def test_nothing(): ...\n")

    assert before == called("subject", "rollout.yaml", cwd=tmp_path).out != ""
    assert ".sluicegate/" in (tmp_path / ".gitignore").read_text().splitlines()
    assert "# release: " in (tmp_path / "rollout.yaml").read_text()


def test_init_leaves_a_gitignore_alone(tmp_path: Path) -> None:
    """A repository that has one keeps it, and is told the line to add."""
    (tmp_path / ".gitignore").write_text("mine\n")

    assert "add .sluicegate/ to your .gitignore" in called("init", ".", cwd=tmp_path).out
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_the_list_of_demos_fits_the_screen(tmp_path: Path) -> None:
    """Descriptions are wrapped under their defect; a path stays whole."""
    lines = called("demo", "--list", cwd=tmp_path, COLUMNS="70").out.splitlines()

    assert [line for line in lines if len(line) > 70 and not line.startswith("  plan ")] == []


def test_check_says_the_mistakes_of_all_cases_at_once(tmp_path: Path) -> None:
    """A row that cannot be read hides neither a rule, a script nor an id of the others."""
    rollout = prepared(made, tmp_path)
    rollout.replace("pipeline: bot:answer", "pipeline: {callable: bot:answer, capabilities: [model]}")
    rows = [
        {"id": "a", "input": 1, "expct": {}},
        {"id": "b", "input": 1, "expect": {"must": [{"field": "structurd.x", "equals": 1}]}},
        {"id": "c", "input": 1, "given": {"faults": [{"kind": "rate_limt"}]}},
        {"id": "c", "input": 2},
    ]
    rollout.write("cases.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    done = rollout.run("plan", "check", "rollout.yaml")

    shown = " ".join(done.text.split())
    assert done.code == 40, done.text
    for mistake in ("'expct'", "'structurd.x'", "'rate_limt'", "The id of this case is taken by"):
        assert mistake in shown
    assert shown.endswith("4 errors")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/${inpt.n}", "'${inpt.n}' begins with 'inpt'. Did you mean 'input'?"),
        ("http://127.0.0.1:9/${input.n", "'${input.n' is not closed. Write ${input.name}, or $${"),
    ],
)
def test_check_says_what_is_wrong_with_a_template(tmp_path: Path, url: str, said: str) -> None:
    """Before a case is sent to an address that nobody meant."""
    rollout = prepared(made, tmp_path)
    rollout.replace("pipeline: bot:answer", f'pipeline: {{http: "{url}"}}')

    done = rollout.run("plan", "check", "rollout.yaml")

    assert done.code == 40, done.text
    assert said in " ".join(done.text.split())


def test_check_notes_side_effects_that_nobody_can_see(tmp_path: Path) -> None:
    """Without a tool that writes, and without mails, the criterion holds whatever runs."""
    rollout = prepared(made, tmp_path)
    rollout.replace("requires: {suites: [schema]}", "requires: {suites: [schema, idempotency]}")
    assert "no side effect can be seen" not in rollout.sound("plan", "check", "rollout.yaml").out

    before = "[schema, idempotency]}\n    criteria:\n"
    rollout.replace(before, f"{before}      idempotency.violations: {{from: suite, promote: 0, max_rate: 50 %}}\n")

    shown = " ".join(rollout.sound("plan", "check", "rollout.yaml").out.split())
    assert "no side effect can be seen, so the stage will hold" in shown


def test_check_notes_what_the_cases_can_never_give(tmp_path: Path) -> None:
    """A least number beyond all cases, and attacks that nothing carries: the stage would hold for ever, or in vain."""
    rollout = prepared(made, tmp_path)
    rollout.replace("requires: {suites: [schema]}", "requires: {suites: [schema, headers, injection]}")
    rollout.replace("alert: 85 %, min: 40", "alert: 85 %, min: 3000")

    shown = " ".join(rollout.sound("plan", "check", "rollout.yaml").out.split())

    assert "min: 3,000 is never reached: the stage's cases give at most 40 drafts" in shown
    assert "headers no case of the stage is a plain mail" in shown
    assert "does not declare the capability mail: none of its attacks can be tried." in shown

    cases = [json.loads(line) for line in (rollout.root / "cases.jsonl").read_text().splitlines()]
    mail = {"sender": "ann@shop.test", "to": ["help@shop.test"], "subject": "Order 1", "body": "Where is it?"}
    with_mail = [{"id": case["id"], "given": {"mail": mail}} for case in cases]
    rollout.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in with_mail))

    scripted = {"mail": mail, "model": {"replies": ["It is on its way."]}}
    rollout.write("cases.jsonl", "".join(json.dumps({**case, "given": scripted}) + "\n" for case in with_mail))

    shown = " ".join(rollout.sound("plan", "check", "rollout.yaml").out.split())

    assert f"attacks are made of; '{with_mail[0]['id']}' has given.model, and the pipeline does not" in shown

    rollout.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in with_mail))

    shown = " ".join(rollout.sound("plan", "check", "rollout.yaml").out.split())

    assert (
        "that it makes need mail, which pipeline: capabilities does not name: none of its attacks can be tried" in shown
    )
