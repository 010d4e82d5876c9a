"""Reading a ledger: its verified prefix whatever happened to the rest, and what happened."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.ledger import ZERO, LedgerWriter, read_ledger


def _written(path: Path, count: int = 6, *, closed: bool = True) -> list[bytes]:
    with LedgerWriter(path) as writer:
        writer.append("run_started", {"number": 0})
        for number in range(1, count - 1):
            writer.append("void", {"number": number})
        writer.append("run_closed" if closed else "void", {"number": count - 1, "complete": True})
    return path.read_bytes().splitlines(keepends=True)


def _read(path: Path):
    reader = read_ledger(path)
    return reader, [record.body["number"] for record in reader]


def test_a_whole_ledger_is_closed_and_its_head_is_its_last_hash(tmp_path):
    """And every record carries its own hash."""
    lines = _written(tmp_path / "l")

    reader, numbers = _read(tmp_path / "l")

    assert numbers == [0, 1, 2, 3, 4, 5]
    assert (reader.closed, reader.complete, reader.broken) == (True, True, None)
    assert reader.head == sha256(lines[-1][:-1]).hexdigest()
    assert [record.hash for record in reader] == [sha256(line[:-1]).hexdigest() for line in lines]


def test_a_ledger_without_its_last_record_is_whole_and_unclosed(tmp_path):
    """A killed run leaves this: nothing is damaged, and nothing is closed."""
    lines = _written(tmp_path / "l")
    (tmp_path / "l").write_bytes(b"".join(lines[:-1]))

    reader, numbers = _read(tmp_path / "l")

    assert numbers == [0, 1, 2, 3, 4]
    assert (reader.closed, reader.complete, reader.broken) == (False, False, None)


def _changed(lines: list[bytes], number: int) -> list[bytes]:
    return [*lines[:number], lines[number].replace(b'"number":', b'"number":1'), *lines[number + 1 :]]


_DAMAGE = {
    "changed": (lambda lines: _changed(lines, 3), [0, 1, 2], 5, "was changed"),
    "changed, the record after it last": (lambda lines: _changed(lines, 4), [0, 1, 2, 3, 14], 6, "was changed"),
    "two swapped": (
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        [0, 1],
        3,
        "record 2 is missing or out",
    ),
    "one removed": (lambda lines: [*lines[:2], *lines[3:]], [0, 1], 3, "record 2 is missing"),
    "several removed": (lambda lines: [*lines[:2], lines[5]], [0, 1], 3, "records 2 to 4 are missing"),
    "one twice": (lambda lines: [*lines[:3], lines[2], *lines[3:]], [0, 1, 2], 4, "a second time"),
    "first removed": (lambda lines: lines[1:], [], 1, "record 0 is missing"),
    "cut in the middle": (lambda lines: [*lines[:2], lines[2][:30] + b"\n", *lines[3:]], [0, 1], 3, "not UTF-8 JSON"),
    "not UTF-8": (lambda lines: [*lines[:2], b"\xff\xfe\n", *lines[3:]], [0, 1], 3, "not UTF-8 JSON"),
    "no record": (lambda lines: [*lines[:2], b"[1]\n", *lines[3:]], [0, 1], 3, "not a ledger record"),
    "an empty line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], [0, 1], 3, "not UTF-8 JSON"),
    "rewritten": (
        lambda lines: [*lines[:2], json.dumps(json.loads(lines[2])).encode() + b"\n", *lines[3:]],
        [0, 1],
        3,
        "rewritten",
    ),
}


@pytest.mark.parametrize("damage", _DAMAGE)
def test_damage_ends_the_verified_prefix_and_is_told_with_its_line(tmp_path, damage):
    """What stands before it is still read: an incident recorded there still counts."""
    change, numbers, line, said = _DAMAGE[damage]
    path = tmp_path / "l"
    path.write_bytes(b"".join(change(_written(path))))

    reader, seen = _read(path)

    assert seen == numbers
    assert reader.broken is not None
    assert reader.broken.where == f"{path}:{line}"
    assert said in reader.broken.what
    assert reader.broken.mend
    assert not reader.closed
    assert not reader.torn


@pytest.mark.parametrize("tail", [b'{"seq":6,"prev":"', b"\0\0\0\0", b'{"seq":6}', b"\xff", b"rubbish\n"], ids=repr)
def test_an_unfinished_last_line_is_torn_and_only_that(tmp_path, tail):
    """The one damage that a resumed run may cut away."""
    path = tmp_path / "l"
    lines = _written(path, closed=False)
    path.write_bytes(b"".join(lines) + tail)

    reader, numbers = _read(path)

    assert numbers == [0, 1, 2, 3, 4, 5]
    assert reader.torn
    assert reader.broken is not None
    assert "unfinished" in reader.broken.what
    assert reader.verified_bytes == sum(map(len, lines))


def test_a_last_line_that_was_changed_is_not_torn(tmp_path):
    """It was finished once, so it is not cut: its number says that something else stood there."""
    path = tmp_path / "l"
    lines = _written(path)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1].replace(b'"seq":5', b'"seq":7'))

    reader, numbers = _read(path)

    assert numbers == [0, 1, 2, 3, 4]
    assert not reader.torn


def test_what_follows_run_closed_breaks_the_ledger(tmp_path):
    """Nothing is added to evidence that was closed."""
    with LedgerWriter(tmp_path / "l") as writer:
        writer.append("run_started", {"number": 0})
        writer.append("run_closed", {"number": 1, "complete": True})
        writer.append("void", {"number": 2})

    reader, numbers = _read(tmp_path / "l")

    assert numbers == [0, 1]
    assert not reader.closed
    assert reader.broken is not None
    assert "'void' stands after 'run_closed'" in reader.broken.what


def test_a_ledger_begins_with_run_started(tmp_path):
    """Evidence of nobody knows what is none."""
    with LedgerWriter(tmp_path / "l") as writer:
        writer.append("void", {"number": 0})

    reader, numbers = _read(tmp_path / "l")

    assert numbers == []
    assert reader.broken is not None


def test_what_is_no_ledger_is_told_and_never_raises(tmp_path):
    """Missing, empty, a folder, a pipe: a fault with the path, and no records."""
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, said in {
        "missing": "does not exist",
        "empty": "is empty",
        "folder": "not a regular file",
        "pipe": "not a regular file",
    }.items():
        reader = read_ledger(tmp_path / name)
        assert list(reader) == []
        assert reader.broken is not None
        assert said in reader.broken.what
        assert reader.broken.where == str(tmp_path / name)
        assert reader.missing == (name == "missing")
        assert not reader.closed


def test_reading_again_starts_afresh(tmp_path):
    """What one reading found does not stick to the next."""
    path = tmp_path / "l"
    lines = _written(path)
    path.write_bytes(b"".join(lines[:3]) + b"x")
    reader, _ = _read(path)
    assert reader.torn

    path.write_bytes(b"".join(lines))
    reader.verify()

    assert (reader.count, reader.closed, reader.broken) == (6, True, None)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_damage_goes_unseen_and_none_raises(tmp_path_factory, data):
    """Any byte changed, removed or added: the ledger is broken or shorter, and what is read stood there before.

    Only the last record has nothing after it to vouch for it; its hash is what verdicts and later attempts name.
    """
    path = tmp_path_factory.mktemp("ledger") / "l"
    lines = _written(path)
    whole = b"".join(lines)
    head = sha256(lines[-1][:-1]).hexdigest()
    at = data.draw(st.integers(0, len(whole) - 1))
    how = data.draw(st.sampled_from(["change", "remove", "add", "cut"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    damaged = {
        "change": whole[:at] + byte + whole[at + 1 :],
        "remove": whole[:at] + whole[at + 1 :],
        "add": whole[:at] + byte + whole[at:],
        "cut": whole[:at],
    }[how]
    path.write_bytes(damaged)

    reader = read_ledger(path)
    seen = list(reader)

    if damaged != whole:
        assert reader.broken is not None or not reader.closed or reader.head != head
    # The record just before the damage is doubted only where the damage says that it was changed.
    untouched = whole[:at].count(b"\n")
    assert len(seen) >= max(0, untouched - 1)
    for record in seen[: max(0, untouched - 1)]:
        assert record.hash == sha256(lines[record.seq][:-1]).hexdigest()


def test_an_incident_before_the_damage_is_read_even_when_the_last_line_is_hit(tmp_path):
    """The twin law: damage to what follows must not hide what stood there. Every byte of the last line is tried."""
    path = tmp_path / "l"
    lines = _written(path)
    for at in range(len(lines[-1])):
        for byte in (b"x", b"0", b"\n", b""):
            path.write_bytes(b"".join(lines[:-1]) + lines[-1][:at] + byte + lines[-1][at + 1 :])
            assert [record.body.get("number") for record in read_ledger(path)][:5] == [0, 1, 2, 3, 4]


def test_a_hostile_line_cannot_fill_the_memory(tmp_path, monkeypatch):
    """A line past the limit is refused after the limit's bytes."""
    from sluicegate.ledger import chain

    monkeypatch.setattr(chain, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "l"
    lines = _written(path, closed=False)
    path.write_bytes(b"".join(lines) + b"x" * 100_000 + b"\n")

    reader, numbers = _read(path)

    assert numbers == [0, 1, 2, 3, 4, 5]
    assert reader.broken is not None
    assert "longer than 1000 bytes" in reader.broken.what


def _rewritten(lines: list[bytes], number: int, change) -> bytes:
    """The ledger with one line changed and every hash after it made to fit, as a forger would."""
    made, prev = [], ZERO
    for at, line in enumerate(lines):
        fitting = line.replace(line[line.index(b'"prev":"') + 8 :][:64], prev.encode(), 1)
        made.append(change(fitting) if at == number else fitting)
        prev = sha256(made[-1][:-1]).hexdigest()
    return b"".join(made)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line.replace(b'"number":3', b'"number":3,"number":4'), "the key 'number' is written twice"),
        (lambda line: line.replace(b'"number":3', b'"number":{"a":[{"k":1,"k":1}]}'), "the key 'k' is written twice"),
        (lambda line: line.replace(b'"number":3', b'"number":3,"kind":"run_closed"'), "the key 'kind' is written"),
        (lambda line: line.replace(b'"number":3', b'"number":3,"\\u006eumber":4'), "the key 'number' is written twice"),
        (lambda line: line.replace(b'"number":3', b'"number": 3'), "rewritten by something else"),
        (lambda line: line.replace(b'"number":3', b'"number":3.0e0'), "rewritten by something else"),
        (lambda line: line.replace(b'"number":3', b'"number":' + b"[" * 300 + b"]" * 300), "rewritten by something"),
    ],
)
def test_a_record_that_reads_two_ways_is_damage_although_every_hash_fits(tmp_path, change, said):
    """The chain vouches for bytes; another reader would find another number in them. Only what is written counts."""
    lines = _written(tmp_path / "l")
    (tmp_path / "l").write_bytes(_rewritten(lines, 3, lambda line: line))
    assert _read(tmp_path / "l")[0].closed
    (tmp_path / "l").write_bytes(_rewritten(lines, 3, change))

    reader, numbers = _read(tmp_path / "l")

    assert numbers == [0, 1, 2]
    assert said in str(reader.broken)
    assert not reader.closed
    assert not reader.torn


def test_the_first_line_names_zeros(tmp_path):
    """A chain that begins in the middle of another is not one."""
    path = tmp_path / "l"
    lines = _written(path)
    path.write_bytes(lines[0].replace(ZERO.encode(), b"1" * 64))

    reader, numbers = _read(path)

    assert numbers == []
    assert reader.broken is not None
