"""What a verdict says to do next leads to the cause: to the recording, the crash, the base URL, the step before."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, made, prepared

sys.path.pop(0)

from sluicegate.errors import InputError
from sluicegate.pipelines.target import load_target
from sluicegate.session.linting import checked_plan

PLAN = """\
schema_version: 1
name: shop
pipeline: PIPELINE
subject: SUBJECT
cases: cases.jsonl
schemas: {content: content.schema.json}
stages:
  - name: preflight
    exposure: {live: false}
    REQUIRES
    criteria:
      CRITERION
"""


def rollout(
    root: Path,
    pipeline: str,
    *,
    subject: str = '{code: {files: "*.py"}}',
    requires: str = "requires: {suites: [schema]}",
    criterion: str = "errors.rate: {from: suite, promote: 60 %, mode: point}",
) -> Rollout:
    """Three cases behind that pipeline, not locked yet."""
    found = Rollout(root)
    words = {"PIPELINE": pipeline, "SUBJECT": subject, "REQUIRES": requires, "CRITERION": criterion}
    text = PLAN
    for word, said in words.items():
        text = text.replace(word, said)
    found.write("rollout.yaml", text)
    found.write("content.schema.json", '{"type": "string"}')
    found.write("bot.py", "def answer(input): return 'fine'\n")
    found.write("cases.jsonl", "".join(json.dumps({"id": f"c{n}", "input": "x"}) + "\n" for n in range(3)))
    return found


def next_step(found: Rollout) -> str:
    """What is said to do next, on one line."""
    found.lock()
    return " ".join(found.run("gate", "rollout.yaml").out.split()).rpartition(" next: ")[2]


def test_a_recording_that_lacks_a_case_is_what_needs_mending(tmp_path: Path) -> None:
    """Nothing crashed: nobody was asked; so no criterion that counts crashes is asked for."""
    found = rollout(tmp_path, "{recording: run.jsonl}", requires="")
    found.write("run.jsonl", '{"case_id": "c0", "output": "fine"}\n{"case_id": "c2", "output": "fine"}\n')
    found.lock()

    shown = " ".join(found.run("gate", "rollout.yaml").out.split())

    assert "the recording has no row for 1 trial: c1." in shown
    assert "next: Record these cases too; or take them out of the case files" in shown
    assert "no criterion counts a crash" not in shown


def test_a_recording_is_not_asked_for_what_suites_make(tmp_path: Path) -> None:
    """Copies stand in no file, so no row is missed there; `plan check` says it before anything is recorded."""
    found = rollout(tmp_path, "{recording: run.jsonl}", requires="requires: {suites: [schema, idempotency]}")
    found.write("run.jsonl", "".join(json.dumps({"case_id": f"c{n}", "output": "fine"}) + "\n" for n in range(3)))

    step, notes = next_step(found), [note.text for note in checked_plan(found.plan)]
    verdict = found.judge()

    assert step.startswith("Gate the live pipeline, which can be asked; or leave idempotency out of suites, and lock")
    assert verdict.kind == "hold.incomplete"
    assert "no row for 9 trials that suite idempotency makes of your cases: c0~after-crash" in verdict.said
    assert any("suite idempotency makes 9 cases of yours" in note for note in notes)


@pytest.mark.parametrize(("admits", "noted"), [("", True), (", admits: [replayed]", False)])
def test_a_recording_tells_no_time_unless_it_is_admitted(tmp_path: Path, admits: str, noted: bool) -> None:
    """What will hold is said before."""
    criterion = f"latency: {{from: suite, at: p50, promote: 1 s, alert: 2 s, min: 2{admits}}}"
    found = rollout(tmp_path, "{recording: run.jsonl}", requires="", criterion=criterion)

    said = [note.text for note in checked_plan(found.plan) if note.about == "latency"]

    assert any("a recorded answer is no evidence of it" in text for text in said) is noted


def test_a_number_that_a_crash_has_cost_leads_to_the_crash(tmp_path: Path) -> None:
    """Not to a criterion `crashes` that the stage may not have."""
    found = rollout(
        tmp_path, "bot:answer", criterion="tokens.total: {from: suite, at: p95, promote: 100, alert: 200, min: 2}"
    )
    found.write("bot.py", "def answer(input): raise KeyError('prompt_token')\n")

    step = next_step(found)

    assert "Mend the crash of case c0 first" in step or "mend the crash of case c0 first" in step
    assert "prompt_token" in step


def test_a_share_that_is_missed_names_cases(tmp_path: Path) -> None:
    """Where no check has found anything: what crashed, and an answer that a rule of the plan's own refuses."""
    found = rollout(
        tmp_path, "bot:answer", requires="", criterion="errors.rate: {from: suite, promote: 1 %, alert: 90 %}"
    )
    found.write("bot.py", "def answer(input):\n    if input == 'bad': raise KeyError('order')\n    return 'fine'\n")
    found.write(
        "cases.jsonl", "".join(json.dumps({"id": f"c{n}", "input": "bad" if n else "x"}) + "\n" for n in range(9))
    )
    found.lock()

    shown = " ".join(found.run("gate", "rollout.yaml").out.split())

    assert "✗ errors.rate case c1 at $.error error the pipeline crashed (exception) seen: KeyError: 'order'" in shown
    assert "the same in 7 more cases: c2, c3" in shown
    assert "rerun: sluicegate gate rollout.yaml --stage preflight --case c1" in shown
    assert "case c0" not in shown


