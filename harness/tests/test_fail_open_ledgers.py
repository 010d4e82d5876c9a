"""How a bad build gets promoted elsewhere: by evidence changed, lost or taken again, and by runs that did not end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import (
    PLAN,
    SLUICEGATE,
    Rollout,
    drafts,
    entered,
    environment,
    gated,
    hanging_up,
    made,
    no_promote,
    prepared,
    recorded_only,
    refused,
    waits,
)

sys.path.pop(0)


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda raw: b"".join(change(raw.splitlines(keepends=True)))


TAMPERED = {
    "an answer changed": lambda raw: raw.replace(b"order 7 ok", b"order 7 no", 1),
    "a number changed": lambda raw: raw.replace(b'"repeat":0', b'"repeat":1', 1),
    "a line taken out": lines(lambda rows: rows[:40] + rows[41:]),
    "two lines swapped": lines(lambda rows: [*rows[:40], rows[41], rows[40], *rows[42:]]),
    "a line twice": lines(lambda rows: rows[:41] + rows[40:]),
    "the beginning cut": lines(lambda rows: rows[1:]),
    "the end cut": lines(lambda rows: rows[:-1]),
    "half cut": lines(lambda rows: rows[:40]),
    "cut within a line": lambda raw: raw[: len(raw) // 2],
    "emptied": lambda raw: b"",
    "replaced by something else": lambda raw: b'{"k": 40, "n": 40}\n',
    "not UTF-8": lambda raw: raw.replace(b"order 7 ok", b"order \xff\xfe", 1),
    "a line without end": lambda raw: raw.rstrip(b"\n"),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """Promoted from preflight; each test puts back what it changes."""
    return prepared(gated, tmp_path_factory.mktemp("changed"))


class TestChanged:
    """Evidence that is not as it was written is none."""

    @pytest.mark.parametrize("how", TAMPERED)
    def test_a_ledger(self, shop: Rollout, how: str) -> None:
        """The judge says row 4, wherever the change is."""
        whole = shop.ledger().read_bytes()
        try:
            shop.ledger().write_bytes(TAMPERED[how](whole))
            assert shop.ledger().read_bytes() != whole

            done = no_promote(shop.judge(), "hold.invalid_evidence", "hold.suspect")
            assert "hold.invalid_evidence" in done.said
        finally:
            shop.ledger().write_bytes(whole)

    def test_the_gate_does_not_mend_it(self, tmp_path: Path) -> None:
        """Nothing is added on top of changed evidence: a verdict with 30 each time, not a new run."""
        rollout = prepared(gated, tmp_path)
        rollout.ledger().write_bytes(TAMPERED["an answer changed"](rollout.ledger().read_bytes()))

        for _ in range(2):
            done = no_promote(rollout.gate(), "hold.invalid_evidence")
            assert "changed" in done.err
        assert not rollout.ledger(number=2).exists()

    def test_a_new_attempt_does_not_cover_it(self, tmp_path: Path) -> None:
        """Run again beside it, the damage is still there to be seen."""
        rollout = prepared(gated, tmp_path)
        rollout.ledger().write_bytes(TAMPERED["a line taken out"](rollout.ledger().read_bytes()))

        no_promote(rollout.gate("--again"), "hold.invalid_evidence")

    def test_a_reference(self, tmp_path: Path) -> None:
        """A line compares with the stage before, and that stage's ledger was changed, or cut: no reference at all."""
        plan = PLAN.replace(
            "      approved: {from: live, promote: 90 %, alert: 75 %, rollback: 60 %, min: 100, slices: tenants}",
            "      approved: {from: live, promote: 90 %, alert: 75 %, min: 100}\n"
            "      draft.success_rate: {from: suite, promote: {drop: 0 points, than: preflight}, alert: 50 %, min: 40}",
        )
        rollout = entered(tmp_path / "shop", plan)
        rollout.measured("approved", drafts())
        rollout.measured("wait", waits(), "--unit=ms")
        assert rollout.gate().kind == "promote"
        whole = rollout.ledger().read_bytes()
        for how in ("an answer changed", "the end cut"):
            rollout.ledger().write_bytes(TAMPERED[how](whole))

            no_promote(rollout.judge(), "hold.invalid_evidence")


