"""The verdict as its one byte string, and strictly back: what is written, hashed and verified."""

from __future__ import annotations

import re
from typing import Any

from sluicegate.errors import Fault, InputError
from sluicegate.model.clock import parse_time, rfc3339
from sluicegate.model.codec import decode, decode_or_faults, encode
from sluicegate.model.json import canonical, digest_bytes, first_non_finite, parse
from sluicegate.model.verdict import Decision, Verdict

__all__ = ["MAX_VERDICT_BYTES", "SCHEMA_VERSION", "read_verdict", "verdict_hash", "verdict_json"]

SCHEMA_VERSION = 1
MAX_VERDICT_BYTES = 16_000_000
_HEX64 = re.compile(r"[0-9a-f]{64}")
_REWRITE = "Use the bytes as sluicegate wrote them, or judge again."


def verdict_json(verdict: Verdict) -> bytes:
    """The canonical bytes of a verdict: keys sorted, floats at 10 significant digits, `schema_version` always there.

    Raises ValueError for a NaN or an infinity, which no verdict may hold.
    """
    plain = _settled(encode(verdict))
    if (where := first_non_finite(plain)) is not None:
        raise ValueError(f"verdict: {where} is not a finite number")
    # Once through the reader, so that a whole number in a float's place is written as the reader will see it.
    read = encode(decode(Verdict, plain, "verdict"))
    return canonical({"schema_version": verdict.schema_version, **read})


def verdict_hash(raw: bytes) -> str:
    """SHA-256 of a verdict's bytes: how the state file names it."""
    return digest_bytes(raw)


def read_verdict(raw: bytes, where: str = "verdict") -> Verdict:
    """The verdict these bytes are, and nothing looser: canonical, of this schema version, agreeing with itself.

    Raises InputError with every fault found.
    """
    if len(raw) > MAX_VERDICT_BYTES:
        what = f"holds {len(raw):,} bytes; a verdict has at most {MAX_VERDICT_BYTES:,}."
        raise InputError(Fault(where=where, what=what, mend=_REWRITE))
    plain = _parsed(raw, where)
    if plain.get("schema_version") != SCHEMA_VERSION or isinstance(plain["schema_version"], bool):
        seen = repr(plain.get("schema_version", "nothing"))[:40]
        what = f"schema_version is {seen}; this version reads {SCHEMA_VERSION}."
        raise InputError(Fault(where=where, what=what, mend="Judge again with this version of sluicegate."))
    verdict, faults = decode_or_faults(Verdict, plain, where)
    if verdict is None:
        raise InputError(faults)
    if contradictions := list(_contradictions(verdict, where)):
        raise InputError(contradictions)
    # A duplicate key, a re-indented file or a default written out reads the same and hashes otherwise.
    if verdict_json(verdict) != raw:
        raise InputError(Fault(where=where, what="is not in canonical form.", mend=_REWRITE))
    return verdict


def _parsed(raw: bytes, where: str) -> dict[str, Any]:
    try:
        plain = parse(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(where=where, what=f"is not JSON: {error}.", mend=_REWRITE)) from None
    if not isinstance(plain, dict):
        raise InputError(Fault(where=where, what="is not a JSON object.", mend=_REWRITE))
    return plain


def _contradictions(verdict: Verdict, where: str) -> list[Fault]:
    said = []
    passes = verdict.kind.row == 12
    if verdict.decision is not verdict.kind.decision:
        said.append(f"decision '{verdict.decision}' is not that of kind '{verdict.kind}'.")
    if verdict.decision is Decision.PROMOTE and verdict.to_stage is None:
        said.append("promotes to no stage.")
    if verdict.decision is Decision.COMPLETE and verdict.to_stage is not None:
        said.append("is complete, yet names a next stage.")
    asked = min((result.kind for result in verdict.criteria), key=lambda kind: kind.row, default=verdict.kind)
    if passes and asked.row != 12:
        said.append(f"passes while a criterion asks for '{asked}'.")
    if verdict.decision is not Decision.HOLD:
        # A hold may be for the very reason that one of them is not known.
        digests = ("subject", "apparatus", "plan_digest", "lock_digest")
        said += [f"{n} is not a SHA-256 digest." for n in digests if not _HEX64.fullmatch(getattr(verdict, n))]
    said += _times_said(verdict)
    return [Fault(where=where, what=what, mend=_REWRITE) for what in said]


def _times_said(verdict: Verdict) -> list[str]:
    try:
        issued, until = parse_time(verdict.issued_at), parse_time(verdict.valid_until)
    except ValueError as error:
        return [f"has a time that is not RFC 3339: {error}."]
    if (rfc3339(issued), rfc3339(until)) != (verdict.issued_at, verdict.valid_until):
        return ["has a time that is not written in UTC with microseconds."]
    return ["is valid until before it was issued."] if until < issued else []


def _settled(value: Any) -> Any:
    """Floats at 10 significant digits; half a surrogate pair, which no UTF-8 can hold, as text."""
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_settled(key): _settled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_settled(item) for item in value]
    return value