def test_every_case_by_itself_is_not_the_stage(tmp_path: Path) -> None:
    """What the stage's own attempts hold against the subject is not outvoted by running all cases apart."""
    found = rollout(
        tmp_path, "bot:answer", requires="", criterion="errors.rate: {from: suite, promote: 1 %, mode: point}"
    )
    found.write("bot.py", "import os\ndef answer(input):\n    return 1 / int(not os.path.exists('down'))\n")
    found.write("down", "")
    found.lock()
    assert found.run("gate", "rollout.yaml").code == 10
    (tmp_path / "down").unlink()

    done = found.run("gate", "rollout.yaml", "--case", "c0", "--case", "c1", "--case", "c2")

    assert done.code == 10
    assert "these cases were run by themselves" in " ".join(done.out.split())


def test_what_is_declared_already_is_not_asked_to_be_declared(tmp_path: Path) -> None:
    """The model was called elsewhere: the base URL is what to mend."""
    found = rollout(
        tmp_path, "{callable: bot:answer, capabilities: [model]}", requires="requires: {suites: [schema, budget]}"
    )

    step = next_step(found)

    assert "Let the pipeline take its base URL from OPENAI_BASE_URL" in step
    assert "Declare what" not in step


def test_a_command_that_dies_is_quoted_to_its_last_line(tmp_path: Path) -> None:
    """However long the line before: in the terminal, in Markdown and in HTML."""
    found = rollout(tmp_path, f"{{command: [{sys.executable}, bot.py]}}")
    found.write(
        "bot.py",
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    request = json.loads(line)\n"
        f"    said = {{'long': '{'x' * 300}', 'order': request['no_such_member']}}\n",
    )
    found.lock()

    shown = " ".join(found.run("gate", "rollout.yaml").out.split())

    folder = tmp_path / ".sluicegate" / "preflight"
    assert "KeyError: 'no_such_member'" in shown
    assert "KeyError: 'no_such_member'" in (folder / "report.md").read_text()
    assert "KeyError: &#39;no_such_member&#39;" in (folder / "report.html").read_text()


def test_evidence_of_this_moment_is_not_a_minute_old(tmp_path: Path) -> None:
    """The note on a subject by word says how old it is, as it is."""
    found = rollout(tmp_path, "bot:answer", subject="{release: '1'}")
    found.lock()

    assert "its evidence is less than a minute old" in " ".join(found.run("gate", "rollout.yaml").out.split())


def test_a_new_subject_at_the_last_stage_is_led_through_the_stages(tmp_path: Path) -> None:
    """An entry that would be refused is not what is said to do."""
    found = prepared(made, tmp_path)
    found.sound("gate", "rollout.yaml")
    found.enter("ten")
    found.write("prompts/more.md", "Another subject.\n")

    shown = " ".join(found.run("judge", "rollout.yaml", "--stage", "ten").out.split())

    assert "Lead this subject through the stages, from 'preflight'" in shown
    assert "sluicegate gate rollout.yaml --stage preflight" in shown
    assert "record entry" not in shown
    assert "which serves now, has not" in found.sound("status", "rollout.yaml").out


def test_a_module_that_says_what_to_install_is_taken_at_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line to type, and not a module to correct."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lacks_extra.py").write_text("raise ImportError(\"flags are needed: pip install 'sluicegate[flags]'\")")
    (tmp_path / "lacks_sense.py").write_text("raise ImportError('no')")

    mends = {}
    for name in ("lacks_extra", "lacks_sense"):
        with pytest.raises(InputError) as raised:
            load_target(f"{name}:answer", base=tmp_path)
        mends[name] = raised.value.faults[0].mend

    assert mends == {"lacks_extra": "Run: pip install 'sluicegate[flags]'", "lacks_sense": "Correct the module."}


