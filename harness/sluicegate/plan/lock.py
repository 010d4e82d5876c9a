"""The lock: what a plan's evidence must consist of, pinned outside the run and reviewed in git."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import decode_or_faults
from sluicegate.plan.locked_cases import LockedCases, Skimmed, rows, skimmed
from sluicegate.plan.strict_json import RepeatedKeyError, parse_unique
from sluicegate.plan.textfile import read_bytes, read_text, regular_file

__all__ = ["Lock", "LockedStage", "LockedSuite", "lock_bytes", "lock_digest", "lock_path", "read_lock"]

_MAX_BYTES = 512 * 1024 * 1024
_AGAIN = "Run: sluicegate plan lock PLAN"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@frozen
class LockedSuite:
    """One suite at one stage."""

    checks: tuple[str, ...] = ()
    cases: Sequence[tuple[str, str]] = ()
    """Id and content digest of each case."""
    repeats: int = 1


@frozen
class LockedStage:
    """What one stage must have run."""

    suites: Mapping[str, LockedSuite] = field(default_factory=dict)
    tests: tuple[str, ...] = ()
    """Ids of the user's own marked tests."""
    test_files: Mapping[str, str] = field(default_factory=dict)
    """Files those tests live in, as `case_files`."""
    case_files: Mapping[str, str] = field(default_factory=dict)
    """Path, relative to the plan, to SHA-256 of the file."""


@frozen
class Lock:
    """Everything pinned for one plan."""

    schema_version: int = 1
    plan_digest: str
    stages: Mapping[str, LockedStage] = field(default_factory=dict)
    contracts: Mapping[str, str] = field(default_factory=dict)
    """Output field to SHA-256 of its schema."""
    models: Mapping[str, Any] = field(default_factory=dict)
    """Output field to the JSON Schema of the pydantic model the plan names, so that no judge imports user code."""


def lock_path(plan_path: Path) -> Path:
    """`rollout.yaml` has `rollout.lock` beside it."""
    return plan_path.with_suffix(".lock")


def read_lock(path: Path) -> Lock:
    """The lock at `path`. Raises InputError with every fault in it."""
    return _as_written(path) or _read(path)


def _as_written(path: Path) -> Lock | None:
    """A lock that has nothing wrong with it and is laid out as locks are; None at the first doubt."""
    if regular_file(path, "a lock") is not None:
        return None
    try:
        with path.open("rb") as file:
            found = skimmed(file)
        text = read_text(bytes(found.text), str(path), limit=_MAX_BYTES, what="a lock")
        lock, faults = decode_or_faults(Lock, parse_unique(text), str(path))
        return None if lock is None or faults else _with_rows(lock, found)
    except (OSError, ValueError, RecursionError, InputError):
        return None


def _with_rows(lock: Lock, found: Skimmed) -> Lock | None:
    """The lock with the cases that its rows stand for; None where anything in it is wrong."""
    left = len(found.blocks)
    stages = {}
    for name, stage in lock.stages.items():
        suites = {}
        for suite, locked in stage.suites.items():
            cases = found.stands_for(locked.cases)
            left -= cases is not None
            suites[suite] = replace(locked, cases=LockedCases(locked.cases) if cases is None else cases)
        stages[name] = replace(stage, suites=suites)
    whole = replace(lock, stages=stages)
    is_sound = not left and whole.schema_version == 1 and next(_wrong(whole), None) is None
    return whole if is_sound else None


def _read(path: Path) -> Lock:
    """A lock of any layout, or what is wrong with it."""
    data = read_bytes(path, "a lock", limit=_MAX_BYTES, siblings="*.lock", mend=_AGAIN)
    name = str(path)
    text = read_text(data, name, limit=_MAX_BYTES, what="a lock")
    try:
        value = parse_unique(text)
    except RepeatedKeyError as error:
        raise InputError(Fault(where=name, what=f"'{error.key}' is written twice.", mend=f"{_AGAIN}.")) from None
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        what = f"Is no JSON: {error.msg if isinstance(error, json.JSONDecodeError) else 'it cannot be read'}."
        raise InputError(Fault(where=f"{name}{line}", what=what, mend=f"{_AGAIN}.")) from None
    if isinstance(value, Mapping) and value.get("schema_version", 1) != 1:
        what = f"Has schema_version {value['schema_version']!r}; this version reads 1."
        raise InputError(Fault(where=name, what=what, mend=f"{_AGAIN}."))
    lock, faults = decode_or_faults(Lock, value, name)
    if lock is not None:
        faults = [Fault(where=name, what=what, mend=f"{_AGAIN}.") for what in _wrong(lock)]
    if lock is None or faults:
        raise InputError(faults)
    return lock


