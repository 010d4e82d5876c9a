"""How right an answer is, 0..1: the scorers that come with Sluicegate. Pure, so the judge asks them again.

What cannot be scored (no expected output, no number where one is expected, a scorer that raised) is no number: never 0.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from sluicegate.checks.difference import json_equal
from sluicegate.checks.rules import output_path
from sluicegate.model import Json, NotMeasured, Output, Trial, parse
from sluicegate.model.paths import MISSING, parse_path
from sluicegate.plan.scoring import ScoreSpec
from sluicegate.plan.types import Better, Metric

__all__ = ["SCORED_AS", "Unscorable", "score", "score_of"]

SCORED_AS = "score:"
"""Before a metric's name: the result under which a user's own scorer is recorded, `pass` or `error`."""

_WORD = re.compile(r"\w+")


class Unscorable(Exception):  # noqa: N818 - an answer about the case, not a failure of ours
    """The case does not say what this scorer compares with; the message is the reason, shown."""


def score_of(
    metric: Metric, trial: Trial, results: Mapping[str, str], scores: Mapping[str, float]
) -> float | NotMeasured:
    """The trial's score by the metric's scorer, its worst delivery counting; a user's own as it was recorded."""
    spec = metric.score
    if spec is None:
        raise ValueError(f"{metric.name} has no scorer")
    if spec.is_own:
        if results.get(SCORED_AS + metric.name) == "error":
            reason = f"the scorer {spec.by} gave no score for case {trial.case.id}"
            return NotMeasured(reason=reason, mend="See its finding; an error is no 0.")
        if metric.name in scores:
            return scores[metric.name]
        reason = f"no score of {spec.by} is recorded for case {trial.case.id}"
        return NotMeasured(reason=reason, mend="Run: sluicegate collect --again")
    try:
        found = [score(spec, trial.case.expected_output, output) for output in trial.outputs]
    except Unscorable as why:
        return NotMeasured(reason=f"case {trial.case.id}: {why}", mend="Give the case its expected_output.")
    return max(found) if metric.better is Better.LOWER else min(found)


def score(spec: ScoreSpec, expected_output: Json, output: Output) -> float:
    """One answer by a built-in scorer, 0..1. Raises Unscorable for a case that lacks what it is compared with."""
    expected = _expected(spec, expected_output)
    got = _got(spec, output)
    return 0.0 if got is MISSING else _SCORERS[spec.by](spec, expected, got)


def _expected(spec: ScoreSpec, whole: Json) -> Json:
    if whole is None:
        raise Unscorable("it has no expected_output")
    value = whole if spec.expected is None else parse_path(spec.expected).get(whole)
    if value is MISSING:
        raise Unscorable(f"its expected_output has nothing at {spec.expected}")
    found: Json = value
    return found


def _got(spec: ScoreSpec, output: Output) -> Any:
    if spec.field is not None:
        return output_path(spec.field).get(output)
    return output.content if output.structured is None else output.structured


def _exact(_spec: ScoreSpec, expected: Json, got: Any) -> float:
    return float(json_equal(got, expected))


def _numeric(spec: ScoreSpec, expected: Json, got: Any) -> float:
    wanted, seen = _number(expected), _number(got)
    if wanted is None:
        raise Unscorable("its expected_output is no number here")
    if seen is None:
        return 0.0
    allowed = spec.tolerance * abs(wanted) if spec.relative else spec.tolerance
    return float(abs(seen - wanted) <= allowed)


def _number(value: Any) -> Fraction | None:
    """A finite number, also one that stands alone in a text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return Fraction(str(value))


def _json(_spec: ScoreSpec, expected: Json, got: Any) -> float:
    """Leaves that are right, of all that are expected or given: what is missing, and what is too much, both cost."""
    wanted, seen = dict(_leaves(expected)), dict(_leaves(_as_json(got)))
    right = sum(place in seen and json_equal(seen[place], value) for place, value in wanted.items())
    return right / len(wanted.keys() | seen.keys())


def _leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    if not items or not len(value):
        yield place, value
        return
    for name, item in items:
        yield from _leaves(item, (*place, name))


def _fields(spec: ScoreSpec, expected: Json, got: Any) -> float:
    """Fields that are right as a whole, of those that are asked."""
    if not isinstance(expected, Mapping) or not expected:
        raise Unscorable("its expected_output is no object with fields here")
    seen = _as_json(got)
    names = spec.fields or tuple(expected)
    if unknown := [name for name in names if parse_path(name).get(expected) is MISSING]:
        raise Unscorable(f"its expected_output has no {', '.join(unknown)}")
    right = sum(
        isinstance(seen, Mapping) and json_equal(parse_path(name).get(seen), parse_path(name).get(expected))
        for name in names
    )
    return right / len(names)


def _as_json(got: Any) -> Any:
    """What an answer in JSON says; anything else as it is."""
    if not isinstance(got, str):
        return got
    try:
        return parse(got)
    except ValueError:
        return got


def _words(_spec: ScoreSpec, expected: Json, got: Any) -> float:
    """F1 of the words both have. Lexical: it knows no meaning, and a denial shares nearly all its words."""
    if not isinstance(expected, str):
        raise Unscorable("its expected_output is no text here")
    if not isinstance(got, str):
        return 0.0
    wanted, seen = _bag(expected), _bag(got)
    if not wanted or not seen:
        return float(wanted == seen)
    return 2 * (wanted & seen).total() / (wanted.total() + seen.total())


def _bag(text: str) -> Counter[str]:
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


_SCORERS: Mapping[str, Callable[[ScoreSpec, Json, Any], float]] = {
    "exact": _exact,
    "numeric": _numeric,
    "json": _json,
    "fields": _fields,
    "words": _words,
}
