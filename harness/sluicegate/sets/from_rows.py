"""Rows of deepeval, ragas, inspect and langsmith: a question, a reference, and what it was asked from."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json
from sluicegate.sets.documents import Row, document, rows
from sluicegate.sets.draft import Draft, mapping, text_of, texts

__all__ = ["deepeval", "inspect", "langsmith", "ragas"]


def deepeval(path: Path) -> Iterator[Draft]:
    """Goldens saved as JSON, JSON lines or CSV (`EvaluationDataset.save_as`), or a saved test run."""
    for place, row in _listed(path, "goldens", "testCases", "test_cases"):
        said = {_snake(key): value for key, value in row.items()}
        draft = Draft(tool="deepeval", place=place, row=row, name=said.get("name") or said.get("id"))
        if said.get("turns") or said.get("scenario"):
            draft.input = {
                key: _json_cell(said[key]) for key in ("scenario", "turns", "user_description") if said.get(key)
            }
            if said.get("expected_outcome"):
                draft.lose("expected_outcome", said["expected_outcome"])
        else:
            draft.input = said.get("input")
            draft.expected = said.get("expected_output") or None
        split = "|" if path.suffix == ".csv" else None
        draft.context = _cells(said.get("context"), split)
        draft.retrieval_context = _cells(said.get("retrieval_context"), split)
        draft.metadata = mapping(_json_cell(said.get("additional_metadata") or said.get("metadata")))
        for tool in _objects(_json_cell(said.get("expected_tools"))):
            draft.called("expected_tools", text_of(tool.get("name", "")))
            if arguments := tool.get("input_parameters") or tool.get("inputParameters"):
                draft.lose("expected_tools.input_parameters", arguments)
        for side, sentences in mapping(said.get("expectations")).items():
            for sentence in texts(sentences):
                draft.lose(f"expectations.{side}", sentence)
        for metric in _objects(said.get("metrics_data")):
            draft.lose(f"metric {metric.get('name', 'unnamed')}", metric.get("threshold"))
        yield draft


def ragas(path: Path) -> Iterator[Draft]:
    """Samples as `EvaluationDataset.to_jsonl` and `to_csv` write them, or older rows (question, ground_truth)."""
    for place, row in _listed(path, "samples"):
        said = {key: _literal(value) if path.suffix == ".csv" else value for key, value in row.items()}
        draft = Draft(tool="ragas", place=place, row=row, name=said.get("id") or said.get("name"))
        draft.input = said.get("user_input", said.get("question"))
        truths = said.get("reference", said.get("ground_truth", said.get("ground_truths")))
        draft.expected = truths[0] if isinstance(truths, list) and len(truths) == 1 else truths or None
        draft.context = texts(said.get("reference_contexts"))
        draft.retrieval_context = texts(said.get("retrieved_contexts", said.get("contexts")))
        for name in ("persona_name", "query_style", "query_length", "synthesizer_name"):
            if said.get(name):
                draft.metadata[name] = said[name]
        for tool in _objects(said.get("reference_tool_calls")):
            draft.called("reference_tool_calls", text_of(tool.get("name", "")))
            if tool.get("args"):
                draft.lose("reference_tool_calls.args", tool["args"])
        for name in ("rubrics", "rubric", "reference_topics"):
            if said.get(name):
                draft.lose(name, said[name])
        yield draft


def inspect(path: Path) -> Iterator[Draft]:
    """Samples as JSON, JSON lines or CSV, or those of a log written as JSON (`inspect log convert --to json`)."""
    if path.suffix == ".eval":
        mend = "Write it as JSON first: inspect log convert LOG --to json --output-dir DIR"
        raise InputError(Fault(where=str(path), what="Is a packed log.", mend=mend))
    seen: set[str] = set()
    for place, row in _listed(path, "samples"):
        if "epoch" in row:
            if str(row.get("id")) in seen:
                continue  # the same sample, run again
            seen.add(str(row.get("id")))
        draft = Draft(tool="inspect", place=place, row=row, name=row.get("id"))
        draft.input = row.get("input")
        if choices := _json_cell(row.get("choices")):
            draft.input = {"input": draft.input, "choices": choices}
        draft.expected = _json_cell(row.get("target")) or None
        draft.metadata = mapping(_json_cell(row.get("metadata")))
        for name in ("sandbox", "files", "setup"):
            if row.get(name):
                draft.lose(name, row[name])
        for scorer in mapping(row.get("scores")):
            draft.lose(f"scorer {scorer}")
        yield draft


def langsmith(path: Path) -> Iterator[Draft]:
    """Examples of a dataset, as its export or `Example.json()` writes them: inputs, outputs, metadata."""
    for place, row in _listed(path, "examples"):
        draft = Draft(tool="langsmith", place=place, row=row, name=row.get("id"))
        draft.input = _json_cell(row.get("inputs"))
        draft.expected = _json_cell(row.get("outputs", row.get("reference_outputs"))) or None
        draft.metadata = mapping(_json_cell(row.get("metadata")))
        split = row.get("split") or draft.metadata.get("dataset_split")
        draft.tags = texts(split)
        if row.get("attachments"):
            draft.lose("attachments", sorted(mapping(row["attachments"])))
        yield draft


def _listed(path: Path, *keys: str) -> Iterable[Row]:
    """The rows of a list, or of the list under one of `keys`."""
    if path.suffix in (".jsonl", ".csv"):
        return rows(path)
    whole = document(path)
    for key in keys:
        if isinstance(whole, dict) and isinstance(whole.get(key), list):
            return rows(path, whole[key], f"$.{key}")
    if not isinstance(whole, list):
        what = f"Is neither a list of rows nor has {' or '.join(keys)}."
        raise InputError(Fault(where=str(path), what=what, mend="Is it the format you named?"))
    return rows(path, whole)


def _snake(key: str) -> str:
    return "".join(f"_{ch.lower()}" if ch.isupper() else ch for ch in key).lstrip("_")


def _objects(value: Json) -> list[dict[str, Json]]:
    return [dict(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _cells(value: Json, split: str | None) -> list[str]:
    if isinstance(value, str) and split is not None:
        return [part for part in value.split(split) if part]
    return texts(value)


def _json_cell(value: Json) -> Json:
    """What a cell of a table holds where it is JSON; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    import json

    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return _literal(value)


def _literal(value: Json) -> Json:
    """What Python's `csv` made of a list: its repr."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value
