"""Writing golden sets: rows put in, rows reviewed, the manifest that pins them. Whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.model import Case, canonical, encode, now_utc, rfc3339
from sluicegate.plan.cases import PROPOSED, is_header, read_cases
from sluicegate.sets.manifest import UNSLICED, entry_of, manifest_of, manifest_path, write_manifest

__all__ = ["Pinned", "awaiting", "pin", "review", "write_rows"]


@frozen
class Pinned:
    """What a manifest says now."""

    path: Path
    cases: int
    slices: dict[str, int]


def pin(file: Path, *, origin: str = "", licence: str | None = None, version: str | None = None) -> Pinned:
    """Write what `file` is into its manifest, made if there is none. Raises InputError, also for cases it cannot read.

    What is not given is kept; a new manifest needs the origin.
    """
    from dataclasses import replace

    cases = list(read_cases([file]))
    path = manifest_path(file) or file.with_name(f"{file.stem}.manifest.json")
    before = manifest_of(path).sets.get(file.name) if path.exists() else None
    if before is None and not origin:
        mend = "Say where the cases come from: --origin 'written by the support team from tickets of 2026'."
        raise InputError(Fault(where=str(path), what="There is no manifest yet, and no origin.", mend=mend))
    entry = entry_of(file, cases, origin=origin, before=before)
    said = replace(entry, licence=licence or entry.licence, version=version or entry.version)
    write_manifest(path, file.name, said)
    return Pinned(path=path, cases=entry.cases, slices={key: n for key, n in entry.slices.items() if key != UNSLICED})


def write_rows(file: Path, cases: Iterable[Case], *, after: bytes = b"") -> None:
    """Write `after` and then the cases, one a line. Raises InputError."""
    lines = b"".join(canonical(encode(case)) + b"\n" for case in cases)
    if after and not after.endswith(b"\n"):
        after += b"\n"
    unfinished = file.with_name(f".{file.name}.new")
    try:
        unfinished.write_bytes(after + lines)
        os.replace(unfinished, file)
    except OSError as error:
        fault = Fault(where=str(file), what=f"cannot be written: {error.strerror}.", mend="Name a file you can write.")
        raise InputError(fault) from None


def awaiting(file: Path) -> list[Case]:
    """The cases of `file` that nobody has reviewed yet. Raises InputError."""
    return [case for case in read_cases([file]) if case.review == PROPOSED]


def review(
    file: Path, *, accept: Sequence[str] = (), reject: Sequence[str] = (), by: str, now: datetime | None = None
) -> Pinned | None:
    """Note who accepted which proposed cases, and take out those that were rejected; the manifest follows.

    Raises InputError for an id that does not await a review, before anything is written.
    """
    from dataclasses import replace

    cases = list(read_cases([file]))
    proposed = {case.id for case in cases if case.review == PROPOSED}
    faults = []
    for case_id in (*accept, *reject):
        if case_id not in proposed:
            mend = nearest(case_id, proposed) or f"Awaiting are {', '.join(sorted(proposed)[:5]) or 'none'}."
            faults.append(Fault(where=str(file), what=f"no case '{case_id}' awaits review.", mend=mend))
    if both := sorted(set(accept) & set(reject)):
        faults.append(Fault(where=str(file), what=f"'{both[0]}' is accepted and rejected.", mend="Say one."))
    if faults:
        raise InputError(faults)
    noted = {"by": by, "at": rfc3339(now or now_utc())}

    def accepted(case: Case) -> Case:
        return replace(case, review="accepted", provenance={**case.provenance, "reviewed": noted})

    _rewrite(file, {case.id: case for case in cases}, set(accept), set(reject), accepted)
    return repinned(file)


def repinned(file: Path) -> Pinned | None:
    """The manifest after a change of ours, where there is one."""
    return pin(file) if manifest_path(file) is not None else None


def _rewrite(
    file: Path, cases: dict[str, Case], accept: set[str], reject: set[str], accepted: Callable[[Case], Case]
) -> None:
    """Only the rows that were reviewed change; every other line stays byte for byte."""
    kept: list[bytes] = []
    written = iter(cases.values())
    for number, line in enumerate(io.BytesIO(file.read_bytes())):
        if not line.strip() or (number == 0 and is_header(line)):
            kept.append(line)
            continue
        case = next(written)
        if case.id in accept:
            kept.append(canonical(encode(accepted(case))) + b"\n")
        elif case.id not in reject:
            kept.append(line)
    write_rows(file, (), after=b"".join(kept))
