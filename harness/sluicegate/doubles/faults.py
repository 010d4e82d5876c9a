"""Which fault, if any, a case scripts for a call, and what it does to a plain answer."""

from __future__ import annotations

from dataclasses import replace

from sluicegate.doubles.answer import Answer, json_answer
from sluicegate.errors import Fault as Mistake
from sluicegate.errors import InputError, nearest
from sluicegate.model import Case, Fault

__all__ = ["KINDS", "NEVER_MS", "SLOW_MS", "check_faults", "disturbed", "fault_for", "retry_after"]

NEVER_MS = 60_000.0
"""How long a time-out waits when the case names no delay, before the connection closes."""

SLOW_MS = 5_000.0
"""How long a slow answer takes when the case names no delay."""

_ANY = frozenset({"rate_limit", "server_error", "timeout", "slow", "cut", "malformed", "empty"})
_MODEL = _ANY | {"refuse", "wrong_usage", "content_filter"}
KINDS: dict[str, frozenset[str]] = {"model": _MODEL, "tool": _ANY, "retriever": _ANY}
"""Kinds of fault by double."""


def check_faults(case: Case) -> None:
    """Raises InputError for a fault no double knows: a fault that is never injected would test nothing."""
    found: list[Mistake] = []
    for index, fault in enumerate(case.given.faults):
        where = f"case {case.id}: given.faults[{index}]"
        known = KINDS.get(fault.target.partition(":")[0])
        if known is None or (fault.target.startswith("tool") and not fault.target.partition(":")[2]):
            mend = "Write model, retriever or tool:<name>."
            found.append(
                Mistake(where=where, what=f"target is '{fault.target}', which no double stands for.", mend=mend)
            )
        elif fault.kind not in known:
            mend = nearest(fault.kind, known) or f"Known are {', '.join(sorted(known))}."
            found.append(Mistake(where=where, what=f"kind is '{fault.kind}', unknown for {fault.target}.", mend=mend))
    if found:
        raise InputError(found)


def fault_for(case: Case, target: str, call: int, model: str | None = None) -> Fault | None:
    """The first fault scripted for the n-th call to `target`, counted from 1."""
    for fault in case.given.faults:
        if fault.target != target or fault.on_call not in (None, call):
            continue
        if fault.model is None or fault.model == model:
            return fault
    return None


def retry_after(fault: Fault) -> dict[str, str]:
    """The header of a rate limit: whole seconds, as the vendors send it."""
    return {"retry-after": f"{fault.retry_after_s if fault.retry_after_s is not None else 1:g}"}


def disturbed(answer: Answer, fault: Fault | None) -> Answer:
    """What a tool or retriever sends under a fault instead of `answer`; its observation is told."""
    if fault is None:
        return answer
    seen = answer.seen if answer.seen is not None else {}
    seen["fault"] = fault.kind
    delay_ms = answer.delay_ms if fault.delay_ms is None else fault.delay_ms
    if fault.kind in ("rate_limit", "server_error"):
        limited = fault.kind == "rate_limit"
        seen["status"] = 429 if limited else fault.status or 500
        headers = retry_after(fault) if limited else {}
        said = {"error": {"code": fault.kind}}
        return json_answer(said, status=seen["status"], headers=headers, delay_ms=delay_ms, seen=seen)
    if fault.kind == "timeout":
        seen["status"] = None
        return replace(answer, cut="silent", delay_ms=fault.delay_ms or NEVER_MS)
    if fault.kind == "slow":
        return replace(answer, delay_ms=fault.delay_ms or SLOW_MS)
    kept = {"cut": len(answer.body), "malformed": len(answer.body) // 2, "empty": 0}[fault.kind]
    return replace(answer, body=answer.body[:kept], cut="middle" if fault.kind == "cut" else "no", delay_ms=delay_ms)
