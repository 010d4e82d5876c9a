"""Writing a ledger: one hand, one new file, and a chain that nothing continues from a wrong place."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import textwrap
from hashlib import sha256
from pathlib import Path

import pytest

from sluicegate.ledger import ZERO, LedgerError, LedgerWriter, read_ledger


def test_each_line_names_the_hash_of_the_line_before(tmp_path):
    """seq from 0, prev from 64 zeros, the hash over the line's bytes without its newline."""
    with LedgerWriter(tmp_path / "a" / "ledger.jsonl") as writer:
        writer.append("run_started", {"nonce": "n"})
        head = writer.append("void", {"reason": "é"})
        empty = writer.append("note", {})

    lines = (tmp_path / "a" / "ledger.jsonl").read_bytes().splitlines()
    assert json.loads(lines[0]) == {"seq": 0, "prev": ZERO, "kind": "run_started", "nonce": "n"}
    assert json.loads(lines[1])["prev"] == sha256(lines[0]).hexdigest()
    assert head == sha256(lines[1]).hexdigest()
    assert json.loads(lines[2]) == {"seq": 2, "prev": head, "kind": "note"}
    assert empty == writer.head


def test_evidence_is_never_overwritten(tmp_path):
    """A path that exists is refused, whatever it is, and stays as it was."""
    for name, make in {
        "file": lambda path: path.write_text("old"),
        "empty": lambda path: path.touch(),
        "folder": lambda path: path.mkdir(),
        "link": lambda path: path.symlink_to("/dev/null"),
        "fifo": os.mkfifo,
    }.items():
        path = tmp_path / name
        make(path)
        with pytest.raises(LedgerError) as raised:
            LedgerWriter(path)
        assert raised.value.faults[0].where == str(path)
    assert (tmp_path / "file").read_text() == "old"


def test_devices_are_no_place_for_a_ledger():
    """A run as root must not replace /dev/full."""
    with pytest.raises(LedgerError, match="something is there already"):
        LedgerWriter(Path("/dev/full"))

    assert Path("/dev/full").is_char_device()


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    """With the path and the mend, not with a traceback."""
    (tmp_path / "file").touch()

    with pytest.raises(LedgerError, match="cannot be made") as raised:
        LedgerWriter(tmp_path / "file" / "ledger.jsonl")

    assert raised.value.faults[0].mend


def test_a_body_that_is_not_json_leaves_the_ledger_as_it_was(tmp_path):
    """The next record follows as if nothing had been."""
    with LedgerWriter(tmp_path / "l") as writer:
        writer.append("run_started", {})
        for body in ({"x": object()}, {"x": "\ud800"}, {"x": {1, 2}}):
            with pytest.raises(TypeError):
                writer.append("void", body)
        writer.append("void", {"x": {1: 2}})

    reader = read_ledger(tmp_path / "l")
    assert [record.kind for record in reader] == ["run_started", "void"]
    assert reader.broken is None


def test_keys_that_are_one_text_are_refused(tmp_path):
    """A number and its digits would be one key written twice, which no reader accepts."""
    with LedgerWriter(tmp_path / "l") as writer:
        writer.append("run_started", {"a": {1: "one"}})
        with pytest.raises(TypeError, match="the same text"):
            writer.append("void", {"a": {1: "one", "1": "uno"}})
        writer.append("void", {"a": {1: "one", "2": "two"}})

    reader = read_ledger(tmp_path / "l")
    assert [record.body["a"] for record in reader] == [{"1": "one"}, {"1": "one", "2": "two"}]
    assert reader.broken is None


def test_after_an_interrupted_append_nothing_is_written_ever_again(tmp_path):
    """Whatever comes out of the middle of a write, the chain on disk is not continued from a guess."""
    writer = LedgerWriter(tmp_path / "l")
    writer.append("run_started", {})

    def handler(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    interrupted = False
    try:
        for _ in range(200):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)
                for _ in range(10_000):
                    writer.append("void", {"reason": "x" * 50})
            except KeyboardInterrupt:
                pass
            except LedgerError:
                interrupted = True
                break
    except KeyboardInterrupt:
        pass  # the alarm of the last round, come late
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    count = os.path.getsize(tmp_path / "l")
    if interrupted:
        with pytest.raises(LedgerError, match="no more can be written"):
            writer.append("void", {})
    writer.abandon()

    reader = read_ledger(tmp_path / "l")
    reader.verify()
    assert reader.broken is None
    assert reader.verified_bytes == count


def test_an_append_from_within_an_append_is_refused(tmp_path):
    """A signal handler that writes would otherwise fork the chain, or wait for itself for ever."""
    writer = LedgerWriter(tmp_path / "l")
    writer.append("run_started", {})
    refused = []

    def handler(*_):
        try:
            writer.append("void", {"reason": "handler"})
        except LedgerError:
            refused.append(1)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
    try:
        for _ in range(20_000):
            try:
                writer.append("void", {"reason": "main"})
            except LedgerError:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    writer.abandon()

    reader = read_ledger(tmp_path / "l")
    reader.verify()
    assert reader.broken is None


_FULL = """
    import resource, sys
    from pathlib import Path
    from sluicegate.ledger import LedgerError, LedgerWriter
    writer = LedgerWriter(Path(sys.argv[1]))
    writer.append("run_started", {})
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    for _ in range(2):
        try:
            for _ in range(100):
                writer.append("void", {"reason": "x" * 90})
        except LedgerError as error:
            print(error)
"""


def test_a_full_disk_fails_the_run_and_keeps_what_was_written(tmp_path):
    """The records before are verified, nothing is left of the one that did not fit, nothing is appended."""
    path = tmp_path / "ledger.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_FULL), str(path)], capture_output=True, text=True, check=True
    )

    first, second = done.stdout.splitlines()
    assert first.startswith(f"{path}: the disk is full; the ")
    assert "records before are safe" in first
    assert "no more can be written" in second
    reader = read_ledger(path)
    assert sum(1 for _ in reader) >= 3
    assert not reader.torn
    assert reader.broken is None
    assert not reader.closed


def test_another_process_cannot_take_a_ledger_that_is_being_written(tmp_path):
    """The file is locked for as long as its writer lives."""
    with LedgerWriter(tmp_path / "l"), open(tmp_path / "l", "rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_was_appended_survives_sigkill(tmp_path):
    """One write per record: the kernel has it, whatever becomes of the process."""
    path = tmp_path / "l"
    code = f"""
        import os, signal
        from pathlib import Path
        from sluicegate.ledger import LedgerWriter
        writer = LedgerWriter(Path({str(path)!r}))
        writer.append("run_started", {{}})
        for number in range(500):
            writer.append("void", {{"number": number}})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)

    reader = read_ledger(path)
    assert done.returncode == -signal.SIGKILL
    assert sum(1 for _ in reader) == 501
    assert reader.broken is None
    assert not reader.closed