def lock_bytes(lock: Lock) -> bytes:
    """The one byte string of a lock: keys and ids sorted, one case a line so that a review sees which ones changed."""
    return b"".join(_pieces(lock))


def _pieces(lock: Lock) -> Iterator[bytes]:
    stages = {
        name: {
            "suites": {suite: _suite_json(locked) for suite, locked in stage.suites.items()},
            "tests": sorted(stage.tests),
            **({"test_files": dict(stage.test_files)} if stage.test_files else {}),
            "case_files": dict(stage.case_files),
        }
        for name, stage in lock.stages.items()
    }
    whole = {
        "schema_version": lock.schema_version,
        "plan_digest": lock.plan_digest,
        "stages": stages,
        "contracts": dict(lock.contracts),
        **({"models": dict(lock.models)} if lock.models else {}),
    }
    for piece in _lines(whole, ""):
        yield piece.encode()
    yield b"\n"


def lock_digest(lock: Lock) -> str:
    """SHA-256 of `lock_bytes`."""
    said = sha256()
    for piece in _pieces(lock):
        said.update(piece)
    return said.hexdigest()


def _suite_json(suite: LockedSuite) -> dict[str, Any]:
    return {
        "checks": sorted(suite.checks),
        "cases": _Rows(suite.cases) if suite.cases else [],
        "repeats": suite.repeats,
    }


class _Rows:
    """The cases of a suite, a line each."""

    def __init__(self, cases: Sequence[tuple[str, str]]) -> None:
        self.cases = cases


def _lines(value: Any, indent: str) -> Iterator[str]:
    inner = indent + "  "
    if isinstance(value, Mapping) and value:
        for index, key in enumerate(sorted(value)):
            yield f"{',' if index else '{'}\n{inner}{_text(key)}: "
            yield from _lines(value[key], inner)
        yield f"\n{indent}}}"
    elif isinstance(value, _Rows):
        yield "[\n"
        yield from rows(value.cases, inner)
        yield f"\n{indent}]"
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield f"{',' if index else '['}\n{inner}"
            yield from _lines(item, inner)
        yield f"\n{indent}]"
    else:
        yield _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _wrong(lock: Lock) -> Iterator[str]:
    """What no lock written by Sluicegate holds."""
    if not _DIGEST.fullmatch(lock.plan_digest):
        yield "$.plan_digest is no SHA-256."
    for field_name, digest in lock.contracts.items():
        if not _DIGEST.fullmatch(digest):
            yield f"$.contracts.{field_name} is no SHA-256."
    for name, stage in lock.stages.items():
        if len(set(stage.tests)) != len(stage.tests):
            yield f"$.stages.{name}.tests names a test twice."
        for field_name, files in (("test_files", stage.test_files), ("case_files", stage.case_files)):
            for path, digest in files.items():
                if not _DIGEST.fullmatch(digest):
                    yield f"$.stages.{name}.{field_name}.{path} is no SHA-256."
        for suite, locked in stage.suites.items():
            yield from (f"$.stages.{name}.suites.{suite}.{what}" for what in _wrong_suite(locked))


def _wrong_suite(suite: LockedSuite) -> Iterator[str]:
    if suite.repeats < 1:
        yield f"repeats is {suite.repeats}."
    if len(set(suite.checks)) != len(suite.checks):
        yield "checks names a check twice."
    if isinstance(suite.cases, LockedCases):  # which holds digests alone
        if (index := suite.cases.ids.repeated) is not None:
            yield f"cases[{index}] pins '{suite.cases.ids[index]}' twice."
        return
    seen: set[str] = set()
    for index, case in enumerate(suite.cases):
        if len(case) != 2 or not _DIGEST.fullmatch(case[1]):
            yield f"cases[{index}] is no pair of id and SHA-256."
        elif case[0] in seen:
            yield f"cases[{index}] pins '{case[0]}' twice."
        seen.add(case[0] if case else "")