class TestDeleted:
    """Failing evidence taken away."""

    def test_a_failed_attempt(self, tmp_path: Path) -> None:
        """Attempt 1 failed, attempt 2 is green, and attempt 1 is gone: the state remembers it."""
        rollout = prepared(made, tmp_path)
        rollout.switch("wrong", *range(10))
        assert rollout.gate().code == 10
        (rollout.root / "switches/wrong").unlink()
        rollout.ledger().unlink()
        assert rollout.gate("--again").code != 0

        done = no_promote(rollout.judge(), "hold.invalid_evidence")

        assert "attempt 1 is missing" in done.said

    def test_everything_but_the_state(self, tmp_path: Path) -> None:
        """The evidence folder is removed and the build gated anew: the failed attempt keeps its number."""
        rollout = prepared(made, tmp_path)
        rollout.switch("wrong", *range(10))
        assert rollout.gate().code == 10
        (rollout.root / "switches/wrong").unlink()
        shutil.rmtree(rollout.root / ".sluicegate")

        done = no_promote(rollout.gate(), "hold.invalid_evidence")

        assert "attempt 1 is missing" in done.said
        assert (rollout.root / ".sluicegate/preflight/2/verdict.json").exists()

    def test_a_failed_recording(self, tmp_path: Path) -> None:
        """The newest upload was bad and is gone, or is another one now: the state remembers its hash."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(900))
        assert rollout.judge().code == 0
        rollout.measured("approved", drafts(200, held=lambda number: number % 2 > 0, hours=4), name="today.csv")
        assert rollout.judge().code != 0
        rollout.recorded(2).unlink()

        assert "recording 2 is missing" in no_promote(rollout.judge(), "hold.invalid_evidence").said

        rollout.measured("approved", drafts(200, held=lambda number: True, hours=4), name="today.csv")
        no_promote(rollout.judge(), "hold.invalid_evidence")
        rollout.recorded(3).rename(rollout.recorded(2))
        no_promote(rollout.judge(), "hold.invalid_evidence")


class TestCutBack:
    """Evidence that a verdict has seen, cut back to before it was bad: no interrupted run that goes on from there."""

    def test_it_is_refused_and_kept(self, tmp_path: Path) -> None:
        """Cut to any line, or another run's: 30 from each door, nothing added; put back, it is what it was."""
        held = prepared(made, tmp_path)
        held.switch("wrong", *range(10))
        no_promote(held.gate(), "hold.below_target")
        (held.root / "switches/wrong").unlink()
        whole = held.ledger().read_bytes()
        other = prepared(made, tmp_path / "other")
        other.sound("collect", "rollout.yaml")
        ways = {
            "first line": whole.partition(b"\n")[0] + b"\n",
            "no end": TAMPERED["the end cut"](whole),
            "another run's": other.ledger().read_bytes(),
        }
        for how, content in ways.items():
            held.ledger().write_bytes(content)
            done = no_promote(held.gate(), "hold.invalid_evidence", "hold.suspect")
            assert "replaced or deleted" in done.said, how
            assert held.ledger().read_bytes() == content, how
            assert not held.ledger(number=2).exists(), how
        assert "replaced or deleted" in refused(held.run("collect", "rollout.yaml"), 30).err
        no_promote(held.judge(), "hold.invalid_evidence")
        held.ledger().write_bytes(whole)
        no_promote(held.gate(), "hold.below_target")

    def test_its_last_file_deleted(self, tmp_path: Path) -> None:
        """A run that was killed before any verdict goes on, into a file of its own; that one is remembered as well."""
        rollout = prepared(made, tmp_path)
        rollout.sound("collect", "rollout.yaml")
        rollout.ledger().write_bytes(TAMPERED["half cut"](rollout.ledger().read_bytes()))
        rollout.switch("wrong", *range(40))
        assert rollout.gate().code == 10
        (rollout.root / "switches/wrong").unlink()
        rollout.ledger(number=2).unlink()

        done = no_promote(rollout.gate(), "hold.invalid_evidence", "hold.suspect")
        assert "replaced or deleted" in done.said
        assert not rollout.ledger(number=2).exists()

    def test_without_a_state_file(self, tmp_path: Path) -> None:
        """The verdict that lies beside the evidence remembers it; also once another one has taken its place."""
        plan = PLAN.replace("state: rollout/state.jsonl\n", "").partition("  - name: ten")[0]
        rollout = made(tmp_path / "shop", plan)
        rollout.switch("wrong", *range(10))
        no_promote(rollout.gate(), "hold.below_target")
        (rollout.root / "switches/wrong").unlink()
        rollout.ledger().write_bytes(rollout.ledger().read_bytes().partition(b"\n")[0] + b"\n")

        for _ in range(2):
            no_promote(rollout.gate(), "hold.invalid_evidence")


