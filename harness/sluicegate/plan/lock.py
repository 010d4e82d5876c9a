"""The lock: what a plan's evidence must consist of, pinned outside the run and reviewed in git."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from typing import Any

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import decode_or_faults, digest_bytes
from sluicegate.plan.strict_json import RepeatedKeyError, parse_unique
from sluicegate.plan.textfile import read_bytes, read_text

__all__ = ["Lock", "LockedStage", "LockedSuite", "lock_bytes", "lock_digest", "lock_path", "read_lock"]

_MAX_BYTES = 512 * 1024 * 1024
_AGAIN = "Run: sluicegate plan lock PLAN"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@frozen
class LockedSuite:
    """One suite at one stage."""

    checks: tuple[str, ...] = ()
    cases: tuple[tuple[str, str], ...] = ()
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
    return ("".join(_lines(whole, "")) + "\n").encode()


def lock_digest(lock: Lock) -> str:
    """SHA-256 of `lock_bytes`."""
    return digest_bytes(lock_bytes(lock))


def _suite_json(suite: LockedSuite) -> dict[str, Any]:
    return {
        "checks": sorted(suite.checks),
        "cases": _Rows(sorted(suite.cases)),
        "repeats": suite.repeats,
    }


class _Rows(list[tuple[str, ...]]):
    """Lists of texts, each written on one line; the bulk of a lock."""

    __slots__ = ()

    def lines(self, indent: str) -> str:
        """All of them, as `_lines` would write them."""
        return ",\n".join([f"{indent}[{', '.join(map(_quoted, row))}]" for row in self])


def _lines(value: Any, indent: str) -> Iterator[str]:
    inner = indent + "  "
    if isinstance(value, Mapping) and value:
        for index, key in enumerate(sorted(value)):
            yield f"{',' if index else '{'}\n{inner}{_text(key)}: "
            yield from _lines(value[key], inner)
        yield f"\n{indent}}}"
    elif isinstance(value, _Rows) and value:
        yield f"[\n{value.lines(inner)}\n{indent}]"
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
    seen: set[str] = set()
    for index, case in enumerate(suite.cases):
        if len(case) != 2 or not _DIGEST.fullmatch(case[1]):
            yield f"cases[{index}] is no pair of id and SHA-256."
        elif case[0] in seen:
            yield f"cases[{index}] pins '{case[0]}' twice."
        seen.add(case[0] if case else "")
