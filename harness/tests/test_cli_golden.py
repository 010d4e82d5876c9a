"""`sluicegate golden …` as a person types it: check, pin, add, review, and what the gate makes of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import PLAN, Rollout, a_case, called, made, prepared, refused

sys.path.pop(0)

SUCCESS = "draft.success_rate: {from: suite, promote: 95 %, alert: 85 %, min: 40}"
WITH_GOLDEN = PLAN.replace("cases: cases.jsonl", "cases: cases.jsonl\ngolden: golden.jsonl").replace(
    SUCCESS, SUCCESS.replace("from: suite", "from: [suite, golden]")
)


def failing(root: Path) -> Rollout:
    """A run of forty cases and forty golden ones, of which c03 and c08, and the golden c117, failed."""
    root.mkdir(parents=True, exist_ok=True)
    root.joinpath("golden.jsonl").write_text("".join(json.dumps(a_case(100 + number)) + "\n" for number in range(40)))
    rollout = made(root, WITH_GOLDEN)
    rollout.sound("golden", "pin", "golden.jsonl", "--origin", "own words", "--licence", "CC0-1.0")
    rollout.write("switches/wrong", "3 117")
    rollout.write("switches/says", "all wrong")
    rollout.write("switches/raises", "8")
    assert rollout.gate().code == 10
    for switch in ("wrong", "raises"):
        rollout.write(f"switches/{switch}", "")
    return rollout


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_failing_case_counts_once_somebody_has_accepted_it(tmp_path: Path) -> None:
    """Added, it is proposed and changes no verdict; accepted, the lock must pin it, and then it is run."""
    rollout = prepared(failing, tmp_path)
    golden = rollout.root / "golden.jsonl"
    before = golden.read_bytes()

    done = rollout.sound("golden", "add", "rollout.yaml", "--to", "golden.jsonl")

    assert "3 failing cases: 2 added, 1 there already" in done.out
    assert golden.read_bytes().startswith(before)
    added = rows(golden)[40:]
    assert [row["id"] for row in added] == ["c03.failed", "c08.failed"]
    assert {row["review"] for row in added} == {"proposed"}
    assert added[0]["provenance"]["failed"] == ["schema.must"]
    assert added[1]["provenance"]["failed"][0] == "crash: exception"
    assert "0 added, 3 there already" in rollout.sound("golden", "add", "rollout.yaml", "--to", "golden.jsonl").out

    assert "up to date" in rollout.sound("plan", "lock", "rollout.yaml", "--check").out
    assert "2 cases await review" in rollout.sound("plan", "check", "rollout.yaml").out
    held = rollout.gate()
    assert held.verdict["counts"]["planned"] == 80

    assert "c08.failed" in rollout.sound("golden", "review", "golden.jsonl").out
    refused(rollout.run("golden", "review", "golden.jsonl", "--accept", "c03.failed"), 2, "--by NAME")
    refused(rollout.run("golden", "review", "golden.jsonl", "--accept", "c03", "--by", "ops"), 2, "c03.failed")
    said = rollout.sound(
        "golden", "review", "golden.jsonl", "--accept", "c03.failed", "--reject", "c08.failed", "--by", "ops"
    )
    assert "1 accepted, 1 rejected, 0 still awaiting" in said.out
    assert rows(golden)[40:] == [
        {
            **added[0],
            "review": "accepted",
            "provenance": {**added[0]["provenance"], "reviewed": rows(golden)[40]["provenance"]["reviewed"]},
        }
    ]
    assert golden.read_bytes().startswith(before)
    assert rollout.sound("golden", "check", "rollout.yaml").code == 0
    refused(rollout.gate(), 40, "1 new")
    rollout.lock()
    rollout.write("prompts/system.md", "Be very brief.\n")
    promoted = rollout.gate()
    assert (promoted.code, promoted.verdict["counts"]["planned"]) == (0, 81)


def test_what_stands_in_another_file_of_the_set_is_not_added_again(tmp_path: Path) -> None:
    """A plan's cases, or its golden ones, are one set in however many files: none twice, and no id twice."""
    rollout = prepared(failing, tmp_path)
    plan = (rollout.root / "rollout.yaml").read_text()
    rollout.write(
        "rollout.yaml", plan.replace("cases: cases.jsonl", "cases: [cases.jsonl, more/*.jsonl]").replace(
            "golden: golden.jsonl", "golden: [golden.jsonl, late-*.jsonl]"
        )
    )  # fmt: skip
    rollout.root.joinpath("more").mkdir()
    add = ("golden", "add", "rollout.yaml", "--to")

    assert "3 failing cases: 1 added, 2 there already" in rollout.sound(*add, "more/of-the-run.jsonl").out
    assert [row["id"] for row in rows(rollout.root / "more/of-the-run.jsonl")] == ["c117.failed"]
    assert "2 added, 1 there already" in rollout.sound(*add, "late-1.jsonl").out
    assert "0 added, 3 there already" in rollout.sound(*add, "late-2.jsonl").out
    assert not rollout.root.joinpath("late-2.jsonl").exists()
    assert "0 errors" in rollout.sound("plan", "check", "rollout.yaml").out
    assert "3 added" in rollout.sound(*add, "elsewhere.jsonl").out, "a file that is nobody's set"


