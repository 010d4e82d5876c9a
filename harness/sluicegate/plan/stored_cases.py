"""Cases left where they stand: known by their ids and digests, and read again whenever somebody wants them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from os import fstat
from pathlib import Path
from typing import BinaryIO, overload

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.model import Case, decode_or_faults
from sluicegate.plan.cases import KNOWN, MAX_LINE_BYTES, Reading, case_or_faults, is_header, numbered_lines
from sluicegate.plan.locked_cases import LockedCases
from sluicegate.plan.textfile import regular_file

__all__ = ["StoredCases", "as_pinned", "read_stored"]

_LOOKED_AT = 16
"""Cases of a file that is as it was pinned, whose own digests are compared nevertheless."""
_ESCAPED = re.compile(rb"\\u00[2-7]")
"""A letter written as its number may be part of any key."""


class StoredCases(Sequence[Case]):
    """Cases of files, in their order; 65 bytes each and their ids, whatever they hold.

    Raises InputError where a file is read again and is not what it was.
    """

    def __init__(self, files: Sequence[_File], pins: LockedCases) -> None:
        self._files = files
        self.pins = pins
        """Id and digest of each, not always in the order of the files."""

    def __len__(self) -> int:
        return sum(len(file.places) for file in self._files)

    def __iter__(self) -> Iterator[Case]:
        for file in self._files:
            yield from file.cases(file.places)

    @overload
    def __getitem__(self, number: int) -> Case: ...
    @overload
    def __getitem__(self, number: slice) -> list[Case]: ...

    def __getitem__(self, number: int | slice) -> Case | list[Case]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        at = number + len(self) if number < 0 else number
        for file in self._files:
            if 0 <= at < len(file.places):
                return next(file.cases(file.places[at : at + 1]))
            at -= len(file.places)
        raise IndexError(number)


class _File:
    """One file as it was when it was read first."""

    def __init__(self, path: Path, file: BinaryIO, places: array[int]) -> None:
        self.path = path
        self.places = places
        """The byte each case begins at."""
        self._was = _sign(file)

    def cases(self, places: Sequence[int]) -> Iterator[Case]:
        """The cases that begin there."""
        with self._opened() as file:
            at = 0
            for place in places:
                if place != at:
                    file.seek(place)
                line = file.readline()
                at = place + len(line)
                yield self._case(line)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            with self.path.open("rb") as file:
                self._check(file)
                yield file
        except OSError as error:
            raise InputError(Fault(where=str(self.path), what=f"Cannot be read: {error.strerror}.")) from None

    def _check(self, file: BinaryIO) -> None:
        if _sign(file) != self._was:
            raise self._changed()

    def _changed(self) -> InputError:
        what = "Was changed while its cases were run."
        return InputError(Fault(where=str(self.path), what=what, mend="Run again once nobody writes it."))

    def _case(self, line: bytes) -> Case:
        try:
            value = orjson.loads(line.rstrip())
        except ValueError:
            raise self._changed() from None
        if not isinstance(value, dict):
            raise self._changed()
        where = str(self.path)
        case, faults = decode_or_faults(Case, value, where) if KNOWN.issuperset(value) else case_or_faults(value, where)
        if case is None:
            raise InputError(faults)
        return case


def _sign(file: BinaryIO) -> tuple[int, ...]:
    status = fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def read_stored(paths: Sequence[Path], faults: list[Fault], wanted: Callable[[Case], bool]) -> StoredCases:
    """Read every case once and leave those wanted where they stand; what cannot be read is added to `faults`."""
    reading, files = Reading(), list[_File]()

    def pairs() -> Iterator[tuple[str, str]]:
        for path in dict.fromkeys(paths):
            places = array("Q")
            if regular_file(path, "a file of cases") is None:
                with suppress(OSError), path.open("rb") as file:  # what is wrong is said by who reads it
                    files.append(_File(path, file, places))
            for _, at, case in reading.file(path):
                if wanted(case):
                    places.append(at)
                    yield case.id, case.digest()

    pins = LockedCases(pairs())
    try:
        reading.finish()
    except InputError as error:
        faults += error.faults
    return StoredCases(files, pins)


def as_pinned(files: Mapping[str, Path], digests: Mapping[str, str], pins: LockedCases) -> StoredCases | None:
    """Cases whose files are, to the byte, what they were when the lock pinned them and found nothing wrong.

    `files` and `digests` (SHA-256) are by name. None where a file is another, where some cases are not run as all are,
    for they await a review or ask about flags, and where in doubt.
    """
    found = []
    for name, path in files.items():
        if (file := _unchanged(path, digests.get(name))) is None:
            return None
        found.append(file)
    cases = StoredCases(found, pins)
    if len(cases) != len(pins):
        return None
    step = max(1, len(cases) // _LOOKED_AT)
    for number in range(0, len(cases), step):
        case = cases[number]
        pinned = pins.ids.number(case.id)
        if pinned is None or pins.digest(pinned) != case.digest():
            return None
    return cases


def _unchanged(path: Path, digest: str | None) -> _File | None:
    if digest is None or regular_file(path, "a file of cases") is not None:
        return None
    said = sha256()
    try:
        with path.open("rb") as stream:
            file = _File(path, stream, array("Q"))
            for number, at, line in numbered_lines(stream):
                if len(line) > MAX_LINE_BYTES or b"proposed" in line or b'"flags"' in line or _ESCAPED.search(line):
                    return None
                said.update(line)
                if line.strip() and not (number == 1 and is_header(line)):
                    file.places.append(at)
    except OSError:
        return None
    return file if said.hexdigest() == digest else None
