"""A user's scorer, called the way it asks for: by our words, or as a DSPy metric `metric(example, pred, trace=None)`.

DSPy is never imported here. Where the scorer's own module has imported it, examples and predictions are DSPy's;
else they are plain objects with the same fields, by attribute and by key.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from sluicegate.errors import Fault, InputError
from sluicegate.model import Case, Json, Output, encode

__all__ = ["Fields", "OwnScorer"]

_WORDS = ("case", "output", "expected", "input")
"""Parameters that are given by name; a scorer that asks for anything else first is a DSPy metric."""


class OwnScorer:
    """One callable."""

    def __init__(self, function: Any, name: str) -> None:
        """Raises InputError for one that is async, or asks for what nobody gives."""
        self._function = function
        self._name = name
        called = function if inspect.isroutine(function) else type(function).__call__
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called):
            raise InputError(Fault(where=name, what="is async; scorers are plain functions.", mend="Write def."))
        self._asks = self._words()

    def score(self, case: Case, output: Output) -> float:
        """The score of one answer. Raises whatever the scorer raises, and TypeError for an answer that is no number."""
        if self._asks is None:
            example, inputs = _example(case)
            answer = self._function(_made("Example", example, inputs), _made("Prediction", _prediction(output)), None)
        else:
            given = {"case": case, "output": output, "expected": case.expected_output, "input": case.input}
            answer = self._function(**{word: given[word] for word in self._asks})
        return _number(answer, self._name)

    def _words(self) -> tuple[str, ...] | None:
        """Which of our words it asks for; None for a DSPy metric. Raises InputError."""
        try:
            parameters = list(inspect.signature(self._function).parameters.values())
        except (TypeError, ValueError):
            return None
        needed = [each for each in parameters if each.default is each.empty and each.kind in _NAMED]
        if needed and all(each.name in _WORDS for each in needed):
            return tuple(each.name for each in parameters if each.name in _WORDS)
        positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
        takes_rest = any(each.kind is each.VAR_POSITIONAL for each in parameters)
        if (len(positional) >= 3 or takes_rest) and len(
            [each for each in positional if each.default is each.empty]
        ) <= 3:
            return None
        asked = ", ".join(each.name for each in parameters) or "nothing"
        mend = f"Ask for some of {', '.join(_WORDS)}, or write a DSPy metric: (example, pred, trace=None)."
        raise InputError(Fault(where=self._name, what=f"asks for {asked}.", mend=mend))


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Fields(Mapping[str, Any]):
    """Fields by attribute and by key, as DSPy's examples and predictions have them."""

    def __init__(self, values: Mapping[str, Any], inputs: frozenset[str] = frozenset()) -> None:
        self._values = dict(values)
        self._inputs = inputs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"there is no field '{name}'; there are {', '.join(self._values) or 'none'}")
        return self._values[name]

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def inputs(self) -> Fields:
        """The fields that are asked."""
        return Fields({name: value for name, value in self._values.items() if name in self._inputs})

    def labels(self) -> Fields:
        """The fields that are known to be right."""
        return Fields({name: value for name, value in self._values.items() if name not in self._inputs})

    def toDict(self) -> dict[str, Any]:  # noqa: N802 - DSPy's name
        """A plain dict."""
        return dict(self._values)


def _made(kind: str, values: Mapping[str, Any], inputs: frozenset[str] = frozenset()) -> Any:
    """DSPy's own object where DSPy is there already, else one with the same fields."""
    dspy = sys.modules.get("dspy")
    made = getattr(dspy, kind, None) if dspy is not None else None
    if made is None:
        return Fields(values, inputs)
    return made(**values).with_inputs(*inputs) if kind == "Example" else made(**values)


def _example(case: Case) -> tuple[dict[str, Any], frozenset[str]]:
    """Fields of input and expected output; what is no object is `input` and `answer`. A label goes before an input."""
    inputs = _named(case.input, "input")
    labels = _named(case.expected_output, "answer")
    return {**inputs, **labels}, frozenset(inputs.keys() - labels.keys())


def _prediction(output: Output) -> dict[str, Any]:
    fields = _named(output.structured, "structured") if output.structured is not None else {}
    if output.content is not None:
        fields = {"content": output.content, "answer": output.content, **fields}
    return fields


def _named(value: Json, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    plain = encode(value)
    return {str(key): item for key, item in plain.items()} if isinstance(plain, dict) else {name: plain}


def _number(answer: Any, name: str) -> float:
    """True is 1, False is 0; of an object with a `score` its score. Raises TypeError for anything else than 0 to 1."""
    if not isinstance(answer, (bool, int, float)):
        inner = answer.get("score") if isinstance(answer, Mapping) else getattr(answer, "score", None)
        answer = inner if inner is not None else answer
    if hasattr(answer, "item") and not isinstance(answer, (bool, int, float)):
        answer = answer.item()  # a number of numpy or torch
    if not isinstance(answer, (bool, int, float)) or not math.isfinite(answer):
        shown = "a number that is not finite" if isinstance(answer, float) else type(answer).__name__
        raise TypeError(f"{name} answered {shown}; expected a number from 0 to 1, True or False")
    if not 0 <= answer <= 1:
        raise TypeError(f"{name} answered {answer}; expected a number from 0 to 1: of a percentage, write the share")
    return float(answer)
