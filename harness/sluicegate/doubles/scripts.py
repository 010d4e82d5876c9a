"""Whether a case's script is one the doubles can play: what would never happen tests nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import isfinite

from sluicegate.doubles.faults import KINDS
from sluicegate.errors import Fault as Mistake
from sluicegate.errors import InputError, nearest
from sluicegate.model import Case, Fault, Given, parse_time
from sluicegate.model.load import Spell

__all__ = ["FILTERS", "check_script", "check_spells"]

FILTERS = ("language", "source", "window")
"""What a retriever is asked to filter by."""

_WRITTEN = ("seconds", "date")
_Told = Iterator[tuple[str, str]]
"""What is wrong, and the mend."""


def check_script(case: Case, tools: Collection[str] | None = None) -> None:
    """Raises InputError with everything in `given` that no double can do. `tools` are the declared names, if known."""
    given = case.given
    found = [(f"faults[{index}]", told) for index, fault in enumerate(given.faults) for told in _unfit(fault, tools)]
    found += [("now", told) for told in _untimely(given.now)]
    for index, snippet in enumerate(given.snippets):
        found += [(f"snippets[{index}].at", told) for told in _untimely(snippet.at)]
    found += [("model", told) for told in _misscripted(given)]
    found += [("retrieval", told) for told in _misretrieved(given)]
    if not (isfinite(given.clock_rate) and 0 <= given.clock_rate <= 1e6):
        found.append(("clock_rate", (f"is {given.clock_rate}.", "Write 0 to 1000000.")))
    if found:
        where = f"case {case.id}: given."
        raise InputError(Mistake(where=where + place, what=what, mend=mend) for place, (what, mend) in found)


def check_spells(spells: Sequence[Spell], tools: Collection[str], *, where: str) -> None:
    """Raises InputError with everything in the faults of a load profile that no double can do."""
    found = [(f"faults[{index}]", told) for index, spell in enumerate(spells) for told in _unfit(spell.fault, tools)]
    if found:
        raise InputError(Mistake(where=f"{where}: {place}", what=what, mend=mend) for place, (what, mend) in found)


def _unfit(fault: Fault, tools: Collection[str] | None) -> _Told:
    head, _, name = fault.target.partition(":")
    known = KINDS.get(head)
    if known is None or (head == "tool") != bool(name):
        mend = nearest(fault.target, KINDS) or "Write model, embedding, retriever or tool:<name>."
        yield f"target is '{fault.target}', which no double stands for.", mend
        return
    if head == "tool" and tools is not None and name not in tools:
        declared = f"Declared are {', '.join(sorted(tools))}." if tools else "The plan declares no tools."
        yield f"target is '{fault.target}', a tool the plan does not declare.", nearest(name, tools) or declared
    if fault.kind not in known:
        mend = nearest(fault.kind, known) or f"Known are {', '.join(sorted(known))}."
        yield f"kind is '{fault.kind}', unknown for {fault.target}.", mend
        return
    yield from _misfits(fault)
    yield from _out_of_range(fault)


def _misfits(fault: Fault) -> _Told:
    """Fields that say nothing about this kind."""
    failing = ("rate_limit", "server_error")
    if fault.status is not None and fault.kind != "server_error":
        yield f"status is {fault.status}, but a {fault.kind} has a status of its own.", "Leave it out."
    if fault.gap_ms is not None and fault.kind != "slow_stream":
        yield "gap_ms stands beside another kind than slow_stream.", "Leave it out, or write kind: slow_stream."
    if (fault.retry_after_s is not None or fault.retry_after_as != "seconds") and fault.kind not in failing:
        yield f"retry_after stands beside kind {fault.kind}.", "Only rate_limit and server_error say when to come back."
    if fault.retry_after_as not in _WRITTEN:
        mend = nearest(fault.retry_after_as, _WRITTEN) or "Write seconds or date."
        yield f"retry_after_as is '{fault.retry_after_as}'.", mend
    elif fault.retry_after_as == "date" and fault.kind == "server_error" and fault.retry_after_s is None:
        yield "retry_after_as is 'date' without a time.", "Add retry_after_s."
    if fault.model is not None and fault.target not in ("model", "embedding"):
        yield f"model is '{fault.model}', but {fault.target} asks for no model.", "Leave it out."


def _out_of_range(fault: Fault) -> _Told:
    if fault.status is not None and not 500 <= fault.status <= 599:
        yield f"status is {fault.status}.", "Write 500 to 599, e.g. 503; a 429 is kind: rate_limit."
    for name in ("on_call", "times"):
        number = getattr(fault, name)
        if number is not None and number < 1:
            yield f"{name} is {number}.", "Count from 1."
    for name in ("delay_ms", "gap_ms", "retry_after_s"):
        number = getattr(fault, name)
        if number is not None and not 0 <= number <= 1e7:
            yield f"{name} is {number}.", "Write 0 to 10000000."


def _misscripted(given: Given) -> _Told:
    script = given.model
    if script is None:
        return
    if script.latency_ms is not None and not 0 <= script.latency_ms <= 1e7:
        yield f"latency_ms is {script.latency_ms}.", "Write 0 to 10000000."
    for index, item in enumerate(script.tool_calls):
        if item.turn < 1:
            yield f"tool_calls[{index}].turn is {item.turn}.", "Count from 1."


def _misretrieved(given: Given) -> _Told:
    script = given.retrieval
    if script is None:
        return
    if script.latency_ms is not None and not 0 <= script.latency_ms <= 1e7:
        yield f"latency_ms is {script.latency_ms}.", "Write 0 to 10000000."
    for word in script.ignores:
        if word not in FILTERS:
            yield f"ignores names '{word}', no filter.", nearest(word, FILTERS) or f"Known are {', '.join(FILTERS)}."


def _untimely(text: str | None) -> _Told:
    if text is None:
        return
    try:
        parse_time(text)
    except (ValueError, OverflowError):
        yield f"is '{text}'.", "Write an RFC 3339 time: 2026-01-29T14:00:00Z."
