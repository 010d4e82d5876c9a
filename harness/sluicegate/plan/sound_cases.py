"""What a well-typed case cannot mean: said when it is read, for later it would look like a fault of the pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from sluicegate.errors import nearest
from sluicegate.model import Case, Rule, parse_time

__all__ = ["PROPOSED", "REVIEWS", "unsound"]

_ID = re.compile(r"[^\x00-\x1f\x7f~]{1,200}")
_TARGET = re.compile(r"retriever|mail|model(:.{1,200})?|tool:.{1,200}")
PROPOSED = "proposed"
"""The review of a case that somebody has still to look at."""
REVIEWS = (PROPOSED, "accepted")
_OUTCOMES = ("answer", "verification", "refusal", "error")


def unsound(case: Case) -> Iterator[tuple[str, str]]:
    """What a well-typed case cannot mean."""
    if not _ID.fullmatch(case.id):
        yield f"$.id is {case.id!r:.80}.", "Use up to 200 characters without line breaks and without '~'."
    yield from _unsound_given(case)
    for index, limit in enumerate(case.expect.calls):
        if not _TARGET.fullmatch(limit.target):
            mend = "Write model, model:<name>, tool:<name>, retriever or mail."
            yield f"$.expect.calls[{index}].target is '{limit.target}'.", mend
        if limit.least < 0 or (limit.most is not None and limit.most < limit.least):
            yield f"$.expect.calls[{index}] asks for {limit.least} to {limit.most} calls.", "Write least ≤ most."
    if case.review is not None and case.review not in REVIEWS:
        yield f"$.review is '{case.review}'.", nearest(case.review, REVIEWS) or f"Known are {', '.join(REVIEWS)}."
    if case.expect.outcome is not None and case.expect.outcome not in _OUTCOMES:
        yield from _unsound_outcome(case.expect.outcome)
    for name, rules in (("must", case.expect.must), ("must_not", case.expect.must_not)):
        for index, rule in enumerate(rules):
            yield from ((f"$.expect.{name}[{index}] {what}", mend) for what, mend in _unsound_rule(rule))


def _unsound_given(case: Case) -> Iterator[tuple[str, str]]:
    given = case.given
    if given.deliveries < 1:
        yield f"$.given.deliveries is {given.deliveries}.", "Write 1 or more."
    if given.inputs and (case.input is not None or given.deliveries != 1):
        yield (
            "$.given.inputs stands beside another input or number of deliveries.",
            "Keep inputs alone: one delivery each.",
        )
    if given.crash_after_write and (given.times < 2 or given.at_once):
        yield "$.given.crash_after_write stands without a delivery after the first.", "Write deliveries: 2 or more."
    if given.now is not None and not _is_time(given.now):
        yield f"$.given.now is '{given.now}'.", "Write an RFC 3339 time: 2026-01-29T14:00:00Z."


def _unsound_outcome(word: str) -> Iterator[tuple[str, str]]:
    """A word of the user's own may be any, but for one that looks like ours and would mean nothing."""
    near = get_close_matches(word.strip().casefold(), _OUTCOMES, n=1, cutoff=0.75)
    if near or not word.strip():
        mend = f"Did you mean '{near[0]}'?" if near else f"Known are {', '.join(_OUTCOMES)}."
        yield f"$.expect.outcome is '{word}'.", mend


_OF_NULL = (
    "Write one of them. That a field is null is asked with equals of the object it stands in, "
    'as {"field": "structured", "equals": {"order": null}}, or by a schema under schemas.'
)


def _unsound_rule(rule: Rule) -> Iterator[tuple[str, str]]:
    operators = sum(operator is not None for operator in (rule.contains, rule.equals, rule.matches))
    if not operators:
        yield "asks nothing: contains, equals and matches are missing, or null, which is the same.", _OF_NULL
    elif operators != 1:
        yield f"has {operators} of contains, equals, matches.", "Keep exactly one."
    if rule.matches is not None:
        try:
            re.compile(rule.matches)
        except re.error as error:
            yield f"'{rule.matches}' is no regular expression: {error}.", "Correct it."


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True
