"""Cases left in their files: the same cases, whenever they are asked for, and never other ones unnoticed."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path

import pytest

from sluicegate.errors import Fault, InputError
from sluicegate.plan.cases import read_cases
from sluicegate.plan.locked_cases import LockedCases
from sluicegate.plan.stored_cases import StoredCases, as_pinned, read_stored

ROWS = [
    {"id": "a", "input": {"n": 1}, "slice": "de"},
    {"name": "b", "inputs": "by another tool's names"},
    {"id": "c", "input": "é", "expect": {"must": [{"field": "content", "contains": "x"}]}},
]


def written(path: Path, *lines: object, encoding: str = "utf-8") -> Path:
    said = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_bytes(("\n".join(said) + "\n").encode(encoding))
    return path


def stored(*paths: Path) -> StoredCases:
    faults: list[Fault] = []
    found = read_stored(paths, faults, lambda case: case.review != "proposed")
    assert not faults
    return found


def pinned(path: Path, cases: StoredCases) -> StoredCases | None:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return as_pinned({"cases.jsonl": path}, {"cases.jsonl": digest}, cases.pins)


def test_stored_cases_are_the_cases(tmp_path: Path) -> None:
    """Of several files, in their order, by number and from the end; blank lines, a header and a mark are none."""
    one = written(tmp_path / "one.jsonl", '{"$schema": "./case.schema.json"}', ROWS[0], "", ROWS[1])
    two = written(tmp_path / "two.jsonl", ROWS[2], {"id": "d", "review": "proposed"}, {"id": "e"}, encoding="utf-8-sig")
    found, plain = stored(one, two), [case for case in read_cases([one, two]) if case.id != "d"]

    assert (list(found), list(found)) == (plain, plain)
    assert [found[number] for number in (0, 1, 2, 3, -1)] == [*plain, plain[-1]]
    assert found[1:3] == plain[1:3]
    assert list(found.pins) == [(case.id, case.digest()) for case in plain]
    with pytest.raises(IndexError):
        found[4]


def test_what_is_wrong_with_a_file_is_said_as_ever(tmp_path: Path) -> None:
    """All of it, by file and line."""
    faults: list[Fault] = []
    paths = [written(tmp_path / "a.jsonl", ROWS[0], "{", ROWS[0]), tmp_path / "gone.jsonl"]
    read_stored(paths, faults, lambda _case: True)

    assert [fault.where.rpartition("/")[2] for fault in faults] == ["a.jsonl:2", "gone.jsonl", "a.jsonl:3"]


@pytest.mark.parametrize("end", [b"\x0c", b"\x0b", b" \r\t"])
def test_what_may_stand_after_a_case_may_stand_there_ever_after(tmp_path: Path, end: bytes) -> None:
    """A page break, or what else counts as space: what was read once is read again."""
    path = tmp_path / "cases.jsonl"
    path.write_bytes(b"%b%b\n" % (json.dumps(ROWS[0]).encode(), end))

    assert list(stored(path)) == list(read_cases([path]))


@pytest.mark.parametrize("now", [b"", b"5\n" * 100_000, b"x" * 100_000])
def test_a_file_that_changes_while_it_is_read_is_said_to(tmp_path: Path, now: bytes) -> None:
    """Emptied, or written over: no traceback says what no reader of it asked."""
    path = written(tmp_path / "cases.jsonl", *({"id": f"case-{number}", "input": "x" * 1000} for number in range(100)))
    cases = iter(stored(path))
    next(cases)
    path.write_bytes(now)

    with pytest.raises(InputError, match="Was changed while its cases were run"):
        list(cases)


@pytest.mark.parametrize("how", ["in place", "by another file", "gone"])
def test_a_file_that_changed_is_never_read_on(tmp_path: Path, how: str) -> None:
    """What is read of it then would be another set."""
    path = written(tmp_path / "cases.jsonl", *ROWS)
    found = stored(path)
    if how == "gone":
        path.unlink()
    else:
        other = path if how == "in place" else tmp_path / "other"
        written(other, *ROWS)
        os.utime(other, ns=(1, 1))
        os.replace(other, path)

    with pytest.raises(InputError):
        list(found)


def test_files_as_they_were_pinned_are_not_looked_through_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock knows ids and digests; the cases are read when they are wanted."""
    path = written(tmp_path / "cases.jsonl", *ROWS, {"id": "e", "review": "accepted", "given": {"deliveries": 2}})
    looked_through = stored(path)
    monkeypatch.setattr("sluicegate.plan.cases.Reading.file", None)
    found = pinned(path, looked_through)

    assert found is not None
    assert list(found) == list(looked_through)
    assert found.pins is looked_through.pins


def doubtful() -> Iterator[tuple[str, object]]:
    yield "a case awaits its review", {"id": "d", "review": "proposed"}
    yield "a case asks about flags", {"id": "d", "given": {"flags": {}}}
    yield "a key may be written in numbers", '{"id": "d", "g\\u0069ven": {"\\u0066lags": {}}}'


@pytest.mark.parametrize(("why", "row"), list(doubtful()))
def test_a_file_some_of_whose_cases_are_run_apart_is_looked_through(tmp_path: Path, why: str, row: object) -> None:
    """Digests do not say which."""
    path = written(tmp_path / "cases.jsonl", *ROWS, row)

    assert pinned(path, stored(written(tmp_path / "other.jsonl", *ROWS, {"id": "d"}))) is None, why


@pytest.mark.parametrize(
    "pins",
    [
        [("a", "0" * 64), ("b", "0" * 64), ("c", "0" * 64)],
        [("a", None), ("b", None)],
        [("a", None), ("b", None), ("c", None), ("d", None)],
        [("a", None), ("b", None), ("x", None)],
    ],
)
def test_a_lock_whose_file_and_cases_say_two_things_is_not_believed(
    tmp_path: Path, pins: list[tuple[str, str | None]]
) -> None:
    """Its digest of the file is right; other digests, a case fewer, one more, another id."""
    path = written(tmp_path / "cases.jsonl", *ROWS)
    true = dict(stored(path).pins)
    said = LockedCases((case_id, digest or true.get(case_id, "0" * 64)) for case_id, digest in pins)

    assert as_pinned({"x": path}, {"x": sha256(path.read_bytes()).hexdigest()}, said) is None


@pytest.mark.parametrize("digests", [{}, {"x": "0" * 64}])
def test_another_file_is_looked_through(tmp_path: Path, digests: dict[str, str]) -> None:
    """One that the lock does not name, or names otherwise."""
    path = written(tmp_path / "cases.jsonl", *ROWS)

    assert as_pinned({"x": path}, digests, stored(path).pins) is None
    assert as_pinned({"x": tmp_path / "gone"}, {"x": "0" * 64}, stored(path).pins) is None


def test_stored_cases_take_no_memory_for_what_they_hold(tmp_path: Path) -> None:
    """Ten thousand cases of a thousand letters, one after the other."""
    rows = ({"id": f"case-{number}", "input": "x" * 1000} for number in range(10_000))
    path = written(tmp_path / "cases.jsonl", *rows)
    looked_through = stored(path)
    tracemalloc.start()
    found = pinned(path, looked_through)
    assert found is not None
    assert sum(len(str(case.input)) for case in found) == 10_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 10_000 * 50
