"""Case files: JSON lines, one case each, read strictly and streamed; memory does not grow with their number."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import orjson

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Case, Json, decode_or_faults, holds_long_number
from sluicegate.plan.sound_cases import PROPOSED, REVIEWS, unsound
from sluicegate.plan.strict_json import RepeatedKeyError, parse_unique
from sluicegate.plan.textfile import regular_file

__all__ = [
    "ALIASES",
    "KNOWN",
    "MAX_LINE_BYTES",
    "PROPOSED",
    "REVIEWS",
    "Reading",
    "case_or_faults",
    "each_case",
    "is_header",
    "numbered_lines",
    "read_cases",
]

ALIASES: Mapping[str, str] = {
    "name": "id",
    "inputs": "input",
    "user_input": "input",
    "query": "input",
    "expected": "expected_output",
    "expectedOutput": "expected_output",
    "target": "expected_output",
    "reference": "expected_output",
    "reference_outputs": "expected_output",
    "ideal": "expected_output",
    "retrieved_contexts": "retrieval_context",
    "retrievalContext": "retrieval_context",
    "reference_contexts": "context",
    "additional_metadata": "metadata",
    "additionalMetadata": "metadata",
}
"""Field names other tools use, with ours."""

_MOST_FAULTS = 50
MAX_LINE_BYTES = 16 * 1024 * 1024
_SKIPPED_BYTES = 64 * 1024
KNOWN = frozenset(Case.__dataclass_fields__)
_HEADER = b'{"$schema":'
_HEADER_KEYS = frozenset({"$schema", "schema_version"})
_SCHEMA_VERSION = 1
_MARK = b"\xef\xbb\xbf"
_SPACED_COLON = re.compile(rb'"\s+:')


def read_cases(paths: Iterable[Path]) -> Iterator[Case]:
    """Every case of the files, in order, in one pass.

    Raises InputError with up to 50 faults of all files: at the first fault no further case is given out, the rest is
    read for its faults only, and then they are raised. Who must not start on half a set reads to the end first.
    """
    reading = Reading()
    for path in dict.fromkeys(paths):
        for _, _, case in reading.file(path):
            if not reading.faults:
                yield case
    reading.finish()


def each_case(paths: Iterable[Path], faults: list[Fault]) -> Iterator[tuple[str, Case]]:
    """Every case that can be read, with its `file:line`, in one pass; what cannot is added to `faults`.

    For who looks at a set, and will say what is wrong with all of it at once. Who runs one uses `read_cases`.
    """
    reading = Reading()
    for path in dict.fromkeys(paths):
        for number, _, case in reading.file(path):
            yield f"{path}:{number}", case
    try:
        reading.finish()
    except InputError as error:
        faults += error.faults


def case_or_faults(value: Json, where: str) -> tuple[Case | None, list[Fault]]:
    """One row as a case, as strictly as a file of them is read."""
    if not isinstance(value, dict):
        mend = 'Write one case a line: {"id": "…", "input": …}'
        return None, [Fault(where=where, what="Is no JSON object.", mend=mend)]
    faults: list[Fault] = []
    if not KNOWN.issuperset(value):
        value, faults = _renamed(value, where)
    case, found = decode_or_faults(Case, value, where)
    faults += found
    if case is not None:
        faults.extend(Fault(where=where, what=what, mend=mend) for what, mend in unsound(case))
    return (None if faults else case), faults


def is_header(line: bytes) -> bool:
    """Whether a first line names the schema of the rows, `{"$schema": "./case.schema.json"}`, and is no case."""
    return line.replace(b" ", b"").startswith(_HEADER)


def _header_faults(line: bytes, where: str) -> list[Fault]:
    value, fault = _parsed(line, where)
    if fault is not None:
        return [fault]
    mend = 'Write {"$schema": "./case.schema.json", "schema_version": 1}.'
    if unknown := sorted(value.keys() - _HEADER_KEYS):
        return [Fault(where=where, what=f"The header has an unknown key '{unknown[0]}'.", mend=mend)]
    if (version := value.get("schema_version", _SCHEMA_VERSION)) != _SCHEMA_VERSION:
        what = f"schema_version is {version}; this release reads {_SCHEMA_VERSION}."
        return [Fault(where=where, what=what, mend="Read it with the release that wrote it.")]
    return []


class Reading:
    """Several files as one set: their faults, and their ids."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        """The first of them."""
        self._more = 0
        self._ids: dict[str, tuple[array[int], array[int]]] = {}
        """Per file: 64 bits of each id's hash, and its line. 12 bytes a case, where a set of ids would take 100."""

    def file(self, path: Path) -> Iterator[tuple[int, int, Case]]:
        """Its cases, each with its line and the byte it begins at; faults are noted as they are met."""
        if (fault := regular_file(path, "a file of cases")) is not None:
            self._add(fault)
            return
        hashes, lines = self._ids.setdefault(str(path), (array("Q"), array("I")))
        try:
            with path.open("rb") as file:
                for number, at, line in numbered_lines(file):
                    if number == 1 and is_header(line):
                        self._add(*_header_faults(line, f"{path}:1"))
                        continue
                    case = self._case(line, f"{path}:{number}")
                    if case is None:
                        continue
                    hashes.append(int.from_bytes(blake2b(case.id.encode(), digest_size=8).digest(), "big"))
                    lines.append(number)
                    yield number, at, case
        except OSError as error:
            self._add(Fault(where=str(path), what=f"Cannot be read: {error.strerror}."))
        if not hashes and not self.faults:
            self._add(
                Fault(where=str(path), what="Holds no case.", mend='Write one case a line: {"id": "…", "input": …}')
            )

    def finish(self) -> None:
        """Raise what was found."""
        self._find_repeated_ids()
        if self._more:
            self.faults.append(Fault(where="", what=f"and {self._more} more faults."))
        if self.faults:
            raise InputError(self.faults)

    def _add(self, *faults: Fault) -> None:
        room = max(0, _MOST_FAULTS - len(self.faults))
        self.faults.extend(faults[:room])
        self._more += len(faults[room:])

    def _case(self, line: bytes, where: str) -> Case | None:
        if not line.strip():
            return None
        value, fault = _parsed(line, where)
        if fault is not None:
            self._add(fault)
            return None
        case, faults = case_or_faults(value, where)
        self._add(*faults)
        return case

    def _find_repeated_ids(self) -> None:
        repeated = _repeated([hashes for hashes, _ in self._ids.values()])
        if not repeated:
            return
        first: dict[int, str] = {}
        for path, (hashes, lines) in self._ids.items():
            for digest, number in zip(hashes, lines, strict=True):
                if digest in repeated and (place := first.setdefault(digest, f"{path}:{number}")) != f"{path}:{number}":
                    what = f"The id of this case is taken by {place}."
                    self._add(Fault(where=f"{path}:{number}", what=what, mend="Give each case its own id."))


