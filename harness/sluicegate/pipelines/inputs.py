"""What a pipeline is given: the canonical input of a case, one form per domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from sluicegate.model import Case, Json, RunContext

__all__ = ["DOMAINS", "ROOTS", "canonical_input", "scope_of", "whole"]

DOMAINS = ("mail", "command", "job", "record")
"""Where a case's input stands in `given` when it has no `input` of its own."""

_PLAIN = frozenset({str, int, float, bool, type(None)})

ROOTS = ("input", "case", "endpoint", "run")
"""What a template may read."""


def canonical_input(case: Case) -> Json:
    """`case.input`; without one the mail, command, job or record of `given`, every field present.

    Several of them make a mapping by domain. None of them is None.
    """
    if case.input is not None:
        return case.input
    given = case.given
    found = {name: whole(value) for name in DOMAINS if (value := getattr(given, name)) is not None}
    if len(found) <= 1:
        return next(iter(found.values()), None)
    return found


def scope_of(case: Case, context: RunContext, endpoints: Mapping[str, str]) -> dict[str, Any]:
    """What the templates of a request read. What is known to be right (`expect`) is not in it."""
    return {
        "input": canonical_input(case),
        "case": _Asked(case),
        "endpoint": {**endpoints, **context.endpoints},
        "run": {
            "id": context.run_id,
            "traceparent": context.traceparent,
            "now": context.now,
            "delivery": context.delivery,
        },
    }


def whole(value: Any) -> Json:
    """A value as plain JSON with every field present, sharing nothing changeable with `value`."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict or isinstance(value, Mapping):
        # Runs for every call: most of what a mapping holds needs no call of its own.
        return {key: item if type(item) in _PLAIN else whole(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [whole(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {item.name: whole(getattr(value, item.name)) for item in fields(value)}
    return value


class _Asked(Mapping[str, Any]):
    """The part of a case that may be sent."""

    __slots__ = ("_case",)

    _shown = ("id", "input", "given", "context", "retrieval_context", "tags", "slice", "metadata")

    def __init__(self, case: Case) -> None:
        self._case = case

    def __getitem__(self, name: str) -> Any:
        if name not in self._shown:
            raise KeyError(name)
        return canonical_input(self._case) if name == "input" else getattr(self._case, name)

    def __iter__(self) -> Any:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)
