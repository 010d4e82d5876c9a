"""Tries and their times: which model calls failed, and whether the caller came back too soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

from sluicegate.checks.check import Problem
from sluicegate.model import Observation, parse_time

__all__ = ["ends_at", "failed", "hurried", "impatient", "served"]

_UNUSABLE = frozenset({"cut", "malformed", "empty", "refuse", "content_filter"})
"""Faults of a call that is answered 200 and has no answer in it."""
_TOLERANCE = timedelta(milliseconds=50)
_AT_ONCE = timedelta(milliseconds=10)
_SHRUNK = timedelta(milliseconds=250)
"""What a busy machine adds to a wait is less than this."""


def failed(call: Observation) -> bool:
    """Whether nothing usable came of the call."""
    detail = call.detail
    if detail.get("status") != 200 or detail.get("fault") in _UNUSABLE:
        return True
    # Who hangs up before the first byte of a late answer has got nothing; later, nobody can say.
    return bool(detail.get("aborted")) and detail.get("fault") == "slow"


def served(call: Observation) -> bool:
    """Whether the call was answered, and its caller there to hear it."""
    return not failed(call) and not call.detail.get("aborted")


def ends_at(call: Observation) -> datetime:
    """When its answer began, where the caller waited for it."""
    latency = call.detail.get("latency_ms")
    return parse_time(call.at) + timedelta(milliseconds=latency if isinstance(latency, (int, float)) else 0)


def impatient(calls: Sequence[Observation]) -> Iterator[Problem]:
    """Calls of a model that had said when to come back, and was asked before."""
    for at, call in enumerate(calls):
        ready = _ready_at(call)
        if ready is None:
            continue
        # What was under way when the answer came is no return.
        back = [parse_time(later.at) for later in calls[at + 1 :] if later.action == call.action]
        early = [when for when in back if ends_at(call) <= when < ready - _TOLERANCE]
        if early:
            wait, came = ready - ends_at(call), early[0] - ends_at(call)
            yield Problem(
                place="$.observations.model",
                expected=f"'{call.action}' said Retry-After and must not be asked before",
                seen=f"asked again after {_ms(came)} of {_ms(wait)}",
                mend="Keep the time a model named for all its callers, or go on to the next model meanwhile.",
            )


def _ready_at(call: Observation) -> datetime | None:
    said = call.detail.get("retry_after")
    if not isinstance(said, str):
        return None
    if said.replace(".", "", 1).isdigit():
        return ends_at(call) + timedelta(seconds=float(said))
    # Its import costs more than checking a hundred trials.
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(said).astimezone(UTC)
    except ValueError:
        return None


def hurried(calls: Sequence[Observation]) -> Iterator[Problem]:
    """Tries of one model with one prompt that come at once, or closer and closer.

    One wait that is shorter than the last is no fault: who draws it by chance (full jitter) gets such.
    """
    by_prompt = sorted(calls, key=lambda call: (call.action, str(call.detail.get("prompt_digest")), call.at))
    for (model, _), tries in groupby(by_prompt, key=lambda call: (call.action, call.detail.get("prompt_digest"))):
        gaps = [_gap(before, after) for before, after in pairwise(tries)]
        shrunk = 0
        for first, second in pairwise(gaps):
            shrunk = shrunk + 1 if _has_shrunk(first, second) else 0
            if first is None or second is None:
                continue
            told = f"waited {_ms(first)}, then {_ms(second)}"
            mend = "Wait before each further try, each time longer."
            place = "$.observations.model"
            if max(first, second) < _AT_ONCE:
                yield Problem(place=place, expected=f"'{model}' is asked again at once", seen=told, mend=mend)
                break
            if shrunk > 1:
                expected = f"waits between tries of '{model}' must not shrink again and again"
                yield Problem(place=place, expected=expected, seen=told, mend=mend)
                break


def _has_shrunk(first: timedelta | None, second: timedelta | None) -> bool:
    if first is None or second is None:
        return False
    return first - second > _SHRUNK and second < first / 2


def _gap(before: Observation, after: Observation) -> timedelta | None:
    """The wait the caller chose; None where it was told one, had hung up, or had no reason to wait."""
    if not failed(before) or before.detail.get("aborted") or "retry_after" in before.detail:
        return None
    gap = parse_time(after.at) - ends_at(before)
    return gap if gap >= timedelta(0) else None


def _ms(span: timedelta) -> str:
    return f"{span.total_seconds() * 1000:.0f} ms"