def test_what_a_set_or_a_plan_says_reaches_a_terminal_escaped(tmp_path: Path) -> None:
    """A slice in a file of cases, a literal part of a subject: either may hold what turns a line around."""
    rollout = prepared(made, tmp_path)
    rollout.write("golden.jsonl", json.dumps(a_case(1, slice="a\u202eb")) + "\n")
    plan = (rollout.root / "rollout.yaml").read_text()
    rollout.write("rollout.yaml", plan.replace("subject:\n", 'subject:\n  release: "1\\u202e2"\n', 1))

    pinned = rollout.sound("golden", "pin", "golden.jsonl", "--origin", "own words", "--licence", "CC0-1.0")
    parts = rollout.sound("subject", "rollout.yaml", "--parts")

    assert "1 case (a\\u202eb 1)" in pinned.out
    assert "1\\u202e2" in parts.out


def test_what_is_golden_never_becomes_training(tmp_path: Path) -> None:
    """By its run, by its id, by what it asks; the rest are proposed rows."""
    rollout = prepared(failing, tmp_path)
    ledgers = sorted((rollout.root / ".sluicegate/preflight/1").glob("ledger-*.jsonl"))

    refused(rollout.run("golden", "add", ledgers[0], "--training", "train.jsonl"), 2, "--golden PATH")
    refused(rollout.run("golden", "add", ledgers[0]), 2, "Say where to")
    done = rollout.sound("golden", "add", "rollout.yaml", "--training", "train.jsonl")

    assert "refused: 'c117' was run as a golden case" in done.out
    assert "without a right answer yet: c03, c08" in done.out
    assert [row["id"] for row in rows(rollout.root / "train.jsonl")] == ["c03", "c08"]
    assert rollout.sound("golden", "check", "rollout.yaml").code == 0

    rollout.write("other.jsonl", json.dumps(a_case(3, id="other")) + "\n")
    done = rollout.sound(
        "golden", "add", rollout.root / ".sluicegate/preflight/1", "--training", "more.jsonl", "--golden", "other.jsonl"
    )
    assert "refused: 'c03' is golden, as 'other'" in done.out
    assert [row["id"] for row in rows(rollout.root / "more.jsonl")] == ["c08"]
    refused(
        rollout.run("golden", "check", "other.jsonl", "--train", "train.jsonl", COLUMNS="80"),
        40,
        "was seen in training",
    )