class TestAgain:
    """Judged again until green."""

    def test_a_failed_case_stays_failed(self, tmp_path: Path) -> None:
        """The same build run three times: what failed once has failed, whatever came after."""
        rollout = prepared(made, tmp_path)
        rollout.switch("wrong", *range(10))
        assert rollout.gate().code == 10
        (rollout.root / "switches/wrong").unlink()

        no_promote(rollout.judge(), "hold.below_target")
        no_promote(rollout.gate(), "hold.below_target")
        done = no_promote(rollout.gate("--again"), "hold.below_target")

        success = done.criterion("draft.success_rate")["measured"]
        assert (success["k"], success["n"]) == (30, 40)

    def test_a_single_green_case_does_not_help(self, tmp_path: Path) -> None:
        """The failed case alone, run again and green, and then judged as a whole."""
        rollout = prepared(made, tmp_path)
        rollout.switch("raises", 7)
        no_promote(rollout.gate(), "hold.incident")
        (rollout.root / "switches/raises").unlink()
        rollout.gate("--case", "c07")

        no_promote(rollout.judge(), "hold.incident")
        assert rollout.gate("--again").kind == "hold.incident"

    def test_a_line_once_crossed(self, tmp_path: Path) -> None:
        """A stage entered a second time sheds no evidence of the same subject."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(200, held=lambda number: number % 4 == 0))
        no_promote(rollout.judge(), "rollback.threshold")
        rollout.sound("record", "rollback", "rollout.yaml", "--stage", "ten", "--by", "kim")
        rollout.enter("preflight")
        rollout.sound("record", "entry", "rollout.yaml", "--stage", "ten", "--override", "tried once more")
        rollout.measured("approved", drafts(900, held=lambda number: True, hours=16))

        no_promote(rollout.judge(), "rollback.threshold")


class TestCutShort:
    """Runs that did not end as planned."""

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
    def test_cancelled(self, tmp_path: Path, how: signal.Signals) -> None:
        """Ctrl-C or kill -9 in the middle: not a promote then, and no case is lost by going on from there."""
        rollout = prepared(made, tmp_path)
        rollout.switch("hangs", 20)
        run = subprocess.Popen(
            [SLUICEGATE, "collect", "rollout.yaml"],
            cwd=rollout.root,
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        wait_for(rollout.root / "switches/hanging")
        os.kill(run.pid, how)
        if how is signal.SIGINT:
            time.sleep(0.3)
            os.kill(run.pid, how)
        _, said = run.communicate(timeout=30)
        assert run.returncode != 0
        assert "Traceback" not in said

        no_promote(rollout.judge(), "hold.invalid_evidence", "hold.suspect")
        (rollout.root / "switches/hangs").unlink()
        done = no_promote(rollout.gate(), "hold.suspect", "hold.incident", "hold.invalid_evidence", "hold.incomplete")
        assert "never ended" in done.said

    def test_a_case_that_kills_the_runner(self, tmp_path: Path) -> None:
        """It is not tried again until it survives, though the runner exits 0; going on leaves it a crash."""
        rollout = prepared(made, tmp_path)
        rollout.switch("dies", 7)
        done = no_promote(rollout.gate(), "hold.incident")
        assert "died" in done.said
        (rollout.root / "switches/dies").unlink()

        for again in ((), ("--again",)):
            no_promote(rollout.gate(*again), "hold.incident")

    def test_deadline_while_inconclusive(self, tmp_path: Path) -> None:
        """The time to wait is over and the samples are not there: a hold, at once and at the deadline."""
        rollout = prepared(recorded_only, tmp_path)
        rollout.measured("approved", drafts(30, held=lambda number: True))
        before = time.monotonic()

        done = no_promote(rollout.gate("--wait", "3s"), "hold.insufficient")

        assert time.monotonic() - before >= 3
        assert done.criterion("approved")["measured"]["n"] == 30

    def test_stale_evidence(self, tmp_path: Path) -> None:
        """Suites of last week are not suites of today."""
        rollout = prepared(gated, tmp_path)

        done = no_promote(
            rollout.judge("--now", f"{time.gmtime().tm_year + 1}-01-01T00:00:00Z"), "hold.invalid_evidence"
        )

        assert "stale" in done.said


class TestNotThePipeline:
    """What answers is not the pipeline, or not at all."""

    def test_a_login_page_with_status_200(self, tmp_path: Path, login_page: str) -> None:
        """HTML where JSON belongs is a crash of every case, not an empty answer that breaks no rule."""
        rollout = made(tmp_path / "shop")
        rollout.replace("pipeline: bot:answer", f"pipeline: {{http: {login_page}}}")
        rollout.lock()

        done = no_promote(rollout.gate(), "hold.incident")

        assert "garbage" in done.said

    def test_a_pipeline_out_of_reach(self, tmp_path: Path) -> None:
        """Nobody listens: no case is called, nothing is recorded, and there is no verdict."""
        rollout = made(tmp_path / "shop")
        rollout.replace("pipeline: bot:answer", "pipeline: {http: http://127.0.0.1:9/draft}")
        rollout.lock()

        refused(rollout.gate(), 2, "nothing answers at http://127.0.0.1:9")
        assert not list(rollout.root.glob(".sluicegate/preflight/*/ledger-*"))

    def test_a_pipeline_that_hangs_up(self, tmp_path: Path) -> None:
        """Somebody listens and says nothing: every case crashed, none is skipped."""
        rollout = made(tmp_path / "shop")
        with hanging_up() as address:
            rollout.replace("pipeline: bot:answer", f"pipeline: {{http: {address}}}")
            rollout.lock()

            done = no_promote(rollout.gate(), "hold.incident", "hold.incomplete", "hold.suspect")

        assert done.verdict["counts"]["crashed"] == 40

    def test_a_pipeline_that_is_not_there(self, tmp_path: Path) -> None:
        """No module, no attribute, no program: said in one line, nothing recorded."""
        for number, (target, said) in enumerate(
            [("gone:answer", "gone"), ("bot:gone", "gone"), ("{command: [./gone]}", "gone")]
        ):
            rollout = prepared(made, tmp_path / str(number))
            rollout.replace("pipeline: bot:answer", f"pipeline: {target}")
            rollout.lock()

            refused(rollout.gate(), 2, said)
            assert not rollout.state.exists()


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.05)


@pytest.fixture
def login_page():
    """A server that answers everything with a friendly page."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            body = b"<!doctype html><html><title>Log in</title><p>ok</html>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/draft"
    server.shutdown()
    server.server_close()
    thread.join()
