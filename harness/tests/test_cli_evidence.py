"""`sluicegate collect | record | judge | gate`: evidence comes in, a verdict comes out; the exit code says which."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import (
    PLAN,
    Rollout,
    ago,
    drafts,
    gated,
    live,
    made,
    prepared,
    recorded_only,
    refused,
    times,
    with_live,
)

sys.path.pop(0)


class TestExitCodes:
    """The contract: 0, 10, 20, 30, 40 and 2."""

    def test_each(self, tmp_path: Path) -> None:
        """One rollout on its way: nothing judged yet, promoted, too few, enough, crossed, and a plan that is none."""
        rollout = prepared(recorded_only, tmp_path)
        assert rollout.run("judge", "rollout.yaml", "--stage", "preflight").code == 30
        assert rollout.run("gate", "rollout.yaml", "--stage", "preflight").code == 0
        assert rollout.run("gate", "rollout.yaml").code == 10
        rollout.measured("approved", drafts(400, held=lambda number: number % 4 == 0))
        assert rollout.run("gate", "rollout.yaml").code == 20
        assert rollout.run("gate", "rollout.yaml", "--stage", "nine").code == 2
        rollout.write("rollout.yaml", "stages:\n")
        assert rollout.run("gate", "rollout.yaml").code == 40

    def test_complete_after_the_last_stage(self, tmp_path: Path) -> None:
        """There is no next one; that is 0 too, and is called so."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.enter("half", clock=-timedelta(hours=22))
        rollout.measured("approved", drafts(900))

        done = rollout.judge()

        assert (done.code, done.kind) == (0, "complete")
        assert done.verdict["to_stage"] is None


class TestGate:
    """Collect what is missing, then judge."""

    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, tmp_path_factory: pytest.TempPathFactory) -> Rollout:
        return prepared(gated, tmp_path_factory.mktemp("gate"))

    def test_text(self, shop: Rollout) -> None:
        """The verdict, each criterion, where the files are; evidence that serves is not taken again."""
        done = shop.sound("gate", "rollout.yaml")

        assert "evidence of" in done.out
        assert "PROMOTE" in done.out
        assert "preflight → ten" in done.out
        assert ".sluicegate/preflight/1/verdict.json" in done.out
        assert not shop.ledger(number=2).exists()

    def test_every_format(self, shop: Rollout) -> None:
        """Only the form that was asked for is on standard output, as it is in the file beside the evidence."""
        folder = shop.verdict().parent
        for form, name in (("json", "verdict.json"), ("markdown", "report.md"), ("junit", "junit.xml")):
            done = shop.sound("gate", "rollout.yaml", "--format", form)
            assert done.out.rstrip("\n") == (folder / name).read_text().rstrip("\n")
            assert done.err == ""
        assert {path.name for path in folder.iterdir()} >= {"report.html", "report.md", "junit.xml", "verdict.json"}

    def test_narrow_and_plain(self, shop: Rollout) -> None:
        """COLUMNS and an ASCII terminal are obeyed."""
        done = shop.sound("gate", "rollout.yaml", COLUMNS="60", PYTHONIOENCODING="ascii")

        assert max(map(len, done.out.splitlines())) <= 60
        assert done.out.isascii()

    def test_the_same_bytes_for_the_same_moment(self, tmp_path: Path) -> None:
        """Judged in two copies as of one moment, the verdicts are one."""
        made_once = prepared(gated, tmp_path)
        at = ago(hours=-1)

        one, other = (made_once.copy(tmp_path / name).judge("--now", at).out for name in ("one", "other"))

        assert one == other

    def test_elsewhere(self, tmp_path: Path) -> None:
        """`--evidence` keeps evidence where it says; a plan is found from another folder."""
        rollout = prepared(made, tmp_path)
        (tmp_path / "away").mkdir()

        from rollout_world import called

        done = called("gate", rollout.plan, "--evidence", "kept", cwd=tmp_path / "away")

        assert done.code == 0, done.text
        assert (tmp_path / "away/kept/preflight/1/verdict.json").exists()
        assert not (rollout.root / ".sluicegate").exists()

    def test_a_wrong_answer(self, tmp_path: Path) -> None:
        """A hold names the case and gives the command that reruns only it; the command works as printed."""
        rollout = prepared(made, tmp_path)
        rollout.switch("raises", 7)

        done = refused(rollout.run("gate", "rollout.yaml"), 10, "HOLD", "c07", "boom")

        command = "sluicegate gate rollout.yaml --stage preflight --case c07"
        assert command in done.out
        again = rollout.run(*command.split()[1:])
        assert again.code == 10
        assert "1 of 1 trials run, 1 crashed" in again.out

    def test_wait_ends_early(self, tmp_path: Path) -> None:
        """Waiting is for samples; anything else is said at once."""
        rollout = prepared(made, tmp_path)
        rollout.switch("raises", 7)

        refused(rollout.run("gate", "rollout.yaml", "--wait", "1h", timeout=30), 10, "incident")


