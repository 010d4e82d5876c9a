"""A trial that JSON cannot hold, made into one that says so."""

from __future__ import annotations

import json
from dataclasses import replace

import orjson

from sluicegate.errors import printable
from sluicegate.model import Crash, CrashKind, Observation, Output, Trial, encode

__all__ = ["writable"]


def writable(trial: Trial, error: TypeError) -> Trial:
    """The trial with a crash in place of every output that JSON cannot hold, so that it stays in the count.

    What the doubles saw is evidence whatever it holds: what cannot be said in it is replaced, the rest stays.
    """
    message = printable(f"the answer cannot be written as JSON: {error}")[:500]
    crash = Output(error=Crash(kind=CrashKind.GARBAGE, message=message))
    return Trial(
        case=trial.case,
        repeat=trial.repeat,
        outputs=tuple(output if _is_json(output) else crash for output in trial.outputs),
        observations=tuple(seen if _is_json(seen) else _said(seen) for seen in trial.observations),
    )


def _is_json(value: Output | Observation) -> bool:
    try:
        orjson.dumps(encode(value))
    except TypeError:
        return False
    return True


def _said(seen: Observation) -> Observation:
    detail = json.dumps(encode(seen.detail), ensure_ascii=False, default=repr, skipkeys=True)
    return replace(
        seen,
        action=seen.action.encode("utf-8", "replace").decode(),
        detail=orjson.loads(detail.encode("utf-8", "replace")),
    )
