"""CSV, JSONL and SQLite as one stream of rows, each with the line it stands on."""

from __future__ import annotations

import csv
import re
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import parse, rfc3339

__all__ = ["CsvTable", "FaultBook", "JsonlTable", "Row", "SqliteTable", "Table"]

Row = tuple[int, Sequence[Any]]
"""Line (or row number), and the values of the columns asked for, in their order; None where there is none."""

_MAX_LINE_BYTES = 10_000_000
_SHOWN = 3
_MOST_CAUSES = 50


class FaultBook:
    """Every bad row of one source: the first three of each cause in words, all in number."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown: list[Fault] = []
        self._causes: dict[str, _Cause] = {}
        self._others = 0
        self.count = 0

    def add(self, line: int, what: str, mend: str = "") -> None:
        """One fault at one line."""
        self.count += 1
        kind = _SEEN.sub("…", f"{what} {mend}")
        cause = self._causes.get(kind)
        if cause is None:
            if len(self._causes) == _MOST_CAUSES:
                self._others += 1
                return
            cause = self._causes[kind] = _Cause(first=line)
        cause.count += 1
        cause.last = line
        if cause.count <= _SHOWN:
            self._shown.append(Fault(where=f"{self._name}:{line}", what=what, mend=mend if cause.count == 1 else ""))

    def raise_any(self) -> None:
        """Raises InputError when there was any."""
        if not self.count:
            return
        rest = [
            Fault(where=self._name, what=f"{more:,} more like line {cause.first}, the last on line {cause.last}.")
            for cause in self._causes.values()
            if (more := cause.count - _SHOWN) > 0
        ]
        if self._others:
            rest.append(Fault(where=self._name, what=f"{self._others:,} more faults of other kinds."))
        raise InputError([*self._shown, *rest])


@dataclass(slots=True, kw_only=True)
class _Cause:
    """What is wrong with many rows in the same way."""

    first: int
    last: int = 0
    count: int = 0


_SEEN = re.compile(r"'.*'|[-+.,0-9]*[0-9]|\b(?:nan|inf(?:inity)?|true|false|none)\b", re.IGNORECASE)
"""What differs between faults of one cause: what the row said, and numbers."""


class Table(Protocol):
    """A source of rows that can be read once, and then knows its content's digest."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def name(self) -> str:
        """The file's name."""
        ...

    def rows(self, columns: Sequence[str], book: FaultBook) -> Iterator[Row]:
        """The rows, in the source's order; what cannot be read as a row goes into `book`."""
        ...

    def digest(self) -> str:
        """SHA-256 of the content read."""
        ...

    def query_digest(self) -> str:
        """What tells two readings of one file apart; empty where a file is read whole."""
        ...


class _TextTable:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self._content = sha256()

    def digest(self) -> str:
        """SHA-256 of the bytes read."""
        return self._content.hexdigest()

    def query_digest(self) -> str:
        """A text file is read whole."""
        return ""

    def _lines(self, book: FaultBook) -> Iterator[tuple[int, str]]:
        """Each line as text, hashed as it passes; one that is too long or no UTF-8 is a fault and left out."""
        with _opened(self.path) as file:
            number, whole = 0, True
            while raw := file.readline(_MAX_LINE_BYTES):
                self._content.update(raw)
                begins, whole = whole, raw.endswith(b"\n") or len(raw) < _MAX_LINE_BYTES
                if not begins:
                    continue
                number += 1
                if not whole:
                    book.add(number, f"is longer than {_MAX_LINE_BYTES:,} bytes.", "Is a line break missing?")
                    continue
                try:
                    yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    book.add(number, f"is not UTF-8: {error.reason} at byte {error.start}.", "Save the file as UTF-8.")


class CsvTable(_TextTable):
    """Comma-separated values with a header line; an empty cell is none."""

    def __init__(self, path: Path, delimiter: str = ",") -> None:
        super().__init__(path)
        self._delimiter = delimiter

    def rows(self, columns: Sequence[str], book: FaultBook) -> Iterator[Row]:
        """Rows of exactly as many cells as the header has."""
        lines = (line for _, line in self._lines(book))
        reader = csv.reader(lines, strict=True, delimiter=self._delimiter)
        try:
            header = next(reader, [])
            pick = _picker([name.strip() for name in header], columns, self.name)
            start = reader.line_num + 1
            for cells in reader:
                line, start = start, reader.line_num + 1
                if len(cells) == len(header):
                    yield line, [cell.strip() or None for cell in pick(cells)]
                elif cells:
                    book.add(line, f"has {len(cells)} cells; the header has {len(header)}.", "Quote cells with commas.")
        except csv.Error as error:
            book.add(reader.line_num, f"is not CSV: {error}; reading stopped here.", "Mend the quotes.")