class TestCollect:
    """Evidence without a verdict."""

    def test_collect_then_judge(self, tmp_path: Path) -> None:
        """What gate does in one, in two, the second named; progress goes nowhere when nobody watches."""
        rollout = prepared(made, tmp_path)

        done = rollout.sound("collect", "rollout.yaml")

        ran, _, then = done.out.splitlines()
        assert ran == " suites   schema: 40 of 40 trials run"
        assert then == " next: sluicegate judge rollout.yaml --stage preflight"
        assert done.err == ""
        assert rollout.judge().kind == "promote"

    def test_one_case(self, tmp_path: Path) -> None:
        """`--case` looks aside: it begins no attempt and changes nothing that is judged; an unknown one is said."""
        rollout = prepared(gated, tmp_path)
        refused(rollout.run("collect", "rollout.yaml", "--case", "c77"), 2, "no case", "c77", "Did you mean 'c37'?")
        assert not rollout.ledger(attempt=2).exists()
        assert rollout.judge().code == 0

        assert "1 of 1 trials run" in rollout.sound("collect", "rollout.yaml", "--case", "c07").out
        assert not rollout.ledger(attempt=2).exists()
        assert rollout.judge().code == 0

    def test_a_recording(self, tmp_path: Path) -> None:
        """Rows nobody asked for are counted and said."""
        rollout = made(tmp_path / "shop", PLAN.replace("pipeline: bot:answer", "pipeline: {recording: runs/*.jsonl}"))
        rows = [{"case_id": f"c{n:02}", "output": {"structured": {"text": "ok", "order": n}}} for n in range(45)]
        rollout.write("runs/monday.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

        done = rollout.sound("collect", "rollout.yaml")

        assert "5 of 45 recorded rows were not asked for" in done.err
        assert rollout.judge().kind == "promote"


class TestRecord:
    """What was measured elsewhere, and what people vouch for."""

    def test_every_kind_of_file(self, tmp_path: Path) -> None:
        """CSV, TSV, JSON lines and SQLite, by table and by query, are the same evidence."""
        import sqlite3

        rollout = prepared(recorded_only, tmp_path)
        rows = [(at, int(number % 20 > 0), 1, f"d{number}") for number, at in times(40, hours=2)]
        header = ("at", "k", "n", "id")
        rollout.write("a.csv", "\n".join(",".join(map(str, row)) for row in [header, *rows]))
        rollout.write("b.tsv", "\n".join("\t".join(map(str, row)) for row in [header, *rows]))
        rollout.write("c.jsonl", "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in rows))
        with sqlite3.connect(rollout.root / "d.sqlite") as database:
            database.execute("CREATE TABLE drafts (at TEXT, k INTEGER, n INTEGER, id TEXT)")
            database.executemany("INSERT INTO drafts VALUES (?, ?, ?, ?)", rows)
        database.close()
        columns = [f"--column={name}={name}" for name in header]

        for more in (
            ["--file=a.csv"],
            ["--file=b.tsv"],
            ["--file=c.jsonl"],
            ["--file=d.sqlite", "--table=drafts"],
            ["--file=d.sqlite", "--query=SELECT * FROM drafts WHERE n > 0"],
        ):
            done = rollout.sound("record", "measurements", "rollout.yaml", "--metric=approved", *columns, *more)
            assert "recorded 40 rows of approved" in done.out

        assert rollout.judge().criterion("approved")["measured"]["n"] == 40

    def test_a_window_and_releases(self, tmp_path: Path) -> None:
        """Rows outside are left out and counted; a release name stands for a subject."""
        rollout = prepared(recorded_only, tmp_path)
        start = ago(hours=1)
        rows = [
            {"at": at, "passed": True, "subject": "v2" if number % 2 else "v1"} for number, at in times(120, hours=2)
        ]

        done = rollout.measured("approved", rows, "--since", start, "--release", f"v2={rollout.subject()}")

        assert "60 outside of the window left out" in done.out
        assert "warning" not in done.err
        approved = rollout.judge().criterion("approved")
        assert (approved["measured"]["n"], approved["foreign"]) == (30, 30)
        elsewhere = rollout.measured("approved", drafts(4), "--subject", "5" * 64, "--stage", "ten")
        assert "warning: no entry of 'ten' is recorded for the subject of these rows (555555555555)" in elsewhere.err

    def test_a_baseline(self, tmp_path: Path) -> None:
        """What served before the rollout, recorded as the baseline that lines name."""
        plan = with_live(
            "approved: {from: live, promote: {drop: 2 points, than: baseline}, "
            "rollback: {drop: 20 points, than: baseline}}"
        )
        rollout = recorded_only(tmp_path / "shop", plan)
        rollout.measured("approved", drafts(900))
        assert "baseline: " in rollout.judge().said
        old = drafts(900, held=lambda number: number % 10 > 0, hours=900)
        assert rollout.measured("approved", old, "--stage", "baseline", "--subject", "6" * 64, name="old.csv").code == 0

        done = rollout.judge()

        assert (done.code, done.criterion("approved")["lines"][0]["value"]) == (0, 0.88)

    def test_attestations_and_approval(self, tmp_path: Path) -> None:
        """Held until somebody vouches; expired, for another stage or another build it does not count."""
        plan = PLAN.replace(
            "    requires: {suites: [schema]}\n",
            "    requires: {suites: [schema], prerequisites: [tables], attestations: [audit], approval: lead}\n",
            1,
        )
        rollout = made(tmp_path / "shop", plan)
        attest = ("record", "attestation", "rollout.yaml", "--by", "kim", "--statement", "seen")
        assert rollout.gate().kind == "hold.prerequisite"
        rollout.sound(*attest, "--name", "tables", "--any-subject")
        rollout.sound(*attest, "--name", "audit", "--expires", ago(days=-1))
        assert rollout.judge().kind == "hold.approval"
        assert rollout.judge("--now", ago(days=-2)).kind != "promote"
        rollout.sound(*attest, "--name", "lead", "--stage", "ten")
        assert "stage 'ten'" in rollout.judge().said

        # What a report prints is where somebody is to write, and no word of anybody.
        for by, statement in (("…", "…"), ("kim", "..."), ("NAME", "seen"), ("<who>", "seen")):
            copied = ("record", "attestation", "rollout.yaml", "--name", "lead", "--by", by, "--statement", statement)
            refused(rollout.run(*copied), 2, "a place that was left open")
        done = rollout.sound(*attest, "--name", "lead")

        assert done.out.startswith("attested lead by kim")
        assert rollout.judge().kind == "promote"

    def test_the_way_of_a_rollout(self, tmp_path: Path) -> None:
        """Entered, rolled back, acknowledged: each is in the status, newest last."""
        rollout = prepared(live, tmp_path)
        back = ("record", "rollback", "rollout.yaml", "--stage", "ten")
        refused(rollout.run(*back, "--by", "NAME"), 2, "'NAME' names nobody")
        assert "warning" not in rollout.sound(*back, "--by", "kim").err
        half = rollout.sound("record", "rollback", "rollout.yaml", "--stage", "half", "--by", "kim")
        assert "the stage entered last is 'ten'" in " ".join(half.err.split())
        assert rollout.sound(*back, "--by", "kim").out.startswith("already rolled back from ten at ")
        rollout.sound("record", "acknowledgement", "rollout.yaml", "--by", "lee")

        said = rollout.sound("status", "rollout.yaml").out

        assert " → ten " in said
        events = [line for line in said.splitlines() if line.startswith(" 20")]
        assert "rolled back from ten by kim" in events[-3]
        assert "acknowledged by lee" in events[-1]
        taken = " ".join(rollout.run("gate", "rollout.yaml", "--stage", "ten").out.split())
        assert "Take stage ten back now" not in taken
        assert "was rolled back from 'ten'" in taken
