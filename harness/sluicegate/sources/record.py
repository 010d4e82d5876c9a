"""Measurements from a file or database into columnar blocks: all of them, or, when one row is bad, none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

from sluicegate.ledger import BLOCK_ROWS, CountRows, Measurements, Source, ValueRows, unit_digest
from sluicegate.model import canonical, parse, rfc3339
from sluicegate.sources.cells import CellError, said
from sluicegate.sources.columns import RecordSpec
from sluicegate.sources.tables import FaultBook, Table
from sluicegate.sources.units import COUNT_COLUMNS, VALUE_COLUMNS, UnitReader

__all__ = ["Recording", "read_measurements"]

_IN_MEMORY_BYTES = 4_000_000
_OPEN_SUBJECTS = 64


def read_measurements(
    table: Table, spec: RecordSpec, *, now: datetime, entered_us: Mapping[str, int] | None = None
) -> Recording:
    """Reads the source once, row by row, and holds the blocks aside until every row proved good.

    `entered_us` is when a subject entered the stage: rows of before are counted apart, and kept.
    Raises InputError with the first faults of each cause and the number of all: NaN, infinity, k above n, a negative
    count, a missing or future time or one without a zone, a unit id seen before, a row that is none.
    """
    spec.check()
    roles = spec.columns.mapped()
    book = FaultBook(table.name)
    columns = VALUE_COLUMNS if spec.columns.value else COUNT_COLUMNS
    spool = _Spool((*columns, "id") if spec.columns.id else columns)
    try:
        reader = UnitReader(spec, tuple(roles), now)
        seen, kept, outside, early = _filled(
            spool, table, reader, tuple(roles.values()), book, entered_us=entered_us or {}
        )
        if not seen and not book.count:
            book.add(1, "holds no rows.", "Record a source that measured something.")
        book.raise_any()
        spool.flush()
    except BaseException:  # an interrupt too: the spool is a file of ours
        spool.close()
        raise
    source = Source(name=table.name, sha256=table.digest(), place=spec.place, query=table.query_digest())
    return Recording(spec=spec, source=source, recorded_at=now, rows=kept, outside=outside, early=early, spool=spool)


def _filled(
    spool: _Spool,
    table: Table,
    reader: UnitReader,
    columns: Sequence[str],
    book: FaultBook,
    *,
    entered_us: Mapping[str, int],
) -> tuple[int, int, int, int]:
    """Rows seen, kept, outside of the window, and kept though of before the stage was entered."""
    seen = outside = early = 0
    since, until = reader.window_us
    metric = reader.metric
    with closing(_Ids(book)) as ids:
        for line, cells in table.rows(columns, book):
            seen += 1
            try:
                unit = reader.unit(cells)
            except CellError:
                for fault in reader.faults(cells):
                    book.add(line, *fault.args)
                continue
            row = unit.row
            if unit.id is not None:
                ids.add(line, unit.id)
                row = (*row, unit_digest(metric, unit.id))
            if since <= row[0] < until:
                spool.put(unit.subject, row)
                if entered_us and row[0] < entered_us.get(unit.subject, row[0]):
                    early += 1
            else:
                outside += 1
    return seen, seen - outside, outside, early


@dataclass(slots=True, kw_only=True)
class Recording:
    """Good measurements, waiting to be written. Close it, or use it in `with`."""

    spec: RecordSpec
    source: Source
    recorded_at: datetime
    rows: int
    outside: int
    """Rows outside of the window, left out."""
    early: int
    """Rows of before their subject entered the stage, which no criterion counts."""
    spool: _Spool

    def blocks(self) -> Iterator[Measurements]:
        """Records for the ledger, each of at most 1000 units of one subject."""
        since, until = (None if at is None else rfc3339(at) for at in self.spec.window)
        shape = CountRows if self.spec.columns.value is None else ValueRows
        for subject, columns in self.spool.read():
            yield Measurements(
                metric=self.spec.metric,
                origin=self.spec.origin,
                subject=subject,
                stage=self.spec.stage,
                provenance=self.spec.provenance,
                source=self.source,
                window=(since, until),
                recorded_at=rfc3339(self.recorded_at),
                rows=shape(**columns),
            )

    def close(self) -> None:
        """Gives the space back."""
        self.spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Spool:
    """Blocks on their way: in memory while few, on disk when many."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - lives as long as the recording
        self._columns = columns
        self._open: dict[str, list[tuple[Any, ...]]] = {}

    def put(self, subject: str, row: tuple[Any, ...]) -> None:
        rows = self._open.get(subject)
        if rows is None:
            if len(self._open) >= _OPEN_SUBJECTS:
                self.flush()
            rows = self._open[subject] = []
        rows.append(row)
        if len(rows) >= BLOCK_ROWS:
            self._write(subject, self._open.pop(subject))

    def flush(self) -> None:
        for subject, rows in self._open.items():
            self._write(subject, rows)
        self._open.clear()

    def read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        self._file.seek(0)
        for line in self._file:
            subject, columns = parse(line)
            yield subject, columns

    def close(self) -> None:
        self._file.close()

    def _write(self, subject: str, rows: list[tuple[Any, ...]]) -> None:
        columns: dict[str, Any] = dict(zip(self._columns, zip(*rows, strict=True), strict=True))
        if "id" in columns:
            columns["id"] = "".join(columns["id"])
        self._file.write(canonical([subject, columns]) + b"\n")


class _Ids:
    """Unit ids seen so far, as digests in a private database that spills to disk: a set would grow with the rows."""

    def __init__(self, book: FaultBook) -> None:
        self._book = book
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA journal_mode = OFF")
        self._seen.execute("PRAGMA synchronous = OFF")
        self._seen.execute("CREATE TABLE seen (id BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._seen.execute("BEGIN")

    def add(self, line: int, unit_id: object) -> None:
        key = blake2b(str(unit_id).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if self._seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount == 0:
            first = self._seen.execute("SELECT line FROM seen WHERE id = ?", (key,)).fetchone()[0]
            mend = "Each unit counts once; was the file joined to itself?"
            self._book.add(line, f"unit '{said(unit_id)}' stands on line {first} already.", mend)

    def close(self) -> None:
        self._seen.close()
