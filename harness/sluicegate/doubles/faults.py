"""Which fault, if any, a case scripts for a call, and what it does to a plain answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import Protocol

from sluicegate.doubles.answer import Answer, Call, json_answer
from sluicegate.doubles.runs import Run
from sluicegate.model import Fault, Json

__all__ = [
    "KINDS",
    "NEVER_MS",
    "SLOW_GAP_MS",
    "SLOW_MS",
    "disturbed",
    "retry_after",
    "status_of",
    "struck",
]

NEVER_MS = 60_000.0
"""How long a time-out waits when the case names no delay, before the connection closes."""

SLOW_MS = 5_000.0
"""How long a slow answer takes when the case names no delay."""

SLOW_GAP_MS = 250.0
"""Between two pieces of a slow stream when the case names no gap."""

_ANY = frozenset({"rate_limit", "server_error", "refused_connection", "timeout", "slow", "cut", "malformed", "empty"})
_MODEL = _ANY | {"refuse", "wrong_usage", "content_filter", "slow_stream"}
KINDS: Mapping[str, frozenset[str]] = {
    "model": _MODEL,
    "embedding": _ANY | {"wrong_usage"},
    "tool": _ANY,
    "retriever": _ANY,
}
"""Kinds of fault by double."""


def struck(run: Run, target: str, model: str | None = None) -> tuple[int, Fault | None]:
    """Count a call to `target`: its number, from 1, and the first fault scripted for it, by its case or the time."""
    call = run.count(target)
    own: int | None = None
    for fault in run.case.given.faults:
        if fault.target != target or fault.model not in (None, model):
            continue
        number = call
        if fault.model is not None:
            # Counted once a call, and only for models that a fault names: nobody can fill the memory with names.
            own = run.count(f"{target} {model}") if own is None else own
            number = own
        if _strikes(fault, number):
            return call, fault
    weather = run.weather
    return call, weather.strikes(run.run_id, target, model, call) if weather is not None else None


def _strikes(fault: Fault, number: int) -> bool:
    first = fault.on_call or 1
    if fault.on_call is None and fault.times is None:
        return True
    return first <= number < first + (fault.times or 1)


def status_of(fault: Fault | None) -> int | None:
    """The status that goes out; None when no answer does."""
    kind = fault.kind if fault else ""
    if kind == "rate_limit":
        return 429
    if kind == "server_error":
        return fault.status if fault and fault.status else 500
    return None if kind in ("timeout", "refused_connection") else 200


def retry_after(fault: Fault, when: datetime) -> dict[str, str]:
    """The header of a rate limit, and of another error where the case gives a time: seconds, or an HTTP date.

    `when` the answer goes out: both forms count from there.
    """
    seconds = fault.retry_after_s
    if seconds is None:
        if fault.kind != "rate_limit":
            return {}
        seconds = 1.0
    if fault.retry_after_as == "date":
        # A date has whole seconds; rounded up, nobody is sent back too early.
        at = (when + timedelta(seconds=ceil(seconds + when.microsecond / 1e6))).replace(microsecond=0)
        return {"retry-after": format_datetime(at, usegmt=True)}
    return {"retry-after": f"{seconds:g}"}


class _Error(Protocol):
    def __call__(
        self, status: int, message: str, *, headers: Mapping[str, str], seen: dict[str, Json] | None
    ) -> Answer: ...


def _plain_error(status: int, message: str, *, headers: Mapping[str, str], seen: dict[str, Json] | None) -> Answer:
    """An error of a back end that follows no vendor."""
    return json_answer({"error": {"code": message}}, status=status, headers=headers, seen=seen)


def disturbed(answer: Answer, fault: Fault | None, call: Call, *, error: _Error = _plain_error) -> Answer:
    """What a tool, retriever or embedding sends under a fault instead of `answer`; its observation is told."""
    seen = answer.seen if answer.seen is not None else {}
    changed = answer if fault is None else _changed(answer, fault, call, error)
    seen["latency_ms"] = round(changed.delay_ms, 3)
    return changed


def _changed(answer: Answer, fault: Fault, call: Call, error: _Error) -> Answer:
    seen = answer.seen if answer.seen is not None else {}
    seen["fault"] = fault.kind
    status = status_of(fault)
    if status != 200:
        seen["status"] = status
    delay_ms = answer.delay_ms if fault.delay_ms is None else fault.delay_ms
    if fault.kind in ("rate_limit", "server_error"):
        headers = retry_after(fault, call.when + timedelta(milliseconds=delay_ms))
        if headers:
            seen["retry_after"] = headers["retry-after"]
        failed = error(status or 500, fault.kind, headers=headers, seen=answer.seen)
        return replace(failed, delay_ms=delay_ms)
    if fault.kind == "refused_connection":
        return replace(answer, cut="reset", delay_ms=fault.delay_ms or 0.0)
    if fault.kind == "timeout":
        return replace(answer, cut="silent", delay_ms=NEVER_MS if fault.delay_ms is None else fault.delay_ms)
    if fault.kind == "slow":
        return replace(answer, delay_ms=SLOW_MS if fault.delay_ms is None else fault.delay_ms)
    kept = {"malformed": len(answer.body) // 2, "empty": 0}.get(fault.kind, len(answer.body))
    return replace(answer, body=answer.body[:kept], cut="middle" if fault.kind == "cut" else "no", delay_ms=delay_ms)
