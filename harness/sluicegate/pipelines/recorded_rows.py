"""A recording as JSON lines: one answer a row, with its case id and, if wanted, its repeat."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from sluicegate.errors import InputError
from sluicegate.model import CrashKind, Json, Output
from sluicegate.model.paths import MISSING, parse_path
from sluicegate.pipelines.conversion import from_json, read_exactly
from sluicegate.pipelines.crashes import crash
from sluicegate.pipelines.mapping import parse_mapping
from sluicegate.pipelines.offsets import Offsets, Seen
from sluicegate.pipelines.recorded_files import FaultList, RecordedFiles
from sluicegate.plan.types import RecordingTarget

__all__ = ["RecordedRows"]

_AT = "pipeline.recording"


_Place = tuple[int, int, int]
"""File, offset and size in bytes."""


class RecordedRows:
    """Rows by case id and repeat. Two unnumbered rows of a case with the same bytes are an upload made twice."""

    def __init__(self, target: RecordingTarget, *, max_bytes: int) -> None:
        self._files = RecordedFiles(max_bytes)
        self._case_id = parse_path(target.case_id, where=f"{_AT}.case_id")
        self._mapping = parse_mapping(target.output, where=f"{_AT}.output") if target.output else None
        self._offsets = Offsets()

    def __len__(self) -> int:
        return len(self._offsets)

    def read(self, paths: Iterable[Path], base: Path) -> None:
        """Find every row. Raises InputError with the faults of all files."""
        faults = FaultList()
        seen = Seen()
        for path in paths:
            for file, number, offset, line in self._files.lines(path, base, faults):
                at = f"{self._files.name(file)}:{number}"
                key = self._key(line, at, faults)
                if key is None:
                    continue
                if seen.add(key if "\0" in key else line.strip()):
                    self._note_double(key, line, at, faults)
                self._offsets.add(key, file, offset, len(line))
        if not faults.faults and not len(self._offsets):
            faults.note(_AT, "holds no row.", "Record first.")
        if faults.faults:
            raise InputError(faults.all())

    def output(self, case_id: str, number: int) -> Output | None:
        """The answer in row `number` of a case, from 0; None where there is none."""
        try:
            found = self._place(_numbered(case_id, number), case_id, 0) or self._place(case_id, case_id, number)
            line = b"" if found is None else self._files.line(*found[0])
        except (OSError, ValueError):
            return crash(CrashKind.GARBAGE, f"{case_id}: the recording has changed since it was opened.")
        if found is None:
            return None
        (file, offset, _), row = found
        output = read_exactly(line, row, self._read)
        if output.error is None or output.error.kind is CrashKind.REPORTED:
            return output
        where = f"{self._files.name(file)}:{self._files.line_number(file, offset)}"
        return crash(output.error.kind, f"{where}: {output.error.message}")

    def _read(self, row: Json) -> Output:
        return self._mapping.read(row, what="row") if self._mapping is not None else from_json(row.get("output"))

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def _place(self, key: str, case_id: str, number: int) -> tuple[_Place, Json] | None:
        """Place and value of the row `number` of `key`; rows of another case with the same hash are passed."""
        for file, offset, size in self._offsets.rows(key):
            row = self._files.row(file, offset, size)
            if self._case_id.get(row) != case_id:
                continue
            if number == 0:
                return (file, offset, size), row
            number -= 1
        return None

    def _key(self, line: bytes, at: str, faults: FaultList) -> str | None:
        """Case id, or case id and repeat, of a line; None and a fault for a line that cannot be used."""
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            faults.note(at, f"is no JSON: {error}.", "Write one JSON object a line; NaN is no JSON.")
            return None
        case_id = self._case_id.get(row)
        if case_id is MISSING:
            fault = self._case_id.missing(row)
            faults.note(at, f"has no case id: {self._case_id.text} {fault.what}", fault.mend)
        elif not isinstance(case_id, str) or not case_id or "\0" in case_id:
            faults.note(at, f"has the case id {case_id!r}; expected text.", "Write it in quotes.")
        elif self._fits(row, at, faults):
            repeat = row.get("repeat")
            if repeat is None:
                return case_id
            if type(repeat) is int and repeat >= 0:
                return _numbered(case_id, repeat)
            faults.note(at, f"has the repeat {repeat!r}; expected a whole number from 0.")
        return None

    def _fits(self, row: Json, at: str, faults: FaultList) -> bool:
        """Whether everything the mapping reads is in a row."""
        if not isinstance(row, dict):
            faults.note(at, "is no JSON object.", "Write one JSON object a line.")
        elif self._mapping is None:
            if "output" in row:
                return True
            mend = "Put the answer there, or map it: output: {content: $.response}."
            faults.note(at, f"has no 'output'; it has {', '.join(list(row)[:8])}.", mend)
        elif (fault := self._mapping.absent(row)) is not None:
            faults.note(at, f"does not fit the mapping: {fault.where} {fault.what}", fault.mend)
        else:
            return True
        return False

    def _note_double(self, key: str, line: bytes, at: str, faults: FaultList) -> None:
        """A row that seems to have come before: the fault, if the earlier one is found."""
        new = orjson.loads(line)
        case_id, numbered, repeat = key.partition("\0")
        for file, offset, size in self._offsets.rows(key):
            row = self._files.row(file, offset, size)
            if self._case_id.get(row) != case_id:
                continue
            other = f"{self._files.name(file)}:{self._files.line_number(file, offset)}"
            if numbered:
                what = f"is repeat {repeat} of case {case_id}, which {other} is already."
                faults.note(at, what, "Remove one of them.")
                return
            if row == new:
                mend = "Remove it, or number the rows of a case with 'repeat': 0, 1, …"
                faults.note(at, f"repeats {other} word for word: an upload made twice?", mend)
                return


def _numbered(case_id: str, repeat: int) -> str:
    return f"{case_id}\0{repeat}"