def _repeated(columns: Iterable[array[int]]) -> set[int]:
    """Hashes that occur twice, found bucket by bucket so that no set of all of them ever exists."""
    buckets = [array("Q") for _ in range(256)]
    for column in columns:
        for value in column:
            buckets[value & 255].append(value)
    found: set[int] = set()
    for bucket in buckets:
        if len(seen := set(bucket)) != len(bucket):
            found.update(value for value in seen if bucket.count(value) > 1)
    return found


def numbered_lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Lines with their numbers and the bytes they begin at, without a byte order mark; of a too long one its start."""
    number = at = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        ends = at + len(line)
        if len(line) > MAX_LINE_BYTES:
            while rest := file.readline(_SKIPPED_BYTES):
                ends += len(rest)
                if rest.endswith(b"\n"):
                    break
        has_mark = number == 1 and line[:3] == _MARK
        yield number, at + 3 * has_mark, line[3:] if has_mark else line
        at = ends


def _parsed(line: bytes, where: str) -> tuple[Json, Fault | None]:
    if len(line) > MAX_LINE_BYTES:
        what = f"Is longer than {MAX_LINE_BYTES // 1024 // 1024} MiB."
        return None, Fault(where=where, what=what, mend="One case is one line; is this file JSON lines?")
    try:
        value = orjson.loads(line.rstrip())
        if not _surely_unique(line, value):
            parse_unique(line.decode())
    except RepeatedKeyError as error:
        return None, Fault(where=where, what=f"'{error.key}' is written twice.", mend="Remove one.")
    except (ValueError, RecursionError) as error:
        return None, Fault(where=where, what=_json_fault(line, error), mend=_json_mend(line))
    if holds_long_number(line):
        what = "Holds a whole number beyond 64 bits, which would be read as another one."
        return None, Fault(where=where, what=what, mend="Write it as text, in quotes.")
    return value, None


def _surely_unique(line: bytes, value: Json) -> bool:
    """Whether no key can stand twice: writing the parsed value again gives as many `":` as the line has.

    Ten times cheaper than a parser that watches keys; a line it is unsure of goes to that parser.
    """
    may_be_spaced = b'" ' in line or b'"\t' in line or b'"\r' in line
    if b"\\u0022" in line or (may_be_spaced and _SPACED_COLON.search(line) is not None):
        return False
    return orjson.dumps(value).count(b'":') == line.count(b'":')


def _json_fault(line: bytes, error: Exception) -> str:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return f"Is not UTF-8 (byte 0x{line[wrong.start]:02x})."
    if not line.endswith(b"\n") and line.lstrip()[:1] == b"{" and not line.rstrip().endswith(b"}"):
        return "Ends in the middle of a JSON object; the file seems cut off."
    said = str(error).partition(": line ")
    place = re.search(r"column (\d+)", said[2])
    return f"Is no JSON: {said[0]}{f' at column {place[1]}' if place else ''}."


def _json_mend(line: bytes) -> str:
    start = line.lstrip()
    if start[:1] == b"[":
        return "Write one case a line, without the surrounding list."
    if b"NaN" in line or b"Infinity" in line:
        return "JSON has no NaN and no Infinity; write null or leave the field out."
    return "Write one JSON object a line." if start[:1] != b"{" or not line.rstrip().endswith(b"}") else ""


def _renamed(value: dict[str, Json], where: str) -> tuple[dict[str, Json], list[Fault]]:
    """The row under our own names; what has none is a fault."""
    found: dict[str, Json] = {}
    taken: dict[str, str] = {}
    faults: list[Fault] = []
    for key, item in value.items():
        name = key if key in KNOWN else ALIASES.get(key)
        if name is None:
            mend = nearest(key, [*KNOWN, *ALIASES]) or f'Put it under metadata: {{"metadata": {{"{key}": …}}}}.'
            faults.append(Fault(where=where, what=f"$ has an unknown key '{key}'.", mend=mend))
        elif name in taken:
            what = f"$ says '{name}' twice, as '{taken[name]}' and '{key}'."
            faults.append(Fault(where=where, what=what, mend="Keep one; the other may go under metadata."))
        else:
            taken[name] = key
            found[name] = item
    return found, faults
