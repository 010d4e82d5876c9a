"""Rows of ragas, inspect and langsmith: a question, a reference, and what it was asked from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json
from sluicegate.sets.cells import json_cell, literal, objects_in
from sluicegate.sets.documents import Row, document, listed, rows
from sluicegate.sets.draft import Draft, mapping, text_of, texts

__all__ = ["inspect", "langsmith", "ragas"]

_TABLES = (".jsonl", ".csv")


def ragas(path: Path) -> Iterator[Draft]:
    """Samples as `EvaluationDataset.to_jsonl` and `to_csv` write them, or older rows (question, ground_truth)."""
    for place, row in _listed(path, "samples"):
        said = {key: literal(value) if path.suffix == ".csv" else value for key, value in row.items()}
        draft = Draft(tool="ragas", place=place, row=row, name=said.get("id") or said.get("name"))
        draft.input = said.get("user_input", said.get("question"))
        truths = said.get("reference", said.get("ground_truth", said.get("ground_truths")))
        draft.expected = truths[0] if isinstance(truths, list) and len(truths) == 1 else truths or None
        draft.context = texts(said.get("reference_contexts"))
        draft.retrieval_context = texts(said.get("retrieved_contexts", said.get("contexts")))
        for name in ("persona_name", "query_style", "query_length", "synthesizer_name"):
            if said.get(name):
                draft.metadata[name] = said[name]
        for tool in objects_in(said.get("reference_tool_calls")):
            draft.called("reference_tool_calls", text_of(tool.get("name", "")))
            if tool.get("args"):
                draft.lose("reference_tool_calls.args", tool["args"])
        for name in ("rubrics", "rubric", "reference_topics", "reference_context_ids"):
            if said.get(name):
                draft.lose(name, said[name])
        yield draft


def inspect(path: Path) -> Iterator[Draft]:
    """Samples as JSON, JSON lines or CSV, or those of a log written as JSON (`inspect log convert --to json`)."""
    if path.suffix == ".eval":
        mend = "Write it as JSON first: inspect log convert LOG --to json --output-dir DIR"
        raise InputError(Fault(where=str(path), what="Is a packed log.", mend=mend))
    seen: set[str] = set()
    whole = None if path.suffix in _TABLES else document(path)
    named = _scorers(whole)
    for place, row in rows(path) if whole is None else listed(path, whole, ("samples",)):
        if "epoch" in row:
            if str(row.get("id")) in seen:
                continue  # the same sample, run again
            seen.add(str(row.get("id")))
        draft = Draft(tool="inspect", place=place, row=row, name=row.get("id"))
        draft.input = row.get("input")
        if choices := json_cell(row.get("choices")):
            draft.input = {"input": draft.input, "choices": choices}
        draft.expected = json_cell(row.get("target")) or None
        draft.metadata = mapping(json_cell(row.get("metadata")))
        for name in ("sandbox", "files", "setup"):
            if row.get(name):
                draft.lose(name, row[name])
        for scorer in dict.fromkeys([*named, *mapping(row.get("scores"))]):
            draft.lose(f"scorer {scorer}")
        yield draft


def _scorers(log: Json) -> list[str]:
    """What the log says it scored with: a sample that ended in an error has no score."""
    said = mapping(log).get("eval")
    return [text_of(each.get("name", "unnamed")) for each in objects_in(mapping(said).get("scorers"))]


def langsmith(path: Path) -> Iterator[Draft]:
    """Examples of a dataset, as its export or `Example.json()` writes them: inputs, outputs, metadata."""
    for place, row in _listed(path, "examples"):
        draft = Draft(tool="langsmith", place=place, row=row, name=row.get("id"))
        draft.input = json_cell(row.get("inputs"))
        draft.expected = json_cell(row.get("outputs") or row.get("reference_outputs")) or None
        draft.metadata = mapping(json_cell(row.get("metadata")))
        split = row.get("split") or draft.metadata.get("dataset_split")
        draft.tags = texts(split)
        if row.get("attachments"):
            draft.lose("attachments", sorted(mapping(row["attachments"])))
        yield draft


def _listed(path: Path, *keys: str) -> Iterable[Row]:
    """The rows of a list, or of the list under one of `keys`."""
    return rows(path) if path.suffix in _TABLES else listed(path, document(path), keys)
