"""`golden check`: every kind of fault is found at its line, all at once; the packaged sets have none."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from email_world import data

sys.path.pop(0)

from sluicegate.session.golden_check import LookedAt, check_sets
from sluicegate.session.golden_rows import pin
from sluicegate.sets.manifest import manifest_of, manifest_path

LONG = "The parcel with the blue lamp was due on Monday and the tracking page has said nothing since then, please help."


def a_set(folder: Path, rows: Iterable[Mapping[str, object]], name: str = "orders.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def kinds(looked: LookedAt) -> list[tuple[str, str, str | None]]:
    """Kind, file name and line, id."""
    return [(fault.kind, Path(fault.where).name, fault.case_id) for fault in looked.faults]


SETS = sorted(Path(data("golden")).glob("*.jsonl"))


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_packaged_sets_are_sound(path: Path) -> None:
    """Without a fault, with a manifest, and reviewed."""
    looked = check_sets([path])

    assert looked.faults == []
    assert looked.notes == []
    assert looked.awaiting == 0


ROLLOUTS = {"content_router", "email_rag", "trend_analysis", "dspy_delegation", "json_mode"}


@pytest.mark.parametrize("path", [path for path in SETS if path.stem in ROLLOUTS], ids=lambda path: path.stem)
def test_sets_of_the_rollouts_are_large_and_sliced(path: Path) -> None:
    """At least sixty cases each, in at least two slices of ten."""
    slices = next(iter(check_sets([path]).slices.values()))

    assert sum(slices.values()) >= 60
    assert sum(count >= 10 for name, count in slices.items() if name) >= 2


def test_faults_of_every_kind_at_once(tmp_path: Path) -> None:
    """Unreadable rows, a repeated id, an unusable rule, equal and nearly equal questions, a repeated tag."""
    path = a_set(
        tmp_path,
        [
            {"id": "a", "input": LONG},
            {"id": "b", "input": LONG.upper() + "  ", "expect": {"outcome": "refusal"}},
            {"id": "c", "input": LONG + " Thanks"},
            {"id": "a", "input": "another question"},
            {"id": "d", "imput": "x"},
            {"id": "e", "input": "e", "expect": {"must": [{"field": "contnet", "contains": "x"}]}},
            {"id": "f", "input": "f", "tags": ["x", "x"]},
            {"id": "g", "input": "g", "review": "maybe"},
        ],
    )

    looked = check_sets([path])

    assert Counter(kinds(looked)) == Counter(
        [
            ("case", "orders.jsonl:4", None),
            ("case", "orders.jsonl:5", None),
            ("case", "orders.jsonl:8", None),
            ("case", "orders.jsonl:6", "e"),
            ("case", "orders.jsonl:7", "f"),
            ("duplicate", "orders.jsonl:2", "b"),
            ("near_duplicate", "orders.jsonl:3", "c"),
        ]
    )
    duplicate = next(fault for fault in looked.faults if fault.kind == "duplicate")
    assert "expects something else" in duplicate.what
    assert all(fault.mend for fault in looked.faults if fault.kind != "case")


def test_twins_on_purpose_are_said_in_the_manifest(tmp_path: Path) -> None:
    """A group `alike`; a third case is no part of it."""
    rows = [{"id": name, "input": f"{LONG}{end}"} for name, end in (("a", ""), ("b", " Thanks"), ("c", " Yours"))]
    path = a_set(tmp_path, rows)
    pinned = pin(path, origin="own words").path
    said = json.loads(pinned.read_text())
    said["sets"]["orders.jsonl"]["alike"] = [["a", "b"]]
    pinned.write_text(json.dumps(said))

    assert kinds(check_sets([path])) == [("near_duplicate", "orders.jsonl:3", "c")]
    assert pin(path).path == pinned
    assert manifest_of(pinned).sets["orders.jsonl"].alike == (("a", "b"),)


def test_drift_is_said_with_counts_and_shares(tmp_path: Path) -> None:
    """A set that lost its cases of one slice is not the set that was reviewed."""
    rows = [{"id": f"c{n}", "input": f"question {n}", "slice": "de" if n < 4 else "en"} for n in range(10)]
    path = a_set(tmp_path, rows)
    pin(path, origin="own words", licence="CC0-1.0")
    assert check_sets([path]).faults == []

    a_set(tmp_path, rows[3:])

    said = [fault.what for fault in check_sets([path]).faults]
    assert said[:2] == [
        "has 7 cases; its manifest says 10.",
        "slice 'de': 1 cases (14.3%); its manifest says 4 (40.0%).",
    ]
    assert said[2].startswith("is not the file its manifest pins")
    assert len(said) == 3


@pytest.mark.parametrize(
    ("name", "text", "share"),
    [
        ("train.jsonl", json.dumps({"id": "b", "input": "nothing of the kind"}), "its id is"),
        ("train.jsonl", json.dumps({"question": LONG.upper()}), "what it asks is"),
        ("program.json", json.dumps({"p": {"demos": [{"q": f"{LONG} Regards", "a": "x"}]}}), "100% of what it asks is"),
        ("prompt.md", f"You answer.\n\nUser: {LONG}\nYou: on Tuesday.\n", "what it asks is"),
        ("prompt.md", f"An example: {LONG.replace('Monday', 'Tuesday')} Then answer.", "90% of what it asks is"),
    ],
)
def test_a_case_that_training_has_seen_is_a_leak(tmp_path: Path, name: str, text: str, share: str) -> None:
    """By its id, by what it asks, or nearly; in rows, in demos of a program, in a prompt; named in the manifest too."""
    path = a_set(tmp_path, [{"id": "a", "input": "Is the lamp dimmable?"}, {"id": "b", "input": LONG}])
    train = tmp_path / name
    train.write_text(text)

    looked = check_sets([path], train=[train])

    assert kinds(looked) == [("leak", "orders.jsonl:2", "b")]
    assert looked.faults[0].what.startswith(f"was seen in training: {share}")
    assert str(train) in looked.faults[0].what
    pinned = pin(path, origin="own words").path
    said = json.loads(pinned.read_text())
    said["sets"]["orders.jsonl"]["train"] = [name, "gone.jsonl"]
    pinned.write_text(json.dumps(said))
    assert {fault.case_id for fault in check_sets([path]).faults} == {"b", None}


def test_a_manifest_is_read_strictly(tmp_path: Path) -> None:
    """A misspelt key is a fault, and so is a set that its manifest does not name."""
    path = a_set(tmp_path, [{"id": "a", "input": 1}])
    manifest = tmp_path / "orders.manifest.json"
    manifest.write_text('{"schema_version": 1, "sets": {"orders.jsonl": {"case": 1, "sha256": "", "origin": ""}}}')
    assert "Did you mean 'cases'?" in check_sets([path]).faults[0].mend
    manifest.write_text('{"schema_version": 1, "sets": {}}')
    assert check_sets([path]).faults[0].what == "names no set 'orders.jsonl'."
    manifest.write_text('{"schema_version": 2, "sets": {}}')
    assert "schema_version is 2" in check_sets([path]).faults[0].what
    manifest.unlink()
    assert "has no manifest" in check_sets([path]).notes[0]
    assert manifest_path(path) is None
