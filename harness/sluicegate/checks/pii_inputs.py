"""Plain inputs as places for a planted text: a chat's words, wherever in the input a person writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sluicegate.model import Case, Json

__all__ = ["in_input", "is_spoken"]

_WORDED = frozenset({"text", "message", "question", "query", "prompt", "body", "content", "input", "ask", "request"})
"""Names under which inputs keep what a person says."""
_Steps = tuple[str | int, ...]
_DEEPEST = 6


def is_spoken(case: Case) -> bool:
    """Whether a case is one plain input in which a person says something, with one answer to expect."""
    given = case.given
    scripted = given.faults or given.inputs or given.at_once or given.crash_after_write or given.flags or given.model
    other = (given.mail, given.command, given.job, given.record)
    return (
        not scripted and given.times == 1 and all(each is None for each in other)
        and case.expect.outcome in (None, "answer") and not case.expect.canaries
        and not any(snippet.poisoned for snippet in given.snippets) and _place(case.input) is not None
    )  # fmt: skip


def in_input(case: Case, text: str) -> Case | None:
    """The case with the text below what is said; None where nothing is."""
    steps = _place(case.input)
    return None if steps is None else replace(case, input=_with(case.input, steps, text))


def _place(value: Json) -> _Steps | None:
    """The last text under a telling name, else the longest of several words. A command of a bot is none."""
    texts = [(steps, text) for steps, text in _texts(value, ()) if not text.lstrip().startswith(("/", "!"))]
    worded = [steps for steps, text in texts if _is_said(text) and (not steps or _name(steps) in _WORDED)]
    if worded and (worded[-1] or " " in str(value).strip()):
        return worded[-1]
    spoken = [(len(text), steps) for steps, text in texts if steps and " " in text.strip()]
    return max(spoken, key=lambda pair: pair[0])[1] if spoken else None


def _is_said(text: str) -> bool:
    """Several words, or one of letters alone; what a button sends, as `explain:3b81`, nobody says."""
    said = text.strip()
    return " " in said or said.strip("?!.").isalpha()


def _name(steps: _Steps) -> str:
    return next((step.casefold() for step in reversed(steps) if isinstance(step, str)), "")


def _texts(value: Json, steps: _Steps) -> Iterator[tuple[_Steps, str]]:
    if isinstance(value, str):
        yield steps, value
    elif len(steps) < _DEEPEST and isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, (*steps, str(name)))
    elif len(steps) < _DEEPEST and isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*steps, at))


def _with(value: Any, steps: _Steps, text: str) -> Json:
    if not steps:
        return f"{value}\n\n{text}"
    step, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        return {name: _with(inner, rest, text) if name == step else inner for name, inner in value.items()}
    return [_with(inner, rest, text) if at == step else inner for at, inner in enumerate(value)]
