"""A shard says whether it is whole: cut, changed, continued or miscounted ones are never taken for closed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.ledger.load_shard import LoadLag, LoadRequest, ShardOpened, ShardReader, shard_name
from sluicegate.ledger.shard_writer import ShardWriter
from sluicegate.ledger.writer import LedgerError
from sluicegate.model import Crash, CrashKind, Output, Usage, encode
from sluicegate.plan.load import not_a_test_target, sampled

OPENED = ShardOpened(
    version=1, run="ab" * 8, nonce="cd" * 16, subject="1" * 64, asked="2" * 64, profile="p", job="ef" * 32,
    worker=0, of=2, start_us=10,
    lasts_us=1000, planned=3, seed=0, target="POST http://localhost/", engine="0", locust="0",
)  # fmt: skip
REQUESTS = (
    LoadRequest(
        i=0, case="ä", repeat=0, run_id="0" * 16, intended=10, status="ok", start=11, first=12, end=20, bytes=3,
        http=200, pieces=3, gap_sum=5, gap_max=4, gaps=(1, 4), usage=Usage(output_tokens=3), model="m", cost=4,
        output=Output(content="x"),
    ),
    LoadRequest(
        i=2, case="b", repeat=0, run_id="1" * 16, intended=12, status="error", start=13, end=14,
        error=Crash(kind=CrashKind.UNREACHABLE, message="gone"),
    ),
    LoadRequest(i=4, case="b", repeat=1, run_id="2" * 16, intended=15, status="dropped"),
)  # fmt: skip
TOTAL = {"at": 99, "complete": True, "requests": 3, "ok": 1, "incomplete": 0, "error": 1, "dropped": 1, "worst_lag": 1}


def written(folder: Path, total: dict[str, object] | None = None) -> Path:
    path = folder / shard_name(OPENED.run, OPENED.worker, OPENED.of)
    path.unlink(missing_ok=True)
    writer = ShardWriter(path)
    writer.append("opened", encode(OPENED))
    for request in REQUESTS:
        writer.append("request", encode(request))
    writer.append("lag", encode(LoadLag(at=1, worst=2, in_flight=3)))
    writer.close(TOTAL | (total or {}))
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Every line as it was, and a close that agrees."""
    reader = ShardReader(written(tmp_path))
    assert reader.opened == OPENED
    assert list(reader) == [*REQUESTS, LoadLag(at=1, worst=2, in_flight=3)]
    assert reader.broken is None
    assert reader.closed is not None
    assert (reader.closed.requests, reader.closed.lines) == (3, 5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 1, exclude_max=True))
def test_a_shard_that_was_cut_anywhere_is_not_closed(tmp_path: Path, part: float) -> None:
    """At any byte: it is no shard at all, or broken; the whole lines before are given out."""
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    try:
        reader = ShardReader(path)
    except InputError:
        return
    found = list(reader)
    assert reader.closed is None
    assert reader.broken is not None
    assert found == [*REQUESTS, LoadLag(at=1, worst=2, in_flight=3)][: len(found)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_byte_is_seen(tmp_path: Path, at: float, bit: int) -> None:
    """Wherever it stands before the closing line's own words."""
    path = written(tmp_path)
    said = bytearray(path.read_bytes())
    said[int(at * said.rindex(b'{"kind":"closed"'))] ^= 1 << bit
    path.write_bytes(said)
    try:
        reader = ShardReader(path)
    except InputError:
        return
    list(reader)
    assert reader.closed is None
    assert reader.broken is not None


@pytest.mark.parametrize("total", [{"ok": 2, "requests": 4}, {"requests": 2}, {"dropped": 0, "requests": 2}])
def test_counts_that_disagree_are_seen(tmp_path: Path, total: dict[str, object]) -> None:
    """The reader counts again."""
    reader = ShardReader(written(tmp_path, total))
    list(reader)
    assert reader.broken is not None
    assert "counts other requests" in reader.broken.what


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"kind":"lag","at":1,"worst":2,"in_flight":3}\n', "goes on after"),
        (None, "was changed after"),
        (b'{"kind":"opened"}\n', "of kind 'opened'"),
        (b'{"kind":"request","i":1}\n', "that is none"),
    ],
)
def test_lines_that_do_not_belong_are_seen(tmp_path: Path, line: bytes | None, said: str) -> None:
    """After the close; instead of one that was there; a second opening; a request without its parts."""
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    if line is None:
        lines.pop(2)
    elif b"lag" in line:
        lines.append(line)
    else:
        lines.insert(2, line)
    path.write_bytes(b"".join(lines))
    reader = ShardReader(path)
    list(reader)
    assert reader.closed is None
    assert reader.broken is not None
    assert re.search(said, reader.broken.what)


def test_a_request_of_unknown_status_is_no_request(tmp_path: Path) -> None:
    """A word nobody counts would be a request that nobody counts."""
    path = written(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"dropped"', b'"skipped"'))
    reader = ShardReader(path)
    assert len(list(reader)) == 2
    assert reader.broken is not None


def test_a_shard_is_never_written_over(tmp_path: Path) -> None:
    """Nor where there is no folder for it."""
    path = written(tmp_path)
    with pytest.raises(LedgerError, match="cannot be made"):
        ShardWriter(path)
    with pytest.raises(LedgerError, match="cannot be made"):
        ShardWriter(path / "below")


def test_every_process_samples_the_same_requests() -> None:
    """All, none, and about the share asked for."""
    ids = [f"{(n * 2654435761) % 2**32:08x}{'0' * 8}" for n in range(2000)]
    assert all(sampled(one, 1.0) for one in ids)
    assert not any(sampled(one, 0.0) for one in ids)
    assert sum(sampled(one, 0.25) for one in ids) == pytest.approx(500, abs=30)


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("http://localhost/", True),
        ("http://127.0.0.1:8000", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:3/x", True),
        ("https://10.1.2.3/draft", True),
        ("http://staging.internal:8080/", True),
        ("http://staging.internal:8081/", False),
        ("http://example.com", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1@example.com/", False),
        ("http://8.8.8.8/", False),
        ("http://127.0.0.1%.example.com/", False),
        ("http://localhost%25.example.com/", False),
        ("http://[::1%25lo]:3/x", True),
        ("ftp://localhost/", False),
        ("", False),
        ("http://localhost:99999/", False),
    ],
)
def test_only_test_targets_are_asked(url: str, may: bool) -> None:
    """Loopback, and what the plan names with its port; whatever only looks like them is not."""
    fault = not_a_test_target(url, ["10.0.0.0/8", "staging.internal:8080"])
    assert (fault is None) is may
    assert fault is None or "test target" in fault.what or "no http address" in fault.what
