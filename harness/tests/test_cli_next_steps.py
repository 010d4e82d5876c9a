"""What the commands say to do next, what an interrupt leaves, and that all of it fits the screen."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import SLUICEGATE, ago, called, environment, gated, made, prepared

sys.path.pop(0)


def commands(shown: str) -> list[list[str]]:
    """The commands below `next:`, as a shell would read them once the backslashes are taken."""
    said = shown.partition("\n next: ")[2].replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in said if line.strip().startswith("sluicegate ")]


def test_what_follows_a_promote_can_be_typed(tmp_path: Path) -> None:
    """Both commands do what they say, in the order they are given; the second refuses nothing after the first."""
    rollout = prepared(made, tmp_path)

    verify, entry = commands(rollout.sound("gate", "rollout.yaml").out)

    subject = rollout.sound("subject", "rollout.yaml").out.strip()
    assert "$(sluicegate subject rollout.yaml)" in verify
    asked = [word.replace("$(sluicegate subject rollout.yaml)", subject) for word in verify[1:]]
    assert rollout.sound(*asked).out.startswith("promote: preflight → ten")
    assert "entered ten" in rollout.sound(*entry[1:]).out


def test_the_command_that_hands_measurements_over_lacks_nothing_but_what_is_to_be_filled_in(tmp_path: Path) -> None:
    """What a row says, its slice where slices are asked for, the unit, the stage: filled in, it is taken."""
    rollout = prepared(gated, tmp_path)
    rollout.enter("ten")
    rollout.write("rows.csv", f"at,passed,value,slice\n{ago(seconds=0)},yes,3,acme\n")
    mends = [reason.get("mend", "") for reason in rollout.gate("--stage", "ten").verdict["reasons"]]
    told = [mend.partition("over: ")[2] for mend in mends if "record measurements" in mend]

    assert [command.partition("--column at=… ")[2] for command in told] == [
        "--column passed=… --column slice=… --stage ten",
        "--column value=… --unit … --stage ten",
    ]
    for command in told:
        words = shlex.split(command.replace("--file …", "--file rows.csv").replace("--unit …", "--unit ms"))
        filled = [word.partition("=")[0] + "=" + word.partition("=")[0] if "…" in word else word for word in words]
        rollout.sound(*filled[1:])


def test_a_later_stage_without_a_state_leads_to_the_first(tmp_path: Path) -> None:
    """In a fresh checkout there is nothing to restore; the command it tells then gates the first stage."""
    rollout = prepared(made, tmp_path)

    done = rollout.run("gate", "rollout.yaml", "--stage", "ten")

    assert done.code == 30
    assert "or, where this rollout has not begun yet, begin with:" in " ".join(done.out.split())
    assert commands(done.out)[0] == ["sluicegate", "gate", "rollout.yaml", "--stage", "preflight"]


def test_a_hold_and_a_demonstration_have_no_such_step(tmp_path: Path) -> None:
    """Nothing is entered after a hold, and a demonstration has nowhere to go."""
    rollout = prepared(made, tmp_path)
    rollout.switch("raises", *range(40))

    assert [words[-2:] for words in commands(rollout.run("gate", "rollout.yaml").out)] == [["--case", "c00"]]
    assert "record entry" not in called("demo", "content-routing", cwd=tmp_path).out


def test_collecting_says_what_crashed_and_what_judges_it(tmp_path: Path) -> None:
    """Whether the evidence was taken now or before."""
    rollout = prepared(made, tmp_path)
    rollout.switch("raises", 3, 4)

    first, again = (rollout.sound("collect", "rollout.yaml").out for _ in range(2))

    assert "40 of 40 trials run, 2 crashed" in " ".join(first.split())
    assert "Of its 40 trials 2 crashed" in " ".join(again.split())
    for shown in (first, again):
        assert shown.endswith(" next: sluicegate judge rollout.yaml --stage preflight\n")
    one = rollout.sound("collect", "rollout.yaml", "--case", "c03").out
    assert one.endswith(" next: sluicegate gate rollout.yaml --stage preflight --case c03\n")
    live = rollout.sound("collect", "rollout.yaml", "--stage", "half").out
    assert "stage half has no cases to run" in live


@pytest.mark.parametrize(
    ("subject", "options", "said"),
    [
        ('code: {files: "*.py"}', (), "and the same command goes on from there"),
        ('code: {files: "*.py"}', ("--again",), "and the same command without --again goes on from there"),
        ('code: {files: "*.py"}', ("--case", "c01"), "and the same command begins anew"),
        ("release: '7'", (), "and the same command begins anew: the plan names what serves by word"),
    ],
    ids=["files", "again", "case", "word"],
)
def test_an_interrupt_says_what_the_next_command_will_do(
    tmp_path: Path, subject: str, options: tuple[str, ...], said: str
) -> None:
    """It goes on only where what serves is known to be the same."""
    rollout = prepared(made, tmp_path)
    plan = (rollout.root / "rollout.yaml").read_text()
    head, _, rest = plan.partition("subject:\n")
    rollout.write("rollout.yaml", f"{head}subject: {{{subject}}}\n{rest[rest.index('cases:') :]}")
    rollout.lock()
    rollout.switch("hangs", *range(40))
    running = subprocess.Popen(
        [SLUICEGATE, "collect", "rollout.yaml", *options],
        cwd=rollout.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 20
    while not (rollout.root / "switches" / "hanging").exists() and time.monotonic() < until:
        time.sleep(0.05)

    running.send_signal(signal.SIGINT)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)

    assert running.returncode == 130
    assert said in err
    assert ("goes on" in err) is ("goes on" in said)


def test_a_rollout_case_that_cannot_be_asked_is_the_users_to_mend(tmp_path: Path) -> None:
    """Where, what and mend before anything runs, from each command alike; no fault of the judge, no traceback."""
    rollout = prepared(made, tmp_path)
    script = {"flags": ["a"], "population": {"size": 9, "enabled_from": "soon"}, "steps": [{"percent": 5}]}
    rollout.write("cases.jsonl", json.dumps({"id": "f", "needs": ["flags"], "given": {"flags": script}}) + "\n")

    for command in (("plan", "check"), ("plan", "lock"), ("gate",)):
        done = rollout.run(*command, "rollout.yaml")
        shown = " ".join(done.text.split())
        assert done.code == 40
        assert "case f: given.flags.population.enabled_from: 'soon' is no time with a zone." in shown
        assert "Write RFC 3339 with a zone" in shown


@pytest.mark.parametrize("width", [60, 80])
def test_what_verify_and_record_say_fits_the_screen(tmp_path: Path, width: int) -> None:
    """Broken between words alone: a digest or a path is longer, and whole."""
    rollout = prepared(made, tmp_path)
    rollout.sound("gate", "rollout.yaml")
    step = ("--plan", "rollout.yaml", "--from", "preflight", "--to", "ten", "--subject", "abc")

    shown = rollout.run("verify", ".sluicegate/preflight/verdict.json", *step, COLUMNS=str(width)).out
    shown += rollout.sound(
        "record", "attestation", "rollout.yaml", "--name", "an-audit-with-a-name", "--by", "somebody of the department",
        "--statement", "seen", COLUMNS=str(width),
    ).out  # fmt: skip

    assert len(shown.splitlines()) > 5
    assert [line for line in shown.splitlines() if len(line) > width and " " in line.strip()] == []


class TestEvidenceElsewhere:
    """What was judged with `--evidence DIR` is mended there: each command that is told names the folder."""

    KEPT = ("--evidence", "kept here")

    def test_every_command_of_a_verdict_names_it(self, tmp_path: Path) -> None:
        """The same command, with one case, of the stage before, with measurements; none without the folder."""
        rollout = prepared(made, tmp_path)
        rollout.switch("raises", 3)

        held = rollout.run("gate", "rollout.yaml", "--stage", "preflight", *self.KEPT, "--format", "json").verdict
        live = rollout.run("judge", "rollout.yaml", "--stage", "half", *self.KEPT, "--format", "json").verdict

        told = [
            reason[key]
            for said in (held, live)
            for reason in said["reasons"]
            for key in ("mend", "rerun")
            if key in reason
        ]
        named = [text[text.index("sluicegate ") :] for text in told if "sluicegate " in text]
        assert {tuple(shlex.split(text)[1:3]) for text in named} >= {
            ("gate", "rollout.yaml"),
            ("record", "measurements"),
        }
        assert [text for text in named if "--evidence 'kept here'" not in text] == []
        usual = rollout.run("gate", "rollout.yaml", "--stage", "preflight", "--evidence", ".sluicegate")
        assert "rerun: sluicegate gate rollout.yaml --stage preflight --case c03" in " ".join(usual.out.split())

    def test_evidence_that_lies_elsewhere_is_not_only_called_deleted(self, tmp_path: Path) -> None:
        """A forgotten `--evidence` looks like a deletion, and is told apart by nobody but the reader."""
        rollout = prepared(made, tmp_path)
        rollout.run("gate", "rollout.yaml", *self.KEPT)

        reasons = rollout.run("judge", "rollout.yaml", "--stage", "preflight", "--format", "json").verdict["reasons"]

        (said,) = [reason["mend"] for reason in reasons if "missing" in reason["text"]]
        assert "name it with --evidence DIR (this was without --evidence)" in said
