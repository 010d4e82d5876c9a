"""A recording as OTLP/JSON traces: a case is the span that carries its id, with everything below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import orjson

from sluicegate.errors import InputError, nearest
from sluicegate.model import CrashKind, Output, first_non_finite
from sluicegate.model.otlp import Span, SpanError, spans_of
from sluicegate.pipelines.conversion import output_of, with_error
from sluicegate.pipelines.crashes import crash
from sluicegate.pipelines.genai import answer_of
from sluicegate.pipelines.mapping import parse_mapping
from sluicegate.pipelines.offsets import Offsets, Seen
from sluicegate.pipelines.recorded_files import FaultList, RecordedFiles
from sluicegate.plan.types import RecordingTarget

__all__ = ["RecordedTraces"]

_AT = "pipeline.recording"
_LINE_BYTES = 64_000_000
"""Exporters write whole batches in one line."""
_LINES_HELD = 8
_NAMES_SEEN = 200


class RecordedTraces:
    """Spans by trace, and the lines in which a case's span stands. Repeats of a case are in order of their start.

    Lines come in any order and a trace may be spread over lines and files, so reading a case gathers its whole trace.
    """

    def __init__(self, target: RecordingTarget, *, max_bytes: int) -> None:
        self._files = RecordedFiles(max(max_bytes, _LINE_BYTES))
        self._attribute = target.case_id
        self._mapping = parse_mapping(target.output, where=f"{_AT}.output") if target.output else None
        self._traces = Offsets()
        self._cases = Offsets()
        self._spans = lru_cache(maxsize=_LINES_HELD)(self._parsed)

    def read(self, paths: Iterable[Path], base: Path) -> None:
        """Find every trace and case. Raises InputError with the faults of all files."""
        faults = FaultList()
        names: set[str] = set()
        seen = Seen()
        for path in paths:
            for file, number, offset, line in self._files.lines(path, base, faults):
                at = f"{self._files.name(file)}:{number}"
                try:
                    spans = list(spans_of(orjson.loads(line)))
                except orjson.JSONDecodeError as error:
                    mend = "Write one TracesData object a line; a pretty-printed file is joined by: jq -c ."
                    faults.note(at, f"is no JSON: {error}.", mend)
                    continue
                except SpanError as error:
                    faults.note(at, f"{error}.", "Give the traces as an OTLP/JSON file exporter writes them.")
                    continue
                self._index(spans, (file, offset, len(line)), seen, at, faults)
                if len(names) < _NAMES_SEEN:
                    names.update(name for span in spans for name in span.attributes)
        if not faults.faults and not len(self._cases):
            mend = (
                nearest(self._attribute, names) or f"Set 'case_id' to one of {', '.join(sorted(names)[:8]) or 'none'}."
            )
            faults.note(_AT, f"no span carries the attribute '{self._attribute}'.", mend)
        if faults.faults:
            raise InputError(faults.all())

    def output(self, case_id: str, number: int) -> Output | None:
        """The answer of the n-th span of a case, from 0; None where there is none."""
        try:
            roots = self._roots(case_id)
            if number >= len(roots):
                return None
            root = roots[number]
            trace = self._trace(root.trace_id)
        except (OSError, ValueError):
            return crash(CrashKind.GARBAGE, f"{case_id}: the recording has changed since it was opened.")
        below = self._below(root, trace)
        where = f"trace {root.trace_id}"
        if self._mapping is not None:
            row = _row(root)
            if (path := first_non_finite(row)) is not None:
                return crash(CrashKind.NOT_FINITE, f"{where}: {path} is NaN or infinite.")
            return self._mapping.read(row, what=f"span of {where}")
        answer = answer_of(root, below)
        if not answer.keys() & {"content", "tools_called", "error"}:
            said = f"{where} holds no answer: recording the content of messages is off by default in instrumentations."
            return crash(CrashKind.NOT_RECORDED, f"{said} Turn it on, or map the fields you have.")
        return output_of(with_error(answer), said=f"{where} holds no usable answer:", mend="")

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def _index(
        self, spans: Sequence[Span], place: tuple[int, int, int], seen: Seen, at: str, faults: FaultList
    ) -> None:
        for trace_id in {span.trace_id for span in spans}:
            self._traces.add(trace_id, *place)
        case_ids: set[str] = set()
        for span in spans:
            case_id = self._case_of(span)
            if case_id is None:
                continue
            if seen.add(f"{span.trace_id}{span.span_id}"):
                faults.note(
                    at, f"holds span {span.span_id} of trace {span.trace_id} again.", "Remove the second upload."
                )
            case_ids.add(case_id)
        for case_id in case_ids:
            self._cases.add(case_id, *place)

    def _case_of(self, span: Span) -> str | None:
        found = span.attributes.get(self._attribute)
        if found is None and span.parent_id is None:
            found = span.resource.get(self._attribute)
        return str(found) if found is not None else None

    def _roots(self, case_id: str) -> list[Span]:
        """The spans that are the case, by start."""
        lines = (self._spans(*place) for place in self._cases.rows(case_id))
        trace_ids = {span.trace_id for spans in lines for span in spans if self._case_of(span) == case_id}
        roots = [span for trace_id in trace_ids for span in self._tops(self._trace(trace_id))]
        mine = [span for span in roots if self._case_of(span) == case_id]
        return sorted(mine, key=lambda span: (span.start_ns, span.trace_id, span.span_id))

    def _tops(self, trace: Sequence[Span]) -> list[Span]:
        """Spans with a case id and none above them that has one: instrumentations hand the id down to children."""
        cases = {span.span_id: span for span in trace if self._case_of(span) is not None}
        parents = {span.span_id: span.parent_id for span in trace}
        return [span for span in cases.values() if not _is_below(span, cases, parents)]

    def _trace(self, trace_id: str) -> list[Span]:
        places = self._traces.rows(trace_id)
        return [span for place in places for span in self._spans(*place) if span.trace_id == trace_id]

    def _below(self, root: Span, trace: Sequence[Span]) -> list[Span]:
        """The root and its descendants; the whole trace where it holds no other case."""
        if len(self._tops(trace)) == 1:
            return list(trace)
        parents = {span.span_id: span.parent_id for span in trace}
        held = {root.span_id: root}
        return [span for span in trace if span.span_id == root.span_id or _is_below(span, held, parents)]

    def _parsed(self, file: int, offset: int, size: int) -> tuple[Span, ...]:
        return tuple(spans_of(self._files.row(file, offset, size)))


def _is_below(span: Span, above: dict[str, Span], parents: dict[str, str | None]) -> bool:
    at = span.parent_id
    for _ in range(len(parents) + 1):  # a damaged trace may hold a circle
        if at is None:
            return False
        if at in above:
            return True
        at = parents.get(at)
    return False


def _row(root: Span) -> dict[str, object]:
    """What a mapping reads of a case's span."""
    return {
        "name": root.name,
        "trace_id": root.trace_id,
        "span_id": root.span_id,
        "latency_ms": root.latency_ms,
        "attributes": dict(root.attributes),
        "resource": dict(root.resource),
        "events": [{"name": name, "attributes": dict(attributes)} for name, attributes in root.events],
    }
