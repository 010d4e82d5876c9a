"""Goldens of deepeval, of one turn or of a talk, and the test cases of a saved run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sluicegate.model import Json
from sluicegate.sets.cells import json_cell, objects_in
from sluicegate.sets.documents import Row, document, listed, rows
from sluicegate.sets.draft import Draft, mapping, text_of, texts

__all__ = ["deepeval"]

_LISTS = ("goldens", "testCases", "conversationalTestCases", "test_cases")
_RETRIEVED = re.compile(r"deepeval_source=(?P<source>.*?),deepeval_context=(?P<text>.*)", re.DOTALL)
"""How deepeval writes a context that names its source."""


def deepeval(path: Path) -> Iterator[Draft]:
    """Goldens saved as JSON, JSON lines or CSV (`EvaluationDataset.save_as`), or a saved test run."""
    for place, row in _rows(path):
        said = {_snake(key): value for key, value in row.items()}
        draft = Draft(tool="deepeval", place=place, row=row, name=said.get("name") or said.get("id"))
        if said.get("turns") or said.get("scenario"):
            draft.input = {key: json_cell(said[key]) for key in _OF_A_TALK if said.get(key)}
            if said.get("expected_outcome"):
                draft.lose("expected_outcome", said["expected_outcome"])
        else:
            draft.input = said.get("input")
            draft.expected = said.get("expected_output") or None
        draft.context = _texts(said.get("context"))
        draft.retrieval_context = [_retrieved(text) for text in _texts(said.get("retrieval_context"))]
        draft.metadata = mapping(json_cell(said.get("additional_metadata") or said.get("metadata")))
        _tools(draft, said.get("expected_tools"))
        expectations = mapping(json_cell(said.get("expectations")))
        for side in ("must", "must_not", "mustNot"):
            for sentence in texts(expectations.get(side)):
                draft.lose(f"expectations.{_snake(side)}", sentence)
        for name, label in mapping(json_cell(said.get("expected_labels"))).items():
            draft.lose(f"expected label {name}", label)
        for metric in objects_in(said.get("metrics_data")):
            draft.lose(f"metric {metric.get('name', 'unnamed')}", metric.get("threshold"))
        yield draft


_OF_A_TALK = ("scenario", "turns", "user_description", "persona")


def _rows(path: Path) -> Iterable[Row]:
    """The rows of goldens, or of both lists of a run; `.latest_test_run.json` keeps them one level down."""
    if path.suffix in (".jsonl", ".csv"):
        return rows(path)
    whole, under = document(path), "$"
    if isinstance(whole, dict) and isinstance(whole.get("testRunData"), dict):
        whole, under = whole["testRunData"], "$.testRunData"
    return listed(path, whole, _LISTS, under)


def _tools(draft: Draft, tools: Json) -> None:
    """That a tool is called is a limit; with what, and what it gives, is told as lost."""
    for tool in objects_in(json_cell(tools)):
        draft.called("expected_tools", text_of(tool.get("name", "")))
        if arguments := tool.get("input_parameters") or tool.get("inputParameters"):
            draft.lose("expected_tools.input_parameters", arguments)
        if (output := tool.get("output")) is not None:
            draft.lose("expected_tools.output", output)


def _texts(value: Json) -> list[str]:
    """A list; in a table, and in JSON lines, it is one text with bars between."""
    return [part for part in value.split("|") if part] if isinstance(value, str) else texts(value)


def _retrieved(text: str) -> str:
    match = _RETRIEVED.fullmatch(text)
    return match["text"] if match else text


def _snake(key: str) -> str:
    return "".join(f"_{ch.lower()}" if ch.isupper() else ch for ch in key).lstrip("_")