class JsonlTable(_TextTable):
    """One JSON object a line; a column may be a dotted path into it."""

    def rows(self, columns: Sequence[str], book: FaultBook) -> Iterator[Row]:
        """Rows in file order; blank lines are skipped. Where rows are bad, a column that none of them has is why."""
        paths = [(name, name.split(".")) for name in columns]
        absent, header, sound = set(columns), list[str](), True
        for number, line in self._lines(book):
            if line.isspace():
                continue
            try:
                value = parse(line)
            except ValueError as error:
                book.add(number, f"is not strict JSON: {error}.", "NaN and Infinity are none; leave the row out.")
                sound = False
                continue
            if isinstance(value, dict):
                header = header or list(value)
                absent = absent and {
                    each for each in absent if each not in value and _at(value, each.split(".")) is None
                }
                yield number, [value[name] if name in value else _at(value, path) for name, path in paths]
            else:
                book.add(number, "is not a JSON object.", 'Write {"at": …, …} on each line.')
                sound = False
        if header and sound and book.count and absent:
            raise InputError([_no_column(each, header, self.name) for each in columns if each in absent])


@dataclass(slots=True)
class SqliteTable:
    """A table or a query of an SQLite file, opened read-only."""

    path: Path
    query: str | None = None
    """Read with :since and :until bound to the window."""
    table: str | None = None
    window: tuple[datetime | None, datetime | None] = (None, None)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def rows(self, columns: Sequence[str], book: FaultBook) -> Iterator[Row]:
        """Rows numbered from 1 in the order the query gives."""
        if (self.query is None) == (self.table is None):
            mend = "Give one of them."
            raise InputError(Fault(where=self.name, what="needs either a query or a table.", mend=mend))
        with _opened(self.path):
            pass
        since, until = (at and rfc3339(at) for at in self.window)
        try:
            with closing(sqlite3.connect(f"file:{quote(str(self.path))}?mode=ro", uri=True)) as connection:
                connection.execute("PRAGMA query_only = ON")
                cursor = connection.execute(self._statement(), {"since": since, "until": until})
                pick = _picker([item[0] for item in cursor.description or ()], columns, self.name)
                for number, values in enumerate(cursor, start=1):
                    yield number, pick(values)
        except sqlite3.Error as error:
            raise InputError(
                Fault(where=self.name, what=f"cannot be read: {error}.", mend="Try it in sqlite3.")
            ) from None

    def digest(self) -> str:
        """SHA-256 of the file, and of what its write-ahead log still holds."""
        content = sha256()
        for path in (self.path, self.path.with_name(self.path.name + "-wal")):
            if path.exists():
                with path.open("rb") as file:
                    while chunk := file.read(1 << 20):
                        content.update(chunk)
        return content.hexdigest()

    def query_digest(self) -> str:
        """Of the table or query: a file asked two things is two sources."""
        return sha256(self._statement().encode()).hexdigest()[:16]

    def _statement(self) -> str:
        if self.query is not None:
            return self.query
        quoted = str(self.table).replace('"', '""')
        return f'SELECT * FROM "{quoted}"'  # noqa: S608 - a name quoted as SQL asks


def _opened(path: Path) -> Any:
    mend = "Name a file that can be read."
    try:
        # A pipe or a device would be waited for, or read, for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            what = "cannot be opened: it is not a regular file."
            raise InputError(Fault(where=str(path), what=what, mend=mend))
        return path.open("rb")
    except OSError as error:
        what = f"cannot be opened: {error.strerror or error}."
        raise InputError(Fault(where=str(path), what=what, mend=mend)) from None


def _picker(header: Sequence[str], columns: Sequence[str], name: str) -> Any:
    """What takes the columns asked for out of a row."""
    faults = []
    for column in columns:
        if header.count(column) > 1:
            faults.append(
                Fault(where=f"{name}:1", what=f"has {header.count(column)} columns '{column}'.", mend="Keep one.")
            )
        elif column not in header:
            faults.append(_no_column(column, header, name))
    if faults:
        raise InputError(faults)
    places = [header.index(column) for column in columns]
    if len(places) == 1:
        return lambda values: [values[places[0]]]
    return itemgetter(*places)


def _no_column(column: str, header: Sequence[str], name: str) -> Fault:
    mend = nearest(column, header) or f"It has: {', '.join(header)[:200] or 'no header'}."
    return Fault(where=f"{name}:1", what=f"has no column '{column}'.", mend=mend)


def _at(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