def test_a_case_seen_in_training_is_not_added(tmp_path: Path) -> None:
    """The manifest names what the program was trained on."""
    rollout = prepared(failing, tmp_path)
    rollout.write("train.jsonl", json.dumps(a_case(3)) + "\n")
    manifest = rollout.root / "golden.manifest.json"
    said = json.loads(manifest.read_text())
    said["sets"]["golden.jsonl"]["train"] = ["train.jsonl"]
    manifest.write_text(json.dumps(said))

    done = rollout.sound("golden", "add", "rollout.yaml", "--to", "golden.jsonl", "--case", "c03", "--case", "c08")

    assert "refused: 'c03' was seen in training" in done.out
    assert [row["id"] for row in rows(rollout.root / "golden.jsonl")[40:]] == ["c08.failed"]
    refused(rollout.run("golden", "add", "rollout.yaml", "--to", "golden.jsonl", "--case", "c01"), 2, "no case 'c01'")


def test_a_changed_ledger_gives_no_cases(tmp_path: Path) -> None:
    """What somebody has edited is no evidence of a failure."""
    rollout = prepared(failing, tmp_path)
    ledger = rollout.root / ".sluicegate/preflight/1/ledger-1.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"n":3', b'"n":4', 1))

    refused(rollout.run("golden", "add", "rollout.yaml", "--to", "golden.jsonl"), 2, ledger.name)

    assert len(rows(rollout.root / "golden.jsonl")) == 40


def test_a_set_that_only_proposes_promotes_nothing(tmp_path: Path) -> None:
    """Where every golden case awaits review there is nothing to pin and nothing to run."""
    proposed = [a_case(100 + number, review="proposed") for number in range(40)]
    (tmp_path / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in proposed))
    rollout = made(tmp_path)
    rollout.write("rollout.yaml", WITH_GOLDEN)

    for command in (("plan", "check"), ("plan", "lock"), ("gate",)):
        refused(rollout.run(*command, "rollout.yaml"), 40)
    refused(rollout.run("plan", "check", "rollout.yaml"), 40, "Every case awaits review")


@pytest.mark.parametrize("columns", ["80", "40"])
def test_check_fits_the_terminal_and_lists_all_as_json(tmp_path: Path, columns: str) -> None:
    """Every line as wide as the screen but for words that are wider; the same faults as JSON; 40."""
    rollout = prepared(failing, tmp_path)
    rollout.write("golden.jsonl", "".join(json.dumps(a_case(100, id=name)) + "\n" for name in "abc"))

    done = rollout.run("golden", "check", "golden.jsonl", COLUMNS=columns)
    told = json.loads(rollout.run("golden", "check", "golden.jsonl", "--format", "json").out)

    assert done.code == 40
    assert all(len(line) <= int(columns) for line in done.out.splitlines())
    assert "6 errors in 3 cases" in done.out
    assert [(item["kind"], item["id"]) for item in told["errors"]] == [
        *[("drift", None)] * 4,
        ("duplicate", "b"),
        ("duplicate", "c"),
    ]
    assert told["files"] == {"golden.jsonl": {"cases": 3, "slices": {"acme": 3}}}


def test_mistakes_have_their_mend(tmp_path: Path) -> None:
    """A file that is not there, a plan that cannot be read, a manifest without an origin, a strange format."""
    (tmp_path / "a.jsonl").write_text('{"id": "a", "input": 1}\n')
    (tmp_path / "rollout.yaml").write_text("name: shop\n")
    missing = called("golden", "check", "b.jsonl", cwd=tmp_path)
    refused(missing, 40, "no such file")
    assert "golden pin" not in missing.text
    assert "rollout.yaml" not in missing.text
    refused(called("golden", "check", "b.yaml", cwd=tmp_path), 40, "no such file")
    refused(called("golden", "pin", "a.jsonl", cwd=tmp_path), 2, "--origin")
    refused(called("golden", "import", "ragass", "a.jsonl", "--to", "b.jsonl", cwd=tmp_path), 2, "'ragas'")
    done = called("golden", "import", "ragas", "a.jsonl", "--to", "b.jsonl", cwd=tmp_path)
    refused(done, 2, "Asks nothing")
