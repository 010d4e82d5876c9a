"""What a program was trained on: rows, saved programs, prompts; what cannot be read is a fault with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluicegate.errors import InputError
from sluicegate.sets.training import train_rows

PROGRAM = {
    "decide.predict": {
        "traces": [],
        "train": [],
        "demos": [
            {"augmented": True, "task": "Write the weekly report", "decision": "delegate"},
            {"task": "Sign the lease", "decision": "keep"},
        ],
        "signature": {"instructions": "Decide.", "fields": []},
        "lm": None,
    },
    "metadata": {"dependency_versions": {"python": "3.11"}},
}


def test_rows_of_json_lines_have_their_line(tmp_path: Path) -> None:
    """Blank lines count as lines."""
    path = tmp_path / "train.jsonl"
    path.write_text('{"id": "a", "task": "x"}\n\n{"case_id": 7, "task": "y"}\n')

    assert [(row.where, row.ids) for row in train_rows(path)] == [
        (f"{path}:1", frozenset({"a"})),
        (f"{path}:3", frozenset({"7"})),
    ]


def test_a_saved_program_is_read_for_its_demos(tmp_path: Path) -> None:
    """Every predictor's, with the path in the file; dspy is not imported."""
    path = tmp_path / "program.json"
    path.write_text(json.dumps(PROGRAM))

    rows = list(train_rows(path))

    assert [row.where for row in rows] == [f"{path} $.decide.predict.demos[{index}]" for index in (0, 1)]
    assert "Sign the lease" in rows[1].texts
    path.write_text(json.dumps({"decide": {"demos": [], "signature": {}}}))
    assert list(train_rows(path)) == []


def test_a_prompt_is_one_row_and_its_lines(tmp_path: Path) -> None:
    """With and without what stands before a colon."""
    path = tmp_path / "prompt.md"
    path.write_text("You decide.\nQ: Sign the lease\nA: keep\n")

    (row,) = train_rows(path)

    assert {"Q: Sign the lease", " Sign the lease"} <= set(row.texts)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("train.jsonl", "{\n", ":1: Is no JSON"),
        ("train.jsonl", "\n", "Holds no row"),
        ("program.json", '{"signature": {}}', "neither a list of rows nor the demos"),
        ("program.json", '{"demos": [], "demos": []}', "written twice"),
        ("absent.json", None, "no such file"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    """Nothing is taken for an empty training set."""
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    with pytest.raises(InputError, match=said):
        list(train_rows(path))