@pytest.mark.parametrize("command", [("plan", "check"), ("plan", "lock")])
def test_a_file_of_the_subject_that_is_not_there_is_a_fault(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A gate would exit with it; so it is said before."""
    done = rollout(tmp_path, "bot:answer", subject="{code: {files: bott.py}}").run(*command, "rollout.yaml")

    assert done.code == 40
    assert "subject.code: 'bott.py' matches no file" in " ".join(done.text.split())


@pytest.mark.parametrize(
    ("subject", "noted"),
    [('{service: {http: "http://127.0.0.1:9/version"}}', False), ("{release: '1'}", True)],
    ids=["asked", "by word"],
)
def test_only_a_subject_by_word_is_called_so(tmp_path: Path, subject: str, noted: bool) -> None:
    """A service that says what it is needs no word changed."""
    found = rollout(tmp_path, '{http: "http://127.0.0.1:9/x"}', subject=subject)

    texts = [note.text for note in checked_plan(found.plan)]

    assert any("names it in words" in text for text in texts) is noted


def test_what_nobody_asked_for_is_recorded_with_a_warning(tmp_path: Path) -> None:
    """A misspelt name would wait for ever; the right one is said."""
    found = rollout(tmp_path, "bot:answer", requires="requires: {suites: [schema], attestations: [product]}")
    found.lock()
    vouched = ("record", "attestation", "rollout.yaml", "--by", "ann", "--statement", "read", "--name")

    wrong, right = found.sound(*vouched, "prodct"), found.sound(*vouched, "product")

    assert "no stage of the plan asks for 'prodct'. Did you mean 'product'?" in " ".join(wrong.err.split())
    assert "warning" not in right.text


def test_what_a_plan_that_asks_nobody_is_told_is_recorded_with_a_warning(tmp_path: Path) -> None:
    """It will be asked for nowhere."""
    found = rollout(tmp_path, "bot:answer")
    found.lock()

    said = found.sound("record", "attestation", "rollout.yaml", "--by", "ann", "--statement", "read", "--name", "audit")

    assert "no stage of the plan asks for 'audit'" in " ".join(said.err.split())


@pytest.mark.parametrize(
    ("stage", "command"),
    [
        ("preflight", "sluicegate record baseline rollout.yaml RUN"),
        ("pilot", "sluicegate record measurements rollout.yaml --metric drafts.kept --file … --column at=…"),
    ],
)
def test_a_reference_that_is_missing_is_asked_for_by_a_command(tmp_path: Path, stage: str, command: str) -> None:
    """As it can be typed, with the plan's own path."""
    line = "promote: {ratio: 0.5, than: baseline}, mode: strict, min: 1"
    found = rollout(tmp_path, "bot:answer", criterion=f"errors.rate: {{from: suite, {line}}}")
    live = "drafts.kept: {from: live, promote: {ratio: 1.1, than: baseline}, mode: strict, min: 1}"
    with (tmp_path / "rollout.yaml").open("a") as plan:
        plan.write(f"  - {{name: pilot, exposure: {{live: true, percent: 10}}, criteria: {{{live}}}}}\n")
        kept = "{kind: proportion, unit: drafts, better: higher, record: true}"
        plan.write(f"state: state.jsonl\nmetrics: {{drafts.kept: {kept}}}\n")
    found.lock()
    found.write("rows.csv", "at,kept\n2026-01-01T10:00:00Z,yes\n")
    columns = ("--column", "at=at", "--column", "passed=kept", "--stage", "pilot")
    found.sound("record", "measurements", "rollout.yaml", "--metric", "drafts.kept", "--file", "rows.csv", *columns)

    said = " ".join(found.run("gate", "rollout.yaml", "--stage", stage).text.split())

    assert "baseline: the reference has no evidence" in said
    assert command in said


def test_a_plan_that_is_not_there_is_looked_for_under_its_usual_name(tmp_path: Path) -> None:
    """Another file has to be much alike to be meant instead."""
    found = rollout(tmp_path, "bot:answer")
    found.write("note.yaml", "a: 1\n")

    assert "Did you mean 'rollout.yaml'?" in found.run("gate", "roll.yaml").text
    assert "Did you mean 'rollout.yaml'?" in found.run("gate", "nope.yaml").text
    assert "Did you mean 'note.yaml'?" in found.run("gate", "notes.yaml").text
